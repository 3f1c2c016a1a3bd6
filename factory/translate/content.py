"""Whether a translation speaks of what its source speaks of: cognates, names, figures and a small lexicon.

Medicine is Latin in both languages, so that a spelling fold shows most of a sentence's words in the other; what it
cannot show stands in `lexicon.txt`, an English stem and the Spanish stems it becomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from factory.translate.stems import STEM, folded

if TYPE_CHECKING:
    from factory.translate.side import Side


@cache
def _lexicon() -> dict[str, tuple[str, ...]]:
    """English stems and what they become, all folded."""
    lines = Path(__file__).with_name("lexicon.txt").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    found: dict[str, tuple[str, ...]] = {}
    for english, *spanish in rows:
        found[english] = (*found.get(english, ()), *(folded(word)[:6] for word in spanish))
    return found


def _known(word: str) -> tuple[str, ...]:
    """What the lexicon makes of an English word: its longest stem there."""
    lexicon = _lexicon()
    for size in range(len(word), 2, -1):
        if word[:size] in lexicon:
            return lexicon[word[:size]]
    return ()


@cache
def _empty() -> frozenset[str]:
    """English words without content."""
    return frozenset(Path(__file__).with_name("empty.txt").read_text("utf-8").split())


class Cover(NamedTuple):
    """How a source's content words are found in its translation: how many there are, what share, the longest gap."""

    words: int
    share: float
    gap: int


def cover(source: Side, target: Side) -> Cover:
    """What of the source's content words the translation shows."""
    stems = target.stems
    count = hits = gap = run = 0
    for word in source.words:
        candidates = _candidates(word)
        if not candidates:
            continue
        found = not stems.isdisjoint(candidates)
        count += 1
        hits += found
        run = 0 if found else run + 1
        gap = max(gap, run)
    return Cover(count, hits / count if count else 1.0, gap)


@lru_cache(1 << 17)
def _candidates(word: str) -> tuple[str, ...]:
    """What the Spanish of an English word may begin with; nothing for a word without content."""
    if len(word) < 3 or word in _empty():
        return ()
    latin = folded(word)
    return (latin[: max(4, min(STEM, len(latin) - 1))], *_known(word))


# A swapped sentence of 12 content words shows 0.2 of them at most in 95 of 100 cases, a true one 0.3 at least in 99
# (TICO-19, CasiMedicos); long texts of one subject share more. Set with room: other texts have other words.
_LEAST, _MORE, _MOST = 0.13, 0.011, 0.45
# A clause that is missing leaves a gap of words and a short text: (shorter than, words in a row not found).
_GAPS = ((0.92, 4), (0.97, 6), (99.0, 9))
_FROM = 90


def wrong(source: Side, target: Side) -> str | None:
    """What of the content is missing, in a few words; None where nothing is."""
    found = cover(source, target)
    if found.share < _MOST and ("?" in source.text) != ("?" in target.text):
        return "a question on one side only"
    if found.words < 3:
        return None
    if found.share < min(_MOST, _LEAST + _MORE * found.words) and (found.words >= 5 or not found.share):
        return f"{found.share:.0%} of {found.words} content words are found"
    ratio = len(target.text) / max(1, len(source.text))
    limit = next(gap for below, gap in _GAPS if ratio < below)
    if found.gap >= limit and len(source.text) >= _FROM:
        return f"{found.gap} content words in a row are not found"
    return None


def crossed(pairs: Sequence[tuple[Side, Side]]) -> list[int]:
    """Which of several texts stand under each other's number: nothing of their own is found, something of another's is.

    For texts too short for the gate itself: `Symptoms` and `Causes` whose translations changed places.
    """
    found = []
    for at, (source, target) in enumerate(pairs):
        own = cover(source, target)
        if own.words and not own.share and any(cover(source, t).share for i, (_, t) in enumerate(pairs) if i != at):
            found.append(at)
    return found
