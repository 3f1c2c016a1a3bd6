"""Spreadsheets of books and videos, as people keep them → rows of a sources file; nothing is guessed.

A row is used, merged into an earlier one that means the same, already there, or not used with the reason.
"""

from __future__ import annotations

import os
import re
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from factory.config import Source, parse
from factory.errors import ConfigError
from factory.fetch.youtube import canonical, video_id
from factory.licence import named_in, publishable
from factory.lists.cells import COUNTRY_CODES, fold, is_isbn, plain, repaired, text_of
from factory.lists.sheets import Row, rows_of
from factory.record import Kind, Tradition, sha256

_ADDRESS = re.compile(r"https?://[^\s<>\"']+|(?<![\w.])(?:www\.|m\.)?youtu(?:be\.com|\.be)/[^\s<>\"']+", re.IGNORECASE)
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"<>]+")
_ISBN = re.compile(r"(?<![\d-])(?:97[89][- ]?)?\d[\d -]{7,14}[\dXx](?![\d-])")
_VOLUME = re.compile(r"\b(?:tomo|vol(?:umen)?\.?|parte|t\.)\s*([ivx]+|\d+)\b|\b(\d)\b(?!\s*(?:a|ª|ta|ra|da|er|edic))")

_ORDER = tuple(
    "id kind url title author date isbn doi language tradition licence licence_evidence country note".split()
)

Status = Literal["used", "merged", "already_there", "unused"]


@dataclass(slots=True)
class Line:
    """What became of one row: `why` says what was repaired, merged or wrong."""

    sheet: str
    number: int
    status: Status
    id: str = ""
    why: str = ""


@dataclass(slots=True)
class Import:
    """The rows to add to a sources file, and a line for every row of the list."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    tradition: str = ""

    def count(self, status: Status) -> int:
        return sum(line.status == status for line in self.lines)


def read(path: Path, tradition: Tradition | None, kind: Kind | None, language: str, there: Path | None) -> Import:
    """What a list holds that the sources file has not. Raises ConfigError for what is no list."""
    found = Import()
    said = tradition or _of_name(path.name)
    found.tradition = (
        f"{said}, as said"
        if tradition
        else f"{said}, from the file's name"
        if said
        else "mixed, since nothing says more"
    )
    known = _known(there)
    taken: dict[str, dict[str, Any]] = {}
    by_id: dict[str, dict[str, Any]] = {}
    for row in rows_of(path):
        made = _source(row, said or "mixed", kind, language)
        if isinstance(made, str):
            found.lines.append(Line(row.sheet, row.number, "unused", "", made))
            continue
        identity = _identity(made)
        if identity in known:
            found.lines.append(Line(row.sheet, row.number, "already_there", known[identity]))
        elif identity in taken:
            first = taken[identity]
            first |= {k: v for k, v in made.items() if k not in first}
            found.lines.append(Line(row.sheet, row.number, "merged", first["id"], f"the same as {first['id']}"))
        else:
            made = {"id": _id(made, by_id)} | made
            taken[identity] = by_id[made["id"]] = made
            found.rows.append(made)
            found.lines.append(Line(row.sheet, row.number, "used", made["id"], "; ".join(row.notes)))
    return found


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """The rows stand at the end of the sources file; nothing else in it changed. Raises ConfigError."""
    if not rows:
        return
    try:
        before = path.read_bytes() if path.exists() else b"# What may be read. Check: factory sources check\n"
        folder = path.absolute().parent
        folder.mkdir(parents=True, exist_ok=True)
        text = before + (b"" if before.endswith(b"\n") else b"\n") + b"\n" + as_toml(rows).encode()
        handle, temporary = tempfile.mkstemp(prefix=".part-", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error


def as_toml(rows: list[dict[str, Any]]) -> str:
    """The rows as `[[source]]` blocks."""
    import tomli_w

    return "\n".join("[[source]]\n" + tomli_w.dumps(row) for row in rows)


def _known(there: Path | None) -> dict[str, str]:
    """What the rows of a sources file mean, each with its id."""
    if there is None or not there.is_file():
        return {}
    try:
        table = tomllib.loads(there.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{there}: not valid TOML: {error}") from error
    rows = [row for row in table.get("source", []) if isinstance(row, dict)]
    return {_identity(row): str(row.get("id")) for row in rows}


def _source(row: Row, tradition: str, kind: Kind | None, language: str) -> dict[str, Any] | str:
    """The row as a source, without an id; or why it is none."""
    cells = {name: text_of(cell) for name, cell in row.cells.items()}
    addresses = _addresses(cells, row.loose)
    title = re.sub(r"\s+", " ", _ADDRESS.sub("", cells.get("title", ""))).strip()
    if not title and not addresses:
        return "no title and no address"
    made: dict[str, Any] = {"kind": "", "language": language, "licence": "unknown"}
    made["tradition"] = fold(cells.get("tradition", "")) or tradition
    wrong = _place(made, addresses, kind, row)
    if wrong:
        return wrong
    title = _numbers(made, title, cells.get("isbn", ""), row)
    if not title and made["kind"] != "youtube" and "url" not in made:
        return "no title and no address"
    made |= {"title": title[:300]} if title else {}
    _people(made, cells, row)
    _country(made, row)
    _licence(made, text_of(row.cells.get("licence")), row)
    if cells.get("note") and not _ADDRESS.fullmatch(cells["note"]):
        row.notes.append(f"Observaciones: {cells['note'][:300]}")
    return _finished(made, row)


def _finished(made: dict[str, Any], row: Row) -> dict[str, Any] | str:
    notes = [n for n in (row.channel, *row.notes) if n]
    if notes:
        made["note"] = "; ".join(notes)[:900]
    try:
        parse(Source, made | {"id": "x"}, "row")
    except ConfigError as error:
        return error.message.removeprefix("row: ")
    return {key: made[key] for key in _ORDER if key in made}


def _addresses(cells: dict[str, str], loose: list[str]) -> list[str]:
    """Every address of the row: those of its column first, then of cells beside it; not the channel's."""
    texts = [cells.get("url", ""), *loose, cells.get("title", ""), cells.get("note", "")]
    found = [a.rstrip(".,;)") for text in texts for a in _ADDRESS.findall(text)]
    return list(dict.fromkeys(found))


def _place(made: dict[str, Any], addresses: list[str], kind: Kind | None, row: Row) -> str | None:
    """Kind and address; why the row cannot be used, or None."""
    url_cell = text_of(row.cells.get("url"))
    if not addresses and url_cell:
        return f"the address {url_cell[:80]!r} is no web address"
    made["kind"] = kind or "pdf"
    if not addresses:
        return None
    first = canonical(addresses[0])
    if "youtube.com" in first or "youtu.be" in first:
        listed = re.search(r"youtube\.com/(?:@|channel/|c/|user/|playlist\?list=)", first)
        if not video_id(first) and not listed:
            return f"{addresses[0][:100]} names no video, channel or playlist"
        made["kind"] = "youtube"
    elif kind is None:
        made["kind"] = "pdf" if ".pdf" in first.lower().partition("?")[0] else "article"
    made["url"] = first
    row.notes += [f"Otra dirección: {other[:200]}" for other in addresses[1:] if canonical(other) != first]
    return None


def _numbers(made: dict[str, Any], title: str, cell: str, row: Row) -> str:
    """ISBN or DOI, from their column or from the title, which is cut there; the title that stays."""
    if doi := _DOI.search(cell):
        made["doi"] = doi.group().rstrip(".,;)")
        return title
    inside = next((m for m in _ISBN.finditer(title) if is_isbn(m.group())), None)
    if inside is not None:
        tail = title[inside.end() :]
        title = title[: inside.start()].rstrip(" -,;:")
        cell = cell or inside.group()
        _tail(row, tail)
    beside = [row.cells.get("country"), row.cells.get("licence"), *row.loose]
    if not cell and (moved := next((text_of(c) for c in beside if c and is_isbn(text_of(c))), None)):
        cell = moved
        row.cells = {k: c for k, c in row.cells.items() if text_of(c) != moved}
    number = re.sub(r"\s+", "", cell)
    if number and is_isbn(number):
        made["isbn"] = number
    elif number:
        row.notes.append(f"ISBN en la lista: {cell}, no válido")
    return title


def _tail(row: Row, tail: str) -> None:
    """Publisher, year and country that follow an ISBN in one cell, where the row has none of its own."""
    words = tail.split()
    country = next((w for w in words if fold(w) in COUNTRY_CODES and len(w) > 2), None)
    year = next((w for w in words if re.fullmatch(r"1[5-9]\d\d|20\d\d", w)), None)
    rest = " ".join(w for w in words if w not in (country, year)).strip(" ,;")
    for name, value in (("country", country), ("date", year), ("author", rest)):
        if value and name not in row.cells:
            row.cells[name] = value


def _people(made: dict[str, Any], cells: dict[str, str], row: Row) -> None:
    """Author and date; one cell may hold both, and the channel's address."""
    author = cells.get("author") or text_of(row.cells.get("author"))
    date = row.cells.get("date")
    if isinstance(date, str) and (
        split := re.match(r"\s*(\d{1,2}[/.-]\d{1,2}[/.-]?\d{2,4})\s*([^\d\s].*)", date, re.DOTALL)
    ):
        date, rest = split[1], split[2]
        author = author or rest
    channel = _ADDRESS.search(author)
    name = re.sub(r"\s+", " ", _ADDRESS.sub("", author)).strip(" ,;:-")
    if name:
        made["author"] = name[:200]
    if channel:
        row.channel = f"Canal: {canonical(channel.group())}"
    day, note = repaired(date)
    if day:
        made["date"] = day
    if note:
        row.notes.append(f"Fecha en la lista: {note}")


def _country(made: dict[str, Any], row: Row) -> None:
    cell = text_of(row.cells.get("country"))
    name = fold(cell).strip(" .")
    if name in COUNTRY_CODES:
        made["country"] = COUNTRY_CODES[name]
    elif name:
        row.notes.append(f"País en la lista: {cell}")


def _licence(made: dict[str, Any], cell: str, row: Row) -> None:
    """A licence that the cell names; never one that has to be guessed."""
    if not cell:
        return
    named = named_in(cell)
    if named is None and (bare := re.fullmatch(r"cc[ -]?by(?:[ -](?:sa|nc|nd))*", fold(cell))):
        row.notes.append(f"Licencia sin versión en la lista: {bare.group()}")
        return
    if (named and publishable(named[0])) or (named and named[0] != "all-rights-reserved"):
        made |= {"licence": named[0], "licence_evidence": f"lista: {cell[:200]}"}
    else:
        row.notes.append(f"Copywrite en la lista: {cell[:100]}")


def _identity(row: dict[str, Any]) -> str:
    """What a row means: its address; else its book and volume by ISBN; else title and author."""
    url = row.get("url")
    if isinstance(url, str) and url:
        return canonical(url)
    title = plain(str(row.get("title") or row.get("id")))
    if row.get("isbn"):
        volume = ".".join(a or b for a, b in _VOLUME.findall(fold(str(row.get("title") or ""))))
        return f"isbn {re.sub('[^0-9xX]', '', str(row['isbn']))} {volume or title[:12]}"
    return f"{title} {plain(str(row.get('author') or ''))}"


def _id(made: dict[str, Any], taken: dict[str, dict[str, Any]]) -> str:
    """A slug by what the row is, the same in every list."""
    video = video_id(made.get("url", ""))
    if video:
        return f"youtube-{_slug(video, keep='_')}-{sha256(video)[:4]}"
    if made["kind"] == "youtube":
        return f"youtube-{_slug(made['url'].rpartition('/')[2])}"[:70]
    slug = _slug(made.get("title") or made["url"].partition("//")[2])[:60].strip("-") or "source"
    return slug if slug not in taken else f"{slug}-{sha256(_identity(made))[:6]}"


def _slug(text: str, keep: str = "") -> str:
    return re.sub(rf"[^a-z0-9{keep}-]+", "-", fold(text)).strip("-") or "x"


def _of_name(name: str) -> Tradition | None:
    folded = fold(name)
    if "natural" in folded:
        return "natural"
    if "tradicional" in folded or "traditional" in folded:
        return "traditional"
    return "alternative" if "alternativ" in folded else None
