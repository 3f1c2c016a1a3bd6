"""How medical a text is."""

from __future__ import annotations

from pathlib import Path

import pytest
from datatrove.data import Document

from factory.steps.topic import TagTopic, score
from tests.dedup import clinical

MEDICAL = "La tensión arterial alta del paciente se trata con fármacos diuréticos y una dieta sin sal."
OTHER = "El partido terminó con empate y los jugadores aplaudieron al público antes de volver al autobús."


def test_a_medical_text_scores_higher() -> None:
    """From 0 to 1, whatever the case and the accents."""
    assert score(MEDICAL) > 0.4
    assert score(OTHER) < 0.1
    assert score(MEDICAL.upper()) == score(MEDICAL)
    assert score("") == 0


def test_the_step_tags_and_drops_only_where_asked() -> None:
    """At 0 every Document goes on with its score; at 0.06 the one about football is dropped."""
    for least, kept in ((0.0, ["a", "b"]), (0.06, ["a"])):
        step = TagTopic(least)
        dropped: list[Document] = []
        step.exclusion_writer = type("W", (), {"write": lambda _, d, rank, into=dropped: into.append(d)})()
        given = [Document(MEDICAL, "a", metadata={}), Document(OTHER, "b", metadata={})]
        assert [d.id for d in step.run(iter(given))] == kept
        assert {d.metadata["filter_reason"] for d in dropped} == ({"off_topic"} if least else set())
        assert given[0].metadata["topic_score"] == round(score(MEDICAL), 4)


@pytest.mark.data
def test_clinical_texts_and_everyday_sentences_are_apart(data: Path) -> None:
    """Over real texts 0.06 parts them: 1,497 cases all above 0.07, 24 blocks of everyday sentences below 0.053."""
    cases = [score(text) for text in clinical.texts(data).values()]
    lines = (data / "langid/lingua/sentences_es.txt").read_text("utf-8").splitlines()
    everyday = [score(" ".join(lines[at : at + 20])) for at in range(0, len(lines) - 20, 20)]
    assert sum(s < 0.06 for s in cases) <= 0.005 * len(cases)
    assert max(everyday) < 0.06
