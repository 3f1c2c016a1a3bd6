"""Scanned pages → lines of text, by tesseract in a process of its own.

Source: tesseract 5 (`--psm 1`: page segmentation with orientation, so pages on their side are turned). One thread:
the same page gives the same words, and cores belong to workers.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any, TypedDict

# 200 dpi reads 8-point type; 300 dpi costs twice the time for the same words on the scans tried.
DPI = 200
# A page of A3 at 200 dpi has 7.7 million pixels; a larger one is reduced to this, so a 35,000-pixel page cannot hurt.
MAX_PIXELS = 8_000_000
# tesseract's own deadline for one page; a page that needs longer is noise.
PAGE_SECONDS = 18.0
# Below the first mean confidence (0–100) tesseract saw shapes, not words; below the second the page may be upside
# down, which it cannot tell from a few words: upright scans gave 72 and more, the same pages turned 30 to 55.
MIN_CONFIDENCE, DOUBTFUL = 40.0, 65.0
LANGUAGES = "spa+eng"


class Recognised(TypedDict):
    """`lines`: block, paragraph and text of each, in reading order. `confidence`: mean over words, 0 to 100."""

    confidence: float
    lines: list[list[Any]]


Recogniser = Callable[[bytes], Recognised]


@functools.cache
def available() -> str | None:
    """The path of tesseract where it has Spanish, else None."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    said = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False)
    return program if "spa" in said.stdout.split() else None


def page_key(image: bytes) -> str:
    """What a recognised page is cached under: its pixels and how they were read."""
    return hashlib.sha256(f"{LANGUAGES} psm1 3 ".encode() + image).hexdigest()


def recognise(image: bytes) -> Recognised:
    """The lines on a PNG; empty where tesseract sees no words or takes too long."""
    program = available() or "tesseract"
    command = [program, "stdin", "stdout", "-l", LANGUAGES, "--psm", "1", "tsv"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    try:
        done = subprocess.run(
            command, input=image, capture_output=True, env=environment, timeout=PAGE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"confidence": 0.0, "lines": []}
    return _lines(done.stdout.decode("utf-8", "replace"))


def _lines(table: str) -> Recognised:
    """The word table as lines: level, page, block, paragraph, line, word, box, confidence, text."""
    found: dict[tuple[int, int, int], list[str]] = {}
    sure: list[float] = []
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) != 12 or not cells[11].strip() or float(cells[10]) < 0:
            continue
        sure.append(float(cells[10]))
        found.setdefault((int(cells[2]), int(cells[3]), int(cells[4])), []).append(cells[11].strip())
    lines: list[list[Any]] = [[block, paragraph, " ".join(words)] for (block, paragraph, _), words in found.items()]
    return {"confidence": round(sum(sure) / max(1, len(sure)), 1), "lines": lines}
