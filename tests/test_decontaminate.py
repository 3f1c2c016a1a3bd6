"""Questions of evaluation sets in long documents: found however they are set, and nothing else is."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factory.decontaminate import Finder, Item, build, joined, load
from factory.errors import ConfigError
from factory.exams import items_of
from tests.command import ok, run
from tests.dedup import clinical
from tests.plant import exam

STEM = (
    "Mujer de 43 años con cansancio, gingivorragia y petequias; ¿cuál es el diagnóstico más probable en esta paciente?"
)
OPTIONS = ("Leucemia mieloide crónica.", "Leucemia aguda promielocítica.", "Leucemia linfoide aguda.")
PROSE = (
    "La leucemia es un cáncer de la sangre que empieza en la médula ósea. El cansancio y los hematomas son frecuentes, "
    "y el diagnóstico más probable depende de la edad del paciente y de la analítica. Conviene consultar al médico.\n"
) * 6


@pytest.fixture(scope="module")
def one() -> Finder:
    return Finder(
        build([Item("a/1", STEM, OPTIONS), Item("a/2", "La aldosterona:", ("Sube el sodio.", "Baja el potasio."))])
    )


def found(finder: Finder, text: str) -> list[str]:
    return [hit.item for hit in finder.find([text])[0]]


@pytest.mark.parametrize(
    "planted",
    [
        STEM,
        STEM.upper(),
        STEM.replace(" ", "\n"),
        STEM.replace("ó", "o").replace("á", "a").replace("ñ", "n"),
        "1) " + STEM + "\na) " + "\nb) ".join(OPTIONS[::-1]),
        " ".join(STEM.split()[:11]),
        "¿Qué tiene?\n- " + "\n- ".join(OPTIONS) + "\n" + STEM[:60],
    ],
)
def test_a_question_is_found_however_it_is_set(one: Finder, planted: str) -> None:
    """Verbatim, capitals, line breaks, no accents, options shuffled, a stem cut short; and where it stands."""
    text = PROSE + planted + "\n" + PROSE
    assert found(one, text) == ["a/1"]
    [hit] = one.find([text])[0]
    assert len(PROSE) - 3 <= hit.start < hit.end <= len(PROSE) + len(planted) + 3


def test_a_short_stem_is_found_by_its_options_and_not_alone(one: Finder) -> None:
    """Three words of a stem stand in every textbook; with two options they are the question."""
    assert found(one, PROSE + "La aldosterona: a) Baja el potasio. b) Sube el sodio.") == ["a/2"]
    assert found(one, PROSE + "La aldosterona: es una hormona. " + PROSE) == []
    assert found(one, PROSE + "Sube el sodio.") == []


def test_prose_on_the_same_matter_is_not_a_question(one: Finder) -> None:
    """The same illness, the same words, another text."""
    assert found(one, PROSE) == []
    assert found(one, "") == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(alphabet="abcñé \n.1", max_size=60), max_size=5))
def test_texts_are_searched_alone(texts: list[str]) -> None:
    """What a text holds does not depend on its neighbours, and an index of nothing finds nothing."""
    finder = Finder(build([Item("x", "a b c a b c a b", ("a b", "c"))]))
    assert finder.find(texts) == [finder.find([text])[0] for text in texts]
    assert Finder(build([])).find(texts) == [[] for _ in texts]


def test_an_index_holds_hashes_only_and_is_the_same_each_time() -> None:
    """No word of a question stands in the file; two indexes make one."""
    items = [
        Item("a/1", STEM, OPTIONS),
        Item("b/2", "Otra pregunta sobre el riñón y sus funciones: señale la cierta", ()),
    ]
    data = build(items).save()
    assert data == build(reversed(items)).save()
    assert b"leucemia" not in data.lower()
    assert load(data).names == ["a/1", "b/2"]
    both = joined([build(items[:1]), build(items[1:])])
    assert found(Finder(both), STEM + "\n\n" + items[1].stem) == ["a/1", "b/2"]
    with pytest.raises((ValueError, OSError)):
        load(b"no index")


def rows(path: Path, *given: dict[str, Any]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in given), "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("careqa", {"exam_id": 3, "question": STEM, "op1": OPTIONS[0], "op2": OPTIONS[1], "op3": OPTIONS[2], "cop": 2}),
        ("headqa", {"qid": "3", "qtext": STEM, "answers": [{"aid": 1, "atext": o} for o in OPTIONS], "ra": 2}),
        ("medexpqa", {"id": 3, "full_question": STEM, "options": {"1": OPTIONS[0], "2": OPTIONS[1], "3": OPTIONS[2]}}),
        ("medmcqa", {"id": 3, "question": STEM, "opa": "", "a": OPTIONS[0], "b": OPTIONS[1], "c": OPTIONS[2]}),
        ("lm_eval", {"id": 3, "question": STEM, "choices": {"text": list(OPTIONS), "label": ["A", "B", "C"]}}),
    ],
)
def test_the_rows_of_each_benchmark_are_understood(tmp_path: Path, name: str, row: dict[str, Any]) -> None:
    """Stem and options of the columns that the sets use."""
    [item] = items_of(str(rows(tmp_path / f"{name}.jsonl", row)))
    assert (item.stem, item.options, item.id) == (STEM, OPTIONS, f"{name}/3")


def test_cases_and_translation_sets_are_understood(tmp_path: Path) -> None:
    """ClinDiagnosES-like rows, both sides of a translation, and a segment a line; what is none is refused."""
    [case] = items_of(str(rows(tmp_path / "clin.jsonl", {"clinical_case": PROSE, "diagnosis": "x"})))
    assert case.stem == PROSE
    both = items_of(str(rows(tmp_path / "tico.jsonl", {"id": "1", "en": "The cat sat", "es": "El gato se sentó"})))
    assert sorted(i.stem for i in both) == ["El gato se sentó", "The cat sat"]
    (tmp_path / "flores.devtest").write_text("Una frase.\n\nOtra frase.\n", "utf-8")
    assert [i.stem for i in items_of(str(tmp_path / "flores.devtest"))] == ["Una frase.", "Otra frase."]
    (tmp_path / "bad.json").write_text('{"a": [1, 2]}', "utf-8")
    with pytest.raises(ConfigError, match="no question found"):
        items_of(str(tmp_path / "bad.json"))
    with pytest.raises(ConfigError, match="No such file"):
        items_of(str(tmp_path / "none.json"))


def test_every_text_of_a_row_is_checked_by_the_step(tmp_path: Path) -> None:
    """Generated rows too: a question in `question`, options in a list; the row that holds none passes."""
    bench = rows(tmp_path / "bench.jsonl", {"id": 1, "question": STEM, "options": list(OPTIONS)})
    given = rows(
        tmp_path / "in.jsonl",
        {"id": "x", "question": STEM, "answer": "La 2."},
        {"id": "y", "text": PROSE},
        {"id": "z", "question": "¿Qué tiene?", "options": list(OPTIONS), "answer": STEM[:70]},
    )
    out, bad = tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    ok("step", "decontaminate", given, out, "--dropped", bad, "--set", f"against={json.dumps(str(bench))}")
    assert [json.loads(line)["id"] for line in out.read_text("utf-8").splitlines()] == ["y"]
    dropped = [json.loads(line) for line in bad.read_text("utf-8").splitlines()]
    assert [(r["id"], r["failed"], r["contaminated_by"]) for r in dropped] == [
        ("x", ["contaminated"], ["bench/1"]),
        ("z", ["contaminated"], ["bench/1"]),
    ]


@pytest.mark.slow
def test_a_build_cuts_the_questions_of_the_homes_indexes(tmp_path: Path) -> None:
    """The paragraph goes and the notes name the question; an exam goes whole; without the index nothing does."""
    home = tmp_path / "home"
    bench = rows(tmp_path / "bench.jsonl", {"id": 1, "question": STEM, "options": list(OPTIONS)})
    filler = [
        f"{i}. El tratamiento número {i} se estudió con {i * 3} personas y no hubo diferencias claras."
        for i in range(60)
    ]
    book = "\n\n".join([*filler[:30], f"Pregunta 7. {STEM}", *OPTIONS, *filler[30:]])
    (tmp_path / "libro.md").write_text(book, "utf-8")
    (tmp_path / "examen.md").write_text(f"{STEM}\n\n" + "\n\n".join(OPTIONS) + "\n\n" + PROSE[:400], "utf-8")
    ask = ("--source", "s", "--tradition", "conventional", "--licence", "CC0-1.0")
    ok("ingest", tmp_path / "libro.md", tmp_path / "examen.md", *ask, home=home)
    assert json.loads(ok("build", "medical_es", "--json", home=home))["rows"] == 2
    ok("decontaminate", "index", bench, "--name", "clín", home=home)
    done = json.loads(ok("build", "medical_es", "--json", home=home))
    assert done["rows"] == 1
    assert {k: v for s in done["stages"] for k, v in s["rejected"].items()} == {"contaminated": 1}
    [row] = [json.loads(line) for line in ok("inspect", "medical_es", "--json", home=home).splitlines()]
    assert row["notes"] == ["contaminated:bench/1"]
    assert STEM[:40] not in row["text"]
    assert OPTIONS[1] not in row["text"]
    assert "El tratamiento número 3 " in row["text"]
    assert row["removed"]["contaminated"] > len(STEM)
    assert json.loads(ok("build", "medical_es", "--json", home=home))["nothing_to_do"]
    checked = run("decontaminate", "check", tmp_path / "libro.md", "--json", home=home)
    assert checked.returncode == 5
    assert json.loads(checked.stdout.splitlines()[0])["item"] == "bench/1"
    assert "clin-" in ok("decontaminate", "list", home=home)


def questions(data: Path, name: str) -> Iterator[tuple[Item, str]]:
    for test, table in json.loads((data / f"qa/head_qa/es/{name}").read_bytes())["exams"].items():
        for q in table["data"]:
            options = tuple(a["atext"] for a in q["answers"])
            yield Item(f"{test}/{q['qid']}", q["qtext"], options), options[int(q["ra"]) - 1]


# The floors; measured when written: 1.0, 1.0, 1.0, 1.0, 0.93.
@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "floor"),
    [("verbatim", 1.0), ("rewrapped", 1.0), ("no_accents", 1.0), ("shuffled", 0.98), ("stem60", 0.85)],
)
def test_planted_exam_questions_are_found(data: Path, kind: str, floor: float) -> None:
    """HEAD-QA dev, hidden in long documents by a generator that shares nothing with the check."""
    every = list(questions(data, "dev_HEAD.json"))
    finder = Finder(build(item for item, _ in every))
    filler = [p for text in clinical.texts(data).values() for p in text.split("\n") if len(p.split()) > 15]
    rng = random.Random(f"plant {kind}")
    hits = 0
    chosen = every[::2]
    for item, answer in chosen:
        text = exam.plant(item.stem, list(item.options), answer, rng.sample(filler, 60), kind, rng)
        hits += item.id in found(finder, text)
    assert hits >= floor * len(chosen), f"{hits} of {len(chosen)}"


@pytest.mark.data
@pytest.mark.slow
def test_texts_that_are_no_exams_pass(data: Path) -> None:
    """All of MEDDOCAN, E3C and the PDQ pages against train and dev: at most one in a thousand; none when written."""
    finder = Finder(build(i for name in ("dev_HEAD.json", "train_HEAD.json") for i, _ in questions(data, name)))
    texts = [*clinical.texts(data).values(), *(f.read_text("utf-8") for f in data.glob("html/nci_pdq/es/*.gold.txt"))]
    hits = sum(bool(h) for at in range(0, len(texts), 32) for h in finder.find(texts[at : at + 32]))
    assert len(texts) > 1500
    assert hits <= 0.001 * len(texts)


@pytest.mark.data
def test_casimedicos_is_read_from_its_tokens(data: Path) -> None:
    """Every case of the set with its options, the question type and the doctors' explanation left out."""
    items = items_of(str(data / "qa/casimedicos_arg/ES/dev.tsv"))
    assert len(items) > 50
    assert all(3 <= len(item.options) <= 5 for item in items)
    assert items[0].stem.startswith("Una niña de 8 años (caso índice)")
    assert items[0].options[1].startswith("Está indicado tras detectar la mutación")
    assert not any("CORRECT ANSWER" in item.stem + item.options[-1] for item in items)


def test_an_index_is_removed_by_its_name(tmp_path: Path) -> None:
    """The file goes; an unknown name is said, with the nearest known one."""
    bench = rows(tmp_path / "bench.jsonl", {"id": 1, "question": STEM, "options": list(OPTIONS)})
    ok("decontaminate", "index", bench, "--name", "headqa", home=tmp_path / "home")
    wrong = run("decontaminate", "remove", "hedqa", home=tmp_path / "home")
    assert wrong.returncode == 2
    assert "Did you mean 'headqa'" in wrong.stderr
    ok("decontaminate", "remove", "headqa", home=tmp_path / "home")
    assert "no index" in ok("decontaminate", "list", home=tmp_path / "home")
