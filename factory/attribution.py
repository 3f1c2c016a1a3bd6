"""Who is credited, and what repeats what: the two sidecars of a dataset, for rows that may be published only.

`attribution/<batch>.tsv`: a line a Document with title, author, address and licence; `ATTRIBUTION.md`: a table of the
sources. `duplicates/<batch>.tsv`: each dropped Document, the one it repeats, and how.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from factory.books import documents, rejected
from factory.licence import COLUMNS as LICENCE_COLUMNS
from factory.licence import needs_attribution, refused, share_alike, url_of
from factory.store import Store

COLUMNS = ("doc_id", "title", "author", "date", "url", "licence", "licence_evidence", "attribution", "source_id")
DUPLICATES = ("doc_id", "duplicate_of", "reason", "containment")


def _line(values: Iterable[object]) -> str:
    return "\t".join(" ".join(str(v if v is not None else "").split()) for v in values) + "\n"


class Credits:
    """The credits of one batch's published rows, gathered while they are written."""

    def __init__(self) -> None:
        self._lines = [_line(COLUMNS)]
        self.tally: Counter[tuple[str, str]] = Counter()

    def add(self, row: Mapping[str, Any]) -> None:
        self._lines.append(_line(row.get(name) for name in COLUMNS))
        self.tally[row["source_id"], row["licence"]] += 1

    def data(self) -> bytes:
        return "".join(self._lines).encode()

    def sources(self) -> list[list[Any]]:
        """`[source, licence, documents]`, sorted."""
        return [[*key, count] for key, count in sorted(self.tally.items())]


def page(recipe: str, sources: Iterable[Iterable[Any]]) -> str:
    """ATTRIBUTION.md: each source with its licence, what the licence asks, and how many Documents are of it."""
    total: Counter[tuple[str, str]] = Counter()
    for source, licence, count in sources:
        total[source, licence] += count
    lines = [
        f"# Attribution of {recipe}",
        "",
        "Title, author and address of every document are in `attribution/` and in its row.",
        "",
        "| source | documents | licence | asks for |",
        "|---|---:|---|---|",
    ]
    for (source, licence), count in sorted(total.items()):
        url = url_of(licence)
        asks = ["credit"] if needs_attribution(licence) else ["nothing"]
        asks += ["the same licence for derived works"] if share_alike(licence) else []
        lines.append(f"| {source} | {count:,} | {f'[{licence}]({url})' if url else licence} | {', '.join(asks)} |")
    return "\n".join(lines) + "\n"


def duplicates(
    store: Store, folder: str, gone: Mapping[str, Mapping[str, Any]], *, include_unpublishable: bool
) -> bytes:
    """The duplicate log of a dedup stage: pairs of which both may be published."""
    lines = [_line(DUPLICATES)]
    here = {row["doc_id"]: refused(row) for row in documents(store, folder, ["doc_id", *LICENCE_COLUMNS])}
    kept_back = set() if include_unpublishable else {name for name, why in here.items() if why}
    for row in rejected(store, folder):
        metadata = row["metadata"]
        if include_unpublishable or not (refused(metadata) or metadata["duplicate_of"] in kept_back):
            lines.append(_line([row["id"], metadata["duplicate_of"], row["reason"], metadata["containment"]]))
    for name, better in sorted(gone.items()):
        if name in here and name not in kept_back:
            lines.append(_line([name, better["superseded_by"], "near_duplicate", better["containment"]]))
    return "".join(lines).encode()
