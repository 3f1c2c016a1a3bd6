"""PDF → one Document: opened, read page by page, laid out, with its metadata.

The only file of the reader that knows PyMuPDF.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from factory.errors import Damaged, Empty, Encrypted, Mislabelled, NoText
from factory.readers.pdf_layout import Line, Page, common_gutters, drop_running, reading_order
from factory.readers.pdf_paragraphs import body_size, paragraphs
from factory.record import Hints, Parsed

# Importing pymupdf runs `import pymupdf.layout` and so onnxruntime where that package is installed: 0.4 s and
# 200 MB for a model that is never asked. None in sys.modules makes that one import fail; it is taken out again.
_absent = "pymupdf.layout" not in sys.modules
if _absent:
    sys.modules["pymupdf.layout"] = None  # type: ignore[assignment]
import pymupdf  # noqa: E402

if _absent:
    del sys.modules["pymupdf.layout"]

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)

# No ligatures, and U+FFFD rather than a glyph number for what has no Unicode: that is how garbage shows.
FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP | pymupdf.TEXT_COLLECT_VECTORS


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """The text of a PDF in reading order, exactly one `Parsed`."""
    doc = _open(data, hints)
    pages = []
    for number in range(doc.page_count):
        pages.append(_page(doc[number], number + 1))
    body = body_size(line for page in pages for line in page.lines)
    removed = drop_running(pages, body)
    gutters = common_gutters(pages)
    segments = [s for page in pages for s in reading_order(page, gutters)]
    parsed = Parsed(paragraphs(segments, body, [entry[1] for entry in doc.get_toc()]))
    parsed.removed = removed
    if not parsed.paragraphs:
        raise NoText("no text")
    yield parsed


def _open(data: bytes, hints: Hints) -> Any:
    if not data:
        raise Empty("the file has 0 bytes")
    if b"%PDF" not in data[:1024]:
        raise Mislabelled("not a PDF")
    try:
        doc = pymupdf.open(stream=data, filetype="pdf")
    except pymupdf.FileDataError as error:
        raise Damaged("the PDF cannot be opened") from error
    if doc.needs_pass and not doc.authenticate(hints.password or ""):
        raise Encrypted("the PDF asks for a password")
    return doc


def _page(page: Any, number: int) -> Page:
    got = page.get_text("dict", flags=FLAGS)
    lines: list[Line] = []
    rules: list[tuple[float, float, float, float]] = []
    for block in got["blocks"]:
        if block["type"] == 0:
            for line in block["lines"]:
                made = _line(line)
                if made is not None:
                    lines.append(made)
        elif block["type"] == 3:
            rules.append(block["bbox"])
    return Page(number, got["width"], got["height"], lines, rules)


def _line(line: dict[str, Any]) -> Line | None:
    spans = line["spans"]
    main = spans[0]
    text = main["text"]
    bold = bool(main["flags"] & 16)
    if len(spans) > 1:
        main = max(spans, key=lambda s: len(s["text"]))
        text = "".join([s["text"] for s in spans])
        bold = all(s["flags"] & 16 for s in spans if s["text"].strip())
    text = text.strip()
    if not text:
        return None
    x0, y0, x1, y1 = line["bbox"]
    return Line(x0, y0, x1, y1, main["origin"][1], main["size"], bold, text)
