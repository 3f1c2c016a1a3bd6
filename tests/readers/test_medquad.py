"""MedQuAD: questions above their answers; what has no answer is counted, not kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.errors import Damaged, Empty, Mislabelled, SourceError
from factory.readers import medquad
from factory.record import Hints, Parsed

PAGE = b"""<?xml version="1.0"?><Document id="1" source="NHLBI" url="http://x.test/a"><Focus>Asthma</Focus><QAPairs>
<QAPair pid="1"><Question qid="1-1" qtype="information">What is Asthma ?</Question><Answer>A disease.
   It has signs:    - cough    - wheeze</Answer></QAPair>
<QAPair pid="2"><Question qid="1-2">What causes it ?</Question><Answer> </Answer></QAPair></QAPairs></Document>"""


def read(data: bytes) -> Parsed:
    [parsed] = medquad.parse(data, Hints())
    return parsed


def test_each_question_is_the_heading_of_its_answer() -> None:
    """Lines and list items are paragraphs; the question without an answer is counted as removed."""
    parsed = read(PAGE)
    path = "Asthma \u203a What is Asthma ?"
    assert [(p.role, p.text, p.heading) for p in parsed.paragraphs] == [
        ("heading", "Asthma", None),
        ("heading", "What is Asthma ?", "Asthma"),
        ("body", "A disease.", path),
        ("body", "It has signs:", path),
        ("body", "- cough", path),
        ("body", "- wheeze", path),
    ]
    assert parsed.removed == {"no_answer": len("What causes it ?")}
    assert (parsed.title, parsed.url, parsed.author, parsed.language) == ("Asthma", "http://x.test/a", "NHLBI", "en")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Empty),
        (PAGE[:200], Damaged),
        (b"<Document><Focus>x</Focus></Document>", Mislabelled),
        (PAGE.replace(b"A disease.\n   It has signs:    - cough    - wheeze", b""), Empty),
    ],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_bad_files_cost_only_themselves(data: bytes, error: type[SourceError]) -> None:
    """Empty, cut, without questions, without a single answer."""
    with pytest.raises(error):
        read(data)


@pytest.mark.data
def test_every_answer_of_the_set_is_there(data: Path) -> None:
    """Each file ends with a Document or says that it has no answer, in all three spellings of the format."""
    read_, empty = 0, 0
    for file in sorted(data.glob("qa/medquad/*/*.xml")):
        try:
            parsed = read(file.read_bytes())
        except Empty:
            empty += 1
            continue
        read_ += 1
        raw = file.read_text("utf-8")
        questions = [p for p in parsed.paragraphs if p.role == "heading"][bool(parsed.title) :]
        assert raw.lower().count("<question ") >= len(questions) > 0
    assert (read_, empty) == (1290, 67)
