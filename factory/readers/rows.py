"""Dataset rows (JSON lines, a JSON list, Parquet; gzip or zstd) → a Document a row; a bad row costs only itself."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

import orjson
import zstandard

from factory.errors import Damaged, Empty, Mislabelled, TooLarge
from factory.questions_of import form_of, paragraphs_of_question
from factory.readers.questions import QUESTION_COLUMNS, fields_of
from factory.record import TRADITIONS, Hints, Paragraph, Parsed, language_code

# No published text corpus has a shard beyond 2 GiB decompressed or a row beyond 64 MB; a bomb has.
MAX_BYTES = 2 * 2**30
MAX_ROW_BYTES = 64 * 10**6
_CHUNK = 1 << 16
TEXT_COLUMNS = ("text", "raw_text", "content", "body", "abstract", "article")
_ALIASES = {
    "title": ("title", "titulo", "título"),
    "author": ("author", "authors", "autor"),
    "date": ("date", "fecha", "published"),
    "url": ("url", "link"),
    "language": ("language", "lang", "idioma"),
    "licence": ("licence", "license", "licencia"),
    "identifier": ("doi", "isbn"),
}
_EXTRAS = {
    "country": ("country", "pais"),
    "specialty": ("specialty", "speciality", "speciallity"),
    "tradition": ("tradition",),
}


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """A Parsed a row; `part` is its number. A bad row has no paragraphs and a note `bad_row:…`.

    Raises Empty, Damaged, TooLarge, and Mislabelled where no column holds text.
    """
    if not data.strip():
        raise Empty("the file has no bytes")
    seen = _repeated(data)
    for number, row in enumerate(_rows(data)):
        part = f"{number:09d}"
        first = seen.get(_text_key(row) or b"") if seen else None
        if first is None:
            yield _parsed(row, part)
        elif first.number != number:
            yield Parsed([], part=part, notes=[f"repeated_row:{first.number}"])
        else:
            parsed = _parsed(row, part)
            if first.specialties:
                parsed.extra["specialty"] = ", ".join(first.specialties)
            yield parsed


def _rows(data: bytes) -> Iterator[Any]:
    return _parquet(data) if data.startswith(b"PAR1") else _json(data)


@dataclass(slots=True)
class _First:
    """Where a text stands first, and every speciality it is labelled with."""

    number: int
    specialties: dict[str, None]


def _repeated(data: bytes) -> dict[bytes, _First]:
    """The texts of a set that repeats a row for each label (SMC: `raw_text`, `topic`), by hash; else empty."""
    found: dict[bytes, _First] = {}
    for number, row in enumerate(_rows(data)):
        if number == 0 and not (isinstance(row, dict) and {"raw_text", "topic"} <= row.keys()):
            return {}
        key = _text_key(row)
        if key is not None:
            first = found.setdefault(key, _First(number, {}))
            if label := _fact(row, _EXTRAS["specialty"]):
                first.specialties[label] = None
    return found


def _text_key(row: Any) -> bytes | None:
    if not isinstance(row, dict) or not isinstance(row.get("raw_text"), str):
        return None
    said = f"{row.get('document_id') or ''}\0{row['raw_text']}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()


def _parsed(row: Any, part: str) -> Parsed:
    if isinstance(row, str):
        return Parsed([], part=part, notes=[f"bad_row:{row}"])
    column = next((c for c in TEXT_COLUMNS if isinstance(row.get(c), str) and row[c].strip()), None)
    question = fields_of(row) if column is None else None
    if column is None and question is None:
        return Parsed([], part=part, notes=[f"bad_row:no text in columns {', '.join(map(str, list(row)[:12]))}"])
    if column is not None and len(row[column]) > MAX_ROW_BYTES:
        return Parsed([], part=part, notes=["bad_row:too long"])
    if question is not None:
        paragraphs = paragraphs_of_question(question.question, question.options, question.answer, question.explanation)
    else:
        paragraphs = [Paragraph(" ".join(p.split())) for p in row[column or ""].split("\n") if p.strip()]
    facts = {name: _fact(row, aliases) for name, aliases in _ALIASES.items()}
    extra: dict[str, Any] = {name: found for name, aliases in _EXTRAS.items() if (found := _fact(row, aliases))}
    if extra.get("tradition") not in TRADITIONS:
        extra.pop("tradition", None)
    if question is not None:
        extra["form"] = form_of(len(question.options), question.correct)
    return Parsed(
        paragraphs,
        title=facts["title"],
        author=facts["author"],
        date=facts["date"],
        url=facts["url"],
        language=language_code(facts["language"]) if facts["language"] else None,
        licence=facts["licence"],
        licence_evidence=f"column of row {int(part)}" if facts["licence"] else None,
        identifier=facts["identifier"],
        part=part,
        extra=extra,
    )


def _fact(row: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = row.get(name)
        if isinstance(value, list):
            value = ", ".join(str(v) for v in value)
        if value not in (None, ""):
            return str(value)
    return None


def _parquet(data: bytes) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if not {*TEXT_COLUMNS, *QUESTION_COLUMNS} & set(file.schema_arrow.names):
            raise Mislabelled(f"no text column among {', '.join(file.schema_arrow.names[:20])}")
        for batch in file.iter_batches(batch_size=64):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"not whole Parquet: {error}") from error


def _json(data: bytes) -> Iterator[Any]:
    with _opened(data) as stream:
        try:
            first = stream.read(1).strip() or stream.readline(4096).strip()[:1]
            stream.seek(0)
            if first.removeprefix(b"\xef\xbb\xbf")[:1] == b"[":
                yield from _listed(stream)
            else:
                yield from _lines(stream)
        except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile) as error:
            raise Damaged(f"not whole: {error}") from error


def _opened(data: bytes) -> IO[bytes]:
    if data.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=io.BytesIO(data)))
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return io.BytesIO(_unzstd(data))
    return io.BytesIO(data)


def _unzstd(data: bytes) -> bytes:
    """All frames. Raises Damaged where the last one is cut, TooLarge beyond the limit."""
    parts: list[bytes] = []
    size = 0
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        for at in range(0, len(data), _CHUNK):
            parts.append(frame.decompress(data[at : at + _CHUNK]))
            size += len(parts[-1])
            if size > MAX_BYTES:
                raise TooLarge("more than 2 GiB of rows in one file")
            if frame.eof:
                break
        if not frame.eof:
            raise Damaged("not whole: the file ends inside a zstd frame")
        data = frame.unused_data + data[at + _CHUNK :]
    return b"".join(parts)


def _listed(stream: IO[bytes]) -> Iterator[Any]:
    data = stream.read(MAX_BYTES)
    try:
        rows = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Damaged(f"not whole JSON: {error}") from error
    for row in rows:
        yield row if isinstance(row, dict) else "not an object"


def _lines(stream: IO[bytes]) -> Iterator[Any]:
    total = 0
    while line := stream.readline(MAX_ROW_BYTES + 1):
        total += len(line)
        if total > MAX_BYTES:
            raise TooLarge("more than 2 GiB of rows in one file")
        if len(line) > MAX_ROW_BYTES:
            yield "too long"
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_ROW_BYTES)
        elif line.strip():
            try:
                row = orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                yield f"not JSON ({error})"
                continue
            yield row if isinstance(row, dict) else "not an object"
