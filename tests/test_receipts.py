"""The copy of the receipts is never trusted over the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from factory.receipts import Receipts
from factory.store import LocalStore, RemoteStore, write_json


def names(store: LocalStore | RemoteStore, source: str | None = None) -> list[str]:
    return [r["n"] for r in Receipts(store).all(source)]


def test_what_the_files_say_is_what_is_read(tmp_path: Path) -> None:
    """New, removed and other sources' receipts; a damaged or deleted copy is made again."""
    store = LocalStore(tmp_path)
    assert names(store) == []
    for source, name in (("b", "2"), ("a", "1"), ("a", "0"), ("a-b", "9")):
        write_json(store, f"receipts/{source}/{name}.json", {"n": source + name})
    assert names(store) == ["a-b9", "a0", "a1", "b2"]
    assert names(store, "a") == ["a0", "a1"]
    store.remove("receipts/a/0.json")
    write_json(store, "receipts/b/3.json", {"n": "b3"})
    assert names(store, "a") == ["a1"]
    assert names(store) == ["a-b9", "a1", "b2", "b3"]
    (tmp_path / "index/receipts.sqlite").write_bytes(b"not a database, but a file of bytes")
    assert names(store) == ["a-b9", "a1", "b2", "b3"]
    (tmp_path / "index/receipts.sqlite").unlink()
    assert names(store) == ["a-b9", "a1", "b2", "b3"]


@pytest.mark.survive(3, "a home that may only be read")
def test_a_home_that_cannot_be_written_can_be_looked_at(tmp_path: Path) -> None:
    """Without a place for the copy the files are read."""
    store = LocalStore(tmp_path)
    write_json(store, "receipts/a/1.json", {"n": "a1"})
    (tmp_path / "index").write_bytes(b"a file where the folder would be")
    assert names(store) == ["a1"]


def test_a_home_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On other storage the copy lies in the cache of this machine."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    store = RemoteStore(f"memory://{os.getpid()}-receipts")
    write_json(store, "receipts/a/1.json", {"n": "a1"})
    assert names(store) == ["a1"]
    assert list(tmp_path.rglob("*.sqlite"))


def test_a_receipt_that_somebody_touched_is_read_again(tmp_path: Path) -> None:
    """The copy goes by size and time of the file, not by its name alone."""
    store = LocalStore(tmp_path)
    write_json(store, "receipts/a/1.json", {"n": "first"})
    assert names(store) == ["first"]
    write_json(store, "receipts/a/1.json", {"n": "second"})
    assert names(store) == ["second"]
