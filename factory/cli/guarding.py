"""`factory decontaminate`, `factory scrub` and `factory licences`: what is kept out of a corpus, and why."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from factory.cli import clean, options
from factory.errors import ConfigError, HomeError


@click.group()
def decontaminate() -> None:
    """Keep questions of evaluation sets out of every corpus.

    An index holds hashes only. Every build of the home cuts the paragraphs around a question out of a document, and
    drops one that loses a fifth of its text or holds more than ten questions.

    \b
    Examples:
      factory decontaminate index dev_HEAD.json test_HEAD.json --name headqa
      factory decontaminate index CareQA_es.json flores.devtest
      factory decontaminate check corpus.jsonl book.pdf
      factory decontaminate list
      factory decontaminate remove headqa
    """


@decontaminate.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--name", metavar="NAME", help="Name of the index (default: the first file's).")
@options.home
@options.dry_run
@options.as_json
def index(files: tuple[str, ...], name: str | None, home: str, dry_run: bool, as_json: bool) -> None:
    """Hash the questions of evaluation files into the home; an index of the same name is replaced.

    Reads HEAD-QA's JSON, rows with question and options (CareQA, MedExpQA), CasiMedicos-Arg's TSV, clinical cases
    (ClinDiagnosES, ClinTreatES), and translation sets (rows with source and target, or a segment a line).

    \b
    Examples:
      factory decontaminate index train_HEAD.json dev_HEAD.json --name headqa
      factory decontaminate index dev.tsv --name casimedicos
    """
    import re
    import unicodedata

    from factory.decontaminate import build
    from factory.exams import items_of
    from factory.lock import locked
    from factory.record import sha256
    from factory.steps.decontaminate import FOLDER

    plain = unicodedata.normalize("NFKD", name or Path(files[0]).stem).encode("ascii", "ignore").decode().lower()
    label = re.sub(r"[^a-z0-9_]+", "_", plain).strip("_")
    if not label:
        raise ConfigError(f"--name {name!r}: use letters, digits and _")
    items = [item for file in files for item in items_of(file)]
    made = build(items)
    data = made.save()
    key = f"{FOLDER}/{label}-{sha256(data)[:16]}.npz"
    store = options.store(home)
    if not dry_run:
        with locked(store):
            store.write(key, data)
            for old in store.names(FOLDER):
                if old.rsplit("-", 1)[0] == label and f"{FOLDER}/{old}" != key:
                    store.remove(f"{FOLDER}/{old}")
    short = sum(1 for words in made.words if words < 5)
    lines = [
        file for file in files if not file.lower().endswith((".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"))
    ]
    if as_json:
        options.print_json({"index": key, "questions": len(items), "hashes": len(made.hash), "dry_run": dry_run})
        return
    click.echo(f"{label}: {len(items):,} questions, {len(made.hash):,} hashes" + (" (dry run)" if dry_run else ""))
    if short:
        click.echo(f"  {short:,} have a stem of fewer than five words and are found by their options only")
    for file in lines:
        click.echo(f"  {file} is no table: each of its lines counts as a question")
    click.echo(f"  {store.path(key)}")


@decontaminate.command(name="list")
@options.home
@options.as_json
def list_indexes(home: str, as_json: bool) -> None:
    """Say which indexes the home has."""
    from factory.decontaminate import load
    from factory.steps.decontaminate import FOLDER

    store = options.store(home)
    found = [(name, load(store.read(f"{FOLDER}/{name}") or b"")) for name in _names(store)]
    for name, one in found:
        row = {"index": name, "questions": len(one.names), "hashes": len(one.hash)}
        options.print_json(row) if as_json else click.echo(f"{name}: {len(one.names):,} questions")
    if not found and not as_json:
        click.echo(f"{store.root} has no index; make one: factory decontaminate index FILE...")


@decontaminate.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options.home
def remove(names: tuple[str, ...], home: str) -> None:
    """Remove indexes by name; the next build no longer checks against them.

    \b
    Examples:
      factory decontaminate remove headqa
    """
    from factory.config import nearest
    from factory.lock import locked
    from factory.steps.decontaminate import FOLDER

    store = options.store(home)
    with locked(store):
        for name in names:
            held = [file for file in _names(store) if name in (file, file.rsplit("-", 1)[0])]
            if not held:
                known = {file.rsplit("-", 1)[0] for file in _names(store)}
                raise ConfigError(
                    f"{store.root} has no index {name!r}. {nearest(name, known) if known else ''}".strip()
                )
            for file in held:
                store.remove(f"{FOLDER}/{file}")
                click.echo(f"removed {file}")


def _names(store: Any) -> list[str]:
    from factory.steps.decontaminate import FOLDER

    return [name for name in store.names(FOLDER) if name.endswith(".npz")]


@decontaminate.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--against", multiple=True, metavar="FILE", help="An evaluation file, instead of the home's indexes.")
@options.home
@options.as_json
def check(files: tuple[str, ...], against: tuple[str, ...], home: str, as_json: bool) -> None:
    """Name every question that stands in files: JSON lines with text, or anything a reader reads. Ends 5 if one does.

    \b
    Examples:
      factory decontaminate check answers.jsonl
      factory decontaminate check book.pdf --against dev_HEAD.json
    """
    looking = finder(against, options.store(home))
    texts = hits = 0
    for file in files:
        for name, text in _texts(file):
            texts += 1
            for hit in looking.find([text])[0]:
                hits += 1
                row = {"file": file, "id": name, "item": hit.item, "start": hit.start, "end": hit.end}
                row["text"] = " ".join(text[hit.start : hit.end].split())[:200]
                said = f"{file} {name}: {hit.item}: {row['text']}"
                options.print_json(row) if as_json else click.echo(clean(said))
    click.echo(f"{texts:,} texts, {hits:,} questions found", err=True)
    raise SystemExit(5 if hits else 0)


def finder(against: tuple[str, ...], store: Any) -> Any:
    """What looks for the questions of files, or of the home's indexes. Raises ConfigError where there are none."""
    from factory.decontaminate import Finder, build, load
    from factory.exams import items_of
    from factory.steps.decontaminate import finder as of_home

    made = []
    for file in against:
        if file.endswith(".npz"):
            try:
                made.append(load(Path(file).read_bytes()))
            except (OSError, ValueError, KeyError) as error:
                raise ConfigError(f"{file}: no index: {error}") from error
        else:
            made.append(build(items_of(file)))
    if made:
        from factory.decontaminate import joined

        return Finder(joined(made))
    looking = of_home(store, _names(store))
    if looking is None:
        said = f"{store.root} has no index of evaluation sets"
        raise ConfigError(said, "make one: factory decontaminate index FILE..., or name files with --against")
    return looking


def _texts(file: str) -> Iterator[tuple[str, str]]:
    from factory.cli.reading import read_file
    from factory.cli.stepping import text_of

    if file.endswith((".jsonl", ".ndjson")):
        from factory.cli.stepping import any_rows_in

        for row in any_rows_in(file):
            yield str(row.get("id", "")), text_of(row)
        return
    for row in read_file(file):
        if row["status"] != "accepted":
            raise HomeError(f"{file}: {row['reason']}", row.get("message", ""))
        yield row["metadata"]["doc_id"], row["text"]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--profile",
    type=click.Choice(["clinical", "article", "book", "web", "transcript"]),
    default="article",
    show_default=True,
    help="What is removed: clinical takes names, dates and places too.",
)
@click.option("--found", is_flag=True, help="List what was found instead of printing the text.")
@options.as_json
def scrub(files: tuple[str, ...], profile: str, found: bool, as_json: bool) -> None:
    """Print files without personal data: anything a reader reads; - is standard input.

    Rules alone do not make a text anonymous: a person must read clinical texts before they are published.

    \b
    Examples:
      factory scrub informe.txt --profile clinical
      factory scrub informe.txt --profile clinical --found
      cat nota.txt | factory scrub - --profile clinical
    """
    from factory.personal import scrub as scrubbed

    counts: Counter[str] = Counter()
    for file in files:
        for name, text in [("-", sys.stdin.read())] if file == "-" else _plain_texts(file):
            done = scrubbed(text, profile)
            counts.update(mark.type for mark in done.found)
            marks = [{**mark._asdict(), "value": text[mark.start : mark.end]} for mark in done.found]
            if as_json:
                options.print_json({"file": file, "id": name, "text": done.text, "found": marks})
            elif found:
                for mark in marks:
                    click.echo(f"{mark['placeholder']}\t{clean(mark['value'])}")
            else:
                click.echo(clean(done.text))
    said = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    click.echo(f"{sum(counts.values())} removed" + (f": {said}" if said else ""), err=True)


def _plain_texts(file: str) -> Iterator[tuple[str, str]]:
    """A plain text keeps its lines, which tell where a field ends; other files go through their reader."""
    if file.endswith((".txt", ".md")):
        try:
            yield file, Path(file).read_text("utf-8", errors="replace")
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}") from error
        return
    yield from _texts(file)


REMEDY = {
    "licence_unknown": "find the licence and state it, with licence_evidence, in the sources file",
    "licence_non_commercial": "NC: may be used in private (--include-unpublishable), not published",
    "licence_no_derivatives": "ND: a cleaned corpus is a derived work; ask the author",
    "licence_youtube_standard": "ask the channel for a Creative Commons licence, or keep it private",
    "licence_not_open": "ask the publisher, or keep it private",
    "clinical_not_reviewed": "a person reads the scrubbed texts, then the source gets reviewed_by",
    "machine_draft": "a rule-based translation is a draft; translate with a model: factory translate --model",
    "model_terms": "the model's terms keep its output from being published; see factory models",
    "model_licence_unknown": "say the model's terms in a profile of ./models.toml (licence, outputs)",
    "licence_refused_by_recipe": "the recipe's export.licence_refused names it",
}


@click.command()
@click.argument("recipe")
@options.home
@options.as_json
def licences(recipe: str, home: str, as_json: bool) -> None:
    """Explain, source by source, which rows of a built recipe may be published, and why the others may not.

    \b
    Examples:
      factory licences natural_es
      factory licences medical_es --json
    """
    from factory.books import documents
    from factory.build import recipe_config
    from factory.cli.looking import last_build
    from factory.licence import COLUMNS, needs_attribution, refused, share_alike, url_of
    from factory.published import gone as superseded

    store = options.existing(home)
    config = recipe_config(recipe)
    found: Counter[tuple[str, str, str]] = Counter()
    evidence: dict[tuple[str, str, str], str] = {}
    columns = ["doc_id", "source_id", "licence_evidence", *COLUMNS]
    last = last_build(store, recipe)
    gone = superseded(store, last["reduced"])
    for _, folder in last["finals"]:
        for row in documents(store, folder, columns):
            if row["doc_id"] in gone:
                continue
            why = refused(row) or ""
            if not why and row["licence"] in config.export.licence_refused:
                why = "licence_refused_by_recipe"
            key = (why, row["source_id"], row["licence"])
            found[key] += 1
            evidence.setdefault(key, row["licence_evidence"] or "")
    for (why, source, licence), count in sorted(found.items()):
        asks = [] if why else ["credit"] * needs_attribution(licence) + ["share alike"] * share_alike(licence)
        line = {
            "source": source, "licence": licence, "documents": count, "publishable": not why, "refused": why or None,
            "asks": asks, "url": url_of(licence), "evidence": evidence[why, source, licence] or None,
            "remedy": REMEDY.get(why),
        }  # fmt: skip
        options.print_json(line) if as_json else _say(line)
    if not as_json:
        refusals = sum(count for key, count in found.items() if key[0])
        click.echo(f"{sum(found.values()) - refusals:,} rows may be published, {refusals:,} may not")


def _say(row: dict[str, Any]) -> None:
    mark = click.style("yes", fg="green") if row["publishable"] else click.style("no ", fg="red")
    more = ", ".join(row["asks"]) if row["publishable"] else f"{row['refused']}: {row['remedy']}"
    click.echo(f"{mark} {row['documents']:>6}  {clean(row['source'])}  {clean(row['licence'])}  {more}")
    if row["evidence"]:
        click.echo(f"            {clean(row['evidence'])[:140]}")


__all__ = ["check", "decontaminate", "finder", "index", "licences", "list_indexes", "scrub"]
