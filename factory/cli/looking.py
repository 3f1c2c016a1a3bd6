"""`factory status`, `factory inspect`, `factory report`."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from factory.cli import clean, options
from factory.errors import ConfigError


def last_build(store: Any, recipe: str) -> dict[str, Any]:
    """What the last build of a recipe left. Raises ConfigError if there is none."""
    from factory.build import recipe_config
    from factory.store import read_json

    recipe_config(recipe)
    last: dict[str, Any] | None = read_json(store, f"datasets/{recipe}.json")
    if last is None:
        raise ConfigError(f"{recipe} is not built in {store.root}", f"run: factory build {recipe}")
    return last


@click.command()
@options.home
@options.as_json
def status(home: str, as_json: bool) -> None:
    """Show what is stored, built, pending and failed.

    \b
    Examples:
      factory status
      factory status --json
    """
    from factory.build import names
    from factory.ledger import Ledger
    from factory.lock import holder
    from factory.published import repositories
    from factory.store import read_json

    store = options.existing(home)
    found: dict[str, Any] = {"home": store.root, "running": holder(store), "sources": {}, "recipes": {}}
    found["stage"] = _running(store, found["running"])
    found["published"] = {one["repo"]: one["version"] for one in repositories(store)}
    found["sources"] = Ledger(store).summary()
    for source in found["sources"]:
        found["sources"][source]["unfinished"] = store.has(f"visits/{source}.json")
    for recipe in names():
        last = read_json(store, f"datasets/{recipe}.json")
        batches = len(store.names(f"batches/{recipe}"))
        built = None if last is None else {"rows": last["result"]["export"]["rows"], "items": last["result"]["items"]}
        found["recipes"][recipe] = {"batches": batches, "built": built}
    if as_json:
        options.print_json(found)
        return
    _status(found)


def _running(store: Any, holder: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the stage that runs now has done so far."""
    from factory.build import Running
    from factory.executors import tasks_done
    from factory.store import read_json

    one: dict[str, Any] | None = read_json(store, Running.KEY)
    if one is None or holder is None or (one["host"], one["pid"]) != (holder["host"], holder["pid"]):
        return None
    return {**one, "tasks_done": tasks_done(store, one["folder"])}


@click.command()
@click.argument("recipe", required=False)
@click.option("--task", type=click.IntRange(min=0), metavar="N", help="Only what this task said.")
@click.option("--lines", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Of each log.")
@options.home
@options.as_json
def logs(recipe: str | None, task: int | None, lines: int, home: str, as_json: bool) -> None:
    """Show what the tasks of a stage said: of the one that runs, else of the last one that did not end, else the last.

    \b
    Examples:
      factory logs                     of what runs now, or failed last
      factory logs medical_es --task 3 --lines 200
    """
    from factory.executors import logs_of

    store = options.existing(home)
    folder = _stage_of(store, recipe)
    said = [(key, text) for key, text in logs_of(store, folder) if task is None or _is_of(key, task)]
    if task is not None and not said:
        raise ConfigError(f"no task {task} has said anything in {folder}", "leave --task out to see all of them")
    if as_json:
        options.print_json({"folder": folder, "logs": {key: text.splitlines()[-lines:] for key, text in said}})
        return
    click.secho(folder, bold=True)
    for key, text in said:
        click.secho(f"── {key.removeprefix(folder + '/logs/')}", fg="blue")
        click.echo(clean("\n".join(text.splitlines()[-lines:])))
    if not said:
        click.echo("no task has said anything yet; its log is written when it ends, Slurm's at once")


def _is_of(key: str, task: int) -> bool:
    """A task's own log, or Slurm's of its job."""
    name = key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return name in (f"task_{task:05d}", f"worker-{task}") or name.endswith(f"_{task}")


def _stage_of(store: Any, recipe: str | None) -> str:
    """The folder of the stage that runs, of one that did not end, or of the last. Raises ConfigError."""
    from factory.build import Running, recipe_config
    from factory.stage import is_done
    from factory.store import read_json

    if recipe is not None:
        recipe_config(recipe)
    now = read_json(store, Running.KEY)
    if now and recipe in (None, now["recipe"]) and store.names(now["folder"]):
        return str(now["folder"])
    names = [recipe] if recipe else store.names("stages")
    found = [
        f"stages/{name}/{stage}/{batch}"
        for name in names
        for stage in store.names(f"stages/{name}")
        for batch in store.names(f"stages/{name}/{stage}")
    ]
    if not found:
        raise ConfigError(
            f"{recipe or 'nothing'} was not built here yet", f"run: factory build {recipe or ''}".rstrip()
        )
    return next((one for one in found if not is_done(store, one)), found[-1])


def _status(found: dict[str, Any]) -> None:
    click.secho(found["home"], bold=True)
    if found["running"]:
        click.echo(f"running: process {found['running']['pid']} on {found['running']['host']}")
    if one := found["stage"]:
        said = f"{one['recipe']} {one['batch']} {one['stage']} on {one['executor']} since {one['started']}"
        done = f"{one['done']:,} of {one['inputs']:,} inputs, {one['tasks_done']} of {one['tasks']} tasks"
        click.echo(f"  {said}: {done}; its logs: factory logs")
    for source, counts in found["sources"].items():
        shown = ("skipped", "pending", "blocked", "gone", "forbidden", "rejected", "failed")
        ended = [f"{status} {counts[status]}" for status in shown if counts.get(status)]
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(counts["reasons"].items()))
        said = ", ".join([f"stored {counts['stored']}", *ended]) + (f" ({clean(reasons)})" if reasons else "")
        when = f"; next try {counts['next_try']}" if counts["next_try"] else ""
        click.echo(f"  {clean(source):<32} {said}{when}" + ("; unfinished" if counts["unfinished"] else ""))
    for recipe, one in found["recipes"].items():
        if one["built"] is None:
            click.echo(f"  {recipe:<32} not built" + (f" ({one['batches']} batches frozen)" if one["batches"] else ""))
            continue
        items = one["built"]["items"]
        ended = [f"{how} {sum(items[how].values())}" for how in ("rejected", "failed", "pending") if items[how]]
        said = ", ".join([f"accepted {items['accepted']}", *ended])
        click.echo(f"  {recipe:<32} {one['built']['rows']} rows; items {items['in']}: {said}")
    for repo, version in found["published"].items():
        click.echo(f"  {repo:<32} " + (f"published, version {version}" if version else "begun, not published yet"))


@click.command()
@click.argument("recipe")
@click.argument("document", required=False, metavar="[ID]")
@click.option("--dropped", is_flag=False, flag_value="*", metavar="[REASON]", help="Show what was dropped, and why.")
@click.option("--duplicates", is_flag=True, help="Show what repeats what, side by side, and what was kept apart.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, metavar="N", help="At most N.")
@options.home
@options.as_json
def inspect(
    recipe: str, document: str | None, dropped: str | None, duplicates: bool, limit: int, home: str, as_json: bool
) -> None:
    """Show documents of a built recipe, kept or dropped; the first ones by id, or the one named.

    \b
    Examples:
      factory inspect natural_es
      factory inspect natural_es 3f2a              by the beginning of its id, whole; translations beside the English
      factory inspect medical_es --dropped
      factory inspect medical_es --dropped language_pt --json
      factory inspect natural_es --duplicates      side by side, the differing words marked
      factory inspect natural_es_qa                questions with their source, the evidence marked
      factory inspect natural_es_qa --dropped quarantined
    """
    store = options.existing(home)
    last = last_build(store, recipe)
    if duplicates:
        from factory.cli.duplicates import show

        show(store, last, limit, document, as_json)
        return
    if last["config"].get("questions"):
        from factory.cli import questions_shown

        if dropped is not None:
            questions_shown.dropped(store, last, dropped, document, limit, as_json)
        else:
            questions_shown.show(store, last, document, limit, as_json)
        return
    if dropped is not None:
        _dropped(store, last, dropped, document, limit, as_json)
        return
    from factory.books import documents
    from factory.licence import refused
    from factory.published import gone as superseded

    gone = superseded(store, last["reduced"])
    rows = (row for _, folder in last["finals"] for row in documents(store, folder) if row["doc_id"] not in gone)
    if document is not None:
        rows = (row for row in rows if row["doc_id"].startswith(document))
    shown = 0
    for row in itertools.islice(rows, limit):
        shown += 1
        row["removed"] = dict(row["removed"])
        options.print_json(row) if as_json else _show(row, whole=document is not None)
        why = None if as_json or last["unpublishable"] else refused(row)
        if why:
            click.secho(f"   not in the dataset: {why}", fg="red")
    if not shown and document is None and not as_json:
        click.echo(f"{recipe} holds no document; see what was left out: factory inspect {recipe} --dropped")
    if not shown and document is not None:
        raise ConfigError(f"no document of {recipe} begins with {document!r}", "look among --dropped")


def left_behind(store: Any, last: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Documents that every stage kept and that did not leave: the gate's, and those a later batch superseded."""
    from factory.books import documents
    from factory.licence import refused
    from factory.published import gone as superseded

    gone = superseded(store, last["reduced"])
    for _, folder in last["finals"]:
        for row in documents(store, folder):
            better = gone.get(row["doc_id"])
            why = "near_duplicate" if better else None if last["unpublishable"] else refused(row)
            if why:
                metadata = {k: row[k] for k in ("title", "source_id", "licence", "language", "url")}
                more = {"duplicate_of": better["superseded_by"], "containment": better["containment"]} if better else {}
                yield {"id": row["doc_id"], "reason": why, "text": row["text"], "metadata": metadata | more}


def _dropped(store: Any, last: dict[str, Any], reason: str, document: str | None, limit: int, as_json: bool) -> None:
    from factory.books import rejected
    from factory.config import nearest

    reasons: Counter[str] = Counter()
    for folder in last["folders"]:
        for name in store.names(f"{folder}/rejected"):
            reasons[name] += sum(1 for _ in rejected(store, folder, name))
    reasons.update(row["reason"] for row in left_behind(store, last))
    if reason != "*" and reason not in reasons:
        raise ConfigError(f"nothing was dropped as {reason!r}. {nearest(reason, reasons) if reasons else ''}")
    if reason == "*" and not as_json:
        for name, count in sorted(reasons.items()):
            click.echo(f"{count:>7}  {clean(name)}")
    rows: Iterator[dict[str, Any]] = itertools.chain(
        (r for f in last["folders"] for r in rejected(store, f) if reason in ("*", r["reason"])),
        (r for r in left_behind(store, last) if reason in ("*", r["reason"])),
    )
    if document is not None:
        rows = (r for r in rows if r["id"].startswith(document))
    for row in itertools.islice(rows, limit):
        if as_json:
            options.print_json(row)
            continue
        metadata = row["metadata"]
        click.secho(f"── {row['id']}  {clean(row['reason'])}", bold=True)
        shown = ("title", "source_id", "licence", "message", "duplicate_of", "language", "language_score", "notes")
        for name in shown:
            if metadata.get(name) not in (None, []):
                click.echo(f"{name}: {clean(str(metadata[name]))}")
        click.echo(clean(row["text"][:300]))
        for unit in [u for u in metadata.get("units") or () if u["gate"]][:5]:
            click.echo(f"  {click.style(clean(unit['gate']), fg='red')}  {clean(unit['source'][:200])}")


def _show(row: dict[str, Any], *, whole: bool) -> None:
    click.secho(f"── {row['doc_id']}  {clean(row['title'] or '')}", bold=True)
    facts = ("source_id", "licence", "tradition", "language", "attribution", "date", "url", "split", "text_sha256")
    for name in facts if whole else facts[:5]:
        if row[name] is not None:
            click.echo(f"{name}: {clean(str(row[name]))}")
    for span in row["spans"] if whole else row["spans"][:3]:
        at = f" p. {span['page']}" if span["page"] else ""
        if span["start_seconds"] is not None:
            at = f" {span['start_seconds']:.0f} s"
        click.echo(f"[{span['role']}{at}] {clean(row['text'][span['start'] : span['end']])}")
        for unit in row["units"] or ():
            if unit["start"] is not None and span["start"] <= unit["start"] < span["end"]:
                click.secho(f"    = {clean(unit['source'])}", dim=True)
    for unit in [u for u in row["units"] or () if u["gate"]] if whole else ():
        click.secho(f"left out by {clean(unit['gate'])}: {clean(unit['source'])}", fg="red")


@click.command()
@click.argument("recipe")
@options.home
@options.as_json
def report(recipe: str, home: str, as_json: bool) -> None:
    """Say where the report of the last build is.

    \b
    Examples:
      factory report natural_es
      xdg-open $(factory report natural_es)
    """
    store = options.existing(home)
    path = store.path(last_build(store, recipe)["result"]["report"])
    options.print_json({"recipe": recipe, "report": path}) if as_json else click.echo(path)
