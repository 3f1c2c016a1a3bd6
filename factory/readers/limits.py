"""One limited child process per worker that reads hostile bytes, killed and replaced when it goes over.

Frames on both pipes: four bytes of length (little endian), then JSON or raw bytes. The parent keeps
the deadline; the child has the address space of its config and no more.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import IO, Any, Self

import orjson

from factory.config import Read
from factory.errors import FactoryError, OutOfMemory, ReaderCrash, TimedOut, classes
from factory.record import Blobs, Hints, Paragraph, Parsed

_LENGTH = struct.Struct("<I")
_CHUNK = 1 << 20


def send(pipe: IO[bytes], payload: bytes) -> None:
    """Write one frame."""
    pipe.write(_LENGTH.pack(len(payload)))
    pipe.write(payload)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes | None:
    """Read one frame; None at the end of the pipe."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    return pipe.read(_LENGTH.unpack(head)[0])


def parsed_of(table: dict[str, Any]) -> Parsed:
    """The `Parsed` a child sent as JSON."""
    paragraphs = [Paragraph(*row) for row in table.pop("paragraphs")]
    return Parsed(paragraphs=paragraphs, **table)


def table_of(parsed: Parsed) -> dict[str, Any]:
    """A `Parsed` as JSON, its paragraphs as bare rows."""
    table = asdict(parsed)
    table["paragraphs"] = [(p.text, p.role, p.page, p.start_seconds, p.heading, p.continues) for p in parsed.paragraphs]
    return table


class LimitedReader:
    """Reads raw bytes in a child that cannot take the run down; a context manager."""

    def __init__(self, config: Read, cache: Blobs | None = None) -> None:
        self._config = config
        self._cache = cache
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, path: str | bytes, fmt: str, hints: Hints) -> Iterator[Parsed]:
        """Every Parsed of a file (its path, or its bytes).

        Raises the SourceError the reader found, or TimedOut, OutOfMemory, ReaderCrash.
        """
        job: dict[str, Any] = {"format": fmt, "hints": asdict(hints), "ocr": self._config.ocr}
        job["path"] = path if isinstance(path, str) else None
        try:
            child = self._running()
            assert child.stdin is not None
            send(child.stdin, orjson.dumps(job))
            if isinstance(path, bytes):
                send(child.stdin, path)
            yield from self._answers(child)
        except (BrokenPipeError, EOFError) as error:
            raise self._died() from error
        except GeneratorExit:
            self._stop()
            raise
        self._served += 1
        if self._served >= self._config.recycle_documents:
            self._stop()

    def _answers(self, child: subprocess.Popen[bytes]) -> Iterator[Parsed]:
        while True:
            answer = orjson.loads(self._frame(child))
            if "parsed" in answer:
                yield parsed_of(answer["parsed"])
            elif "cache" in answer:
                self._serve_cache(child, answer)
            elif "alive" in answer:
                continue
            elif "end" in answer:
                return
            else:
                raise _error(answer)

    def _serve_cache(self, child: subprocess.Popen[bytes], answer: dict[str, Any]) -> None:
        assert child.stdin is not None
        key, value = answer["cache"], answer.get("value")
        if value is not None and self._cache is not None:
            self._cache.put(key, value.encode())
        elif value is None:
            found = self._cache.get(key) if self._cache is not None else None
            send(child.stdin, orjson.dumps(None if found is None else found.decode()))

    def _frame(self, child: subprocess.Popen[bytes]) -> bytes:
        deadline = time.monotonic() + self._config.timeout_seconds
        head = self._bytes(child, _LENGTH.size, deadline)
        return self._bytes(child, _LENGTH.unpack(head)[0], deadline)

    def _bytes(self, child: subprocess.Popen[bytes], count: int, deadline: float) -> bytes:
        assert child.stdout is not None
        handle = child.stdout.fileno()
        parts: list[bytes] = []
        while count:
            ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self._stop()
                raise TimedOut(f"the reader gave nothing for {self._config.timeout_seconds:g} seconds")
            part = os.read(handle, min(count, _CHUNK))
            if not part:
                raise EOFError
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "factory.readers.child", str(self._config.memory_mb)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=-1,
                env=os.environ | {"OMP_THREAD_LIMIT": "1", "PYTHONHASHSEED": "0"},
            )
            self._served = 0
        return self._child

    def _died(self) -> FactoryError:
        child, self._child = self._child, None
        code = child.wait(5) if child else None
        if child:
            _close(child)
        if code in (-signal.SIGKILL, 137):
            return OutOfMemory(f"the reader needed more than {self._config.memory_mb} MB")
        return ReaderCrash(f"the reader died with code {code}")

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            _close(child)


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue


def _error(answer: dict[str, Any]) -> FactoryError:
    cls = classes().get(answer["error"], ReaderCrash)
    return cls(answer["message"], answer.get("traceback", ""))
