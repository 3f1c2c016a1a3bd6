"""What a dataset of questions says of itself: kinds, types, tags, places of keys, what length gives away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_TALLIES = (
    "kinds",
    "question_types",
    "evidence_tags",
    "safety_flags",
    "lanes",
    "corruptions",
    "strata",
    "key_places",
    "lengths",
)


class Asked:
    """Counts over the rows of a batch, as its manifest keeps them."""

    def __init__(self) -> None:
        self._tallies: dict[str, Counter[str]] = {name: Counter() for name in _TALLIES}

    def add(self, question: Mapping[str, Any]) -> None:
        """A row that leaves is counted."""
        count = self._tallies
        kind, generator = question["kind"], question["generator"]
        count["kinds"][kind] += 1
        count["question_types"][question["question_type"]] += 1
        count["evidence_tags"][question["evidence_tag"]] += 1
        count["safety_flags"].update(question["safety_flags"])
        count["lanes"][f"{generator['lane']}: {generator['model']}" if generator["model"] else generator["lane"]] += 1
        if kind == "mcq":
            count["key_places"][str(question["correct"] + 1)] += 1
        if kind in ("mcq", "open") and question["pair_kind"]:
            count["strata"][f"{kind}: {question['pair_kind']}"] += 1
        if kind == "preference":
            count["corruptions"][question["corruption"]] += 1
            chosen, rejected = len(question["chosen"]), len(question["rejected"])
            count["lengths"]["longer" if chosen > rejected else "shorter" if chosen < rejected else "equal"] += 1

    def table(self) -> dict[str, dict[str, int]]:
        """Plain values."""
        return {name: dict(sorted(tally.items())) for name, tally in self._tallies.items()}


def statistics_of(batches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The counts of all batches, with the chi-square of the keys' places and the length-only classifier's accuracy.

    Empty where no batch holds questions. The classifier says `the longer answer is the chosen one`, or the other way
    round, whichever is right more often; equal lengths are half right.
    """
    if not any("kinds" in one for one in batches):
        return {}
    total: dict[str, Any] = {}
    for name in _TALLIES:
        tally: Counter[str] = Counter()
        for one in batches:
            tally.update(one.get(name, {}))
        total[name] = dict(sorted(tally.items()))
    total["key_chi_square"] = chi_square(total["key_places"])
    total["length_only_accuracy"] = length_only(total["lengths"])
    return total


def chi_square(places: Mapping[str, int]) -> float | None:
    """Pearson's chi-square of the keys' places against even ones; 7.81 is the 5 % bound of three degrees."""
    count = sum(places.values())
    if not count:
        return None
    expected = count / 4
    return round(sum((places.get(str(place), 0) - expected) ** 2 for place in range(1, 5)) / expected, 3)


def length_only(lengths: Mapping[str, int]) -> float | None:
    """The share of pairs that a rule on lengths alone tells right."""
    count = sum(lengths.values())
    if not count:
        return None
    longer, shorter = lengths.get("longer", 0), lengths.get("shorter", 0)
    return round((max(longer, shorter) + lengths.get("equal", 0) / 2) / count, 4)
