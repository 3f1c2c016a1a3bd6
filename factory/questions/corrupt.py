"""Labelled corruptions of a right answer, in correct Spanish: what a pair rejects, and an exam's wrong options.

Each changes one thing and says which: a dose, a unit, a denial, the name of a thing for another of its kind, a dropped
contraindication, a promise, a direction. Basis: F-DPO (arXiv:2601.03027), VERI-DPO (arXiv:2603.10494).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from factory.questions.gates import cautions
from factory.questions.wording import fold, lines, sentences
from factory.record import sha256

Kind = Literal["dose", "unit", "negation", "entity", "contraindication", "overclaim", "direction"]
KINDS: tuple[Kind, ...] = ("dose", "unit", "negation", "entity", "contraindication", "overclaim", "direction")
# The gates that may refuse each kind: the first that does is named.
FAILS: dict[Kind, tuple[str, ...]] = {
    "dose": ("numbers", "units"),
    "unit": ("units",),
    "negation": ("negation",),
    "entity": ("entity",),
    "contraindication": ("contraindication",),
    "overclaim": ("overclaim",),
    "direction": ("direction",),
}


class Corruption(NamedTuple):
    """The wrong text, and what was done to it: `7 g → 70 g`."""

    kind: Kind
    text: str
    said: str


def corruptions(question: str, answer: str, seed: str) -> Iterator[Corruption]:
    """Every corruption that an answer offers a place for; which of several comes first is drawn by `seed`.

    What the question names is left as it is: who asks for one thing is not answered with another.
    """
    for kind in KINDS:
        found = [one for one in _MAKERS[kind](answer, seed) if one[0] != answer]
        if kind == "entity":
            found = [one for one in found if fold(one[1].partition(" → ")[0]) not in fold(question)]
        found.sort(key=lambda one: sha256(f"{seed}\0{kind}\0{one[0]}"))
        yield from (Corruption(kind, text, said) for text, said in found)


Made = Iterator[tuple[str, str]]

# Numbers

_NUMBER = re.compile(r"(?<![\w.,/-])(\d+(?:,\d+)?)(?![\w/]|[.,]\d)")
_RANGE = re.compile(r"(?<![\w.,/-])(\d+(?:,\d+)?)( (?:a|y|o) | ?[-–] ?)(\d+(?:,\d+)?)(?![\w/]|[.,]\d)")
_NAMED_BY_NUMBER = re.compile(
    r"\b(?:tipos?|grados?|fases?|estadios?|virus|vitamina|nivel|etapa|omega|factor|número) $", re.IGNORECASE
)
_YEAR = re.compile(r"(?:19|20)\d\d$")
_WORDS = {
    "dos": "seis",
    "tres": "ocho",
    "cuatro": "nueve",
    "cinco": "quince",
    "seis": "dos",
    "siete": "veinte",
    "ocho": "tres",
    "nueve": "cuatro",
    "diez": "treinta",
    "once": "cuarenta",
    "doce": "tres",
    "quince": "cinco",
    "veinte": "ochenta",
    "treinta": "diez",
    "cuarenta": "noventa",
    "cincuenta": "veinte",
    "sesenta": "quince",
}
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b(?! (?:mil|y)\b)", re.IGNORECASE)


def _dose(answer: str, seed: str) -> Made:
    del seed
    taken: list[tuple[int, int]] = []
    for found in _RANGE.finditer(answer):
        low, high = _value(found[1]), _value(found[3])
        taken.append(found.span())
        if low < high and not _YEAR.match(found[1]):
            for factor in _factors(answer, found.end()):
                if factor > 1 and _fits(answer, found.end(), high * factor):
                    new = f"{_said(low * factor)}{found[2]}{_said(high * factor)}"
                    yield _put(answer, found.span(), new), f"{found.group()} → {new}"
    for found in _NUMBER.finditer(answer):
        value = _value(found[1])
        if _YEAR.match(found[1]) or value == 0 or any(a <= found.start() < b for a, b in taken):
            continue
        if _NAMED_BY_NUMBER.search(answer[: found.start()]):
            continue
        for factor in _factors(answer, found.end()):
            if _fits(answer, found.end(), value * factor) and (value * factor).is_integer() >= value.is_integer():
                yield _put(answer, found.span(), _said(value * factor)), f"{found[1]} → {_said(value * factor)}"
    for found in _WORD.finditer(answer):
        if _PART_OF.search(answer[: found.start()]) or _BEGINS.match(answer, found.end()):
            continue
        if not _COUNTED.match(answer, found.end()):
            continue
        new = _WORDS[found[1].lower()]
        new = new.capitalize() if found[1][0].isupper() else new
        yield _put(answer, found.span(), new), f"{found[1]} → {new}"


# What is weighed or measured is ten times too much by a slip of the pen; what is counted is not.
_WEIGHED = re.compile(r"\s?(?:[mkµ]?g|mcg|ml|l|gramos|miligramos|microgramos|mililitros|litros)(?![\w])")
_COUNTED = re.compile(
    r"\s?(?:%|por ciento|de cada|veces|horas?|d[ií]as?|semanas?|meses|años?|minutos|segundos|tazas?|vasos?"
    r"|cucharad\w+|gotas|c[aá]psulas|comprimidos|dosis|tomas|sobres|infusiones|kilos?|grados|puntos|cm|mm|personas|pacientes|casos|ensayos"
    r"|estudios|tipos|clases|formas|fases|etapas|grupos|capas|partes|sesiones|participantes|adultos|mujeres|hombres|niños)(?![^\W\d_])"
)


def _factors(answer: str, at: int) -> tuple[float, ...]:
    """What a number before `at` may be multiplied by; nothing where nobody says what it counts."""
    if _WEIGHED.match(answer, at):
        return (10.0, 2.0, 5.0, 0.5)
    return (2.0, 3.0, 0.5) if _COUNTED.match(answer, at) else ()


# `dos o tres`, `nueve de cada diez`: to change one of them makes no sense.
_PART_OF = re.compile(rf"(?:\b(?:{'|'.join(_WORDS)}|un[oa]?|\d+) (?:o|a|y|ó|de cada)|de cada) $", re.IGNORECASE)
_BEGINS = re.compile(r" (?:o|a|y|ó|de cada) (?:\w+)\b", re.IGNORECASE)


def _value(digits: str) -> float:
    return float(digits.replace(",", "."))


def _said(value: float) -> str:
    return f"{value:g}".replace(".", ",")


def _fits(answer: str, at: int, value: float) -> bool:
    """No share above a hundred, no age of a thousand years."""
    after = answer[at : at + 14]
    return (
        not (re.match(r"\s?%|\s?por ciento", after) and value > 100)
        and not (re.match(r"\s?años", after) and value > 100)
        and value < 1e6
    )


def _put(answer: str, span: tuple[int, int], new: str) -> str:
    return answer[: span[0]] + new + answer[span[1] :]


# Units

_UNITS = {
    "mg": ("g", "µg"),
    "g": ("mg", "kg"),
    "µg": ("mg",),
    "mcg": ("mg",),
    "kg": ("g",),
    "ml": ("l",),
    "l": ("ml",),
    "cm": ("mm", "m"),
    "mm": ("cm",),
    "gramos": ("miligramos",),
    "miligramos": ("gramos",),
    "microgramos": ("miligramos",),
    "mililitros": ("litros",),
    "litros": ("mililitros",),
    "días": ("meses",),
    "meses": ("días", "años"),
    "años": ("meses",),
    "minutos": ("segundos",),
    "segundos": ("minutos",),
    "horas": ("semanas",),
    "semanas": ("horas",),
}
_UNIT = re.compile(
    rf"(?<=\d)(\s?)({'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![\w/])|\b(?:{'|'.join(_WORDS)})( "
    rf")(días|meses|años|minutos|horas|semanas|gramos|litros|mililitros)\b"
)


def _unit(answer: str, seed: str) -> Made:
    del seed
    for found in _UNIT.finditer(answer):
        number = 2 if found[2] else 4
        for new in _UNITS[found[number]]:
            yield _put(answer, found.span(number), new), f"{found[number]} → {new}"


# Denials

_DROP = re.compile(
    r"\b([Nn])o (se (?:recomiendan?|aconsejan?|deben?|puede[n]?|toman?|usan?|utilizan?|aplican?|beben?"
    r"|administran?|dan?|ponen?|mezclan?)|deben?|puede[n]?|conviene|es (?:recomendable|aconsejable|necesario"
    r"|segur[oa]|eficaz)"
    r"|est[aá]n? (?:indicad|recomendad|aprobad)[oa]s?|ha (?:demostrado|aprobado)|han (?:demostrado|aprobado)"
    r"|aument[ao]n?|disminuyen?|reducen?|caus[ao]n?|produce[n]?|cura[n]?|previene[n]?|tiene[n]?|contiene[n]?"
    r"|afecta[n]?|sirve[n]?)\b"
    r"(?![^.;]*\b(?:ning|nada|nunca|tampoco|ni|sino)\b)"
)
_ADD = re.compile(
    r"(?<![Nn]o )(?<!que )\b(se (?:recomiendan?|aconsejan?|deben?|puede[n]?|usan?|utilizan?|emplean?|aplican?"
    r"|administran?)|deben?|puede[n]?|aumentan?|disminuyen?|reducen?|causan?|producen?|contienen?|afectan?"
    r"|dependen?|incluyen?|consisten?"
    r"|(?:es|son) (?:un|una|unos|unas|el|la|los|las)|se (?:trata|tratan|transmite|transmiten|encuentra"
    r"|encuentran|divide|dividen))\b"
)


# `la causa`, `una trata`: a noun that looks like a verb.
_IS_NOUN = re.compile(r"\b(?:la|las|una|unas|su|sus|cada|otra|esta|esa|única|principal|sin|de) $", re.IGNORECASE)


def _negation(answer: str, seed: str) -> Made:
    del seed
    for found in _DROP.finditer(answer):
        new = found[2][:1].upper() + found[2][1:] if found[1] == "N" else found[2]
        yield _put(answer, found.span(), new), f"{found.group()} → {new}"
    for start, end in sentences(answer):
        verb = _ADD.search(answer, start, end)
        if (
            verb is None
            or _IS_NOUN.search(answer[: verb.start()])
            or re.search(r"\b(?:no|nunca|ni|sin|tampoco|ning[uú]n\w*)\b", answer[start:end], re.IGNORECASE)
        ):
            continue
        new = f"No {verb[1]}" if verb.start() == start else f"no {verb[1]}"
        yield _put(answer, verb.span(1), new), f"{verb[1]} → {new}"


# Names


@cache
def _kinds() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Each name of kinds.txt, its kind and gender, and the names it may be changed for."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for line in lines("kinds.txt"):
        kind, _, names = line.partition(":")
        every = tuple(name.strip() for name in names.split(",") if name.strip())
        for name in every:
            found[name] = (kind.strip(), tuple(other for other in every if other != name))
    return found


@cache
def _any_name() -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(sorted(map(re.escape, _kinds()), key=len, reverse=True))})\b", re.IGNORECASE)


def _entity(answer: str, seed: str) -> Made:
    for found in _any_name().finditer(answer):
        name = found[1].lower()
        kind, others = _kinds()[name]
        # `el árnica`, `el asma`: their article fits no other feminine name.
        if kind.endswith("feminine") and re.search(r"\b(?:el|del|al) $", answer[: found.start()], re.IGNORECASE):
            continue
        free = [other for other in others if fold(other)[:5] not in fold(answer)]
        free.sort(key=lambda other: sha256(f"{seed}\0{other}"))
        for other in free[:_MOST_NAMES]:
            new = other[:1].upper() + other[1:] if found[1][:1].isupper() else other
            yield re.sub(rf"\b{re.escape(found[1])}\b", new, answer), f"{found[1]} → {new} ({kind})"


# Contraindications, promises, directions


def _contraindication(answer: str, seed: str) -> Made:
    del seed
    warned = cautions(answer)
    every = sentences(answer)
    for start, end in warned:
        rest = " ".join(answer[a:b] for a, b in every if not (a >= start and b <= end))
        if rest and len(warned) < len(every):
            yield rest, f"left out: {answer[start:end][:60]}"
    found = re.search(r"(?:, (?:pero|aunque)|;) (?=[^.;]*\b(?:no |evit|contraindicad|precauci))[^.;]+", answer)
    if found and found.start() > 20:
        yield answer[: found.start()] + answer[found.end() :], f"left out: {found.group()[2:60].strip()}"


@cache
def _promises() -> tuple[str, ...]:
    return tuple(lines("promises.txt"))


def _overclaim(answer: str, seed: str) -> Made:
    del seed
    for promise in _promises():
        if 0.02 <= len(promise) / max(1, len(answer)) <= 0.24:
            yield f"{answer} {promise}", f"added: {promise}"
    for found in _MAY.finditer(answer):
        sure = _SURE[found[3].lower()][found[2] == "n"]
        yield _put(answer, found.span(), sure), f"{found.group()} → {sure}"
    for hedge, sure in _HEDGES:
        changed, count = re.subn(rf"\b{hedge}\b", sure, answer, count=1)
        if count:
            yield changed, f"{hedge} → {sure}"


# What may be is told as what is.
_SURE = {
    "aumentar": ("aumenta", "aumentan"),
    "reducir": ("reduce", "reducen"),
    "disminuir": ("disminuye", "disminuyen"),
    "mejorar": ("mejora", "mejoran"),
    "aliviar": ("alivia", "alivian"),
    "prevenir": ("previene", "previenen"),
    "evitar": ("evita", "evitan"),
    "proteger": ("protege", "protegen"),
    "controlar": ("controla", "controlan"),
    "curar": ("cura", "curan"),
    "causar": ("causa", "causan"),
    "provocar": ("provoca", "provocan"),
    "producir": ("produce", "producen"),
    "desencadenar": ("desencadena", "desencadenan"),
    "elevar": ("eleva", "elevan"),
    "potenciar": ("potencia", "potencian"),
    "interferir": ("interfiere", "interfieren"),
}
_MAY = re.compile(rf"(?<!no )\b(puede|podría)(n?) ({'|'.join(_SURE)})\b")
_MOST_NAMES = 6
_HEDGES = (
    (r"pued[ae] ayudar a", "garantiza"),
    (r"pueden ayudar a", "garantizan"),
    (r"podría ayudar a", "garantiza"),
    (r"(?:algunos|varios|los) estudios (?:indican|sugieren|señalan|muestran) que", "está demostrado que"),
    (r"(?:Algunos|Varios|Los) estudios (?:indican|sugieren|señalan|muestran) que", "Está demostrado que"),
    (r"se cree que", "está demostrado que"),
    (r"Se cree que", "Está demostrado que"),
    (r"se usa tradicionalmente para", "cura definitivamente"),
    (r"se utiliza tradicionalmente para", "cura definitivamente"),
    (r"Tradicionalmente se usa para", "Cura definitivamente"),
)
_TURNS = (
    ("aumenta", "disminuye"),
    ("aumentan", "disminuyen"),
    ("disminuye", "aumenta"),
    ("disminuyen", "aumentan"),
    ("reduce", "aumenta"),
    ("reducen", "aumentan"),
    ("mayor", "menor"),
    ("menor", "mayor"),
    ("mayores", "menores"),
    ("antes", "después"),
    ("después", "antes"),
    ("superior", "inferior"),
    ("inferior", "superior"),
    ("más", "menos"),
    ("crónica", "aguda"),
    ("crónico", "agudo"),
    ("aguda", "crónica"),
    ("agudo", "crónico"),
    ("leve", "grave"),
    ("leves", "graves"),
    ("graves", "leves"),
    ("grave", "leve"),
    ("frecuente", "raro"),
    ("maligno", "benigno"),
    ("malignas", "benignas"),
    ("interna", "externa"),
    ("externa", "interna"),
    ("alta", "baja"),
    ("baja", "alta"),
    ("bajas", "altas"),
    ("altas", "bajas"),
    ("hirviendo", "fría"),
    ("caliente", "fría"),
    ("siempre", "nunca"),
    ("máxima", "mínima"),
    ("derecho", "izquierdo"),
    ("derecha", "izquierda"),
    ("izquierdo", "derecho"),
    ("izquierda", "derecha"),
)
_IDIOMS = re.compile(
    r"\b(?:antes de|por lo menos|al menos|más o menos|además|en baja|parte (?:superior|inferior) de la mañana)\b"
)


def _direction(answer: str, seed: str) -> Made:
    del seed
    for word, opposite in _TURNS:
        if len(re.findall(rf"\b{word}\b", answer)) == 1 and not re.search(rf"\b{opposite}\b", answer):
            yield re.sub(rf"\b{word}\b", opposite, answer), f"{word} → {opposite}"


_MAKERS = {
    "dose": _dose,
    "unit": _unit,
    "negation": _negation,
    "entity": _entity,
    "contraindication": _contraindication,
    "overclaim": _overclaim,
    "direction": _direction,
}
