"""The model boundary: prompts out, replies in, over an OpenAI-compatible server, ours (`server.py`) or anyone's.

A bounded window that shrinks where the server says 429 or 503 and grows again; only transport errors are sent again;
every reply is kept (`replies.py`) before it is used. A request under way at two crashes is tried alone: if the server
dies again, that request was the poison and fails by itself. Ours instead of datatrove's InferenceRunner:
docs/decisions/014.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import json
import os
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson

from factory.config import Calls
from factory.errors import BadReply, ConfigError, EngineDown
from factory.models import Profile, Prompt, Sampling
from factory.replies import Replies, Reply
from factory.server import asked

if TYPE_CHECKING:
    import aiohttp

ENVIRONMENT = "FACTORY_ENGINE"
# The key of our own servers on a cluster, new for each run.
RUN_KEY = "FACTORY_ENGINE_KEY"
KEY_VARIABLES = ("FACTORY_ENDPOINT_KEY", "OPENAI_API_KEY")
_MOST_BACKOFF = 30.0
_HEALTH_SECONDS = 0.25


class Connection(NamedTuple):
    """Where a server is and what it calls the model; `kind`: `vllm` is one of ours.

    `window`: requests at once to each. Of several servers: `others`, their addresses, or `roster`, where in the home
    they say that they are there; `servers`: how many are meant.
    """

    url: str
    model: str
    kind: Literal["vllm", "endpoint"]
    window: int
    others: tuple[str, ...] = ()
    roster: str = ""
    servers: int = 1

    def environment(self) -> dict[str, str]:
        """What a worker is told; never part of a stage's hash."""
        return {ENVIRONMENT: json.dumps(list(self))}


def connection() -> Connection:
    """The server that this worker was told of. Raises EngineDown where there is none."""
    said = os.environ.get(ENVIRONMENT)
    if not said:
        raise EngineDown("no model server was started for this stage")
    url, model, kind, window, others, *more = json.loads(said)
    return Connection(url, model, kind, window, tuple(others), *more)


def key_of_endpoint(url: str) -> str:
    """The key for a server of others, from the environment; our own and others on this machine need none."""
    return next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), "")


class Ask(NamedTuple):
    """One question to a model. `attempt` parts replies to the same prompt; `doc_id` names what it is for."""

    prompt: Prompt
    max_tokens: int
    sampling: Sampling
    doc_id: str
    schema: dict[str, Any] | None = None
    attempt: int = 0


def key_of(ask: Ask, model: str) -> str:
    """The hash under which a reply is kept: prompt, model and sampling; never an address."""
    prompt: Any = [list(pair) for pair in ask.prompt.messages] or ask.prompt.text
    asked = [model, prompt, list(ask.prompt.stops), ask.max_tokens, _plain(ask.sampling), ask.schema, ask.attempt]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


@functools.lru_cache(64)
def _plain(sampling: Sampling) -> dict[str, Any]:
    return sampling.model_dump(mode="json")


def body_of(ask: Ask, connection: Connection) -> tuple[str, dict[str, Any]]:
    """The path and the JSON of a request."""
    sampling = ask.sampling
    body: dict[str, Any] = {"model": connection.model, "max_tokens": ask.max_tokens}
    body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
    if ask.prompt.stops:
        body["stop"] = list(ask.prompt.stops)
    if connection.kind == "vllm":
        body |= {"top_k": sampling.top_k} if sampling.top_k is not None else {}
        body |= {"repetition_penalty": sampling.repetition_penalty} if sampling.repetition_penalty is not None else {}
    if ask.schema is not None:
        # `guided_json` is gone and fails open: the reply would be free text under a 200 (engines.md).
        if connection.kind == "vllm":
            body["structured_outputs"] = {"json": ask.schema}
        else:
            named = {"name": "reply", "schema": ask.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
    if ask.prompt.chats:
        body["messages"] = [{"role": role, "content": text} for role, text in ask.prompt.messages]
        return "/v1/chat/completions", body
    body["prompt"] = ask.prompt.text
    return "/v1/completions", body


def reply_of(answer: Any) -> Reply:
    """The reply in a server's JSON. Raises ValueError where it is none."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        usage = answer.get("usage") or {}
        counts = (int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens"))
        return Reply(str(text or ""), choice.get("finish_reason"), *counts)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"no reply in the answer: {str(answer)[:120]}") from error


def base_url(url: str) -> str:
    """An endpoint's address without the `/v1` that some people write. Raises ConfigError where it is none."""
    url = url.strip()
    if not re.match(r"https?://[^\s/@]+(?:/\S*)?$", url):
        raise ConfigError(
            f"--endpoint {url[:80]!r} is no address",
            "write it as http://127.0.0.1:8000; the key goes into the environment",
        )
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def only_model(url: str) -> str:
    """The one model that an endpoint has. Raises ConfigError where it has several or does not say."""
    base = base_url(url.split(",", maxsplit=1)[0])
    try:
        names = [str(one["id"]) for one in asked(base, "/v1/models", key=key_of_endpoint(base))["data"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = f"{base} does not say which models it has: {_said(error)}"
        raise ConfigError(said, "is the server up? then name its model with --model") from error
    if len(names) != 1:
        raise ConfigError(f"{base} has {len(names)} models: {', '.join(names[:8])}", "name one with --model")
    return names[0]


def endpoint(url: str, profile: Profile, window: int) -> Connection:
    """The connection to a server of others, which calls the model as its /v1/models says.

    Raises ConfigError where it has several models and none of that name.
    """
    base = base_url(url)
    try:
        listed = asked(base, "/v1/models", key=key_of_endpoint(base))
        names = [str(one["id"]) for one in listed["data"]]
    except (OSError, ValueError, KeyError, TypeError):
        names = []
    wanted = (profile.name, profile.repo, *profile.aliases)
    known = next((name for name in names for one in wanted if name.lower() == one.lower()), None)
    if known is None and len(names) > 1:
        raise ConfigError(
            f"{base} has no model {profile.name!r}; it has {', '.join(names[:8])}", "name one with --model"
        )
    return Connection(base, known or (names[0] if names else profile.repo), "endpoint", window)


# Before the first request

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"respuesta": {"type": "string", "enum": ["azul-7", "rojo-3"]}},
    "required": ["respuesta"],
    "additionalProperties": False,
}


def check_contract(found: Connection, profile: Profile) -> None:
    """The server answers, knows the model, and constrains a reply to a schema where the profile needs that.

    Raises EngineDown where it does not answer, BadReply where it says yes and does not constrain.
    """
    from factory.models import Turn, render

    prompt = render(profile, "", [Turn("user", "Di hola.")])
    schema = _SCHEMA if profile.reply == "json" else None
    path, body = body_of(Ask(prompt, 32, Sampling(), "", schema), found)
    key = os.environ.get(RUN_KEY, "") if found.kind == "vllm" else key_of_endpoint(found.url)
    try:
        reply = reply_of(_first_answer(found.url, path, body, key))
    except (OSError, ValueError) as error:
        raise EngineDown(
            f"{found.url} did not answer as a model server does: {_said(error)}", _remedy(error)
        ) from error
    if schema is None:
        return
    try:
        said = json.loads(reply.text)
    except ValueError:
        said = None
    # Free text is no JSON: a server that ignores schemas says hello.
    constrained = isinstance(said, dict) and list(said) == ["respuesta"] and isinstance(said["respuesta"], str)
    if not constrained:
        raise BadReply(
            f"{found.url} accepts a schema and does not keep to it: {reply.text[:60]!r}",
            'choose a model with reply = "tags" in models.toml, or another server',
        )


def _first_answer(url: str, path: str, body: dict[str, Any], key: str) -> Any:
    """The first answer; a busy server is waited for. Raises OSError."""
    import urllib.error

    for wait in (0.5, 1, 2, 4, 8, None):
        try:
            return asked(url, path, body, timeout=300, key=key)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503) or wait is None:
                raise
            time.sleep(wait)
    raise AssertionError


def _said(error: Exception) -> str:
    """What a server said of an error, in a line."""
    read = getattr(error, "read", None)
    text = read().decode("utf-8", "replace") if read else ""
    return " ".join(f"{error} {text}".split())[:300]


def _remedy(error: Exception) -> str:
    code = getattr(error, "code", None)
    if code in (401, 403):
        return f"put the key into {KEY_VARIABLES[0]}"
    if code == 404:
        return "is that the model's name there? see its /v1/models"
    return "is the server up? its address ends before /v1"


# Counting tokens


class Tokens:
    """Counts a prompt's tokens before it is sent: by the model's tokenizer, its server, or from above by its bytes.

    A server is asked only where the bytes leave a doubt: a look costs a round trip. `urls`: the servers that are
    up, of which any counts alike.
    """

    def __init__(
        self, profile: Profile, found: Connection | None = None, urls: Callable[[], list[str]] | None = None
    ) -> None:
        self.how = "bytes"
        self._count = _of_bytes
        local = _tokenizer_file(profile)
        if local is not None:
            from tokenizers import Tokenizer

            tokenizer = Tokenizer.from_file(local)
            self.how = "tokenizer"
            self._count = lambda text: len(tokenizer.encode(text).ids)
        elif found is not None and found.kind == "vllm":
            self.how = "server"
            self._count = lambda text: _of_servers(urls() if urls else [found.url], found.model, text)

    def fits(self, prompt: Prompt, more: int, context: int) -> bool:
        """The prompt and `more` tokens of a reply are within the context."""
        if (
            self.how == "server"
            and _of_bytes(prompt.text or "".join(text for _, text in prompt.messages)) < context - more
        ):
            return True
        return self.count(prompt) + more <= context

    def count(self, prompt: Prompt) -> int:
        """Tokens of a prompt; a chat's template is allowed eight a message."""
        if not prompt.chats:
            return self._count(prompt.text) + 1
        return self._count("\n".join(text for _, text in prompt.messages)) + 8 * len(prompt.messages) + 8


def _of_bytes(text: str) -> int:
    """No tokenizer of the mission's models makes more tokens of English or Spanish than half its bytes."""
    return len(text.encode("utf-8", "replace")) // 2 + 1


def _of_servers(urls: list[str], model: str, text: str) -> int:
    """What the first says that answers; from above where none does."""
    for url in urls:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            return int(asked(url, "/tokenize", {"model": model, "prompt": text})["count"])
    return _of_bytes(text)


def _tokenizer_file(profile: Profile) -> str | None:
    """The tokenizer.json of a folder, or of the Hub's cache on this disk; nothing is downloaded."""
    if os.path.isdir(profile.repo):
        path = os.path.join(profile.repo, "tokenizer.json")
        return path if os.path.exists(path) else None
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(profile.repo, "tokenizer.json", revision=profile.revision)
    return found if isinstance(found, str) else None


# Asking


@dataclass(slots=True)
class Tally:
    """What was asked so far."""

    asked: int = 0
    cached: int = 0
    sent: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    in_flight: int = 0
    window: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def table(self) -> dict[str, Any]:
        """Plain values, for the one who shows them."""
        return {name: getattr(self, name) for name in self.__slots__}


class _Busy(Exception):
    """429 or 503; `after`: seconds the server asked to be left alone."""

    def __init__(self, after: float | None) -> None:
        super().__init__()
        self.after = after


class _Away(Exception):
    """Nobody listens at the address."""


class _Dropped(Exception):
    """The connection ended while the request was under way."""


class _Erred(Exception):
    """The server answered with an error of its own, or with what is no reply, or not in time."""

    def __init__(self, reason: str, said: str) -> None:
        super().__init__(said)
        self.reason = reason


class Moved(Exception):
    """Another server may be asked; `drops`: how often one died while it was asked this; `late`: it did not answer."""

    def __init__(self, drops: int, *, late: bool = False) -> None:
        super().__init__()
        self.drops, self.late = drops, late


class Engine:
    """Asks one server. Used inside one event loop; `close` when done.

    `movable`: where the server is away, another one is asked (`fleet.py`).
    """

    def __init__(self, found: Connection, model: str, calls: Calls, replies: Replies, *, movable: bool = False) -> None:
        self.connection = found
        self.tally = Tally(window=found.window)
        self._model = model
        self._calls = calls
        self._replies = replies
        self._session: aiohttp.ClientSession | None = None
        self._window = float(found.window)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pause_until = 0.0
        self._alive = time.monotonic()
        self._solo = asyncio.Lock()
        self._alone = 0
        self._died = False
        self._idle = asyncio.Condition()
        self._movable = movable
        self._key = os.environ.get(RUN_KEY, "") if found.kind == "vllm" else key_of_endpoint(found.url)

    def urls(self) -> list[str]:
        return [self.connection.url]

    @property
    def load(self) -> int:
        """Requests under way, and those that wait for a place."""
        return self.tally.in_flight + len(self._waiting)

    async def ask(self, ask: Ask) -> Reply:
        """The model's reply, from those kept where it was asked before.

        Raises BadReply where this question cannot be answered (`reason`: engine_refused, engine_error, engine_timeout,
        engine_crash), EngineDown where nothing can.
        """
        key = key_of(ask, self._model)
        self.tally.asked += 1
        kept = self._replies.get(key)
        if kept is not None:
            self.tally.cached += 1
            return kept
        try:
            reply = await self.persist(ask)
        except BadReply as error:
            self.tally.failures[error.reason] = self.tally.failures.get(error.reason, 0) + 1
            raise
        # The next request goes out before anyone looks at this reply: what is done with it must not keep a slot empty.
        await asyncio.sleep(0)
        self._replies.put(key, ask.doc_id, reply)
        self.tally.tokens_in += reply.prompt_tokens
        self.tally.tokens_out += reply.completion_tokens
        return reply

    async def persist(self, ask: Ask, drops: int = 0) -> Reply:
        """Sends until there is a reply, or a reason why there is none; Moved where another server may be asked."""
        errors = 0
        while True:
            alone = drops >= 2
            try:
                async with self._slot(alone=alone):
                    if self._died:
                        # What waited for its turn did not kill it, and must not be taken for what did.
                        raise _Away
                    return await self._send(ask)
            except _Busy as busy:
                self._shrink()
                await self._leave_alone(busy.after)
            except _Away:
                if self._movable:
                    raise Moved(drops) from None
                await self.await_server()
            except _Dropped:
                self._died = True
                drops += 1
                if drops > 3:  # twice among others, twice alone
                    raise bad("engine_crash", "the server died each time it was asked this") from None
                if self._movable:
                    raise Moved(drops) from None
                await self.await_server()
            except _Erred as error:
                errors += 1
                if self._movable and error.reason == "engine_timeout":
                    raise Moved(drops, late=True) from None
                if errors >= self._calls.tries:
                    raise bad(error.reason, str(error)) from None
                await asyncio.sleep(min(_MOST_BACKOFF, self._calls.backoff_seconds * 2 ** (errors - 1)))

    # The window

    @contextlib.asynccontextmanager
    async def _slot(self, *, alone: bool) -> AsyncIterator[None]:
        """One of the requests under way; `alone`: the only one."""
        if alone:
            async with self._solo:
                self._alone += 1
                try:
                    async with self._idle:
                        await self._idle.wait_for(lambda: self.tally.in_flight == 0)
                    async with self._under_way():
                        yield
                finally:
                    self._alone -= 1
                    self._release()
            return
        while self._alone or self.tally.in_flight >= int(self._window):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter
        async with self._under_way():
            yield

    @contextlib.asynccontextmanager
    async def _under_way(self) -> AsyncIterator[None]:
        self.tally.in_flight += 1
        try:
            yield
        finally:
            self.tally.in_flight -= 1
            if self._alone and self.tally.in_flight == 0:
                async with self._idle:
                    self._idle.notify_all()
            self._release()

    def _release(self) -> None:
        """Wakes as many as the window has room for."""
        room = 0 if self._alone else int(self._window) - self.tally.in_flight
        while self._waiting and room > 0:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                room -= 1

    def _shrink(self) -> None:
        """Half the window, once for all that were refused together."""
        if time.monotonic() >= self._pause_until:
            self._window = max(1.0, self._window / 2)
            self.tally.window = int(self._window)

    def _grow(self) -> None:
        """One more for each window's worth of replies."""
        if self._window < self.connection.window:
            self._window = min(float(self.connection.window), self._window + 1 / self._window)
            self.tally.window = int(self._window)

    async def _leave_alone(self, after: float | None) -> None:
        """The server is not asked for so long. Raises EngineDown where it is busy for ever."""
        if time.monotonic() - self._alive > self._calls.down_seconds:
            raise EngineDown(f"{self.connection.url} was busy for {self._calls.down_seconds:.0f} s", "try again later")
        pause = min(after if after is not None else max(0.05, self._calls.backoff_seconds), 300.0)
        self._pause_until = max(self._pause_until, time.monotonic() + pause)
        await asyncio.sleep(self._pause_until - time.monotonic())

    # The wire

    async def _send(self, ask: Ask) -> Reply:
        import aiohttp

        path, body = body_of(ask, self.connection)
        session = self._session or self._open()
        self.tally.sent += 1
        try:
            async with session.post(self.connection.url + path, data=orjson.dumps(body)) as answer:
                said = await answer.read()
                status, headers = answer.status, answer.headers
        except TimeoutError:
            raise _Erred("engine_timeout", f"no reply within {self._calls.request_seconds:.0f} s") from None
        except aiohttp.ClientConnectorError as error:
            raise _Away from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError) as error:
            raise _Dropped from error
        return self._judged(status, said, headers.get("Retry-After"))

    def _judged(self, status: int, data: bytes, after: str | None) -> Reply:
        if status in (429, 503):
            raise _Busy(_seconds(after))
        self._alive = time.monotonic()
        if status == 200:
            try:
                reply = reply_of(orjson.loads(data))
            except ValueError:
                raise _Erred("engine_error", f"no reply in {data[:120].decode('utf-8', 'replace')!r}") from None
            self._grow()
            return reply
        text = data.decode("utf-8", "replace")
        said = " ".join(text.split())[:200]
        if status in (401, 403, 404):
            raise EngineDown(f"{self.connection.url} refuses to be asked ({status}): {said}", _remedy(_Status(status)))
        if 400 <= status < 500:
            raise bad("engine_refused", f"{status}: {said}")
        if status == 500 and "EngineCore" in text:
            # vLLM's engine died; its server answers those under way with this, and goes too.
            raise _Dropped
        raise _Erred("engine_error", f"{status}: {said}")

    def _open(self) -> aiohttp.ClientSession:
        import aiohttp

        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self._key}"} if self._key else {}
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=self._calls.request_seconds),
            headers=headers,
        )
        return self._session

    async def await_server(self) -> None:
        """The server answers again. Raises EngineDown where it stays away."""
        import aiohttp

        begun = time.monotonic()
        while True:
            session = self._session or self._open()
            path = "/health" if self.connection.kind == "vllm" else "/v1/models"
            try:
                async with session.get(self.connection.url + path, timeout=aiohttp.ClientTimeout(total=10)) as answer:
                    if answer.status < 500:
                        self._died = False
                        return
            except (TimeoutError, aiohttp.ClientError, ConnectionError):
                pass
            # One of ours is watched by who started it, who also gives it up.
            if self.connection.kind == "endpoint" and time.monotonic() - begun > self._calls.down_seconds:
                said = f"{self.connection.url} did not answer for {self._calls.down_seconds:.0f} s"
                raise EngineDown(said, "is the server up? run the same command to go on")
            await asyncio.sleep(_HEALTH_SECONDS)

    async def close(self) -> None:
        """Connections and the store of replies are closed."""
        await self.disconnect()
        self._replies.close()

    async def disconnect(self) -> None:
        """Connections are closed."""
        if self._session is not None:
            await self._session.close()


class _Status(Exception):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def bad(reason: str, said: str) -> BadReply:
    """Why one question has no answer."""
    error = BadReply(said)
    error.reason = reason
    return error


def _seconds(after: str | None) -> float | None:
    """Retry-After in either form, as seconds from now."""
    if not after:
        return None
    with contextlib.suppress(ValueError):
        return max(0.0, float(after))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(after).timestamp() - time.time())
    return None
