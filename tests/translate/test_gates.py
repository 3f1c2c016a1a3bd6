"""Every gate in both directions: what is right passes, what is wrong is named."""

from __future__ import annotations

import pytest

from factory import check_translation
from factory.translate import content, form, negation, numbers, units
from factory.translate.gates import GATES, aligned, check, failed, finished
from factory.translate.numbers import readings
from factory.translate.sentences import sentences
from factory.translate.side import Side


def says(gate: str, source: str, target: str) -> str | None:
    return GATES[gate](Side(source, "en"), Side(target, "es"))


RIGHT_NUMBERS = [
    ("2,000 mg", "2000 mg"),
    ("2,000 mg", "2.000 mg"),
    ("2,000 mg", "2 000 mg"),
    ("2,000 mg", "2 000 mg"),
    ("12.1 g/dl", "12,1 g/dl"),
    ("12.1 g/dl", "12.1 g/dl"),
    ("0.05 mg", "0,05 mg"),
    (".05 mg", "0,05 mg"),
    ("1 in 10 patients", "1 de cada 10 pacientes"),
    ("two in five", "2 de cada 5"),
    ("3 million people", "3 000 000 de personas"),
    ("$8.3 billion", "8,3 mil millones de dólares"),
    ("1.2 billion people", "1200 millones de personas"),
    ("$8.3 billion", "8300 millones de dólares"),
    ("twenty-five patients", "25 pacientes"),
    ("one hundred and fifty", "ciento cincuenta"),
    ("35 patients", "treinta y cinco pacientes"),
    ("2,345 cases", "dos mil trescientos cuarenta y cinco casos"),
    ("twice a day", "2 veces al día"),
    ("the first dose", "la 1.ª dosis"),
    ("the 3rd edition", "la tercera edición"),
    ("stage IV", "estadio 4"),
    ("stage 4", "estadio IV"),
    ("the 20th century", "el siglo XX"),
    ("from 5 to 10 mg", "de 5 a 10 mg"),
    ("5-10 mg", "5 a 10 mg"),
    ("every 8 hours", "cada 8 h"),
    ("1/2 tablet", "medio comprimido"),
    ("half a tablet", "½ comprimido"),
    ("March 5, 2020", "5 de marzo de 2020"),
    ("at 3 p.m.", "a las 15 h"),
    ("in the 1990s", "en los años 90"),
    ("the 2019–20 season", "la temporada 2019-2020"),
    ("CD4 350 cells/mL", "CD4 350 células/ml"),
    ("[1,2] and [3]", "[1,2] y [3]"),
    ("10^6 cells", "10^6 células"),
    ("COVID-19 and IL-6", "COVID-19 e IL-6"),
    ("no number at all", "ningún número"),
]
WRONG_NUMBERS = [
    ("500 mg", "50 mg"),
    ("1.5 mg", "15 mg"),
    ("0.25 mg", "2,5 mg"),
    ("25 mg", "2,5 mg"),
    ("1,500 mg", "1,500 mg"),
    ("1.500 mg", "1.500,5 mg"),
    ("3 million", "3 mil"),
    ("3 billion", "3 billones"),
    ("two tablets", "tres comprimidos"),
    ("stage II", "estadio III"),
    ("5 to 10 mg", "5 a 100 mg"),
    ("1 in 10", "1 de cada 100"),
    ("2019", "2091"),
    ("COVID-19", "COVID-91"),
    ("take 2 tablets", "tome comprimidos"),
    ("take tablets", "tome 2 comprimidos"),
    ("95% CI, 1.19-1.45", "IC 95 %, 1,19-1,54"),
    ("twenty-five patients", "treinta y cinco pacientes"),
    ("10 mg in the morning and 10 mg at night", "10 mg por la mañana y por la noche"),
]


@pytest.mark.parametrize(("source", "target"), RIGHT_NUMBERS)
def test_a_number_may_be_written_another_way(source: str, target: str) -> None:
    """The conventions of Spanish are no errors."""
    assert says("numbers", source, target) is None


@pytest.mark.parametrize(("source", "target"), WRONG_NUMBERS)
def test_another_number_is_found(source: str, target: str) -> None:
    """A digit, a decimal, a magnitude, a word or a Roman numeral that changed is named."""
    assert says("numbers", source, target) is not None


@pytest.mark.parametrize(
    ("digits", "english", "spanish"),
    [
        ("1,500", (1500.0,), (1.5,)),
        ("1.500", (1.5,), (1500.0, 1.5)),
        ("0.500", (0.5,), (0.5,)),
        ("1.234.567", (1234567.0,), (1234567.0,)),
        ("1,234.5", (1234.5,), (1234.5,)),
        ("1.234,5", (1234.5,), (1234.5,)),
        ("12,1", (12.1,), (12.1,)),
    ],
)
def test_what_digits_may_be_worth(digits: str, english: tuple[float, ...], spanish: tuple[float, ...]) -> None:
    """A mark before three digits parts thousands in one language and decimals in the other."""
    assert readings(digits, "en") == english
    assert readings(digits, "es") == spanish


RIGHT_UNITS = [
    ("5 mg", "5 mg"),
    ("5 milligrams", "5 mg"),
    ("5-mg tablets", "comprimidos de 5 mg"),
    ("400 IU", "400 UI"),
    ("100 mcg", "100 µg"),
    ("10 cc", "10 ml"),
    ("50 percent", "50 %"),
    ("50%", "50 por ciento"),
    ("90% to 95%", "90 a 95 %"),
    ("an 8-year-old girl", "una niña de 8 años"),
    ("older than 60", "mayores de 60 años"),
    ("5-year survival", "supervivencia a 5 años"),
    ("150/80 mm Hg", "150/80 mm de Hg"),
    ("2.6 mL/kg/day", "2,6 ml/kg/día"),
    ("38.5 degrees", "38,5 °"),
    ("2 teaspoons", "2 cucharaditas"),
    ("100,000 Gram negative bacilli", "100.000 bacilos Gram negativos"),
    ("6 kgs", "6 kg"),
]
WRONG_UNITS = [
    ("5 mg", "5 g"),
    ("5 mg", "5 ml"),
    ("100 mcg", "100 mg"),
    ("5 mg", "5 de ibuprofeno"),
    ("take 5", "tome 5 mg"),
    ("50% of patients", "50 de los pacientes"),
    ("50% of men and 50% of women", "el 50 % de los hombres y 50 de las mujeres"),
    ("50% of patients", "50 ‰ de los pacientes"),
    ("every 8 hours", "cada 8 días"),
    ("for 10 days", "durante 10 semanas"),
    ("a 6-month-old", "un niño de 6 años"),
    ("5 mg/kg", "5 mg/dl"),
    ("2 teaspoons", "2 cucharadas"),
    ("older than 60", "mayores de 60 meses"),
    ("a 3 cm mass", "una masa de 3 mm"),
    ("70 Gy", "70 cGy"),
]


@pytest.mark.parametrize(("source", "target"), RIGHT_UNITS)
def test_a_unit_may_be_written_another_way(source: str, target: str) -> None:
    """Spellings of the same unit are the same unit."""
    assert says("units", source, target) is None


@pytest.mark.parametrize(("source", "target"), WRONG_UNITS)
def test_another_unit_is_found(source: str, target: str) -> None:
    """A unit that changed, vanished or came from nowhere is named."""
    assert says("units", source, target) is not None


RIGHT_NEGATIONS = [
    ("Students are out of school.", "Los estudiantes están sin clases."),
    ("A smoke-free hospital", "Un hospital sin humo"),
    ("The skin had no lesions.", "La piel estaba libre de lesiones."),
    ("He did not receive any treatment.", "No recibió ningún tratamiento."),
    ("There was nothing there, ever.", "Nunca hubo nada allí."),
    ("Neither fever nor cough.", "Ni fiebre ni tos."),
    ("She has no fever or cough.", "No tiene fiebre ni tos."),
    ("He lacks appetite.", "No tiene apetito."),
    ("Without complications.", "Sin complicaciones."),
    ("It is unlikely.", "Es poco probable."),
    ("She is unable to walk.", "No es capaz de caminar."),
    ("Non-invasive ventilation.", "Ventilación no invasiva."),
    ("The result is inconclusive.", "El resultado no es concluyente."),
    ("Not only pain but also fever.", "No solo dolor, sino también fiebre."),
    ("However, it works.", "Sin embargo, funciona."),
    ("It cannot be ruled out.", "No se puede descartar."),
    ("No more than 3 tablets.", "No más de 3 comprimidos."),
    ("The cause is not known.", "Se desconoce la causa."),
    ("Its relation to the larger inhibitors is unknown.", "No se conoce su relación con los inhibidores mayores."),
    ("The test is negative.", "La prueba es negativa."),
    ("It isn't contagious.", "No es contagioso."),
    ("Treatment is needed.", "Hace falta tratamiento."),
    ("The patient takes ibuprofen.", "El paciente toma ibuprofeno."),
]
WRONG_NEGATIONS = [
    ("It is necessary to carry out controls.", "No es necesario realizar controles."),
    ("No sick days are required.", "Es necesario pedir tiempo libre."),
    ("Until now, no virus was found in bats.", "Hasta ahora se ha encontrado un virus en murciélagos."),
    ("Do not take with alcohol.", "Tómese con alcohol."),
    ("Take with alcohol.", "No tome alcohol."),
    ("The drug is contraindicated in pregnancy.", "El fármaco está indicado en el embarazo."),
    ("Without fever.", "Con fiebre."),
    ("The test is negative.", "La prueba es positiva."),
    ("It isn't contagious.", "Es contagioso."),
    ("An irreversible lesion.", "Una lesión reversible."),
    ("Non-invasive ventilation.", "Ventilación invasiva."),
    ("The patient is asymptomatic.", "El paciente está sintomático."),
    ("This is incorrect.", "Esto es correcto."),
    ("It never relapses.", "Siempre recidiva."),
    ("It reduces the risk.", "Aumenta el riesgo."),
    ("There is no evidence of benefit.", "Hay evidencia de beneficio."),
    ("However, there is no evidence of benefit.", "Sin embargo, hay evidencia de beneficio."),
    ("It is not necessary to fast.", "Hace falta estar en ayunas."),
    ("No fever or cough was found.", "No se halló fiebre pero sí tos."),
    ("It works well. It does not hurt.", "Funciona bien. Duele."),
    ("The lesions are nonspecific and do not itch.", "Las lesiones son inespecíficas y pican."),
]


@pytest.mark.parametrize(("source", "target"), RIGHT_NEGATIONS)
def test_a_denial_may_be_said_another_way(source: str, target: str) -> None:
    """Double negation, prefixes and verbs that deny are no errors."""
    assert says("negation", source, target) is None


@pytest.mark.parametrize(("source", "target"), WRONG_NEGATIONS)
def test_a_turned_polarity_is_found(source: str, target: str) -> None:
    """A denial that is lost, invented or turned into its opposite is named."""
    assert says("negation", source, target) is not None


LONG = "The patient was admitted to the hospital with severe abdominal pain and fever after the surgical procedure."
LARGO = "El paciente ingresó en el hospital con dolor abdominal intenso y fiebre tras el procedimiento quirúrgico."


@pytest.mark.parametrize(
    ("gate", "source", "target"),
    [
        ("length", LONG, LARGO),
        ("length", "Pain.", "Dolor intenso y continuo."),
        ("truncated", LONG, LARGO),
        ("truncated", "A title without a full stop that is long", "Un título sin punto"),
        ("chatter", "Note: take with food.", "Nota: tómese con comida."),
        ("chatter", "Sorry, I cannot walk.", "Lo siento, no puedo caminar."),
        ("chatter", LONG, LARGO),
        ("copy", "Streptococcus pneumoniae", "Streptococcus pneumoniae"),
        ("copy", LONG, LARGO),
        ("language", LONG, LARGO),
        ("language", "The alpha (αβ) receptor is here", "El receptor alfa (αβ) está aquí"),
        ("repetition", "No, no, no, no, no, no!", "¡No, no, no, no, no, no!"),
        ("repetition", LONG, LARGO),
        ("placeholders", "See https://example.org/a.", "Véase https://example.org/a."),
        ("placeholders", "doi 10.1000/xyz123", "doi 10.1000/xyz123"),
        ("placeholders", "5 mg/kg", "5 mg/kg"),
        ("content", LONG, LARGO),
        ("content", "Stay at home.", "Quédese en casa."),
    ],
)
def test_a_good_form_passes(gate: str, source: str, target: str) -> None:
    """What a translation should look like raises no alarm."""
    assert says(gate, source, target) is None


@pytest.mark.parametrize(
    ("gate", "source", "target"),
    [
        ("length", LONG, LARGO[:60]),
        ("length", LONG, LARGO * 3),
        ("length", LONG, "  "),
        ("length", "Pain.", LARGO),
        ("truncated", LONG, LARGO[:-8]),
        ("chatter", LONG, f"Aquí está la traducción: {LARGO}"),
        ("chatter", LONG, f"{LARGO} Espero que esto ayude."),
        ("chatter", LONG, f"```{LARGO}```"),
        ("chatter", LONG, "Lo siento, no puedo traducir este texto."),
        ("chatter", LONG, f"<think>hm</think>{LARGO}"),
        ("copy", LONG, LONG),
        ("copy", LONG, LONG.replace("procedure", "procedimiento")),
        ("copy", "Acute infection", "Acute infection"),
        ("copy", f"{LONG} It was sudden.", f"{LONG} Fue repentino."),
        ("language", LONG, "The patient was taken to the hospital with pain and fever."),
        ("language", LONG, "O paciente foi internado no hospital com dor e febre, mas não foi operado pela equipe."),
        ("language", LONG, f"{LARGO} 患者入院"),
        ("repetition", LONG, LARGO + " con dolor con dolor con dolor con dolor con dolor"),
        ("repetition", LONG, f"{LARGO} {LARGO}"),
        ("placeholders", "See https://example.org/a.", "Véase https://ejemplo.org/a."),
        ("placeholders", "Write to a.b@example.org", "Escriba a nosotros"),
        ("content", LONG, "Las ballenas nadan en el mar profundo y comen peces pequeños cada mañana de verano."),
    ],
)
def test_a_bad_form_is_found(gate: str, source: str, target: str) -> None:
    """Truncation, chatter, copies, other languages, loops and lost addresses are named."""
    assert says(gate, source, target) is not None


def test_a_lost_clause_is_a_gap() -> None:
    """Words of the source that the translation shows nothing of, one after the other, in a translation that is short."""
    source = f"{LONG[:-1]}, although the laboratory tests, the ultrasound and the tomography were entirely normal."
    assert content.wrong(Side(source, "en"), Side(LARGO, "es")) is not None


def test_how_a_reply_ended_and_what_came_back() -> None:
    """A cut reply and units that are lost, doubled or strange are no translation."""
    assert finished("stop") is None
    assert finished("length") == "finish reason length"
    assert aligned([1, 2, 3], [1, 2, 3]) is None
    assert aligned([1, 2, 3], [1, 3]) == "units 2 are lost"
    for returned in ([1, 2, 2, 3], [1, 2, 3, 4], [2, 1, 3]):
        assert aligned([1, 2, 3], returned) is not None


def test_sentences_end_where_they_do() -> None:
    """Abbreviations end none; a citation or a missing space does not hide one."""
    assert sentences("Dr. Smith came. He left.") == ["Dr. Smith came.", "He left."]
    assert sentences("It works.[1,2] It is 5.5 mg.") == ["It works.[1,2]", "It is 5.5 mg."]
    assert sentences("Ended in May.On June 2 it began") == ["Ended in May.", "On June 2 it began"]
    assert len(sentences("in the U.S. Food and Drug")) == 1


def test_all_gates_together() -> None:
    """A good translation fails none; the slugs of a bad one are those of its errors."""
    assert check(LONG, LARGO) == {}
    assert check_translation(LONG, LARGO) == []
    assert failed("Take 500 mg every 8 hours.", "Tome 50 g cada 8 horas.") == ["numbers"]
    assert failed("Do not take 5 mg.", "Tome 5 g.") == ["units", "negation"]
    assert set(GATES) >= {"length", "numbers", "units", "negation", "copy", "language", "repetition", "chatter"}
    for gate in (form.length, numbers.wrong, units.wrong, negation.wrong):
        assert gate in GATES.values()
