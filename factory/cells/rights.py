"""The licence a cell names, and nothing that it does not name."""

from __future__ import annotations

import re

from factory.cells.text import fold
from factory.licence import named_in, publishable

# A word that takes back what the cell says; "no comercial" and "no derivadas" belong to a licence's own name.
_DENIED = re.compile(
    r"\?|\b(?:no|not|sin|ni|salvo|excepto|except|without|never|nunca|quiz[aá]s?|maybe|probable\w*|posible\w*)\b"
    r"(?!\s*-?\s*(?:comerc|commerc|deriv|obras?\s+deriv))",
    re.IGNORECASE,
)
_PUBLIC_DOMAIN = re.compile(
    r"(?:(?:licencia|obra|libro|texto|es|esta|de|en|el|del|in|the|is|work) )*(?:dominio publico|public domain)"
)
_YOUTUBE = re.compile(
    r"(?:licencia )?(?:de )?(?:youtube estandar|estandar de youtube)"
    r"|standard youtube licen[sc]e|youtube standard(?: licen[sc]e)?"
)
_CC = re.compile(r"CC-BY(?:-NC)?(?:-ND|-SA)?-(?:1\.0|2\.0|2\.5|3\.0|4\.0)(?:-IGO)?")


def licence_of(text: str) -> str | None:
    """The SPDX id of the one licence a cell names outright; None where it names none, several, or denies it."""
    folded = fold(text)
    if _DENIED.search(text):
        return None
    if _PUBLIC_DOMAIN.fullmatch(folded):
        return "public-domain"
    if _YOUTUBE.fullmatch(folded):
        return "youtube-standard"
    parts = [text, *re.split(r"[;,\n]|\s(?:y|o|e|u|and|or)\s", text)]
    named = {one for one in map(_named, parts) if one is not None}
    return named.pop() if len(named) == 1 else None


def _named(text: str) -> str | None:
    text = text.strip(" .()[]")
    if publishable(text):
        return text
    found = named_in(text)
    if found is None or (found[0].startswith("CC-") and not _CC.fullmatch(found[0])):
        return None
    return found[0] + ("-IGO" if re.search(r"\bIGO\b", text) and not found[0].endswith("-IGO") else "")
