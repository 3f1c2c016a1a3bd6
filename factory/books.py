"""Reads and writes a stage's files: Documents in Parquet, rejected ones and items as JSON lines."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import zstandard
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.writers import JsonlWriter, ParquetWriter

from factory.errors import HomeError
from factory.schema import DOCUMENT, QUESTIONED, document_of, questioned_of, row_of
from factory.stage import Counts, progress, tell
from factory.store import LocalStore, Store

# A group of rows is as much as memory must hold at once: few rows where Documents are whole books, many where they are
# short, because each group costs the file's footer some 10 kB.
ROWS_PER_GROUP, CHARACTERS_PER_GROUP = 1024, 4_000_000
_ROWS_AT_ONCE = 64
# Compressed bytes taken in at once.
_PIECE = 1 << 16


def _document_row(_: object, document: Document) -> dict[str, Any]:
    return row_of(document)


def _questioned_row(_: object, document: Document) -> dict[str, Any]:
    return questioned_of(document)


def _rejected_row(_: object, document: Document) -> dict[str, Any]:
    metadata = dict(document.metadata)
    reason = metadata.pop("filter_reason")
    return {"id": document.id, "reason": reason, "text": document.text, "metadata": metadata}


class Rejected(JsonlWriter):
    """One file per reason and task, shared by all steps of a stage, closed by the last."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"{folder}/rejected", "${filter_reason}/${rank}.jsonl.zst", compression="zstd", adapter=_rejected_row
        )

    def __exit__(self, *_: object) -> None:
        return

    def write(self, document: Document, rank: int = 0, **kwargs: Any) -> None:
        document.metadata["filter_reason"] = document.metadata["filter_reason"].replace("/", "_")
        super().write(document, rank, **kwargs)


class Documents(ParquetWriter):
    """Documents as rows of Parquet, in groups of a bounded size."""

    def __init__(self, folder: str, adapter: Any, schema: pa.Schema) -> None:
        super().__init__(
            folder, compression="zstd", adapter=adapter, batch_size=ROWS_PER_GROUP, max_file_size=-1, schema=schema,
            write_page_index=False,
        )  # fmt: skip
        self._characters = 0

    def _write(self, document: dict[str, Any], file_handler: Any, filename: str) -> None:
        self._characters += len(document["text"] or "")
        super()._write(document, file_handler, filename)
        if self._characters >= CHARACTERS_PER_GROUP:
            self._write_batch(filename)

    def _write_batch(self, filename: str) -> None:
        self._characters = 0
        super()._write_batch(filename)


class Items:
    """The line of every raw item: how it ended and what it became."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._lines: list[bytes] = []

    def line(self, rank: int, row: dict[str, Any]) -> None:
        del rank
        self._lines.append(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))

    def close(self, store: Store, rank: int) -> None:
        if self._lines:
            store.write(f"{self.folder}/items/{rank:05d}.jsonl", b"\n".join(self._lines) + b"\n")


class ReadStage(PipelineStep):
    """The Documents that the stage before kept: one file a rank, or all of them in order for one rank."""

    name = "Stage"
    type = "READER"
    version = 1

    def __init__(self, store: Store, folder: str) -> None:
        super().__init__()
        self.store = store
        self.folder = folder

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        files = data_files(self.store, self.folder)
        if world_size > 1:
            files = [f for f in files if f.endswith(f"/{rank:05d}.parquet")]
        for file in files:
            for row in rows(self.store, file):
                yield document_of(row)
                progress(1)


class Sink(PipelineStep):
    """Documents kept are in the stage's data, sorted; rejected ones beside them; every file is closed."""

    name = "Stage"
    type = "WRITER"
    version = 1

    def __init__(
        self, store: Store, folder: str, rejected: Rejected, items: Items, *, questioned: bool = False
    ) -> None:
        super().__init__()
        self.store = store
        self.items = items
        self.rejected = rejected
        adapter = _questioned_row if questioned else _document_row
        self.writer = Documents(f"{store.path(folder)}/data", adapter, QUESTIONED if questioned else DOCUMENT)

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        last = ""
        with self.writer:
            for document in data:
                if document.id <= last:
                    raise AssertionError(f"{document.id} after {last}: a stage writes in the order of ids")
                last = document.id
                self.writer.write(document, rank)
                yield document
        self.rejected.close()
        self.items.close(self.store, rank)
        tell()


def data_files(store: Store, folder: str) -> list[str]:
    """The data files of a stage, in the order of their ids."""
    return [f"{folder}/data/{n}" for n in store.names(f"{folder}/data") if n.endswith(".parquet")]


def rows(store: Store, key: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, a few at a time."""
    with opened(store, key) as file:
        for group in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
            yield from group.to_pylist()


def opened(store: Store, key: str) -> pq.ParquetFile:
    """The Parquet file. Raises HomeError where it is not whole."""
    try:
        if isinstance(store, LocalStore):
            return pq.ParquetFile(store.path(key))
        return pq.ParquetFile(io.BytesIO(store.read(key) or b""))
    except pa.ArrowException as error:
        raise _spoilt(store, key) from error


def _spoilt(store: Store, key: str) -> HomeError:
    return HomeError(
        f"{store.path(key)} is not whole: it was changed by hand, or the disk failed",
        "remove its batch's folder and build again",
    )


def ids(store: Store, folder: str) -> Iterator[str]:
    """The ids of the Documents a stage kept, in order."""
    for file in data_files(store, folder):
        for row in rows(store, file, ["doc_id"]):
            yield row["doc_id"]


def documents(store: Store, folder: str, columns: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """The Documents a stage kept, as rows."""
    for file in data_files(store, folder):
        yield from rows(store, file, columns)


def picked(store: Store, folder: str, wanted: set[int], columns: list[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The Documents at these places of a stage's data, each with its place; other row groups are not read."""
    start = 0
    for key in data_files(store, folder):
        with opened(store, key) as file:
            for group in range(file.num_row_groups):
                size = file.metadata.row_group(group).num_rows
                here = wanted & set(range(start, start + size))
                if here:
                    rows = file.read_row_group(group, columns=columns).to_pylist()
                    yield from ((at, rows[at - start]) for at in sorted(here))
                start += size


def rows_with(store: Store, folder: str, column: str, wanted: set[str]) -> set[int]:
    """Where in a stage's data a column has one of these values, without a look at anything else."""
    found: set[int] = set()
    start, values = 0, pa.array(sorted(wanted), pa.string())
    for key in data_files(store, folder) if wanted else ():
        with opened(store, key) as file:
            held = file.read([column]).column(column)
            found.update((start + np.flatnonzero(pc.is_in(held, value_set=values).to_numpy())).tolist())
            start += len(held)
    return found


def lines(data: bytes) -> Iterator[dict[str, Any]]:
    """The rows of a compressed JSONL file, piece by piece. Raises ZstdError where it is cut."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    rest = b""
    for start in range(0, len(data), _PIECE):
        *whole, rest = (rest + frame.decompress(data[start : start + _PIECE])).split(b"\n")
        yield from map(orjson.loads, whole)
    if not frame.eof or frame.unused_data:
        raise zstandard.ZstdError("the frame is cut, or something follows it")
    if rest:
        yield orjson.loads(rest)


def rejected(store: Store, folder: str, reason: str | None = None) -> Iterator[dict[str, Any]]:
    """The Documents a stage dropped, by reason and then id."""
    for name in [reason] if reason else store.names(f"{folder}/rejected"):
        for file in store.names(f"{folder}/rejected/{name}"):
            key = f"{folder}/rejected/{name}/{file}"
            try:
                yield from lines(store.read(key) or b"")
            except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
                raise _spoilt(store, key) from error


def items(store: Store, folder: str, rank: str | None = None) -> Iterator[dict[str, Any]]:
    """How each raw item ended in the first stage, of all ranks or of one."""
    for file in store.names(f"{folder}/items"):
        if rank is not None and file != f"{rank}.jsonl":
            continue
        for line in (store.read(f"{folder}/items/{file}") or b"").splitlines():
            yield orjson.loads(line)


def count(store: Store, folder: str) -> Counts:
    """What stands in the files of a stage, never what a worker said of itself."""
    removed: Counter[str] = Counter()
    out: list[str] = []
    units: Counter[str] = Counter()
    torn: list[str] = []
    asked = _Asked()
    questioned = ["passages", "questions"] if _is_questioned(store, folder) else []
    for row in documents(store, folder, ["doc_id", "removed", "units", *questioned]):
        asked.add(row["doc_id"], row)
        out.append(row["doc_id"])
        removed.update(dict(row["removed"] or []))
        _count_units(units, torn, row["doc_id"], row["units"] or [])
    dropped: dict[str, list[str]] = {}
    for reason in store.names(f"{folder}/rejected"):
        for row in rejected(store, folder, reason):
            dropped.setdefault(reason, []).append(row["id"])
            _count_units(units, torn, row["id"], row["metadata"].get("units") or [])
            asked.add(row["id"], row["metadata"])
    written = digests(store, folder)
    return Counts(
        out,
        dropped,
        list(items(store, folder)),
        removed,
        written,
        units,
        torn,
        asked.passages,
        asked.questions,
        asked.torn,
    )


def _is_questioned(store: Store, folder: str) -> bool:
    """The Documents of a stage carry questions."""
    for key in data_files(store, folder)[:1]:
        with opened(store, key) as file:
            return "questions" in file.schema_arrow.names
    return False


class _Asked:
    """The books of passages and of questions: each ended once, each question within a passage of its Document."""

    def __init__(self) -> None:
        self.passages: Counter[str] = Counter()
        self.questions: Counter[str] = Counter()
        self.torn: list[str] = []

    def add(self, name: str, row: dict[str, Any]) -> None:
        known = set()
        for passage in row.get("passages") or []:
            known.add(passage["id"])
            self.passages["in"] += 1
            self.passages[_how(passage)] += 1
            if passage["outcome"] not in ("accepted", "rejected", "failed", "skipped"):
                self.torn.append(name)
        seen = set()
        for question in row.get("questions") or []:
            self.questions["proposed"] += 1
            self.questions[f"{question['kind']} {_how(question)}"] += 1
            if question["passage_id"] not in known or question["id"] in seen or not question["outcome"]:
                self.torn.append(name)
            seen.add(question["id"])


def _how(row: dict[str, Any]) -> str:
    return f"{row['outcome']}:{row['reason']}" if row["reason"] else str(row["outcome"])


def _count_units(units: Counter[str], torn: list[str], name: str, rows: list[dict[str, Any]]) -> None:
    """Proposed = accepted + failed, unit by unit; a Document's units are numbered without a gap."""
    if [row["id"] for row in rows] != list(range(1, len(rows) + 1)):
        torn.append(name)
    for row in rows:
        if (row["target"] is None) == (row["gate"] is None):
            torn.append(name)
        units["proposed"] += 1
        units[f"failed:{row['gate']}" if row["gate"] else f"accepted:{row['how']}"] += 1


def digests(store: Store, folder: str) -> dict[str, str]:
    """SHA-256 of every file that the inputs determine."""
    found: dict[str, str] = {}
    for part in ("data", "rejected", "items", "signatures", "index"):
        for key in store.walk(f"{folder}/{part}"):
            found[key[len(folder) + 1 :]] = store.digest(key)
    return found
