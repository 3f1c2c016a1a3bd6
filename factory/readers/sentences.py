"""Words with times → sentences and paragraphs: by punctuation where there is some, else by pauses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Word(NamedTuple):
    """A word and the second it begins at; `timed` if its line gives its words times of their own."""

    start: float
    text: str
    timed: bool


# Speech pauses: 0.25–0.5 s within clauses, longer between sentences (Goldman-Eisler 1968); measured between the
# beginnings of words, so a word's own length (0.3–0.5 s) is added.
PAUSE_SECONDS = 1.0
LONG_PAUSE_SECONDS = 2.0
# A silence this long separates subjects: paragraphs end there however short they are.
SILENCE_SECONDS = 4.0
# Spoken Spanish has 15–40 words between full stops, some 60–120 between changes of subject.
SENTENCE_WORDS = (15, 40)
PARAGRAPH_WORDS = (60, 120)
_END = re.compile(r"[.!?…][\"'»”’)\]]*$")
_OPENING = "¿¡\"'«“‘([-–—"
_ABBREVIATION = re.compile(
    r"(?:dra?s?|sra?s?|srta|d|dña|prof|profa|lic|ing|st[oa]|ej|fig|cap|págs?|pp?|vs|cf|aprox|máx|mín|núm|nro|tel|av|ee|uu)\.",
    re.IGNORECASE,
)
_INITIAL = re.compile(r"(?:[A-ZÁÉÍÓÚÑ]\.)+")
_NUMBERED = re.compile(r"(?:no|n|art|vol|ed|op)\.", re.IGNORECASE)


def sentences(words: list[Word]) -> Iterator[tuple[list[Word], bool]]:
    """Each sentence, and whether it continues the paragraph of the one before. Every word is in one, in order."""
    length = 0
    before: Word | None = None
    for group in _groups(words):
        new = before is None or _breaks(length, len(group), before, group[0])
        length = len(group) if new else length + len(group)
        before = group[-1]
        yield group, not new


def _breaks(length: int, more: int, before: Word, first: Word) -> bool:
    """A paragraph ends at a silence, at a pause once it is long enough, and before it is too long."""
    pause = first.start - before.start
    least, most = PARAGRAPH_WORDS
    if first.timed and before.timed and pause >= SILENCE_SECONDS:
        return True
    return length + more > most if length < least else pause >= PAUSE_SECONDS or length + more > most


def _groups(words: list[Word]) -> Iterator[list[Word]]:
    ends = {i for i in range(len(words)) if _ends_at(words, i)}
    punctuated = len(ends) * SENTENCE_WORDS[1] >= len(words)
    start = 0
    for i in range(len(words)):
        if i in ends or (not punctuated and _pauses_at(words, start, i)):
            yield from _cut(words[start : i + 1], 2 * SENTENCE_WORDS[1] if punctuated else SENTENCE_WORDS[1])
            start = i + 1
    if start < len(words):
        yield from _cut(words[start:], 2 * SENTENCE_WORDS[1] if punctuated else SENTENCE_WORDS[1])


def _ends_at(words: list[Word], i: int) -> bool:
    text = words[i].text.lstrip(_OPENING)
    if not _END.search(text):
        return False
    if i + 1 == len(words):
        return True
    following = words[i + 1].text.lstrip(_OPENING)[:1]
    if following.islower() or _ABBREVIATION.fullmatch(text) or _INITIAL.fullmatch(text):
        return False
    return not (following.isdigit() and _NUMBERED.fullmatch(text))


def _pauses_at(words: list[Word], start: int, i: int) -> bool:
    if i + 1 == len(words):
        return False
    gap = words[i + 1].start - words[i].start
    count = i + 1 - start
    if not words[i + 1].timed and not words[i].timed:
        return gap > 0 and count >= SENTENCE_WORDS[0]
    return gap >= (PAUSE_SECONDS if count >= SENTENCE_WORDS[0] else LONG_PAUSE_SECONDS)


def _cut(words: list[Word], most: int) -> Iterator[list[Word]]:
    """Pieces of at most `most` words, cut at the longest pause that leaves both sides long enough."""
    least = SENTENCE_WORDS[0]
    while len(words) > most:
        window = range(least, max(least + 1, min(most, len(words) - least) + 1))
        at = max(window, key=lambda k: (round(words[k].start - words[k - 1].start, 2), k))
        yield words[:at]
        words = words[at:]
    yield words
