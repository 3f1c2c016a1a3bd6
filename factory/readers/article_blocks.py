"""Trees → paragraphs: one walk in reading order that knows headings, tables and what was set aside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from factory.record import Paragraph, Role

# Stands for a set-aside part in the tree that trafilatura reads. A printable character, because trafilatura
# deletes unprintable ones; an editor's mark for ancient Greek manuscripts, because no page has it.
MARK = "\u2e0e"
_WORDS = "\u2e0f"
_PLACE = re.compile(rf"{MARK}(\d+)(?:{MARK}|{_WORDS}[^{_WORDS}]*{_WORDS})")

HEADING_BREAK = " › "
LEVELS = {f"h{n}": n for n in range(1, 7)}
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "cell",
        "center",
        "code",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "item",
        "li",
        "list",
        "main",
        "ol",
        "p",
        "pre",
        "quote",
        "row",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_LINE_BREAKS = frozenset(("br", "lb", "hr"))
_SILENT = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "button",
        "select",
        "svg",
        "nav",
        "iframe",
        "object",
        "input",
        "textarea",
        "math",
    ]
)


@dataclass(slots=True)
class Part:
    """A piece of the page that is not main text, whole and in its own tree."""

    tree: HtmlElement
    role: Role
    heading: str = ""
    used: bool = False

    @property
    def is_main(self) -> bool:
        """True if trafilatura decides whether it belongs to the page's main text."""
        return self.role == "body"


@dataclass(slots=True)
class Shelf:
    """The parts that were set aside, by the number in their placeholder."""

    parts: list[Part] = field(default_factory=list)

    def place(self, part: Part) -> HtmlElement:
        """A placeholder for one more part.

        For what may be main text it holds the words too, since trafilatura weighs them; as a quotation,
        which it neither prunes by its links nor takes for a page that has paragraphs.
        """
        self.parts.append(part)
        stand_in: HtmlElement = part.tree.makeelement("blockquote" if part.is_main else "p")
        number = len(self.parts) - 1
        words = " ".join(flat(part.tree).replace(_WORDS, " ").split())
        stand_in.text = f"{MARK}{number}{_WORDS}{words}{_WORDS}" if part.is_main else f"{MARK}{number}{MARK}"
        return stand_in

    def take(self, number: int) -> Part | None:
        """A part, the first time it is asked for."""
        if number >= len(self.parts) or self.parts[number].used:
            return None
        self.parts[number].used = True
        return self.parts[number]

    def left_over(self) -> list[Paragraph]:
        """Paragraphs of the parts whose placeholder trafilatura dropped, in the page's order."""
        rest = [part for part in self.parts if not part.used and not part.is_main]
        return [p for part in rest for p in _part_blocks(part, [(6, part.heading)] if part.heading else [])]


def _part_blocks(part: Part, path: list[tuple[int, str]]) -> Iterator[Paragraph]:
    yield from _Walk(Shelf(), part.role, list(path)).block(part.tree)


def blocks(body: HtmlElement, shelf: Shelf) -> Iterator[Paragraph]:
    """The paragraphs of a body in order, set-aside parts in their places."""
    yield from _Walk(shelf, "body", []).inside(body)


@dataclass(slots=True)
class _Walk:
    """One pass over a tree, raw HTML or trafilatura's, that knows the headings above."""

    shelf: Shelf
    role: Role
    path: list[tuple[int, str]]

    def inside(self, element: HtmlElement) -> Iterator[Paragraph]:
        run = [element.text or ""]
        for child in element:
            tag = child.tag
            if tag in _LINE_BREAKS and self.role != "body":
                yield from self.paragraph(run)
            elif tag in _BLOCKS or (len(child) > 0 and _holds_block(child)):
                yield from self.paragraph(run)
                yield from self.block(child)
            elif tag not in _SILENT:
                run.append(flat(child))
            run.append(child.tail or "")
        yield from self.paragraph(run)

    def block(self, element: HtmlElement) -> Iterator[Paragraph]:
        tag = element.tag
        if tag == "head" or tag in LEVELS:
            yield from self.heading(element)
        elif tag == "table":
            yield from self.table(element)
        elif tag == "li" and self.role != "body" and element.find(".//li") is None and element.find(".//table") is None:
            yield from self.paragraph([flat(element)])
        elif tag not in _SILENT:
            yield from self.inside(element)

    def paragraph(self, run: list[str]) -> Iterator[Paragraph]:
        text = " ".join("".join(run).split())
        run.clear()
        if MARK not in text:
            if text:
                yield Paragraph(text, self.role, heading=self.above())
            return
        at = 0
        for place in _PLACE.finditer(text):
            if before := text[at : place.start()].replace(MARK, "").strip():
                yield Paragraph(before, self.role, heading=self.above())
            if part := self.shelf.take(int(place[1][:9])):
                yield from _part_blocks(part, self.path)
            at = place.end()
        if rest := text[at:].replace(MARK, "").strip():
            yield Paragraph(rest, self.role, heading=self.above())

    def heading(self, element: HtmlElement) -> Iterator[Paragraph]:
        if not (text := " ".join(flat(element).replace(MARK, "").split())):
            return
        level = LEVELS.get(str(element.get("rend") or element.tag), 6)
        while self.path and self.path[-1][0] >= level:
            self.path.pop()
        yield Paragraph(text, self.role if self.role == "boilerplate" else "heading", heading=self.above())
        self.path.append((level, text))

    def above(self) -> str | None:
        return HEADING_BREAK.join(text for _, text in self.path) or None

    def table(self, table: HtmlElement) -> Iterator[Paragraph]:
        rows = [
            [" ".join(flat(c).split()).replace("|", "\\|") for c in row.iterchildren("cell", "td", "th")]
            for row in rows_of(table)
        ]
        rows = [row for row in rows if any(row)]
        width = max(map(len, rows), default=0)
        if width < 2 or len(rows) < 2 or table.find(".//table") is not None or any(MARK in c for r in rows for c in r):
            yield from self.inside(table)
            return
        for caption in table.iterchildren("caption"):
            yield from self.inside(caption)
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * width)
        yield Paragraph("\n".join(lines), "table" if self.role == "body" else self.role, heading=self.above())


def rows_of(table: HtmlElement) -> Iterator[HtmlElement]:
    """The rows of a table, not those of tables in its cells."""
    for child in table:
        if child.tag in ("row", "tr"):
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from child.iterchildren("tr")


def _holds_block(element: HtmlElement) -> bool:
    return any(e.tag in _BLOCKS for e in element.iterdescendants())


def flat(element: HtmlElement) -> str:
    """The text of an element on one line: blocks and line breaks part words, inline tags do not."""
    if len(element) == 0:
        return element.text or ""
    parts = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS or child.tag in _LINE_BREAKS:
            parts += (" ", flat(child), " ")
        elif child.tag not in _SILENT:
            parts.append(flat(child))
        parts.append(child.tail or "")
    return "".join(parts)


def named(element: HtmlElement) -> str:
    """What an element's class, id and role call it."""
    return f"{element.get('class') or ''} {element.get('id') or ''} {element.get('role') or ''}"
