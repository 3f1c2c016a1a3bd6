"""Across languages: a text that we already have in Spanish needs no translation, and is a duplicate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from factory.dedup.compare import tokens

# Shorter titles (`Editorial`, `Cartas al director`) are shared by works that have nothing to do with each other.
_WORDS_OF_TITLE = 4


class Version(NamedTuple):
    """One Document of a work: its language, the work's id (`doi:…`, `isbn:…`) and its titles in all languages."""

    id: str
    language: str
    work: str
    titles: tuple[str, ...] = ()


def translated(versions: Iterable[Version], kept: str = "es") -> dict[str, str]:
    """Each Document in another language, and the one in `kept` that is the same work by its id or a parallel title."""
    every = sorted(versions)
    by_work: dict[str, str] = {}
    by_title: dict[tuple[str, ...], str] = {}
    for one in every:
        if one.language == kept:
            if one.work.startswith(("doi:", "isbn:")):
                by_work.setdefault(one.work, one.id)
            for title in _titles(one):
                by_title.setdefault(title, one.id)
    found: dict[str, str] = {}
    for one in every:
        if one.language != kept:
            home = by_work.get(one.work) or next((by_title[t] for t in _titles(one) if t in by_title), None)
            if home is not None:
                found[one.id] = home
    return found


def _titles(one: Version) -> Iterable[tuple[str, ...]]:
    return (words for words in map(tokens, one.titles) if len(words) >= _WORDS_OF_TITLE)
