"""A multiple-choice question as it is asked, the same in training and in evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LETTERS = "ABCDEFGHIJ"
ASK = "Responda solo con la letra de la opción correcta."


def asked(question: str, options: Sequence[str]) -> str:
    """The question, its options with letters, and what is wanted."""
    lines = [f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False)]
    return "\n".join([question.strip(), "", *lines, "", ASK])


def of_row(row: dict[str, Any]) -> tuple[str, list[str], int]:
    """Question, options and the place of the right one (from 0) of a row in HEAD-QA's layout."""
    options = [one["atext"] for one in row["answers"]]
    numbers = [int(one["aid"]) for one in row["answers"]]
    return row["qtext"], options, numbers.index(int(row["ra"]))
