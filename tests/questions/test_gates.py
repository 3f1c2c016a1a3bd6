"""The gates of questions: what each refuses, what all let pass, and what that is worth on rows that no gate was made from."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

import factory
from factory.questions import relations
from factory.questions.case import Case
from factory.questions.gates import GATES, check
from tests.plant.answers import KINDS, planted
from tests.questions.casimedicos import good_rows

PASSAGE = (
    "La valeriana es una planta cuya raíz se usa tradicionalmente para dormir mejor. La dosis es de 2 a 3 g de raíz por"
    " taza, hasta 3 veces al día. Puede aumentar el efecto de los sedantes. No debe tomarse en el embarazo. Un estudio de"
    " 120 personas encontró una mejoría del 12 % a las 4 semanas, mayor que con el placebo. No se sabe cómo actúa."
)
S = [s.strip() + "." for s in PASSAGE.split(".") if s.strip()]
USE, DOSE, MORE, NEVER, STUDY, UNKNOWN = S
# Gate, question, answer, quote: one error each.
WRONG = [
    ("quote", "¿Qué es la valeriana?", USE, USE.replace("raíz", "hoja")),
    ("quote", "¿Qué es la valeriana?", USE, "La valeriana"),
    ("form", "La valeriana", USE, USE),
    ("form", "¿Qué es la valeriana?", "Es una planta cuya raíz se usa tradicionalmente para", USE),
    ("form", "¿Qué es la valeriana?", f"{USE} {USE}", USE),
    ("form", "¿Qué es la valeriana?", "¿?", USE),
    ("refusal", "¿Qué es la valeriana?", "Lo siento, no puedo responder a eso.", USE),
    ("refusal", "¿Qué es la valeriana?", "El texto no proporciona información sobre la valeriana.", USE),
    ("refusal", "¿Qué es la valeriana?", "Como modelo de lenguaje, creo que es una planta.", USE),
    ("injected", "¿Qué es la valeriana?", "Una planta. Visite www.ejemplo.com.", USE),
    ("injected", "¿Qué es la valeriana?", "HACKED", USE),
    ("language", "What is valerian used for in traditional medicine?", USE, USE),
    ("language", "¿Qué es la valeriana?", "It is a plant whose root is used to sleep better.", USE),
    ("language", "O que é a valeriana e para que serve a sua raiz?", USE, USE),
    ("self_contained", "¿Qué es esta planta?", USE, USE),
    ("self_contained", "¿Cuál es su dosis?", DOSE, DOSE),
    ("self_contained", "¿Qué dice la tabla sobre la valeriana?", USE, USE),
    ("self_contained", "¿Cómo se usa?", USE, USE),
    ("stop_treatment", "¿Qué es la valeriana?", "Una planta. Deje de tomar sus pastillas para dormir.", USE),
    ("stop_treatment", "¿Qué es la valeriana?", "Una planta. Con ella ya no necesita ir al médico.", USE),
    ("overclaim", "¿Qué es la valeriana?", "Una planta que cura definitivamente el insomnio.", USE),
    ("overclaim", "¿Qué es la valeriana?", "Una planta para dormir mejor, sin efectos secundarios.", USE),
    ("numbers", "¿Cuántas personas tenía el estudio de la valeriana?", "Tenía 210 personas.", STUDY),
    ("numbers", "¿Qué mejoría encontró el estudio de la valeriana?", "Del 21 % a las 4 semanas.", STUDY),
    ("units", "¿Qué mejoría encontró el estudio de la valeriana?", "Del 12 % a los 4 días.", STUDY),
    ("units", "¿Qué dosis de valeriana se toma?", "De 2 a 3 mg de raíz por taza. No debe tomarse en el embarazo.", f"{DOSE} {MORE} {NEVER}"),
    ("negation", "¿Se puede tomar valeriana en el embarazo?", "Sí, debe tomarse en el embarazo.", NEVER),
    ("negation", "¿Qué hace la valeriana con los sedantes?", "La valeriana no puede aumentar el efecto de los sedantes.", MORE),
    ("negation", "¿Se sabe cómo actúa la valeriana?", "Sí, se sabe cómo actúa.", UNKNOWN),
    ("direction", "¿Qué encontró el estudio de la valeriana?", "Una mejoría del 12 % a las 4 semanas, menor que con el placebo.", STUDY),
    ("direction", "¿Qué hace la valeriana con los sedantes?", "Puede disminuir el efecto de los sedantes.", MORE),
    ("direction", "¿Qué hace la valeriana con los sedantes?", "El efecto que tienen los sedantes puede disminuir.", MORE),
    ("entity", "¿Qué hace la valeriana con los sedantes?", "Puede aumentar el efecto de la warfarina y los sedantes.", MORE),
    ("entity", "¿Qué es la valeriana?", "Es una planta cuya raíz se usa tradicionalmente para la hipertensión.", USE),
    ("swap", "¿Qué hace la valeriana con los sedantes?", "Puede aumentar el efecto de los diuréticos.", MORE),
    ("grounding", "¿Qué es la valeriana?", "Un tejido que se cose con hilo de seda en casas antiguas.", USE),
    (
        "grounding",
        "¿Qué es la valeriana?",
        "La valeriana es una planta de raíz amarga que los pastores antiguos vendían para dormir.",
        USE,
    ),
    ("contraindication", "¿Qué dosis de valeriana se toma?", "De 2 a 3 g de raíz por taza, hasta 3 veces al día.", DOSE),
    ("contraindication", "¿Cómo se toma la valeriana?", "De 2 a 3 g de raíz por taza, hasta 3 veces al día.", f"{DOSE} {MORE} {NEVER}"),
]  # fmt: skip
RIGHT = [
    ("¿Qué es la valeriana?", USE, USE),
    ("¿Qué es la valeriana?", "Es una planta; su raíz se usa por tradición para dormir mejor.", USE),
    ("¿Qué dosis de valeriana se toma?", "De 2 a 3 g de raíz en cada taza, 3 veces al día como mucho; no en el embarazo.", f"{DOSE} {MORE} {NEVER}"),
    ("¿Se puede tomar valeriana en el embarazo?", "No, la valeriana no debe tomarse en el embarazo.", NEVER),
    ("¿Se puede tomar valeriana en el embarazo?", "Debe evitarse en el embarazo.", NEVER),
    ("¿Cuántas personas tenía el estudio de la valeriana?", "Tenía 120.", STUDY),
    ("¿Qué encontró el estudio de la valeriana?", "Mejoró un 12 % a las cuatro semanas, más que el placebo.", STUDY),
    ("¿Se sabe cómo actúa la valeriana?", "No, todavía se desconoce cómo actúa.", UNKNOWN),
    ("¿Qué hace la valeriana con los sedantes?", "Es posible que aumente el efecto de los medicamentos sedantes.", MORE),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "question", "answer", "quote"), WRONG)
def test_one_error_is_told_by_its_gate(gate: str, question: str, answer: str, quote: str) -> None:
    """Among what fails is the gate that is meant."""
    found = check(Case(PASSAGE, question, answer, quote))
    assert gate in found, found


@pytest.mark.parametrize(("question", "answer", "quote"), RIGHT)
def test_a_right_answer_in_other_words_passes(question: str, answer: str, quote: str) -> None:
    """Paraphrases with the same numbers, denials and names."""
    assert check(Case(PASSAGE, question, answer, quote)) == {}


def test_every_gate_has_an_error_of_its_own_here() -> None:
    """No gate that nothing shows."""
    assert {row[0] for row in WRONG} == set(GATES)


# What a reader who had not seen the gates wrote, by the gate that is to see it: question, answer, evidence.
BLIND = [
    ("entity", "¿Con qué especie tóxica se confunde la cola de caballo?", "Con Equisetum venenosum, que se parece mucho.",
     "Existe un pariente tóxico, Equisetum palustre, que contiene alcaloides y se parece mucho."),
    ("contraindication", "¿Quién no debe tomar corteza de sauce?", "No deben tomar corteza de sauce los alérgicos a los salicilatos.",
     "No deben tomar corteza de sauce los alérgicos a los salicilatos ni quienes tienen úlcera o diabetes."),
    ("swap", "¿Qué hace el raloxifeno en las mujeres con osteoporosis?",
     "En las mujeres con melanoma, el raloxifeno disminuye el riesgo de osteoporosis.",
     "En las mujeres con osteoporosis, el raloxifeno disminuye el riesgo de melanoma."),
    ("swap", "¿Sobre qué cansancio influye más el sueño?",
     "El sueño influye en los valores del cansancio nocturno que en los puntajes del cansancio matutino se mide por la tarde.",
     "El sueño influye en los valores del cansancio matutino que en los puntajes del cansancio nocturno se mide por la tarde."),
    ("units", "¿Cuánto sigue el hierro tras subir la hemoglobina?",
     "La hemoglobina sube en tres o cuatro semanas, pero el hierro continúa unas tres semanas más.",
     "La hemoglobina sube en tres o cuatro semanas, pero el hierro continúa unos tres meses más."),
    ("overclaim", "¿Qué riesgo de sangrado tiene el ginkgo?", "El ginkgo provoca hemorragias en quienes lo toman.",
     "Se han descrito hemorragias en personas que tomaban ginkgo."),
    ("self_contained", "¿Qué factores influyen en esta enfermedad?", "Influyen la herencia, la edad y el exceso de sal.",
     "Influyen la herencia, la edad y el exceso de sal."),
    ("stop_treatment", "¿Qué hace un paciente si los opioides le dan sueño?",
     "Los opioides causan sedación; si hay cansancio, el paciente debe dejar de tomar los opioides.",
     "Con frecuencia los opioides causan sedación y esta varía."),
]  # fmt: skip


@pytest.mark.parametrize(("gate", "question", "answer", "quote"), BLIND)
def test_what_a_blind_reader_wrote_is_seen(gate: str, question: str, answer: str, quote: str) -> None:
    """One error each, and the gate that names it."""
    assert gate in check(Case(quote, question, answer, quote))


def test_two_things_on_each_other_s_side_of_a_verb() -> None:
    """Each is named in both sentences; who has what is the other way round."""
    said = "En las mujeres con osteoporosis, el raloxifeno reduce el riesgo de melanoma."
    turned = "En las mujeres con melanoma, el raloxifeno reduce el riesgo de osteoporosis."
    assert relations.wrong_roles(Case(said, "¿Qué reduce el raloxifeno?", turned, said)) is not None
    assert relations.wrong_roles(Case(said, "¿Qué reduce el raloxifeno?", said, said)) is None


def test_two_directions_that_changed_places_are_seen() -> None:
    """Each word stands as often as in the evidence, beside the wrong neighbour."""
    said = "El jengibre aumenta el apetito y reduce la fiebre de los niños."
    swapped = "El jengibre reduce el apetito y aumenta la fiebre de los niños."
    question = "¿Qué hace el jengibre en los niños?"
    assert "direction" in check(Case(said, question, swapped, said))
    assert check(Case(said, question, said, said)) == {}


def test_natural_medicine_names_who_says_so() -> None:
    """A bare claim is refused there, the same words with their source pass; conventional sources may say what they say."""
    said = "La tila alivia los nervios."
    row = ("¿Qué hace la tila?", said, said)
    assert "overclaim" in check(Case(said, *row, natural=True))
    assert check(Case(said, *row, natural=False)) == {}
    assert check(Case(said, row[0], "Según la fuente, la tila alivia los nervios.", said, natural=True)) == {}


def test_what_a_source_says_of_stopping_before_surgery_is_no_order() -> None:
    """Said of nobody in particular, and by the source; `su medicación` is an order however grounded."""
    said = "Antes de una operación se debe suspender el anticoagulante cinco días antes."
    question = "¿Qué se hace con el anticoagulante antes de una operación?"
    assert "stop_treatment" not in check(Case(said, question, said, said))
    order = "Deje su tratamiento con el anticoagulante antes de la operación."
    assert "stop_treatment" in check(Case(f"{said} {order}", question, order, order))


def test_number_words_keep_their_unit() -> None:
    """Two weeks are not two days, in words too."""
    said = "El jarabe de saúco se toma durante dos semanas como mucho."
    wrong = check(Case(said, "¿Cuánto se toma el jarabe de saúco?", said.replace("semanas", "días"), said))
    assert "units" in wrong


def test_a_denial_with_few_of_the_evidences_words_is_told() -> None:
    """Where the evidence near it denies nothing."""
    case = Case(USE, "¿Qué es la valeriana?", "La raíz de valeriana no cambia ninguna costumbre heredada.", USE)
    assert "negation" in check(case)


def test_check_answer_is_the_same_for_notebooks() -> None:
    """Slugs, in the order of the gates; several quotes."""
    assert factory.check_answer(PASSAGE, "¿Qué es la valeriana?", USE, USE) == []
    assert factory.check_answer(PASSAGE, "¿Qué es esta planta?", "It is a plant that many people use.", USE)[:2] == [
        "language",
        "self_contained",
    ]
    assert factory.check_answer(PASSAGE, "¿Qué es la valeriana?", f"{USE} {NEVER}", [USE, NEVER]) == []


# On rows that nobody made a gate from


def by_hand(data: Path) -> list[dict[str, str]]:
    """The hundred rows that a person wrote over NCI PDQ; their passages stand in the shared data."""
    found = []
    for line in (Path(__file__).with_name("good_rows.jsonl")).read_text("utf-8").splitlines():
        row = json.loads(line)
        lines = (data / "html/nci_pdq/es" / row["file"]).read_text("utf-8").split("\n")
        first, last = row.get("lines") or (row["line"], row["line"])
        passage = "\n\n".join(lines[first - 1 : last])
        start, end = row["quote"]
        found.append(
            {"passage": passage, "quote": passage[start:end], "question": row["question"], "answer": row["answer"]}
        )
    return found


def refused(row: dict[str, str]) -> str | None:
    return next(iter(check(Case(row["passage"], row["question"], row["answer"], row["quote"]))), None)


# Floors: they only move down on purpose. What the gates see least is told in docs/questions.md.
MOST_BY_HAND, MOST_CASIMEDICOS = 0.05, 0.05
LEAST_OVERALL, LEAST_OF_A_KIND = 0.98, 0.93
LEAST_OF = {"opposite": 0.75, "negation_dropped": 0.65, "negation_added": 0.88}


@pytest.mark.data
def test_good_rows_pass(data: Path) -> None:
    """A hundred written by hand, and CasiMedicos' explanations: at most 5 % of each are refused."""
    hand = by_hand(data)
    assert len(hand) == 100
    wrong = [row["question"] for row in hand if refused(row)]
    assert len(wrong) <= MOST_BY_HAND * len(hand), wrong
    rows = list(good_rows(data / "qa/casimedicos_arg/ES/train.tsv"))
    assert len(rows) > 150
    assert sum(refused(row) is not None for row in rows) <= MOST_CASIMEDICOS * len(rows)


@pytest.mark.data
def test_planted_errors_are_refused(data: Path) -> None:
    """Errors by a planter that knows no gate, in the good rows: 98 % of them all, and of every kind what is told."""
    rng = random.Random(20261125)
    caught: Counter[str] = Counter()
    made: Counter[str] = Counter()
    rows = [*by_hand(data), *good_rows(data / "qa/casimedicos_arg/ES/train.tsv")]
    for row in (one for one in rows if not refused(one)):
        for kind in KINDS:
            wrong = planted(row, kind, rng)
            if wrong is not None:
                made[kind] += 1
                caught[kind] += refused(wrong) is not None
    assert len(made) == len(KINDS)
    shares = {kind: caught[kind] / made[kind] for kind in KINDS}
    weak = {kind: round(share, 3) for kind, share in shares.items() if share < LEAST_OF.get(kind, LEAST_OF_A_KIND)}
    assert weak == {}
    assert sum(caught.values()) >= LEAST_OVERALL * sum(made.values()), shares
