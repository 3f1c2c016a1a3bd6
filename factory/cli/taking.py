"""`factory sources` and `factory ingest`: what may be read, and taking it in."""

from __future__ import annotations

import glob
import os
from collections import Counter
from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
from factory.config import Source
from factory.errors import ConfigError
from factory.record import KINDS, TRADITIONS

_XML_KIND = {"jats": "jats", "medquad": "dataset", "article": "article"}
_SUFFIX_KIND = {
    ".nxml": "jats",
    ".epub": "epub",
    ".pdf": "pdf",
    ".html": "article",
    ".htm": "article",
    ".xhtml": "article",
    ".vtt": "youtube",
    ".srt": "youtube",
    ".sbv": "youtube",
    ".json3": "youtube",
    ".srv3": "youtube",
    ".txt": "text",
    ".md": "text",
    ".jsonl": "dataset",
    ".parquet": "dataset",
    ".json": "dataset",
    ".gz": "dataset",
    ".zst": "dataset",
}


@click.group()
def sources() -> None:
    """Check or list the sources file.

    \b
    Examples:
      factory sources check samples/sources.toml
      factory sources list --json
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
    """Kind, tradition, licence, what is stored and what may be published."""
    from factory.ledger import Ledger
    from factory.licence import publishable
    from factory.sources import load

    listed = load(Path(file))
    stored = Counter(item.source_id for item in Ledger(options.store(home)).stored())
    rows = [
        {
            "id": s.id,
            "kind": s.kind,
            "tradition": s.tradition,
            "language": s.language,
            "licence": s.licence,
            "publishable": publishable(s.licence),
            "stored": stored[s.id],
            "where": s.url or s.path or "wanted",
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


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in ("id", "kind", "tradition", "licence", "publish", "stored", "where"):
        table.add_column(name, overflow="fold", justify="right" if name == "stored" else "left")
    for row in rows:
        cells = [row["id"], row["kind"], row["tradition"], row["licence"], "yes" if row["publishable"] else "no"]
        table.add_row(*(Text(clean(str(c))) for c in (*cells, row["stored"], row["where"])))
    Console(width=140 if not options.terminal() else None).print(table)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH|SOURCES.toml]...")
@click.option("--source", "source_id", metavar="ID", help="The source these files belong to.")
@click.option("--kind", type=click.Choice(KINDS), help="What the files hold (default: by their ending).")
@click.option("--licence", help="SPDX id, public-domain or unknown; never guessed.")
@click.option("--tradition", type=click.Choice(TRADITIONS), help="The tradition the files belong to.")
@click.option("--language", default="es", show_default=True, help="The language expected.")
@click.option("--title", help="The title of a single work.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take at most N files.")
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def ingest(
    paths: tuple[str, ...],
    source_id: str | None,
    sources_file: str | None,
    home: str,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    limit: int | None,
    **given: str | None,
) -> None:
    """Store files, folders, globs, or what a sources file lists, with a receipt for each.

    A file that is stored already is skipped; a file that cannot be read costs only itself.

    \b
    Examples:
      factory ingest samples/sources.toml
      factory ingest books/ --source my-books --tradition natural --licence CC-BY-4.0
      factory ingest 'talks/*.vtt' --source my-channel --kind youtube --tradition natural --licence unknown
    """
    from factory.ledger import Ledger, Taken

    jobs, problems = _jobs(paths, source_id, sources_file, given)
    jobs = _first(jobs, limit)
    store = options.store(home)
    if dry_run:
        for source, files in jobs:
            for file in files:
                click.echo(f"{source.id}  {clean(str(file))}")
        raise SystemExit(2 if problems else 0)
    taken = Taken()
    from factory.lock import locked

    with locked(store):
        for source, files in jobs:
            before = len(taken.stored)
            for file, outcome, reason in Ledger(store).take(source, files):
                _note(taken, file, outcome, reason)
                if verbose or (outcome == "failed" and not quiet):
                    click.echo(f"{outcome} {clean(str(file))} {reason}".rstrip(), err=True)
            if not quiet and not as_json:
                click.echo(f"  {source.id} ({source.kind}): {len(taken.stored) - before} of {len(files)} files stored")
    _end(taken, problems, as_json)


def _note(taken: Any, file: Path, outcome: str, reason: str) -> None:
    if outcome == "stored":
        taken.stored.append(str(file))
    else:
        getattr(taken, outcome).append((str(file), reason))


def _end(taken: Any, problems: list[str], as_json: bool) -> None:
    if as_json:
        failed = [{"file": f, "reason": r} for f, r in taken.failed]
        counts = {"stored": len(taken.stored), "skipped": len(taken.skipped), "failed": failed}
        options.print_json(counts | {"problems": problems})
    else:
        click.echo(
            f"stored {len(taken.stored)}, skipped {len(taken.skipped)} (already stored), failed {len(taken.failed)}"
        )
    for problem in problems:
        click.echo(clean(problem), err=True)
    raise SystemExit(3 if taken.failed or problems else 0)


def _first(jobs: list[tuple[Source, list[Path]]], limit: int | None) -> list[tuple[Source, list[Path]]]:
    left = limit if limit is not None else 10**9
    found = []
    for source, files in jobs:
        found.append((source, files[:left]))
        left -= len(files[:left])
    return found


def _jobs(
    paths: tuple[str, ...], source_id: str | None, sources_file: str | None, given: dict[str, str | None]
) -> tuple[list[tuple[Source, list[Path]]], list[str]]:
    """Which files go to which source, and what is wrong with the list."""
    from factory.sources import check_files, find, load

    listed = [Path(p) for p in paths if p.endswith(".toml")]
    files = [p for p in paths if not p.endswith(".toml")]
    if listed or not paths:
        rows = [load(p) for p in listed] or [find(sources_file)]
        if not paths and rows[0].path is None:
            raise ConfigError("nothing to ingest: no files were named and there is no sources.toml here")
        jobs = [(s, one.files(s)) for one in rows for s in one.rows.values() if s.path is not None]
        problems = [p for one in rows for p in one.problems + check_files(one)]
        if not jobs and not problems:
            raise ConfigError(f"{rows[0].path}: no source has a path; addresses are fetched by a later version")
        if files:
            raise ConfigError("name either files or sources files, not both")
        return jobs, problems
    known = find(sources_file)
    if source_id is not None and source_id in known.rows:
        return [(known.rows[source_id], _expand(files))], []
    return _own(source_id, _expand(files), given), []


def _own(source_id: str | None, files: list[Path], given: dict[str, str | None]) -> list[tuple[Source, list[Path]]]:
    missing = [f"--{name}" for name in ("tradition", "licence") if not given.get(name)]
    if source_id is None:
        missing.insert(0, "--source")
    if missing:
        raise ConfigError(
            f"these files belong to no known source: {', '.join(missing)} must be given",
            "for example --source my-books --tradition natural --licence unknown",
        )
    from factory.config import parse

    by_kind: dict[str, list[Path]] = {}
    for file in files:
        by_kind.setdefault(given.get("kind") or kind_of(file), []).append(file)
    fields = {k: v for k, v in given.items() if v is not None and k != "kind"}
    several = len(by_kind) > 1
    return [
        (
            parse(Source, fields | {"id": f"{source_id}-{kind}" if several else source_id, "kind": kind}, "--source"),
            group,
        )
        for kind, group in sorted(by_kind.items())
    ]


def kind_of(file: Path) -> str:
    """The kind of source a file's ending stands for; plain text where it says nothing."""
    if file.suffix.lower() == ".xml" and file.is_file():
        from factory.readers.sniff import format_of

        with file.open("rb") as stream:
            return _XML_KIND.get(format_of(stream.read(65536), file.name), "text")
    return _SUFFIX_KIND.get(file.suffix.lower(), "text")


def _expand(paths: list[str]) -> list[Path]:
    """Files, the files in folders, and the files a glob matches. Raises ConfigError for what is not there."""
    found: list[Path] = []
    for path in paths:
        if os.path.isdir(path):
            inside = sorted(Path(f, n) for f, _, names in os.walk(path) for n in names if not n.startswith("."))
            if not inside:
                raise ConfigError(f"{path}: the folder is empty")
            found += inside
        elif os.path.lexists(path):
            found.append(Path(path))
        else:
            matches = sorted(Path(m) for m in glob.glob(path, recursive=True) if os.path.isfile(m))
            if not matches:
                raise ConfigError(f"{path}: no such file or folder")
            found += matches
    return found
