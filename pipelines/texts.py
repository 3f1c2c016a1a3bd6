"""The stages that both text recipes share; each recipe is this list under its own numbers."""

from __future__ import annotations

from factory.config import Indexes, Recipe
from factory.dedup.near import Duplicates, Signatures
from factory.items import ReadItems
from factory.stage import Context, Stage
from factory.steps.decontaminate import Decontaminate
from factory.steps.hostile import RemoveHostile
from factory.steps.language import LanguageStep
from factory.steps.personal import ScrubPersonal
from factory.steps.quality import KeepLanguage, KeepQuestions, KeepTexts, KeepTraditions, QualityFilter
from factory.steps.questions import SplitQuestions
from factory.steps.text import RepairText, Seal
from factory.steps.topic import TagTopic


def text_stages(config: Recipe, context: Context, *, questions: bool = False) -> list[Stage]:
    """Raw items → Documents → clean Documents in one language → one copy of each: texts, or questions of sets."""
    clean = config.clean
    return [
        Stage("read", (ReadItems(context, config.read),), (config.read,), "items"),
        Stage(
            "clean",
            (
                RepairText(),
                RemoveHostile(),
                *((SplitQuestions(), KeepQuestions()) if questions else (KeepTexts(),)),
                LanguageStep(),
                KeepTraditions(config.select.traditions),
                KeepLanguage((config.select.language,), clean.min_language_score),
                QualityFilter(clean.quality, clean.web),
                TagTopic(clean.min_topic_score),
                ScrubPersonal(),
                Decontaminate(context),
                Seal(),
                Signatures(context),
            ),
            (config.select, clean, Indexes(files=context.indexes)),
            "multiply",
        ),
        Stage("dedup", (Duplicates(context),), (), "reduce"),
    ]
