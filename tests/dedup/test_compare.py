"""What makes two texts duplicates, and what keeps them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.dedup.clusters import near_duplicates
from factory.dedup.compare import compare, tokens
from tests.dedup import clinical

LEAFLET = (
    "Paracetamol se toma por vía oral. Adultos y mayores de 12 años: 500 mg cada 8 horas, sin pasar de 3 g al día. "
    "Niños de menos peso: 15 mg/kg cada 6 horas, según indique el pediatra que los trate. No debe tomarse con alcohol ni con "
    "otros medicamentos que lo contengan. Antes de usarlo consulte a su médico si padece del hígado o del riñón. En ensayos el "
    "12,5 % de los pacientes notó náuseas. Disuelva dos comprimidos en un vaso de agua y beba la mitad por la noche. "
    "Conservar entre 2 y 8 °C en su envase original. Está contraindicado en la insuficiencia hepática grave."
)

CHANGES = [
    ("500 mg", "50 mg"), ("500 mg", "500 g"), ("500 mg", "500 µg"), ("8 horas", "12 horas"), ("8 horas", "8 días"),
    ("3 g al día", "3 g a la semana"), ("15 mg/kg", "15 mg"), ("No debe", "Debe"), ("ni con", "y con"),
    ("sin pasar", "con pasar"), ("mayores de 12", "menores de 12"), ("12 años", "2 años"), ("Antes de", "Después de"),
    ("12,5 %", "1,25 %"), ("12,5 %", "12,5 ‰"), ("12,5", "125"), ("dos comprimidos", "tres comprimidos"),
    ("la mitad", "el doble"), ("2 y 8 °C", "2 y 18 °C"), ("2 y 8 °C", "2 y 8 °F"), ("Está contraindicado", "Está indicado"),
    ("menos peso", "más peso"), ("500 mg", "½ mg"), ("cada 6 horas", "cada seis días"), ("3 g", "3.000 g"),
]  # fmt: skip

OTHER_THINGS = [
    ("se aconseja", "se desaconseja"), ("se bebe", "se inyecta"), ("anticoagulantes", "antiepilépticos"),
    ("embarazo", "lactancia"), ("hirviendo", "fría"), ("hipertensión", "hipotensión"), ("manzanilla", "caléndula"),
    ("vía oral", "vía rectal"), ("Xilosina", "Zumarol"),
]  # fmt: skip

HARMLESS = [
    ("500 mg", "500mg"), ("Paracetamol", "PARACETAMOL"), ("vía", "via"), ("12,5 %", "12.5%"), (" Niños", "\n\nNiños"),
    ("8 horas", "8 h"), ("original.", "original. Revisado en 2019."), ("Paracetamol", "Página 3. Paracetamol"),
    ("500 mg", "500,0 mg"), ("su médico", "tu médico"), ("3 g", "3 gramos"), ("—", "-"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_a_change_of_dose_unit_or_negation_keeps_texts_apart(old: str, new: str) -> None:
    """Neither repeats the other, whichever would be dropped, and the reason is named."""
    other = LEAFLET.replace(old, new, 1)
    assert other != LEAFLET
    for one, two in ((LEAFLET, other), (other, LEAFLET)):
        found = compare(one, two)
        assert not found.repeats
        assert found.conflict
    assert near_duplicates({"a": LEAFLET, "b": other}) == []


@pytest.mark.parametrize(("old", "new"), OTHER_THINGS)
def test_another_plant_route_or_opposite_keeps_texts_apart(old: str, new: str) -> None:
    """A medical word for another, a word for its opposite, and a name changed throughout."""
    text = (
        LEAFLET
        + " En la hipertensión se aconseja la manzanilla, que se bebe con agua hirviendo; la manzanilla alivia, y "
        "Xilosina no la altera. En el embarazo, o con anticoagulantes, pregunte antes: Xilosina pasa a la sangre."
    )
    other = text.replace(old, new)
    assert other != text
    assert near_duplicates({"a": text, "b": other}) == []


@pytest.mark.parametrize(("old", "new"), HARMLESS)
def test_a_harmless_change_leaves_a_duplicate(old: str, new: str) -> None:
    """Spelling of units, blanks, accents, case, a year of revision, a page number."""
    other = LEAFLET.replace(old, new, 1)
    assert compare(other, LEAFLET).repeats
    assert len(near_duplicates({"a": LEAFLET, "b": other})) == 1


def test_ages_and_years_do_not_count() -> None:
    """One case told with another age and year is the same case."""
    case = LEAFLET + " Varón de 70 años de edad que ingresó en 2012 por dolor."
    assert compare(case.replace("70 años", "71 años"), case).repeats
    assert compare(case.replace("2012", "2014"), case).repeats


def test_a_part_repeats_the_whole_but_not_the_other_way_round() -> None:
    """The half is dropped for the whole; the whole is never dropped for its half."""
    half = LEAFLET[: LEAFLET.index("En ensayos")]
    assert compare(half, LEAFLET).repeats
    whole = LEAFLET + " " + " ".join(f"Otra frase número {i} sobre su composición química." for i in range(20))
    assert not compare(whole, LEAFLET).repeats
    assert near_duplicates({"b": half, "a": LEAFLET}) == [("a", "b")]


def test_a_dose_that_only_the_dropped_text_states_is_not_lost() -> None:
    """A text with a measure the other does not have stays."""
    extra = (
        LEAFLET
        + " En la gota aguda se dan 75 mg de colchicina bajo vigilancia del especialista, durante la primera noche."
    )
    assert not compare(extra, LEAFLET).repeats
    assert compare(LEAFLET, extra).repeats


def test_numbers_are_compared_by_value() -> None:
    """1.000 is a thousand, 1,000 is neither that nor one, 0,50 is 0.5."""
    assert tokens("1.000 mg") == tokens("1000 mg")
    assert tokens("0,50 g") == tokens("0.5 g")
    assert tokens("1,000 mg") not in (tokens("1000 mg"), tokens("1 mg"))


@pytest.mark.data
@pytest.mark.slow
def test_the_same_cases_are_found_among_all_and_nothing_else(data: Path) -> None:
    """MEDDOCAN × E3C: precision 1.0 and recall 0.991 when written; the floors are those of the issue."""
    truth = clinical.pairs(data)
    found = {
        (a, b)
        for members in near_duplicates(clinical.texts(data))
        for a in members
        for b in members
        if a > b
    }  # fmt: skip
    assert len(truth) == 700
    assert len(found & truth) >= 0.985 * len(truth)
    assert len(found & truth) >= 0.995 * len(found)
