"""One run as one TOML: model, data and what is done with them; presets by the memory of the card.

model = "BioMistral-7B"
gpu = "24gb"
out = "runs/natural"
[sft]
dataset = ["natural_es_qa", "medical_es_qa"]
[dpo]
dataset = ["preferences_es"]
[merge]
method = "dare_ties"
[evaluate]
tasks = ["headqa_es"]
"""

from __future__ import annotations

import json
import os
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from factory.config import Table
from factory.errors import ConfigError
from factory.models import Profile, find, profiles

Gpu = Literal["cpu-smoke", "24gb", "48gb", "80gb"]
Mode = Literal["qlora", "lora", "full"]
Method = Literal["ties", "dare_ties", "slerp", "adapter"]
STAGES = ("pretrain", "sft", "dpo", "merge", "evaluate")
REPLAY = {"default": 0.05, "meditron": 0.01}


class Training(Table):
    """What every training stage has; the numbers that are None come from the preset of the card."""

    dataset: tuple[str, ...] = Field(
        (), description="Recipes of the home, folders, or Hub ids (org/name@v1.0.0); a config stands behind a colon."
    )

    @field_validator("dataset", "replay", mode="before", check_fields=False)
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        """One dataset needs no list."""
        return (value,) if isinstance(value, str) else value

    epochs: float = Field(1.0, gt=0, description="How often each row is seen.")
    max_steps: int = Field(-1, description="Steps instead of epochs; -1: epochs.")
    warmup: float = Field(0.05, ge=0, description="Share of the steps over which the rate rises.")
    schedule: Literal["cosine", "linear", "constant"] = Field("cosine", description="How the rate falls.")
    clip: float = Field(0.3, gt=0, description="Largest norm of a gradient (QLoRA, arXiv:2305.14314).")
    max_length: int | None = Field(None, ge=16, description="Tokens of a row; longer ones are cut.")
    batch: int | None = Field(None, ge=1, description="Rows at once on the card.")
    accumulation: int | None = Field(None, ge=1, description="Batches a step.")
    save_steps: int = Field(100, ge=1, description="Steps between checkpoints.")
    log_steps: int = Field(5, ge=1, description="Steps between points of the curve.")
    limit: int | None = Field(None, ge=1, description="Only the first rows by id.")


class Pretrain(Training):
    """Continued pre-training on texts, with documents of a general corpus replayed."""

    learning_rate: float = Field(2e-5, gt=0, description="Highest rate.")
    replay: tuple[str, ...] = Field((), description="Datasets of general text.")
    replay_share: Annotated[float, Field(ge=0, lt=1)] | Literal["default", "meditron"] = Field(
        "default", description="Share of tokens that are replayed: 5 %, meditron 1 % (arXiv:2311.16079), or a number."
    )

    @property
    def share(self) -> float:
        return REPLAY[self.replay_share] if isinstance(self.replay_share, str) else self.replay_share


class Sft(Training):
    """Supervised fine-tuning on `messages`, multiple choice or prompt and completion; loss on the answers only."""

    learning_rate: float = Field(2e-4, gt=0, description="Highest rate (QLoRA).")
    packing: bool | None = Field(None, description="Several rows in one sequence (best-fit decreasing).")
    epochs: float = Field(2.0, gt=0, description="How often each row is seen.")


class Dpo(Training):
    """Direct preference optimisation (arXiv:2305.18290) on `prompt`, `chosen`, `rejected`."""

    learning_rate: float = Field(5e-6, gt=0, description="Highest rate.")
    beta: float = Field(0.1, gt=0, description="How closely the reference is kept to.")


class Merge(Table):
    """The tuned model and others become one; BioMistral's recipes are the defaults (arXiv:2402.10373)."""

    method: Method = Field("dare_ties", description="adapter: only into its base.")
    with_models: tuple[str, ...] = Field((), description="The others; none: the base itself.")
    weight: float = Field(0.5, ge=0, le=1, description="Of each model.")
    density: float = Field(0.5, gt=0, le=1, description="Share of each difference that is kept.")
    t: tuple[float, ...] = Field((), description="slerp: steps from the base (0) to the tuned model (1).")


class Evaluate(Table):
    """What is measured at the end."""

    tasks: tuple[str, ...] = Field((), description="Names of tasks; a file stands behind an equals sign.")
    shots: int = Field(0, ge=0, description="Examples before each question.")
    seeds: int = Field(1, ge=1, description="Draws of the examples.")
    rag: str | None = Field(None, description="Corpus whose passages stand before each question.")
    limit: int | None = Field(None, ge=1, description="Only the first questions by the hash of their ids.")
    trained_on: tuple[str, ...] = Field((), description="Datasets whose questions are left out of the clean scores.")
    embedder: str | None = Field(None, description="Model that says how alike a written answer and the source are.")


class Run(Table):
    """A whole run."""

    model: str = Field(description="Profile, Hub id or folder.")
    revision: str | None = Field(None, description="Commit or tag of the model.")
    gpu: Gpu = Field("24gb", description="Preset: quantisation, batch, length.")
    mode: Mode | None = Field(None, description="qlora (nf4), lora or full; None: the preset's.")
    rank: int = Field(16, ge=1, description="Of the adapter.")
    alpha: int = Field(32, ge=1, description="Scale of the adapter.")
    dropout: float = Field(0.05, ge=0, lt=1, description="In the adapter.")
    seed: int = Field(0, description="Of everything that is drawn.")
    out: str = Field("runs/run", description="Folder of the run.")
    decontaminate: tuple[str, ...] = Field((), description="Evaluation sets, beside the tasks, that must not be in.")
    report_to: tuple[str, ...] = Field((), description="Passed to the trainer: tensorboard, wandb, trackio …")
    attention: str = Field("sdpa", description="Kernel of attention: sdpa, eager, flash_attention_2.")
    pretrain: Pretrain | None = Field(None, description="Continued pre-training.")
    sft: Sft | None = Field(None, description="Supervised fine-tuning.")
    dpo: Dpo | None = Field(None, description="Preferences.")
    merge: Merge | None = Field(None, description="Merging.")
    evaluate: Evaluate | None = Field(None, description="Evaluation.")

    @property
    def stages(self) -> tuple[str, ...]:
        return tuple(name for name in STAGES if getattr(self, name) is not None)


class Preset(Table):
    """What fits a card with a model of seven billion parameters."""

    mode: Mode
    max_length: int
    batch: int
    accumulation: int
    packing: bool
    optimiser: str
    checkpointing: bool


# Effective batches of 16 sequences of 2,048 tokens. Not run on such cards here: see LOG.md.
PRESETS: dict[str, Preset] = {
    "cpu-smoke": Preset(
        mode="qlora", max_length=256, batch=2, accumulation=1, packing=False, optimiser="adamw_torch",
        checkpointing=False,
    ),
    "24gb": Preset(
        mode="qlora", max_length=2048, batch=2, accumulation=8, packing=True, optimiser="paged_adamw_8bit",
        checkpointing=True,
    ),
    "48gb": Preset(
        mode="qlora", max_length=2048, batch=4, accumulation=4, packing=True, optimiser="paged_adamw_8bit",
        checkpointing=True,
    ),
    "80gb": Preset(
        mode="lora", max_length=2048, batch=8, accumulation=2, packing=True, optimiser="adamw_torch_fused",
        checkpointing=True,
    ),
}  # fmt: skip


def resolved(run: Run) -> Run:
    """The run with the preset's numbers in the place of every None, and a model that can be trained.

    Raises ConfigError where the model is for inference only, or no stage is named.
    """
    preset = PRESETS[run.gpu]
    trainable(run.model)
    if not set(run.stages) - {"evaluate"}:
        raise ConfigError(
            "nothing to train",
            "name a --dataset, or write [sft], [dpo] or [merge] into the run's TOML; to measure: factory evaluate",
        )
    if run.evaluate is not None and not run.evaluate.tasks:
        raise ConfigError("[evaluate] names no task", 'tasks = ["headqa_es"]')
    changed: dict[str, Any] = {"mode": run.mode or preset.mode}
    for name in ("pretrain", "sft", "dpo"):
        stage = getattr(run, name)
        if stage is None:
            continue
        if not stage.dataset or not all(one.strip() for one in stage.dataset):
            raise ConfigError(f"[{name}] names no dataset", 'dataset = ["natural_es_qa"], or --dataset')
        if name == "pretrain" and "replay_share" in stage.model_fields_set and not stage.replay:
            raise ConfigError("[pretrain] says replay_share and names nothing to replay", 'replay = ["RECIPE"]')
        fill = {key: getattr(preset, key) for key in ("max_length", "batch", "accumulation")}
        if name == "sft":
            fill["packing"] = preset.packing
        changed[name] = stage.model_copy(update={k: v for k, v in fill.items() if getattr(stage, k) is None})
    if run.merge is not None and run.merge.method == "slerp" and not run.merge.t:
        # BioMistral's SLERP, as published: layers of attention and of the rest cross over.
        changed["merge"] = run.merge.model_copy(update={"t": (0.0, 0.5, 0.3, 0.7, 1.0)})
    return run.model_copy(update=changed)


def trainable(name: str) -> Profile:
    """The profile of a model that can be trained. Raises ConfigError that names the twin of one that cannot."""
    profile = profile_of(name)
    if profile.trainable:
        return profile
    twin = profile.twin and profiles()[profile.twin]
    raise ConfigError(
        f"{profile.name} is for inference only: {profile.notes or 'its weights are quantised'}",
        f"train {twin.name} ({twin.repo}), the model it was made of" if twin else "name a model with full weights",
    )


# What stands in the folder of every model that was trained here: by which profile it is asked.
PROFILE = "profile.json"


def profile_of(name: str) -> Profile:
    """The profile of a name; a folder that `factory train` made says whose words it was trained in."""
    if os.path.isdir(name):
        for file in (PROFILE, "lineage.json"):
            try:
                with open(os.path.join(name, file), encoding="utf-8") as opened:
                    told = json.load(opened)
            except FileNotFoundError:
                continue
            profile = Profile.model_validate(told.get("profile", told))
            return profile.model_copy(update={"repo": os.path.abspath(name)})
        try:
            with open(os.path.join(name, "adapter_config.json"), encoding="utf-8") as opened:
                return find(str(json.load(opened)["base_model_name_or_path"]))
        except FileNotFoundError:
            return find(name)
    return find(name)
