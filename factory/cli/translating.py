"""`factory translate` and `factory models`."""

from __future__ import annotations

import contextlib
import glob
import os
import re
from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
from factory.cli.building import Shown, configured, remembered, run_builds, said_of
from factory.errors import ConfigError

RECIPES = ("medical_en_es",)


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option("--model", metavar="NAME", help="A profile (factory models), a Hub id or a folder.")
@click.option("--engine", type=click.Choice(["vllm", "endpoint", "apertium"]), help="What translates.")
@click.option(
    "--endpoint",
    metavar="URL",
    help="Ask this OpenAI-compatible server, or several, by commas; key: FACTORY_ENDPOINT_KEY.",
)
@click.option("--model-licence", metavar="SPDX", help="The model's terms, where no profile says them.")
@click.option("--from", "corpus", metavar="PATH|RECIPE", help="Only these rows: a file, a folder, or a built recipe.")
@click.option("--glossary", "glossaries", multiple=True, metavar="FILE", help="Terms, TSV or CSV with en and es.")
@click.option("--require-terms", is_flag=True, help="A term of the glossary that is missed fails its unit.")
@click.option("--memory", "memories", multiple=True, metavar="FILE", help="Earlier translations, TSV or JSON lines.")
@click.option("--back-translation", is_flag=True, help="Besides, Apertium translates each unit back and compares.")
@click.option(
    "--evaluate", metavar="FILE", help="Translate the English of these pairs and measure against the Spanish."
)
@options.executor
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="A trial over N items (pairs of --evaluate).")
@click.option("--rebuild", is_flag=True, help="One batch of everything, from the stored bytes.")
@click.option("--retry", is_flag=True, help="Try again what ended failed or pending.")
@click.option("--include-unpublishable", is_flag=True, help="Keep rows whose licence forbids publishing; marked.")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="Override a number of the recipe.")
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def translate(
    recipes: tuple[str, ...],
    model: str | None,
    engine: str | None,
    endpoint: str | None,
    model_licence: str | None,
    corpus: str | None,
    glossaries: tuple[str, ...],
    require_terms: bool,
    memories: tuple[str, ...],
    back_translation: bool,
    evaluate: str | None,
    settings: tuple[str, ...],
    **given: Any,
) -> None:
    """Build the recipes of English sources in Spanish; what engine is said here is kept for later builds of this home.

    Without --model and --endpoint Apertium makes a draft, where it is installed: it shows the way of the data and is
    never published. What fails a gate is translated again, smaller each time, and then dropped with its reason.

    \b
    Examples:
      factory translate --engine apertium
      factory translate --model salamandraTA-7b-instruct --glossary terms.tsv
      factory translate --endpoint http://127.0.0.1:8000 --model EuroLLM-9B-Instruct-2512 --retry
      factory translate --evaluate dev.jsonl --model EuroLLM-9B-Instruct-2512
    """
    from factory.build import Options

    chosen = tuple(dict.fromkeys(recipes or RECIPES))
    if wrong := [name for name in chosen if name not in RECIPES]:
        raise ConfigError(f"{wrong[0]} is no recipe of translations. Known: {', '.join(RECIPES)}.")
    place, settings = options.placed(given["sources_file"], settings, given["executor"], given["workers"])
    store = options.store(given["home"])
    said = _said(model, engine, model_licence, glossaries, memories, require_terms, back_translation, store, given)
    how = Options(
        place,
        None if evaluate else given["limit"],
        given["rebuild"],
        given["retry"],
        given["include_unpublishable"],
        endpoint,
    )
    if evaluate is not None:
        _evaluate(evaluate, store, (*said, *settings), how, given)
        return
    if corpus is not None and not given["dry_run"]:
        settings = (*settings, f'select.sources=["{_take(store, corpus)}"]')
    kept = {}
    for name in chosen:
        configured(store, name, (*said, *settings), how)
        if (said or endpoint) and not given["dry_run"] and given["limit"] is None:
            kept[name] = said_of(store, name, said, endpoint)
    shown = Shown(given["sources_file"], given["dry_run"], given["as_json"], given["verbose"], given["quiet"])
    with remembered(store, kept):
        run_builds(chosen, store, (*said, *settings), how, shown)


def _said(
    model: str | None,
    engine: str | None,
    model_licence: str | None,
    glossaries: tuple[str, ...],
    memories: tuple[str, ...],
    require_terms: bool,
    back_translation: bool,
    store: Any,
    given: dict[str, Any],
) -> tuple[str, ...]:
    """What the options say, as settings of the recipe; files are kept in the home under their hash."""
    from factory.models import find
    from factory.translate.glossary import terms_in
    from factory.translate.memory import pairs_in

    said = []
    if engine is not None:
        said.append(f'translate.engine="{engine}"')
    elif model is not None:
        said.append('translate.engine="auto"')
    if model is not None:
        if os.path.isdir(model):
            model = os.path.abspath(model)
            find(model)
        said.append(f'translate.model="{model}"')
    if model_licence is not None:
        said.append(f'translate.model_licence="{model_licence}"')
    for key, files, check in (("glossary", glossaries, terms_in), ("memory", memories, pairs_in)):
        if files:
            names = [_keep(store, path, check, dry_run=given["dry_run"]) for path in files]
            listed = ",".join(f'"{name}"' for name in names)
            said.append(f"translate.{key}=[{listed}]")
    if require_terms:
        said.append('translate.glossary_rule="require"')
    if back_translation:
        from factory.translate import apertium

        if apertium.version() is None:
            raise ConfigError("--back-translation needs Apertium with English and Spanish", apertium.HOW)
        said.append("translate.back_translation=true")
    return tuple(said)


def _keep(store: Any, path: str, check: Any, *, dry_run: bool) -> str:
    """The file's bytes are in the home, by their hash; its name there. Raises ConfigError where they are not right."""
    from factory.record import sha256

    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    check(data, path)
    name = sha256(data)[:32]
    if not dry_run and not store.has(f"inputs/{name}"):
        store.write(f"inputs/{name}", data)
    return name


def _take(store: Any, corpus: str) -> str:
    """The rows of a file, a folder or a built recipe are in the home; the id of their source."""
    from factory.config import Fetch, Source, Speech, parse
    from factory.gather.local import take_files
    from factory.ledger import TAKEN
    from factory.lock import locked

    del Fetch
    place = corpus if os.path.exists(corpus) else store.path(f"datasets/{corpus}/data/text")
    if not os.path.exists(place):
        raise ConfigError(f"--from {corpus}: neither a file or folder, nor a recipe built in {store.root}")
    found = [place] if os.path.isfile(place) else sorted(glob.glob(f"{place}/**/*", recursive=True))
    kinds = (".parquet", ".jsonl", ".json", ".xml", ".gz", ".zst")
    files = [Path(one) for one in found if os.path.isfile(one) and (one.endswith(kinds) or len(found) == 1)]
    if not files:
        raise ConfigError(f"--from {corpus}: no rows there ({', '.join(kinds)})")
    slug = re.sub(r"[^a-z0-9]+", "-", os.path.basename(corpus.rstrip("/")).lower()).strip("-")[:60] or "rows"
    table = {"id": f"{TAKEN}{slug}", "kind": "dataset", "language": "en", "tradition": "mixed", "licence": "unknown"}
    source = parse(Source, table, f"--from {corpus}")
    with locked(store):
        for address, outcome, reason in take_files(store, source, files, Speech()):
            if outcome not in ("stored", "unchanged"):
                click.echo(f"{clean(address)}: {outcome} {reason}", err=True)
    return source.id


def _evaluate(path: str, store: Any, settings: tuple[str, ...], how: Any, given: dict[str, Any]) -> None:
    from factory.build import EngineRoom
    from factory.cli.building import Bar
    from factory.lock import locked
    from factory.translate.evaluate import evaluated, pairs_of, write

    config, how = configured(store, RECIPES[0], settings, how)
    pairs = pairs_of(path)[: given["limit"]]
    engine = config.translate
    if given["dry_run"]:
        click.echo(f"{len(pairs)} pairs of {path} by {engine.engine} {engine.model or ''}")
        return
    # Servers on a cluster are told of in the home, and the next one that holds it takes what it finds for left behind.
    ours = locked(store) if how.executor.servers else contextlib.nullcontext()
    with ours, EngineRoom(store, config, how) as room, Bar(quiet=given["quiet"] or given["as_json"]) as bar:
        environment = room.environment(bar) if engine.engine != "apertium" else {}
        found = evaluated(store, config, pairs, environment, os.path.basename(path), bar)
    places = write(store, found)
    if given["as_json"]:
        options.print_json(found | {"report": places})
        return
    scores = found["scores"]
    click.echo(f"{found['pairs']:,} pairs of {clean(path)} by {clean(found['model'])}")
    for name in ("passed", "all"):
        one = scores[name]
        click.echo(f"  {name:<7} {one['pairs']:>6} pairs  BLEU {one['bleu']:.1f}  chrF {one['chrf']:.1f}")
    for gate, count in found["failed"].items():
        click.echo(f"  failed  {count:>6} by {gate}")
    for gate, count in found["alarms"].items():
        click.echo(f"  alarm   {count:>6} by {gate} over the references themselves")
    click.echo(f"  {scores['signatures']['bleu']}\n  {scores['signatures']['chrf']}\n  report  {places['html']}")


class Models(click.Group):
    """`factory models` alone lists."""


@click.group(cls=Models, invoke_without_command=True)
@click.option("--task", type=click.Choice(["general", "translation"]), help="Only models tuned for this.")
@options.as_json
@click.pass_context
def models(context: click.Context, task: str | None, as_json: bool) -> None:
    """List the model profiles: licence, context, template, and whether this machine can run them.

    Profiles come with the factory; ./models.toml adds to them or replaces them by name.

    \b
    Examples:
      factory models
      factory models --json
      factory models survey > models.toml
    """
    if context.invoked_subcommand is not None:
        return
    from factory.models import gpu_memory, profiles, runs_here
    from factory.server import vllm_python

    gpus, python = gpu_memory(), vllm_python()
    shown = [one for one in profiles().values() if task in (None, one.task)]
    rows = []
    for profile in shown:
        runs, why = runs_here(profile, gpus, python)
        rows.append(profile.model_dump(mode="json") | {"runs_here": runs, "why": why})
    if as_json:
        options.print_json(rows)
        return
    head = f"{'name':<38}{'licence':<14}{'output':<12}{'context':>8}  {'template':<10}{'here':<5} why"
    click.secho(head, bold=True)
    for row in rows:
        licence = row["licence"] if len(row["licence"]) < 14 else row["licence"].removeprefix("LicenseRef-")[:12] + "…"
        here = click.style("yes  ", fg="green") if row["runs_here"] else click.style("no   ", fg="yellow")
        line = f"{clean(row['name']):<38}{clean(licence):<14}{row['outputs']:<12}{row['context']:>8}"
        click.echo(f"{line}  {row['template']:<10}{here} {clean(row['why'])}")
    click.echo("output: may what the model writes be published and trained on; factory models --json says more")


@models.command()
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Models to look at.")
@options.as_json
def survey(limit: int, as_json: bool) -> None:
    """Ask the Hub for Spanish text-generation models and print rows for a models.toml, the most used first.

    Open licence, Spanish among its languages, an architecture that vLLM serves; what is known already is left out.
    A row is a proposal: read the model's card before you use it.

    \b
    Examples:
      factory models survey
      factory models survey --limit 500 --json
    """
    from factory.survey import proposals, toml

    found = proposals(limit)
    for row in found["left_out"]:
        click.echo(f"# {clean(row['repo'])}: {clean(row['why'])}", err=True)
    if as_json:
        options.print_json(found)
        return
    click.echo(toml(found["proposed"]))
    click.echo(f"# {len(found['proposed'])} proposed, {len(found['left_out'])} left out", err=True)
