"""Whether one text repeats another: how much of it stands there, and whether every dose, unit and negation agrees.

Texts that share nearly every word may still differ in what matters: a leaflet with three changed doses keeps
94 % of its shingles. So the two are aligned word by word, and a difference in a measure, a unit, a comparison or a
negation means that neither repeats the other; so does a medical word in another's place, a word that turned into its
opposite, or a name changed throughout. Ages of patients, years, dates and page numbers do not count.
Source: Broder 1997, "On the resemblance and containment of documents", for containment and resemblance.
"""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import regex
from rapidfuzz.distance import Indel, LCSseq

from factory.dedup import measures
from factory.medical import is_medical

# A text is repeated when this share of its five-word shingles, or of its words in order, stands in the other. Among
# the texts of MEDDOCAN and E3C the least of 700 true pairs has 0.64 and the most alike of other pairs 0.26.
MIN_CONTAINMENT = 0.6
SHINGLE = 5
# Between two differences, fewer equal words than this are chance: the two are one difference.
_MIN_RUN = 4
# A difference is a changed sentence, and read word by word, where one side has up to this many words more, or where
# both are about as long; else words were added, which changes nothing that stands there.
_ADDED = 4
_LONG = 60
_ABOUT_AS_LONG = 0.75
# Beyond this many words a gap between two anchors is not aligned: it is another text.
_GAP = 4000

# Above this two words are spellings of one (`acude`, `acudió`).
_SPELLING = 0.7
# A text is compared with several others; the tokens of a book are not worth their ten bytes a character.
_REMEMBERED = 50_000
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
U64 = npt.NDArray[np.uint64]
_MARKS = regex.compile(r"\p{Mn}+")
_TOKEN = regex.compile(r"[°º]\s?[cfk]\b|\d+(?:[.,]\d+)*|[^\W\d_]+|[%‰<>≤≥±°]|\p{No}|(?<=\d)\s?[-–—/x×:]\s?(?=\d)")


class Difference(NamedTuple):
    """Words `first[a0:a1]` stand where the other text has `second[b0:b1]`."""

    a0: int
    a1: int
    b0: int
    b1: int


class Comparison(NamedTuple):
    """How two texts stand to each other; `containment` is the share of the first that stands in the second.

    `conflict` is the first difference in a measure, unit, comparison or negation, in words; None if there is none.
    """

    containment: float
    resemblance: float
    conflict: str | None

    @property
    def repeats(self) -> bool:
        """The first text repeats the second."""
        return self.containment >= MIN_CONTAINMENT and self.conflict is None


def fold(text: str) -> str:
    """Lower case without accents; ñ becomes n, µ the Greek letter."""
    return str(_MARKS.sub("", unicodedata.normalize("NFD", text.casefold())))


def tokens(text: str) -> tuple[str, ...]:
    """The words, numbers and signs of a text, folded; numbers that are written differently but equal are equal."""
    return tuple(map(measures.normal, _TOKEN.findall(fold(text))))


def places(text: str) -> tuple[tuple[str, ...], list[tuple[int, int]]]:
    """The tokens of a text, and where each stands in it: for showing a difference as it was written."""
    found = list(_TOKEN.finditer(text))
    return tuple(measures.normal(fold(m.group())) for m in found), [m.span() for m in found]


def _hashed(text: str) -> tuple[tuple[str, ...], U64]:
    """The tokens of a text and the hash of every five of them in a row; of all where it has fewer."""
    return _remembered(text) if len(text) < _REMEMBERED else _hashed_anew(text)


def _hashed_anew(text: str) -> tuple[tuple[str, ...], U64]:
    words = tokens(text)
    return words, shingles(words)


_remembered = lru_cache(maxsize=256)(_hashed_anew)


def shingles(words: tuple[str, ...]) -> U64:
    """The hash of every five words in a row, by place; of all words where there are fewer."""
    each = np.fromiter(map(hash, words), dtype=np.int64, count=len(words)).view(np.uint64)
    size = min(SHINGLE, len(words))
    found = np.zeros(max(1, len(words) - SHINGLE + 1), dtype=np.uint64)
    for offset in range(size):
        found = found * _FACTOR + each[offset : offset + len(found)]
    return found ^ (found >> np.uint64(31))


def compare(text: str, kept: str) -> Comparison:
    """How much of `text` stands in `kept`, and the first difference that matters."""
    (first, ours), (second, theirs) = _hashed(text), _hashed(kept)
    a, b = np.unique(ours), np.unique(theirs)
    common = len(np.intersect1d(a, b, assume_unique=True))
    resemblance = common / (len(a) + len(b) - common)
    containment = common / len(a)
    if common / min(len(a), len(b)) < 0.25:
        return Comparison(containment, resemblance, None)
    differences = align(first, second)
    if containment < MIN_CONTAINMENT:
        equal = len(first) - sum(d.a1 - d.a0 for d in differences)
        containment = equal / max(1, len(first))
    return Comparison(containment, resemblance, conflict(first, second, differences))


def align(first: tuple[str, ...], second: tuple[str, ...]) -> list[Difference]:
    """Every place where two texts differ, in order: anchored on shingles that each has once, then word by word."""
    found: list[Difference] = []
    a = b = 0
    for i, j in _anchors(first, second):
        if i < a or j < b:
            if i - a == j - b and i + SHINGLE > a:
                a, b = i + SHINGLE, j + SHINGLE
            continue
        found += _gap(first, second, Difference(a, i, b, j))
        a, b = i + SHINGLE, j + SHINGLE
    found += _gap(first, second, Difference(a, len(first), b, len(second)))
    return _merged(found)


def _gap(first: tuple[str, ...], second: tuple[str, ...], gap: Difference) -> Iterable[Difference]:
    a0, a1, b0, b1 = gap
    if a0 == a1 and b0 == b1:
        return
    if a0 == a1 or b0 == b1 or max(a1 - a0, b1 - b0) > _GAP:
        yield gap
        return
    for op in LCSseq.opcodes(first[a0:a1], second[b0:b1]):
        if op.tag != "equal":
            yield Difference(a0 + op.src_start, a0 + op.src_end, b0 + op.dest_start, b0 + op.dest_end)


def _merged(found: list[Difference]) -> list[Difference]:
    merged: list[Difference] = []
    for d in found:
        if merged and d.a0 - merged[-1].a1 < _MIN_RUN:
            merged[-1] = Difference(merged[-1].a0, d.a1, merged[-1].b0, d.b1)
        else:
            merged.append(d)
    return merged


def _anchors(first: tuple[str, ...], second: tuple[str, ...]) -> list[tuple[int, int]]:
    """Shingles that each text has once, in an order that both have: the longest increasing run (patience)."""
    if min(len(first), len(second)) < SHINGLE:
        return []
    (ours, here), (theirs, there) = _once(first), _once(second)
    _, mine, yours = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    order = np.argsort(here[mine])
    pairs = list(zip(here[mine][order].tolist(), there[yours][order].tolist(), strict=True))
    tails: list[int] = []
    ends: list[int] = []
    before = [-1] * len(pairs)
    for at, (_, j) in enumerate(pairs):
        k = bisect.bisect_left(tails, j)
        tails[k : k + 1] = [j]
        ends[k : k + 1] = [at]
        before[at] = ends[k - 1] if k else -1
    found: list[tuple[int, int]] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = before[at]
    return found[::-1]


def _once(words: tuple[str, ...]) -> tuple[U64, npt.NDArray[np.intp]]:
    """The shingles that a text has once, sorted by their hash, and where each stands."""
    found, place, count = np.unique(shingles(words), return_index=True, return_counts=True)
    return found[count == 1], place[count == 1]


def conflict(first: tuple[str, ...], second: tuple[str, ...], differences: list[Difference]) -> str | None:
    """The first difference that changes what a text says of measures or turns it round, in words.

    Words that only the second has take nothing from the first, unless they negate it or are part of a unit; where a
    few words stand for as many, both sides must say the same.
    """
    renamed: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for d in differences:
        ours, theirs = first[d.a0 : d.a1], second[d.b0 : d.b1]
        if any(_another_thing(a, b, renamed) for a, b in _replaced(ours, theirs)):
            return f"{_shown(first, d.a0, d.a1)} ≠ {_shown(second, d.b0, d.b1)}"
        long, short = max(len(ours), len(theirs)), min(len(ours), len(theirs))
        if long > _LONG or (long - short > _ADDED and short < _ABOUT_AS_LONG * long):
            continue
        mine, other = measures.critical(first, d.a0, d.a1), measures.critical(second, d.b0, d.b1)
        replaced = short > 0 and long <= _ADDED and long - short <= 1
        if replaced or (not ours and measures.qualifies(second, d.b0)):
            measured = mine != other
        else:
            measured = any(word not in measures.ARTICLES for word, _ in mine - other)
        if measured or (_one_sentence(ours, theirs) and measures.turned(ours, theirs)):
            return f"{_shown(first, d.a0, d.a1)} ≠ {_shown(second, d.b0, d.b1)}"
    lost = measures.facts(first) - measures.facts(second)
    if lost:
        return "only here: " + ", ".join(" ".join(fact) for fact in sorted(lost)[:3])
    return None


def _replaced(ours: tuple[str, ...], theirs: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Which words of a difference stand for which."""
    if max(len(ours), len(theirs)) > _LONG:
        return
    i = j = 0
    for op in [*LCSseq.opcodes(ours, theirs), None]:
        if op is None or op.tag == "equal":
            ends = (op.src_start, op.dest_start) if op else (len(ours), len(theirs))
            yield ours[i : ends[0]], theirs[j : ends[1]]
            i, j = (op.src_end, op.dest_end) if op else ends


def _another_thing(
    ours: tuple[str, ...], theirs: tuple[str, ...], renamed: set[tuple[tuple[str, ...], tuple[str, ...]]]
) -> bool:
    """One or two words stand for others: a medical word for another, a word for its opposite, or twice the same."""
    if not (0 < len(ours) <= 2 and 0 < len(theirs) <= 2):
        return False
    left, right = ([w for w in side if len(w) > 3 and w.isalpha()] for side in (ours, theirs))
    if any(measures.opposed(a, b) for a in left for b in right):
        return True
    bare = [[w.removeprefix("anti") for w in side] for side in (left, right)]
    if not left or not right or any(Indel.normalized_similarity(a, b) > _SPELLING for a in bare[0] for b in bare[1]):
        return False
    if any(map(is_medical, left)) and any(map(is_medical, right)):
        return True
    again = (ours, theirs) in renamed
    renamed.add((ours, theirs))
    return again


def _one_sentence(ours: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """The two sides are one sentence said in two ways, not two sentences."""
    long = max(len(ours), len(theirs))
    return long <= _ADDED or LCSseq.similarity(ours, theirs) >= long / 2


def _shown(words: tuple[str, ...], start: int, end: int) -> str:
    inside = " ".join(words[start:end]) or "∅"
    return " ".join([*words[max(0, start - 3) : start], f"[{inside}]", *words[end : end + 3]])
