"""Spanish against its neighbours, and documents in two languages."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from datatrove.data import Document

import factory
from factory.record import Paragraph, assemble, paragraphs_of
from factory.steps.language import UNDETERMINED, LanguageStep, detect, split_by_language

LANGUAGES = ["ca", "de", "en", "es", "eu", "fr", "it", "la", "pt", "ro"]
PRECISION, PRECISION_CLEAN, RECALL = 0.94, 0.97, 0.992
# Lines of sentences_ca.txt that are plainly Spanish, found by reading every line called Spanish.
SPANISH_AMONG_CATALAN = {
    5,
    10,
    13,
    40,
    44,
    49,
    50,
    72,
    87,
    115,
    125,
    197,
    233,
    244,
    247,
    259,
    324,
    334,
    359,
    373,
    411,
    427,
    453,
    454,
    475,
}

ESPANOL = (
    "El hipérico puede disminuir el efecto de los anticonceptivos orales y de otros medicamentos, por lo que debe avisarse "
    "al médico antes de tomarlo. No se recomienda durante el embarazo ni la lactancia, porque faltan estudios de seguridad."
)
ENGLISH = (
    "St. John's wort may lower the effect of oral contraceptives and other drugs, so the physician should be told before it "
    "is taken. It is not recommended in pregnancy or while breast-feeding, since studies of its safety are lacking. More "
    "research is needed before firm conclusions about long term use can be drawn by anyone."
)


@pytest.mark.data
def test_spanish_among_ten_languages(data: Path) -> None:
    """Precision, precision without the mislabelled lines, and recall keep their floors."""
    true = false = listed = missed = 0
    for language in LANGUAGES:
        lines = (data / f"langid/lingua/sentences_{language}.txt").read_text().splitlines()
        for number, line in enumerate(lines, 1):
            spanish = detect(line).language == "es"
            if language == "es":
                true, missed = true + spanish, missed + (not spanish)
            elif spanish:
                false += 1
                listed += language == "ca" and number in SPANISH_AMONG_CATALAN
    assert true / (true + false) >= PRECISION
    assert true / (true + false - listed) >= PRECISION_CLEAN
    assert true / (true + missed) >= RECALL


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "language"),
    [("spa", "es"), ("cat", "ca"), ("glg", "gl"), ("ast", "ast"), ("por_PT", "pt"), ("por_BR", "pt"), ("ita", "it"), ("lat", "la"),
     ("ron", "ro"), ("eus", "eu"), ("fra", "fr"), ("eng", "en")],
)  # fmt: skip
def test_the_declaration_of_human_rights(data: Path, file: str, language: str) -> None:
    """The whole text and nearly all of its paragraphs are in the language of the file."""
    lines = [x for x in (data / f"langid/udhr/{file}.txt").read_text().splitlines() if len(x) > 60]
    assert detect(" ".join(lines)).language == language
    right = sum(detect(line).language == language for line in lines)
    assert right >= 0.85 * len(lines)


@pytest.mark.data
def test_clinical_spanish_is_spanish(data: Path) -> None:
    """Every MEDDOCAN case, and captions without capitals or punctuation."""
    cases = [*(data / "qa/meddocan").rglob("*.txt")][:300] + [*(data / "transcripts/gen_rolling_es").glob("*.gold.txt")]
    cases += (data / "qa/nubes").rglob("*.txt")
    wrong = [p.name for p in cases if detect(p.read_text()).language != "es"]
    assert len(cases) > 500
    assert wrong == []


@pytest.mark.data
@pytest.mark.parametrize("file", ["arn", "ayr", "gug", "nhn", "qug", "quy"])
def test_languages_of_america_are_not_spanish(data: Path, file: str) -> None:
    """Mapudungun, Aymara, Guarani, Nahuatl and Quichua borrow Spanish words; hardly a paragraph is called Spanish."""
    lines = [x for x in (data / f"langid/udhr/{file}.txt").read_text().splitlines() if len(x) > 60]
    assert len(lines) > 20
    assert sum(detect(line).language == "es" for line in lines) <= 0.05 * len(lines)


@pytest.mark.parametrize("text", [ESPANOL, ESPANOL.upper(), ESPANOL.lower().replace(",", "").replace(".", "")])
def test_case_and_punctuation_do_not_matter(text: str) -> None:
    """Upper case, and captions without signs."""
    assert detect(text).language == "es"
    assert factory.detect_language(text).score > 0.9


@pytest.mark.parametrize("text", ["", "  ", "12,5 % 3/4", "¿?", "1. 2. 3."])
def test_what_has_no_words_has_no_language(text: str) -> None:
    """Figures and signs alone are undetermined."""
    assert detect(text) == UNDETERMINED


def test_a_long_abstract_in_another_language_becomes_its_own_part() -> None:
    """The main part keeps the Spanish, the other the English; nothing is lost and references follow the main one."""
    paragraphs = [
        Paragraph("Hipérico", "heading"),
        Paragraph(ESPANOL),
        Paragraph(ENGLISH),
        Paragraph(ESPANOL + " Fin."),
        Paragraph(
            "Smith J. The effects of St. John's wort on oral contraceptives in young women. Lancet.", "reference"
        ),
    ]
    (first, own), (second, other) = split_by_language(paragraphs)
    assert (first.language, second.language) == ("es", "en")
    assert [p.text for p in other] == [ENGLISH]
    assert own == [p for p in paragraphs if p.text != ENGLISH]


def test_a_short_quotation_stays_where_it_is() -> None:
    """Less than 200 letters in another language are part of the document."""
    paragraphs = [
        Paragraph(ESPANOL),
        Paragraph("Primum non nocere: first, do no harm to the patient."),
        Paragraph(ESPANOL),
    ]
    assert len(split_by_language(paragraphs)) == 1


def test_sentences_of_one_paragraph_are_judged_together() -> None:
    """Captions, each too short to tell, are one Spanish text; an English passage among them comes out whole."""
    words = [w for text in (ESPANOL, ENGLISH, ESPANOL) for w in text.split(". ")]
    captions = [
        Paragraph(" ".join(x), continues=True) for w in words for x in zip(*[iter(w.split())] * 4, strict=False)
    ]
    captions[0].continues = False
    assert len(split_by_language(captions, minimum=10_000)) == 1
    assert split_by_language(captions)[0][0].language == "es"


def test_short_paragraphs_between_english_ones_are_english() -> None:
    """What cannot be told apart alone follows neighbours that agree, and a heading follows what it heads."""
    english = [Paragraph("Abstract", "heading"), Paragraph(ENGLISH), Paragraph("n = 32."), Paragraph(ENGLISH)]
    (_, own), (detection, other) = split_by_language(
        [Paragraph(ESPANOL), Paragraph(ESPANOL), Paragraph(ESPANOL), *english]
    )
    assert detection.language == "en"
    assert other == english
    assert len(own) == 3


def test_the_step_keeps_the_id_of_the_main_part_and_loses_nothing() -> None:
    """The main part keeps id and part; the other has its own, exact spans, and the rest of the metadata."""
    text, spans = assemble(
        [Paragraph(ESPANOL, page=1), Paragraph(ENGLISH, page=2), Paragraph(ESPANOL + " Fin.", page=3)]
    )
    metadata = {"spans": spans, "part": "", "title": "Hipérico", "removed": {"repair": 2}, "notes": []}
    step = pickle.loads(pickle.dumps(LanguageStep()))
    spanish, english = step.run([Document(text, "x-0", metadata=metadata)])
    assert (spanish.id, spanish.metadata["language"], spanish.metadata["removed"]) == ("x-0", "es", {"repair": 2})
    assert (english.id, english.metadata["language"], english.metadata["part"]) == ("x-0-en", "en", "0-en")
    assert english.metadata["title"] == "Hipérico"
    assert english.metadata["language_score"] > 0.9
    assert [(p.text, p.page) for p in paragraphs_of(english.text, english.metadata["spans"])] == [(ENGLISH, 2)]
    assert [p.page for p in paragraphs_of(spanish.text, spanish.metadata["spans"])] == [1, 3]


def test_a_mixed_text_scores_its_share() -> None:
    """Half Spanish, half English: the score says so; a book takes no longer than ten pieces."""
    found = detect(ESPANOL * 20 + ENGLISH * 12)
    assert 0.3 < found.score < 0.8
