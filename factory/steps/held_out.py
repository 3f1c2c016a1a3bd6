"""Accepted questions of Documents that are kept for evaluation → the evaluation set of natural medicine."""

from __future__ import annotations

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.questions.held_out import evaluation_rows
from factory.questions.judge import Source
from factory.questions.passage import Passage
from factory.questions.rows import QuestionRow


class HeldOut(PipelineStep):
    """Multiple choice and open prompts stand beside the questions they are made of."""

    name = "Held out"
    type = "QUESTIONS"
    version = 2

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            rows: list[QuestionRow] = document.metadata["questions"]
            source = Source(document.text, document.metadata)
            passages = {row["id"]: Passage(**row) for row in document.metadata["passages"]}
            good = [row for row in rows if row["kind"] == "qa" and row["outcome"] == "accepted"]
            seen = {row["id"] for row in rows}
            for one in evaluation_rows(source, passages, good):
                if one["id"] not in seen:
                    seen.add(one["id"])
                    rows.append(one)
            yield document
