"""Spreadsheets and text tables → rows whose cells are known by their headings."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory.errors import ConfigError
from factory.lists.cells import fold, text_of

# A list longer or wider than this is no list of sources; unpacked, a spreadsheet of 100,000 rows has some 30 MB.
MAX_ROWS, MAX_COLUMNS, MAX_UNPACKED = 100_000, 200, 50 * 2**20
_HEADER_ROWS = 40
# Words of a column's heading, accents folded, by what the column holds.
_COLUMNS = {
    "title": ("titulo", "title", "nombre", "name", "obra", "libro", "video"),
    "date": ("fecha", "date", "ano", "year", "publicacion"),
    "author": ("editorial", "autor", "canal", "chanel", "channel", "author", "publisher"),
    "isbn": ("isbn", "doi"),
    "country": ("pais", "country"),
    "licence": ("copywrite", "copyright", "licencia", "licence", "license", "derechos"),
    "note": ("observaciones", "observacion", "notas", "nota", "notes", "comentarios"),
    "url": ("url", "enlace", "link", "direccion", "web", "descarga"),
    "tradition": ("tradicion", "tradition"),
}


@dataclass(slots=True)
class Row:
    """One row of a list by what its cells are; `loose` are those without a heading."""

    sheet: str
    number: int
    cells: dict[str, Any]
    loose: list[str]
    notes: list[str] = field(default_factory=list)
    channel: str = ""


def rows_of(path: Path) -> Iterator[Row]:
    """Every row under a heading that has something in it."""
    sheets = list(_sheets(path))
    headings = 0
    for name, rows in sheets:
        columns: dict[int, str] = {}
        for number, cells in rows:
            if not columns and number <= _HEADER_ROWS + 1:
                columns = _heading(cells)
                headings += bool(columns)
                continue
            if columns and any(text_of(c) for c in cells):
                yield _cells(name, number, cells, columns)
    if not headings:
        raise ConfigError(
            f"{path.name}: no row of headings was found",
            "a list needs columns such as Titulo, Fecha, Autor, ISBN, Pais, Url in one of its first rows",
        )


def _heading(cells: list[Any]) -> dict[int, str]:
    """Which column holds what, if this row is a heading: a title or an address among two known words at least."""
    found: dict[int, str] = {}
    for at, cell in enumerate(cells):
        words = set(re.findall(r"[a-z]+", fold(text_of(cell))))
        if 0 < len(words) <= 6:
            name = next((n for n in ("url", *_COLUMNS) if words & set(_COLUMNS[n]) and n not in found.values()), None)
            if name:
                found[at] = name
    return found if len(found) >= 2 and {"title", "url"} & set(found.values()) else {}


def _cells(sheet: str, number: int, cells: list[Any], columns: dict[int, str]) -> Row:
    named = {columns[at]: cell for at, cell in enumerate(cells) if at in columns and text_of(cell)}
    return Row(sheet, number, named, [text_of(c) for at, c in enumerate(cells) if at not in columns and text_of(c)])


def _sheets(path: Path) -> Iterator[tuple[str, Iterator[tuple[int, list[Any]]]]]:
    suffix = path.suffix.lower()
    if not path.is_file():
        raise ConfigError(f"{path}: no such file")
    if suffix in (".csv", ".tsv", ".txt"):
        yield path.name, _separated(path)
    elif suffix in (".xlsx", ".xlsm"):
        yield from _workbook(path)
    else:
        raise ConfigError(f"{path.name}: a list is .xlsx, .csv or .tsv", "save it as one of these")


def _separated(path: Path) -> Iterator[tuple[int, list[Any]]]:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "cp1252", "latin-1"):
        try:
            text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else encoding)
            break
        except UnicodeDecodeError:
            continue
    head = text[:20_000]
    separator = "\t" if path.suffix.lower() == ".tsv" else max(",;\t|", key=head.count)
    csv.field_size_limit(1_000_000)
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1):
            if number > MAX_ROWS:
                raise ConfigError(f"{path.name}: more than {MAX_ROWS:,} rows")
            yield number, list(cells[:MAX_COLUMNS])
    except csv.Error as error:
        raise ConfigError(f"{path.name}: {error}") from error


def _workbook(path: Path) -> Iterator[tuple[str, Iterator[tuple[int, list[Any]]]]]:
    import warnings

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    damaged = f"{path.name}: not a whole spreadsheet"
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(i.file_size for i in archive.infolist()) > MAX_UNPACKED:
                raise ConfigError(f"{path.name}: unpacked it has more than {MAX_UNPACKED >> 20} MB, no list of sources")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        raise ConfigError(f"{damaged} ({error})") from error
    for sheet in book.worksheets:
        yield sheet.title, _of_sheet(sheet)


def _of_sheet(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """The rows of a sheet that have a cell, however large the sheet says it is."""
    by_row: dict[int, dict[int, Any]] = {}
    for (row, column), cell in sheet._cells.items():
        if row <= MAX_ROWS and column <= MAX_COLUMNS and (cell.value is not None or cell.hyperlink):
            by_row.setdefault(row, {})[column] = _value(cell)
    for row in sorted(by_row):
        yield row, [by_row[row].get(column) for column in range(1, max(by_row[row]) + 1)]


def _value(cell: Any) -> Any:
    """What a cell says; the address behind it too."""
    value, link = cell.value, _link(cell.hyperlink.target or "") if cell.hyperlink else None
    if isinstance(value, str) and (formula := re.match(r'=HYPERLINK\("([^"]*)"', value, re.IGNORECASE)):
        return formula[1]
    return f"{value or ''}\n{link}" if link and link not in str(value) else value


def _link(target: str) -> str | None:
    """The address behind a cell; some programs write `www.` ones as files of a network."""
    found = re.sub(r"^file:/+", "", target).replace("\\", "/").lstrip("/")
    if found.startswith("www."):
        return "https://" + found
    return target if re.match(r"https?://", target) else None
