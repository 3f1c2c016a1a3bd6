"""Which rows of a list are one work, and the id each work has for ever."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from factory.cells import addresses, books
from factory.cells.addresses import Address
from factory.cells.rows import Draft
from factory.cells.text import digest, fold, slug

Key = tuple[str, ...]
Place = tuple[str, int]
_COMPARED = ("url", "isbn", "title", "author")
_FILLED = ("title", "author", "date", "isbn", "doi", "country", "language", "specialty", "address")


def place(one: Draft) -> Place:
    return one.sheet, one.row


def keys(address: str | None, isbn: str | None, title: str | None, author: str | None) -> list[Key]:
    """What another row must share one of to be the same work; volumes of one ISBN have other titles."""
    found: list[Key] = [("address", address)] if address else []
    if isbn:
        found.append(("ISBN and title", _thirteen(isbn), fold(title or "")))
    if not found and title:
        found.append(("title and author", fold(title), fold(author or "")))
    return found


def keys_of(one: Draft) -> list[Key]:
    return keys(one.address.key if one.address else None, one.isbn, one.title, one.author)


def keys_in_file(row: Mapping[str, Any]) -> list[Key]:
    """The same of a row of a sources file, whatever stands in it."""
    url, isbn, title, author = (row.get(k) if isinstance(row.get(k), str) else None for k in _COMPARED)
    return keys(_key(url), isbn if isbn and books.valid(isbn) else None, title, author)


def _key(url: str | None) -> str | None:
    read = addresses.read(url) if url else None
    return read.key if isinstance(read, Address) else url


def _thirteen(isbn: str) -> str:
    """The ISBN of thirteen digits: both forms name one book."""
    bare = books.digits(isbn)
    if len(bare) != 10:
        return bare
    twelve = "978" + bare[:9]
    return twelve + str(-sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(twelve)) % 10)


def merged(drafts: Sequence[Draft]) -> dict[Place, Draft]:
    """The earlier row that each row which is no work of its own was merged into, its gaps filled."""
    by_key: dict[Key, Draft] = {}
    into: dict[Place, Draft] = {}
    rank = {place(one): number for number, one in enumerate(drafts)}

    def root(one: Draft) -> Draft:
        while place(one) in into:
            one = into[place(one)]
        return one

    for one in drafts:
        group = {place(one): one}
        waiting = keys_of(one)
        while waiting:
            found = root(by_key.setdefault(waiting.pop(), one))
            if place(found) in group:
                continue
            group[place(found)] = found
            first, later = sorted((root(one), found), key=lambda d: rank[place(d)])
            _fill(first, later)
            into[place(later)] = first
            waiting += keys_of(first)
    return {at: root(found) for at, found in into.items()}


def _fill(first: Draft, later: Draft) -> None:
    """The first has what it lacked of the later; what the later says besides is in its note."""
    if first.title and later.title and fold(first.title) != fold(later.title):
        first.say(f"También en la lista como: {later.title}")
    for name in _FILLED:
        if getattr(first, name) is None:
            setattr(first, name, getattr(later, name))
    if first.licence is None:
        first.licence, first.licence_evidence = later.licence, later.licence_evidence
    for note in later.notes:
        first.say(note)


def name(one: Draft) -> str:
    """The id by the row's own identity: the video, the title, the address."""
    if one.address is not None and (one.address.kind == "youtube" or not one.title):
        return one.address.name
    title = one.title or ""
    return slug(title) or f"work-{digest(fold(title) or title, length=8)}"


def longer(one: Draft) -> str:
    """The id where another work has the short one."""
    url = one.address.url if one.address else None
    return f"{name(one)}-{digest(one.isbn, one.author, url, one.title, length=6)}"


def another(row: Mapping[str, Any], one: Draft) -> bool:
    """The row of a file that has the id of this one is certainly another work."""
    sure = [
        (_key(_text(row, "url")), one.address.key if one.address else None),
        (_thirteen(_text(row, "isbn") or ""), _thirteen(one.isbn or "")),
        ((_text(row, "doi") or "").lower(), (one.doi or "").lower()),
    ]
    both = [(theirs, ours) for theirs, ours in sure if theirs and ours]
    if both:
        return not any(theirs == ours for theirs, ours in both)
    title, author = _text(row, "title"), _text(row, "author")
    if title and one.title and slug(title) == name(one) and fold(title) != fold(one.title):
        return True  # the id is cut: the volumes of a long title have the same
    return bool(author and one.author and fold(author) != fold(one.author))


def _text(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    if key == "isbn" and isinstance(value, str) and not re.fullmatch(r"[\dXx\s-]+", value):
        return None
    return value if isinstance(value, str) else None
