"""One call's way up the ladder: asked whole, again, in halves, sentence by sentence; then it has failed.

Nothing here opens a connection: `ask` is handed in. What passes every gate is kept at once, so that only the units that
failed are asked again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from factory.errors import BadReply
from factory.models import Profile, Prompt, Sampling
from factory.translate.content import crossed
from factory.translate.gates import check
from factory.translate.glossary import Glossary
from factory.translate.memory import Memory
from factory.translate.prompt import Help, parse, prompt, reply_tokens, schema
from factory.translate.segment import MOST_UNITS, Unit
from factory.translate.sentences import sentences
from factory.translate.side import Side

# What is not the text's fault: such a Document is free to be asked again.
ENGINE = "engine_"


def unserved(gate: str | None) -> bool:
    """The model's server failed: the Document waits for another run, and is not asked about any more in this one."""
    return gate is not None and gate.startswith(ENGINE) and gate != "engine_refused"


class Said(NamedTuple):
    """A reply's text and why it ended."""

    text: str
    finish: str | None


Question = Callable[[Prompt, int, Sampling, dict[str, Any] | None, int], Awaitable[Said]]
Fits = Callable[[Prompt, int], bool]


@dataclass(slots=True)
class Ladder:
    """Translates the units of calls by one model. `required`: a term of the glossary that is missed fails its unit."""

    profile: Profile
    ask: Question
    fits: Fits
    glossary: Glossary
    memory: Memory
    required: bool = False

    async def climb(self, units: Sequence[Unit], before: str, heading: str) -> None:
        """Every unit has a target, or the gate that it failed by last."""
        for unit in units:
            self._remember(unit)
        failing = [unit for unit in units if unit.target is None]
        for attempt in (0, 1):
            if failing:
                await self._rung(failing, before, heading, attempt)
            if any(unserved(unit.gate) for unit in failing):
                return
            failing = [unit for unit in units if unit.target is None or (attempt == 0 and unit.missed)]
        failing = [unit for unit in failing if unit.target is None]
        if len(failing) > 1:
            half = len(failing) // 2
            await asyncio.gather(*(self._rung(part, before, heading, 2) for part in (failing[:half], failing[half:])))
            if any(unserved(unit.gate) for unit in failing):
                return
            failing = [unit for unit in failing if unit.target is None]
        await asyncio.gather(*(self._by_sentence(unit, heading) for unit in failing))

    def _remember(self, unit: Unit) -> None:
        """A text that was translated before needs no model."""
        known = self.memory.same(unit.source)
        if known is not None and not check(unit.source, known):
            unit.target = known

    async def _rung(self, units: Sequence[Unit], before: str, heading: str, attempt: int) -> None:
        """Asks once for all of these units, and judges each that comes back."""
        numbered = list(enumerate((unit.source for unit in units), 1))
        asked = prompt(self.profile, numbered, self._help(units, before, heading))
        most = reply_tokens(sum(unit.tokens for unit in units), len(units))
        for unit in units:
            unit.attempts += 1
        if not self.fits(asked, most):
            asked = prompt(self.profile, numbered, Help())
            if not self.fits(asked, most):
                _fail(units, "too_long")
                return
        ids = [number for number, _ in numbered]
        constrained = schema(ids) if self.profile.reply == "json" else None
        sampling = self.profile.sampling if attempt == 0 else Sampling()
        try:
            said = await self.ask(asked, most, sampling, constrained, attempt)
        except BadReply as error:
            _fail(units, error.reason)
            return
        found = parse(said.text, ids, said.finish)
        for number, unit in zip(ids, units, strict=True):
            if number in found.texts:
                self._judge(unit, found.texts[number])
            elif unit.target is None:
                unit.gate = found.wrong[number]
        _uncross([unit for unit in units if unit.target is not None])

    def _help(self, units: Sequence[Unit], before: str, heading: str) -> Help:
        text = "\n".join(unit.source for unit in units)
        terms = tuple((term.english, term.spanish) for term in self.glossary.found_in(text))
        near: dict[tuple[str, str], None] = {}
        for unit in units if len(self.memory) else ():
            near.update(dict.fromkeys(self.memory.near(unit.source)))
        return Help(terms, tuple(near)[:3], before, heading)

    def _judge(self, unit: Unit, text: str) -> None:
        """The text becomes the unit's target where every gate lets it."""
        unit.last = text
        failed = check(unit.source, text)
        missed = tuple(term.english for term in self.glossary.missed(unit.source, text))
        if self.required and missed and not failed:
            failed = {"glossary": f"{missed[0]!r} is not as the glossary has it"}
        if failed:
            if unit.target is None:
                unit.gate, unit.said = next(iter(failed.items()))
        elif unit.target is None or len(missed) < len(unit.missed):
            unit.target, unit.gate, unit.said, unit.missed = text, None, "", missed

    async def _by_sentence(self, unit: Unit, heading: str) -> None:
        """The unit from its sentences, each asked for alone or with its neighbours; then judged as a whole."""
        parts = [Unit(number, text, None) for number, text in enumerate(sentences(unit.source), 1)]
        groups = [parts[at : at + MOST_UNITS] for at in range(0, len(parts), MOST_UNITS)]
        await asyncio.gather(*(self._rung(group, "", heading, 3) for group in groups))
        unit.attempts += 1
        wrong = next((part for part in parts if part.target is None), None)
        if wrong is not None:
            unit.gate, unit.said = wrong.gate, wrong.said
            return
        self._judge(unit, " ".join(part.target or "" for part in parts))


def _uncross(units: Sequence[Unit]) -> None:
    """Short units whose translations changed places have none."""
    sides = [(Side(unit.source, "en"), Side(unit.target or "", "es")) for unit in units] if len(units) > 1 else []
    for at in crossed(sides):
        units[at].target, units[at].gate = None, "order"
        units[at].said = "another unit's translation stands under its number"


def _fail(units: Sequence[Unit], gate: str) -> None:
    for unit in units:
        if unit.target is None:
            unit.gate = gate
