"""EPUB 2 and 3 books → one Document, its chapters in the order of the spine.

Source: EPUB 3.3 (W3C), OCF and package document. The archive is never unpacked to disk, and no more of it is
decompressed than a book can need.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree
from lxml import html as lxml_html

from factory.errors import Damaged, Empty, Encrypted, Mislabelled, SourceError, TooLarge
from factory.licence import named_in
from factory.readers.xml_text import inline, joined, name, parsed_xml, runs, table_rows
from factory.record import Hints, Paragraph, Parsed, Role, language_code

# The text of the longest medical books is under 30 MB; a bomb's is gigabytes.
MAX_BYTES = 200 * 10**6
MAX_FILES = 20_000
_CONTAINER = "META-INF/container.xml"
# Obfuscated fonts are no DRM (EPUB 3.3, 4.3).
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_BLOCKS = frozenset(
    """p div section article main header footer aside blockquote ul ol dl li dt dd table figure figcaption h1 h2 h3 h4
    h5 h6 pre hr nav address details summary body caption""".split()
)
_HIDDEN = frozenset(("script", "style", "nav", "template", "svg", "math", "noscript", "head", "rt", "rp"))
_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_TYPE = "{http://www.idpf.org/2007/ops}type"


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """One Parsed. Raises Damaged, Empty, Encrypted, Mislabelled, TooLarge."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            book = _Book(archive)
            yield book.parsed()
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise Damaged(f"not a whole EPUB: {error}") from error


class _Book:
    """An open EPUB."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {info.filename for info in archive.infolist()}
        self._left = MAX_BYTES
        if len(self._names) > MAX_FILES:
            raise TooLarge(f"the archive holds {len(self._names)} files")
        if _CONTAINER not in self._names:
            raise Mislabelled("a zip archive without META-INF/container.xml is no EPUB")
        self._refuse_encrypted()
        root = parsed_xml(self._bytes(_CONTAINER))
        package = next((e.get("full-path") for e in root.iter() if name(e) == "rootfile" and e.get("full-path")), None)
        if package is None or package not in self._names:
            raise Damaged("the EPUB names no package document")
        self._base = posixpath.dirname(package)
        self._package = parsed_xml(self._bytes(package))

    def _bytes(self, place: str) -> bytes:
        with self._archive.open(place) as file:
            data = file.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge(f"more than {MAX_BYTES // 10**6} MB of text in one book")
        return data

    def _refuse_encrypted(self) -> None:
        if "META-INF/encryption.xml" not in self._names:
            return
        for one in parsed_xml(self._bytes("META-INF/encryption.xml")).iter():
            if name(one) == "EncryptionMethod" and one.get("Algorithm") not in _FONTS:
                raise Encrypted("the book is protected (DRM)")

    def _metadata(self, wanted: str) -> list[str]:
        return [
            inline(e) for e in self._package.iter() if name(e) == wanted and e.getparent() is not None and inline(e)
        ]

    def chapters(self) -> Iterator[bytes]:
        """The bytes of each content document of the spine, in reading order."""
        items = {e.get("id"): e for e in self._package.iter() if name(e) == "item"}
        for ref in (e for e in self._package.iter() if name(e) == "itemref" and e.get("linear") != "no"):
            item = items.get(ref.get("idref"))
            if item is None or "nav" in (item.get("properties") or "").split():
                continue
            place = posixpath.normpath(posixpath.join(self._base, unquote((item.get("href") or "").split("#")[0])))
            if place in self._names and "html" in (item.get("media-type") or "html"):
                yield self._bytes(place)

    def parsed(self) -> Parsed:
        """The whole book. Raises Empty where no chapter has a text."""
        walk = _Walk()
        notes: list[str] = []
        for number, chapter in enumerate(self.chapters(), 1):
            try:
                walk.chapter(chapter)
            except SourceError as error:
                notes.append(f"chapter_failed:{number}:{error.reason}")
        if not any(p.role != "heading" for p in walk.found):
            raise Empty("the book has no text")
        rights = " ".join(self._metadata("rights"))
        licence = named_in(rights) if rights else None
        spoken = next(iter(self._metadata("language")), None)
        identifiers = self._metadata("identifier")
        isbn = next((i for i in identifiers if "isbn" in i.lower() or re.fullmatch(r"97[89][\d-]{10,14}", i)), None)
        return Parsed(
            walk.found,
            title=next(iter(self._metadata("title")), None),
            author="; ".join(self._metadata("creator")) or None,
            date=next((d[:10] for d in self._metadata("date") if re.match(r"\d{4}", d)), None),
            language=language_code(spoken) if spoken else None,
            licence=licence[0] if licence else None,
            licence_evidence=licence[1] if licence else None,
            identifier=isbn,
            notes=notes,
        )


class _Walk:
    """The paragraphs of a book in order; headings of one chapter stand above those that follow."""

    def __init__(self) -> None:
        self.found: list[Paragraph] = []
        self._titles: list[tuple[int, str]] = []

    @property
    def path(self) -> str | None:
        found: str | None = None
        for _, title in self._titles:
            found = joined(found, title)
        return found

    def add(self, text: str, role: Role) -> None:
        if text:
            self.found.append(Paragraph(text, role, heading=self.path))

    def chapter(self, data: bytes) -> None:
        try:
            root = parsed_xml(data)
        except Damaged:
            # Not well-formed: what a browser would make of it.
            try:
                root = lxml_html.document_fromstring(data)
            except (etree.ParserError, ValueError) as error:
                raise Damaged(f"chapter: {error}") from error
        body = next((e for e in root.iter() if name(e) == "body"), None)
        if body is not None:
            self.blocks(body, "body")

    def blocks(self, element: Any, role: Role) -> None:
        for text, block in runs(element, _BLOCKS, _HIDDEN):
            self.add(text, role)
            if block is not None:
                self.block(block, role)

    def block(self, one: Any, role: Role) -> None:
        kind = name(one)
        if kind in _HIDDEN or one.get("hidden") is not None or _STYLE.search(one.get("style") or ""):
            return
        types = (one.get(_TYPE) or one.get("epub:type") or "").split()
        if re.fullmatch(r"h[1-6]", kind):
            self.heading(int(kind[1]), inline(one, _HIDDEN))
        elif kind == "table":
            caption = next((e for e in one if name(e) == "caption"), None)
            self.add(inline(caption, _HIDDEN) if caption is not None else "", role)
            self.add(table_rows(one, _HIDDEN), "table")
        elif {"footnote", "footnotes", "endnote", "endnotes", "rearnote"} & set(types):
            self.blocks(one, "footnote")
        elif {"toc", "landmarks", "page-list"} & set(types):
            return
        else:
            self.blocks(one, role)

    def heading(self, level: int, text: str) -> None:
        if not text:
            return
        while self._titles and self._titles[-1][0] >= level:
            self._titles.pop()
        self.add(text, "heading")
        self._titles.append((level, text))
