"""Numbers that name a person: phones, ids, accounts, cards.

Few anchored patterns propose; arithmetic disposes. Presidio's recognisers check what has a check digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple


class Found(NamedTuple):
    """Personal data at `text[start:end]`."""

    start: int
    end: int
    type: str


# After a number these make it a quantity, whatever its shape.
_UNIT = re.compile(
    r"\s?(?:%|‰|°|€|\$|[kmµμndcp]?(?:g|l|L|m|mol|Eq|eq|Hz|W|V|J|s|Pa)\b|mm|cm|UI\b|U\b|UFC|ufc|mcg|kcal"
    r"|kDa|pb\b|rpm|lpm"
    r"|años|meses|d[ií]as|horas|h\b|min\b|veces|euros|d[óo]lares|pesos|personas|pacientes|casos|habitantes"
    r"|células|copias|leucocitos|plaquetas|hematíes|mujeres|hombres|niños|participantes|de\s(?:personas|euros|dólares))"
)
# Lengths of national numbers behind the codes of Spain and Latin America; any other known code takes 7–12.
_LENGTHS = {
    "34": (9,), "52": (10, 11), "54": (10, 11), "57": (8, 10), "56": (9,), "51": (8, 9), "58": (10,), "593": (8, 9),
    "591": (8,), "595": (9,), "598": (7, 8), "506": (8,), "507": (7, 8), "502": (8,), "503": (8,), "504": (8,),
    "505": (8,), "53": (8,), "1": (10,), "55": (10, 11),
}  # fmt: skip
_OTHER_CODES = re.compile(r"(?:2[0-9]|3[0-69]|4[0-9]|6[0-6]|7|8[1246]|9[0-58])")

_TAIL = r"(?:[ .\-]{0,2}\(?\d{1,9}\)?){0,7}+"
_NUMBER = re.compile(rf"\(?\+?\(?\d{{1,9}}\)?{_TAIL}")
_INTERNATIONAL = re.compile(rf"(?<![\w+.,])(?:\+|00) ?\(?[1-9]\d{{0,8}}\)?{_TAIL}(?!\w)")
_SPANISH = re.compile(
    r"(?<![\w.,/+\-=])(?:34[ .-]?)?(?:6\d|7[1-9]|[89]\d)"
    r"(?:\d{7}|\d[ .-]\d{3}[ .-]\d{3}|\d[ .-]\d{2}[ .-]\d{2}[ .-]\d{2}|\d[ -]\d{6}"
    r"|[ .-]\d{3}[ .-]\d{2}[ .-]\d{2}|[ -]\d{7})"
    r"(?![\w/]|[.,\-]\d)"
)
_PHONE_LABEL = re.compile(
    r"(?<!\w)(?:[Tt](?:el[eé]fonos?|elf?s?(?=[.:\s])|fnos?|lfn?os?|lfs?|lefonos?|elefax)|TEL[EÉ]?F?(?:ONOS?)?|TLF|TFNO"
    r"|[Ff]ax|FAX|[Mm][oó]vil(?:es)?|[Cc]elular(?:es)?|[Ww]hats[Aa]pp|[Ll]lam(?:e|ar|ando)\sal?|[Ee]xt(?=[.:]))(?!\w)"
)
_PHONE_GAP = re.compile(
    r"(?:[\s.:/()y,ºª°-]|n[úu]mero|de|contacto|fijo|m[oó]vil|celular|directo|gratuito|[Ff]ax|FAX|n(?=[.º°])"
    r"|[Tt]el(?:[ée]fono)?|al?|es|el|personal|trabajo|particular|hospital){0,12}"
)
_PHONE_NEXT = re.compile(r" ?(?:/|-|–|,|;|[yoe] ) ?")
_EXTENSION = re.compile(r",? ?\(?(?:[Ee]xt(?:ensi[oó]n)?|[Ii]nt|[Cc]entralita)\.?:? ?\d{2,6}\)?")
_LINK_BEFORE = re.compile(r"(?:[\w/#=&.:-]*/|(?:PMID|PMCID|ISBN|ISSN|doi|DOI|NCT|GenBank|ORCID)[:\s]*)\Z")


def phones(text: str) -> Iterator[Found]:
    """Phone and fax numbers: behind a label, with an international prefix, or of the exact Spanish shape."""
    for label in _PHONE_LABEL.finditer(text):
        yield from _labelled_phones(text, label.end())
    for m in _INTERNATIONAL.finditer(text):
        if _possible(m.group()) and not _UNIT.match(text, m.end()):
            # «(+52) 55…»: the bracket belongs to the prefix.
            start = m.start() - (text[m.start() - 1 : m.start()] == "(" and ")" in m.group())
            yield Found(start, _trimmed(text, start, m.end()), "TELEFONO")
    for m in _SPANISH.finditer(text):
        if _alone(text, m.start(), m.end()):
            yield Found(m.start(), m.end(), "TELEFONO")


def _labelled_phones(text: str, at: int) -> Iterator[Found]:
    gap = _PHONE_GAP.match(text, at)
    at = gap.end() if gap else at
    # The gap may have eaten the bracket that opens the prefix.
    while at and text[at - 1] == "(":
        at -= 1
    first = True
    while m := _NUMBER.match(text, at):
        end = _trimmed(text, at, m.end())
        digits = sum(map(str.isdigit, text[at:end]))
        # An extension or the last figures of a second number may be short, the first number never.
        if not (7 if first else 3) <= digits <= 16 or (first and _UNIT.match(text, end)) or _dated(text[at:end]):
            return
        extension = _EXTENSION.match(text, end)
        end = extension.end() if extension else end
        yield Found(at, end, "TELEFONO")
        first = False
        following = _PHONE_NEXT.match(text, end)
        if following is None:
            return
        at = following.end()


_DATED = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-](?:19|20)\d\d|(?:19|20)\d\d\s?[-/]\s?(?:19|20)\d\d")


def _dated(number: str) -> bool:
    return _DATED.fullmatch(number) is not None


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and not text[end - 1].isdigit():
        end -= 1
    bracket = text.rfind("(", start, end)
    if bracket > start and ")" not in text[bracket : end + 1]:
        return _trimmed(text, start, bracket)
    return (
        end + 1 if text[end : end + 1] == ")" and ")" not in text[max(start, bracket) : end] and bracket >= 0 else end
    )


def _possible(number: str) -> bool:
    digits = re.sub(r"\D", "", number)
    digits = digits.removeprefix("00") if number.startswith("00") else digits
    for code in (digits[:3], digits[:2], digits[:1]):
        if code in _LENGTHS:
            return len(digits) - len(code) in _LENGTHS[code]
    return 9 <= len(digits) <= 14 and _OTHER_CODES.match(digits) is not None and not number.startswith("00")


def _alone(text: str, start: int, end: int) -> bool:
    """Not a quantity, not a row of a table, not a piece of an identifier or of a large number."""
    before, number = text[max(0, start - 24) : start], text[start:end]
    if (
        _UNIT.match(text, end)
        or _LINK_BEFORE.search(before)
        or re.match(r"\s*[|\d]|\s?[–-]\s?\d|\t", text[end : end + 4])
    ):
        return False
    if re.search(r"[\d|±<>≥≤=\t]\s*\Z", before):
        return False
    thousands = re.fullmatch(r"\d{3}([ .])\d{3}\1\d{3}", number)
    # Figures in threes are a quantity when a noun follows or the number is round.
    return not (
        thousands and (thousands[1] == "." or number.endswith("000") or re.match(r" [a-zñáéíóú]", text[end : end + 2]))
    )


@cache
def _recogniser(name: str) -> object:
    # A second of imports: paid by the first candidate of a process, not by those who never meet one.
    from presidio_analyzer import predefined_recognizers

    return getattr(predefined_recognizers, name)(supported_language="es")


@cache
def _checked(name: str, value: str) -> bool:
    """Presidio's recogniser finds the whole of `value` and its check digits are right."""
    recogniser = _recogniser(name)
    results = recogniser.analyze(value, recogniser.supported_entities, None)  # type: ignore[attr-defined]
    return any(r.score == 1.0 and r.end - r.start == len(value) for r in results)


_IDS = re.compile(
    r"(?<![\w./-])(?:(?P<nif>\d{8}[ -]?[A-Za-z])|(?P<nie>[XYZ][ -]?\d{7}[ -]?[A-Z])"
    r"|(?P<iban>[A-Z]{2}\d{2}(?:[ -]?[A-Z\d]{4}){2,7}+(?:[ -]?[A-Z\d]{1,3})?)"
    r"|(?P<card>[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}|3[47]\d\d[ -]?\d{6}[ -]?\d{5})"
    r"|(?P<curp>[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z\d]\d)|"
    r"(?P<rfc>[A-ZÑ&][AEIOUX][A-ZÑ]{2}\d{6}[A-Z\d]{2}[\dA]))(?!\w)"
)
_BY = {"nif": "EsNifRecognizer", "nie": "EsNieRecognizer", "iban": "IbanRecognizer", "card": "CreditCardRecognizer"}
_TYPE = {"iban": "CUENTA", "card": "TARJETA"}
_CURP = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"


def checked_ids(text: str) -> Iterator[Found]:
    """NIF, NIE, IBAN, cards and CURP whose check digits are right, and RFC with a real day."""
    for m in _IDS.finditer(text):
        kind, value = str(m.lastgroup), re.sub(r"[ -]", "", m.group())
        if kind == "card":
            right = len(value) >= 13 and not _UNIT.match(text, m.end()) and _checked(_BY[kind], value)
        elif kind in _BY:
            right = _checked(_BY[kind], value.upper())
        else:
            right = _real_day(value[4:10]) and (kind == "rfc" or _curp_digit(value) == value[-1])
        if right:
            yield Found(m.start(), m.end(), _TYPE.get(kind, "ID"))


def _real_day(yymmdd: str) -> bool:
    return 1 <= int(yymmdd[2:4]) <= 12 and 1 <= int(yymmdd[4:]) <= 31


def _curp_digit(curp: str) -> str:
    return str(-sum(_CURP.index(c) * (18 - i) for i, c in enumerate(curp[:17])) % 10)
