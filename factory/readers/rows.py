"""Dataset rows (JSON lines, a JSON list, Parquet, CasiMedicos' TSV; gzip or zstd) → a Document a row.

A bad row costs only itself.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, cast

import orjson
import zstandard

from factory.errors import Damaged, Empty, Mislabelled, SourceError, TooLarge
from factory.questions_of import form_of, paragraphs_of_question
from factory.readers import casimedicos
from factory.readers.casimedicos import TOKENS
from factory.readers.questions import QUESTION_COLUMNS, fields_of
from factory.record import TRADITIONS, Hints, Paragraph, Parsed, language_code

# No published text corpus has a shard beyond 2 GiB decompressed or a row beyond 64 MB; a bomb has.
MAX_BYTES = 2 * 2**30
MAX_ROW_BYTES = 64 * 10**6
_CHUNK = 1 << 16
# What stands in place of a row that was taken down: it is no row any more, and the others keep their numbers.
RETRACTED = "[[taken down by corpus-factory]]"
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
        if isinstance(row, dict) and RETRACTED in row.values():
            continue
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


def repeats(data: bytes, part: str) -> set[str]:
    """The row and those of the file that say the same."""
    by_label = bool(_repeated(data))
    keys = {f"{number:09d}": _text_key(row) if by_label else _said(row) for number, row in enumerate(_rows(data))}
    return {name for name, key in keys.items() if name == part or (key is not None and key == keys.get(part))}


def _said(row: Any) -> bytes | None:
    """What a row says, but for its spaces: its text, or its question with all that belongs to it."""
    if not isinstance(row, dict):
        return None
    column = next((c for c in TEXT_COLUMNS if isinstance(row.get(c), str) and row[c].strip()), None)
    if column is not None:
        return " ".join(row[column].split()).encode("utf-8", "surrogatepass")
    question = fields_of(row)
    return repr(question).encode("utf-8", "surrogatepass") if question is not None else None


def made_of(data: bytes) -> dict[str, str]:
    """Of each row (by `part`) the Document of a dataset of ours that it repeats, by its column `doc_id`.

    Of a file that is not whole the rows before the damage.
    """
    found: dict[str, str] = {}
    with contextlib.suppress(SourceError):
        for number, row in enumerate(_rows(data)):
            if isinstance(row, dict) and isinstance(name := row.get("doc_id"), str):
                found[f"{number:09d}"] = name
    return found


def without(data: bytes, parts: set[str]) -> bytes | None:
    """The file with these rows (by `part`) blanked and all others at their numbers.

    None for formats that cannot, and for a file that is not whole.
    """
    numbers = {int(part) for part in parts}
    if TOKENS.match(data[:200].decode("utf-8-sig", "replace")):
        return None
    try:
        return _parquet_without(data, numbers) if data.startswith(b"PAR1") else _json_without(data, numbers)
    except (SourceError, EOFError, OSError, zlib.error, zstandard.ZstdError, orjson.JSONDecodeError):
        return None


def _json_without(data: bytes, numbers: set[int]) -> bytes:
    with _opened(data) as stream:
        plain = stream.read(MAX_BYTES)
    if plain.strip().removeprefix(b"\xef\xbb\xbf")[:1] == b"[":
        written = orjson.dumps([_blank(row) if n in numbers else row for n, row in enumerate(orjson.loads(plain))])
    else:
        # As the reader tells lines apart: by line feeds only.
        lines, number = io.BytesIO(plain).readlines(), -1
        for at, line in enumerate(lines):
            number += bool(line.strip())
            if number in numbers and line.strip():
                lines[at] = _blank_line(line) + b"\n"
        written = b"".join(lines)
    if data.startswith(b"\x1f\x8b"):
        return gzip.compress(written, mtime=0)
    return zstandard.ZstdCompressor().compress(written) if data.startswith(b"\x28\xb5\x2f\xfd") else written


def _blank(row: Any) -> dict[str, str]:
    return dict.fromkeys(row if isinstance(row, dict) else ["text"], RETRACTED)


def _blank_line(line: bytes) -> bytes:
    try:
        return orjson.dumps(_blank(orjson.loads(line.removeprefix(b"\xef\xbb\xbf"))))
    except orjson.JSONDecodeError:
        return orjson.dumps(_blank(None))


def _parquet_without(data: bytes, numbers: set[int]) -> bytes | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
    except pa.ArrowException:
        return None
    kept = pa.array([number not in numbers for number in range(len(table))])
    schema = pa.schema([field.with_nullable(True) for field in table.schema])
    words = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
    if not words:
        return None
    columns = []
    for field in schema:
        blank = pa.scalar(RETRACTED if field.name in words else None, field.type)
        try:
            columns.append(pa.compute.if_else(kept, table[field.name], blank))
        except pa.ArrowNotImplementedError:
            # A type that Arrow cannot choose between: the file goes whole.
            return None
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns, schema=schema), sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _rows(data: bytes) -> Iterator[Any]:
    if data.startswith(b"PAR1"):
        return _parquet(data)
    if TOKENS.match(data[:200].decode("utf-8-sig", "replace")):
        return casimedicos.rows(data.decode("utf-8-sig", "replace"))
    return _json(data)


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
