"""Corpus 3: English medical sources as Spanish text and as Spanish questions and answers."""

from __future__ import annotations

from factory.config import Indexes, Recipe, Translate
from factory.dedup.near import Duplicates, Signatures
from factory.items import ReadItems
from factory.stage import Context, Stage
from factory.steps.decontaminate import Decontaminate
from factory.steps.hostile import RemoveHostile
from factory.steps.language import LanguageStep
from factory.steps.personal import ScrubPersonal
from factory.steps.quality import KeepLanguage, KeepTraditions, QualityFilter
from factory.steps.questions import SplitQuestions
from factory.steps.text import RepairText, Seal
from factory.steps.topic import TagTopic
from factory.steps.translate import TranslateStep
from factory.translate.engines import engines_of


def stages(config: Recipe, context: Context) -> list[Stage]:
    """The recipe, top to bottom; its numbers are in medical_en_es.toml.

    Spanish texts go along until duplicates are known: what is there in Spanish already is not translated.
    """
    clean, language = config.clean, config.select.language
    translate = config.translate or Translate()
    engines = engines_of(translate)
    return [
        Stage("read", (ReadItems(context, config.read),), (config.read,), "items"),
        Stage(
            "clean",
            (
                RepairText(),
                RemoveHostile(),
                SplitQuestions(),
                LanguageStep(),
                KeepTraditions(config.select.traditions),
                KeepLanguage((language, "es"), clean.min_language_score),
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
        Stage(
            "translate",
            (KeepLanguage((language,), 0.0), TranslateStep(context, translate, engines, config.calls)),
            (translate, engines),
            "multiply",
            engine=engines.engine in ("vllm", "endpoint"),
        ),
    ]
