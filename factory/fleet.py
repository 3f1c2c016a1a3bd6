"""Several servers of one model: a request goes to the one with the least to do, to another where that one is lost.

The addresses are given, or found in the home, where every server says that it is there (`serving.py`): one that comes
later is used from then on. Window, retries and the trial of a poisonous request are those of `engine.py`, per server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from factory.config import Calls
from factory.engine import Ask, Connection, Engine, Moved, Tally, bad, key_of
from factory.errors import BadReply, EngineDown, HomeError
from factory.replies import Replies, Reply, replies_of
from factory.servers import members
from factory.store import Store

_LOOK_SECONDS = 3.0


def engine_of(found: Connection, model: str, calls: Calls, store: Store) -> Engine | Fleet:
    """Who asks: one server, or all that are there."""
    replies = replies_of(store)
    if found.roster:
        return Fleet(found, model, calls, replies, lambda: members(store, found.roster))
    if found.others:
        urls = (found.url, *found.others)
        return Fleet(found, model, calls, replies, lambda: list(urls))
    return Engine(found, model, calls, replies)


class Fleet:
    """Asks whoever is there. Used inside one event loop; `close` when done."""

    def __init__(
        self, found: Connection, model: str, calls: Calls, replies: Replies, roster: Callable[[], list[str]]
    ) -> None:
        # What a stage holds ready is enough for all of them.
        self.connection = found._replace(window=found.window * max(found.servers, 1 + len(found.others)))
        self._each = found.window
        self._model, self._calls, self._replies, self._roster = model, calls, replies, roster
        self._engines: dict[str, Engine] = {}
        self._away: dict[str, asyncio.Task[None]] = {}
        self._refused: dict[str, EngineDown] = {}
        self._looked = 0.0
        self._flying: dict[str, set[asyncio.Task[Reply]]] = {}
        self._own = Tally()

    @property
    def tally(self) -> Tally:
        """What was asked so far, of all servers."""
        parts = [one.tally for one in self._engines.values()]
        own = self._own
        sent, flying, window = (sum(getattr(t, name) for t in parts) for name in ("sent", "in_flight", "window"))
        return Tally(own.asked, own.cached, sent, own.tokens_in, own.tokens_out, flying, window, dict(own.failures))

    def urls(self) -> list[str]:
        """The servers that answered last; before any was asked, the one that was up first."""
        return [url for url in self._engines if url not in self._away] or [self.connection.url]

    async def ask(self, ask: Ask) -> Reply:
        """The model's reply, as `Engine.ask` gives it. Raises BadReply, and EngineDown where no server is left."""
        key = key_of(ask, self._model)
        own = self._own
        own.asked += 1
        kept = self._replies.get(key)
        if kept is not None:
            own.cached += 1
            return kept
        try:
            reply = await self._answered(ask)
        except BadReply as error:
            own.failures[error.reason] = own.failures.get(error.reason, 0) + 1
            raise
        self._replies.put(key, ask.doc_id, reply)
        own.tokens_in += reply.prompt_tokens
        own.tokens_out += reply.completion_tokens
        return reply

    async def _answered(self, ask: Ask) -> Reply:
        drops = late = 0
        while True:
            url = await self._pick()
            sent = asyncio.get_running_loop().create_task(self._engines[url].persist(ask, drops))
            self._flying[url].add(sent)
            try:
                return await sent
            except Moved as moved:
                drops, late = moved.drops, late + moved.late
                self._left(url)
                if late >= self._calls.tries:
                    raise bad("engine_timeout", f"no reply within {self._calls.request_seconds:.0f} s") from None
            except EngineDown as error:
                self._refused[url] = error
            except asyncio.CancelledError:
                # A server that is gone without a word takes nothing along.
                if not sent.cancelled() or url not in self._away:
                    raise
            finally:
                self._flying[url].discard(sent)
                sent.cancel()

    async def _pick(self) -> str:
        """The server with the least to do. Raises EngineDown where none has answered for long."""
        begun = time.monotonic()
        while True:
            self._look()
            up = [url for url in self._engines if url not in self._away and url not in self._refused]
            if up:
                return min(up, key=lambda url: self._engines[url].load)
            if self._engines and self._refused.keys() >= self._engines.keys():
                raise next(iter(self._refused.values()))
            # Ours are watched by who started them, who also gives them up.
            if not self.connection.roster and time.monotonic() - begun > self._calls.down_seconds:
                said = f"none of {len(self._engines)} model servers answered for {self._calls.down_seconds:.0f} s"
                raise EngineDown(said, "run the same command to go on")
            await asyncio.sleep(0.25)

    def _look(self) -> None:
        """Who is there now; whoever said goodbye is not asked again."""
        if self._engines and time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            there = self._roster()
        except HomeError:
            return
        for url in there:
            if url not in self._engines:
                single = self.connection._replace(url=url, window=self._each, others=(), roster="", servers=1)
                self._flying[url] = set()
                self._engines[url] = Engine(single, self._model, self._calls, self._replies, movable=True)
        for url in self._engines:
            if url not in there and url not in self._away:
                self._left(url)
                for task in list(self._flying[url]):
                    task.cancel()

    def _left(self, url: str) -> None:
        """A server does not answer: it is asked no more until it does."""
        if url not in self._away:
            self._away[url] = asyncio.get_running_loop().create_task(self._back(url))

    async def _back(self, url: str) -> None:
        try:
            await self._engines[url].await_server()
        except EngineDown as error:
            self._refused[url] = error
        self._away.pop(url, None)

    async def close(self) -> None:
        """Connections and the store of replies are closed."""
        for task in list(self._away.values()):
            task.cancel()
        await asyncio.gather(*self._away.values(), return_exceptions=True)
        for one in self._engines.values():
            await one.disconnect()
        self._replies.close()
