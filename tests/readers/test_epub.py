"""EPUB: the spine in order, structure, facts, and archives that mean harm."""

from __future__ import annotations

import io
import zipfile

import pytest

from factory.errors import Damaged, Empty, Encrypted, Mislabelled, SourceError, TooLarge
from factory.readers import epub
from factory.record import Hints, Parsed

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
OPF = """<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>Plantas que curan</dc:title><dc:creator>Ana Ruiz</dc:creator><dc:creator>Luis Gil</dc:creator>
<dc:language>es-ES</dc:language><dc:date>2021-03-04T00:00:00Z</dc:date><dc:identifier>urn:isbn:9788412345671</dc:identifier>
<dc:rights>Obra bajo licencia CC BY-SA 4.0</dc:rights></metadata><manifest>
<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="cap%202.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="cap1.xhtml" media-type="application/xhtml+xml"/>
<item id="x" href="../../etc/passwd" media-type="application/xhtml+xml"/>
<item id="i" href="i.png" media-type="image/png"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/><itemref idref="x"/><itemref idref="i"/>
<itemref idref="gone"/></spine></package>"""
ONE = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title>x</title></head><body>
<h1>Manzanilla</h1><p>Se toma en <em>infu</em>sión: 10<sup>2</sup> ml.</p><h2>Dosis</h2><div>Suelto<p>Uno.</p>y fin</div>
<ul><li>una taza</li><li>dos tazas<ul><li>pequeñas</li></ul></li></ul><p hidden="hidden">No se ve.</p><p style="display:none">Ni esto.</p>
<table><caption>Tabla</caption><tr><th>Planta</th><th>g</th></tr><tr><td>Tila</td><td>2</td></tr></table>
<aside epub:type="footnote"><p>Nota al pie.</p></aside><script>no()</script></body></html>"""
TWO = "<html><body><h1>Tila</h1><p>Texto&nbsp;dos.<br>Sin cerrar</body></html>"


def book(**files: str | None) -> bytes:
    """An EPUB; a file given as None is left out."""
    every: dict[str, str | None] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": OPF,
        "OEBPS/cap1.xhtml": ONE,
        "OEBPS/cap 2.xhtml": TWO,
        "OEBPS/nav.xhtml": "<html><body><p>Índice</p></body></html>",
        "OEBPS/i.png": "png",
        "etc/passwd": "<html><body><p>secreto</p></body></html>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        for name, text in (every | {k.replace("__", "/").replace("_", "."): v for k, v in files.items()}).items():
            if text is not None:
                archive.writestr(name, text)
    return out.getvalue()


def read(data: bytes) -> Parsed:
    [parsed] = epub.parse(data, Hints())
    return parsed


@pytest.mark.survive(4, "a book that names files outside of it")
def test_chapters_stand_in_the_order_of_the_spine_with_their_structure() -> None:
    """Headings with paths, list items, tables, footnotes; nothing hidden, no navigation, no file outside the book."""
    found = [(p.role, p.text, p.heading) for p in read(book()).paragraphs]
    assert found == [
        ("heading", "Manzanilla", None),
        ("body", "Se toma en infusión: 10² ml.", "Manzanilla"),
        ("heading", "Dosis", "Manzanilla"),
        ("body", "Suelto", "Manzanilla › Dosis"),
        ("body", "Uno.", "Manzanilla › Dosis"),
        ("body", "y fin", "Manzanilla › Dosis"),
        ("body", "una taza", "Manzanilla › Dosis"),
        ("body", "dos tazas", "Manzanilla › Dosis"),
        ("body", "pequeñas", "Manzanilla › Dosis"),
        ("body", "Tabla", "Manzanilla › Dosis"),
        ("table", "Planta | g\nTila | 2", "Manzanilla › Dosis"),
        ("footnote", "Nota al pie.", "Manzanilla › Dosis"),
        ("heading", "Tila", None),
        ("body", "Texto dos. Sin cerrar", "Tila"),
    ]


def test_the_facts_are_the_packages() -> None:
    """Title, authors, date, language, ISBN, and the licence with the words that name it."""
    parsed = read(book())
    assert (parsed.title, parsed.author, parsed.date) == ("Plantas que curan", "Ana Ruiz; Luis Gil", "2021-03-04")
    assert (parsed.language, parsed.identifier) == ("es", "urn:isbn:9788412345671")
    assert parsed.licence == "CC-BY-SA-4.0"
    assert "CC BY-SA 4.0" in (parsed.licence_evidence or "")


def test_a_chapter_that_cannot_be_read_costs_only_itself() -> None:
    """The rest of the book is there, and a note says which is not."""
    data = book()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"" if name.endswith("cap1.xhtml") else old.read(name))
    parsed = read(out.getvalue())
    assert [p.text for p in parsed.paragraphs] == ["Tila", "Texto dos. Sin cerrar"]
    assert parsed.notes == ["chapter_failed:1:empty"]


DRM = '<encryption><EncryptedData><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></EncryptedData></encryption>'
FONTS = DRM.replace("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "http://www.idpf.org/2008/embedding")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"PK\x03\x04 not a zip", Damaged),
        (book()[:900], Damaged),
        (book(**{"META-INF__container_xml": None}), Mislabelled),
        (book(OEBPS__book_opf=None), Damaged),
        (book(OEBPS__book_opf="<package><spine/></package>"), Empty),
        (book(**{"META-INF__encryption_xml": DRM}), Encrypted),
        (book(**{"META-INF__container_xml": "<container>"}), Damaged),
    ],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_bad_books_cost_only_themselves(data: bytes, error: type[SourceError]) -> None:
    """No zip, a cut one, no container, no package, no chapter, DRM: each its own reason."""
    with pytest.raises(error):
        read(data)


def test_obfuscated_fonts_are_no_protection() -> None:
    """A free book with embedded fonts is read."""
    assert read(book(**{"META-INF__encryption_xml": FONTS})).paragraphs


@pytest.mark.survive(4, "bombs: zip, entities, rows")
def test_a_bomb_is_refused_before_it_is_whole() -> None:
    """A quarter of a gigabyte of spaces in a small file."""
    with pytest.raises(TooLarge):
        read(book(OEBPS__cap1_xhtml="<html><body><p>" + " " * 250 * 10**6 + "</p></body></html>"))
