"""Whether a question was asked before: the same words, or nearly the same by MinHash and ROUGE-L.

Source: Lin 2004 (ROUGE-L, W04-1013); Wang et al. 2023 (Self-Instruct, arXiv:2212.10560): 0.7 for instructions. Ours is
laxer, because short questions of one pattern differ in their subject alone; subjects must be the same to repeat.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from datasketch import MinHash, MinHashLSH
from rapidfuzz.distance import LCSseq

from factory.questions.wording import content, fold, heads

_PERMUTATIONS, _THRESHOLD = 64, 0.3


def plain(question: str) -> str:
    """What two spellings of one question have in common."""
    return " ".join(_said(question))


def _said(question: str) -> list[str]:
    """Words and numbers: `VPH 16` is not `VPH 18`."""
    return [fold(word) for word in re.findall(r"\w+", question)]


def rouge_l(one: Sequence[str], other: Sequence[str]) -> float:
    """F1 of the longest common subsequence of two lists of words."""
    if not one or not other:
        return 0.0
    return 2 * LCSseq.similarity(one, other) / (len(one) + len(other))


class Asked:
    """The questions so far. `most`: ROUGE-L from which on a question repeats another of the same subject."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._same: dict[str, str] = {}
        self._near = MinHashLSH(threshold=_THRESHOLD, num_perm=_PERMUTATIONS)
        self._words: dict[str, list[str]] = {}

    def repeats(self, question: str) -> str | None:
        """The id of the question that this one repeats; None where it is new."""
        if found := self._same.get(plain(question)):
            return found
        own = _said(question)
        for name in self._near.query(_signature(own)):
            if rouge_l(own, self._words[name]) >= self._most and _same_subject(own, self._words[name]):
                return str(name)
        return None

    def add(self, name: str, question: str) -> None:
        """The question counts from now on."""
        self._same.setdefault(plain(question), name)
        if name not in self._words:
            self._words[name] = _said(question)
            self._near.insert(name, _signature(self._words[name]))


def _signature(said: Sequence[str]) -> MinHash:
    found = MinHash(num_perm=_PERMUTATIONS)
    found.update_batch([" ".join(said[at : at + 2]).encode() for at in range(max(1, len(said) - 1))])
    return found


def _same_subject(one: Sequence[str], other: Sequence[str]) -> bool:
    """Each says nothing that the other does not: `estadio II` and `estadio III` are not the same."""
    ours, theirs = set(content(" ".join(one))), set(content(" ".join(other)))
    if _telling(one) != _telling(other):
        return False
    return all(w in heads(theirs) or fold(w)[:5] in heads(theirs) for w in ours - theirs) and all(
        w[:5] in heads(ours) for w in theirs - ours
    )


def _telling(said: Sequence[str]) -> set[str]:
    return {word for word in said if word in _TELLING or any(c.isdigit() for c in word) or len(word) == 1} - _BINDS


_BINDS = frozenset(["y", "e", "o", "u", "a"])
_TELLING = frozenset(["ii", "iii", "iv", "vi", "no", "sin", "con"])
