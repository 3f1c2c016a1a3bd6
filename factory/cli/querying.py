"""`factory query`: SQL over the built datasets, by DuckDB."""

from __future__ import annotations

import json
from typing import Any

import click

from factory.cli import clean, options
from factory.errors import ConfigError


@click.command()
@click.argument("sql", required=False)
@options.home
@options.as_json
def query(sql: str | None, home: str, as_json: bool) -> None:
    """Ask the built datasets in SQL; without a question, say what can be asked.

    Each recipe is a table, and each of its configs too: natural_es is natural_es_text. Only questions
    are answered: nothing is changed.

    \b
    Examples:
      factory query
      factory query "select licence, count(*) from natural_es group by 1"
      factory query "select question, answer from natural_es_qa_qa limit 3" --json
    """
    try:
        import duckdb
    except ImportError as error:
        raise ConfigError("DuckDB is not installed", "pip install 'corpus-factory[query]'") from error

    store = options.existing(home)
    database = duckdb.connect()
    tables = _tables(store, database)
    if sql is None:
        for name, count in tables.items():
            options.print_json({"table": name, "rows": count}) if as_json else click.echo(f"{name:<32} {count:,} rows")
        return
    try:
        statements = database.extract_statements(sql)
        if [one.type for one in statements] != [duckdb.StatementType.SELECT]:
            raise ConfigError("only one question is answered", "begin it with select")
        found = database.sql(sql)
        rows = found.fetchall() if found is not None else []
    except duckdb.Error as error:
        raise ConfigError(f"{str(error).splitlines()[0]}", f"tables: {', '.join(tables)}") from error
    if found is None:
        return
    if as_json:
        for row in rows:
            click.echo(json.dumps(dict(zip(found.columns, row, strict=True)), ensure_ascii=False, default=str))
        return
    _show(found.columns, rows)


def _tables(store: Any, database: Any) -> dict[str, int]:
    """A view for each config of each recipe, and for its first one under the recipe's own name; their rows."""
    from factory.store import read_json

    found: dict[str, int] = {}
    for name in store.names("datasets"):
        manifest = read_json(store, f"datasets/{name}/manifest.json")
        if name.endswith(".json") or manifest is None:
            continue
        configs: dict[str, list[str]] = {}
        for file in manifest["files"]:
            configs.setdefault(file.split("/")[1], []).append(file)
        order = sorted(configs, key=lambda one: (one == "smc", one not in ("text", "qa"), one))
        for number, config in enumerate(order):
            paths = [store.path(f"datasets/{name}/{file}") for file in configs[config]]
            listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            for table in [f"{name}_{config}", *([name] if number == 0 else [])]:
                database.execute(f"create view {table} as select * from read_parquet([{listed}])")  # noqa: S608
                found[table] = sum(manifest["files"][file] for file in configs[config])
    if not found:
        raise ConfigError(f"nothing is built in {store.root}", "run: factory build --all")
    return found


_SIDE_BY_SIDE = 8


def _show(columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    """A table for people: long values are cut; where there are many columns, each row from top to bottom."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if len(columns) > _SIDE_BY_SIDE:
        for row in rows:
            for name, value in zip(columns, row, strict=True):
                said = "" if value is None else clean(str(value))
                click.echo(f"{name:<18} {said[:160]}{'…' if len(said) > 160 else ''}")
            click.echo()
        return
    table = Table(*columns, show_edge=False)
    for row in rows:
        table.add_row(*(escape("" if value is None else clean(str(value))[:200]) for value in row))
    Console(soft_wrap=False).print(table)
