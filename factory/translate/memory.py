"""The translation memory: what was translated before, the same or near, from files and earlier batches."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from rapidfuzz import fuzz

from factory.errors import ConfigError

Pair = tuple[str, str]
# Units beyond this length are no examples; a memory holds so many pairs at most, the last ones.
_LONGEST, _MOST_PAIRS = 400, 200_000
_EXAMPLES, _NEAR = 3, 60.0
_RARE_WORDS, _POSTINGS = 6, 60
_WORD = re.compile(r"[a-z]{4,}")
_SOURCES, _TARGETS = ("en", "source", "english"), ("es", "target", "spanish")


def pairs_in(data: bytes, name: str) -> list[Pair]:
    """The pairs of a file: JSON lines or TSV with columns en and es (source and target). Raises ConfigError."""
    text = data.decode("utf-8-sig", "replace")
    rows: Iterable[dict[str, object]]
    if text.lstrip()[:1] in ("{", "["):
        try:
            lines = [line for line in text.split("\n") if line.strip()]
            rows = json.loads(text) if text.lstrip()[0] == "[" else [json.loads(line) for line in lines]
        except ValueError as error:
            raise ConfigError(f"{name}: not JSON lines: {error}") from error
    else:
        rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    found = []
    for row in rows:
        folded = {str(k).strip().lower(): v for k, v in row.items()} if isinstance(row, dict) else {}
        source, target = (next((folded[n] for n in names if folded.get(n)), None) for names in (_SOURCES, _TARGETS))
        if isinstance(source, str) and isinstance(target, str):
            found.append((" ".join(source.split()), " ".join(target.split())))
    if not found:
        raise ConfigError(f"{name}: no pair in it; rows have en and es, or source and target")
    return found


class Memory:
    """Pairs by their source: the same, or the nearest ones."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._exact = dict(pairs)
        kept = [pair for pair in self._exact.items() if len(pair[0]) <= _LONGEST][-_MOST_PAIRS:]
        self._pairs = kept
        self._places: dict[str, list[int]] = defaultdict(list)
        self._count: Counter[str] = Counter()
        for place, (source, _) in enumerate(kept):
            for word in set(_WORD.findall(source.lower())):
                self._count[word] += 1
                if self._count[word] <= _POSTINGS:
                    self._places[word].append(place)

    def __len__(self) -> int:
        return len(self._exact)

    def same(self, source: str) -> str | None:
        """The Spanish of exactly this text."""
        return self._exact.get(source)

    def near(self, source: str) -> list[Pair]:
        """Up to three pairs whose source is most like this one, the nearest first."""
        if not self._pairs or len(source) > 2 * _LONGEST:
            return []
        known = sorted(
            (w for w in set(_WORD.findall(source.lower())) if w in self._count), key=lambda w: (self._count[w], w)
        )
        places = sorted({place for word in known[:_RARE_WORDS] for place in self._places[word]})
        scored = ((fuzz.ratio(source, self._pairs[p][0], score_cutoff=_NEAR), -p) for p in places)
        best = sorted((pair for pair in scored if pair[0]), reverse=True)[:_EXAMPLES]
        return [self._pairs[-place] for _, place in best]
