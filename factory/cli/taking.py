"""`factory ingest`: files of this machine, and what a sources file lists."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import Any

import click

from factory.cli import asking, clean, options, telling
from factory.config import Source, parse
from factory.errors import ConfigError
from factory.record import KINDS, TRADITIONS

# Of files whose ending says too little: what is inside.
_KIND_INSIDE = {"jats": "jats", "medquad": "dataset", "article": "article", "rows": "dataset"}
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
    ".warc": "article",
    ".m4a": "youtube",
    ".mp3": "youtube",
    ".wav": "youtube",
    ".flac": "youtube",
    ".ogg": "youtube",
    ".opus": "youtube",
    ".webm": "youtube",
    ".mp4": "youtube",
}


class Ingest(click.Group):
    """`factory ingest PATH…` is `factory ingest files PATH…`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args.insert(0, "files")
        return super().parse_args(ctx, args)


@click.group(cls=Ingest, subcommand_metavar="[PATH|SOURCES.toml]... | COMMAND ...")
def ingest() -> None:
    """Store files, or what addresses hold, with a receipt for each.

    Without a command, the arguments are files, folders, globs, web archives, recordings or sources files; without
    arguments, what ./sources.toml lists. What is here already is not asked for again.

    \b
    Examples:
      factory ingest samples/sources.toml
      factory ingest books/ --source my-books --tradition natural --licence CC-BY-4.0
      factory ingest youtube --channel @EcologiaVerde --tradition natural --limit 20
      factory ingest articles --sitemap https://example.org/sitemap.xml --tradition natural
      factory ingest pdf book.pdf --source a-wanted-book
      factory ingest jats PMC3166943
    """


ingest.add_command(asking.youtube)
ingest.add_command(asking.articles)
ingest.add_command(asking.jats)


@ingest.command("files")
@click.argument("paths", nargs=-1, metavar="[PATH|SOURCES.toml]...")
@click.option("--source", "source_id", metavar="ID", help="The source these files belong to.")
@click.option("--kind", type=click.Choice(KINDS), help="What the files hold (default: by their ending).")
@click.option("--licence", help="SPDX id, public-domain or unknown; never guessed.")
@click.option("--tradition", type=click.Choice(TRADITIONS), help="The tradition the files belong to.")
@click.option("--language", default="es", show_default=True, help="The language expected.")
@click.option("--title", help="The title of a single work.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take at most N files, N of each listing.")
@click.option("--refresh", is_flag=True, help="Ask again for what is here, gone or refused.")
@click.option("--speech-model", metavar="NAME|PATH", help="A faster-whisper model, for recordings and videos.")
@click.option("--cookies", metavar="FILE", help="Cookies of a browser, for videos.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A number of [fetch] or [speech].")
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def files(
    paths: tuple[str, ...],
    source_id: str | None,
    kind: str | None,
    licence: str | None,
    tradition: str | None,
    language: str,
    title: str | None,
    **given: Any,
) -> None:
    """Store files, folders, globs, or what a sources file lists, with a receipt for each.

    A file that is stored already is skipped; a file that cannot be read costs only itself.

    \b
    Examples:
      factory ingest samples/sources.toml
      factory ingest books/ --source my-books --tradition natural --licence CC-BY-4.0
      factory ingest 'talks/*.vtt' --source my-channel --kind youtube --tradition natural --licence unknown
      factory ingest crawl.warc.gz --source old-site --tradition natural --licence unknown
    """
    about = {"kind": kind, "licence": licence, "tradition": tradition, "language": language, "title": title}
    _take(paths, source_id, given, about)


@ingest.command("pdf")
@click.argument("places", nargs=-1, required=True, metavar="URL|PATH...")
@asking.source_options
@options.sources_file
@options.home
@options.dry_run
@options.as_json
@options.loudness
def pdf(places: tuple[str, ...], source_id: str | None, **given: Any) -> None:
    """Take books: PDFs at addresses or on this machine. `--source` of a wanted book fills it.

    \b
    Examples:
      factory ingest pdf libro.pdf --source dermatologia
      factory ingest pdf https://example.org/manual.pdf --tradition conventional --licence CC-BY-4.0
    """
    addresses = tuple(p for p in places if "://" in p)
    paths = tuple(p for p in places if "://" not in p)
    if addresses and paths:
        raise ConfigError("name either addresses or files, not both")
    if addresses:
        asking.ask("pdf", [(addresses[0], addresses)], given | {"source_id": source_id})
    about = {"kind": "pdf"} | {k: given[k] for k in ("licence", "tradition", "language", "title")}
    _take(paths, source_id, given, about)


def _take(paths: tuple[str, ...], source_id: str | None, given: dict[str, Any], about: dict[str, str | None]) -> None:
    """Local files first, then what the sources file has addresses of."""
    from factory.gather.local import take_files
    from factory.gather.run import Job
    from factory.ledger import Taken
    from factory.lock import locked

    store = options.store(given["home"])
    jobs, problems, listed = _jobs(store, paths, source_id, given.get("sources_file"), about)
    asked = [] if paths and not any(p.endswith(".toml") for p in paths) else _addresses(listed, given)
    jobs = _first(jobs, given.get("limit"))
    if given["dry_run"]:
        for source, group in jobs:
            for file in group:
                click.echo(f"{source.id}  {clean(str(file))}")
        for source in asked:
            click.echo(f"{source.id}  {clean(source.url or '')}")
        raise SystemExit(2 if problems else 0)
    taken = Taken()
    if jobs:
        with locked(store):
            for source, group in jobs:
                before = taken.count("stored")
                for place, outcome, reason in take_files(store, source, group, telling.speech_of(listed, given)):
                    taken.add(outcome, place, reason)
                    if given["verbose"] or (outcome == "failed" and not given["quiet"]):
                        click.echo(f"{outcome} {clean(place)} {reason}".rstrip(), err=True)
                if not given["quiet"] and not given["as_json"]:
                    stored = taken.count("stored") - before
                    click.echo(f"  {source.id} ({source.kind}): {stored} of {len(group)} files stored")
    if asked:
        more = telling.run_jobs(store, [Job(source) for source in asked], listed, given)
        for status, rows in more.ended.items():
            taken.ended[status] += rows
    if not given["quiet"] and not given["as_json"]:
        wanted = sum(1 for s in listed.rows.values() if s.url is None and s.path is None)
        if wanted and not paths:
            click.echo(f"{wanted} wanted: no address; fill one with factory ingest pdf FILE --source ID", err=True)
    telling.end(taken, problems, as_json=given["as_json"])


def _addresses(listed: Any, given: dict[str, Any]) -> list[Source]:
    """The rows of the sources file that have an address, with what was said on the command line."""
    limit = {"limit": given["limit"]} if given.get("limit") else {}
    asked = [source for source in listed.rows.values() if source.url]
    return [s.model_copy(update=limit) if s.listing or s.kind == "youtube" else s for s in asked]


def _first(jobs: list[tuple[Source, list[Path]]], limit: int | None) -> list[tuple[Source, list[Path]]]:
    left = limit if limit is not None else 10**9
    found = []
    for source, files in jobs:
        found.append((source, files[:left]))
        left -= len(files[:left])
    return found


def _jobs(
    store: Any, paths: tuple[str, ...], source_id: str | None, sources_file: str | None, about: dict[str, str | None]
) -> tuple[list[tuple[Source, list[Path]]], list[str], Any]:
    """Which files go to which source, what is wrong with the list, and the list."""
    from factory.ledger import Ledger
    from factory.sources import SourceList, check_files, find, load

    tables = [Path(p) for p in paths if p.endswith(".toml")]
    named = [p for p in paths if not p.endswith(".toml")]
    if tables or not paths:
        if named:
            raise ConfigError("name either files or sources files, not both")
        rows = [load(p) for p in tables] or [find(sources_file)]
        if not paths and rows[0].path is None:
            raise ConfigError("nothing to ingest: no files were named and there is no sources.toml here")
        jobs = [(s, one.files(s)) for one in rows for s in one.rows.values() if s.path is not None]
        problems = [p for one in rows for p in one.problems + check_files(one)]
        every = SourceList(rows[0].path)
        for one in rows:
            every.rows.update(one.rows)
            every.settings.update(one.settings)
        return jobs, problems, every
    known = find(sources_file)
    if source_id is not None and source_id in known.rows:
        return [(known.rows[source_id], _expand(named))], [], known
    said = Ledger(store).said().get(source_id or "")
    if said is not None and not (about.get("tradition") and about.get("licence")):
        more = {k: v for k, v in about.items() if v is not None and k not in ("kind", "language")}
        return [(parse(Source, said | more, source_id or ""), _expand(named))], [], known
    return _own(source_id, _expand(named), about), [], known


def _own(source_id: str | None, files: list[Path], given: dict[str, str | None]) -> list[tuple[Source, list[Path]]]:
    missing = [f"--{name}" for name in ("tradition", "licence") if not given.get(name)]
    if source_id is None:
        missing.insert(0, "--source")
    if missing:
        raise ConfigError(
            f"these files belong to no known source: {', '.join(missing)} must be given",
            "for example --source my-books --tradition natural --licence unknown",
        )
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
    """The kind of source a file's ending stands for, or what XML and TSV hold; plain text where that says nothing."""
    if file.suffix.lower() in (".xml", ".tsv") and file.is_file():
        from factory.readers.sniff import format_of

        with file.open("rb") as stream:
            return _KIND_INSIDE.get(format_of(stream.read(65536), file.name), "text")
    if file.name.lower().endswith(".warc.gz"):
        return "article"
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
