"""Asking a corpus: what is found, what is cited, what a model may say, and what is not known."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import factory
from tests.command import ok, run
from tests.trainer.conftest import done
from tests.trainer.conftest import factory as command
from trainer import ask

pytestmark = [pytest.mark.slow]
SEN = (
    "El sen se emplea como laxante. La dosis habitual del sen es de 1 g de hojas en 150 ml de agua, una vez al día. No "
    "debe tomarse durante más de una semana ni en el embarazo."
)
TILA = "La tila se toma en infusión por la noche, según la tradición. La tila crece en los parques."


def passage(text: str, number: int) -> ask.Passage:
    return ask.Passage(
        f"d{number}", 0, len(text), text, "Plantas", "Libro", f"https://example.org/#page={number}", "CC0-1.0"
    )


@pytest.fixture(scope="module")
def small() -> ask.Corpus:
    return ask.Corpus([passage(SEN, 1), passage(TILA, 2), passage("El hinojo es una planta umbelífera.", 3)])


def check(of: str, question: str, sentence: str, rests: list[str]) -> list[str]:
    return factory.check_answer(of, question, sentence, rests)


def test_a_model_says_only_what_its_passage_holds(small: ask.Corpus) -> None:
    """A wrong dose, a turned denial, a sentence without a number, and one with a number that there is not: left out."""
    reply = (
        "La dosis habitual del sen es de 1 g de hojas en 150 ml de agua. [1] La dosis del sen es de 10 g de hojas [1]. "
        "El sen cura el cáncer. El sen puede tomarse en el embarazo. [1] El sen es un laxante [9]."
    )
    prompts: list[str] = []
    said, left = ask.written(small, "¿Qué dosis de sen se toma?", lambda prompt: prompts.append(prompt) or reply, check)  # type: ignore[func-returns-value]
    assert [text for text, _ in said.said] == ["La dosis habitual del sen es de 1 g de hojas en 150 ml de agua."]
    assert said.cited[0].doc_id == "d1"
    why = dict(left)
    assert len(why) == 4
    assert "numbers" in why["La dosis del sen es de 10 g de hojas."]
    assert why["El sen cura el cáncer."] == why["El sen es un laxante."] == "cites no passage"
    assert "negation" in why["El sen puede tomarse en el embarazo."]
    assert f"[1] {SEN}" in prompts[0]
    safe = ask.cautioned(small, said, "¿Qué dosis de sen se toma?", check)
    assert safe.said[1] == ("No debe tomarse durante más de una semana ni en el embarazo.", 1)
    nothing = ask.written(small, "¿Qué dosis de sen se toma?", lambda _: ask.NOT_KNOWN, check)
    assert nothing == (ask.Answer([], []), [])


def test_a_model_is_not_asked_what_the_corpus_does_not_know(small: ask.Corpus) -> None:
    """Without a passage there is no answer, whatever a model would say."""

    def never(_: str) -> str:
        raise AssertionError

    assert not ask.written(small, "¿Quién ganó el mundial de fútbol?", never, check)[0].known
    assert not ask.answer(small, "¿Quién ganó el mundial de fútbol?").known


def test_a_dose_is_told_with_its_caution(small: ask.Corpus) -> None:
    """Quoted word for word, a dose brings who must not take it; a passage without a caution brings nothing."""
    question = "¿Qué dosis de sen se toma?"
    said = ask.cautioned(small, ask.answer(small, question, sentences=1), question, check)
    assert any("No debe tomarse" in text for text, _ in said.said)
    assert all(text in SEN for text, _ in said.said)
    calm = ask.answer(small, "¿Cómo se toma la tila?", sentences=1)
    assert ask.cautioned(small, calm, "¿Cómo se toma la tila?", check) == calm


def test_a_caution_under_its_own_heading_comes_along() -> None:
    """Sheets of plants have a heading for the dose and one for who must not take it: of this plant, not of the next."""
    said = {
        "Valeriana › Dosis": "La dosis habitual de valeriana es de 2 g de raíz en 150 ml de agua.",
        "Valeriana › Contraindicaciones": "La valeriana no debe tomarse en el embarazo.",
        "Tila › Contraindicaciones": "La tila no debe tomarse con problemas del corazón.",
    }
    found = [ask.Passage("d", n * 100, n * 100 + 99, text, f"Plantas › {head}", "Plantas", f"p. {n}", "CC0-1.0")
             for n, (head, text) in enumerate(said.items())]  # fmt: skip
    corpus = ask.Corpus(found)
    question = "¿Qué dosis de valeriana se toma?"
    bare = ask.Answer([(said["Valeriana › Dosis"], 1)], [found[0]])
    safe = ask.cautioned(corpus, bare, question, check)
    assert [text for text, _ in safe.said] == [said["Valeriana › Dosis"], said["Valeriana › Contraindicaciones"]]
    assert [one.place for one in safe.cited] == ["p. 0", "p. 1"]


@pytest.mark.data
@pytest.mark.parametrize(("texts", "questions"), [("natural_es", "natural_es_qa"), ("medical_es", "medical_es_qa")])
def test_nine_of_ten_questions_find_their_passage(corpus: Path, texts: str, questions: str) -> None:
    """The factory's own questions over the samples and the pages of the National Cancer Institute."""
    found = json.loads(ok("ask", "--corpus", texts, "--evaluate", questions, "--json", home=corpus).splitlines()[-1])
    assert found["questions"] >= 20
    assert found["recall"]["5"] >= 0.9
    assert 0 < found["mrr"] <= 1


@pytest.mark.data
def test_a_citation_opens_the_right_place(corpus: Path) -> None:
    """The quoted words stand in the Document at the passage's characters, on the page or at the second that is named."""
    import pyarrow.parquet as pq

    rows = {}
    for path in (corpus / "datasets/natural_es/data/text").rglob("*.parquet"):
        rows |= {row["doc_id"]: row for row in pq.read_table(path).to_pylist()}
    asked = {"page": "¿Quién no debe tomar hipérico?", "second": "¿Cómo se prepara la infusión de hinojo?"}
    for kind, question in asked.items():
        said = json.loads(ok("ask", question, "--corpus", "natural_es", "--json", home=corpus).splitlines()[-1])
        assert said["known"]
        for quoted in said["answer"]:
            cited = said["passages"][quoted["passage"] - 1]
            row = rows[cited["doc_id"]]
            text = row["text"][cited["start"] : cited["end"]]
            assert quoted["text"] in text
            spans = [one for one in row["spans"] if one["start"] < cited["end"] and cited["start"] < one["end"]]
            if kind == "page":
                page = re.search(r"p\. (\d+)$|#page=(\d+)$", cited["place"])
                assert page is None or int(page[1] or page[2]) == spans[0]["page"]
        places = " ".join(one["place"] for one in said["passages"])
        assert re.search(r"p\. \d+|#page=\d+" if kind == "page" else r"\d+ s\b|t=\d+s", places)
    assert run("ask", "¿Cuál es la capital de Francia?", "--corpus", "natural_es", home=corpus).returncode == 3


@contextmanager
def server(says: Callable[[str], str]) -> Iterator[str]:
    """A server of completions that says what it is told."""

    class Handler(BaseHTTPRequestHandler):
        def _send(self, table: Any) -> None:
            data = json.dumps(table).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._send({"data": [{"id": "m"}]})

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompts = given["prompt"] if isinstance(given["prompt"], list) else [given["prompt"]]
            texts = [says(one if isinstance(one, str) else "") for one in prompts]
            self._send({"choices": [{"index": n, "text": text, "logprobs": None} for n, text in enumerate(texts)]})

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


@pytest.mark.data
def test_a_model_behind_a_server_answers(corpus: Path, tiny: Callable[[str], Path]) -> None:
    """The real command with a scripted server: cited and held is kept, the rest left out; nothing held: quoted instead."""
    place = tiny("BioMistral-7B")
    asked = ("ask", "¿Quién no debe tomar hipérico?", "--corpus", "natural_es", "--model", "BioMistral-7B")
    for reply, kept in (
        ("Se desaconseja en el embarazo y la lactancia. [1] El hipérico cura la diabetes. [1]", True),
        ("El hipérico cura la diabetes. [1]", False),
    ):
        with server(lambda _, reply=reply: reply) as url:  # type: ignore[misc]
            said = done(place, *asked, "--endpoint", url, home=corpus)
        assert said["known"]
        assert (said["model"] == "BioMistral-7B") is kept
        assert any("embarazo" in one["text"] for one in said["answer"])
        assert [one["text"] for one in said["left_out"]] == ["El hipérico cura la diabetes."]
        assert not any("diabetes" in one["text"] for one in said["answer"])
    tiny_says = done(place, *asked, home=corpus)
    assert tiny_says["model"] is None
    assert tiny_says["known"]
    wrong = command(place, "ask", "¿Qué?", "--corpus", "natural_es", "--endpoint", "http://127.0.0.1:1", home=corpus)
    assert (wrong.returncode, "--model" in wrong.stderr) == (2, True)
