"""Base models as they are trained: nf4, an adapter, or whole; always in the precision that is named here."""

from __future__ import annotations

import json
import os
from typing import Any

from factory.errors import ConfigError
from factory.models import Profile
from trainer.config import PROFILE, Run


def tokenizer_of(profile: Profile, run: Run, folder: str | None = None) -> Any:
    """The tokenizer, with a token that pads and one that ends. Raises ConfigError where it cannot be had."""
    from transformers import AutoTokenizer

    try:
        found = AutoTokenizer.from_pretrained(
            folder or profile.repo, revision=None if folder else _revision(profile, run)
        )
    except (OSError, ValueError) as error:
        raise unavailable(profile, error) from error
    if found.eos_token is None:
        raise ConfigError(f"the tokenizer of {profile.name} has no token that ends a text")
    if found.pad_token is None:
        found.pad_token = found.eos_token
    return found


def base(profile: Profile, run: Run, folder: str | None = None, *, quantised: bool | None = None) -> Any:
    """The model's weights: nf4 with double quantisation, or bfloat16 on a card and float32 on a processor."""
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig

    on_card = torch.cuda.is_available()
    kind = torch.bfloat16 if on_card else torch.float32
    four = run.mode == "qlora" if quantised is None else quantised
    settings: dict[str, Any] = {"dtype": kind, "attn_implementation": run.attention}
    if four:
        settings["quantization_config"] = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=kind,
        )
    if on_card:
        settings["device_map"] = {"": 0}
    place = folder or profile.repo
    try:
        return AutoModelForCausalLM.from_pretrained(
            place, revision=None if folder else _revision(profile, run), **settings
        )
    except (OSError, ValueError) as error:
        raise unavailable(profile, error) from error


def localised(profile: Profile, run: Run) -> str | None:
    """A folder that stands for a repo whose config names an architecture nobody loads any more; else None.

    Águila and Lince Zero say RefinedWeb, which is Falcon: their weights are linked to, their config is written anew.
    """
    place = profile.repo
    try:
        raw = _raw_config(place, run.revision or profile.revision)
    except (OSError, ValueError) as error:
        raise unavailable(profile, error) from error
    if raw.get("model_type") not in ("RefinedWebModel", "RefinedWeb"):
        return None
    if not os.path.isdir(place):
        from huggingface_hub import snapshot_download

        place = snapshot_download(place, revision=run.revision or profile.revision)
    folder = os.path.join(run.out, "base")
    os.makedirs(folder, exist_ok=True)
    for name in sorted(os.listdir(place)):
        link = os.path.join(folder, name)
        if name != "config.json" and not name.endswith(".py") and not os.path.lexists(link):
            os.symlink(os.path.realpath(os.path.join(place, name)), link)
    falcon(raw).save_pretrained(folder)
    return folder


def _raw_config(place: str, revision: str | None) -> dict[str, Any]:
    from transformers import PretrainedConfig

    return dict(PretrainedConfig.get_config_dict(place, revision=None if os.path.isdir(place) else revision)[0])


def falcon(raw: dict[str, Any]) -> Any:
    """The config of a RefinedWeb model in Falcon's words (transformers' own conversion of 2023)."""
    from transformers.models.falcon import FalconConfig

    return FalconConfig(
        vocab_size=raw["vocab_size"],
        hidden_size=raw["hidden_size"],
        num_hidden_layers=raw["n_layer"],
        num_attention_heads=raw["n_head"],
        multi_query=raw.get("multi_query", True),
        parallel_attn=raw.get("parallel_attn", True),
        bias=raw.get("bias", False),
        alibi=raw.get("alibi", False),
        layer_norm_epsilon=raw.get("layer_norm_epsilon", 1e-5),
        hidden_dropout=raw.get("hidden_dropout", 0.0),
        attention_dropout=raw.get("attention_dropout", 0.0),
        new_decoder_architecture=False,
        bos_token_id=raw.get("bos_token_id", 11),
        eos_token_id=raw.get("eos_token_id", 11),
        tie_word_embeddings=raw.get("tie_word_embeddings", True),
        architectures=["FalconForCausalLM"],
    )


def adapter(run: Run) -> Any:
    """LoRA on every linear layer but the head, which TRL refuses (QLoRA, arXiv:2305.14314, section 4)."""
    from peft import LoraConfig

    return LoraConfig(
        r=run.rank, lora_alpha=run.alpha, lora_dropout=run.dropout, target_modules="all-linear", task_type="CAUSAL_LM"
    )


def is_adapter(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "adapter_config.json"))


def with_adapter(model: Any, folder: str, *, trainable: bool) -> Any:
    from peft import PeftModel

    return PeftModel.from_pretrained(model, folder, is_trainable=trainable)


def full_precision(model: Any) -> None:
    """What is trained is kept in 32 bits: in 16 a resumed QLoRA run is not the one that was killed."""
    import torch

    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(torch.float32)


def save(model: Any, tokenizer: Any, folder: str, profile: Profile, run: Run) -> None:
    """The model and its tokenizer stand in the folder, whole or not at all; no pickle among them."""
    import shutil

    part = f"{folder}.part"
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part, safe_serialization=True)
    tokenizer.save_pretrained(part)
    sign(part, profile, run)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(part, folder)


def sign(folder: str, profile: Profile, run: Run) -> None:
    """The folder says by which profile its model is asked, and which revision it began with."""
    told = profile.model_copy(update={"revision": _revision(profile, run)}).model_dump(mode="json")
    with open(os.path.join(folder, PROFILE), "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=1, sort_keys=True)


def base_of(folder: str) -> str:
    """The model that an adapter was trained on."""
    with open(os.path.join(folder, "adapter_config.json"), encoding="utf-8") as file:
        return str(json.load(file)["base_model_name_or_path"])


def _revision(profile: Profile, run: Run) -> str | None:
    return run.revision or profile.revision


def unavailable(profile: Profile, error: Exception) -> ConfigError:
    said = str(error).strip().splitlines()[0]
    return ConfigError(
        f"the model {profile.repo} cannot be loaded: {said}",
        "accept its terms on the Hub and set HF_TOKEN" if profile.gated else "check its name, or give a folder",
    )
