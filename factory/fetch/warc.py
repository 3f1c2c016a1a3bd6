"""Web archives → pages. Source: ISO 28500 (WARC 1.1), read by warcio; size limits as for a page from the web."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from factory.errors import BadAnswer, Damaged, Gone, OptedOut, SourceError, TooLarge, WrongType
from factory.fetch.robots import kept_out

_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "application/xml", "text/xml")


@dataclass(frozen=True, slots=True)
class Record:
    """One response of an archive: its bytes, or why there are none."""

    url: str
    date: str | None
    status: int
    headers: dict[str, str]
    body: bytes
    why: SourceError | None = None


def records(path: Path, max_bytes: int) -> Iterator[Record]:
    """Every response to a request of the archive, plain or gzipped. Raises Damaged where the archive breaks off."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    with path.open("rb") as file:
        try:
            for record in ArchiveIterator(file):
                if record.rec_type == "response" and record.http_headers is not None:
                    yield _record(record, max_bytes)
        except (ArchiveLoadFailed, EOFError, OSError, ValueError) as error:
            raise Damaged(f"{path.name}: the archive breaks off ({error})") from error


def _record(record: Any, max_bytes: int) -> Record:
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    date = record.rec_headers.get_header("WARC-Date")
    headers = {k.lower(): v for k, v in record.http_headers.headers}
    status = int(record.http_headers.get_statuscode() or 0)
    kind = headers.get("content-type", "").split(";")[0].strip().lower()
    why: SourceError | None = None
    body = b""
    if status in (404, 410):
        why = Gone(f"{url}: the server said {status}")
    elif status != 200:
        why = BadAnswer(f"{url}: the server said {status}")
    elif kind and kind not in _TYPES:
        why = WrongType(f"{url}: {kind}")
    else:
        body = record.content_stream().read(max_bytes + 1)
        if len(body) <= max_bytes and getattr(record.raw_stream, "limit", 0) > 0:
            raise Damaged(f"{url}: the archive breaks off in its answer")
        if len(body) > max_bytes:
            why = TooLarge(f"{url}: more than {max_bytes:,} bytes")
        elif not body:
            why = BadAnswer(f"{url}: an empty answer")
        elif said := kept_out(headers, body):
            why = OptedOut(f"{url}: {said}")
    return Record(url, date, status, headers, b"" if why else body, why)
