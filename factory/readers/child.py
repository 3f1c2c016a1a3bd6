"""The limited child: reads jobs from stdin, one at a time, and answers on stdout."""

from __future__ import annotations

import ctypes
import importlib
import os
import re
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from types import ModuleType
from typing import IO, Any

import orjson

from factory.errors import OutOfMemory, ReaderCrash, SourceError
from factory.readers.limits import receive, send, table_of
from factory.record import Hints, Parsed

MODULES = {
    "pdf": "factory.readers.pdf",
    "article": "factory.readers.article",
    "transcript": "factory.readers.transcript",
    "text": "factory.readers.plain",
    "rows": "factory.readers.rows",
    "jats": "factory.readers.jats",
    "epub": "factory.readers.epub",
    "cnxml": "factory.readers.cnxml",
    "medquad": "factory.readers.medquad",
}
_PR_SET_PDEATHSIG = 1
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def die_with_parent() -> None:
    """The kernel kills this process when its parent dies (Linux; elsewhere the closed pipe ends it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def parse(fmt: str, data: bytes, hints: Hints, pipes: Pipes | None = None, ocr: str = "auto") -> Iterator[Parsed]:
    """Every Parsed of the bytes, by the reader of their format."""
    module: ModuleType = importlib.import_module(MODULES[fmt])
    if fmt == "pdf":
        recognise = None if ocr == "never" else module.recogniser()
        if recognise is not None and pipes is not None:
            recognise = pipes.cached(recognise)
        yield from module.parse(data, hints, recognise, pipes.alive if pipes is not None else lambda: None)
    else:
        yield from module.parse(data, hints)


class Pipes:
    """The two pipes to the parent."""

    def __init__(self, given: IO[bytes], answers: IO[bytes]) -> None:
        self.given = given
        self._answers = answers

    def say(self, answer: dict[str, Any]) -> None:
        try:
            frame = orjson.dumps(answer)
        except TypeError:
            frame = orjson.dumps(_whole(answer))
        send(self._answers, frame)

    def alive(self) -> None:
        """A page is done: the parent's deadline begins anew."""
        self.say({"alive": True})

    def cached(self, recognise: Any) -> Any:
        """The page recogniser, asking the parent's cache first; each page renews the deadline."""
        from factory.readers.pdf_ocr import page_key

        def page(*args: Any) -> Any:
            key = page_key(*args)
            self.say({"cache": key})
            found = orjson.loads(receive(self.given) or b"null")
            if found is not None:
                return orjson.loads(found)
            words = recognise(*args)
            self.say({"cache": key, "value": orjson.dumps(words).decode()})
            return words

        return page


def _whole(value: Any) -> Any:
    """The same value without halves of surrogate pairs, which no UTF-8 holds."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_whole(k): _whole(v) for k, v in value.items()}
    return [_whole(v) for v in value] if isinstance(value, list | tuple) else value


def serve(pipes: Pipes) -> None:
    """Answer jobs until the pipe ends."""
    while (frame := receive(pipes.given)) is not None:
        job = orjson.loads(frame)
        try:
            data = receive(pipes.given) or b"" if job["path"] is None else _load(job["path"])
            for parsed in parse(job["format"], data, Hints(**job["hints"]), pipes, job["ocr"]):
                pipes.say({"parsed": table_of(parsed)})
            pipes.say({"end": True})
        except SourceError as error:
            pipes.say({"error": error.reason, "message": error.message})
        except MemoryError:
            pipes.say({"error": OutOfMemory.reason, "message": "the reader ran out of memory"})
        except Exception as error:  # noqa: BLE001 - the one place: bad input must cost only itself
            said = _ADDRESS.sub("0x…", "".join(traceback.format_exception(error)))
            pipes.say(
                {
                    "error": ReaderCrash.reason,
                    "message": _ADDRESS.sub("0x…", repr(error))[:300],
                    "traceback": said[-4000:],
                }
            )


def _load(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def main() -> None:
    """Take over the real stdout for frames, so that a library's print cannot break them."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit = int(sys.argv[1]) * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.setrecursionlimit(3000)
    serve(Pipes(sys.stdin.buffer, answers))


if __name__ == "__main__":
    main()
