"""Every speed we promise, peer and ours alternating in one process; raw repeats kept as JSON.

    python -m benchmarks.run [NAME…]        all of BENCHMARKS where none is named, but the long ones

Each runs in a process of its own and leaves `benchmarks/results/<name>.json`; `all.json` beside it holds the newest of
every one, and `docs/speed.md` and `docs/speed.svg` are written from it. Inputs are the shared data (FACTORY_TEST_DATA).
Ends 1 where one that ran missed its limit or failed.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import clean, growth, ingest, questions, reading, training, translate
from benchmarks.measure import Benchmark, Measure, Result, lacking
from benchmarks.picture import curves, draw
from benchmarks.scale import MOST_ADDED, MOST_MEMORY_GIB, MOST_SLOPE
from benchmarks.table import PAGE, TIMES, judged, line, page, rows, table

RESULTS = Path(__file__).parent / "results"
ALL = RESULTS / "all.json"

BENCHMARKS: dict[str, Benchmark] = {
    "html": Benchmark(
        reading.html, (Measure("HTML reader, one core", "ratio", TIMES, 0.9, "trafilatura.bare_extraction"),)
    ),
    "html_two_cores": Benchmark(
        reading.html_two_cores,
        (Measure("HTML reader, two limited children", "ratio", TIMES, 1.8, "trafilatura in one process"),),
    ),
    "pdf": Benchmark(
        reading.pdf,
        (Measure("PDF reader, one limited child", "pages_per_second", "pages/s", 200, "PyMuPDF's plain text"),),
    ),
    "memory": Benchmark(
        reading.memory,
        (Measure("peak memory from 2,000 to 20,000 documents", "growth", "growth", 0.2, most=True),),
    ),
    "start": Benchmark(
        reading.start,
        (
            Measure("factory --help", "help_seconds", "s", 0.3, "python -c pass", most=True, raw="raw_seconds.help"),
            Measure("build with nothing to do", "nothing_to_do_seconds", "s", 2.0, most=True, raw="raw_seconds.again"),
        ),
        needs=(),
    ),
    "dedup_signatures": Benchmark(
        clean.dedup_signatures, (Measure("signatures of texts", "ratio", TIMES, 10, "datatrove's signature stage"),)
    ),
    "dedup_whole": Benchmark(
        clean.dedup_whole,
        (Measure("whole dedup, files read and written", "ratio", TIMES, 4, "datatrove's four stages"),),
    ),
    "incremental": Benchmark(
        clean.incremental,
        (
            Measure(
                "1,000 texts added to 100,000", "share", "of the whole", 0.05, "our own run over the 100,000",
                most=True, raw="added_seconds",
            ),
        ),
    ),
    "personal": Benchmark(
        clean.personal,
        tuple(
            Measure(
                f"personal data, profile {profile}", f"{profile}.megabytes_per_second", "MB/s", 1,
                raw=f"{profile}.raw_seconds",
            )
            for profile in ("article", "clinical")
        ),
    ),
    "decontaminate": Benchmark(
        clean.decontaminate,
        (Measure("decontamination against HEAD-QA train and dev", "megabytes_per_second", "MB/s", 5),),
    ),
    "pages": Benchmark(
        ingest.pages, (Measure("pages asked for at the allowed rate and stored", "ratio", TIMES, 0.91, "bare httpx2"),)
    ),
    "captions": Benchmark(
        ingest.captions, (Measure("captions asked for and stored", "ratio", TIMES, 0.91, "bare yt-dlp"),)
    ),
    "speech": Benchmark(
        ingest.speech,
        (
            Measure(
                "a minute of speech, toy model", "ratio", TIMES, None, "faster-whisper's own VAD",
                why="the toy's windows cost nothing: only what surrounds them is measured",
            ),
        ),
        needs=("data", "faster_whisper"),
    ),
    "ocr": Benchmark(
        ingest.ocr,
        (Measure("OCR, two limited children", "ratio", TIMES, 1.6, "our own reader, one child"),),
        needs=("data", "tesseract"),
    ),
    "gates": Benchmark(
        translate.gates,
        tuple(
            Measure(f"gates of a translation, {words}", f"{key}_mb_per_second", "MB/s", limit, raw=f"raw_seconds.{key}")
            for key, words, limit in (("all", "all", 1.0), ("three", "numbers, units, negation", 3.0))
        ),
    ),
    "questions_gates": Benchmark(
        questions.gates, (Measure("gates of a question, all", "rows_per_second", "rows/s", 500),)
    ),
    "questions_template": Benchmark(
        questions.template, (Measure("questions by patterns", "megabytes_per_second", "MB/s", 1),)
    ),
    "questions_novelty": Benchmark(
        questions.novelty, (Measure("repeated questions found", "ratio", TIMES, 1.0, "ROUGE-L over every pair"),)
    ),
    "engine": Benchmark(
        translate.engine,
        (
            Measure(
                "translation with journal, gates and resume, 5,000 calls of 0.2 s (overhead ≤ 5 %)", "ratio", TIMES,
                1 / 1.05, "a bare aiohttp loop",
            ),
        ),
    ),
    "engine_vllm": Benchmark(
        translate.engine_vllm,
        (
            Measure(
                "the engine over vLLM, tiny random Mistral", "ratio", TIMES, None, "a bare aiohttp loop",
                why="300 calls say only whether it is far off",
            ),
        ),
        needs=("vllm",),
    ),
    "training": Benchmark(
        training.steps,
        (Measure("steps of factory train sft, tiny model, LoRA", "ratio", TIMES, 0.98, "TRL's SFTTrainer, same YAML"),),
        needs=("data", "trl"),
    ),
    "scale_build": Benchmark(
        growth.build,
        (
            Measure("a build of 10,000 to 1,000,000 documents", "slope", "exponent", MOST_SLOPE, most=True),
            Measure("the largest process of that build", "peak_gib", "GiB", MOST_MEMORY_GIB, most=True),
            Measure("1,000 documents added to that build", "added_share", "of the whole", MOST_ADDED, most=True),
        ),
        long="it takes hours",
    ),
    "scale_dedup": Benchmark(
        growth.dedup,
        (
            Measure("duplicates of 10,000 to 1,000,000 documents", "slope", "exponent", MOST_SLOPE, most=True),
            Measure("the largest process of that stage", "peak_gib", "GiB", MOST_MEMORY_GIB, most=True),
            Measure("1,000 documents added to that stage", "added_share", "of the whole", MOST_ADDED, most=True),
        ),
        long="it takes an hour",
    ),
    "scale_ledger": Benchmark(
        growth.ledger,
        (
            Measure("status over 10,000 to 1,000,000 receipts", "slope", "exponent", MOST_SLOPE, most=True),
            Measure("the largest process of that status", "peak_gib", "GiB", MOST_MEMORY_GIB, most=True),
        ),
        long="it writes a million files",
    ),
}  # fmt: skip


def today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def here(name: str) -> None:
    """One benchmark in this process: what it returned, when, of which code, where and beside how much other work."""
    from loguru import logger

    logger.remove()
    machine = {"python": platform.python_version(), "cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1)}
    told = {"date": today(), "commit": _commit(), "machine": machine}
    _write(RESULTS / f"{name}.json", told | {"found": BENCHMARKS[name].run()})


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    found = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def measured(name: str) -> Result:
    """The record of a process of its own; where that fails, the record says so."""
    place = RESULTS / f"{name}.json"
    place.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.run", "--here", name]
    child = subprocess.run(command, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False)
    if child.returncode == 0:
        return _read(place)
    print(child.stderr[-2000:], file=sys.stderr)
    return {"date": today(), "failed": f"it ended with {child.returncode}"}


def _read(path: Path) -> Result:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def written(records: dict[str, Result]) -> None:
    """`all.json`, the document and the picture say the same."""
    found = rows(BENCHMARKS, records)
    for name, one in records.items():
        one["measures"] = [judged(row) for row in found if row.name == name]
    _write(ALL, {name: records[name] for name in BENCHMARKS if name in records})
    PAGE.write_text(page(found, records), "utf-8")
    draw(found)
    curves(records, PAGE.with_name("scale.svg"))


def run(names: list[str]) -> int:
    """Runs the named benchmarks, one line each, then the table of all; 1 where one of them failed or missed."""
    records = _read(ALL)
    for name in names:
        why = lacking(BENCHMARKS[name])
        if not why:
            records[name] = measured(name)
            written(records)
        shown = rows({name: BENCHMARKS[name]}, records)
        print("\n".join(line(row) for row in shown) + (f" (now: {why})" if why else ""), flush=True)
    written(records)
    found = rows(BENCHMARKS, records)
    print(f"\n{table(found)}\nWritten: {PAGE}")
    return int(any(row.name in names and (row.holds is False or row.missing) for row in found))


def main() -> None:
    """The named benchmarks, or all but the long ones; `--table` writes the document anew and runs none."""
    asked = sys.argv[1:]
    if asked[:1] == ["--here"]:
        here(asked[1])
        return
    if asked == ["--table"]:
        sys.exit(run([]))
    if unknown := set(asked) - set(BENCHMARKS):
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    sys.exit(run(asked or [name for name, one in BENCHMARKS.items() if not one.long]))


if __name__ == "__main__":
    main()
