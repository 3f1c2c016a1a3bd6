"""Personal data replaced by typed placeholders, the same one for the same value throughout a document."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from factory.personal.dates import ages, dates
from factory.personal.fields import fields, labelled
from factory.personal.names import hospitals, origins, places, streets, titled
from factory.personal.numbers import Found, checked_ids, phones
from factory.personal.people import people
from factory.personal.web import emails, links
from factory.personal.words import GIVEN

__all__ = ["PROFILES", "Found", "Mark", "Scrubbed", "Scrubber", "find", "scrub"]

PROFILES = ("clinical", "article", "book", "web", "transcript", "qa")
_PLACEHOLDER = re.compile(r"\[([A-Z]{2,12})_(\d{1,6})\]")


class Mark(NamedTuple):
    """What was replaced: `start` and `end` in the original text."""

    type: str
    start: int
    end: int
    placeholder: str


class Scrubbed(NamedTuple):
    """A text without personal data, and what was found in the original."""

    text: str
    found: list[Mark]


def find(text: str, profile: str) -> list[Found]:
    """Personal data of `text` in order, without overlaps, by the rules of the profile. Raises ValueError for others."""
    if profile not in PROFILES:
        msg = f"no profile {profile!r}; known: {', '.join(PROFILES)}"
        raise ValueError(msg)
    clinical = profile == "clinical"
    found = [*_anywhere(text, clinical=clinical)]
    if clinical:
        found += _clinical(text)
        found += _again(text, found)
    found += _beside(text, found)
    return _apart(text, found)


def _beside(text: str, found: list[Found]) -> list[Found]:
    """Phones that stand beside another number: once that is a placeholder, they would be found."""
    numbers = [f for f in found if f.type in ("ID", "CUENTA", "TARJETA", "FECHA")]
    if not numbers:
        return []
    masked = list(text)
    for f in numbers:
        masked[f.start : f.end] = "[" + "_" * (f.end - f.start - 2) + "]" * (f.end - f.start > 1)
    return [*phones("".join(masked))]


def _anywhere(text: str, *, clinical: bool) -> Iterator[Found]:
    # What a label names comes first: of two finds of one length the first decides the type.
    yield from fields(text, clinical=clinical)
    yield from labelled(text, clinical=clinical)
    yield from emails(text)
    yield from links(text, every=clinical)
    yield from phones(text)
    yield from checked_ids(text)


def _clinical(text: str) -> Iterator[Found]:
    yield from dates(text)
    yield from ages(text)
    yield from titled(text)
    yield from people(text)
    yield from hospitals(text)
    yield from streets(text)
    yield from origins(text)
    yield from places(text)


def _again(text: str, found: Iterable[Found]) -> Iterator[Found]:
    """A name seen once is found wherever it stands; of a patient's own, the given name too."""
    values = {text[f.start : f.end].strip() for f in found if f.type == "NOMBRE"}
    for value in values:
        words = value.split()
        known = {value} if len(words) > 1 else set()
        known |= {w for w in words[:1] if len(w) > 3 and w[:1].isupper() and (len(words) == 1 or w.lower() in GIVEN)}
        for name in known:
            at = text.find(name)
            while at >= 0:
                end = at + len(name)
                if not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
                    yield Found(at, end, "NOMBRE")
                at = text.find(name, end)


def _apart(text: str, found: Iterable[Found]) -> list[Found]:
    """Sorted, without overlaps: two that overlap are one of the longer's type; placeholders are left alone."""
    kept: list[Found] = []
    # How long the find was that gave the last one its type.
    length = 0
    for f in sorted(_off_placeholders(text, found), key=lambda f: (f.start, -f.end)):
        if not kept or f.start >= kept[-1].end:
            kept.append(f)
            length = f.end - f.start
        elif f.end > kept[-1].end:
            longer = f.end - f.start > length
            kept[-1] = Found(kept[-1].start, f.end, f.type if longer else kept[-1].type)
            length = max(length, f.end - f.start)
    return kept


def _off_placeholders(text: str, found: Iterable[Found]) -> list[Found]:
    taken = [m.span() for m in _PLACEHOLDER.finditer(text)]
    found = [f for f in found if f.start < f.end]
    if not taken:
        return found
    kept, at = [], 0
    for f in sorted(found):
        while at < len(taken) and taken[at][1] <= f.start:
            at += 1
        if at == len(taken) or taken[at][0] >= f.end:
            kept.append(f)
    return kept


class Scrubber:
    """The personal data of one document; its parts are cut out of it with one numbering."""

    def __init__(self, text: str, profile: str = "article") -> None:
        self._profile = profile
        self._numbers: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {}
        self._learn(text)
        self._text = text
        self._found = find(text, profile)
        self._marks = [Mark(f.type, f.start, f.end, self._placeholder(f, text)) for f in self._found]
        self._at = 0

    def _learn(self, text: str) -> None:
        """Numbers that the text already uses are not given again."""
        for m in _PLACEHOLDER.finditer(text):
            self._last[m[1]] = max(self._last.get(m[1], 0), int(m[2]))

    def _placeholder(self, f: Found, text: str) -> str:
        key = (f.type, _same(text[f.start : f.end], f.type))
        if key not in self._numbers:
            self._last[f.type] = self._numbers[key] = self._last.get(f.type, 0) + 1
        return f"[{f.type}_{self._numbers[key]}]"

    def cut(self, start: int, end: int) -> Scrubbed:
        """`text[start:end]` scrubbed; a value that crosses a border leaves its placeholder on both sides."""
        if self._at and self._at <= len(self._marks) and self._marks[self._at - 1].end > start:
            self._at = 0
        while self._at < len(self._marks) and self._marks[self._at].end <= start:
            self._at += 1
        parts, marks, at = [], [], start
        for i in range(self._at, len(self._marks)):
            mark = self._marks[i]
            if mark.start >= end:
                break
            parts += [self._text[at : max(at, mark.start)], mark.placeholder]
            marks.append(mark._replace(start=max(start, mark.start), end=min(end, mark.end)))
            at = min(end, mark.end)
        return Scrubbed("".join([*parts, self._text[at:end]]), marks)

    def also(self, text: str) -> Scrubbed:
        """Another text of the same document (its title), scrubbed with the same numbers and the names known."""
        known = [self._text[m.start : m.end] for m in self._marks if m.type == "NOMBRE"]
        found = find(text, self._profile)
        found += [
            Found(m.start(), m.end(), "NOMBRE") for name in known for m in re.finditer(rf"\b{re.escape(name)}\b", text)
        ]
        parts, marks, at = [], [], 0
        for f in _apart(text, found):
            marks.append(Mark(f.type, f.start, f.end, self._placeholder(f, text)))
            parts += [text[at : f.start], marks[-1].placeholder]
            at = f.end
        return Scrubbed("".join([*parts, text[at:]]), marks)


def _same(value: str, kind: str) -> str:
    """What two spellings of one value have in common."""
    if kind in ("TELEFONO", "ID", "CUENTA", "TARJETA"):
        return re.sub(r"\W", "", value).casefold()
    plain = unicodedata.normalize("NFD", value.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def scrub(text: str, profile: str = "article") -> Scrubbed:
    """The text with placeholders for the personal data that the profile forbids."""
    return Scrubber(text, profile).cut(0, len(text))
