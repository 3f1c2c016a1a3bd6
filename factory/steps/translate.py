"""English Documents → Spanish ones: by a model behind the ladder, or by Apertium as a draft; in the order given."""

from __future__ import annotations

import asyncio
import gc
import itertools
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory import stage
from factory.config import Calls, Engines, Translate
from factory.engine import Ask, Engine, Tokens, connection
from factory.fleet import Fleet, engine_of
from factory.models import Profile, Prompt, Sampling
from factory.record import Translation, UnitRow, paragraphs_of, sha256
from factory.stage import Context
from factory.steps.text import content_sha256
from factory.store import Store, open_store
from factory.translate import apertium, back
from factory.translate.engines import engines_of, profile_of
from factory.translate.gates import check
from factory.translate.glossary import Glossary, terms_in
from factory.translate.ladder import Ladder, Said, unserved
from factory.translate.memory import Memory, Pair, pairs_in
from factory.translate.segment import Joined, Plan, Unit, calls, join, plan

# Characters of Documents read ahead at most, so that one slow Document does not empty the window, nor a shelf of books
# fill the memory.
_AHEAD = 32_000_000
# Thousands of tasks under way are all alive: looking for garbage every 700 objects takes a tenth of the time.
_COLLECTED = (50_000, 20, 50)
# Units that Apertium gets together: 0.2 s of start-up for some seconds of work.
_DRAFTED = 2000
_TELL_SECONDS = 0.5
NOTHING = "nothing_to_translate"


class TranslateStep(PipelineStep):
    """Every Document is in Spanish, its units beside the English; what fails the gates is dropped with its reason."""

    name = "Translate"
    type = "TRANSLATE"
    version = 3

    def __init__(self, context: Context, config: Translate, engines: Engines, call: Calls) -> None:
        super().__init__()
        self.context = context
        self.config = config
        self.engines = engines
        self.call = call
        self.exclusion_writer: Any = None
        self.tell: Callable[[dict[str, Any]], None] = stage.report
        self._told = 0.0

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        store = open_store(self.context.home)
        memory = Memory(self._pairs(store))
        for document, found in self.planned(data, store, memory):
            finished = self._finished(document, found, memory)
            if finished is not None:
                yield finished
            else:
                self.exclusion_writer.write(document, rank)

    def planned(self, data: DocumentsPipeline, store: Store, memory: Memory) -> Iterator[tuple[Document, Plan]]:
        """Every Document with its units, translated or failed, in the order given."""
        if self.engines.engine == "apertium":
            return self._drafted(data)
        glossary = Glossary([term for name in self.config.glossary for term in terms_in(*_kept(store, name))])
        return self._asked(data, store, glossary, memory)

    def _pairs(self, store: Store) -> Iterator[Pair]:
        """What was translated before: by earlier batches, then as the user's files have it."""
        from factory.books import documents

        if self.engines.engine != "apertium":
            for folder in self.context.earlier:
                for row in documents(store, folder, ["units"]):
                    units = (unit for unit in row["units"] or () if unit["how"] == "model" and unit["target"])
                    yield from ((unit["source"], unit["target"]) for unit in units)
        for name in self.config.memory:
            yield from pairs_in(*_kept(store, name))

    # By rules

    def _drafted(self, data: DocumentsPipeline) -> Iterator[tuple[Document, Plan]]:
        """Apertium's draft of each Document, some of them in one call."""
        waiting: list[tuple[Document, Plan]] = []
        for document in data:
            waiting.append((document, _plan(document)))
            if sum(len(found.units) for _, found in waiting) >= _DRAFTED:
                yield from self._draft(waiting)
                waiting = []
        yield from self._draft(waiting)

    def _draft(self, waiting: list[tuple[Document, Plan]]) -> list[tuple[Document, Plan]]:
        units = [unit for _, found in waiting for unit in found.units if unit.target is None]
        for unit, text in zip(units, apertium.translated([unit.source for unit in units]), strict=True):
            unit.attempts, unit.last = 1, text
            failed = check(unit.source, text)
            if failed:
                unit.gate, unit.said = next(iter(failed.items()))
            else:
                unit.target = text
        return waiting

    # By a model

    def _asked(
        self, data: DocumentsPipeline, store: Store, glossary: Glossary, memory: Memory
    ) -> Iterator[tuple[Document, Plan]]:
        first = next(iter(data), None)
        if first is None:
            return
        found = connection()
        profile = profile_of(self.engines)
        loop = asyncio.new_event_loop()
        before = gc.get_threshold()
        gc.set_threshold(*_COLLECTED)
        engine = engine_of(found, self.engines.model, self.call, store)
        try:
            required = self.config.glossary_rule == "require"
            tokens = Tokens(profile, found, engine.urls)
            queue = _Queue(loop, engine, profile, tokens, glossary, memory, required=required)
            for document, plans in queue.run((one, _plan(one)) for one in itertools.chain([first], data)):
                self._tell(engine)
                yield document, plans
            self._tell(engine, last=True)
        finally:
            gc.set_threshold(*before)
            _close(loop, engine)

    def _tell(self, engine: Engine | Fleet, *, last: bool = False) -> None:
        """The parent is told of tokens and requests under way, now and then."""
        if last or time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            self.tell(engine.tally.table())

    # What a Document becomes

    def _finished(self, document: Document, found: Plan, memory: Memory) -> Document | None:
        """The Document in Spanish; None, its reason written in it, where it failed."""
        metadata = document.metadata
        if self.config.back_translation and self.engines.engine != "apertium":
            back.judge([unit for unit in found.units if unit.target != unit.source], self.config.min_back_chrf)
        joined = join(found, metadata["title"])
        metadata["units"] = [self._row(unit, found, joined, memory) for unit in found.units]
        metadata["translation"] = self._translation(document)
        why = self._failure(found, joined, metadata["form"])
        if why is not None:
            metadata["filter_reason"] = why if why == NOTHING else f"failed:{why}"
            said = next((u.said for u in found.units if u.gate == why and u.said), "")
            metadata["message"] = said
            return None
        removed = metadata["removed"]
        for gate, count in joined.left_out.items():
            removed[f"failed:{gate}"] = removed.get(f"failed:{gate}", 0) + count
        silent = len(document.text) - sum(len(p.text) for p in found.paragraphs) - 2 * (len(found.paragraphs) - 1)
        if silent > 0:
            removed["not_translated"] = silent
        document.text, metadata["spans"], metadata["title"] = joined.text, joined.spans, joined.title
        metadata |= {"language": "es", "language_score": None, "text_sha256": sha256(joined.text)}
        metadata["content_sha256"] = content_sha256(document)
        metadata["attribution"] = self._credit(metadata)
        metadata["licence_evidence"] = self._evidence(metadata["licence_evidence"])
        return document

    def _failure(self, found: Plan, joined: Joined, form: str | None) -> str | None:
        """Why a Document fails: its engine, or the gate that cost it most; of a question every unit must pass."""
        gates = Counter(unit.gate for unit in found.units if unit.gate and unit.paragraph is not None)
        engine = sorted(gate for gate in gates if unserved(gate))
        if engine:
            return engine[0]
        if not joined.text.strip() and not gates:
            return NOTHING
        if gates and (form is not None or joined.failed_share > self.config.most_failed_share or not joined.text):
            return min(gates, key=lambda gate: (-gates[gate], gate))
        return None

    def _row(self, unit: Unit, found: Plan, joined: Joined, memory: Memory) -> UnitRow:
        paragraph = found.paragraphs[unit.paragraph] if unit.paragraph is not None else None
        start, end = joined.placed.get(unit.id, (None, None))
        rules = self.engines.engine == "apertium"
        if unit.attempts:
            how = "rules" if rules else "model"
        else:
            how = "memory" if memory.same(unit.source) == unit.target and unit.target != unit.source else "kept"
        return UnitRow(
            id=unit.id,
            source=unit.source,
            target=unit.target,
            start=start,
            end=end,
            page=paragraph.page if paragraph else None,
            start_seconds=paragraph.start_seconds if paragraph else None,
            attempts=unit.attempts,
            how=how,  # type: ignore[typeddict-item]
            gate=unit.gate,
        )

    def _translation(self, document: Document) -> Translation:
        engines, config = self.engines, self.config
        rules = engines.engine == "apertium"
        return Translation(
            engine=engines.engine,
            model=engines.model,
            revision=engines.profile.get("revision"),
            tier="rule_based" if rules else "model",
            outputs="free" if rules else engines.profile.get("outputs", "unknown"),
            source_language=document.metadata["language"],
            source_title=document.metadata["title"],
            source_text_sha256=document.metadata["text_sha256"],
            prompt_sha256=engines.prompt_sha256,
            glossary_sha256="+".join(config.glossary) or None,
        )

    def _credit(self, metadata: dict[str, Any]) -> str:
        said = f"Machine translation from English by {self.engines.model}, not reviewed by a person"
        return f"{metadata['attribution']}. {said}" if metadata["attribution"] else said

    def _evidence(self, evidence: str | None) -> str:
        said = f"machine translation from English by {self.engines.model}"
        return f"{evidence}; {said}" if evidence else said


def _kept(store: Store, name: str) -> tuple[bytes, str]:
    """A glossary or memory as the home keeps it, and its name for people."""
    return store.read(f"inputs/{name}") or b"", name


def _plan(document: Document) -> Plan:
    paragraphs = paragraphs_of(document.text, document.metadata["spans"])
    return plan(paragraphs, document.metadata["title"], fields=document.metadata["form"] is not None)


class _Queue:
    """Documents whose calls are under way together, given back in order."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        engine: Engine | Fleet,
        profile: Profile,
        tokens: Tokens,
        glossary: Glossary,
        memory: Memory,
        *,
        required: bool,
    ) -> None:
        self._loop = loop
        self._engine = engine
        self._open = 0
        # Twice the window: while one Document ends, the next ones' calls are at hand.
        self._limit = 2 * engine.connection.window
        self._room = asyncio.Event()
        self._parts = (profile, tokens, glossary, memory, required)

    def run(self, given: Iterator[tuple[Document, Plan]]) -> Iterator[tuple[Document, Plan]]:
        waiting: deque[tuple[Document, Plan, asyncio.Task[None]]] = deque()
        more, held = True, 0
        while more or waiting:
            while more and self._open < self._limit and held < _AHEAD:
                document, found = next(given, (None, None))
                if document is None or found is None:
                    more = False
                    break
                held += len(document.text)
                waiting.append((document, found, self._begin(document, found)))
            if not waiting:
                break
            head = waiting[0][2]
            if more and held < _AHEAD and not head.done():
                self._loop.run_until_complete(self._head_or_room(head))
            elif not head.done():
                self._loop.run_until_complete(asyncio.wait([head]))
            while waiting and waiting[0][2].done():
                document, found, task = waiting.popleft()
                held -= len(document.text)
                task.result()
                yield document, found

    def _begin(self, document: Document, found: Plan) -> asyncio.Task[None]:
        chunks = list(calls(found.units))
        self._open += len(chunks)
        return self._loop.create_task(self._document(document, found, chunks))

    async def _document(self, document: Document, found: Plan, chunks: list[list[Unit]]) -> None:
        ladder = self._ladder(document.id)
        try:
            await asyncio.gather(*(self._call(ladder, found, chunk) for chunk in chunks))
        finally:
            self._room.set()

    async def _call(self, ladder: Ladder, found: Plan, chunk: list[Unit]) -> None:
        first = chunk[0]
        before = found.units[first.id - 2].source if first.id > 1 and first.paragraph is not None else ""
        heading = found.paragraphs[first.paragraph].heading or "" if first.paragraph is not None else ""
        try:
            await ladder.climb(chunk, before, heading)
        finally:
            self._open -= 1
            if self._open < self._limit:
                self._room.set()

    def _ladder(self, doc_id: str) -> Ladder:
        profile, tokens, glossary, memory, required = self._parts

        async def ask(
            asked: Prompt, most: int, sampling: Sampling, schema: dict[str, Any] | None, attempt: int
        ) -> Said:
            reply = await self._engine.ask(Ask(asked, most, sampling, doc_id, schema, attempt))
            return Said(reply.text, reply.finish)

        def fits(asked: Prompt, more: int) -> bool:
            return tokens.fits(asked, more, profile.context)

        return Ladder(profile, ask, fits, glossary, memory, required)

    async def _head_or_room(self, head: asyncio.Task[None]) -> None:
        self._room.clear()
        room = asyncio.ensure_future(self._room.wait())
        await asyncio.wait([head, room], return_when=asyncio.FIRST_COMPLETED)
        room.cancel()


def _close(loop: asyncio.AbstractEventLoop, engine: Engine | Fleet) -> None:
    """What is under way is given up; connections and the store of replies are closed."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(engine.close())
    loop.close()


__all__ = ["TranslateStep", "engines_of", "profile_of"]
