"""One run at a time on a home: an object with host, pid and heartbeat."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from factory.errors import HomeError
from factory.store import Store, read_json, write_json

KEY = "lock.json"
HEARTBEAT_SECONDS = 5.0
# A run on another host is dead when twelve heartbeats are missing: longer than any pause of a busy disk seen.
STALE_SECONDS = 60.0


def _started(pid: int) -> str | None:
    """When a process began, in kernel ticks: tells a reused pid from the first."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[19]
    except OSError:
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _mine() -> dict[str, Any]:
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "started": _started(pid), "heartbeat": time.time()}


def holder(store: Store) -> dict[str, Any] | None:
    """Who holds the home now, or None if nobody alive does."""
    held = read_json(store, KEY)
    if not held:
        return None
    if held["host"] == socket.gethostname():
        running = _alive(held["pid"]) and _started(held["pid"]) in (held["started"], None)
        return held if running else None
    return held if time.time() - held["heartbeat"] < STALE_SECONDS else None


@contextmanager
def locked(store: Store) -> Iterator[None]:
    """The home is ours inside the block. Raises HomeError naming who holds it."""
    if held := holder(store):
        raise HomeError(
            f"another run holds {store.root}: process {held['pid']} on {held['host']}",
            "wait for it to end, or use another --home",
        )
    mine, begun = _mine(), time.monotonic()
    write_json(store, KEY, mine)
    # Two that came at once both wrote: the one that still stands there goes on. A far storage takes longer to say so.
    time.sleep(max(0.05, 4 * (time.monotonic() - begun)))
    if (now := read_json(store, KEY)) is None or (now["host"], now["pid"]) != (mine["host"], mine["pid"]):
        raise HomeError(f"another run took {store.root} at the same moment", "run the command again")
    stop = threading.Event()
    beat = threading.Thread(target=_beat, args=(store, mine, stop), daemon=True)
    beat.start()
    try:
        yield
    finally:
        stop.set()
        beat.join()
        if (now := read_json(store, KEY)) and (now["host"], now["pid"]) == (mine["host"], mine["pid"]):
            store.remove(KEY)


def _beat(store: Store, mine: dict[str, Any], stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT_SECONDS):
        try:
            write_json(store, KEY, mine | {"heartbeat": time.time()})
        except HomeError:
            continue
