"""The study: every row by the real commands, once; and the model that goes to the Hub in one commit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.publish.conftest import start
from tests.trainer.conftest import begun, done, factory, killed_when
from tests.trainer.test_evaluate import load_rows

pytestmark = [pytest.mark.slow, pytest.mark.data]
RUN = """
mode = "lora"
gpu = "cpu-smoke"
[pretrain]
dataset = ["natural_es"]
replay = ["medical_es"]
replay_share = 0.2
max_steps = 1
limit = 4
[sft]
dataset = ["natural_es_qa:qa"]
limit = 4
max_steps = 1
[dpo]
dataset = ["preferences_es"]
limit = 4
max_steps = 1
[merge]
method = "adapter"
[evaluate]
tasks = ["mine=mine.json"]
rag = "natural_es"
"""
EXAM = [
    {"id": str(n), "qtext": f"¿Qué río pasa por {city}?", "ra": n % 4 + 1,
     "answers": [{"aid": a, "atext": river} for a, river in enumerate(("Turia", "Tormes", "Ebro", "Nervión"), 1)]}
    for n, city in enumerate(("Valencia", "Salamanca", "Zaragoza", "Bilbao"))
]  # fmt: skip


@pytest.mark.survive(1, "`train --study` killed in the middle")
def test_a_study_is_one_table(corpus: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """Base, adapter, + replay, + DPO, + merge, + RAG; killed in the middle it goes on, and nothing is measured twice."""
    place = tiny("BioMistral-7B")
    (place / "mine.json").write_text(json.dumps(EXAM))
    (tmp_path / "run.toml").write_text(RUN)
    out = tmp_path / "study"
    asked = ("train", "--study", "--run", tmp_path / "run.toml", "--model", "BioMistral-7B", "--out", out)
    plan = done(place, *asked, "--dry-run", home=corpus)["study"]
    assert [one.split(":")[0] for one in plan] == ["base", "LoRA", "+ replay", "+ DPO", "+ merge", "+ RAG"]
    killed_when(begun(place, *asked, home=corpus), (out / "sft/sft/done.json").exists)
    base = (out / "evaluate/base/results.json").stat().st_mtime_ns
    rows = done(place, *asked, home=corpus)["study"]
    assert [one["name"] for one in rows] == ["base", "LoRA", "+ replay", "+ DPO", "+ merge", "+ RAG"]
    assert (out / "evaluate/base/results.json").stat().st_mtime_ns == base
    by = {one["name"]: one for one in rows}
    assert all(one["results"][0]["questions"] == 4 for one in rows)
    assert all(one["results"][0]["peak_gib"] > 0 and one["results"][0]["tokens_per_second"] > 0 for one in rows)
    assert by["base"]["train_peak_gib"] is None
    assert all(by[name]["train_peak_gib"] > 0 for name in ("LoRA", "+ replay", "+ DPO"))
    assert by["+ RAG"]["results"][0]["rag"] == "natural_es"
    assert by["+ DPO"]["results"][0]["against"]["questions"] == 4
    # The merged model is the adapter in its base: the same words, whatever the tokens a second.
    logs = [(out / f"evaluate/{name}/mine-seed0.jsonl").read_text() for name in ("dpo", "merge", "rag")]
    first, second, third = ([json.loads(line) for line in log.splitlines()] for log in logs)
    for one, other in zip(first, second, strict=True):
        assert one["logs"] == pytest.approx(other["logs"], abs=1e-3)
    assert all(one["prompt_sha256"] != other["prompt_sha256"] for one, other in zip(second, third, strict=True))
    replayed = json.loads((out / "replay/pretrain/done.json").read_text())
    assert replayed["replay_share"] == pytest.approx(0.2, abs=1e-3)
    assert "+ replay" in (out / "study.html").read_text()
    bad = factory(place, "train", "--study", "--model", "BioMistral-7B", "--dataset", "natural_es_qa", home=corpus)
    assert (bad.returncode, "[evaluate]" in bad.stderr) == (2, True)


def test_an_exam_in_the_rows_stops_a_study(corpus: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """What a command of it refuses, it refuses, in that command's words and with its exit code."""
    place = tiny("BioMistral-7B")
    row = load_rows(corpus, "medical_es_qa", "mcq")[0]
    exam = [{"id": "x", "qtext": row["qtext"], "answers": row["answers"], "ra": row["ra"]}]
    (tmp_path / "exam.json").write_text(json.dumps(exam))
    text = RUN.replace("mine=mine.json", f"exam={tmp_path}/exam.json").replace("natural_es_qa:qa", "medical_es_qa:mcq")
    (tmp_path / "run.toml").write_text(text.replace("limit = 4\n", ""))
    found = factory(place, "train", "--study", "--run", tmp_path / "run.toml", "--model", "BioMistral-7B", "--out",
                    tmp_path / "out", "-q", home=corpus)  # fmt: skip
    assert found.returncode == 5, found.stderr
    assert "hold questions of evaluation sets" in found.stderr


def test_a_model_is_pushed_in_one_commit(
    corpus: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Private, with its card, lineage and measured intervals; the same call again commits nothing; no token: a sentence."""
    place = tiny("BioMistral-7B")
    (place / "mine.json").write_text(json.dumps(EXAM))
    (tmp_path / "run.toml").write_text(
        'mode = "lora"\ngpu = "cpu-smoke"\n[sft]\ndataset = ["natural_es_qa:qa"]\nlimit = 4\nmax_steps = 1\n'
        '[evaluate]\ntasks = ["mine=mine.json"]\n'
    )
    asked = ("train", "--run", tmp_path / "run.toml", "--model", "BioMistral-7B", "--out", tmp_path / "run",
             "--push", "org/model")  # fmt: skip
    for loopback in start(tmp_path / "hub", xet=False):
        for name, value in loopback.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("tests.trainer.conftest.CALM", {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"})
        said = done(place, *asked, home=corpus)
        repo = loopback.hub.repos["model", "org/model"]
        head = repo.branches["main"]
        assert repo.private
        assert head in said["pushed"]
        assert repo.commits[repo.commits[head].parent or ""].parent is None
        files = {name for name in repo.commits[head].files if name != ".gitattributes"}
        assert {"README.md", "lineage.json", "adapter_model.safetensors", "tokenizer.json"} <= files
        assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in files)
        card = repo.commits[head].files["README.md"].data
        assert card is not None
        assert "| mine | accuracy |" in card.decode()
        done(place, *asked, home=corpus)
        assert repo.branches["main"] == head
        monkeypatch.setenv("HF_TOKEN", "hf_read")
        denied = factory(place, *asked[:-1], "org/other", home=corpus)
        assert denied.returncode == 2
        assert "may not write" in denied.stderr
        assert "Traceback" not in denied.stderr


def test_a_dataset_of_the_hub_at_its_tag(
    corpus: Path, tiny: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ORG/NAME@TAG is read from the Hub as it was published, and named by its commit; a tag that is none is said."""
    place = tiny("BioMistral-7B")
    home = Path(shutil.copytree(corpus, tmp_path / "home", symlinks=True))
    monkeypatch.setattr("tests.trainer.conftest.CALM", {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"})
    for loopback in start(tmp_path / "hub", xet=False):
        for name, value in loopback.environment().items():
            monkeypatch.setenv(name, value)
        loopback.publish("natural_es_qa", "--repo", "org/preguntas", home=home)
        asked = (
            "train",
            "sft",
            "--model",
            "BioMistral-7B",
            "--gpu",
            "cpu-smoke",
            "--out",
            tmp_path / "run",
            "--dry-run",
        )
        there = done(place, *asked, "--dataset", "org/preguntas@v1.0.0:qa")["stages"]["sft"]
        here = done(place, *asked, "--dataset", "natural_es_qa:qa", home=home)["stages"]["sft"]
        assert list(there["rows"].values()) == list(here["rows"].values())
        assert there["samples"] == here["samples"]
        none = factory(place, *asked, "--dataset", "org/preguntas@v9.9.9:qa")
        assert (none.returncode, "org/preguntas@v9.9.9" in none.stderr) == (2, True)
        assert "Traceback" not in none.stderr
