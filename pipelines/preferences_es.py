"""Preference pairs: right answers against labelled errors, and against what a model makes up."""

from __future__ import annotations

from factory.config import Indexes, Questions, Recipe
from factory.stage import Context, Stage
from factory.steps.ask import ClosePassages, KeepAskable, TemplateStep
from factory.steps.model_lane import ModelStep, engines_of, lane_of
from factory.steps.novel import KeepAsked, Novel
from factory.steps.pairs import BalancePairs, PairStep


def stages(config: Recipe, context: Context) -> list[Stage]:
    """The recipe, top to bottom; its numbers are in preferences_es.toml."""
    asked = config.questions or Questions(corpora=())
    lane, engines = lane_of(asked), engines_of(asked)
    model = ModelStep(context, asked, engines, config.calls)
    return [
        Stage(
            "ask",
            (
                KeepAskable(config.select, asked, exams=True),
                TemplateStep(asks=lane != "model"),
                model,
                ClosePassages(lane),
            ),
            (config.select, asked, engines),
            "multiply",
            engine=lane != "template",
            questioned=True,
        ),
        Stage(
            "novel",
            (Novel(context, asked), PairStep()),
            (asked, Indexes(files=context.indexes)),
            "reduce",
            questioned=True,
        ),
        Stage(
            "balance",
            (BalancePairs(context, asked), KeepAsked(lane, ("preference",))),
            (asked,),
            "reduce",
            questioned=True,
        ),
    ]
