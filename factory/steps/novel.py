"""Questions that were not asked before, in this batch or an earlier one, nor by an evaluation set; none too many."""

from __future__ import annotations

from collections import Counter
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.config import Questions
from factory.decontaminate import Finder
from factory.questions.novelty import Asked
from factory.questions.rows import KINDS, QuestionRow, end
from factory.stage import Context
from factory.steps.ask import close_passages
from factory.steps.decontaminate import finder
from factory.store import open_store

# Kinds whose rows are questions; a conversation or a text may be about what a question asked.
_ASKING = ("qa", "mcq")
# From so many questions of a Document on, one type may not fill it.
_FROM = 10


class Novel(PipelineStep):
    """Accepted questions are new, no evaluation set's, and not too many of one type."""

    name = "Novelty"
    type = "FILTER"
    version = 2

    def __init__(self, context: Context, config: Questions) -> None:
        super().__init__()
        self.context = context
        self.config = config
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        from factory.books import documents

        store = open_store(self.context.home)
        asked = {kind: Asked(self.config.max_similar) for kind in _ASKING}
        for folder in self.context.earlier:
            for row in documents(store, folder, ["questions"]):
                for one in row["questions"]:
                    if one["outcome"] == "accepted" and one["kind"] in asked:
                        asked[one["kind"]].add(one["id"], one["question"])
        looking = finder(store, self.context.indexes)
        for document in data:
            self._judge(document, asked, looking)
            yield document

    def _judge(self, document: Document, asked: dict[str, Asked], looking: Finder | None) -> None:
        rows: list[QuestionRow] = document.metadata["questions"]
        live = [row for row in rows if row["outcome"] == "accepted"]
        if looking is not None and live:
            for row, hits in zip(live, looking.find([_whole(row) for row in live]), strict=True):
                if hits:
                    end(row, "rejected", "contaminated", ", ".join(sorted({hit.item for hit in hits})[:3]))
        types: Counter[str] = Counter()
        kept = 0
        most = max(_FROM, int(self.config.max_type_share * len(live)))
        for row in (one for one in live if one["outcome"] == "accepted" and one["kind"] in asked):
            before = asked[row["kind"]]
            if same := before.repeats(row["question"]):
                end(row, "rejected", "duplicate", same)
            elif types[row["question_type"]] >= most:
                end(row, "rejected", "too_many_of_type")
            elif kept >= self.config.max_per_document:
                end(row, "rejected", "too_many")
            else:
                before.add(row["id"], row["question"])
                types[row["question_type"]] += 1
                kept += 1


def _whole(row: QuestionRow) -> str:
    """Everything that a row says: the question, every option, the answer, and the turns of a conversation."""
    said = [row["question"], row["answer"], *row["options"], *(one["content"] for one in row["messages"])]
    return "\n".join(dict.fromkeys(one for one in said if one))


class KeepAsked(PipelineStep):
    """Every passage has ended; a Document goes on with at least one row that is accepted or waits for a person."""

    name = "Asked"
    type = "FILTER"
    version = 2

    def __init__(self, lane: str, kinds: tuple[str, ...] = KINDS) -> None:
        super().__init__()
        self.lane = lane
        self.kinds = kinds
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            close_passages(document, self.lane)
            rows: list[QuestionRow] = document.metadata["questions"]
            if any(row["outcome"] in ("accepted", "quarantined") and row["kind"] in self.kinds for row in rows):
                yield document
                continue
            document.metadata["filter_reason"] = "no_question"
            self.exclusion_writer.write(document, rank)
