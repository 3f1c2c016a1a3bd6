"""`factory build` and `factory export`."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import click

from factory.cli import clean, options
from factory.config import Recipe
from factory.errors import ConfigError, LicenceError


class Bar:
    """Progress for people: a bar on a terminal, a line a stage elsewhere, silence with -q."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._started, self._done, self._said, self._model = 0.0, 0, 0.0, ""
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Self:
        if not self._quiet and options.terminal():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
            )
            self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def stage(self, recipe: str, batch: str, name: str, total: int) -> None:
        if self._bar is not None:
            self._started, self._done = time.monotonic(), 0
            self._task = self._bar.add_task(f"{recipe} {batch} {name}", total=total, rate="")
        else:
            self._started = self._said = time.monotonic()
            if not self._quiet:
                click.echo(f"{recipe} {batch}: {name} ({total})", err=True)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._done += count
            rate = self._done / max(0.001, time.monotonic() - self._started)
            self._bar.update(self._task, advance=count, rate=f"{rate:.0f}/s{self._model}")

    def engine(self, table: dict[str, Any]) -> None:
        """What the model was asked: tokens a second and requests under way, on the bar or a line every ten seconds."""
        now = time.monotonic()
        rate = table["tokens_out"] / max(0.001, now - self._started)
        self._model = f" · {rate:,.0f} tokens/s · {table['in_flight']} of {table['window']} under way"
        if self._bar is not None:
            self._bar.update(self._task, rate=self._model.removeprefix(" · "))
        elif not self._quiet and now - self._said > 10:
            self._said = now
            replies = f"{table['asked']:,} asked, {table['cached']:,} from earlier replies"
            click.echo(f"  {replies}{self._model}", err=True)

    def say(self, sentence: str) -> None:
        if not self._quiet:
            click.echo(clean(sentence), err=True)


@click.command()
@click.argument("recipes", nargs=-1, metavar="RECIPE...")
@click.option("--all", "every", is_flag=True, help="Every recipe there is.")
@options.executor
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="A trial over N items, kept apart under trial/.")
@click.option("--rebuild", is_flag=True, help="One batch of everything, from the stored bytes.")
@click.option("--retry", is_flag=True, help="Try again what ended failed or pending.")
@click.option("--include-unpublishable", is_flag=True, help="Keep rows whose licence forbids publishing; marked.")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="Override a number of the recipe.")
@click.option(
    "--endpoint",
    metavar="URL",
    help="Ask this OpenAI-compatible server, or several, by commas; key: FACTORY_ENDPOINT_KEY.",
)
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def build(
    recipes: tuple[str, ...],
    every: bool,
    executor: str | None,
    workers: int | None,
    settings: tuple[str, ...],
    sources_file: str | None,
    home: str,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    limit: int | None,
    rebuild: bool,
    retry: bool,
    include_unpublishable: bool,
    endpoint: str | None,
) -> None:
    """Build the dataset of one or more recipes from what was ingested.

    A second run does only what is new; a run that was stopped goes on; nothing is half there.

    \b
    Examples:
      factory build medical_es natural_es
      factory build natural_es --limit 20 --set clean.quality.article.min_words=20
      factory build --all --json
      factory build medical_es --executor slurm --set executor.partition=cpu --home s3://bucket/corpus
    """
    from factory.build import Options, names

    chosen = tuple(names()) if every else recipes
    if not chosen:
        raise ConfigError("name a recipe, or --all. Known: " + ", ".join(names()) + ".")
    place, settings = options.placed(sources_file, settings, executor, workers)
    how = Options(place, limit, rebuild, retry, include_unpublishable, endpoint)
    shown = Shown(sources_file, dry_run, as_json, verbose, quiet)
    run_builds(tuple(dict.fromkeys(chosen)), options.store(home), settings, how, shown, every=every)


class Shown(NamedTuple):
    """How a build is shown, and the sources file it reads."""

    sources_file: str | None
    dry_run: bool
    as_json: bool
    verbose: bool
    quiet: bool


_ENGINE_KEYS = tuple(
    f"{table}.{key}" for table in ("translate", "questions") for key in ("engine", "model", "model_licence", "lane")
)
_NAMED = ("translate.engine", "translate.model", "questions.engine", "questions.model", "questions.lane")


def said_of(store: Any, name: str, settings: tuple[str, ...] = (), endpoint: str | None = None) -> dict[str, Any]:
    """What was said last of a recipe's engine in this home, with what is said now: a new engine ends the old one."""
    from factory.store import read_json

    last = read_json(store, f"said/{name}.json") or {"settings": [], "endpoint": None}
    kept = {one.partition("=")[0]: one for one in last["settings"]}
    address = last["endpoint"]
    if endpoint or any(one.startswith(_NAMED) for one in settings):
        kept = {key: one for key, one in kept.items() if key not in _ENGINE_KEYS}
        address = endpoint
    kept |= {one.partition("=")[0]: one for one in settings}
    return {"settings": list(kept.values()), "endpoint": address}


@contextmanager
def remembered(store: Any, said: dict[str, dict[str, Any]]) -> Iterator[None]:
    """What is said of each recipe's engine stands from now on; no longer, where nothing could be built with it."""
    from factory.errors import EngineError
    from factory.store import read_json, write_json

    before = {name: read_json(store, f"said/{name}.json") for name in said}
    built = {name: read_json(store, f"datasets/{name}.json") for name in said}
    for name, table in said.items():
        write_json(store, f"said/{name}.json", table)
    try:
        yield
    except (ConfigError, EngineError):
        for name, table in before.items():
            if read_json(store, f"datasets/{name}.json") != built[name]:
                continue
            if table is None:
                store.remove(f"said/{name}.json")
            else:
                write_json(store, f"said/{name}.json", table)
        raise


def configured(store: Any, name: str, settings: tuple[str, ...], how: Any) -> tuple[Any, Any]:
    """The config of a recipe with its engine, as it was said last for this home unless it is said now."""
    from dataclasses import replace

    from factory.build import recipe_config, resolved

    engine = tuple(one for one in settings if one.startswith(("translate.", "questions.")))
    said = said_of(store, name, engine, how.endpoint)
    config = recipe_config(name, (*said["settings"], *settings))
    if config.translate is None and config.questions is None:
        return config, replace(how, endpoint=None)
    return resolved(config, said["endpoint"]), replace(how, endpoint=said["endpoint"])


def run_builds(
    chosen: tuple[str, ...],
    store: Any,
    settings: tuple[str, ...],
    how: Any,
    shown: Shown,
    *,
    every: bool = False,
) -> None:
    """Build recipes and say what came of them; ends the command with its exit code."""
    from factory.sources import find

    _, dry_run, as_json, verbose, quiet = shown
    listed = find(shown.sources_file)
    builds: dict[str, Any] = {}
    for name in chosen:
        try:
            _add(builds, name, store, settings, how, listed)
        except ConfigError as error:
            if not every or "engine" not in error.message:
                raise
            click.echo(f"{name} is left out: {error.message}", err=True)
    if dry_run:
        for name in chosen:
            if name in builds:
                _dry(builds[name], as_json=as_json, verbose=verbose)
        return
    code = 3 if listed.problems else 0
    for problem in listed.problems:
        click.echo(clean(problem), err=True)
    if not (quiet or as_json):
        for name in chosen:
            _tell_engine(builds.get(name), settings)
    results = _run(list(builds.values()), store, quiet or as_json)
    for result in results:
        code = max(code, 3 if result.items.get("failed") or result.items.get("pending") else 0)
        if result.recipe in chosen:
            options.print_json(_as_json(result, store)) if as_json else _summary(result, store, verbose)
        elif not as_json:
            click.echo(
                f"\n{result.recipe}: {result.export['rows']} documents" + ("" if result.fresh else ", as they were")
            )
    raise SystemExit(code)


def _tell_engine(one: Any, settings: tuple[str, ...]) -> None:
    """That a recipe is asked about by the model that was said last, where nobody says one now."""
    asked = one.config.questions if one is not None else None
    if asked is None or asked.model is None or any(said.startswith(_NAMED) for said in settings):
        return
    click.echo(f"{one.recipe}: {asked.model} asks, as was said last; patterns again: --lane template", err=True)


def _add(builds: dict[str, Any], name: str, store: Any, settings: tuple[str, ...], how: Any, listed: Any) -> Any:
    """The build of a recipe, behind those of the corpora it reads; each once."""
    if name in builds:
        return builds[name]
    from factory.derived import build_of, check_corpora, corpora_of

    own = settings_of(name, settings)
    config, how_own = configured(store, name, own, how)
    names = corpora_of(config, store, trial=how.limit is not None)
    check_corpora(names, name)
    shared = tuple(one for one in settings if not one.startswith(("questions.", "translate.", "select.")))
    bases = [_add(builds, one, store, shared, _plain(how), listed) for one in names]
    builds[name] = build_of(store, name, config, listed, how_own, bases)
    return builds[name]


def settings_of(name: str, settings: tuple[str, ...]) -> tuple[str, ...]:
    """The settings that a recipe has a place for: kinds are those of recipes that write several."""
    from factory.build import recipe_config

    asked = recipe_config(name).questions
    if asked is None:
        return tuple(one for one in settings if not one.startswith("questions."))
    return settings if "qa" in asked.kinds else tuple(s for s in settings if not s.startswith("questions.kinds="))


def _plain(how: Any) -> Any:
    """How a corpus is built for one that reads it: by the engine that was said for it, if any."""
    from dataclasses import replace

    return replace(how, endpoint=None)


def _run(builds: list[Any], store: Any, quiet: bool) -> list[Any]:
    results = [one.nothing_to_do() for one in builds]
    if all(results):
        return results
    _refuse_empty(builds, store)
    from factory.lock import locked

    with locked(store), Bar(quiet) as bar:
        return [one.nothing_to_do() or one.run(bar) for one in builds]


def _refuse_empty(builds: list[Any], store: Any) -> None:
    if not store.names("receipts"):
        raise ConfigError(f"nothing was ingested into {store.root}", "begin with: factory ingest samples/sources.toml")


def _dry(one: Any, *, as_json: bool, verbose: bool) -> None:
    held, new = one.plan()
    plan = {
        "recipe": one.recipe,
        "batches": [b.name for b in held],
        "new_items": len(new.items) if new else 0,
        "config": one.config.model_dump(mode="json"),
    }
    if as_json:
        options.print_json(plan)
        return
    asked = one.config.questions
    if asked is None:
        click.echo(f"{one.recipe}: {len(held)} batches stand, {plan['new_items']} items would make a new one")
    else:
        who = "patterns" if asked.model is None and asked.lane in ("auto", "template") else asked.model or "a model"
        click.echo(f"{one.recipe}: {who} would ask about {one.documents():,} documents of {', '.join(asked.corpora)}")
    click.echo(_toml(one.config.model_dump(mode="json", exclude_unset=not verbose)))
    if not verbose:
        click.echo("  every setting: -v")


def _toml(table: Any, path: str = "") -> str:
    lines = []
    for key, value in table.items():
        lines.append(_toml(value, f"{path}{key}.") if isinstance(value, dict) else f"  {path}{key} = {value!r}")
    return "\n".join(lines)


def _as_json(result: Any, store: Any) -> dict[str, Any]:
    return {
        "recipe": result.recipe,
        "batch": result.batch,
        "stages": result.stages,
        "items": result.items,
        "rows": result.export["rows"],
        "refused": result.export["refused"],
        "drafts": result.export["drafts"],
        "engine": result.engine,
        "dataset": result.dataset,
        "report": store.path(result.report),
        "nothing_to_do": not result.fresh,
    }


def _summary(result: Any, store: Any, verbose: bool) -> None:
    click.secho(f"\n{result.recipe}", bold=True)
    if not result.fresh:
        click.echo("  nothing to do")
    for stage in result.stages:
        dropped = ", ".join(f"{clean(why)} {count}" for why, count in stage["rejected"].items())
        split = f" (+{stage['split']} split off)" if stage["split"] else ""
        click.echo(
            f"  {stage['name']:<8} in {stage['in']:>6}{split}  kept {stage['out']:>6}  dropped: {dropped or 'none'}"
        )
        for book, whole in (("units", "proposed"), ("passages", "in"), ("questions", "proposed")):
            if table := stage.get(book):
                told = ", ".join(f"{clean(name)} {count}" for name, count in table.items() if name != whole)
                click.echo(f"           {book} {table.get(whole, 0)}: {told or 'none'}")
    if result.engine:
        asked = result.engine
        rate = asked["tokens_out"] / max(0.001, asked["seconds"])
        told = f"asked {asked['asked']}, {asked['cached']} from earlier replies; {asked['tokens_in']} tokens in"
        click.echo(f"  model    {told}, {asked['tokens_out']} out, {rate:,.0f} a second")
    refused = ", ".join(f"{why} {count}" for why, count in result.export["refused"].items())
    given = result.stages[-1]["out"] if result.stages else 0
    click.echo(f"  {'export':<8} in {given:>6}  kept {result.export['rows']:>6}  refused: {refused or 'none'}")
    items = result.items
    ended = [f"accepted {items['accepted']}"]
    for how in ("rejected", "failed", "skipped", "pending"):
        if items[how]:
            reasons = ", ".join(f"{clean(why)} {count}" for why, count in items[how].items())
            ended.append(f"{how} {sum(items[how].values())} ({reasons})")
    click.echo(f"  items    {items['in']}: " + "; ".join(ended))
    if any(stage["rejected"] for stage in result.stages) or result.export["refused"]:
        click.echo(f"  dropped  factory inspect {result.recipe} --dropped")
    if result.export["unpublishable_included"]:
        click.secho("  holds rows that may not be published", fg="yellow")
    if result.export["drafts"]:
        click.secho(f"  draft    {result.export['drafts']} rows by rules (Apertium): never published", fg="yellow")
    if verbose:
        for batch, one in result.export["batches"].items():
            click.echo(f"  batch {batch}: {one['rows']} rows, {len(one['files'])} shards")
    if not result.export["rows"]:
        click.secho(f"  the dataset has no row{_why_empty(result)}", fg="yellow")
    click.echo(f"  dataset  {result.dataset}")
    click.echo(f"  report   {store.path(result.report)}")


def _why_empty(result: Any) -> str:
    """What an empty dataset is owed to, where one thing is."""
    first: dict[str, Any] = result.stages[0] if result.stages else {"in": 0, "rejected": {}}
    if not first["in"]:
        return ": nothing came in"
    if all(why.startswith(("split_", "kind_")) for why in first["rejected"]) and not first["out"]:
        splits = any(why.startswith("split_") for why in first["rejected"])
        more = " (two works in a hundred are kept for evaluation, by the hash of the work)" if splits else ""
        return f": no document is of its splits and kinds{more}"
    told = result.stages[-1]["rejected"]
    return f": {clean(max(told, key=told.get))}" if told else ""


def _refuse_draft(last: dict[str, Any], recipe: str, *, include_unpublishable: bool) -> None:
    """Raises LicenceError where a dataset holds machine drafts and nobody asked for what may not be published."""
    drafts = last["result"]["export"]["drafts"]
    if drafts and not include_unpublishable:
        raise LicenceError(
            f"{recipe} is a draft: {drafts} rows are rule-based machine translation, which is never published",
            f"look at it in {last['result']['dataset']}, add --include-unpublishable, or translate with a model",
        )


@click.command()
@click.argument("recipe")
@click.argument("folder", metavar="DIR")
@click.option("--include-unpublishable", is_flag=True, help="Keep rows whose licence forbids publishing; marked.")
@options.home
@options.dry_run
@options.as_json
def export(recipe: str, folder: str, include_unpublishable: bool, home: str, dry_run: bool, as_json: bool) -> None:
    """Write a built dataset to a folder that `datasets.load_dataset` opens.

    \b
    Examples:
      factory export natural_es out/natural_es
      factory export medical_es private/ --include-unpublishable
    """
    from factory.build import recipe_config
    from factory.store import open_store, read_json

    store = options.existing(home)
    recipe_config(recipe)
    last = read_json(store, f"datasets/{recipe}.json")
    if last is None:
        raise ConfigError(f"{recipe} is not built in {store.root}", f"run: factory build {recipe}")
    if os.path.exists(folder) and os.listdir(folder) and not os.path.exists(os.path.join(folder, "manifest.json")):
        raise ConfigError(f"{folder} is not empty and holds no dataset of ours", "choose another folder")
    finals = [(batch, place) for batch, place in last["finals"]]
    config = Recipe.model_validate(last["config"])
    _refuse_draft(last, recipe, include_unpublishable=include_unpublishable)
    if dry_run:
        click.echo(f"{recipe} → {folder}: {sum(1 for _ in finals)} batches")
        return
    from factory.export import copy
    from factory.export import export as write
    from factory.lock import locked

    there = read_json(open_store(folder), "manifest.json") or {"rows": 0}
    if there["rows"] and not last["result"]["export"]["rows"] and not include_unpublishable:
        raise ConfigError(
            f"{recipe} has no row, and {folder} holds {there['rows']}", "remove the folder first, or choose another"
        )

    with locked(store):
        target = f"datasets/{recipe}" if not include_unpublishable else f"datasets/.unpublishable/{recipe}"
        if include_unpublishable or last["unpublishable"]:
            manifest = write(
                store,
                recipe,
                config,
                finals,
                target,
                reduced=last["reduced"],
                story=last["result"],
                include_unpublishable=include_unpublishable,
            )
        else:
            manifest = read_json(store, f"{target}/manifest.json")
        list(copy(store, target, folder))
        if include_unpublishable:
            store.remove("datasets/.unpublishable")
    out = open_store(folder).root
    if as_json:
        options.print_json({"recipe": recipe, "dataset": out, "rows": manifest["rows"], "refused": manifest["refused"]})
    else:
        click.echo(f"{manifest['rows']} rows in {len(manifest['files'])} shards: {out}")
        if manifest["unpublishable_included"]:
            click.secho("holds rows that may not be published", fg="yellow")
