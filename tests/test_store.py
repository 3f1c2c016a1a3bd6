"""Whole or absent: the store, the lock and the frozen batches."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from factory import batch
from factory.errors import HomeError
from factory.ledger import Item
from factory.lock import holder, locked
from factory.store import LocalStore, RemoteStore, Store, digest, open_store, read_json, write_json

ITEMS = [Item(f"source-{i % 3}", f"{i:064x}") for i in range(70)]


@pytest.fixture(params=["local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A local folder, and a file system of fsspec's."""
    return open_store(str(tmp_path / "home") if request.param == "local" else f"memory://{tmp_path.name}")


def test_a_store_gives_back_what_was_put(store: Store) -> None:
    """Bytes, names, sizes and absence are the same on every storage."""
    store.write("a/b/c", b"one")
    store.write("a/b/d", b"two!")
    assert store.read("a/b/c") == b"one"
    assert store.read("a/nothing") is None
    assert store.names("a/b") == ["c", "d"]
    assert list(store.walk("a")) == ["a/b/c", "a/b/d"]
    assert store.size("a/b/d") == 4
    assert store.digest("a/b/d") == hashlib.sha256(b"two!").hexdigest()
    store.remove("a/b")
    assert not store.has("a/b/c")
    assert store.names("a/b") == []


def test_stores_are_told_apart_by_their_address() -> None:
    """A URL is fsspec's; anything else is a folder."""
    assert isinstance(open_store("memory://x"), RemoteStore)
    assert isinstance(open_store("x"), LocalStore)


@pytest.mark.survive(3, "a write that fails")
def test_a_failed_write_leaves_the_old_bytes_and_one_sentence(tmp_path: Path) -> None:
    """Where a folder cannot be made, the error says what and what to do."""
    store = LocalStore(tmp_path)
    store.write("a", b"old")
    with pytest.raises(HomeError, match="is a file where a folder is needed"):
        store.write("a/b", b"new")
    assert store.read("a") == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.mount
@pytest.mark.survive(3, "a disk of 2 MB")
def test_a_full_disk_is_one_sentence(small_disk: Path) -> None:
    """On a file system without room the write fails whole, with a remedy."""
    store = LocalStore(small_disk)
    with pytest.raises(HomeError, match="no space left") as told:
        store.write("a", b"x" * 8_000_000)
    assert told.value.remedy
    assert list(small_disk.iterdir()) == []


def test_json_is_canonical() -> None:
    """The order of keys does not change a digest; a value does."""
    assert digest({"a": 1, "b": "ñ"}) == digest({"b": "ñ", "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


@pytest.mark.survive(1, "two runs on one home; the lock of a killed run")
def test_a_second_run_is_told_who_holds_the_home(store: Store) -> None:
    """While one run holds the home another gets its host and process."""
    with locked(store):
        held = holder(store)
        assert held is not None
        with pytest.raises(HomeError, match=rf"process {held['pid']} on {held['host']}"), locked(store):
            pass
    assert holder(store) is None


@pytest.mark.survive(1, "two runs on one home; the lock of a killed run")
def test_a_killed_runs_lock_is_no_lock(tmp_path: Path) -> None:
    """A process that died holding the home does not hold it."""
    code = f"from factory.lock import locked; from factory.store import open_store\nwith locked(open_store({str(tmp_path)!r})):\n print(1, flush=True)\n import time; time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    assert holder(LocalStore(tmp_path)) is not None
    child.kill()
    child.wait()
    child.stdout.close()
    assert holder(LocalStore(tmp_path)) is None
    with locked(LocalStore(tmp_path)):
        assert read_json(LocalStore(tmp_path), "lock.json")["pid"] == os.getpid()


@pytest.mark.survive(1, "two runs on one home; the lock of a killed run")
def test_a_lock_of_another_host_counts_until_it_is_stale(tmp_path: Path) -> None:
    """Heartbeats decide for a host that cannot be asked."""
    store = LocalStore(tmp_path)
    write_json(store, "lock.json", {"host": "other", "pid": 1, "started": None, "heartbeat": time.time()})
    assert holder(store) is not None
    write_json(store, "lock.json", {"host": "other", "pid": 1, "started": None, "heartbeat": time.time() - 120})
    assert holder(store) is None


@pytest.mark.survive(2, "order of the items of a batch")
def test_a_batch_is_the_same_for_any_order_of_its_items() -> None:
    """Shuffled and doubled items make the same batch, and its shares tile it."""
    shuffled = ITEMS * 2
    random.Random(7).shuffle(shuffled)
    one, other = batch.make("r", "0001", ITEMS, None), batch.make("r", "0001", shuffled, None)
    assert one == other
    assert one.tasks == 3
    assert sum((one.share(rank) for rank in range(one.tasks)), ()) == one.items
    assert list(one.items) == sorted(one.items, key=lambda item: item.id)


def test_a_rebuild_supersedes_what_came_before(tmp_path: Path) -> None:
    """Batches before the last rebuild are not in force, and names are never used twice."""
    store = LocalStore(tmp_path)
    for rebuild in (False, False, True, False):
        name = batch.next_name(store, "r")
        batch.freeze(store, batch.make("r", name, ITEMS[:2], None, rebuild=rebuild))
    assert [b.name for b in batch.frozen(store, "r")] == ["0003", "0004"]
    assert batch.next_name(store, "r") == "0005"
