"""Where quotes stand: through spaces, line breaks and hyphenation, and nowhere else."""

from __future__ import annotations

import pytest

from factory.questions.evidence import find

SOURCE = "La hiper-\ntensión arterial   se trata\ncon 5-10 mg de «enalapril» al día; 2 000 UI no."


@pytest.mark.parametrize(
    "quote",
    [
        "La hipertensión arterial se trata con 5-10 mg",
        "hiper-\ntensión arterial",
        'con 5–10 mg de "enalapril" al día',
        "2 000 UI no",
        "se trata con",
    ],
)
def test_a_quote_is_found_where_the_layout_differs(quote: str) -> None:
    """The place it gives holds the same letters."""
    place = find(SOURCE, quote)
    assert place is not None
    letters = [c for c in SOURCE[place.start : place.end].lower() if c.isalnum()]
    assert letters == [c for c in quote.lower() if c.isalnum()]


@pytest.mark.parametrize(
    "quote",
    [
        "con 510 mg",
        "con 5-10 g",
        "hipotensión arterial",
        "la hipertensión arterial",
        "pertensión arterial",
        "con 5-1",
        "20 00 UI",
        "se trata siempre con",
        "",
        "   ",
    ],
)
def test_another_text_is_not_found(quote: str) -> None:
    """Another number, unit, capital or word, half a word or number, and nothing at all."""
    assert find(SOURCE, quote) is None


def test_a_hyphen_inside_a_line_is_a_letter_of_its_own() -> None:
    """Only what a line break parts is one word."""
    assert find("La relación dosis-respuesta es lineal.", "relación dosisrespuesta es") is None
    assert find("La relación dosis- Respuesta es lineal.", "relación dosisRespuesta es") is None


def test_a_second_place_is_found_behind_the_first() -> None:
    """From a character on."""
    text = "Uno. Dos tres. Uno. Dos tres."
    assert find(text, "Dos tres.") == (5, 14)
    assert find(text, "Dos tres.", 6) == (20, 29)


def test_a_quote_cuts_no_decimal_and_no_thousands() -> None:
    """A dose of 5 mg does not stand in one of 0,5 mg."""
    assert find("dosis de 0,5 mg al día", "5 mg al día") is None
    assert find("dosis de 0.25 mg al día", "25 mg al día") is None
    assert find("son 10.000 UI al mes", "son 10") is None
    assert find("son 10. Después", "son 10") is not None
    assert find("tomar 2, 3 o 5 mg", "5 mg") is not None
