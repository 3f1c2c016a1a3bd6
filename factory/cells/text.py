"""The text of a cell, and the forms it is compared and named by."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import date, datetime

# Invisible characters that Word, browsers and right-to-left tricks leave in cells; the joiner of emoji stays.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
# What Unicode does not take apart into letter and accent.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"})
_EXCEL_ESCAPE = re.compile(r"_x00[01][0-9A-Fa-f]_")
_ERROR = re.compile(
    r"#[¡¿]?(?:REF|VALUE|VALOR|NAME|NOMBRE|N/A|N/D|NULL|NULO|NUM|DIV/0|CALC|SPILL|DESBORDAMIENTO)[!?]?", re.IGNORECASE
)
_NOTHING = re.compile(r"[\W_]*")
# Half of the 80 characters of an id and some: room for a digest, and still readable.
SLUG_LENGTH = 60


def text_of(value: object) -> str:
    """The value as one line without control characters; empty where it says nothing."""
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _EXCEL_ESCAPE.sub(" ", str(value)).translate(_INVISIBLE)
    if not text.isprintable():
        text = "".join(c if unicodedata.category(c) not in ("Cc", "Cs") else " " for c in text)
    text = " ".join(text.split())
    return "" if _ERROR.fullmatch(text) else text


def says_nothing(text: str) -> bool:
    """Nothing but dashes, dots and the like."""
    return _NOTHING.fullmatch(text) is not None


def fold(text: str) -> str:
    """Small letters without accents and digits, single spaces between: what two spellings are compared by."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    kept = "".join(c for c in apart if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in kept).split())


def slug(text: str) -> str:
    """The text as an id: a-z, 0-9 and hyphens, cut between words; empty where nothing of it is Latin."""
    words = re.findall("[a-z0-9]+", fold(text))
    made = ""
    for word in words:
        longer = f"{made}-{word}" if made else word[:SLUG_LENGTH]
        if len(longer) > SLUG_LENGTH:
            break
        made = longer
    return made


def digest(*parts: str | None, length: int) -> str:
    """The first hexadecimal digits of the SHA-256 of the parts."""
    return hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()[:length]
