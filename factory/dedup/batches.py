"""What a batch's Documents repeat, among themselves and of earlier batches: exact copies first, then near ones."""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from factory.books import documents, picked, rows_with
from factory.dedup import index
from factory.dedup.across import Version, translated
from factory.dedup.clusters import Rows, decide
from factory.dedup.compare import Comparison, compare
from factory.dedup.signatures import U32
from factory.licence import refused
from factory.stage import Context
from factory.store import Store

# Book before article before transcript (clean.md): the more a text was edited, the better the copy.
_RANK_OF_KIND = {"pdf": 0, "epub": 0, "jats": 1, "article": 1, "text": 2, "dataset": 3, "youtube": 4}
_COLUMNS = [
    "doc_id", "work_id", "content_sha256", "licence", "source_type", "reviewed_by", "source_kind", "personal", "split",
    "language", "title", "parallel_titles",
]  # fmt: skip
# Copies of one work that are compared whatever their signatures say: a book has no more editions here.
_EDITIONS = 64
_WORKS = ("doi:", "isbn:")

# A Document's place: its batch (earlier ones by their place in the list, this one last) and its row in the data.
Place = tuple[int, int]


def body(text: str, spans: Iterable[Mapping[str, Any]]) -> str:
    """What two copies of a text have in common: its paragraphs without menus and reference lists."""
    parts = [text[s["start"] : s["end"]] for s in spans if s["role"] not in ("boilerplate", "reference")]
    return "\n".join(parts) or text


class Copy(NamedTuple):
    """One copy of a text; the smallest is the one that stays."""

    unpublishable: bool
    personal: int
    kind: int
    length: int
    doc_id: str


class Fact(NamedTuple):
    """What is known of a Document before its text is compared; `work` only where it is more than the Document's own."""

    copy: Copy
    content: str
    work: str
    split: str
    language: str


def fact_of(row: Mapping[str, Any]) -> Fact:
    """How a Document stands among its copies: publishable first, fewer persons, by kind, the longest, then by id."""
    personal = sum(dict(row["personal"] or []).values())
    kind = _RANK_OF_KIND[row["source_kind"]]
    copy = Copy(refused(row) is not None, personal, kind, -len(row.get("text") or ""), row["doc_id"])
    work = row["work_id"] if row["work_id"].startswith(_WORKS) else ""
    language = sys.intern(row["language"] or "und")
    return Fact(copy, row["content_sha256"], work, sys.intern(row["split"]), language)


def version_of(row: Mapping[str, Any]) -> Version:
    """What tells a Document's translations."""
    titles = tuple(title for title in (row["title"], *(row["parallel_titles"] or ())) if title)
    return Version(row["doc_id"], row["language"] or "und", row["work_id"], titles)


@dataclass(slots=True)
class Decided:
    """`dropped`: row → why, as metadata; `split`: row → the split of its group; `apart`: pairs kept apart;
    `superseded`: copies of earlier batches that stand in a better one of this.
    """

    signatures: U32
    dropped: dict[int, dict[str, Any]] = field(default_factory=dict)
    split: dict[int, str] = field(default_factory=dict)
    apart: list[dict[str, Any]] = field(default_factory=list)
    superseded: list[dict[str, Any]] = field(default_factory=list)


class Spool:
    """Texts by number in a temporary file, so that a million candidates need no memory."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="factory-dedup-")  # noqa: SIM115 - closed on exit
        self._places: dict[int, tuple[int, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, number: int, text: str) -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._places[number] = (self._file.seek(0, 2), len(data))
        self._file.write(data)

    def get(self, number: int) -> str:
        at, size = self._places[number]
        self._file.seek(at)
        return self._file.read(size).decode("utf-8", "surrogatepass")

    def compare(self, number: int, other: int) -> Comparison:
        return compare(self.get(number), self.get(other))


def decided(store: Store, context: Context) -> Decided:
    """What to do with every Document of the stage before."""
    previous = context.previous or ""
    found = Decided(index.signatures_of_stage(store, previous))
    facts = [fact_of(row) for row in documents(store, previous, [*_COLUMNS, "text"])]
    if len(facts) != len(found.signatures):
        raise AssertionError(f"{previous}: signatures and documents differ in number")
    earlier = _Earlier(store, context.earlier)
    same = _same_characters(facts, earlier.with_content({fact.content for fact in facts}))
    for row, kept in _translations(store, previous, facts, earlier).items():
        if row not in same:
            why = {"filter_reason": "translated_already", "duplicate_of": kept, "containment": 0.0}
            found.dropped[row] = why
    alone = sorted(
        (row for row in range(len(facts)) if row not in same and row not in found.dropped),
        key=lambda row: facts[row].copy,
    )
    near = _Near(store, context, facts, alone, earlier)
    near.decide(found)
    homes = {facts[row].copy.doc_id: why["duplicate_of"] for row, why in found.dropped.items()}
    for row, kept in same.items():
        home = homes.get(kept, kept)
        found.dropped[row] = {"filter_reason": "exact_duplicate", "duplicate_of": home, "containment": 1.0}
    return found


def _same_characters(facts: list[Fact], before: dict[str, Copy]) -> dict[int, str]:
    """Each row that has the same characters as a better copy, and that copy's id."""
    best: dict[str, Copy] = {}
    for fact in facts:
        best[fact.content] = min(best.get(fact.content, fact.copy), fact.copy)
    found: dict[int, str] = {}
    for row, fact in enumerate(facts):
        kept, old = best[fact.content], before.get(fact.content)
        if old is not None and old.unpublishable <= kept.unpublishable:
            kept = old
        if kept is not fact.copy:
            found[row] = kept.doc_id
    return found


def _translations(store: Store, folder: str, facts: list[Fact], earlier: _Earlier) -> dict[int, str]:
    """Each row in another language of a work that is here, or in an earlier batch, in Spanish."""
    if {fact.language for fact in facts} == {"es"}:
        return {}
    homes = translated([*map(version_of, documents(store, folder, _COLUMNS)), *earlier.versions()])
    return {row: homes[fact.copy.doc_id] for row, fact in enumerate(facts) if fact.copy.doc_id in homes}


class _Earlier:
    """What earlier batches kept."""

    def __init__(self, store: Store, folders: tuple[str, ...]) -> None:
        self._store = store
        self.folders = folders

    def with_content(self, wanted: set[str]) -> dict[str, Copy]:
        """The best earlier copy of each content that is wanted."""
        found: dict[str, Copy] = {}
        for folder in self.folders:
            here = rows_with(self._store, folder, "content_sha256", wanted)
            for _, row in picked(self._store, folder, here, _COLUMNS):
                fact = fact_of(row)
                found[fact.content] = min(found.get(fact.content, fact.copy), fact.copy)
        return found

    def versions(self) -> Iterator[Version]:
        """Every work in its languages."""
        for folder in self.folders:
            yield from map(version_of, documents(self._store, folder, _COLUMNS))

    def of_works(self, wanted: set[str]) -> dict[str, list[Place]]:
        """Where earlier copies of works are."""
        found: dict[str, list[Place]] = defaultdict(list)
        for number, folder in enumerate(self.folders) if wanted else ():
            here = rows_with(self._store, folder, "work_id", wanted)
            for at, row in picked(self._store, folder, here, ["work_id"]):
                found[row["work_id"]].append((number, at))
        return found

    def facts(self, places: Iterable[Place]) -> dict[Place, tuple[Fact, str]]:
        """The facts and bodies of Documents by their place."""
        wanted: dict[int, set[int]] = defaultdict(set)
        for number, at in places:
            wanted[number].add(at)
        found: dict[Place, tuple[Fact, str]] = {}
        for number, rows in wanted.items():
            for at, row in picked(self._store, self.folders[number], rows, [*_COLUMNS, "text", "spans"]):
                found[number, at] = (fact_of(row), body(row["text"], row["spans"]))
        return found


class _Near:
    """Near duplicates among the rows `alone`, in the order of priority, and of what earlier batches kept.

    Numbers: earlier Documents that may matter come first, then this batch's in the order of priority.
    """

    def __init__(self, store: Store, context: Context, facts: list[Fact], alone: list[int], earlier: _Earlier) -> None:
        self._store, self._context = store, context
        self._facts, self._alone, self._old = facts, alone, earlier
        self._before: list[tuple[Fact, str]] = []

    def decide(self, found: Decided) -> None:
        """Fills in what is dropped, the splits, and what was kept apart."""
        near = self._pairs(index.ordered(found.signatures, np.array(self._alone, dtype=np.int64)))
        shift = len(self._before)
        order = range(shift, shift + len(self._alone))
        with Spool() as spool:
            self._fill(spool, {number for pair in near.items() for number in (pair[0], *pair[1])})
            rows = Rows(order, near, frozenset(range(shift)), self._yields, self._barred)
            decision = decide(rows, spool.compare)
        for number in order:
            row = self._alone[number - shift]
            if number in decision.dropped:
                home, how = decision.dropped[number]
                found.dropped[row] = {
                    "filter_reason": "near_duplicate",
                    "duplicate_of": self._fact(home).copy.doc_id,
                    "containment": round(how.containment, 4),
                }
            elif (group := decision.group(number)) != number:
                found.split[row] = self._fact(group).split
        for number, (better, how) in sorted(decision.superseded.items()):
            names = {"doc_id": self._fact(number).copy.doc_id, "superseded_by": self._fact(better).copy.doc_id}
            found.superseded.append(names | {"containment": round(how.containment, 4)})
        for number, other, how in decision.apart:
            pair = {"doc_id": self._fact(number).copy.doc_id, "other": self._fact(other).copy.doc_id}
            found.apart.append(pair | {"containment": round(how.containment, 4), "differs": how.conflict})

    def _fact(self, number: int) -> Fact:
        shift = len(self._before)
        return self._before[number][0] if number < shift else self._facts[self._alone[number - shift]]

    def _yields(self, number: int, other: int) -> bool:
        """A kept copy that stands in another makes way for one that may be published, or for a longer one as good."""
        mine, new = self._fact(number).copy, self._fact(other).copy
        if mine.unpublishable != new.unpublishable:
            return mine.unpublishable
        return new.length < mine.length

    def _barred(self, number: int, other: int) -> bool:
        """A copy that may not be published never drops one that may."""
        return self._fact(number).copy.unpublishable > self._fact(other).copy.unpublishable

    def _pairs(self, signatures: U32) -> dict[int, list[int]]:
        """For each number of this batch the smaller numbers that may be near."""
        old: dict[int, set[Place]] = defaultdict(set)
        for number, folder in enumerate(self._old.folders):
            if self._store.has(f"{folder}/{index.FOLDER}/hashes.npy"):
                for ours, theirs in index.by_row(index.pairs_with(self._store, folder, signatures)):
                    old[ours].update((number, at) for at in theirs)
        works: dict[str, list[int]] = defaultdict(list)
        for rank, row in enumerate(self._alone):
            if self._facts[row].work:
                works[self._facts[row].work].append(rank)
        for work, places in self._old.of_works(set(works)).items():
            for rank in works[work]:
                old[rank].update(places[:_EDITIONS])
        return self._numbered(old, self._within(signatures, works))

    def _within(self, signatures: U32, works: dict[str, list[int]]) -> dict[int, set[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for rank, better in index.by_row(index.pairs_within(signatures, np.arange(len(signatures)))):
            found[rank].update(better)
        for ranks in works.values():
            for at, rank in enumerate(ranks):
                found[rank].update(ranks[: min(at, _EDITIONS)])
        return found

    def _numbered(self, old: dict[int, set[Place]], within: dict[int, set[int]]) -> dict[int, list[int]]:
        places = sorted({place for found in old.values() for place in found})
        facts = self._old.facts(places)
        self._before = [facts[place] for place in places]
        number = {place: at for at, place in enumerate(places)}
        shift = len(places)
        near: dict[int, list[int]] = {}
        for rank in sorted(old.keys() | within.keys()):
            ours = [shift + other for other in within.get(rank, ())]
            near[shift + rank] = sorted([*(number[place] for place in old.get(rank, ())), *ours])
        return near

    def _fill(self, spool: Spool, wanted: set[int]) -> None:
        shift = len(self._before)
        for number, (_, text) in enumerate(self._before):
            spool.put(number, text)
        rows = {self._alone[number - shift]: number for number in wanted if number >= shift}
        for row, found in picked(self._store, self._context.previous or "", set(rows), ["text", "spans"]):
            spool.put(rows[row], body(found["text"], found["spans"]))
