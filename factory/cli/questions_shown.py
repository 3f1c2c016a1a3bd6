"""What `factory inspect` shows of a recipe of questions: each with its evidence marked; and what was dropped."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click

from factory.cli import clean, options
from factory.config import nearest
from factory.errors import ConfigError

# Characters of the source shown around its evidence.
_AROUND = 300


def documents_of(store: Any, last: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The Documents of the last stages, without those that a later batch of their corpus superseded."""
    from factory.books import documents
    from factory.published import gone as superseded

    gone = superseded(store, last["reduced"])
    for _, folder in last["finals"]:
        yield from (row for row in documents(store, folder) if row["doc_id"] not in gone)


def show(store: Any, last: dict[str, Any], wanted: str | None, limit: int, as_json: bool) -> None:
    """The first rows, or those whose id or Document's id begins as wanted. Raises ConfigError where none does."""
    from factory import reviews
    from factory.questions.published import leaves

    kinds, released = last["config"]["questions"]["kinds"], reviews.released(store, last["result"]["recipe"])
    found = (
        (row, question)
        for row in documents_of(store, last)
        for question in row["questions"]
        if leaves(question, released) and question["kind"] in kinds
        if wanted is None or question["id"].startswith(wanted) or row["doc_id"].startswith(wanted)
    )
    shown = 0
    for row, question in itertools.islice(found, limit):
        shown += 1
        if as_json:
            options.print_json(as_row(row, question))
        else:
            _show(row, question)
            if why := _held_back(row, question, last):
                click.secho(f"   not in the dataset: {why}", fg="red")
            elif question["id"] in released:
                click.secho(f"   let go by {clean(released[question['id']])}", dim=True)
    if not shown and wanted is not None:
        raise ConfigError(f"no row begins with {wanted!r}", "look among --dropped")
    if not shown and not as_json:
        click.echo("it holds no row; see what was left out: factory inspect RECIPE --dropped")


def _held_back(row: dict[str, Any], question: dict[str, Any], last: dict[str, Any]) -> str | None:
    """Why an accepted row is not in the dataset: its source's licence, or the terms of the model that wrote it."""
    from factory.licence import DRAFT, question_refused, refused

    if last["unpublishable"]:
        return None
    why = refused(row)
    return (why if why != DRAFT else None) or question_refused(question)


def as_row(row: dict[str, Any], question: dict[str, Any]) -> dict[str, Any]:
    """A question with what says where it comes from."""
    names = ("doc_id", "work_id", "text_sha256", "title", "url", "source_id", "licence", "tradition", "split")
    return {**question, **{name: row[name] for name in names}, "link": _link(row, question)}


def _link(row: dict[str, Any], question: dict[str, Any]) -> str | None:
    from factory.questions.published import at_second

    second = next((one["start_seconds"] for one in question["evidence"] if one["start_seconds"] is not None), None)
    return at_second(row["url"], second) if row["source_kind"] == "youtube" else row["url"]


def _show(row: dict[str, Any], question: dict[str, Any]) -> None:
    click.secho(f"── {question['id']}  {question['kind']}  {clean(question['question_type'])}", bold=True)
    click.secho(f"   {clean(row['title'] or row['doc_id'])} · {clean(row['licence'])} · {row['tradition']}", dim=True)
    if question["kind"] == "mcq":
        click.echo(f"P: {clean(question['question'])}")
        for number, option in enumerate(question["options"]):
            mark = click.style("●", fg="green") if number == question["correct"] else "○"
            click.echo(f"   {mark} {clean(option)}")
    elif question["kind"] == "preference":
        click.echo(f"P: {clean(question['question'])}")
        click.echo(click.style("   + ", fg="green") + clean(question["chosen"]))
        click.echo(click.style("   − ", fg="red") + clean(question["rejected"]))
        click.secho(f"   {question['corruption']}: {clean(question['said'])}; fails {question['fails']}", dim=True)
    elif question["messages"]:
        for turn in question["messages"]:
            click.echo(f"{'P' if turn['role'] == 'user' else 'R'}: {clean(turn['content'])}")
    else:
        click.echo(f"P: {clean(question['question'])}")
        click.echo(f"R: {clean(question['answer'])}")
    if question["evidence_tag"] != "no_evaluado" or question["safety_flags"]:
        click.secho(f"   {question['evidence_tag']} {' '.join(question['safety_flags'])}", dim=True)
    for one in question["evidence"]:
        _evidence(row, one)


def _evidence(row: dict[str, Any], one: dict[str, Any]) -> None:
    """The source around an evidence, which stands out."""
    text, start, end = row["text"], one["start"], one["end"]
    before = text[max(0, start - _AROUND) : start].rsplit("\n\n", 1)[-1]
    after = text[end : end + _AROUND].split("\n\n", 1)[0]
    place = f"p. {one['page']}" if one["page"] else ""
    if one["start_seconds"] is not None:
        place = f"{one['start_seconds']:.0f} s"
    at = f"[{start}:{end}{' ' + place if place else ''}] "
    marked = click.style(clean(text[start:end]), fg="yellow", bold=True)
    if not options.terminal():
        marked = f"»{clean(text[start:end])}«"
    click.echo(click.style(f"   {at}", dim=True) + clean(before) + marked + clean(after))
    if one["start_seconds"] is not None and row["url"]:
        from factory.questions.published import at_second

        click.echo(f"   {clean(at_second(row['url'], one['start_seconds']) or '')}")


def dropped(store: Any, last: dict[str, Any], reason: str, wanted: str | None, limit: int, as_json: bool) -> None:
    """Documents and questions that were dropped or held back, by reason. Raises ConfigError for one there is not."""
    every = list(_dropped_rows(store, last))
    reasons = Counter(row["reason"] for row in every)
    chosen = [
        row for row in every if reason == "*" or row["reason"] == reason or row["reason"].startswith(f"{reason}:")
    ]
    if reason != "*" and not chosen:
        raise ConfigError(f"nothing was dropped as {reason!r}. {nearest(reason, reasons) if reasons else ''}")
    if reason == "*" and not as_json:
        for name, count in sorted(reasons.items()):
            click.echo(f"{count:>7}  {clean(name)}")
    for row in itertools.islice((r for r in chosen if wanted is None or r["id"].startswith(wanted)), limit):
        if as_json:
            options.print_json(row)
            continue
        click.secho(f"── {row['id']}  {clean(row['reason'])}", bold=True)
        for name in ("kind", "said", "question", "answer", "passage", "title", "licence"):
            if row.get(name):
                click.echo(f"{name}: {clean(str(row[name]))[:600]}")


def _dropped_rows(store: Any, last: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every Document that a stage dropped, then the rows of the last stage that were not accepted."""
    from factory import reviews
    from factory.books import rejected

    released = reviews.released(store, last["result"]["recipe"])
    names = ("id", "kind", "question", "answer", "said", "chosen", "rejected", "generator", "evidence")
    final = {folder for _, folder in last["finals"]}
    for folder in last["folders"]:
        for row in rejected(store, folder):
            kept = {name: row["metadata"].get(name) for name in ("title", "licence", "source_id")}
            yield {"id": row["id"], "reason": row["reason"], **kept}
            if folder in final:
                yield from _passages(row["metadata"].get("passages") or [], row["id"], row["text"])
            for question in row["metadata"].get("questions") or [] if folder in final else []:
                if question["outcome"] != "accepted":
                    yield {name: question[name] for name in names} | {"reason": _reason(question), "doc_id": row["id"]}
    for row in documents_of(store, last):
        yield from _passages(row["passages"], row["doc_id"], row["text"])
        for question in row["questions"]:
            kept = {name: question[name] for name in names} | {"doc_id": row["doc_id"]}
            if question["outcome"] != "accepted":
                if question["id"] not in released:
                    yield kept | {"reason": _reason(question)}
            elif held := _held_back(row, question, last):
                yield kept | {"reason": held}


def _passages(passages: Iterable[dict[str, Any]], doc_id: str, text: str) -> Iterator[dict[str, Any]]:
    """The passages of a Document of which no question was accepted, with the beginning of what they say."""
    for one in passages:
        if one["outcome"] != "accepted":
            more = {"said": one["heading"], "passage": text[one["start"] : one["end"]][:_AROUND]}
            yield {"id": one["id"], "doc_id": doc_id, "reason": one["reason"], "kind": "passage", **more}


def _reason(question: dict[str, Any]) -> str:
    return f"quarantined:{question['reason']}" if question["outcome"] == "quarantined" else str(question["reason"])
