"""Which copy of each cluster stays: every dropped text repeats the very text it is dropped for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from factory.dedup import index
from factory.dedup.compare import MIN_CONTAINMENT, Comparison, compare
from factory.dedup.signatures import WIDTH, signatures_of

Compare = Callable[[int, int], Comparison]


class Apart(NamedTuple):
    """Two texts that repeat each other but for a difference that matters."""

    row: int
    other: int
    comparison: Comparison


@dataclass(slots=True)
class Decision:
    """`dropped`: row → the row it repeats, and how; `superseded`: frozen row → its better; `apart`: kept apart."""

    dropped: dict[int, tuple[int, Comparison]] = field(default_factory=dict)
    superseded: dict[int, tuple[int, Comparison]] = field(default_factory=dict)
    apart: list[Apart] = field(default_factory=list)
    _parent: dict[int, int] = field(default_factory=dict)

    def together(self, row: int, other: int) -> None:
        """The two rows are in one group."""
        a, b = self.group(row), self.group(other)
        if a != b:
            self._parent[max(a, b)] = min(a, b)

    def group(self, row: int) -> int:
        """The row that stands for the group of a row: the smallest."""
        while (up := self._parent.get(row, row)) != row:
            row = up
        return row


class Rows(NamedTuple):
    """What is decided on: rows in the order of their priority, each with the rows that may resemble it.

    `frozen` rows were kept by an earlier batch; `yields(row, other)`: a kept `row` that `other` holds makes way for it;
    `barred(row, other)`: `row` may not drop `other`, which may be published while it may not.
    """

    order: Sequence[int]
    near: Mapping[int, Iterable[int]]
    frozen: frozenset[int]
    yields: Callable[[int, int], bool]
    barred: Callable[[int, int], bool]


def decide(rows: Rows, compared: Compare) -> Decision:
    """Rows in the order of priority: each is dropped for the first kept one that it repeats, else it is kept.

    A kept row that stands whole in a longer one makes way for it, and what was dropped for it is looked at again;
    a frozen one is named as superseded.
    """
    found = Decision()
    kept: set[int] = set(rows.frozen)
    followers: dict[int, list[int]] = {}
    # A row whose home made way → the row that it made way for.
    heirs: dict[int, tuple[int]] = {}
    waiting = deque(rows.order)
    while waiting:
        row = waiting.popleft()
        candidates = [other for other in (*rows.near.get(row, ()), *heirs.pop(row, ())) if other in kept]
        seen = [(other, compared(row, other)) for other in candidates]
        home = next(((other, how) for other, how in seen if how.repeats and not rows.barred(other, row)), None)
        if home is not None:
            found.dropped[row] = home
            followers.setdefault(home[0], []).append(row)
            continue
        kept.add(row)
        for other, how in seen:
            back = compared(other, row)
            if max(how.containment, back.containment) >= MIN_CONTAINMENT:
                found.together(row, other)
            if back.repeats and rows.yields(other, row) and other in rows.frozen:
                found.superseded[other] = (row, back)
            elif back.repeats and rows.yields(other, row):
                kept.discard(other)
                found.dropped[other] = (row, back)
                followers.setdefault(row, []).append(other)
                again = followers.pop(other, [])
                for one in again:
                    del found.dropped[one]
                    heirs[one] = (row,)
                waiting.extend(again)
            elif how.conflict and max(how.containment, back.containment) >= MIN_CONTAINMENT:
                found.apart.append(Apart(row, other, how))
    found.apart = [a for a in found.apart if a.row in kept and a.other in kept]
    return found


def _never(_row: int, _other: int) -> bool:
    return False


def near_duplicates(texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The clusters of texts that repeat each other, each with the one that stays (the longest) first.

    Two texts that differ in a dose, a unit or a negation are never in one cluster because of each other.
    """
    names = sorted(texts, key=lambda name: (-len(texts[name]), name))
    bodies = [texts[name] for name in names]
    parts = [signatures_of(bodies[at : at + 32]) for at in range(0, len(bodies), 32)]
    signatures = np.concatenate(parts) if parts else np.empty((0, WIDTH), dtype=np.uint32)
    pairs = index.pairs_within(signatures, np.arange(len(names)))
    rows = Rows(range(len(names)), dict(index.by_row(pairs)), frozenset(), _never, _never)
    found = decide(rows, lambda row, other: compare(bodies[row], bodies[other]))
    clusters: dict[int, list[int]] = {}
    for row, (home, _) in sorted(found.dropped.items()):
        clusters.setdefault(home, [home]).append(row)
    return [tuple(names[i] for i in members) for _, members in sorted(clusters.items())]
