"""The real near duplicates: MEDDOCAN's cases and E3C's, and which of them are the same case."""

from __future__ import annotations

import csv
import json
from pathlib import Path


def texts(data: Path) -> dict[str, str]:
    """Every text of MEDDOCAN (`M:…`) and E3C (`E:…`) by its id."""
    found = {f"M:{f.stem}": f.read_text("utf-8") for f in sorted(data.glob("qa/meddocan/*/*.txt"))}
    found |= {f"E:{f.stem}": f.read_text("utf-8") for f in sorted(data.glob("qa/e3c_es/layer*/*.txt"))}
    found |= {f"E:{f.stem}": json.loads(f.read_bytes())["text"] for f in sorted(data.glob("qa/e3c_es/layer*/*.json"))}
    return found


def pairs(data: Path) -> set[tuple[str, str]]:
    """The true pairs, each as (MEDDOCAN, E3C)."""
    with (data / "neardup/meddocan_vs_e3c_pairs.dev.tsv").open(encoding="utf-8") as file:
        return {(f"M:{row['meddocan_id']}", f"E:{row['e3c_id']}") for row in csv.DictReader(file, delimiter="\t")}
