"""What was taken in: one immutable receipt per attempt. The receipts are the truth.

A receipt says who (`source`, as it stood), what (`sha256`, `name`, `bytes`), whence (`address`), when, how it ended
(`status`, `reason`), what the place said of it (`facts`, `http`), and when to ask again (`next_try`).
"""

from __future__ import annotations

import datetime
import hashlib
import os
import sqlite3
import sys
import threading
import uuid
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from factory.config import Source
from factory.receipts import Receipts
from factory.record import item_id, sha256
from factory.store import Raw, Store, digest, read_json, write_json
from factory.tombstones import REASON, Refusals

FORMAT = 2
# A local file larger than this is not a document (the largest medical scans seen are some 700 MB).
MAX_BYTES = 2 * 2**30
# stored, unchanged: the bytes are here. skipped: not yet to be had, looked at again. pending, failed: asked again.
# blocked: the host was stopped. gone, forbidden, rejected: not asked again unless told to.
Status = Literal["stored", "unchanged", "skipped", "pending", "blocked", "gone", "forbidden", "rejected", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
FINAL = ("gone", "forbidden", "rejected")
# How the ids of sources begin whose rows `factory translate --from` took of a file or of a dataset of the home.
TAKEN = "from-"


class Item(NamedTuple):
    """One raw item: bytes of a source."""

    source_id: str
    sha256: str

    @property
    def id(self) -> str:
        return item_id(self.source_id, self.sha256)


@dataclass(slots=True)
class Attempt:
    """One address asked once, and how that ended.

    `facts`: what the place says of the item (title, author, date, url, licence …). `role`: an item, or a list of them.
    """

    source: Source
    address: str
    status: Status
    reason: str = ""
    message: str = ""
    data: bytes | None = None
    sha256: str | None = None
    name: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    http: dict[str, Any] = field(default_factory=dict)
    next_try: str | None = None
    visit: str | None = None
    role: Literal["item", "listing"] = "item"


@dataclass(slots=True)
class Taken:
    """What one run of ingest did, each input in exactly one place: `(address, reason, message, next_try)`."""

    ended: dict[str, list[tuple[str, str, str, str | None]]] = field(default_factory=lambda: {s: [] for s in STATUSES})

    def add(self, status: str, address: str, reason: str = "", message: str = "", next_try: str | None = None) -> None:
        self.ended[status].append((address, reason, message, next_try))

    def count(self, *statuses: str) -> int:
        return sum(len(self.ended[s]) for s in statuses)


class Place(NamedTuple):
    """Where an item's receipt is, its name among others of the same bytes, and the hash of what was said of it."""

    key: str
    name: str
    facts: bytes | None


class Stored(Mapping[Item, dict[str, Any]]):
    """The items of a home with their receipts; a receipt is read when it is asked for, so a million need little."""

    def __init__(self, database: sqlite3.Connection, places: dict[Item, Place]) -> None:
        self._places = places
        self._database = database
        weakref.finalize(self, self._database.close)

    def __getitem__(self, item: Item) -> dict[str, Any]:
        place = self._places[item]
        return Receipts.one(self._database, place.key) | {"name": place.name}

    def __contains__(self, item: object) -> bool:
        return item in self._places

    def __iter__(self) -> Iterator[Item]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def place(self, item: Item) -> Place:
        """What is known of an item without reading its receipt."""
        return self._places[item]


class Ledger:
    """The receipts of a home."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._raw = Raw(store)
        self._writing = threading.Lock()
        self._refused = Refusals(store)
        self._stored: Stored | None = None

    def receipts(self, source_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Every receipt, oldest name first, of one source or of all."""
        return Receipts(self._store).all(source_id)

    def stored(self) -> Stored:
        """Every item whose bytes are here: its source as last said, under the name that sorts first; read once.

        What a web address holds no longer, because something newer was had from it, is left out.
        """
        if self._stored is not None:
            return self._stored
        database = Receipts(self._store).opened()
        found: dict[Item, Place] = {}
        held: dict[tuple[str, str], Item] = {}
        files: set[Item] = set()
        for row in Receipts.short(database):
            if row.status != "stored" or row.listing or row.sha256 is None:
                continue
            item = Item(sys.intern(row.source), row.sha256)
            known = found.get(item)
            found[item] = Place(row.key, min(row.name, known.name) if known else row.name, row.facts)
            if row.address.startswith("file:"):
                files.add(item)
            else:
                held[item.source_id, row.address] = item
        live = files.union(held.values())
        if len(live) < len(found):
            found = {item: place for item, place in found.items() if item in live}
        self._stored = Stored(database, found)
        return self._stored

    def state(self, source_id: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
        """Of each address of a source its last receipt, and its last one with bytes."""
        last: dict[str, dict[str, Any]] = {}
        kept: dict[str, dict[str, Any]] = {}
        for receipt in self.receipts(source_id):
            last[receipt["address"]] = receipt
            if receipt["status"] == "stored":
                kept[receipt["address"]] = receipt
        return last, kept

    def summary(self) -> dict[str, dict[str, Any]]:
        """Of each source: how many addresses stand how, why those that are not here are not, and when to ask again.

        `items`: different bytes; the same bytes at two addresses are one item.
        """
        last: dict[tuple[str, str], tuple[str, str, str | None]] = {}
        for one in Receipts(self._store).rows():
            if not one.listing or one.status not in ("stored", "unchanged"):
                last[sys.intern(one.source), one.address] = (sys.intern(one.status), one.reason, one.next_try)
        items = Counter(item.source_id for item in self.stored())
        found: dict[str, dict[str, Any]] = {}
        for (source, _), (ended, why, next_try) in last.items():
            row = found.setdefault(source, {"stored": 0, "items": items[source], "reasons": {}, "next_try": None})
            status = ended if ended in STATUSES else "failed"
            if status in ("stored", "unchanged"):
                row["stored"] += 1
                continue
            row[status] = row.get(status, 0) + 1
            reason = why or ended
            row["reasons"][reason] = row["reasons"].get(reason, 0) + 1
            tries = [t for t in (row["next_try"], next_try) if t]
            row["next_try"] = min(tries, default=None)
        return dict(sorted(found.items()))

    def say(self, source: Source) -> None:
        """What is known of a source is what was said last, at ingest or by a sources file at a build."""
        if self._refused.source(source.id):
            return
        row = source.model_dump(mode="json", exclude_none=True)
        if read_json(self._store, f"sources/{source.id}.json") != row:
            write_json(self._store, f"sources/{source.id}.json", row)

    def said(self) -> dict[str, dict[str, Any]]:
        """What was last said of each source."""
        names = self._store.names("sources")
        return {name.removesuffix(".json"): read_json(self._store, f"sources/{name}") for name in names}

    def fingerprint(self) -> str:
        """Changes exactly when what is stored changes, or what is known of it."""
        stored, found = self.stored(), hashlib.sha256()
        for item in sorted(stored):
            found.update(repr((*item, *stored.place(item)[1:])).encode("utf-8", "surrogatepass"))
        return found.hexdigest()

    def record(self, attempt: Attempt) -> dict[str, Any]:
        """The attempt is durable: its bytes first, then its receipt, which is returned.

        What was taken down is refused: nothing is kept of it, and the attempt says `forbidden`, `retracted`.
        """
        sha = attempt.sha256 or (sha256(attempt.data) if attempt.data is not None else None)
        if self.refuses(attempt.source.id, attempt.address, sha):
            attempt.status, attempt.reason, attempt.message, attempt.data = "forbidden", REASON, "", None
            return {"status": "forbidden", "reason": REASON, "address": attempt.address, "source": {}, "sha256": None}
        with self._writing:
            self._stored = None
            if attempt.data is not None and sha is not None:
                self._raw.put(sha, attempt.data)
            return self._receipt(attempt, sha, len(attempt.data) if attempt.data is not None else 0)

    def refuses(self, source: str, address: str, sha: str | None = None) -> bool:
        """This source, what is at this address, or these bytes were taken down."""
        refused = self._refused
        return refused.source(source) or refused.address(address) or refused.data(sha)

    def take(self, source: Source, files: Iterable[Path]) -> Iterator[tuple[Path, str, str]]:
        """Store local files as items of a source, yielding `(file, outcome, reason)` for each as it is durable.

        The bytes are durable before the receipt; a file taken before is skipped, unless what is said of its source
        (licence, tradition …) changed: that gets a receipt of its own. Bytes that came under two names
        are one item, under the name that sorts first, whatever the order.
        """
        self.say(source)
        said = source.model_dump(mode="json", exclude_none=True)
        same: dict[str, Any] = {}
        stored = (r for r in self.receipts(source.id) if r["status"] == "stored")
        known = {(r["sha256"], r["name"]): same.setdefault(digest(r["source"]), r["source"]) for r in stored}
        seen = {sha for sha, _ in known}
        for file in files:
            address, name = file.absolute().as_uri(), os.fsencode(file.name).decode("utf-8", "replace")
            outcome, reason, data = self._read(file)
            if outcome == "failed":
                self.record(Attempt(source, address, "failed", reason, name=name))
                yield file, outcome, reason
                continue
            sha = sha256(data)
            if self.refuses(source.id, "", sha):
                yield file, "forbidden", REASON
                continue
            before = known.get((sha, name))
            if before == said:
                yield file, "unchanged", "already_stored"
                continue
            self.record(Attempt(source, address, "stored", data=data, name=name))
            again = sha in seen
            seen.add(sha)
            known[sha, name] = said
            if before is not None:
                yield file, "stored", "source_changed"
            else:
                yield (file, "unchanged", "same_bytes") if again else (file, "stored", "")

    @staticmethod
    def _read(file: Path) -> tuple[str, str, bytes]:
        try:
            if file.stat().st_size > MAX_BYTES:
                return "failed", "too_large", b""
            return "", "", file.read_bytes()
        except PermissionError:
            return "failed", "no_permission", b""
        except IsADirectoryError:
            return "failed", "is_a_folder", b""
        except FileNotFoundError:
            return "failed", "missing", b""
        except OSError as error:
            return "failed", f"os_error_{error.errno}", b""

    def _receipt(self, attempt: Attempt, sha: str | None, size: int) -> dict[str, Any]:
        now = datetime.datetime.now(datetime.timezone.utc)
        receipt = {
            "format": FORMAT,
            "source": attempt.source.model_dump(mode="json", exclude_none=True),
            "address": attempt.address,
            "name": attempt.name,
            "sha256": sha,
            "bytes": size,
            "status": attempt.status,
            "time": now.isoformat(timespec="seconds"),
        }
        more = {k: getattr(attempt, k) for k in ("reason", "message", "facts", "http", "next_try", "visit")}
        receipt |= {k: v for k, v in more.items() if v}
        if attempt.role != "item":
            receipt["role"] = attempt.role
        source = attempt.source.id
        write_json(
            self._store, f"receipts/{source}/{now:%Y%m%dT%H%M%S%f}-{(sha or uuid.uuid4().hex)[:16]}.json", receipt
        )
        return receipt
