"""How a build grows: documents in, seconds and memory of each stage out, and what an added batch costs.

    python -m benchmarks.scale build --sizes 10000,100000,1000000 --out runs/scale
    python -m benchmarks.scale ledger --sizes 10000,100000,1000000 --out runs/scale

Documents are synthesised from the real Spanish texts of the shared data: sentences of theirs in which two words of five
give way to others of the same texts, so that a million are as different as a million real ones; one in fifty is an
earlier one with a few words changed. Everything runs through the real command; figures are kept as JSON.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import data

ROWS_PER_FILE, ADDED = 1000, 1000
SENTENCES, CHANGED, COPIES = 4, 0.4, 50
# How much slower a hundred times as much may be than a hundred times as slow: the exponent of size.
MOST_SLOPE, MOST_MEMORY_GIB, MOST_ADDED = 1.1, 2.0, 0.02
_SEEN_SECONDS = 0.05


def sentences() -> list[list[str]]:
    """The sentences of the real texts, as words."""
    found = []
    for path in sorted((data() / "qa/meddocan").rglob("*.txt")):
        found += re.split(r"(?<=[.])\s+", path.read_text("utf-8"))
    for path in sorted((data() / "html/nci_pdq/es").glob("*.html")):
        text = re.sub(
            r"<[^>]+>", " ", re.sub(r"<(script|style).*?</\1>", " ", path.read_text("utf-8"), flags=re.DOTALL)
        )
        found += re.split(r"(?<=[.])\s+", re.sub(r"\s+", " ", text))
    words = [one.split() for one in found]
    return [one for one in words if 12 <= len(one) <= 40 and sum(w.isalpha() for w in one) > 0.7 * len(one)]


def texts(count: int, seed: int) -> Iterator[str]:
    """So many documents, the same for the same seed."""
    pool, chance = sentences(), random.Random(seed)
    words = [word for one in pool for word in one if word.isalpha() and word.islower()]
    last: list[str] = []
    for number in range(count):
        if number % COPIES == COPIES - 1:
            parts = last[chance.randrange(len(last))].split()
            for _ in range(3):
                parts[chance.randrange(len(parts))] = chance.choice(words)
            yield " ".join(parts)
            continue
        made = []
        for _ in range(SENTENCES):
            one = chance.choice(pool)
            made.append(" ".join(chance.choice(words) if w.islower() and chance.random() < CHANGED else w for w in one))
        text = " ".join(made)
        last = [*last[-200:], text]
        yield text


def build(sizes: list[int], out: Path) -> dict[str, Any]:
    """Each size: a home, its build by the real command, and an added batch."""
    found: dict[str, Any] = {"sizes": {}, "limits": {"slope": MOST_SLOPE, "memory_gib": MOST_MEMORY_GIB}}
    for size in sizes:
        home = out / f"home-{size}"
        shutil.rmtree(home, ignore_errors=True)
        rows = out / "rows"
        row: dict[str, Any] = {}
        ingested = _measured(home, _take(rows, texts(size, 1)))
        built = _measured(home, ["build", "medical_es", "-q", "--json"])
        row |= {"ingest": ingested, "build": built, "stages": _stages(home)}
        more = _measured(home, _take(rows, texts(ADDED, 2)))
        again = _measured(home, ["build", "medical_es", "-q", "--json"])
        row |= {"added": {"ingest": more, "build": again, "share": again["seconds"] / built["seconds"]}}
        row["bytes"] = sum(one.stat().st_size for one in home.rglob("*") if one.is_file())
        found["sizes"][str(size)] = row
        print(size, json.dumps(row), flush=True)
        shutil.rmtree(home)
        shutil.rmtree(rows)
        (out / "build.json").write_text(json.dumps(found | _slopes(found["sizes"], "build"), indent=1))
    return found | _slopes(found["sizes"], "build")


def _take(rows: Path, documents: Iterator[str]) -> list[str]:
    """Writes them as files of rows and says how they are taken in."""
    shutil.rmtree(rows, ignore_errors=True)
    rows.mkdir(parents=True)
    part: list[str] = []
    number = 0
    for text in documents:
        part.append(json.dumps({"text": text}, ensure_ascii=False))
        if len(part) == ROWS_PER_FILE:
            (rows / f"{number:05d}.jsonl").write_text("\n".join(part))
            part, number = [], number + 1
    return ["ingest", str(rows), "--source", "m", "--tradition", "conventional", "--licence", "CC-BY-4.0", "-q"]


def _stages(home: Path) -> dict[str, float]:
    """Seconds of each stage of the first batch."""
    runs = sorted(home.glob("stages/medical_es/*/0001/run.json"))
    return {one.parts[-3].split("-")[1]: json.loads(one.read_text())["seconds"] for one in runs}


def ledger(sizes: list[int], out: Path) -> dict[str, Any]:
    """Each size: so many receipts, read for the first time and once more by `factory status`."""
    found: dict[str, Any] = {"sizes": {}, "limits": {"slope": MOST_SLOPE, "memory_gib": MOST_MEMORY_GIB}}
    for size in sizes:
        home = out / f"ledger-{size}"
        shutil.rmtree(home, ignore_errors=True)
        one = out / "one.txt"
        one.write_text(next(texts(1, 3)))
        asked = ("--source", "m", "--tradition", "conventional", "--licence", "CC-BY-4.0", "-q")
        _measured(home, ["ingest", str(one), *asked])
        receipt = json.loads(next(home.glob("receipts/m/*.json")).read_text())
        for number in range(size):
            sha = f"{number:064x}"
            named = {"sha256": sha, "name": f"{number}.txt", "address": f"https://example.org/{number}"}
            (home / f"receipts/m/20260101T000000{number:06d}-{sha[-16:]}.json").write_text(json.dumps(receipt | named))
        first = _measured(home, ["status", "--json"])
        again = _measured(home, ["status", "--json"])
        plan = _measured(home, ["build", "medical_es", "--dry-run", "--json"])
        found["sizes"][str(size)] = {"first": first, "again": again, "plan": plan}
        print(size, json.dumps(found["sizes"][str(size)]), flush=True)
        shutil.rmtree(home)
        (out / "ledger.json").write_text(json.dumps(found | _slopes(found["sizes"], "first"), indent=1))
    return found | _slopes(found["sizes"], "first")


def _measured(home: Path, command: list[str]) -> dict[str, float]:
    """Seconds, and the largest process of the command's tree in GiB."""
    import psutil

    started = time.perf_counter()
    env = os.environ | {"FACTORY_HOME": str(home)}
    child = psutil.Popen([sys.executable, "-m", "factory", *command], env=env, stdout=subprocess.DEVNULL)
    peak = 0
    while child.poll() is None:
        for process in [child, *child.children(recursive=True)]:
            try:
                peak = max(peak, process.memory_full_info().uss)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        time.sleep(_SEEN_SECONDS if time.perf_counter() - started < 30 else 0.5)
    if child.returncode not in (0, 3):
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return {"seconds": round(time.perf_counter() - started, 2), "peak_gib": round(peak / 2**30, 3)}


def _slopes(rows: dict[str, Any], name: str) -> dict[str, Any]:
    """The exponent of growth between neighbours and over all: 1 is linear."""
    sizes = sorted(int(size) for size in rows)
    seconds = [rows[str(size)][name]["seconds"] for size in sizes]
    pairs = list(zip(sizes, seconds, strict=True))
    steps = [math.log(late[1] / early[1]) / math.log(late[0] / early[0]) for early, late in itertools.pairwise(pairs)]
    whole = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else None
    return {"slope": whole, "slopes": steps}


def main() -> None:
    """Run one of both and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["build", "ledger"])
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--out", default="runs/scale")
    given = parser.parse_args()
    out = Path(given.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in given.sizes.split(",")]
    found = (build if given.what == "build" else ledger)(sizes, out)
    print(json.dumps({name: found[name] for name in ("slope", "slopes")}))


if __name__ == "__main__":
    main()
