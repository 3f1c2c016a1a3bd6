"""Scores are those of scikit-learn and scipy, on random predictions and on the ends."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from trainer import scores


@pytest.mark.parametrize("seed", range(20))
def test_they_are_the_libraries(seed: int) -> None:
    """Accuracy, macro-F1, the majority's, and McNemar's exact p."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(5, 200))
    right = draw.integers(0, 4, count).tolist()
    first = [r if draw.random() < 0.5 else int(draw.integers(-1, 5)) for r in right]
    second = [r if draw.random() < 0.4 else int(draw.integers(0, 4)) for r in right]
    assert scores.accuracy(right, first) == pytest.approx(metrics.accuracy_score(right, first))
    assert scores.macro_f1(right, first) == pytest.approx(metrics.f1_score(right, first, average="macro"))
    most = max(set(right), key=lambda one: (right.count(one), -right.index(one)))
    assert scores.majority(right)[0] == pytest.approx(right.count(most) / count)
    only_first = sum(f == r != s for r, f, s in zip(right, first, second, strict=True))
    only_second = sum(s == r != f for r, f, s in zip(right, first, second, strict=True))
    wanted = stats.binomtest(only_first, only_first + only_second, 0.5).pvalue if only_first + only_second else 1.0
    assert scores.mcnemar(right, first, second) == pytest.approx(wanted)
    gain = scores.paired(right, first, second)
    assert gain.value == pytest.approx((only_first - only_second) / count)
    assert gain.low <= gain.value <= gain.high


def test_intervals_hold_what_they_promise() -> None:
    """Of many samples with a known accuracy about 95 % have it inside."""
    draw = np.random.default_rng(0)
    held = 0
    for seed in range(200):
        hits = draw.random(120) < 0.6
        found = scores.bootstrap([0] * 120, [0 if hit else 1 for hit in hits], draws=300, seed=seed)["accuracy"]
        held += found.low <= 0.6 <= found.high
    assert 178 <= held <= 199


def test_head_qas_majority_is_what_the_design_says() -> None:
    """Four places about as often: the commonest one's macro-F1 is near a tenth."""
    right = [n % 4 for n in range(1000)] + [3] * 60
    accuracy, f1 = scores.majority(right)
    assert f1 == pytest.approx(2 * accuracy / (1 + accuracy) / 4)


def test_what_was_not_said_is_a_class_of_its_own() -> None:
    """An answer that names no option is wrong, and lowers macro-F1."""
    table = scores.table([0, 1, 2, 3], [0, 1, 2, scores.NONE], ["a", "a", "b", None])
    assert table["not_parsed"] == 1
    assert table["accuracy"]["value"] == 0.75
    assert table["macro_f1"]["value"] == pytest.approx(3 / 5)
    assert table["categories"]["a"] == {"questions": 2, "accuracy": 1.0, "macro_f1": 1.0}
