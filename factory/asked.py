"""What a dataset of questions says of itself: kinds, types, tags, places of keys, what length gives away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rapidfuzz.distance import Indel

_TALLIES = (
    "kinds",
    "reviewers",
    "question_types",
    "evidence_tags",
    "safety_flags",
    "lanes",
    "prompts",
    "corruptions",
    "strata",
    "key_places",
    "key_alike",
    "key_longest",
    "lengths",
)

# A guess among equals is right by its share of twelve.
_SHARES = 12


class Asked:
    """Counts over the rows of a batch, as its manifest keeps them."""

    def __init__(self) -> None:
        self._tallies: dict[str, Counter[str]] = {name: Counter() for name in _TALLIES}

    def add(self, question: Mapping[str, Any], reviewer: str | None = None) -> None:
        """A row that leaves is counted; `reviewer` is who let it go, if somebody did."""
        count = self._tallies
        kind, generator = question["kind"], question["generator"]
        count["kinds"][kind] += 1
        if reviewer is not None:
            count["reviewers"][reviewer] += 1
        count["question_types"][question["question_type"]] += 1
        count["evidence_tags"][question["evidence_tag"]] += 1
        count["safety_flags"].update(question["safety_flags"])
        count["lanes"][f"{generator['lane']}: {generator['model']}" if generator["model"] else generator["lane"]] += 1
        if generator["lane"] == "model":
            count["prompts"][prompt_of(generator)] += 1
        if kind == "mcq":
            count["key_places"][str(question["correct"] + 1)] += 1
            for name, guess in (("key_alike", most_alike), ("key_longest", longest)):
                guessed = guess(question["options"])
                count[name]["right"] += _SHARES // len(guessed) if question["correct"] in guessed else 0
                count[name]["of"] += _SHARES
        if kind in ("mcq", "open") and question["pair_kind"]:
            count["strata"][f"{kind}: {question['pair_kind']}"] += 1
        if kind == "preference":
            count["corruptions"][question["corruption"]] += 1
            chosen, rejected = len(question["chosen"]), len(question["rejected"])
            count["lengths"]["longer" if chosen > rejected else "shorter" if chosen < rejected else "equal"] += 1

    def table(self) -> dict[str, dict[str, int]]:
        """Plain values."""
        return {name: dict(sorted(tally.items())) for name, tally in self._tallies.items()}


def prompt_of(made: Mapping[str, Any]) -> str:
    """A model with its revision and the hash of the words it was asked with, in a line."""
    revision, prompt = made["revision"] or "", made["prompt_sha256"] or ""
    return str(made["model"]) + (f"@{revision[:12]}" if revision else "") + (f" prompt {prompt[:12]}" if prompt else "")


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
    for name in ("key_alike", "key_longest"):
        tally = total.pop(name)
        total[f"{name}_accuracy"] = round(tally.get("right", 0) / tally["of"], 4) if tally else None
    return total


def most_alike(options: Sequence[str]) -> list[int]:
    """The options that are most like the others, by their words; wrong options that are variants of the key tell it."""
    said = [option.lower().split() for option in options]
    return _best([round(sum(Indel.normalized_similarity(one, other) for other in said), 6) for one in said])


def longest(options: Sequence[str]) -> list[int]:
    """The options with most characters."""
    return _best([len(option) for option in options])


def _best(scores: Sequence[float]) -> list[int]:
    return [number for number, score in enumerate(scores) if score == max(scores)]


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
