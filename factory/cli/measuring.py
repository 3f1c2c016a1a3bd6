"""`factory evaluate`, `factory ask`: what a model is worth, and what a corpus says."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from factory.cli import clean, options
from factory.errors import ConfigError


def need(module: str, extra: str) -> None:
    import importlib.util

    if importlib.util.find_spec(module) is None:
        raise ConfigError(f"{module} is not installed", f"pip install 'corpus-factory[{extra}]'")


@click.command()
@click.option("--model", required=True, metavar="MODEL", help="A profile, a Hub id, a folder or an adapter's folder.")
@click.option(
    "--tasks",
    required=True,
    metavar="T[,T…]",
    help="headqa_es, careqa_es, casimedicos, clindiagnoses, clintreates, natural_es; NAME=FILE.",
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
@click.option(
    "--trained-on", multiple=True, metavar="DATASET", help="Score again without the questions that stand in these rows."
)
@click.option("--embedder", metavar="MODEL", help="Similarity of written answers by this model, under its name.")
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
    trained_on: tuple[str, ...],
    embedder: str | None,
    limit: int | None,
    out: str | None,
    home: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure a model: multiple choice, pairs and open prompts, with 95 % intervals.

    Of multiple choice the option whose letter the model finds likeliest is its answer (accuracy and macro-F1); of a
    pair the answer that is likelier for each token; what it writes is scored by code (words, doses, warnings,
    abstention).
    Predictions are saved; `--baseline` compares with those of another model by the exact McNemar test.

    \b
    Examples:
      factory evaluate --model BioMistral-7B --tasks headqa_es,natural_es
      factory evaluate --model runs/natural/sft/model --tasks headqa_es=dev_HEAD.json --baseline evaluations/base
      factory evaluate --model BioMistral-7B --endpoint http://127.0.0.1:8000 --tasks headqa_es --shots 3 --seeds 3
    """
    from trainer.config import Evaluate

    asked = Evaluate(
        tasks=tuple(spec.strip() for spec in tasks.split(",") if spec.strip()),
        shots=shots, seeds=seeds, rag=rag, limit=limit, trained_on=trained_on, embedder=embedder,
    )  # fmt: skip
    folder = out or _folder_of(model)
    results = measure(model, asked, folder, home, endpoint=endpoint, baseline=baseline, quiet=quiet or as_json)
    if as_json:
        options.print_json({"folder": folder, "results": results})
        return
    say_scores(results)
    click.echo(f"written to {folder}: report.html, results.json, predictions")


def measure(
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
    need("lm_eval", "eval")
    from trainer.evaluate import page, predict, reported, saved, write
    from trainer.loading import backend_of
    from trainer.opened import embedder
    from trainer.tasks import load

    sets = [task for spec in asked.tasks for task in load(spec, home, asked.limit)]
    names = [task.name for task in sets]
    if not names or len(set(names)) < len(names):
        twice = next((name for name in names if names.count(name) > 1), None)
        raise ConfigError(
            f"two tasks are called {twice}" if twice else "name a task", "--tasks headqa_es, or NAME=FILE"
        )
    for task in sets:
        if task.left_out:
            click.echo(f"{task.name}: {task.left_out} rows of {task.origin} are left out: no right option", err=True)
    before = _baseline(baseline, folder, sets)
    seen = _seen(sets, asked.trained_on, home) if asked.trained_on else None
    similar = (os.path.basename(asked.embedder.rstrip("/")), embedder(asked.embedder)) if asked.embedder else None

    def say(said: str) -> None:
        if not quiet:
            click.echo(said, err=True)

    retrieve = None
    if asked.rag:
        from trainer.ask import read

        need("bm25s", "eval")
        retrieve = read(_dataset(asked.rag, home)).context
    backend, profile = backend_of(model, endpoint)
    results = []
    for task in sets:
        runs, costs = [], []
        several = asked.seeds if asked.shots and task.kind == "choice" else 1
        for seed in range(several):
            if task.kind == "open":
                found, cost = write(task, backend, profile, retrieve=retrieve, say=say)
            else:
                shots = asked.shots if task.kind == "choice" else 0
                found, cost = predict(task, backend, profile, shots=shots, seed=seed, retrieve=retrieve, say=say)
            saved(folder, task, f"seed{seed}", found)
            runs.append(found)
            costs.append(cost)
        # What was not done to a task is not said of it.
        told = {"model": model, "shots": asked.shots if task.kind == "choice" else 0, **costs[0]}
        told["rag"] = None if task.kind == "pairs" else asked.rag
        mine = None if seen is None else seen[task.name]
        results.append(reported(task, runs, before.get(task.name), seen=mine, similar=similar, judge=_judge) | told)
    _write(folder, model, results, page(model, results))
    return results


def _seen(sets: list[Any], datasets: tuple[str, ...], home: str) -> dict[str, set[str]]:
    """Of each task the questions (or cases) that stand in rows of these datasets."""
    from factory.decontaminate import Finder, build
    from trainer import rows

    items = sorted({one.item(task.name) for task in sets for one in task.questions})
    finder = Finder(build(items))
    found: dict[str, set[str]] = {task.name: set() for task in sets}
    for spec in datasets:
        texts = [rows.said(row) for row in rows.every(spec, home)]
        for at in range(0, len(texts), 256):
            for hits in finder.find(texts[at : at + 256]):
                for hit in hits:
                    name, _, question = hit.item.partition("/")
                    found[name].add(question)
    return found


def say_scores(results: list[dict[str, Any]]) -> None:
    """A line or two for each task."""
    from trainer import evaluate as measured

    for one in results:
        if one["kind"] == "open":
            told = ", ".join(_number(name.replace("_", " "), value) for name, value in one["scores"].items())
            click.echo(f"{one['task']}: {told}; {one['questions']} answers, {one['empty']} empty")
        else:
            told = _number("accuracy", one["accuracy"])
            if one["kind"] == "choice":
                told += f", macro-F1 {one['macro_f1']['value']:.3f}; always the commonest place:"
                told += f" {one['majority']['accuracy']:.3f}, {one['majority']['macro_f1']:.3f}"
            cases = f" over {one['cases']} cases" if "cases" in one else ""
            click.echo(f"{one['task']}: {told}; {one['questions']} questions{cases}")
        if "accuracy" in one.get("clean", {}):
            click.echo(
                f"  without what stands in the training rows: {_number('accuracy', one['clean']['accuracy'])};"
                f" {one['clean']['questions']} questions"
            )
        for said in measured.told(one):
            click.echo(f"  {said}")


def _number(name: str, value: dict[str, float]) -> str:
    return f"{name} {value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


def _baseline(folder: str | None, mine: str, sets: list[Any]) -> dict[str, Any]:
    """The baseline's predictions of each task. Raises ConfigError before anything is asked."""
    from trainer.evaluate import Asked

    if folder is None:
        return {}
    if os.path.realpath(folder) == os.path.realpath(mine):
        raise ConfigError(f"{folder} is where this evaluation is written", "give it another --out")
    found: dict[str, Any] = {}
    path = os.path.join(folder, "results.json")
    try:
        with open(path, encoding="utf-8") as file:
            shas = {one["task"]: one["sha256"] for one in json.load(file)["results"]}
        for task in sets:
            if task.kind == "open":
                continue
            if shas.get(task.name) != task.sha256:
                raise ConfigError(f"{folder} has no {task.name} of these questions", "evaluate it on these first")
            path = os.path.join(folder, f"{task.name}-seed0.jsonl")
            with open(path, encoding="utf-8") as file:
                found[task.name] = [Asked(**json.loads(line)) for line in file]
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "evaluate the baseline on the same task first") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} is damaged: {error}", "evaluate the baseline again") from error
    return found


def _judge(question: str, reference: str, said: str) -> list[str]:
    """The gates that an answer in words fails against what the source says."""
    from factory import check_answer

    return check_answer(reference, question, said, reference)


def _folder_of(model: str) -> str:
    """Where an evaluation is written by default: `runs/natural/dpo/model` is no other run's `dpo/model`."""
    if not os.path.isdir(model):
        return os.path.join("evaluations", os.path.basename(model.rstrip("/")))
    parts = os.path.relpath(model).replace("..", "").split(os.sep)
    return os.path.join("evaluations", "-".join(part for part in parts if part not in ("", ".")) or "model")


def _write(folder: str, model: str, results: list[dict[str, Any]], html: str) -> None:
    from trainer.checkpoints import write

    write(os.path.join(folder, "results.json"), {"model": model, "results": results})
    with open(os.path.join(folder, "report.html"), "w", encoding="utf-8") as file:
        file.write(html)


@click.command()
@click.argument("question", required=False)
@click.option("--corpus", required=True, metavar="RECIPE", help="A recipe of texts of the home, or a folder.")
@click.option("--model", metavar="MODEL", help="Let this model write the answer; what no passage holds is left out.")
@click.option("--endpoint", metavar="URL", help="A server that has the model, instead of loading it.")
@click.option("--evaluate", "questions", metavar="RECIPE", help="Questions of this recipe: recall@k and MRR.")
@options.home
@options.as_json
def ask(
    question: str | None,
    corpus: str,
    model: str | None,
    endpoint: str | None,
    questions: str | None,
    home: str,
    as_json: bool,
) -> None:
    """Answer from a corpus with citations that open the page or the second, or say that it does not know.

    Without a model the best sentences are quoted word for word. With one, a sentence is kept only where it cites a
    passage and passes the gates against it; if none does, the passages are quoted. `--evaluate` asks the factory's own
    questions and says how often the passage that each was written from is found.

    \b
    Examples:
      factory ask "¿Qué contraindicaciones tiene el sen?" --corpus natural_es
      factory ask "¿Cómo se toma el hinojo?" --corpus natural_es --model BioMistral-7B
      factory ask --corpus natural_es --evaluate natural_es_qa
    """
    need("bm25s", "eval")
    from trainer.ask import answer, cautioned, read, written

    if (question is None) == (questions is None):
        raise ConfigError("ask a question, or --evaluate a recipe of questions")
    if endpoint and not model:
        raise ConfigError("--endpoint wants a --model", "name the profile or folder whose words the server reads")
    found = read(_dataset(corpus, home))
    if questions is not None:
        _recall(found, questions, home, as_json=as_json)
        return
    assert question is not None
    left: list[tuple[str, str]] = []
    said = None
    if model:
        said, left = written(found, question, _writer(model, endpoint), _failed)
    if said is None or not said.known:
        said = answer(found, question)
        model = None
    said = cautioned(found, said, question, _failed)
    _answered(question, said, model, left, as_json=as_json)
    raise SystemExit(0 if said.known else 3)


def _failed(passage: str, question: str, sentence: str, rests: list[str]) -> list[str]:
    """The gates that a sentence fails against the passage it cites."""
    from factory import check_answer

    return check_answer(passage, question, sentence, rests)


def _writer(model: str, endpoint: str | None) -> Any:
    """What answers a prompt."""
    need("lm_eval", "eval")
    from trainer.evaluate import answers
    from trainer.loading import backend_of

    backend, profile = backend_of(model, endpoint)
    return lambda prompt: answers(backend, profile, [prompt])[0]


def _answered(question: str, said: Any, model: str | None, left: list[tuple[str, str]], *, as_json: bool) -> None:
    from trainer.ask import NO_ADVICE, NOT_KNOWN

    if as_json:
        cited = [{**one._asdict(), "number": n} for n, one in enumerate(said.cited, 1)]
        told = [{"text": text, "passage": number} for text, number in said.said]
        out = {"question": question, "known": said.known, "answer": told, "passages": cited, "model": model}
        options.print_json({**out, "left_out": [{"text": text, "why": why} for text, why in left]})
        return
    for text, why in left:
        click.secho(f"left out, {why}: {clean(text)}", dim=True, err=True)
    if not said.known:
        click.echo(NOT_KNOWN)
        return
    for text, number in said.said:
        click.echo(f"{clean(text)} [{number}]" if model else f"«{clean(text)}» [{number}]")
    click.echo()
    for number, one in enumerate(said.cited, 1):
        click.echo(f"[{number}] {clean(' — '.join(part for part in (one.title, one.heading) if part))}")
        click.echo(f"    {clean(one.place)} ({one.licence})")
    click.secho(f"\n{NO_ADVICE}", dim=True)


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
    from trainer.rows import readable

    with readable(_dataset(name, home)):
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
