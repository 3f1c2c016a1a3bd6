"""What a PDF says of itself: title, author, date, DOI or ISBN, licence with the words that prove it."""

from __future__ import annotations

import re
from typing import Any

from factory.licence import named_in
from factory.record import Paragraph

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_ISBN = re.compile(r"ISBN(?:-1[03])?:?\s*((?:97[89][-\s]?)?(?:\d[-\s]?){9}[\dXx])", re.IGNORECASE)
_DATE = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?")
# Titles that programs, not people, write: file names, "Microsoft Word - …", untitled, numbers.
_NO_TITLE = re.compile(
    r"^(?:microsoft word\b.*|untitled.*|sin t[ií]tulo.*|document\d*|documento\d*|presentaci[oó]n.*|slide \d+|layout \d+"
    r"|.*\.(?:docx?|pdf|indd|qxd|qxp|tex|dvi|ps|rtf|odt|pptx?|xlsx?|html?|p65|pmd)|[\W\d_]*|\S+_\S+|(?:\(?anonymous\)?))$",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(
    r"^(?:user|usuario|admin\w*|owner|pc|hp|dell|windows.*|unknown|anonymous|\(?an[oó]nimo\)?|author|[\W\d_]*|\S+@\S+"
    r"|\S*\d\S*)$",
    re.IGNORECASE,
)


def title_of(metadata: dict[str, Any], paragraphs: list[Paragraph]) -> str | None:
    """The title a person wrote: in the file's metadata, else the first heading of the first two pages."""
    said = _clean(metadata.get("title"))
    if said and 4 <= len(said) <= 300 and not _NO_TITLE.match(said):
        return said
    for p in paragraphs:
        if (p.page or 1) > 2:
            break
        if p.role == "heading" and len(p.text) >= 4 and not re.fullmatch(r"[\W\d_]+", p.text):
            return p.text[:300]
    return None


def author_of(metadata: dict[str, Any]) -> str | None:
    """The author in the file's metadata, where it is a name."""
    said = _clean(metadata.get("author"))
    return said if said and 3 <= len(said) <= 200 and not _NO_AUTHOR.match(said) else None


def date_of(metadata: dict[str, Any]) -> str | None:
    """The day the file was made, ISO 8601, as far as it is sane."""
    found = _DATE.match(str(metadata.get("creationDate") or ""))
    if not found or not 1985 <= int(found[1]) <= 2100:
        return None
    month, day = int(found[2] or 0), int(found[3] or 0)
    if not 1 <= month <= 12:
        return found[1]
    return f"{found[1]}-{month:02d}-{day:02d}" if 1 <= day <= 31 else f"{found[1]}-{month:02d}"


def ends(paragraphs: list[Paragraph]) -> str:
    """The text of the first two pages and the last: where a book or article says what it is."""
    last = max((p.page or 1 for p in paragraphs), default=1)
    return "\n".join(p.text for p in paragraphs if (p.page or 1) <= 2 or (p.page == last and p.role != "reference"))


def identifier_of(text: str) -> str | None:
    """The first DOI, else the first ISBN."""
    if doi := _DOI.search(text):
        return doi[0].rstrip(".,;)")
    isbn = _ISBN.search(text)
    return f"ISBN {isbn[1]}" if isbn else None


def licence_of(text: str) -> tuple[str | None, str | None]:
    """The licence the text names, and its words."""
    return named_in(text) or (None, None)


def _clean(text: Any) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(text or "")).split())
