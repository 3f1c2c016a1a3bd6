"""How speeds are measured: peer and ours in turn, after one unmeasured round; and what one of them promises."""

from __future__ import annotations

import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPEATS = 5
ABSOLUTE = "none: absolute"
Result = dict[str, Any]


@dataclass(frozen=True)
class Measure:
    """One promised speed; `value` and `raw` are places in what the benchmark returns, keys joined by dots."""

    title: str
    value: str
    unit: str
    limit: float | None
    peer: str = ABSOLUTE
    most: bool = False  # the limit is the most that is allowed; else the least
    raw: str = "raw_seconds"
    why: str = ""  # why there is no limit


@dataclass(frozen=True)
class Benchmark:
    """What is run, what of it was promised, and what it needs of the machine."""

    run: Callable[[], Result]
    measures: tuple[Measure, ...]
    needs: tuple[str, ...] = ("data",)
    long: str = ""  # why it is run only where it is named


def at(found: Result, place: str) -> Any:
    """What stands at a place such as `clinical.raw_seconds`; None where nothing does."""
    value: Any = found
    for key in place.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def data() -> Path:
    """The shared data. Exits with a sentence where there is none."""
    place = os.environ.get("FACTORY_TEST_DATA")
    if not place or not Path(place).is_dir():
        sys.exit("the benchmarks read the shared data: set FACTORY_TEST_DATA to its folder")
    return Path(place)


def alternate(ours: Callable[[], Any], peer: Callable[[], Any], repeats: int = REPEATS) -> dict[str, list[float]]:
    """Seconds of each repeat, ours and the peer's in turn, after one unmeasured round."""
    return in_turn(lambda: timed(ours), lambda: timed(peer), repeats)


def in_turn(ours: Callable[[], float], peer: Callable[[], float], repeats: int = REPEATS) -> dict[str, list[float]]:
    """As `alternate`, of calls that say their seconds themselves."""
    raw: dict[str, list[float]] = {"ours": [], "peer": []}
    for number in range(repeats + 1):
        for name, call in (("peer", peer), ("ours", ours)):
            seconds = call()
            if number:
                raw[name].append(seconds)
    return raw


def timed(call: Callable[[], Any]) -> float:
    """The seconds that a call took."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def compared(raw: dict[str, list[float]]) -> Result:
    """The ratio is the peer's median time over ours: 0.91 is an overhead of 10 %."""
    return {"ratio": statistics.median(raw["peer"]) / statistics.median(raw["ours"]), "raw_seconds": raw}


def _data_lacks() -> str:
    place = os.environ.get("FACTORY_TEST_DATA")
    return "" if place and Path(place).is_dir() else "no shared data: set FACTORY_TEST_DATA"


def _tesseract_lacks() -> str:
    program = shutil.which("tesseract")
    if program is None:
        return "no tesseract"
    said = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False).stdout
    return "" if "spa" in said.split() else "tesseract has no Spanish"


def _vllm_lacks() -> str:
    from factory.server import vllm_python

    return "" if vllm_python() else "no vLLM: make vllm"


def _module_lacks(name: str, extra: str) -> str:
    return "" if importlib.util.find_spec(name) else f"no {name}: pip install '.[{extra}]'"


# What a benchmark may need → why this machine cannot give it, or nothing.
LACKING: dict[str, Callable[[], str]] = {
    "data": _data_lacks,
    "tesseract": _tesseract_lacks,
    "vllm": _vllm_lacks,
    "faster_whisper": lambda: _module_lacks("faster_whisper", "speech"),
    "trl": lambda: _module_lacks("trl", "train"),
}


def lacking(benchmark: Benchmark) -> str:
    """Why the benchmark cannot run on this machine; empty where it can."""
    return "; ".join(filter(None, (LACKING[name]() for name in benchmark.needs)))
