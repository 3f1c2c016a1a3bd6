"""Evaluation sets → questions, from the Hub or from a file of yours (`headqa_es=dev_HEAD.json`).

| task | Hub | what it is |
|---|---|---|
| headqa_es | dvilares/head_qa | exams of Spanish health professions (Vilares and Gómez-Rodríguez 2019) |
| careqa_es | HPAI-BSC/CareQA | the same exams, 2020 to 2024 (Arias-Duart et al. 2025) |
| casimedicos | HiTZ/casimedicos-exp | exam cases with doctors' explanations (Agerri et al. 2023) |
| clindiagnoses | LenguajeNaturalAI/ClinDiagnosES | 62 cases and their diagnoses (CC BY-NC-SA: for evaluation only) |
| clintreates | LenguajeNaturalAI/ClinTreatES | the same cases and their treatments |
| natural_es | the home's natural_es_eval and preferences_es | natural medicine: multiple choice, open prompts, pairs |

A clinical case is asked twice: as multiple choice, its answer among those of three other cases of its specialty, in
every order of the four; and as a text. Any other name wants a file: JSON, JSONL, CSV or Parquet with
`qtext answers ra`, `question op1… cop`, `full_question options correct_option`, `prompt chosen rejected`, or
`prompt reference`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import os
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from factory.decontaminate import Item
from factory.errors import ConfigError
from trainer.exam import LETTERS

HUB: dict[str, tuple[str, str | None, str]] = {
    "headqa_es": ("dvilares/head_qa", "es", "test"),
    "careqa_es": ("HPAI-BSC/CareQA", "CareQA_es", "test"),
    "casimedicos": ("HiTZ/casimedicos-exp", "es", "test"),
    "clindiagnoses": ("LenguajeNaturalAI/ClinDiagnosES", None, "train"),
    "clintreates": ("LenguajeNaturalAI/ClinTreatES", None, "train"),
}
# The parts of a task that stands in datasets of the home: recipe, config, splits.
RECIPES = {
    "natural_es": (
        ("natural_es", "natural_es_eval", "mcq", ("eval",)),
        ("natural_es_open", "natural_es_eval", "open", ("eval",)),
        ("natural_es_pairs", "preferences_es", "preference", ("validation", "test", "eval")),
    )
}
# What is asked of a clinical case; the columns, folded, of the case, of what is known, and of the answer.
CASES = {
    "clindiagnoses": ("¿Cuál es el diagnóstico de este caso clínico?", ("diagnostico",), False),
    "clintreates": ("¿Cuál es el tratamiento de este caso clínico?", ("tratamiento",), True),
}
_CASE = ("caso_clinico", "caso", "clinical_case", "case")
_SPECIALTY = ("especialidad", "specialty", "speciality", "speciallity")
DISTRACTORS = 3
_IDS = ("id", "qid", "question_id", "unique_id", "exam_id")
# Of these nothing is written anywhere: who says something has made it up.
UNKNOWN = ("zarzabulea", "timorcina silvestre", "quelinda amarga", "pestigón de umbría", "ruscaldo menor", "olvarea")
_ABOUT_UNKNOWN = (
    "¿Para qué se usa la {}?",
    "¿Cómo se prepara la {}?",
    "¿Qué dosis de {} se toma?",
    "¿Con qué medicamentos interacciona la {}?",
    "¿Quién no debe tomar {}?",
    "¿Qué dicen los estudios sobre la {}?",
)
ABSTENTION = "abstention"
Kind = Literal["choice", "pairs", "open"]


class Question(NamedTuple):
    """`right`: the place of the right option, from 0; of an open prompt `reference` is what the source says.

    `group`: questions of one case are no independent draws. `turns`: of a pair, the conversation before its answers.
    """

    id: str
    text: str
    options: tuple[str, ...] = ()
    right: int = 0
    category: str | None = None
    group: str | None = None
    reference: str | None = None
    turns: tuple[tuple[str, str], ...] = ()

    def item(self, task: str) -> Item:
        """As the decontamination index wants it."""
        return Item(f"{task}/{self.group or self.id}", self.text, self.options)


class Task(NamedTuple):
    """A named set of questions; `sha256` is of their content."""

    name: str
    origin: str
    sha256: str
    questions: list[Question]
    kind: Kind = "choice"
    left_out: int = 0


def load(spec: str, home: str | None = None, limit: int | None = None) -> list[Task]:
    """The parts of a task. Raises ConfigError where it cannot be had; a question without a right option is left out."""
    name, _, path = spec.partition("=")
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ConfigError(
            f"{spec!r} is no task", "a name of letters, digits, - _ . only; a file stands behind it: name=FILE"
        )
    if path:
        return _tasks(name, path, list(_of_file(path)), limit)
    if name in RECIPES:
        return _of_home(name, home or "data", limit)
    if name in HUB:
        return _tasks(name, HUB[name][0], list(_of_hub(*HUB[name])), limit)
    raise ConfigError(f"there is no task {name!r}", f"known: {', '.join([*HUB, *RECIPES])}; or {name}=FILE")


def _of_home(name: str, home: str, limit: int | None) -> list[Task]:
    found: list[Task] = []
    for part, recipe, config, splits in RECIPES[name]:
        folder = os.path.join(home, "datasets", recipe)
        if not os.path.isdir(folder):
            raise ConfigError(f"{name} wants the recipe {recipe}", f"run: factory synth-qa {recipe}")
        rows = [row for split in splits for row in _split_of(folder, config, split)]
        if rows:
            found += _tasks(part, f"{folder}:{config}", rows, limit)
    if not found:
        raise ConfigError(f"{name}: nothing is held out in {home}", "its documents need a split eval: factory build")
    return found


def _split_of(folder: str, config: str, split: str) -> Iterable[dict[str, Any]]:
    """The rows of a split; none where the dataset has no such config or split."""
    from datasets import get_dataset_config_names, get_dataset_split_names

    if config not in get_dataset_config_names(folder) or split not in get_dataset_split_names(folder, config):
        return ()
    return _of_hub(folder, config, split)


def _tasks(name: str, origin: str, rows: list[dict[str, Any]], limit: int | None) -> list[Task]:
    if name in CASES:
        return _of_cases(name, origin, rows, limit)
    strange = next((number for number, row in enumerate(rows) if not isinstance(row, dict)), None)
    if strange is not None:
        raise ConfigError(f"{origin}: row {strange} is no object", "a row has names: question, options, answer …")
    for wanted in ({"prompt", "chosen", "rejected"}, {"prompt", "reference"}):
        if rows and wanted <= rows[0].keys():
            bad = next((number for number, row in enumerate(rows) if any(not row.get(one) for one in wanted)), None)
            if bad is not None:
                raise ConfigError(f"{origin}: row {bad} lacks one of {', '.join(sorted(wanted))}")
    if rows and {"prompt", "chosen", "rejected"} <= rows[0].keys():
        return [_task(name, origin, [_pair(row, number) for number, row in enumerate(rows)], limit, "pairs")]
    if rows and {"prompt", "reference"} <= rows[0].keys():
        opened = [_open(row, number) for number, row in enumerate(rows)]
        if name == "natural_es_open":
            opened += list(_unknown())
        return [_task(name, origin, opened, limit, "open")]
    found = [one for one in (_question(row, number) for number, row in enumerate(rows)) if one is not None]
    if not found:
        raise ConfigError(f"{origin} holds no multiple-choice question, pair or open prompt")
    return [_task(name, origin, found, limit)._replace(left_out=len(rows) - len(found))]


def _task(name: str, origin: str, found: list[Question], limit: int | None, kind: Kind = "choice") -> Task:
    seen: set[str] = set()
    for number, one in enumerate(found):
        # An id is of one question: exams of several years number theirs anew.
        if one.id in seen:
            found[number] = one._replace(id=f"{one.id}#{number}")
        seen.add(found[number].id)
    digest = hashlib.sha256(json.dumps([list(one) for one in found], ensure_ascii=False).encode()).hexdigest()
    if limit:
        chosen = sorted({_hash(one.group or one.id) for one in found})[:limit]
        found = sorted(
            (one for one in found if _hash(one.group or one.id) in chosen), key=lambda one: _hash(one.group or one.id)
        )
    return Task(name, origin, digest, found, kind)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _pair(row: dict[str, Any], number: int) -> Question:
    prompt = row["prompt"]
    turns = (("user", prompt),) if isinstance(prompt, str) else tuple((one["role"], one["content"]) for one in prompt)
    answers = [row[name] if isinstance(row[name], str) else row[name][0]["content"] for name in ("chosen", "rejected")]
    asked = next((text for role, text in reversed(turns) if role == "user"), "")
    category = row.get("pair_kind")
    return Question(str(row.get("id") or number), asked, tuple(answers), 0, category, turns=turns)


def _open(row: dict[str, Any], number: int) -> Question:
    name, category = str(row.get("id") or number), row.get("stratum") or row.get("category")
    return Question(name, str(row["prompt"]), category=category, reference=str(row["reference"]))


def _unknown() -> Iterator[Question]:
    """Questions that nobody can answer."""
    for number, name in enumerate(UNKNOWN):
        for at, words in enumerate(_ABOUT_UNKNOWN):
            yield Question(f"unknown/{number}-{at}", words.format(name), category=ABSTENTION, reference="")


def _of_cases(name: str, origin: str, rows: list[dict[str, Any]], limit: int | None) -> list[Task]:
    """A clinical set as multiple choice over all orders, and as texts to write."""
    ask, answers, with_diagnosis = CASES[name]
    cases = []
    for number, row in enumerate(rows):
        folded = {_folded(key): str(value).strip() for key, value in row.items() if value}
        case, answer = _first(folded, _CASE), _first(folded, answers)
        if case and answer:
            known = f"\n\nDiagnóstico: {folded['diagnostico']}" if with_diagnosis and folded.get("diagnostico") else ""
            text = f"{ask}\n\n{case}{known}"
            cases.append((str(row.get("id") or number), text, answer, _first(folded, _SPECIALTY)))
    if len({_folded(answer) for _, _, answer, _ in cases}) <= DISTRACTORS:
        columns = f"{_CASE[0]}, {answers[0]}, {_SPECIALTY[0]}"
        raise ConfigError(f"{origin} has too few cases for multiple choice", f"it needs the columns {columns}")
    found, texts = [], []
    for case_id, text, answer, specialty in cases:
        wrong = _distractors(f"{name}/{case_id}", answer, specialty, cases)
        texts.append(Question(case_id, text, category=specialty, reference=answer))
        for order, places in enumerate(itertools.permutations(range(DISTRACTORS + 1))):
            options = tuple([answer, *wrong][place] for place in places)
            found.append(Question(f"{case_id}/{order:02d}", text, options, places.index(0), specialty, case_id))
    return [_task(name, origin, found, limit), _task(f"{name}_text", origin, texts, limit, "open")]


def _distractors(seed: str, answer: str, specialty: str | None, cases: Sequence[tuple[Any, ...]]) -> list[str]:
    """Three other answers, of the same specialty as far as it has them; the same three each time."""
    draw = random.Random(seed)  # noqa: S311 - options, no secrets
    mine: dict[str, str] = {}
    others: dict[str, str] = {}
    for _, _, one, kind in cases:
        if _folded(one) != _folded(answer):
            (mine if kind == specialty else others).setdefault(_folded(one), one)
    near = [mine[key] for key in sorted(mine)]
    far = [others[key] for key in sorted(others) if key not in mine]
    chosen = draw.sample(near, min(DISTRACTORS, len(near)))
    return chosen + draw.sample(far, DISTRACTORS - len(chosen))


def _first(row: dict[str, str], names: Sequence[str]) -> str | None:
    return next((row[name] for name in names if row.get(name)), None)


def _folded(text: str) -> str:
    """Lower case without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", text.strip().lower()) if not unicodedata.combining(c))


def _of_hub(place: str, config: str | None, split: str) -> Iterable[dict[str, Any]]:
    from datasets import disable_progress_bars, load_dataset
    from datasets.exceptions import DatasetNotFoundError

    disable_progress_bars()
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
            for row in exam.get("data", ()):
                yield {**row, "category": exam.get("category"), "exam": exam.get("name")}
    elif isinstance(whole, list):
        yield from whole
    else:
        yield whole


def _question(row: dict[str, Any], number: int) -> Question | None:
    """A question of any of the layouts; None where no option is named as right."""
    name = str(next((row[one] for one in _IDS if row.get(one) not in (None, "")), number))
    if row.get("exam") or row.get("name"):
        name = f"{row.get('exam') or row.get('name')}/{row.get('qid', name)}"
    category = row.get("stratum") or row.get("category") or row.get("type")
    numbers: list[str]
    if "answers" in row and "ra" in row:
        options = [str(one["atext"]) for one in row["answers"]]
        numbers = [str(one["aid"]) for one in row["answers"]]
        text, right = row.get("qtext"), row["ra"]
    elif "op1" in row:
        keys = [key for key in ("op1", "op2", "op3", "op4", "op5") if row.get(key)]
        options, numbers = [str(row[key]) for key in keys], [key[2:] for key in keys]
        text, right = row.get("question"), row.get("cop")
    elif isinstance(row.get("options"), dict):
        given = {key: value for key, value in row["options"].items() if value}
        options, numbers = [str(value) for value in given.values()], [str(key) for key in given]
        text, right = row.get("full_question") or row.get("question"), row.get("correct_option")
    else:
        return None
    said = str(right if right is not None else "").strip().upper()
    named = [one.strip().upper() for one in numbers]
    if said in named:
        place = named.index(said)
    elif said in LETTERS[: len(options)] and all(one.isdigit() for one in named):
        place = LETTERS.index(said)
    else:
        return None
    group = str(row["group"]) if row.get("group") else None
    return Question(name, str(text or ""), tuple(options), place, str(category) if category else None, group)
