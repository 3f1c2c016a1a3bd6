"""Text and Markdown: paragraphs, headings, roles, charsets."""

from __future__ import annotations

import pytest

from factory.errors import Empty, Mislabelled, NoText, WrongCharset
from factory.readers.plain import parse
from factory.record import Hints, Parsed

MARKDOWN = """---
title: La manzanilla
author: A. Autora
licence: CC0-1.0
language: spa
doi: 10.1234/abc
---
# Manzanilla

Una **planta** con [flores](https://example.org) y 2 * 3 * 4 pétalos. Sigue
en la línea siguiente.[^1]

- uno
- dos
  que sigue

## Dosis

| a | b |
|---|---|
| 1 | 2 |

[^1]: Nota al pie.

## Referencias

1. Autora A. Título.

## Anexo

Fin.
"""


def read(data: bytes | str, name: str = "a.md") -> Parsed:
    (parsed,) = parse(data if isinstance(data, bytes) else data.encode(), Hints(name))
    return parsed


def test_markdown_becomes_paragraphs_in_their_roles() -> None:
    """Headings carry paths; lists, tables, notes and references are told apart; markup is gone."""
    found = [(p.role, p.heading, p.text) for p in read(MARKDOWN).paragraphs]
    assert found == [
        ("heading", None, "Manzanilla"),
        ("body", "Manzanilla", "Una planta con flores y 2 * 3 * 4 pétalos. Sigue en la línea siguiente."),
        ("body", "Manzanilla", "- uno"),
        ("body", "Manzanilla", "- dos que sigue"),
        ("heading", "Manzanilla", "Dosis"),
        ("table", "Manzanilla › Dosis", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("footnote", "Manzanilla › Dosis", "Nota al pie."),
        ("heading", "Manzanilla", "Referencias"),
        ("reference", "Manzanilla › Referencias", "1. Autora A. Título."),
        ("heading", "Manzanilla", "Anexo"),
        ("body", "Manzanilla › Anexo", "Fin."),
    ]


def test_front_matter_becomes_facts() -> None:
    """Title, author, licence with its evidence, language and DOI come from it and not into the text."""
    parsed = read(MARKDOWN)
    assert (parsed.title, parsed.author, parsed.licence, parsed.language) == (
        "La manzanilla",
        "A. Autora",
        "CC0-1.0",
        "es",
    )
    assert parsed.licence_evidence == "front matter: licence: CC0-1.0"
    assert parsed.identifier == "10.1234/abc"


def test_hard_wrapped_text_is_unwrapped_and_long_lines_stand_alone() -> None:
    """Lines of some 70 columns are one paragraph; lines of hundreds are one each; form feeds count pages."""
    wrapped = "uno dos tres\ncuatro cinco\n\nseis\fsiete ocho"
    assert [(p.page, p.text) for p in read(wrapped, "a.txt").paragraphs] == [
        (1, "uno dos tres cuatro cinco"),
        (1, "seis"),
        (2, "siete ocho"),
    ]
    long = "\n".join(f"{n} " + "palabra " * 40 for n in range(3))
    assert len(read(long, "a.txt").paragraphs) == 3


def test_three_charsets_give_the_same_text() -> None:
    """UTF-8, UTF-16 and Windows-1252, with any line ends."""
    text = "Después de comer, una infusión.\n\nMañana, más."
    for data in (
        text.encode(),
        text.encode("utf-16"),
        text.encode("cp1252"),
        text.replace("\n", "\r\n").encode("utf-8-sig"),
    ):
        assert [p.text for p in read(data, "a.txt").paragraphs] == ["Después de comer, una infusión.", "Mañana, más."]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Empty),
        (b" \n\n ", Empty),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", Mislabelled),
        (bytes(range(0x80, 0xFF)) * 20, WrongCharset),
        (b"# Titulo\n", NoText),
    ],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_what_is_no_text_ends_with_its_reason(data: bytes, error: type[Exception]) -> None:
    """Nothing, an image, noise, a heading without text."""
    with pytest.raises(error):
        read(data)
