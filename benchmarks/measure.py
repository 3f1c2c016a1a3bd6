"""How speeds are measured: peer and ours in turn, after one unmeasured round."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPEATS = 5


def data() -> Path:
    """The shared data. Exits with a sentence where there is none."""
    place = os.environ.get("FACTORY_TEST_DATA")
    if not place or not Path(place).is_dir():
        sys.exit("the benchmarks read the shared data: set FACTORY_TEST_DATA to its folder")
    return Path(place)


def alternate(ours: Callable[[], Any], peer: Callable[[], Any]) -> dict[str, list[float]]:
    """Seconds of each repeat, ours and the peer's in turn, after one unmeasured round."""
    raw: dict[str, list[float]] = {"ours": [], "peer": []}
    for number in range(REPEATS + 1):
        for name, call in (("peer", peer), ("ours", ours)):
            start = time.perf_counter()
            call()
            if number:
                raw[name].append(time.perf_counter() - start)
    return raw
