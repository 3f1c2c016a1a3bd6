"""The folded words of many texts at once, as 64-bit hashes: what dedup and decontamination compare.

Folding: lower case, no accents, ñ as n; words are runs of letters and digits. All of it is table look-ups and running
sums over arrays, some twenty times faster than a regular expression.
"""

from __future__ import annotations

import functools
import unicodedata
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]

_SEPARATOR, _DELETED = 0, 1
_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Words(NamedTuple):
    """The words of several texts in a row: text i has those of `bounds[i]:bounds[i + 1]`.

    `starts` and `ends` are characters of the texts joined by one separator each, the first text at 0.
    """

    hashes: U64
    starts: I64
    ends: I64
    bounds: I64


@functools.cache
def _folded() -> U32:
    """For each character of the BMP its lower-case base letter; 0 for what parts words, 1 for combining marks.

    Characters beyond the BMP (emoji, mathematical letters) part words.
    """
    table = np.zeros(0x10000, dtype=np.uint32)
    for code in range(0x10000):
        char = chr(code)
        if unicodedata.combining(char):
            table[code] = _DELETED
        elif char.isalnum():
            base = unicodedata.normalize("NFD", char.casefold())[0]
            table[code] = ord(base) if ord(base) < 0x10000 else code
    return table


@functools.cache
def _powers(size: int) -> tuple[U64, U64]:
    """Powers of an odd number modulo 2⁶⁴ and of its inverse."""
    inverse = np.uint64(pow(int(_PRIME), -1, 2**64))
    up = np.ones(size, dtype=np.uint64)
    down = np.ones(size, dtype=np.uint64)
    up[1:], down[1:] = _PRIME, inverse
    return np.cumprod(up), np.cumprod(down)


def words_of(texts: list[str]) -> Words:
    """The words of each text."""
    joined = "\n".join(texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    edges = np.cumsum([0, *(len(t) + 1 for t in texts)])
    letters = _folded()[np.minimum(codes, 0xFFFF)]
    kept = letters != _DELETED
    places = None
    if not kept.all():
        edges = np.concatenate([[0], np.cumsum(kept)])[edges]
        letters, places = letters[kept], np.flatnonzero(kept)
    inside = letters != _SEPARATOR
    change = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).view(np.int8)))
    starts, ends = change[::2], change[1::2]
    hashes = _hashed(letters, starts, ends)
    bounds = np.searchsorted(starts, edges)
    if places is not None:
        starts, ends = places[starts], places[ends - 1] + 1
    return Words(hashes, starts, ends, bounds)


def _hashed(letters: U32, starts: I64, ends: I64) -> U64:
    """A polynomial hash of each word, from one running sum over all letters."""
    # The table grows by doubling, so that it is made a few times only.
    up, down = _powers(1 << len(letters).bit_length())
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(letters.astype(np.uint64) * up[: len(letters)])])
    found: U64 = (sums[ends] - sums[starts]) * down[starts]
    found ^= found >> np.uint64(29)
    return found * np.uint64(0xBF58476D1CE4E5B9)
