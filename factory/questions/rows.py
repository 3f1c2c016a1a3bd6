"""What a Document carries of its passages and questions between stages; both books balance from these rows."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from factory.questions.passage import Passage
from factory.record import sha256

Outcome = Literal["accepted", "rejected", "failed", "quarantined", "skipped"]
KindOfRow = Literal["qa", "mcq", "dialogue", "patient", "discharge", "preference", "open"]
KINDS: tuple[KindOfRow, ...] = ("qa", "mcq", "dialogue", "patient", "discharge", "preference", "open")


class Evidence(TypedDict):
    """`text[start:end]` of the Document is `quote`; where it stands in the source."""

    start: int
    end: int
    quote: str
    page: int | None
    start_seconds: float | None


class Message(TypedDict):
    """A turn of a conversation; `evidence` of a professional's."""

    role: Literal["system", "user", "assistant"]
    content: str
    evidence: list[Evidence]


class Generator(TypedDict):
    """What wrote a question: patterns, or a model under its prompt."""

    lane: Literal["template", "model"]
    model: str | None
    revision: str | None
    engine: str | None
    prompt_sha256: str | None
    sampling: str | None
    outputs: str


class PassageRow(TypedDict):
    """A passage and how it ended; its reason, where it is not accepted."""

    id: str
    start: int
    end: int
    heading: str | None
    page: int | None
    start_seconds: float | None
    words: int
    outcome: str
    reason: str


class QuestionRow(TypedDict):
    """A row of any kind; fields that its kind has not are None or empty."""

    id: str
    kind: KindOfRow
    passage_id: str
    question_type: str
    subject: str
    question: str
    answer: str
    evidence: list[Evidence]
    options: list[str]
    correct: int | None
    explanation: str | None
    messages: list[Message]
    chosen: str | None
    rejected: str | None
    pair_kind: str | None
    corruption: str | None
    fails: str | None
    evidence_tag: str
    safety_flags: list[str]
    checks: list[str]
    generator: Generator
    outcome: Outcome
    reason: str
    said: str


TEMPLATE = Generator(
    lane="template", model=None, revision=None, engine=None, prompt_sha256=None, sampling=None, outputs="free"
)


def passage_row(one: Passage) -> PassageRow:
    """A passage as it is kept."""
    return PassageRow(
        id=one.id,
        start=one.start,
        end=one.end,
        heading=one.heading,
        page=one.page,
        start_seconds=one.start_seconds,
        words=one.words,
        outcome=one.outcome,
        reason=one.reason,
    )


def blank(kind: KindOfRow, passage_id: str, generator: Generator) -> QuestionRow:
    """A row of a kind with nothing in it yet."""
    return QuestionRow(
        id="",
        kind=kind,
        passage_id=passage_id,
        question_type="",
        subject="",
        question="",
        answer="",
        evidence=[],
        options=[],
        correct=None,
        explanation=None,
        messages=[],
        chosen=None,
        rejected=None,
        pair_kind=None,
        corruption=None,
        fails=None,
        evidence_tag="no_evaluado",
        safety_flags=[],
        checks=[],
        generator=generator,
        outcome="accepted",
        reason="",
        said="",
    )


def sealed(row: QuestionRow, text_sha256: str) -> QuestionRow:
    """The row with its id: the hash of its source, its words and what wrote it; a second run makes the same."""
    parts: list[Any] = [text_sha256, row["passage_id"], row["kind"], row["question"], row["answer"], row["options"]]
    parts += [row["chosen"], row["rejected"], [m["content"] for m in row["messages"]]]
    parts += [row["generator"]["lane"], row["generator"]["model"], row["generator"]["prompt_sha256"]]
    row["id"] = sha256("\0".join(map(str, parts)))[:24]
    return row


def end(row: QuestionRow, outcome: Outcome, reason: str, said: str = "") -> QuestionRow:
    """The row, ended with a reason."""
    row["outcome"], row["reason"], row["said"] = outcome, reason, said
    return row
