"""The bytes decide what a file is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from factory.config import PROFILE_OF_KIND
from factory.errors import Empty, Mislabelled
from factory.items import FORMATS_OF_KIND, format_for
from factory.readers.sniff import format_of


@pytest.mark.parametrize(
    ("data", "name", "right"),
    [
        (b"%PDF-1.7\n", "a.html", "pdf"),
        (b"\n\njunk %PDF-1.3", "a.pdf", "pdf"),
        (b"no header at all, but named so", "a.pdf", "pdf"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "a.pdf", "article"),
        (b"\xef\xbb\xbf<html lang=es>", "x", "article"),
        ("<html>".encode("utf-16"), "a.html", "article"),
        (b"WEBVTT\n\n", "a.txt", "transcript"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nhola\n", "a", "transcript"),
        (b"0:00:00.378,0:00:11.378\nhola\n", "a", "transcript"),
        (b'{"wireMagic": "pb3", "events": []}', "a.json", "transcript"),
        (b'<?xml version="1.0"?><timedtext format="3">', "a", "transcript"),
        (b'{"text": "a"}\n', "a.txt", "rows"),
        (b'[\n {"text": "a"}]', "a.json", "rows"),
        (b"PAR1\0\0", "a", "rows"),
        (b'<?xml version="1.0"?><!DOCTYPE article PUBLIC "-//NLM//DTD JATS"><article><front>', "a.xml", "jats"),
        (b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zip", "a", "epub"),
        (b"PK\x03\x04 something", "a.docx", "unknown"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "a.pdf", "pdf"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "a.html", "unknown"),
        (b"# Hola\n", "a.md", "text"),
        (b"Hoy a las 12:30 --> cita", "a.txt", "text"),
    ],
)
def test_bytes_win_over_the_name(data: bytes, name: str, right: str) -> None:
    """A name speaks only where the bytes say nothing."""
    assert format_of(data, name) == right


@pytest.mark.data
def test_every_real_file_is_known(data: Path) -> None:
    """Real PDFs, pages, captions and JATS are what they are."""
    found: Counter[tuple[str, str]] = Counter()
    for pattern in (
        "pdf/**/*.pdf",
        "html/**/*.html",
        "transcripts/gen*/*.*3",
        "transcripts/**/*.vtt",
        "jats/**/*.nxml",
    ):
        for path in data.glob(pattern):
            found[path.suffix, format_of(path.read_bytes()[:65536], path.name)] += 1
    wrong = {k for k in found if k[1] != {".pdf": "pdf", ".html": "article", ".nxml": "jats"}.get(k[0], "transcript")}
    assert wrong == {(".pdf", "article")}  # gen_html_named_pdf.pdf is an error page
    assert found[".pdf", "article"] == 1


def test_a_source_that_holds_something_else_is_mislabelled() -> None:
    """An error page in a PDF source, a PDF in an article source, nothing at all."""
    with pytest.raises(Mislabelled):
        format_for("pdf", b"<html><body>403</body></html>", "a.pdf")
    with pytest.raises(Mislabelled):
        format_for("article", b"%PDF-1.4", "a.html")
    with pytest.raises(Empty):
        format_for("pdf", b"", "a.pdf")
    assert FORMATS_OF_KIND.keys() == PROFILE_OF_KIND.keys()


def test_xml_is_told_apart_by_its_root() -> None:
    """A textbook module, questions and answers, an article; an EPUB whose first entry is not its type."""
    assert format_of(b'<document xmlns="http://cnx.rice.edu/cnxml">', "m1.cnxml") == "cnxml"
    assert format_of(b'<col:collection xmlns="http://cnx.rice.edu/collxml">', "c.xml") == "cnxml"
    assert format_of(b'<?xml version="1.0"?><Document id="1"><Focus>x</Focus><QAPairs>', "1.xml") == "medquad"
    assert format_of(b'<doc docid="1"><qaPairs><pair>', "1.xml") == "medquad"
    assert format_of(b"<article article-type='x'><front/>", "a.xml") == "jats"
    assert format_of(b"PK\x03\x04....META-INF/container.xml", "b.zip") == "epub"
    assert format_of(b"PK\x03\x04....word/document.xml", "b.docx") == "unknown"
