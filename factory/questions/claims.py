"""What an answer says of numbers, denials and directions, against its evidence: same language, same sense."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from factory.questions.case import Case, numbers_of
from factory.questions.wording import fold, head, is_content, lines, sentence_texts, supported
from factory.translate.numbers import Number

# Units whose loss or invention makes another statement; `una vez`, `comprimidos` are said in too many ways.
_STRICT = frozenset(
    [
        "kg",
        "g",
        "mg",
        "µg",
        "ng",
        "pg",
        "l",
        "dl",
        "ml",
        "µl",
        "UI",
        "mmol",
        "µmol",
        "nmol",
        "pmol",
        "mEq",
        "mm",
        "cm",
        "km",
        "°C",
        "°F",
        "%",
        "‰",
        "Gy",
        "cGy",
        "mGy",
        "mmHg",
        "kcal",
        "s",
        "min",
        "h",
        "day",
        "week",
        "month",
        "year",
    ]
)
_FRACTIONS = frozenset(["mitad", "tercio", "tercios", "doble", "triple", "cuadruple", "quinta", "decima", "cuarta"])
_NUMBERED = re.compile(r"(?P<number>\d+(?:[.,]\d+)*)(?P<rest>[^\d.;:]{0,60})")


def wrong_numbers(case: Case) -> str | None:
    """A number of the answer that the evidence does not have, or has of something else."""
    ours = numbers_of(case.answer_side)
    if ours:
        there = [*case.evidence_numbers, *case.asked_numbers]
        known = {value for number in there for value in number.values}
        for number in ours:
            if number.kind != "loose" and known.isdisjoint(number.values):
                return f"{number.values[0]:g} is not in the evidence"
    for word in _FRACTIONS & {fold(w) for w in case.answer_side.words}:
        if word not in {fold(w) for w in case.evidence_side.words} and not _stands_for(word, case):
            return f"{word} is not in the evidence"
    return _crossed(case)


def _stands_for(word: str, case: Case) -> bool:
    """`la mitad` where the evidence has 50 %."""
    worth = {"mitad": (50, 0.5, 2), "doble": (2,), "triple": (3,), "tercio": (33, 1 / 3, 3), "cuarta": (25, 4, 0.25)}
    near = worth.get(word, ())
    return any(abs(value - one) < 3 for n in case.evidence_numbers for value in n.values for one in near)


def _crossed(case: Case) -> str | None:
    """A number that stands before what another number stands before in the evidence: 5 and 10 changed places."""
    if len(case.evidence_side.digits) < 2:
        return None
    theirs = _followed(case.evidence)
    apart = [
        (word, numbers)
        for word, numbers in _followed(case.answer).items()
        if theirs.get(word) and numbers.isdisjoint(theirs[word])
    ]
    for word, numbers in apart:
        if any(other != word and theirs[word] & more and theirs[other] & numbers for other, more in apart):
            return f"{min(numbers)} belongs to something else than {word}…"
    return None


def _followed(text: str) -> dict[str, set[str]]:
    """The first word with meaning behind each number, and the numbers it stands behind."""
    found: dict[str, set[str]] = {}
    for one in _NUMBERED.finditer(text):
        following = [fold(word) for word in re.findall(r"[^\W\d_]{4,}", one["rest"])]
        word = next((w for w in following if is_content(w) and w not in _COUNTED), None)
        if word:
            found.setdefault(head(word), set()).add(one["number"])
    return found


_COUNTED = frozenset(
    [
        "mayor",
        "mayores",
        "menor",
        "menores",
        "alto",
        "alta",
        "bajo",
        "baja",
        "superior",
        "inferior",
        "elevado",
        "horas",
        "dias",
        "semanas",
        "meses",
        "años",
        "minutos",
        "segundos",
        "miligramos",
        "gramos",
        "mililitros",
        "litros",
        "casos",
        "millones",
        "ciento",
        "kilos",
        "microgramos",
        "hora",
        "semana",
        "año",
        "veces",
        "tomas",
        "gotas",
        "cucharadas",
    ]
)


def wrong_units(case: Case) -> str | None:
    """A number of the answer with another unit than in the evidence, or with one that the evidence does not give."""
    for number in case.answer_side.digits:
        same = [n for n in case.evidence_side.digits if not set(n.values).isdisjoint(number.values)]
        if not same or number.kind == "code":
            continue
        theirs = {n.unit for n in same}
        if number.unit in theirs or _alike(number, same):
            continue
        if number.unit is None:
            lost = sorted(u for u in theirs if u and _base(u) in _STRICT)
            if lost and None not in theirs:
                return f"{number.values[0]:g} lost its {lost[0]}"
        elif (any(theirs - {None}) or _base(number.unit) in _STRICT) and not (
            None in theirs and _names(case, number.unit)
        ):
            return f"{number.values[0]:g} {number.unit} is {min(u or 'bare' for u in theirs)} in the evidence"
    return _word_units(case)


def _alike(number: Number, same: list[Number]) -> bool:
    """With or without what it is counted per: `5 mg` of `5 mg/día`; never of `5 mg/kg`."""
    for other in same:
        if number.unit and other.unit and _base(number.unit) == _base(other.unit):
            more = {*number.unit.split("/")[1:]} ^ {*other.unit.split("/")[1:]}
            if more.isdisjoint({"kg", "m²", "dl", "ml", "l"}):
                return True
    return False


def _base(unit: str) -> str:
    return unit.split("/", maxsplit=1)[0]


def _names(case: Case, unit: str) -> bool:
    """The evidence names the unit somewhere, away from its number: `entre 5 y 10, en miligramos`."""
    return any(n.unit and _base(n.unit) == _base(unit) for n in case.evidence_side.digits)


_TIMES = {
    word: unit
    for unit, said in {
        "s": "segundo segundos", "min": "minuto minutos", "h": "hora horas", "day": "dia dias diario diaria",
        "week": "semana semanas semanal", "month": "mes meses mensual", "year": "año años anual",
        "mg": "miligramo miligramos", "g": "gramo gramos", "µg": "microgramo microgramos", "kg": "kilo kilos",
        "ml": "mililitro mililitros", "l": "litro litros", "cm": "centimetro centimetros", "mm": "milimetro milimetros",
    }.items()
    for word in said.split()
}  # fmt: skip
_PAIR = re.compile(
    r"\b(dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte|treinta|cuarenta|cincuenta"
    r"|sesenta|medi[oa]"
    r"|una?|ciento cincuenta|cien)\s+(?:o \w+ )?([^\W\d_]+)",
    re.IGNORECASE,
)


def _word_units(case: Case) -> str | None:
    """`dos semanas` that became `dos días`: number words keep their unit."""
    theirs: dict[str, set[str]] = {}
    for found in _PAIR.finditer(case.evidence):
        if unit := _TIMES.get(fold(found[2])):
            theirs.setdefault(fold(found[1]), set()).add(unit)
    for found in _PAIR.finditer(case.answer):
        unit, known = _TIMES.get(fold(found[2])), theirs.get(fold(found[1]))
        if unit and known and unit not in known:
            return f"{found.group()} is of {min(known)} in the evidence"
    return None


# Denials

_DENIES = frozenset(["no", "sin", "nunca", "jamas", "ningun", "ninguna", "ninguno", "nadie", "tampoco", "ni"])
_IDLE = re.compile(
    r"\bno (?:s[oó]lo|solamente|[uú]nicamente|obstante)\b|\bsin (?:embargo|duda)\b|\bni siquiera\b|\bsi no\b"
    r"|\bcasi nada\b"
    r"|\bno es (?:raro|infrecuente) que\b|\b(?:por qu[eé]|c[oó]mo) no\b|[¿(]no\b|\bno (?:m[aá]s|menos) de\b"
    r"|\bno dud[ea]\w*\b|\btumor(?:es)? no\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"\b(?:no|nunca)\b[^.;]{0,40}?\b(?:m[aá]s de|menos de|super|exced)", re.IGNORECASE)
_CLAUSE = re.compile(
    r"[.;:!?()\n]|,\s+(?:pero|sino|aunque|y|mientras|por lo que|porque|ya que)\b|\b(?:pero|sino|aunque)\b"
)
_REACH = 6


class Denial(NamedTuple):
    """What a denial denies: the first words with meaning behind it, in its clause; `by` is the word that denies."""

    by: str
    words: tuple[str, ...]


@cache
def _soft() -> frozenset[str]:
    """Heads of words that say no without being one: avoid, contraindicated, absence, lacks, forbids."""
    return frozenset(head(fold(word)) for line in lines("soft_no.txt") for word in line.split())


def denials(text: str) -> list[Denial]:
    """The denials of a text, those that only look like one left out."""
    plain = _IDLE.sub(" ", text)
    found: list[Denial] = []
    for clause in _CLAUSE.split(plain):
        if not clause:
            continue
        said = [fold(word) for word in re.findall(r"[^\W_]+", clause)]
        for at, word in enumerate(said):
            if word in _DENIES:
                after = [w for w in said[at + 1 : at + 1 + 2 * _REACH] if is_content(w)][:3]
                found.append(Denial(word, tuple(after)))
    return found


def soft(text: str) -> list[str]:
    """The words of a text that say no softly."""
    return [word for word in (fold(w) for w in re.findall(r"[^\W\d_]+", text)) if head(word) in _soft()]


def wrong_negation(case: Case) -> str | None:
    """Something is denied in the answer and said in the evidence, or the other way round."""
    ours, theirs = denials(case.answer), denials(case.evidence)
    our_soft, their_soft = soft(case.answer), soft(case.evidence)
    if not ours and not theirs and not our_soft and not their_soft:
        return None
    told = case.answer
    if ours and not theirs and not their_soft and not (_LIMIT.search(told) and _bounded(case.evidence)):
        return f"{ours[0].by} {' '.join(ours[0].words[:2])}: nothing is denied in the evidence"
    for denial in ours:
        if said := _said_plainly(denial, case.evidence, theirs, their_soft):
            return f"{denial.by} {' '.join(denial.words[:2])}: the evidence says {said}"
    for denial in theirs:
        if said := _said_plainly(denial, case.answer, ours, our_soft):
            return f"the evidence denies {said}, the answer says it"
    return None


def _bounded(text: str) -> bool:
    return (
        re.search(
            r"\b(?:m[aá]xim|hasta|l[ií]mite|menos de|como mucho|a lo sumo|inferior|super|exced)", text, re.IGNORECASE
        )
        is not None
    )


def _said_plainly(denial: Denial, text: str, denied: list[Denial], soft_words: list[str]) -> str | None:
    """What a denial denies is said in a text in whose clause nothing before it denies it; None where that is not so."""
    del soft_words
    if not denial.words:
        return None
    wanted = denial.words[:2]
    if any(head(wanted[0]) in {head(word) for word in other.words} for other in denied):
        return None
    for clause in _CLAUSE.split(_IDLE.sub(" ", text)):
        if not clause:
            continue
        said = [fold(word) for word in re.findall(r"[^\W_]+", clause)]
        places = [next((at for at, word in enumerate(said) if _same(word, one)), -1) for one in wanted]
        if min(places) < 0 or (len(wanted) == 1 and len(wanted[0]) < 3):
            continue
        if not _denied_at(said, min(places)):
            return " ".join(wanted)
    return None


def _same(word: str, other: str) -> bool:
    return head(word) == head(other) and is_content(word)


def _denied_at(said: list[str], at: int) -> bool:
    """A word at or before a place denies what stands there, or one shortly behind it does so softly."""
    return any(word in _DENIES for word in said[: at + 1]) or any(head(word) in _soft() for word in said[: at + 4])


# Directions

Pole = tuple[tuple[str, ...], tuple[str, ...]]


@cache
def _poles() -> tuple[Pole, ...]:
    found: list[Pole] = []
    for line in lines("opposites.txt"):
        left, _, right = line.partition(":")
        found.append((tuple(fold(w) for w in left.split()), tuple(fold(w) for w in right.split())))
    return tuple(found)


def wrong_direction(case: Case) -> str | None:
    """A word of the answer whose opposite stands in the evidence in its place."""
    if not any(_places(fold(word)) for word in case.answer_side.words):
        return None
    theirs = [_compared(one) for one in case.evidence_sentences]
    whole = _compared(case.evidence)
    for sentence in sentence_texts(case.answer):
        ours = _compared(sentence)
        if not any(map(_places, ours)):
            continue
        near = _nearest(ours, theirs)
        if said := _turned(ours, near if near is not None else whole, exact=near is not None):
            return said
    return None


def _nearest(ours: list[str], theirs: list[list[str]]) -> list[str] | None:
    """The sentence of the evidence that has most words of one of the answer, if it has two thirds of them."""
    own = {word for word in ours if is_content(word)}
    best = max(theirs, key=lambda one: len(own.intersection(one)), default=[])
    return best if own and len(own.intersection(best)) >= 0.66 * len(own) else None


def _turned(ours: list[str], theirs: list[str], *, exact: bool) -> str | None:
    """A pole that the evidence has not, or has more rarely, where it has more of the other."""
    if any(w in _DENIES for w in ours) != any(w in _DENIES for w in theirs):
        return None
    mine, other = _counted(ours), _counted(theirs)
    for (pole, side), words in mine.items():
        against = (pole, 1 - side)
        there, turned = len(other.get((pole, side), ())), len(other.get(against, ()))
        if (exact and len(words) > there and len(mine.get(against, ())) < turned) or (
            not exact and not there and turned and against not in mine
        ):
            return f"{words[0]} stands in the evidence as its opposite"
    return None


def _counted(said: list[str]) -> dict[tuple[int, int], list[str]]:
    """The words of a text that are of a pole, by pole and side."""
    found: dict[tuple[int, int], list[str]] = {}
    for word in said:
        for place in _places(word):
            found.setdefault(place, []).append(word)
    return found


@lru_cache(1 << 16)
def _places(word: str) -> tuple[tuple[int, int], ...]:
    """The poles that a word is of, each with its side; `*` ends the beginning of a word."""
    return tuple(
        (number, side)
        for number, pole in enumerate(_poles())
        for side in (0, 1)
        if any(word == one or (one.endswith("*") and word.startswith(one[:-1])) for one in pole[side])
    )


_HIGHER = re.compile(r"\b(?:más|mas) (?:alt|elevad|grand|numeros|acusad|intens)[oae]?s?\b", re.IGNORECASE)
_LOWER = re.compile(r"\b(?:más|mas) (?:baj|pequeñ|reducid|escas|corto|cort)[oa]s?\b", re.IGNORECASE)


def _compared(text: str) -> list[str]:
    """The folded words of a text, `más alto` as `mayor` and `más bajo` as `menor`."""
    plain = _LOWER.sub("menor", _HIGHER.sub("mayor", text))
    return [fold(word) for word in re.findall(r"[^\W\d_]+", plain)]


__all__ = [
    "Denial",
    "denials",
    "soft",
    "supported",
    "wrong_direction",
    "wrong_negation",
    "wrong_numbers",
    "wrong_units",
]
