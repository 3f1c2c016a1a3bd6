"""Adapters into their unquantised base, and whole models into one by mergekit (TIES, DARE, SLERP).

An adapter merged into 4-bit weights loses a third of what it learnt; into the full ones nothing. PEFT's own ties and
dare combine the two halves of adapters apart, which is not their sum: they are not offered. mergekit (LGPL-3.0) is run
as a program of its own. Presets are BioMistral's (arXiv:2402.10373, section 3.3).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from typing import Any

from factory.errors import ConfigError, FactoryError
from factory.models import Profile, find
from trainer import checkpoints, model
from trainer.config import Merge
from trainer.room import Room

# mergekit's table for Falcon is that of the 40B model; of the 7B one it finds the layers by itself.
_PROGRAM = (
    "from mergekit.architecture.json_definitions import NAME_TO_ARCH; NAME_TO_ARCH.pop('FalconForCausalLM', None);"
    " from mergekit.scripts.run_yaml import main; main()"
)


class MergeFailed(FactoryError):
    """mergekit ended with an error."""

    reason = "merge_failed"


def merge(room: Room) -> dict[str, Any]:
    """The whole model stands in `<out>/merge/model`; what was done is given back."""
    config = room.run.merge
    assert config is not None
    others = [find(name) for name in config.with_models]
    settings = {
        "origin": room.origin,
        "base": room.base,
        "adapter": room.adapter,
        "weights": [checkpoints.identity(room.base), checkpoints.identity(room.adapter)],
        "merge": config.model_dump(mode="json"),
        "seed": room.run.seed,
    }
    stage = checkpoints.Stage(room.run.out, "merge", {**settings, "model": room.profile.repo})
    if (done := stage.done()) is not None:
        room.say("merge is done already")
        return done
    # Differences are taken from the model that it all began with, also where all weights were trained since.
    base = room.origin or _pinned(room)
    tuned = stage.path("fused") if room.adapter is not None else room.base or base
    if config.method == "adapter" and room.adapter is None:
        raise ConfigError(
            "there is no adapter to merge", "train one first (mode lora or qlora), or name another method"
        )
    # Only now: a recipe that is refused leaves nothing behind.
    recipe = None
    if config.method != "adapter":
        recipe = written(config, base, [tuned, *(_with_revision(one) for one in others)])
    stage.begin()
    if room.adapter is not None:
        fuse(room, tuned)
    if recipe is None:
        shutil.rmtree(stage.path("model"), ignore_errors=True)
        os.replace(tuned, stage.path("model"))
    else:
        _mergekit(recipe, stage, room.run.seed)
        shutil.rmtree(stage.path("fused"), ignore_errors=True)
        model.sign(stage.path("model"), room.profile, room.run)
    result = {"stage": "merge", "method": config.method, "model": stage.path("model"), "with": list(config.with_models)}
    stage.finish(result)
    return result


def _pinned(room: Room) -> str:
    """The first model, at the revision that was trained, as mergekit writes it."""
    return _with_revision(room.profile.model_copy(update={"revision": room.run.revision or room.profile.revision}))


def _with_revision(profile: Profile) -> str:
    return (
        f"{profile.repo}@{profile.revision}" if profile.revision and not os.path.isdir(profile.repo) else profile.repo
    )


def fuse(room: Room, folder: str) -> None:
    """The base with its adapter added, unquantised, stands in the folder: W + (alpha / r) B A."""
    assert room.adapter is not None
    whole = model.base(room.profile, room.run, room.base, quantised=False)
    whole = model.with_adapter(whole, room.adapter, trainable=False).merge_and_unload(safe_merge=True)
    model.save(whole, model.tokenizer_of(room.profile, room.run, room.base), folder, room.profile, room.run)


def written(config: Merge, base: str, models: list[str]) -> dict[str, Any]:
    """Mergekit's recipe. Raises ConfigError where slerp is given more than two models."""
    if config.method == "slerp":
        if len(set(models) - {base}) != 1:
            raise ConfigError("slerp takes the base and one other model", "with_models must be empty")
        other = next(one for one in models if one != base)
        t: Any = (
            config.t[0]
            if len(config.t) == 1
            else [
                {"filter": "self_attn", "value": list(config.t)},
                {"filter": "self_attention", "value": list(config.t)},
                {"filter": "mlp", "value": [1 - one for one in config.t]},
                {"value": 0.5},
            ]
        )
        named = [{"model": base}, {"model": other}]
        found: dict[str, Any] = {"merge_method": "slerp", "base_model": base, "models": named}
        return {**found, "parameters": {"t": t}, **_precision()}
    parameters: Any = {"weight": config.weight, "density": config.density}
    named = [{"model": one, "parameters": parameters} for one in models if one != base]
    if not named:
        raise ConfigError("nothing differs from the base", "train first, or name models to merge with")
    normalise = {"normalize": config.method == "ties"}
    return {"merge_method": config.method, "base_model": base, "models": named, "parameters": normalise, **_precision()}


def _precision() -> dict[str, str]:
    import torch

    return {"dtype": "bfloat16" if torch.cuda.is_available() else "float32"}


def _mergekit(recipe: dict[str, Any], stage: checkpoints.Stage, seed: int) -> None:
    import yaml

    path, part = stage.path("mergekit.yaml"), stage.path("model.part")
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(recipe, file, sort_keys=False)
    if importlib.util.find_spec("mergekit") is None:
        raise ConfigError("mergekit is not installed", "pip install 'corpus-factory[train]'")
    shutil.rmtree(part, ignore_errors=True)
    command = [
        sys.executable,
        "-c",
        _PROGRAM,
        path,
        part,
        "--random-seed",
        str(seed),
        "--no-write-model-card",
        "--quiet",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise MergeFailed(f"mergekit: {said[-1] if said else done.returncode}", f"the recipe is {path}")
    shutil.rmtree(stage.path("model"), ignore_errors=True)
    os.replace(part, stage.path("model"))
