"""Dates with a day or a month, and ages that few people reach."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.personal.numbers import Found

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
    "setiembre",
    "octubre",
    "noviembre",
    "diciembre",
]
_MONTH_FORMS = [form for month in _MONTHS for form in (month, month.capitalize(), month.upper())]
_SHORT = r"(?:ene|feb|mar|abr|may|jun|jul|ago|sept?|set|oct|nov|dic)"
_YEAR = r"(?:(?:19|20)\d\d|['’]?\d\d)"

_NUMERIC = re.compile(
    r"(?<![\w.,/:-])(?:(?P<d>\d{1,2})[^\S\n]?(?P<s>[/.-])[^\S\n]?(?P<m>\d{1,2})[^\S\n]?(?P=s)[^\S\n]?"
    r"(?P<y>(?:19|20)\d\d|\d\d)"
    r"|(?P<iy>(?:19|20)\d\d)(?P<is>[/.-])(?P<im>\d{1,2})(?P=is)(?P<id>\d{1,2})"
    r"|(?P<mm>\d{1,2})[/-](?P<my>19\d\d|20[0-3]\d))(?![\w/]|[.,:-]\d)"
)
# «3-feb-04», «sep-05», «feb. 2004»: found from the year, because figures are rarer than letters.
_SHORT_YEAR = re.compile(r"\d\d(?:\d\d)?(?![\w/]|[.,:-]\d)")
_SHORT_BEFORE = re.compile(
    rf"(?<![\w.,/:-])(?P<d>\d{{1,2}}[ /.-])?{_SHORT}(?P<s>[-/]['’]?|['’]|\.?[ .-])\Z", re.IGNORECASE
)
_DAY_BEFORE = re.compile(
    r"(?:(?<!\w)(?:\d{1,2}[^\S\n]?(?:[-–,/]|y|al?|e)[^\S\n]?(?:el[^\S\n])?){0,2}(?:\d{1,2}|primero|uno)"
    r"(?:[^\S\n]?(?:º|°|er|ero))?(?:[^\S\n]+de(?:l[^\S\n]+mes[^\S\n]+de)?[^\S\n]+|[^\S\n]?[-/.][^\S\n]?"
    r"|[^\S\n]+))\Z",
    re.IGNORECASE,
)
_YEAR_AFTER = re.compile(
    rf"(?:(?:[^\S\n](?:y|e|o|a)[^\S\n]|[^\S\n]?[-/][^\S\n]?)(?:{'|'.join(_MONTHS)})(?!\w))?"
    rf"(?:[^\S\n]?[-/.][^\S\n]?|,?[^\S\n]+(?:del?[^\S\n]+)?(?:(?:ese|este|mismo|año"
    rf"|presente)[^\S\n]+){{0,2}}|[^\S\n]+de(?:l[^\S\n]+año)?[^\S\n]+|[^\S\n]?['’])(?P<y>{_YEAR})(?!\w"
    rf"|[.,]\d|[^\S\n]?(?:%|º|°|años|d[ií]as|mg|ml|g\b|h\b))",
    re.IGNORECASE,
)
# What stands before a day, where figures alone could be a dose or a score.
_DATE_BEFORE = re.compile(
    r"(?:(?:^|(?<!\w))(?:el|del|al|d[ií]as?|en|desde|hasta|fecha|[ay])[^\S\n:]+|[(\n])\Z", re.IGNORECASE
)
_DAY_LABEL = re.compile(r"(?:[Dd][ií]a|[Ff]echa)[^\S\n](?P<v>\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?)(?![\w/]|[.,]\d)")
_AGE = re.compile(r"(?<![\w.,/-])(?:9\d|1[0-2]\d)(?=[^\S\n](?:años|AÑOS)\b)")
_OLD = re.compile(r"(?<!\w)[Ee]dad[^\S\n]?:[^\S\n]?(?P<v>9\d|1[0-2]\d)(?!\w|[.,]\d)")


def dates(text: str) -> Iterator[Found]:
    """Every date that names a day or a month; a year alone stays."""
    for m in _NUMERIC.finditer(text):
        if _is_date(m):
            yield Found(m.start(), m.end(), "FECHA")
    for m in _DAY_LABEL.finditer(text):
        # «día 1/21»: of a cycle.
        if int(re.split(r"[/.-]", m["v"])[1]) <= 12:
            yield Found(m.start("v"), m.end("v"), "FECHA")
    yield from _short_months(text)
    for form in _MONTH_FORMS:
        at = text.find(form)
        while at >= 0:
            end = at + len(form)
            if not (text[at - 1 : at].isalpha() or text[end : end + 1].isalpha()):
                yield _around(text, at, end)
            at = text.find(form, end)


def _short_months(text: str) -> Iterator[Found]:
    for m in _SHORT_YEAR.finditer(text):
        if text[m.start() - 1 : m.start()] not in ("-", "/", "'", "’", " ", "."):
            continue
        before = _SHORT_BEFORE.search(text, max(0, m.start() - 12), m.start())
        if before and (before["d"] or "-" in before["s"] or "/" in before["s"] or m.group()[:2] in ("19", "20")):
            yield Found(before.start(), m.end(), "FECHA")


# «positivo 1/2000» dilutes a serum.
_TITRE = re.compile(
    r"(?:posi?tiv[oa]s?|t[ií]tulos?|diluci[óo]n(?:es)?|titulaci[óo]n|anticuerpos|suero)\b[^.\n]{0,12}\Z", re.IGNORECASE
)


def _is_date(m: re.Match[str]) -> bool:
    if m["mm"]:
        titre = m["mm"] == "1" and _TITRE.search(m.string, max(0, m.start() - 24), m.start())
        return 1 <= int(m["mm"]) <= 12 and not titre
    if m["iy"]:
        return 1 <= int(m["im"]) <= 12 and 1 <= int(m["id"]) <= 31
    day, month, year, sign = int(m["d"]), int(m["m"]), m["y"], m["s"]
    # With dots or hyphens and two figures for the year, only a full shape is no section, score or range.
    if sign != "/" and len(year) == 2 and (len(m["d"]) < 2 or len(m["m"]) < 2):
        return (
            sign == "-"
            and day <= 31
            and 1 <= month <= 12
            and _DATE_BEFORE.search(m.string, max(0, m.start() - 8), m.start()) is not None
        )
    return 1 <= day <= 31 and 1 <= month <= 31 and min(day, month) <= 12


def _around(text: str, start: int, end: int) -> Found:
    before = _DAY_BEFORE.search(text, max(0, start - 32), start)
    after = _YEAR_AFTER.match(text, end)
    return Found(before.start() if before else start, after.end() if after else end, "FECHA")


def ages(text: str) -> Iterator[Found]:
    """Ages over 89."""
    for m in _AGE.finditer(text):
        yield Found(m.start(), m.end(), "EDAD")
    for m in _OLD.finditer(text):
        yield Found(m.start("v"), m.end("v"), "EDAD")
