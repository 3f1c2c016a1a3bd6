"""MinHash signatures of many texts at once: folding, words, shingles and minima are all vectors.

The permutations are datasketch's `affine32`: a·h + b mod 2³² over hashes mixed by MurmurHash3's finalizer, so that a
signature equals `datasketch.MinHash` over the same shingle hashes (a test compares them).
Sources: Broder 1997; Appleby, MurmurHash3 (public domain); datasketch 2.0 for the scheme.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from factory.dedup.compare import SHINGLE

# 42 bands of 3 rows: two texts with a third of their shingles in common meet with probability 0.8, with half 0.996,
# with a hundredth 0.00004. 14 bands of 8 rows, FineWeb's, find 73 % of the true pairs of MEDDOCAN and E3C.
BANDS = 42
ROWS = 3
PERMUTATIONS = BANDS * ROWS
# Texts per call: enough that numpy's cost per call vanishes, few enough that the matrix stays in the cache.
_TEXTS = 32
_CHARACTERS = 200_000
_BLOCK = 2048

_SEPARATOR, _DELETED = 0, 1
_PRIME = np.uint64(0x9E3779B97F4A7C15)

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


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


@functools.cache
def permutations() -> tuple[U32, U32]:
    """The factors (odd) and terms of every permutation, those of datasketch's default seed."""
    from datasketch import MinHash

    a, b = MinHash(num_perm=PERMUTATIONS, scheme="affine32").permutations
    return np.ascontiguousarray(a, dtype=np.uint32), np.ascontiguousarray(b, dtype=np.uint32)


def _mixed(hashes: U32) -> U32:
    """MurmurHash3's 32-bit finalizer."""
    h = hashes.copy()
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    return h


def shingle_hashes(texts: list[str]) -> tuple[U32, npt.NDArray[np.int64]]:
    """The hashes of every five folded words in a row, and where each text's begin (one more entry than texts).

    A text of fewer words has one shingle of all of them; a text without a word has the one of nothing.
    """
    # A separator between texts, and one more so that every word ends.
    joined = "\n".join(texts) + "\n"
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    edges = np.cumsum([0, *(len(t) + 1 for t in texts)])
    letters = _folded()[np.minimum(codes, 0xFFFF)]
    kept = letters != _DELETED
    if not kept.all():
        edges = np.concatenate([[0], np.cumsum(kept)])[edges]
        letters = letters[kept]
    inside = letters != _SEPARATOR
    change = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).view(np.int8)))
    starts, ends = change[::2], change[1::2]
    words = _word_hashes(letters, starts, ends)
    return _of_words(words, np.searchsorted(starts, edges))


def _word_hashes(letters: U32, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> U64:
    """A polynomial hash of each word, from one running sum over all letters."""
    # The table grows by doubling, so that it is made a few times only.
    up, down = _powers(1 << len(letters).bit_length())
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(letters.astype(np.uint64) * up[: len(letters)])])
    found: U64 = (sums[ends] - sums[starts]) * down[starts]
    found ^= found >> np.uint64(29)
    return found * np.uint64(0xBF58476D1CE4E5B9)


def _of_words(words: U64, bounds: npt.NDArray[np.int64]) -> tuple[U32, npt.NDArray[np.int64]]:
    """Shingles of words that belong to several texts: text i has words[bounds[i]:bounds[i + 1]]."""
    padded = np.concatenate([words, np.zeros(2 * SHINGLE, dtype=np.uint64)])
    total = np.zeros(len(words) + SHINGLE, dtype=np.uint64)
    for offset in range(SHINGLE):
        total += padded[offset : offset + len(total)] * np.uint64(2 * offset + 3)
    counts = np.maximum(np.diff(bounds) - SHINGLE + 1, 1)
    limits = np.concatenate([[0], np.cumsum(counts)])
    at = np.arange(limits[-1]) + np.repeat(bounds[:-1] - limits[:-1], counts)
    found = total[at]
    for text in np.flatnonzero(np.diff(bounds) < SHINGLE):
        few = words[bounds[text] : bounds[text + 1]]
        found[limits[text]] = np.uint64((few * (2 * np.arange(len(few), dtype=np.uint64) + np.uint64(3))).sum())
    found ^= found >> np.uint64(31)
    found *= np.uint64(0x94D049BB133111EB)
    return (found >> np.uint64(32)).astype(np.uint32), limits


def signatures_of(texts: list[str]) -> U32:
    """The MinHash signature of each text: shape (texts, PERMUTATIONS)."""
    hashes, limits = shingle_hashes(texts)
    mixed = _mixed(hashes)
    a, b = permutations()
    found = np.full((len(texts), PERMUTATIONS), 0xFFFFFFFF, dtype=np.uint32)
    room = np.empty((PERMUTATIONS, _BLOCK), dtype=np.uint32)
    for text in range(len(texts)):
        for start in range(limits[text], limits[text + 1], _BLOCK):
            part = mixed[start : min(start + _BLOCK, limits[text + 1])]
            permuted = room[:, : len(part)]
            np.multiply(a[:, None], part[None, :], out=permuted)
            permuted += b[:, None]
            np.minimum(found[text], permuted.min(axis=1), out=found[text])
    return found


def signatures(texts: Iterable[str]) -> Iterator[U32]:
    """Signatures of a stream of texts, one row (PERMUTATIONS,) each, in order."""
    stream = iter(texts)
    while batch := _batch(stream):
        yield from signatures_of(batch)


def _batch(stream: Iterator[str]) -> list[str]:
    found: list[str] = []
    size = 0
    for text in islice(stream, _TEXTS):
        found.append(text)
        size += len(text)
        if size > _CHARACTERS:
            break
    return found


def band_hashes(signature: U32) -> U64:
    """The hash of each band of signatures (n, PERMUTATIONS): shape (n, BANDS)."""
    rows = signature.reshape(-1, BANDS, ROWS).astype(np.uint64)
    found = np.zeros(rows.shape[:2], dtype=np.uint64)
    for row in range(ROWS):
        found = (found ^ rows[:, :, row]) * _PRIME
        found ^= found >> np.uint64(32)
    return found


def resemblance(first: U32, second: U32) -> float:
    """The share of equal minima: an estimate of the Jaccard similarity of two texts."""
    return float((first == second).mean())
