"""Words with times → sentences and paragraphs: by punctuation where there is some, else by pauses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Word(NamedTuple):
    """A word and the second it begins at; `timed` if that is its own and not its line's."""

    start: float
    text: str
    timed: bool


# Speech pauses: 0.25–0.5 s within clauses, longer between sentences (Goldman-Eisler 1968); measured between the
# beginnings of words, so a word's own length (0.3–0.5 s) is added.
PAUSE_SECONDS = 1.0
LONG_PAUSE_SECONDS = 2.0
SENTENCE_WORDS = (8, 40)
PARAGRAPH_WORDS = (60, 120)
_END = re.compile(r"[.!?…][\"'»”)]*$")
_ABBREVIATION = re.compile(
    r"^(?:(?i:dra?|sra?|srta|prof|ej|fig|pág|vs|aprox|máx|mín|núm)\.|(?:[A-ZÁÉÍÓÚÑ]\.)+)$"
)


def sentences(words: list[Word]) -> Iterator[tuple[list[Word], bool]]:
    """Each sentence, and whether it continues the paragraph of the one before."""
    length = pause = 0.0
    before: Word | None = None
    for group in _groups(words):
        pause = group[0].start - before.start if before else 0.0
        new = before is None or length >= PARAGRAPH_WORDS[1] or (length >= PARAGRAPH_WORDS[0] and pause >= PAUSE_SECONDS)
        new = new or (pause >= 2 * LONG_PAUSE_SECONDS and group[0].timed)
        length = len(group) if new else length + len(group)
        before = group[-1]
        yield group, not new


def _groups(words: list[Word]) -> Iterator[list[Word]]:
    ends = [i for i, w in enumerate(words) if _END.search(w.text) and not _ABBREVIATION.match(w.text)]
    punctuated = len(ends) * SENTENCE_WORDS[1] >= len(words)
    start = 0
    for i, _ in enumerate(words):
        last = i + 1 == len(words)
        if last or (_ends_at(words, i) if punctuated else _pauses_at(words, start, i)):
            yield from _halved(words[start : i + 1])
            start = i + 1


def _ends_at(words: list[Word], i: int) -> bool:
    if not _END.search(words[i].text) or _ABBREVIATION.match(words[i].text):
        return False
    following = words[i + 1].text.lstrip("¿¡\"'«“(-–—")
    return not following[:1].islower()


def _pauses_at(words: list[Word], start: int, i: int) -> bool:
    gap = words[i + 1].start - words[i].start
    count = i + 1 - start
    if not words[i + 1].timed and not words[i].timed:
        return gap > 0 and count >= SENTENCE_WORDS[0] * 2
    return gap >= (PAUSE_SECONDS if count >= SENTENCE_WORDS[0] else LONG_PAUSE_SECONDS)


def _halved(words: list[Word]) -> Iterator[list[Word]]:
    """A sentence longer than twice the most is cut at its longest pause, as often as needed."""
    most = 2 * SENTENCE_WORDS[1]
    while len(words) > most:
        window = range(SENTENCE_WORDS[1] // 2, most)
        cut = max(window, key=lambda k: (round(words[k].start - words[k - 1].start, 2), -abs(k - SENTENCE_WORDS[1])))
        yield words[:cut]
        words = words[cut:]
    yield words
