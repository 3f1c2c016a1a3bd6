"""Web archives on this machine: each page once, with its address and its reason."""

from __future__ import annotations

import gc
import io
import json
import warnings
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.command import PROSE, json_lines, ok, run

HTML = ("Content-Type", "text/html; charset=utf-8")
PAGE = f"<html lang=es><body><article><h1>Manzanilla</h1><p>{PROSE}</p><p>{PROSE}</p></article></body></html>".encode()


def archive(path: Path, *pages: tuple[str, str, tuple[tuple[str, str], ...], bytes], gz: bool = True) -> Path:
    """A WARC file of responses, each with its request before it."""
    with warnings.catch_warnings(), path.open("wb") as file:
        warnings.simplefilter("ignore", ResourceWarning)
        writer = WARCWriter(file, gzip=gz)
        for url, status, headers, body in pages:
            asked = StatusAndHeaders("GET / HTTP/1.1", [], is_http_request=True)
            writer.write_record(writer.create_warc_record(url, "request", http_headers=asked))
            said = StatusAndHeaders(status, list(headers), protocol="HTTP/1.1")
            with io.BytesIO(body) as payload:
                writer.write_record(writer.create_warc_record(url, "response", payload=payload, http_headers=said))
        gc.collect()
    return path


PAGES = (
    ("https://a.example/manzanilla", "200 OK", (HTML,), PAGE),
    ("https://a.example/gone", "404 Not Found", (HTML,), b"nothing"),
    ("https://a.example/moved", "301 Moved", (HTML, ("Location", "/x")), b""),
    ("https://a.example/noai", "200 OK", (HTML, ("X-Robots-Tag", "noai")), PAGE),
    ("https://a.example/foto", "200 OK", (("Content-Type", "image/png"),), b"\x89PNG"),
    ("https://a.example/empty", "200 OK", (HTML,), b""),
)
ASK = ("--source", "web", "--tradition", "natural", "--licence", "CC-BY-4.0")


@pytest.mark.parametrize("gz", [True, False])
def test_every_response_ends_with_a_reason(tmp_path: Path, gz: bool) -> None:
    """One page is stored under its own address, the others say why not; again nothing changes; it is built."""
    file = archive(tmp_path / ("x.warc.gz" if gz else "x.warc"), *PAGES, gz=gz)
    home = tmp_path / "home"
    said = json.loads(ok("ingest", file, *ASK, "--json", home=home))
    assert said["stored"] == 1
    ended = {
        r["address"].rpartition("/")[2]: (s, r["reason"]) for s in ("gone", "forbidden", "rejected") for r in said[s]
    }
    assert ended == {
        "gone": ("gone", "gone"),
        "moved": ("rejected", "bad_answer"),
        "noai": ("forbidden", "opted_out"),
        "foto": ("rejected", "wrong_type"),
        "empty": ("rejected", "bad_answer"),
    }
    receipts = len(list(home.rglob("receipts/*/*.json")))
    assert json.loads(ok("ingest", file, *ASK, "--json", home=home))["unchanged"] == 1
    assert len(list(home.rglob("receipts/*/*.json"))) == receipts == 6
    ok("build", "natural_es", "-q", home=home)
    (row,) = json_lines(ok("inspect", "natural_es", "--json", home=home))
    assert row["url"] == "https://a.example/manzanilla"


@pytest.mark.survive(4, "archives that break off")
def test_an_archive_that_breaks_off(tmp_path: Path) -> None:
    """What came before the break is stored; the archive itself is failed."""
    file = archive(
        tmp_path / "x.warc.gz", PAGES[0], ("https://a.example/2", "200 OK", (HTML,), PAGE.replace(b"M", b"N"))
    )
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) - 120])
    done = run("ingest", file, *ASK, "--json", home=tmp_path / "home")
    assert done.returncode == 3
    said = json.loads(done.stdout)
    assert said["stored"] >= 1
    assert [row["reason"] for row in said["failed"]] == ["damaged"]


@pytest.mark.survive(4, "archives that break off")
def test_what_is_no_archive(tmp_path: Path) -> None:
    """A text with that ending is one failed file."""
    (tmp_path / "x.warc.gz").write_bytes(b"hola" * 100)
    done = run("ingest", tmp_path / "x.warc.gz", *ASK, "--json", home=tmp_path / "home")
    assert done.returncode == 3
    assert [row["reason"] for row in json.loads(done.stdout)["failed"]] == ["damaged"]
