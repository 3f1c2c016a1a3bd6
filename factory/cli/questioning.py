"""`factory synth-qa`: questions over built corpora."""

from __future__ import annotations

import os
from typing import Any

import click

from factory.cli import options
from factory.cli.building import Shown, configured, remembered, run_builds, said_of, settings_of
from factory.config import nearest
from factory.errors import ConfigError

RECIPES = ("medical_es_qa", "natural_es_qa", "natural_youtube_es_qa", "preferences_es")
EVERY = (*RECIPES, "natural_es_eval")
KINDS = ("qa", "mcq", "dialogue", "patient", "discharge", "preference", "open")


@click.command("synth-qa")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option("--from", "corpora", multiple=True, metavar="CORPUS", help="Ask about this built recipe instead.")
@click.option(
    "--model", metavar="NAME", help="A profile (factory models), a Hub id or a folder, such as BioMistral-7B."
)
@click.option(
    "--endpoint",
    metavar="URL",
    help="Ask this OpenAI-compatible server, or several, by commas; key: FACTORY_ENDPOINT_KEY.",
)
@click.option("--model-licence", metavar="SPDX", help="The model's terms, where no profile says them.")
@click.option("--kind", "kinds", metavar="KIND,…", help=f"Only these kinds of rows: {', '.join(KINDS)}.")
@click.option("--per-passage", type=click.IntRange(1, 8), metavar="N", help="Questions a model is asked for at most.")
@click.option(
    "--lane", type=click.Choice(["model", "template", "both"]), help="What writes (default: both with a model)."
)
@options.executor
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="A trial over N items of the corpora.")
@click.option("--rebuild", is_flag=True, help="Build the corpora again, as one batch of everything.")
@click.option("--retry", is_flag=True, help="Try again what ended failed or pending.")
@click.option("--include-unpublishable", is_flag=True, help="Keep rows whose licence forbids publishing; marked.")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="Override a number of the recipe.")
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def synth_qa(
    recipes: tuple[str, ...],
    corpora: tuple[str, ...],
    model: str | None,
    endpoint: str | None,
    model_licence: str | None,
    kinds: str | None,
    per_passage: int | None,
    lane: str | None,
    settings: tuple[str, ...],
    **given: Any,
) -> None:
    """Write questions and answers over built corpora, each with its evidence in the source; pairs for preferences too.

    Without --model and --endpoint the template lane runs: questions by patterns, answers that are sentences of the
    source. The corpora are built first where they are not. What fails a gate is dropped with its reason; what a person
    must read first is held back (factory review RECIPE). What was said of the model is kept for later builds of this
    home; --lane template takes it back.

    \b
    Examples:
      factory synth-qa
      factory synth-qa natural_es_qa --kind qa,mcq
      factory synth-qa medical_es_qa --model BioMistral-7B --per-passage 3
      factory synth-qa medical_es_qa --from medical_en_es --lane template
      factory synth-qa preferences_es --endpoint http://127.0.0.1:8000 --model BioMistral-7B
    """
    from factory.build import Options

    chosen = tuple(dict.fromkeys(recipes or _of_kinds(kinds)))
    if wrong := [name for name in chosen if name not in EVERY]:
        raise ConfigError(f"{wrong[0]} is no recipe of questions. {nearest(wrong[0], EVERY)}")
    place, settings = options.placed(given["sources_file"], settings, given["executor"], given["workers"])
    store = options.store(given["home"])
    said = _said(model, endpoint, model_licence, lane)
    more = _more(chosen, corpora, kinds, per_passage)
    how = Options(
        place,
        given["limit"],
        given["rebuild"],
        given["retry"],
        given["include_unpublishable"],
        endpoint,
    )
    kept = {}
    for name in chosen:
        configured(store, name, settings_of(name, (*said, *more, *settings)), how)
        if (said or endpoint) and not given["dry_run"] and given["limit"] is None:
            kept[name] = said_of(store, name, settings_of(name, said), endpoint)
    shown = Shown(given["sources_file"], given["dry_run"], given["as_json"], given["verbose"], given["quiet"])
    with remembered(store, kept):
        run_builds(chosen, store, (*said, *more, *settings), how, shown)


def _of_kinds(kinds: str | None) -> tuple[str, ...]:
    """The recipes that write the kinds asked for; all of them where none is."""
    if kinds is None:
        return RECIPES
    wanted = set(kinds.split(","))
    if wanted == {"open"}:
        return EVERY[-1:]
    return (
        tuple(name for name in RECIPES if wanted - {"preference"} or name == "preferences_es")
        if wanted != {"preference"}
        else RECIPES[-1:]
    )


def _said(model: str | None, endpoint: str | None, model_licence: str | None, lane: str | None) -> tuple[str, ...]:
    """What the options say of the engine, as settings of the recipe."""
    from factory.models import find

    if lane == "template" and (model or endpoint):
        raise ConfigError("--lane template needs no model", "leave out --model and --endpoint, or take --lane both")
    said = []
    if model is not None:
        if os.path.isdir(model):
            model = os.path.abspath(model)
            find(model)
        said.append(f'questions.model="{model}"')
    if model is not None or endpoint is not None:
        said.append(f'questions.lane="{lane or "both"}"')
    elif lane is not None:
        said.append(f'questions.lane="{lane}"')
    if endpoint is not None:
        said.append('questions.engine="endpoint"')
    if model_licence is not None:
        said.append(f'questions.model_licence="{model_licence}"')
    return tuple(said)


def _more(
    chosen: tuple[str, ...], corpora: tuple[str, ...], kinds: str | None, per_passage: int | None
) -> tuple[str, ...]:
    """What the options say of what is asked about, as settings of the recipe."""
    from factory.build import recipe_config
    from factory.derived import check_corpora

    found = []
    if corpora:
        for name in chosen:
            check_corpora(corpora, name)
        listed = ",".join(f'"{name}"' for name in corpora)
        found += [f"questions.corpora=[{listed}]", "questions.also=[]"]
    if kinds is not None:
        wanted = [kind.strip() for kind in kinds.split(",") if kind.strip()]
        if wrong := [kind for kind in wanted if kind not in KINDS]:
            raise ConfigError(f"--kind {wrong[0]}: unknown. {nearest(wrong[0], KINDS)}")
        for name in chosen:
            written = recipe_config(name).questions
            if written is not None and not set(wanted) & {*written.kinds, "discharge", "patient"}:
                raise ConfigError(f"{name} writes {', '.join(written.kinds)}, not {', '.join(wanted)}")
        if listed := ",".join(f'"{kind}"' for kind in wanted if kind != "preference"):
            found.append(f"questions.kinds=[{listed}]")
    if per_passage is not None:
        found.append(f"questions.per_passage={per_passage}")
    return tuple(found)
