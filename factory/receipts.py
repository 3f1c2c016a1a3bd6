"""The receipts of a home, read once: a local SQLite copy, brought up to date from the files whenever it is asked.

Receipts are immutable; one whose file somebody touched is read again. The copy may be deleted at any time.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from factory.record import sha256
from factory.store import TEMPORARY, LocalStore, Store, read_json

_TABLE = "CREATE TABLE IF NOT EXISTS receipts (key TEXT PRIMARY KEY, mark TEXT, body TEXT NOT NULL) WITHOUT ROWID"


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
                "INSERT OR REPLACE INTO receipts VALUES (?, ?, ?)",
                ((k, there[k], json.dumps(read_json(self._store, k), ensure_ascii=False)) for k in fresh),
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
