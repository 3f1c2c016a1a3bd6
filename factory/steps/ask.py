"""Documents of built corpora → the same Documents with their passages and the questions that were asked about them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.config import Questions, Select
from factory.questions import spoken
from factory.questions.exam import of_exam
from factory.questions.judge import Source, row_of
from factory.questions.passage import Passage, passages
from factory.questions.rows import TEMPLATE, QuestionRow, passage_row
from factory.questions.template import proposals


class KeepAskable(PipelineStep):
    """Spanish texts of the recipe's kinds, traditions and splits go on; what is a question only where exams count."""

    name = "Askable"
    type = "FILTER"
    version = 2

    def __init__(self, select: Select, config: Questions, *, exams: bool = False) -> None:
        super().__init__()
        self.exams = exams
        self.select = select
        self.config = config
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            why = self._why_not(document.metadata)
            if why is None:
                yield document
            else:
                document.metadata["filter_reason"] = why
                self.exclusion_writer.write(document, rank)

    def _why_not(self, metadata: dict[str, Any]) -> str | None:
        if metadata["form"] is not None and not (self.exams and metadata["form"].startswith("mcq:")):
            return "question_row"
        if metadata["source_kind"] not in self.select.kinds:
            return f"kind_{metadata['source_kind']}"
        if metadata["tradition"] not in self.select.traditions:
            return f"tradition_{metadata['tradition']}"
        if metadata["split"] not in self.config.splits:
            return f"split_{metadata['split']}"
        return None if metadata["language"] == "es" else f"language_{metadata['language']}"


class TemplateStep(PipelineStep):
    """Every Document has its passages, and the questions that patterns ask of them, judged."""

    name = "Template lane"
    type = "QUESTIONS"
    version = 2

    def __init__(self, *, asks: bool) -> None:
        super().__init__()
        self.asks = asks

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            metadata = document.metadata
            rows: list[QuestionRow] = []
            if metadata["form"] is not None:
                found, rows = of_exam(Source(document.text, metadata), metadata["form"])
                metadata["passages"], metadata["questions"] = [passage_row(one) for one in found], rows
                yield document
                continue
            found = passages(document.text, metadata["spans"], metadata["text_sha256"])
            live = [one for one in found if not one.outcome]
            if self.asks:
                source = Source(document.text, metadata)
                rows = asked(source, live)
            metadata["passages"] = [passage_row(one) for one in found]
            metadata["questions"] = rows
            yield document


def asked(source: Source, live: list[Passage]) -> list[QuestionRow]:
    """The rows that patterns make of a Document's passages, each once."""
    rows: list[QuestionRow] = []
    seen: set[str] = set()
    if spoken.is_bare(source.text, source.spans):
        every = spoken.proposals(source.text, source.title, live)
    else:
        every = proposals(source.text, source.spans, source.title, live, source.warnings)
    for passage, proposed in zip(live, every, strict=True):
        for one in proposed:
            row = row_of(source, passage, TEMPLATE, one.type, one.subject, one.question, one.answer, one.evidence)
            if row["id"] not in seen:
                seen.add(row["id"])
                rows.append(row)
    return rows


class ClosePassages(PipelineStep):
    """Every passage has ended."""

    name = "Passages"
    type = "QUESTIONS"
    version = 2

    def __init__(self, lane: str) -> None:
        super().__init__()
        self.lane = lane

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            close_passages(document, self.lane)
            yield document


def close_passages(document: Document, lanes: str) -> None:
    """Every passage ends: accepted where one of its rows is, else by what most of its rows failed by."""
    by_passage: dict[str, list[QuestionRow]] = {}
    for row in document.metadata["questions"]:
        by_passage.setdefault(row["passage_id"], []).append(row)
    for passage in document.metadata["passages"]:
        if passage["outcome"] in ("skipped", "failed"):
            continue
        rows = by_passage.get(passage["id"], [])
        if not rows and passage["outcome"] == "rejected":
            continue
        passage["outcome"], passage["reason"] = _ended(rows, lanes)


def _ended(rows: list[QuestionRow], lanes: str) -> tuple[str, str]:
    if any(row["outcome"] == "accepted" for row in rows):
        return "accepted", ""
    if not rows:
        return "rejected", "nothing_to_ask" if lanes != "template" else "no_pattern"
    reasons = Counter(row["reason"] if row["outcome"] != "quarantined" else "quarantined" for row in rows)
    return "rejected", min(reasons, key=lambda reason: (-reasons[reason], reason))
