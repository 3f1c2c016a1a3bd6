"""SIGKILL of a training at its durable operations, under FACTORY_SURVIVE=all only; the same command ends with the same bytes."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash import Record, chosen, crash, sweep
from tests.trainer.conftest import CALM, done

pytestmark = [pytest.mark.slow, pytest.mark.data]
COMMAND = (
    "train", "sft", "--model", "BioMistral-7B", "--mode", "lora", "--gpu", "cpu-smoke", "--dataset", "natural_es_qa:qa",
    "--set", "sft.max_steps=4", "--set", "sft.save_steps=2", "--set", "sft.log_steps=1", "--set", "sft.limit=16",
)  # fmt: skip
MOST = 64


@pytest.fixture(scope="module")
def whole(
    corpus: Path, tiny: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, bytes, int]:
    """Where the tiny model is, the weights of an uninterrupted run, and how many durable operations it took."""
    place, out = tiny("BioMistral-7B"), tmp_path_factory.mktemp("whole") / "run"
    points, code = crash((*COMMAND, "--out", out), corpus, 10**9, inside=out, cwd=place, more=CALM)
    assert code == 0
    return place, (out / "sft/model/adapter_model.safetensors").read_bytes(), points


@pytest.mark.parametrize("share", range(4))
@pytest.mark.survive(1, "`train` killed at durable operations, run again: the same weights")
def test_a_training_killed_anywhere_ends_the_same(
    whole: tuple[Path, bytes, int], corpus: Path, share: int, tmp_path: Path, record_property: Record
) -> None:
    """Kill at the point, run again: the weights are those of the uninterrupted run, and nothing temporary is left."""
    place, weights, points = whole
    out = tmp_path / "run"

    def attempt(at: int) -> None:
        shutil.rmtree(out, ignore_errors=True)
        count, code = crash((*COMMAND, "--out", out), corpus, at, inside=out, cwd=place, more=CALM)
        assert count >= at
        assert code == -signal.SIGKILL
        done(place, *COMMAND, "--out", out, home=corpus)
        assert (out / "sft/model/adapter_model.safetensors").read_bytes() == weights
        assert not (out / "sft/checkpoints").exists()
        assert not list(out.rglob(".part-*"))

    sweep(chosen(points, MOST)[share::4], points, attempt, record_property)
