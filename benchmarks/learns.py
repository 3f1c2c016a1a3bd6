"""From corpus to measured gain, once: a small model from scratch learns the factory's own questions and preferences.

    python -m benchmarks.learns --home data --out runs/learns

Everything is trained and measured by the real commands. Its multiple choice is asked in 18 of the 24 orders of four
options and measured in the other six; the control learns the same rows with shuffled answers and must stay at chance;
questions that it never saw are reported, without a bound.

Then preferences. The works are dealt into four parts. Three are held out once each, every one from a model of its own
whose words, texts and pairs are those of the other works; nothing that quotes a held-out answer is read. Each pair is
measured before DPO, after it, and after DPO on the same pairs with chosen and rejected swapped at random. The first
part is for choosing numbers (`--tune`) and is never among the results. Half an hour on one core.

`--known` asks less: the model has read the texts of all works, and the held-out pairs are of sentences that no trained
pair quotes. It says whether DPO turns what a model has read into what it prefers.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LEAST = 0.6
TRAINED_ORDERS = 18
# Rows of so many tokens: a longer one takes a small model longer than the minutes of this.
LONGEST, VOCABULARY = 130, 2048
PRETRAIN, TUNE = 550, 650
# Parts of the works; the first is for choosing what follows, on one model, and is no result.
PARTS = 4
READ, PREFER, WHOLE, RATE, BETA = 300, 60, 512, 3e-4, 0.1
# Characters of a quote that no held-out work shares with what is read.
SHORTEST = 40
SIGNIFICANT = 0.05


def main() -> None:
    """Write every number to `<out>/learns.json` and say it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", required=True, help="A home with natural_es_qa, medical_es_qa and preferences_es.")
    parser.add_argument("--out", default="runs/learns")
    parser.add_argument("--tune", action="store_true", help="Only the part of the pairs that is for choosing numbers.")
    parser.add_argument("--known", action="store_true", help="Only pairs of other sentences of works that were read.")
    given = parser.parse_args()
    out = Path(given.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    home = Path(given.home).absolute()
    if given.tune:
        _said(_preferences(out, home, (0,)))
        return
    if given.known:
        known = _known(out, home)
        _json(out / "known.json", known)
        _said(known)
        return
    found: dict[str, Any] = {"preferences": _preferences(out, home, range(1, PARTS))}
    _said(found["preferences"])
    _json(out / "learns.json", found)
    found |= _choices(out, home)
    _json(out / "learns.json", found)
    value, chance = found["learnt"]["orders"]["accuracy"]["value"], found["control"]["orders"]["accuracy"]
    print(f"unseen orders {value:.3f} (at least {LEAST}); control {chance['value']:.3f}")
    gained = found["preferences"]["gain"]["value"] > 0 and found["preferences"]["mcnemar_p"] < SIGNIFICANT
    sys.exit(0 if value >= LEAST and chance["low"] <= 0.25 <= chance["high"] and gained else 1)


def _choices(out: Path, home: Path) -> dict[str, Any]:
    """Multiple choice in orders that were never trained, and the same with shuffled answers."""
    questions = [row for recipe in ("natural_es_qa", "medical_es_qa") for row in _rows(home, recipe, "mcq", ("train",))]
    texts = [row["text"] for recipe in ("natural_es", "medical_es") for row in _rows(home, recipe, "text", ("train",))]
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
    return found


def _said(found: dict[str, Any]) -> None:
    print(json.dumps({key: value for key, value in found.items() if key != "pairs"}, indent=1))


def _preferences(out: Path, home: Path, held_out: Iterable[int]) -> dict[str, Any]:
    """What each pair of the held-out parts is worth before DPO, after it and after DPO on shuffled labels."""
    splits = ("train", "validation")
    texts = [row for recipe in ("natural_es", "medical_es") for row in _rows(home, recipe, "text", splits)]
    pairs = _rows(home, "preferences_es", "preference", splits)
    parts = _parts(pairs, [*texts, *pairs])
    asked: list[dict[str, Any]] = []
    trained = []
    for number in held_out:
        held = [row for row in pairs if row["work_id"] in parts[number]]
        quotes = {quote for row in held for quote in _quotes(row)}
        left = [
            [row for row in rows if row["work_id"] not in parts[number] and not _says(row, quotes)]
            for rows in (texts, pairs)
        ]
        asked += _chain(out / f"preferences-{number}", held, *left)
        trained.append({"texts": len(left[0]), "pairs": len(left[1]), "held_out": len(held)})
        print("part", number, json.dumps(trained[-1]), flush=True)
    return {"works": len({row["work_id"] for row in pairs}), "parts": trained, **_compared(asked), "pairs": asked}


def _known(out: Path, home: Path) -> dict[str, Any]:
    """The same of one model that has read every text, over pairs dealt by what they quote."""
    splits = ("train", "validation")
    texts = [row for recipe in ("natural_es", "medical_es") for row in _rows(home, recipe, "text", splits)]
    pairs = [
        {**row, "sentence": min(_quotes(row), default=row["id"])}
        for row in _rows(home, "preferences_es", "preference", splits)
    ]
    parts = _parts([{**row, "work_id": row["sentence"]} for row in pairs], [])
    _model(out, [row["text"] for row in texts], context=1024)
    _parquet(out / "texts", [{"text": row["text"]} for row in texts])
    start = _command(
        out, "train", "pretrain", "--run", _preference_run(out, "pairs"), "--model", "small", "--out", "run"
    )
    asked: list[dict[str, Any]] = []
    for number in range(1, PARTS):
        held = [row for row in pairs if row["sentence"] in parts[number]]
        left = [row for row in pairs if row["sentence"] not in parts[number]]
        folder = out / f"known-{number}"
        folder.mkdir(exist_ok=True)
        shutil.copy(out / "models.toml", folder)
        asked += _preferred(folder, held, left, str(out / start["model"]))
        print("part", number, {"pairs": len(left), "held_out": len(held)}, flush=True)
    return {"read": len(texts), **_compared(asked), "pairs": asked}


def _quotes(row: dict[str, Any]) -> set[str]:
    """What a row quotes of its source; short quotes stand anywhere."""
    quotes = [one["quote"] for one in row.get("evidence") or ()]
    return {folded for one in quotes if len(folded := " ".join(one.lower().split())) >= SHORTEST}


def _says(row: dict[str, Any], quotes: Iterable[str]) -> bool:
    from trainer.rows import said

    text = " ".join(said(row).lower().split())
    return any(quote in text for quote in quotes)


def _parts(pairs: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[set[str]]:
    """The works of the pairs in parts of about as many pairs; works that say the same sentence stand in one part."""
    of = {row["work_id"]: {row["work_id"]} for row in pairs}
    for row in pairs:
        quotes = _quotes(row)
        for other in rows:
            if of.get(other["work_id"], of[row["work_id"]]) is not of[row["work_id"]] and _says(other, quotes):
                together = of[row["work_id"]] | of[other["work_id"]]
                of.update(dict.fromkeys(together, together))
    groups = sorted({min(works): works for works in of.values()}.items())
    random.Random(0).shuffle(groups)
    count = Counter(row["work_id"] for row in pairs)
    parts: list[set[str]] = [set() for _ in range(PARTS)]
    # The largest first, each to the last part that has the fewest pairs: what is measured is as varied as can be.
    for _, works in sorted(groups, key=lambda one: -sum(count[work] for work in one[1])):
        min(reversed(parts), key=lambda part: sum(count[work] for work in part)).update(works)
    return parts


def _chain(
    folder: Path, held: list[dict[str, Any]], texts: list[dict[str, Any]], pairs: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """A model that reads the texts and learns the pairs; what it prefers of the held-out ones."""
    folder.mkdir(parents=True, exist_ok=True)
    _model(folder, [row["text"] for row in texts], context=1024)
    _parquet(folder / "texts", [{"text": row["text"]} for row in texts])
    run = _preference_run(folder, "pairs")
    made = _command(folder, "train", "pretrain", "--run", run, "--model", "small", "--out", "read")
    return _preferred(folder, held, pairs, str(folder / made["model"]))


def _preferred(
    folder: Path, held: list[dict[str, Any]], pairs: list[dict[str, Any]], start: str
) -> list[dict[str, Any]]:
    """What a model prefers of the held-out pairs: as it is, after DPO on the others, and on shuffled ones."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = ("id", "prompt", "chosen", "rejected")
    kept, asked = ([{key: row[key] for key in keys} for row in rows] for rows in (pairs, held))
    _parquet(folder / "pairs", kept)
    _parquet(folder / "shuffled", [_swapped(row) if random.Random(row["id"]).random() < 0.5 else row for row in kept])
    _json(folder / "held_out.json", asked)
    run, control = _preference_run(folder, "pairs"), _preference_run(folder, "shuffled")
    made = _command(folder, "train", "dpo", "--run", run, "--model", start, "--out", "run")
    other = _command(folder, "train", "dpo", "--run", control, "--model", start, "--out", "shuffled-run")
    right = {
        name: _right(folder, name, model)
        for name, model in (("before", start), ("after", made["model"]), ("shuffled", other["model"]))
    }
    return [_measured(row, {name: one[row["id"]] for name, one in right.items()}) for row in held]


def _swapped(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "chosen": row["rejected"], "rejected": row["chosen"]}


def _right(folder: Path, name: str, model: str) -> dict[str, bool]:
    """By its id, whether the chosen answer of a held-out pair is likelier for each of its tokens."""
    task = f"pairs={folder}/held_out.json"
    _command(folder, "evaluate", "--model", model, "--tasks", task, "--out", folder / name)
    lines = [line for file in (folder / name).rglob("pairs-*.jsonl") for line in file.read_text().splitlines()]
    return {row["id"]: row["said"] == row["right"] for row in map(json.loads, lines)}


def _measured(row: dict[str, Any], right: dict[str, bool]) -> dict[str, Any]:
    chosen, rejected = (len(row[key][0]["content"]) for key in ("chosen", "rejected"))
    kept = {key: row[key] for key in ("id", "work_id", "source_id", "corruption")}
    return {**kept, "chosen_length": chosen, "rejected_length": rejected, **right}


def _compared(asked: list[dict[str, Any]]) -> dict[str, Any]:
    """Accuracy by model and kind, the gain with its interval over works, McNemar's exact p, and what lengths tell."""
    from trainer.scores import mcnemar, mean, paired

    said = {name: [int(not row[name]) for row in asked] for name in ("before", "after", "shuffled")}
    works, right = [row["work_id"] for row in asked], [0] * len(asked)
    longer = [
        (row["chosen_length"] > row["rejected_length"]) + 0.5 * (row["chosen_length"] == row["rejected_length"])
        for row in asked
    ]
    kinds: dict[str, dict[str, int]] = {}
    for row in asked:
        kind = kinds.setdefault(row["corruption"], {"pairs": 0, **dict.fromkeys(said, 0)})
        kind["pairs"] += 1
        for name in said:
            kind[name] += row[name]
    return {
        "accuracy": {name: mean([1 - one for one in many], groups=works)._asdict() for name, many in said.items()},
        "gain": paired(right, said["after"], said["before"], groups=works)._asdict(),
        "mcnemar_p": mcnemar(right, said["after"], said["before"]),
        "shuffled_gain": paired(right, said["shuffled"], said["before"], groups=works)._asdict(),
        "shuffled_mcnemar_p": mcnemar(right, said["shuffled"], said["before"]),
        "after_against_shuffled_p": mcnemar(right, said["after"], said["shuffled"]),
        "mean_length": {key: mean([row[key] for row in asked]).value for key in ("chosen_length", "rejected_length")},
        "longer_is_chosen": mean(longer).value,
        "kinds": dict(sorted(kinds.items())),
    }


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


def _model(out: Path, texts: list[str], context: int = 512) -> Any:
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
            num_key_value_heads=4, max_position_embeddings=context, sliding_window=None, tie_word_embeddings=True,
        )
    ).save_pretrained(folder)  # fmt: skip
    profile = {"name": "small", "repo": str(folder), "licence": "CC0-1.0", "family": "mistral", "template": "instruct"}
    with open(out / "models.toml", "wb") as file:
        tomli_w.dump({"model": [{**profile, "context": context, "outputs": "free"}]}, file)
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


def _preference_run(folder: Path, rows: str) -> Path:
    """The run's TOML: texts, then pairs or their control."""
    path = folder / f"{rows}.toml"
    common = "clip = 1.0\nlog_steps = 10\nsave_steps = 10000\n"
    path.write_text(
        f'mode = "full"\ngpu = "cpu-smoke"\n[pretrain]\ndataset = ["{folder}/texts"]\nmax_steps = {READ}\n'
        f"batch = 16\nmax_length = 256\nlearning_rate = 2e-3\n{common}"
        f'[dpo]\ndataset = ["{folder}/{rows}"]\nmax_steps = {PREFER}\nbatch = 8\nmax_length = {WHOLE}\n'
        f"learning_rate = {RATE}\nbeta = {BETA}\n{common}"
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
