"""The tables of an .xlsx, .csv or .tsv file: rows of cells by number, bounded whatever the file claims."""

from __future__ import annotations

import csv
import io
import itertools
import os
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from factory.cells.text import text_of
from factory.errors import ConfigError

# A list of sources is written by people: beyond these numbers stands a mistake or an attack.
MAX_ROWS = 100_000
MAX_COLUMNS = 200
MAX_BYTES = 50 * 2**20
# Merged ranges that are filled down at most, and how far: a range over a whole sheet is no list.
_MAX_MERGED = 5_000
_MAX_MERGED_ROWS = 1_000
_SEPARATORS = (",", ";", "\t", "|")
# Rows among which a header is looked for, with empty ones between.
_HEAD = 2_000
# Stands in no text: a file of one column is parted by nothing.
_NO_SEPARATOR = "\x1f"
_HYPERLINK = re.compile(
    r'\s*=\s*\+?(?:HYPERLINK|HIPERV[IÍ]NCULO)\(\s*"((?:[^"]|"")*)"\s*(?:[,;]\s*"((?:[^"]|"")*)"\s*)?(?:[,;][^"]*)?\)\s*',
    re.IGNORECASE,
)
# Excel's way of keeping a number as text in a .csv.
_QUOTED = re.compile(r'\s*="((?:[^"]|"")*)"\s*')
# Everything that openpyxl and what it stands on raise for a file that is not what it says.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ParseError,
    SyntaxError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell's value, the same as one line of text, and the address behind it."""

    value: object
    text: str
    link: str | None = None


Row = dict[int, Cell]


@dataclass(slots=True)
class Table:
    """A sheet: its rows that hold anything, the merged ranges, and the numbers of the rows beyond the limit."""

    name: str
    rows: dict[int, Row] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    beyond: list[int] = field(default_factory=list)


def read(path: Path, score: Callable[[Table], int]) -> list[Table]:
    """The file's tables; `score` says how well a way of parting a text file into columns fits.

    Raises ConfigError if the file cannot be read.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: the file is larger than {MAX_BYTES >> 20} MB; that is no list of sources")
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {os.strerror(error.errno) if error.errno else error}") from error
    if data.startswith(b"PK\x03\x04"):
        return _workbook(path, data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ConfigError(f"{path}: an old or password-protected Excel file", "save it as .xlsx without a password")
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        raise ConfigError(f"{path}: this is no .xlsx file, or a damaged one", "open it and save it again as .xlsx")
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        raise ConfigError(f"{path}: a list is an .xlsx, .csv or .tsv file", "save it as one of these")
    return [_best(path, _decoded(path, data), score)]


def _decoded(path: Path, data: bytes) -> str:
    """The text: by its mark, as UTF-8, else as Excel writes it in the West."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ConfigError(f"{path}: this is no text file", "save it as .csv in UTF-8")


def _best(path: Path, text: str, score: Callable[[Table], int]) -> Table:
    """The table by the separator under which most columns have a known name."""
    scores = {separator: score(_head(path, text, separator)) for separator in _SEPARATORS}
    best = max(_SEPARATORS, key=scores.__getitem__)
    return _parted(path, text, best if scores[best] > 1 else _NO_SEPARATOR)


def _head(path: Path, text: str, separator: str) -> Table:
    """The first rows, parted by a separator."""
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return _table(path, list(itertools.islice(records, _HEAD)))
    except csv.Error as error:
        raise ConfigError(f"{path}: not a table of text: {error}", "save it as .csv in UTF-8") from error


def _parted(path: Path, text: str, separator: str) -> Table:
    """Every row. Raises ConfigError where a quotation mark swallows the rest of the file."""
    # The last line is ours: it comes back alone unless a quotation mark before it was never closed.
    lines = io.StringIO(text.rstrip("\r\n") + "\n\x1e\n", newline="")
    try:
        records = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise ConfigError(f"{path}: not a table of text: {error}", "save it as .csv in UTF-8") from error
    if records.pop() != ["\x1e"]:
        raise ConfigError(
            f"{path}, row {len(records) + 1}: a quotation mark is opened and never closed", "close it or remove it"
        )
    return _table(path, records)


def _table(path: Path, records: list[list[str]]) -> Table:
    table = Table(path.name)
    for number, record in enumerate(records, 1):
        _keep(table, number, {i: _cell(value) for i, value in enumerate(record[:MAX_COLUMNS], 1) if value.strip()})
    return table


def _cell(value: object, link: str | None = None) -> Cell:
    """The cell of a value; a HYPERLINK formula in it is taken apart."""
    if isinstance(value, str):
        if found := _HYPERLINK.fullmatch(value):
            link = found[1].replace('""', '"')
            value = (found[2] or "").replace('""', '"')
        elif found := _QUOTED.fullmatch(value):
            value = found[1].replace('""', '"')
    return Cell(value, text_of(value), link and text_of(link))


def _keep(table: Table, number: int, cells: Row) -> None:
    kept = {column: cell for column, cell in cells.items() if cell.text or cell.link}
    if not kept:
        return
    if number > MAX_ROWS:
        table.beyond.append(number)
    else:
        table.rows[number] = kept


def _workbook(path: Path, data: bytes) -> list[Table]:
    """Every sheet of the workbook. Raises ConfigError if it is damaged, too large or no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > MAX_BYTES:
            raise ConfigError(
                f"{path}: unpacked it would be {size >> 20} MB, more than the {MAX_BYTES >> 20} MB a list may have"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the library does not know (validations, themes) is no text
            return _sheets(data)
    except _DAMAGED as error:
        raise ConfigError(
            f"{path}: this is no .xlsx file, or a damaged one", "open it and save it again as .xlsx"
        ) from error


def _sheets(data: bytes) -> list[Table]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        return [_sheet(book, sheet) for sheet in book.worksheets]
    finally:
        book.close()


def _sheet(book: Any, sheet: Any) -> Table:
    """The cells that are stored, not those that the sheet's dimension or its merged ranges claim."""
    table = Table(sheet.title)
    values, parser = _parsed(book, sheet, data_only=True)
    links = _links(book, sheet, parser)
    with sheet._get_source() as stream:
        formulas = b"HYPERLINK(" in stream.read().upper()
    if formulas:
        for place, value in _parsed(book, sheet, data_only=False)[0].items():
            if isinstance(value, str) and (found := _HYPERLINK.fullmatch(value)):
                links[place] = found[1].replace('""', '"')
                values[place] = values.get(place) or (found[2] or "").replace('""', '"')
    rows: dict[int, Row] = {}
    for place in values.keys() | links.keys():
        rows.setdefault(place[0], {})[place[1]] = _cell(values.get(place), links.get(place))
    for number in sorted(rows):
        _keep(table, number, dict(sorted(rows[number].items())))
    merged = parser.merged_cells.mergeCell if parser.merged_cells else ()
    bounds = [(m.min_row, m.min_col, m.max_row, m.max_col) for m in list(merged)[:_MAX_MERGED]]
    table.merged = [b for b in bounds if b[2] - b[0] < _MAX_MERGED_ROWS]
    return table


def _parsed(book: Any, sheet: Any, *, data_only: bool) -> tuple[dict[tuple[int, int], object], Any]:
    from openpyxl.worksheet._reader import WorkSheetParser

    found: dict[tuple[int, int], object] = {}
    with sheet._get_source() as stream:
        parser = WorkSheetParser(
            stream,
            sheet._shared_strings,
            data_only=data_only,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for _, cells in parser.parse():
            for cell in cells:
                if cell["value"] is not None and cell["data_type"] != "e" and cell["column"] <= MAX_COLUMNS:
                    found[cell["row"], cell["column"]] = cell["value"]
    return found, parser


def _links(book: Any, sheet: Any, parser: Any) -> dict[tuple[int, int], str]:
    """The addresses stored on cells; one over a range belongs to its first cell."""
    from openpyxl.packaging.relationship import get_dependents, get_rels_path
    from openpyxl.utils.cell import range_boundaries

    name = get_rels_path(sheet._worksheet_path).lstrip("/")
    known = get_dependents(book._archive, name) if name in book._archive.namelist() else None
    targets = {one.Id: one.Target for one in known or ()}
    found = {}
    for link in parser.hyperlinks.hyperlink:
        column, row, _, _ = range_boundaries(link.ref)
        target = targets.get(link.id)
        if target and column and row and column <= MAX_COLUMNS:
            found[row, column] = f"{target}#{link.location}" if link.location else target
    return found
