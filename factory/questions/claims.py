"""What an answer says of numbers, denials and directions, against its evidence: same language, same sense."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from typing import NamedTuple

from factory.questions.case import Case, numbers_of
from factory.questions.names import is_name
from factory.questions.wording import (
    content,
    fold,
    head,
    heads,
    heads_of,
    is_content,
    lines,
    sentence_texts,
    supported,
    words,
)
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
_FRACTIONS = frozenset(
    "mitad tercio tercios cuarto cuartos quinta quintas decima decimas cuarta doble triple cuadruple docena"  # noqa: SIM905
    " docenas decena decenas veintena centenar centenares".split()
)
_NUMBERED = re.compile(r"(?P<number>\d+(?:[.,]\d+)*)(?P<rest>[^\d.;:]{0,60})")


def wrong_numbers(case: Case) -> str | None:
    """A number of the answer that the evidence does not have, or has of something else."""
    ours = numbers_of(case.answer_side)
    if ours:
        there = [*case.evidence_numbers, *case.asked_numbers]
        known = {value for number in there for value in number.values}
        sure = {value for number in there if number.kind != "loose" for value in number.values}
        for number in ours:
            if number.kind == "loose":
                continue
            if known.isdisjoint(number.values):
                return f"{number.values[0]:g} is not in the evidence"
            # `una proporción` is no figure: a 1 of the answer that rests on it must count the same thing.
            if 1.0 in number.values and 1.0 not in sure and not _counts_one(case):
                return "1 is not in the evidence"
    for word in _FRACTIONS & {fold(w) for w in case.answer_side.words}:
        if word not in {fold(w) for w in case.evidence_side.words} and not _stands_for(word, case):
            return f"{word} is not in the evidence"
    return _crossed(case)


_ONE = re.compile(r"\b(?:1|una?|uno|primer[oa]?) ([^\W\d_]{3,})", re.IGNORECASE)


def _counts_one(case: Case) -> bool:
    """What the answer has one of, the evidence has one of."""
    theirs = {head(fold(found)) for found in _ONE.findall(case.evidence)}
    return any(head(fold(found)) in theirs for found in re.findall(r"\b1 ([^\W\d_]{3,})", case.answer))


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
        "maximo",
        "minimo",
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
            if _shares_unit(number, case):
                continue
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


def _shares_unit(number: Number, case: Case) -> bool:
    """The first end of a range: `entre el 10 y el 15 %`."""
    value = f"{number.values[0]:g}".replace(".", "[.,]")
    after = re.search(rf"(?<!\d){value} (?:y|a|o) (?:el |los |las |la )?(\d+(?:[.,]\d+)?)", case.answer)
    end = float(after[1].replace(",", ".")) if after else None
    return any(end in other.values and other.unit is not None for other in case.answer_side.digits)


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
    return _changed_unit(case.answer, case.evidence)


def _changed_unit(answer: str, evidence: str) -> str | None:
    """`tres semanas` once more than in the evidence, and its `tres meses` nowhere."""
    ours, theirs = (Counter(_counted_units(text)) for text in (answer, evidence))
    for number, unit in ours - theirs:
        gone = [other for word, other in theirs - ours if word == number and (number, other) not in ours]
        if gone and (number, unit) in theirs:
            return f"{number} {unit} is {min(gone)} in the evidence"
    return None


def _counted_units(text: str) -> Iterable[tuple[str, str]]:
    for found in _PAIR.finditer(text):
        if unit := _TIMES.get(fold(found[2])):
            yield fold(found[1]), unit


# Denials

_DENIES = frozenset(["no", "sin", "nunca", "jamas", "ningun", "ninguna", "ninguno", "nadie", "tampoco", "ni"])
_IDLE = re.compile(
    r"\b(?:no (?:s[oó]lo|solamente|[uú]nicamente|obstante|dud[ea]\w*)\b|sin (?:embargo|duda)\b|ni siquiera\b"
    r"|si no\b(?=\s*[,.;])|no (?:queda|hay|tiene|hace) (?:m[aá]s|otra cosa) que\b|no del todo\b(?=[:,.])"
    r"|casi nada\b|un poco\b|no es (?:raro|infrecuente) que\b|(?:por qu[eé]|c[oó]mo) no\b|no (?:m[aá]s|menos) de\b"
    r"|tumor(?:es)? no\b)|[¿(]no\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[.;:!?()\n]|,\s+(?:pero|sino|aunque|y|mientras|por lo que|porque|ya que)\b|\b(?:pero|sino|aunque)\b"
)
_REACH = 6


class Denial(NamedTuple):
    """What a denial denies: the first words with meaning behind it, in its clause; `by` is the word that denies."""

    by: str
    words: tuple[str, ...]


@cache
def _starts(name: str) -> tuple[str, ...]:
    """How the words of a lexicon begin, whatever their ending."""
    return tuple({fold(word)[: max(5, len(word) - 3)] for line in lines(name) for word in line.split()})


@lru_cache(1 << 16)
def _is_strict(word: str) -> bool:
    """A folded word forbids or denies whatever stands beside it."""
    return word.startswith(_starts("strict_no.txt"))


@lru_cache(1 << 16)
def is_soft(word: str) -> bool:
    """A folded word says no softly: what it says of a thing is a matter of denials, not of words."""
    return word.startswith(_starts("soft_no.txt")) and not word.startswith(("insuficiencia", "dificult"))


# `Es falso que` denies what follows.
_FALSE = re.compile(
    r"\b(?:es|son|resulta) (?:falso|mentira|un mito|incorrecto|err[oó]neo) que\b|\bno es (?:cierto|verdad) que\b",
    re.IGNORECASE,
)
_MAY_DENY = re.compile(
    r"\b(?:no|sin|nunca|jam[aá]s|ning[uú]n|ningun[oa]|nadie|tampoco|ni|falso|mentira|mito|incorrecto|err[oó]neo)\b"
)
Piece = tuple[str, Sequence[Denial], Sequence[str]]


@lru_cache(512)
def denials(text: str) -> tuple[Denial, ...]:
    """The denials of a text, those that only look like one left out."""
    if _MAY_DENY.search(text.lower()) is None:
        return ()
    plain = _FALSE.sub(" no ", _IDLE.sub(" ", text))
    found: list[Denial] = []
    for clause in _CLAUSE.split(plain):
        if not clause:
            continue
        said = [fold(word) for word in re.findall(r"[^\W_]+", clause)]
        for at, word in enumerate(said):
            # `no se aplica nunca`: the second word only completes the first.
            if word in _DENIES and not (word in ("nunca", "jamas") and "no" in said[max(0, at - 4) : at]):
                after = [w for w in said[at + 1 : at + 1 + 2 * _REACH] if is_content(w)][:3]
                found.append(Denial(word, tuple(after)))
    return tuple(found)


_A_BIT = re.compile(r"\bun poco\b", re.IGNORECASE)


@lru_cache(512)
def soft(text: str) -> tuple[str, ...]:
    """The words of a text that say no softly."""
    return tuple(filter(is_soft, words(_A_BIT.sub(" ", text))))


def wrong_negation(case: Case) -> str | None:
    """Something is denied in the answer and said in the evidence, or the other way round; sentence by sentence."""
    # What is `the same` is told by its having no difference.
    evidence = case.evidence
    if _ALIKE.search(case.answer) and _NO_DIFFERENCE.search(evidence):
        evidence = re.sub(r"\bni\b", "y", _NO_DIFFERENCE.sub(" ", evidence))
    every = [(one, denials(one), soft(one)) for one in _pieces(evidence)]
    denied = any(found for _, found, _ in every)
    softly = any(found for _, _, found in every)
    pieces = _pieces(_YES_NO.sub("", case.answer))
    # As many sentences deny here as there: which denies what is judged one by one, what was lost is not.
    kept = bool(denials(case.question) or soft(case.question) or _ASKS_NO.search(case.question)) or sum(
        bool(denials(one) or soft(one)) for one in pieces
    ) >= sum(bool(found or any(map(_is_strict, more))) for _, found, more in every)
    for sentence in pieces:
        ours, our_soft = denials(sentence), soft(sentence)
        if not (ours or our_soft or denied or softly):
            continue
        if said := _denial_of(case, sentence, ours, our_soft, every, kept=kept):
            return said
    return None


_ALIKE = re.compile(r"\b(?:lo mismo|igual|iguales|mism[oa]s?|parecid[oa]s?|similar(?:es)?)\b", re.IGNORECASE)
_NO_DIFFERENCE = re.compile(r"\bno (?:hubo|hay|había|existen?|se \w+) (?:ninguna )?diferencias?\b", re.IGNORECASE)
_ASKS_NO = re.compile(r"\b(?:por qu[eé]|c[oó]mo) no\b", re.IGNORECASE)
_YES_NO = re.compile(r"^(?:no|s[ií])[,.:;]\s+", re.IGNORECASE)


def _pieces(text: str) -> list[str]:
    """The sentences of a text, parted at semicolons; a bare `No.` says nothing by itself."""
    found = [piece.strip() for one in sentence_texts(text) for piece in one.split(";")]
    return [piece for piece in found if len(content(piece)) > 1 or (content(piece) and denials(piece))]


def _denial_of(
    case: Case,
    sentence: str,
    ours: Sequence[Denial],
    our_soft: Sequence[str],
    every: Sequence[Piece],
    *,
    kept: bool,
) -> str | None:
    """What is wrong with the denials of one sentence of the answer."""
    own = {word for word in content(sentence) if not is_soft(word)}
    near = [
        (share, one)
        for one in every
        if (share := _share(own, one[0])) >= _NEAR or _share(set(content(one[0])), sentence) >= _MUST
    ]
    near.sort(key=lambda pair: -pair[0])
    asked = bool(denials(case.question) or soft(case.question) or _ASKS_NO.search(case.question))
    theirs = [denial for _, one in near for denial in one[1]]
    their_soft = [word for _, one in near for word in one[2]]
    if ours and near and not theirs and not their_soft:
        return f"{ours[0].by} {' '.join(ours[0].words[:2])}: nothing is denied in the evidence"
    if near and near[0][0] >= _SAME_SENTENCE:
        best = near[0][1]
        count, other = _weight(ours), _weight(best[1])
        covered = _share({word for word in content(best[0]) if not is_soft(word)}, sentence)
        if count != other and not asked and covered >= _SAME_SENTENCE and len(our_soft) == len(best[2]):
            return f"{count} denied, {other} in the evidence"
    if near and near[0][0] >= _MUST and not their_soft and not our_soft and not _elsewhere(ours, theirs):
        return f"{ours[-1].by} {' '.join(ours[-1].words[:2])}: not denied in the evidence"
    if not kept and not ours and not our_soft and (lost := _lost(sentence, [one for _, one in near])):
        return f"the evidence denies: {lost[:60]}"
    for denial in ours:
        if said := _said_plainly(denial, case.evidence, [d for _, found, _ in every for d in found], 2):
            return f"{denial.by} {' '.join(denial.words[:2])}: the evidence says {said}"
    for denial in theirs:
        if ours and denial.by not in (*_PLAIN, "ni"):
            continue
        clause = _clause_of(denial, sentence) if denial.by == "ni" else ""
        if clause and ((asked and not _ALLOWS.search(clause)) or not _DENIES.isdisjoint(words(clause))):
            continue
        if (said := _said_plainly(denial, sentence, ours, 1)) and not _said_plainly(denial, case.evidence, [], 1):
            return f"the evidence denies {said}, the answer says it"
    return None


# A sentence of the evidence is near where it has so many of the answer's words, and the same where it has most.
_NEAR, _SAME_SENTENCE, _MUST = 0.3, 0.75, 0.5


_WITH_RELATIVE = re.compile(rf"{_CLAUSE.pattern}|,\s+(?=que no\b)")


def _lost(sentence: str, near: Sequence[Piece]) -> str | None:
    """A clause of the evidence that denies, most of which the answer says, which denies nothing."""
    for text, found, softly in near:
        if not found and not any(map(_is_strict, softly)):
            continue
        for clause in _WITH_RELATIVE.split(text):
            said = [word for word in content(clause or "") if not is_soft(word)]
            there = sum(supported(word, heads_of(sentence)) for word in said)
            if len(said) < 2 or there < _MUST * len(said):
                continue
            if denials(clause) or any(map(_is_strict, soft(clause))):
                return clause.strip()
    return None


def _weight(found: Sequence[Denial]) -> int:
    """How often something is denied: in Spanish a second word only completes the first (`no … ni … ningún`)."""
    return sum(one.by in _PLAIN for one in found) or min(1, len(found))


_PLAIN = frozenset(["no", "sin", "nunca", "jamas"])


def _share(own: set[str], text: str) -> float:
    there = heads_of(text)
    return sum(supported(word, there) for word in own) / len(own) if own else 0.0


def _elsewhere(ours: Sequence[Denial], theirs: Sequence[Denial]) -> bool:
    """Each of our denials denies what one of theirs does."""
    return all(
        not one.words
        or (one.by not in _PLAIN and len(ours) > 1)
        or any(supported(word, heads(other.words)) for other in theirs for word in one.words)
        or any(supported(word, heads(one.words)) for other in theirs for word in other.words)
        for one in ours
    )


_BRACKETS = re.compile(r"\([^()]*\)")


def _said_plainly(denial: Denial, text: str, denied: Sequence[Denial], size: int) -> str | None:
    """What a denial denies is said in a text in whose clause nothing before it denies it; None where that is not so."""
    if not denial.words:
        return None
    wanted = denial.words[: size if len(denial.words[0]) > 4 else 2]
    if any(head(wanted[0]) in {head(word) for word in other.words} for other in denied):
        return None
    for clause in _CLAUSE.split(_IDLE.sub(" ", _BRACKETS.sub(" ", text))):
        if not clause:
            continue
        said = [fold(word) for word in re.findall(r"[^\W_]+", clause)]
        places = [next((at for at, word in enumerate(said) if _same(word, one)), -1) for one in wanted]
        if min(places) < 0 or (len(wanted) == 1 and len(wanted[0]) < 3):
            continue
        if not _denied_at(said, min(places)):
            return " ".join(wanted)
    return None


_ALLOWS = re.compile(r"\b(?:se )?(?:puede[n]?|permite[n]?)\b|\bes segur[oa]\b", re.IGNORECASE)


def _clause_of(denial: Denial, text: str) -> str:
    """The clause of a text that has most of what a denial denies."""
    return max(_clauses(text), key=lambda one: sum(supported(word, heads_of(one)) for word in denial.words), default="")


def _clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause]


def _same(word: str, other: str) -> bool:
    return head(word) == head(other) and is_content(word)


def _denied_at(said: list[str], at: int) -> bool:
    """A word at or before a place denies what stands there, or one shortly behind it does so softly."""
    return any(word in _DENIES for word in said[: at + 1]) or any(map(is_soft, said[: at + 4]))


# Directions

Pole = tuple[tuple[str, ...], tuple[str, ...]]


@cache
def _poles() -> tuple[Pole, ...]:
    found: list[Pole] = []
    for line in lines("opposites.txt"):
        left, _, right = line.partition(":")
        found.append((tuple(fold(w) for w in left.split()), tuple(fold(w) for w in right.split())))
    return tuple(found)


# `improbable` for `probable`: the same word with and without what denies it.
_PREFIX = re.compile(r"(?:in|im|ir|des|dis|an|a)(?=[a-zñ]{5,})")


def _prefixed(ours: list[str], theirs: list[str]) -> str | None:
    """A word of one side that the other has with what denies it before it, and not without."""
    for some, others in ((ours, theirs), (theirs, ours)):
        known, missing = set(others), set(some) - set(others)
        for word in missing:
            found = _PREFIX.match(word)
            bare = word[found.end() :] if found else ""
            if bare and any(one.startswith(bare[:-1]) and abs(len(one) - len(bare)) < 2 for one in known - set(some)):
                return word
    return None


def wrong_direction(case: Case) -> str | None:
    """A word of the answer whose opposite stands in the evidence in its place."""
    theirs = [_compared(one) for one in _pieces(case.evidence)]
    whole = _compared(case.evidence)
    for sentence in _pieces(_YES_NO.sub("", case.answer)):
        ours = _compared(sentence)
        near = _nearest(ours, theirs)
        if near is not None and (word := _prefixed(ours, near)) and not _denied_once(ours, near):
            return f"{word} stands on one side, its opposite on the other"
        if said := _bound(sentence, case.evidence_sentences):
            return said
        if not any(map(_places, ours)):
            continue
        if said := _beside(ours, theirs):
            return said
        every = _alike_enough(ours, theirs) if near is not None else [whole]
        turned = [_turned(ours, one, exact=near is not None) for one in every]
        if turned and all(turned):
            return turned[0]
    return None


def _beside(ours: list[str], theirs: list[list[str]]) -> str | None:
    """A pole beside a word beside which the evidence has the other one only: `menos fatiga` for `más fatiga`."""
    known: dict[tuple[int, str], set[tuple[int, bool]]] = {}
    for one in theirs:
        for pole, side, word, _, denied in _neighbours(one):
            known.setdefault((pole, word), set()).add((side, denied))
    mine: dict[tuple[int, str], set[tuple[int, bool]]] = {}
    said: dict[tuple[int, str], str] = {}
    for pole, side, word, own, denied in _neighbours(ours):
        mine.setdefault((pole, word), set()).add((side, denied))
        said[pole, word] = own
    for key, found in mine.items():
        if key not in known or len({side for side, _ in found}) > 1:
            continue
        # The same word that is denied on one side only is a matter of denials.
        if not any(side == other or denied != theirs_ for side, denied in found for other, theirs_ in known[key]):
            return f"{said[key]} {key[1]}… stands in the evidence the other way round"
    return None


def _neighbours(said: list[str]) -> Iterable[tuple[int, int, str, str, bool]]:
    """Each word of a pole with the words with meaning next to it, and whether it is denied."""
    for at, word in enumerate(said):
        places = _places(word)
        if not places:
            continue
        denied = word not in _DENIES and any(one in _DENIES for one in said[max(0, at - 3) : at])
        near = itertools.takewhile(_in_clause, reversed(said[max(0, at - 2) : at]))
        before = next((w for w in near if is_content(w) and not _places(w)), "")
        near = itertools.takewhile(_in_clause, said[at + 1 : at + 3])
        after = next((w for w in near if is_content(w) and not _places(w)), "")
        for other in (before, after):
            if len(other) > 3:
                yield from ((pole, side, head(other), word, denied) for pole, side in places)


def _in_clause(word: str) -> bool:
    return word not in {",", ";", ":"}


def _denied_once(ours: list[str], theirs: list[str]) -> bool:
    return any(w in _DENIES for w in ours) != any(w in _DENIES for w in theirs)


def _bound(sentence: str, evidence: Sequence[str]) -> str | None:
    """A bound from above where the evidence has one from below for the same number, or the other way round."""
    mine = _bounds_of(sentence)
    if not mine:
        return None
    theirs: dict[str, set[str]] = {}
    for one in evidence:
        for number, side in _bounds_of(one).items():
            theirs.setdefault(number, set()).update(side)
    for number, side in mine.items():
        other = theirs.get(number)
        if other and side.isdisjoint(other):
            return f"the bound of {number} turned"
    return None


_COUNT = r" ?(?:los |las |unos |unas )?(\d+(?:[.,]\d+)?|[^\W\d_]+)"
_FROM_ABOVE = re.compile(
    r"(?:\b(?:hasta|como m[aá]ximo|a lo sumo|m[aá]ximo de|no (?:\w+ ){0,4}(?:m[aá]s|mayor|superior(?:es)?) (?:de|a)"
    r"|(?<!al )(?<!lo )menos de|menor(?:es)? (?:de|a|que)|inferior(?:es)? a|por debajo de)|[<≤])"
    rf"{_COUNT}|\b(\d+(?:[.,]\d+)?)(?: \w+){{0,3}} (?:como m[aá]ximo|o menos|como mucho)",
    re.IGNORECASE,
)
_FROM_BELOW = re.compile(
    r"(?:\b(?:(?:al|por lo) menos(?: de)?|como m[ií]nimo|m[ií]nimo de|m[aá]s de|mayor(?:es)? (?:de|a|que)"
    r"|superior(?:es)? a|por encima de|a partir de|desde)|[>≥])"
    rf"{_COUNT}|\b(\d+(?:[.,]\d+)?)(?: \w+){{0,3}} (?:como m[ií]nimo|o m[aá]s)\b",
    re.IGNORECASE,
)


def _bounds_of(text: str) -> dict[str, set[str]]:
    """Each number that is bounded, and from which sides."""
    found: dict[str, set[str]] = {}
    for side, pattern in (("above", _FROM_ABOVE), ("below", _FROM_BELOW)):
        every = list(pattern.finditer(text))
        text = pattern.sub(" ", text)
        for one in every:
            number = fold(one[1] or one[2])
            value = _NUMBER_WORDS.get(number, number)
            if value[0].isdigit():
                found.setdefault(value, set()).add(side)
    return found


_SMALL = "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce"
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_SMALL.split())}


def _nearest(ours: list[str], theirs: list[list[str]]) -> list[str] | None:
    """The sentence of the evidence that has most words of one of the answer, if it has half of them."""
    own = {word for word in ours if is_content(word) and not _places(word)}
    shares = [(sum(map(supported, own, itertools.repeat(heads(one)))), one) for one in theirs]
    best = max(shares, key=lambda pair: pair[0], default=(0, []))
    return best[1] if own and best[0] >= 0.5 * len(own) else None


def _alike_enough(ours: list[str], theirs: list[list[str]]) -> list[list[str]]:
    """The sentences of the evidence that have nearly as many words of one of the answer as the one that has most."""
    own = {word for word in ours if is_content(word) and not _places(word)}
    shares = [(sum(map(supported, own, itertools.repeat(heads(one)))), one) for one in theirs]
    most = max((share for share, _ in shares), default=0)
    return [one for share, one in shares if share >= 0.6 * most]


def _turned(ours: list[str], theirs: list[str], *, exact: bool) -> str | None:
    """A pole that the evidence has not, or has more rarely, where it has more of the other."""
    if _denied_once(ours, theirs):
        return None
    mine, other = _counted(ours), _counted(theirs)
    for (pole, side), said in mine.items():
        against = (pole, 1 - side)
        there, turned = len(other.get((pole, side), ())), len(other.get(against, ()))
        if (exact and len(said) > there and len(mine.get(against, ())) < turned) or (
            not exact and not there and turned and against not in mine
        ):
            return f"{said[0]} stands in the evidence as its opposite"
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


# Swaps


# `Según la fuente,` stands where nothing stands in the source.
_ATTRIBUTION = re.compile(r"^(?:seg[uú]n|de acuerdo con|para) [^,]{3,60},\s*", re.IGNORECASE)


def swapped(case: Case) -> str | None:
    """A word of the answer in a place where the evidence has another, the words around it being the same."""
    evidence = [[fold(word) for word in re.findall(r"[^\W_]+", one)] for one in case.evidence_sentences]
    whole = f" {' '.join(word for one in evidence for word in one)} "
    for sentence in sentence_texts(case.answer):
        ours = [fold(word) for word in re.findall(r"[^\W_]+", _ATTRIBUTION.sub("", sentence))]
        if f" {' '.join(ours)} " in whole:
            continue
        for theirs in evidence:
            if said := _swap(ours, theirs, case.asked):
                return said
    return None


# So many of the same words must stand on both sides of a swap together, some on each.
_AROUND, _EACH = 4, 1


def _swap(ours: list[str], theirs: list[str], asked: Sequence[str]) -> str | None:
    common, known = set(ours) & set(theirs), heads(asked)
    if len(common) < _AROUND + 1:
        return None
    blocks = SequenceMatcher(None, ours, theirs, autojunk=False).get_matching_blocks()
    for before, after in itertools.pairwise(blocks):
        mine, other = ours[before.a + before.size : after.a], theirs[before.b + before.size : after.b]
        if not 1 <= len(mine) <= 3 or not 1 <= len(other) <= 3:
            continue
        if before.size < _EACH or (after.size < _EACH and after.a < len(ours)):
            continue
        if before.size + after.size < _AROUND:
            continue
        new = [w for w in mine if is_content(w) and not supported(w, heads(theirs))]
        gone = [word for word in other if is_content(word) and not supported(word, heads(ours))]
        # What is asked about may stand where the evidence names nothing.
        if all(supported(word, known) for word in new) and not any(is_name(word) for word in gone):
            continue
        named = any(is_name(word) for word in (*new, *(one for one in gone if not supported(one, known))))
        if new and gone and named and not any(supported(word, heads(gone)) for word in new):
            return f"{' '.join(mine)} stands where the evidence has {' '.join(other)}"
    return None


_HIGHER = re.compile(r"\b(?:más|mas) (?:alt|elevad|grand|numeros|acusad|intens)[oae]?s?\b", re.IGNORECASE)
_LOWER = re.compile(r"\b(?:más|mas) (?:baj|pequeñ|reducid|escas|corto|cort)[oa]s?\b", re.IGNORECASE)


# A bound is a matter of its number.
_BOUNDS = re.compile(r"\b(?:al menos|por lo menos|o m[aá]s|como m[ií]nimo|o menos|como m[aá]ximo)\b", re.IGNORECASE)


_MINORS = re.compile(r"\bmenor(?:es)? de edad\b", re.IGNORECASE)


def _compared(text: str) -> list[str]:
    """The folded words of a text, `más alto` as `mayor` and `más bajo` as `menor`."""
    plain = _LOWER.sub("menor", _HIGHER.sub("mayor", _BOUNDS.sub(" ", _MINORS.sub("niños", text))))
    return [fold(word) for word in re.findall(r"[^\W\d_]+|[,;:]", plain)]


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
