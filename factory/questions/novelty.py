"""Whether a question was asked before: the same words, or the same words with meaning in nearly the same order.

Source: Lin 2004 (ROUGE-L, W04-1013); Wang et al. 2023 (Self-Instruct, arXiv:2212.10560): 0.7 for instructions. Ours is
laxer, because short questions of one pattern differ in their subject alone; subjects must be the same to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz.distance import LCSseq

from factory.questions.wording import fold, is_content

_ENDING = re.compile(r"(?:es|[aoe]s?|s)$")
_TELLING = frozenset(["ii", "iii", "iv", "vi", "no", "sin", "con"])
_BINDS = frozenset(["y", "e", "o", "u", "a"])


def plain(question: str) -> str:
    """What two spellings of one question have in common."""
    return " ".join(_said(question))


def rouge_l(one: Sequence[str], other: Sequence[str]) -> float:
    """F1 of the longest common subsequence of two lists of words."""
    if not one or not other:
        return 0.0
    return 2 * LCSseq.similarity(one, other) / (len(one) + len(other))


class Asked:
    """The questions so far. `most`: ROUGE-L from which on a question repeats another of the same subject.

    Only questions of the same subject are compared, and those are found by it: no question is compared with all.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._same: dict[str, str] = {}
        self._near: dict[frozenset[str], list[tuple[str, list[str]]]] = {}

    def repeats(self, question: str) -> str | None:
        """The id of the question that this one repeats; None where it is new."""
        if found := self._same.get(plain(question)):
            return found
        own = _said(question)
        for name, said in self._near.get(_subject(own), ()):
            if rouge_l(own, said) >= self._most:
                return name
        return None

    def add(self, name: str, question: str) -> None:
        """The question counts from now on."""
        said = _said(question)
        if self._same.setdefault(" ".join(said), name) == name:
            self._near.setdefault(_subject(said), []).append((name, said))


def _said(question: str) -> list[str]:
    """Words and numbers: `VPH 16` is not `VPH 18`."""
    return [fold(word) for word in re.findall(r"\w+", question)]


def _subject(said: Sequence[str]) -> frozenset[str]:
    """The words with meaning without their endings, and what tells things of one name apart: `estadio II`, `sin`."""
    named = {_ENDING.sub("", word) if len(word) > 3 else word for word in said if is_content(word)}
    telling = {word for word in said if word in _TELLING or len(word) == 1 or any(c.isdigit() for c in word)}
    return frozenset(named | telling - _BINDS)
