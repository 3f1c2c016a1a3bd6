"""A question and its answer as a Document, and back: each field is a paragraph, named where a heading's path stands.

`form` is `open`, or `mcq:<options>:<the right one, from 1>`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from factory.record import Paragraph

QUESTION, OPTION, ANSWER, EXPLANATION = "question", "option", "answer", "explanation"
FIELDS = (QUESTION, OPTION, ANSWER, EXPLANATION)
_FORM = re.compile(r"open|mcq:(\d+):(\d+)")


def paragraphs_of_question(
    question: str, options: Sequence[str] = (), answer: Iterable[str] = (), explanation: Iterable[str] = ()
) -> list[Paragraph]:
    """The paragraphs of a question, its options, its answer and the explanation."""
    found = [Paragraph(question, "heading", heading=QUESTION)]
    found += [Paragraph(option, heading=OPTION) for option in options]
    found += [Paragraph(text, heading=ANSWER) for text in answer]
    return found + [Paragraph(text, heading=EXPLANATION) for text in explanation]


def form_of(options: int, correct: int | None) -> str:
    """The form of a question with so many options, of which `correct` (from 0) is right."""
    return f"mcq:{options}:{correct + 1}" if options and correct is not None else "open"


def whole(form: str, spans: Iterable[Mapping[str, Any]]) -> bool:
    """Every field that the form asks for is still there: steps of cleaning may have taken one."""
    found = _FORM.fullmatch(form)
    names = [span["heading"] for span in spans]
    if found is None or names.count(QUESTION) != 1 or not set(names) <= set(FIELDS):
        return False
    if found[1]:
        return names.count(OPTION) == int(found[1]) and 1 <= int(found[2]) <= int(found[1])
    return ANSWER in names


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    every: dict[str, list[str]] = {name: [] for name in FIELDS}
    for name, text in pairs:
        every[name].append(text)
    return {
        "question": "\n\n".join(every[QUESTION]),
        "options": every[OPTION],
        "answer": "\n\n".join(every[ANSWER]) or None,
        "explanation": "\n\n".join(every[EXPLANATION]) or None,
    }


def question_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """The published row of a translated question: Spanish and English of every field side by side."""
    from factory.schema import TEXT_COLUMNS

    spans = row["spans"]
    spanish = _fields((span["heading"], row["text"][span["start"] : span["end"]]) for span in spans)
    pieces: dict[int, list[Mapping[str, Any]]] = {}
    for unit in row["units"]:
        if unit["start"] is not None:
            at = next(
                i for i, span in enumerate(spans) if span["start"] <= unit["start"] and unit["end"] <= span["end"]
            )
            pieces.setdefault(at, []).append(unit)
    english = _fields(
        (span["heading"], " ".join(unit["source"] for unit in pieces.get(at, ()))) for at, span in enumerate(spans)
    )
    form = _FORM.fullmatch(row["form"])
    correct = int(form[2]) - 1 if form and form[2] else None
    if correct is not None:
        spanish["answer"] = spanish["answer"] or spanish["options"][correct]
        english["answer"] = english["answer"] or english["options"][correct]
    found = {"id": row["doc_id"], "kind": "mcq" if correct is not None else "open", "correct": correct}
    found |= spanish | {f"{name}_en": value for name, value in english.items()}
    names = ("doc_id", "work_id", *TEXT_COLUMNS[5:], "text", "text_sha256", "attribution", "translation", "units")
    return found | {name: row[name] for name in names}
