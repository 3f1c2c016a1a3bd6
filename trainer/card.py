"""The model card: what a model was made of, dataset by dataset, and how it was trained."""

from __future__ import annotations

import os
from typing import Any

from trainer import checkpoints
from trainer.room import Room


def write(room: Room, found: dict[str, Any]) -> str:
    """README.md and lineage.json stand in the last stage's model; its folder."""
    last = next(reversed(found.values()))
    folder = str(last["model"])
    lineage = {
        "base": room.profile.repo,
        "revision": room.run.revision or room.profile.revision,
        "profile": room.profile.model_dump(mode="json"),
        "run": room.run.model_dump(mode="json"),
        "stages": found,
        "checked_against": sorted({name.split("/")[0] for name in room.index.names}) if room.index else [],
    }
    checkpoints.write(os.path.join(folder, "lineage.json"), lineage)
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as file:
        file.write(_text(room, found, lineage))
    return folder


def _text(room: Room, found: dict[str, Any], lineage: dict[str, Any]) -> str:
    import yaml

    name = os.path.basename(os.path.normpath(room.run.out))
    front = {
        "language": ["es"],
        "base_model": room.profile.repo,
        "license": "other",
        "license_name": room.profile.licence,
        "library_name": "peft" if "merge" not in found and room.run.mode != "full" else "transformers",
        "tags": ["medical", "corpus-factory"],
    }
    lines = [f"---\n{yaml.safe_dump(front, sort_keys=False)}---", "", f"# {name}", ""]
    lines += [f"Made of `{room.profile.repo}` ({room.profile.licence}); {_ARE[room.run.mode or 'qlora']}.", ""]
    lines += [
        "No medical advice: what it says is not checked by anybody.",
        "",
        "| stage | datasets | result |",
        "|---|---|---|",
    ]
    for stage, one in found.items():
        data = "; ".join(f"{d['spec']} ({d['rows']:,} rows, `{d['sha256'][:12]}`)" for d in one.get("datasets", []))
        told = []
        if one.get("loss"):
            told.append(f"loss {one['loss'][0]:.3f} → {one['loss'][1]:.3f}")
        if "eval_loss" in one:
            told.append(f"held-out loss {one['eval_loss']:.3f}")
        if "replay_share" in one:
            told.append(f"replay {one['replay_share']:.3%} of the tokens")
        if "held_out_after" in one:
            told.append(f"held-out preference accuracy {one['held_out_after'].get('rewards/accuracies', 0):.3f}")
        if "method" in one:
            told.append(one["method"])
        lines.append(f"| {stage} | {data or '—'} | {', '.join(told) or '—'} |")
    checked = ", ".join(lineage["checked_against"])
    lines += ["", f"Training rows were checked against {checked}: none holds a question of them." if checked else
              "Training rows were checked against no evaluation set."]  # fmt: skip
    return "\n".join([*lines, "", "`lineage.json` has every setting and hash.", ""])


_ARE = {"qlora": "QLoRA (nf4)", "lora": "LoRA", "full": "all weights trained"}


def pushed(folder: str, repo: str) -> str:
    """The model stands on the Hub, all of it in one commit. The token is the environment's or the client's own."""
    from huggingface_hub import HfApi

    api = HfApi()
    api.create_repo(repo, repo_type="model", private=True, exist_ok=True)
    done = api.upload_folder(folder_path=folder, repo_id=repo, commit_message="Model by corpus-factory")
    return str(done.commit_url)
