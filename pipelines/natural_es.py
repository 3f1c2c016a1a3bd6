"""Corpus 4: Spanish text of natural, traditional and alternative medicine."""

from __future__ import annotations

from factory.config import Recipe
from factory.stage import Context, Stage
from pipelines.texts import text_stages


def stages(config: Recipe, context: Context) -> list[Stage]:
    """The recipe, top to bottom; its numbers are in natural_es.toml."""
    return text_stages(config, context)
