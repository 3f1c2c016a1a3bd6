"""How medical a text is: the share of its words that belong to medicine, natural medicine included.

A tag: a recipe may ask for a least score (`clean.min_topic_score`); by default it asks for none.
"""

from __future__ import annotations

import re
from typing import Any

from datatrove.data import DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.dedup.compare import fold
from factory.medical import is_medical

_WORD = re.compile(r"[^\W\d_]{4,}")


def score(text: str) -> float:
    """The share of words of four letters or more that are medical, from 0 to 1."""
    words = _WORD.findall(fold(text))
    return sum(map(is_medical, words)) / len(words) if words else 0.0


class TagTopic(PipelineStep):
    """Every Document knows how medical it is; one below the recipe's least score is dropped."""

    name = "Topic"
    type = "FILTER"
    version = 1

    def __init__(self, min_score: float) -> None:
        super().__init__()
        self.min_score = min_score
        self.exclusion_writer: Any = None

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            document.metadata["topic_score"] = round(score(document.text), 4)
            if document.metadata["topic_score"] >= self.min_score:
                yield document
            else:
                document.metadata["filter_reason"] = "off_topic"
                self.exclusion_writer.write(document, rank)
