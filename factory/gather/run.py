"""One run over sources: hosts side by side, each source's visit, and how everything ended.

A visit is a pass over one source; `visits/<source>.json` stands while it is not finished, so that a run that was
stopped goes on with the addresses it had not asked for, and asks for no list twice.
"""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from factory.config import Fetch, Source, Speech
from factory.errors import (
    Damaged,
    NoText,
    SourceBlocked,
    SourceError,
    SourceForbidden,
    SourceLater,
    SourceMissing,
    SourceNotYet,
    TooLarge,
    WrongType,
)
from factory.fetch.hosts import Hosts, Stopped
from factory.ledger import Attempt, Ledger, Status, Taken
from factory.speech import Transcriber
from factory.store import Store, read_json, write_json

# An unfinished visit older than this begins anew: its lists are too old to go on with.
VISIT_SECONDS = 24 * 3600
# When a pending item is worth asking for again: after an hour, then twice as long each time, a week at most.
FIRST_TRY_SECONDS, LAST_TRY_SECONDS = 3600, 7 * 24 * 3600
_STATUS: tuple[tuple[type[SourceError], Status], ...] = (
    (SourceBlocked, "blocked"),
    (SourceLater, "pending"),
    (SourceNotYet, "skipped"),
    (SourceForbidden, "forbidden"),
    (SourceMissing, "gone"),
)
_NO_USE = (TooLarge, WrongType, NoText, Damaged)


class Listener(Protocol):
    """Who is told how a run gets on."""

    def begin(self, source: Source, total: int | None) -> None: ...
    def ended(self, source: Source, status: str, address: str, reason: str, message: str) -> None: ...
    def listening(self, address: str, done: float, whole: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A source and the addresses of it to ask for; none where the source's own address is meant."""

    source: Source
    addresses: tuple[str, ...] = ()


@dataclass(slots=True)
class Options:
    """What a person said of this run."""

    refresh: bool = False
    cookies: str | None = None
    fetch: Fetch = field(default_factory=Fetch)
    speech: Speech = field(default_factory=Speech)


class Run:
    """Everything that one run shares."""

    def __init__(self, store: Store, options: Options, listener: Listener) -> None:
        self.store = store
        self.options = options
        self.listener = listener
        self.ledger = Ledger(store)
        self.stop = threading.Event()
        self.hosts = Hosts(self.stop)
        self.transcriber = Transcriber(options.speech)
        self.taken = Taken()
        self._telling = threading.Lock()
        self._visits: dict[str, Visit] = {}

    def all(self, jobs: Iterable[Job]) -> Taken:
        """Every job is done, or stopped at the end of an item. Raises the FactoryError that ended the run."""
        from factory.gather.pages import visit_pages
        from factory.gather.videos import visit_videos

        queues: dict[str, list[Job]] = {}
        open_jobs: Counter[str] = Counter()
        for job in jobs:
            for host, part in _by_host(job).items():
                queues.setdefault(host, []).append(part)
                open_jobs[part.source.id] += 1

        def work(queue: list[Job]) -> None:
            for job in queue:
                take: Callable[[Run, Job], None] = visit_videos if job.source.kind == "youtube" else visit_pages
                try:
                    take(self, job)
                except Stopped:
                    return
                open_jobs[job.source.id] -= 1

        with ThreadPoolExecutor(self.options.fetch.hosts_at_once, thread_name_prefix="host") as pool:
            self._watch([pool.submit(work, queue) for queue in queues.values()])
        for source_id, visit in self._visits.items():
            if not open_jobs[source_id]:
                visit.close()
        return self.taken

    def visit(self, source: Source) -> Visit:
        """The visit of a source, shared by the hosts its addresses are on."""
        with self._telling:
            if source.id not in self._visits:
                self._visits[source.id] = Visit(self, source)
            return self._visits[source.id]

    def _watch(self, running: list[Future[None]]) -> None:
        """Wait for all; the first failure of the home or of our own code stops the others."""
        left = set(running)
        failure: BaseException | None = None
        while left:
            done, left = wait(left, timeout=0.2, return_when=FIRST_COMPLETED)
            for one in done:
                error = one.exception()
                if error is not None and failure is None:
                    failure = error
                    self.stop.set()
        if failure is not None:
            raise failure

    # What ends

    def end(self, attempt: Attempt) -> dict[str, Any]:
        """The attempt is durable, counted and told."""
        receipt = self.ledger.record(attempt)
        if attempt.role == "item" or attempt.status not in ("stored", "unchanged"):
            a = attempt
            self.tell(a.source, a.status, a.address, a.reason, a.message, a.next_try)
        return receipt

    def tell(
        self, source: Source, status: str, address: str, reason: str, message: str = "", next_try: str | None = None
    ) -> None:
        """Count and tell of an item that needed no receipt of its own, or has it."""
        with self._telling:
            self.taken.add(status, address, reason, message, next_try)
            self.listener.ended(source, status, address, reason, message)

    def failed(self, source: Source, address: str, error: SourceError, before: dict[str, Any] | None) -> Attempt:
        """The attempt that this error ended."""
        status: Status = next((s for cls, s in _STATUS if isinstance(error, cls)), "failed")
        if isinstance(error, _NO_USE):
            status = "rejected"
        again = before is not None and before["status"] == status and before.get("reason") == error.reason
        tries = (before or {}).get("http", {}).get("tries", 0) + 1 if again else 1
        message = f"{error.message} ({error.remedy})" if error.remedy else error.message
        attempt = Attempt(source, address, status, error.reason, message, http={"tries": tries})
        if status in ("pending", "blocked", "failed", "skipped"):
            said = error.retry_after if isinstance(error, SourceBlocked) else None
            later = time.time() + min(FIRST_TRY_SECONDS * 2 ** (tries - 1), LAST_TRY_SECONDS)
            attempt.next_try = _iso(later if said is None else said)
            if said is not None:
                attempt.http["retry_after"] = True
        return attempt


class Visit:
    """One pass over one source. What it finished before it was stopped is not asked for again."""

    def __init__(self, run: Run, source: Source) -> None:
        self.run = run
        self.source = source
        run.ledger.say(source)
        self._key = f"visits/{source.id}.json"
        known = read_json(run.store, self._key)
        if known is None or time.time() - known["time"] > VISIT_SECONDS:
            known = {"id": uuid.uuid4().hex, "time": int(time.time()), "since": _iso(time.time())}
            write_json(run.store, self._key, known)
        self.id: str = known["id"]
        self.last, self.kept = run.ledger.state(source.id)

    def finished(self, address: str) -> dict[str, Any] | None:
        """The receipt of an address that this visit is done with."""
        last = self.last.get(address)
        done = ("stored", "unchanged", "gone", "forbidden", "rejected", "skipped")
        return last if last and last.get("visit") == self.id and last["status"] in done else None

    def end(self, attempt: Attempt) -> dict[str, Any]:
        """The attempt is durable, as a part of this visit."""
        attempt.visit = self.id
        receipt = self.run.end(attempt)
        self.last[attempt.address] = receipt
        if attempt.status == "stored":
            self.kept[attempt.address] = receipt
        return receipt

    def failed(self, address: str, error: SourceError, role: Any = "item") -> Attempt:
        attempt = self.run.failed(self.source, address, error, self.last.get(address))
        attempt.role = role
        self.end(attempt)
        return attempt

    def close(self) -> None:
        """The visit is finished: the next one begins with the lists again."""
        self.run.store.remove(self._key)

    def told_to_wait(self, address: str) -> str | None:
        """Until when a server asked to be left alone, if that is still to come."""
        last = self.last.get(address)
        if last is None or self.run.options.refresh or not last.get("http", {}).get("retry_after"):
            return None
        until: str | None = last.get("next_try")
        return until if until and until > _iso(time.time()) else None


def _by_host(job: Job) -> dict[str, Job]:
    """The job's addresses by the host that is asked; all videos are one host's."""
    given = job.addresses or ((job.source.url,) if job.source.url else ())
    if job.source.kind == "youtube" or job.source.listing:
        return {"youtube" if job.source.kind == "youtube" else _host(given[0]): job}
    found: dict[str, list[str]] = {}
    for address in given:
        found.setdefault(_host(address), []).append(address)
    return {host: Job(job.source, tuple(addresses)) for host, addresses in found.items()}


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="seconds")
