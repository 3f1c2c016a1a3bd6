"""What benchmarks/scale.py measures, as one number for each limit."""

from __future__ import annotations

from pathlib import Path

from benchmarks import scale
from benchmarks.measure import Result

SIZES = [10_000, 100_000, 1_000_000]
OUT = Path(__file__).parent / "results/scale"


def build() -> Result:
    """A build of each size, and an added batch."""
    OUT.mkdir(parents=True, exist_ok=True)
    found = scale.build(SIZES, OUT)
    rows = found["sizes"].values()
    share = found["sizes"][str(max(SIZES))]["added"]["share"]
    return found | {"peak_gib": max(row["build"]["peak_gib"] for row in rows), "added_share": share}


def ledger() -> Result:
    """`factory status` over receipts of each size."""
    OUT.mkdir(parents=True, exist_ok=True)
    found = scale.ledger(SIZES, OUT)
    return found | {"peak_gib": max(row["first"]["peak_gib"] for row in found["sizes"].values())}


def dedup() -> Result:
    """The stage that finds duplicates alone, over Documents that were written without being cleaned."""
    OUT.mkdir(parents=True, exist_ok=True)
    found = scale.dedup(SIZES, OUT)
    peak = max(row[batch]["peak_gib"] for row in found["sizes"].values() for batch in ("first", "added"))
    return found | {"peak_gib": peak, "added_share": found["sizes"][str(max(SIZES))]["share"]}
