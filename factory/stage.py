"""A named list of steps over one batch: where it reads and writes, its books, its commit.

    stages/<recipe>/<NN-name>-<hash>/<batch>/
        data/NNNNN.parquet              Documents kept, sorted by id
        rejected/<reason>/NNNNN.jsonl.zst   every Document dropped, with its reason
        items/NNNNN.jsonl               (first stage) how each raw item ended
        manifest.json                   written last: counts, reasons, digests
        run.json  logs/                 times and hosts; never hashed

Exists only for what datatrove lacks: an identity for inputs and settings, books that must balance,
and a commit point (docs/decisions/001.md). If datatrove gains them, delete this.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import zstandard

from factory.config import Table
from factory.errors import FactoryError, HomeError, StageFailed, UnbalancedStage
from factory.store import MANIFEST, Store, digest, read_json, write_json

INPUTS = "inputs"


@dataclass(frozen=True, slots=True)
class Context:
    """Where one stage of one batch works; plain values, so that a worker can be told."""

    home: str
    recipe: str
    batch: str
    tasks: int
    ocr: str | None
    folder: str
    previous: str | None = None
    earlier: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    def inputs(self, store: Store, rank: int, world_size: int) -> Iterator[dict[str, Any]]:
        """The receipts of one rank's items, in the batch's order."""
        key = f"{self.folder}/{INPUTS}/{rank:05d}.jsonl.zst"
        data = store.read(key)
        if data is None:
            raise StageFailed(f"{store.path(key)} is gone", "run the same command again")
        yield from map(json.loads, _lines(data))


def write_inputs(store: Store, folder: str, rows: Iterator[dict[str, Any]], count: int, tasks: int) -> None:
    """Each task of a first stage has its share of so many receipts, in their order: `inputs/NNNNN.jsonl.zst`."""
    size, rest = divmod(count, tasks)
    for rank in range(tasks):
        lines = [line_of(row) + b"\n" for row in itertools.islice(rows, size + (rank < rest))]
        packed = bytes(zstandard.ZstdCompressor().compress(b"".join(lines)))
        store.write(f"{folder}/{INPUTS}/{rank:05d}.jsonl.zst", packed)


def line_of(row: dict[str, Any]) -> bytes:
    """A receipt as it stands in a stage's inputs."""
    return json.dumps(row, sort_keys=True).encode()


def inputs_of(store: Store, folder: str) -> Iterator[bytes]:
    """The lines of all receipts that a first stage was given."""
    for name in store.names(f"{folder}/{INPUTS}"):
        yield from _lines(store.read(f"{folder}/{INPUTS}/{name}") or b"")


def _lines(packed: bytes) -> list[bytes]:
    return zstandard.ZstdDecompressor().decompressobj().decompress(packed).splitlines() if packed else []


@dataclass(frozen=True, slots=True)
class Stage:
    """A name, the datatrove steps, and the settings that its results depend on.

    `equation`: `items` (raw items → Documents), `multiply` (a Document may become several) or
    `reduce` (Documents are compared with each other, in one task). `engine`: it asks a model server.
    `questioned`: its Documents carry passages and questions.
    """

    name: str
    steps: tuple[Any, ...]
    settings: tuple[Table, ...]
    equation: Literal["items", "multiply", "reduce"]
    engine: bool = False
    questioned: bool = False

    @property
    def single(self) -> bool:
        """One task: Documents are compared with each other, or one window serves one model server."""
        return self.equation == "reduce" or self.engine

    def key(self, inputs: object) -> str:
        """The hash that names the stage's folder: settings, versions of the steps, digests of the inputs."""
        versions = [(type(step).__name__, step.version) for step in self.steps]
        settings = [s.model_dump(mode="json") for s in self.settings]
        return digest([self.name, self.equation, versions, settings, inputs])[:16]


def is_done(store: Store, folder: str) -> bool:
    """The stage committed."""
    return store.has(f"{folder}/{MANIFEST}")


def begin(store: Store, folder: str) -> None:
    """The folder is empty: what an unfinished run left is gone."""
    store.remove(folder)


class Pipe:
    """A parent on this machine is told on stdout: inputs done as a number, what a model was asked as JSON."""

    def __init__(self) -> None:
        self._pending, self._told = 0, 0.0

    def done(self, count: int) -> None:
        """So many inputs more."""
        self._pending += count
        if time.monotonic() - self._told >= _TELL_SECONDS:
            self.flush()

    def flush(self) -> None:
        """What is held back is sent."""
        count, self._pending = self._pending, 0
        self._told = time.monotonic()
        if count:
            sys.stdout.write(f"{count}\n")
            sys.stdout.flush()

    def asked(self, table: dict[str, Any]) -> None:
        """What a model was asked so far."""
        sys.stdout.write(json.dumps(table) + "\n")
        sys.stdout.flush()


class Notes:
    """A parent elsewhere reads how far a rank is in the home: `logs/progress/NNNNN.json`."""

    def __init__(self, store: Store, folder: str, rank: int) -> None:
        self._store, self._key = store, f"{folder}/{PROGRESS}/{rank:05d}.json"
        self._table: dict[str, Any] = {"done": 0, "engine": {}}
        self._told = 0.0

    def done(self, count: int) -> None:
        """So many inputs more."""
        self._table["done"] += count
        self._now_and_then()

    def asked(self, table: dict[str, Any]) -> None:
        """What a model was asked so far."""
        self._table["engine"] = table
        self._now_and_then()

    def flush(self) -> None:
        """What is known is written."""
        self._told = time.monotonic()
        with contextlib.suppress(HomeError):  # only looked at
            write_json(self._store, self._key, self._table)

    def _now_and_then(self) -> None:
        if time.monotonic() - self._told >= _NOTE_SECONDS:
            self.flush()


PROGRESS = "logs/progress"
# Twice a second: a bar moves smoothly and a pipe carries next to nothing. A home may be far away: more seldom.
_TELL_SECONDS, _NOTE_SECONDS = 0.5, 5.0
_telling: dict[str, Pipe | Notes] = {"to": Pipe()}


def told_to(whom: Pipe | Notes) -> None:
    """Whom this process tells how far it is."""
    _telling["to"] = whom


def progress(count: int) -> None:
    """So many inputs were done since last time."""
    _telling["to"].done(count)


def tell() -> None:
    """Send what progress() holds back."""
    _telling["to"].flush()


def report(table: dict[str, Any]) -> None:
    """What a model was asked so far."""
    _telling["to"].asked(table)


def recipe_module(name: str) -> Any:
    """The module of a recipe."""
    return importlib.import_module(f"pipelines.{name}")


@dataclass(slots=True)
class Counts:
    """What stands in a stage's folder, counted from its files."""

    out: list[str]
    rejected: dict[str, list[str]]
    items: list[dict[str, Any]]
    removed: Counter[str]
    digests: dict[str, str]
    units: Counter[str]
    torn_units: list[str]
    passages: Counter[str]
    questions: Counter[str]
    torn_questions: list[str]


def balance(store: Store, stage: Stage, context: Context, batch_items: list[str]) -> dict[str, Any]:
    """The manifest of a stage whose books balance, counted from its files. Raises UnbalancedStage."""
    from factory.books import count, ids

    counts = count(store, context.folder)
    kept_and_dropped = counts.out + [i for reason in counts.rejected.values() for i in reason]
    where = f"{context.recipe} {stage.name} {context.batch}"
    _refuse(len(set(kept_and_dropped)) != len(kept_and_dropped), f"{where}: a document is there twice")
    if stage.equation == "items":
        read = _balance_items(counts, batch_items, where)
        _refuse(len(kept_and_dropped) < read, f"{where}: an item ended without a document or a reason")
    else:
        given = list(ids(store, context.previous or ""))
        read = len(given)
        ended = set(kept_and_dropped)
        _refuse(not set(given) <= ended, f"{where}: {len(set(given) - ended)} documents vanished without a reason")
        extra = ended - set(given)
        _refuse(bool(extra) and stage.equation == "reduce", f"{where}: {len(extra)} documents came from nowhere")
        parents = set(given)
        orphans = [i for i in extra if i.rsplit("-", 1)[0] not in parents]
        _refuse(bool(orphans), f"{where}: {len(orphans)} documents have no parent")
    _refuse(bool(counts.torn_questions), f"{where}: questions of {counts.torn_questions[:1]} do not balance")
    _refuse(bool(counts.torn_units), f"{where}: units of {counts.torn_units[:1]} are lost or there twice")
    found = {} if not counts.units else {"units": dict(sorted(counts.units.items()))}
    if stage.questioned:
        found["passages"] = dict(sorted(counts.passages.items()))
        found["questions"] = dict(sorted(counts.questions.items()))
    return found | {
        "recipe": context.recipe,
        "stage": stage.name,
        "batch": context.batch,
        "in": read,
        "out": len(counts.out),
        "split": len(kept_and_dropped) - read,
        "rejected": {reason: len(rows) for reason, rows in sorted(counts.rejected.items())},
        "items": dict(sorted(Counter(i["outcome"] for i in counts.items).items())),
        "removed_characters": dict(sorted(counts.removed.items())),
        "settings": [s.model_dump(mode="json") for s in stage.settings],
        "versions": {type(s).__name__: s.version for s in stage.steps},
        "files": counts.digests,
    }


def _balance_items(counts: Counts, batch_items: list[str], where: str) -> int:
    booked = [i["item_id"] for i in counts.items]
    _refuse(sorted(booked) != sorted(batch_items), f"{where}: items read are not the items of the batch")
    _refuse(sum(i["out"] for i in counts.items) != len(counts.out), f"{where}: documents booked are not on disk")
    dropped = sum(len(rows) for rows in counts.rejected.values())
    _refuse(sum(i["rejected"] for i in counts.items) != dropped, f"{where}: rejections booked are not on disk")
    accepted = {i["item_id"] for i in counts.items if i["outcome"] == "accepted"}
    on_disk = {i.split("-", 1)[0] for i in counts.out}
    _refuse(accepted != on_disk, f"{where}: accepted items and documents on disk differ")
    return len(booked)


def refuse_crashes(manifest: dict[str, Any], share: float) -> None:
    """A reader that crashes on many inputs is our bug, not theirs. Raises StageFailed."""
    crashes = manifest["rejected"].get("reader_crash", 0)
    if crashes > 5 and crashes > share * manifest["in"]:
        raise StageFailed(
            f"the reader crashed on {crashes} of {manifest['in']} items",
            "see the tracebacks in rejected/reader_crash; raise read.max_crash_share to go on without them",
        )


def _refuse(broken: bool, sentence: str) -> None:
    if broken:
        raise UnbalancedStage(sentence, "nothing was published; this is a bug, please report it with the logs folder")


def commit(store: Store, folder: str, manifest: dict[str, Any], run: dict[str, Any]) -> None:
    """The stage is done: the manifest is there, and it came last."""
    write_json(store, f"{folder}/run.json", run)
    write_json(store, f"{folder}/{MANIFEST}", manifest)


def manifest_of(store: Store, folder: str) -> dict[str, Any]:
    """The manifest of a committed stage. Raises FactoryError if there is none."""
    found = read_json(store, f"{folder}/{MANIFEST}")
    if found is None:
        raise FactoryError(f"{folder} has no manifest", "run factory build again")
    return dict(found)
