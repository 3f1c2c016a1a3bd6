"""What TRL is told: the same table makes the trainer's arguments and the YAML for `trl sft` and `trl dpo`."""

from __future__ import annotations

from typing import Any

from trainer.config import PRESETS, Dpo, Pretrain, Run, Sft


def of(run: Run, stage: Pretrain | Sft | Dpo, folder: str, *, validation: bool) -> dict[str, Any]:
    """Arguments that all stages share, by the names of `transformers.TrainingArguments` and TRL's."""
    import torch

    preset, on_card = PRESETS[run.gpu], torch.cuda.is_available()
    found: dict[str, Any] = {
        "output_dir": folder,
        "max_length": stage.max_length,
        "per_device_train_batch_size": stage.batch,
        "per_device_eval_batch_size": stage.batch,
        "gradient_accumulation_steps": stage.accumulation,
        "num_train_epochs": stage.epochs,
        "max_steps": stage.max_steps,
        "learning_rate": stage.learning_rate,
        "lr_scheduler_type": stage.schedule,
        "warmup_steps": stage.warmup,  # below 1 it is a share of the steps
        "max_grad_norm": stage.clip,
        "optim": preset.optimiser if on_card else "adamw_torch",
        "activation_checkpointing": preset.checkpointing and on_card,
        "bf16": on_card,
        "use_cpu": not on_card,
        "seed": run.seed,
        "data_seed": run.seed,
        "logging_steps": stage.log_steps,
        "save_strategy": "steps",
        "save_steps": stage.save_steps,
        "save_total_limit": 2,
        "eval_strategy": "steps" if validation else "no",
        "report_to": list(run.report_to) or "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": on_card,
    }
    if validation:
        found["eval_steps"] = stage.save_steps
    return found


def yaml(run: Run, arguments: dict[str, Any], model: str, rows: str) -> str:
    """The run for TRL's own command line: `trl sft --config sft.yaml`."""
    import torch
    import yaml as library

    found = {"model_name_or_path": model, "dataset_name": rows, **arguments}
    found["dtype"] = "bfloat16" if torch.cuda.is_available() else "float32"
    found["attn_implementation"] = run.attention
    if run.mode != "full":
        found |= {
            "use_peft": True,
            "lora_r": run.rank,
            "lora_alpha": run.alpha,
            "lora_dropout": run.dropout,
            "lora_target_modules": "all-linear",
        }
    if run.mode == "qlora":
        found |= {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "use_bnb_nested_quant": True}
    return str(library.safe_dump(found, sort_keys=True, allow_unicode=True))
