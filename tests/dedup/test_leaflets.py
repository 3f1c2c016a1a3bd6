"""The dose trap: leaflets with one to three changed doses, units or negations, by a generator that knows no check."""

from __future__ import annotations

import pytest

from factory.dedup.clusters import near_duplicates
from factory.dedup.compare import compare
from tests.plant import leaflets


@pytest.mark.parametrize("seed", range(3))
def test_a_leaflet_with_a_changed_dose_is_never_a_duplicate(seed: int) -> None:
    """A hundred pairs: all kept apart, whichever text would be dropped, though nearly every word is the same."""
    alike = 0
    for pair in leaflets.pairs(seed, 100):
        found = compare(pair.changed, pair.original)
        alike += found.containment > 0.8
        assert near_duplicates({"a": pair.original, "b": pair.changed}) == [], pair.edits
        assert not found.repeats, pair.edits
        assert not compare(pair.original, pair.changed).repeats, pair.edits
    assert alike > 90


def test_a_leaflet_told_again_without_a_medical_change_is_a_duplicate() -> None:
    """Sixteen kinds of harmless change: line breaks, accents lost, headers, ages, years, spelling of units."""
    found = [
        (pair.edits, near_duplicates({"a": pair.original, "b": pair.changed})) for pair in leaflets.harmless(7, 160)
    ]
    assert [edits for edits, clusters in found if not clusters] == []


def test_different_leaflets_are_different() -> None:
    """A hundred leaflets from the same templates: none repeats another."""
    assert near_duplicates({str(i): pair.original for i, pair in enumerate(leaflets.pairs(11, 100))}) == []
