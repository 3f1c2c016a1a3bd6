"""ISBNs and DOIs in cells, and the imprint that follows an ISBN in a title."""

from __future__ import annotations

import re
from dataclasses import dataclass

from factory.cells import countries

_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_ISBN = re.compile(
    r"(?:\bISBN(?:[\s-]*1[03])?\b[\s:.]*)?(?<![\d-])((?:97[89][\s-]{0,3})?(?:\d[\s-]{0,3}){9}[\dXx])(?![\d-]*\d)",
    re.IGNORECASE,
)
_SAID = re.compile(r"\bISBN(?:[\s-]*1[03])?\b[\s:.]*", re.IGNORECASE)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+")
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]\d\d|20\d\d)(?!\d)")
_VOLUME = re.compile(r"\b(?:tomo|volumen|volume|vol|parte|part)\b\.?\s*(?:\d{1,3}|[IVXLC]{1,6})\b", re.IGNORECASE)
_EDGE = " \t,.;:|/-–—([{"


@dataclass(frozen=True, slots=True)
class Split:
    """A title without the ISBN in it, and what followed it."""

    title: str
    isbn: str | None = None
    wrong: str | None = None
    publisher: str | None = None
    year: str | None = None
    country: str | None = None


def digits(isbn: str) -> str:
    return re.sub(r"[^\dX]", "", isbn.upper())


def valid(isbn: str) -> bool:
    """The check digit of an ISBN-10 or ISBN-13 is right."""
    bare = digits(isbn)
    if re.fullmatch(r"\d{9}[\dX]", bare):
        return sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(bare)) % 11 == 0
    if re.fullmatch(r"97[89]\d{10}", bare):
        return sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(bare)) % 10 == 0
    return False


def isbns_in(text: str) -> list[str]:
    """Every valid ISBN of a cell, digits and hyphens as printed, without spaces."""
    text = text.translate(_DASHES)
    bare = _SAID.sub("", text)
    if valid(bare) and re.fullmatch(r"[\d\sXx-]+", bare):
        return [_printed(bare)]
    return [printed for found in _ISBN.finditer(text) if valid(printed := _printed(found[1]))]


def _printed(isbn: str) -> str:
    return re.sub(r"-{2,}", "-", re.sub(r"\s+", "", isbn)).strip("-").upper()


def doi_in(text: str) -> str | None:
    """The DOI a cell names, alone or in an address."""
    found = _DOI.search(text)
    return found[0].rstrip(".,;:)]}'") if found else None


def only_isbn(text: str) -> bool:
    """The cell holds an ISBN and nothing else."""
    return bool(isbns_in(text)) and not re.sub(r"[\d\sXx.:-]|ISBN", "", text.translate(_DASHES), flags=re.IGNORECASE)


def split_title(title: str) -> Split:
    """The title cut before an ISBN; publisher, year and country read from what follows it, a volume kept."""
    text = title.translate(_DASHES)
    for found in _ISBN.finditer(text):
        said, bare = found[0].upper().startswith("ISBN"), digits(found[1])
        if not (said or "-" in found[1].strip("-") or len(bare) == 13):
            continue  # ten digits in a row are a telephone number as often as an ISBN
        right = valid(found[1])
        if not right and not said and len(bare) != 13:
            continue
        isbn, wrong = (_printed(found[1]), None) if right else (None, _printed(found[1]))
        before = title[: found.start()].rstrip(_EDGE)
        after = title[found.end() :].strip(_EDGE + ")]}")
        if not before:
            return Split(after, isbn, wrong)
        if volume := _VOLUME.search(after):
            before = f"{before} {volume[0]}"
            after = (after[: volume.start()] + " " + after[volume.end() :]).strip(_EDGE)
        return _imprint(Split(before, isbn, wrong), after)
    return Split(title)


def _imprint(split: Split, tail: str) -> Split:
    rest, country = countries.at_end(tail)
    years = _YEAR.findall(rest)
    year = years[0] if len(years) == 1 else None
    if year:
        rest = rest.replace(year, " ")
    if country is None:
        rest, country = countries.at_end(rest)
    publisher = " ".join(rest.split()).strip(_EDGE + ")]}") or None
    return Split(split.title, split.isbn, split.wrong, publisher, year, country)
