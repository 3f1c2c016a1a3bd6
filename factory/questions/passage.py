"""Passages: what is asked about at once. A stretch of one text, along its sections, 250 to 900 tokens long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from factory.questions.wording import sentences
from factory.record import Span, sha256

# A token of the mission's models is three and a half characters of Spanish or a little less: 250 and 900 tokens.
LEAST, MOST = 850, 3000
MIN_SENTENCES, LEAST_WORDS = 3, 60
SEPARATOR = " › "

_REFERENCES = re.compile(
    r"^(?:bibliograf[ií]a|referencias?(?: bibliogr[aá]ficas?)?|literatura citada|fuentes(?: consultadas)?|para "
    r"saber más|lecturas? recomendadas?|enlaces(?: de inter[eé]s)?)\W*$",
    re.IGNORECASE,
)
_CONTENTS = re.compile(
    r"^(?:[ií]ndice|contenidos?|tabla de contenidos?|sumario|glosario|[ií]ndice (?:general|anal[ií]tico|de \w+))\W*$",
    re.IGNORECASE,
)
_ABOUT_ITSELF = re.compile(
    r"^(?:(?:informaci[oó]n )?sobre (?:este|el) (?:sumario|documento|libro|autor|pdq)|prop[oó]sito de este"
    r"|informaci[oó]n sobre (?:el pdq|este|ensayos)"
    r"|revisores|permisos|cl[aá]usula|modificaciones a este|para obtener m[aá]s informaci[oó]n|informaci[oó]n "
    r"adicional|agradecimientos?|dedicatoria|cr[eé]ditos"
    r"|derechos de autor|copyright|conflictos? de inter[eé]s|financiaci[oó]n|autor(?:es|[ií]a)|contribuci|nota "
    r"(?:del|de la) (?:autora?|editor)|pr[oó]logo|presentaci[oó]n"
    r"|aviso legal|suscr[ií]b|compart|grados de comprobaci|ensayos cl[ií]nicos en curso|aceptado|recibido"
    r"|correspondencia|equipo de|versi[oó]n(?:es)? para|abstract)",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?<![.\s])(?:\.\s?){4,}+\s*+\d+|\s\d{1,3}\s*$", re.MULTILINE)
_DOTS = re.compile(r"(?:\.\s?){5,}+\d*")


@dataclass(slots=True)
class Passage:
    """`text[start:end]` of its Document; `outcome` is accepted, rejected, failed or skipped, with its reason."""

    id: str
    start: int
    end: int
    heading: str | None
    page: int | None
    start_seconds: float | None
    words: int
    outcome: str = ""
    reason: str = ""


class Section(NamedTuple):
    """A heading's path and the paragraphs right below it, by their spans."""

    path: tuple[str, ...]
    spans: tuple[Span, ...]

    @property
    def start(self) -> int:
        return self.spans[0]["start"]

    @property
    def end(self) -> int:
        return self.spans[-1]["end"]


def path_of(span: Span) -> tuple[str, ...]:
    """The headings above a paragraph, the outermost first."""
    return tuple((span["heading"] or "").split(SEPARATOR)) if span["heading"] else ()


def sections(spans: Sequence[Span]) -> list[Section]:
    """The paragraphs of a Document by the headings they stand under, in order; headings themselves are left out."""
    found: list[tuple[tuple[str, ...], list[Span]]] = []
    for span in spans:
        if span["role"] == "heading":
            found.append(((), []))
            continue
        if span["role"] not in ("body", "table", "footnote", "reference"):
            continue
        path = path_of(span)
        if not found or not found[-1][1] or found[-1][0] != path:
            found.append((path, []))
        found[-1][1].append(span)
    return [Section(path, tuple(kept)) for path, kept in found if kept]


def kind_of_section(section: Section) -> str:
    """Why nothing is asked about a section: references, contents, about_itself; nothing where it may be asked about."""
    for heading in section.path:
        if _REFERENCES.match(heading):
            return "references"
        if _CONTENTS.match(heading):
            return "contents"
        if _ABOUT_ITSELF.match(heading):
            return "about_itself"
    if all(span["role"] == "reference" for span in section.spans):
        return "references"
    return ""


def passages(text: str, spans: Sequence[Span], text_sha256: str) -> list[Passage]:
    """The passages of a Document, in order, and what was skipped of it; together they hold every section."""
    groups: list[tuple[list[Section], str]] = []
    for section in sections(spans):
        why = kind_of_section(section)
        if why:
            groups.append(([section], why))
            continue
        for piece in _pieces(text, section):
            held = groups[-1][0] if groups and not groups[-1][1] else []
            grown = piece.end - held[0].start if held else 0
            if not held or grown > MOST or _parts(held[-1].path, piece.path, held[-1].end - held[0].start):
                held = []
                groups.append((held, ""))
            held.append(piece)
    found = []
    for sections_, why in _joined(text, groups):
        one = _passage(text, sections_, text_sha256)
        if why:
            one.outcome, one.reason = "skipped", why
        found.append(one)
    return found


def _joined(text: str, groups: list[tuple[list[Section], str]]) -> list[tuple[list[Section], str]]:
    """What is too short by itself goes with the neighbour that it shares most headings with, where there is room."""
    kept: list[tuple[list[Section], str]] = []
    for at, (held, why) in enumerate(groups):
        if not why and _is_short(text, held):
            before = kept[-1][0] if kept and not kept[-1][1] else []
            after = groups[at + 1][0] if at + 1 < len(groups) and not groups[at + 1][1] else []
            here = _shared(before[-1].path, held[0].path) if before and held[-1].end - before[0].start <= MOST else -1
            there = _shared(held[-1].path, after[0].path) if after and after[-1].end - held[0].start <= MOST else -1
            if here >= 0 and here >= there:
                before += held
                continue
            if there >= 0:
                groups[at + 1] = ([*held, *after], "")
                continue
        kept.append((held, why))
    return kept


def _shared(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many headings two paths have in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _parts(before: tuple[str, ...], after: tuple[str, ...], size: int) -> bool:
    """A passage of this size ends between two sections: a large one at any heading, a small one at a chapter's."""
    if before == after:
        return False
    common = _shared(before, after)
    return size >= LEAST or common <= min(1, len(before) - 1, len(after) - 1)


def _pieces(text: str, section: Section) -> list[Section]:
    """A section, cut between paragraphs where it is longer than a passage, and within one that is longer itself."""
    pieces: list[list[Span]] = [[]]
    for span in (part for whole in section.spans for part in _parts_of(text, whole)):
        if pieces[-1] and span["end"] - pieces[-1][0]["start"] > MOST:
            pieces.append([])
        pieces[-1].append(span)
    return [Section(section.path, tuple(piece)) for piece in pieces if piece]


def _parts_of(text: str, span: Span) -> list[Span]:
    """A paragraph, in pieces of whole sentences where it is longer than a passage; a longer sentence stays whole."""
    if span["end"] - span["start"] <= MOST:
        return [span]
    found: list[Span] = []
    start = span["start"]
    last = start
    for _, stop in sentences(text, start, span["end"]):
        if stop - start > MOST and last > start:
            found.append({**span, "start": start, "end": last})
            start = last + len(text[last:stop]) - len(text[last:stop].lstrip())
        last = stop
    return [*found, {**span, "start": start}]


def _passage(text: str, held: Sequence[Section], text_sha256: str) -> Passage:
    start, end = held[0].start, held[-1].end
    first = held[0].spans[0]
    common = held[0].path
    for section in held[1:]:
        size = _shared(common, section.path)
        common = common[:size]
    cut = text[start:end]
    found = Passage(
        sha256(f"{text_sha256}\0{start}\0{end}")[:16], start, end, SEPARATOR.join(common) or None, first["page"],
        first["start_seconds"], len(cut.split()),
    )  # fmt: skip
    found.outcome, found.reason = ("skipped", why) if (why := _unfit(cut, held)) else ("", "")
    return found


def _unfit(cut: str, held: Sequence[Section]) -> str:
    if len(_DOTS.findall(cut)) > 2 or len(_LEADERS.findall(cut)) > max(4, cut.count("\n") * 0.5):
        return "contents"
    return "too_short" if _is_short(cut, held, held[0].start) else ""


def _is_short(text: str, held: Sequence[Section], offset: int = 0) -> bool:
    """Fewer than three sentences and sixty words."""
    cut = text[held[0].start - offset : held[-1].end - offset]
    if len(cut.split()) >= LEAST_WORDS:
        return False
    spoken = held[0].spans[0]["start_seconds"] is not None
    return (sum(len(section.spans) for section in held) if spoken else len(sentences(cut))) < MIN_SENTENCES


def place_of(spans: Sequence[Any], at: int) -> tuple[int | None, float | None]:
    """The page and the second that a character of a text stands at."""
    best: Any = None
    for span in spans:
        if span["start"] > at:
            break
        best = span
    return (best["page"], best["start_seconds"]) if best else (None, None)
