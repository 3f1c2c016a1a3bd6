"""Ruled tables of a page → Markdown, each in the place it stands."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

from factory.readers.pdf_layout import Line, Page

# A grid has at least this many drawn lines each way; less is an underline or a box around a heading.
MIN_HORIZONTAL, MIN_VERTICAL = 3, 3
Box = tuple[float, float, float, float]
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


# ---------------------------------------------------------------- tables between horizontal rules only

# A journal's table has a rule above, one under its head and one below, of one width.
MIN_RULES = 3
RULE_WIDTH = 100.0
# White between cells of a row; words of one cell stand closer.
CELL_GAP = 7.0
# Share of the rows that must have several cells: prose between two rules has none.
MIN_TABULAR = 0.5


def place_open_tables(page: Any, seen: Page) -> None:
    """Rows between rules of one width, without vertical lines, become one line that holds them as Markdown."""
    flat = [r for r in _joined([r for r in seen.rules if r[3] - r[1] < 3]) if r[2] - r[0] >= RULE_WIDTH]
    if len(flat) < MIN_RULES:
        return
    for x0, y0, x1, y1 in _regions(flat):
        inside = [s for s in seen.lines if not s.table and _within(s, x0, y0, x1, y1)]
        if len(inside) < 4:
            continue
        rows = _rows_of(page.get_text("words", clip=(x0 - 3, y0 - 1, x1 + 3, y1 + 1)))
        columns = _columns(rows)
        tabular = sum(len(row) > 1 for row in rows)
        if len(columns) < 2 or tabular < MIN_TABULAR * len(rows) or tabular < 3:
            continue
        cells = [_in_columns(row, columns) for row in rows]
        text = _markdown(cells)
        gone = set(map(id, inside))
        first = seen.lines.index(inside[0])
        size = sorted(s.size for s in inside)[len(inside) // 2]
        seen.lines[:] = [s for s in seen.lines if id(s) not in gone]
        seen.lines.insert(min(first, len(seen.lines)), Line(x0, y0, x1, y1, y1, size, False, text, table=text))


def _joined(rules: list[Box]) -> list[Box]:
    """Rules drawn cell by cell are one rule."""
    found: list[Box] = []
    for x0, y0, x1, y1 in sorted(rules, key=lambda r: (round(r[1]), r[0])):
        if found and abs(found[-1][1] - y0) < 1.5 and -2 < x0 - found[-1][2] < 4:
            found[-1] = (found[-1][0], found[-1][1], max(x1, found[-1][2]), max(y1, found[-1][3]))
        else:
            found.append((x0, y0, x1, y1))
    return found


def _within(line: Line, x0: float, y0: float, x1: float, y1: float) -> bool:
    middle = (line.y0 + line.y1) / 2
    return y0 - 2 <= middle <= y1 + 2 and x0 - 6 <= line.x0 and line.x1 <= x1 + 6


def _regions(rules: list[Box]) -> list[Box]:
    """From the first to the last of the rules that share both ends."""
    found = []
    left = sorted(rules, key=lambda r: (r[1], r[0]))
    while left:
        x0, y0, x1, _ = left[0]
        same = [r for r in left if abs(r[0] - x0) < 10 and abs(r[2] - x1) < 10]
        left = [r for r in left if r not in same]
        heights = sorted({round(r[1]) for r in same})
        if len(heights) >= MIN_RULES and heights[-1] - heights[0] > 24:
            found.append((x0, y0, x1, max(r[3] for r in same)))
    return found


def _rows_of(words: list[Any]) -> list[list[tuple[float, float, str]]]:
    """Cells of each row as (x0, x1, text): words by their height, joined where little white is between."""
    rows: list[tuple[float, list[Any]]] = []
    for word in sorted(words, key=lambda w: (w[1] + w[3], w[0])):
        middle = (word[1] + word[3]) / 2
        if rows and abs(rows[-1][0] - middle) < (word[3] - word[1]) * 0.45:
            rows[-1][1].append(word)
        else:
            rows.append((middle, [word]))
    found = []
    for _, row in rows:
        cells: list[tuple[float, float, str]] = []
        for word in sorted(row, key=lambda w: w[0]):
            if cells and word[0] - cells[-1][1] < CELL_GAP:
                cells[-1] = (cells[-1][0], word[2], f"{cells[-1][2]} {word[4]}")
            else:
                cells.append((word[0], word[2], word[4]))
        found.append(cells)
    return found


def _columns(rows: list[list[tuple[float, float, str]]]) -> list[tuple[float, float]]:
    """The stretches that cells of rows with several cells cover; white between them divides columns."""
    spans = sorted((x0, x1) for row in rows if len(row) > 1 for x0, x1, _ in row)
    most = max((len(row) for row in rows), default=0)
    columns: list[tuple[float, float]] = []
    for x0, x1 in spans:
        if columns and x0 < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(x1, columns[-1][1]))
        else:
            columns.append((x0, x1))
    return columns if len(columns) <= most + 2 else []


def _in_columns(row: list[tuple[float, float, str]], columns: list[tuple[float, float]]) -> list[str]:
    found = [""] * len(columns)
    for x0, x1, text in row:
        best = max(range(len(columns)), key=lambda i: min(x1, columns[i][1]) - max(x0, columns[i][0]))
        found[best] = f"{found[best]} {text}".strip().replace("|", "\\|")
    return found
