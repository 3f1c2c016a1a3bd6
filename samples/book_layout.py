"""A Markdown text laid out as a printed book: running headers, page numbers, notes, tables, hyphens at line ends."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from itertools import pairwise

from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

BODY, BOLD = "Times-Roman", "Times-Bold"
SIZE, LEADING = 10.5, 14.0
NOTE_SIZE, NOTE_LEADING = 8.0, 10.0
MARGIN, GUTTER, INDENT = 50.0, 20.0, 12.0
HEADER_ROOM = 22.0
# Size and room of the headings of a chapter (##) and a section (###).
HEADINGS = {2: (17.0, 34.0), 3: (12.0, 24.0)}
# A heading stays with at least this many lines of what follows.
KEEP_LINES = 3

_VOWELS = "aeiouáéíóúü"
_NUCLEUS = re.compile(rf"[{_VOWELS}]+|y(?![{_VOWELS}])", re.IGNORECASE)
# Two consonants that open a syllable together (RAE, Ortografía de la lengua española, 2010, II.4).
_JOINED = {a + b for a in "pbtdcgf" for b in "r"} | {a + "l" for a in "pbcgf"} | {"ch", "ll", "rr"}


@dataclass(frozen=True)
class Book:
    """How one text is laid out; page width and height in points."""

    name: str
    columns: int
    page: tuple[float, float]
    chapter_on_new_page: bool


def break_points(word: str) -> list[int]:
    """Where a Spanish word may be hyphenated: between syllables, two letters before and three after."""
    if not re.fullmatch(r"[^\W\d_]+[.,;:)]*", word):
        return []
    letters = len(word.rstrip(".,;:)"))
    points = []
    for left, right in pairwise(_NUCLEUS.finditer(word)):
        between = word[left.end() : right.start()].lower()
        opening = 2 if between[-2:] in _JOINED else 1
        at = right.start() - min(opening, len(between))
        if between and 2 <= at <= letters - 3:
            points.append(at)
    return points


def set_lines(text: str, font: str, size: float, width: float, indent: float = 0.0) -> list[str]:
    """The text in lines of at most `width` points, words broken by syllables where they do not fit."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        room = width - (indent if not lines else 0.0)
        candidate = f"{current} {word}".strip()
        if stringWidth(candidate, font, size) <= room:
            current = candidate
            continue
        fitting = [at for at in break_points(word) if stringWidth(f"{current} {word[:at]}-", font, size) <= room]
        at = max(fitting, default=0)
        lines.append(f"{current} {word[:at]}-" if at else current)
        current = word[at:]
    return [*lines, current]


class Press:
    """A canvas with a cursor that moves through columns and pages."""

    def __init__(self, book: Book, title: str, author: str) -> None:
        self.book, self.title, self.chapter = book, title, ""
        self.out = io.BytesIO()
        # Uncompressed and invariant: the bytes depend on nothing but the text.
        self.canvas = Canvas(self.out, pagesize=book.page, pageCompression=0, invariant=1, lang="es")
        self.canvas.setTitle(title)
        self.canvas.setAuthor(author)
        self.canvas.setSubject("CC0 1.0")
        self.width = (book.page[0] - 2 * MARGIN - (book.columns - 1) * GUTTER) / book.columns
        self.number, self.column = 1, 0
        self.y, self.floor = 0.0, MARGIN

    @property
    def x(self) -> float:
        return MARGIN + self.column * (self.width + GUTTER)

    def title_page(self, lines: list[str]) -> None:
        """The first page: title, subtitle, author, licence."""
        wide = self.book.page[0] - 2 * MARGIN
        y = self.book.page[1] - 150
        for number, text in enumerate(lines):
            font, size = (BOLD, 22.0) if number == 0 else (BODY, 12.0 if number < 3 else 9.0)
            for line in set_lines(text, font, size, wide):
                self.canvas.setFont(font, size)
                self.canvas.drawString(MARGIN, y, line)
                y -= size * 1.3
            y -= 18
        self.new_page()

    def new_page(self) -> None:
        self.canvas.showPage()
        self.number += 1
        width, height = self.book.page
        self.canvas.setFont(BODY, 8.5)
        self.canvas.drawCentredString(width / 2, MARGIN - 24, str(self.number))
        self.column, self.floor = 0, MARGIN
        self.y = height - MARGIN - HEADER_ROOM

    def header(self) -> None:
        """The running header: the book's title on even pages, the chapter on odd ones."""
        width, height = self.book.page
        self.canvas.setFont(BODY, 8.5)
        if self.number % 2 == 0:
            self.canvas.drawString(MARGIN, height - MARGIN + 4, self.title)
        else:
            self.canvas.drawRightString(width - MARGIN, height - MARGIN + 4, self.chapter or self.title)

    def next_column(self) -> None:
        if self.column + 1 < self.book.columns:
            self.column += 1
            self.floor = MARGIN
            self.y = self.book.page[1] - MARGIN - HEADER_ROOM
        else:
            self.header()
            self.new_page()

    def need(self, points: float) -> None:
        if self.y - points < self.floor:
            self.next_column()

    def heading(self, level: int, text: str) -> None:
        size, room = HEADINGS[level]
        if level == 2 and self.book.chapter_on_new_page and self.chapter:
            self.header()
            self.new_page()
        self.need(room + KEEP_LINES * LEADING)
        if level == 2:
            self.chapter = text
        lines = set_lines(text, BOLD, size, self.width)
        self.y -= room - size - 4
        for line in lines:
            self.y -= size
            self.canvas.setFont(BOLD, size)
            self.canvas.drawString(self.x, self.y, line)
        self.y -= 4

    def paragraph(self, text: str, first: bool) -> None:
        """Justified lines; the first is indented unless it follows a heading."""
        indent = 0.0 if first else INDENT
        lines = set_lines(text, BODY, SIZE, self.width, indent)
        for number, line in enumerate(lines):
            self.need(LEADING)
            self.y -= LEADING
            left = indent if number == 0 else 0.0
            spare = self.width - left - stringWidth(line, BODY, SIZE)
            spaces = line.count(" ")
            run = self.canvas.beginText(self.x + left, self.y)
            run.setFont(BODY, SIZE)
            run.setWordSpace(spare / spaces if spaces and number < len(lines) - 1 else 0.0)
            run.textOut(line)
            run.setWordSpace(0)
            self.canvas.drawText(run)

    def note(self, mark: str, text: str) -> None:
        """Small type at the foot of the column, under a short rule."""
        lines = set_lines(f"{mark} {text}", BODY, NOTE_SIZE, self.width)
        room = len(lines) * NOTE_LEADING + 8
        self.need(room)
        y = self.floor + room - 4
        self.floor += room
        self.canvas.setLineWidth(0.4)
        self.canvas.line(self.x, y, self.x + 60, y)
        self.canvas.setFont(BODY, NOTE_SIZE)
        for line in lines:
            y -= NOTE_LEADING
            self.canvas.drawString(self.x, y + 1, line)

    def table(self, rows: list[list[str]]) -> None:
        """Every cell ruled, the first row bold."""
        size, high = 9.0, 15.0
        widest = [max(stringWidth(row[c], BOLD, size) for row in rows) + 10 for c in range(len(rows[0]))]
        scale = self.width / sum(widest)
        self.need(high * len(rows) + 16)
        edges = [self.x + scale * sum(widest[:c]) for c in range(len(widest) + 1)]
        top = self.y - 8
        self.canvas.setLineWidth(0.5)
        self.canvas.grid(edges, [top - high * r for r in range(len(rows) + 1)])
        for number, row in enumerate(rows):
            self.canvas.setFont(BOLD if number == 0 else BODY, size)
            for at, cell in zip(edges, row, strict=False):
                self.canvas.drawString(at + 4, top - high * (number + 1) + 4.5, cell)
        self.y = top - high * len(rows) - 6

    def finish(self) -> bytes:
        self.header()
        self.canvas.showPage()
        self.canvas.save()
        return self.out.getvalue()


def lay_out(book: Book, source: str) -> bytes:
    """The bytes of the PDF: `# ` title and front lines, `## ` chapters, `### ` sections, tables and notes."""
    front, *blocks = re.split(r"\n\s*\n", source.strip())
    lines = front.removeprefix("# ").split("\n")
    press = Press(book, lines[0], lines[2])
    press.title_page(lines)
    after_heading = True
    for block in blocks:
        heading = re.match(r"(#{2,3}) (.+)", block)
        note = re.match(r"\[\^(\d)\]: (.+)", block, re.DOTALL)
        if heading:
            press.heading(len(heading[1]), heading[2])
        elif note:
            press.note("¹²³"[int(note[1]) - 1], note[2])
        elif block.startswith("|"):
            rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in block.split("\n")]
            press.table([row for row in rows if not set("".join(row)) <= set("-")])
        else:
            plain = re.sub(r"\*([^*]+)\*", r"\1", re.sub(r"\[\^(\d)\]", lambda m: "¹²³"[int(m[1]) - 1], block))
            press.paragraph(" ".join(plain.split()), after_heading)
        after_heading = heading is not None
    return press.finish()
