"""Questions of evaluation sets are cut out of Documents; one that is mostly such questions is dropped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.decontaminate import Finder, Hit, joined, load
from factory.errors import StageFailed
from factory.record import assemble, paragraphs_of
from factory.stage import Context
from factory.store import Store, open_store

FOLDER = "decontamination"
# Cut around a question, whose options and answer follow it (Brown et al. 2020, appendix C: 200 characters each side).
_BEFORE, _AFTER = 100, 400
# A Document that loses more of its characters, or holds more questions, is an exam.
MAX_SHARE = 0.2
MAX_QUESTIONS = 10
_BATCH = 32


def finder(store: Store, names: Iterable[str]) -> Finder | None:
    """What looks for the questions of a home's indexes; None where there are none."""
    found = []
    for name in names:
        data = store.read(f"{FOLDER}/{name}")
        try:
            found.append(load(data or b""))
        except (ValueError, OSError, KeyError) as error:
            raise StageFailed(
                f"{store.path(FOLDER)}/{name} is not whole", "make it again: factory decontaminate index"
            ) from error
    return Finder(joined(found)) if found else None


def cut(document: Document, hits: list[Hit]) -> str | None:
    """The paragraphs around the hits are gone from the Document; why it must go as a whole, or None."""
    paragraphs = paragraphs_of(document.text, document.metadata["spans"])
    kept = []
    lost = 0
    for span, paragraph in zip(document.metadata["spans"], paragraphs, strict=True):
        if any(span["start"] < hit.end + _AFTER and span["end"] > hit.start - _BEFORE for hit in hits):
            lost += len(paragraph.text)
        else:
            kept.append(paragraph)
    if lost > MAX_SHARE * len(document.text) or len({hit.item for hit in hits}) > MAX_QUESTIONS:
        return "contaminated"
    document.text, document.metadata["spans"] = assemble(kept)
    document.metadata["removed"] = document.metadata["removed"] | {"contaminated": lost}
    return None


class Decontaminate(PipelineStep):
    """No Document holds a question of the home's evaluation indexes; each one's notes name what was cut."""

    name = "Decontamination"
    type = "FILTER"
    version = 1

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        if not self.context.indexes:
            yield from data
            return
        looking = finder(open_store(self.context.home), self.context.indexes)
        assert looking is not None
        for batch in _batches(data):
            for document, hits in zip(batch, looking.find([d.text for d in batch]), strict=True):
                if hits:
                    named = sorted({hit.item for hit in hits})
                    document.metadata["notes"] = [*document.metadata["notes"], *(f"contaminated:{i}" for i in named)]
                    if why := cut(document, hits):
                        document.metadata["filter_reason"] = why
                        self.exclusion_writer.write(document, rank)
                        continue
                yield document


def _batches(data: DocumentsPipeline) -> Iterator[list[Document]]:
    stream = iter(data)
    while batch := list(islice(stream, _BATCH)):
        yield batch
