"""The stages that the recipes of questions share; each recipe is this list under its own numbers."""

from __future__ import annotations

from factory.config import Indexes, Questions, Recipe
from factory.stage import Context, Stage
from factory.steps.ask import ClosePassages, KeepAskable, TemplateStep
from factory.steps.compose import Compose
from factory.steps.model_lane import ModelStep, engines_of, lane_of
from factory.steps.novel import KeepAsked, Novel


def question_stages(config: Recipe, context: Context) -> list[Stage]:
    """Documents of built corpora → passages and questions, judged → what is new, and what is made of it."""
    asked = config.questions or Questions(corpora=())
    lane, engines = lane_of(asked), engines_of(asked)
    return [
        Stage(
            "ask",
            (
                KeepAskable(config.select, asked),
                TemplateStep(asks=lane != "model"),
                ModelStep(context, asked, engines, config.calls),
                ClosePassages(lane),
            ),
            (config.select, asked, engines),
            "multiply",
            engine=lane != "template",
            questioned=True,
        ),
        Stage(
            "novel",
            (Novel(context, asked), Compose(asked), KeepAsked(lane, asked.kinds)),
            (asked, Indexes(files=context.indexes)),
            "reduce",
            questioned=True,
        ),
    ]
