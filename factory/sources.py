"""`sources.toml` as valid rows, each wrong row named and left out."""

from __future__ import annotations

import glob
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.config import Executor, Fetch, Source, Speech, Table, load_toml, nearest, parse
from factory.errors import ConfigError


@dataclass(frozen=True, slots=True)
class SourceList:
    """The valid rows of a sources file by id, and one sentence for every row that is not.

    `settings`: its tables `[fetch]`, `[speech]` and `[executor]`, as they stand there.
    """

    path: Path | None
    rows: dict[str, Source] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    def files(self, source: Source) -> list[Path]:
        """The files a source's `path` names, sorted. Empty where it names none."""
        if source.path is None:
            return []
        start = self.path.parent if self.path else Path.cwd()
        matches = glob.glob(os.path.join(glob.escape(str(start)), source.path), recursive=True)
        return sorted(Path(m) for m in matches if os.path.isfile(m))


def load(path: Path) -> SourceList:
    """Every row of the file, valid or with its problem. Raises ConfigError if the file cannot be read at all."""
    table = load_toml(path)
    tables: dict[str, type[Table]] = {"fetch": Fetch, "speech": Speech, "executor": Executor}
    unknown = [key for key in table if key != "source" and key not in tables]
    problems = [f"{path.name}: unknown table {key!r}. {nearest(key, ['source', *tables])}" for key in unknown]
    settings = {key: table[key] for key in tables if key in table}
    for key, values in settings.items():
        parse(tables[key], values, f"{path.name}, [{key}]")
    listed: Any = table.get("source", [])
    if not isinstance(listed, list):
        raise ConfigError(f"{path}: write [[source]] with two brackets, one block a source")
    rows: dict[str, Source] = {}
    for number, row in enumerate(listed, 1):
        name = row.get("id") if isinstance(row.get("id"), str) else f"number {number}"
        where = f"{path.name}, source {name}"
        try:
            source = parse(Source, row, where)
        except ConfigError as error:
            problems.append(error.message)
            continue
        if source.id in rows:
            problems.append(f"{where}: this id is already taken by an earlier row")
            continue
        rows[source.id] = source
    return SourceList(path, rows, problems, settings)


def find(given: str | None) -> SourceList:
    """The sources file given, else `sources.toml` here, else none.

    Raises ConfigError if the one given does not exist.
    """
    if given is not None:
        return load(Path(given))
    here = Path("sources.toml")
    return load(here) if here.is_file() else SourceList(None)


def check_files(listed: SourceList) -> list[str]:
    """A sentence for every source whose `path` names no file."""
    return [
        f"{listed.path.name if listed.path else 'sources'}, source {s.id}: no file matches {s.path!r}"
        for s in listed.rows.values()
        if s.path is not None and not listed.files(s)
    ]
