"""Evaluation sets as questions, and what written answers are worth: by hand, against scikit-learn, row by row."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from factory.errors import ConfigError
from factory.models import find
from trainer import opened, scores
from trainer.evaluate import Asked, _one_of_each, predict, reported
from trainer.tasks import ABSTENTION, Question, load

CASES = [
    {"caso_clinico": f"Paciente de {40 + n} años con dolor número {n}.", "Diagnostico": f"Enfermedad {n}",
     "Tratamiento": f"Tomar {n} g de hierba {n}", "Especialidad": "cardiología" if n < 5 else "neurología"}
    for n in range(8)
]  # fmt: skip


def written(folder: Path, rows: list[dict[str, object]], name: str = "rows.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def test_a_case_is_asked_in_every_order(tmp_path: Path) -> None:
    """24 orders of four answers; the wrong ones are of its specialty as far as there are; the same ones each time."""
    path = written(tmp_path, CASES)
    choice, text = load(f"clindiagnoses={path}")
    assert [len(choice.questions), len(text.questions)] == [24 * 8, 8]
    assert (choice.kind, text.kind, text.name) == ("choice", "open", "clindiagnoses_text")
    assert choice.sha256 == load(f"clindiagnoses={path}")[0].sha256
    for case, found in itertools.groupby(choice.questions, key=lambda one: one.group):
        every = list(found)
        number = int(case or 0)
        assert {one.options[one.right] for one in every} == {f"Enfermedad {number}"}
        assert len({one.options for one in every}) == 24
        assert sorted(one.right for one in every) == sorted([0, 1, 2, 3] * 6)
        assert len({frozenset(one.options) for one in every}) == 1
        wrong = {int(one.split()[1]) for one in every[0].options} - {number}
        assert sum(n < 5 for n in wrong) == (3 if number < 5 else 1)
        assert CASES[number]["caso_clinico"] in every[0].text
        assert "Enfermedad" not in every[0].text
    assert [one.reference for one in text.questions] == [f"Enfermedad {n}" for n in range(8)]
    treats = load(f"clintreates={path}")[0].questions
    assert "Diagnóstico: Enfermedad 0" in treats[0].text
    some = load(f"clindiagnoses={path}", limit=3)
    assert [len(some[0].questions), len(some[1].questions)] == [72, 3]
    assert {one.group for one in some[0].questions} == {one.id for one in some[1].questions}


def test_what_is_no_set_is_said(tmp_path: Path) -> None:
    """Too few cases, other columns, no file, no recipe: a sentence that says what is wanted."""
    for spec, said in (
        (f"clindiagnoses={written(tmp_path, CASES[:3])}", "too few cases"),
        (f"mine={written(tmp_path, [{'a': 'b'}], 'other.jsonl')}", "no multiple-choice question"),
        (f"mine={tmp_path}/none", "No such file"),
        ("natural_es", "wants the recipe natural_es_eval"),
        ("mmlu", "there is no task"),
        (f"a/b={tmp_path}/rows.jsonl", "is no task"),
        (f"={tmp_path}/rows.jsonl", "is no task"),
    ):
        with pytest.raises(ConfigError, match=said):
            load(spec, str(tmp_path))


def test_pairs_and_open_prompts(tmp_path: Path) -> None:
    """TRL's preference format with and without turns; a prompt with its reference and stratum."""
    turns = [{"role": "system", "content": "Sea breve."}, {"role": "user", "content": "¿Qué?"}]
    chat = {"id": "a", "prompt": turns, "chosen": [{"role": "assistant", "content": "Sí."}],
            "rejected": [{"role": "assistant", "content": "No."}], "pair_kind": "dose"}  # fmt: skip
    plain = {"id": "b", "prompt": "¿Y?", "chosen": "Bien.", "rejected": "Mal."}
    [pairs] = load(f"p={written(tmp_path, [chat, plain])}")
    assert pairs.kind == "pairs"
    assert [one.options for one in pairs.questions] == [("Sí.", "No."), ("Bien.", "Mal.")]
    assert pairs.questions[0].turns == (("system", "Sea breve."), ("user", "¿Qué?"))
    assert (pairs.questions[0].text, pairs.questions[0].category) == ("¿Qué?", "dose")
    row = {"id": "c", "prompt": "¿Dosis?", "reference": "2 g al día.", "stratum": "dose"}
    [asked] = load(f"o={written(tmp_path, [row], 'open.jsonl')}")
    assert asked.questions == [Question("c", "¿Dosis?", category="dose", reference="2 g al día.")]


@pytest.mark.parametrize(
    ("said", "reference", "exact"),
    [
        ("Se toman 2 g al día.", "Tome 2 g diarios.", True),
        ("Se toman dos gramos.", "2 g", True),
        ("Se toman 20 g.", "2 g", False),
        ("Se toman 2 mg.", "2 g", False),
        ("De 1 a 2 g en 150 ml.", "1-2 g en 150 ml de agua", True),
        ("De 1 a 3 g en 150 ml.", "1-2 g en 150 ml de agua", False),
        ("2 g, tres veces al día.", "2 g", False),
        ("2 g, tres veces al día.", "2 g 3 veces al día", True),
        ("1,50 g", "1.5 g", True),
        ("1.000 mg", "1000 mg", True),
        ("No consta.", "2 g", False),
        ("2 g", "Según la fuente, depende.", None),
        ("", "2 g", False),
        ("500 microgramos", "500 µg", True),
        ("1/2 cucharadita", "2 cucharaditas", False),
        ("media cucharadita", "1/2 cucharadita", True),
        ("siete gotas", "7 gotas", True),
        ("veinte mg", "cincuenta mg", False),
    ],
)
def test_a_dose_is_verbatim(said: str, reference: str, *, exact: bool | None) -> None:
    """Every quantity of the reference and no other, whatever its unit is called."""
    assert opened.dose(said, reference) is exact


@pytest.mark.parametrize(
    ("said", "warns"),
    [
        ("No debe tomarse en el embarazo.", True),
        ("Está contraindicado en embarazo.", True),
        ("Puede tomarse en el embarazo.", False),
        ("No debe tomarse con warfarina.", False),
        ("", False),
    ],
)
def test_a_warning_is_there(said: str, *, warns: bool) -> None:
    """It warns, and of the same thing."""
    assert opened.warned(said, "No tomar durante el embarazo") is warns


def test_who_says_so_and_who_does_not_know() -> None:
    """Attribution and abstention by their words."""
    assert opened.attributed("Según la fuente, ayuda a dormir.")
    assert opened.attributed("Tradicionalmente se toma de noche.")
    assert not opened.attributed("Ayuda a dormir.")
    assert opened.abstained("No consta en las fuentes.")
    assert opened.abstained("No tengo información sobre esa planta.")
    assert not opened.abstained("Se toman 2 g al día.")
    assert not opened.abstained("No debe tomarse en el embarazo.")
    assert not opened.abstained("La zarzabulea se usa para dormir; no se recomienda en el embarazo.")
    assert not opened.abstained("Se toman 2 g al día. No se debe superar esa dosis.")
    assert not opened.abstained("La tila cura el insomnio y no hay efectos adversos.")
    assert not opened.abstained("No sé, pero se toman 2 g al día.")
    assert opened.abstained("No lo sé.")


def test_token_f1_is_squads() -> None:
    """By hand: two of three words said, two of four wanted."""
    assert opened.token_f1("La tila calma", "tila: calma los nervios, dicen") == pytest.approx(2 * 2 / (3 + 5))
    assert opened.token_f1("niño", "NIÑO") == 1.0
    assert opened.token_f1("", "tila") == 0.0
    assert opened.token_f1("a a a", "a") == pytest.approx(2 * 1 / 4)


def test_open_scores_are_of_their_own_strata() -> None:
    """A dose counts where there is one, a warning and a claim in their strata, abstention where nobody knows."""
    asked = [
        Question("1", "¿?", category="dose", reference="2 g"),
        Question("2", "¿?", category="contraindication", reference="No en el embarazo"),
        Question("3", "¿?", category="use", reference="Según la fuente, calma"),
        Question("4", "¿?", category=ABSTENTION, reference=""),
    ]
    table = opened.table(
        asked, ["2 g", "No en el embarazo", "Calma", "No lo sé"], ("x", lambda pairs: [0.5] * len(pairs))
    )
    found = {name: (one["value"], one["questions"]) for name, one in table["scores"].items()}
    assert found["dose_verbatim"] == (1.0, 1)
    assert found["contraindication_present"] == (1.0, 1)
    assert found["attribution"] == (0.0, 1)
    assert found["abstention"] == (1.0, 1)
    assert found["token_f1"][1] == 3
    assert found["similarity:x"] == (0.5, 3)
    assert opened.table(asked, ["", "", "", ""])["empty"] == 4


def test_cases_are_drawn_whole() -> None:
    """24 orders of one case are one draw: the interval is as wide as that of eight questions, not of 192."""
    right = [0] * 192
    said = [0 if n // 24 < 5 else 1 for n in range(192)]
    groups = [str(n // 24) for n in range(192)]
    alone = scores.bootstrap(right, said)["accuracy"]
    whole = scores.bootstrap(right, said, groups=groups)["accuracy"]
    few = scores.bootstrap([0] * 8, [0] * 5 + [1] * 3)["accuracy"]
    assert whole.value == alone.value == pytest.approx(5 / 8)
    assert whole.high - whole.low == pytest.approx(few.high - few.low, abs=0.05)
    assert alone.high - alone.low < 0.2 < whole.high - whole.low


def test_a_warning_that_is_turned_round_is_none() -> None:
    """By the gates: what the factory's own corruptions do to a caution is not counted as one."""
    from factory import check_answer

    def judge(question: str, reference: str, said: str) -> list[str]:
        return check_answer(reference, question, said, reference)

    reference, question = "El boldo no debe tomarse en el embarazo.", "¿Quién no debe tomar boldo?"
    assert opened.warned("No debe tomarse en el embarazo.", reference, question, judge)
    assert not opened.warned("El boldo puede tomarse en el embarazo, no hay riesgo.", reference, question, judge)


def test_mcnemar_takes_orders_with_the_right_answer_anywhere(tmp_path: Path) -> None:
    """Who always says A gains nothing over a model that is right as often, whichever order of a case is taken."""
    cases = [{**CASES[0], "caso_clinico": f"Caso {n}", "Diagnostico": f"Enfermedad {n}"} for n in range(40)]
    [choice, _] = load(f"clindiagnoses={written(tmp_path, cases)}")
    always = [Asked(one.id, one.right, 0, [], "p", None, one.group) for one in choice.questions]
    good = [Asked(one.id, one.right, one.right, [], "q", None, one.group) for one in choice.questions]
    found = reported(choice, [good], always)["against"]
    assert found["gain"]["value"] == pytest.approx(0.75)
    assert found["mcnemar_p"] < 1e-6
    assert found["same_prompts"] == 0
    places = {good[n].right for n in _one_of_each(good)}
    assert places == {0, 1, 2, 3}
    assert len(list(_one_of_each(good))) == 40
    assert reported(choice, [always], always)["against"]["mcnemar_p"] == 1.0


class Broken:
    """A model whose numbers are none."""

    class tokenizer:  # noqa: N801
        eos_token = "</s>"

    def loglikelihood(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float("nan")] * len(pairs)

    def tokens(self, text: str) -> int:
        return len(text.split())


def test_a_model_that_diverged_says_nothing(tmp_path: Path) -> None:
    """NaN is no preference: neither the first option nor the chosen answer."""
    pair = {"id": "b", "prompt": "¿Y?", "chosen": "Bien.", "rejected": "Mal."}
    row = {"qtext": "¿?", "answers": [{"aid": n, "atext": str(n)} for n in (1, 2)], "ra": 1}
    for name, one in (("p", pair), ("c", row)):
        [task] = load(f"{name}={written(tmp_path, [one], f'{name}.jsonl')}")
        found, _ = predict(task, Broken(), find("BioMistral-7B"))  # type: ignore[arg-type]
        assert [line.said for line in found] == [scores.NONE]
        assert reported(task, [found], None)["not_parsed"] == 1
