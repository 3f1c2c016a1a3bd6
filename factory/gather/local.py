"""Files on this machine → raw items: as they are; web archives page by page; recordings as what is said in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from factory.config import Fetch, Source, Speech
from factory.errors import Damaged, NoSpeechModel, NoText, SourceError, TooLarge
from factory.fetch.warc import Record, records
from factory.gather.pages import file_name
from factory.ledger import Attempt, Ledger, Status
from factory.record import sha256
from factory.speech import Transcriber
from factory.store import Cache, Store, to_json

SOUND = (".m4a", ".mp3", ".wav", ".flac", ".ogg", ".opus", ".webm", ".mp4", ".aac")


def is_archive(file: Path) -> bool:
    return file.name.lower().endswith((".warc", ".warc.gz"))


def is_sound(file: Path) -> bool:
    return file.suffix.lower() in SOUND


def take_files(store: Store, source: Source, files: Iterable[Path], speech: Speech) -> Iterator[tuple[str, str, str]]:
    """Every file, page of an archive or recording has a receipt; yields `(address, status, reason)` for each."""
    ledger = Ledger(store)
    plain = [f for f in files if not is_archive(f) and not is_sound(f)]
    if plain:
        for file, outcome, reason in ledger.take(source, plain):
            yield str(file), outcome, reason
    transcriber = Transcriber(speech)
    for file in files:
        if is_archive(file):
            ledger.say(source)
            yield from _archive(ledger, source, file)
        elif is_sound(file):
            ledger.say(source)
            yield _recording(ledger, store, source, file, transcriber)


def _archive(ledger: Ledger, source: Source, file: Path) -> Iterator[tuple[str, str, str]]:
    known = {(r["address"], r["sha256"]) for r in ledger.receipts(source.id) if r["status"] == "stored"}
    last = {r["address"]: r for r in ledger.receipts(source.id)}
    try:
        for record in records(file, Fetch().max_file_bytes):
            attempt = _of_record(source, file, record)
            sha = sha256(record.body)
            before = last.get(record.url)
            same = before and (before["status"], before.get("reason", "")) == (attempt.status, attempt.reason)
            if (attempt.status == "stored" and (record.url, sha) in known) or (attempt.status != "stored" and same):
                yield record.url, "unchanged" if attempt.status == "stored" else attempt.status, attempt.reason
                continue
            known.add((record.url, sha))
            ledger.record(attempt)
            yield record.url, attempt.status, attempt.reason
    except Damaged as error:
        ledger.record(Attempt(source, file.absolute().as_uri(), "failed", error.reason, error.message, name=file.name))
        yield str(file), "failed", error.reason
    except OSError as error:
        ledger.record(Attempt(source, file.absolute().as_uri(), "failed", f"os_error_{error.errno}", name=file.name))
        yield str(file), "failed", f"os_error_{error.errno}"


def _of_record(source: Source, file: Path, record: Record) -> Attempt:
    kind = record.headers.get("content-type", "").partition(";")[0].strip().lower()
    http = {"status": record.status, "content_type": kind, "archive": file.name, "date": record.date}
    if record.why is not None:
        status: dict[str, Status] = {"gone": "gone", "opted_out": "forbidden"}
        ended = status.get(record.why.reason, "rejected")
        return Attempt(source, record.url, ended, record.why.reason, record.why.message, http=http)
    facts = {"url": record.url}
    name = file_name(record.url, kind)
    return Attempt(source, record.url, "stored", data=record.body, name=name, facts=facts, http=http)


def _recording(
    ledger: Ledger, store: Store, source: Source, file: Path, transcriber: Transcriber
) -> tuple[str, str, str]:
    """What is said in a recording is stored, not its sound."""
    address = file.absolute().as_uri()
    attempt = Attempt(source, address, "stored", name=f"{file.stem}.speech.json")
    try:
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        attempt.data = heard(store, transcriber, file, digest, source.language, _unheard)
    except SourceError as error:
        ended: Status = "rejected" if isinstance(error, NoText | Damaged | TooLarge) else "failed"
        attempt.status = "pending" if isinstance(error, NoSpeechModel) else ended
        attempt.reason = error.reason
        attempt.message = f"{error.message} ({error.remedy})" if error.remedy else error.message
    except OSError as error:
        attempt.status, attempt.reason = "failed", f"os_error_{error.errno}"
    attempt.facts = {"title": file.stem, "notes": [f"speech:{Path(transcriber.name).name}"]}
    sha = sha256(attempt.data) if attempt.data else None
    before = {(r["address"], r["sha256"]) for r in ledger.receipts(source.id) if r["status"] == "stored"}
    if attempt.status == "stored" and (address, sha) in before:
        return str(file), "unchanged", "already_stored"
    ledger.record(attempt)
    return str(file), attempt.status, attempt.reason


def _unheard(_done: float, _whole: float) -> None:
    return


def heard(store: Store, transcriber: Transcriber, sound: Path, digest: str, language: str, advance: Any) -> bytes:
    """The transcript of a recording, from the cache if this sound was heard by this model before."""
    cache = Cache(store, "speech")
    key = sha256(f"{digest}|{transcriber.identity}")
    data = cache.get(key)
    if data is None:
        data = to_json(transcriber.transcribe(sound, language, advance))
        cache.put(key, data)
    return data
