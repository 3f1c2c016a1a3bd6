"""Speeds of the spine: readers, a whole build's memory, how soon the command answers."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measure import REPEATS, alternate, compared, data, timed
from factory.config import Read
from factory.readers.limits import LimitedReader
from factory.record import Hints


def html() -> dict[str, Any]:
    """Our article reader against bare trafilatura on one core, pages/s."""
    import trafilatura

    from factory.readers.article import parse

    pages = [p.read_bytes() for p in sorted((data() / "html/nci_pdq").rglob("*.html"))]
    raw = alternate(
        lambda: [list(parse(page, Hints())) for page in pages],
        lambda: [trafilatura.bare_extraction(page) for page in pages],
    )
    return {"pages": len(pages)} | compared(raw)


def html_two_cores() -> dict[str, Any]:
    """Our article reader through two limited children against bare trafilatura in one process."""
    import trafilatura

    files = [str(p) for p in sorted((data() / "html/nci_pdq").rglob("*.html"))] * 2
    pages = [Path(f).read_bytes() for f in files]

    with LimitedReader(Read()) as one, LimitedReader(Read()) as two:

        def share(reader: LimitedReader, mine: list[str]) -> int:
            return sum(1 for f in mine for _ in reader.read(f, "article", Hints(f)))

        def ours() -> None:
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(share, (one, two), (files[::2], files[1::2])))

        raw = alternate(ours, lambda: [trafilatura.bare_extraction(page) for page in pages])
    return {"pages": len(files)} | compared(raw)


def pdf() -> dict[str, Any]:
    """The generated books through the limited child against PyMuPDF's plain text, pages/s of one core."""
    import pymupdf

    files = sorted((data() / "pdf/es_books_generated").glob("*.pdf"))
    pages = sum(pymupdf.open(f).page_count for f in files)
    with LimitedReader(Read()) as reader:
        raw = alternate(
            lambda: [list(reader.read(str(f), "pdf", Hints(f.name))) for f in files],
            lambda: [[page.get_text() for page in pymupdf.open(f)] for f in files],
        )
    rate = pages / statistics.median(raw["ours"])
    return {"pages": pages, "pages_per_second": rate} | compared(raw)


def memory() -> dict[str, Any]:
    """Peak memory of a whole build (command, workers and readers) at 2,000 and 20,000 documents, MiB."""
    import psutil

    source = (data() / "qa/meddocan").rglob("*.txt")
    texts = [p.read_text("utf-8") for p in source]
    found: dict[str, Any] = {"peak_mib": {}, "seconds": {}}
    for count in (2_000, 20_000):
        with tempfile.TemporaryDirectory() as folder:
            rows = Path(folder) / "rows"
            rows.mkdir()
            for number in range(count // 100):
                lines = [
                    json.dumps({"text": f"Caso {number}-{i}. {texts[(number * 100 + i) % len(texts)]}"})
                    for i in range(100)
                ]
                (rows / f"{number:04d}.jsonl").write_text("\n".join(lines))
            base = [sys.executable, "-m", "factory"]
            env = os.environ | {"FACTORY_HOME": f"{folder}/home"}
            ask = ("--source", "m", "--tradition", "conventional", "--licence", "CC-BY-4.0")
            subprocess.run([*base, "ingest", str(rows), *ask], env=env, check=True, capture_output=True)
            start = time.perf_counter()
            child = psutil.Popen([*base, "build", "medical_es", "-q"], env=env, stdout=subprocess.DEVNULL)
            peak = max(_peaks(child), default=0)
            found["seconds"][str(count)] = time.perf_counter() - start
            found["peak_mib"][str(count)] = peak / 2**20
    found["growth"] = found["peak_mib"]["20000"] / found["peak_mib"]["2000"] - 1
    return found


def _peaks(child: Any) -> Iterator[int]:
    """The largest process of the command's tree, sampled until it ends."""
    import psutil

    while child.poll() is None:
        largest = 0
        for process in [child, *child.children(recursive=True)]:
            try:
                largest = max(largest, process.memory_info().rss)
            except psutil.NoSuchProcess:
                continue
        yield largest
        time.sleep(0.02)


def start() -> dict[str, Any]:
    """`factory --help` against bare Python, and a build with nothing to do, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        base = [sys.executable, "-m", "factory"]
        samples = str(Path(__file__).parents[1] / "samples/sources.toml")
        env = os.environ | {"FACTORY_HOME": f"{folder}/home"}
        subprocess.run([*base, "ingest", samples], env=env, check=True, capture_output=True)
        build = [*base, "build", "medical_es", "natural_es", "-q", "--sources", samples]
        subprocess.run(build, env=env, check=True, capture_output=True)
        helped = alternate(lambda: _run([*base, "--help"], env), lambda: _run([sys.executable, "-c", "pass"], env))
        again = [timed(lambda: _run(build, env)) for _ in range(REPEATS)]
    found = {"help_seconds": statistics.median(helped["ours"]), "nothing_to_do_seconds": statistics.median(again)}
    return found | {"raw_seconds": {"help": helped, "again": again}}


def _run(command: list[str], env: dict[str, str]) -> None:
    subprocess.run(command, env=env, check=True, capture_output=True)
