"""Exams: what lm-eval is asked, by hand and through a server; the command, its baseline, its saved predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trainer.conftest import done, factory

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
    wrong = factory(place, "evaluate", "--model", "BioMistral-7B", "--tasks", "nothing", "--out", tmp_path / "c")
    assert wrong.returncode == 2
    assert "headqa_es" in wrong.stderr


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
