"""MinHash signatures of many texts at once: folding, words, shingles and minima are all vectors.

The scheme is datasketch's `affine32`: a·h + b mod 2³² over hashes mixed by MurmurHash3's finalizer; a test holds our
signatures against `datasketch.MinHash` with the same permutations, and they are equal.
Sources: Broder 1997; Appleby, MurmurHash3 (public domain); Steele et al. 2014, SplitMix; datasketch 2.0.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt

from factory import words
from factory.dedup.compare import SHINGLE

# 42 bands of 3 rows: two texts with a third of their shingles in common meet with probability 0.8, with half 0.996,
# with a hundredth 0.00004. 14 bands of 8 rows, FineWeb's, find 73 % of the true pairs of MEDDOCAN and E3C.
BANDS = 42
ROWS = 3
PERMUTATIONS = BANDS * ROWS
# A signature's row: the minima, then how many shingles they are of.
WIDTH = PERMUTATIONS + 1
# Texts per call: enough that numpy's cost per call vanishes, few enough that the matrix stays in the cache.
_TEXTS = 32
_CHARACTERS = 200_000
_BLOCK = 2048

_PRIME = np.uint64(0x9E3779B97F4A7C15)

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]


@functools.cache
def permutations() -> tuple[U32, U32]:
    """The factors (odd) and terms of every permutation, from SplitMix64: the same for ever, whatever numpy does."""
    state, drawn = 0, []
    for _ in range(2 * PERMUTATIONS):
        state = (state + 0x9E3779B97F4A7C15) % 2**64
        z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        drawn.append((z ^ (z >> 31)) >> 32)
    factors = np.array(drawn[:PERMUTATIONS], dtype=np.uint32) | np.uint32(1)
    return factors, np.array(drawn[PERMUTATIONS:], dtype=np.uint32)


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
    found = words.words_of(texts)
    return _of_words(found.hashes, found.bounds)


def _of_words(hashes: U64, bounds: npt.NDArray[np.int64]) -> tuple[U32, npt.NDArray[np.int64]]:
    """Shingles of words that belong to several texts: text i has hashes[bounds[i]:bounds[i + 1]]."""
    padded = np.concatenate([hashes, np.zeros(2 * SHINGLE, dtype=np.uint64)])
    total = np.zeros(len(hashes) + SHINGLE, dtype=np.uint64)
    for offset in range(SHINGLE):
        total += padded[offset : offset + len(total)] * np.uint64(2 * offset + 3)
    counts = np.maximum(np.diff(bounds) - SHINGLE + 1, 1)
    limits = np.concatenate([[0], np.cumsum(counts)])
    at = np.arange(limits[-1]) + np.repeat(bounds[:-1] - limits[:-1], counts)
    found = total[at]
    for text in np.flatnonzero(np.diff(bounds) < SHINGLE):
        few = hashes[bounds[text] : bounds[text + 1]]
        found[limits[text]] = np.uint64((few * (2 * np.arange(len(few), dtype=np.uint64) + np.uint64(3))).sum())
    found ^= found >> np.uint64(31)
    found *= np.uint64(0x94D049BB133111EB)
    return (found >> np.uint64(32)).astype(np.uint32), limits


def signatures_of(texts: list[str]) -> U32:
    """The MinHash signature of each text and the number of its shingles: shape (texts, WIDTH)."""
    hashes, limits = shingle_hashes(texts)
    mixed = _mixed(hashes)
    a, b = permutations()
    found = np.full((len(texts), WIDTH), 0xFFFFFFFF, dtype=np.uint32)
    found[:, PERMUTATIONS] = np.diff(limits)
    room = np.empty((PERMUTATIONS, _BLOCK), dtype=np.uint32)
    for text in range(len(texts)):
        for start in range(limits[text], limits[text + 1], _BLOCK):
            part = mixed[start : min(start + _BLOCK, limits[text + 1])]
            permuted = room[:, : len(part)]
            np.multiply(a[:, None], part[None, :], out=permuted)
            permuted += b[:, None]
            minima = found[text, :PERMUTATIONS]
            np.minimum(minima, permuted.min(axis=1), out=minima)
    return found


def signatures(texts: Iterable[str]) -> Iterator[U32]:
    """Signatures of a stream of texts, one row (WIDTH,) each, in order."""
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
    """The hash of each band of signatures (n, WIDTH): shape (n, BANDS)."""
    return np.stack([band_hash(signature, band) for band in range(BANDS)], axis=1)


def band_hash(signature: U32, band: int) -> U64:
    """The hash of one band of signatures (n, WIDTH): shape (n,)."""
    rows = signature[:, band * ROWS : (band + 1) * ROWS].astype(np.uint64)
    found = np.zeros(len(rows), dtype=np.uint64)
    for row in range(ROWS):
        found = (found ^ rows[:, row]) * _PRIME
        found ^= found >> np.uint64(32)
    return found


def resemblance(first: U32, second: U32) -> npt.NDArray[np.float64]:
    """The share of equal minima of rows (…, WIDTH): an estimate of the Jaccard similarity, shape (…,)."""
    same: npt.NDArray[np.float64] = (first[..., :PERMUTATIONS] == second[..., :PERMUTATIONS]).mean(axis=-1)
    return same


def greatest_containment(first: U32, second: U32) -> npt.NDArray[np.float64]:
    """The most of the smaller text that may stand in the other, three deviations above the estimate; shape (…,)."""
    estimate = resemblance(first, second)
    jaccard = np.minimum(1, estimate + 3 * np.sqrt(np.maximum(estimate * (1 - estimate), 0.01) / PERMUTATIONS))
    a, b = (one[..., PERMUTATIONS].astype(np.float64) for one in (first, second))
    found: npt.NDArray[np.float64] = jaccard * (a + b) / (1 + jaccard) / np.maximum(1, np.minimum(a, b))
    return found
