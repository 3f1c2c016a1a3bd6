"""A proposal becomes a row: its evidence is placed, every gate is asked, safety has the last word."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from factory.questions.case import Case
from factory.questions.gates import GATES, check
from factory.questions.passage import Passage, place_of
from factory.questions.rows import Evidence, Generator, QuestionRow, blank, end, sealed
from factory.questions.safety import NATURAL, evidence_tag, flags
from factory.questions.warned import Warnings

_MOST_WARNED = 2


class Source:
    """A Document as its questions are judged against it."""

    def __init__(self, text: str, metadata: dict[str, Any]) -> None:
        self.text = text
        self.spans = metadata["spans"]
        self.text_sha256 = metadata["text_sha256"]
        self.title = metadata["title"] or ""
        self.tradition = metadata["tradition"]
        self.natural = self.tradition in NATURAL
        self.warnings = Warnings(text, self.spans)

    def warned(self, at: int, passage: Passage) -> list[tuple[int, int]]:
        """In natural medicine, the first of what is warned of outside a passage with what stands at `at`."""
        if not self.natural:
            return []
        outside = (one for one in self.warnings.of(at, passage) if not passage.start <= one[0] < passage.end)
        return list(itertools.islice(outside, _MOST_WARNED))

    def within(self, passage: Passage, at: int) -> str:
        """What a row is judged by: its passage, and below it what the Document warns of elsewhere."""
        outside = dict.fromkeys([*self.warned(at, passage), *self.warned(passage.start, passage)])
        return "\n".join([self.text[passage.start : passage.end], *(self.text[a:b] for a, b in outside)])

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


def start_of(row: QuestionRow, passage: Passage) -> int:
    """Where a row's evidence begins; its passage where it has none."""
    return row["evidence"][0]["start"] if row["evidence"] else passage.start


def judged(source: Source, passage: Passage, row: QuestionRow) -> QuestionRow:
    """The row with the verdict of gates and safety."""
    above = f"{passage.heading or ''}\n{source.title}"
    within = source.within(passage, start_of(row, passage))
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
