"""The lane with a model: passages out, questions in; the Documents in the order given, each with its books closed."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory import stage
from factory.config import Calls, Engines, Questions, Translate
from factory.engine import Ask, Engine, Tokens, connection
from factory.errors import BadReply, ConfigError
from factory.fleet import Fleet, engine_of
from factory.models import Profile, Sampling
from factory.questions import prompt as prompts
from factory.questions.chat import conversation, is_case, text_row
from factory.questions.choice import with_options
from factory.questions.judge import Source, row_of
from factory.questions.pairs import unanswerable, ungrounded
from factory.questions.passage import Passage
from factory.questions.rows import Generator, PassageRow, QuestionRow, blank, end, sealed
from factory.stage import Context
from factory.steps.ask import close_passages
from factory.store import open_store
from factory.translate.engines import profile_for, profile_of

_TELL_SECONDS = 0.5
_TRIES = 2
# Characters of Documents read ahead at most.
_AHEAD = 32_000_000


def lane_of(config: Questions) -> str:
    """`template`, `model` or `both`; `auto` is the model where one is named."""
    if config.lane != "auto":
        return config.lane
    return "both" if config.model is not None or config.engine == "endpoint" else "template"


def engines_of(config: Questions) -> Engines:
    """What the model lane's results depend on; nothing of a model where there is none. Raises ConfigError."""
    if lane_of(config) == "template":
        return Engines(engine="template", model="template")
    profile = profile_named(config)
    kept = profile.model_dump(
        mode="json",
        include={"repo", "revision", "licence", "outputs", "template", "system_role", "context", "stops", "reply"}
        | {"sampling", "hf_overrides", "engine", "task"},
    )
    return Engines(
        engine="endpoint" if config.engine == "endpoint" else "vllm",
        model=profile.name,
        profile=kept,
        prompt_sha256=prompts.prompts_sha256(),
    )


def profile_named(config: Questions) -> Profile:
    """The profile of the model that asks. Raises ConfigError where none is named, or it only translates."""
    if config.model is None:
        raise ConfigError("the model lane needs a model", "name one: --model BioMistral-7B, or --lane template")
    engine = "endpoint" if config.engine == "endpoint" else "vllm"
    profile = profile_for(Translate(engine=engine, model=config.model, model_licence=config.model_licence))
    if profile.reply == "tags":
        raise ConfigError(
            f"{profile.name} is tuned to translate and writes no questions", "see: factory models --task general"
        )
    return profile


class ModelStep(PipelineStep):
    """Every passage is asked about by the model, kind by kind; what failed by its server fails the Document."""

    name = "Model lane"
    type = "QUESTIONS"
    version = 4

    def __init__(self, context: Context, config: Questions, engines: Engines, call: Calls) -> None:
        super().__init__()
        self.context = context
        self.config = config
        self.engines = engines
        self.call = call
        self.exclusion_writer: Any = None
        self.tell: Callable[[dict[str, Any]], None] = stage.report
        self._told = 0.0

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        if self.engines.engine == "template":
            yield from data
            return
        for document in self._asked(iter(data)):
            failed = next((p["reason"] for p in document.metadata["passages"] if p["outcome"] == "failed"), None)
            if failed is None:
                yield document
            else:
                close_passages(document, "model")
                document.metadata["filter_reason"] = f"failed:{failed}"
                self.exclusion_writer.write(document, rank)

    def _asked(self, given: Iterator[Document]) -> Iterator[Document]:
        """The Documents in the order given, with calls of several under way."""
        first = next(given, None)
        if first is None:
            return
        given = itertools.chain([first], given)
        loop = asyncio.new_event_loop()
        found = connection()
        profile = profile_of(self.engines)
        engine = engine_of(found, self.engines.model, self.call, open_store(self.context.home))
        asker = Asker(engine, profile, Tokens(profile, found, engine.urls), self.config, self.engines)
        waiting: deque[tuple[Document, asyncio.Task[None]]] = deque()
        more = True
        try:
            while more or waiting:
                while more and asker.open < 2 * found.window and sum(len(d.text) for d, _ in waiting) < _AHEAD:
                    document = next(given, None)
                    if document is None:
                        more = False
                        break
                    waiting.append((document, asker.begin(loop, document)))
                if not waiting:
                    break
                loop.run_until_complete(asyncio.wait([waiting[0][1]], timeout=_TELL_SECONDS))
                self._tell(engine)
                while waiting and waiting[0][1].done():
                    document, task = waiting.popleft()
                    task.result()
                    yield document
            self._tell(engine, last=True)
        finally:
            _close(loop, engine)

    def _tell(self, engine: Engine | Fleet, *, last: bool = False) -> None:
        """The parent is told of tokens and requests under way, now and then."""
        if last or time.monotonic() - self._told >= _TELL_SECONDS:
            self._told = time.monotonic()
            self.tell(engine.tally.table())


class Asker:
    """Asks one model about the passages of Documents; `open` are the passages under way."""

    def __init__(
        self, engine: Engine | Fleet, profile: Profile, tokens: Tokens, config: Questions, engines: Engines
    ) -> None:
        self._engine = engine
        self._profile = profile
        self._tokens = tokens
        self._config = config
        self._engines = engines
        self.open = 0

    def begin(self, loop: asyncio.AbstractEventLoop, document: Document) -> asyncio.Task[None]:
        """The Document's passages are being asked about."""
        live = [row for row in document.metadata["passages"] if not row["outcome"]]
        self.open += len(live)
        return loop.create_task(self._document(document, live))

    async def _document(self, document: Document, live: list[PassageRow]) -> None:
        source = Source(document.text, document.metadata)
        found = await asyncio.gather(*(self._passage(source, document.id, row) for row in live))
        rows: list[QuestionRow] = document.metadata["questions"]
        seen = {row["id"] for row in rows}
        for row in (one for part in found for one in part):
            if row["id"] not in seen:
                seen.add(row["id"])
                rows.append(row)

    async def _passage(self, source: Source, doc_id: str, row: PassageRow) -> list[QuestionRow]:
        passage = Passage(**row)
        rows: list[QuestionRow] = []
        try:
            for task in self._tasks(source, passage):
                rows += await self._task(source, doc_id, passage, task)
            if "preference" in self._config.kinds:
                rows += await self._made_up(source, doc_id, passage, rows)
            return rows
        except BadReply as error:
            unserved = error.reason.startswith("engine_") and error.reason != "engine_refused"
            row["outcome"], row["reason"] = ("failed" if unserved else "rejected"), error.reason
            return [] if unserved else rows
        finally:
            self.open -= 1

    def _tasks(self, source: Source, passage: Passage) -> list[str]:
        kinds = self._config.kinds
        if not {"dialogue", "patient", "discharge", "qa"} & set(kinds):
            return ["qa"]
        case = is_case(source.text[passage.start : passage.end])
        return [
            t for t in ("qa", "mcq", "dialogue", "patient", "discharge") if t in kinds and (t != "discharge" or case)
        ]

    async def _task(self, source: Source, doc_id: str, passage: Passage, task: str) -> list[QuestionRow]:
        given = self._numbered(source, passage, task)
        most = 4 if task == "dialogue" else self._config.per_passage
        asked = prompts.prompt(self._profile, task, passage.heading or "", given.shown, most)
        longest = prompts.reply_tokens(task, passage.end - passage.start, most)
        if not self._tokens.fits(asked, longest, self._profile.context):
            row = blank(task, passage.id, self._generator(task))  # type: ignore[arg-type]
            return [end(sealed(row, source.text_sha256), "rejected", "too_long", "the passage is over the context")]
        schema = prompts.schema(task, len(given.places), most)
        sampling = Sampling(temperature=self._config.temperature)
        found = prompts.Reply([], "", "reply")
        for attempt in range(_TRIES):
            reply = await self._engine.ask(Ask(asked, longest, sampling, doc_id, schema, attempt))
            found = prompts.parse(reply.text, task, reply.finish, source.text, given)
            if not found.wrong:
                break
        generator = self._generator(task)
        if found.wrong:
            row = blank(task, passage.id, generator)  # type: ignore[arg-type]
            return [end(sealed(row, source.text_sha256), "rejected", found.wrong, "the reply cannot be read")]
        return rows_of(source, passage, task, found, generator)

    @staticmethod
    def _numbered(source: Source, passage: Passage, task: str) -> prompts.Numbered:
        """The passage as it is shown; who asks is shown too what the Document warns of elsewhere."""
        warned = source.warned(passage.start, passage) if task in ("qa", "mcq", "dialogue") else ()
        return prompts.numbered(source.text, passage.start, passage.end, warned)

    async def _made_up(
        self, source: Source, doc_id: str, passage: Passage, rows: list[QuestionRow]
    ) -> list[QuestionRow]:
        """Pairs against what the model says without the passage, and of what the passage does not answer."""
        row = next((one for one in rows if one["kind"] == "qa" and one["outcome"] == "accepted"), None)
        if row is None:
            return []
        given = self._numbered(source, passage, "qa")
        sampling = Sampling(temperature=self._config.temperature)
        made: list[QuestionRow] = []
        for task in ("unseen", "unanswerable"):
            asked = (
                prompts.unseen(self._profile, row["question"])
                if task == "unseen"
                else prompts.prompt(self._profile, task, passage.heading or "", given.shown, 1)
            )
            longest = prompts.reply_tokens(task, 0, 1)
            if not self._tokens.fits(asked, longest, self._profile.context):
                continue
            schema = prompts.schema(task, len(given.places), 1)
            reply = await self._engine.ask(Ask(asked, longest, sampling, doc_id, schema, 0))
            found = prompts.parse(reply.text, task, reply.finish, source.text, given)
            if found.wrong:
                continue
            if task == "unseen":
                made.append(ungrounded(source, passage, row, found.text, self._generator(task)))
            else:
                item = found.items[0]
                made.append(unanswerable(source, passage, row, item.question, item.answer, self._generator(task)))
        return made

    def _generator(self, task: str) -> Generator:
        profile = self._engines.profile
        return Generator(
            lane="model",
            model=self._engines.model,
            revision=profile.get("revision"),
            engine=self._engines.engine,
            prompt_sha256=prompts.prompt_sha256(task),
            sampling=f"temperature={self._config.temperature:g}",
            outputs=profile.get("outputs", "unknown"),
        )


def rows_of(
    source: Source, passage: Passage, task: str, found: prompts.Reply, generator: Generator
) -> list[QuestionRow]:
    """The rows of a reply that can be read, judged."""
    if task in ("patient", "discharge"):
        return [text_row(source, passage, task, found.text, generator)]
    rows = [_row(source, passage, item, generator) for item in found.items]
    if task == "qa":
        return rows
    if task == "mcq":
        return [with_options(source, passage, row, item.options) for row, item in zip(rows, found.items, strict=True)]
    return [conversation(source, passage, rows, generator)] if rows else []


def _row(source: Source, passage: Passage, item: prompts.Item, generator: Generator) -> QuestionRow:
    """A question of a reply, judged; one whose quote or numbers are wrong is rejected by that."""
    if not item.wrong:
        return row_of(source, passage, generator, "model", "", item.question, item.answer, item.places)
    row = blank("qa", passage.id, generator)
    row["question_type"], row["question"], row["answer"] = "model", item.question, item.answer
    row["explanation"] = item.quote or None
    return end(sealed(row, source.text_sha256), "rejected", item.wrong, item.quote[:80])


def _close(loop: asyncio.AbstractEventLoop, engine: Engine | Fleet) -> None:
    """What is under way is given up; connections and the store of replies are closed."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(engine.close())
    loop.close()
