"""The stages of a run, one after the other: pretrain → sft → dpo → merge; each is done once, whatever was killed."""

from __future__ import annotations

import os
from typing import Any

from trainer import checkpoints, dpo, merge, model, sft
from trainer.config import STAGES
from trainer.room import Room


def trained(room: Room, stages: tuple[str, ...]) -> dict[str, Any]:
    """What every stage made, by its name; `model` is the last one's folder."""
    run = room.run
    os.makedirs(run.out, exist_ok=True)
    checkpoints.write(os.path.join(run.out, "run.json"), run.model_dump(mode="json"))
    room.origin = model.localised(room.profile, run)
    room.base = room.base or room.origin
    found: dict[str, Any] = {}
    for name in STAGES[: STAGES.index(stages[0])]:
        # What an earlier call made in the same folder is gone on from.
        done = checkpoints.result(run.out, name)
        if done is not None and name == "pretrain":
            room.base = _whole(room, done["model"])
        elif done is not None:
            _next(room, done["model"])
    for name in stages:
        if name == "pretrain":
            found[name] = sft.train(room, name)
            room.base = _whole(room, found[name]["model"])
        elif name == "sft":
            found[name] = sft.train(room)
            _next(room, found[name]["model"])
        elif name == "dpo":
            found[name] = dpo.train(room)
            _next(room, found[name]["model"])
        elif name == "merge":
            found[name] = merge.merge(room)
            room.base, room.adapter = found[name]["model"], None
    return found


def _next(room: Room, folder: str) -> None:
    if model.is_adapter(folder):
        room.adapter = folder
    else:
        room.base, room.adapter = folder, None


def _whole(room: Room, folder: str) -> str:
    """A pre-trained adapter in its base: the next adapter begins on the whole model."""
    if not model.is_adapter(folder):
        return folder
    # An adapter names the model it stands on: by a path that holds from everywhere.
    whole = os.path.abspath(os.path.join(os.path.dirname(folder), "whole"))
    if not os.path.exists(os.path.join(whole, "config.json")):
        room.adapter = folder
        merge.fuse(room, whole)
        room.adapter = None
    return whole
