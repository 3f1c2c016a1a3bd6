"""The steps of recipes: a signature for every Document, then one copy of each, over all batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.dedup import index
from factory.dedup.batches import body, decided
from factory.dedup.signatures import signatures_of
from factory.stage import Context
from factory.store import open_store

_BATCH = 32


class Signatures(PipelineStep):
    """Every Document's MinHash signature is in the stage's `signatures/`, in the order of its data."""

    name = "Signatures"
    type = "DEDUP"
    version = 2

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        found: list[Any] = []
        waiting: list[Document] = []
        for document in data:
            waiting.append(document)
            if len(waiting) == _BATCH:
                found.append(signatures_of([body(d.text, d.metadata["spans"]) for d in waiting]))
                yield from waiting
                waiting = []
        if waiting:
            found.append(signatures_of([body(d.text, d.metadata["spans"]) for d in waiting]))
            yield from waiting
        if found:
            key = f"{self.context.folder}/signatures/{rank:05d}.npy"
            open_store(self.context.home).write(key, index.saved(np.concatenate(found)))


class Duplicates(PipelineStep):
    """Of Documents that repeat each other the best copy goes on; a reduce step, in one task.

    Copies with the same characters first, then near ones by `dedup.compare`. A copy that an earlier batch kept
    stays, unless it may not be published and a new one may. Documents that are alike but for a dose share a split.
    """

    name = "Duplicates"
    type = "DEDUP"
    version = 3

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        if world_size != 1:
            raise AssertionError("duplicates are compared in one task")
        store = open_store(self.context.home)
        found = decided(store, self.context)
        kept: list[int] = []
        for place, document in enumerate(data):
            why = found.dropped.get(place)
            if why is None:
                document.metadata["split"] = found.split.get(place, document.metadata["split"])
                kept.append(place)
                yield document
            else:
                document.metadata.update(why)
                self.exclusion_writer.write(document, rank)
        if kept:
            index.write(store, self.context.folder, found.signatures, np.array(kept, dtype=np.int64))
        index.write_pairs(store, self.context.folder, index.APART, found.apart)
        index.write_pairs(store, self.context.folder, index.SUPERSEDED, found.superseded)
