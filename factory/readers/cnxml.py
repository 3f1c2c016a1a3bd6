"""CNXML modules of OpenStax books → one Document each.

Source: the CNXML 0.7 schema (cnx.rice.edu/cnxml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from factory.errors import Empty, Mislabelled
from factory.licence import named_in
from factory.readers.xml_text import LANG, child, children, inline, joined, name, parsed_xml, runs, table_rows
from factory.record import Hints, Paragraph, Parsed, Role, language_code

_BLOCKS = frozenset("para section list note figure table exercise equation media example rule statement proof".split())
_ASIDE = frozenset(("media", "footnote", "annotation"))
_NOTHING = re.compile(r"\s*\(\s*\)")


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """One Parsed. Raises Mislabelled, Empty, Damaged."""
    root = parsed_xml(data)
    if name(root) == "collection":
        raise Mislabelled("a collection.xml is a book's table of contents; its text is in the modules' .cnxml files")
    if name(root) != "document":
        raise Mislabelled(f"XML of {name(root)!r}, not a CNXML module")
    metadata, content = child(root, "metadata"), child(root, "content")
    title = next((inline(e) for e in (child(root, "title"), _meta(metadata, "title")) if e is not None), None)
    walk = _Walk()
    walk.add(title or "", "heading", None)
    abstract = _meta(metadata, "abstract")
    if abstract is not None:
        walk.box(abstract, None, "body")
    if content is not None:
        walk.blocks(content, None)
    walk.glossary(child(root, "glossary"))
    if not any(p.role != "heading" for p in walk.found):
        raise Empty("the module has no text")
    yield _parsed(walk.found, title, metadata, root)


def _parsed(found: list[Paragraph], title: str | None, metadata: Any, root: Any) -> Parsed:
    licence = None
    stated = _meta(metadata, "license")
    if stated is not None:
        licence = named_in(f"{stated.get('url') or ''} {inline(stated)}")
    language = _meta(metadata, "language")
    spoken = root.get(LANG) or (inline(language) if language is not None else None)
    people = [e for e in metadata.iter() if name(e) == "fullname"] if metadata is not None else []
    return Parsed(
        found,
        title=title,
        author="; ".join(dict.fromkeys(inline(e) for e in people)) or None,
        language=language_code(spoken) if spoken else None,
        licence=licence[0] if licence else None,
        licence_evidence=licence[1] if licence else None,
    )


def _meta(metadata: Any, wanted: str) -> Any:
    return None if metadata is None else next((e for e in metadata.iter() if name(e) == wanted), None)


class _Walk:
    """The paragraphs of a module in the order of its text."""

    def __init__(self) -> None:
        self.found: list[Paragraph] = []

    def add(self, text: str, role: Role, path: str | None) -> None:
        text = _NOTHING.sub("", text)
        if text:
            self.found.append(Paragraph(text, role, heading=path))

    def blocks(self, element: Any, path: str | None, role: Role = "body") -> None:
        for one in element:
            if name(one) and name(one) not in ("title", "label", "media"):
                self.block(one, path, role)

    def block(self, one: Any, path: str | None, role: Role) -> None:
        kind = name(one)
        if kind == "table":
            self.titled(one, path)
            for group in children(one, "tgroup"):
                self.add(table_rows(group, _ASIDE), "table", path)
            self.captions(one, path)
        elif kind in ("figure", "subfigure"):
            self.titled(one, path)
            for part in children(one, "subfigure"):
                self.block(part, path, role)
            self.captions(one, path)
        elif kind == "list":
            self.titled(one, path)
            for item in children(one, "item"):
                self.mixed(item, path, role)
        elif kind in ("section", "note", "example", "exercise", "problem", "solution", "rule", "statement", "proof"):
            self.box(one, path, role)
        else:
            self.mixed(one, path, role)

    def box(self, one: Any, path: str | None, role: Role) -> None:
        title = child(one, "title")
        if title is not None and inline(title):
            self.add(inline(title), "heading", path)
            path = joined(path, inline(title))
        if any(name(e) in _BLOCKS or name(e) in ("problem", "solution") for e in one):
            self.blocks(one, path, role)
        else:
            self.mixed(one, path, role)

    def titled(self, one: Any, path: str | None) -> None:
        title = child(one, "title")
        if title is not None:
            self.add(inline(title), "body", path)

    def captions(self, one: Any, path: str | None) -> None:
        for caption in children(one, "caption"):
            self.add(inline(caption, _ASIDE), "body", path)

    def mixed(self, one: Any, path: str | None, role: Role) -> None:
        """A paragraph or item that may hold blocks: the text before, between and after each is one of its own."""
        for text, block in runs(one, _BLOCKS - {"media"}, _ASIDE | {"title", "label"}):
            self.add(text, role, path)
            if block is not None:
                self.block(block, path, role)
        for note in (e for e in one if name(e) == "footnote"):
            self.add(inline(note), "footnote", path)

    def glossary(self, glossary: Any) -> None:
        if glossary is None:
            return
        self.add("Glossary", "heading", None)
        for one in children(glossary, "definition"):
            parts = [inline(e) for e in children(one, "term")] + ["; ".join(map(inline, children(one, "meaning")))]
            self.add(": ".join(p for p in parts if p), "body", "Glossary")
