"""Whether a text holds a question of an evaluation set: only hashes of the set are kept.

A question is looked for by its stem, its options, and both: runs of `n = min(10, max(5, words // 2))` folded words
of the stem (Brown et al. 2020, arXiv:2005.14165, appendix C, with n for short stems), a stem or the beginning of one
that fills a sentence, and options that stand together. Case, accents, line breaks and the options' order do not matter.
"""

from __future__ import annotations

import functools
import io
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from factory.words import I64, U64, Words, words_of

GRAM, PREFIX, OPTION, SMALL = range(4)
LONGEST = 10
SHORTEST = 3
# A question is there when this share of its stem's words stands there in runs.
MIN_SHARE = 0.5
# Runs that so many questions have in common belong to the form of exams, not to a question.
_COMMON = 8
# Words that carry meaning, at least: inside a sentence, and where a sentence begins as the stem does. A name of an
# illness stands inside many sentences, so there a short stem needs more of its words.
_MEANING, _MEANING_BEGUN, _SHARE_INSIDE = 4, 2, 0.7
# Options stand within so many words of each other and of their stem.
_NEAR = 250
_BITS = 22
_SEPARATORS = frozenset('.:;?!¿¡()[]«»"”“•·—–-*\n\t|')
_FORM = """
a al ante con contra cual cuales cuando de del desde donde el en entre es esta este estos la las lo los mas no o para
pero por que se segun ser si sin sobre son su sus tras un una uno y ya como siguientes siguiente respecto senale indique
respuesta correcta incorrecta falsa verdadera cierta afirmaciones afirmacion
the of and to in is are for with on an by from which following what that or be as at it
"""
# Function words, and those that every exam asks with: they tell no question from another.
_STOP = frozenset(words_of([_FORM]).hashes.tolist())


class Item(NamedTuple):
    """One question of an evaluation set, in clear: only a builder ever holds it."""

    id: str
    stem: str
    options: tuple[str, ...] = ()


class Hit(NamedTuple):
    """A question found in a text, from character `start` to `end`."""

    item: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Index:
    """The hashed questions of evaluation sets; entries of `grams` are sorted by (n, hash).

    Shapes: hash u64, n, kind u8, item u32, position u16 (of a run in the stem, or an option's number) are (grams,);
    stem words u16 and content u64 (a bit for each of the first 64 words that carries meaning) are (items,).
    """

    names: list[str]
    hash: U64
    n: npt.NDArray[np.uint8]
    kind: npt.NDArray[np.uint8]
    item: npt.NDArray[np.uint32]
    position: npt.NDArray[np.uint16]
    words: npt.NDArray[np.uint16]
    content: U64

    def save(self) -> bytes:
        """The index as an .npz file, the same bytes for the same questions."""
        out = io.BytesIO()
        names = np.frombuffer("\n".join(self.names).encode(), dtype=np.uint8)
        arrays = {k: getattr(self, k) for k in ("hash", "n", "kind", "item", "position", "words", "content")}
        np.savez(out, allow_pickle=False, names=names, **arrays)
        return out.getvalue()


def load(data: bytes) -> Index:
    """The index of an .npz file. Raises ValueError where it is none."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in arrays.files}
    names = found.pop("names").tobytes().decode()
    return Index(names=names.split("\n") if names else [], **found)


def joined(indexes: Iterable[Index]) -> Index:
    """Several indexes as one."""
    every = list(indexes)
    shifts = np.cumsum([0, *(len(one.names) for one in every)])
    parts = {
        name: np.concatenate([getattr(one, name) for one in every])
        for name in ("hash", "n", "kind", "position", "words", "content")
    }
    parts["item"] = np.concatenate([one.item + np.uint32(s) for one, s in zip(every, shifts, strict=False)])
    order = np.lexsort((parts["hash"], parts["n"]))
    for name in ("hash", "n", "kind", "position", "item"):
        parts[name] = parts[name][order]
    return Index(names=[name for one in every for name in one.names], **parts)


def build(items: Iterable[Item]) -> Index:
    """The index of questions. Short ones are found by their options too."""
    every = sorted(items)
    rows: list[tuple[int, int, int, int, int]] = []
    lengths = np.zeros(len(every), dtype=np.uint16)
    content = np.zeros(len(every), dtype=np.uint64)
    for number, item in enumerate(every):
        stem = words_of([item.stem]).hashes
        lengths[number] = min(len(stem), 0xFFFF)
        content[number] = sum(1 << at for at, word in enumerate(stem[:64].tolist()) if word not in _STOP)
        rows += [(n, value, kind, number, at) for n, value, kind, at in _of_stem(stem)]
        for option, text in enumerate(item.options):
            hashes = words_of([text]).hashes
            rows += [(n, value, OPTION, number, option) for n, value in _of_option(hashes)]
    seen = Counter((n, value, option) for n, value, option, _ in {(r[0], r[1], r[2] == OPTION, r[3]) for r in rows})
    rows = sorted(row for row in rows if seen[row[0], row[1], row[2] == OPTION] <= _COMMON)
    return Index(
        [item.id for item in every],
        np.array([row[1] for row in rows], dtype=np.uint64),
        np.array([row[0] for row in rows], dtype=np.uint8),
        np.array([row[2] for row in rows], dtype=np.uint8),
        np.array([row[3] for row in rows], dtype=np.uint32),
        np.array([min(row[4], 0xFFFF) for row in rows], dtype=np.uint16),
        lengths,
        content,
    )


def size_of_runs(words: int) -> int:
    """How many words of a stem of `words` words make a run."""
    return min(LONGEST, max(5, words // 2))


def _of_stem(stem: U64) -> Iterator[tuple[int, int, int, int]]:
    """(n, hash, kind, position) of what a stem is found by."""
    count = len(stem)
    n = size_of_runs(count)
    sums = dict(_runs(stem))
    if count >= 8:
        yield from ((n, value, GRAM, at) for at, value in enumerate(sums[n].tolist()))
    if count < 14:
        # The stem, or its first half or more, where it fills a sentence.
        for length in range(max(SHORTEST, count // 2), min(count, LONGEST) + 1):
            yield length, int(sums[length][0]), PREFIX, 0
    if 0 < count < SHORTEST:
        yield count, int(sums[count][0]), SMALL, 0


def _of_option(option: U64) -> Iterator[tuple[int, int]]:
    """(n, hash) of what an option is found by: all of its words, or every run of ten."""
    if len(option):
        sums = dict(_runs(option))
        n = min(LONGEST, len(option))
        yield from ((n, value) for value in sums[n].tolist())


@functools.cache
def _weights() -> list[np.uint64]:
    state, found = 0x9E3779B97F4A7C15, []
    for _ in range(LONGEST):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append(np.uint64(state | 1))
    return found


def _runs(hashes: U64) -> Iterator[tuple[int, U64]]:
    """For each n the hashes of every n words in a row, shape (words - n + 1,)."""
    total = np.zeros(len(hashes), dtype=np.uint64)
    for n, weight in enumerate(_weights(), 1):
        if n > len(hashes):
            return
        total = total[: len(hashes) - n + 1] + hashes[n - 1 :] * weight
        mixed = total ^ (total >> np.uint64(32))
        yield n, mixed


class Finder:
    """Looks for the questions of an index in texts."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._tables: dict[int, tuple[int, U64, npt.NDArray[np.bool_]]] = {}
        for n in range(1, LONGEST + 1):
            low, high = np.searchsorted(index.n, [n, n + 1])
            hashes = index.hash[low:high]
            filled = np.zeros(1 << _BITS, dtype=np.bool_)
            filled[hashes & np.uint64((1 << _BITS) - 1)] = True
            if len(hashes):
                self._tables[n] = (int(low), hashes, filled)

    def find(self, texts: list[str]) -> list[list[Hit]]:
        """The questions that stand in each text, in the order of their places."""
        words = words_of(texts)
        evidence: dict[int, dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for n, runs in _runs(words.hashes):
            if n >= SHORTEST and n in self._tables:
                places, entries = self._look_up(n, runs)
                owners = np.searchsorted(words.bounds, places, "right") - 1
                inside = places + n <= words.bounds[owners + 1]
                for text, place, entry in zip(
                    owners[inside].tolist(), places[inside].tolist(), entries[inside].tolist(), strict=True
                ):
                    evidence[text][int(self.index.item[entry])].append((place, entry))
        offsets = np.cumsum([0, *(len(t) + 1 for t in texts)])
        return [
            self._hits(texts[text], int(offsets[text]), words, text, evidence[text]) if text in evidence else []
            for text in range(len(texts))
        ]

    def _look_up(self, n: int, runs: U64) -> tuple[I64, I64]:
        """Places of runs that the index has, and the entries they are; one row each."""
        start, hashes, filled = self._tables[n]
        maybe = np.flatnonzero(filled[(runs & np.uint64((1 << _BITS) - 1)).astype(np.int64)])
        low = np.searchsorted(hashes, runs[maybe], "left")
        high = np.searchsorted(hashes, runs[maybe], "right")
        count = high - low
        places = np.repeat(maybe, count)
        within = np.arange(len(places)) - np.repeat(np.cumsum(count) - count, count)
        return places, np.repeat(low, count) + within + start

    def _hits(
        self, text: str, offset: int, words: Words, number: int, evidence: dict[int, list[tuple[int, int]]]
    ) -> list[Hit]:
        found: list[Hit] = []
        view = _Text(text, offset, words, int(words.bounds[number]), int(words.bounds[number + 1]))
        for item, seen in evidence.items():
            place = self._stem(view, item, seen) or self._options(view, item, seen)
            if place is not None:
                start, end = place
                found.append(Hit(self.index.names[item], view.character(start), view.character_after(end - 1)))
        return sorted(found, key=lambda hit: (hit.start, hit.end, hit.item))

    def _stem(self, view: _Text, item: int, seen: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The words of the stem: enough of it in runs, or a sentence that is the stem or its beginning."""
        index = self.index
        length, content = int(index.words[item]), int(index.content[item])
        by_shift: dict[int, set[int]] = defaultdict(set)
        for place, entry in seen:
            n, at = int(index.n[entry]), int(index.position[entry])
            if index.kind[entry] == PREFIX and n > SHORTEST and view.is_sentence(place, place + n):
                # A sentence that ends in an article or a preposition was cut.
                cut = n < length and not content >> (n - 1) & 1
                if (content & ((1 << n) - 1)).bit_count() + (n > 4) + cut >= _MEANING_BEGUN:
                    return place, place + n
            elif index.kind[entry] == GRAM:
                by_shift[(place - at) // 8].update(range(at, at + n))
        for shift, covered in by_shift.items():
            both = covered | by_shift.get(shift + 1, set())
            meaning = sum(1 for at in both if at >= 64 or content >> at & 1)
            if len(both) < MIN_SHARE * length or not meaning:
                continue
            runs = [(p, int(index.position[e])) for p, e in seen if index.kind[e] == GRAM]
            places = [(p, at) for p, at in runs if (p - at) // 8 - shift in (0, 1)]
            begun = any(at == 0 and view.begins(p) for p, at in places)
            if begun and meaning + 1 >= _MEANING_BEGUN:
                return min(places)[0], max(places)[0] + size_of_runs(length)
            if meaning >= _MEANING and (len(both) >= _SHARE_INSIDE * length or length >= 2 * LONGEST):
                return min(places)[0], max(places)[0] + size_of_runs(length)
        return None

    def _options(self, view: _Text, item: int, seen: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The words from the first option to the last: several long ones together, or fewer by their stem."""
        alone = len({(int(self.index.kind[e]), int(self.index.position[e])) for _, e in seen}) == 1
        if alone and self.index.kind[seen[0][1]] == OPTION and self.index.words[item] >= SHORTEST:
            return None
        first = min(place for place, _ in seen)
        low, high = max(view.low, first - _NEAR), min(view.high, first + 2 * _NEAR)
        stem, options = self._near(low, high, view.words.hashes, item)
        if len(options) < 2:
            return None
        total = sum(n for _, n in options.values())
        if (len(options) >= 2 and total >= 12) or (stem and total >= 4):
            places = [*options.values(), *stem]
            return min(p for p, _ in places), max(p + n for p, n in places)
        return None

    def _near(
        self, low: int, high: int, hashes: U64, item: int
    ) -> tuple[list[tuple[int, int]], dict[int, tuple[int, int]]]:
        """Everything of one item between two words, of any length: its stem's runs, and each option's first place."""
        index = self.index
        stem: list[tuple[int, int]] = []
        options: dict[int, tuple[int, int]] = {}
        for n, runs in _runs(hashes[low:high]):
            if n not in self._tables:
                continue
            places, entries = self._look_up(n, runs)
            for place, entry in zip(places.tolist(), entries.tolist(), strict=True):
                if index.item[entry] != item:
                    continue
                if index.kind[entry] == OPTION:
                    options.setdefault(int(index.position[entry]), (low + place, n))
                else:
                    stem.append((low + place, n))
        return stem, options


class _Text:
    """One text among several whose words stand in a row."""

    def __init__(self, text: str, offset: int, words: Words, low: int, high: int) -> None:
        self.text, self.offset, self.words = text, offset, words
        self.low, self.high = low, high

    def character(self, word: int) -> int:
        """Where a word begins in the text."""
        return int(self.words.starts[word]) - self.offset

    def character_after(self, word: int) -> int:
        """Where a word ends in the text."""
        return int(self.words.ends[word]) - self.offset

    def begins(self, word: int) -> bool:
        """The word begins a sentence, a line or a bracket."""
        before = self.text[self.character_after(word - 1) if word > self.low else 0 : self.character(word)]
        return word == self.low or bool(_SEPARATORS & set(before))

    def is_sentence(self, start: int, end: int) -> bool:
        """The words from `start` to `end` are a sentence, a line or a bracket, or one that was cut before a capital."""
        if not self.begins(start):
            return False
        return end == self.high or self.begins(end) or self.text[self.character(end)].isupper()
