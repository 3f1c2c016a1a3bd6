"""Dirty lists as rows of a sources file: every row accounted for, every repair said, nothing guessed."""

from __future__ import annotations

import io
import json
import re
import time
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from factory import lists, sources
from factory.cells import addresses, books, countries, dates, header, rights
from factory.cells.tables import Cell
from factory.config import Source, parse
from factory.errors import ConfigError
from tests.command import json_lines, ok, run

HEADER = "Titulo;Fecha de Publicacion;Autor o Chanel;ISBN;Pais;Copywrite;Observaciones;Url certificada de descarga"
VIDEO = "https://www.youtube.com/watch?v=YHY8HGvbXxk"
TO = Path("none.toml")


def csv(folder: Path, *rows: str, header: str = HEADER, name: str = "lista.csv", encoding: str = "utf-8") -> Path:
    file = folder / name
    file.write_bytes("\n".join([header, *rows]).encode(encoding))
    return file


def rows(file: Path, **given: Any) -> list[dict[str, Any]]:
    return lists.plan(file, TO, **given).sources


def one(file: Path, **given: Any) -> dict[str, Any]:
    (row,) = rows(file, **given)
    return row


def book(folder: Path, *sheets: list[list[Any]], name: str = "lista.xlsx") -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for number, table in enumerate(sheets, 1):
        sheet = made.create_sheet(f"Hoja{number}")
        for row in table:
            sheet.append(row)
    made.save(folder / name)
    return folder / name


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "rows", "used", "found", "merged", "unused", "tradition", "code"),
    [
        ("medicne_book_resources.xlsx", 42, 41, 5, 1, 0, "mixed", 0),
        ("medicine_book_naturalhealtcare.xlsx", 24, 23, 5, 0, 1, "natural", 3),
        ("naturalmedicine_resources_from_Youtube.xlsx", 123, 118, 118, 5, 0, "natural", 0),
    ],
)
def test_the_real_lists(
    data: Path,
    tmp_path: Path,
    name: str,
    rows: int,
    used: int,
    found: int,
    merged: int,
    unused: int,
    tradition: str,
    code: int,
) -> None:
    """Counted by hand in the files; the sources load without a problem; a second run changes no byte."""
    to = tmp_path / "sources.toml"
    done = run("sources", "import", data / "source_lists" / name, "--to", to, "--json")
    assert done.returncode == code, done.stderr
    (said,) = json_lines(done.stdout)
    counted = {k: said[k] for k in ("rows", "used", "with_address", "wanted", "merged", "unused", "already_there")}
    assert counted == {
        "rows": rows, "used": used, "with_address": found, "wanted": used - found, "merged": merged, "unused": unused, "already_there": 0,
    }  # fmt: skip
    assert said["tradition"] == tradition
    assert len(said["report"]) == rows
    listed = sources.load(to)
    assert (listed.problems, len(listed.rows)) == ([], used)
    before = to.read_bytes()
    (again,) = json_lines(run("sources", "import", data / "source_lists" / name, "--to", to, "--json").stdout)
    assert (again["used"], again["already_there"], again["merged"]) == (0, used, merged)
    assert to.read_bytes() == before


@pytest.mark.data
def test_the_real_videos_word_for_word(data: Path) -> None:
    """Every distinct id of the file, read without our code, is there once; the difficult rows are repaired."""
    file = data / "source_lists" / "naturalmedicine_resources_from_Youtube.xlsx"
    cells = [str(c) for row in openpyxl.load_workbook(file).active.iter_rows(values_only=True) for c in row if c]
    ids = {found[1] for cell in cells if (found := re.search(r"watch\?v=([\w-]{11})", cell))}
    made = lists.plan(file, TO)
    assert sorted(row["url"] for row in made.sources) == sorted(f"https://www.youtube.com/watch?v={i}" for i in ids)
    by = {row["url"][-11:]: row for row in made.sources}
    teva = by["p3hjtSfUMZ0"]
    assert (teva["date"], teva["author"], teva["country"]) == ("2020-06-02", "Teva Pharmaceuticals España", "ES")
    assert teva["note"] == "Canal: https://www.youtube.com/@TevaPharmaceuticalsEspana2014"
    assert by["_TIL92_wSOs"]["author"] == "Urban Crops Project"  # its address stands one column to the right
    assert by["SGWt2Rm-YD8"]["author"] == "La Guía de las Vitaminas"  # glued to the channel's address
    assert by["xa8kMccHIs8"]["country"] == "ES"  # from the row merged into it
    assert (by["mmarmX7FCB4"]["date"], by["SoN7YkFR6BQ"]["date"]) == ("2020-06", "2014-11-21")
    assert "31/06/2020" in by["mmarmX7FCB4"]["note"]
    assert "country" not in by["rq6DCA5z6AU"]
    assert "País en la lista: África" in by["rq6DCA5z6AU"]["note"]
    assert not any("http" in row.get("author", "") for row in made.sources)
    assert [row["url"][-11:] for row in made.sources if "date" not in row] == ["qcY-s6DEjB0"]  # an empty cell
    merged = {entry.row: entry.why for entry in made.entries if entry.status == "merged"}
    assert merged.keys() == {74, 77, 80, 102, 112}
    assert merged[102] == "the same as row 14"


@pytest.mark.data
def test_the_real_books_word_for_word(data: Path) -> None:
    """ISBN in a title, ISBN under Country, DOI under ISBN, the one licence that is named, the stray row."""
    natural = lists.plan(data / "source_lists" / "medicine_book_naturalhealtcare.xlsx", TO)
    by = {row["id"]: row for row in natural.sources}
    paper = by["contribucion-al-conocimiento-de-las-plantas-medicinales-del"]
    assert (paper["doi"], paper["licence"], paper["licence_evidence"]) == (
        "10.37811/cl_rcm.v6i6.3741",
        "CC-BY-4.0",
        "lista: CC BY 4.0",
    )
    assert [row["id"] for row in natural.sources if row["licence"] != "unknown"] == [paper["id"]]
    chiapas = by["plantas-medicinales-del-patio-de-angel-albino-corzo-chiapas"]
    assert (chiapas["isbn"], "country" in chiapas) == ("978-607-561-075-7", False)
    assert [(e.row, e.why) for e in natural.entries if e.status == "unused"] == [
        (26, "neither a title nor an address: C28")
    ]
    medical = lists.plan(data / "source_lists" / "medicne_book_resources.xlsx", TO)
    assert [(e.row, e.why.split(";")[0]) for e in medical.entries if e.status == "merged"] == [
        (39, "the same as row 25")
    ]
    volumes = [row for row in medical.sources if row.get("isbn") == "959-7132-82-6"]
    assert len(volumes) == 3  # the three volumes of one ISBN
    wrong = {row["title"]: row["note"] for row in medical.sources if "no válido" in row.get("note", "")}
    assert sorted(re.findall(r"lista: (\S+),", " ".join(wrong.values()))) == [
        "959-212-365-6",
        "978-212-570-4",
        "978-959-212-893",
    ]
    assert {row["kind"] for row in medical.sources + natural.sources} == {"pdf"}


@pytest.mark.parametrize(
    ("cell", "date", "sure"),
    [
        (datetime(2023, 5, 14, tzinfo=UTC), "2023-05-14", True),
        (datetime(1905, 7, 3, tzinfo=UTC), "2011", False),  # the year 2011 in a cell formatted as a date
        (45060, "2023-05-14", True),
        ("45060", "2023-05-14", True),
        (19999, None, False),
        (2011, "2011", True),
        ("2011", "2011", True),
        ("2150", None, False),
        ("5/3/2020", "2020-03-05", True),
        ("05-03-20", "2020-03-05", True),
        ("5.3.1998", "1998-03-05", True),
        ("21/112014", "2014-11-21", True),
        ("2111/2014", "2014-11-21", True),
        ("20141121", "2014-11-21", True),
        ("31/06/2020", "2020-06", False),
        ("29/02/2021", "2021-02", False),
        ("12/25/2020", "2020-12-25", False),
        ("13/13/2020", "2020", False),
        ("15 de mayo de 2023", "2023-05-15", True),
        ("1.º de enero de 2021", "2021-01-01", True),
        ("12 oct. 2019", "2019-10-12", True),
        ("mayo 2023", "2023-05", True),
        ("Mayo/2023", "2023-05", True),
        ("May 15, 2023", "2023-05-15", True),
        ("mayo-junio 2023", "2023", False),
        ("2023-05-14T00:00:00", "2023-05-14", True),
        ("14/05/2023 10:33", "2023-05-14", True),
        ("05/2023", "2023-05", True),
        ("3a ed., 2011", "2011", False),
        ("2009/2010", None, False),
        ("2001-2003", None, False),
        ("1998 (reimp. 2005)", None, False),
        ("hace 3 años", None, False),
    ],
)
def test_a_date_says_no_more_than_its_cell(cell: object, date: str | None, sure: bool) -> None:
    """Day first; an impossible day is left out; where the cell says more, it is kept."""
    read = dates.read(cell)
    assert (read.date, read.sure) == (date, sure)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (VIDEO + "&pp=ygUT&t=10", VIDEO),
        ("https://www.youtube.com/watch?list=PL1&v=YHY8HGvbXxk", VIDEO),
        ("https://youtu.be/YHY8HGvbXxk?si=abc", VIDEO),
        ("youtu.be/YHY8HGvbXxk", VIDEO),
        ("https://m.youtube.com/shorts/YHY8HGvbXxk", VIDEO),
        ("http://youtube.com/live/YHY8HGvbXxk?feature=share", VIDEO),
        ("www.youtube.com/embed/YHY8HGvbXxk", VIDEO),
        ("https://www.youtube.com/watch?v=YHY8HGvbXxk?si=abc", VIDEO),
        ("https://www.youtube.com/playlist?list=PLab_c&si=1", "https://www.youtube.com/playlist?list=PLab_c"),
        ("https://www.youtube.com/@Handle.x/videos", "https://www.youtube.com/@Handle.x"),
        ("https://www.youtube.com/watch?v=YHY8HGvbXx", None),
        ("https://www.youtube.com/watch?v=YHY8HGvbXxk1", None),
        ("https://www.youtube.com/results?search_query=x", None),
    ],
)
def test_youtube_has_one_form(given: str, url: str | None) -> None:
    (found,), rest = addresses.found_in(given)
    read = addresses.read(found)
    assert (read.url if isinstance(read, addresses.Address) else None) == url
    assert rest == ""


def test_ids_tell_videos_apart_that_differ_in_case() -> None:
    """An id of YouTube is case-sensitive, ours is not."""
    first, second = (addresses.read(f"https://youtu.be/{i}") for i in ("YHY8HGvbXxk", "yhy8HGvbXxk"))
    assert isinstance(first, addresses.Address)
    assert isinstance(second, addresses.Address)
    assert re.fullmatch(r"youtube-yhy8hgvbxxk-[0-9a-f]{4}", first.name)
    assert first.name[:-4] == second.name[:-4]
    assert first.name != second.name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Projecthttps://a.org/x", ["https://a.org/x"]),
        ("https://a.org/x.pdf https://b.org/y", ["https://a.org/x.pdf", "https://b.org/y"]),
        ("https://a.org/xhttps://b.org/y", ["https://a.org/x", "https://b.org/y"]),
        (
            "https://web.archive.org/web/2020/https://x.org/a.pdf",
            ["https://web.archive.org/web/2020/https://x.org/a.pdf"],
        ),
        ("(ver https://a.org/x_(y)).", ["https://a.org/x_(y)"]),
        ("javascript:alert(1) file:///C:/x.pdf", []),
        ("ana@www.correo.es", []),
    ],
)
def test_addresses_among_words(text: str, found: list[str]) -> None:
    assert addresses.found_in(text)[0] == found


@pytest.mark.parametrize(
    ("cell", "isbns"),
    [
        (" 84-85639-06-5", ["84-85639-06-5"]),
        ("978-959-212-777 -7", ["978-959-212-777-7"]),
        ("9789592126633", ["9789592126633"]),
        ("ISBN-13: 978–959–212–663–3", ["978-959-212-663-3"]),
        ("0-8044-2957-x", ["0-8044-2957-X"]),
        ("978-959-212-638-1 (t. 1), 978-959-212-639-8 (t. 2)", ["978-959-212-638-1", "978-959-212-639-8"]),
        ("978-959-212-893", []),
        ("978-959-212-663-4", []),
    ],
)
def test_an_isbn_is_as_printed_or_not_taken(cell: str, isbns: list[str]) -> None:
    assert books.isbns_in(cell) == isbns


def test_an_isbn_in_a_title_takes_the_imprint_with_it() -> None:
    """A volume named behind it stays; a telephone number is none."""
    split = books.split_title("Anatomía Patológica 978-959-212-663-3 Ciencias médicas 2011 Cuba")
    assert split == books.Split("Anatomía Patológica", "978-959-212-663-3", None, "Ciencias médicas", "2011", "CU")
    assert books.split_title("Pediatría ISBN 959-212-197-4, Tomo 2, 2006").title == "Pediatría Tomo 2"
    assert books.split_title("Consultas 5551234567").title == "Consultas 5551234567"


@pytest.mark.parametrize(
    ("cell", "code"),
    [("Espana", "ES"), ("  MÉXICO ", "MX"), ("EE. UU.", "US"), ("United States", "US"), ("Bogotá, Colombia", "CO"), ("Perú", "PE"),
     ("República Dominicana", "DO"), ("ES", "ES"), ("Madrid", None), ("África", None), ("España/México", None), ("No", None)],
)  # fmt: skip
def test_a_country_is_one_country(cell: str, code: str | None) -> None:
    assert countries.code_of(cell) == code


@pytest.mark.parametrize(
    ("cell", "licence"),
    [
        ("CC BY 4.0", "CC-BY-4.0"),
        ("cc-by-nc-nd-4.0", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/licenses/by-sa/3.0/", "CC-BY-SA-3.0"),
        ("CC BY 3.0 IGO", "CC-BY-3.0-IGO"),
        ("Creative Commons Atribución No Comercial 4.0", "CC-BY-NC-4.0"),
        ("CC0", "CC0-1.0"),
        ("Dominio público", "public-domain"),
        ("Todos los derechos reservados", "all-rights-reserved"),
        ("Si", None),
        ("No se define", None),
        ("CC BY", None),
        ("CC BY 9.9", None),
        ("No es CC BY 4.0", None),
        ("¿CC BY 4.0?", None),
        ("CC BY 4.0 o CC BY-NC 4.0", None),
        ("No es de dominio público", None),
    ],
)
def test_a_licence_is_named_or_unknown(cell: str, licence: str | None, tmp_path: Path) -> None:
    """What is not taken is quoted; what is taken has its cell as evidence."""
    assert rights.licence_of(cell) == licence
    row = one(csv(tmp_path, f"Plantas;;;;;{cell};;"))
    if licence is None:
        assert (row["licence"], row["note"]) == ("unknown", f"Licencia en la lista: {cell}")
    else:
        assert (row["licence"], row["licence_evidence"]) == (licence, f"lista: {cell}")


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("Título del libro", "title"), ("Title", "title"), ("Nombre", "title"), ("Título y autor", "title"),
        ("Fecha de Publicación (dd/mm/aaaa)", "date"), ("Año", "date"), ("Publication date", "date"),
        ("Autor o Chanel", "author"), ("Author(s)", "author"), ("Nombre del canal", "author"), ("Url del canal", "author"),
        ("Casa editorial", "publisher"), ("ISBN-13", "isbn"), ("País/Country", "country"), ("Copywrite", "licence"),
        ("Derechos de autor", "licence"), ("Observasiones", "note"), ("Remarks", "note"), ("Download URL", "url"),
        ("Url certificada de descarga", "url"), ("Link del video", "url"), ("N°", "number"), ("Número de tomo", "volume"),
        ("Editorial Ciencias Médicas", None), ("Plantas Medicinales", None), ("El autor y su obra en el siglo XX", None),
    ],
)  # fmt: skip
def test_a_header_is_known_by_its_words(cell: str, field: str | None) -> None:
    assert header.field_of(cell, strict=True) == field


def test_a_row_of_data_is_no_header() -> None:
    cells = ["Libro de plantas", "2011", "Editorial Sol", "Cuba"]
    assert header.columns_of({i: Cell(c, c) for i, c in enumerate(cells)}) is None


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_text_files_of_every_kind(separator: str, encoding: str, tmp_path: Path) -> None:
    """Reordered columns, an English header, lines above it: the same source each time."""
    head = separator.join(("Link", "Country", "Author", "Title", "Year"))
    body = separator.join(("https://a.org/x.pdf", "Spain", "Núñez", '"Té, flores; y más"', "2011"))
    file = tmp_path / ("lista.tsv" if separator == "\t" else "lista.csv")
    file.write_bytes(f"Mi lista\n\n{head}\n{body}\n".encode(encoding))
    row = one(file)
    assert (row["title"], row["author"], row["country"], row["date"]) == ("Té, flores; y más", "Núñez", "ES", "2011")
    assert (row["kind"], row["url"], row["id"]) == ("pdf", "https://a.org/x.pdf", "te-flores-y-mas")


def test_a_list_of_one_column_keeps_its_commas(tmp_path: Path) -> None:
    file = csv(tmp_path, "Plantas, flores y raíces", "Té", header="Título")
    assert [row["title"] for row in rows(file)] == ["Plantas, flores y raíces", "Té"]


def test_several_sheets_and_odd_corners(tmp_path: Path) -> None:
    """Each sheet has its own header; one without a header is named row by row."""
    none: list[Any] = [None]
    file = book(
        tmp_path,
        [[], ["Libros"], none * 3 + ["Título", "Editorial"], none * 3 + ["Té", "Sol"]],
        [["URL", "Título"], [VIDEO, "Plantas"]],
        [["una nota"]],
    )
    made = lists.plan(file, TO)
    assert [(e.sheet, e.row, e.status) for e in made.entries] == [
        ("Hoja1", 4, "used"),
        ("Hoja2", 2, "used"),
        ("Hoja3", 1, "unused"),
    ]
    assert [row["kind"] for row in made.sources] == ["pdf", "youtube"]


@pytest.mark.parametrize(
    ("url", "kind", "given", "expected"),
    [
        (VIDEO, "youtube", None, "youtube"),
        (VIDEO, "youtube", "article", "youtube"),
        ("https://a.org/x.PDF?1", "pdf", None, "pdf"),
        ("https://a.org/docs/x.pdf/36d1", "pdf", None, "pdf"),
        ("https://a.org/x", "article", None, "article"),
        ("https://a.org/x", "article", "pdf", "pdf"),
        ("", "wanted", None, "pdf"),
        ("", "wanted", "epub", "epub"),
    ],
)
def test_the_kind_is_the_addresses_or_the_one_given(
    url: str, kind: str, given: Any, expected: str, tmp_path: Path
) -> None:
    row = one(csv(tmp_path, f"Plantas;;;;;;;{url}"), kind=given)
    assert row["kind"] == expected
    assert ("url" in row) == (kind != "wanted")


def test_the_address_is_found_wherever_it_stands(tmp_path: Path) -> None:
    """One column to the right, in the remarks, behind a cell, in a formula; never a file or code."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["Título", "Observaciones", "URL"])
    for number in range(2, 8):
        sheet.cell(number, 1, f"Obra {'abcdefgh'[number]}")
    sheet["D2"] = "https://a.org/2.pdf"
    sheet["B3"] = "ver https://a.org/3.pdf"
    sheet["A4"].hyperlink = "https://a.org/4.pdf"
    sheet["C5"] = '=HYPERLINK("https://a.org/5.pdf","abrir")'
    sheet["C6"] = "javascript:alert(1)"
    sheet["C7"] = "abrir"
    sheet["C7"].hyperlink = "file:///C:/7.pdf"
    made.save(tmp_path / "l.xlsx")
    found = rows(tmp_path / "l.xlsx")
    assert [row.get("url") for row in found] == [f"https://a.org/{n}.pdf" for n in (2, 3, 4, 5)] + [None, None]
    assert found[4]["note"] == "Dirección no admitida: javascript:alert(1)"
    assert "Dirección no admitida: file:///C:/7.pdf" in found[5]["note"]


def test_formulas_in_text_files(tmp_path: Path) -> None:
    """HYPERLINK is taken apart, and Excel's way of keeping a number as text."""
    row = one(csv(tmp_path, 'Té;2011;;"=""978-959-212-663-3""";;;;"=HYPERLINK(""https://a.org/x.pdf"";""abrir"")"'))
    assert (row["url"], row["isbn"]) == ("https://a.org/x.pdf", "978-959-212-663-3")


def test_several_addresses_in_a_cell(tmp_path: Path) -> None:
    """The work's own is before a channel's; the others are in the note."""
    row = one(csv(tmp_path, f'Té;;;;;;;"https://www.youtube.com/@Canal\n{VIDEO} https://youtu.be/AAAAAAAAAAA"'))
    assert row["url"] == VIDEO
    assert "https://www.youtube.com/watch?v=AAAAAAAAAAA" in row["note"]
    assert "https://www.youtube.com/@Canal" in row["note"]


def test_a_wrong_video_is_not_used(tmp_path: Path) -> None:
    made = lists.plan(csv(tmp_path, "Té;;;;;;;https://www.youtube.com/watch?v=corto"), TO)
    assert [(e.status, "no video id" in e.why) for e in made.entries] == [("unused", True)]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        (f"A;;;;;;;{VIDEO}&t=1", "B;;;;;;;https://youtu.be/YHY8HGvbXxk", 1),
        ("A;;;;;;;http://www.a.org/x/", "A;;;;;;;https://a.org/x?utm_source=z", 1),
        ("Pediatría;;;959-212-197-4;;;;", "PEDIATRIA.;;;978-959-212-197-3;;;;", 1),
        ("Pediatría;;Sol;;;;;", "pediatria;;SOL;;;;;", 1),
        ("Pediatría;;Sol;;;;;", "Pediatría;;Luna;;;;;", 2),
        ("Pediatría 1;;Sol;;;;;", "Pediatría 2;;Sol;;;;;", 2),
        ("Clínica Tomo 1;;;959-7132-82-6;;;;", "Clínica Tomo 2;;;959-7132-82-6;;;;", 2),
        ("A;;;;;;;https://a.org/x?id=1", "A;;;;;;;https://a.org/x?id=2", 2),
    ],
)
def test_what_is_one_work(first: str, second: str, count: int, tmp_path: Path) -> None:
    """Same address, same ISBN and title, or same title and author; volumes never."""
    made = lists.plan(csv(tmp_path, first, second), TO)
    assert len(made.sources) == count
    assert len({row["id"] for row in made.sources}) == count


def test_a_column_of_volumes_parts_works(tmp_path: Path) -> None:
    found = rows(csv(tmp_path, "Clínica;1;959-7132-82-6", "Clínica;2;959-7132-82-6", header="Título;Tomo;ISBN"))
    assert [row["title"] for row in found] == ["Clínica Tomo 1", "Clínica Tomo 2"]


def test_merging_fills_gaps_across_a_chain(tmp_path: Path) -> None:
    """A row that ties two earlier ones together joins all three; the report names the first."""
    isbn = "978-959-212-663-3"
    made = lists.plan(
        csv(tmp_path, f"Té;;;{isbn};;;;", "Té;2011;;;;;;https://a.org/x", f"Té;;Sol;{isbn};Cuba;CC0;;https://a.org/x"),
        TO,
    )
    (row,) = made.sources
    assert (row["isbn"], row["date"], row["author"], row["country"], row["licence"]) == (
        isbn,
        "2011",
        "Sol",
        "CU",
        "CC0-1.0",
    )
    assert [(e.status, e.id) for e in made.entries] == [("used", "te"), ("merged", "te"), ("merged", "te")]


def test_an_id_depends_on_its_own_row(tmp_path: Path) -> None:
    """Reversed or alone, each row keeps its id; only a real collision makes it longer."""
    lines = [
        "Té;;;;;;;https://a.org/1",
        "Flores;;;;;;;https://a.org/2",
        f";;;;;;;{VIDEO}",
        ";;;;;;;https://a.org/x/guia.html",
    ]
    together = {row["url"]: row["id"] for row in rows(csv(tmp_path, *lines))}
    assert {row["url"]: row["id"] for row in rows(csv(tmp_path, *reversed(lines)))} == together
    for line in lines:
        row = one(csv(tmp_path, line))
        assert together[row["url"]] == row["id"]
    twins = [row["id"] for row in rows(csv(tmp_path, "Té;;;;;;;https://a.org/1", "Té;;;;;;;https://a.org/2"))]
    assert twins[0] == "te"
    assert re.fullmatch("te-[0-9a-f]{6}", twins[1])


def test_long_foreign_and_dirty_titles(tmp_path: Path) -> None:
    """An id has at most 60 characters of the title; control characters are gone."""
    found = rows(csv(tmp_path, "Ñandú " * 40 + ";;;;;;;", "草药学;;;;;;;", "A\x07lo\u202ee\x1b[31m vera;;;;;;;"))
    assert len(found[0]["id"]) <= 60
    assert re.fullmatch("work-[0-9a-f]{8}", found[1]["id"])
    assert found[2]["title"] == "A loe [31m vera"
    for row in found:
        parse(Source, row, "x")


def test_channels_leave_the_author(tmp_path: Path) -> None:
    """Author and address apart; a date with both behind it gives all three."""
    lines = [
        'Té;;"EcologíaVerde\n https://www.youtube.com/@Eco";;;;;' + VIDEO,
        'Té;"2/06/2020Teva España\nhttps://www.youtube.com/@Teva2014";;;;;;https://youtu.be/AAAAAAAAAAA',
    ]
    found = rows(csv(tmp_path, *lines))
    assert [(r["author"], r["note"], r.get("date")) for r in found] == [
        ("EcologíaVerde", "Canal: https://www.youtube.com/@Eco", None),
        ("Teva España", "Canal: https://www.youtube.com/@Teva2014", "2020-06-02"),
    ]


def test_what_no_field_takes_is_in_the_note(tmp_path: Path) -> None:
    """Unknown columns under their name, remarks as they are, a publisher beside an author."""
    row = one(csv(tmp_path, "Té;Ana;Sol;muy bueno;300", header="Título;Autor;Editorial;Notas;Páginas"))
    assert (row["author"], row["note"]) == ("Ana", "Editorial: Sol; muy bueno; Páginas: 300")


def test_merged_cells(tmp_path: Path) -> None:
    """A value merged downwards is every row's; a text across columns is a heading, no work."""
    made = openpyxl.Workbook()
    for row in (["Título", "Editorial", "País"], ["LIBROS DE CUBA"], ["Té", "Sol", "Cuba"], ["Flores"]):
        made.active.append(row)
    made.active.merge_cells("A2:C2")
    made.active.merge_cells("B3:B4")
    made.save(tmp_path / "l.xlsx")
    plan = lists.plan(tmp_path / "l.xlsx", TO)
    assert [(e.row, e.status) for e in plan.entries] == [(2, "unused"), (3, "used"), (4, "used")]
    assert [row["author"] for row in plan.sources] == ["Sol", "Sol"]


def test_the_file_is_only_added_to(tmp_path: Path) -> None:
    """Comments and rows stay byte for byte; what is there by id, address or ISBN and title is not repeated."""
    to = tmp_path / "sources.toml"
    mine = (
        "# mine\n[[source]] # the first\nid = 'te'\nkind='pdf'\nlanguage='es'\ntradition='natural'\nlicence='unknown'\ntitle='Té (corregido)'\n\n"
        f"[[source]]\nid='v'\nkind='youtube'\nurl='{VIDEO}&t=3'\nlanguage='es'\ntradition='natural'\nlicence='unknown'\n\n"
        "[[source]]\nid='b'\nkind='pdf'\nlanguage='es'\ntradition='natural'\nlicence='unknown'\ntitle='Pediatría'\nisbn='9789592121973'"
    )
    to.write_text(mine)
    file = csv(tmp_path, "Té;;;;;;;", f"x;;;;;;;{VIDEO}", "Pediatria;;;959-212-197-4;;;;", "Nuevo;;;;;;;")
    said = json.loads(ok("sources", "import", file, "--to", to, "--json"))
    assert [(e["status"], e["id"]) for e in said["report"]] == [
        ("already_there", "te"), ("already_there", "v"), ("already_there", "b"), ("used", "nuevo"),
    ]  # fmt: skip
    after = to.read_text()
    assert after.startswith(mine + "\n")
    assert list(sources.load(to).rows) == ["te", "v", "b", "nuevo"]
    ok("sources", "import", file, "--to", to)
    assert to.read_text() == after
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lista.csv", "sources.toml"]


def test_another_work_of_the_same_title_is_added(tmp_path: Path) -> None:
    """Its ISBN says that it is another; the next run knows it."""
    to = tmp_path / "sources.toml"
    ok("sources", "import", csv(tmp_path, "Dermatología;;;959-212-197-4;;;;"), "--to", to)
    other = csv(tmp_path, "Dermatología;;;978-959-212-663-3;;;;", name="otra.csv")
    ok("sources", "import", other, "--to", to)
    assert len(sources.load(to).rows) == 2
    before = to.read_bytes()
    ok("sources", "import", other, "--to", to)
    assert to.read_bytes() == before


def test_short_rows_and_foreign_line_ends(tmp_path: Path) -> None:
    """A block is a block however short it is; a file of Windows stays one."""
    to = tmp_path / "s.toml"
    to.write_bytes(b"# mine\r\n")
    ok("sources", "import", csv(tmp_path, "Té;;;;;;;"), "--to", to)
    assert b"[[source]]\r\n" in to.read_bytes()
    assert re.search(rb"(?<!\r)\n", to.read_bytes()) is None
    assert tomllib.loads(to.read_text())["source"][0]["title"] == "Té"


def test_a_file_that_cannot_be_added_to_stays(tmp_path: Path) -> None:
    to = tmp_path / "s.toml"
    to.write_text("source = []\n")
    done = run("sources", "import", csv(tmp_path, "Té;;;;;;;"), "--to", to)
    assert (done.returncode, to.read_text()) == (2, "source = []\n")
    assert "cannot be appended" in done.stderr.replace("\n", " ")


def test_a_dry_run_prints_what_would_be_added(tmp_path: Path) -> None:
    """Standard output is the TOML alone; no file comes to be."""
    file = csv(tmp_path, "Té;31/06/2020;;;;;;")
    done = run(
        "sources",
        "import",
        file,
        "--to",
        tmp_path / "s.toml",
        "--dry-run",
        "--tradition",
        "traditional",
        "--language",
        "gl",
    )
    (row,) = tomllib.loads(done.stdout)["source"]
    assert (row["id"], row["tradition"], row["language"], row["date"]) == ("te", "traditional", "gl", "2020-06")
    assert "1 rows: 1 used (0 with an address, 1 wanted), 0 merged, 0 not used, 0 already there" in done.stderr
    assert "tradition traditional: given" in done.stderr
    assert "lista.csv, row 2: used: Fecha en la lista: 31/06/2020" in done.stderr
    assert not (tmp_path / "s.toml").exists()


@pytest.mark.parametrize(
    ("name", "tradition"),
    [("medicina_natural.csv", "natural"), ("Medicina-Tradicional.csv", "traditional"), ("alternativas.csv", "alternative"), ("libros.csv", "mixed")],
)  # fmt: skip
def test_the_tradition_is_in_the_files_name(name: str, tradition: str, tmp_path: Path) -> None:
    made = lists.plan(csv(tmp_path, "Té;;;;;;;", name=name), TO)
    assert (made.tradition, made.sources[0]["tradition"]) == (tradition, tradition)


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    """Used, merged, not used and already there add up to the rows that are not empty."""
    to = tmp_path / "s.toml"
    ok("sources", "import", csv(tmp_path, "Té;;;;;;;"), "--to", to)
    file = csv(
        tmp_path,
        "Té;;;;;;;",
        ";;;;;;;",
        "",
        "Flores;;;;;;;",
        "flores;;;;;;;",
        "   ;;;;C28;;;",
        "C28;;;;;;;",
        "Total: 3;;;;;;;",
        HEADER,
        "Raíz;;;;;;;",
    )
    done = run("sources", "import", file, "--to", to, "--json")
    said = json.loads(done.stdout)
    assert done.returncode == 3
    assert [(e["row"], e["status"]) for e in said["report"]] == [
        (2, "already_there"), (5, "used"), (6, "merged"), (7, "unused"), (8, "unused"), (9, "unused"), (10, "unused"), (11, "used"),
    ]  # fmt: skip
    assert said["rows"] == said["used"] + said["merged"] + said["unused"] + said["already_there"] == 8


def hostile(folder: Path, name: str) -> Path:
    """A file that is not what a list should be."""
    file = folder / name
    good = book(folder, [["Título", "Autor"], ["Té", "Ana"]], name="good.xlsx").read_bytes()
    if name == "bomb.xlsx":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", b" " * (51 * 2**20))
    else:
        file.write_bytes({
            "cut.xlsx": good[: len(good) // 2], "text.xlsx": b"Titulo;URL\n", "empty.xlsx": b"", "old.xlsx": b"\xd0\xcf\x11\xe0" + bytes(99),
            "other.xlsx": _zip({"hola.txt": b"x"}), "list.docx": b"x", "binary.csv": b"\x00\x01\x02", "headless.csv": b"uno;dos\ntres;cuatro\n",
            "quote.csv": f'{HEADER}\n"Té;;;;;;;\nFlores;;;;;;;\n'.encode(), "empty.csv": b"",
        }[name])  # fmt: skip
    return file


def _zip(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bomb.xlsx", "unpacked it would be 51 MB"),
        ("cut.xlsx", "damaged"),
        ("text.xlsx", "damaged"),
        ("empty.xlsx", "damaged"),
        ("other.xlsx", "damaged"),
        ("old.xlsx", "old or password-protected"),
        ("list.docx", "a list is an .xlsx, .csv or .tsv file"),
        ("binary.csv", "no text file"),
        ("headless.csv", "no row names the columns"),
        ("empty.csv", "no row names the columns"),
        ("quote.csv", "row 2: a quotation mark is opened and never closed"),
    ],
)
@pytest.mark.survive(9, "2 for a file that is no list")
def test_a_file_that_is_no_list_is_one_sentence(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        lists.plan(hostile(tmp_path, name), TO)
    assert said in told.value.message


def test_a_missing_file_ends_2(tmp_path: Path) -> None:
    done = run("sources", "import", tmp_path / "none.xlsx")
    assert (done.returncode, "none.xlsx: No such file" in done.stderr.replace("\n", " ")) == (2, True)


@pytest.mark.survive(4, "sheets that claim millions of cells")
def test_what_a_sheet_claims_costs_nothing(tmp_path: Path) -> None:
    """A dimension, a merged range and a link over the whole sheet, and rows and columns beyond the limits."""
    good = book(tmp_path, [["Título", "Autor"], ["Té", "Ana"]])
    parts = {i.filename: zipfile.ZipFile(good).read(i) for i in zipfile.ZipFile(good).infolist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    sheet = re.sub(r'<dimension ref="[^"]*"', '<dimension ref="A1:XFD1048576"', sheet)
    far = '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>Lejos</t></is></c></row>'
    wide = '<row r="3"><c r="XFD3" t="inlineStr"><is><t>Ancho</t></is></c></row>'
    claims = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells><hyperlinks><hyperlink ref="A1:XFD1048576" location="x"/></hyperlinks>'
    sheet = sheet.replace("</sheetData>", f"{wide}{far}</sheetData>{claims}")
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    (tmp_path / "huge.xlsx").write_bytes(_zip(parts))
    began = time.monotonic()
    made = lists.plan(tmp_path / "huge.xlsx", TO)
    assert time.monotonic() - began < 20
    assert [(e.row, e.status) for e in made.entries] == [(2, "used"), (1048576, "unused")]
    assert "beyond row 100,000" in made.entries[1].why


@pytest.mark.parametrize("date", ["2011", "2011-05", "2011-05-14", None])
def test_a_source_may_have_a_date(date: str | None) -> None:
    """Year, month or day; anything else is refused."""
    row = {"id": "a", "kind": "pdf", "language": "es", "tradition": "natural", "licence": "unknown"}
    assert parse(Source, row | {"date": date}, "x").date == date
    with pytest.raises(ConfigError, match="date"):
        parse(Source, row | {"date": "14/05/2011"}, "x")


def test_a_wanted_book_is_filled(tmp_path: Path, samples: Path) -> None:
    """`factory ingest pdf FILE --source ID` gives it its bytes; the list says so."""
    to, home = tmp_path / "sources.toml", tmp_path / "home"
    ok("sources", "import", csv(tmp_path, "Un libro;1999;Ana;;;;;"), "--to", to)
    (row,) = json_lines(ok("sources", "list", to, "--json", home=home))
    assert row["state"] == "wanted"
    ok("ingest", "pdf", next(samples.rglob("*.pdf")), "--source", "un-libro", "--sources", to, home=home)
    (row,) = json_lines(ok("sources", "list", to, "--json", home=home))
    assert (row["state"], row["stored"], row["publishable"]) == ("fetched", 1, False)
