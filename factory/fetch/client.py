"""One request: connected to the address that was checked, read under one deadline and one size limit.

httpx2 does the protocol. What it lacks stands here: a connector that checks every resolved address and connects to
just that one (so a name that changes its mind between check and connect is no way in), and a deadline over the
whole exchange (a timeout for each read never fires on a slow drip).
"""

from __future__ import annotations

import ssl
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

from factory.config import Fetch
from factory.errors import BadAnswer, CutShort, TooLarge, TooSlow, Unreachable
from factory.fetch import address as addresses
from factory.fetch.address import Address, Origin, Resolver

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: headers with lower-case names, the body decoded."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes


class _Exchange(threading.local):
    """The deadline of the request that this thread is making."""

    deadline: float = 0.0


class _Stream(httpcore2.NetworkStream):
    """A connection each of whose reads and writes ends by the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, exchange: _Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def _left(self, timeout: float | None) -> float:
        left = self._exchange.deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the deadline has passed")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._exchange)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Connector(httpcore2.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, allowed: Origin | None, resolver: Resolver, exchange: _Exchange) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._exchange = exchange
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        private = self._allowed is not None and (host.strip("[]"), port) == self._allowed[1:]
        found = addresses.checked(host, self._resolver(host.strip("[]"), port), private=private)
        last: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        for one in found:
            left = self._exchange.deadline - time.monotonic()
            try:
                stream = self._plain.connect_tcp(
                    one, port, max(0.001, min(timeout or left, left)), local_address, socket_options
                )
                return _Stream(stream, self._exchange)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                last = error
        raise last or httpcore2.ConnectError(f"{host} has no address")


class Client:
    """Asks for one address at a time. `allowed`: the one origin that may be private."""

    def __init__(self, config: Fetch, allowed: Origin | None = None, resolver: Resolver = addresses.resolve) -> None:
        self.allowed = allowed
        self._exchange = _Exchange()
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=1, keepalive_expiry=15)
        transport: httpx2.HTTPTransport | None = None
        if not config.trust_env:
            transport = httpx2.HTTPTransport(trust_env=False, limits=limits)
            transport._pool = httpcore2.ConnectionPool(
                ssl_context=ssl.create_default_context(),
                max_keepalive_connections=1,
                keepalive_expiry=15,
                network_backend=_Connector(allowed, resolver, self._exchange),
            )
        timeout = httpx2.Timeout(config.read_seconds, connect=config.connect_seconds)
        self._http = httpx2.Client(
            transport=transport,
            timeout=timeout,
            trust_env=config.trust_env,
            follow_redirects=False,
            headers={"User-Agent": config.user_agent, "Accept-Encoding": "gzip, deflate"},
        )

    def close(self) -> None:
        self._http.close()

    def get(self, address: Address, headers: dict[str, str], max_bytes: int, seconds: float) -> Answer:
        """The answer to one request; redirects are answers.

        Raises AddressRefused, Unreachable, TooSlow, TooLarge, CutShort, BadAnswer.
        """
        self._exchange.deadline = time.monotonic() + seconds
        try:
            with self._http.stream("GET", address.url, headers=headers) as response:
                said = {k.lower(): v for k, v in response.headers.items()}
                body = b"".join(_decoded(response.iter_raw(_CHUNK), said.get("content-encoding", ""), max_bytes))
                return Answer(address.url, response.status_code, said, body)
        except httpx2.TimeoutException as error:
            over = time.monotonic() >= self._exchange.deadline
            why = f"not done within {seconds:g} seconds" if over else "the server fell silent"
            raise TooSlow(f"{address.url}: {why}") from error
        except httpx2.RemoteProtocolError as error:
            if "without sending complete" in str(error) or "without sending a response" in str(error):
                raise CutShort(f"{address.url}: the connection ended before the answer did") from error
            raise BadAnswer(f"{address.url}: not the answer of a web server ({error})") from error
        except (httpx2.ReadError, httpx2.WriteError) as error:
            raise CutShort(f"{address.url}: the connection broke ({error})") from error
        except (httpx2.TransportError, httpx2.InvalidURL, UnicodeError) as error:
            raise Unreachable(f"{address.url}: {error}") from error


def _decoded(chunks: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """The body, never more than the limit and never much of it at once. Raises TooLarge, CutShort, BadAnswer."""
    total = 0
    codings = [c.strip().lower() for c in encoding.split(",") if c.strip().lower() not in ("", "identity")]
    if len(codings) > 1 or (codings and codings[0] not in ("gzip", "x-gzip", "deflate")):
        raise BadAnswer(f"the answer is encoded as {encoding[:40]!r}, which was not asked for")
    for piece in _inflated(chunks, codings[0]) if codings else chunks:
        total += len(piece)
        if total > limit:
            raise TooLarge(f"more than {limit:,} bytes")
        yield piece


def _inflated(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    # 47: zlib or gzip, by the header; -15: the bare deflate that some servers send under that name.
    wheel = zlib.decompressobj(47)
    begun = False
    for chunk in chunks:
        if not begun and coding == "deflate" and (chunk[0] & 0x0F != 8 or int.from_bytes(chunk[:2], "big") % 31):
            wheel = zlib.decompressobj(-15)
        begun = True
        rest = chunk
        try:
            while rest:
                if wheel.eof:
                    wheel = zlib.decompressobj(47)
                yield wheel.decompress(rest, _CHUNK)
                rest = wheel.unconsumed_tail or wheel.unused_data
                if wheel.eof and rest[:2] != b"\x1f\x8b":
                    break
            if not wheel.eof:
                while piece := wheel.decompress(b"", _CHUNK):
                    yield piece
        except zlib.error as error:
            raise BadAnswer(f"the compressed answer is damaged ({error})") from error
    if begun and not wheel.eof:
        raise CutShort("the compressed answer ends in the middle")
