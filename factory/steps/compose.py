"""What rules make of a Document's accepted questions: choices, conversations, texts for patients, summaries."""

from __future__ import annotations

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.config import Questions
from factory.questions.chat import chained, discharge, for_patient
from factory.questions.choice import from_answer, of_definitions
from factory.questions.judge import Source
from factory.questions.passage import Passage
from factory.questions.rows import TEMPLATE, QuestionRow
from factory.steps.model_lane import lane_of


class Compose(PipelineStep):
    """Rows of the other kinds stand beside the questions they are made of; the model's lane has written its own."""

    name = "Compose"
    type = "QUESTIONS"
    version = 2

    def __init__(self, config: Questions) -> None:
        super().__init__()
        self.config = config

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        by_rules = lane_of(self.config) != "model"
        for document in data:
            if by_rules:
                self._add(document)
            yield document

    def _add(self, document: Document) -> None:
        rows: list[QuestionRow] = document.metadata["questions"]
        source = Source(document.text, document.metadata)
        passages = {row["id"]: Passage(**row) for row in document.metadata["passages"]}
        good = [
            row
            for row in rows
            if row["kind"] == "qa" and row["outcome"] == "accepted" and row["generator"]["lane"] == "template"
        ]
        made: list[QuestionRow | None] = []
        if "mcq" in self.config.kinds:
            made += [from_answer(source, passages[row["passage_id"]], row) for row in good]
            made += of_definitions(source, passages, good)
        if "dialogue" in self.config.kinds:
            made += chained(source, passages, good, TEMPLATE)
        if "patient" in self.config.kinds:
            made += [for_patient(source, passages[row["passage_id"]], row) for row in good]
        if "discharge" in self.config.kinds:
            made += [discharge(source, one, TEMPLATE) for one in passages.values() if one.outcome != "skipped"]
        seen = {row["id"] for row in rows}
        for one in made:
            if one is not None and one["id"] not in seen:
                seen.add(one["id"])
                rows.append(one)
