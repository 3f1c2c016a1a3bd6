"""Repair changes what is broken and nothing else; quality says why."""

from __future__ import annotations

from typing import Any

import pytest

from factory.build import recipe_config
from factory.steps.quality import verdict
from factory.steps.text import repair


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("Después de la operaciÃ³n", "Después de la operación"),
        ("trata\u00admiento", "tratamiento"),
        ("cero\u200bancho\ufeff", "ceroancho"),
        ("a\x00b\x07c", "a b c"),
        ("uno\t dos  \u00a0tres", "uno dos tres"),
        ("a \n b", "a\nb"),
        ("eﬁcaz", "eficaz"),
        ("o\u0301rgano", "órgano"),
    ],
)
def test_what_is_broken_is_repaired(broken: str, right: str) -> None:
    """Encodings, soft hyphens, invisible and control characters, spaces, ligatures, composition."""
    assert repair(broken) == right


@pytest.mark.parametrize(
    "text",
    ["«½ comprimido» cada 8 h, 5 µg/ml ≥ 3,5 × 10⁶", "¿Duele? — No.", "| a | b |\n|---|---|", "H₂O 37 °C 5–10 %"],
)
def test_what_is_right_stays(text: str) -> None:
    """Doses, units, signs, quotes and tables are the author's."""
    assert repair(text) == text


GOOD = (
    "La presión arterial alta no suele dar síntomas durante años y por eso conviene medirla de vez en cuando. Cuando se "
    "confirma, el tratamiento empieza por cambios en la alimentación y en la actividad física, y si no bastan se añaden "
    "fármacos. Nadie debe dejarlos por su cuenta aunque se encuentre bien, porque el daño en el corazón y en los riñones es lento."
)


def judged(text: str, profile: str = "article") -> str | None:
    spans: list[dict[str, Any]] = []
    at = 0
    for part in text.split("\n"):
        spans.append({"start": at, "end": at + len(part), "role": "body"})
        at += len(part) + 1
    return verdict(text, spans, recipe_config("medical_es").clean.quality[profile])  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD, None),
        ("Texto corto.", "quality_too_short"),
        ("a b c d e f g h i j " * 10, "quality_word_length"),
        ("palabra 12 345 6789 1011 " * 20, "quality_few_words"),
        ("#hola {uno} <dos> la ~tres~ " * 20, "quality_symbols"),
        ("gracias gracias la gracias por gracias " * 20, "quality_repeated_word"),
        ("\n".join([GOOD] * 3), "quality_repeated_paragraphs"),
        (" ".join(f"palabra{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(80)), "quality_no_function_words"),
    ],
)
def test_a_text_is_judged_with_its_reason(text: str, why: str | None) -> None:
    """Each rule drops what it is for, and good prose passes."""
    assert judged(text) == why


def test_captions_may_repeat_what_articles_may_not() -> None:
    """Profiles differ: three times the same passage passes as a transcript and not as an article."""
    twice = f"{GOOD}\n{GOOD}"
    assert judged(twice, "transcript") is None
    assert judged(twice, "article") == "quality_repeated_paragraphs"
