"""A stage without what was taken down, copied from the one that stands: nothing is read, asked or recognised again.

Only where each Document ends by itself, and nothing new comes in: the copy is then what the stage itself would write
(a test compares them). Where Documents are compared with each other the stage runs.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
from datatrove.data import Document

from factory.books import Items, Rejected, Sink, data_files, documents, ids, items, rejected, rows
from factory.books import lines as lines_of
from factory.dedup.index import loaded, saved
from factory.schema import document_of
from factory.stage import Context, Stage, begin, is_done, manifest_of
from factory.store import Store


@dataclass(frozen=True, slots=True)
class Gone:
    """What was taken down: whole items, or single Documents of them, by id."""

    items: frozenset[str]
    documents: frozenset[str] = frozenset()
    # (recipe, batch, number of the stage) → the folder that stood before.
    before: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def holds(self, name: str) -> bool:
        """The Document, or one that was made of it."""
        if name.split("-", 1)[0] in self.items:
            return True
        parts = name.split("-")
        return any("-".join(parts[:n]) in self.documents for n in range(2, len(parts) + 1))

    def folder(self, context: Context, number: str) -> str | None:
        """Where the same stage of the same batch stood, if it does."""
        return self.before.get((context.recipe, context.batch, number))


def can(store: Store, stage: Stage, context: Context, old: str | None, gone: Gone) -> bool:
    """The stage that stands differs from the one wanted by what is gone only."""
    if old is None or not is_done(store, old) or stage.equation == "reduce":
        return False
    manifest = manifest_of(store, old)
    same = manifest["settings"] == [s.model_dump(mode="json") for s in stage.settings]
    if not same or manifest["versions"] != {type(s).__name__: s.version for s in stage.steps}:
        return False
    if stage.equation == "items":
        return True
    # Every Document that comes in ended there; what ended there and comes no more is gone.
    given = set(ids(store, context.previous or ""))
    ended = {*ids(store, old), *(row["id"] for row in rejected(store, old))}
    left = {name for name in ended - given if not gone.holds(name)}
    # What was split off a Document came of one that comes in.
    if not (given <= ended and all(name.rsplit("-", 1)[0] in given for name in left)):
        return False
    return _as_before(store, context.previous or "", gone)


def _as_before(store: Store, folder: str, gone: Gone) -> bool:
    """The Documents that come in are, word for word and in all that is said of them, those that came in before."""
    recipe, stage, batch = folder.split("stages/", 1)[-1].split("/")[:3]
    old = gone.before.get((recipe, batch, stage[:2]))
    if old is None:
        return False
    return old == folder or set(_digests(store, folder)) <= set(_digests(store, old))


def _digests(store: Store, folder: str) -> Iterator[bytes]:
    for row in documents(store, folder):
        yield hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS, default=str)).digest()


def copy(store: Store, stage: Stage, context: Context, old: str, gone: Gone, ranks: Mapping[str, int] | None) -> None:
    """The new stage's files are the old one's without what is gone; its manifest is still to come.

    `ranks`: which task each item is of now that there are fewer of them; None where tasks are as they were.
    """
    begin(store, context.folder)
    place = _Place(ranks)
    taken: Counter[tuple[str, str]] = Counter()
    for how, names in (("out", ids(store, old)), ("rejected", (row["id"] for row in rejected(store, old)))):
        taken.update((name.split("-", 1)[0], how) for name in names if gone.holds(name))
    for reason in store.names(f"{old}/rejected"):
        rows_of = ((place(number, row["id"]), row) for number, row in _rejected(store, old, reason))
        kept = ((rank, row) for rank, row in rows_of if not gone.holds(row["id"]))
        for rank, group in groupby(kept, key=itemgetter(0)):
            with closing(Rejected(store.path(context.folder))) as out:
                for _, row in group:
                    metadata = {**row["metadata"], "filter_reason": row["reason"]}
                    out.write(Document(text=row["text"], id=row["id"], metadata=metadata), rank)
    lines = _items(store, old, gone, taken, place)
    documents = _kept(store, old, gone, place)
    for rank, group in groupby(documents, key=itemgetter(0)):
        _write(store, stage, context, rank, (document for _, document in group), lines.pop(rank, []))
    for rank, left in sorted(lines.items()):
        _write(store, stage, context, rank, iter(()), left)
    _signatures(store, context, old, gone, place)


class _Place:
    """The task that a Document is of."""

    def __init__(self, ranks: Mapping[str, int] | None) -> None:
        self._ranks = ranks

    def __call__(self, number: int, name: str) -> int:
        """`number`: the task whose file it stood in."""
        return number if self._ranks is None else self._ranks.get(name.split("-", 1)[0], number)


def _write(
    store: Store, stage: Stage, context: Context, rank: int, documents: Iterator[Document], lines: list[dict[str, Any]]
) -> None:
    books = Items(context.folder)
    for line in lines:
        books.line(rank, line)
    out = Rejected(store.path(context.folder))
    for _ in Sink(store, context.folder, out, books, questioned=stage.questioned).run(documents, rank):
        pass


def _number(key: str) -> int:
    return int(key.rsplit("/", 1)[-1].split(".", maxsplit=1)[0])


def _rejected(store: Store, old: str, reason: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for name in store.names(f"{old}/rejected/{reason}"):
        for row in lines_of(store.read(f"{old}/rejected/{reason}/{name}") or b""):
            yield _number(name), row


def _items(
    store: Store, old: str, gone: Gone, taken: Counter[tuple[str, str]], place: _Place
) -> dict[int, list[dict[str, Any]]]:
    """How each item ended, by task; of an item that lost rows so many fewer."""
    found: dict[int, list[dict[str, Any]]] = {}
    for name in store.names(f"{old}/items"):
        for row in items(store, old, name.split(".")[0]):
            item = row["item_id"]
            if item not in gone.items:
                counts = {how: row[how] - taken[item, how] for how in ("out", "rejected")}
                found.setdefault(place(_number(name), item), []).append(row | counts)
    return found


def _kept(store: Store, old: str, gone: Gone, place: _Place) -> Iterator[tuple[int, Document]]:
    for key in data_files(store, old):
        for row in rows(store, key):
            if not gone.holds(row["doc_id"]):
                yield place(_number(key), row["doc_id"]), document_of(row)


def _signatures(store: Store, context: Context, old: str, gone: Gone, place: _Place) -> None:
    """Signatures stand in the order of the data: the same rows go."""
    found: dict[int, list[Any]] = {}
    for name in store.names(f"{old}/signatures"):
        array = np.asarray(loaded(store, f"{old}/signatures/{name}"))
        data = f"{old}/data/{name.split('.')[0]}.parquet"
        for at, row in enumerate(rows(store, data, ["doc_id"])):
            if not gone.holds(row["doc_id"]):
                found.setdefault(place(_number(name), row["doc_id"]), []).append(array[at])
    for rank, signatures in found.items():
        store.write(f"{context.folder}/signatures/{rank:05d}.npy", saved(np.stack(signatures)))
