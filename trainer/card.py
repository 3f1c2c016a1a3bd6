"""The model card: what a model was made of, dataset by dataset, and how it was trained."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Any

from factory.errors import ConfigError
from trainer import checkpoints
from trainer.config import STAGES, Run
from trainer.evaluate import COSTS, measured
from trainer.room import Room


def write(room: Room, found: dict[str, Any], results: list[dict[str, Any]] | None = None) -> str:
    """README.md and lineage.json stand in the last stage's model; its folder. `results`: what was measured of it.

    Told of are all stages of the run's folder that the model comes of, also those that an earlier call made.
    """
    last = next(reversed(found))
    folder = str(found[last]["model"])
    before = {name: checkpoints.result(room.run.out, name) for name in STAGES[: STAGES.index(last)]}
    every = {name: one for name, one in before.items() if one is not None} | found
    found = {name: every[name] for name in STAGES if name in every}
    # A set counts where every stage that read rows looked for it.
    sets = [set(one.get("checked_against", ())) for one in found.values() if one.get("datasets")]
    lineage = {
        "base": room.profile.repo,
        "revision": room.run.revision or room.profile.revision,
        "profile": room.profile.model_dump(mode="json"),
        "run": room.run.model_dump(mode="json"),
        "stages": found,
        # What it cost is in results.json: it is another number each time.
        "evaluation": [{k: v for k, v in one.items() if k not in COSTS} for one in results or []],
        "checked_against": sorted(set.intersection(*sets)) if sets else [],
    }
    checkpoints.write(os.path.join(folder, "lineage.json"), lineage)
    with open(os.path.join(folder, "README.md"), "w", encoding="utf-8") as file:
        file.write(_text(room, found, lineage, results))
    return folder


def _text(room: Room, found: dict[str, Any], lineage: dict[str, Any], results: list[dict[str, Any]] | None) -> str:
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
    lines += _measured(results or [])
    return "\n".join([*lines, "", "`lineage.json` has every setting and hash.", ""])


_ARE = {"qlora": "QLoRA (nf4)", "lora": "LoRA", "full": "all weights trained"}


def _measured(results: list[dict[str, Any]]) -> list[str]:
    """The scores with their 95 % intervals."""
    lines = ["", "| task | score | value | 95 % interval | of |", "|---|---|---|---|---|"] if results else []
    for one in results:
        several = one["scores"] if one["kind"] == "open" else {name: one[name] for name in measured(one)}
        for name, value in several.items():
            bounds = f"{value['low']:.3f} to {value['high']:.3f}"
            count = value.get("questions", one["questions"])
            lines.append(f"| {one['task']} | {name} | {value['value']:.3f} | {bounds} | {count} |")
    return lines


def pushable(run: Run, repo: str) -> None:
    """Nothing stands in the way of a push, looked at before anything is trained.

    Raises ConfigError where the name is none, the repository is public, or holds files that are not of a model of ours.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    if not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", repo, re.ASCII):
        raise ConfigError(f"--push {repo!r}: the Hub has no such name", "write it as ORG/NAME")
    if run.pretrain is not None and run.mode != "full" and run.merge is None:
        raise ConfigError(
            "an adapter on a pre-trained model of this machine is of no use elsewhere",
            'merge it: [merge] method = "adapter"',
        )
    api = HfApi()
    try:
        info = api.model_info(repo)
    except RepositoryNotFoundError:
        return
    names = {one.rfilename for one in info.siblings or ()} - {".gitattributes"}
    if not info.private:
        raise ConfigError(f"{repo} is public", "models are pushed to private repositories; open it yourself afterwards")
    if names and "lineage.json" not in names:
        raise ConfigError(f"{repo} holds files of somebody's own", "name another repository")


def pushed(folder: str, repo: str) -> str:
    """The model stands in a private repository, all of it in one commit; the address of the commit.

    The token is the environment's or the client's own. What is there already is not sent twice: unchanged, no commit.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
    from huggingface_hub.hf_api import RepoFile

    api = HfApi()
    api.create_repo(repo, repo_type="model", private=True, exist_ok=True)
    head = api.repo_info(repo).sha
    tree = api.list_repo_tree(repo, revision=head, recursive=True)
    there = {one.path: one for one in tree if isinstance(one, RepoFile)}
    operations: list[Any] = []
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(place, name)
            inside = os.path.relpath(path, folder).replace(os.sep, "/")
            if not _same(path, there.pop(inside, None)):
                operations.append(CommitOperationAdd(path_in_repo=inside, path_or_fileobj=path))
    operations += [CommitOperationDelete(path_in_repo=name) for name in sorted(there) if name != ".gitattributes"]
    if not operations:
        return f"{api.endpoint}/{repo}/commit/{head}"
    done = api.create_commit(repo, operations, commit_message="Model by corpus-factory", parent_commit=head)
    return str(done.commit_url)


def _same(path: str, there: Any) -> bool:
    """The Hub has these bytes: by the SHA-256 of a large file, by git's blob id of a small one."""
    if there is None:
        return False
    with open(path, "rb") as file:
        if there.lfs:
            return str(there.lfs.sha256) == hashlib.file_digest(file, "sha256").hexdigest()
        data = file.read()
    return str(there.blob_id) == hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
