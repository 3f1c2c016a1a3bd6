"""Names that no label and no title announces: behind a role (`su hija, Lucía`), or a given name with a surname."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.personal.names import name_at
from factory.personal.numbers import Found
from factory.personal.words import GIVEN

_UP = "A-ZÁÉÍÓÚÜÑ"
# Given names that are words too: alone they are none, and `Rosa de Bengala` is a test.
_WORDS = {
    "alba",
    "blanca",
    "clara",
    "consuelo",
    "dolores",
    "gloria",
    "margarita",
    "pilar",
    "rosa",
    "rosario",
    "salvador",
    "victoria",
}
_NAMES = "|".join(re.escape(n) for n in sorted(GIVEN, key=len, reverse=True))
_GIVEN = re.compile(rf"(?=[{_UP}])(?<![\w/])(?i:{_NAMES})(?![\w])")
_SURNAME = re.compile(rf" (?:(?:de|del|la|los|y) ){{0,3}}[{_UP}]\w+")
_ROLE = re.compile(
    r"(?<!\w)(?:pacientes?|pcte|pac|enferm[oa]|hij[oa]|madre|padre|marido|mujer|espos[oa]|herman[oa]|abuel[oa]|cuidadora?"
    r"|nuera|yerno|t[ií][oa]|sobrin[oa]|prim[oa]|pareja|novi[oa]|viud[oa]|tutora?|niñ[oa]|varón|señora?|enfermer[oa]|médic[oa]"
    r"|doctora?|matrona|fisioterapeuta|trabajadora? social|acompañad[oa]|llamad[oa]|de nombre)\.?,? (?:de |por )?\Z",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    rf"(?<!\w)(?:[Ff]irmado(?: por)?|FIRMADO|[Ff]do\.?(?: por)?|[Dd]on|[Dd]oña)\s*[:.,]?\s{{0,3}}(?=[{_UP}])"
)
# What gives its name to a place, a thing or an illness is no person here.
_NAMED_AFTER = re.compile(
    r"\b(?:san|santa|santo|s[ií]ndrome|enfermedad|signo|test|escala|maniobra|técnica|hospital|clínica|centro|calle|c/"
    r"|avda\.?|avenida|plaza|colegio|instituto|fundación|universidad|virgen|rey|reina|ley|premio)"
    r"(?: (?:de|del|la|los)){0,3} \Z",
    re.IGNORECASE,
)


def people(text: str) -> Iterator[Found]:
    """The names of persons in running text, where a role, a signature or a given name with a surname tells them."""
    for m in _GIVEN.finditer(text):
        before = text[max(0, m.start() - 40) : m.start()]
        role = _ROLE.search(before)
        if not (role or _SURNAME.match(text, m.end())) or _NAMED_AFTER.search(before):
            continue
        found = _name(text, m.start())
        if found and (role or not _doubtful(text[found.start : found.end], m.group())):
            yield found
    for m in _SIGNED.finditer(text):
        found = _name(text, m.end())
        if found and (" " in text[found.start : found.end] or text[found.start : found.end].lower() in GIVEN):
            yield found


def _name(text: str, at: int) -> Found | None:
    span = name_at(text, at, min(len(text), at + 80))
    return None if span is None else Found(span[0], span[1], "NOMBRE")


def _doubtful(name: str, given: str) -> bool:
    """A word that is a name too, or an abbreviation in capitals (`ANA`, `ELISA`) without two surnames."""
    return given.lower() in _WORDS or (given.isupper() and (len(name.split()) < 3 or not name.isupper()))
