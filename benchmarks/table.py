"""Records of benchmarks → rows, one line each, and `docs/speed.md`."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import Benchmark, Measure, Result, at, lacking

TIMES = "×"  # the peer's time over ours
PAGE = Path(__file__).parents[1] / "docs/speed.md"

INTRODUCTION = """# Speed

Written by `make bench` (`python -m benchmarks.run`); not by hand.

What the issues promise of speed, each beside a peer: the library that does the bare work, called directly. Peer and
ours take turns in one process, five times (training: seven) after one round that is not counted, over real texts of the
shared data or over loopback servers. The figure is the ratio of the medians, the peer's time over ours: 2 means twice
as fast, 0.91 an overhead of 10 %. In brackets stand the lowest and the highest of the single rounds; all of them are in
`benchmarks/results/all.json`. Where no peer does the same work the figure is absolute, and depends on the machine.
Gates of a translation, personal data, decontamination and training count processor seconds, all else the clock's.

A limit is never changed to fit a figure. What missed its limit is listed, and so is what was not run.
"""


@dataclass(frozen=True)
class Row:
    """A measure beside its limit; `missing`: why there is no figure."""

    name: str
    measure: Measure
    date: str = ""
    value: float | None = None
    ours: float | None = None
    peer: float | None = None
    spread: tuple[float, float] | None = None
    missing: str = ""

    @property
    def relative(self) -> bool:
        return self.measure.unit == TIMES

    @property
    def ratio(self) -> float | None:
        return None if self.ours is None or self.peer is None else self.peer / self.ours

    @property
    def holds(self) -> bool | None:
        """Whether the limit was kept; None where there is no figure or no limit."""
        limit = self.measure.limit
        if self.value is None or limit is None:
            return None
        return self.value <= limit if self.measure.most else self.value >= limit


def rows(benchmarks: Mapping[str, Benchmark], records: Mapping[str, Result]) -> list[Row]:
    """A row for each measure of each benchmark, in their order."""
    return [_row(name, one, m, records.get(name)) for name, one in benchmarks.items() for m in one.measures]


def _row(name: str, benchmark: Benchmark, measure: Measure, record: Result | None) -> Row:
    if record is None:
        why = lacking(benchmark) or (f"{benchmark.long}: only where it is named" if benchmark.long else "not asked for")
        return Row(name, measure, missing=why)
    if "failed" in record:
        return Row(name, measure, record["date"], missing=record["failed"])
    found = record["found"]
    value = at(found, measure.value)
    if value is None:
        return Row(name, measure, record["date"], missing=f"its result has no {measure.value}")
    raw = at(found, measure.raw)
    if isinstance(raw, dict):
        ours, peer = (statistics.median(raw[side]) for side in ("ours", "peer"))
    else:
        ours = peer = None
    return Row(name, measure, record["date"], value, ours, peer, _spread(measure, value, raw))


def _spread(measure: Measure, value: float, raw: Any) -> tuple[float, float] | None:
    """The figure in the worst and in the best single round."""
    if isinstance(raw, dict) and measure.unit == TIMES:
        found = [peer / ours for ours, peer in zip(raw["ours"], raw["peer"], strict=True)]
    elif raw:
        seconds = raw["ours"] if isinstance(raw, dict) else raw
        middle = statistics.median(seconds)
        found = [value * (middle / s if measure.unit.endswith("/s") else s / middle) for s in seconds]
    else:
        return None
    return min(found), max(found)


def judged(row: Row) -> Result:
    """The row as it stands in the JSON."""
    m = row.measure
    named = {"title": m.title, "peer": m.peer, "unit": m.unit, "limit": m.limit, "limit_is": _kind(m)}
    return named | {"value": row.value, "ratio": row.ratio, "spread": row.spread, "holds": row.holds}


def _kind(measure: Measure) -> str:
    return "most" if measure.most else "least"


def number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def promised(measure: Measure) -> str:
    if measure.limit is None:
        return f"none: {measure.why}"
    return f"{'≤' if measure.most else '≥'} {number(measure.limit)} {measure.unit}"


def verdict(row: Row) -> str:
    if row.missing:
        return f"not run: {row.missing}"
    return {None: "no limit", True: "yes", False: "**missed**"}[row.holds]


def figure(row: Row) -> str:
    """Ours: the seconds where a peer runs beside, else the figure in its unit."""
    if row.value is None:
        return "—"
    if row.relative:
        return f"{number(row.ours)} s" if row.ours is not None else "—"
    return f"{number(row.value)} {row.measure.unit}{_brackets(row)}"


def ratio(row: Row) -> str:
    if row.relative and row.value is not None:
        return f"{number(row.value)} ×{_brackets(row)}"
    return f"{number(row.ratio)} ×" if row.ratio is not None else "—"


def _brackets(row: Row) -> str:
    return f" ({number(row.spread[0])}–{number(row.spread[1])})" if row.spread else ""


def beside(row: Row) -> str:
    """The peer, and its seconds."""
    return row.measure.peer + (f": {number(row.peer)} s" if row.peer is not None else "")


def line(row: Row) -> str:
    """A row for the terminal."""
    said = row.measure.title, ratio(row) if row.relative else figure(row), promised(row.measure), verdict(row)
    return f"{row.name}: " + " · ".join(one.replace("**", "") for one in said)


def table(found: list[Row]) -> str:
    """The rows as Markdown."""
    head = ("what", "ours", "peer", "ratio", "limit", "holds", "date")
    cells = [
        (
            f"{r.measure.title} (`{r.name}`)",
            figure(r),
            beside(r),
            ratio(r),
            promised(r.measure),
            verdict(r),
            r.date or "—",
        )
        for r in found
    ]
    lines = [head, ("---", "---:", "---", "---:", "---", "---", "---"), *cells]
    return "".join(f"| {' | '.join(one)} |\n" for one in lines)


def page(found: list[Row], records: Mapping[str, Result]) -> str:
    """The whole document."""
    missed = [r for r in found if r.holds is False]
    absent = [r for r in found if r.missing]
    kept = sum(r.holds is True for r in found)
    said = (
        f"Of {len(found)} figures {kept} keep their limit and {len(missed)} miss it; {len(absent)} were not measured.\n"
    )
    parts = [INTRODUCTION, _machines(records), said]
    parts.append("![The ratio to the peer, or to the limit, of every figure; the limits are marked](speed.svg)\n")
    parts.append(table(found))
    if missed:
        parts += ["## Missed\n", "".join(f"- {_missed(r, records[r.name])}\n" for r in missed)]
    if absent:
        parts += ["## Not run\n", "".join(f"- {r.measure.title} (`{r.name}`): {r.missing}.\n" for r in absent)]
    return "\n".join(parts)


def _missed(row: Row, record: Result) -> str:
    value = f"{ratio(row)} of {row.measure.peer}" if row.relative else figure(row)
    load, cores = record["machine"]["load"], record["machine"]["cores"]
    said = f"{row.measure.title} (`{row.name}`): {value}, promised {promised(row.measure)}"
    return f"{said}; the load was {load} on {cores} cores when it began."


def _machines(records: Mapping[str, Result]) -> str:
    """Where and how busy: a machine whose load is above zero had other work beside the figures."""
    machines = [one["machine"] for one in records.values() if "machine" in one]
    if not machines:
        return "Nothing was measured yet.\n"
    places = sorted({f"{m['cores']} cores, Python {m['python']}" for m in machines})
    commits = sorted({one["commit"] for one in records.values() if "commit" in one})
    loads = [m["load"] for m in machines]
    busy = max(loads) >= 1
    said = f"Machine: {'; '.join(places)}. Code: {', '.join(commits)}."
    said += f" The load when each began: {min(loads)} to {max(loads)}"
    tail = ": **other work ran beside**, so absolute figures are too low and ratios are noisy" if busy else ""
    return f"{said}{tail}.\n"
