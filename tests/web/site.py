"""A web site on loopback that answers as told: slowly, wrongly, with redirects, bombs and storms."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from tests.command import PROSE

PHRASES = {200: "OK", 206: "Partial", 301: "Moved", 302: "Found", 304: "Not Modified", 404: "Not Found", 410: "Gone"}


class Hit(NamedTuple):
    """One request: when, what, with which headers, on which connection."""

    time: float
    path: str
    headers: dict[str, str]
    connection: int


@dataclass
class Answer:
    """How a path answers. A header may be made as it is sent. `raw`: the bytes of the whole answer instead; `first`: answers before this one."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str | Callable[[], str]] = field(default_factory=dict)
    length: int | None = None
    raw: Callable[[socket.socket], None] | None = None
    first: list[Answer] = field(default_factory=list)


class Site:
    """`with Site() as site:` serves until the end of the block."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.log: list[Hit] = []
        self.open = self.most_open = 0
        self._kill: tuple[int, Callable[[], int | None]] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._socket.close()

    # What it answers

    def add(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return self.url + path

    def page(self, path: str, text: str = "", head: str = "", **headers: str) -> str:
        """A page with some Spanish prose; header names with _ for -."""
        html = f"<!doctype html><html lang=es><head><title>{path}</title>{head}</head><body><article>"
        html += "".join(f"<p>{p}</p>" for p in (text or PROSE * 3, PROSE)) + f"<p>{path}</p></article></body></html>"
        said = {"Content-Type": "text/html; charset=utf-8"} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.add(path, Answer(html.encode(), headers=said))

    def robots(self, text: str = "", status: int = 200) -> None:
        self.add("/robots.txt", Answer(text.encode(), status, {"Content-Type": "text/plain"}))

    def redirect(self, path: str, location: str, status: int = 302) -> str:
        return self.add(path, Answer(status=status, headers={"Location": location}))

    def many(self, count: int, path: str = "/sitemap.xml") -> list[str]:
        """So many different pages, and a sitemap of them."""
        pages = [self.page(f"/p/{n:04d}", f"Capítulo {n}. " + PROSE * 5, ETag=f'"{n}"') for n in range(count)]
        rows = "".join(f"<url><loc>{p}</loc></url>" for p in pages)
        self.add(path, Answer(f"<urlset>{rows}</urlset>".encode(), headers={"Content-Type": "text/xml"}))
        return pages

    def kill_at(self, number: int, pid: Callable[[], int | None]) -> None:
        """SIGKILL a process when the so-manieth request comes, before it is answered."""
        self._kill = (number, pid)

    def hits(self, path: str) -> int:
        return sum(1 for hit in self.log if hit.path == path)

    def paths(self) -> list[str]:
        return [hit.path for hit in self.log]

    # How it serves

    def _serve(self) -> None:
        number = 0
        while not self._stopping.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            number += 1
            threading.Thread(target=self._connection, args=(connection, number), daemon=True).start()

    def _connection(self, connection: socket.socket, number: int) -> None:
        with self._lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            with connection, connection.makefile("rb") as stream:
                while request := stream.readline():
                    if not self._one(connection, stream, request, number):
                        return
        except OSError:
            return
        finally:
            with self._lock:
                self.open -= 1

    def _one(self, connection: socket.socket, stream: Iterator[bytes], request: bytes, number: int) -> bool:
        path = request.split()[1].decode()
        headers = {}
        for line in stream:
            if not line.strip():
                break
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        with self._lock:
            self.log.append(Hit(time.monotonic(), path, headers, number))
            count = len(self.log)
        if self._kill and count == self._kill[0]:
            pid = self._kill[1]()
            if pid:
                os.kill(pid, signal.SIGKILL)
            return False
        answer = self.answers.get(path, Answer(b"nothing here", 404))
        if answer.first:
            answer = answer.first.pop(0)
        if answer.raw:
            answer.raw(connection)
            return False
        return self._say(connection, answer, headers)

    @staticmethod
    def _say(connection: socket.socket, answer: Answer, asked: dict[str, str]) -> bool:
        status, body = answer.status, answer.body
        said = {k: v() if callable(v) else v for k, v in answer.headers.items()}
        known = {k.lower(): v for k, v in said.items()}
        if status == 200 and (
            asked.get("if-none-match") == known.get("etag", 0)
            or asked.get("if-modified-since") == known.get("last-modified", 0)
        ):
            status, body = 304, b""
        length = len(body) if answer.length is None else answer.length
        lines = [f"HTTP/1.1 {status} {PHRASES.get(status, 'Said')}", f"Content-Length: {length}"]
        lines += [f"{k}: {v}" for k, v in said.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return length == len(body)


def slowly(head: bytes, each: bytes = b"x", seconds: float = 0.1) -> Callable[[socket.socket], None]:
    """A beginning, then a byte now and then, for ever."""

    def say(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(each)
            time.sleep(seconds)

    return say


def bomb(size: int) -> Callable[[socket.socket], None]:
    """So many zeros, gzipped, in pieces."""

    def say(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n")
        wheel = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(size >> 20):
            connection.sendall(wheel.compress(bytes(1 << 20)))
        connection.sendall(wheel.flush())

    return say


def bytes_of(data: bytes) -> Callable[[socket.socket], None]:
    """These bytes, and the connection ends."""
    return lambda connection: connection.sendall(data)


def packed(text: bytes) -> Answer:
    return Answer(gzip.compress(text), headers={"Content-Type": "text/html", "Content-Encoding": "gzip"})
