"""Training on what the factory built: the real commands on tiny models of every family, killed and gone on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.trainer.conftest import begun, done, factory, killed_when

pytestmark = [pytest.mark.slow, pytest.mark.data]
FAMILIES = {
    "BioMistral-7B": "qlora",
    "Llama-7b-spanish": "lora",
    "aguila-7b": "qlora",
    "gemma-7b-it": "lora",
    "OLMo-1B": "full",
}
# Few rows, seen often, at a high rate: the loss must fall.
SMALL = ("--gpu", "cpu-smoke", "--set", "sft.limit=4", "--set", "sft.max_steps=8", "--set", "sft.learning_rate=0.005",
         "--set", "sft.log_steps=1", "--set", "dpo.limit=4", "--set", "dpo.max_steps=2", "--set", "dpo.log_steps=1",
         "--set", "dpo.learning_rate=0.001")  # fmt: skip
RUN = """
[sft]
dataset = ["natural_es_qa:qa"]
[dpo]
dataset = ["preferences_es"]
[merge]
method = "ties"
"""


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_trained_end_to_end(
    name: str, corpus: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """SFT, DPO and merge from the factory's own datasets: loss fell, what is trained moved, what is frozen did not."""
    place = tiny(name)
    (tmp_path / "run.toml").write_text(RUN)
    out = tmp_path / "run"
    mode = FAMILIES[name]
    said = done(place, "train", "--run", tmp_path / "run.toml", "--model", name, "--mode", mode, "--out", out, *SMALL,
                home=corpus)  # fmt: skip
    first, last = said["sft"]["loss"]
    assert last < first - 0.5
    assert said["dpo"]["steps"] == 2
    before = load_file(place / name / "model.safetensors")
    merged = _weights(out / "merge/model")
    if mode == "full":
        tuned = _weights(out / "sft/model")
        moved = [key for key in before if not np.array_equal(before[key], tuned[key])]
        assert len(moved) == len(before)
    else:
        adapter = _weights(out / "dpo/model")
        ups = [key for key in adapter if "lora_B" in key]
        assert ups
        assert all(np.abs(adapter[key]).max() > 0 for key in ups)
        assert not [key for key in adapter if "lora_" not in key]
        # The merge differs from the base where an adapter stood, and nowhere else.
        touched = {key.replace("base_model.model.", "").replace(".lora_B", "") for key in ups}
        # A head that is tied to the words has no weights of its own in a saved model.
        assert set(before) - set(merged) <= {"lm_head.weight"}
        for key, value in before.items():
            if key in merged:
                assert np.array_equal(value, merged[key]) is (key not in touched), key
    assert (out / "sft/curve.png").read_bytes().startswith(b"\x89PNG")
    assert not list(out.rglob("training_args.bin"))
    lineage = json.loads((out / "merge/model/lineage.json").read_text())
    assert [one["spec"] for one in lineage["stages"]["sft"]["datasets"]] == ["natural_es_qa:qa"]
    assert "| sft | natural_es_qa:qa (" in (out / "merge/model/README.md").read_text()
    again = done(place, "train", "--run", tmp_path / "run.toml", "--model", name, "--mode", mode, "--out", out, *SMALL,
                 home=corpus)  # fmt: skip
    assert again == said


def test_a_run_ends_with_its_evaluation(corpus: Path, data: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """The tasks of a run are asked of what it made, with passages of a corpus; and none of them was trained on."""
    place = tiny("OLMo-1B")
    exam = data / "qa/head_qa/es/dev_HEAD.json"
    (tmp_path / "run.toml").write_text(
        f'[sft]\ndataset = ["natural_es_qa:qa"]\nlimit = 4\nmax_steps = 1\n'
        f'[evaluate]\ntasks = ["headqa_es={exam}"]\nlimit = 6\nrag = "natural_es"\n'
    )
    out = tmp_path / "run"
    said = done(place, "train", "--run", tmp_path / "run.toml", "--model", "OLMo-1B", "--mode", "lora", "--gpu", "cpu-smoke",
                "--out", out, home=corpus)  # fmt: skip
    [result] = said["evaluate"]["results"]
    assert (result["questions"], result["rag"]) == (6, "natural_es")
    assert said["sft"]["rows_looked_at"] > 0
    lines = (out / "evaluate/headqa_es-seed0.jsonl").read_text().splitlines()
    assert len(lines) == 6
    bare = done(place, "evaluate", "--model", out / "sft/model", "--tasks", f"headqa_es={exam}", "--limit", "6", "--out",
                tmp_path / "bare", home=corpus)  # fmt: skip
    assert bare["results"][0]["rag"] is None
    # The passages were there: what the model was asked is another text.
    plain = (tmp_path / "bare/headqa_es-seed0.jsonl").read_text().splitlines()
    assert all(json.loads(one)["prompt_sha256"] != json.loads(other)["prompt_sha256"]
               for one, other in zip(lines, plain, strict=True))  # fmt: skip


def _weights(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= load_file(file)
    return found


@pytest.mark.parametrize("mode", ["lora", "qlora"])
@pytest.mark.survive(1, "`train` killed in a step and in a save, run again: the same weights")
def test_a_killed_run_goes_on_to_the_same_bytes(
    mode: str, corpus: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """SIGKILL during a step and during a save, then the same command: the uninterrupted run, bit by bit."""
    place = tiny("BioMistral-7B")
    command = ["train", "sft", "--model", "BioMistral-7B", "--mode", mode, "--gpu", "cpu-smoke", "--dataset",
               "natural_es_qa:qa", "--set", "sft.max_steps=8", "--set", "sft.save_steps=2", "--set",
               "sft.log_steps=1"]  # fmt: skip
    whole = done(place, *command, "--out", tmp_path / "whole", home=corpus)
    out = tmp_path / "killed"
    saves = out / "sft/checkpoints"
    killed_when(begun(place, *command, "--out", out, home=corpus), lambda: _lines(out / "sft/curve.jsonl") >= 3)
    # A checkpoint that has begun and has no state yet.
    killed_when(
        begun(place, *command, "--out", out, home=corpus),
        lambda: any(
            int(one.name.split("-")[1]) > 2 and not (one / "trainer_state.json").exists()
            for one in saves.glob("checkpoint-*")
        ),
    )
    assert [one for one in saves.glob("checkpoint-*") if not (one / "trainer_state.json").exists()]
    said = done(place, *command, "--out", out, home=corpus)
    assert said["sft"]["loss"] == whole["sft"]["loss"]
    first, second = (tmp_path / one / "sft/model/adapter_model.safetensors" for one in ("whole", "killed"))
    assert first.read_bytes() == second.read_bytes()
    curves = [[(p["step"], p.get("loss")) for p in _points(tmp_path / one)] for one in ("whole", "killed")]
    assert curves[0] == curves[1]
    assert not saves.exists()


def _lines(path: Path) -> int:
    return path.read_text().count("\n") if path.exists() else 0


def _points(out: Path) -> list[dict[str, Any]]:
    lines = (out / "sft/curve.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines if "train_runtime" not in line]


def test_trls_own_command_gives_the_same_curve(corpus: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """The YAML that a run writes is one for `trl sft`, whose losses are ours."""
    import os
    import subprocess
    import sys

    from tests.trainer.conftest import CALM

    place = tiny("BioMistral-7B")
    out = tmp_path / "run"
    done(place, "train", "sft", "--model", "BioMistral-7B", "--mode", "lora", "--gpu", "cpu-smoke", "--dataset",
         "natural_es_qa:qa", "--set", "sft.max_steps=4", "--set", "sft.log_steps=1", "--out", out, home=corpus)  # fmt: skip
    config = out / "sft/sft.yaml"
    theirs = tmp_path / "theirs"
    text = config.read_text().replace(str(out / "sft/checkpoints"), str(theirs))
    (tmp_path / "sft.yaml").write_text(text)
    found = subprocess.run(
        [Path(sys.executable).with_name("trl"), "sft", "--config", tmp_path / "sft.yaml"],
        capture_output=True, text=True, env=os.environ | CALM | {"HF_HOME": str(tmp_path / "hf")}, check=False, timeout=280,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr[-2000:]
    state = max(theirs.glob("checkpoint-*/trainer_state.json"))
    losses = [one["loss"] for one in json.loads(state.read_text())["log_history"] if "loss" in one]
    assert losses == [one["loss"] for one in _points(out) if "loss" in one]


@pytest.mark.survive(9, "5 where a gate refuses the rows")
def test_no_question_of_an_exam_is_trained_on(
    corpus: Path, data: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """One planted row ends the run before a weight is loaded, with the question's name; without it the run begins."""
    file = data / "qa/head_qa/es/dev_HEAD.json"
    exam = json.loads(file.read_text())
    question = next(q for e in exam["exams"].values() for q in e["data"] if len(q["qtext"].split()) > 15)
    rows = [{"id": f"r{n}", "messages": [{"role": "user", "content": f"¿Para qué sirve la planta {n}?"},
                                         {"role": "assistant", "content": "Para nada que se sepa."}]} for n in range(8)]  # fmt: skip
    folder = tmp_path / "set"
    folder.mkdir()
    options = " ".join(one["atext"] for one in question["answers"])
    planted = {"id": "planted", "messages": [{"role": "user", "content": f"{question['qtext']} {options}"},
                                             {"role": "assistant", "content": "La primera."}]}  # fmt: skip
    place = tiny("BioMistral-7B")
    for name, some, code in (("dirty", [*rows, planted], 5), ("clean", rows, 0)):
        (folder / "train.jsonl").write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in some))
        found = factory(place, "train", "sft", "--model", "BioMistral-7B", "--dataset", folder, "--gpu", "cpu-smoke",
                        "--decontaminate", file, "--out", tmp_path / name, "--set", "sft.max_steps=1",
                        home=corpus)  # fmt: skip
        assert found.returncode == code, found.stdout + found.stderr
        if code:
            assert "planted" in found.stderr
            assert str(question["qid"]) in found.stderr
            assert not (tmp_path / name / "sft").exists()


def test_what_cannot_be_trained_is_said(corpus: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """Inference-only models name their twin; wrong datasets, stages and settings have their sentence."""
    place = tiny("BioMistral-7B")

    def refused(*arguments: str) -> str:
        found = factory(place, "train", *arguments, "--out", str(tmp_path / "no"), home=corpus)
        assert found.returncode == 2, found.stdout + found.stderr
        assert "Traceback" not in found.stderr
        return found.stderr

    assert "Barcenas-Mistral-7b" in refused("--model", "Barcenas-Mistral-7B-GGUF", "--dataset", "natural_es_qa")
    assert "Llama-2-13b-ft-instruct-es" in refused(
        "--model", "Llama-2-13b-ft-instruct-es-gptq-4bit", "--dataset", "natural_es_qa"
    )
    assert "no dataset 'nothing'" in refused("--model", "BioMistral-7B", "--dataset", "nothing")
    assert "prompt, chosen, rejected" in refused("dpo", "--model", "BioMistral-7B", "--dataset", "natural_es_qa")
    assert "name a model" in refused("--dataset", "natural_es_qa")
    assert "nothing to train" in refused("--model", "BioMistral-7B")
    assert "there is no adapter" in refused("merge", "--model", "BioMistral-7B", "--set", "merge.method=adapter")
    out = tmp_path / "run"
    plan = done(place, "train", "--model", "BioMistral-7B", "--dataset", "natural_es_qa:qa", "--out", out, "--dry-run",
                home=corpus)  # fmt: skip
    [sample] = plan["stages"]["sft"]["samples"]
    assert sample.startswith("[INST] ¿")
    assert "[/INST]⟦ " in sample
    assert not out.exists()


def test_a_trained_folder_is_asked_as_it_was_trained(corpus: Path, tiny: Callable[[str], Path], tmp_path: Path) -> None:
    """A model of all weights keeps its template, is not moved by a merge, and what stood on it is not taken for new."""
    place = tiny("BioMistral-7B")
    out = tmp_path / "run"
    full = ("--model", "BioMistral-7B", "--mode", "full", "--gpu", "cpu-smoke", "--out", out)
    sft = (*full, "--set", "sft.limit=4", "--set", "sft.max_steps=3")
    dpo = ("train", "dpo", "--dataset", "preferences_es", *full, "--set", "dpo.limit=4", "--set", "dpo.max_steps=1")
    done(place, "train", "sft", "--dataset", "natural_es_qa:qa", *sft, home=corpus)
    done(place, *dpo, home=corpus)
    plan = done(
        place, "train", "dpo", "--dataset", "preferences_es", "--model", out / "sft/model", "--dry-run", home=corpus
    )
    assert "[INST]" in plan["stages"]["dpo"]["samples"][0]
    lineage = json.loads((out / "dpo/model/lineage.json").read_text())
    assert set(lineage["stages"]) == {"sft", "dpo"}
    assert lineage["checked_against"] == []
    # An adapter that is not there cannot be merged: nothing is moved, and no folder is locked by the refusal.
    bad = factory(place, "train", "merge", *full, "--set", "merge.method=adapter", home=corpus)
    assert (bad.returncode, "no adapter" in bad.stderr) == (2, True)
    assert (out / "dpo/model/model.safetensors").exists()
    assert not (out / "merge").exists()
    assert (out / "sft/model/profile.json").exists()
    # The stage below is made anew with other rows: the one that stood on it says so.
    shutil.rmtree(out / "sft")
    done(place, "train", "sft", "--dataset", "medical_es_qa:qa", *sft, home=corpus)
    stale = factory(place, *dpo, home=corpus)
    assert (stale.returncode, "other settings" in stale.stderr) == (2, True)


def test_what_was_looked_for_is_what_every_stage_looked_for(
    corpus: Path, data: Path, tiny: Callable[[str], Path], tmp_path: Path
) -> None:
    """A set that is named at the last stage only was not looked for in the rows of the first."""
    place = tiny("BioMistral-7B")
    small = ("--model", "BioMistral-7B", "--mode", "lora", "--gpu", "cpu-smoke", "--out", tmp_path / "run")
    few = ("--set", "sft.limit=4", "--set", "sft.max_steps=1")
    exam = data / "qa/head_qa/es/dev_HEAD.json"
    done(place, "train", "sft", "--dataset", "natural_es_qa:qa", *small, *few, home=corpus)
    done(place, "train", "merge", *small, "--set", "merge.method=adapter", "--decontaminate", exam, home=corpus)
    card = (tmp_path / "run/merge/model/README.md").read_text()
    assert "checked against no evaluation set" in card
    assert "natural_es_qa:qa (" in card
