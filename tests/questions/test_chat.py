"""Conversations, texts for patients, discharge summaries: nothing of the source is lost in them, nothing added."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.questions.chat import discharge, glossed, is_case, unfaithful, without_glosses
from factory.questions.corrupt import corruptions
from factory.questions.judge import Source
from factory.questions.pairs import kept
from factory.questions.passage import passages
from factory.questions.rows import TEMPLATE
from factory.questions.safety import evidence_tag, flags
from factory.record import Paragraph, assemble, sha256

CASE = (
    "Mujer de 54 años, sin alergias conocidas, que acude a urgencias por fiebre de 39 °C y tos. Como antecedentes es fumadora de"
    " 20 cigarrillos al día. En la exploración no se auscultan soplos. La radiografía muestra una condensación en el lóbulo"
    " inferior derecho. Se diagnostica de neumonía. Se inició tratamiento con amoxicilina 1 g cada 8 horas durante 7 días. A los"
    " 3 días la evolución fue buena y recibió el alta."
)
TOLD = "Se toman 500 mg de paracetamol cada 8 horas. No debe tomarse con una enfermedad grave del hígado."


def source(text: str) -> tuple[Source, list[object]]:
    whole, spans = assemble([Paragraph(text)])
    metadata = {"spans": spans, "text_sha256": sha256(whole), "title": "Caso", "tradition": "conventional"}
    return Source(whole, metadata), passages(whole, spans, "x")


def test_a_summary_keeps_every_sentence_of_its_case() -> None:
    """Each under what it tells of, word for word; every number, drug and denial is there."""
    given, found = source(CASE)
    row = discharge(given, found[0], TEMPLATE)  # type: ignore[arg-type]
    assert row is not None
    assert row["outcome"] == "accepted", (row["reason"], row["said"])
    text = row["messages"][1]["content"]
    for sentence in CASE.replace("20 cig", "20 cig").split(". "):
        assert sentence.rstrip(".") in text
    for name in ("Motivo de ingreso: Mujer", "Antecedentes: Como", "Tratamiento: Se inició", "Evolución: A los"):
        assert name in text


def test_what_is_no_case_has_no_summary() -> None:
    """A page on an illness tells of nobody."""
    page = (
        "La neumonía es una infección de los pulmones. Se trata con antibióticos. Se diagnostica con una radiografía."
    )
    given, found = source(page * 3)
    assert not is_case(page)
    assert discharge(given, found[0], TEMPLATE) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Tome 500 mg de paracetamol cada 8 horas. No lo tome si tiene una enfermedad grave del hígado.", None),
        ("Tome 500 mg de paracetamol. No lo tome si tiene una enfermedad grave del hígado.", "numbers"),
        ("Tome 500 g de paracetamol cada 8 horas. No lo tome con una enfermedad grave del hígado.", "units"),
        ("Tome 500 mg de paracetamol cada 8 horas. Tómelo con una enfermedad grave del hígado.", "negation"),
        ("Tome 500 mg de paracetamol cada 8 horas.", "contraindication"),
        (
            "Tome 500 mg de paracetamol con ibuprofeno cada 8 horas. No lo tome con enfermedad grave del hígado.",
            "entity",
        ),
    ],
)
def test_a_text_for_patients_loses_and_adds_nothing(text: str, why: str | None) -> None:
    """A number, a unit, a denial, a warning that is lost; a medicine that is added."""
    found = unfaithful(TOLD, text, False)
    assert (found[0] if found else None) in ((why,) if why != "contraindication" else ("contraindication", "negation"))


def test_terms_are_explained_once_and_the_text_comes_back() -> None:
    """The meaning stands in brackets behind the first."""
    said = "La cefalea y la disnea son frecuentes. La cefalea pasa sola."
    plain = glossed(said)
    assert plain.startswith("La cefalea (dolor de cabeza) y la disnea (falta de aire) son frecuentes. La cefalea pasa")
    assert without_glosses(plain) == said


def test_corruptions_change_one_thing_in_correct_spanish() -> None:
    """No article that does not fit, no half of a range, nothing that the question names."""
    found = list(
        corruptions("¿Qué es el árnica?", "El árnica alivia la anemia en dos o tres días, no en 5 a 10 mg.", "x")
    )
    texts = [one.text for one in found]
    assert not any("El ortiga" in text or "seis o tres" in text or "El anemia" in text for text in texts)
    assert all("árnica" in text for text in texts)
    assert any("10 a 20 mg" in text for text in texts)
    assert {one.kind for one in found} >= {"dose", "unit", "entity"}


def test_no_kind_of_pair_is_more_than_its_share() -> None:
    """Cut by the hash of their ids, evenly in length; what is no corruption has no share."""
    kinds = ("dose", "unit", "negation", "contraindication")
    many = [(f"{kind}{number}", kind, number % 3 - 1) for kind in kinds for number in range(30)]
    many += [(f"entity{number}", "entity", 0) for number in range(100)]
    many += [(f"wrong_option{number}", "wrong_option", 0) for number in range(300)]
    stays, reasons = kept(many, 0.25)
    counts = [sum(name.startswith(kind) for name in stays) for kind in (*kinds, "entity")]
    assert max(counts) <= 0.25 * sum(counts) + 1
    assert sum(name.startswith("wrong_option") for name in stays) == 300
    assert set(reasons.values()) <= {"too_many_of_kind", "length_balance"}
    assert len(stays) + len(reasons) == len(many)
    few = [(f"{kind}{number}", kind, 0) for kind in ("entity", "negation") for number in range(20)]
    few += [("dose1", "dose", 0), ("unit1", "unit", 0)]
    stays, _ = kept(few, 0.25)
    assert 21 <= len(stays) <= 26, "a text without numbers keeps half of its pairs"
    long = [(f"x{number}", "x", 1) for number in range(40)] + [(f"y{number}", "y", -1) for number in range(10)]
    stays, _ = kept(long, 0.25)
    assert abs(sum(name[0] == "x" for name in stays) - sum(name[0] == "y" for name in stays)) <= max(
        1, len(stays) // 20
    )


def test_safety_flags_warnings_and_holds_back_the_rest() -> None:
    """A warning speaks of the risk and goes on; a use does not; chlorite never does."""
    assert flags("¿Quién no debe tomarla?", "No se recomienda en el embarazo.") == (["embarazo"], None)
    assert flags("¿Para qué se usa?", "Se usa para las molestias del embarazo.") == (["embarazo"], "embarazo")
    assert flags("¿Para qué se usa el clorito?", "No debe tomarse clorito de sodio.")[1] == "clorito"
    assert flags("¿Qué es la tila?", "La tila es una flor.") == ([], None)


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("La Agencia Europea de Medicamentos acepta la hoja como medicamento tradicional.", "uso_tradicional"),
        ("El Comité de Plantas acepta un extracto por su uso bien establecido.", "uso_bien_establecido"),
        ("Un ensayo no ha demostrado beneficio alguno.", "contradicho"),
        ("Los ensayos son pequeños y de calidad desigual.", "evidencia_insuficiente"),
        ("Mi abuela la usaba para dormir, y es de uso tradicional.", "no_evaluado"),
    ],
)
def test_a_tag_is_raised_only_by_a_named_body_or_a_trial(said: str, tag: str) -> None:
    """Everything else was not judged."""
    assert evidence_tag(said) == tag


@pytest.mark.data
def test_cases_of_meddocan_become_summaries(data: Path) -> None:
    """Most real cases that can be told apart keep every number, drug and denial."""
    made = good = 0
    for file in sorted((data / "qa/meddocan/train").rglob("*.txt"))[:150]:
        text = " ".join(file.read_text("utf-8").split("Informe clínico del paciente:")[-1].split())
        given, found = source(text)
        for passage in found:
            row = discharge(given, passage, TEMPLATE)  # type: ignore[arg-type]
            if row is not None:
                made += 1
                good += row["outcome"] == "accepted"
    assert made >= 20
    assert good >= 0.7 * made
