"""Evaluation sets → multiple-choice questions, from the Hub or from a file of yours (`headqa_es=dev_HEAD.json`).

| task | Hub | what it is |
|---|---|---|
| headqa_es | dvilares/head_qa | exams of Spanish health professions (Vilares and Gómez-Rodríguez 2019) |
| careqa_es | HPAI-BSC/CareQA | the same exams, 2020 to 2024 (Arias-Duart et al. 2025) |
| casimedicos | HiTZ/casimedicos-exp | exam cases with doctors' explanations (Agerri et al. 2023) |
| natural_es | the recipe natural_es_eval of the home | natural medicine, six strata |

Any other name wants a file: JSON, JSONL or Parquet with `qtext answers ra`, `question op1… cop`, or `full_question
options correct_option`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from factory.decontaminate import Item
from factory.errors import ConfigError

HUB = {
    "headqa_es": ("dvilares/head_qa", "es", "test"),
    "careqa_es": ("HPAI-BSC/CareQA", "CareQA_es", "test"),
    "casimedicos": ("HiTZ/casimedicos-exp", "es", "test"),
}
RECIPES = {"natural_es": ("natural_es_eval", "mcq", "eval")}


class Question(NamedTuple):
    """`right`: the place of the right option, from 0."""

    id: str
    text: str
    options: tuple[str, ...]
    right: int
    category: str | None = None

    def item(self, task: str) -> Item:
        """As the decontamination index wants it."""
        return Item(f"{task}/{self.id}", self.text, self.options)


class Task(NamedTuple):
    """A named set of questions; `sha256` is of their content."""

    name: str
    origin: str
    sha256: str
    questions: list[Question]


def load(spec: str, home: str | None = None, limit: int | None = None) -> Task:
    """The questions of a task. Raises ConfigError where they cannot be had; one without a right option is left out."""
    name, _, path = spec.partition("=")
    if path:
        origin, rows = path, list(_of_file(path))
    elif name in RECIPES:
        recipe, config, split = RECIPES[name]
        folder = os.path.join(home or "data", "datasets", recipe)
        if not os.path.isdir(folder):
            raise ConfigError(f"{name} wants the recipe {recipe}", f"run: factory synth-qa {recipe}")
        origin, rows = folder, list(_of_hub(folder, config, split))
    elif name in HUB:
        origin, rows = HUB[name][0], list(_of_hub(*HUB[name]))
    else:
        raise ConfigError(f"there is no task {name!r}", f"known: {', '.join([*HUB, *RECIPES])}; or {name}=FILE")
    found = [one for one in (_question(row, number) for number, row in enumerate(rows)) if one is not None]
    if not found:
        raise ConfigError(f"{origin} holds no multiple-choice question")
    digest = hashlib.sha256(json.dumps([list(one) for one in found], ensure_ascii=False).encode()).hexdigest()
    if limit:
        found = sorted(found, key=lambda one: hashlib.sha256(one.id.encode()).hexdigest())[:limit]
    return Task(name, origin, digest, found)


def _of_hub(place: str, config: str, split: str) -> Iterable[dict[str, Any]]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetNotFoundError

    try:
        found: Iterable[dict[str, Any]] = load_dataset(place, config, split=split)
        return found
    except (DatasetNotFoundError, OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise ConfigError(f"{place} cannot be loaded: {said}", "give its file: name=FILE") from error


def _of_file(path: str) -> Iterator[dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    if data.startswith(b"PAR1"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        yield from pq.read_table(pa.BufferReader(data)).to_pylist()
        return
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        if text.lstrip()[:1] in ("{", "["):
            yield from _of_json(text)
        else:
            dialect = "excel-tab" if path.endswith(".tsv") else "excel"
            yield from csv.DictReader(io.StringIO(text), dialect=dialect)
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path}: not JSON: {error}") from error


def _of_json(text: str) -> Iterator[dict[str, Any]]:
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        yield from (json.loads(line) for line in text.splitlines() if line.strip())
        return
    if isinstance(whole, dict) and "exams" in whole:
        for exam in whole["exams"].values() if isinstance(whole["exams"], dict) else whole["exams"]:
            for row in exam["data"]:
                yield {**row, "category": exam.get("category"), "exam": exam.get("name")}
    elif isinstance(whole, list):
        yield from whole
    else:
        yield whole


def _question(row: dict[str, Any], number: int) -> Question | None:
    """A question of any of the layouts; None where no option is named as right."""
    name = str(row.get("id") or row.get("qid") or row.get("exam_id") or number)
    if row.get("exam") or row.get("name"):
        name = f"{row.get('exam') or row.get('name')}/{row.get('qid', name)}"
    category = row.get("stratum") or row.get("category") or row.get("type")
    if "answers" in row and "ra" in row:
        options = [str(one["atext"]) for one in row["answers"]]
        numbers = [int(one["aid"]) for one in row["answers"]]
        text, right = row.get("qtext"), row["ra"]
    elif "op1" in row:
        keys = [key for key in ("op1", "op2", "op3", "op4", "op5") if row.get(key)]
        options, numbers = [str(row[key]) for key in keys], [int(key[2:]) for key in keys]
        text, right = row.get("question"), row.get("cop")
    elif isinstance(row.get("options"), dict):
        given = {key: value for key, value in row["options"].items() if value}
        options, numbers = [str(value) for value in given.values()], [int(key) for key in given]
        text, right = row.get("full_question") or row.get("question"), row.get("correct_option")
    else:
        return None
    try:
        place = numbers.index(int(right or 0))
    except ValueError:
        return None
    return Question(name, str(text or ""), tuple(options), place, str(category) if category else None)
