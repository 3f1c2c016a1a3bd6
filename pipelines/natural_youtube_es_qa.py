"""Corpus 6: questions and answers from Spanish videos on natural, traditional and alternative medicine."""

from __future__ import annotations

from factory.config import Recipe
from factory.stage import Context, Stage
from pipelines.asking import question_stages


def stages(config: Recipe, context: Context) -> list[Stage]:
    """The recipe, top to bottom; its numbers are in natural_youtube_es_qa.toml."""
    return question_stages(config, context)
