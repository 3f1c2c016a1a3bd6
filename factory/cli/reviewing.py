"""`factory review`: what waits for a person, and the person's verdict."""

from __future__ import annotations

import itertools
from typing import Any

import click

from factory.cli import clean, options
from factory.cli.looking import last_build
from factory.cli.questions_shown import as_row, documents_of
from factory.errors import ConfigError


@click.command()
@click.argument("recipe")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--accept", "verdict", flag_value="accept", help="Let these rows go.")
@click.option("--reject", "verdict", flag_value="reject", help="Keep these rows back.")
@click.option("--by", metavar="NAME", help="Who read them; it stands in each row.")
@click.option("--note", default="", metavar="TEXT", help="Why.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="Show at most N.")
@options.home
@options.as_json
def review(
    recipe: str,
    ids: tuple[str, ...],
    verdict: str | None,
    by: str | None,
    note: str,
    limit: int,
    home: str,
    as_json: bool,
) -> None:
    """Show the rows that wait for a person, or say what the person who read them decided.

    Rows of the high-risk list (cancer, insulin, pregnancy, children …) wait where they do not warn. What is let go is
    in the dataset from the next build on, with the name of who read it.

    \b
    Examples:
      factory review natural_es_qa
      factory review natural_es_qa 3f2a91 7bc0 --accept --by "Dra. N. N."
      factory review natural_es_qa 51d0 --reject --by "Dra. N. N." --note "promises too much"
    """
    from factory.reviews import judge, reviewed

    store = options.existing(home)
    last = last_build(store, recipe)
    if not last["config"].get("questions"):
        raise ConfigError(f"{recipe} holds no questions", "review a recipe such as natural_es_qa")
    waiting = [
        (row, one) for row in documents_of(store, last) for one in row["questions"] if one["outcome"] == "quarantined"
    ]
    if verdict is None:
        _show(waiting, reviewed(store, recipe), limit, as_json)
        return
    if not by or not ids:
        raise ConfigError("a verdict needs the ids of its rows and a name", 'write: ID… --accept --by "Dra. N. N."')
    names = []
    for wanted in ids:
        found = [one["id"] for _, one in waiting if one["id"].startswith(wanted)]
        if len(found) != 1:
            raise ConfigError(f"{len(found)} waiting rows begin with {wanted!r}", f"see: factory review {recipe}")
        names += found
    from factory.lock import locked

    with locked(store):
        judge(store, recipe, names, verdict, by, note)
    said = "are let go" if verdict == "accept" else "stay back"
    click.echo(f"{len(names)} rows {said}; build again: factory build {recipe}")


def _show(waiting: list[Any], known: dict[str, Any], limit: int, as_json: bool) -> None:
    for row, one in itertools.islice(waiting, limit):
        told = known.get(one["id"])
        if as_json:
            options.print_json(as_row(row, one) | {"review": told})
            continue
        state = f"{told['verdict']} by {clean(told['by'])}, {told['date']}" if told else "waits"
        click.secho(f"── {one['id']}  {clean(one['reason'])}  {state}", bold=True)
        click.echo(f"P: {clean(one['question'])}")
        click.echo(f"R: {clean(one['answer'])[:800]}")
        click.secho(f"   {clean(row['title'] or row['doc_id'])} · {clean(row['url'] or row['source_id'])}", dim=True)
        for evidence in one["evidence"]:
            place = f"p. {evidence['page']}: " if evidence["page"] else ""
            if evidence["start_seconds"] is not None:
                place = f"{evidence['start_seconds']:.0f} s: "
            click.secho(f"   {place}{clean(evidence['quote'])[:400]}", dim=True)
    if not waiting and not as_json:
        click.echo("no row waits")
