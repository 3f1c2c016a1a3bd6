"""Kills the real command at its so-manieth durable operation, by the hook in tests/hooks, and sweeps over its points."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.command import FACTORY

# FACTORY_SURVIVE=all tries every point of a command, but no more than this.
EVERY = os.environ.get("FACTORY_SURVIVE") == "all"
MOST = 400
# Words on progress come by the clock: the last points may not be reached.
LAST = 12
Record = Callable[[str, object], None]


def crash(
    command: Sequence[str | Path],
    home: Path,
    at: int,
    *,
    inside: Path | None = None,
    cwd: Path | None = None,
    more: dict[str, str] | None = None,
) -> tuple[int, int]:
    """Run `factory …`, killed at durable operation `at` inside a folder (the home); how many there were, how it ended."""
    with tempfile.TemporaryDirectory(prefix="factory-crash-") as folder:
        count = Path(folder) / "count"
        environment = os.environ | (more or {})
        environment |= {
            "FACTORY_HOME": str(home),
            "FACTORY_CRASH_COUNT": str(count),
            "FACTORY_CRASH_AT": str(at),
            "FACTORY_CRASH_HOME": str(inside or home),
        }
        done = subprocess.run(
            [*FACTORY, *map(str, command)], env=environment, capture_output=True, check=False, timeout=600, cwd=cwd
        )
        return count.stat().st_size, done.returncode


def chosen(points: int, most: int) -> list[int]:
    """Every point, or so many of them evenly."""
    if points <= most:
        return list(range(1, points + 1))
    return [1 + n * (points - 1) // most for n in range(most)]


def sweep(mine: list[int], points: int, attempt: Callable[[int], None], record: Record) -> None:
    """Each point of this share is tried, whatever became of the others; the table is told how many held."""
    broken = {}
    for at in mine:
        try:
            attempt(at)
        except AssertionError as wrong:
            broken[at] = str(wrong)
    record("cases", len(mine))
    record("held", len(mine) - len(broken))
    record("points", points)
    assert not broken, "\n\n".join(f"point {at} of {points}: {why}" for at, why in broken.items())
