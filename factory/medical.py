"""Which words belong to medicine, natural medicine included: those that begin with a stem of `medical_stems.txt`."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def _stems() -> dict[int, frozenset[str]]:
    """The stems, by length."""
    lines = Path(__file__).with_name("medical_stems.txt").read_text("utf-8").splitlines()
    stems = {stem for line in lines if not line.startswith("#") for stem in line.split()}
    return {size: frozenset(s for s in stems if len(s) == size) for size in {len(s) for s in stems}}


@cache
def is_medical(word: str) -> bool:
    """A folded word (lower case, no accents) is medical; what it is against is, too (`antiepiléptico`)."""
    bare = word.removeprefix("anti")
    return any(w[:size] in stems for w in {word, bare} for size, stems in _stems().items() if size <= len(w))
