"""What a Document warns of, wherever it does: who tells a use or a dose tells who must take care, too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from factory.questions.gates import cautions
from factory.questions.passage import Passage, Section, kind_of_section, sections
from factory.questions.topics import heading_of
from factory.record import Span

# A warning reaches as far as one article or chapter goes, in characters; a book's own heading is over all of it.
_REACH = 20_000
_OF_ALL = re.compile(
    r"^(?:\d+[.)]?\s*)*(?:contraindicaciones|precauciones|advertencias|seguridad|interacciones|avisos?|toxicidad"
    r"|efectos (?:secundarios|adversos|indesead|no desead)|reacciones adversas|cu[aá]ndo no|qui[eé]n(?:es)? no)\b",
    re.IGNORECASE,
)


class _Warning(NamedTuple):
    start: int
    end: int
    scope: tuple[str, ...]


class Warnings:
    """The sentences of a Document that warn, and what each of them is said of, by the headings above it."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self._text = text
        self._spans = spans
        self._found: list[_Warning] | None = None
        self._sections: list[Section] = []
        self._sizes: dict[tuple[str, ...], int] = {}

    def of(self, at: int, passage: Passage) -> tuple[tuple[int, int], ...]:
        """Where it stands what must be warned of with the sentence at `at`: first in its passage, then elsewhere."""
        found = self._look()
        path = next((one.path for one in self._sections if one.start <= at < one.end), ())
        here = [one for one in found if passage.start <= one.start < passage.end]
        there = [one for one in found if not passage.start <= one.start < passage.end]
        return (
            *((a, b) for a, b, scope in here if path[: len(scope)] == scope),
            *((a, b) for a, b, scope in there if path[: len(scope)] == scope and self._sizes[scope] <= _REACH),
        )

    def _look(self) -> list[_Warning]:
        if self._found is None:
            self._found = []
            self._sections = [one for one in sections(self._spans) if not kind_of_section(one)]
            for section in self._sections:
                for depth in range(len(section.path) + 1):
                    key = section.path[:depth]
                    self._sizes[key] = self._sizes.get(key, 0) + section.end - section.start
                scope = _scope(section.path)
                self._found += [_Warning(a, b, scope) for a, b in cautions(self._text, section.start, section.end)]
        return self._found


def _scope(path: tuple[str, ...]) -> tuple[str, ...]:
    """What is said under a heading such as `Precauciones` is said of all that the heading above it is over."""
    while path and (_OF_ALL.match(path[-1]) or heading_of(path[-1])):
        path = path[:-1]
    return path
