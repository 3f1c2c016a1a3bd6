"""Where things stand on a page: lines, running headers, columns, reading order.

Pure geometry on what the PDF library saw; knows nothing of the library. Units: points, y downwards.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

# Share of the page, from its top or bottom edge, in which headers and footers are looked for: the widest
# seen in books with a two-line header is 14 %.
EDGE = 0.16
# A column holds at least this many lines before its edge is believed without help from other pages.
COLUMN_LINES = 5
# Lines may overhang a column's edge by this much (hanging punctuation, ragged hyphens).
OVERHANG = 8.0
# The narrowest white gap between columns; journals go down to 8 points.
GUTTER = 5.0

_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,7}", re.IGNORECASE)
_NUMBER_ONLY = re.compile(
    r"[\W_]*(?:p[aá]g(?:ina|\.)?|page|p\.|seite)?[\W_]*#[\W_]*(?:(?:de|of|von|/|\|)?[\W_]*#)?[\W_]*", re.IGNORECASE
)


@dataclass(slots=True, eq=False)
class Line:
    """One line of one column. `size` is that of most of its letters; `base` its baseline."""

    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    bold: bool
    text: str
    table: str = ""

    @property
    def style(self) -> tuple[int, bool]:
        """What headings are told apart by: half points, bold."""
        return round(self.size * 2), self.bold


@dataclass(slots=True)
class Page:
    """What stands on one page. `number` counts from 1; `rules` are boxes of drawn lines and rectangles."""

    number: int
    width: float
    height: float
    lines: list[Line]
    rules: list[tuple[float, float, float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Segment:
    """Lines that are read one after the other: a column, or a stretch across all columns."""

    page: int
    lines: list[Line]
    left: float
    right: float


# ---------------------------------------------------------------- running headers and footers


@dataclass(slots=True)
class _Edge:
    """A line near the top or bottom of a page, with what makes it comparable over pages."""

    page: int
    line: Line
    folded: str
    slot: tuple[bool, int]


def _folded(text: str) -> str:
    """The text with every number the same, so that `Página 3` repeats `Página 4`."""
    flat = "#" if _ROMAN.fullmatch(text.strip()) else _DIGITS.sub("#", text)
    return " ".join(flat.split()).lower()


def _edges(page: Page) -> list[_Edge]:
    """The lines of a page that may be running headers or footers."""
    found = []
    top, bottom = page.height * EDGE, page.height * (1 - EDGE)
    for line in page.lines:
        if line.base < top:
            found.append(_Edge(page.number, line, _folded(line.text), (True, round(line.base / 3))))
        elif line.base > bottom:
            found.append(_Edge(page.number, line, _folded(line.text), (False, round((page.height - line.base) / 3))))
    return found


def drop_running(pages: Sequence[Page], body: float) -> dict[str, int]:
    """Running headers, footers and page numbers are gone from the pages; characters removed by reason."""
    edges = [e for page in pages for e in _edges(page)]
    needed = 2 if len(pages) < 6 else 3
    texts: Counter[tuple[tuple[bool, int], str]] = Counter()
    for slot, folded, _ in {(e.slot, e.folded, e.page) for e in edges}:
        texts[slot, folded] += 1
    slots = _running_slots(edges, texts, needed, body, len(pages))
    offset = _page_offset(edges, needed)
    removed: Counter[str] = Counter()
    gone: dict[int, set[int]] = {}
    for e in edges:
        number = _NUMBER_ONLY.fullmatch(e.folded) is not None
        size = slots.get(e.slot)
        repeated = texts[e.slot, e.folded] >= needed
        running = size is not None and (repeated or abs(e.line.size - size) < 0.6)
        if running or (number and _outermost(e, pages[e.page - 1]) and (len(pages) < 3 or _numbered(e, offset))):
            removed["page_number" if number else "running_header"] += len(e.line.text)
            gone.setdefault(e.page, set()).add(id(e.line))
    for page in pages:
        if page.number in gone:
            page.lines = [line for line in page.lines if id(line) not in gone[page.number]]
    return dict(removed)


def _running_slots(
    edges: Sequence[_Edge], texts: Counter[tuple[tuple[bool, int], str]], needed: int, body: float, pages: int
) -> dict[tuple[bool, int], float]:
    """Heights at which what stands repeats itself, with the type size used there."""
    by_slot: dict[tuple[bool, int], list[_Edge]] = {}
    for e in edges:
        by_slot.setdefault(e.slot, []).append(e)
    slots = {}
    for slot, there in by_slot.items():
        on = len({e.page for e in there})
        if on < needed:
            continue
        again = sum(texts[slot, e.folded] >= needed for e in there)
        size = Counter(round(e.line.size * 2) / 2 for e in there).most_common(1)[0][0]
        # Half of what stands there repeats (the rest are titles of short chapters); or most pages have a
        # line there in small type, as dictionaries with guide words do.
        if again * 2 >= len(there) or (on * 2 > pages > 5 and size < body - 0.7 and len(there) < on * 2.5):
            slots[slot] = size
    return slots


def _page_offset(edges: Iterable[_Edge], needed: int) -> int | None:
    """Printed page number minus page, where enough pages agree on it."""
    votes: Counter[int] = Counter()
    for e in edges:
        text = e.line.text.strip(" -–—·|[]")
        if text.isdecimal() and len(text) < 5:
            votes[int(text) - e.page] += 1
    best = votes.most_common(1)
    return best[0][0] if best and best[0][1] >= needed else None


def _numbered(e: _Edge, offset: int | None) -> bool:
    text = e.line.text.strip(" -–—·|[]")
    return offset is not None and text.isdecimal() and len(text) < 5 and int(text) - e.page == offset


def _outermost(e: _Edge, page: Page) -> bool:
    """Nothing stands between the line and the edge of the page, and white separates it from the rest."""
    gap = e.line.size * 1.6
    if e.slot[0]:
        return all(o is e.line or o.base > e.line.base + gap for o in page.lines)
    return all(o is e.line or o.base < e.line.base - gap for o in page.lines)


# ---------------------------------------------------------------- columns and reading order


def common_gutters(pages: Sequence[Page]) -> list[float]:
    """Left edges of right-hand columns that many pages share: believed on pages with little text too."""
    votes: Counter[int] = Counter()
    for page in pages:
        gutter = _gutter(page.lines, ())
        if gutter is not None:
            votes[round(gutter / 4)] += 1
    return [at * 4.0 for at, count in votes.most_common(3) if count * 5 >= len(pages) and count > 1]


def reading_order(page: Page, gutters: Sequence[float]) -> list[Segment]:
    """The lines of a page in the order they are read."""
    segments: list[Segment] = []
    _order(page.number, sorted(page.lines, key=lambda line: line.base), gutters, segments, 0)
    return segments


def _order(number: int, lines: list[Line], gutters: Sequence[float], out: list[Segment], depth: int) -> None:
    if not lines:
        return
    edge = _gutter(lines, gutters) if depth < 3 else None
    if edge is None:
        rows = _rows(lines)
        out.append(Segment(number, rows, min(r.x0 for r in rows), _right(rows)))
        return
    left: list[Line] = []
    right: list[Line] = []
    across: list[Line] = []
    for line in lines:
        if line.x0 < edge - OVERHANG and line.x1 > edge + OVERHANG and not _overflows(line, lines, edge):
            _order(number, left, gutters, out, depth + 1)
            _order(number, right, gutters, out, depth + 1)
            left, right = [], []
            across.append(line)
            continue
        if across:
            _order(number, across, (), out, 3)
            across = []
        (right if line.x0 >= edge - OVERHANG else left).append(line)
    for part in (across, left, right):
        _order(number, part, gutters, out, 3 if part is across else depth + 1)


def _right(rows: Sequence[Line]) -> float:
    """The column's right edge: where three lines end, so that one overflowing address does not move it."""
    ends = sorted((r.x1 for r in rows), reverse=True)
    for at in range(min(len(ends) - 2, len(ends) // 5)):
        if ends[at] - ends[at + 2] < 4:
            return ends[at]
    return ends[0]


def _overflows(line: Line, lines: Sequence[Line], edge: float) -> bool:
    """The line runs into the next column's text, as long addresses do: it belongs to its own column."""
    return any(o.x0 >= edge - OVERHANG and o.x0 < line.x1 and abs(o.base - line.base) < 0.6 * line.size for o in lines)


def _gutter(lines: Sequence[Line], known: Sequence[float]) -> float | None:
    """The left edge of the right-hand column, None on a page of one column."""
    if len(lines) < 2:
        return None
    low = min(line.x0 for line in lines)
    high = max(line.x1 for line in lines)
    width = high - low
    starts = Counter(int(line.x0) for line in lines if line.x0 > low + width * 0.2 and line.x0 < high - width * 0.1)
    for start, count in sorted(starts.most_common(6)):
        if count >= 3 and _divides(lines, float(start), low, high):
            return float(start)
    for edge in known:
        if low < edge < high and _divides_weakly(lines, edge, low):
            return edge
    return None


def _divides(lines: Sequence[Line], edge: float, low: float, high: float) -> bool:
    """Text runs on both sides of a white gap that ends at `edge`, and both sides look like prose."""
    left: list[Line] = []
    right: list[Line] = []
    touching = 0
    for line in lines:
        if line.x0 >= edge - 2:
            right.append(line)
        elif line.x1 <= edge - GUTTER:
            left.append(line)
        elif line.x1 < edge + OVERHANG:
            touching += 1
    if len(left) < COLUMN_LINES or len(right) < COLUMN_LINES or touching * 25 > len(lines):
        return False
    top = max(min(line.y0 for line in left), min(line.y0 for line in right))
    bottom = min(max(line.y1 for line in left), max(line.y1 for line in right))
    beside_left = [line for line in left if top - 2 <= line.y0 and line.y1 <= bottom + 2]
    beside_right = [line for line in right if top - 2 <= line.y0 and line.y1 <= bottom + 2]
    fewer, more = sorted((len(beside_left), len(beside_right)))
    if fewer < 3 or fewer * 4 < more:
        return False
    return _prose(beside_left, edge - GUTTER - low) and _prose(beside_right, high - edge)


def _prose(lines: Sequence[Line], width: float) -> bool:
    """At least two in five lines fill most of the column, as sentences do and cells of a table do not."""
    full = sum(line.x1 - line.x0 > width * 0.7 for line in lines)
    return full * 5 >= len(lines) * 2


def _divides_weakly(lines: Sequence[Line], edge: float, low: float) -> bool:
    """The gap that other pages have is white here too, and a column starts right of it."""
    starts = right = left = touching = 0
    for line in lines:
        if line.x0 >= edge - 4:
            right += 1
            starts += line.x0 < edge + 6
        elif line.x1 <= edge - 2:
            left += 1
        elif line.x1 < edge + OVERHANG:
            touching += 1
    if touching * 25 > len(lines):
        return False
    return right > 0 and left > 0 and starts * 2 >= right and low < edge - 60


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Pieces on one baseline become one line, from left to right."""
    rows: list[Line] = []
    row: list[Line] = []
    for line in lines:
        if row and line.base - row[0].base > 0.5 * max(line.size, row[0].size):
            rows.append(_row(row))
            row = []
        row.append(line)
    if row:
        rows.append(_row(row))
    return rows


def _row(pieces: list[Line]) -> Line:
    if len(pieces) == 1:
        return pieces[0]
    pieces.sort(key=lambda line: line.x0)
    main = max(pieces, key=lambda line: len(line.text))
    text = pieces[0].text
    for before, piece in itertools.pairwise(pieces):
        text += piece.text if piece.x0 - before.x1 < 0.12 * main.size else " " + piece.text
    return Line(
        min(p.x0 for p in pieces),
        min(p.y0 for p in pieces),
        max(p.x1 for p in pieces),
        max(p.y1 for p in pieces),
        main.base,
        main.size,
        all(p.bold for p in pieces),
        text,
        "\n".join(p.table for p in pieces if p.table),
    )
