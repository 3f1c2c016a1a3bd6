"""One clock per host: whose turn it is, when the next request may be made, whether the host is left alone."""

from __future__ import annotations

import datetime
import email.utils
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from factory.errors import HostStopped, SourceBlocked


class Stopped(Exception):
    """The run was told to stop while it waited."""


class Host:
    """A host's turn. One thread at a time asks it; the next request comes `delay` seconds after the last answer."""

    def __init__(self, stop: threading.Event) -> None:
        self.delay = 0.0
        self._turn = threading.Lock()
        self._last = float("-inf")
        self._stop = stop
        self._stopped: SourceBlocked | None = None
        self._failures = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The host is ours for one request. Raises HostStopped, or Stopped if the run ends while we wait."""
        with self._turn:
            if self._stopped is not None:
                raise HostStopped(f"left alone: {self._stopped.message}", retry_after=self._stopped.retry_after)
            self.wait(self._last + self.delay - time.monotonic())
            try:
                yield
            finally:
                self._last = time.monotonic()

    def wait(self, seconds: float) -> None:
        """So much time has passed. Raises Stopped if the run is told to end."""
        if seconds > 0 and self._stop.wait(seconds):
            raise Stopped

    def stop(self, why: SourceBlocked) -> None:
        """Nobody asks this host again in this run."""
        self._stopped = why

    def succeeded(self) -> None:
        self._failures = 0

    def failed(self, most: int, why: str) -> None:
        """Count an item that could not be had; after `most` in a row the host is left alone."""
        self._failures += 1
        if self._failures >= most:
            self.stop(SourceBlocked(f"{self._failures} failures in a row, the last: {why}"))


class Hosts:
    """Every host of a run."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self._known: dict[str, Host] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Host:
        with self._lock:
            return self._known.setdefault(name, Host(self.stop))


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait by a Retry-After header, in either form; None where there is none that can be read.

    Source: RFC 9110, section 10.2.3. `now` in seconds since 1970.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        date = email.utils.parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=datetime.timezone.utc)
    return max(0.0, date.timestamp() - now)
