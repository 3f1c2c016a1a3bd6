"""The ladder: what is asked, how often, and what remains."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

from factory.errors import BadReply
from factory.models import Prompt, Sampling, find
from factory.record import Paragraph
from factory.translate.glossary import Glossary, Term
from factory.translate.ladder import Ladder, Said
from factory.translate.memory import Memory
from factory.translate.segment import Unit, plan

PAIRS = {
    "Take 5 mg every 8 hours.": "Tome 5 mg cada 8 horas.",
    "Do not chew the tablets.": "No mastique los comprimidos.",
    "Drink a glass of water.": "Beba un vaso de agua.",
    "Keep it away from children.": "Manténgalo lejos de los niños.",
}


class Model:
    """A model in this process: right but for the texts it is told to spoil, so many times."""

    def __init__(self, spoilt: dict[str, tuple[str, int]], error: str | None = None) -> None:
        self.spoilt, self.error = spoilt, error
        self.asked: list[list[str]] = []

    async def ask(self, prompt: Prompt, most: int, sampling: Sampling, schema: Any, attempt: int) -> Said:
        units = re.findall(r"^<(\d+)> (.*)$", prompt.text.rsplit("Units:", 1)[1], re.MULTILINE)
        texts = [text.removesuffix(" [/INST]") for _, text in units]
        self.asked.append(texts)
        if self.error:
            error = BadReply("no")
            error.reason = self.error
            raise error
        found = {}
        for number, text in enumerate(texts, 1):
            parts = re.split(r"(?<=\.) ", text)
            target = " ".join(PAIRS.get(part, "?") for part in parts)
            wrong, times = self.spoilt.get(text, ("", 0))
            if times:
                self.spoilt[text] = (wrong, times - 1)
                target = wrong
            found[str(number)] = target
        return Said(json.dumps(found, ensure_ascii=False), "stop")


def climbed(
    texts: list[str],
    model: Model,
    glossary: Glossary | None = None,
    memory: Memory | None = None,
    required: bool = False,
) -> list[Unit]:
    units = plan([Paragraph(text) for text in texts]).units
    ladder = Ladder(
        find("BioMistral-7B"),
        model.ask,
        lambda prompt, more: len(prompt.text) // 4 + more < 4096,
        glossary or Glossary([]),
        memory or Memory([]),
        required,
    )
    asyncio.run(ladder.climb(units, "", ""))
    return units


FOUR = list(PAIRS)


def test_what_is_right_is_asked_for_once() -> None:
    """One call, four units."""
    model = Model({})
    units = climbed(FOUR, model)
    assert [unit.target for unit in units] == list(PAIRS.values())
    assert [unit.attempts for unit in units] == [1, 1, 1, 1]
    assert model.asked == [FOUR]


def test_the_rungs() -> None:
    """Whole, again, in halves, alone by sentences; only what failed; then the last gate stays."""
    wrong = {FOUR[0]: ("Tome 50 mg cada 8 horas.", 99), FOUR[1]: ("Mastique los comprimidos.", 99)}
    model = Model(wrong)
    units = climbed(FOUR, model)
    assert model.asked == [FOUR, FOUR[:2], FOUR[:1], FOUR[1:2], FOUR[:1], FOUR[1:2]]
    assert [unit.gate for unit in units] == ["numbers", "negation", None, None]
    assert units[0].said
    assert [unit.target for unit in units[2:]] == [PAIRS[FOUR[2]], PAIRS[FOUR[3]]]


def test_sentences_may_do_what_a_paragraph_cannot() -> None:
    """The paragraph fails as one; its sentences pass, and make it again."""
    both = f"{FOUR[0]} {FOUR[1]}"
    model = Model({both: ("Tome 5 mg cada 8 horas.", 99)})
    (unit,) = climbed([both], model)
    assert unit.target == f"{PAIRS[FOUR[0]]} {PAIRS[FOUR[1]]}"
    assert model.asked[-1] == FOUR[:2]


@pytest.mark.parametrize("reason", ["engine_error", "engine_timeout", "engine_crash"])
def test_a_server_that_fails_ends_the_climb(reason: str) -> None:
    """No more rungs: the Document waits for another run."""
    model = Model({}, reason)
    units = climbed(FOUR, model)
    assert [unit.gate for unit in units] == [reason] * 4
    assert len(model.asked) == 1


def test_a_refused_prompt_is_tried_smaller() -> None:
    """400 is this prompt's fault: smaller ones are tried."""
    model = Model({}, "engine_refused")
    units = climbed(FOUR, model)
    assert {unit.gate for unit in units} == {"engine_refused"}
    assert {len(texts) for texts in model.asked} >= {4, 2, 1}


def test_a_prompt_beyond_the_context_is_not_sent() -> None:
    """Counted before it is sent; a unit that fits nowhere has its gate."""
    model = Model({})
    units = plan([Paragraph(FOUR[0])]).units
    ladder = Ladder(find("BioMistral-7B"), model.ask, lambda prompt, more: False, Glossary([]), Memory([]))
    asyncio.run(ladder.climb(units, "", ""))
    assert units[0].gate == "too_long"
    assert model.asked == []


def test_short_units_that_changed_places_are_found() -> None:
    """Two headings under each other's number pass every gate by themselves; they are asked for again."""
    PAIRS.update({"Symptoms": "Síntomas", "Causes": "Causas"})
    model = Model({"Symptoms": ("Causas", 1), "Causes": ("Síntomas", 1)})
    units = climbed(["Symptoms", FOUR[0], "Causes"], model)
    assert [unit.target for unit in units] == ["Síntomas", PAIRS[FOUR[0]], "Causas"]
    assert [unit.attempts for unit in units] == [2, 1, 2]


def test_the_memory_spares_the_model() -> None:
    """A text that was translated before is taken, if it passes the gates today."""
    model = Model({})
    memory = Memory([(FOUR[0], PAIRS[FOUR[0]]), (FOUR[1], "Mastique los comprimidos.")])
    units = climbed(FOUR[:2], model, memory=memory)
    assert model.asked == [FOUR[1:2]]
    assert [unit.target for unit in units] == [PAIRS[FOUR[0]], PAIRS[FOUR[1]]]
    assert [unit.attempts for unit in units] == [0, 1]


def test_a_missed_term_is_asked_for_once_more() -> None:
    """Preferred: the best try stays; required: the unit fails."""
    terms = Glossary([Term("tablet", "tableta")])
    model = Model({})
    (unit,) = climbed(FOUR[1:2], model, terms)
    assert unit.target == PAIRS[FOUR[1]]
    assert len(model.asked) == 2
    (unit,) = climbed(FOUR[1:2], Model({}), terms, required=True)
    assert unit.gate == "glossary"
    better = Model({FOUR[1]: ("No mastique las pastillas.", 1)})
    (unit,) = climbed(FOUR[1:2], better, Glossary([Term("tablet", "comprimido")]))
    assert unit.target == PAIRS[FOUR[1]]
