"""The date a cell means: a day, a month or a year, never more than it says."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# Printed books begin about 1500; a later year than 2100 is no publication date.
_YEARS = range(1500, 2101)
# Excel's day numbers from 1954 to 2064: no year is among them, no page count either.
_SERIALS = (20_000, 60_000)
# Day 0 of Excel's 1900 system, its false leap day counted in.
_DAY_ZERO = date(1899, 12, 30)
# Excel reads two digits up to 29 as 20xx.
_LAST_SHORT_YEAR = 29

_NAMES = (
    "enero ene january jan|febrero feb february|marzo mar march|abril abr april apr|mayo may|junio jun june"
    "|julio jul july|agosto ago august aug|septiembre setiembre sept sep set september|octubre oct october"
    "|noviembre nov november|diciembre dic december dec"
)
_MONTHS = {name: number for number, names in enumerate(_NAMES.split("|"), 1) for name in names.split()}
_MONTH = rf"(?<![^\W\d_])({'|'.join(sorted(_MONTHS, key=len, reverse=True))})(?![^\W\d_])"
_OF = r"(?:[\s/.,\-–]|\bdel?\b|\bof\b)*"
_ORDINAL = r"(?:\.?[º°ª]|ro|er|st|nd|rd|th)?"
_SEP = r"\s*[/.\-–]+\s*"
_TIME = re.compile(
    r"(?:[T\s,]+|(?<!\d))\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?\s?m\.?|Z|[+-]\d\d:?\d\d|h(?:rs?)?)?\b",
    re.IGNORECASE,
)
# What may stand around a date and says nothing more.
_AROUND = re.compile(
    r"\b(?:lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|domingo|(?:mon|tues|wednes|thurs|fri|satur|sun)day"
    r"|publicad[oa]|publicaci[oó]n|published|estrenado|estreno|subido|fecha|date|a[nñ]o|year|el|de|del|on|en)\b|[\W_]+",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]\d\d|20\d\d|2100)(?!\d)")


@dataclass(frozen=True, slots=True)
class Reading:
    """The date, whether the cell says just that, and what else stands in it."""

    date: str | None
    sure: bool
    rest: str = ""


def read(value: object) -> Reading:
    """The date of a cell as YYYY, YYYY-MM or YYYY-MM-DD; not sure where the cell's own words should be kept."""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return _of_cell(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _of_number(float(value))
    return _of_text(value) if isinstance(value, str) else Reading(None, sure=value is None)


def _of_cell(day: date) -> Reading:
    """A year typed into a cell formatted as a date becomes a day of 1904 or 1905: the year is what was meant."""
    serial = (day - _DAY_ZERO).days
    if serial in _YEARS:
        return Reading(str(serial), sure=False)
    return Reading(day.isoformat(), sure=True) if day.year in _YEARS else Reading(None, sure=False)


def _of_number(number: float) -> Reading:
    if number.is_integer() and int(number) in _YEARS:
        return Reading(str(int(number)), sure=True)
    if _SERIALS[0] <= number <= _SERIALS[1]:
        return Reading((_DAY_ZERO + timedelta(days=int(number))).isoformat(), sure=True)
    return Reading(None, sure=False)


def _of_text(text: str) -> Reading:
    text = text.strip()
    if re.fullmatch(r"\d{4,5}(?:[.,]\d+)?", text):
        return _of_number(float(text.replace(",", ".")))
    text = _TIME.sub("", text)
    if len({_MONTHS[m.lower()] for m in re.findall(_MONTH, text, re.IGNORECASE)}) > 1:
        return _only_year(text)  # from one month to another: neither is meant alone
    for pattern, meaning in _PATTERNS:
        if found := pattern.search(text):
            made = meaning(found)
            rest = " ".join((text[: found.start()] + " " + text[found.end() :]).split())
            if _YEAR.search(rest):
                return _only_year(text)
            return Reading(made.date, made.sure and not _AROUND.sub("", rest), rest)
    return _only_year(text)


def _only_year(text: str) -> Reading:
    """The one year a text names; none where it names several."""
    years = set(_YEAR.findall(text))
    if len(years) != 1:
        return Reading(None, sure=not text)
    rest = _YEAR.sub("", text)
    return Reading(years.pop(), sure=not _AROUND.sub("", rest), rest=rest.strip())


def _made(year: str, month: str | int, day: str | None = None) -> Reading:
    """As much of the date as is possible in the calendar."""
    y = int(year)
    if len(year) == 2:
        y += 2000 if y <= _LAST_SHORT_YEAR else 1900
    m = _MONTHS[month.lower()] if isinstance(month, str) and month.lower() in _MONTHS else int(month)
    if y not in _YEARS:
        return Reading(None, sure=False)
    if not 1 <= m <= 12:
        return Reading(str(y), sure=False)
    if day is None:
        return Reading(f"{y}-{m:02}", sure=True)
    if not 1 <= int(day) <= calendar.monthrange(y, m)[1]:
        return Reading(f"{y}-{m:02}", sure=False)
    return Reading(f"{y}-{m:02}-{int(day):02}", sure=True)


def _day_first(found: re.Match[str]) -> Reading:
    """Day, month, year; where no month has that number, the other order is the only one possible."""
    day, month, year = found.groups()
    if int(month) > 12 and 1 <= int(day) <= 12:
        return Reading(_made(year, day, month).date, sure=False)
    return _made(year, month, day)


def _eight(found: re.Match[str]) -> Reading:
    text = found[0]
    made = _made(text[:4], text[4:6], text[6:])
    return made if made.sure else _made(text[4:], text[2:4], text[:2])


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_PATTERNS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], Reading]]] = [
    (_compiled(rf"(?<!\d)(\d{{4}}){_SEP}(\d{{1,2}}){_SEP}(\d{{1,2}})(?!\d)"), lambda f: _made(f[1], f[2], f[3])),
    (_compiled(rf"(?<!\d)(\d{{1,2}}){_SEP}(\d{{1,2}}){_SEP}(\d{{4}}|\d\d)(?!\d)"), _day_first),
    (_compiled(r"(?<!\d)(\d{1,2})\s+(\d{1,2})\s+(\d{4})(?!\d)"), _day_first),
    (_compiled(rf"(?<!\d)(\d{{1,2}}){_SEP}(\d{{1,2}})\s*(\d{{4}})(?!\d)"), _day_first),
    (_compiled(rf"(?<!\d)(?!1[5-9]|20|2100)(\d\d)(\d\d){_SEP}(\d{{4}})(?!\d)"), _day_first),
    (_compiled(r"(?<!\d)\d{8}(?!\d)"), _eight),
    (
        _compiled(rf"(?<!\d)(\d{{1,2}}){_ORDINAL}{_OF}{_MONTH}{_OF}(\d{{4}}|\d\d)(?!\d)"),
        lambda f: _made(f[3], f[2], f[1]),
    ),
    (
        _compiled(rf"{_MONTH}[\s./\-]+(\d{{1,2}})(?:st|nd|rd|th)?(?!\d){_OF}(\d{{4}})(?!\d)"),
        lambda f: _made(f[3], f[1], f[2]),
    ),
    (
        _compiled(rf"(?<!\d)(\d{{4}}){_OF}{_MONTH}[\s./\-]+(\d{{1,2}})(?!\d)"),
        lambda f: _made(f[1], f[2], f[3]),
    ),
    (_compiled(rf"{_MONTH}{_OF}(\d{{4}})(?!\d)"), lambda f: _made(f[2], f[1])),
    (_compiled(rf"(?<!\d)(\d{{4}}){_OF}{_MONTH}"), lambda f: _made(f[1], f[2])),
    (
        _compiled(rf"(?<!\d\s)(?<!\d){_MONTH}[/.\-'’]\s*(\d\d)(?!\d)"),
        lambda f: Reading(_made(f[2], f[1]).date, sure=False),
    ),
    (_compiled(rf"(?<![\d/.\-])(\d{{1,2}}){_SEP}(\d{{4}})(?!\d)"), lambda f: _made(f[2], f[1])),
    (_compiled(rf"(?<!\d)(\d{{4}}){_SEP}(\d{{1,2}})(?!\d)"), lambda f: _made(f[1], f[2])),
]
