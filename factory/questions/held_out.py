"""The evaluation set of natural medicine: multiple choice and open prompts in six strata."""

from __future__ import annotations

from collections.abc import Sequence

from factory.questions.choice import from_answer, of_definitions
from factory.questions.judge import Source
from factory.questions.passage import Passage
from factory.questions.rows import QuestionRow, blank, sealed

STRATA = ("use", "preparation", "dose", "interaction", "contraindication", "evidence")
_STRATUM = {
    "use": "use",
    "definition": "use",
    "action": "use",
    "content": "use",
    "term": "use",
    "origin": "preparation",
    "preparation": "preparation",
    "storage": "preparation",
    "dose": "dose",
    "interaction": "interaction",
    "contraindication": "contraindication",
    "precaution": "contraindication",
    "adverse": "contraindication",
    "conduct": "contraindication",
    "evidence": "evidence",
    "position": "evidence",
    "superlative": "use",
    "treatment": "use",
    "risk": "evidence",
}


def stratum_of(row: QuestionRow) -> str | None:
    """Which of the six strata a question belongs to; None for none of them."""
    return _STRATUM.get(row["question_type"])


def evaluation_rows(source: Source, passages: dict[str, Passage], good: Sequence[QuestionRow]) -> list[QuestionRow]:
    """Of each question in a stratum an open prompt, and a multiple choice where three wrong options can be had."""
    made: list[QuestionRow] = []
    for row in good:
        stratum = stratum_of(row)
        if stratum is None:
            continue
        opened = blank("qa", row["passage_id"], row["generator"])
        for name in (
            "question_type",
            "subject",
            "question",
            "answer",
            "evidence",
            "evidence_tag",
            "safety_flags",
            "checks",
        ):
            opened[name] = row[name]
        opened["kind"], opened["pair_kind"] = "open", stratum
        made.append(sealed(opened, source.text_sha256))
        choice = from_answer(source, passages[row["passage_id"]], row)
        if choice is not None:
            choice["pair_kind"] = stratum
            made.append(choice)
    for choice in of_definitions(source, passages, good):
        choice["pair_kind"] = "use"
        made.append(choice)
    return made
