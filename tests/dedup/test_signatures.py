"""Signatures: equal to datasketch's, the same however texts are batched, and blind to what folding hides."""

from __future__ import annotations

import hashlib
import unicodedata

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.dedup.signatures import (
    BANDS,
    PERMUTATIONS,
    band_hashes,
    permutations,
    resemblance,
    shingle_hashes,
    signatures,
    signatures_of,
)

LONG = "La manzanilla (Matricaria chamomilla L.) se usa en infusión: una cucharadita por taza, tres veces al día. " * 3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_a_signature_equals_datasketchs_over_the_same_shingles(texts: list[str]) -> None:
    """An independent implementation of the scheme agrees, for any text."""
    hashes, limits = shingle_hashes(texts)
    for number, row in enumerate(signatures_of(texts)):
        peer = MinHash(PERMUTATIONS, scheme="affine32", hashfunc=int, permutations=permutations())
        peer.update_batch([int(h) for h in hashes[limits[number] : limits[number + 1]]])
        assert (peer.hashvalues == row[:PERMUTATIONS]).all()
        assert row[PERMUTATIONS] == limits[number + 1] - limits[number]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_shingles_do_not_depend_on_the_neighbours(texts: list[str]) -> None:
    """A text has as many shingles as runs of five words, and the same ones alone as among others."""
    hashes, limits = shingle_hashes(texts)
    for number, text in enumerate(texts):
        alone, _ = shingle_hashes([text])
        assert (hashes[limits[number] : limits[number + 1]] == alone).all()
        folded = "".join(c for c in text if not unicodedata.combining(c))
        words = "".join(c if c.isalnum() and c < "\U00010000" else " " for c in folded).split()
        assert len(alone) == max(1, len(words) - 4)


@pytest.mark.parametrize(
    "other",
    [LONG.upper(), LONG.replace(" ", "\n"), unicodedata.normalize("NFD", LONG), LONG.replace("ó", "o"), "—" + LONG],
)
def test_case_accents_and_blanks_change_nothing(other: str) -> None:
    """What a second scan of one page changes leaves the signature as it was."""
    assert (signatures_of([LONG]) == signatures_of([other])).all()


def test_a_number_changes_the_signature() -> None:
    """Numbers are kept: leaflets that differ in their doses differ in their signatures."""
    first, second = signatures_of([LONG, LONG.replace("tres", "3")])
    assert 0.2 < resemblance(first, second) < 1


def test_signatures_stay_the_same_from_version_to_version() -> None:
    """The digest of one signature: an index that is on disk must stay readable."""
    row = next(signatures([LONG]))
    bands = band_hashes(row[None, :])
    assert bands.shape == (1, BANDS)
    digest = hashlib.sha256(row.tobytes() + bands.tobytes()).hexdigest()[:16]
    assert digest == "4b0bb117dca51a4d"


def test_the_estimate_is_the_jaccard_similarity() -> None:
    """Over texts with a known share of shingles the mean estimate is near the truth."""
    errors = []
    for seed in range(40):
        a = [f"s{seed}p{i}" for i in range(200)]
        b = a[:120] + [f"s{seed}q{i}" for i in range(80)]
        first, second = signatures_of([" ".join(a), " ".join(b)])
        errors.append(resemblance(first, second) - 116 / (196 + 196 - 116))
    assert abs(float(np.mean(errors))) < 0.03
