"""`factory train`, `factory evaluate`: models of the datasets, and what they are worth."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
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
    chosen = tuple(name for name in _STAGES if name in (stages or run.stages))
    room = _room(run, home, quiet=quiet or as_json)
    if dry_run:
        _plan(room, chosen, as_json=as_json)
        return
    _need("trl", "train")
    from trainer.card import write
    from trainer.chain import trained

    found = trained(room, chosen)
    final = write(room, found)
    if run.evaluate is not None and not stages:
        folder = os.path.join(run.out, "evaluate")
        found["evaluate"] = {"results": _measured(final, run.evaluate, folder, home, quiet=quiet or as_json)}
    if push:
        from trainer.card import pushed

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


def _need(module: str, extra: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise ConfigError(f"{module} is not installed", f"pip install 'corpus-factory[{extra}]'")


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

        task = task_of(spec, home)
        found.append(build([one.item(task.name) for one in task.questions]))
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
        counts = {one.spec: {"train": len(one.train), "validation": len(one.validation)} for one in data}
        shown["stages"][name] |= {"rows": counts, "samples": []}
        if isinstance(config, Pretrain):
            shown["stages"][name]["samples"] = [f"⟦{one.train[0]['text'][:300]}⟧" for one in data]
            continue
        if room.profile.template == "chat" and tokenizer is None:
            from trainer.model import tokenizer_of

            tokenizer = tokenizer_of(room.profile, room.run)
        writer = rows.Writer(room.profile, tokenizer)
        for one in data:
            first = next(writer.rows(one.train[0])) if name == "sft" else writer.pair(one.train[0])
            shown["stages"][name]["samples"].append(_marked(first))
    if as_json:
        options.print_json(shown | {"dry_run": True})
        return
    click.echo(f"{shown['model']} ({shown['mode']}), {room.run.gpu}: {', '.join(stages)} → {shown['out']}")
    for name, stage in shown["stages"].items():
        click.echo(f"\n{name}: {json.dumps({k: v for k, v in stage.items() if k not in ('samples', 'rows')})}")
        for spec, count in stage.get("rows", {}).items():
            click.echo(f"  {spec}: {count['train']:,} rows to train, {count['validation']:,} held out")
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
            _say_scores(one["results"])
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


@click.command()
@click.option("--model", required=True, metavar="MODEL", help="A profile, a Hub id, a folder or an adapter's folder.")
@click.option(
    "--tasks", required=True, metavar="T[,T…]", help="headqa_es, careqa_es, casimedicos, natural_es; NAME=FILE."
)
@click.option("--endpoint", metavar="URL", help="A server that has the model, instead of loading it.")
@click.option(
    "--shots", type=click.IntRange(min=0), default=0, show_default=True, help="Examples before each question."
)
@click.option("--seeds", type=click.IntRange(min=1), default=1, show_default=True, help="Draws of the examples.")
@click.option(
    "--baseline", metavar="FOLDER", help="Another evaluation's folder, to compare with on the same questions."
)
@click.option("--rag", metavar="RECIPE", help="Passages of this corpus stand before each question.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only N questions of each task.")
@click.option("--out", metavar="FOLDER", help="Where it is written.  [default: evaluations/MODEL]")
@options.home
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="No progress; only the result.")
def evaluate(
    model: str,
    tasks: str,
    endpoint: str | None,
    shots: int,
    seeds: int,
    baseline: str | None,
    rag: str | None,
    limit: int | None,
    out: str | None,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure a model on multiple-choice sets: accuracy and macro-F1, with 95 % intervals.

    The option whose letter the model finds likeliest is its answer. Predictions are saved; `--baseline` compares with
    those of another model by the exact McNemar test.

    \b
    Examples:
      factory evaluate --model BioMistral-7B --tasks headqa_es,natural_es
      factory evaluate --model runs/natural/sft/model --tasks headqa_es=dev_HEAD.json --baseline evaluations/base
      factory evaluate --model BioMistral-7B --endpoint http://127.0.0.1:8000 --tasks headqa_es --shots 3 --seeds 3
    """
    from trainer.config import Evaluate

    asked = Evaluate(
        tasks=tuple(spec.strip() for spec in tasks.split(",") if spec.strip()),
        shots=shots, seeds=seeds, rag=rag, limit=limit,
    )  # fmt: skip
    folder = out or os.path.join("evaluations", os.path.basename(model.rstrip("/")))
    results = _measured(model, asked, folder, home, endpoint=endpoint, baseline=baseline, quiet=quiet or as_json)
    if as_json:
        options.print_json({"folder": folder, "results": results})
        return
    _say_scores(results)
    click.echo(f"written to {folder}: report.html, results.json, predictions")


def _measured(
    model: str,
    asked: Any,
    folder: str,
    home: str,
    *,
    endpoint: str | None = None,
    baseline: str | None = None,
    quiet: bool = False,
) -> list[dict[str, Any]]:
    """The results of every task, written to the folder with their predictions."""
    _need("lm_eval", "eval")
    from trainer.evaluate import page, predict, reported, saved
    from trainer.loading import backend_of
    from trainer.tasks import load

    sets = [load(spec, home, asked.limit) for spec in asked.tasks]
    retrieve = None
    if asked.rag:
        from trainer.ask import read

        _need("bm25s", "eval")
        retrieve = read(_dataset(asked.rag, home)).context
    backend, profile = backend_of(model, endpoint)
    results = []
    for task in sets:
        runs, costs = [], []
        for seed in range(asked.seeds if asked.shots else 1):
            found, cost = predict(
                task, backend, profile, shots=asked.shots, seed=seed, retrieve=retrieve,
                say=lambda said: None if quiet else click.echo(said, err=True),
            )  # fmt: skip
            saved(folder, task, f"seed{seed}", found)
            runs.append(found)
            costs.append(cost)
        told = {"model": model, "shots": asked.shots, "rag": asked.rag, **costs[0]}
        results.append(reported(task, runs, _before(baseline, task)) | told)
    _write(folder, model, results, page(model, results))
    return results


def _say_scores(results: list[dict[str, Any]]) -> None:
    for one in results:
        value, other = one["accuracy"], one["macro_f1"]
        click.echo(
            f"{one['task']}: accuracy {value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f}), macro-F1"
            f" {other['value']:.3f}; always the commonest place: {one['majority']['accuracy']:.3f},"
            f" {one['majority']['macro_f1']:.3f}; {one['questions']} questions"
        )
        if "against" in one:
            gain = one["against"]["gain"]
            click.echo(
                f"  against the baseline: {gain['value']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f}), McNemar"
                f" p = {one['against']['mcnemar_p']:.3g}"
            )


def _before(folder: str | None, task: Any) -> Any:
    """The baseline's predictions of the same task."""
    from trainer.evaluate import Asked

    if folder is None:
        return None
    path = os.path.join(folder, f"{task.name}-seed0.jsonl")
    try:
        with open(path, encoding="utf-8") as file:
            return [Asked(**json.loads(line)) for line in file]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "evaluate the baseline on the same task first") from error


def _write(folder: str, model: str, results: list[dict[str, Any]], html: str) -> None:
    from trainer.checkpoints import write

    write(os.path.join(folder, "results.json"), {"model": model, "results": results})
    with open(os.path.join(folder, "report.html"), "w", encoding="utf-8") as file:
        file.write(html)


@click.command()
@click.argument("question", required=False)
@click.option("--corpus", required=True, metavar="RECIPE", help="A recipe of texts of the home, or a folder.")
@click.option("--passages", type=click.IntRange(min=1), default=5, show_default=True, help="Passages looked through.")
@click.option("--evaluate", "questions", metavar="RECIPE", help="Questions of this recipe: recall@k and MRR.")
@options.home
@options.as_json
def ask(question: str | None, corpus: str, passages: int, questions: str | None, home: str, as_json: bool) -> None:
    """Answer from a corpus, word for word, with citations that open the page or the second; or say it does not know.

    `--evaluate` asks the factory's own questions and says how often the passage that each was written from is found.

    \b
    Examples:
      factory ask "¿Qué contraindicaciones tiene el sen?" --corpus natural_es
      factory ask --corpus natural_es --evaluate natural_es_qa
    """
    _need("bm25s", "eval")
    from trainer.ask import NO_ADVICE, NOT_KNOWN, answer, read

    if (question is None) == (questions is None):
        raise ConfigError("ask a question, or --evaluate a recipe of questions")
    found = read(_dataset(corpus, home))
    if questions is not None:
        _recall(found, questions, home, as_json=as_json)
        return
    assert question is not None
    said = answer(found, question)
    if as_json:
        cited = [{**one._asdict(), "number": n} for n, one in enumerate(said.cited, 1)]
        quoted = [{"text": text, "passage": number} for text, number in said.said]
        options.print_json({"question": question, "known": said.known, "answer": quoted, "passages": cited})
    elif not said.known:
        click.echo(NOT_KNOWN)
    else:
        for text, number in said.said:
            click.echo(f"«{clean(text)}» [{number}]")
        click.echo()
        for number, one in enumerate(said.cited, 1):
            click.echo(f"[{number}] {clean(' — '.join(part for part in (one.title, one.heading) if part))}")
            click.echo(f"    {clean(one.place)} ({one.licence})")
        click.secho(f"\n{NO_ADVICE}", dim=True)
    raise SystemExit(0 if said.known else 3)


def _dataset(name: str, home: str) -> str:
    if os.path.isdir(name):
        return name
    found = os.path.join(home, "datasets", name)
    if not os.path.isdir(found):
        raise ConfigError(f"{name} is not built in {home}", f"run: factory build {name}, or name a folder")
    return found


def _recall(corpus: Any, name: str, home: str, *, as_json: bool) -> None:
    from datasets import load_dataset

    from trainer.ask import recall

    splits = load_dataset(_dataset(name, home), "qa")
    there = {one.doc_id for one in corpus.passages}
    rows = [row for part in splits.values() for row in part if row["doc_id"] in there]
    if not rows:
        raise ConfigError(f"no question of {name} was written from this corpus")
    found = recall(corpus, rows)
    if as_json:
        options.print_json({"questions": found.questions, "recall": found.at, "mrr": found.mrr})
        return
    told = ", ".join(f"recall@{k} {value:.3f}" for k, value in found.at.items())
    click.echo(f"{found.questions} questions over {len(corpus.passages):,} passages: {told}, MRR {found.mrr:.3f}")
