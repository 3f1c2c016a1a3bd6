"""What one cell says: a date, a number of a book, a country, plain text."""

from __future__ import annotations

import datetime
import re
import unicodedata
from typing import Any

_COUNTRIES = {
    code: names.split("|")
    for code, names in {
        "AR": "argentina", "BO": "bolivia", "BR": "brasil|brazil", "CL": "chile", "CO": "colombia", "CR": "costa rica",
        "CU": "cuba", "DO": "republica dominicana|dominican republic", "EC": "ecuador", "SV": "el salvador|salvador",
        "ES": "espana|spain", "GT": "guatemala", "GQ": "guinea ecuatorial", "HN": "honduras", "MX": "mexico",
        "NI": "nicaragua", "PA": "panama", "PY": "paraguay", "PE": "peru", "PR": "puerto rico", "UY": "uruguay",
        "VE": "venezuela", "US": "estados unidos|eeuu|ee uu|usa|united states", "GB": "reino unido|united kingdom|uk",
        "DE": "alemania|germany", "FR": "francia|france", "IT": "italia|italy", "PT": "portugal", "CN": "china",
        "IN": "india", "JP": "japon|japan", "CA": "canada", "CH": "suiza|switzerland", "BE": "belgica|belgium",
        "NL": "paises bajos|holanda|netherlands", "AT": "austria", "RU": "rusia|russia", "AU": "australia",
    }.items()
}  # fmt: skip
COUNTRY_CODES = {name: code for code, names in _COUNTRIES.items() for name in (*names, code.lower())}
_MONTHS = [
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
]


def repaired(value: Any) -> tuple[str | None, str | None]:
    """A date as YYYY, YYYY-MM or YYYY-MM-DD, and the original where something was wrong with it."""
    if isinstance(value, datetime.datetime | datetime.date):
        return value.strftime("%Y-%m-%d"), None
    text = text_of(value)
    if not text:
        return None, None
    if re.fullmatch(r"\d+(?:\.0+)?", text):
        return _of_number(int(float(text)), text)
    folded = fold(text)
    if found := re.fullmatch(r"(\d{4})[/.-](\d{1,2})(?:[/.-](\d{1,2}))?(?:[t ].*)?", folded):
        return _of_parts(found[1], found[2], found[3], text)
    if found := re.fullmatch(r"(\d{1,2})[/. -](\d{1,2})[/. -]?(\d{4}|\d{2})", folded):
        return _of_parts(found[3], found[2], found[1], text)
    if found := re.fullmatch(
        r"(?:(\d{1,2})\s*(?:de\s+|[/. -]\s*)?)?([a-z]{3,10})\.?\s*(?:de\s+|del\s+|[/.,-]\s*)?(\d{4})", folded
    ):
        month = next((i for i, name in enumerate(_MONTHS, 1) if name.startswith(found[2][:3])), 0)
        return _of_parts(found[3], str(month), found[1], text)
    year = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", folded)
    return (year[1] if year else None), text


def _of_number(number: int, text: str) -> tuple[str | None, str | None]:
    """A year, or a day as Excel counts them (1900 system)."""
    if 1500 <= number <= 2100:
        return str(number), None
    if 20_000 <= number <= 60_000:
        return (datetime.date(1899, 12, 30) + datetime.timedelta(days=number)).isoformat(), None
    return None, text


def _of_parts(year: str, month: str, day: str | None, text: str) -> tuple[str | None, str | None]:
    full = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 50 else 1900)
    if not 1 <= int(month) <= 12:
        return str(full), text
    if day is None:
        return f"{full}-{int(month):02d}", None
    try:
        return datetime.date(full, int(month), int(day)).isoformat(), None
    except ValueError:
        return f"{full}-{int(month):02d}", text


def is_isbn(number: str) -> bool:
    """The check digit of an ISBN-10 or ISBN-13 is right."""
    digits = re.sub(r"[\s-]", "", number).upper()
    if re.fullmatch(r"\d{9}[\dX]", digits):
        return sum((10 - i) * (10 if d == "X" else int(d)) for i, d in enumerate(digits)) % 11 == 0
    if re.fullmatch(r"97[89]\d{10}", digits):
        return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0
    return False


def text_of(value: Any) -> str:
    """A cell as text, without control characters."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = "".join(
        " " if c in "\t\r\n\xa0" else c for c in str(value) if c in "\t\r\n\xa0" or unicodedata.category(c)[0] != "C"
    )
    return text.strip()


def fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", fold(text)))
