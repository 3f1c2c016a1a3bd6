"""Every reply of a model, kept by the hash of what it answers: nothing is asked for twice.

One SQLite file in a local home: a reply is in it before anyone uses it, and outlives the death of the process (the
write-ahead log is with the system; a power cut may cost the last second). On other storages an object a reply.
"""

from __future__ import annotations

import json
import os
import sqlite3
from typing import Any, NamedTuple, Protocol

from factory.errors import HomeError
from factory.store import Cache, LocalStore, Store, home_error, to_json

FILE = "cache/replies.sqlite"


class Reply(NamedTuple):
    """What a model said, why it ended (`stop`, `length`), and how many tokens were read and written."""

    text: str
    finish: str | None
    prompt_tokens: int
    completion_tokens: int


class Replies(Protocol):
    """Where replies are kept; `doc_id` names the Document each was asked for, so that it can be purged."""

    def get(self, key: str) -> Reply | None: ...
    def put(self, key: str, doc_id: str, reply: Reply) -> None: ...
    def close(self) -> None: ...


class FileReplies:
    """The replies of a home on this machine."""

    def __init__(self, store: LocalStore) -> None:
        self._path = store.path(FILE)
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            self._db = sqlite3.connect(self._path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS replies (key BLOB PRIMARY KEY, doc_id TEXT, reply TEXT) WITHOUT ROWID"
            )
            self._db.execute("CREATE INDEX IF NOT EXISTS of_document ON replies (doc_id)")
        except OSError as error:
            raise home_error(error, self._path) from error
        except sqlite3.Error as error:
            raise self._spoilt(error) from error

    def _spoilt(self, error: sqlite3.Error) -> HomeError:
        remedy = "free some space" if "full" in str(error) else "remove that file and run again: replies are asked anew"
        return HomeError(f"{self._path}: {error}", remedy)

    def get(self, key: str) -> Reply | None:
        try:
            found = self._db.execute("SELECT reply FROM replies WHERE key = ?", (bytes.fromhex(key),)).fetchone()
        except sqlite3.Error as error:
            raise self._spoilt(error) from error
        return Reply(*json.loads(found[0])) if found else None

    def put(self, key: str, doc_id: str, reply: Reply) -> None:
        row = (bytes.fromhex(key), doc_id, json.dumps(list(reply), ensure_ascii=False))
        try:
            self._db.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", row)
        except sqlite3.Error as error:
            raise self._spoilt(error) from error

    def close(self) -> None:
        self._db.close()


class ObjectReplies:
    """The replies of a home on another storage."""

    def __init__(self, store: Store) -> None:
        self._cache = Cache(store, "replies")

    def get(self, key: str) -> Reply | None:
        data = self._cache.get(key)
        return Reply(*json.loads(data)["reply"]) if data else None

    def put(self, key: str, doc_id: str, reply: Reply) -> None:
        self._cache.put(key, to_json({"doc_id": doc_id, "reply": list(reply)}))

    def close(self) -> None:
        return


def replies_of(store: Store) -> Replies:
    """The replies of a home."""
    return FileReplies(store) if isinstance(store, LocalStore) else ObjectReplies(store)


def purge(store: Store, doc_ids: set[str]) -> int:
    """The replies asked for these Documents are gone; how many there were."""
    if not isinstance(store, LocalStore):
        gone = 0
        for key in list(store.walk("cache/replies")):
            found: dict[str, Any] = json.loads(store.read(key) or b"{}")
            if found.get("doc_id") in doc_ids:
                store.remove(key)
                gone += 1
        return gone
    if not store.has(FILE):
        return 0
    with sqlite3.connect(store.path(FILE), timeout=60) as db:
        gone = sum(db.execute("DELETE FROM replies WHERE doc_id = ?", (one,)).rowcount for one in sorted(doc_ids))
    # What was deleted must not stay readable in free pages or in the log.
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return gone


def of_documents(store: Store) -> set[str]:
    """The ids of the Documents that replies were asked for."""
    if not isinstance(store, LocalStore):
        return {json.loads(store.read(key) or b"{}").get("doc_id", "") for key in store.walk("cache/replies")}
    if not store.has(FILE):
        return set()
    with sqlite3.connect(store.path(FILE), timeout=60) as db:
        found = {row[0] for row in db.execute("SELECT DISTINCT doc_id FROM replies")}
    db.close()
    return found
