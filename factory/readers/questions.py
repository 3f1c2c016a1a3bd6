"""A row of a question set → its question, options, the right one, answer and explanation; nothing is guessed."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

# Column names of HEAD-QA, CareQA, CasiMedicos, MedQA, MedMCQA, MedExpQA, MedQuAD and what people call theirs.
QUESTION_COLUMNS = ("question", "qtext", "full_question", "pregunta", "question_text")
_OPTIONS = ("options", "choices", "answers", "opciones", "respuestas")
_NUMBERED = re.compile(r"(?:op|option|opcion|choice|ending|answer)_?([0-9a-h])", re.IGNORECASE)
_ANSWERS = ("answer", "long_answer", "respuesta", "answer_text", "correct_answer", "response", "output")
_EXPLANATIONS = ("explanation", "exp", "rationale", "explicacion", "full_answer")
# Where the number of the right option stands, and the number of the first option there.
_RIGHT = {"ra": 1, "correct_option": 1, "correct_option_id": 1, "answer_idx": 0, "answer_index": 0, "label": 0}
_LETTERS = ("answerkey", "answer_key", "answer_idx", "correct_option", "correct", "cop", "answer")


class Fields(NamedTuple):
    """What a row of a question set holds; `correct` counts from 0. Without options it has an answer."""

    question: str
    options: list[str]
    correct: int | None
    answer: list[str]
    explanation: list[str]


def fields_of(row: dict[str, Any]) -> Fields | None:
    """The fields of a row; None where it holds no question, or does not say what is right."""
    folded = {str(name).lower(): value for name, value in row.items()}
    question = _paragraphs(next((folded[n] for n in QUESTION_COLUMNS if isinstance(folded.get(n), str)), ""))
    if not question:
        return None
    options, ids, first = _options(folded)
    answer = _paragraphs(next((folded[n] for n in _ANSWERS if isinstance(folded.get(n), str)), ""))
    explanation = _paragraphs(next((folded[n] for n in _EXPLANATIONS if isinstance(folded.get(n), str)), ""))
    if not options:
        return Fields(" ".join(question), [], None, answer, explanation) if answer else None
    correct = _correct(folded, options, ids, first)
    if correct is None or not 0 <= correct < len(options):
        return None
    return Fields(" ".join(question), options, correct, [], explanation)


def _paragraphs(text: Any) -> list[str]:
    return [" ".join(part.split()) for part in str(text or "").split("\n") if part.strip()]


def _options(row: dict[str, Any]) -> tuple[list[str], list[str], int]:
    """The options, the ids they go by, and the number of the first where numbers are meant."""
    for name in _OPTIONS:
        value = row.get(name)
        if isinstance(value, dict) and isinstance(value.get("text"), list):
            texts, labels = value["text"], value.get("label") or []
            return [_line(t) for t in texts], [str(label) for label in labels], 0
        if isinstance(value, dict) and value:
            return [_line(t) for t in value.values() if t], [str(k) for k, t in value.items() if t], 1
        if isinstance(value, list) and len(value) > 1:
            if all(isinstance(one, dict) for one in value):
                texts = [next((one[k] for k in ("atext", "text", "value") if one.get(k)), "") for one in value]
                return [_line(t) for t in texts], [str(one.get("aid", one.get("key", ""))) for one in value], 1
            return [_line(one) for one in value], [], 0
    found = [
        (m[1].lower(), _line(v)) for n, v in row.items() if v and (m := _NUMBERED.fullmatch(n)) and isinstance(v, str)
    ]
    found.sort()
    if len(found) < 2:
        return [], [], 0
    numbers = found[0][0].isdigit()
    return [text for _, text in found], [name for name, _ in found], int(found[0][0]) if numbers else 0


def _line(value: Any) -> str:
    return " ".join(str(value).split())


def _correct(row: dict[str, Any], options: list[str], ids: list[str], first: int) -> int | None:
    """Which option is right: by its id, its letter, its number where the column's first is known, or its text."""
    for name in (*_RIGHT, *_LETTERS):
        value = row.get(name)
        if value is None or isinstance(value, bool | list | dict):
            continue
        said = str(value).strip().rstrip(".)")
        if said.lower() in (one.lower() for one in ids):
            return [one.lower() for one in ids].index(said.lower())
        if len(said) == 1 and said.upper() in "ABCDEFGH":
            return "ABCDEFGH".index(said.upper())
        if re.fullmatch(r"\d{1,2}(?:\.0)?", said):
            number = int(float(said))
            if name in _RIGHT:
                return number - _RIGHT[name]
            if name == "cop":
                return number - first
    text = next((_line(row[n]).casefold() for n in _ANSWERS if isinstance(row.get(n), str)), None)
    folded = [one.casefold() for one in options]
    return folded.index(text) if text in folded else None
