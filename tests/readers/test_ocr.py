"""Scanned pages and text layers that are none → words, by tesseract."""

from __future__ import annotations

import random
import re
import string
from collections import Counter
from pathlib import Path

import pymupdf
import pytest

from factory.errors import NeedsOcr
from factory.readers import pdf
from factory.readers.letter_pairs import are_words
from factory.record import Hints, Parsed, assemble
from tests.command import PROSE

LETTERS = string.ascii_lowercase
SHUFFLED = "".join(random.Random(7).sample(LETTERS, 26))


def read(data: bytes, *, ocr: bool) -> Parsed:
    return next(iter(pdf.parse(data, Hints("x.pdf"), pdf.recogniser() if ocr else None)))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def page(text: str, *, hidden_under: str | None = None) -> bytes:
    """A page that shows a text and holds another one as its text layer, as a font with a wrong Unicode map would."""
    document = pymupdf.open()
    one = document.new_page()
    shown = " ".join(text.split())
    for i in range(0, len(shown), 80):
        one.insert_text((40, 60 + i / 80 * 14), shown[i : i + 80], fontsize=11)
    if hidden_under is None:
        return bytes(document.tobytes())
    picture = one.get_pixmap(dpi=200).tobytes("png")
    scan = pymupdf.open()
    sheet = scan.new_page()
    sheet.insert_image(sheet.rect, stream=picture)
    under = " ".join(hidden_under.split())
    for i in range(0, len(under), 80):
        sheet.insert_text((40, 60 + i / 80 * 14), under[i : i + 80], fontsize=11, render_mode=3)
    return bytes(scan.tobytes())


@pytest.mark.data
@pytest.mark.tesseract
@pytest.mark.slow
def test_scanned_spanish_is_read(data: Path) -> None:
    """Six pages at 200 dpi: at least 0.95 of the words of the gold."""
    folder = data / "pdf/scanned"
    parsed = read((folder / "gen_meddocan_guia_p3-8_scan200.pdf").read_bytes(), ocr=True)
    found = Counter(words(assemble(parsed.paragraphs).text))
    gold = Counter(words((folder / "gen_meddocan_guia_p3-8.gold.txt").read_text()))
    recall = sum(min(found[w], n) for w, n in gold.items()) / gold.total()
    print(f"word recall {recall:.4f} of {gold.total()}")
    assert recall >= 0.95
    assert {p.page for p in parsed.paragraphs} == {1, 2, 3, 4, 5, 6}


@pytest.mark.tesseract
def test_a_text_layer_that_is_no_words_goes_to_ocr() -> None:
    """Under the picture of a page stands a text of shuffled letters: what is seen is read."""
    garbage = PROSE.lower().translate(str.maketrans(LETTERS, SHUFFLED))
    parsed = read(page(PROSE, hidden_under=garbage), ocr=True)
    assert parsed.notes == ["ocr:1"]
    found = Counter(words(assemble(parsed.paragraphs).text))
    gold = Counter(words(PROSE))
    assert sum(min(found[w], n) for w, n in gold.items()) >= 0.95 * gold.total()


def test_without_tesseract_it_waits() -> None:
    """The item is pending, not garbage in the corpus; a good layer is read as ever."""
    garbage = PROSE.lower().translate(str.maketrans(LETTERS, SHUFFLED))
    with pytest.raises(NeedsOcr):
        read(page(garbage), ocr=False)
    assert read(page(PROSE), ocr=False).notes == []


@pytest.mark.tesseract
def test_letters_that_ocr_reads_no_better_stay() -> None:
    """A page that really shows such letters keeps them: nothing is lost."""
    garbage = (PROSE * 2).lower().translate(str.maketrans(LETTERS, SHUFFLED))[:900]
    found = words(assemble(read(page(garbage), ocr=True).paragraphs).text)
    assert len(found) > 0.8 * len(words(garbage))


@pytest.mark.data
def test_no_language_of_latin_script_is_taken_for_garbage(data: Path) -> None:
    """Real texts of every language at hand are words; letter-for-letter ciphers of them are not, 300 tried."""
    files = [f for f in sorted((data / "langid").rglob("*.txt")) if f.is_file()]
    real = [(f.name, f.read_text("utf-8", "replace")[:3000]) for f in files]
    assert [name for name, text in real if not are_words(text)] == []
    text = (data / "pdf/scanned/gen_meddocan_guia_p3-8.gold.txt").read_text().lower()[:3000]
    for seed in range(300):
        shuffled = "".join(random.Random(seed).sample(LETTERS, 26))
        assert not are_words(text.translate(str.maketrans(LETTERS, shuffled))), seed


def test_little_text_is_not_judged() -> None:
    """A title or a table of codes is too short to tell; other scripts are not looked at."""
    assert are_words("TSH ACTH HLA-DR CD4 CD8 IgG4 mRNA")
    assert are_words("Плохой перевод " * 50)
    assert not are_words("xkqz wvrt pjmn " * 40)


def test_a_layer_that_ocr_cannot_better_is_not_lost() -> None:
    """tesseract sees nothing it believes: the letters of the layer stay, whatever they are."""
    garbage = (PROSE * 2).lower().translate(str.maketrans(LETTERS, SHUFFLED))[:900]
    blind = next(iter(pdf.parse(page(garbage), Hints("x.pdf"), lambda _image: {"confidence": 0.0, "lines": []})))
    assert len(words(assemble(blind.paragraphs).text)) > 0.8 * len(words(garbage))
    assert blind.notes == ["no_text:1"]
