"""The gates over human translations, and over the same with one planted error each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.gates import PAIRS, alarms, pairs, planted
from tests.plant.translations import KINDS, plant

# What the issue asks for: at most 5 % of all pairs raise an alarm, 3 % by negation, 1 % by any other gate.
MOST = {"any": 0.05, "negation": 0.03}
MOST_OF_ANOTHER = 0.01
LEAST = {"negation": 0.9}
LEAST_OF_ANOTHER = 0.95
# Every fifth pair: a second seed than the page's, in seconds.
STEP, SEED = 5, "test"


@pytest.fixture(scope="module")
def human() -> tuple[int, Counter[str], list[tuple[str, str]]]:
    found = [pair for name in PAIRS for pair in pairs(name)]
    counts, good = alarms(found)
    return len(found), counts, good


@pytest.mark.data
def test_human_translations_raise_few_alarms(human: tuple[int, Counter[str], list[tuple[str, str]]]) -> None:
    """Over all 7,619 pairs each gate stays below its share."""
    total, counts, _ = human
    assert total > 7000
    shares = {gate: count / total for gate, count in counts.items()}
    assert {gate: share for gate, share in shares.items() if share > MOST.get(gate, MOST_OF_ANOTHER)} == {}


@pytest.mark.data
@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_error_is_found(kind: str, human: tuple[int, Counter[str], list[tuple[str, str]]]) -> None:
    """Errors of an independent generator are found as often as asked."""
    count, hits = planted(human[2][::STEP], kind, SEED)
    assert count > 80
    assert hits / count >= LEAST.get(kind, LEAST_OF_ANOTHER)


def test_the_generator_plants() -> None:
    """Each kind changes a text that offers it a place; the generator knows nothing of the factory."""
    english = (
        "The patient was not given 12.5 mg of the drug every 8 hours, because fever and severe pain had disappeared. "
        * 2
    )
    spanish = (
        "Al paciente no se le dio 12,5 mg del fármaco cada 8 horas, porque la fiebre y el dolor habían desaparecido. "
        * 2
    )
    others = [
        "Una radiografía de tórax mostró una masa redonda en el lóbulo superior derecho, que no había crecido. " * 2
    ]
    for kind in KINDS:
        assert plant(kind, english, spanish, others, "1") not in (None, spanish), kind
    assert "factory" not in Path(plant.__code__.co_filename).read_text("utf-8")
