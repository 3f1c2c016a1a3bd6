"""How a build grows: documents in, seconds and memory of each stage out, and what an added batch costs.

    python -m benchmarks.scale build --sizes 10000,100000,1000000 --out runs/scale
    python -m benchmarks.scale dedup --sizes 10000,100000,1000000 --out runs/scale
    python -m benchmarks.scale ledger --sizes 10000,100000,1000000 --out runs/scale

Documents are synthesised from the real Spanish texts of the shared data: sentences of theirs in which two words of five
give way to others of the same texts, so that a million are as different as a million real ones; one in fifty is an
earlier one with a few words changed. `build` and `ledger` run the real command; `dedup` the real stage, worker and
books, over Documents that were written without being cleaned, which takes an hour less at a million. Figures are kept
as JSON; seconds of CPU are given besides those of the clock, for a machine that is not alone.
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


def dedup(sizes: list[int], out: Path) -> dict[str, Any]:
    """Each size: the stage that finds duplicates, in a process of its own, and the same for an added batch."""
    found: dict[str, Any] = {"sizes": {}, "limits": {"slope": MOST_SLOPE, "memory_gib": MOST_MEMORY_GIB}}
    for size in sizes:
        home = out / f"dedup-{size}"
        shutil.rmtree(home, ignore_errors=True)
        row: dict[str, Any] = {"write": _watched([sys.executable, "-m", __spec__.name, "write", str(home), f"{size}"])}
        for batch in ("first", "added"):
            row[batch] = _watched([sys.executable, "-m", __spec__.name, batch, str(home), str(size)])
        row["share"] = row["added"]["cpu"] / (row["write"]["cpu"] + row["first"]["cpu"])
        row["index_bytes"] = sum(one.stat().st_size for one in home.rglob("index/*"))
        row["kept"] = {
            one.parent.name: json.loads(one.read_text())["out"] for one in home.rglob("03-*/*/manifest.json")
        }
        found["sizes"][str(size)] = row
        print(size, json.dumps(row), flush=True)
        shutil.rmtree(home)
        (out / "dedup.json").write_text(json.dumps(found | _slopes(found["sizes"], "first", "cpu"), indent=1))
    return found | _slopes(found["sizes"], "first", "cpu")


class _Silent:
    def advance(self, count: int) -> None: ...
    def engine(self, table: dict[str, Any]) -> None: ...
    def check(self) -> None: ...
    def say(self, sentence: str) -> None: ...


def _contexts(home: Path) -> list[Any]:
    """Where the two batches are: their clean Documents, and their duplicates."""
    from factory.stage import Context

    folders = [(f"stages/medical_es/02-clean-x/{n}", f"stages/medical_es/03-dedup-x/{n}") for n in ("0001", "0002")]
    return [
        Context(str(home), "medical_es", clean[-4:], 1, None, dups, clean, tuple(d for _, d in folders[:number]))
        for number, (clean, dups) in enumerate(folders)
    ]


def _write(home: Path, size: int) -> None:
    """Both batches as the stage before leaves them: Documents in the order of their ids, and signatures."""
    import dataclasses

    from datatrove.data import Document

    from factory.books import Items, Rejected, Sink
    from factory.dedup.near import Signatures
    from factory.record import Metadata, sha256
    from factory.store import open_store

    store = open_store(str(home))
    for context, count, seed in zip(_contexts(home), (size, ADDED), (1, 2), strict=True):

        def documents(count: int = count, seed: int = seed) -> Iterator[Document]:
            for number, text in enumerate(texts(count, seed)):
                identity = f"{seed}{number:09d}aaaaaaaaaaaaaa-0"
                span = {"start": 0, "end": len(text), "role": "body"}
                metadata = Metadata(
                    work_id=identity, item_id=identity[:-2], text_sha256=sha256(text), spans=[span],
                    title=f"Caso {number}", source_id="m", source_kind="dataset", raw_sha256="0" * 64, part="0",
                    language="es", licence="CC-BY-4.0", tradition="conventional", split="train", removed={}, notes=[],
                    parallel_titles=[],
                )  # fmt: skip
                yield Document(text=text, id=identity, metadata={**metadata, "content_sha256": sha256(text)})

        clean = dataclasses.replace(context, folder=context.previous)
        sink = Sink(store, clean.folder, Rejected(store.path(clean.folder)), Items(clean.folder))
        for _ in sink.run(Signatures(clean).run(documents())):
            continue


def _stage(home: Path, number: int) -> None:
    """The stage that finds duplicates, as a build runs it, books and manifest included."""
    from factory.build import recipe_config
    from factory.config import Executor
    from factory.executors import run_stage
    from factory.stage import balance, commit, recipe_module
    from factory.store import open_store

    store, context, config = open_store(str(home)), _contexts(home)[number], recipe_config("medical_es")
    stage = recipe_module("medical_es").stages(config, context)[2]
    run_stage(store, context, config, 2, 1, Executor(), _Silent())
    commit(store, context.folder, balance(store, stage, context, []), {})


def _measured(home: Path, command: list[str]) -> dict[str, float]:
    """What a command of ours takes."""
    return _watched([sys.executable, "-m", "factory", *command], FACTORY_HOME=str(home))


def _watched(command: list[str], **environment: str) -> dict[str, float]:
    """Seconds, those of the CPU, and the memory that the largest process of the tree has for itself, in GiB."""
    import psutil

    started, spent = time.perf_counter(), sum(os.times()[2:4])
    child = psutil.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL)
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
    seconds, cpu = time.perf_counter() - started, sum(os.times()[2:4]) - spent
    return {"seconds": round(seconds, 2), "cpu": round(cpu, 2), "peak_gib": round(peak / 2**30, 3)}


def _slopes(rows: dict[str, Any], name: str, what: str = "seconds") -> dict[str, Any]:
    """The exponent of growth between neighbours and over all: 1 is linear."""
    sizes = sorted(int(size) for size in rows)
    seconds = [rows[str(size)][name][what] for size in sizes]
    pairs = list(zip(sizes, seconds, strict=True))
    steps = [math.log(late[1] / early[1]) / math.log(late[0] / early[0]) for early, late in itertools.pairwise(pairs)]
    whole = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else None
    return {"slope": whole, "slopes": steps}


def main() -> None:
    """Run one of them and say what came of it."""
    if sys.argv[1:2] in (["write"], ["first"], ["added"]):
        kind, home, size = sys.argv[1:]
        _write(Path(home), int(size)) if kind == "write" else _stage(Path(home), int(kind == "added"))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["build", "dedup", "ledger"])
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--out", default="runs/scale")
    given = parser.parse_args()
    out = Path(given.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    sizes = [int(size) for size in given.sizes.split(",")]
    found = {"build": build, "dedup": dedup, "ledger": ledger}[given.what](sizes, out)
    print(json.dumps({name: found[name] for name in ("slope", "slopes")}))


if __name__ == "__main__":
    main()
