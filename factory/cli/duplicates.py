"""Duplicate clusters side by side, the differing words marked: the body of `factory inspect --duplicates`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import click

from factory.cli import clean, options

_AROUND = 60
_CHANGES = 12


def clusters(store: Any, last: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every kept Document with those that repeat it, then the pairs that were kept apart.

    `{kept, members: [{id, title, source_id, reason, containment, changes}], kept_apart_because}`.
    """
    from factory.books import rejected
    from factory.cli.looking import left_behind
    from factory.dedup.index import apart

    folders = [f for f in last["folders"] if "-dedup-" in f]
    homes: dict[str, list[dict[str, Any]]] = {}
    later = (row for row in left_behind(store, last) if "duplicate_of" in row["metadata"])
    for row in itertools.chain((row for folder in folders for row in rejected(store, folder)), later):
        homes.setdefault(row["metadata"]["duplicate_of"], []).append(row)
    pairs = [pair for folder in folders for pair in apart(store, folder)]
    wanted = set(homes) | {name for pair in pairs for name in (pair["doc_id"], pair["other"])}
    kept = {row["doc_id"]: row for row in _kept(store, folders, wanted)}
    for home in sorted(homes):
        if home in kept:
            members = [_member(kept[home], row) for row in sorted(homes[home], key=lambda row: row["id"])]
            yield {"kept": _facts(kept[home]), "members": members, "kept_apart_because": None}
    for pair in pairs:
        first, other = kept.get(pair["other"]), kept.get(pair["doc_id"])
        if first and other:
            row = {"id": other["doc_id"], "reason": "", "text": other["text"], "metadata": other | pair}
            yield {"kept": _facts(first), "members": [_member(first, row)], "kept_apart_because": pair["differs"]}


def _kept(store: Any, folders: list[str], wanted: set[str]) -> Iterator[dict[str, Any]]:
    from factory.books import documents

    for folder in folders:
        for row in documents(
            store, folder, ["doc_id", "title", "source_id", "source_kind", "licence", "text", "spans"]
        ):
            if row["doc_id"] in wanted:
                yield row


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    return {"id": row["doc_id"], "title": row["title"], "source_id": row["source_id"], "licence": row["licence"]}


def _member(kept: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    metadata = row["metadata"]
    return {
        "id": row["id"],
        "title": metadata.get("title"),
        "source_id": metadata.get("source_id"),
        "licence": metadata.get("licence"),
        "reason": row["reason"],
        "containment": metadata.get("containment"),
        "changes": list(changes(kept["text"], row["text"])),
    }


def changes(kept: str, other: str) -> Iterator[dict[str, str]]:
    """Each place where the texts differ: the words before and after, and what either says there."""
    from factory.dedup.compare import align, places

    (first, ours), (second, theirs) = places(kept), places(other)
    for d in align(first, second):
        yield {
            "before": _cut(kept, ours, max(0, d.a0 - 6), d.a0),
            "kept": _cut(kept, ours, d.a0, d.a1),
            "other": _cut(other, theirs, d.b0, d.b1),
            "after": _cut(kept, ours, d.a1, min(len(ours), d.a1 + 6)),
        }


def _cut(text: str, where: list[tuple[int, int]], start: int, end: int) -> str:
    return text[where[start][0] : where[end - 1][1]] if end > start else ""


def show(store: Any, last: dict[str, Any], limit: int, document: str | None, as_json: bool) -> None:
    """Prints the clusters; only those with the named document, if one is named."""
    found = clusters(store, last)
    if document is not None:
        found = (
            one
            for one in found
            if any(i.startswith(document) for i in (one["kept"]["id"], *(m["id"] for m in one["members"])))
        )
    shown = 0
    for one in itertools.islice(found, limit):
        shown += 1
        options.print_json(one) if as_json else _print(one)
    if not shown and not as_json:
        click.echo("no two documents repeat each other")


def _print(one: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for member in one["members"]:
        why = one["kept_apart_because"]
        verdict = (
            f"both kept: {why}" if why else f"{member['reason']}, {100 * (member['containment'] or 0):.0f} % of it"
        )
        table = Table(title=Text(clean(verdict)), show_lines=True, expand=True)
        for side, label in ((one["kept"], "kept"), (member, "kept too" if why else "dropped")):
            name = f"{label}  {side['id']}\n{side['title'] or ''}\n{side['source_id']} · {side['licence']}"
            table.add_column(Text(clean(name)), ratio=1, overflow="fold")
        for change in member["changes"][:_CHANGES]:
            table.add_row(_marked(change, "kept", Text), _marked(change, "other", Text))
        if not member["changes"]:
            table.add_row("the same words", "the same words")
        if len(member["changes"]) > _CHANGES:
            table.add_row(f"… {len(member['changes']) - _CHANGES} more differences (--json shows all)", "")
        console.print(table)


def _marked(change: dict[str, str], side: str, text: Any) -> Any:
    words = clean(change[side]).replace("\n", " ")
    if len(words) > 8 * _AROUND:
        words = f"{words[: 4 * _AROUND]} … {words[-4 * _AROUND :]}"
    found = text(f"… {clean(change['before'])[-_AROUND:]} ".replace("\n", " "))
    found.append(f"[{words or '∅'}]", style="bold reverse")
    found.append(f" {clean(change['after'])[:_AROUND]} …".replace("\n", " "))
    return found
