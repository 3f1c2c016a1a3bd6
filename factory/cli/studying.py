"""`factory train --study`: one table of what each stage of a run is worth: base, adapter, replay, DPO, merge, passages.

Every row is made by the real commands, each in a process of its own, so that its memory and speed are its own. A study
that was stopped goes on: stages are done once, and a row that was measured stands in `study.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from html import escape
from operator import itemgetter
from typing import Any, NamedTuple

import click

from factory.cli import clean, options
from factory.errors import ConfigError, FactoryError
from factory.record import sha256


class StudyFailed(FactoryError):
    """A command of a study did not end well."""

    reason = "study_failed"


class Variant(NamedTuple):
    """A row: what is trained for it (nothing: as before), in which folder, and whether passages are given."""

    name: str
    stages: tuple[str, ...] = ()
    folder: str = ""
    passages: bool = False


def variants(run: Any) -> list[Variant]:
    """The rows of a run. Raises ConfigError where there is nothing to compare."""
    if run.sft is None or run.evaluate is None or not run.evaluate.tasks:
        raise ConfigError(
            "a study compares fine-tuned models", "write [sft] and [evaluate] tasks = […] into the run's TOML"
        )
    found = [
        Variant("base"),
        Variant({"qlora": "QLoRA", "lora": "LoRA", "full": "all weights"}[run.mode], ("sft",), "sft"),
    ]
    last = "sft"
    if run.pretrain is not None:
        last = "replay"
        found.append(Variant("+ replay" if run.pretrain.replay else "+ texts", ("pretrain", "sft"), last))
    if run.dpo is not None:
        found.append(Variant("+ DPO", ("dpo",), last))
    if run.merge is not None:
        found.append(Variant("+ merge", ("merge",), last))
    if run.evaluate.rag:
        found.append(Variant("+ RAG", (), last, passages=True))
    return found


def study(run: Any, table: dict[str, Any], home: str, *, dry_run: bool, as_json: bool, quiet: bool) -> None:
    """Every row is measured and told. Raises ConfigError, StudyFailed."""
    every = variants(run)
    if dry_run:
        plan = [f"{one.name}: {' '.join(one.stages) or 'nothing to train'}" for one in every]
        options.print_json({"study": plan, "dry_run": True}) if as_json else click.echo("\n".join(plan))
        return
    rows: list[dict[str, Any]] = []
    sets = _sets(run.evaluate, home)
    known = {row["key"]: row for row in _read(run.out)}
    model, made = str(run.model), {}
    for one in every:
        if one.stages:
            _say(f"{one.name}: {' → '.join(one.stages)}", quiet=quiet)
            made = _trained(one, table, run.out, home)
            model = str(made["model"])
        asked = run.evaluate.model_dump(mode="json") | {"rag": run.evaluate.rag if one.passages else None}
        key = sha256(
            json.dumps([one.name, model, _identity(model, made, run), asked, sets], sort_keys=True, default=str)
        )
        row = known.get(key)
        if row is None:
            _say(f"{one.name}: measuring", quiet=quiet)
            row = {"key": key, "name": one.name, **_costs(made if one.stages else {})}
            row["results"] = _measured(one, model, asked, run.out, home)
        rows.append(row)
        # What was measured before stands until its row is measured anew.
        left = [other for other in known.values() if other["name"] not in {mine["name"] for mine in rows}]
        _write(run.out, str(run.model), rows, left)
    if as_json:
        options.print_json({"study": rows, "folder": run.out})
        return
    for line in _lines(rows):
        click.echo(line)
    click.echo(f"written to {run.out}: study.json, study.html")


def _say(sentence: str, *, quiet: bool) -> None:
    if not quiet:
        click.echo(clean(sentence), err=True)


def _trained(one: Variant, table: dict[str, Any], out: str, home: str) -> dict[str, Any]:
    """What the command says of the stages of a row."""
    import tomli_w

    folder = os.path.join(out, one.folder)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "run.toml")
    # The tasks stay: their questions must not stand in the rows.
    mine = {**table, "out": folder}
    with open(path, "wb") as file:
        tomli_w.dump(mine, file)
    return _command("train", *one.stages, "--run", path, "--home", home, "--json", "-q")


def _measured(one: Variant, model: str, asked: dict[str, Any], out: str, home: str) -> list[dict[str, Any]]:
    slug = "".join(c for c in one.name.lower() if c.isalnum())
    given = ["--tasks", ",".join(asked["tasks"]), "--shots", asked["shots"], "--seeds", asked["seeds"]]
    for name in ("rag", "limit", "embedder"):
        given += [f"--{name}", asked[name]] if asked[name] else []
    for name in asked["trained_on"]:
        given += ["--trained-on", name]
    given += ["--out", os.path.join(out, "evaluate", slug), "--home", home, "--json", "-q"]
    baseline = os.path.join(out, "evaluate", "base")
    given += ["--baseline", baseline] if one.name != "base" else []
    return list(_command("evaluate", "--model", model, *map(str, given))["results"])


def _command(*arguments: str) -> dict[str, Any]:
    """What a command of ours says in JSON. Raises StudyFailed with its last sentence."""
    done = subprocess.run([sys.executable, "-m", "factory", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.rpartition("factory: ")[2].split("\n  → ")
        error = StudyFailed(f"factory {arguments[0]}: {said[0].strip()}", said[1].strip() if len(said) > 1 else "")
        error.exit_code = done.returncode if done.returncode > 0 else 1
        raise error
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _costs(made: dict[str, Any]) -> dict[str, Any]:
    """Tokens a second of the last stage that was trained, and the most memory that any held."""
    stages = [one for name, one in made.items() if name != "model" and one.get("steps")]
    if not stages:
        return {"train_tokens_per_second": None, "train_peak_gib": None}
    return {
        "train_tokens_per_second": stages[-1]["tokens_per_second"],
        "train_peak_gib": max(one["peak_gib"] for one in stages),
    }


def _read(out: str) -> list[dict[str, Any]]:
    try:
        with open(os.path.join(out, "study.json"), encoding="utf-8") as file:
            return list(json.load(file)["rows"])
    except (FileNotFoundError, ValueError, KeyError):
        return []


def _sets(evaluate: Any, home: str) -> list[str | None]:
    """What the tasks and the corpora of an evaluation hold now."""
    from trainer.tasks import load

    found: list[str | None] = [task.sha256 for spec in evaluate.tasks for task in load(spec, home)]
    for name in (evaluate.rag, *evaluate.trained_on):
        path = os.path.join(home, "datasets", name, "manifest.json") if name else ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found.append(sha256(file.read()))
    return found


def _identity(model: str, made: dict[str, Any], run: Any) -> list[Any]:
    """Which weights are measured."""
    from trainer.checkpoints import identity
    from trainer.config import profile_of

    base = profile_of(str(run.model))
    return [identity(model), identity(base.repo), run.revision or base.revision, sorted(made)]


def _write(out: str, model: str, rows: Sequence[dict[str, Any]], left: Sequence[dict[str, Any]]) -> None:
    from trainer.checkpoints import write

    write(os.path.join(out, "study.json"), {"model": model, "rows": [*rows, *left]})
    with open(os.path.join(out, "study.html"), "w", encoding="utf-8") as file:
        file.write(page(model, rows))


def _columns(rows: Sequence[dict[str, Any]]) -> list[tuple[str, Callable[[dict[str, Any]], Any]]]:
    """The head of each column and what stands in it."""
    found: list[tuple[str, Callable[[dict[str, Any]], Any]]] = []
    for at, one in enumerate(rows[0]["results"]):
        names = list(one["scores"]) if one["kind"] == "open" else ["accuracy"] if one["kind"] == "pairs" else None
        for name in names or ["accuracy", "macro_f1"]:

            def value(row: dict[str, Any], at: int = at, name: str = name, kind: str = one["kind"]) -> Any:
                part = row["results"][at]
                return part["scores"][name] if kind == "open" else part[name]

            found.append((f"{one['task']} {name.replace('_', ' ')}", value))
    found += [("evaluation tokens/s", _of_first("tokens_per_second")), ("evaluation GiB", _of_first("peak_gib"))]
    speed, memory = itemgetter("train_tokens_per_second"), itemgetter("train_peak_gib")
    found += [("training tokens/s", speed), ("training GiB", memory)]
    return found


def _of_first(key: str) -> Callable[[dict[str, Any]], Any]:
    """A cost of the first task."""
    return lambda row: row["results"][0][key]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value['value']:.3f} ({value['low']:.3f}–{value['high']:.3f})"
    return "—" if value is None else f"{value:,.1f}" if value >= 10 else f"{value:.2f}"


def _lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for head, value in _columns(rows):
        lines.append(head)
        lines += [f"  {row['name']:12} {_shown(value(row))}" for row in rows]
    return lines


def page(model: str, rows: Sequence[dict[str, Any]]) -> str:
    """One self-contained HTML file: a row for each variant, a column for each score and cost."""
    from trainer.evaluate import STYLE

    title = f"Study of {model}"
    columns = _columns(rows)
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}body{{max-width:none}}</style>"
    ]
    parts += [f"<h1>{escape(title)}</h1><table><tr><th>", *(f"<th>{escape(head)}" for head, _ in columns)]
    for row in rows:
        parts.append(f"<tr><th>{escape(row['name'])}")
        for _, value in columns:
            shown = value(row)
            parts.append(f"<td>{escape(_shown(shown))}{_bar(shown['value']) if isinstance(shown, dict) else ''}")
    return "".join([*parts, "</table><p>In brackets: 95 % intervals.</p>"])


def _bar(share: float) -> str:
    return f"<div class=bar style='width:8rem;height:.4rem'><i style='width:{max(0.0, share) * 100:.1f}%'></i></div>"
