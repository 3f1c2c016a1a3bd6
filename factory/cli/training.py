"""`factory train`: models of the datasets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
from factory.cli.measuring import measure, need, say_scores
from factory.config import load_toml, override, parse
from factory.errors import ConfigError

_STAGES = ("pretrain", "sft", "dpo", "merge")


@click.command()
@click.argument("stages", nargs=-1, type=click.Choice(_STAGES), metavar="[pretrain|sft|dpo|merge]...")
@click.option("--run", "file", metavar="FILE.toml", help="Everything about the run; options below replace its values.")
@click.option("--model", metavar="MODEL", help="A profile (factory models), a Hub id or a folder.")
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    metavar="DATASET",
    help="A recipe of the home, a folder, or a Hub id (ORG/NAME@v1.0.0); :CONFIG behind it.",
)
@click.option("--gpu", type=click.Choice(("cpu-smoke", "24gb", "48gb", "80gb")), help="Preset by the card's memory.")
@click.option("--mode", type=click.Choice(("qlora", "lora", "full")), help="What is trained (default: the preset's).")
@click.option("--out", metavar="FOLDER", help="Where the run is kept.  [default: runs/MODEL]")
@click.option("--decontaminate", multiple=True, metavar="FILE", help="Evaluation sets that must not be in the data.")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="A value of the TOML, e.g. sft.epochs=1.")
@click.option("--study", is_flag=True, help="One table: base, adapter, + replay, + DPO, + merge, + RAG.")
@click.option("--push", metavar="ORG/NAME", help="Send the final model to the Hub, in one commit.")
@options.home
@options.dry_run
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress; only the result.")
def train(
    stages: tuple[str, ...],
    file: str | None,
    model: str | None,
    datasets: tuple[str, ...],
    gpu: str | None,
    mode: str | None,
    out: str | None,
    decontaminate: tuple[str, ...],
    settings: tuple[str, ...],
    study: bool,
    push: str | None,
    home: str,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train a model on datasets: continued pre-training, fine-tuning, preferences, merging, in this order.

    Every stage is done once: a killed run goes on from its last whole checkpoint by the same command. The evaluation
    sets that the home indexed must not stand in the rows: one that does ends the run (5). `--dry-run` shows the plan
    and the first rows as the model reads them, what is learnt marked.

    \b
    Examples:
      factory train --model BioMistral-7B --dataset natural_es_qa --gpu 24gb --dry-run
      factory train sft dpo --run natural.toml
      factory train dpo --model BioMistral-7B --dataset preferences_es --out runs/natural
      factory train --study --run natural.toml
      factory train merge --model BioMistral-7B --out runs/natural --set merge.method=ties
    """
    from trainer.config import Run, resolved

    table = load_toml(Path(file)) if file else {}
    _fill(table, stages, {"model": model, "gpu": gpu, "mode": mode, "out": out}, datasets)
    if decontaminate:
        table["decontaminate"] = list(decontaminate)
    table = override(table, settings)
    if "model" not in table:
        raise ConfigError(
            "name a model", "--model BioMistral-7B, or model = … in the run's TOML; factory models lists them"
        )
    table.setdefault("out", os.path.join("runs", os.path.basename(str(table["model"]).rstrip("/"))))
    run = resolved(parse(Run, table, file or "the command line"))
    if study:
        from factory.cli import studying

        if stages or push:
            raise ConfigError("a study trains every stage of its TOML", "leave out the stages and --push")
        need("trl", "train")
        studying.study(run, table, home, dry_run=dry_run, as_json=as_json, quiet=quiet or as_json)
        return
    chosen = tuple(name for name in _STAGES if name in (stages or run.stages))
    if push:
        from factory.cli.publishing import quiet_client
        from factory.hub import translated
        from trainer.card import pushable, pushed

        quiet_client(quiet=quiet or as_json)
        with translated(push):
            pushable(run, push)
    room = _room(run, home, quiet=quiet or as_json)
    if dry_run:
        _plan(room, chosen, as_json=as_json)
        return
    need("trl", "train")
    from trainer.card import write
    from trainer.chain import trained

    found = trained(room, chosen)
    final = write(room, found)
    if run.evaluate is not None and not stages:
        folder = os.path.join(run.out, "evaluate")
        results = measure(final, run.evaluate, folder, home, quiet=quiet or as_json)
        write(room, found, results)
        found["evaluate"] = {"results": results}
    if push:
        with translated(push):
            found["pushed"] = pushed(final, push)
    _tell(found, final, as_json=as_json)


def _fill(table: dict[str, Any], stages: tuple[str, ...], said: dict[str, Any], datasets: tuple[str, ...]) -> None:
    """What the options say goes into the run's table."""
    table |= {key: value for key, value in said.items() if value is not None}
    for name in stages or (("sft",) if datasets and not any(name in table for name in _STAGES) else ()):
        table.setdefault(name, {})
    if datasets:
        takers = [name for name in ("pretrain", "sft", "dpo") if name in (stages or table)]
        if len(takers) != 1:
            raise ConfigError("--dataset is for one stage", "name it: factory train sft --dataset …; or write a TOML")
        table[takers[0]] = {**table[takers[0]], "dataset": list(datasets)}


def _room(run: Any, home: str, *, quiet: bool) -> Any:
    from trainer.config import trainable
    from trainer.room import Room

    def say(sentence: str) -> None:
        if not quiet:
            click.echo(clean(sentence), err=True)

    index = _index(run.decontaminate, run.evaluate.tasks if run.evaluate else (), home)
    there = os.path.isdir(home)
    return Room(run, trainable(run.model), home if there else None, index, say)


def _index(files: tuple[str, ...], tasks: tuple[str, ...], home: str) -> Any:
    """Everything that must not be in the training rows: the home's indexes, files, and the tasks of the run."""
    from factory.decontaminate import build, joined, load
    from factory.exams import items_of
    from factory.steps.decontaminate import FOLDER
    from factory.store import open_store

    store, found = open_store(home), []
    for name in store.names(FOLDER):
        if name.endswith(".npz"):
            found.append(load(store.read(f"{FOLDER}/{name}") or b""))
    for file in files:
        found.append(build(items_of(file)))
    for spec in tasks:
        from trainer.tasks import load as task_of

        # Held-out pairs are the other split of what is trained on, and an open prompt alone gives nothing away.
        chosen = [task for task in task_of(spec, home) if task.kind == "choice"]
        found += [build(sorted({one.item(task.name) for one in task.questions})) for task in chosen]
    return joined(found) if found else None


def _plan(room: Any, stages: tuple[str, ...], *, as_json: bool) -> None:
    """What would be done, and the first rows of each stage with what is learnt between ⟦ and ⟧."""
    from trainer import rows
    from trainer.config import Pretrain

    shown: dict[str, Any] = {"model": room.profile.repo, "mode": room.run.mode, "out": room.run.out, "stages": {}}
    tokenizer = None
    for name in stages:
        config = getattr(room.run, name)
        shown["stages"][name] = config.model_dump(mode="json")
        if name == "merge":
            continue
        data = [rows.load(spec, name, room.home, config.limit) for spec in config.dataset]
        rows.check_splits(data)
        rows.check_clean(data, room.index)
        sides = ("train", "validation", "left_out")
        counts = {
            one.spec: dict(zip(sides, (len(one.train), len(one.validation), one.left_out), strict=True)) for one in data
        }
        shown["stages"][name] |= {"rows": counts, "samples": []}
        if isinstance(config, Pretrain):
            shown["stages"][name]["samples"] = [f"⟦{one.train[0]['text'][:300]}⟧" for one in data]
            continue
        if room.profile.template == "chat" and tokenizer is None:
            from trainer.model import tokenizer_of

            tokenizer = tokenizer_of(room.profile, room.run)
        writer = rows.Writer(room.profile, tokenizer)
        for one in data:
            first = writer.pair(one.train[0]) if name == "dpo" else None
            first = first or next((made for row in one.train for made in writer.rows(row)), None)
            if first is not None:
                shown["stages"][name]["samples"].append(_marked(first))
    if as_json:
        options.print_json(shown | {"dry_run": True})
        return
    click.echo(f"{shown['model']} ({shown['mode']}), {room.run.gpu}: {', '.join(stages)} → {shown['out']}")
    for name, stage in shown["stages"].items():
        click.echo(f"\n{name}: {json.dumps({k: v for k, v in stage.items() if k not in ('samples', 'rows')})}")
        for spec, count in stage.get("rows", {}).items():
            left = (
                f"; {count['left_out']:,} left out: a text or the right option is missing" if count["left_out"] else ""
            )
            click.echo(f"  {spec}: {count['train']:,} rows to train, {count['validation']:,} held out{left}")
        for sample in stage.get("samples", []):
            click.echo("  " + clean(sample).replace("\n", "\n  "))


def _marked(row: dict[str, str]) -> str:
    if "completion" in row:
        return f"{row['prompt']}⟦{row['completion']}⟧"
    return f"{row['prompt']}⟦{row['chosen']}⟧ rather than ⟦{row['rejected']}⟧"


def _tell(found: dict[str, Any], final: str, *, as_json: bool) -> None:
    if as_json:
        options.print_json(found | {"model": final})
        return
    for name, one in found.items():
        if name == "pushed":
            click.echo(f"pushed: {one}")
            continue
        if name == "evaluate":
            say_scores(one["results"])
            continue
        told = [f"{one['steps']} steps"] if "steps" in one else []
        if one.get("loss"):
            told.append(f"loss {one['loss'][0]:.3f} → {one['loss'][1]:.3f}")
        if one.get("tokens_per_second"):
            told.append(f"{one['tokens_per_second']:,.0f} tokens/s, {one['peak_gib']:.1f} GiB on {one['on']}")
        if "replay_share" in one:
            told.append(f"replay {one['replay_share']:.2%} of the tokens")
        if "held_out_after" in one:
            before, after = one["held_out_before"], one["held_out_after"]
            told.append(
                f"prefers the right answer {before['rewards/accuracies']:.2f} → {after['rewards/accuracies']:.2f}"
            )
        click.echo(f"{name}: {', '.join(told) or one.get('method', 'done')}")
    click.echo(f"model: {final}")
