"""What `factory train sft` costs a step over TRL's own trainer called directly: a tiny model, LoRA, one processor."""

from __future__ import annotations

import itertools
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from benchmarks.measure import Result, compared, data, in_turn

ROWS, STEPS, REPEATS = 64, 40, 7
MODEL = "BioMistral-7B"


def steps() -> Result:
    """Processor seconds of the trainer's `train`, without loading and saving the model: other work adds none."""
    import torch

    from factory.models import find
    from tests.engine.tiny_models import make

    # A thread that waits for its core spins, and would be counted.
    torch.set_num_threads(1)
    wall: dict[str, list[float]] = {"ours": [], "peer": []}
    losses: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = find(MODEL).model_copy(update={"repo": str(make(folder / "model", MODEL, vocabulary=1024))})
        _rows(folder / "set")
        runs = (folder / f"run-{number}" for number in itertools.count())

        def once(side: str, call: Callable[[], list[float]]) -> float:
            with _Clock() as clock, warnings.catch_warnings(action="ignore", category=FutureWarning):
                losses[side] = call()
            wall[side].append(clock.wall)
            return clock.processor

        # What the peer is told is what the factory wrote down for `trl sft`: the same settings over the same rows.
        told = folder / "run-0/sft/sft.yaml"
        _factory(profile, folder / "set", next(runs))
        raw = in_turn(
            lambda: once("ours", lambda: _factory(profile, folder / "set", next(runs))),
            lambda: once("peer", lambda: _trl(told, next(runs))),
            REPEATS,
        )
    for seconds in wall.values():
        del seconds[0]  # the unmeasured round
    if losses["ours"] != losses["peer"]:
        raise AssertionError(f"not the same training: {losses}")
    return {"rows": ROWS, "steps": STEPS, "raw_wall_seconds": wall} | compared(raw)


class _Clock:
    """The seconds within `Trainer.train`, whoever calls it."""

    def __enter__(self) -> Self:
        from transformers import Trainer

        train = Trainer.train

        def clocked(*told: Any, **named: Any) -> Any:
            begun = time.process_time(), time.perf_counter()
            found = train(*told, **named)
            self.processor, self.wall = time.process_time() - begun[0], time.perf_counter() - begun[1]
            return found

        self._patch = patch.object(Trainer, "train", clocked)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


def _rows(folder: Path) -> None:
    from tests.questions.casimedicos import good_rows

    folder.mkdir()
    found = itertools.islice(good_rows(data() / "qa/casimedicos_arg/ES/train.tsv"), ROWS)
    with open(folder / "train.jsonl", "w", encoding="utf-8") as file:
        for number, row in enumerate(found):
            turns = [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["quote"]}]
            file.write(json.dumps({"id": f"{number:03d}", "messages": turns}, ensure_ascii=False) + "\n")


def _factory(profile: Any, rows: Path, out: Path) -> list[float]:
    """The losses of our stage."""
    from trainer import sft
    from trainer.config import Run, Sft, resolved
    from trainer.room import Room, curve

    stage = Sft(dataset=(str(rows),), max_steps=STEPS)
    run = resolved(Run(model=MODEL, gpu="cpu-smoke", mode="lora", out=str(out), sft=stage))
    sft.train(Room(run, profile))
    return [line["loss"] for line in curve(str(out / "sft")) if "loss" in line]


def _trl(told: Path, out: Path) -> list[float]:
    """The losses of `trl sft --config FILE`, without its command line."""
    import trl
    from datasets import load_dataset
    from transformers import PrinterCallback

    parser = trl.TrlParser((trl.ScriptArguments, trl.SFTConfig, trl.ModelConfig))
    script, settings, model = parser.parse_args_and_config(args=["--config", str(told), "--output_dir", str(out)])
    settings.model_init_kwargs = {"dtype": model.dtype, "attn_implementation": model.attn_implementation}
    trainer = trl.SFTTrainer(
        model=model.model_name_or_path,
        args=settings,
        train_dataset=load_dataset(script.dataset_name)["train"],
        peft_config=trl.get_peft_config(model),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return [line["loss"] for line in trainer.state.log_history if "loss" in line]
