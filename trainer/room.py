"""What a stage is handed, what it gives back, and what it tells while it works."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from factory.decontaminate import Index
from factory.errors import FactoryError
from factory.models import Profile
from trainer.config import Run


class Stopped(FactoryError):
    """Training ended before its last step."""

    reason = "stopped"
    exit_code = 130


def _silent(_: str) -> None:
    return None


@dataclass
class Room:
    """A run's settings and surroundings; `base` and `adapter`: what the stages made; `origin`: the first base."""

    run: Run
    profile: Profile
    home: str | None = None
    index: Index | None = None
    say: Callable[[str], None] = _silent
    origin: str | None = None
    base: str | None = None
    adapter: str | None = None


def watching(room: Room, folder: str) -> Any:
    """A callback of the trainer: each log is a line of `curve.jsonl`."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        def __init__(self) -> None:
            self.path, self.start = os.path.join(folder, "curve.jsonl"), time.monotonic()

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            kept = [line for line in curve(folder) if line["step"] <= state.global_step]
            with open(self.path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in kept)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            numbers = {k: v for k, v in (logs or {}).items() if isinstance(v, int | float)}
            line = {"step": state.global_step, "seconds": round(time.monotonic() - self.start, 2), **numbers}
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            if "loss" in numbers:
                room.say(f"step {state.global_step} of {state.max_steps}: loss {numbers['loss']:.4f}")

    return Watch()


def curve(folder: str) -> list[dict[str, Any]]:
    """The points of a curve; a line that a kill cut short is left out."""
    found = []
    try:
        with open(os.path.join(folder, "curve.jsonl"), encoding="utf-8") as file:
            for line in file:
                if line.endswith("\n"):
                    found.append(json.loads(line))
    except FileNotFoundError:
        pass
    return found


def finished(trainer: Any) -> None:
    """All steps were made. Raises Stopped: a signal makes `train` return as if it had ended."""
    if trainer.state.global_step < trainer.state.max_steps:
        raise Stopped(
            f"stopped at step {trainer.state.global_step} of {trainer.state.max_steps}; its checkpoint is saved",
            "run the same command to go on",
        )


def quiet() -> None:
    """The libraries' own bars and tables are still: what they say is in the curve."""
    import datasets
    import transformers

    datasets.disable_progress_bars()
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]


def silent(trainer: Any) -> None:
    """The trainer prints no tables of its own on stdout."""
    from transformers import PrinterCallback

    trainer.remove_callback(PrinterCallback)


def trained(room: Room, trainer: Any, checkpoint: str | None) -> dict[str, Any]:
    """All steps are made, from a checkpoint on where there is one; what they cost."""
    # Read now: training removes old checkpoints.
    before = _tokens_of(checkpoint) if checkpoint else 0
    start = time.monotonic()
    trainer.train(resume_from_checkpoint=checkpoint)
    finished(trainer)
    seconds = time.monotonic() - start
    counts = [line["num_tokens"] for line in trainer.state.log_history if "num_tokens" in line]
    return measured(trainer, int(counts[-1] - before) if counts else None, seconds)


def _tokens_of(checkpoint: str) -> int:
    with open(os.path.join(checkpoint, "trainer_state.json"), encoding="utf-8") as file:
        counts = [line["num_tokens"] for line in json.load(file)["log_history"] if "num_tokens" in line]
    return int(counts[-1]) if counts else 0


def measured(trainer: Any, tokens: int | None, seconds: float) -> dict[str, Any]:
    """Tokens a second and the most memory that was held, in GiB: of the card, else of the process."""
    import torch

    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated()
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "steps": trainer.state.global_step,
        "tokens_per_second": round(tokens / seconds, 1) if tokens and seconds else None,
        "peak_gib": round(peak / 2**30, 3),
        "on": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }


def picture(folder: str, title: str) -> str | None:
    """`curve.png`: loss by step, the held-out one beside it."""
    points = curve(folder)
    lines = {
        name: [(p["step"], p[name]) for p in points if name in p]
        for name in ("loss", "eval_loss", "rewards/accuracies", "eval_rewards/accuracies")
    }
    if not lines["loss"]:
        return None
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, dots in lines.items():
        if dots:
            axes.plot(*zip(*dots, strict=True), marker="." if len(dots) < 40 else None, label=name)
    axes.set(xlabel="step", title=title)
    axes.grid(alpha=0.3)
    axes.legend()
    path = os.path.join(folder, "curve.png")
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)
    return path
