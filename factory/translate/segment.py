"""A Document as numbered units, the units as calls, and the translated units as a Document again.

A unit is a paragraph, a row of a table or, of a paragraph too long for one call, some of its sentences. A call never
crosses a heading and never parts a sentence, a row or an item of a list (translate.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from factory.record import Paragraph, Span, assemble
from factory.translate.sentences import sentences

MOST_UNITS = 8
MOST_TOKENS = 700
# English medical text in the tokenizers of the mission's models: 3.4 to 4.6 characters a token.
CHARACTERS_PER_TOKEN = 3.5
_LETTER = re.compile(r"[^\W\d_]")
_WORDLESS = re.compile(r"(?:https?://\S+|www\.\S+|\S+@\S+|\b10\.\d{4,9}/\S+|[\W\d_])+")


@dataclass(slots=True)
class Unit:
    """A piece of a Document that is translated by itself: `source` becomes `target`, or `gate` says why not.

    `paragraph`: the paragraph it is of, None for what stands outside the text (its title, a heading's path);
    `glue` joins it to the unit before it in that paragraph; `attempts` counts how often a model was asked.
    """

    id: int
    source: str
    paragraph: int | None
    glue: str = ""
    section: int = 0
    target: str | None = None
    gate: str | None = None
    attempts: int = 0
    said: str = ""
    last: str = ""
    missed: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """How many tokens the source may have, roughly."""
        return int(len(self.source) / CHARACTERS_PER_TOKEN) + 1


@dataclass(slots=True)
class Plan:
    """A Document's paragraphs and units. `fields`: its headings name the fields of a question, and are no text."""

    paragraphs: list[Paragraph]
    units: list[Unit]
    fields: bool = False


SILENT = ("reference", "boilerplate")


def plan(paragraphs: Sequence[Paragraph], title: str | None = None, *, fields: bool = False) -> Plan:
    """The units of a Document, in order. References and boilerplate are left out: they have no translation."""
    kept = [p for p in paragraphs if p.role not in SILENT]
    units: list[Unit] = []
    section = 0
    for number, paragraph in enumerate(kept):
        if paragraph.role == "heading":
            section += 1
        for glue, piece in _pieces(paragraph):
            units.append(Unit(len(units) + 1, piece, number, glue, section))
    found = Plan(kept, units, fields)
    said = {unit.source for unit in units}
    for text in dict.fromkeys(filter(None, (title, *(() if fields else _path_parts(kept))))):
        if text not in said:
            units.append(Unit(len(units) + 1, text, None, "", -1))
    for unit in units:
        if wordless(unit.source):
            unit.target = unit.source
    return found


def _path_parts(paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from (paragraph.heading or "").split(" › ")


def wordless(text: str) -> bool:
    """Nothing in the text can be translated: figures, marks, an address."""
    return _WORDLESS.fullmatch(text) is not None


def _pieces(paragraph: Paragraph) -> Iterator[tuple[str, str]]:
    """The units of a paragraph, each with what joins it to the one before."""
    if "\n" in paragraph.text:
        rows = paragraph.text.split("\n")
        yield from (("\n" if number else "", row) for number, row in enumerate(rows))
        return
    if len(paragraph.text) <= MOST_TOKENS * CHARACTERS_PER_TOKEN:
        yield "", paragraph.text
        return
    waiting: list[str] = []
    first = True
    for sentence in sentences(paragraph.text):
        if waiting and sum(map(len, waiting)) + len(sentence) > MOST_TOKENS * CHARACTERS_PER_TOKEN:
            yield "" if first else " ", " ".join(waiting)
            first, waiting = False, []
        waiting.append(sentence)
    if waiting:
        yield "" if first else " ", " ".join(waiting)


def calls(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """The units that are still without a translation, as calls of at most 8 units or 700 tokens."""
    waiting: list[Unit] = []
    for unit in units:
        full = len(waiting) == MOST_UNITS or sum(u.tokens for u in waiting) + unit.tokens > MOST_TOKENS
        if waiting and (full or unit.section != waiting[0].section):
            yield waiting
            waiting = []
        if unit.target is None and unit.gate is None:
            waiting.append(unit)
    if waiting:
        yield waiting


# What is left out with a unit that failed: an instruction without its warning is worse than none.
_SAFETY = re.compile(
    r"contraindicat|\b(?:do|should|must|shall|may)(?:\s+not|n[’']t)\b|\bnever\b|\bnot (?:recommended|exceed|suitable)"
    r"|\bavoid\b|\bwarning|\bprecaution|\bpregnan|\bbreast-?feeding|\bnursing\b|\ballergic to\b|\boverdos|\bpoison"
    r"|\binteracts? with|\bstop taking|\bunsafe\b|\bharmful",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Joined:
    """A translated Document: its text and spans, where each unit stands in it, and what was left out and why.

    `placed`: unit id → (start, end) in the text. `left_out`: gate → characters of the source.
    """

    text: str
    spans: list[Span]
    title: str | None
    placed: dict[int, tuple[int, int]]
    left_out: dict[str, int]
    failed_share: float


def join(found: Plan, title: str | None) -> Joined:
    """The Document of the units that were translated.

    Where a unit failed its paragraph goes, a table whole; where it warned, its section goes: an instruction without its
    contraindication is worse than none. Headings of nothing go too.
    """
    gone = _gone(found)
    total = sum(len(unit.source) for unit in found.units if unit.paragraph is not None)
    left_out: dict[str, int] = {}
    for unit in found.units:
        if unit.paragraph is not None and (why := gone.get(unit.paragraph)):
            left_out[why] = left_out.get(why, 0) + len(unit.source)
    names = {u.source: u.target for u in found.units if u.target is not None}
    paragraphs: list[Paragraph] = []
    own: list[list[Unit]] = []
    for number, paragraph in enumerate(found.paragraphs):
        if number in gone:
            continue
        units = [unit for unit in found.units if unit.paragraph == number]
        text = "".join(unit.glue + (unit.target or "") for unit in units)
        torn = paragraph.continues and number - 1 in gone
        heading = paragraph.heading if found.fields else _path(paragraph.heading, names)
        paragraphs.append(replace(paragraph, text=text, heading=heading, continues=paragraph.continues and not torn))
        own.append(units)
    text, spans = assemble(paragraphs)
    placed: dict[int, tuple[int, int]] = {}
    for span, units in zip(spans, [u for u, p in zip(own, paragraphs, strict=True) if p.text], strict=True):
        at = span["start"]
        for unit in units:
            at += len(unit.glue)
            placed[unit.id] = (at, at + len(unit.target or ""))
            at += len(unit.target or "")
    share = sum(left_out.values()) / total if total else 0.0
    return Joined(text, spans, names.get(title or "", title), placed, left_out, share)


def _path(heading: str | None, names: dict[str, str]) -> str | None:
    """A heading's path in Spanish; None where a part of it has no translation."""
    if not heading:
        return heading
    parts = [names.get(part) for part in heading.split(" › ")]
    return " › ".join(part for part in parts if part) if all(parts) else None


def _gone(found: Plan) -> dict[int, str]:
    """The paragraphs that are left out, and the gate that each fails by."""
    gone: dict[int, str] = {}
    sections: dict[int, str] = {}
    for unit in found.units:
        if unit.target is None and unit.paragraph is not None:
            gone.setdefault(unit.paragraph, unit.gate or "missing")
            if _SAFETY.search(unit.source):
                sections.setdefault(unit.section, unit.gate or "missing")
    section_of = {u.paragraph: u.section for u in found.units if u.paragraph is not None}
    for number, section in section_of.items():
        if section in sections:
            gone.setdefault(number, sections[section])
    for chain in _chains(found.paragraphs):
        if why := next((gone[number] for number in chain if number in gone), None):
            gone.update((number, gone.get(number, why)) for number in chain)
    return gone if found.fields else gone | _headings_of_nothing(found.paragraphs, gone)


def _chains(paragraphs: Sequence[Paragraph]) -> Iterator[list[int]]:
    """Sentences that make one paragraph of a transcript: they stay or go together."""
    chain: list[int] = []
    for number, paragraph in enumerate(paragraphs):
        if chain and not paragraph.continues:
            yield chain
            chain = []
        chain.append(number)
    if chain:
        yield chain


def _headings_of_nothing(paragraphs: Sequence[Paragraph], gone: dict[int, str]) -> dict[int, str]:
    """Headings under which everything is left out."""
    more: dict[int, str] = {}
    for number, paragraph in enumerate(paragraphs):
        if paragraph.role != "heading" or number in gone:
            continue
        path = f"{paragraph.heading} › {paragraph.text}" if paragraph.heading else paragraph.text
        below: list[int] = []
        for at in range(number + 1, len(paragraphs)):
            if paragraphs[at].role == "heading" and not (paragraphs[at].heading or "").startswith(path):
                break
            if paragraphs[at].role != "heading":
                below.append(at)
        if below and all(at in gone for at in below):
            more[number] = gone[below[0]]
    return more
