"""Personal data gives way to placeholders; what was removed is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.config import PROFILE_OF_KIND
from factory.personal import Mark, Scrubber
from factory.record import assemble, paragraphs_of


def profile_of(metadata: Mapping[str, Any]) -> str:
    """`clinical` for clinical notes, else the source's profile or that of its kind."""
    if metadata.get("source_type") == "clinical":
        return "clinical"
    return metadata.get("profile") or PROFILE_OF_KIND[metadata["source_kind"]]


def scrub_document(document: Document) -> None:
    """The document's paragraphs, and a clinical title, hold placeholders; spans stay exact; removals are counted."""
    metadata = document.metadata
    profile = profile_of(metadata)
    scrubber = Scrubber(document.text, profile)
    marks: list[Mark] = []
    paragraphs = paragraphs_of(document.text, metadata["spans"])
    for paragraph, span in zip(paragraphs, metadata["spans"], strict=True):
        paragraph.text, found = scrubber.cut(span["start"], span["end"])
        marks += found
    document.text, metadata["spans"] = assemble(paragraphs)
    if profile == "clinical" and metadata.get("title"):
        metadata["title"], found = scrubber.also(metadata["title"])
        marks += found
    if marks:
        removed = metadata.setdefault("removed", {})
        removed["personal"] = removed.get("personal", 0) + sum(m.end - m.start for m in marks)
    metadata["personal"] = dict(sorted(Counter(m.type for m in marks).items()))


class ScrubPersonal(PipelineStep):
    """Every Document's personal data is replaced by the rules of its profile."""

    name = "Personal data"
    type = "FORMAT"
    version = 2

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            scrub_document(document)
            yield document
