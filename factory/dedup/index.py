"""Band hashes, sorted: which texts of a batch, or of an earlier one, share a band.

    <stage>/<batch>/index/hashes.npy      uint64 (BANDS, n), each row sorted
                          ordinals.npy    uint32 (BANDS, n), whose hash stands there
                          signatures.npy  uint32 (n, WIDTH), in the order of the stage's data

Read through a memory map where the home is a local folder, so that an added batch touches only the pages it asks for.
"""

from __future__ import annotations

import contextlib
import io
import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from factory.dedup.signatures import BANDS, U32, U64, WIDTH, band_hash, greatest_containment, resemblance
from factory.errors import StageFailed
from factory.store import LocalStore, Store, home_error

FOLDER = "index"
APART = "apart.jsonl"
SUPERSEDED = "superseded.jsonl"
# Pairs of which surely less than this stands in the other are not compared; `compare` asks for 0.6.
MIN_CONTAINMENT = 0.5
# In a band that more texts than this share, each is met by that many of the best copies only; and each is compared with
# the most alike of all it meets. Leaflets of one template are all alike, and a true copy is the most alike.
_CROWD = 64
_COMPARED = 16

I64 = npt.NDArray[np.int64]
_BLOCK = 1 << 16
# Pairs whose two signatures are held at once: some 10 MB.
_PAIRS = 1 << 13


def saved(array: npt.NDArray[np.generic]) -> bytes:
    """The array as an .npy file."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def loaded(store: Store, key: str) -> npt.NDArray[np.generic]:
    """The array of an .npy file, mapped where the store is local. Raises StageFailed where it is gone or not whole."""
    try:
        if isinstance(store, LocalStore):
            array: npt.NDArray[np.generic] = np.load(store.path(key), mmap_mode="r", allow_pickle=False)
        else:
            array = np.load(io.BytesIO(store.read(key) or b""), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StageFailed(f"{store.path(key)} is not whole", "remove its batch's folder and build again") from error
    return array


def write(store: Store, folder: str, signatures: U32, rows: I64) -> None:
    """The index of a batch is beside its data: of these rows, in their order."""
    shape = (BANDS, len(rows))
    with (
        _filled(store, folder, "signatures", np.uint32, (len(rows), WIDTH)) as kept,
        _filled(store, folder, "hashes", np.uint64, shape) as hashes,
        _filled(store, folder, "ordinals", np.uint32, shape) as ordinals,
    ):
        _fill(kept, signatures, rows)
        for band in range(BANDS):
            column = _band(kept, band)
            order = np.argsort(column, kind="stable")
            ordinals[band], hashes[band] = order, column[order]


@contextlib.contextmanager
def _filled(store: Store, folder: str, name: str, kind: type, shape: tuple[int, ...]) -> Iterator[Any]:
    """An array of the index on disk, to be filled; nothing of it need be in memory."""
    with store.file(f"{folder}/{FOLDER}/{name}.npy") as path:
        _reserve(path, 4096 + int(np.prod(shape)) * np.dtype(kind).itemsize)
        array = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
        yield array
        array.flush()


def mapped(rows: int) -> U32:
    """Room for so many signatures in a temporary file (TMPDIR), for what may be larger than memory."""
    if rows == 0:
        return np.empty((0, WIDTH), dtype=np.uint32)
    with tempfile.NamedTemporaryFile(prefix="factory-dedup-") as file:
        _reserve(file.name, rows * WIDTH * 4)
        return np.memmap(file, dtype=np.uint32, mode="w+", shape=(rows, WIDTH))


def _reserve(path: str, size: int) -> None:
    """The disk has so much left: a mapped file that finds none would end the process by a signal. Raises HomeError."""
    if hasattr(os, "posix_fallocate"):
        handle = os.open(path, os.O_RDWR)
        try:
            os.posix_fallocate(handle, 0, size)
        except OSError as error:
            raise home_error(error, path) from error
        finally:
            os.close(handle)


def ordered(signatures: U32, rows: I64) -> U32:
    """The signatures of these rows, in their order."""
    found = mapped(len(rows))
    _fill(found, signatures, rows)
    return found


def _fill(found: U32, signatures: U32, rows: I64) -> None:
    for at in range(0, len(rows), _BLOCK):
        found[at : at + _BLOCK] = signatures[rows[at : at + _BLOCK]]
    _unload(signatures)


def _unload(array: npt.NDArray[np.generic]) -> None:
    """A mapped file's pages are given back; they are read again where they are wanted."""
    held = getattr(array, "_mmap", None)
    if held is not None and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)


def _band(signatures: U32, band: int) -> U64:
    """One band of every signature; a block at a time, so that a mapped file stays on disk."""
    parts = [band_hash(np.asarray(signatures[at : at + _BLOCK]), band) for at in range(0, len(signatures), _BLOCK)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def pairs_within(signatures: U32, rank: I64) -> I64:
    """Pairs of rows that share a band and may resemble each other, shape (pairs, 2), each once.

    `rank`: a row's place among all by priority; the first of a pair is the better copy.
    """
    found = [np.empty(0, dtype=np.int64)]
    for band in range(BANDS):
        column = _band(signatures, band)
        order = np.lexsort((rank, column))
        edges = np.flatnonzero(np.diff(column[order])) + 1
        starts, ends = np.concatenate([[0], edges]), np.concatenate([edges, [len(order)]])
        twos = starts[ends - starts == 2]
        found.append(order[twos] << 32 | order[twos + 1])
        for group in np.flatnonzero(ends - starts > 2):
            members = order[starts[group] : ends[group]]
            best = members[:_CROWD]
            at, behind = np.triu_indices(len(best), 1, len(members))
            found.append(best[at] << 32 | members[behind])
        if len(found) > BANDS:
            found = [np.unique(np.concatenate(found))]
    unique = np.unique(np.concatenate(found))
    return _alike(np.stack([unique >> 32, unique & 0xFFFFFFFF], axis=1), signatures, signatures)


def pairs_with(store: Store, folder: str, signatures: U32) -> I64:
    """Pairs (row of the index in `folder`, row of `signatures`) that share a band and may resemble each other."""
    hashes = loaded(store, f"{folder}/{FOLDER}/hashes.npy")
    ordinals = loaded(store, f"{folder}/{FOLDER}/ordinals.npy")
    found = [np.empty(0, dtype=np.int64)]
    for band in range(BANDS if len(signatures) else 0):
        column = _band(signatures, band)
        low = np.searchsorted(hashes[band], column, "left")
        high = np.searchsorted(hashes[band], column, "right")
        for row in np.flatnonzero(high > low):
            theirs = np.asarray(ordinals[band, low[row] : min(high[row], low[row] + _CROWD)]).astype(np.int64)
            found.append(theirs << 32 | row)
    unique = np.unique(np.concatenate(found))
    kept = loaded(store, f"{folder}/{FOLDER}/signatures.npy")
    return _alike(np.stack([unique >> 32, unique & 0xFFFFFFFF], axis=1), kept, signatures)


def _alike(pairs: I64, first: npt.NDArray[np.generic], second: npt.NDArray[np.generic]) -> I64:
    """Of each second row the pairs worth comparing: the most alike, if one may hold half of the other."""
    kept, alike = [pairs[:0]], [np.empty(0)]
    for at in range(0, len(pairs), _PAIRS):
        part = pairs[at : at + _PAIRS]
        ours, theirs = (np.asarray(side[rows]) for side, rows in ((first, part[:, 0]), (second, part[:, 1])))
        near = greatest_containment(ours, theirs) >= MIN_CONTAINMENT
        kept.append(part[near])
        alike.append(resemblance(ours[near], theirs[near]))
    found = np.concatenate(kept)
    order = np.lexsort((found[:, 0], -np.concatenate(alike), found[:, 1]))
    found = found[order]
    starts = np.flatnonzero(np.diff(found[:, 1], prepend=-1))
    place = np.arange(len(found)) - np.repeat(starts, np.diff(np.append(starts, len(found))))
    return found[place < _COMPARED]


def signatures_of_stage(store: Store, folder: str) -> U32:
    """Every signature of a stage, in the order of its data."""
    keys = [f"{folder}/signatures/{name}" for name in store.names(f"{folder}/signatures")]
    found = mapped(sum(len(loaded(store, key)) for key in keys))
    at = 0
    for key in keys:
        part = loaded(store, key)
        for start in range(0, len(part), _BLOCK):
            block = part[start : start + _BLOCK]
            found[at : at + len(block)] = block
            at += len(block)
        _unload(part)
    return found


def write_pairs(store: Store, folder: str, name: str, pairs: list[dict[str, Any]]) -> None:
    """Pairs of Documents are beside the index, a line each; no file where there are none."""
    if pairs:
        store.write(f"{folder}/{FOLDER}/{name}", b"".join(orjson.dumps(pair) + b"\n" for pair in pairs))


def apart(store: Store, folder: str) -> list[dict[str, Any]]:
    """The pairs that a stage kept apart: `{doc_id, other, containment, differs}`."""
    return _pairs(store, folder, APART)


def superseded(store: Store, folders: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The Documents of earlier batches that stand in a better copy of a later one, by id: `{superseded_by, …}`."""
    return {pair["doc_id"]: pair for folder in folders for pair in _pairs(store, folder, SUPERSEDED)}


def _pairs(store: Store, folder: str, name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (store.read(f"{folder}/{FOLDER}/{name}") or b"").splitlines()]


def by_row(pairs: I64) -> Iterator[tuple[int, list[int]]]:
    """Each second row with its first rows."""
    ordered = pairs[np.lexsort((pairs[:, 0], pairs[:, 1]))]
    edges = np.flatnonzero(np.diff(ordered[:, 1])) + 1
    for part in np.split(ordered, edges):
        if len(part):
            yield int(part[0, 1]), part[:, 0].tolist()
