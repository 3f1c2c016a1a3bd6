"""What was taken down, so that it never comes back: `retracted/<name>.json`, hashes and ids only.

A tombstone names the bytes (SHA-256) and the addresses (hashed) that are refused, and the source where it went whole.
It also says how far the taking down has come, so that the same command goes on where it was stopped.
"""

from __future__ import annotations

from typing import Any

from factory.record import sha256
from factory.store import Store, read_json, write_json

FOLDER = "retracted"
REASON = "retracted"


def plain(address: str) -> str:
    """An address as two are compared: without http or https, fragment and last slash, the host in lower case."""
    found = address.strip().split("#", maxsplit=1)[0].rstrip("/")
    scheme, sign, rest = found.partition("://")
    if not sign or scheme.lower() not in ("http", "https"):
        return found
    host, slash, path = rest.partition("/")
    return host.lower() + slash + path


def address_hash(address: str) -> str:
    """What a tombstone keeps of an address."""
    return sha256(plain(address))


def all_of(store: Store) -> list[dict[str, Any]]:
    """Every tombstone of a home."""
    return [dict(read_json(store, f"{FOLDER}/{name}")) for name in store.names(FOLDER) if name.endswith(".json")]


def begun(store: Store) -> list[dict[str, Any]]:
    """The tombstones whose taking down was stopped before the home held nothing of it."""
    return [one for one in all_of(store) if not one["home"]]


def write(store: Store, table: dict[str, Any]) -> None:
    """The tombstone stands."""
    write_json(store, f"{FOLDER}/{table['name']}.json", table)


def rows_of(store: Store) -> dict[tuple[str, str], list[str]]:
    """The single rows that were taken down, of each item `(source, sha256)`."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in all_of(store):
        for source, sha, parts in one["rows"]:
            found[source, sha] = sorted({*found.get((source, sha), []), *parts})
    return found


class Texts:
    """What was taken down and may come back under other bytes: by the hash of its text, or by its own address."""

    def __init__(self, store: Store) -> None:
        found = all_of(store)
        # A source, or "" for any, and the hash of a text.
        self._texts = {(source, text) for one in found for source, text in one["texts"]}
        self._urls = {one for stone in found for one in stone["urls"]}

    def holds(self, source: str, text_sha256: str, url: str | None) -> bool:
        """The Document of a source says what was taken down, or says that it stands there."""
        if {(source, text_sha256), ("", text_sha256)} & self._texts:
            return True
        return bool(self._urls and url) and address_hash(url or "") in self._urls


class Refusals:
    """What may not be taken in again."""

    def __init__(self, store: Store) -> None:
        found = all_of(store)
        self._sources = {one["source"] for one in found if one["source"]}
        self._bytes = {sha for one in found for sha in one["raw"]}
        self._addresses = {one for stone in found for one in stone["addresses"]}

    def source(self, name: str) -> bool:
        """The source was taken down whole."""
        return name in self._sources

    def address(self, address: str) -> bool:
        """What stands there was taken down."""
        return bool(self._addresses) and address_hash(address) in self._addresses

    def data(self, sha: str | None) -> bool:
        """These bytes were taken down."""
        return sha in self._bytes
