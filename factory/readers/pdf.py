"""PDF → one Document: opened, read page by page, laid out, with its metadata.

The only file of the reader that knows PyMuPDF.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from factory.errors import Damaged, Empty, Encrypted, Mislabelled, NeedsOcr, NoText
from factory.readers import pdf_facts, pdf_ocr
from factory.readers.letter_pairs import are_words
from factory.readers.pdf_layout import Line, Page, common_gutters, drop_running, reading_order
from factory.readers.pdf_paragraphs import body_size, join, paragraphs
from factory.readers.pdf_tables import place_open_tables, place_tables
from factory.record import Hints, Paragraph, Parsed

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
# What MuPDF raises for broken files; its own classes derive from RuntimeError.
BROKEN = (RuntimeError, ValueError, IndexError, TypeError, ZeroDivisionError, UnicodeError)
# No book page has more glyphs; a page that does is a drawing made of letters or an attack.
MAX_PAGE_CHARACTERS = 200_000
MAX_PAGES = 20_000
# Letters and digits among the signs of a page: below this the font has no usable Unicode map.
MIN_READABLE = 0.5
# Below both an empty page carries a logo or a frame, not text: OCR of it costs a second and finds nothing.
MIN_IMAGE_SHARE, MIN_PATHS = 0.2, 30
_GARBAGE = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f\x80-\x9f]")


@dataclass(slots=True)
class _Reading:
    """What came of the pages: laid out, recognised, failed."""

    pages: list[Page] = field(default_factory=list)
    recognised: dict[int, list[Paragraph]] = field(default_factory=dict)
    upright: dict[int, list[str]] = field(default_factory=dict)
    waiting: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hidden: int = 0


def recogniser() -> pdf_ocr.Recogniser | None:
    """What reads scanned pages on this machine, or None."""
    return pdf_ocr.recognise if pdf_ocr.available() else None


def parse(
    data: bytes,
    hints: Hints,
    ocr: pdf_ocr.Recogniser | None = None,
    alive: Callable[[], object] = lambda: None,
) -> Iterator[Parsed]:
    """The text of a PDF in reading order, exactly one `Parsed`.

    Scanned pages go to `ocr`; without it they are noted (`needs_ocr:N`), as are pages that fail (`page_failed:N`).
    `alive` is called after each page.

    Raises Empty, Mislabelled, Damaged, Encrypted, NoText, and NeedsOcr where no page has text without it.
    """
    pymupdf.TOOLS.reset_mupdf_warnings()
    doc = _open(data, hints)
    reading = _read(doc, ocr, alive)
    body = body_size(line for page in reading.pages for line in page.lines)
    removed = drop_running(reading.pages, body)
    if reading.hidden:
        removed["hidden_text"] = reading.hidden
    _drop_margins(reading, removed)
    gutters = common_gutters(reading.pages)
    segments = [s for page in reading.pages for s in reading_order(page, gutters)]
    found = paragraphs(segments, body, [entry[1] for entry in _outline(doc)])
    found = _in_page_order(found, reading.recognised)
    if not found:
        _refuse(doc, reading)
    if doc.is_repaired:
        reading.notes.append("repaired")
    metadata = doc.metadata or {}
    ends = pdf_facts.ends(found)
    licence, evidence = pdf_facts.licence_of(ends)
    yield Parsed(
        found,
        title=pdf_facts.title_of(metadata, found),
        author=pdf_facts.author_of(metadata),
        date=pdf_facts.date_of(metadata),
        identifier=pdf_facts.identifier_of(ends),
        licence=licence,
        licence_evidence=evidence,
        removed=removed,
        notes=reading.notes,
    )


def _open(data: bytes, hints: Hints) -> Any:
    if not data.strip(b"\0 \r\n\t"):
        raise Empty("the file has no bytes")
    start = data[:1024].lstrip().lower()
    if b"%PDF" not in data[:1024] and (start.startswith(b"<") or b"<html" in start):
        raise Mislabelled("a web page named as a PDF")
    try:
        doc = pymupdf.open(stream=data, filetype="pdf")
        if doc.needs_pass and not doc.authenticate(hints.password or ""):
            raise Encrypted("the PDF asks for a password")
        pages = doc.page_count
    except BROKEN as error:
        raise Damaged(f"the PDF cannot be opened: {_said(error)}") from error
    if not pages:
        raise Damaged("the PDF has no page")
    return doc


def _said(error: object) -> str:
    return " ".join(str(error).split())[:120]


def _outline(doc: Any) -> list[Any]:
    try:
        return list(doc.get_toc())
    except BROKEN:
        return []


def _read(doc: Any, ocr: pdf_ocr.Recogniser | None, alive: Callable[[], object]) -> _Reading:
    reading = _Reading()
    count = min(doc.page_count, MAX_PAGES)
    if doc.page_count > MAX_PAGES:
        reading.notes.append(f"partial:{MAX_PAGES} of {doc.page_count} pages")
    for number in range(1, count + 1):
        seen = Page(number, 1.0, 1.0, [])
        try:
            page = doc[number - 1]
            seen = _page(page, number, reading)
            if _readable(seen) and not _is_garbage(page, seen, ocr, reading):
                place_tables(page, seen)
                place_open_tables(page, seen)
            elif number not in reading.recognised and number not in reading.waiting:
                unreadable, seen.lines = seen.lines, []
                if unreadable or _has_marks(page):
                    _recognise(page, number, ocr, reading)
        except BROKEN:
            reading.notes.append(f"page_failed:{number}")
        reading.pages.append(seen)
        alive()
    return reading


def _page(page: Any, number: int, reading: _Reading, *, turned: bool = False) -> Page:
    got = page.get_text("dict", flags=FLAGS)
    if not got["blocks"]:
        got = page.get_text("dict", flags=FLAGS & ~pymupdf.TEXT_MEDIABOX_CLIP)
    reading.hidden += _drop_hidden(got["blocks"])
    lines: list[Line] = []
    aside: list[tuple[str, float]] = []
    rules: list[tuple[float, float, float, float]] = []
    letters = 0
    for block in got["blocks"]:
        if block["type"] == 0:
            for line in block["lines"]:
                made = _line(line)
                if made is None or letters >= MAX_PAGE_CHARACTERS:
                    continue
                letters += len(made.text)
                if abs(line["dir"][0]) < 0.5:
                    aside.append((made.text, line["dir"][1]))
                else:
                    lines.append(made)
        elif block["type"] == 3:
            rules.append(block["bbox"])
    if aside and not turned and sum(len(t) for t, _ in aside) > sum(len(x.text) for x in lines):
        page.set_rotation((page.rotation + (90 if aside[0][1] < 0 else 270)) % 360)
        return _page(page, number, reading, turned=True)
    if aside:
        reading.upright[number] = [text for text, _ in aside]
    return Page(number, got["width"], got["height"], lines, rules)


def _drop_hidden(blocks: list[dict[str, Any]]) -> int:
    """Text that no reader of the page sees is gone, and its characters counted.

    Transparent, invisible or under a point; where most of a page is so, it is the text layer of a scan, and stays.
    """
    spans = [s for b in blocks if b["type"] == 0 for line in b["lines"] for s in line["spans"]]
    hidden = [s for s in spans if s.get("alpha", 255) == 0 or s["size"] < 1]
    lost = sum(len(s["text"]) for s in hidden)
    if not hidden or 2 * lost >= sum(len(s["text"]) for s in spans):
        return 0
    for span in hidden:
        span["text"] = ""
    return lost


def _drop_margins(reading: _Reading, removed: dict[str, int]) -> None:
    """Text set upright along a margin: what repeats from page to page goes, the rest ends its page."""
    seen = Counter(re.sub(r"\d+", "#", text) for texts in reading.upright.values() for text in texts)
    for number, texts in reading.upright.items():
        for text in texts:
            if seen[re.sub(r"\d+", "#", text)] > 1:
                removed["running_header"] = removed.get("running_header", 0) + len(text)
            else:
                reading.recognised.setdefault(number, []).append(Paragraph(text, page=number))


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


def _readable(page: Page) -> bool:
    """The page has text, and it is text: letters and digits, not codes of a font without a Unicode map."""
    text = "".join(line.text for line in page.lines).replace(" ", "")
    if not text:
        return False
    garbage = len(_GARBAGE.findall(text))
    plain = sum(map(str.isalnum, text))
    return garbage <= 0.2 * len(text) and plain >= MIN_READABLE * (len(text) - text.count("."))


def _is_garbage(page: Any, seen: Page, ocr: pdf_ocr.Recogniser | None, reading: _Reading) -> bool:
    """The letters make no words, and the picture of the page has some, or has to wait; what nobody can read stays."""
    if are_words("\n".join(line.text for line in seen.lines)):
        return False
    _recognise(page, seen.number, ocr, reading)
    if seen.number not in reading.recognised and seen.number not in reading.waiting:
        return False
    seen.lines = []
    return True


def _has_marks(page: Any) -> bool:
    """The page may be a scan or drawn letters: images over a fifth of it, or as many paths as a line has letters."""
    whole = max(1.0, page.rect.width * page.rect.height)
    area, paths = 0.0, 0
    for kind, box in page.get_bboxlog():
        if "image" in kind:
            area += max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
        elif "path" in kind:
            paths += 1
    return area >= MIN_IMAGE_SHARE * whole or paths >= MIN_PATHS


def _recognise(page: Any, number: int, ocr: pdf_ocr.Recogniser | None, reading: _Reading) -> None:
    if ocr is None:
        reading.waiting.append(number)
        reading.notes.append(f"needs_ocr:{number}")
        return
    best = ocr(_image(page, 0))
    if best["confidence"] < pdf_ocr.DOUBTFUL:
        turned = ocr(_image(page, 180))
        best = max(best, turned, key=lambda r: r["confidence"])
    enough = best["confidence"] >= pdf_ocr.MIN_CONFIDENCE
    found = _recognised(best["lines"], number) if enough else []
    if found:
        reading.recognised[number] = found
        reading.notes.append(f"ocr:{number}")
    else:
        reading.notes.append(f"no_text:{number}")


def _image(page: Any, turn: int) -> bytes:
    """The page in grey, at 200 dpi or as many pixels as are allowed, turned by so many degrees."""
    width, height = max(1.0, page.rect.width), max(1.0, page.rect.height)
    scale = min(pdf_ocr.DPI / 72, (pdf_ocr.MAX_PIXELS / (width * height)) ** 0.5)
    pixels = page.get_pixmap(
        matrix=pymupdf.Matrix(scale, scale).prerotate(turn), colorspace=pymupdf.csGRAY, alpha=False
    )
    return bytes(pixels.tobytes("png"))


def _recognised(lines: list[list[Any]], number: int) -> list[Paragraph]:
    """Paragraphs of a recognised page: lines joined, hyphens at line ends too."""
    found: list[Paragraph] = []
    before: tuple[int, int] | None = None
    for block, paragraph, text in lines:
        if before == (block, paragraph):
            found[-1].text = join(found[-1].text, text, set())
        else:
            found.append(Paragraph(text, page=number))
        before = (block, paragraph)
    return [p for p in found if any(c.isalnum() for c in p.text)]


def _in_page_order(found: list[Paragraph], recognised: dict[int, list[Paragraph]]) -> list[Paragraph]:
    if not recognised:
        return found
    merged = found + [p for page in recognised.values() for p in page]
    return sorted(merged, key=lambda p: p.page or 0)


def _refuse(doc: Any, reading: _Reading) -> None:
    if reading.waiting:
        raise NeedsOcr(f"{len(reading.waiting)} scanned pages and no text")
    failed = [n for n in reading.notes if n.startswith("page_failed")]
    if failed and len(failed) == doc.page_count:
        raise Damaged("no page of the PDF can be read")
    said = _said(pymupdf.TOOLS.mupdf_warnings())
    if doc.is_repaired or said:
        raise Damaged(f"the PDF is broken and no text is left: {said or 'repaired'}")
    raise NoText("no page of the PDF has text")
