"""FineWeb-2's thresholds hold for web pages, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from datatrove.data import Document

from factory.config import Quality, Web
from factory.record import Paragraph, assemble
from factory.steps.quality import QualityFilter, web_verdict

SENTENCES = [
    "La valeriana se usa desde hace siglos para dormir mejor, pero las pruebas de que sirva son escasas.",
    "Quien tome otros sedantes debe consultar antes con su médico, porque los efectos pueden sumarse.",
    "En los ensayos publicados hasta ahora no se vio diferencia clara con el placebo al cabo de un mes.",
    "La raíz seca huele fuerte y se prepara en infusión, tapada, durante diez minutos.",
    "No hay datos suficientes sobre su seguridad en el embarazo ni en niños pequeños.",
]


def page(*lines: str) -> tuple[str, list[Any]]:
    return assemble([Paragraph(line) for line in lines])


LISTED = [*SENTENCES, *[f"{w.capitalize()}." for w in " ".join(SENTENCES).replace(".", "").split()]]
LOOPED = [" ".join(["compre valeriana barata"] * 30) + ".", *SENTENCES]
NUMBERS = [" ".join(f"{i}0%" for i in range(100, 190)) + ".", *SENTENCES[:2]]
LONG = ["Electroencefalografistas otorrinolaringológicamente, inmunohistoquímicamente desoxirribonucleicos. " * 20]
NAMES = ["Brote verde, hoja seca, raíz fresca, flor roja, tallo largo, fruto rojo, polen fino. " * 8]


@pytest.mark.parametrize(
    ("lines", "score", "reason"),
    [
        (SENTENCES, 0.99, None),
        (SENTENCES, 0.8, "web_language_score"),
        (SENTENCES[:1], 0.99, "web_words"),
        ([*SENTENCES, *SENTENCES[:3]], 0.99, "web_repeated_lines"),
        ([s.rstrip(".") for s in SENTENCES], 0.99, "web_no_sentences"),
        (LISTED, 0.99, "web_list"),
        (LOOPED, 0.99, "web_repeated_words"),
        (NUMBERS, 0.99, "web_few_words"),
        (LONG, 0.99, "web_word_length"),
        (NAMES, 0.99, "web_no_function_words"),
    ],
)
def test_a_page_fails_by_its_own_rule(lines: list[str], score: float, reason: str | None) -> None:
    """Each threshold, alone: language, words, repeated lines and words, sentences, lists."""
    assert web_verdict(*page(*lines), score, Web()) == reason


def test_only_the_profile_web_is_held_to_them() -> None:
    """An article of ten list items passes; the same page listed as web does not."""
    text, spans = page(*[f"{i}. Tómese con un vaso de agua en la comida" for i in range(30)])
    found = {}
    for profile in ("web", "article", None):
        metadata = {"spans": spans, "source_kind": "article", "profile": profile, "language_score": 0.99}
        step = QualityFilter({"article": Quality(max_duplicate_share=1), "web": Quality(max_duplicate_share=1)}, Web())
        found[profile] = step.filter(Document(text, "a", metadata=metadata))
    assert found["web"] == (False, "web_no_sentences")
    assert found["article"] is True
    assert found[None] is True
