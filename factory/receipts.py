"""The receipts of a home, read once: a local SQLite copy, brought up to date from the files whenever it is asked.

Receipts are immutable; one whose file somebody touched is read again. The copy may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from factory.record import sha256
from factory.store import TEMPORARY, LocalStore, Store, read_json, to_json

# What is asked of a million receipts at once stands in columns; the rest is read of one when it is wanted.
_TABLE = """CREATE TABLE IF NOT EXISTS receipts (
    key TEXT PRIMARY KEY, mark TEXT, source TEXT, sha256 TEXT, address TEXT, name TEXT, status TEXT, listing INTEGER,
    reason TEXT, next_try TEXT, facts BLOB, body TEXT NOT NULL) WITHOUT ROWID"""
_VERSION = 2


class Row(NamedTuple):
    """What a receipt says, in short; `facts`: the hash of what its place said of the item."""

    key: str
    source: str
    sha256: str | None
    address: str
    name: str
    status: str
    listing: bool
    reason: str
    next_try: str | None
    facts: bytes | None


class Receipts:
    """Every receipt by its key, oldest first within a source."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self, source_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Every receipt of one source or of all, as parsed JSON."""
        prefix = f"receipts/{source_id}/" if source_id else "receipts/"
        database = self._current(prefix)
        try:
            cursor = database.execute(
                "SELECT body FROM receipts WHERE key >= ? AND key < ? ORDER BY key", (prefix, prefix[:-1] + "0")
            )
            for (body,) in cursor:
                yield json.loads(body)
        finally:
            database.close()

    def rows(self) -> Iterator[Row]:
        """Every receipt in short, oldest first within a source."""
        database = self.opened()
        try:
            yield from self.short(database)
        finally:
            database.close()

    def opened(self) -> sqlite3.Connection:
        """The copy, up to date; whoever asks closes it."""
        return self._current("receipts/")

    @staticmethod
    def short(database: sqlite3.Connection) -> Iterator[Row]:
        """The receipts of an opened copy in short."""
        yield from map(Row._make, database.execute(f"SELECT {', '.join(Row._fields)} FROM receipts ORDER BY key"))  # noqa: S608

    @staticmethod
    def one(database: sqlite3.Connection, key: str) -> dict[str, Any]:
        """One receipt, as parsed JSON."""
        body = database.execute("SELECT body FROM receipts WHERE key = ?", (key,)).fetchone()[0]
        return dict(json.loads(body))

    def _current(self, prefix: str) -> sqlite3.Connection:
        """The copy, with exactly the receipts that are there under the prefix."""
        database = self._opened()
        try:
            self._update(database, prefix)
        except sqlite3.Error:
            database.close()
            database = sqlite3.connect(":memory:")
            database.execute(_TABLE)
            self._update(database, prefix)
        return database

    def _update(self, database: sqlite3.Connection, prefix: str) -> None:
        there = dict(self._marks(prefix))
        known = dict(
            database.execute("SELECT key, mark FROM receipts WHERE key >= ? AND key < ?", (prefix, prefix[:-1] + "0"))
        )
        fresh = sorted(key for key, mark in there.items() if known.get(key) != mark)
        gone = known.keys() - there.keys()
        if not fresh and not gone:
            return
        with database:
            database.executemany("DELETE FROM receipts WHERE key = ?", [(key,) for key in gone])
            database.executemany(
                "INSERT OR REPLACE INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (_columns(k, there[k], read_json(self._store, k)) for k in fresh),
            )

    def _marks(self, prefix: str) -> Iterator[tuple[str, str]]:
        """The key of every receipt that is there, and what changes when somebody touches its file."""
        folder = prefix.rstrip("/")
        for one in [folder] if folder != "receipts" else [f"receipts/{s}" for s in self._store.names("receipts")]:
            if not isinstance(self._store, LocalStore):
                yield from ((f"{one}/{name}", "") for name in self._store.names(one))
            elif os.path.isdir(self._store.path(one)):
                with os.scandir(self._store.path(one)) as entries:
                    for entry in entries:
                        if not entry.name.startswith(TEMPORARY):
                            stat = entry.stat()
                            yield f"{one}/{entry.name}", f"{stat.st_size} {stat.st_mtime_ns}"

    def _opened(self) -> sqlite3.Connection:
        """The copy on disk, or one in memory where none can be written."""
        try:
            file = self._file()
            file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(file, timeout=5)
            database.execute("PRAGMA synchronous=OFF")
            if database.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                database.execute("DROP TABLE IF EXISTS receipts")
                database.execute(f"PRAGMA user_version={_VERSION}")
            database.execute(_TABLE)
        except (sqlite3.Error, OSError):
            database = sqlite3.connect(":memory:")
            database.execute(_TABLE)
        return database

    def _file(self) -> Path:
        if isinstance(self._store, LocalStore):
            if not os.path.isdir(self._store.path("receipts")):
                raise FileNotFoundError(self._store.path("receipts"))
            return Path(self._store.path("index"), "receipts.sqlite")
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        return Path(cache, "corpus-factory", sha256(self._store.root)[:16] + ".sqlite")


def _columns(key: str, mark: str, receipt: dict[str, Any] | None) -> tuple[Any, ...]:
    """The row of a receipt; one that is not of this factory's form has no columns."""
    receipt = receipt or {}
    said = receipt.get("source") or {}
    facts = receipt.get("facts")
    packed = hashlib.sha256(to_json(facts)).digest()[:16] if facts else None
    listing = receipt.get("role") == "listing"
    names = ("sha256", "address", "name", "status")
    columns = [receipt.get(name) or ("" if name != "sha256" else None) for name in names]
    body = json.dumps(receipt, ensure_ascii=False)
    reason = receipt.get("reason") or ""
    return (key, mark, said.get("id", ""), *columns, listing, reason, receipt.get("next_try"), packed, body)
