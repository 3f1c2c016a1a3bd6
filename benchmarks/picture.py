"""`docs/speed.svg`: every figure as a bar beside its limit; `docs/scale.svg`: how what is large grows.

The same bytes for the same records.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.table import Row, number, promised

PICTURE = Path(__file__).parents[1] / "docs/speed.svg"
CURVES = PICTURE.with_name("scale.svg")
# Of each benchmark of growth: what is drawn of its rows, and its name.
GROWING = (
    ("scale_dedup", "first", "cpu", "duplicates: seconds of the processor"),
    ("scale_ledger", "first", "seconds", "receipts read: seconds"),
    ("scale_build", "build", "cpu", "a whole build: seconds of the processor"),
)
GOOD, MISSED, NONE, LIMIT = "#2f7f6f", "#c0392b", "#8a8f98", "#1f2430"


def draw(rows: list[Row], path: Path = PICTURE) -> None:
    """Above the ratios to a peer, below the absolute figures as shares of their limit; more is better in both."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    shown = [row for row in rows if row.value is not None]
    beside = [row for row in shown if row.relative]
    alone = [row for row in shown if not row.relative and row.measure.limit is not None]
    settings = {"svg.hashsalt": "speed", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 9}
    heights = [max(1, len(beside)), max(1, len(alone))]
    with mpl.rc_context(settings):
        figure, (top, bottom) = plt.subplots(
            2,
            1,
            figsize=(10, 1.8 + 0.4 * sum(heights)),
            height_ratios=heights,
            layout="constrained",
            facecolor="white",
        )
        _bars(top, beside)
        top.set_title("times as fast as the peer (its time over ours)", loc="left", fontsize=10)
        _bars(bottom, alone)
        bottom.set_title("absolute figures, as times better than their limit", loc="left", fontsize=10)
        figure.savefig(path, metadata={"Date": None, "Creator": None} if path.suffix == ".svg" else None, dpi=90)
        plt.close(figure)


def _label(row: Row) -> str:
    return row.measure.title.split(" (")[0] + (f"\nbeside {row.measure.peer}" if row.relative else "")


def _length(row: Row) -> float:
    """The ratio to the peer, or how many times better than its limit a figure is."""
    value, limit = row.value or 0.0, row.measure.limit or 1.0
    if row.relative:
        return value
    return limit / max(value, limit / 100) if row.measure.most else value / limit


def _words(row: Row) -> str:
    said = f"{number(row.value or 0.0)} {row.measure.unit}"
    return said + (f" — missed: {promised(row.measure)}" if row.holds is False else "")


def _bars(axes: Any, rows: list[Row]) -> None:
    """Horizontal bars from 1 on a logarithmic axis, the limit of each as a black line."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    places, lengths = range(len(rows)), [_length(row) for row in rows]
    limits = [row.measure.limit if row.relative else 1.0 for row in rows]
    colours = [{True: GOOD, False: MISSED, None: NONE}[row.holds] for row in rows]
    axes.barh(places, [one - 1 for one in lengths], left=1, height=0.62, color=colours)
    for place, row, length, limit in zip(places, rows, lengths, limits, strict=True):
        if limit is not None:
            axes.plot([limit, limit], [place - 0.42, place + 0.42], color=LIMIT, linewidth=2.2)
        axes.text(max(length, limit or 1, 1) * 1.04, place, _words(row), va="center", fontsize=8.5)
    ends = [1.0, *lengths, *(one for one in limits if one)]
    axes.set(xscale="log", xlim=(min(0.5, *ends) * 0.85, max(2, *ends) * 2.2))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g} ×"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(places, [_label(row) for row in rows])
    axes.invert_yaxis()
    axes.axvline(1, color=NONE, linewidth=0.8)
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def curves(records: dict[str, Any], path: Path = CURVES) -> None:
    """Seconds and memory by the number of documents or receipts, and the steepest line that is allowed."""
    found = [(name, *what) for name, *what in GROWING if records.get(name, {}).get("found", {}).get("sizes")]
    if not found:
        return
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    settings = {"svg.hashsalt": "scale", "svg.fonttype": "none", "font.family": "DejaVu Sans", "font.size": 9}
    with mpl.rc_context(settings):
        figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", facecolor="white")
        for number, (name, part, unit, title) in enumerate(found):
            rows = sorted((int(size), row[part]) for size, row in records[name]["found"]["sizes"].items())
            sizes = [size for size, _ in rows]
            colour = (GOOD, LIMIT, NONE)[number]
            left.plot(sizes, [row[unit] for _, row in rows], "o-", color=colour, label=title)
            steep = [rows[0][1][unit] * (size / sizes[0]) ** 1.1 for size in sizes]
            left.plot(
                sizes, steep, ":", color=colour, label="no steeper than this (exponent 1.1)" if not number else None
            )
            right.plot(sizes, [row["peak_gib"] for _, row in rows], "o-", color=colour, label=title.split(":")[0])
        right.axhline(2.0, color=MISSED, linestyle=":", label="limit: 2 GiB")
        for axes, title in ((left, "seconds"), (right, "memory of the largest process, GiB")):
            axes.set_xscale("log")
            axes.set_title(title, loc="left", fontsize=10)
            axes.set_xlabel("documents or receipts")
            axes.grid(visible=True, alpha=0.3)
            axes.legend(fontsize=8, frameon=False)
        left.set_yscale("log")
        figure.savefig(path, metadata={"Date": None, "Creator": None} if path.suffix == ".svg" else None, dpi=90)
        plt.close(figure)
