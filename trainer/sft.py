"""Supervised fine-tuning, and continued pre-training, which is the same on texts: rows → an adapter or a model."""

from __future__ import annotations

import os
from typing import Any

from factory.errors import ConfigError
from trainer import arguments, checkpoints, model, replay, rows
from trainer.config import PRESETS, Pretrain, Sft
from trainer.room import Room, picture, quiet, silent, trained, watching


def train(room: Room, name: str = "sft") -> dict[str, Any]:
    """The trained adapter (or whole model) stands in `<out>/<name>/model`; what was done is given back."""
    quiet()
    stage_config: Sft | Pretrain = getattr(room.run, name)
    data = [rows.load(spec, name, room.home, stage_config.limit) for spec in stage_config.dataset]
    others = [rows.load(spec, name, room.home) for spec in getattr(stage_config, "replay", ())]
    rows.check_splits(data)
    looked = rows.check_clean([*data, *others], room.index)
    stage = checkpoints.Stage(room.run.out, name, _settings(room, name, [*data, *others]))
    if (done := stage.done()) is not None:
        room.say(f"{name} is done already")
        return done
    tokenizer = model.tokenizer_of(room.profile, room.run, room.base)
    prepared = prepare(room, name, data, others, tokenizer)
    # Only now: rows that are refused leave nothing behind.
    stage.begin()
    folder = stage.path("rows")
    for split in ("train", "validation"):
        if prepared[split]:
            rows.written(folder, split, prepared[split])
    made = _train(room, name, stage, tokenizer, prepared)
    result = {"stage": name, "rows_looked_at": looked, **prepared["counts"], **made}
    result["checked_against"] = rows.checked_against(room.index)
    result["left_out"] = sum(d.left_out for d in (*data, *others))
    result["datasets"] = [{"spec": d.spec, "sha256": d.sha256, "rows": len(d.train)} for d in (*data, *others)]
    stage.finish(result)
    return result


def _settings(room: Room, name: str, data: list[rows.Data]) -> dict[str, Any]:
    run = room.run
    kept = run.model_dump(mode="json", include={"model", "revision", "gpu", "mode", "rank", "alpha", "dropout", "seed"})
    return {
        **kept,
        name: getattr(run, name).model_dump(mode="json"),
        "data": [d.sha256 for d in data],
        "base": room.base,
        "weights": checkpoints.identity(room.base),
    }


def prepare(room: Room, name: str, data: list[rows.Data], others: list[rows.Data], tokenizer: Any) -> dict[str, Any]:
    """The rows as TRL reads them, by split, and what was counted."""
    if name == "pretrain":
        assert room.run.pretrain is not None
        share = room.run.pretrain.share if others else 0.0
        texts = [row["text"] for d in data for row in d.train]
        mixture = replay.mixed(texts, [row["text"] for d in others for row in d.train], share, tokenizer, room.run.seed)
        counts = {"domain_tokens": mixture.domain_tokens, "replay_tokens": mixture.replay_tokens}
        held = replay.mixed([row["text"] for d in data for row in d.validation], [], 0.0, tokenizer)
        return {"train": mixture.rows, "validation": held.rows, "counts": {**counts, "replay_share": mixture.share}}
    writer = rows.Writer(room.profile, tokenizer)
    found: dict[str, Any] = {
        split: [one for d in data for row in getattr(d, split) for one in writer.rows(row)]
        for split in ("train", "validation")
    }
    if not found["train"]:
        raise ConfigError(
            "no row has an answer to learn", "messages need a turn of the assistant behind one of the user"
        )
    length = getattr(room.run, name).max_length
    counted = rows.cut(found["train"], tokenizer, length, ("completion",))
    if counted["lost"] == counted["rows"]:
        raise ConfigError(f"every row is longer than {length} tokens before its answer begins", "raise max_length")
    if counted["cut"]:
        room.say(f"{counted['cut']} of {counted['rows']} rows are cut at {length} tokens; {counted['lost']} lose all")
    return {**found, "counts": counted}


def _train(room: Room, name: str, stage: checkpoints.Stage, tokenizer: Any, prepared: dict[str, Any]) -> dict[str, Any]:
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    run, config = room.run, getattr(room.run, name)
    told = arguments.of(run, config, stage.path("checkpoints"), validation=bool(prepared["validation"]))
    # Texts are always packed: their documents are longer and shorter than a sequence.
    told["packing"] = True if name == "pretrain" else config.packing
    told |= {"packing_strategy": "wrapped"} if name == "pretrain" else {"completion_only_loss": True}
    place = room.base or room.profile.repo
    with open(stage.path(f"{name}.yaml"), "w", encoding="utf-8") as file:
        file.write(arguments.yaml(run, told, place, os.path.abspath(stage.path("rows"))))
    weights = model.base(room.profile, run, room.base)
    # Training needs no memory of the keys.
    weights.config.use_cache = False
    trainer = SFTTrainer(
        model=weights,
        args=SFTConfig(**told),
        train_dataset=Dataset.from_list(prepared["train"]),
        eval_dataset=Dataset.from_list(prepared["validation"]) if prepared["validation"] else None,
        processing_class=tokenizer,
        peft_config=None if run.mode == "full" else model.adapter(run),
        callbacks=[watching(room, stage.folder)],
    )
    silent(trainer)
    model.full_precision(trainer.model)
    found = trained(room, trainer, checkpoints.last_whole(stage.path("checkpoints")))
    found["loss"] = _losses(trainer)
    if prepared["validation"]:
        found["eval_loss"] = trainer.evaluate()["eval_loss"]
    model.save(trainer.model, tokenizer, stage.path("model"), room.profile, run)
    picture(stage.folder, f"{name}: {room.profile.name}")
    return {**found, "model": stage.path("model"), "packing": told["packing"], "preset": PRESETS[run.gpu].model_dump()}


def _losses(trainer: Any) -> list[float]:
    logged = [line["loss"] for line in trainer.state.log_history if "loss" in line]
    return [logged[0], logged[-1]] if logged else []
