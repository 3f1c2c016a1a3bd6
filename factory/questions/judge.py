"""A proposal becomes a row: its evidence is placed, every gate is asked, safety has the last word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from factory.questions.case import Case
from factory.questions.gates import GATES, check
from factory.questions.passage import Passage, place_of
from factory.questions.rows import Evidence, Generator, QuestionRow, blank, end, sealed
from factory.questions.safety import NATURAL, evidence_tag, flags


class Source:
    """A Document as its questions are judged against it."""

    def __init__(self, text: str, metadata: dict[str, Any]) -> None:
        self.text = text
        self.spans = metadata["spans"]
        self.text_sha256 = metadata["text_sha256"]
        self.title = metadata["title"] or ""
        self.tradition = metadata["tradition"]
        self.natural = self.tradition in NATURAL

    def evidence(self, places: Sequence[tuple[int, int]]) -> list[Evidence]:
        """Stretches of the text with their page or second."""
        found = []
        for start, stop in places:
            page, second = place_of(self.spans, start)
            found.append(Evidence(start=start, end=stop, quote=self.text[start:stop], page=page, start_seconds=second))
        return found


def row_of(
    source: Source,
    passage: Passage,
    generator: Generator,
    kind: str,
    subject: str,
    question: str,
    answer: str,
    places: Sequence[tuple[int, int]],
) -> QuestionRow:
    """The row of a question, judged: accepted, rejected by a gate, or held back for a person."""
    row = blank("qa", passage.id, generator)
    row["question_type"], row["subject"] = kind, subject
    row["question"], row["answer"] = question, answer
    row["evidence"] = source.evidence(places)
    sealed(row, source.text_sha256)
    return judged(source, passage, row)


def judged(source: Source, passage: Passage, row: QuestionRow) -> QuestionRow:
    """The row with the verdict of gates and safety."""
    above = f"{passage.heading or ''}\n{source.title}"
    within = source.text[passage.start : passage.end]
    case = Case(
        within, row["question"], row["answer"], [one["quote"] for one in row["evidence"]], above, source.natural
    )
    failed = check(case)
    row["checks"] = [slug for slug in GATES if slug not in failed]
    if failed:
        slug, said = next(iter(failed.items()))
        return end(row, "rejected", slug, said)
    if source.tradition != "conventional":
        row["evidence_tag"] = evidence_tag(f"{case.evidence}\n{row['answer']}")
        row["safety_flags"], unwarned = flags(row["question"], row["answer"])
        if unwarned and source.natural:
            return end(row, "quarantined", unwarned, "a person reads it before it is published")
    return row
