"""Which questions were asked before."""

from __future__ import annotations

import pytest

from factory.questions.novelty import Asked, rouge_l

SAME = [
    ("¿Para qué se usa la melisa?", "¿Para qué se usa la melisa?"),
    ("¿Para qué se usa la melisa?", "para que se usa LA MELISA"),
    ("¿Para qué se usa tradicionalmente la melisa?", "¿Para qué se usa la melisa tradicionalmente?"),
    ("¿Cuáles son los síntomas de la gripe en adultos?", "¿Cuáles son los síntomas de la gripe en los adultos?"),
]
OTHER = [
    ("¿Para qué se usa la melisa?", "¿Para qué se usa la salvia?"),
    ("¿Qué es el virus VPH 16?", "¿Qué es el virus VPH 18?"),
    ("¿Para qué sirve la vitamina B12?", "¿Para qué sirve la vitamina B6?"),
    ("¿Cómo se transmite la hepatitis B en los adultos?", "¿Cómo se transmite la hepatitis C en los adultos?"),
    ("¿Cómo se trata el cáncer de mama en estadio II?", "¿Cómo se trata el cáncer de mama en estadio III?"),
    ("¿Quién puede tomar la valeriana con alcohol?", "¿Quién no puede tomar la valeriana con alcohol?"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_a_question_in_nearly_the_same_words_repeats_the_first(first: str, second: str) -> None:
    """Case, accents, order and articles do not make another question."""
    asked = Asked(0.8)
    assert asked.repeats(first) is None
    asked.add("1", first)
    assert asked.repeats(second) == "1"


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_one_word_of_the_subject_makes_another_question(first: str, second: str) -> None:
    """A plant, a number, a letter, a stage or a denial."""
    asked = Asked(0.8)
    asked.add("1", first)
    assert asked.repeats(second) is None


def test_rouge_l_is_the_published_measure() -> None:
    """F1 of the longest common subsequence, Lin 2004: `police killed the gunman` against `police kill the gunman`."""
    assert rouge_l(["police", "killed", "the", "gunman"], ["police", "kill", "the", "gunman"]) == 0.75
    assert rouge_l([], ["a"]) == 0.0
