"""Accepted questions → preference pairs, balanced over a batch."""

from __future__ import annotations

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.config import Questions
from factory.questions.exam import EXAM, exam_pairs
from factory.questions.judge import Source
from factory.questions.pairs import kept, pairs_of
from factory.questions.passage import Passage
from factory.questions.rows import QuestionRow, end
from factory.stage import Context
from factory.store import open_store


class PairStep(PipelineStep):
    """Every accepted question has its pairs beside it; it is no row of the dataset itself."""

    name = "Pairs"
    type = "QUESTIONS"
    version = 2

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            rows: list[QuestionRow] = document.metadata["questions"]
            source = Source(document.text, document.metadata)
            passages = {row["id"]: Passage(**row) for row in document.metadata["passages"]}
            made = []
            for row in rows:
                if row["kind"] == "qa" and row["outcome"] == "accepted":
                    made += pairs_of(source, passages[row["passage_id"]], row)
                    if row["question_type"] == EXAM:
                        made += exam_pairs(source, passages[row["passage_id"]], row)
            seen = {row["id"] for row in rows}
            for one in made:
                if one["id"] not in seen:
                    seen.add(one["id"])
                    rows.append(one)
            yield document


class BalancePairs(PipelineStep):
    """No kind of corruption is more than its share of a batch's pairs, and length does not give the chosen away.

    Reads the stage before it once to count, and then its Documents.
    """

    name = "Balance"
    type = "FILTER"
    version = 2

    def __init__(self, context: Context, config: Questions) -> None:
        super().__init__()
        self.context = context
        self.config = config

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        from factory.books import documents

        store = open_store(self.context.home)
        candidates = [
            (one["id"], one["corruption"], len(one["chosen"]) - len(one["rejected"]))
            for row in documents(store, self.context.previous or "", ["questions"])
            for one in row["questions"]
            if one["kind"] == "preference" and one["outcome"] == "accepted"
        ]
        stays, reasons = kept(candidates, self.config.max_kind_share)
        for document in data:
            for row in document.metadata["questions"]:
                if row["kind"] == "preference" and row["outcome"] == "accepted" and row["id"] not in stays:
                    end(row, "rejected", reasons[row["id"]], row["said"])
            yield document
