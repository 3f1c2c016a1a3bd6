"""Back-translation: what a translation says in English again should look like its source.

Sees a wrong sentence, not a wrong dose. Source: chrF, Popović 2015, doi:10.18653/v1/W15-3049.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from factory.translate.apertium import SPANISH_ENGLISH, translated
from factory.translate.segment import Unit

# Of the human translations of TICO-19, 1 % come back below 29.
_FROM_CHARACTERS = 40


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def judge(units: Sequence[Unit], least: float) -> None:
    """Units whose translation comes back below `least` chrF have none any more."""
    long = [unit for unit in units if unit.target is not None and len(unit.source) >= _FROM_CHARACTERS]
    for unit, back in zip(long, translated([unit.target or "" for unit in long], SPANISH_ENGLISH), strict=True):
        score = _chrf().sentence_score(back, [unit.source]).score
        if score < least:
            unit.target, unit.gate, unit.said = None, "back_translation", f"comes back at chrF {score:.0f}"
