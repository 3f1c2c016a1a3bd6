"""Speed of the questions: gates over rows, the template lane over text, our gates beside ROUGE over every pair."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import REPEATS, alternate, data
from factory.questions.case import Case
from factory.questions.gates import check
from factory.questions.novelty import Asked, rouge_l
from factory.questions.passage import passages
from factory.questions.template import proposals
from factory.questions.wording import words


def _documents() -> list[dict[str, Any]]:
    from factory.cli.reading import read_file

    pages = sorted((data() / "html/nci_pdq/es").glob("*.html"))
    return [row for page in pages for row in read_file(str(page), None)]


def gates() -> dict[str, Any]:
    """Rows a second through every gate on one core: the hand-written rows over NCI PDQ."""
    rows = []
    for line in (Path(__file__).parents[1] / "tests/questions/good_rows.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        lines = (data() / "html/nci_pdq/es" / row["file"]).read_text("utf-8").split("\n")
        first, last = row.get("lines") or (row["line"], row["line"])
        passage = "\n\n".join(lines[first - 1 : last])
        start, end = row["quote"]
        rows.append((passage, row["question"], row["answer"], passage[start:end]))
    raw = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        for row in rows * 5:
            check(Case(*row))
        raw.append(time.perf_counter() - started)
    rate = 5 * len(rows) / statistics.median(raw[1:])
    return {"rows": 5 * len(rows), "rows_per_second": rate, "floor": 500, "raw_seconds": raw}


def template() -> dict[str, Any]:
    """Megabytes of text a second through passages and patterns on one core."""
    found = _documents()
    size = sum(len(one["text"].encode()) for one in found) / 1e6
    raw = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        for one in found:
            live = [p for p in passages(one["text"], one["spans"], "x") if not p.outcome]
            proposals(one["text"], one["spans"], one["metadata"].get("title"), live)
        raw.append(time.perf_counter() - started)
    return {"megabytes": size, "megabytes_per_second": size / statistics.median(raw), "floor": 1, "raw_seconds": raw}


def novelty() -> dict[str, Any]:
    """MinHash candidates before ROUGE-L against ROUGE-L over every pair, 1,000 questions."""
    subjects = [
        f"{a} {b}"
        for a in ["gripe", "asma", "anemia", "gota", "artrosis", "migraña", "bronquitis", "cistitis"]
        for b in range(125)
    ]
    questions = [f"¿Cuáles son los síntomas de la {subject}?" for subject in subjects]

    def ours() -> int:
        asked = Asked(0.8)
        for number, question in enumerate(questions):
            asked.repeats(question)
            asked.add(str(number), question)
        return len(questions)

    def peer() -> int:
        said = [words(question) for question in questions]
        return sum(rouge_l(said[i], said[j]) > 0.8 for i in range(len(said)) for j in range(i))

    raw = alternate(ours, peer)
    ratio = statistics.median(raw["peer"]) / statistics.median(raw["ours"])
    return {"questions": len(questions), "ratio": ratio, "floor": 1.0, "raw_seconds": raw}
