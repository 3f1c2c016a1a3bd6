"""How long a host is left in peace, and what is remembered of it."""

from __future__ import annotations

import threading
from pathlib import Path

from factory.config import Fetch
from factory.fetch.address import parse
from factory.fetch.client import Client
from factory.fetch.hosts import Hosts
from factory.fetch.robots import Rules
from factory.fetch.web import Web, _remembered
from factory.store import Cache, LocalStore


def test_nobodys_pause_is_set_below_a_second(tmp_path: Path) -> None:
    """A site's own crawl-delay counts; ours is two seconds, by settings one at least, but for a site of one's own."""
    own = parse("http://127.0.0.1:9/")
    client = Client(Fetch(), allowed=own.origin)
    web = Web(Fetch(delay_seconds=0), Hosts(threading.Event()), Cache(LocalStore(tmp_path), "robots"), client)
    other = parse("https://example.org/")
    assert web._delay(other, Rules("")) == 1.0
    assert web._delay(own, Rules("")) == 0
    assert web._delay(other, Rules("User-agent: *\nCrawl-delay: 0.5")) == 0.5
    assert web._delay(other, Rules("User-agent: *\nCrawl-delay: 30")) == 30
    patient = Web(Fetch(), Hosts(threading.Event()), Cache(LocalStore(tmp_path), "robots"), client)
    assert patient._delay(other, Rules("")) == 2.0
    client.close()


def test_a_damaged_memory_is_no_memory() -> None:
    """What was kept of a site and is not whole is asked for again."""
    assert _remembered(None) is None
    assert _remembered(b"{") is None
    assert _remembered(b'{"time": 1}') is None
    assert _remembered(b"[]") is None
    assert _remembered(b'{"time": 1, "status": 200, "text": ""}') is not None
