"""Datasets on disk or on the Hub → the rows that a stage trains on, checked before any weight is loaded.

Accepted columns: `messages`; `qtext`, `answers`, `ra` (HEAD-QA's layout); `prompt`, `completion`; for preferences
`prompt`, `chosen`, `rejected`; for pre-training `text`. A conversation gives one row for each answer in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from factory.decontaminate import Finder, Index
from factory.errors import ConfigError, FactoryError
from factory.models import Profile, Prompt, Turn, render
from trainer.exam import LETTERS, asked, of_row

# Configs of the factory's datasets that a stage takes where none is named.
CONFIGS = {
    "pretrain": ("text",),
    "sft": ("qa", "mcq", "dialogue", "patient", "discharge", "default"),
    "dpo": ("preference", "default"),
}
NEEDED = {
    "pretrain": (("text",),),
    "sft": (("messages",), ("qtext", "answers", "ra"), ("prompt", "completion")),
    "dpo": (("prompt", "chosen", "rejected"),),
}
# What ends an answer in a template, beside the token that ends a text.
_ENDS = {"gemma": "<end_of_turn>", "chatml": "<|im_end|>"}
_SPEC = re.compile(r"^(?P<name>.+?)(?:@(?P<revision>[\w.-]+))?(?::(?P<config>\w+))?$")
_SHOWN = 3


class Contaminated(FactoryError):
    """An evaluation question stands in the training rows."""

    reason = "contaminated"
    exit_code = 5


@dataclass
class Data:
    """One dataset of a run and where it came from; `sha256` is of its Parquet files, or of the Hub's commit.

    `left_out`: rows without a text where one belongs, or whose right option is none of theirs.
    """

    spec: str
    sha256: str
    left_out: int = 0
    configs: dict[str, int] = field(default_factory=dict)
    train: list[dict[str, Any]] = field(default_factory=list)
    validation: list[dict[str, Any]] = field(default_factory=list)


def load(spec: str, stage: str, home: str | None = None, limit: int | None = None) -> Data:
    """The rows of a dataset for a stage. Raises ConfigError where it is not there or has no column of use."""
    found = _SPEC.match(spec)
    assert found is not None
    name, revision, config = found["name"], found["revision"], found["config"]
    folder = _folder(name, home)
    if folder is None and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise ConfigError(
            f"there is no dataset {name!r}: no folder, and not built in {home or 'a home'}",
            "name a recipe that is built (factory status), a folder, or a Hub id (org/name@v1.0.0)",
        )
    data = Data(spec, _digest(folder) if folder else _commit(name, revision))
    place = folder or name
    for one in _configs(place, config, stage, None if folder else revision):
        splits = _splits(place, one, None if folder else revision)
        columns = next((set(rows.column_names) for rows in splits.values()), set())
        if not any(columns >= set(needed) for needed in NEEDED[stage]):
            if config:
                wanted = " or ".join(", ".join(needed) for needed in NEEDED[stage])
                raise ConfigError(f"{spec} has none of the columns that {stage} needs", f"it needs {wanted}")
            continue
        for split in ("train", "validation"):
            every = [dict(row) for row in splits.get(split, ())]
            rows = [row for row in every if usable(row, stage)]
            data.left_out += len(every) - len(rows)
            data.configs[f"{one}/{split}"] = len(rows)
            getattr(data, split).extend(rows)
    if not data.train:
        wanted = " or ".join(", ".join(needed) for needed in NEEDED[stage])
        raise ConfigError(f"{spec} has no training row for {stage}", f"it needs the columns {wanted}, split train")
    for split in ("train", "validation"):
        rows = sorted(getattr(data, split), key=lambda row: str(row.get("id", "")))
        setattr(data, split, rows[:limit] if limit else rows)
    return data


def every(spec: str, home: str | None = None) -> list[dict[str, Any]]:
    """All rows of a dataset that some stage can train on. Raises ConfigError where none can."""
    found: dict[str, dict[str, Any]] = {}
    errors: list[ConfigError] = []
    for stage in NEEDED:
        try:
            data = load(spec, stage, home)
        except ConfigError as error:
            errors.append(error)
            continue
        found |= {said(row): row for row in [*data.train, *data.validation]}
    if not found:
        raise errors[0]
    return list(found.values())


def _folder(name: str, home: str | None) -> str | None:
    if os.path.isdir(name):
        return name
    inside = os.path.join(home, "datasets", name) if home else ""
    return inside if inside and os.path.isdir(inside) else None


def _digest(folder: str) -> str:
    found = hashlib.sha256()
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".parquet", ".jsonl", ".json", ".csv")):
                found.update(os.path.relpath(os.path.join(place, name), folder).encode())
                with open(os.path.join(place, name), "rb") as file:
                    found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _commit(name: str, revision: str | None) -> str:
    """The commit that a tag means now: two runs of one tag can be told apart."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return str(HfApi().dataset_info(name, revision=revision).sha)
    except (HfHubHTTPError, OSError) as error:
        where = name + (f"@{revision}" if revision else "")
        raise ConfigError(f"the Hub does not give {where}: {error}", "check its name, tag and your token") from error


def _configs(place: str, config: str | None, stage: str, revision: str | None) -> list[str]:
    from datasets import get_dataset_config_names

    with readable(place):
        names = list(get_dataset_config_names(place, revision=revision))
    if config:
        if config not in names:
            raise ConfigError(f"{place} has no config {config!r}", f"it has {', '.join(names)}")
        return [config]
    known = [name for name in names if name in CONFIGS[stage]]
    return known or names


def _splits(place: str, config: str, revision: str | None) -> Any:
    from datasets import load_dataset

    with readable(place):
        return load_dataset(place, config, revision=revision)


@contextlib.contextmanager
def readable(place: str) -> Iterator[None]:
    """What `datasets` raises over damaged or missing files, in one sentence. Raises ConfigError."""
    from datasets.exceptions import DatasetsError

    try:
        yield
    except (DatasetsError, OSError, ValueError) as error:
        cause = error.__cause__ or error
        said = str(cause).strip().splitlines()[0]
        elsewhere = isinstance(cause, OSError) and cause.filename and not str(cause.filename).startswith(place)
        remedy = "HF_HOME must name a folder that can be written" if elsewhere else "build or download it again"
        raise ConfigError(f"{place} cannot be read as a dataset: {said}", remedy) from error


def check_splits(every: Iterable[Data]) -> None:
    """No work stands on two sides. Raises ConfigError that names one that does."""
    sides: dict[str, str] = {}
    for data in every:
        for side in ("train", "validation"):
            for row in getattr(data, side):
                work = row.get("work_id")
                if work is not None and sides.setdefault(work, side) != side:
                    raise ConfigError(
                        f"work {work} stands in train and in validation (last seen in {data.spec})",
                        "split by document: the recipes of one home are",
                    )


def check_clean(every: Iterable[Data], index: Index | None) -> int:
    """The number of rows looked at, none of which holds a question of the index. Raises Contaminated."""
    if index is None:
        return 0
    finder, seen, found = Finder(index), 0, []
    for data in every:
        rows = [*data.train, *data.validation]
        for at in range(0, len(rows), 256):
            part = rows[at : at + 256]
            seen += len(part)
            hits = finder.find([said(row) for row in part])
            found += [(data.spec, row.get("id"), hit[0].item) for row, hit in zip(part, hits, strict=True) if hit]
    if found:
        shown = "; ".join(f"{spec} row {name} holds {item}" for spec, name, item in found[:_SHOWN])
        raise Contaminated(
            f"{len(found)} training rows hold questions of evaluation sets: {shown}",
            "build the dataset with these sets indexed (factory decontaminate index FILE), then train",
        )
    return seen


def said(row: dict[str, Any]) -> str:
    """Everything that a row teaches, as one text."""
    parts = [row[name] for name in ("text", "question", "answer") if isinstance(row.get(name), str)]
    for name in ("messages", "prompt", "completion", "chosen", "rejected"):
        value = row.get(name)
        parts += [one["content"] for one in value] if isinstance(value, list) else [value] if value else []
    if "qtext" in row:
        question, options, _ = of_row(row)
        parts += [question, *options]
    return "\n\n".join(dict.fromkeys(str(one) for one in parts))


def checked_against(index: Index | None) -> list[str]:
    """The evaluation sets whose questions were looked for."""
    return sorted({name.split("/")[0] for name in index.names}) if index else []


def usable(row: dict[str, Any], stage: str) -> bool:
    """Every text that is read or learnt is one, and the right option is one of the options."""
    if stage == "pretrain":
        return isinstance(row.get("text"), str) and bool(row["text"].strip())
    if stage == "sft" and "qtext" in row:
        try:
            question, options, _ = of_row(row)
        except (ValueError, TypeError, KeyError):
            return False
        return isinstance(question, str) and all(isinstance(one, str) and one.strip() for one in options)
    names = ("prompt", "chosen", "rejected") if stage == "dpo" else ("messages",) if row.get("messages") else _PAIR
    return all(_said(row.get(name)) for name in names)


_PAIR = ("prompt", "completion")


def _said(value: Any) -> bool:
    """A text, or turns that all are."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and _said(one.get("content")) for one in value)
    return isinstance(value, str) and bool(value.strip())


class Writer:
    """Turns of a conversation as a model's template writes them, the answer apart from what it answers."""

    def __init__(self, profile: Profile, tokenizer: Any) -> None:
        self._profile, self._tokenizer = profile, tokenizer

    def prompt(self, turns: list[Turn], system: str = "") -> str:
        """The text before an answer, without the token that begins a text: the tokenizer adds it."""
        return self.text(render(self._profile, system, turns))

    def text(self, prompt: Prompt) -> str:
        """What a model reads of a prompt. Raises ConfigError where only the tokenizer's template knows and is none."""
        if not prompt.chats:
            return prompt.text
        if not getattr(self._tokenizer, "chat_template", None):
            raise ConfigError(
                f"{self._profile.name} has no chat template", "write a profile with its template into ./models.toml"
            )
        said = [{"role": role, "content": text} for role, text in prompt.messages]
        text = str(self._tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True))
        start = self._tokenizer.bos_token
        return text.removeprefix(start) if start else text

    def completion(self, answer: str) -> str:
        """The answer as it stands behind its prompt; the trainer adds the token that ends a text."""
        lead = " " if self._profile.template in ("instruct", "llama2", "none") else ""
        return f"{lead}{answer}{_ENDS.get(self._profile.template, '')}"

    def rows(self, row: dict[str, Any]) -> Iterator[dict[str, str]]:
        """`prompt` and `completion` of every answer in a row."""
        if "qtext" in row:
            question, options, right = of_row(row)
            yield self._row([Turn("user", asked(question, options))], LETTERS[right])
        elif "messages" in row:
            turns, system = self.turns(row["messages"])
            for at, turn in enumerate(turns):
                if turn.role == "assistant":
                    yield self._row(turns[:at], turn.text, system)
        elif isinstance(row["prompt"], str):
            yield {"prompt": row["prompt"], "completion": row["completion"]}
        else:
            turns, system = self.turns(row["prompt"])
            yield self._row(turns, row["completion"][0]["content"], system)

    def pair(self, row: dict[str, Any]) -> dict[str, str]:
        """`prompt`, `chosen` and `rejected` as texts."""
        if isinstance(row["prompt"], str):
            return {name: row[name] for name in ("prompt", "chosen", "rejected")}
        turns, system = self.turns(row["prompt"])
        answers = {name: self.completion(row[name][0]["content"]) for name in ("chosen", "rejected")}
        return {"prompt": self.prompt(turns, system), **answers}

    def _row(self, turns: list[Turn], answer: str, system: str = "") -> dict[str, str]:
        return {"prompt": self.prompt(turns, system), "completion": self.completion(answer)}

    def ends(self) -> list[str]:
        """What ends an answer, beside the token that ends a text."""
        found = [_ENDS[self._profile.template]] if self._profile.template in _ENDS else []
        return [*found, *([self._tokenizer.eos_token] if getattr(self._tokenizer, "eos_token", None) else [])]

    @staticmethod
    def turns(messages: Iterable[dict[str, str]]) -> tuple[list[Turn], str]:
        """The conversation, and what the system said before it."""
        every = list(messages)
        system = "\n\n".join(one["content"] for one in every if one["role"] == "system")
        return [Turn(one["role"], one["content"]) for one in every if one["role"] in ("user", "assistant")], system  # type: ignore[arg-type]


def cut(rows: Iterable[dict[str, str]], tokenizer: Any, length: int, keys: tuple[str, ...]) -> dict[str, int]:
    """How many rows are longer than the context, and how many lose their whole answer to it."""
    counts = {"rows": 0, "cut": 0, "lost": 0}
    for row in rows:
        counts["rows"] += 1
        start = len(tokenizer(row["prompt"])["input_ids"])
        longest = max(len(tokenizer(row["prompt"] + row[key])["input_ids"]) for key in keys) + 1
        counts["cut"] += longest > length
        counts["lost"] += start >= length
    return counts


def written(folder: str, split: str, rows: list[dict[str, Any]]) -> str:
    """The file with the rows, as TRL's own scripts load it: `<folder>/<split>.parquet`."""
    from datasets import Dataset

    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{split}.parquet")
    Dataset.from_list(rows).to_parquet(path)
    return path
