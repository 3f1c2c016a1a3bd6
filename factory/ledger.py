"""What was taken in: one immutable receipt per attempt. The receipts are the truth.

A receipt says who (`source`, as it stood), what (`sha256`, `name`, `bytes`), whence (`address`),
when, and how it ended (`stored`, or a reason).
"""

from __future__ import annotations

import datetime
import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from factory.config import Source
from factory.record import item_id, sha256
from factory.store import Raw, Store, read_json, write_json

FORMAT = 1
# A local file larger than this is not a document (the largest medical scans seen are some 700 MB).
MAX_BYTES = 2 * 2**30


class Item(NamedTuple):
    """One raw item: bytes of a source."""

    source_id: str
    sha256: str

    @property
    def id(self) -> str:
        return item_id(self.source_id, self.sha256)


@dataclass(slots=True)
class Taken:
    """What one run of ingest did, each input in exactly one place."""

    stored: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


class Ledger:
    """The receipts of a home."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._raw = Raw(store)

    def receipts(self, source_id: str | None = None) -> Iterator[dict[str, Any]]:
        """Every receipt, oldest name first, of one source or of all."""
        for source in [source_id] if source_id else self._store.names("receipts"):
            for name in self._store.names(f"receipts/{source}"):
                yield read_json(self._store, f"receipts/{source}/{name}")

    def stored(self) -> dict[Item, dict[str, Any]]:
        """Every item whose bytes are here: its source as last said, under the name that sorts first."""
        found: dict[Item, dict[str, Any]] = {}
        for receipt in self.receipts():
            if receipt["status"] == "stored":
                item = Item(receipt["source"]["id"], receipt["sha256"])
                known = found.get(item, receipt)
                found[item] = receipt | {"name": min(receipt["name"], known["name"])}
        return found

    def say(self, source: Source) -> None:
        """What is known of a source is what was said last, at ingest or by a sources file at a build."""
        row = source.model_dump(mode="json", exclude_none=True)
        if read_json(self._store, f"sources/{source.id}.json") != row:
            write_json(self._store, f"sources/{source.id}.json", row)

    def said(self) -> dict[str, dict[str, Any]]:
        """What was last said of each source."""
        names = self._store.names("sources")
        return {name.removesuffix(".json"): read_json(self._store, f"sources/{name}") for name in names}

    def fingerprint(self) -> list[str]:
        """The names of all receipts: changes exactly when something was taken in."""
        return [f"{s}/{n}" for s in self._store.names("receipts") for n in self._store.names(f"receipts/{s}")]

    def take(self, source: Source, files: Iterable[Path]) -> Iterator[tuple[Path, str, str]]:
        """Store local files as items of a source, yielding `(file, outcome, reason)` for each as it is durable.

        The bytes are durable before the receipt; a file taken before is skipped, unless what is said of its source
        (licence, tradition …) changed: that gets a receipt of its own. Bytes that came under two names
        are one item, under the name that sorts first, whatever the order.
        """
        self.say(source)
        said = source.model_dump(mode="json", exclude_none=True)
        known = {(r["sha256"], r["name"]): r["source"] for r in self.receipts(source.id) if r["status"] == "stored"}
        seen = {sha for sha, _ in known}
        for file in files:
            outcome, reason, data = self._read(file)
            if outcome == "failed":
                self._receipt(source, file, None, 0, reason)
                yield file, outcome, reason
                continue
            sha = sha256(data)
            before = known.get((sha, file.name))
            if before == said:
                yield file, "skipped", "already_stored"
                continue
            self._raw.put(sha, data)
            self._receipt(source, file, sha, len(data), "stored")
            again = sha in seen
            seen.add(sha)
            known[sha, file.name] = said
            if before is not None:
                yield file, "stored", "source_changed"
            else:
                yield (file, "skipped", "same_bytes") if again else (file, "stored", "")

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

    def _receipt(self, source: Source, file: Path, sha: str | None, size: int, status: str) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        receipt = {
            "format": FORMAT,
            "source": source.model_dump(mode="json", exclude_none=True),
            "address": file.absolute().as_uri(),
            "name": os.fsencode(file.name).decode("utf-8", "replace"),
            "sha256": sha,
            "bytes": size,
            "status": status,
            "time": now.isoformat(timespec="seconds"),
        }
        write_json(
            self._store, f"receipts/{source.id}/{now:%Y%m%dT%H%M%S%f}-{(sha or uuid.uuid4().hex)[:16]}.json", receipt
        )
