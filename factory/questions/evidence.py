"""Where a quote stands in its source: the same characters, whatever became of spaces, line breaks and hyphenation."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

_SAME = str.maketrans(dict.fromkeys("“”„«»″", '"') | dict.fromkeys("‘’‚′´`", "'") | dict.fromkeys("‐‑‒–—−", "-"))
_GONE = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")


class Place(NamedTuple):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


class Squeezed(NamedTuple):
    """A text without what a page's layout adds, and where each of its characters stood."""

    text: str
    places: list[int]


def squeezed(text: str) -> Squeezed:
    """White space is gone, except one space between two digits; so are hyphens at the end of a line, inside a word.

    Nothing else is: `5-10 mg` is not `510 mg`, and a capital or an accent makes another text.
    """
    kept: list[str] = []
    places: list[int] = []
    at, size = 0, len(text)
    while at < size:
        c = text[at]
        if c.isspace():
            first = at
            while at < size and text[at].isspace():
                at += 1
            if kept and kept[-1].isdigit() and at < size and text[at].isdigit():
                kept.append(" ")
                places.append(first)
            continue
        if c in _GONE or (c in "-‐" and _breaks_word(text, at)):
            at += 1
            continue
        for plain in unicodedata.normalize("NFC", c).translate(_SAME):
            kept.append(plain)
            places.append(at)
        at += 1
    return Squeezed("".join(kept), places)


def _breaks_word(text: str, at: int) -> bool:
    """A hyphen behind a letter, with white space and a small letter behind it."""
    after = text[at + 1 : at + 4]
    return at > 0 and text[at - 1].isalpha() and after[:1].isspace() and after.strip()[:1].islower()


def find(source: str, quote: str, at: int = 0) -> Place | None:
    """Where the quote stands in the source, from character `at` on; None where it does not, or only inside words."""
    plain = source.find(quote, at)
    if plain >= 0 and quote.strip() and _whole(source, plain, plain + len(quote)):
        return Place(plain, plain + len(quote))
    return _find(squeezed(source), source, quote, at)


def _find(given: Squeezed, source: str, quote: str, at: int) -> Place | None:
    wanted = squeezed(unicodedata.normalize("NFC", quote)).text
    if not wanted:
        return None
    begin = 0
    while (found := given.text.find(wanted, begin)) >= 0:
        start, end = given.places[found], given.places[found + len(wanted) - 1] + 1
        if start >= at and _whole(source, start, end):
            return Place(start, end)
        begin = found + 1
    return None


def _whole(source: str, start: int, end: int) -> bool:
    """Neither end cuts a word or a number in two: `5 mg` does not stand in `0,5 mg`, nor `10` in `10.000`."""
    return not (_cuts(source, start) or _cuts(source, end))


def _cuts(source: str, at: int) -> bool:
    if not 0 < at < len(source):
        return False
    before, after = source[at - 1], source[at]
    if before.isalnum() and after.isalnum():
        return True
    if before in ".,":
        return after.isdigit() and source[at - 2 : at - 1].isdigit()
    return after in ".," and before.isdigit() and source[at + 1 : at + 2].isdigit()
