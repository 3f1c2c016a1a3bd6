"""Ruled tables of a page → Markdown, each in the place it stands."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

from factory.readers.pdf_layout import Line, Page

# A grid has at least this many drawn lines each way; less is an underline or a box around a heading.
MIN_HORIZONTAL, MIN_VERTICAL = 3, 3
_HYPHEN = re.compile(r"(\w)-\n(?=[a-záéíóúñü])")


def place_tables(page: Any, seen: Page) -> None:
    """Lines inside a ruled table are replaced by one line that holds it as Markdown.

    Finding tables costs 0.1 s a page, so only pages with a drawn grid are asked.
    """
    if not _has_grid(seen.rules):
        return
    with contextlib.redirect_stdout(io.StringIO()):
        tables = page.find_tables().tables
    for table in tables:
        words = page.get_text("words", clip=table.bbox)
        rows = [[_cell(words, box) for box in row.cells] for row in table.rows]
        rows = [row for row in rows if any(row)]
        if len(rows) < 2 or len(rows[0]) < 2 or sum(bool(c) for row in rows for c in row) < len(rows):
            continue
        x0, y0, x1, y1 = table.bbox
        inside = [
            s for s in seen.lines if x0 - 2 <= (s.x0 + s.x1) / 2 <= x1 + 2 and y0 - 2 <= (s.y0 + s.y1) / 2 <= y1 + 2
        ]
        if not inside:
            continue
        size = sorted(s.size for s in inside)[len(inside) // 2]
        text = _markdown(rows)
        first = seen.lines.index(inside[0])
        gone = set(map(id, inside))
        seen.lines[:] = [s for s in seen.lines if id(s) not in gone]
        seen.lines.insert(min(first, len(seen.lines)), Line(x0, y0, x1, y1, y1, size, False, text, table=text))


def _has_grid(rules: list[tuple[float, float, float, float]]) -> bool:
    horizontal = sum(1 for x0, y0, x1, y1 in rules if y1 - y0 < 3 and x1 - x0 > 30)
    vertical = sum(1 for x0, y0, x1, y1 in rules if x1 - x0 < 3 and y1 - y0 > 6)
    return horizontal >= MIN_HORIZONTAL and vertical >= MIN_VERTICAL


def _cell(words: list[Any], box: Any) -> str:
    """The words whose middle lies in the cell, line by line; a cell that another spans is empty."""
    if box is None:
        return ""
    x0, y0, x1, y1 = box
    inside = [w for w in words if x0 <= (w[0] + w[2]) / 2 < x1 and y0 <= (w[1] + w[3]) / 2 < y1]
    text = ""
    before: tuple[int, int] | None = None
    for word in inside:
        line = (word[5], word[6])
        text += ("\n" if before not in (None, line) else " ") + word[4]
        before = line
    joined = _HYPHEN.sub(r"\1", text)
    return " ".join(joined.split()).replace("|", "\\|")


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
