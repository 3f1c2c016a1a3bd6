"""`factory sources`: what may be read, checked, listed and taken over from spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
from factory.config import Source
from factory.record import KINDS, TRADITIONS, Kind, Tradition


@click.group()
def sources() -> None:
    """Check, list or extend the sources file.

    \b
    Examples:
      factory sources check samples/sources.toml
      factory sources list --json
      factory sources import books.xlsx
    """


@sources.command("check")
@click.argument("file", default="sources.toml")
@options.as_json
def check(file: str, as_json: bool) -> None:
    """Every row is valid, or named with what is wrong; ends 2 if any is not."""
    from factory.sources import check_files, load

    listed = load(Path(file))
    problems = listed.problems + check_files(listed)
    if as_json:
        options.print_json({"file": file, "sources": len(listed.rows), "problems": problems})
    else:
        for problem in problems:
            click.echo(clean(problem))
        click.echo(f"{file}: {len(listed.rows)} valid sources, {len(problems)} problems")
    raise SystemExit(2 if problems else 0)


@sources.command("list")
@click.argument("file", default="sources.toml")
@options.home
@options.as_json
def list_(file: str, home: str, as_json: bool) -> None:
    """Kind, tradition, licence, what is fetched and what may be published."""
    from factory.ledger import Ledger
    from factory.licence import publishable
    from factory.sources import load

    listed = load(Path(file))
    known = Ledger(options.store(home)).summary()
    stored = {k: row["stored"] for k, row in known.items()}
    rows = [
        {
            "id": s.id,
            "kind": s.kind,
            "tradition": s.tradition,
            "language": s.language,
            "licence": s.licence,
            "publishable": publishable(s.licence),
            "stored": stored.get(s.id, 0),
            "state": _state(s, known.get(s.id)),
            "where": s.url or s.path or "",
        }
        for s in listed.rows.values()
    ]
    if as_json:
        for row in rows:
            options.print_json(row)
    else:
        _table(rows)
    for problem in listed.problems:
        click.echo(clean(problem), err=True)
    raise SystemExit(2 if listed.problems else 0)


@sources.command("import")
@click.argument("file", metavar="FILE.xlsx|csv|tsv")
@click.option("--tradition", type=click.Choice(TRADITIONS), help="The works' tradition (default: by the file's name).")
@click.option("--kind", type=click.Choice(KINDS), help="What the works are, where no address says it.")
@click.option("--language", default="es", show_default=True, help="The language expected.")
@click.option("--to", metavar="FILE", default="sources.toml", show_default=True, help="The file they are added to.")
@options.dry_run
@options.as_json
def import_(
    file: str, tradition: Tradition | None, kind: Kind | None, language: str, to: str, dry_run: bool, as_json: bool
) -> None:
    """Add the works of a spreadsheet to a sources file; ends 3 if a row could not be used.

    Dates, addresses and ISBNs are repaired, repeated rows merged; a licence is taken only where the list names one. A
    row without an address is a wanted source: factory ingest pdf FILE --source ID fills it.

    \b
    Examples:
      factory sources import books.xlsx --tradition conventional
      factory sources import videos.csv --tradition natural --to natural.toml
      factory sources import books.xlsx --dry-run
    """
    from factory import lists

    made = lists.plan(Path(file), Path(to), tradition=tradition, kind=kind, language=language)
    if not dry_run:
        lists.append(Path(to), made)
    if as_json:
        options.print_json(made.as_json() | {"to": to} | ({"toml": lists.toml(made.sources)} if dry_run else {}))
    else:
        if dry_run:
            click.echo(lists.toml(made.sources), nl=False)
        for line in [*made.lines(), made.summary(), f"tradition {made.tradition}: {made.tradition_why}"]:
            click.echo(clean(line), err=dry_run)
    raise SystemExit(3 if made.counts()["unused"] else 0)


def _state(source: Source, row: dict[str, Any] | None) -> str:
    """fetched, or why not: wanted (no address), not asked, or how the last attempts ended."""
    counts = row or {}
    shown = ("pending", "blocked", "gone", "forbidden", "rejected", "failed", "skipped")
    ended = [f"{counts[s]} {s}" for s in shown if counts.get(s)]
    if row and row["stored"]:
        return ", ".join(["fetched", *ended])
    return ", ".join(ended) or ("wanted" if source.url is None and source.path is None else "not asked")


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("id", "kind", "tradition", "licence", "publish", "stored", "state", "where"):
        table.add_column(name, overflow="fold", justify="right" if name == "stored" else "left")
    for row in rows:
        cells = [row["id"], row["kind"], row["tradition"], row["licence"], "yes" if row["publishable"] else "no"]
        table.add_row(*(Text(clean(str(c))) for c in (*cells, row["stored"], row["state"], row["where"])))
    Console(width=140 if not options.terminal() else None).print(table)
