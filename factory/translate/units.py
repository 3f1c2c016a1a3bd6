"""Units of measure as both languages write them: `5 mg`, `5-mg`, `5 miligramos`; `IU` = `UI`, `mcg` = `µg`.

A closed list (units.txt): what is not on it is no unit. Source: BIPM, The International System of Units, 9th ed., and
the units of clinical laboratories.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from factory.translate.side import Side

# Said of the number only by what follows: `5 c` is no temperature in a list, `2 m` may be two million.
WEAK = frozenset("c f m u s x × º a j l g h".split())
# … but these letters alone are doses and hours often enough.
STRONG_ALONE = frozenset("g h l".split())


@cache
def names(language: str) -> dict[str, str]:
    """Every spelling of a language, in lower case, and its canonical unit."""
    found: dict[str, str] = {}
    for line in Path(__file__).with_name("units.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        canonical, _, spellings = line.partition(":")
        english, _, spanish = spellings.partition("|")
        for spelling in [canonical.lower(), *(english if language == "en" else spanish).split()]:
            found.setdefault(spelling, canonical)
    return found


_NAME = r"[^\W\d_]+(?:[²³]|[23](?!\d))?|[°º]\s?[cCfF]?(?![^\W\d_])|[%‰×]"
_UNIT = re.compile(
    rf"[\s\u00a0\u202f]?[-‑]?(?:(?P<percent>por\s?ciento|per\s?cent)\b|(?P<mmhg>mm\s?(?:de\s)?hg)\b|(?P<first>{_NAME}))",
    re.IGNORECASE,
)
# Gram negative, Gram-positivo: a stain.
_STAIN = re.compile(r"[\s-]*(?:neg|pos|\(|\+|stain)", re.IGNORECASE)
_PER = re.compile(rf"\s?(?:/|\bper\b|\bpor\b)\s?(?P<next>{_NAME})", re.IGNORECASE)


def unit_after(text: str, at: int, language: str) -> str | None:
    """The unit that begins right behind a number, `mg/dl` and the like whole; None where there is none."""
    found = _UNIT.match(text, at)
    if found is None:
        return None
    if found["percent"]:
        return "%"
    if found["mmhg"]:
        return "mmHg"
    known = names(language)
    word = found["first"].replace(" ", "").lower()
    unit = known.get(word)
    if unit is None or (word == "gram" and _STAIN.match(text, found.end())):
        return None
    end = found.end()
    parts = []
    while (more := _PER.match(text, end)) and (below := known.get(more["next"].replace(" ", "").lower())):
        parts.append(below)
        end = more.end()
    if word in WEAK and not parts and word not in STRONG_ALONE:
        return None
    return "/".join([unit, *parts])


# Units whose loss or invention is an error by itself; years, times and tablets are said in too many ways.
_STRICT = frozenset(
    "kg g mg µg ng pg l dl ml µl UI mmol µmol nmol pmol mEq mm cm km °C °F % ‰ Gy cGy mGy mmHg kcal".split()
)
# `patients over 60` are `mayores de 60 años`: years may come from nowhere, days may not.
_TIMES = frozenset("s min h day week month".split())


def wrong(source: Side, target: Side) -> str | None:
    """What is wrong with the units of a translation, in a few words; None where nothing is."""
    if not source.has_digits or not target.has_digits:
        return None
    if source.digits == target.digits:
        return None
    ours, theirs = _by_value(source), _by_value(target)
    if any(n.unit == "%" for n in source.digits) and (said := _lost_percent(source, target)):
        return said
    for value, units in ours.items():
        others = theirs.get(value)
        if others and (said := _differ(units, others, source, target)):
            return said
    return None


def _by_value(side: Side) -> dict[float, list[str | None]]:
    found: dict[float, list[str | None]] = {}
    for number in side.digits:
        for value in number.values:
            if number.kind == "digits":
                found.setdefault(value, []).append(number.unit)
    return found


def _differ(ours: list[str | None], theirs: list[str | None], source: Side, target: Side) -> str | None:
    left = [u for u in ours if u]
    right = [u for u in theirs if u]
    for unit in (u for u in left if u not in right):
        if other := next((u for u in right if u not in left), None):
            if not _alike(unit, other):
                return f"{unit} became {other}"
        elif len(left) > len(right) and unit in _STRICT and not _says(target, unit):
            return f"{unit} was lost"
    for unit in (u for u in right if u not in left):
        if (unit in _TIMES or (unit in _STRICT and (len(right) > len(left) or unit == "‰"))) and not _says(
            source, unit
        ):
            return f"{unit} was invented"
    return None


def _lost_percent(source: Side, target: Side) -> str | None:
    """A share that became a count: the number is there as often as in the source, its sign is not."""
    own = Counter(n.values[0] for n in source.digits if n.unit == "%" and not n.inherited and n.values[0] != 95)
    shares = Counter(v for n in target.digits if n.unit == "%" for v in n.values)
    bare = Counter(v for n in target.digits if n.unit is None for v in n.values)
    there = Counter(n.values[0] for n in source.digits if n.unit is None or n.inherited)
    for value, count in own.items():
        if shares[value] < count and bare[value] > there[value]:
            return f"{value:g} % lost its sign"
    return None


# A dose for each of these is another dose; `6 g a day` is said in more ways than are known.
_PER_BODY = frozenset("kg m²".split())


def _alike(unit: str, other: str) -> bool:
    """The same unit with or without what it is counted per, unless that makes it another dose."""
    if unit.split("/", maxsplit=1)[0] != other.split("/", maxsplit=1)[0] or ("/" in unit) == ("/" in other):
        return False
    return _PER_BODY.isdisjoint((unit + "/" + other).split("/")[1:])


def _says(side: Side, unit: str) -> bool:
    """The unit stands anywhere in a text, by any of its names."""
    known = names(side.language)
    return (
        any(n.unit and unit in n.unit.split("/") for n in side.digits)
        or any(known.get(word) == unit for word in side.known)
        or (unit in ("%", "‰", "°C", "°F") and (unit[0] in side.text or "por ciento" in side.text))
    )
