"""Words and sentences of Spanish, as the gates compare them: folded, without function words, by their beginnings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from pathlib import Path

LEXICONS = Path(__file__).with_name("lexicons")
WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”»’)\]]*(?:\[[\d,;\s–-]+\])*(?=\s+[\"'“«‘(\[¿¡—–-]*[A-ZÁÉÍÓÚÑÜ0-9]|\s*$)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:dra?s?|sra?s?|prof|lic|st[oa]?|p\.\s?ej|ej|fig|figs|cap|págs?|pp?|vs|cf|aprox|máx|mín|núm"
    r"|nro|vol|art|vit"
    r"|ed|tel|av|ee|uu|spp?|var|subsp|al|etc|[A-ZÁÉÍÓÚÑ])$",
    re.IGNORECASE,
)
# A single letter is an initial, but not where it is a unit or tells things of one name apart: `2 g.`, `vitamina C.`
_NO_INITIAL = re.compile(
    r"\d\s?[a-zµ]$|\b(?i:vit\.|vitaminas?|hepatitis|gripe|influenza|grupos?|tipos?|virus|clases?|factor|serogrupos?"
    r"|prote[ií]na)(?: [A-Z],?)*(?: [yo])? [A-Z]$"
)


def lines(name: str) -> list[str]:
    """The lines of a lexicon, without comments and empty ones."""
    text = (LEXICONS / name).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def words_in(name: str) -> frozenset[str]:
    """The words of a lexicon, folded."""
    return frozenset(fold(word) for line in lines(name) for word in line.split())


@lru_cache(1 << 17)
def fold(word: str) -> str:
    """Lower case, without accents; ñ stays apart from n."""
    lower = word.lower()
    if lower.isascii():
        return lower
    plain = unicodedata.normalize("NFD", lower.replace("ñ", "\0"))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace("\0", "ñ")


@cache
def _stop() -> frozenset[str]:
    return words_in("stop.txt")


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return [fold(word) for word in WORD.findall(text)]


def is_content(word: str) -> bool:
    """A folded word says something by itself."""
    return len(word) > 2 and word not in _stop()


@lru_cache(512)
def content(text: str) -> tuple[str, ...]:
    """The folded words that say something, in order."""
    stop = _stop()
    return tuple(word for word in map(fold, WORD.findall(text)) if len(word) > 2 and word not in stop)


@lru_cache(512)
def heads_of(text: str) -> frozenset[str]:
    """The heads of what a text says."""
    return frozenset(heads(content(text)))


@lru_cache(1 << 17)
def head(word: str) -> str:
    """What a folded word is looked up by: its first four or five letters, so that inflections meet."""
    size = len(word)
    return word if size <= 4 else word[:4] if size <= 6 else word[:5]


@cache
def _synonyms() -> dict[str, frozenset[str]]:
    """The head of each word of a line of synonyms.txt, and the heads of the others."""
    found: dict[str, frozenset[str]] = {}
    for line in lines("synonyms.txt"):
        heads = frozenset(head(fold(word)) for word in line.split())
        for one in heads:
            found[one] = found.get(one, frozenset()) | heads
    return found


def heads(found: Iterable[str]) -> set[str]:
    """What folded words may be looked up by: they themselves and their first four and five letters."""
    every: set[str] = set()
    for word in found:
        every.update((word, word[:4], word[:5]))
        if len(word) <= 5 and word[-1:] == "s":
            every.add(word[:-1])
    return every


def supported(word: str, known: AbstractSet[str]) -> bool:
    """A folded word, a form of it or a synonym stands among the known heads."""
    own = head(word)
    if own in known or (len(word) <= 5 and word.endswith("s") and word[:-1] in known):
        return True
    return not known.isdisjoint(_synonyms().get(own, ()))


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Where each sentence of `text[start:end]` begins and ends; abbreviations and initials end none."""
    end = len(text) if end is None else end
    found: list[tuple[int, int]] = []
    at = start
    for stop in _SENTENCE_END.finditer(text, start, end):
        if text[stop.start()] == "." and _is_abbreviated(text, at, stop.start()):
            continue
        _add(found, text, at, stop.end())
        at = stop.end()
    _add(found, text, at, end)
    return found


def _is_abbreviated(text: str, at: int, stop: int) -> bool:
    """The stop ends an abbreviation or an initial, not a sentence."""
    found = _ABBREVIATION.search(text, max(at, stop - 8), stop)
    return found is not None and not (
        text[stop - 2 : stop - 1].isspace() and _NO_INITIAL.search(text, max(at, stop - 30), stop)
    )


def _add(found: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        found.append((start, end))


@lru_cache(512)
def sentence_texts(text: str) -> tuple[str, ...]:
    """The sentences of a text."""
    return tuple(text[start:end] for start, end in sentences(text))
