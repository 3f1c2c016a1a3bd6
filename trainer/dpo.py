"""Direct preference optimisation: pairs → the adapter goes on, or a new one begins (arXiv:2305.18290)."""

from __future__ import annotations

import os
from typing import Any

from factory.errors import ConfigError
from trainer import arguments, checkpoints, model, rows
from trainer.config import PRESETS
from trainer.room import Room, picture, quiet, silent, trained, watching


def train(room: Room) -> dict[str, Any]:
    """The trained adapter (or whole model) stands in `<out>/dpo/model`; what was done is given back."""
    assert room.run.dpo is not None
    quiet()
    data = [rows.load(spec, "dpo", room.home, room.run.dpo.limit) for spec in room.run.dpo.dataset]
    rows.check_splits(data)
    looked = rows.check_clean(data, room.index)
    stage = checkpoints.Stage(room.run.out, "dpo", _settings(room, data))
    if (done := stage.done()) is not None:
        room.say("dpo is done already")
        return done
    tokenizer = model.tokenizer_of(room.profile, room.run, room.base)
    prepared = prepare(room, data, tokenizer)
    # Only now: rows that are refused leave nothing behind.
    stage.begin()
    for split in ("train", "validation"):
        if prepared[split]:
            rows.written(stage.path("rows"), split, prepared[split])
    made = _train(room, stage, tokenizer, prepared)
    result = {"stage": "dpo", "rows_looked_at": looked, **prepared["counts"], **made}
    result["checked_against"] = rows.checked_against(room.index)
    result["left_out"] = sum(d.left_out for d in data)
    result["datasets"] = [{"spec": d.spec, "sha256": d.sha256, "rows": len(d.train)} for d in data]
    stage.finish(result)
    return result


def _settings(room: Room, data: list[rows.Data]) -> dict[str, Any]:
    run = room.run
    kept = run.model_dump(mode="json", include={"model", "revision", "gpu", "mode", "rank", "alpha", "dropout", "seed"})
    shas = [d.sha256 for d in data]
    return {
        **kept,
        "dpo": run.dpo and run.dpo.model_dump(mode="json"),
        "data": shas,
        "base": room.base,
        "adapter": room.adapter,
        "weights": [checkpoints.identity(room.base), checkpoints.identity(room.adapter)],
    }


def prepare(room: Room, data: list[rows.Data], tokenizer: Any) -> dict[str, Any]:
    """The pairs as TRL reads them, by split, and what was counted."""
    assert room.run.dpo is not None
    assert room.run.dpo.max_length is not None
    writer = rows.Writer(room.profile, tokenizer)
    found: dict[str, Any] = {
        split: [writer.pair(row) for d in data for row in getattr(d, split)] for split in ("train", "validation")
    }
    length = room.run.dpo.max_length
    counted = rows.cut(found["train"], tokenizer, length, ("chosen", "rejected"))
    if counted["lost"] == counted["rows"]:
        raise ConfigError(f"every prompt is longer than {length} tokens", "raise max_length")
    if counted["cut"]:
        room.say(f"{counted['cut']} of {counted['rows']} pairs are cut at {length} tokens")
    return {**found, "counts": counted}


def _train(room: Room, stage: checkpoints.Stage, tokenizer: Any, prepared: dict[str, Any]) -> dict[str, Any]:
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    run, config = room.run, room.run.dpo
    assert config is not None
    told = arguments.of(run, config, stage.path("checkpoints"), validation=bool(prepared["validation"]))
    told |= {"beta": config.beta, "precompute_ref_log_probs": True}
    with open(stage.path("dpo.yaml"), "w", encoding="utf-8") as file:
        place = room.adapter or room.base or room.profile.repo
        file.write(arguments.yaml(run, told, place, os.path.abspath(stage.path("rows"))))
    weights = model.base(room.profile, run, room.base)
    weights.config.use_cache = False
    goes_on = room.adapter is not None and run.mode != "full"
    if goes_on:
        assert room.adapter is not None
        weights = model.with_adapter(weights, room.adapter, trainable=True)
    trainer = DPOTrainer(
        model=weights,
        args=DPOConfig(**told),
        train_dataset=Dataset.from_list(prepared["train"]),
        eval_dataset=Dataset.from_list(prepared["validation"]) if prepared["validation"] else None,
        processing_class=tokenizer,
        peft_config=None if goes_on or run.mode == "full" else model.adapter(run),
        callbacks=[watching(room, stage.folder)],
    )
    silent(trainer)
    model.full_precision(trainer.model)
    before = _held_out(trainer, stage) if prepared["validation"] else None
    found = trained(room, trainer, checkpoints.last_whole(stage.path("checkpoints")))
    if before is not None:
        found |= {"held_out_before": before, "held_out_after": _rewards(trainer.evaluate())}
    if goes_on:
        # TRL keeps a frozen copy of the adapter as its reference: it is no part of the model.
        whole: Any = trainer.model
        whole.delete_adapter("ref")
    model.save(trainer.model, tokenizer, stage.path("model"), room.profile, run)
    picture(stage.folder, f"dpo: {room.profile.name}")
    return {**found, "model": stage.path("model"), "preset": PRESETS[run.gpu].model_dump()}


def _held_out(trainer: Any, stage: checkpoints.Stage) -> dict[str, float]:
    """What the model prefers before it is trained; measured once, also where a run is resumed."""
    path = stage.path("before.json")
    if not os.path.exists(path):
        checkpoints.write(path, _rewards(trainer.evaluate()))
    return dict(checkpoints._read(path) or {})


def _rewards(numbers: dict[str, float]) -> dict[str, float]:
    """Loss, accuracy and margin of the implicit rewards."""
    return {k.removeprefix("eval_"): v for k, v in numbers.items() if "reward" in k or k == "eval_loss"}
