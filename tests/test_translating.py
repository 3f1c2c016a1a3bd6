"""`factory translate` over whole recipes: drafts by real Apertium, questions that stay aligned, measuring, surveying."""

from __future__ import annotations

import http.server
import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from factory.licence import refused
from factory.replies import Reply, purge, replies_of
from factory.store import open_store
from factory.translate.gates import check
from tests.command import json_lines, ok, run
from tests.engine.serving import serving
from tests.engine.test_misbehaving import PAIRS

SAID = ("--language", "en", "--tradition", "conventional")


def rows(home: Path, config: str) -> list[dict[str, Any]]:
    files = sorted((home / f"datasets/medical_en_es/data/{config}").glob("*.parquet"))
    return [row for file in files for row in pq.read_table(file).to_pylist()]


# Drafts


def drafted(folder: Path, data: Path) -> tuple[Path, dict[str, Any]]:
    """The English half of NCI PDQ and some of MedQuAD, drafted by Apertium."""
    home = folder / "home"
    ok(
        "ingest",
        data / "html/nci_pdq/en/*.html",
        "--source",
        "pdq",
        *SAID,
        "--licence",
        "public-domain",
        "-q",
        home=home,
    )
    few = sorted((data / "qa/medquad/1_CancerGov_QA").glob("*.xml"))[:20]
    ok("ingest", *few, "--source", "medquad", *SAID, "--licence", "CC-BY-4.0", "-q", home=home)
    done = run("translate", "--engine", "apertium", "--json", home=home)
    assert done.returncode in (0, 3), done.stderr
    return home, json.loads(done.stdout)


def every_page_ends_somewhere(home: Path, result: dict[str, Any]) -> None:
    """Every page ends somewhere, every unit is accounted, what passed passes the gates again, places are right."""
    stage = next(one for one in result["stages"] if one["name"] == "translate")
    units = stage["units"]
    assert units["proposed"] > 8000
    assert units["proposed"] == sum(n for name, n in units.items() if name != "proposed")
    assert units["accepted:rules"] > 0.85 * units["proposed"]
    assert units["failed:negation"] > 20
    items = result["items"]
    assert items["in"] == items["accepted"] + sum(
        sum(items[how].values()) for how in ("rejected", "failed", "skipped", "pending")
    )
    texts = rows(home, "text")
    assert len(texts) >= 8
    for row in texts:
        assert row["language"] == "es"
        assert row["translation"]["tier"] == "rule_based"
        assert "Machine translation" in row["attribution"]
        assert "machine translation" in row["licence_evidence"]
        placed = [unit for unit in row["units"] if unit["start"] is not None]
        assert len(placed) > 20
        for unit in placed:
            assert row["text"][unit["start"] : unit["end"]] == unit["target"]
            assert unit["how"] == "kept" or check(unit["source"], unit["target"]) == {}
        for unit in row["units"]:
            assert (unit["target"] is None) == (unit["gate"] is not None)


def a_draft_is_marked_and_never_leaves(home: Path, result: dict[str, Any], tmp_path: Path) -> None:
    """Card, manifest and report say so; the licence gate refuses every row; an export must be asked for twice."""
    assert result["drafts"] == result["rows"] > 0
    card = (home / "datasets/medical_en_es/README.md").read_text()
    assert "**Draft.**" in card
    assert "- machine-translation" in card
    assert "never" in (home / "reports/medical_en_es.html").read_text()
    for line in json_lines(ok("licences", "medical_en_es", "--json", home=home)):
        assert (line["publishable"], line["refused"]) == (False, "machine_draft")
    done = run("export", "medical_en_es", tmp_path / "out", home=home)
    assert done.returncode == 5
    assert "draft" in done.stderr
    assert not (tmp_path / "out").exists()
    ok("export", "medical_en_es", tmp_path / "private", "--include-unpublishable", home=home)
    assert "Not for publication" in (tmp_path / "private/README.md").read_text()


def it_opens_with_load_dataset(home: Path) -> None:
    """Both configs, the same rows as on disk."""
    import datasets

    for config in ("text", "qa"):
        found = datasets.load_dataset(str(home / "datasets/medical_en_es"), config, cache_dir=str(home / "hf"))
        assert sum(len(part) for part in found.values()) == len(rows(home, config)) > 0


def pages_of_questions_become_questions(home: Path) -> None:
    """MedQuAD: a row for each question with its answer, English beside Spanish, every unit of a row right."""
    found = rows(home, "qa")
    assert len(found) > 30
    for row in found:
        assert row["kind"] == "open"
        assert row["question_en"].endswith("?")
        assert row["answer"]
        assert row["answer_en"]
        assert row["question"] in row["text"]
        assert all(unit["gate"] is None for unit in row["units"] if unit["start"] is not None)
    assert len({row["id"] for row in found}) == len(found)


@pytest.mark.data
@pytest.mark.apertium
@pytest.mark.slow
def test_apertium_drafts_the_english_half(tmp_path: Path, data: Path) -> None:
    """Real Apertium over NCI PDQ and some of MedQuAD: accounted, marked as a draft, refused by the gate, loadable."""
    home, result = drafted(tmp_path, data)
    every_page_ends_somewhere(home, result)
    a_draft_is_marked_and_never_leaves(home, result, tmp_path)
    it_opens_with_load_dataset(home)
    pages_of_questions_become_questions(home)


VTT = """WEBVTT

00:00:01.000 --> 00:00:06.000
Today we talk about chamomile tea and how to prepare it.

00:00:07.000 --> 00:00:14.000
Put two grams of dried flowers into a cup of boiling water.

00:00:15.000 --> 00:00:22.000
Cover the cup with a plate and wait for ten minutes.

00:00:23.000 --> 00:00:31.000
People who are allergic to daisies should not drink this tea.
"""


@pytest.mark.apertium
@pytest.mark.slow
def test_the_second_of_a_talk_and_the_page_of_a_book_are_carried_through(tmp_path: Path) -> None:
    """Every unit of a transcript has its second; of a PDF its page; in the unit and in the span that it stands in."""
    import pymupdf

    home = tmp_path / "home"
    (tmp_path / "talk.en.vtt").write_text(VTT)
    book = pymupdf.open()
    for text in PAIRS:
        page = book.new_page()
        page.insert_textbox((72, 72, 500, 300), f"{text} {text[:-1]}, as the leaflet of the drug says to all patients.")
    book.save(tmp_path / "book.pdf")
    ok("ingest", tmp_path / "talk.en.vtt", "--source", "t", *SAID, "--licence", "CC0-1.0", "-q", home=home)
    ok("ingest", tmp_path / "book.pdf", "--source", "p", *SAID, "--licence", "CC0-1.0", "-q", home=home)
    small = [arg for kind in ("transcript", "book") for arg in ("--set", f"clean.quality.{kind}.min_words=5")]
    done = run(
        "translate", "--engine", "apertium", "--json", *small, "--set", "translate.most_failed_share=1.0", home=home
    )
    assert json.loads(done.stdout)["rows"] == 2, done.stdout + done.stderr
    found = {row["source_kind"]: row for row in rows(home, "text")}
    for kind, key in (("youtube", "start_seconds"), ("pdf", "page")):
        row = found[kind]
        placed = [unit for unit in row["units"] if unit["start"] is not None]
        assert len({unit[key] for unit in placed}) >= 3
        for unit in placed:
            (span,) = [s for s in row["spans"] if s["start"] <= unit["start"] and unit["end"] <= s["end"]]
            assert unit[key] == span[key] is not None


# Questions


QUESTIONS = {
    "Which drug should patients with kidney disease avoid?": "¿Qué fármaco deben evitar los pacientes con enfermedad renal?",
    "Ibuprofen 400 mg": "Ibuprofeno 400 mg",
    "Paracetamol 500 mg": "Paracetamol 500 mg.",
    "None of these drugs": "Ninguno de estos fármacos",
    "Ibuprofen damages the kidney in these patients.": "El ibuprofeno daña el riñón en estos pacientes.",
    "How many tablets can adults take a day?": "¿Cuántos comprimidos pueden tomar los adultos al día?",
    "Adults can take 3 tablets a day.": "Los adultos pueden tomar 3 comprimidos al día.",
    "They should not take more.": "No deben tomar más.",
    "Questions about ibuprofen": "Preguntas sobre el ibuprofeno",
}  # fmt: skip


@pytest.mark.slow
def test_questions_stay_aligned(tmp_path: Path) -> None:
    """Question, options in their order, the right one, answer and explanation; one unit that fails costs its question."""
    home = tmp_path / "home"
    stem, first, second, third, because, many, three, more, title = QUESTIONS
    given = [
        {"question": stem, "options": [first, second, third], "answer_idx": 0, "explanation": because, "title": title},
        {"qtext": stem, "answers": [{"aid": 1, "atext": second}, {"aid": 2, "atext": first}], "ra": 2, "title": title},
        {"question": many, "answer": f"{three}\n{more}", "title": title},
        {"question": "This question has no answer at all?", "title": title},
        {"question": stem, "options": [first, "Aspirin 100 mg"], "answer": first, "title": title},
        {"question": stem, "opa": first, "opb": second, "cop": 7, "title": title},
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(row | {"licence": "CC0-1.0"}) for row in given))
    ok("ingest", file, "--source", "q", *SAID, "--licence", "CC0-1.0", "-q", home=home)
    with serving(
        tmp_path / "server", pairs=QUESTIONS, faults={"Aspirin": ["dose", None]}, unknown="Aspirina 1000 mg"
    ) as server:
        done = run(
            "translate",
            "--endpoint",
            server.url,
            "--model-licence",
            "MIT",
            "--json",
            "--set",
            "clean.quality.qa.min_words=3",
            home=home,
        )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    found = sorted(rows(home, "qa"), key=lambda row: row["id"])
    assert rows(home, "text") == []
    assert [row["kind"] for row in found] == ["mcq", "mcq", "open"]
    assert [row["correct"] for row in found] == [0, 1, None]
    assert found[0]["options"] == [QUESTIONS[first], QUESTIONS[second], QUESTIONS[third]]
    assert found[0]["options_en"] == [first, second, third]
    assert found[0]["answer"] == QUESTIONS[first]
    assert found[0]["explanation"] == QUESTIONS[because]
    assert found[1]["options"][found[1]["correct"]] == QUESTIONS[first]
    assert found[2]["answer"] == f"{QUESTIONS[three]}\n\n{QUESTIONS[more]}"
    assert found[2]["answer_en"] == f"{three}\n\n{more}"
    assert {row["title"] for row in found} == {QUESTIONS[title]}
    stage = next(one for one in result["stages"] if one["name"] == "translate")
    assert list(stage["rejected"]) == ["failed:numbers"]


@pytest.mark.slow
def test_the_spanish_recipes_take_no_question_rows(tmp_path: Path) -> None:
    """A row of a question set is no text of theirs."""
    home = tmp_path / "home"
    file = tmp_path / "q.jsonl"
    file.write_text(
        json.dumps(
            {
                "question": "¿Qué dosis de ibuprofeno puede tomar una persona adulta con dolor?",
                "answer": "Puede tomar 400 mg cada 8 horas.",
            }
        )
    )
    ok(
        "ingest",
        file,
        "--source",
        "q",
        "--language",
        "es",
        "--tradition",
        "conventional",
        "--licence",
        "CC0-1.0",
        "-q",
        home=home,
    )
    result = json.loads(run("build", "medical_es", "--json", home=home).stdout)
    assert result["items"]["rejected"] == {"question_row": 1}


@pytest.mark.slow
def test_what_is_there_in_spanish_is_not_translated(tmp_path: Path) -> None:
    """An English work whose Spanish version is in the home, known by its DOI, is left out."""
    home = tmp_path / "home"
    english = " ".join(PAIRS)
    spanish = " ".join(PAIRS.values())
    file = tmp_path / "both.jsonl"
    file.write_text(
        json.dumps({"text": english, "doi": "10.1000/abc.1", "language": "en"})
        + "\n"
        + json.dumps({"text": spanish, "doi": "10.1000/abc.1", "language": "es"})
        + "\n"
    )
    ok("ingest", file, "--source", "b", *SAID, "--licence", "CC0-1.0", "-q", home=home)
    with serving(tmp_path / "server", pairs=PAIRS) as server:
        done = run(
            "translate",
            "--endpoint",
            server.url,
            "--model-licence",
            "MIT",
            "--json",
            "--set",
            "clean.quality.article.min_words=5",
            home=home,
        )
        assert server.requests() == []
    stages = {one["name"]: one for one in json.loads(done.stdout)["stages"]}
    assert stages["dedup"]["rejected"] == {"translated_already": 1}
    assert stages["translate"]["rejected"] == {"language_es": 1}


# Terms of models


@pytest.mark.parametrize(
    ("translation", "why"),
    [
        (None, None),
        ({"tier": "model", "outputs": "free"}, None),
        ({"tier": "model", "outputs": "restricted"}, "model_terms"),
        ({"tier": "model", "outputs": "unknown"}, "model_licence_unknown"),
        ({"tier": "rule_based", "outputs": "free"}, "machine_draft"),
    ],
)
def test_the_gate_knows_what_translated(translation: dict[str, str] | None, why: str | None) -> None:
    """A model's terms keep its words back; a closed source stays closed whatever translated it."""
    row = {"licence": "CC-BY-4.0", "translation": translation}
    assert refused(row) == why
    assert refused(row | {"licence": "CC-BY-NC-4.0"}) == "licence_non_commercial"


@pytest.mark.slow
def test_a_model_of_unknown_terms_publishes_nothing(tmp_path: Path) -> None:
    """Built and counted, not in the dataset; saying its licence is enough, and asks nothing again."""
    home = tmp_path / "home"
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.md").write_text("# Dose of ibuprofen\n\n" + "\n\n".join(list(PAIRS)[1:]))
    ok("ingest", folder, "--source", "s", *SAID, "--licence", "CC-BY-SA-4.0", "-q", home=home)
    small = ("--json", "--set", "clean.quality.article.min_words=5")
    with serving(tmp_path / "server", pairs=PAIRS) as server:
        first = json.loads(run("translate", "--endpoint", server.url, *small, home=home).stdout)
        assert (first["rows"], first["refused"]) == (0, {"model_licence_unknown": 1})
        asked = len(server.requests())
        second = json.loads(
            run("translate", "--endpoint", server.url, "--model-licence", "Apache-2.0", *small, home=home).stdout
        )
        assert len(server.requests()) == asked
    assert second["rows"] == 1
    (row,) = rows(home, "text")
    assert row["licence"] == "CC-BY-SA-4.0"
    assert row["translation"]["model"] == "scripted"
    assert row["translation"]["prompt_sha256"]


# Measuring


@pytest.mark.apertium
@pytest.mark.slow
def test_an_engine_is_measured_against_references(tmp_path: Path) -> None:
    """BLEU and chrF with their signatures, gate rates, a report; a perfect model scores 100."""
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("".join(json.dumps({"en": en, "es": es}, ensure_ascii=False) + "\n" for en, es in PAIRS.items()))
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("".join(json.dumps({"en": f"Take {n} mg.", "es": f"Tome {n}0 mg."}) + "\n" for n in (5, 7, 9)))
    home = tmp_path / "home"
    draft = json.loads(run("translate", "--evaluate", pairs, "--engine", "apertium", "--json", home=home).stdout)
    assert draft["pairs"] == len(PAIRS)
    assert 20 < draft["scores"]["all"]["chrf"] < 95
    assert draft["scores"]["signatures"]["bleu"].startswith("nrefs:1|case:mixed")
    assert draft["alarms"] == {}
    told = json.loads(run("translate", "--evaluate", wrong, "--engine", "apertium", "--json", home=home).stdout)
    assert told["alarms"] == {"any": 3, "numbers": 3}
    with serving(tmp_path / "server", pairs=PAIRS, faults={"The study included": ["loop", None]}) as server:
        done = run("translate", "--evaluate", pairs, "--endpoint", server.url, home=home)
        assert done.returncode == 0, done.stderr
        found = json.loads(run("translate", "--evaluate", pairs, "--endpoint", server.url, "--json", home=home).stdout)
    assert "chrF" in done.stdout
    assert found["scores"]["passed"] == {"pairs": len(PAIRS) - 1, "bleu": 100.0, "chrf": 100.0}
    assert found["scores"]["all"]["pairs"] == len(PAIRS)
    assert found["scores"]["all"]["bleu"] < 100
    assert sum(found["failed"].values()) == 1
    page = Path(found["report"]["html"]).read_text()
    assert "nrefs:1" in page
    assert "The study included" in page
    assert run("translate", "--evaluate", tmp_path / "none.jsonl", "--engine", "apertium", home=home).returncode == 2


@pytest.mark.apertium
@pytest.mark.slow
def test_back_translation_finds_another_sentence(tmp_path: Path) -> None:
    """A right translation comes back alike; one of something else does not."""
    from factory.translate.back import judge
    from factory.translate.segment import Unit

    right = Unit(
        1,
        "Patients with severe kidney disease should not use this drug.",
        0,
        target="Los pacientes con enfermedad renal grave no deben usar este fármaco.",
    )
    wrong = Unit(
        2,
        "Patients with severe kidney disease should not use this drug.",
        0,
        target="Las ballenas azules no comen más que plancton en los mares del sur.",
    )
    judge([right, wrong], 28.0)
    assert right.gate is None
    assert (wrong.target, wrong.gate) == (None, "back_translation")


# Replies


def test_replies_are_kept_and_purged(tmp_path: Path) -> None:
    """By key, whatever the storage; what was asked for a Document goes with it, bytes and all."""
    for home in (str(tmp_path / "home"), "memory://replies-test"):
        store = open_store(home)
        kept = replies_of(store)
        canary = "palabra-canario-4711"
        kept.put("ab" * 32, "doc-1", Reply(canary, "stop", 3, 4))
        kept.put("cd" * 32, "doc-2", Reply("otra", "length", 1, 2))
        kept.close()
        again = replies_of(store)
        assert again.get("ab" * 32) == Reply(canary, "stop", 3, 4)
        assert again.get("ef" * 32) is None
        again.close()
        assert purge(store, {"doc-1"}) == 1
        last = replies_of(store)
        assert last.get("ab" * 32) is None
        assert last.get("cd" * 32) == Reply("otra", "length", 1, 2)
        last.close()
    assert not [p for p in (tmp_path / "home").rglob("*") if p.is_file() and canary.encode() in p.read_bytes()]


# The survey


HUB = [
    {"id": "org/medico-7b", "downloads": 900, "tags": ["text-generation", "es", "license:apache-2.0"], "sha": "0" * 40, "gated": False,
     "config": {"model_type": "mistral", "tokenizer_config": {"chat_template": "{% if system %}"}}, "safetensors": {"parameters": {"BF16": 7241732096}, "total": 7241732096},
     "cardData": {"license": "apache-2.0", "language": ["es", "en"]}},
    {"id": "org/cerrado-7b", "downloads": 800, "tags": ["text-generation", "es", "license:cc-by-nc-4.0"], "cardData": {"license": "cc-by-nc-4.0", "language": ["es"]}, "config": {"model_type": "llama"}},
    {"id": "org/sobre-llama", "downloads": 700, "tags": ["text-generation", "es"], "cardData": {"license": "apache-2.0", "language": "es", "base_model": "meta-llama/Llama-2-7b-hf"}, "config": {"model_type": "llama"}},
    {"id": "BioMistral/BioMistral-7B", "downloads": 600, "tags": ["es"], "cardData": {"license": "apache-2.0", "language": ["es"]}, "config": {"model_type": "mistral"}},
    {"id": "org/raro", "downloads": 5, "tags": ["es"], "cardData": {"license": "mit", "language": ["es"]}, "config": {"model_type": "mamba"}},
]  # fmt: skip


@pytest.fixture
def hub() -> Iterator[tuple[str, list[str]]]:
    """A Hub that answers with recorded rows."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/api/models"):
                asked.append(self.path)
            known = self.path.startswith("/api/models")
            body = json.dumps(HUB if known else {}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_the_hub_is_surveyed(hub: tuple[str, list[str]], tmp_path: Path) -> None:
    """Open, Spanish, served by vLLM: proposed as rows that a models.toml takes; the others each with its reason."""
    url, asked = hub
    done = run(
        "models",
        "survey",
        "--limit",
        "50",
        home=tmp_path,
        HF_ENDPOINT=url,
        HF_HUB_OFFLINE="0",
        HF_HOME=str(tmp_path / "hf"),
    )
    assert done.returncode == 0, done.stderr
    assert "es" in asked[0]
    assert "text-generation" in asked[0]
    assert 'repo = "org/medico-7b"' in done.stdout
    assert "parameters = 7.24" in done.stdout
    for line in (
        "org/cerrado-7b: licence cc-by-nc-4.0",
        "BioMistral/BioMistral-7B: known",
        "org/raro: architecture mamba",
    ):
        assert line in done.stderr
    (tmp_path / "models.toml").write_text(done.stdout)
    from factory.config import load_toml, parse
    from factory.models import ModelsFile

    found = {one.name: one for one in parse(ModelsFile, load_toml(tmp_path / "models.toml"), "x").model}
    assert found["medico-7b"].outputs == "free"
    assert found["sobre-llama"].outputs == "unknown"
    gone = run(
        "models",
        "survey",
        home=tmp_path,
        HF_ENDPOINT="http://127.0.0.1:9",
        HF_HUB_OFFLINE="0",
        HF_HOME=str(tmp_path / "hf"),
    )
    assert gone.returncode == 1
    assert "the Hub did not answer" in gone.stderr
    assert "Traceback" not in gone.stderr


def test_numbers_of_the_docs_are_counted() -> None:
    """The page of the gates is written by one command, and names every gate."""
    from factory.translate.gates import GATES

    page = (Path(__file__).parents[1] / "docs/gates.md").read_text()
    assert Counter(line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")).keys() >= set(
        GATES
    )


def test_what_was_said_of_the_engine_is_kept(tmp_path: Path) -> None:
    """A glossary is added to the model that was named; a new engine ends the old one, its address and its terms."""
    from factory.cli.building import said_of
    from factory.store import write_json

    store = open_store(str(tmp_path))
    first = said_of(store, "r", ('translate.model="a"', 'translate.model_licence="MIT"'), "http://127.0.0.1:1")
    assert first == {
        "settings": ['translate.model="a"', 'translate.model_licence="MIT"'],
        "endpoint": "http://127.0.0.1:1",
    }
    write_json(store, "said/r.json", first)
    assert said_of(store, "r") == first
    more = said_of(store, "r", ('translate.glossary=["x"]',))
    assert more == {"settings": [*first["settings"], 'translate.glossary=["x"]'], "endpoint": "http://127.0.0.1:1"}
    write_json(store, "said/r.json", more)
    draft = said_of(store, "r", ('translate.engine="apertium"',))
    assert draft == {"settings": ['translate.glossary=["x"]', 'translate.engine="apertium"'], "endpoint": None}
