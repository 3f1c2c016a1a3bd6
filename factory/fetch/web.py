"""An address asked politely: robots and opt-outs first, one request at a time, every redirect checked like it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from factory.config import Fetch
from factory.errors import (
    BadAnswer,
    BotWall,
    CutShort,
    Gone,
    NotAllowed,
    OptedOut,
    RateLimited,
    RobotsDisallowed,
    RobotsUnavailable,
    ServerError,
    SourceError,
    SourceLater,
    SourceUnreadable,
    TooManyRedirects,
    TooSlow,
    Unreachable,
)
from factory.fetch.address import Address, Origin, follow, parse
from factory.fetch.client import Answer, Client
from factory.fetch.hosts import Host, Hosts, retry_after
from factory.fetch.robots import MAX_BYTES as ROBOTS_BYTES
from factory.fetch.robots import Rules, kept_out, reserved
from factory.record import Blobs, sha256

# RFC 9309, section 2.4: a copy of robots.txt older than a day should not be used.
ROBOTS_SECONDS = 24 * 3600
# What `[fetch] delay_seconds` cannot go below, but for a site of one's own.
LEAST_DELAY_SECONDS = 1.0
_WALL = re.compile(
    rb"just a moment\.\.\.|attention required! \| cloudflare|cf-chl-|captcha-delivery\.com|px-captcha"
    rb"|_incapsula_resource|checking your browser|are you a robot|unusual traffic"
    rb"|verify (?:that )?you are (?:a )?human",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: the address, what is known of an earlier copy, and the limits."""

    address: Address
    etag: str | None = None
    last_modified: str | None = None
    max_bytes: int = 10 * 2**20
    seconds: float = 120.0
    attempts: int = 4

    def headers(self) -> dict[str, str]:
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {k: v for k, v in asked.items() if v}


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that may be kept. `unchanged`: the copy we have is still right, the body is empty."""

    answer: Answer
    robots: str
    unchanged: bool = False


class Web:
    """Asks on behalf of one source. `keep` holds robots.txt for a day."""

    def __init__(
        self, config: Fetch, hosts: Hosts, keep: Blobs, client: Client, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._hosts = hosts
        self._keep = keep
        self._client = client
        self._clock = clock
        self._sites: dict[Origin, tuple[Rules, bytes, str] | RobotsUnavailable] = {}

    def get(self, wanted: Wanted) -> Page:
        """The page, after at most `max_redirects` redirects. Raises SourceError."""
        address, seen = wanted.address, {wanted.address.url}
        for _ in range(self._config.max_redirects + 1):
            decision = self._permitted(address)
            answer = self._asked(address, wanted)
            if answer.status not in (301, 302, 303, 307, 308):
                return self._judged(answer, decision)
            address = follow(address.url, answer.headers.get("location", ""))
            if address.url in seen:
                raise TooManyRedirects(f"{wanted.address.url} leads in a circle ({address.url})")
            seen.add(address.url)
        raise TooManyRedirects(f"{wanted.address.url}: more than {self._config.max_redirects} redirects")

    def sitemaps(self, address: Address) -> list[str]:
        """The sitemaps that the site's robots.txt names."""
        return self._site(address)[0].sitemaps

    def _judged(self, answer: Answer, decision: str) -> Page:
        self._hosts[parse(answer.url).origin.host].succeeded()
        if answer.status == 304:
            return Page(answer, decision, unchanged=True)
        if answer.status in (404, 410):
            raise Gone(f"{answer.url}: the server says {answer.status}")
        if answer.status in (401, 402, 403, 407, 451):
            raise NotAllowed(f"{answer.url}: the server says {answer.status}")
        if answer.status != 200:
            raise BadAnswer(f"{answer.url}: the server says {answer.status}")
        if not answer.body:
            raise BadAnswer(f"{answer.url}: an empty answer")
        why = kept_out(answer.headers, answer.body)
        if why:
            raise OptedOut(f"{answer.url}: {why}")
        return Page(answer, decision)

    # What the site says before it is asked for the page

    def _permitted(self, address: Address) -> str:
        """Why the address may be asked. Raises RobotsDisallowed, OptedOut, RobotsUnavailable."""
        rules, tdmrep, said = self._site(address)
        self._host(address).delay = self._delay(address, rules)
        if not rules.allows(address.url):
            raise RobotsDisallowed(f"{address.url}: robots.txt does not allow it")
        why = rules.opted_out(address.url) or reserved(tdmrep, address.url)
        if why:
            raise OptedOut(f"{address.url}: {why}")
        return said

    def _delay(self, address: Address, rules: Rules) -> float:
        """The site's own crawl-delay where it states one, even a shorter one; else ours."""
        if rules.delay is not None:
            return rules.delay
        own = address.origin == self._client.allowed
        return self._config.delay_seconds if own else max(self._config.delay_seconds, LEAST_DELAY_SECONDS)

    def _site(self, address: Address) -> tuple[Rules, bytes, str]:
        """What the site's files say. Raises RobotsUnavailable, in this run without asking again."""
        known = self._sites.get(address.origin)
        if isinstance(known, RobotsUnavailable):
            raise known
        if known is None:
            try:
                robots, said = self._small(address, "/robots.txt", refuse=True)
            except RobotsUnavailable as error:
                self._sites[address.origin] = error
                raise
            rules = Rules(robots.decode("utf-8", "replace"))
            self._host(address).delay = self._delay(address, rules)
            tdmrep, _ = self._small(address, "/.well-known/tdmrep.json", refuse=False)
            known = self._sites[address.origin] = (rules, tdmrep, said)
        return known

    def _small(self, address: Address, path: str, *, refuse: bool) -> tuple[bytes, str]:
        """A file about the site, at most a day old. Raises RobotsUnavailable where nothing can be known."""
        origin = address.origin
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        at = parse(f"{origin.scheme}://{host}:{origin.port}{path}")
        key = sha256(at.url)
        known = _remembered(self._keep.get(key))
        if known is None or self._clock() - known["time"] > ROBOTS_SECONDS:
            status, text = self._small_answer(at, refuse=refuse)
            known = {"time": int(self._clock()), "url": at.url, "status": status, "text": text}
            self._keep.put(key, json.dumps(known, ensure_ascii=False).encode("utf-8", "replace"))
        return known["text"].encode(), f"{path.rsplit('/', 1)[-1]} {known['status']}"

    def _small_answer(self, at: Address, *, refuse: bool) -> tuple[int, str]:
        address = at
        for _ in range(self._config.max_redirects + 1):
            try:
                limits = Wanted(at, max_bytes=ROBOTS_BYTES, seconds=self._config.deadline_seconds, attempts=2)
                answer = self._asked(address, limits)
            except (ServerError, TooSlow, CutShort, BadAnswer) as error:
                if not refuse:
                    return 0, ""
                raise RobotsUnavailable(f"{at.url} cannot be had, so nothing is allowed: {error.message}") from error
            except SourceUnreadable:
                return 0, ""
            if answer.status not in (301, 302, 303, 307, 308):
                return answer.status, answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
            address = follow(address.url, answer.headers.get("location", ""))
        return 0, ""

    # One request

    def _host(self, address: Address) -> Host:
        return self._hosts[address.origin.host]

    def _asked(self, address: Address, wanted: Wanted) -> Answer:
        """The answer, asked again while the server is busy. Raises SourceError."""
        host = self._host(address)
        attempts = min(wanted.attempts, self._config.attempts)
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                with host.turn():
                    answer = self._client.get(address, wanted.headers(), wanted.max_bytes, wanted.seconds)
                wait = self._wait(answer, attempt, host)
                if wait is None:
                    return answer
                if last:
                    raise self._busy(answer, wait, host)
            except CutShort as error:
                if last:
                    self._failed(host, error)
                    raise
                wait = self._config.backoff_seconds * 2 ** (attempt - 1)
            except (TooSlow, Unreachable) as error:
                self._failed(host, error)
                raise
            host.wait(wait)
        raise AssertionError("attempts is at least 1")

    def _wait(self, answer: Answer, attempt: int, host: Host) -> float | None:
        """How long to wait before asking again; None where the answer counts. Raises SourceBlocked."""
        if answer.status in (403, 429, 503) and (
            "challenge" in answer.headers.get("cf-mitigated", "") or _WALL.search(answer.body[:65536])
        ):
            wall = BotWall(f"{answer.url}: the site wants to see a person")
            host.stop(wall)
            raise wall
        if answer.status not in (429, 500, 502, 503, 504, 522, 524):
            return None
        said = retry_after(answer.headers.get("retry-after"), self._clock())
        if said is not None and said > self._config.max_wait_seconds:
            raise self._busy(answer, said, host)
        return self._config.backoff_seconds * 2 ** (attempt - 1) if said is None else said

    def _busy(self, answer: Answer, wait: float, host: Host) -> SourceError:
        said = f"{answer.url}: the server says {answer.status}"
        named = "retry-after" in answer.headers
        if answer.status == 429 or (named and wait > self._config.max_wait_seconds):
            until = self._clock() + wait if named else None
            limited = RateLimited(said + (f", for {wait:.0f} seconds" if named else ""), retry_after=until)
            host.stop(limited)
            return limited
        error = ServerError(said)
        self._failed(host, error)
        return error

    def _failed(self, host: Host, error: SourceLater) -> None:
        host.failed(self._config.max_failures, error.message)


def _remembered(data: bytes | None) -> dict[str, Any] | None:
    """What was kept, if it is whole."""
    try:
        known = json.loads(data or b"null")
        return known if isinstance(known, dict) and {"time", "status", "text"} <= known.keys() else None
    except ValueError:
        return None
