"""Options that verbs share, and how they print."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from factory.store import Store, open_store

F = TypeVar("F", bound=Callable[..., Any])


def home(command: F) -> F:
    """`--home`: where everything is kept."""
    return click.option(
        "--home", envvar="FACTORY_HOME", default="data", show_default=True, help="Folder or fsspec URL of the home."
    )(command)


def as_json(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")(command)


def sources_file(command: F) -> F:
    return click.option("--sources", "sources_file", metavar="FILE", help="Sources file (default: ./sources.toml).")(
        command
    )


def loudness(command: F) -> F:
    command = click.option("-v", "--verbose", is_flag=True, help="Say more.")(command)
    return click.option("-q", "--quiet", is_flag=True, help="No progress; only the result.")(command)


def executor(command: F) -> F:
    """`--executor` and `--workers`: where tasks run, and how many at once."""
    command = click.option(
        "--workers", type=click.IntRange(min=1), metavar="N", help="Tasks at once (default: one a core)."
    )(command)
    return click.option(
        "--executor",
        type=click.Choice(["local", "ray", "slurm"]),
        help="Where tasks run; its options: [executor] of the sources file, or --set executor.KEY=VALUE.",
    )(command)


def placed(
    sources_file: str | None, settings: tuple[str, ...], kind: str | None, workers: int | None
) -> tuple[Any, tuple[str, ...]]:
    """Where tasks run, by the sources file and by what is said now, and the settings that are none of that."""
    from factory.config import Executor, override, parse
    from factory.sources import find

    own = [one for one in settings if one.startswith("executor.")]
    own += [f"executor.kind={kind}"] if kind else []
    own += [f"executor.workers={workers}"] if workers else []
    table = override({"executor": find(sources_file).settings.get("executor", {})}, own)["executor"]
    return parse(Executor, table, "[executor]"), tuple(one for one in settings if not one.startswith("executor."))


def dry_run(command: F) -> F:
    return click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")(command)


def store(root: str) -> Store:
    return open_store(root)


def existing(root: str) -> Store:
    """The store of a home that is there. Raises ConfigError if it is not."""
    from factory.errors import ConfigError

    found = open_store(root)
    if not any(found.names(area) for area in ("receipts", "datasets", "batches")):
        raise ConfigError(
            f"there is no factory home at {found.root}", "name it with --home, or begin with: factory ingest"
        )
    return found


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def terminal() -> bool:
    """Someone is looking."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
