"""What predictions are worth: accuracy and macro-F1 with intervals, and whether two models differ.

Macro-F1 is the unweighted mean of F1 over the places of the options, as scikit-learn's `f1_score(average="macro")`;
intervals are percentiles of a bootstrap over questions (Efron 1979); two models are compared by the exact McNemar test
(McNemar 1947), a binomial test on the questions that only one of them answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# An answer that says none of the options: wrong, and a class of its own.
NONE = -1


class Interval(NamedTuple):
    """A number and the bounds that hold it with 95 % confidence."""

    value: float
    low: float
    high: float


def accuracy(right: Sequence[int], said: Sequence[int]) -> float:
    return float(np.mean(np.asarray(right) == np.asarray(said))) if len(right) else math.nan


def macro_f1(right: Sequence[int], said: Sequence[int]) -> float:
    """Mean F1 of the classes that are right or said somewhere; what was not parsed is one that is never right."""
    a, b = np.asarray(right), np.asarray(said)
    found = []
    for label in sorted(set(a.tolist()) | set(b.tolist())):
        hit = int(np.sum((a == label) & (b == label)))
        of = int(np.sum(a == label)) + int(np.sum(b == label))
        found.append(2 * hit / of)
    return float(np.mean(found)) if found else math.nan


def majority(right: Sequence[int]) -> tuple[float, float]:
    """Accuracy and macro-F1 of always saying the place that is most often right."""
    if not right:
        return math.nan, math.nan
    most = Counter(right).most_common(1)[0][0]
    said = [most] * len(right)
    return accuracy(right, said), macro_f1(right, said)


def _draws(count: int, groups: Sequence[str | None] | None, draws: int, seed: int) -> list[npt.NDArray[np.int64]]:
    """Rows drawn with replacement; questions of one case are drawn together (cluster bootstrap)."""
    random = np.random.default_rng(seed)
    if not count:
        return []
    if groups is None or not any(groups):
        return list(random.integers(0, count, size=(draws, count)))
    by: dict[str, list[int]] = {}
    for number, name in enumerate(groups):
        by.setdefault(name or f"#{number}", []).append(number)
    clusters = [np.asarray(rows) for rows in by.values()]
    chosen = random.integers(0, len(clusters), size=(draws, len(clusters)))
    return [np.concatenate([clusters[number] for number in one]) for one in chosen]


def bootstrap(
    right: Sequence[int],
    said: Sequence[int],
    draws: int = 1000,
    seed: int = 0,
    groups: Sequence[str | None] | None = None,
) -> dict[str, Interval]:
    """Accuracy and macro-F1 with their intervals."""
    a, b = np.asarray(right), np.asarray(said)
    rows = _draws(len(a), groups, draws, seed)
    found = {}
    for name, score in (("accuracy", accuracy), ("macro_f1", macro_f1)):
        many = [score(a[row].tolist(), b[row].tolist()) for row in rows]
        low, high = np.percentile(many, [2.5, 97.5]) if many else (math.nan, math.nan)
        found[name] = Interval(score(a.tolist(), b.tolist()), float(low), float(high))
    return found


def mean(
    values: Sequence[float], draws: int = 1000, seed: int = 0, groups: Sequence[str | None] | None = None
) -> Interval:
    """The mean with its interval."""
    a = np.asarray(values, dtype=float)
    if not len(a):
        return Interval(math.nan, math.nan, math.nan)
    low, high = np.percentile([a[row].mean() for row in _draws(len(a), groups, draws, seed)], [2.5, 97.5])
    return Interval(float(a.mean()), float(low), float(high))


def paired(
    right: Sequence[int],
    first: Sequence[int],
    second: Sequence[int],
    draws: int = 1000,
    seed: int = 0,
    groups: Sequence[str | None] | None = None,
) -> Interval:
    """How much more often the first is right than the second, on the same questions."""
    a = np.asarray(right)
    gain: npt.NDArray[np.float64] = (np.asarray(first) == a).astype(float) - (np.asarray(second) == a).astype(float)
    return mean(gain.tolist(), draws, seed, groups)


def mcnemar(right: Sequence[int], first: Sequence[int], second: Sequence[int]) -> float:
    """Exact two-sided p that the two are right equally often; 1 where they never differ."""
    a, b, c = np.asarray(right), np.asarray(first), np.asarray(second)
    only_first, only_second = int(np.sum((b == a) & (c != a))), int(np.sum((b != a) & (c == a)))
    count = only_first + only_second
    tail = sum(math.comb(count, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**count) if count else 1.0


def table(
    right: Sequence[int],
    said: Sequence[int],
    categories: Sequence[str | None],
    seed: int = 0,
    groups: Sequence[str | None] | None = None,
) -> dict[str, Any]:
    """Everything that is reported of one task's predictions."""
    found: dict[str, Any] = {"questions": len(right), "not_parsed": sum(one == NONE for one in said)}
    if groups is not None and any(groups):
        found["cases"] = len(set(groups))
    found |= {name: one._asdict() for name, one in bootstrap(right, said, seed=seed, groups=groups).items()}
    baseline = majority(right)
    found["majority"] = {"accuracy": baseline[0], "macro_f1": baseline[1]}
    by: dict[str, list[int]] = {}
    for number, name in enumerate(categories):
        if name:
            by.setdefault(name, []).append(number)
    found["categories"] = {
        name: {
            "questions": len(rows),
            "accuracy": accuracy([right[n] for n in rows], [said[n] for n in rows]),
            "macro_f1": macro_f1([right[n] for n in rows], [said[n] for n in rows]),
        }
        for name, rows in sorted(by.items())
    }
    return found
