"""From corpus to measured gain, once: a small model from scratch learns the factory's own questions and preferences.

    python -m benchmarks.learns --home data --out runs/learns

Everything is trained and measured by the real commands. Its multiple choice is asked in 18 of the 24 orders of four
options and measured in the other six; the control learns the same rows with shuffled answers and must stay at chance;
questions that it never saw are reported, without a bound. Then DPO on pairs, measured on pairs of other works. Ten
minutes on two cores.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LEAST = 0.6
TRAINED_ORDERS = 18
# Rows of so many tokens: a longer one takes a small model longer than the minutes of this.
LONGEST, VOCABULARY = 130, 2048
PRETRAIN, TUNE, PREFER = 550, 650, 60


def main() -> None:
    """Write every number to `<out>/learns.json` and say it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="A home with natural_es_qa, medical_es_qa and preferences_es.")
    parser.add_argument("--out", default="runs/learns")
    given = parser.parse_args()
    out = Path(given.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    home = Path(given.home).absolute()
    questions = [row for recipe in ("natural_es_qa", "medical_es_qa") for row in _rows(home, recipe, "mcq", ("train",))]
    texts = [row["text"] for recipe in ("natural_es", "medical_es") for row in _rows(home, recipe, "text", ("train",))]
    pairs = _rows(home, "preferences_es", "preference", ("train", "validation"))
    words = _model(out, texts + [_text(row["qtext"], _options(row), 0) for row in questions] * 5)
    short = [row for row in questions if len(words.encode(_text(row["qtext"], _options(row), 0)).ids) <= LONGEST]
    other = [row for row in questions if row not in short]
    seen, unseen = _orders(short)
    control = [{**row, "ra": random.Random(row["id"]).randint(1, 4)} for row in seen]
    _json(out / "unseen_orders.json", unseen)
    _json(out / "unseen_questions.json", [_plain(row, list(range(4)), "0") for row in other])
    found: dict[str, Any] = {"questions": len(short), "trained_rows": len(seen), "unseen_rows": len(unseen)}
    tasks = f"orders={out}/unseen_orders.json,questions={out}/unseen_questions.json"
    for name, rows in (("learnt", seen), ("control", control)):
        folder = out / name
        _parquet(folder / "texts", [{"text": _text(r["qtext"], _options(r), r["ra"] - 1)} for r in rows])
        _parquet(folder / "rows", rows)
        made = _command(
            out, "train", "pretrain", "sft", "--run", _run(folder), "--model", "small", "--out", folder / "run"
        )
        scored = _command(out, "evaluate", "--model", made["model"], "--tasks", tasks, "--out", folder / "evaluation")
        found[name] = {one["task"]: {key: one[key] for key in ("accuracy", "macro_f1")} for one in scored["results"]}
        found[name]["loss"] = made["sft"]["loss"]
        print(name, json.dumps(found[name]), flush=True)
    found["preferences"] = _preferences(out, pairs)
    _json(out / "learns.json", found)
    value, chance = found["learnt"]["orders"]["accuracy"]["value"], found["control"]["orders"]["accuracy"]
    before, after = (found["preferences"][name]["value"] for name in ("before", "after"))
    against = found["preferences"]["against"]
    gain, p = against["gain"], against["mcnemar_p"]
    print(f"unseen orders {value:.3f} (at least {LEAST}); control {chance['value']:.3f}")
    print(f"held-out pairs {before:.3f} → {after:.3f}")
    print(f"  difference {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}), McNemar p = {p:.3g}")
    sys.exit(0 if value >= LEAST and chance["low"] <= 0.25 <= chance["high"] and after > before else 1)


def _preferences(out: Path, pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Length-normalised accuracy on pairs of works that are not trained on, before DPO and after it."""
    works = sorted({row["work_id"] for row in pairs})
    random.Random(0).shuffle(works)
    held = set(works[: len(works) // 3])
    apart = [row for row in pairs if row["work_id"] in held]
    trained = [row for row in pairs if row["work_id"] not in held]
    folder = out / "preferences"
    _parquet(folder / "rows", trained)
    keys = ("id", "prompt", "chosen", "rejected", "pair_kind")
    _json(folder / "held_out.json", [{key: row[key] for key in keys} for row in apart])
    start = out / "learnt/run/sft/model"
    (folder / "run.toml").write_text(
        f'mode = "full"\ngpu = "cpu-smoke"\n[dpo]\ndataset = ["{folder}/rows"]\nmax_steps = {PREFER}\nbatch = 8\n'
        "max_length = 256\nlearning_rate = 2e-4\nclip = 1.0\nlog_steps = 10\nsave_steps = 1000\n"
    )
    told = ("--tasks", f"pairs={folder}/held_out.json")
    first = _command(out, "evaluate", "--model", start, *told, "--out", folder / "before")["results"][0]
    made = _command(out, "train", "dpo", "--run", folder / "run.toml", "--model", start, "--out", folder / "run")
    after = ("--baseline", folder / "before", "--out", folder / "after")
    last = _command(out, "evaluate", "--model", made["model"], *told, *after)["results"][0]
    counts = {"trained": len(trained), "held_out": len(apart), "works": [len(works) - len(held), len(held)]}
    return {**counts, "before": first["accuracy"], "after": last["accuracy"], "against": last["against"]}


def _rows(home: Path, recipe: str, config: str, splits: Iterable[str]) -> list[dict[str, Any]]:
    from datasets import load_dataset

    found = load_dataset(str(home / "datasets" / recipe), config)
    return [dict(row) for split in splits if split in found for row in found[split]]


def _options(row: dict[str, Any]) -> list[str]:
    return [one["atext"] for one in row["answers"]]


def _text(question: str, options: list[str], right: int) -> str:
    """A row as the model reads it, its answer behind it."""
    from trainer.exam import LETTERS, asked

    return f"[INST] {asked(question, options)} [/INST] {LETTERS[right]}"


def _plain(row: dict[str, Any], order: list[int], name: str) -> dict[str, Any]:
    """The question with its options in an order."""
    options = _options(row)
    answers = [{"aid": place + 1, "atext": options[at]} for place, at in enumerate(order)]
    right = order.index(row["ra"] - 1) + 1
    # The orders of one question are one draw.
    return {"id": f"{row['id']}-{name}", "group": row["id"], "qtext": row["qtext"], "answers": answers, "ra": right}


def _orders(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Each question in orders to train on and in orders to measure; the same each time."""
    seen, unseen = [], []
    for row in rows:
        every = [list(one) for one in itertools.permutations(range(4))]
        random.Random(row["id"]).shuffle(every)
        for number, order in enumerate(every):
            (seen if number < TRAINED_ORDERS else unseen).append(_plain(row, order, f"{number:02d}"))
    return seen, unseen


def _model(out: Path, texts: list[str]) -> Any:
    """A small Mistral with random weights and words of its own, as a profile `small` in `<out>/models.toml`."""
    import tomli_w
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

    words = Tokenizer(models.BPE(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    special = ["<unk>", "<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    words.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    )
    words.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    folder = out / "small"
    PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="</s>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    MistralForCausalLM(
        MistralConfig(
            vocab_size=VOCABULARY, hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=512, sliding_window=None, tie_word_embeddings=True,
        )
    ).save_pretrained(folder)  # fmt: skip
    profile = {"name": "small", "repo": str(folder), "licence": "CC0-1.0", "family": "mistral", "template": "instruct"}
    with open(out / "models.toml", "wb") as file:
        tomli_w.dump({"model": [{**profile, "context": 512, "outputs": "free"}]}, file)
    return words


def _run(folder: Path) -> Path:
    """The run's TOML: all weights, texts first, then the answers alone."""
    path = folder / "run.toml"
    common = "learning_rate = 2e-3\nclip = 1.0\nlog_steps = 50\nsave_steps = 10000\nbatch = 16\n"
    path.write_text(
        f'mode = "full"\ngpu = "cpu-smoke"\n[pretrain]\ndataset = ["{folder}/texts"]\nmax_steps = {PRETRAIN}\n'
        f'max_length = {LONGEST + 10}\n{common}[sft]\ndataset = ["{folder}/rows"]\nmax_steps = {TUNE}\n'
        f"max_length = {LONGEST + 10}\npacking = false\n{common}"
    )
    return path


def _parquet(folder: Path, rows: list[dict[str, Any]]) -> None:
    from datasets import Dataset

    folder.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows).to_parquet(folder / "train.parquet")


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1))


def _command(place: Path, *arguments: str | Path) -> dict[str, Any]:
    """What a command of ours says, where the profile is."""
    command = [sys.executable, "-m", "factory", *map(str, arguments), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=place, env={**os.environ})
    return dict(json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
