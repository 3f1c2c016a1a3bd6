"""Exam questions in Spanish, as `preferences_es` reads them: those with options and an explanation make pairs."""

from __future__ import annotations

from factory.config import Recipe
from factory.stage import Context, Stage
from pipelines.texts import text_stages


def stages(config: Recipe, context: Context) -> list[Stage]:
    """The recipe, top to bottom; its numbers are in exams_es.toml."""
    return text_stages(config, context, questions=True)
