"""How tests compare words: the longest common subsequence, and bags."""

from __future__ import annotations

import re
from collections import Counter

from rapidfuzz.distance import LCSseq


def in_order(gold: list[str], found: list[str]) -> float:
    """F1 of the longest common subsequence of words."""
    numbers: dict[str, int] = {}
    one, other = ([numbers.setdefault(w, len(numbers)) for w in words] for words in (gold, found))
    return 2 * LCSseq.similarity(one, other) / max(1, len(one) + len(other))


def bag(gold: str, found: str) -> float:
    """F1 of the words, whatever their order: lower case, letters and digits."""
    one, other = (Counter(re.findall(r"\w+", text.lower())) for text in (gold, found))
    return 2 * (one & other).total() / max(1, one.total() + other.total())
