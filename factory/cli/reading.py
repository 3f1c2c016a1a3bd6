"""`factory read` and `factory step`: one reader, one step, no home."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
from factory.errors import ConfigError, SourceError
from factory.record import KINDS


def _unknown_source(path: str, kind: str, language: str) -> dict[str, Any]:
    """The source of a file that belongs to none."""
    return {"id": "local", "kind": kind, "language": language, "tradition": "mixed", "licence": "unknown"}


def read_file(
    path: str, kind: str | None = None, language: str = "es", password: str | None = None
) -> Iterator[dict[str, Any]]:
    """Every Document of a file as `{path, text, spans, metadata, status, reason}`.

    `status` is accepted, rejected, pending or failed; a file that cannot be read is one line with its reason.
    """
    from factory.cli.taking import kind_of
    from factory.config import Read
    from factory.items import FAILED, PENDING, document_of, format_for, reason_of
    from factory.readers.limits import LimitedReader
    from factory.record import Hints
    from factory.record import sha256 as sha

    def line(status: str, reason: str, message: str = "") -> dict[str, Any]:
        return {
            "path": path,
            "text": "",
            "spans": [],
            "metadata": {},
            "status": status,
            "reason": reason,
            "message": message,
        }

    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reasons = {FileNotFoundError: "missing", IsADirectoryError: "is_a_folder"}
        yield line("failed", reasons.get(type(error), "no_permission"), str(error.strerror))
        return
    source_kind: Any = kind or kind_of(Path(path))
    receipt: dict[str, Any] = {
        "source": _unknown_source(path, source_kind, language),
        "sha256": sha(data),
        "name": os.path.basename(path),
    }
    config = Read(passwords=(password,) if password else ())
    try:
        fmt = format_for(source_kind if kind or source_kind == "pdf" else None, data[:65536], os.path.basename(path))
        with LimitedReader(config) as reader:
            for parsed in reader.read(os.path.abspath(path), fmt, Hints(receipt["name"], None, language, password)):
                document = document_of(parsed, receipt)
                spans = document.metadata.pop("spans")
                metadata = document.metadata | {"doc_id": document.id}
                if not document.text:
                    yield line("rejected", reason_of(parsed), "; ".join(parsed.notes)) | {
                        "metadata": {"doc_id": document.id}
                    }
                    continue
                found = {"path": path, "text": document.text, "spans": spans, "metadata": metadata}
                yield found | {"status": "accepted", "reason": ""}
    except SourceError as error:
        status = "pending" if error.reason in PENDING else "failed" if error.reason in FAILED else "rejected"
        yield line(status, error.reason, error.message)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--kind", type=click.Choice(KINDS), help="What the files are (default: found from their bytes).")
@click.option("--language", default="es", show_default=True, help="The language expected.")
@click.option("--password", help="For encrypted PDFs.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N documents of each file.")
@options.as_json
def read(
    files: tuple[str, ...], kind: str | None, language: str, password: str | None, limit: int | None, as_json: bool
) -> None:
    """Show what the readers make of files; no home is needed.

    \b
    Examples:
      factory read book.pdf
      factory read page.html talk.es.vtt --json | jq .status
      factory read rows.jsonl --kind dataset --limit 3
    """
    import itertools

    bad = False
    for file in files:
        for row in itertools.islice(read_file(file, kind, language, password), limit):
            bad = bad or row["status"] in ("failed", "pending")
            if as_json:
                options.print_json(row)
            else:
                _show(row)
    raise SystemExit(3 if bad else 0)


def _show(row: dict[str, Any]) -> None:
    click.secho(f"── {clean(row['path'])}: {row['status']} {row['reason']}".rstrip(), bold=True)
    if row.get("message"):
        click.echo(clean(row["message"]))
    metadata = row["metadata"]
    for name in ("title", "author", "date", "language", "licence", "work_id"):
        if metadata.get(name):
            click.echo(f"{name}: {clean(str(metadata[name]))}")
    for span in row["spans"]:
        at = f"p. {span['page']}" if span["page"] else ""
        if span["start_seconds"] is not None:
            at = f"{span['start_seconds']:.1f} s"
        label = f"[{span['role']}{' ' + at if at else ''}]"
        click.echo(f"{click.style(label, dim=True)} {clean(row['text'][span['start'] : span['end']])}")


STEPS = ("language", "quality", "dedup", "personal", "decontaminate", "gates-translation", "gates-questions")


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("given", metavar="IN.jsonl")
@click.argument("out", metavar="OUT.jsonl")
@click.option("--dropped", metavar="FILE", help="Write what the step dropped, with `reason`, to this file.")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="Set a threshold, e.g. min_words=20.")
def step(name: str, given: str, out: str, dropped: str | None, settings: tuple[str, ...]) -> None:
    """Run one step over rows: language, quality, dedup, personal, decontaminate, gates-translation or gates-questions.

    `language` adds language and score; `quality` drops by the rules (--set profile=transcript); `dedup` adds
    cluster, the id of the copy that stays, and drops the others; `personal` replaces personal data (--set
    profile=clinical); `decontaminate` drops rows that hold a question (--set against=dev_HEAD.json, or --set
    home=FOLDER for the indexes of a home; without either, those of FACTORY_HOME or ./data); `gates-translation` reads
    `source` (English) and `target` (Spanish), adds `failed`, the gates that fail, and drops nothing;
    `gates-questions` does so for `passage` (what was asked about), `question`, `answer` and `quote` (a string or
    several, word for word in the passage), also `heading` and `tradition` (or --set tradition=natural); rows of a
    published dataset go as they are, their evidence being quote and passage.

    \b
    Examples:
      factory step language in.jsonl out.jsonl
      factory step quality in.jsonl out.jsonl --dropped bad.jsonl --set profile=transcript --set min_words=20
      factory step gates-translation pairs.jsonl - | jq 'select(.failed != [])'
      factory step gates-questions my-questions.jsonl - --set tradition=natural
    """
    from factory.config import nearest, override

    if name not in STEPS:
        raise ConfigError(f"there is no step {name!r}. {nearest(name, STEPS)}")
    chosen = override({}, settings)
    kept = gone = 0
    from factory.cli.stepping import run_step

    with _lines_out(out) as good, _lines_out(dropped) as bad:
        for row, why in run_step(name, given, chosen):
            import orjson

            (good if why is None else bad).write(orjson.dumps(row if why is None else row | {"reason": why}) + b"\n")
            kept, gone = kept + (why is None), gone + (why is not None)
    click.echo(f"{name}: in {kept + gone}, kept {kept}, dropped {gone}", err=True)


@contextlib.contextmanager
def _lines_out(path: str | None) -> Iterator[Any]:
    """Where rows go: standard output for `-`, nowhere for None, else a file that is there whole or not at all."""
    if path in ("-", None):
        yield sys.stdout.buffer if path else io.BytesIO()
        return
    part = f"{path}.part"
    try:
        file = open(part, "wb")  # noqa: SIM115
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    try:
        with file:
            yield file
        os.replace(part, str(path))
    finally:
        if os.path.exists(part):
            os.unlink(part)
