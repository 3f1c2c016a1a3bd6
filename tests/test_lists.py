"""The mission's own lists, and others as dirty, → rows of a sources file."""

from __future__ import annotations

import datetime
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from factory import sources
from factory.errors import ConfigError
from factory.lists import Import, as_toml, read
from factory.lists.cells import repaired
from tests.command import ok, run

HEAD = [
    "Titulo",
    "Fecha de Publicacion",
    "Autor o Chanel",
    "ISBN",
    "Pais",
    "Copywrite",
    "Observaciones",
    "Url certificada",
]
VIDEO = "https://www.youtube.com/watch?v="


def sheet(folder: Path, *rows: list[Any], head: list[Any] | None = None, at: tuple[int, int] = (7, 3)) -> Path:
    """A spreadsheet whose heading stands somewhere in the middle."""
    book = openpyxl.Workbook()
    for down, row in enumerate([head or HEAD, *rows]):
        for right, value in enumerate(row):
            if value is not None:
                book.active.cell(at[0] + down, at[1] + right, value)
    path = folder / "lista.xlsx"
    book.save(path)
    return path


def one(folder: Path, *cells: Any) -> dict[str, Any]:
    """The source that one row becomes."""
    found = read(sheet(folder, list(cells)), "natural", None, "es", None)
    assert [line.status for line in found.lines] == ["used"], found.lines
    return found.rows[0]


def statuses(found: Import) -> list[str]:
    return [line.status for line in found.lines]


@pytest.mark.data
def test_the_missions_lists(data: Path, tmp_path: Path) -> None:
    """Every row of 42, 24 and 123 is used, merged or not used with its reason; the file is valid; again nothing changes."""
    target = tmp_path / "sources.toml"
    expected = {
        "medicne_book_resources": (41, 1, 0, 5, 36),
        "medicine_book_naturalhealtcare": (23, 0, 1, 5, 18),
        "naturalmedicine_resources_from_Youtube": (118, 5, 0, 118, 0),
    }
    for name, (used, merged, unused, placed, wanted) in expected.items():
        done = run("sources", "import", data / f"source_lists/{name}.xlsx", "--to", target, "--json")
        assert done.returncode == (3 if unused else 0), done.stderr
        said = json.loads(done.stdout)
        assert (said["used"], said["merged"], said["unused"], said["already_there"]) == (used, merged, unused, 0)
        rows = [r for r in sources.load(target).rows.values() if r.id in {line["id"] for line in said["rows"]}]
        assert (sum(r.url is not None for r in rows), sum(r.url is None for r in rows)) == (placed, wanted)
    listed = sources.load(target)
    assert listed.problems == []
    assert len(listed.rows) == 182
    assert {r.licence for r in listed.rows.values()} == {"unknown", "CC-BY-4.0"}
    assert all("pp=" not in (r.url or "") for r in listed.rows.values())
    before = target.read_bytes()
    for name in expected:
        again = json.loads(
            run("sources", "import", data / f"source_lists/{name}.xlsx", "--to", target, "--json").stdout
        )
        assert again["used"] == 0
        assert again["already_there"] + again["unused"] == len(again["rows"])
    assert target.read_bytes() == before
    rows = [json.loads(line) for line in ok("sources", "list", target, "--json").splitlines()]
    assert sum(row["state"] == "wanted" for row in rows) == 54


@pytest.mark.data
def test_what_was_repaired_in_them(data: Path) -> None:
    """The dirt that is known to be in the lists."""
    found = read(data / "source_lists/naturalmedicine_resources_from_Youtube.xlsx", None, None, "es", None)
    by_url = {r["url"].rpartition("=")[2]: r for r in found.rows}
    assert by_url["mmarmX7FCB4"]["date"] == "2020-06"
    assert "31/06/2020" in by_url["mmarmX7FCB4"]["note"]
    teva = by_url["p3hjtSfUMZ0"]
    assert (teva["date"], teva["author"], teva["country"]) == ("2020-06-02", "Teva Pharmaceuticals España", "ES")
    assert by_url["SoN7YkFR6BQ"]["date"] == "2014-11-21"
    assert by_url["_TIL92_wSOs"]["title"].startswith("5 Nuevas PLANTAS")
    assert by_url["SGWt2Rm-YD8"]["author"] == "La Guía de las Vitaminas"
    books = read(data / "source_lists/medicine_book_naturalhealtcare.xlsx", None, None, "es", None)
    chiapas = next(r for r in books.rows if "chiapas" in r["id"])
    assert (chiapas["isbn"], chiapas["date"]) == ("978-607-561-075-7", "2020")
    puebla = next(r for r in books.rows if "Tlatlauquitepec" in r["title"])
    assert (puebla["doi"], puebla["licence"], puebla["country"]) == ("10.37811/cl_rcm.v6i6.3741", "CC-BY-4.0", "MX")
    assert [line.why for line in books.lines if line.status == "unused"] == ["no title and no address"]


@pytest.mark.parametrize(
    ("cell", "day", "noted"),
    [
        (datetime.date(2023, 5, 14), "2023-05-14", False),
        (45060, "2023-05-14", False),
        ("45060", "2023-05-14", False),
        (45060.0, "2023-05-14", False),
        (1996, "1996", False),
        ("2008 ", "2008", False),
        ("02/06/2020", "2020-06-02", False),
        ("2-6-20", "2020-06-02", False),
        ("2.6.1998", "1998-06-02", False),
        ("21/112014", "2014-11-21", False),
        ("31/06/2020", "2020-06", True),
        ("30/02/2021", "2021-02", True),
        ("14/13/2020", "2020", True),
        ("2020-06-02", "2020-06-02", False),
        ("2020-06-02T10:00:00", "2020-06-02", False),
        ("2020/06", "2020-06", False),
        ("15 de mayo de 2023", "2023-05-15", False),
        ("Mayo 2023", "2023-05", False),
        ("sept. 2019", "2019-09", False),
        ("3 nov 2019", "2019-11-03", False),
        ("c. 1987, 2.ª ed.", "1987", True),
        ("hace poco", None, True),
        (7, None, True),
        ("", None, False),
        (None, None, False),
    ],
)
def test_dates(cell: Any, day: str | None, noted: bool) -> None:
    """Repaired as far as the cell says; a day that cannot be is never replaced by another."""
    found, note = repaired(cell)
    assert found == day
    assert (note is not None) is noted


@pytest.mark.parametrize(
    ("address", "url"),
    [
        (f"{VIDEO}YHY8HGvbXxk&pp=ygUTcGxhbnRhcw%3D%3D", f"{VIDEO}YHY8HGvbXxk"),
        ("https://youtu.be/YHY8HGvbXxk?t=30", f"{VIDEO}YHY8HGvbXxk"),
        ("https://m.youtube.com/watch?app=desktop&v=YHY8HGvbXxk&list=PL1", f"{VIDEO}YHY8HGvbXxk"),
        ("https://www.youtube.com/shorts/YHY8HGvbXxk?feature=share", f"{VIDEO}YHY8HGvbXxk"),
        ("https://www.youtube.com/live/YHY8HGvbXxk", f"{VIDEO}YHY8HGvbXxk"),
        ("youtube.com/watch?v=YHY8HGvbXxk", f"{VIDEO}YHY8HGvbXxk"),
        ("https://youtube.com/@EcologiaVerde?si=abc", "https://www.youtube.com/@EcologiaVerde"),
        ("https://www.youtube.com/playlist?list=PLabc&si=1", "https://www.youtube.com/playlist?list=PLabc"),
    ],
)
def test_addresses_of_videos(tmp_path: Path, address: str, url: str) -> None:
    """One spelling for a video, channel or playlist."""
    made = one(tmp_path, "Vídeo", None, None, None, None, None, None, address)
    assert (made["url"], made["kind"]) == (url, "youtube")


def test_other_addresses_and_places_of_them(tmp_path: Path) -> None:
    """A PDF, a page, an address in the next column, in a formula, behind a cell, beside another."""
    rest = [None] * 6
    assert one(tmp_path, "L", *rest, "https://a.org/x/libro-2.pdf?1")["kind"] == "pdf"
    assert one(tmp_path, "L", *rest, "https://a.org/articulo")["kind"] == "article"
    assert one(tmp_path, "L", *rest, None, f"{VIDEO}YHY8HGvbXxk")["kind"] == "youtube"
    assert one(tmp_path, "L", *rest, '=HYPERLINK("https://a.org/b.pdf","aquí")')["url"] == "https://a.org/b.pdf"
    two = one(tmp_path, "L", *rest, "https://a.org/b.pdf y https://a.org/c.pdf")
    assert "Otra dirección: https://a.org/c.pdf" in two["note"]
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(["Con enlace", 2001])
    book.active["A2"].hyperlink = "https://a.org/d.pdf"
    book.save(tmp_path / "h.xlsx")
    assert read(tmp_path / "h.xlsx", None, None, "es", None).rows[0]["url"] == "https://a.org/d.pdf"


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (["Vídeo", *[None] * 6, f"{VIDEO}corto"], "names no video"),
        (["Vídeo", *[None] * 6, "javascript:alert(1)"], "no web address"),
        (["Vídeo", *[None] * 6, "file:///etc/passwd"], "no web address"),
        ([None, 2001, "Solo un autor"], "no title"),
        ([None, None, None, None, "Cuba"], "no title"),
    ],
)
def test_rows_that_cannot_be_used(tmp_path: Path, cells: list[Any], why: str) -> None:
    """Each with its reason; the others are used."""
    found = read(sheet(tmp_path, cells, ["Un libro", 1999]), None, None, "es", None)
    assert statuses(found) == ["unused", "used"]
    assert why in found.lines[0].why


def test_books(tmp_path: Path) -> None:
    """ISBN checked, from its column or the title; DOI told apart; country as a code; a licence only as it is named."""
    good = one(tmp_path, "Libro", 2001, "Omega", " 84-282-1067-5", "Espana", "CC BY-SA 4.0", "buen libro", None)
    assert (good["isbn"], good["country"], good["licence"]) == ("84-282-1067-5", "ES", "CC-BY-SA-4.0")
    assert good["licence_evidence"] == "lista: CC BY-SA 4.0"
    bad = one(tmp_path, "Libro", 2001, "Omega", "84-282-1067-4", "Madrid", "Sí", None, None)
    assert "isbn" not in bad
    assert bad["licence"] == "unknown"
    assert "country" not in bad
    assert all(said in bad["note"] for said in ("84-282-1067-4", "Madrid", "Sí"))
    inside = one(tmp_path, "Anatomía 978-959-212-663-3 Ciencias médicas 2011 Cuba", None, None)
    assert (inside["title"], inside["author"], inside["date"], inside["country"]) == (
        "Anatomía", "Ciencias médicas", "2011", "CU",
    )  # fmt: skip
    assert one(tmp_path, "L", None, None, "10.37811/x.y")["doi"] == "10.37811/x.y"
    assert one(tmp_path, "L\u2066 con\ncontrol\u202e", None, None)["title"] == "L con control"


def test_what_repeats_is_merged_and_volumes_are_not(tmp_path: Path) -> None:
    """The same video; the same book by ISBN or by title and author; never two volumes; a later row fills gaps."""
    url = f"{VIDEO}YHY8HGvbXxk"
    isbn = "959-212-148-6"
    found = read(
        sheet(
            tmp_path,
            ["Vídeo", None, None, None, None, None, None, url],
            ["Otro título", 2020, None, None, "Cuba", None, None, url + "&t=3"],
            ["Salud Pública 1 Toledo", 2005, None, isbn],
            ["Salud Pública 2 Toledo", 2005, None, isbn],
            ["Salud pública 1  Toledo (copia)", 2005, None, isbn.replace("-", "")],
            ["Sin número", None, "Ana"],
            ["sin numero.", 1999, "ANA"],
            ["Sin número", None, "Berta"],
        ),
        None, None, "es", None,
    )  # fmt: skip
    assert statuses(found) == ["used", "merged", "used", "used", "merged", "used", "merged", "used"]
    assert (found.rows[0]["country"], found.rows[0]["date"]) == ("CU", "2020")
    assert found.rows[3]["date"] == "1999"
    assert len({row["id"] for row in found.rows}) == len(found.rows) == 5


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("l.csv", "Título,Año,URL\nUn libro,2001,https://a.org/b.pdf\n".encode()),
        ("l.csv", "sep\n\nTítulo;Año;URL\nUn libro;2001;https://a.org/b.pdf\n".encode("cp1252")),
        ("l.tsv", "\ufeffLink\tTitle\tYear\nhttps://a.org/b.pdf\tUn libro\t2001\n".encode()),
        ("l.csv", '"Title","Url"\n"Un libro","https://a.org/b.pdf"\n'.encode("utf-16")),
    ],
)
def test_text_tables(tmp_path: Path, name: str, data: bytes) -> None:
    """Commas, semicolons, tabs; UTF-8 with or without a mark, cp1252, UTF-16; columns in any order and language."""
    (tmp_path / name).write_bytes(data)
    (row,) = read(tmp_path / name, None, None, "es", None).rows
    assert (row["title"], row["url"], row["kind"]) == ("Un libro", "https://a.org/b.pdf", "pdf")


def test_what_is_no_list_is_one_sentence(tmp_path: Path) -> None:
    """Missing, damaged, no headings, another format, a bomb: exit 2, nothing written."""
    files = {"text.xlsx": b"hola", "none.csv": b"a,b\n1,2\n", "x.ods": b""}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(60 << 20))
    for name in (*files, "bomb.xlsx", "missing.xlsx"):
        done = run("sources", "import", tmp_path / name, "--to", tmp_path / "s.toml")
        assert done.returncode == 2, name
        assert len(done.stderr.splitlines()) <= 2
        assert not (tmp_path / "s.toml").exists()


def test_a_sheet_that_claims_to_be_huge(tmp_path: Path) -> None:
    """A cell far outside costs nothing and is left out."""
    path = sheet(tmp_path, ["Un libro", 1999])
    book = openpyxl.load_workbook(path)
    book.active.cell(1_048_576, 16_384, "lejos")
    book.save(path)
    assert statuses(read(path, None, None, "es", None)) == ["used"]


def test_what_stands_in_the_file_stays(tmp_path: Path) -> None:
    """Comments and changed rows are kept; a row known under another id is already there; dry runs write nothing."""
    target = tmp_path / "sources.toml"
    path = sheet(
        tmp_path, ["Un libro", 1999, "Ana"], ["Vídeo", None, None, None, None, None, None, f"{VIDEO}YHY8HGvbXxk"]
    )
    target.write_text(
        "# mine\n" + as_toml([{"id": "mi-video", "kind": "youtube", "url": "https://youtu.be/YHY8HGvbXxk", "language": "es",
                               "tradition": "natural", "licence": "CC-BY-3.0"}])
    )  # fmt: skip
    before = target.read_text()
    assert "[[source]]" in ok("sources", "import", path, "--to", target, "--dry-run")
    assert target.read_text() == before
    said = json.loads(ok("sources", "import", path, "--to", target, "--tradition", "traditional", "--json"))
    assert (said["used"], said["already_there"]) == (1, 1)
    assert target.read_text().startswith(before)
    assert sources.load(target).rows["un-libro"].tradition == "traditional"


def test_a_wanted_book_is_filled(tmp_path: Path, samples: Path) -> None:
    """`factory ingest pdf FILE --source ID` gives it its bytes; the list says so."""
    target, home = tmp_path / "sources.toml", tmp_path / "home"
    ok("sources", "import", sheet(tmp_path, ["Un libro", 1999, "Ana"]), "--to", target)
    assert json.loads(ok("sources", "list", target, "--json", home=home))["state"] == "wanted"
    book = next(samples.rglob("*.pdf"))
    ok("ingest", "pdf", book, "--source", "un-libro", "--sources", target, home=home)
    row = json.loads(ok("sources", "list", target, "--json", home=home))
    assert (row["state"], row["stored"], row["publishable"]) == ("fetched", 1, False)


def test_an_unreadable_target_is_one_sentence(tmp_path: Path) -> None:
    """A sources file that is no TOML is not written to."""
    (tmp_path / "s.toml").write_text("[[source]\n")
    with pytest.raises(ConfigError):
        read(sheet(tmp_path, ["L"]), None, None, "es", tmp_path / "s.toml")
