"""The videos of one source: what is listed, then captions or speech for each that is new."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from factory.errors import (
    CaptionsWithheld,
    Gone,
    HostStopped,
    MembersOnly,
    NoCaptions,
    Private,
    SourceBlocked,
    SourceError,
    TooOld,
    Upcoming,
)
from factory.fetch.captions import Track, choose, translated_from
from factory.fetch.hosts import Stopped
from factory.fetch.youtube import Entry, Listing, Tube, canonical, date_of, licence_of, video_id
from factory.gather.local import heard
from factory.gather.run import Job, Run
from factory.ledger import FINAL, Attempt
from factory.licence import publishable
from factory.record import language_code
from factory.store import LocalStore

# A channel lists its newest video first; after so many older than --since in a row the rest is older too.
OLD_IN_A_ROW = 3
_NOT_NOW = {"is_upcoming": "it has not begun", "is_live": "it is still live", "post_live": "it is being processed"}
_CLOSED = {
    "subscriber_only": MembersOnly,
    "premium_only": MembersOnly,
    "needs_auth": Private,
    "private": Private,
}


def visit_videos(run: Run, job: Job) -> None:
    """Every video of the job ends with a receipt, or is here already."""
    videos = _Videos(run, job)
    try:
        videos.all()
    finally:
        videos.tube.close()


class _Videos:
    def __init__(self, run: Run, job: Job) -> None:
        self.run = run
        self.source = job.source
        self.visit = run.visit(job.source)
        self._given = [canonical(g) for g in job.addresses or (job.source.url or "",)]
        self.tube = Tube(self._given[0], run.options.fetch, run.hosts, run.options.cookies)
        self._speech = job.source.speech or "auto"
        self._old = 0

    def all(self) -> None:
        for given in self._given:
            if video_id(given):
                self.run.listener.begin(self.source, 1)
                self._one(Entry(video_id(given) or "", given, None, None, None, None))
                continue
            listing = self._listing(given)
            if listing is None:
                continue
            self.run.listener.begin(self.source, len(listing.entries))
            self._listed(listing, newest_first="/playlist" not in given)
            if listing.whole:
                self._missing({e.url for e in listing.entries})

    def _listed(self, listing: Listing, *, newest_first: bool) -> None:
        """Every video that is listed has ended; in each tab of a channel, what follows old ones is old."""
        for _, tab in itertools.groupby(listing.entries, key=lambda entry: entry.tab):
            self._old = 0
            for entry in tab:
                if newest_first and self._old >= OLD_IN_A_ROW:
                    self._settle_old(entry)
                else:
                    self._one(entry)

    def _listing(self, given: str) -> Listing | None:
        until = self.visit.told_to_wait(given)
        try:
            if until:
                raise HostStopped(f"the server asked to be left alone until {until}")
            return self.tube.listing(given, self.source.limit)
        except SourceError as error:
            attempt = self.run.failed(self.source, given, error, self.visit.last.get(given))
            if until:
                attempt.next_try, attempt.http["retry_after"] = until, True
            attempt.role = "listing"
            self.visit.end(attempt)
            return None

    # One video

    def _one(self, entry: Entry) -> None:
        if self.run.stop.is_set():
            raise Stopped
        if self.visit.finished(entry.url):
            return
        if self.run.ledger.refuses(self.source.id, entry.url):
            self.run.tell(self.source, "forbidden", entry.url, "retracted")
            return
        kept, last = self.visit.kept.get(entry.url), self.visit.last.get(entry.url)
        if kept and not self.run.options.refresh:
            self._known(entry, kept)
        elif last and last["status"] in FINAL and not self.run.options.refresh:
            self.run.tell(self.source, last["status"], entry.url, last.get("reason", ""))
        else:
            self._ask(entry)

    def _known(self, entry: Entry, kept: dict[str, Any]) -> None:
        """A video that is here: only its title may be new."""
        title = (kept.get("facts") or {}).get("title")
        if not entry.title or entry.title == title:
            self.run.tell(self.source, "unchanged", entry.url, "already_stored")
            return
        facts = kept["facts"] | {"title": entry.title}
        self.visit.end(
            Attempt(self.source, entry.url, "stored", "renamed", sha256=kept["sha256"], name=kept["name"], facts=facts)
        )

    def _ask(self, entry: Entry) -> None:
        until = self.visit.told_to_wait(entry.url)
        try:
            if until:
                raise HostStopped(f"the server asked to be left alone until {until}")
            self._may(entry.live_status, entry.availability, entry.date)
            info, missing = self.tube.video(entry.url)
            self._may(info.get("live_status"), info.get("availability"), date_of(info))
            self._old = 0
            attempt = self._taken(entry.url, info, missing)
        except TooOld as error:
            self._old += 1
            self._end_not_yet(entry.url, error)
        except SourceError as error:
            attempt = self.run.failed(self.source, entry.url, error, self.visit.last.get(entry.url))
            if until:
                attempt.next_try, attempt.http["retry_after"] = until, True
            if attempt.status == "skipped":
                self._end_not_yet(entry.url, error)
            else:
                self.visit.end(attempt)
        else:
            self.visit.end(attempt)

    def _end_not_yet(self, address: str, error: SourceError) -> None:
        """A receipt where the reason is new; else only the count."""
        last = self.visit.last.get(address)
        if last and last["status"] == "skipped" and last.get("reason") == error.reason:
            self.run.tell(self.source, "skipped", address, error.reason, error.message)
        else:
            attempt = self.run.failed(self.source, address, error, last)
            attempt.next_try = None if isinstance(error, TooOld) else attempt.next_try
            self.visit.end(attempt)

    def _settle_old(self, entry: Entry) -> None:
        if entry.url in self.visit.kept:
            self._known(entry, self.visit.kept[entry.url])
        elif not self.visit.finished(entry.url):
            self._end_not_yet(entry.url, TooOld(f"listed after {OLD_IN_A_ROW} videos from before {self.source.since}"))

    def _may(self, live: str | None, availability: str | None, date: str | None) -> None:
        """Raises Upcoming, MembersOnly, Private, TooOld."""
        if live in _NOT_NOW:
            raise Upcoming(_NOT_NOW[live])
        if availability in _CLOSED and not self.run.options.cookies:
            raise _CLOSED[availability](f"open to others only ({availability}); --cookies FILE if you are one of them")
        if date and self.source.since and date < self.source.since:
            raise TooOld(f"published {date}, before {self.source.since}")

    # What a video holds

    def _taken(self, address: str, info: dict[str, Any], missing: str) -> Attempt:
        """The captions or the speech of a video, with what it says of itself. Raises SourceError."""
        track = None if self._speech == "always" else choose(info, self.source.language)
        if self._speech != "always" and _incomplete(missing, track, self.source.language):
            raise CaptionsWithheld("YouTube listed only a part of the captions; they are looked for again")
        facts = self._facts(address, info)
        if track is not None:
            extension, data = self.tube.captions(track)
            facts["notes"] = [f"captions:{track.kind}:{track.language}"]
            spoken = translated_from(info, self.source.language)
            if spoken and track.kind == "manual":
                facts["notes"].append(f"captions:human_translation_from:{spoken}")
            name = f"{info['id']}.{track.name}.{extension}"
        elif self._speech == "never":
            raise NoCaptions(f"no captions in {self.source.language}; --speech auto would listen to it")
        else:
            data = self._heard(address, info)
            facts["notes"] = [f"speech:{Path(self.run.options.speech.model).name}"]
            name = f"{info['id']}.speech.json"
        return Attempt(self.source, address, "stored", data=data, name=name, facts=facts)

    def _facts(self, address: str, info: dict[str, Any]) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "title": _words(info.get("title")),
            "author": _words(info.get("channel")) or _words(info.get("uploader")),
            "date": date_of(info),
            "url": address,
            "work_id": f"youtube:{info['id']}",
            "seconds": info.get("duration"),
        }
        facts["chapters"] = _chapters(info.get("chapters")) or None
        said = licence_of(info)
        if said:
            facts |= {"licence": said, "licence_evidence": f"{address}: License: {info.get('license')}"}
        elif not (publishable(self.source.licence) and self.source.licence_evidence):
            facts |= {"licence": "youtube-standard", "licence_evidence": f"{address}: no row License"}
        return {k: v for k, v in facts.items() if v is not None}

    # Speech

    def _heard(self, address: str, info: dict[str, Any]) -> bytes:
        """The transcript of a video's sound, from the cache if this sound was heard by this model before."""
        transcriber = self.run.transcriber
        _ = transcriber.model
        folder = self._sounds()
        sound = self._sound(folder, info)
        with sound.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        data = heard(
            self.run.store,
            transcriber,
            sound,
            digest,
            self.source.language,
            lambda done, whole: self.run.listener.listening(address, done, whole),
        )
        sound.unlink(missing_ok=True)
        return data

    def _sounds(self) -> Path:
        store = self.run.store
        local = isinstance(store, LocalStore)
        folder = Path(store.path("cache/sound")) if local else Path(tempfile.gettempdir(), "corpus-factory-sound")
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".part-*"):
            shutil.rmtree(left, ignore_errors=True)
        return folder

    def _sound(self, folder: Path, info: dict[str, Any]) -> Path:
        """The file with the sound; one that a stopped run left whole is used."""
        stem = re.sub(r"[^\w-]", "_", str(info["id"]))
        for there in sorted(folder.glob(f"{stem}.*")):
            return there
        work = Path(tempfile.mkdtemp(prefix=".part-", dir=folder))
        try:
            loaded = self.tube.audio(info, work)
            target = folder / f"{stem}{loaded.suffix}"
            os.replace(loaded, target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return target

    # What is listed no more

    def _missing(self, listed: set[str]) -> None:
        """A stored video that a whole listing lacks is asked for once: it may be gone, or only unlisted."""
        for address in sorted(self.visit.kept):
            last = self.visit.last[address]
            settled = last["status"] in FINAL or last.get("reason") == "not_listed" or self.visit.finished(address)
            if address in listed or settled or self.run.stop.is_set() or not video_id(address):
                continue
            try:
                self.tube.video(address)
            except Gone as error:
                self.visit.failed(address, error)
            except SourceBlocked as error:
                self.visit.failed(address, error)
                return
            except SourceError as error:
                self.run.tell(self.source, "unchanged", address, "not_listed", error.message)
            else:
                kept = self.visit.kept[address]
                self.visit.end(
                    Attempt(self.source, address, "unchanged", "not_listed", sha256=kept["sha256"], name=kept["name"])
                )


def _words(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _chapters(rows: Any) -> list[list[Any]]:
    """The second and title of each chapter that has both."""
    found = [r for r in rows if isinstance(r, dict)] if isinstance(rows, list) else []
    return [
        [float(r["start_time"]), r["title"]]
        for r in found
        if _words(r.get("title")) and isinstance(r.get("start_time"), int | float)
    ]


def _incomplete(missing: str, track: Track | None, language: str) -> bool:
    """The list of captions lacks some, and what it lacks may be better than what it has."""
    if not missing or (track is not None and track.kind == "manual"):
        return False
    if track is None:
        return True
    named = re.search(r"Subtitles for these languages are missing: ([^.]*)", missing)
    if named is None:
        return "Automatic captions for" not in missing
    return any(language_code(code) == language for code in named[1].split(",") if code.strip())
