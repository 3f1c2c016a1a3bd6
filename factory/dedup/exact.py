"""Exact duplicates: one copy of every text, and the log names for each dropped one what it repeats."""

from __future__ import annotations

from typing import Any, NamedTuple

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.licence import publishable
from factory.stage import Context

# Book before article before transcript (clean.md): the more a text was edited, the better the copy.
_RANK_OF_KIND = {"pdf": 0, "epub": 0, "jats": 1, "article": 1, "text": 2, "dataset": 3, "youtube": 4}
_COLUMNS = ["doc_id", "content_sha256", "licence", "source_kind", "text_sha256"]


class Copy(NamedTuple):
    """One copy of a text; the smallest is the one that stays."""

    unpublishable: bool
    kind: int
    doc_id: str


def copy_of(row: dict[str, Any]) -> Copy:
    """How a Document stands among its copies: publishable first, then by kind, then by id."""
    return Copy(not publishable(row["licence"]), _RANK_OF_KIND[row["source_kind"]], row["doc_id"])


class ExactDuplicates(PipelineStep):
    """Of Documents with the same words, the best copy goes on; a reduce step, in one task.

    A copy that an earlier batch kept stays, unless it may not be published and this one may.
    """

    name = "Exact duplicates"
    type = "DEDUP"
    version = 1

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.exclusion_writer: Any = None

    def _best(self) -> tuple[dict[str, Copy], dict[str, Copy]]:
        from factory.books import documents
        from factory.store import open_store

        store = open_store(self.context.home)
        earlier: dict[str, Copy] = {}
        for folder in self.context.earlier:
            for row in documents(store, folder, _COLUMNS):
                earlier.setdefault(row["content_sha256"], copy_of(row))
                earlier[row["content_sha256"]] = min(earlier[row["content_sha256"]], copy_of(row))
        here: dict[str, Copy] = {}
        for row in documents(store, self.context.previous or "", _COLUMNS):
            best = here.setdefault(row["content_sha256"], copy_of(row))
            here[row["content_sha256"]] = min(best, copy_of(row))
        return earlier, here

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        if world_size != 1:
            raise AssertionError("duplicates are compared in one task")
        earlier, here = self._best()
        for document in data:
            content = document.metadata["content_sha256"]
            kept = here[content]
            before = earlier.get(content)
            if before is not None and before.unpublishable <= kept.unpublishable:
                kept = before
            if kept.doc_id == document.id and before != kept:
                yield document
                continue
            document.metadata["filter_reason"] = "exact_duplicate"
            document.metadata["duplicate_of"] = kept.doc_id
            self.exclusion_writer.write(document, rank)
