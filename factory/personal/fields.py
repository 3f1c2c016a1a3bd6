"""Labelled fields: the label says what its value is, on its own line or on the next."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from factory.personal.names import STREET, contact_places, name_at
from factory.personal.numbers import Found
from factory.personal.words import FIELDS, GIVEN, Field

_LAST = {label.rsplit(None, 1)[-1] for label in FIELDS}
_WINDOW = re.compile(r"[^\W_][\w ./ºª°-]{0,44}\Z")
_LONGEST = 200
_FIVE = re.compile(r"\d{5}(?!\w)")
# A field ends where the next label of its line begins.
_NEXT_LABEL = re.compile(
    r"N[ºo°.]{1,2} ?Col\w* ?:|(?:Sexo|Edad|NHC|NASS|CP|Fecha|Tel(?:éfono|f)?|Fax|E-?mail|DNI|NIF|Localidad"
    r"|Provincia|País|Domicilio"
    r"|Apellidos|Médico|Servicio)(?<![^\W\d_]Edad)\b[^:\n]{0,20}:"
)
_CODE = re.compile(r"(?:[A-Za-z]{1,5}[ -]?)?\d[\w]*(?:[ ./–-]{1,3}(?:\d[\w]*|[A-Z]\b)){0,8}+", re.IGNORECASE)
_PREFIX = re.compile(r"nhc[- :]+", re.IGNORECASE)
_DATE = re.compile(
    r"\d[\d/ .,:-]{2,20}\d(?:\s?h\b)?|\d{1,2}(?:\s(?:de\s)?|[-/.])[A-Za-z]{3,10}\.?(?:\s(?:del?\s)?"
    r"|[-/.])\d{2,4}|(?:19|20)\d\d"
)
_MEASURED = re.compile(r"\s?(?:%|mg|ml|g\b|cm|mm|kg|UI|años|d[ií]as|h\b|pacientes|casos)")
_BARE_ID = re.compile(
    r"(?:(?<=[a-zñáéíóú])N[ºo°]Col\w*|(?<!\w)(?:DNI|NIF|NIE|NHC|NASS|NUSS|NUHSA|CURP|RFC|CIPA|CUIL|CUIT"
    r"|RUT|[Pp]asaporte|[Cc]olegiad[oa]|N[ºo°]\s?(?:de\s)?(?:Col\w*|col\w*|[Hh]istoria(?:\s[Cc]línica)?)"
    r"|[Hh]istoria\s[Cc]línica|[Ss]eguridad\s[Ss]ocial|[Cc]édula(?:\s(?:de\s[Cc]iudadanía|de\s[Ii]dentidad"
    r"|profesional))?|[Tt]arjeta\s[Ss]anitaria))"
    r"(?:\s?(?:n[ºo°.]+|N[ºo°.]+|n[úu]m(?:ero|\.)?|con|#|es|del paciente"
    r"|de la paciente)){0,2}[\s.:,-]{0,3}(?P<v>(?:[A-Z]{1,4}[ -]?)?\d[\w]*(?:[ ./-]\d[\w]*){0,5}"
    r"(?:[ -]?[A-Z]\b)?)"
)
_TWO_NAMES = re.compile(
    r"(?<!\w)Nombres?\s?:\s{0,3}(?P<n>[^\n:]{2,40}?)[ .]*\n+\s*Apellidos?\s?:\s{0,3}(?P<a>[^\n:]{2,60}?)[ .]*(?:\n|\Z)"
)
_LIVES = re.compile(
    r"(?:[Dd]omiciliad[oa]\sen|[Cc]on\sdomicilio\sen|[Rr]eside\sen|[Vv]ive\sen|[Rr]esidente\sen)\s(?:la\s)?"
)


def _folded(label: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", label.lower()) if not unicodedata.combining(c))
    return " ".join(plain.replace("º", "o").replace("°", "o").replace("ª", "a").replace(".", " ").split())


def fields(text: str, *, clinical: bool) -> Iterator[Found]:
    """What stands behind labels with a colon."""
    at = text.find(":")
    while at >= 0:
        known = _label_before(text, at)
        if known is not None and (clinical or not known.clinical):
            yield from _value(text, at + 1, known, clinical=clinical)
        at = text.find(":", at + 1)


def _label_before(text: str, at: int) -> Field | None:
    m = _WINDOW.search(text, max(0, at - 45), at)
    if m is None:
        return None
    words = _folded(m.group()).split()
    if not words or words[-1] not in _LAST:
        return None
    for n in range(min(6, len(words)), 0, -1):
        label = " ".join(words[-n:])
        if label in FIELDS and (n == len(words) or n > 1 or _stands_out(m.group())):
            return FIELDS[label]
    return None


def _stands_out(window: str) -> bool:
    """A label in the middle of a line is capitalised, or a sentence that ends in such a word would be one."""
    words = window.split()
    return words[-1][:1].isupper() or len(words) == 1


def _line_end(text: str, start: int, most: int) -> int:
    end = text.find("\n", start, start + most)
    return end if end >= 0 else min(len(text), start + most)


def _line(text: str, at: int) -> tuple[int, int]:
    """Start and end of the value: the rest of the line, or the next line when nothing follows the label."""
    start = at
    for _ in range(2):
        end = _line_end(text, start, _LONGEST)
        if text[start:end].strip(" ."):
            break
        start = min(len(text), end + 1)
        if text[start : start + 1] == "\n":
            start += 1
    end = _line_end(text, start, _LONGEST)
    below = "\n" in text[at:start]
    if below and re.match(r"[^:\n]{1,40}:", text[start:end]):
        return start, start
    if nearer := _NEXT_LABEL.search(text, start, end):
        end = nearer.start()
    return start, end


def _value(text: str, at: int, known: Field, *, clinical: bool) -> Iterator[Found]:
    start, end = _line(text, at)
    while start < end and text[start] in " \t,.«\"'":
        start += 1
    if start >= end:
        return
    if known.shape == "code":
        yield from _code(text, start, end, 4 if clinical else 5)
    elif known.shape == "date":
        if m := _DATE.match(text, start, end):
            yield Found(start, m.end(), "FECHA")
    elif known.shape == "postcode":
        if any(map(str.isdigit, text[start : start + 6])):
            yield from _whole(text, start, end, known.type, clinical=clinical)
    elif known.shape == "line" and (known.type != "LUGAR" or text[start].isupper() or _FIVE.match(text, start)):
        yield from _whole(text, start, end, known.type, clinical=clinical)
    elif known.shape != "line":
        yield from _person(text, start, end, known, clinical=clinical)


_WHEN = re.compile(r"(?:19|20)\d\d(?:\D{1,3}(?:19|20)\d\d)+|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}")
_ABBREVIATED = re.compile(r"(?<!\w)(?:[Dd]er|[Dd]cha|[Ii]zd?a?q?|[Dd]to|[Ee]sc|[Bb]j)\Z")


def _code(text: str, start: int, end: int, least: int) -> Iterator[Found]:
    if prefix := _PREFIX.match(text, start, end):
        start = prefix.end()
    m = _CODE.match(text, start, end)
    if (
        m
        and sum(map(str.isdigit, m.group())) >= least
        and not _MEASURED.match(text, m.end())
        and not _WHEN.fullmatch(m.group())
    ):
        yield Found(start, m.end(), "ID")


def _whole(text: str, start: int, end: int, kind: str, *, clinical: bool) -> Iterator[Found]:
    if not clinical and kind == "DIRECCION":
        yield from (Found(m.start(), m.end(), kind) for m in STREET.finditer(text, start, end))
        return
    if not clinical:
        span = name_at(text, start, end)
        if span and " " in text[span[0] : span[1]]:
            yield Found(span[0], span[1], kind)
        return
    value = text[start:end].rstrip(" .,;\t")
    value += "." if _ABBREVIATED.search(value) and text.startswith(".", start + len(value)) else ""
    if len(value) > (60 if kind in ("NOMBRE", "LUGAR") else 80 if kind == "HOSPITAL" else 140) or (
        kind == "NOMBRE" and any(map(str.isdigit, value))
    ):
        # A sentence, not a value: only what begins like a name is one.
        span = name_at(text, start, end) if kind == "NOMBRE" else None
        value = text[start : span[1]] if span else ""
    if value and (any(map(str.isdigit, value)) or value[:1].isupper() or kind in ("NOMBRE", "DIRECCION")):
        yield Found(start, start + len(value), kind)


def _person(text: str, start: int, end: int, known: Field, *, clinical: bool) -> Iterator[Found]:
    span = name_at(text, start, end)
    # The number of a licence behind it: whatever stands before is the doctor.
    if known.shape == "name" and end - start < 60 and re.match(r"[\s.]*N[ºo°.]{0,2}\s?Col", text[end : end + 12]):
        span = start, start + len(text[start:end].rstrip(" .,"))
    if span is not None:
        value = text[span[0] : span[1]]
        given = value.split()[0].lower() in GIVEN and " " in value
        if known.shape == "sign" or (known.shape == "name" and (" " in value or given)) or given:
            yield Found(span[0], span[1], "NOMBRE")
    if known.shape == "sign" and clinical:
        # The sender's line goes on behind «E-mail:».
        yield from contact_places(text, start, _line_end(text, start, 500))


def labelled(text: str, *, clinical: bool) -> Iterator[Found]:
    """Ids behind labels without a colon, patients' forms, and where somebody lives."""
    for m in _BARE_ID.finditer(text):
        if sum(map(str.isdigit, m["v"])) >= 5 and not _MEASURED.match(text, m.end()) and not _WHEN.fullmatch(m["v"]):
            yield Found(m.start("v"), m.end("v"), "ID")
    for m in _LIVES.finditer(text) if any(hint in text for hint in ("omicili", "eside", "ive en")) else ():
        if street := STREET.match(text, m.end()):
            yield Found(street.start(), street.end(), "DIRECCION")
    if not clinical and "Apellido" in text:
        for m in _TWO_NAMES.finditer(text):
            yield from (Found(m.start(k), m.end(k), "NOMBRE") for k in "na")
