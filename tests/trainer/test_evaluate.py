"""Exams: what lm-eval is asked, by hand and through a server; the command, its baseline, its saved predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.conftest import done, factory
from tests.trainer.test_tasks import CASES, written

pytestmark = [pytest.mark.slow, pytest.mark.data]


@pytest.mark.filterwarnings("ignore")
def test_head_qa_by_the_command_and_by_hand(data: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """The letter with the highest log-probability, computed here from the model's own logits, is the prediction."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = tiny("BioMistral-7B")
    task = f"headqa_es={data / 'qa/head_qa/es/dev_HEAD.json'}"
    base = done(
        place, "evaluate", "--model", "BioMistral-7B", "--tasks", task, "--limit", "24", "--out", tmp_path / "a"
    )
    [result] = base["results"]
    assert result["questions"] == 24
    assert result["tokens_per_second"] > 0
    assert result["peak_gib"] > 0
    lines = [json.loads(line) for line in (tmp_path / "a/headqa_es-seed0.jsonl").read_text().splitlines()]
    exam = json.loads((data / "qa/head_qa/es/dev_HEAD.json").read_text())
    known = {f"{e['name']}/{q['qid']}": q for e in exam["exams"].values() for q in e["data"]}
    model = AutoModelForCausalLM.from_pretrained(place / "BioMistral-7B").eval()
    words = AutoTokenizer.from_pretrained(place / "BioMistral-7B")
    for line in lines:
        question = known[line["id"]]
        shown = "\n".join(f"{letter}. {a['atext']}" for letter, a in zip("ABCDE", question["answers"], strict=False))
        prompt = f"[INST] {question['qtext'].strip()}\n\n{shown}\n\nResponda solo con la letra de la opción correcta. [/INST]"
        logs = []
        for letter in "ABCDE"[: len(question["answers"])]:
            ids = words(prompt)["input_ids"]
            both = words(f"{prompt} {letter}")["input_ids"]
            with torch.no_grad():
                out = model(torch.tensor([both])).logits[0].log_softmax(-1)
            logs.append(sum(float(out[n - 1, both[n]]) for n in range(len(ids), len(both))))
        assert line["logs"] == pytest.approx(logs, abs=1e-3)
        assert line["said"] == max(range(len(logs)), key=lambda n: line["logs"][n])
        assert question["answers"][line["right"]]["aid"] == int(question["ra"])
    right = sum(line["said"] == line["right"] for line in lines) / 24
    assert result["accuracy"]["value"] == pytest.approx(right)
    again = done(place, "evaluate", "--model", "BioMistral-7B", "--tasks", task, "--limit", "24", "--out", tmp_path / "b",
                 "--baseline", tmp_path / "a", "--shots", "1", "--seeds", "2")  # fmt: skip
    [other] = again["results"]
    assert other["against"]["questions"] == 24
    assert 0 < other["against"]["mcnemar_p"] <= 1
    assert len(other["accuracy_seeds"]["values"]) == 2
    assert "<h2>headqa_es" in (tmp_path / "b/report.html").read_text()
    same = factory(
        place,
        "evaluate",
        "--model",
        "BioMistral-7B",
        "--tasks",
        task,
        "--out",
        tmp_path / "a",
        "--baseline",
        tmp_path / "a",
    )
    assert (same.returncode, "another --out" in same.stderr) == (2, True)
    none = factory(place, "evaluate", "--model", "BioMistral-7B", "--tasks", f"other={data / 'qa/head_qa/es/dev_HEAD.json'}", "--out",
                   tmp_path / "d", "--baseline", tmp_path / "a")  # fmt: skip
    assert (none.returncode, "no other of these questions" in none.stderr) == (2, True)
    assert not (tmp_path / "d").exists()
    for given, told in ((f"{task},{task}", "two tasks are called headqa_es"), (",", "name a task")):
        bad = factory(place, "evaluate", "--model", "BioMistral-7B", "--tasks", given, "--out", tmp_path / "c")
        assert (bad.returncode, told in bad.stderr) == (2, True)
    wrong = factory(place, "evaluate", "--model", "BioMistral-7B", "--tasks", "nothing", "--out", tmp_path / "c")
    assert wrong.returncode == 2
    assert "headqa_es" in wrong.stderr


@pytest.mark.filterwarnings("ignore")
def test_cases_pairs_and_open_prompts(corpus: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """A clinical set in every order, the home's held-out pairs by hand, its open prompts, and the clean subset."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = tiny("BioMistral-7B")
    cases = written(tmp_path, CASES)
    text = next(row for row in load_rows(corpus, "medical_es_qa", "mcq"))
    seen = [{"qtext": text["qtext"], "answers": text["answers"], "ra": text["ra"], "id": "seen"},
            {"qtext": "¿Cuál de estos ríos pasa por Zaragoza?", "ra": 1, "id": "unseen",
             "answers": [{"aid": n, "atext": t} for n, t in enumerate(("Ebro", "Tajo", "Duero", "Miño"), 1)]}]  # fmt: skip
    exam = written(tmp_path, seen, "exam.jsonl")
    said = done(
        place, "evaluate", "--model", "BioMistral-7B", "--limit", "6", "--out", tmp_path / "a", "--embedder",
        place / "BioMistral-7B", "--trained-on", "medical_es_qa", "--tasks",
        f"clintreates={cases},exam={exam},natural_es", home=corpus,
    )  # fmt: skip
    found = {one["task"]: one for one in said["results"]}
    assert set(found) >= {"clintreates", "clintreates_text", "exam", "natural_es_open", "natural_es_pairs"}
    assert (found["clintreates"]["questions"], found["clintreates"]["cases"]) == (6 * 24, 6)
    assert found["exam"]["questions"] == 2
    assert found["exam"]["clean"]["questions"] == 1
    opened = found["natural_es_open"]["scores"]
    assert {"token_f1", "similarity:BioMistral-7B"} <= set(opened)
    assert all(0 <= one["low"] <= one["high"] <= 1 for name, one in opened.items() if not name.startswith("similarity"))
    lines = [json.loads(line) for line in (tmp_path / "a/natural_es_pairs-seed0.jsonl").read_text().splitlines()]
    rows = {row["id"]: row for row in load_rows(corpus, "preferences_es", "preference")}
    model = AutoModelForCausalLM.from_pretrained(place / "BioMistral-7B").eval()
    words = AutoTokenizer.from_pretrained(place / "BioMistral-7B")
    assert len(lines) == found["natural_es_pairs"]["questions"] > 0
    for line in lines:
        row = rows[line["id"]]
        assert row["split"] != "train"
        system = "".join(one["content"] + "\n\n" for one in row["prompt"] if one["role"] == "system")
        prompt = f"[INST] {system}{row['prompt'][-1]['content']} [/INST]"
        for log, name in zip(line["logs"], ("chosen", "rejected"), strict=True):
            start = len(words(prompt)["input_ids"])
            both = words(f"{prompt} {row[name][0]['content']}")["input_ids"]
            with torch.no_grad():
                out = model(torch.tensor([both])).logits[0].log_softmax(-1)
            whole = sum(float(out[n - 1, both[n]]) for n in range(start, len(both)))
            assert log == pytest.approx(whole / (len(both) - start), abs=1e-3)
        assert (line["said"] == 0) == (line["logs"][0] > line["logs"][1])
    assert "natural_es_open" in (tmp_path / "a/report.html").read_text()


def load_rows(home: Path, recipe: str, config: str) -> list[dict[str, Any]]:
    from datasets import load_dataset

    splits = load_dataset(str(home / "datasets" / recipe), config)
    return [dict(row) for part in splits.values() for row in part]


@pytest.mark.vllm
@pytest.mark.filterwarnings("ignore")
def test_a_server_gives_the_same_predictions(data: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """HEAD-QA through vLLM's completions: the log-likelihoods and predictions of the loaded model."""
    from factory.config import Serve
    from factory.models import find
    from factory.server import Server
    from tests.engine.test_vllm import ONE_PROCESS

    place = tiny("BioMistral-7B")
    model = place / "BioMistral-7B"
    task = f"headqa_es={data / 'qa/head_qa/es/dev_HEAD.json'}"
    local = done(place, "evaluate", "--model", model, "--tasks", task, "--limit", "16", "--out", tmp_path / "local")
    serve = Serve(
        cpu_cache="256M", max_num_seqs=4, arguments=("--enforce-eager", "--dtype", "float32"), start_seconds=300
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ONE_PROCESS.items():
            patch.setenv(name, value)
        with Server(find(str(model)), serve, str(tmp_path / "log")) as server:
            remote = done(place, "evaluate", "--model", model, "--endpoint", server.url, "--tasks", task, "--limit", "16",
                          "--out", tmp_path / "remote")  # fmt: skip
    first, second = (
        [json.loads(line) for line in (tmp_path / one / "headqa_es-seed0.jsonl").read_text().splitlines()]
        for one in ("local", "remote")
    )
    assert [one["said"] for one in first] == [one["said"] for one in second]
    for one, other in zip(first, second, strict=True):
        assert one["prompt_sha256"] == other["prompt_sha256"]
        assert one["logs"] == pytest.approx(other["logs"], abs=1e-3)
    assert local["results"][0]["accuracy"] == remote["results"][0]["accuracy"]
