"""A spreadsheet of books, videos and pages as rows of a sources file: every row used, merged or named with why not."""

from __future__ import annotations

import os
import tempfile
import tomllib
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from factory.cells import header, identity
from factory.cells.identity import Key
from factory.cells.rows import Columns, Draft, draft
from factory.cells.tables import MAX_ROWS, Cell, Row, Table, read
from factory.cells.text import fold
from factory.config import Source, load_toml, parse
from factory.errors import ConfigError
from factory.record import Kind, Tradition

Status = Literal["used", "merged", "unused", "already_there"]
# The word in a file's name, and the tradition it stands for; the first that is found.
_TRADITIONS: tuple[tuple[str, Tradition], ...] = (
    ("natural", "natural"),
    ("tradicional", "traditional"),
    ("traditional", "traditional"),
    ("alternativ", "alternative"),
)


@dataclass(slots=True)
class Entry:
    """What became of one row of the list."""

    sheet: str
    row: int
    status: Status
    id: str | None
    why: str


@dataclass(slots=True)
class Import:
    """The sources a list adds to a file, and what became of each of its rows."""

    file: str
    tradition: Tradition
    tradition_why: str
    entries: list[Entry] = field(default_factory=list)
    sources: list[dict[str, Any]] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """Rows by status; the used ones with an address, and those still wanted."""
        by = Counter(entry.status for entry in self.entries)
        found = sum("url" in source for source in self.sources)
        numbers = {"rows": len(self.entries), "used": by["used"], "with_address": found}
        numbers |= {"wanted": len(self.sources) - found, "merged": by["merged"]}
        return numbers | {"unused": by["unused"], "already_there": by["already_there"]}

    def summary(self) -> str:
        n = self.counts()
        return (
            f"{n['rows']} rows: {n['used']} used ({n['with_address']} with an address, {n['wanted']} wanted), "
            f"{n['merged']} merged, {n['unused']} not used, {n['already_there']} already there"
        )

    def lines(self) -> list[str]:
        """A line for each row that was not simply used."""
        return [f"{e.sheet}, row {e.row}: {e.status.replace('_', ' ')}: {e.why}" for e in self.entries if e.why]

    def as_json(self) -> dict[str, Any]:
        said = {"file": self.file, "tradition": self.tradition, "tradition_why": self.tradition_why}
        return said | self.counts() | {"report": [asdict(entry) for entry in self.entries]}


def tradition_of(name: str) -> tuple[Tradition, str]:
    """The tradition a file's name stands for, and why it was taken."""
    for word, tradition in _TRADITIONS:
        if word in fold(name):
            return tradition, f"the file's name contains {word!r}"
    return "mixed", "the file's name says nothing"


def plan(
    file: Path, to: Path, *, tradition: Tradition | None = None, kind: Kind | None = None, language: str = "es"
) -> Import:
    """What the list would add to the sources file; nothing is written. Raises ConfigError if it cannot be read."""
    taken, why = (tradition, "given") if tradition else tradition_of(file.name)
    made = Import(str(file), taken, why)
    drafts: list[Draft] = []
    tables = [table for table in read(file, header.score) if table.rows or table.beyond]
    if not any(header.find(table) for table in tables):
        raise ConfigError(
            f"{file}: no row names the columns of a list",
            "write a header such as: Título, Fecha de publicación, Autor, ISBN, País, Licencia, URL",
        )
    for table in tables:
        of_table = list(_drafts(table, made.entries))
        _kinds(of_table, kind)
        drafts += of_table
    merged = identity.merged(drafts)
    present = _present(to)
    for one in drafts:
        if (into := merged.get(identity.place(one))) is None:
            made.entries.append(_added(made, one, present, kind, language))
        else:
            why = f"the same as row {into.row}" + (f" of {into.sheet}" if into.sheet != one.sheet else "")
            made.entries.append(Entry(one.sheet, one.row, "merged", None, "; ".join([why, *one.repairs])))
    ids = {(entry.sheet, entry.row): entry.id for entry in made.entries}
    for entry in made.entries:
        if entry.status == "merged":
            entry.id = ids[identity.place(merged[entry.sheet, entry.row])]
    order = {table.name: number for number, table in enumerate(tables)}
    made.entries.sort(key=lambda entry: (order[entry.sheet], entry.row))
    return made


def _drafts(table: Table, entries: list[Entry]) -> Iterator[Draft]:
    """The usable rows below the table's header; the others become entries with why not."""
    found = header.find(table)
    start, fields = found or (0, {})
    columns = Columns(fields, {})
    down, headings = _spread(table, start)
    for number, row in table.rows.items():
        again = header.columns_of(row) if number > start else None
        if number == start or again:
            fields = again or fields
            columns = Columns(fields, {column: cell.text for column, cell in row.items() if column not in fields})
        if number <= start:
            continue
        made: Draft | str
        if not found or again:
            made = "the header again" if found else "its sheet has no header"
        elif number in headings:
            made = "a heading across columns"
        else:
            made = draft(table.name, number, down.get(number, {}) | row, columns)
        if isinstance(made, Draft):
            yield made
        else:
            entries.append(Entry(table.name, number, "unused", None, f"{made}: {_shown(row)}"))
    why = f"beyond row {MAX_ROWS:,}, where reading ends"
    entries += [Entry(table.name, number, "unused", None, why) for number in table.beyond]


def _spread(table: Table, start: int) -> tuple[dict[int, Row], set[int]]:
    """What stands in rows over which a cell was merged downwards, and the rows that are one cell merged sideways."""
    down: dict[int, Row] = {}
    headings = set()
    numbers = list(table.rows)
    for top, left, bottom, right in table.merged:
        cell: Cell | None = table.rows.get(top, {}).get(left)
        if cell is None or top <= start:
            continue
        if right - left > 1 and len(table.rows[top]) == 1:
            headings.add(top)
        for number in numbers[bisect_right(numbers, top) : bisect_right(numbers, bottom)]:
            down.setdefault(number, {})[left] = cell
    return down, headings


def _shown(row: Row) -> str:
    """The row's own words, cut to a line."""
    text = " | ".join(cell.text or cell.link or "" for _, cell in sorted(row.items()))
    return text if len(text) <= 120 else text[:119] + "…"


def _kinds(drafts: list[Draft], given: Kind | None) -> None:
    """Rows without an address get the kind given, else youtube in a sheet of videos unless printed, else pdf."""
    most = Counter(one.address.kind for one in drafts if one.address).most_common(1)
    videos = bool(most) and most[0][0] == "youtube"
    for one in drafts:
        one.kind = given or ("youtube" if videos and not one.printed else "pdf")


@dataclass(slots=True)
class _Present:
    """What stands in the sources file: rows by id, ids by what identifies a work; and the ids this list added."""

    ids: dict[str, Mapping[str, Any]]
    keys: dict[Key, str]
    added: set[str] = field(default_factory=set)


def _present(to: Path) -> _Present:
    present = _Present({}, {})
    for row in _rows(load_toml(to), to) if to.exists() else ():
        if isinstance(name := row.get("id"), str):
            present.ids.setdefault(name, row)
            for key in identity.keys_in_file(row):
                present.keys.setdefault(key, name)
    return present


def _rows(table: Mapping[str, Any], to: Path) -> list[dict[str, Any]]:
    rows = table.get("source", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{to}: write [[source]] with two brackets, one block a source")
    return rows


def _added(made: Import, one: Draft, present: _Present, kind: Kind | None, language: str) -> Entry:
    """The row among the sources to add, or known already, or refused with why."""
    for key in identity.keys_of(one):
        if (there := present.keys.get(key)) is not None:
            return Entry(one.sheet, one.row, "already_there", there, f"a source has its {key[0]}")
    name = identity.name(one)
    if (row := present.ids.get(name)) is not None:
        if name not in present.added and not identity.another(row, one):
            return Entry(one.sheet, one.row, "already_there", name, "a source has its id")
        name = identity.longer(one)
        if name in present.ids:
            return Entry(one.sheet, one.row, "already_there", name, "a source has its id")
    source = _source(name, one, kind, {"language": one.language or language, "tradition": made.tradition})
    try:
        parse(Source, source, name)
    except ConfigError as error:
        return Entry(one.sheet, one.row, "unused", None, error.message)
    present.ids[name] = source
    present.added.add(name)
    made.sources.append(source)
    return Entry(one.sheet, one.row, "used", name, "; ".join(one.repairs))


def _source(name: str, one: Draft, kind: Kind | None, given: dict[str, str]) -> dict[str, Any]:
    """The row of the sources file, without what is not known."""
    address = one.address
    own = address.kind if address and (kind is None or address.kind == "youtube") else one.kind
    row: dict[str, Any] = {"id": name, "kind": own, "url": address.url if address else None, **given}
    row |= {"licence": one.licence or "unknown", "licence_evidence": one.licence_evidence}
    row |= {"country": one.country, "specialty": one.specialty, "title": one.title, "author": one.author}
    row |= {"isbn": one.isbn, "doi": one.doi, "date": one.date, "note": "; ".join(one.notes) or None}
    return {key: value for key, value in row.items() if value is not None}


def toml(sources: list[dict[str, Any]]) -> str:
    """The rows as blocks of a sources file, an empty line before each."""
    import tomli_w

    return "".join(f"\n[[source]]\n{tomli_w.dumps(source)}" for source in sources)


def append(to: Path, made: Import) -> None:
    """The rows stand at the end of the file, what was there unchanged; without rows nothing is touched.

    Raises ConfigError, the file as it was, if the result would not load.
    """
    if not made.sources:
        return
    target = Path(os.path.realpath(to))
    try:
        before = target.read_bytes() if target.exists() else b""
        start = before or f"# What may be read; begun by factory sources import {_comment(made.file)}\n".encode()
        block = toml(made.sources)
        if b"\r\n" in before:
            block = block.replace("\n", "\r\n")
        text = start + (b"" if start.endswith(b"\n") else b"\n") + block.encode()
        _check(to, before, text, made)
        _replace(target, text)
    except OSError as error:
        raise ConfigError(f"{to}: {error.strerror or error}") from error


def _comment(file: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in os.path.basename(file))


def _check(to: Path, before: bytes, after: bytes, made: Import) -> None:
    """The file with the rows loads, and no row that was there is another."""
    try:
        old = _rows(tomllib.loads(before.decode()), to)
        new = _rows(tomllib.loads(after.decode()), to)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{to}: rows cannot be appended to it: {error}",
            "write its sources as [[source]] blocks, or name another file",
        ) from error
    if new != old + made.sources:
        raise ConfigError(f"{to}: rows cannot be appended to it", "write its sources as [[source]] blocks")


def _replace(target: Path, data: bytes) -> None:
    """The file holds the data, at no moment less than the old or the new."""
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    finally:
        if os.path.exists(name):  # it was not put in its place
            os.unlink(name)
