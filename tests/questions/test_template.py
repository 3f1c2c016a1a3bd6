"""The lane without a model: what a sentence or a section is asked, and what is not asked at all."""

from __future__ import annotations

import pytest

from factory.questions.passage import passages
from factory.questions.template import of_sentence, proposals, subject_of
from factory.record import Paragraph, assemble

ASKED = {
    "El cáncer de mama es una enfermedad por la que se forman células malignas en la mama.": "¿Qué es el cáncer de mama?",
    "Los ganglios linfáticos son estructuras pequeñas que filtran la linfa y guardan defensas.": "¿Qué son los ganglios linfáticos?",
    "Los síntomas del cáncer de estómago incluyen indigestión y dolor.": "¿Cuáles son los síntomas del cáncer de estómago?",
    "Entre los signos y síntomas de retinoblastoma se incluyen la pupila blanca y el dolor.": "¿Cuáles son los signos y síntomas de retinoblastoma?",
    "La melisa se usa tradicionalmente para aliviar los nervios leves.": "¿Para qué se usa la melisa?",
    "Tradicionalmente se usa la manzanilla para las digestiones pesadas.": "¿Para qué se usa tradicionalmente la manzanilla?",
    "La malaria se transmite por la picadura de un mosquito infectado.": "¿Cómo se transmite la malaria?",
    "La obesidad aumenta el riesgo de cáncer de mama.": "¿Qué efecto tiene la obesidad sobre el riesgo de cáncer de mama?",
    "El páncreas se encuentra detrás del estómago.": "¿Dónde se encuentra el páncreas?",
    "La efedra está contraindicada en personas con hipertensión.": "¿En qué casos está contraindicada la efedra?",
    "No hay pruebas de que el arándano trate una infección de orina.": "¿Hay pruebas de que el arándano trate una infección de orina?",
    "La fatiga es el efecto secundario más frecuente del tratamiento de cáncer.": "¿Cuál es el efecto secundario más frecuente del tratamiento de cáncer?",
    "El hipérico interacciona con los anticoagulantes y los anticonceptivos.": "¿Con qué interacciona el hipérico?",
    "La dosis habitual de paracetamol es de 500 mg cada 6 horas.": "¿Cuál es la dosis habitual de paracetamol?",
}  # fmt: skip
SILENT = [
    "Esta enfermedad es una infección de los pulmones causada por bacterias.",
    "El objetivo es una mejora de la calidad de vida de los pacientes.",
    "El estadio II se divide en los estadios IIA y IIB.",
    "La cirugía es el tratamiento de elección para todos los pacientes.",
    "Ciertos tratamientos del cáncer pueden causar picazón.",
    "La tabla 3 muestra los factores de riesgo del cáncer.",
    "Los fumadores pueden disminuir el riesgo de cáncer si dejan de fumar.",
    "La hoja seca se usa tradicionalmente para los nervios.",
    "El nivolumab se encuentra en estudio para pacientes con este cáncer.",
    "¿Es la gripe una enfermedad de los pulmones?",
    "El resultado depende de varios factores.",
    "Además, la gripe es una enfermedad que se contagia por el aire.",
    "La gripe es una enfermedad.",
    "La gripe es la enfermedad elegida para el estudio de los vecinos del barrio.",
]


@pytest.mark.parametrize("sentence", ASKED)
def test_a_sentence_is_asked_what_it_answers(sentence: str) -> None:
    """One question, the sentence its answer, word for word."""
    found = list(of_sentence(sentence, 0, len(sentence), None))
    assert [one.question for one in found] == [ASKED[sentence]]
    assert found[0].answer == sentence


@pytest.mark.parametrize("sentence", SILENT)
def test_a_sentence_without_a_name_is_not_asked_about(sentence: str) -> None:
    """What points elsewhere, names nothing or says nothing."""
    assert list(of_sentence(sentence, 0, len(sentence), None)) == []


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ("El cáncer de mama", "el cáncer de mama"),
        ("Las personas", None),
        ("El tratamiento", None),
        ("El prurito habitualmente", None),
        ("La ansiedad y la depresión", None),
        ("Este tumor", None),
        ("El estadio II", None),
        ("La RHE", None),
        ("La L-carnitina", "la L-carnitina"),
        ("El árnica", "el árnica"),
    ],
)
def test_subjects(said: str, subject: str | None) -> None:
    """A name with its article; nothing else."""
    assert subject_of(said) == subject


def herbal(*paragraphs: Paragraph) -> list[list[str]]:
    text, spans = assemble(paragraphs)
    found = passages(text, spans, "x")
    live = [one for one in found if not one.outcome]
    return [[f"{one.question} {one.answer}" for one in part] for part in proposals(text, spans, "Plantas", live)]


def test_a_section_is_asked_by_its_heading() -> None:
    """`Dosis` below `Manzanilla`, with the article that the text has, and who must take care beside it."""
    said = "Plantas › Manzanilla › "
    found = herbal(
        Paragraph("Plantas", "heading"),
        Paragraph("Manzanilla", "heading", heading="Plantas"),
        Paragraph("Dosis", "heading", heading="Plantas › Manzanilla"),
        Paragraph("Para adultos, de 1,5 a 4 g de flor en 150 ml de agua. Hasta tres veces al día la manzanilla.", heading=said + "Dosis"),
        Paragraph("Contraindicaciones", "heading", heading="Plantas › Manzanilla"),
        Paragraph("No deben usarla las personas alérgicas a las compuestas. No se aplica en los ojos.", heading=said + "Contraindicaciones"),
    )  # fmt: skip
    rows = [row for part in found for row in part]
    dose = next(row for row in rows if row.startswith("¿Qué dosis de manzanilla se indica?"))
    assert "de 1,5 a 4 g de flor" in dose
    assert "No deben usarla las personas alérgicas" in dose
    assert any(row.startswith("¿Quién no debe tomar la manzanilla?") for row in rows)


BODY = "La manzanilla crece en toda Europa y florece en mayo. Sus flores se secan a la sombra. Huelen a manzana. "


def test_a_short_section_goes_with_its_neighbour() -> None:
    """A line that says who must not take it is no passage by itself, and is not lost."""
    text, spans = assemble(
        [
            Paragraph("Uso", "heading"),
            Paragraph(BODY * 4, heading="Uso"),
            Paragraph("Contraindicaciones", "heading"),
            Paragraph("Alergia a las compuestas.", heading="Contraindicaciones"),
            Paragraph("Bibliografía", "heading"),
            Paragraph("Anónimo. Plantas de Europa. 1999.", heading="Bibliografía"),
        ]
    )
    found = passages(text, spans, "x")
    assert [(one.outcome, one.reason) for one in found] == [("", ""), ("skipped", "references")]
    assert text[found[0].start : found[0].end].endswith("Alergia a las compuestas.")


def test_a_use_is_told_with_what_the_document_warns_of_elsewhere() -> None:
    """The warning stands three passages on, under the same plant; another plant's is not taken."""
    plants = []
    for plant, warning in (
        ("Manzanilla", "No deben tomarla las personas alérgicas a las compuestas."),
        ("Tila", "La tila no debe usarse durante más de dos semanas seguidas."),
    ):
        plants += [
            Paragraph(plant, "heading"),
            Paragraph("Uso", "heading", heading=plant),
            Paragraph(f"La {plant.lower()} se usa tradicionalmente para aliviar los nervios leves.", heading=f"{plant} › Uso"),
            *(Paragraph(BODY * 6, heading=f"{plant} › Parte {number}") for number in range(3)),
            Paragraph("Precauciones", "heading", heading=plant),
            Paragraph(warning, heading=f"{plant} › Precauciones"),
        ]  # fmt: skip
    rows = [row for part in herbal(*plants) for row in part if "Para qué se usa" in row]
    ours, theirs = ([row for row in rows if plant in row] for plant in ("manzanilla se", "tila se"))
    assert ours
    assert theirs
    assert all(row.endswith("alérgicas a las compuestas.") and "dos semanas" not in row for row in ours)
    assert all(row.endswith("más de dos semanas seguidas.") and "compuestas" not in row for row in theirs)


def test_a_warning_in_a_passage_is_that_of_its_own_plant() -> None:
    """Two short entries stand in one passage; each use has the warning below its own heading."""
    plants = [
        Paragraph("Boldo", "heading"),
        Paragraph("El boldo se usa tradicionalmente para las digestiones pesadas.", heading="Boldo"),
        Paragraph("Ruda", "heading"),
        Paragraph(f"{BODY}La ruda no debe tomarse durante el embarazo ni la lactancia.", heading="Ruda"),
    ]
    rows = [row for part in herbal(*plants) for row in part if "Para qué se usa" in row]
    assert rows
    assert all("embarazo" not in row for row in rows)


def test_a_list_belongs_to_the_sentence_above_it() -> None:
    """Only where it fills the rest of its section."""
    found = herbal(
        Paragraph("Gripe", "heading"),
        Paragraph("Los síntomas de la gripe son los siguientes:", heading="Gripe"),
        Paragraph("Fiebre alta.", heading="Gripe"),
        Paragraph("Dolor de músculos.", heading="Gripe"),
        Paragraph("Tos seca.", heading="Gripe"),
    )
    assert found == [
        [
            "¿Cuáles son los síntomas de la gripe? Los síntomas de la gripe son los siguientes:\n- Fiebre alta.\n"
            "- Dolor de músculos.\n- Tos seca."
        ]
    ]


def test_references_and_what_a_page_says_of_itself_are_skipped() -> None:
    """With their reasons; a contents page too."""
    long = (
        "La gripe es una infección de las vías respiratorias. Se contagia por el aire. Dura una semana más o menos. "
        * 8
    )
    text, spans = assemble(
        [
            Paragraph("Gripe", "heading"),
            Paragraph(long, heading="Gripe"),
            Paragraph(long, heading="Gripe › Bibliografía"),
            Paragraph(long, heading="Gripe › Agradecimientos"),
            Paragraph(
                "Capítulo 1 ....... 3\nCapítulo 2 ....... 9\nCapítulo 3 ....... 20\nOtro ...... 31", heading="Obra"
            ),
        ]
    )
    assert [(p.outcome, p.reason) for p in passages(text, spans, "x")] == [
        ("", ""),
        ("skipped", "references"),
        ("skipped", "about_itself"),
        ("skipped", "contents"),
    ]


def test_passages_hold_every_section_once_and_keep_their_size() -> None:
    """A long section is cut between paragraphs; small ones of a chapter stand together."""
    paragraphs = [Paragraph("Libro", "heading")]
    for chapter in range(4):
        for part in range(5):
            path = f"Libro › Capítulo {chapter} › Parte {part}"
            paragraphs += [
                Paragraph(f"Frase {n} de la parte {part}. Otra frase. Y otra más, larga y clara." * 3, heading=path)
                for n in range(3)
            ]
    text, spans = assemble(paragraphs)
    found = passages(text, spans, "x")
    assert all(one.end - one.start <= 3000 for one in found)
    body = [span for span in spans if span["role"] == "body"]
    for span in body:
        assert sum(one.start <= span["start"] and span["end"] <= one.end for one in found) == 1
    assert len({one.id for one in found}) == len(found)


def test_a_paragraph_as_long_as_a_chapter_is_cut_between_sentences() -> None:
    """A book without paragraphs: no passage is over its size, every sentence is in one."""
    text, spans = assemble(
        [Paragraph(" ".join(f"La frase número {n} habla de la gripe y de la tos." for n in range(400)))]
    )
    found = passages(text, spans, "x")
    assert len(found) > 5
    assert all(one.end - one.start <= 3000 for one in found)
    assert all(text[one.end - 1] == "." for one in found)
    assert sum(text[one.start : one.end].count("frase número") for one in found) == 400


@pytest.mark.survive(4, "text without end, for patterns")
def test_hostile_text_takes_no_time() -> None:
    """Dots, blanks and brackets without end are looked at once."""
    for odd in (". " * 60_000, "(" * 60_000, "a, " * 40_000, "más de " * 20_000):
        text, spans = assemble([Paragraph(f"La gripe es una infección. {odd.strip()}")])
        found = passages(text, spans, "x")
        proposals(text, spans, "La gripe", [one for one in found if not one.outcome])
