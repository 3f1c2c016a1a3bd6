"""The numbers of an English and a Spanish text, whatever each language writes them like.

`2,000 mg` = `2000 mg` = `2 000 mg`, `12.1` = `12,1`, `3 million` = `3 000 000`, `twice` = `2 veces`, `stage IV` =
`estadio 4`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from factory.translate.sentences import paired
from factory.translate.units import unit_after

if TYPE_CHECKING:
    from factory.translate.side import Side

Class = Literal["digits", "word", "code", "loose"]


class Number(NamedTuple):
    """A number of a text: what it may be worth, and how sure it is one.

    `digits` must stand in the other text; a `word` (two, segundo, IV) is missed only where the other text has another
    in its place; `code` (COVID-19, IL-6) must come from the source; `loose` words (one, half) prove, never accuse.
    """

    values: tuple[float, ...]
    kind: Class
    unit: str | None = None
    inherited: bool = False


_EN_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ES_UNITS = (
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
    "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete "
    "veintiocho veintinueve"
).split()
_ES_TENS = "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa".split()
_ES_HUNDREDS = (
    "cien doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split()
)

CARDINALS: dict[str, dict[str, int]] = {
    "en": {w: i for i, w in enumerate(_EN_UNITS)} | {w: 10 * i for i, w in enumerate(_EN_TENS, 2)},
    "es": {w: i for i, w in enumerate(_ES_UNITS)}
    | {w: 10 * i for i, w in enumerate(_ES_TENS, 2)}
    | {w: 100 * i for i, w in enumerate(_ES_HUNDREDS, 1)}
    | {w[:-2] + "as": 100 * i for i, w in enumerate(_ES_HUNDREDS[1:], 2)}
    | {"ciento": 100, "una": 1, "un": 1, "ningún": 0, "veintiún": 21, "veintiuna": 21, "dieciseis": 16, "veintidos": 22}
    | {"veintitres": 23, "veintiseis": 26},
}
MAGNITUDES: dict[str, dict[str, float]] = {
    "en": {"hundred": 100, "thousand": 1e3, "million": 1e6, "millions": 1e6, "billion": 1e9, "trillion": 1e12},
    "es": {"mil": 1e3, "millón": 1e6, "millon": 1e6, "millones": 1e6, "billón": 1e12, "billones": 1e12},
}


def _loose() -> dict[str, dict[str, tuple[float, ...]]]:
    """Words that stand for a number without being counted (loose.txt): they prove a digit of the other text."""
    found: dict[str, dict[str, tuple[float, ...]]] = {"en": {}, "es": {}}
    for line in Path(__file__).with_name("loose.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            worth, _, words = line.partition(":")
            language, *values = worth.split()
            found[language] |= dict.fromkeys(words.split(), tuple(map(float, values)))
    return found


LOOSE = _loose()
_ROMAN = re.compile(r"\b(?=[IVX])(X{0,3}(?:IX|IV|V?I{0,3}))[ABC]?(?![\w'’])")
_ROMAN_VALUE = {"I": 1, "V": 5, "X": 10}
_FRACTIONS = {"½": "0.5", "⅓": "0.3333", "⅔": "0.6667", "¼": "0.25", "¾": "0.75", "⅕": "0.2", "⅛": "0.125"}
_PLAIN = str.maketrans(
    {f"{c}": str(i % 10) for i, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")} | {c: f" {v} " for c, v in _FRACTIONS.items()}
)
_TWO_LETTERS = re.compile(r"\b[IVX]{2,4}[ABC]?\b")
_MAGNITUDE = {
    "en": re.compile(r"\+?[\s-]*(hundred|thousand|million|billion|trillion|k|m|bn)s?\b", re.IGNORECASE),
    "es": re.compile(r"[\s-]*(mil millones|mil|mill[oó]n|millones|bill[oó]n|billones|k|m)\b", re.IGNORECASE),
}
# What every magnitude begins like: one look for the many numbers that have none.
_MAGNIFIES = re.compile(r"\+?[\s-]*[hmtbkHMTBK]")
_TIMES: dict[str, dict[str, float]] = {
    "en": MAGNITUDES["en"] | {"k": 1e3, "m": 1e6, "bn": 1e9},
    "es": MAGNITUDES["es"] | {"mil millones": 1e9, "k": 1e3, "m": 1e6},
}
# Digits with marks, and thousands parted by a space (plain, no-break, thin or narrow); `_spans` sorts them out.
_DIGITS = re.compile(
    r"[0-9]+(?:[.,·][0-9]+)*(?:[ \u00a0\u2009\u202f][0-9]{3}(?![0-9]|[.,·][0-9]))*"
    r"(?:(?<=[ \u00a0\u2009\u202f][0-9]{3}),[0-9]+)?"
)
_ODD = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉½⅓⅔¼¾⅕⅛]")
_SPACE = re.compile(r"\s")
_MARK = re.compile(r"[.,·]")
_RUN = re.compile(r"[0-9]+(?:[.,·][0-9]+)*")
_BRACKETS = re.compile(r"\[[\d,\s–-]+\]")
_PM = re.compile(r"(?::\d\d)?\s*p\.?\s*m\b", re.IGNORECASE)
_DECADE = re.compile(r"['’]?s\b")
_RANGE = re.compile(r"\s*(?:[-–—‑/,;]|to|or|and|al?|o|u|y|e|y un|hasta)\s*$")
_ENDS, _BEFORE = tuple(").;:]"), tuple("/-–")
_CENTURY = re.compile(r"(1[89]|20)\d\d[-–/]$")
_FRACTION = re.compile(r"(?<![\d/.,])([1-9])/([2-9]|10)(?![\d/]|[.,]\d)")


def _plain(text: str) -> str:
    """The text with fractions and raised digits made plain, and citations parted by spaces."""
    if "[" in text:
        text = _BRACKETS.sub(lambda m: m.group().replace(",", ", "), text)
    return text.translate(_PLAIN) if _ODD.search(text) else text


@lru_cache(1 << 16)
def readings(digits: str, language: str) -> tuple[float, ...]:
    """What a number in digits may be worth: `1.500` is 1.5 in English, 1500 or (in Mexico) 1.5 in Spanish."""
    if digits.isdigit():
        return (float(digits),)
    if _SPACE.search(digits):
        return (float(_SPACE.sub("", digits).replace(",", ".")),)
    if digits[0] in ".,":
        return (float("0." + _MARK.split(digits[1:])[0]),)
    marks = _MARK.findall(digits)
    if not marks:
        return (float(digits),)
    groups = _MARK.split(digits)
    thousands = len(groups[0]) <= 3 and groups[0][0] != "0" and all(len(g) == 3 for g in groups[1:])
    if len(set(marks)) == 2 and marks.count(marks[-1]) == 1:
        return (float("".join(groups[:-1]) + "." + groups[-1]),)
    if len(marks) > 1:
        return (float("".join(groups)),) if thousands else (float(groups[0]),)
    decimal = float(f"{groups[0]}.{groups[1]}")
    if not thousands:
        return (decimal,)
    whole = float("".join(groups))
    if language == "en":
        return (whole,) if marks[0] == "," else (decimal,)
    return (decimal,) if marks[0] == "," else (whole, decimal)


def _spans(text: str) -> Iterable[tuple[int, int]]:
    """Where each number begins and ends: `80 000` is one, `CD4 350` are two, `.05` begins with its mark."""
    for found in _DIGITS.finditer(text):
        start, end = found.span()
        # Most numbers are bare digits: no space in them, and no mark before them.
        if found.group().isdigit() and text[start - 1 : start] not in (".", ","):
            yield start, end
            continue
        space = _SPACE.search(text, start, end)
        glued = start and text[start - 1].isalnum()
        if space and (glued or space.start() - start > 3 or _MARK.search(text, start, space.start())):
            for piece in _RUN.finditer(text, start, end):
                yield piece.span()
            continue
        marked = start and text[start - 1] in ".,"
        if marked and not (start > 1 and (text[start - 2].isalnum() or text[start - 2] in ".,")):
            start -= 1
        yield start, end


def _in_digits(text: str, language: str) -> Iterable[Number]:
    """From the last to the first, so that the `5` of `5 to 10 mg` gets its unit from the 10."""
    following: str | None = None
    begins = len(text) + 9
    for start, end in reversed(list(_spans(text))):
        digits = text[start:end]
        values = readings(digits, language)
        before = text[start - 1] if start else " "
        coded = before.isalpha() or (before in "-–‑" and start > 1 and text[start - 2].isalpha())
        after = text[end : end + 14]
        unit, inherited = None, False
        if after or before == "/":
            # Behind a bracket or a full stop nothing more belongs to a number.
            if after[:1] not in _ENDS or before in _BEFORE:
                values = _read_on(values, digits, after, text, start, language)
                unit = None if coded else unit_after(text, end, language)
            if unit is None and following and begins - end < 9 and _RANGE.match(text, end, begins):
                unit, inherited = following, True
        following, begins = unit, start
        yield Number(values, "code" if coded else "digits", unit, inherited)


def _read_on(
    values: tuple[float, ...], digits: str, after: str, text: str, start: int, language: str
) -> tuple[float, ...]:
    """What the number is worth with the words behind it: million, p. m., the s of a decade, the rest of a fraction."""
    if _MAGNIFIES.match(after) and (magnitude := _MAGNITUDE[language].match(after)):
        times = tuple(float(f"{v * _TIMES[language][magnitude[1].lower()]:.12g}") for v in values)
        return times if len(magnitude[1]) > 1 else times + values
    if values[0] < 12 and "m" in after[:8].lower() and _PM.match(after):
        return (*values, values[0] + 12)
    if text[start - 1 : start] == "/" and (fraction := _FRACTION.match(text, start - 2)):
        values = (*values, _ratio(fraction))
    if len(digits) == 2 and (century := _CENTURY.match(text, max(0, start - 5), start)):
        values = (*values, values[0] + 100 * int(century[1]))
    if len(digits) == 4 and digits[:2] in ("18", "19", "20") and _DECADE.match(after):
        return (*values, values[0] % 100)
    if after[:1] == "/" and (fraction := _FRACTION.match(text, start)):
        return (*values, _ratio(fraction))
    return values


def _ratio(fraction: re.Match[str]) -> float:
    return round(int(fraction[1]) / int(fraction[2]), 4)


@cache
def _lexicon(language: str) -> frozenset[str]:
    return frozenset(CARDINALS[language]) | frozenset(MAGNITUDES[language]) | frozenset(LOOSE[language])


def _in_words(words: list[str], text: str, language: str) -> Iterable[Number]:
    lexicon = _lexicon(language)
    cardinals, magnitudes, loose = CARDINALS[language], MAGNITUDES[language], LOOSE[language]
    run: list[str] = []
    last = -9
    for at in [i for i, word in enumerate(words) if word in lexicon]:
        word = words[at]
        if run and not (at == last + 1 or (at == last + 2 and words[at - 1] in ("and", "y"))):
            yield from _spelled(run, language)
            run = []
        if word in cardinals or (run and word in magnitudes):
            run.append(word)
            last = at
            continue
        if run:
            yield from _spelled(run, language)
            run = []
        yield Number(loose.get(word) or (magnitudes[word],), "loose")
    if run:
        yield from _spelled(run, language)
    for found in _ROMAN.finditer(text):
        yield Number((_roman(found[1]),), "word" if len(found[1]) > 1 else "loose")


def _roman(word: str) -> float:
    values = [_ROMAN_VALUE[letter] for letter in word]
    return float(sum(-v if v < max(values[i:]) else v for i, v in enumerate(values)))


def _spelled(run: list[str], language: str) -> Iterable[Number]:
    """The numbers of a run of number words: `dos mil treinta y cinco` is one, `uno dos` are two."""
    cardinals, magnitudes = CARDINALS[language], MAGNITUDES[language]
    total = part = 0.0
    room = 1e12
    for word in run:
        if word in magnitudes:
            factor = magnitudes[word]
            if factor == 100:
                part = max(part, 1) * 100
            else:
                total = (total + max(part, 0 if total else 1)) * factor
                part = 0.0
            room = 100 if factor == 100 else factor
            continue
        value = float(cardinals[word])
        if value >= room:
            yield _word(total + part)
            total = part = 0.0
        part += value
        # After `treinta` only units may follow, after `trescientos` tens; after a unit nothing.
        room = 100 if value >= 100 and value % 100 == 0 else 10 if value >= 20 and value % 10 == 0 else 0
    yield _word(total + part)


def _word(value: float) -> Number:
    return Number((value,), "word" if value > 1 else "loose")


def in_digits(side: Side) -> list[Number]:
    """The numbers written in digits."""
    return list(_in_digits(_plain(side.text), side.language)) if side.has_digits else []


def in_words(side: Side) -> list[Number]:
    """The numbers written in words or as Roman numerals."""
    return list(_in_words(side.words, side.text, side.language))


def _may_count(side: Side) -> bool:
    """The side may hold a number word above one, or a Roman numeral."""
    return not side.known.isdisjoint(_counting(side.language)) or _numeral(side.text)


def _numeral(text: str) -> bool:
    """A Roman numeral of two letters stands there; to look for the pairs first costs a tenth of the pattern."""
    return (
        "II" in text or "IV" in text or "VI" in text or "IX" in text or "XI" in text or "XV" in text or "XX" in text
    ) and _TWO_LETTERS.search(text) is not None


@cache
def _counting(language: str) -> frozenset[str]:
    return frozenset(w for w, v in CARDINALS[language].items() if v > 1)


def _without(ours: list[Number], theirs: list[Number]) -> list[Number]:
    """What of ours has no counterpart among theirs."""
    counts: dict[float, int] = {}
    proof: set[float] = set()
    for number in theirs:
        for value in number.values:
            if number.kind in ("digits", "word"):
                counts[value] = counts.get(value, 0) + 1
            else:
                proof.add(value)
    missing = []
    for number in ours:
        if number.kind == "loose":
            continue
        for value in number.values:
            if number.kind == "code":
                if value in counts or value in proof:
                    break
            elif counts.get(value, 0) > 0:
                counts[value] -= 1
                break
            elif value in proof:
                break
        else:
            missing.append(number)
    return missing


def wrong(source: Side, target: Side) -> str | None:
    """What is wrong with the numbers of a translation, in a few words; None where nothing is."""
    ours, theirs = source.digits, target.digits
    worded = _may_count(source) and _may_count(target)
    if not worded and ours == theirs:
        return None
    if not worded and _same(ours, theirs):
        return _swapped(source, target)
    ours, theirs = ours + in_words(source), theirs + in_words(target)
    left, right = _without(ours, theirs), _without(theirs, ours)
    lost = [n for n in left if n.kind == "digits"]
    invented = [n for n in right if n.kind in ("digits", "code")]
    if not lost and not invented:
        lost, invented = ([n for n in side if n.kind == "word"] for side in (left, right))
        if not (lost and invented):
            return _swapped(source, target)
    return f"lost {_shown(lost)}; invented {_shown(invented)}"


def _swapped(source: Side, target: Side) -> str | None:
    """Measures of one unit in another order: sentences are rebuilt, the order of their doses is not.

    None of 7,619 human translations changes the order of numbers that share a unit; dates do move.
    """
    if len([number for number in source.digits if number.unit is not None]) < 2:
        return None
    if _in_order(source.digits) == _in_order(target.digits):
        return None
    for one, other in paired(source, target):
        ours = _in_order(_in_digits(_plain(one), source.language))
        theirs = _in_order(_in_digits(_plain(other), target.language))
        for unit, values in ours.items():
            there = theirs.get(unit, [])
            if len(values) > 1 and values != there and sorted(values) == sorted(there):
                return f"numbers of {unit} changed places"
    return None


def _in_order(digits: Iterable[Number]) -> dict[str, list[float]]:
    """The numbers of each unit, from the last to the first."""
    found: dict[str, list[float]] = {}
    for number in digits:
        if number.kind == "digits" and number.unit is not None:
            found.setdefault(number.unit, []).append(number.values[0])
    return found


def _same(ours: list[Number], theirs: list[Number]) -> bool:
    if not ours and not theirs:
        return True
    return not any(n.kind == "digits" for n in _without(ours, theirs)) and not _without(theirs, ours)


def _shown(found: list[Number]) -> str:
    return ", ".join(f"{n.values[0]:.10g}" for n in found) or "nothing"
