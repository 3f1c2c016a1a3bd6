"""One clock per host; Retry-After in both forms."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from factory.errors import HostStopped, RateLimited
from factory.fetch.hosts import Hosts, Stopped, retry_after

NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 3 ", 3.0),
        ("0", 0.0),
        ("Wed, 18 Nov 2026 11:07:40 GMT", 1_795_000_060.0 - NOW),
        ("Wednesday, 18-Nov-26 11:07:40 GMT", 60.0),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    """Seconds or a date; a date that has passed is now; what is neither says nothing."""
    assert retry_after(value, NOW) == seconds


def test_a_host_is_asked_by_one_thread_at_a_time_with_its_pause() -> None:
    """Four threads, three turns each: never two at once, and the pause lies between all of them."""
    host = Hosts(threading.Event())["a"]
    host.delay = 0.03
    spans: list[tuple[float, float]] = []

    def ask() -> None:
        for _ in range(3):
            with host.turn():
                begun = time.monotonic()
                time.sleep(0.002)
                spans.append((begun, time.monotonic()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans.sort()
    assert len(spans) == 12
    assert all(b[0] - a[1] >= 0.029 for a, b in itertools.pairwise(spans))


def test_a_stopped_host_is_left_alone_and_others_are_not() -> None:
    """Who comes after the stop is told why, and until when."""
    hosts = Hosts(threading.Event())
    hosts["a"].stop(RateLimited("enough", retry_after=12.0))
    with pytest.raises(HostStopped, match="enough") as caught, hosts["a"].turn():
        pass
    assert caught.value.retry_after == 12.0
    with hosts["b"].turn():
        pass


def test_failures_in_a_row_stop_a_host_and_a_success_forgives() -> None:
    """The count begins again after an answer."""
    host = Hosts(threading.Event())["a"]
    for _ in range(2):
        host.failed(3, "503")
    host.succeeded()
    for _ in range(2):
        host.failed(3, "503")
    with host.turn():
        pass
    host.failed(3, "503")
    with pytest.raises(HostStopped), host.turn():
        pass


def test_who_is_told_to_stop_does_not_wait_on() -> None:
    """A run that ends does not sit out the pause."""
    stop = threading.Event()
    host = Hosts(stop)["a"]
    host.delay = 60
    with host.turn():
        pass
    threading.Timer(0.05, stop.set).start()
    begun = time.monotonic()
    with pytest.raises(Stopped), host.turn():
        pass
    assert time.monotonic() - begun < 5
