"""Evaluation files as the user has them → questions to be hashed: exams, clinical cases, translation sets.

HEAD-QA's JSON; rows of CareQA, ClinDiagnosES, ClinTreatES, MedExpQA and their like (JSON, JSONL, CSV, TSV, Parquet)
with a question column and options, with a clinical case, or with a source and a target; CasiMedicos-Arg's TSV of
tokens; plain text, a segment a line (FLORES, WMT).
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from factory.decontaminate import Item
from factory.errors import ConfigError
from factory.readers.casimedicos import TOKENS, rows

# Column names of the sets named above and of their usual copies on the Hub.
STEMS = (
    "qtext", "question", "full_question", "pregunta", "question_text", "stem", "enunciado", "case", "clinical_case",
    "caso", "caso_clinico", "clinical_presentation", "text", "input", "prompt", "query", "source", "target", "en", "es",
    "sourcestring", "targetstring", "sentence", "sentence_eng_latn", "sentence_spa_latn",
)  # fmt: skip
OPTIONS = ("answers", "options", "choices", "opciones", "respuestas")
_NUMBERED = re.compile(r"^(?:op|option|opcion|choice|answer|respuesta|ending)_?([0-9a-h])$", re.IGNORECASE)
_LETTERS = ("a", "b", "c", "d", "e")
IDS = ("id", "qid", "question_id", "unique_id", "exam_id", "uid", "segmentid", "stringid")


def items_of(path: str) -> list[Item]:
    """The questions of an evaluation file. Raises ConfigError where it holds none."""
    name = os.path.basename(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    found = [item for item in _items(data, name, path) if item.stem.strip() or item.options]
    if not found:
        raise ConfigError(
            f"{path}: no question found", f"columns that are read: {', '.join(STEMS[:12])}, op1…, options"
        )
    return found


def _items(data: bytes, name: str, path: str) -> Iterator[Item]:
    lower = name.lower()
    stem = name.split(".", maxsplit=1)[0]
    if lower.endswith(".parquet") or data.startswith(b"PAR1"):
        yield from _of_rows(_parquet(data, path), stem)
    elif lower.endswith((".json", ".jsonl", ".ndjson")) or data.lstrip()[:1] in (b"{", b"["):
        yield from _of_json(data, stem, path)
    else:
        text = data.decode("utf-8", "replace").removeprefix("\ufeff")
        if TOKENS.match(text):
            yield from _casimedicos(text, stem)
        elif lower.endswith((".csv", ".tsv")):
            dialect = "excel-tab" if lower.endswith(".tsv") else "excel"
            yield from _of_rows(csv.DictReader(io.StringIO(text), dialect=dialect), stem)
        else:
            lines = (line for line in text.splitlines() if line.strip())
            yield from (Item(f"{stem}/{number}", line) for number, line in enumerate(lines, 1))


def _parquet(data: bytes, path: str) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        for batch in pq.ParquetFile(pa.BufferReader(data)).iter_batches(batch_size=256):
            yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise ConfigError(f"{path}: not whole Parquet: {error}") from error


def _of_json(data: bytes, stem: str, path: str) -> Iterator[Item]:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            value = [orjson.loads(line) for line in data.splitlines() if line.strip()]
        except orjson.JSONDecodeError as error:
            raise ConfigError(f"{path}: neither JSON nor JSON lines: {error}") from error
    if isinstance(value, dict) and isinstance(value.get("exams"), dict):
        for exam, table in value["exams"].items():
            yield from _of_rows(table["data"], f"{stem}/{exam}")
        return
    if isinstance(value, dict):
        lists = [v for v in value.values() if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)]
        is_row = any(str(name).lower() in STEMS for name in value)
        value = lists[0] if len(lists) == 1 and not is_row else [value]
    yield from _of_rows((row for row in value if isinstance(row, dict)), stem)


def _of_rows(rows: Iterable[dict[str, Any]], stem: str) -> Iterator[Item]:
    for number, row in enumerate(rows, 1):
        folded = {str(k).lower(): v for k, v in row.items()}
        own = next((str(folded[k]) for k in IDS if folded.get(k) not in (None, "")), str(number))
        options = tuple(_options(folded))
        texts = [str(folded[k]) for k in STEMS if isinstance(folded.get(k), str) and folded[k].strip()]
        for part, text in enumerate(texts):
            yield Item(f"{stem}/{own}" + (f"/{part}" if part else ""), text, options if part == 0 else ())
        if not texts and options:
            yield Item(f"{stem}/{own}", "", options)


def _options(row: dict[str, Any]) -> Iterator[str]:
    for name in OPTIONS:
        value = row.get(name)
        if isinstance(value, dict):
            value = value.get("text") or list(value.values())
        for one in value if isinstance(value, list) else ():
            text = one.get("atext") or one.get("text") or one.get("value") if isinstance(one, dict) else one
            if text not in (None, ""):
                yield str(text)
    for name, value in row.items():
        if isinstance(value, str) and value.strip() and (_NUMBERED.match(name) or name in _LETTERS):
            yield value


def _casimedicos(text: str, stem: str) -> Iterator[Item]:
    for number, row in enumerate(rows(text), 1):
        yield Item(f"{stem}/{number}", row["question"], tuple(row["options"]))
