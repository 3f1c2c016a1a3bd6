"""Where things live, on a local path or any fsspec URL; a manifest is the only commit point.

    raw/<sha256[:2]>/<sha256>      bytes as they came, content-addressed
    receipts/<source>/…json        one immutable receipt per attempt
    sources/<source>.json          what was last said of each source
    batches/<recipe>/NNNN.json     frozen lists of raw items
    stages/<recipe>/<NN-name>-<hash>/<batch>/{data,rejected,logs}/ manifest.json run.json
    datasets/<recipe>/             what `load_dataset` opens
    cache/  trial/  reports/

Every write is whole or absent: locally a temporary name, fsync and rename; elsewhere one PUT.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from factory.errors import ConfigError, HomeError
from factory.record import sha256

MANIFEST = "manifest.json"
TEMPORARY = ".part-"


def home_error(error: OSError, path: str) -> HomeError:
    """A sentence and a remedy for what the storage said."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HomeError(f"no space left on the disk that holds {path}", "free some space and run the same command")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return HomeError(f"no permission to write {path}, or to read it", "change its owner or choose another --home")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return HomeError("too many open files", "raise the limit (ulimit -n) or use fewer --workers")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return HomeError(f"{path} is a file where a folder is needed", "choose another --home")
    return HomeError(f"{path}: {error.strerror or error}")


class Store(Protocol):
    """What the rest of the factory needs of a storage: keys are `/`-separated and relative."""

    root: str

    def path(self, key: str = "") -> str: ...
    def read(self, key: str) -> bytes | None: ...
    def write(self, key: str, data: bytes) -> None: ...
    def has(self, key: str) -> bool: ...
    def names(self, key: str) -> list[str]: ...
    def walk(self, key: str) -> Iterator[str]: ...
    def remove(self, key: str) -> None: ...
    def size(self, key: str) -> int: ...
    def digest(self, key: str) -> str: ...
    def file(self, key: str) -> contextlib.AbstractContextManager[str]: ...


class LocalStore:
    """A folder on this machine."""

    def __init__(self, root: str | Path) -> None:
        self.root = str(Path(root).expanduser().absolute())

    def path(self, key: str = "") -> str:
        """The absolute path of a key."""
        return os.path.join(self.root, key) if key else self.root

    def read(self, key: str) -> bytes | None:
        """The bytes, or None where nothing is."""
        try:
            return Path(self.path(key)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise home_error(error, self.path(key)) from error

    def write(self, key: str, data: bytes) -> None:
        """The key holds the bytes, durably, or is as it was. Raises HomeError."""
        with self.file(key) as path:
            Path(path).write_bytes(data)

    @contextlib.contextmanager
    def file(self, key: str) -> Iterator[str]:
        """A path to write to; when the block ends, the key holds what is there, durably. Raises HomeError."""
        target = self.path(key)
        folder = os.path.dirname(target)
        temporary = ""
        try:
            os.makedirs(folder, exist_ok=True)
            handle, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=folder)
            os.close(handle)
            yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, target)
            temporary = ""
            sync_folder(folder)
        except OSError as error:
            raise home_error(error, target) from error
        finally:
            if temporary:
                Path(temporary).unlink(missing_ok=True)

    def has(self, key: str) -> bool:
        return os.path.exists(self.path(key))

    def names(self, key: str) -> list[str]:
        """Sorted names directly under a key; temporary files are not there."""
        try:
            return sorted(n for n in os.listdir(self.path(key)) if not n.startswith(TEMPORARY))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise home_error(error, self.path(key)) from error

    def walk(self, key: str) -> Iterator[str]:
        """Every file under a key, sorted, temporary ones too."""
        for folder, folders, files in os.walk(self.path(key)):
            folders.sort()
            for name in sorted(files):
                yield os.path.relpath(os.path.join(folder, name), self.root)

    def remove(self, key: str) -> None:
        """Nothing is under the key. A folder's manifest goes first, so it is never half there."""
        path = self.path(key)
        try:
            Path(path, MANIFEST).unlink(missing_ok=True) if os.path.isdir(path) else None
            shutil.rmtree(path) if os.path.isdir(path) else Path(path).unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise home_error(error, path) from error

    def size(self, key: str) -> int:
        return os.path.getsize(self.path(key))

    def digest(self, key: str) -> str:
        """Hex SHA-256 of the bytes, read in pieces."""
        with open(self.path(key), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class RemoteStore:
    """A prefix on any fsspec file system; a PUT is whole or absent. Raises ConfigError for a protocol nobody knows."""

    def __init__(self, url: str) -> None:
        from fsspec.core import url_to_fs

        self.root = url.rstrip("/")
        try:
            self._fs, self._prefix = url_to_fs(self.root)
        except (ImportError, ValueError) as error:
            protocol = url.split("://", maxsplit=1)[0]
            raise ConfigError(
                f"no storage {protocol}:// on this machine: {error}",
                "pip install 'corpus-factory[scale]' for s3://; a folder needs no protocol",
            ) from error

    def path(self, key: str = "") -> str:
        return f"{self.root}/{key}" if key else self.root

    def _at(self, key: str) -> str:
        return f"{self._prefix}/{key}" if key else self._prefix

    @contextlib.contextmanager
    def _asking(self, key: str) -> Iterator[None]:
        """What the storage says is a HomeError with a remedy; what is not there stays FileNotFoundError."""
        try:
            yield
        except FileNotFoundError as error:
            # s3fs says so of a bucket that is not there too.
            if "bucket" in str(error).lower():
                raise HomeError(f"{self.root}: {error}", _REMEDY) from error
            raise
        except OSError as error:
            if error.errno in _KNOWN:
                raise home_error(error, self.path(key)) from error
            raise HomeError(f"{self.path(key)}: {' '.join(str(error).split())[:200]}", _REMEDY) from error
        except _foreign() as error:
            raise HomeError(f"{self.root}: {' '.join(str(error).split())[:200]}", _REMEDY) from error

    def read(self, key: str) -> bytes | None:
        try:
            with self._asking(key):
                return bytes(self._fs.cat_file(self._at(key)))
        except FileNotFoundError:
            return None

    def write(self, key: str, data: bytes) -> None:
        with self._asking(key):
            self._fs.pipe_file(self._at(key), data)

    @contextlib.contextmanager
    def file(self, key: str) -> Iterator[str]:
        """A path on this machine to write to; when the block ends, the key holds what is there. Raises HomeError."""
        with tempfile.TemporaryDirectory(prefix="factory-") as folder:
            path = os.path.join(folder, "file")
            Path(path).touch()
            yield path
            with self._asking(key):
                self._fs.put_file(path, self._at(key))

    def has(self, key: str) -> bool:
        with self._asking(key):
            self._fs.invalidate_cache()
            return bool(self._fs.exists(self._at(key)))

    def names(self, key: str) -> list[str]:
        try:
            with self._asking(key):
                self._fs.invalidate_cache()
                return sorted({p.rstrip("/").rsplit("/", 1)[-1] for p in self._fs.ls(self._at(key), detail=False)})
        except FileNotFoundError:
            return []

    def walk(self, key: str) -> Iterator[str]:
        with self._asking(key):
            self._fs.invalidate_cache()
            found = sorted(self._fs.find(self._at(key)))
        for path in found:
            yield path[len(self._prefix) + 1 :]

    def remove(self, key: str) -> None:
        manifest = self._at(f"{key}/{MANIFEST}")
        with self._asking(key):
            # What others wrote since the last look is there too.
            self._fs.invalidate_cache()
            if self._fs.exists(manifest):
                self._fs.rm_file(manifest)
            if self._fs.exists(self._at(key)):
                self._fs.rm(self._at(key), recursive=True)

    def size(self, key: str) -> int:
        with self._asking(key):
            self._fs.invalidate_cache()
            return int(self._fs.size(self._at(key)))

    def digest(self, key: str) -> str:
        """Hex SHA-256 of the bytes, read in pieces."""
        found = hashlib.sha256()
        with self._asking(key), self._fs.open(self._at(key), "rb") as file:
            while piece := file.read(1 << 20):
                found.update(piece)
        return found.hexdigest()


_REMEDY = "is the bucket there, and AWS_ENDPOINT_URL and the keys in the environment?"
_KNOWN = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EMFILE, errno.ENFILE)


def _foreign() -> tuple[type[Exception], ...]:
    """What botocore raises that is no OSError: no keys, no endpoint."""
    library: Any = sys.modules.get("botocore.exceptions")
    return (library.BotoCoreError,) if library is not None else ()


def open_store(root: str) -> Store:
    """The store at a path or URL."""
    return RemoteStore(root) if "://" in root else LocalStore(root)


def sync_folder(folder: str) -> None:
    """The folder's names are durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def to_json(value: Any, *, indent: int | None = None) -> bytes:
    """Canonical JSON: sorted keys, UTF-8, one line end."""
    return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=indent) + "\n").encode("utf-8", "replace")


def read_json(store: Store, key: str) -> Any:
    """The parsed JSON under a key, or None where nothing is. Raises HomeError where it is not JSON."""
    data = store.read(key)
    if data is None:
        return None
    try:
        return json.loads(data)
    except ValueError as error:
        raise HomeError(
            f"{store.path(key)} is not whole JSON: it was changed by hand, or the disk failed",
            "remove that file and run the same command again",
        ) from error


def write_json(store: Store, key: str, value: Any) -> None:
    store.write(key, to_json(value, indent=1))


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value."""
    return sha256(to_json(value))


class Raw:
    """The content-addressed bytes of a home; a `Blobs`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    def key(sha: str) -> str:
        return f"raw/{sha[:2]}/{sha}"

    def get(self, key: str) -> bytes | None:
        return self._store.read(self.key(key))

    def put(self, key: str, data: bytes) -> None:
        if not self.has(key):
            self._store.write(self.key(key), data)

    def has(self, key: str) -> bool:
        return self._store.has(self.key(key))


class Cache:
    """What cost minutes, by the hash of its inputs; a `Blobs` under `cache/<name>/`."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name

    def _key(self, key: str) -> str:
        return f"cache/{self._name}/{key[:2]}/{key}"

    def get(self, key: str) -> bytes | None:
        return self._store.read(self._key(key))

    def put(self, key: str, data: bytes) -> None:
        self._store.write(self._key(key), data)

    def has(self, key: str) -> bool:
        return self._store.has(self._key(key))
