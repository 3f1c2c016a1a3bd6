"""The sentences of a unit, so that gates compare small pieces where both sides have the same number of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from factory.translate.side import Side

# A mark, what closes behind it (quotes, citations), and a capital or an opening mark, with or without a space between.
_END = re.compile(r"[.!?…][\"'”»)]*(?:\[[^\]]{1,40}\])*(\s*)(?=[\"“«(]?[A-ZÁÉÍÓÚÑ¿¡])")
_SHORT = re.compile(
    r"\b(?:dr|dra|sr|sra|mr|mrs|ms|st|vs|etc|fig|figs|ej|approx|aprox|no|núm|art|ee|uu|al)$", re.IGNORECASE
)


def sentences(text: str) -> list[str]:
    """The sentences of a text in either language; titles and abbreviations end none."""
    found: list[str] = []
    start = 0
    for end in _END.finditer(text):
        at = end.start()
        before = text[max(0, at - 7) : at]
        lettered = len(before) > 1 and before[-1].isalpha() and before[-2].isalpha()
        if not lettered and not (end[1] and before[-1:] and not before[-1].isalpha() and not before[-1].isspace()):
            continue
        if lettered and _SHORT.search(before):
            continue
        found.append(text[start : end.end()].strip())
        start = end.end()
    found.append(text[start:].strip())
    return [piece for piece in found if piece]


def paired(source: Side, target: Side) -> list[tuple[str, str]]:
    """The sentences of both sides in pairs, or the whole texts where they do not pair.

    Sentences that pair are alike in length (Gale & Church 1993: characters of a translation vary little).
    """
    ours, theirs = source.sentences, target.sentences
    if len(ours) != len(theirs) or len(ours) == 1:
        return [(source.text, target.text)]
    pairs = list(zip(ours, theirs, strict=True))
    if all(0.5 <= (len(b) + 10) / (len(a) + 10) <= 2.2 for a, b in pairs):
        return pairs
    return [(source.text, target.text)]
