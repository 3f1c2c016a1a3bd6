"""What is learnt, token by token; replay to the token; checkpoints that were cut; tasks as their files come."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.config import parse
from factory.decontaminate import Item
from factory.errors import ConfigError
from factory.models import Profile, Turn, find
from tests.engine.tiny_models import SENTENCES, _tokenizer, make
from trainer import checkpoints, replay, rows, tasks
from trainer.config import Merge, Run, Sft, resolved
from trainer.merge import written

TEMPLATES = ["BioMistral-7B", "Llama-7b-spanish", "lince-zero", "aguila-7b", "gemma-7b-it", "salamandraTA-7b-instruct"]


def tokenizer() -> Any:
    from transformers import PreTrainedTokenizerFast

    found = PreTrainedTokenizerFast(
        tokenizer_object=_tokenizer(800), bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    found.pad_token = found.eos_token
    return found


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", TEMPLATES)
def test_only_answers_are_learnt(name: str, tmp_path: Path) -> None:
    """Of every answer all its tokens and its end, of a prompt none: TRL's own labels, read back as text."""
    from datasets import Dataset
    from transformers import AutoModelForCausalLM
    from trl import SFTConfig, SFTTrainer

    folder = make(tmp_path / "model", "BioMistral-7B")
    words, writer = tokenizer(), rows.Writer(find(name), tokenizer())
    talk = {"messages": [{"role": "user", "content": "¿Qué dosis?"}, {"role": "assistant", "content": "500 mg cada 8 horas."},
                         {"role": "user", "content": "¿Y en niños?"}, {"role": "assistant", "content": "No se administra."}]}  # fmt: skip
    asked = {"qtext": "¿Cuál?", "answers": [{"aid": 1, "atext": "una"}, {"aid": 2, "atext": "otra"}], "ra": 2}
    made = [one for row in (talk, asked) for one in writer.rows(row)]
    answers = ["500 mg cada 8 horas.", "No se administra.", "B"]
    assert len(made) == 3
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(folder),
        args=SFTConfig(output_dir=str(tmp_path / "o"), activation_checkpointing=False, use_cpu=True, bf16=False, completion_only_loss=True, max_length=512,
                       report_to="none"),
        train_dataset=Dataset.from_list(made), processing_class=words,
    )  # fmt: skip
    for row, prepared, answer in zip(made, trainer.train_dataset, answers, strict=True):
        kept = [token for token, label in zip(prepared["input_ids"], prepared["labels"], strict=True) if label != -100]
        assert [one for one in prepared["labels"] if one != -100] == kept
        said = words.decode(kept)
        assert said.strip().removesuffix("</s>").strip().startswith(answer)
        assert said.endswith("</s>")
        # Nothing of the prompt is learnt, and the prompt is what a server will be sent.
        lead = prepared["input_ids"][: len(prepared["input_ids"]) - len(kept)]
        assert lead == words(row["prompt"])["input_ids"]


@given(st.lists(st.integers(3, 400), min_size=1, max_size=30), st.floats(0.002, 0.4), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_replay_is_exact_to_the_token(sizes: list[int], share: float, seed: int) -> None:
    """The share of replayed tokens is the one asked for; no domain document is lost, none is repeated."""
    words = tokenizer()
    domain = [" ".join(f"d{n}x{i}" for i in range(size)) for n, size in enumerate(sizes)]
    general = [f"g{n} " + SENTENCES[n % len(SENTENCES)] * 20 for n in range(400)]
    found = replay.mixed(domain, general, share, words, seed)
    total = found.domain_tokens + found.replay_tokens
    assert abs(found.replay_tokens / total - share) <= max(0.001, 1 / total)
    assert sum(len(one["input_ids"]) for one in found.rows) == total
    assert [one["input_ids"][:-1] for one in found.rows[: len(domain)]] == [words(text)["input_ids"] for text in domain]
    behind = [tuple(one["input_ids"]) for one in found.rows[len(domain) :]]
    assert len(set(behind)) == len(behind)


def test_too_little_to_replay_is_said() -> None:
    """Nothing is repeated to fill the share."""
    with pytest.raises(ConfigError, match="wants"):
        replay.mixed(["una frase del dominio " * 50], ["poco"], 0.5, tokenizer())


@pytest.mark.survive(1, "checkpoints cut at any place")
def test_a_checkpoint_that_was_cut_is_not_gone_on_from(tmp_path: Path) -> None:
    """Of a whole one and one whose file ends early, at any place, the whole one is taken and the other is gone."""
    import numpy as np
    import torch
    from safetensors.numpy import save_file

    def checkpoint(step: int) -> Path:
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        save_file({"a": np.ones(100, np.float32)}, folder / "adapter_model.safetensors")
        for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
            torch.save({"x": torch.ones(50)}, folder / name)
        (folder / "trainer_state.json").write_text(json.dumps({"global_step": step}))
        return folder

    whole = checkpoint(2)
    draw = random.Random(0)
    for name in ("adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"):
        for missing in (True, False):
            cut = checkpoint(4)
            data = (cut / name).read_bytes()
            (cut / name).unlink() if missing else (cut / name).write_bytes(data[: draw.randrange(len(data))])
            assert checkpoints.last_whole(str(tmp_path)) == str(whole)
            assert not cut.exists()
    newer = checkpoint(10)
    assert checkpoints.last_whole(str(tmp_path)) == str(newer)
    shutil.rmtree(whole)
    shutil.rmtree(newer)
    assert checkpoints.last_whole(str(tmp_path)) is None


@pytest.mark.data
def test_head_qa_is_read_as_it_comes(data: Path) -> None:
    """Every question of the file with its options, its right one and its category; its indexed form finds it again."""
    from factory.decontaminate import Finder, build

    file = data / "qa/head_qa/es/dev_HEAD.json"
    raw = [q for exam in json.loads(file.read_text())["exams"].values() for q in exam["data"]]
    [found] = tasks.load(f"headqa_es={file}")
    assert len(found.questions) == len(raw)
    for one, row in zip(found.questions, raw, strict=True):
        assert one.text == row["qtext"]
        assert row["answers"][one.right]["aid"] == int(row["ra"])
    assert {one.category for one in found.questions} == {
        exam["category"] for exam in json.loads(file.read_text())["exams"].values()
    }
    index = Finder(build([one.item("headqa_es") for one in found.questions[:200]]))
    long = [one for one in found.questions[:200] if len(one.text.split()) > 15]
    hits = index.find([f"{one.text} {' '.join(one.options)}" for one in long])
    assert all(hits)


def test_other_layouts_of_questions(tmp_path: Path) -> None:
    """CareQA's columns, CasiMedicos' options, Parquet and CSV; a question without a right option is left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    care = [
        {
            "exam_id": 7,
            "question": "¿Qué?",
            "op1": "a",
            "op2": "b",
            "op3": "c",
            "op4": "d",
            "cop": 3,
            "category": "Biología",
        }
    ]
    (tmp_path / "care.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [*care, {**care[0], "cop": 9}]))
    [care_set] = tasks.load(f"careqa_es={tmp_path / 'care.jsonl'}")
    assert care_set.left_out == 1
    [one] = care_set.questions
    assert (one.options, one.right, one.category) == (("a", "b", "c", "d"), 2, "Biología")
    pq.write_table(pa.Table.from_pylist(care), tmp_path / "care.parquet")
    assert tasks.load(f"careqa_es={tmp_path / 'care.parquet'}")[0].questions[0].right == 2
    (tmp_path / "care.csv").write_text("question,op1,op2,op3,op4,cop\n¿Qué?,a,b,c,d,1\n")
    assert tasks.load(f"x={tmp_path / 'care.csv'}")[0].questions[0].right == 0
    casi = {
        "full_question": "Caso",
        "options": {"1": "a", "2": "b", "5": None},
        "correct_option": 2,
        "type": "PEDIATRÍA",
    }
    (tmp_path / "casi.jsonl").write_text(json.dumps(casi))
    [one] = tasks.load(f"casimedicos={tmp_path / 'casi.jsonl'}")[0].questions
    assert (one.options, one.right) == (("a", "b"), 1)
    # Letters name options too, in either place; exams of several years number theirs anew.
    letters = [{"question": "¿?", "options": {"A": "x", "B": "y"}, "correct_option": "B"}, {**care[0], "cop": "C"},
               {**care[0], "unique_id": "7", "cop": 1}, {**care[0], "unique_id": "8", "cop": 1}]  # fmt: skip
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(one) + "\n" for one in letters))
    found = tasks.load(f"x={tmp_path / 'letters.jsonl'}")[0].questions
    assert [one.right for one in found] == [1, 2, 0, 0]
    assert len({one.id for one in found}) == 4
    for spec in ("nothing", f"x={tmp_path / 'no.json'}"):
        with pytest.raises(ConfigError):
            tasks.load(spec)


@pytest.mark.data
def test_every_layout_is_looked_through_for_exam_questions(data: Path) -> None:
    """A question of an exam is found wherever a row that is learnt may hold it."""
    from factory.decontaminate import build

    exam = json.loads((data / "qa/head_qa/es/dev_HEAD.json").read_text())
    row = max((q for e in exam["exams"].values() for q in e["data"]), key=lambda q: len(q["qtext"]))
    index = build([Item("headqa/1", row["qtext"], tuple(a["atext"] for a in row["answers"]))])
    turn = [{"role": "assistant", "content": row["qtext"]}]
    layouts: list[dict[str, Any]] = [
        {"prompt": "¿?", "completion": turn}, {"prompt": [{"role": "user", "content": row["qtext"]}], "completion": "a"},
        {"messages": turn}, {"prompt": "¿?", "chosen": turn, "rejected": "x"}, {"prompt": "¿?", "chosen": "x", "rejected": turn},
        {"text": row["qtext"]}, {"qtext": row["qtext"], "answers": row["answers"], "ra": row["ra"]},
    ]  # fmt: skip
    for one in layouts:
        with pytest.raises(rows.Contaminated):
            rows.check_clean([rows.Data("x", "", train=[one])], index)
    assert rows.check_clean([rows.Data("x", "", train=[{"text": "La tila calma."}])], index) == 1


@pytest.mark.parametrize(
    ("row", "stage", "good"),
    [
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": None}]}, "sft", False),
        ({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, "sft", True),
        ({"prompt": "a", "completion": ""}, "sft", False),
        ({"prompt": "a", "completion": [{"role": "assistant", "content": "b"}]}, "sft", True),
        ({"prompt": "a", "chosen": "b", "rejected": None}, "dpo", False),
        ({"prompt": "a", "chosen": "b", "rejected": "c"}, "dpo", True),
        ({"text": None}, "pretrain", False),
        ({"qtext": "q", "answers": [{"aid": 1, "atext": "a"}, {"aid": 2, "atext": "b"}], "ra": 3}, "sft", False),
        ({"qtext": "q", "answers": [{"aid": 1, "atext": "a"}, {"aid": 2, "atext": "b"}], "ra": 2}, "sft", True),
    ],
)
def test_rows_without_an_answer_are_left_out(row: dict[str, Any], stage: str, *, good: bool) -> None:
    """Nobody learns to say None."""
    assert rows.usable(row, stage) is good


@pytest.mark.parametrize("share", ["5", "1.0", "-0.1"])
def test_a_share_is_a_share(share: str) -> None:
    """Five is no five per cent."""
    with pytest.raises(ConfigError):
        parse(
            Run,
            {"model": "BioMistral-7B", "pretrain": {"dataset": ["x"], "replay": ["y"], "replay_share": float(share)}},
            "x",
        )


def test_presets_fill_what_is_not_said() -> None:
    """A value of the TOML wins over the preset's."""
    run = resolved(Run(model="BioMistral-7B", gpu="24gb", sft=Sft(dataset=("a",), batch=3)))
    assert run.mode == "qlora"
    assert run.sft is not None
    assert (run.sft.batch, run.sft.accumulation, run.sft.max_length, run.sft.packing) == (3, 8, 2048, True)


def test_biomistrals_recipes() -> None:
    """mergekit's recipe is the published one."""
    dare = written(Merge(), "base", ["tuned"])
    assert (dare["merge_method"], dare["base_model"]) == ("dare_ties", "base")
    assert dare["models"] == [{"model": "tuned", "parameters": {"weight": 0.5, "density": 0.5}}]
    assert written(Merge(method="ties"), "base", ["tuned"])["parameters"] == {"normalize": True}
    slerp = written(Merge(method="slerp", t=(0.0, 0.5, 0.3, 0.7, 1.0)), "base", ["tuned"])
    assert {"filter": "mlp", "value": [1.0, 0.5, 0.7, 0.3, 0.0]} in [
        {**one, "value": [round(v, 6) for v in one["value"]] if isinstance(one["value"], list) else one["value"]}
        for one in slerp["parameters"]["t"]
    ]
    with pytest.raises(ConfigError, match="one other model"):
        written(Merge(method="slerp", t=(0.5,)), "base", ["tuned", "third"])
    with pytest.raises(ConfigError, match="nothing differs"):
        written(Merge(), "base", ["base"])


def test_specs_of_datasets(tmp_path: Path) -> None:
    """A folder, a config behind a colon; what is not there has a sentence."""
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "train.jsonl").write_text(
        '{"id": "b", "prompt": "p", "completion": "c"}\n{"id": "a", "prompt": "q", "completion": "d"}\n'
    )
    found = rows.load(str(folder), "sft")
    assert [one["id"] for one in found.train] == ["a", "b"]
    with pytest.raises(ConfigError, match="no dataset"):
        rows.load("missing", "sft")
    with pytest.raises(ConfigError, match="no training row"):
        rows.load(str(folder), "dpo")
    pair = {"id": "1", "work_id": "w", "prompt": "p", "completion": "c"}
    (folder / "validation.jsonl").write_text(json.dumps(pair) + "\n")
    (folder / "train.jsonl").write_text(json.dumps(pair) + "\n")
    with pytest.raises(ConfigError, match="stands in train and in validation"):
        rows.check_splits([rows.load(str(folder), "sft")])


def test_damaged_and_empty_datasets(tmp_path: Path) -> None:
    """An empty folder, half a Parquet file, a line that is no JSON: a sentence that names the folder."""
    for name, data in (("empty", None), ("half.parquet", b"PAR1\x00\x01"), ("wrong.jsonl", b'{"prompt": "p"\n')):
        folder = tmp_path / name.split(".")[0]
        folder.mkdir()
        if data is not None:
            (folder / f"train.{name.split('.')[1]}").write_bytes(data)
        with pytest.raises(ConfigError, match=str(folder)) as found:
            rows.load(str(folder), "sft")
        assert found.value.remedy == "build or download it again"
    with pytest.raises(ConfigError) as found, rows.readable(str(tmp_path)):
        raise PermissionError(13, "Permission denied", str(tmp_path.with_name("cache")))
    assert found.value.remedy == "HF_HOME must name a folder that can be written"


def test_a_template_that_only_the_server_knows() -> None:
    """Without a chat template the model cannot be asked as it was trained."""
    writer = rows.Writer(Profile(name="x", repo="x", licence="unknown", template="chat"), tokenizer())
    with pytest.raises(ConfigError, match="no chat template"):
        writer.prompt([Turn("user", "hola")])


def test_a_run_killed_as_it_ended_leaves_no_checkpoints(tmp_path: Path) -> None:
    """Between the last word of a stage and the removal of what it needed to go on."""
    stage = checkpoints.Stage(str(tmp_path), "sft", {"a": 1})
    stage.begin()
    left = tmp_path / "sft/checkpoints/checkpoint-2"
    left.mkdir(parents=True)
    assert stage.done() is None
    assert left.exists()
    stage.finish({"loss": 1.0})
    assert not left.exists()
    left.mkdir(parents=True)
    assert stage.done() == {"loss": 1.0}
    assert not left.parent.exists()
