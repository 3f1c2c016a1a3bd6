"""Speed of the questions: gates over rows, the template lane over text, our gates beside ROUGE over every pair."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import REPEATS, alternate, compared, data
from factory.questions.case import Case
from factory.questions.gates import _is_spanish, check
from factory.questions.novelty import Asked, rouge_l
from factory.questions.passage import passages
from factory.questions.template import proposals
from factory.questions.wording import words
from tests.questions.casimedicos import good_rows


def _documents() -> list[dict[str, Any]]:
    from factory.cli.reading import read_file

    pages = sorted((data() / "html/nci_pdq/es").glob("*.html"))
    return [row for page in pages for row in read_file(str(page), None)]


def _rows() -> list[tuple[str, str, str, list[str]]]:
    """Different rows: written by hand, over doctors' explanations, and what the patterns ask of NCI PDQ."""
    found: list[tuple[str, str, str, list[str]]] = []
    for line in (Path(__file__).parents[1] / "tests/questions/good_rows.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        lines = (data() / "html/nci_pdq/es" / row["file"]).read_text("utf-8").split("\n")
        first, last = row.get("lines") or (row["line"], row["line"])
        passage = "\n\n".join(lines[first - 1 : last])
        start, end = row["quote"]
        found.append((passage, row["question"], row["answer"], [passage[start:end]]))
    for row in good_rows(data() / "qa/casimedicos_arg/ES/train.tsv"):
        found.append((row["passage"], row["question"], row["answer"], [row["quote"]]))
    for one in _documents():
        text = one["text"]
        live = [p for p in passages(text, one["spans"], "x") if not p.outcome]
        for passage, proposed in zip(
            live, proposals(text, one["spans"], one["metadata"].get("title"), live), strict=True
        ):
            shown = text[passage.start : passage.end]
            found += [(shown, p.question, p.answer, [text[a:b] for a, b in p.evidence]) for p in proposed]
    return found


def gates() -> dict[str, Any]:
    """Rows a second through every gate on one core; each row once a pass, so that no cache knows it from the last."""
    rows = _rows()
    raw = []
    for _ in range(REPEATS + 1):
        _is_spanish.cache_clear()
        started = time.perf_counter()
        for row in rows:
            check(Case(*row))
        raw.append(time.perf_counter() - started)
    del raw[0]  # the unmeasured round
    rate = len(rows) / statistics.median(raw)
    return {"rows": len(rows), "rows_per_second": rate, "raw_seconds": raw}


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
    return {"megabytes": size, "megabytes_per_second": size / statistics.median(raw), "raw_seconds": raw}


def novelty() -> dict[str, Any]:
    """Candidates by their words with meaning before ROUGE-L, against ROUGE-L over every pair."""
    questions = [row[1] for row in _rows()]
    questions += [
        f"¿Cuáles son los síntomas de la {illness} en {who}?"
        for illness in (
            "gripe",
            "gota",
            "anemia",
            "artrosis",
            "migraña",
            "bronquitis",
            "cistitis",
            "hepatitis",
            "celiaquía",
        )
        for who in ("niños", "adultos", "mujeres", "hombres", "ancianos", "lactantes", "embarazadas", "deportistas")
    ]

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
    return {"questions": len(questions)} | compared(raw)
