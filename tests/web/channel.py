"""A video channel on loopback: lists, videos, captions in three formats, sound, faults; for the real yt-dlp."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

PLUGIN = Path(__file__).with_name("plugin")
LINES = (
    (0, "La hipertensión arterial es frecuente"),
    (3, "y requiere control periódico"),
    (6, "con medidas de la presión en casa"),
)
MEMBERS = "Join this channel to get access to members-only content like this video, and other exclusive perks."
WALL = "Sign in to confirm you’re not a bot. This helps protect our community."
REMOVED = "Video unavailable. This video has been removed by the uploader"
CC = "Creative Commons Attribution license (reuse allowed)"


@dataclass
class Video:
    """What a video is. Tracks: name → (manual or asr, the language it was machine-translated to)."""

    title: str = "Un vídeo"
    subs: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    auto: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    lines: tuple[tuple[float, str], ...] = LINES
    sound: Path | None = None
    error: str | None = None
    partial: bool = False
    empty: tuple[str, ...] = ()


@dataclass
class Fault:
    match: str
    status: int
    times: int
    retry_after: str | Callable[[], str] | None = None  # or made as it is sent


def _wait(said: str | Callable[[], str] | None) -> dict[str, str]:
    return {} if said is None else {"Retry-After": said() if callable(said) else said}


class Channel:
    """`with Channel() as channel:` serves until the end of the block; `channel.url` is the channel's address."""

    def __init__(self) -> None:
        self.videos: dict[str, Video] = {}
        self.listed: list[str] = []
        self.log: list[tuple[float, str]] = []
        self.faults: list[Fault] = []
        self._kill: tuple[int, Callable[[], int | None]] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.base}/@salud"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, **what: Any) -> str:
        """A new video, the newest of the channel; returns its address."""
        self.videos[name] = Video(**what)
        self.listed.insert(0, name)
        return f"{self.base}/watch?v={name}"

    def remove(self, name: str) -> None:
        """It is listed no more, and its page says so."""
        self.listed.remove(name)
        self.videos[name].error = REMOVED

    def kill_at(self, number: int, pid: Callable[[], int | None]) -> None:
        """SIGKILL a process when the so-manieth request comes."""
        self._kill = (number, pid)

    def paths(self, start: int = 0) -> list[str]:
        return [path for _, path in self.log[start:]]

    # Answers

    def answer(self, path: str) -> tuple[int, str, bytes, dict[str, str]]:
        """Status, type, body and headers for a path."""
        self.log.append((time.monotonic(), path))
        if self._kill and len(self.log) == self._kill[0] and (pid := self._kill[1]()):
            os.kill(pid, signal.SIGKILL)
        for fault in self.faults:
            if fault.times and re.search(fault.match, path):
                fault.times -= 1
                return (
                    fault.status,
                    "text/plain",
                    b"slow down",
                    _wait(fault.retry_after),
                )
        parts = urlsplit(path)
        query = {k: v[0] for k, v in parse_qs(parts.query).items()}
        if parts.path.startswith("/api/channel/"):
            return (
                200,
                "application/json",
                json.dumps(self._page(int(query["page"]), query.get("tab", ""))).encode(),
                {},
            )
        if parts.path.startswith("/api/video/"):
            return 200, "application/json", json.dumps(self._video(parts.path[11:])).encode(), {}
        if parts.path == "/timedtext":
            return 200, "text/plain", self._captions(query), {}
        if parts.path.startswith("/media/"):
            sound = self.videos[parts.path[7:18]].sound
            return (200, "audio/mp4", sound.read_bytes(), {}) if sound else (404, "text/plain", b"", {})
        return 404, "text/plain", b"", {}

    def _page(self, number: int, tab: str) -> dict[str, Any]:
        listed = [i for i in self.listed if not tab or self.videos[i].more.get("tab", "videos") == tab]
        known = ("duration", "live_status", "availability", "upload_date")
        entries = [
            {
                "id": i,
                "title": self.videos[i].title,
                "more": {k: v for k, v in self.videos[i].more.items() if k in known},
            }
            for i in listed[number * 2 : number * 2 + 2]
        ]
        return {"entries": entries, "next": len(listed) > number * 2 + 2}

    def _video(self, name: str) -> dict[str, Any]:
        video = self.videos[name]
        if video.error:
            return {"error": video.error}
        sound = {"format_id": "140", "ext": "m4a", "acodec": "mp4a.40.2", "vcodec": "none", "abr": 48}
        about = {"channel": "Salud", "channel_id": "UC" + "x" * 22, "uploader": "Salud", "upload_date": "20260101"}
        return {
            "id": name, "title": video.title, "duration": 9, "live_status": "not_live", "availability": "public",
            "subtitles": self._tracks(name, video.subs), "automatic_captions": self._tracks(name, video.auto),
            "formats": [sound | {"url": f"{self.base}/media/{name}.m4a"}], "warning": video.partial,
        } | about | video.more  # fmt: skip

    def _tracks(self, name: str, tracks: dict[str, tuple[str, str | None]]) -> dict[str, Any]:
        return {
            key: [
                {
                    "ext": ext,
                    "url": f"{self.base}/timedtext?v={name}&kind={kind}&fmt={ext}" + (f"&tlang={to}" if to else ""),
                }
                for ext in ("vtt", "srv3", "json3")
            ]
            for key, (kind, to) in tracks.items()
        }

    def _captions(self, query: dict[str, str]) -> bytes:
        video = self.videos[query["v"]]
        if query["fmt"] in video.empty:
            return b""
        lines = ((0, "TRADUCIDO AUTOMÁTICAMENTE"),) if "tlang" in query else video.lines
        made = {"json3": _json3, "srv3": _srv3, "vtt": _rolling if query["kind"] == "asr" else _vtt}
        return made[query["fmt"]](lines).encode()


Lines = tuple[tuple[float, str], ...]


def _stamp(seconds: float) -> str:
    return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}"


def _vtt(lines: Lines) -> str:
    cues = [f"{_stamp(at)} --> {_stamp(at + 3)}\n{html.escape(text)}\n" for at, text in lines]
    return "WEBVTT\nKind: captions\nLanguage: es\n\n" + "\n".join(cues)


def _rolling(lines: Lines) -> str:
    """As YouTube's own: every cue shows the line before again, and holds each finished line for 10 ms."""
    out, before = ["WEBVTT", "Kind: captions", "Language: es", ""], " "
    for at, text in lines:
        first, *rest = text.split()
        timed = first + "".join(f"<{_stamp(at + 0.2 * (i + 1))}><c> {word}</c>" for i, word in enumerate(rest))
        out += [f"{_stamp(at)} --> {_stamp(at + 2.99)} align:start position:0%", before, timed, ""]
        out += [f"{_stamp(at + 2.99)} --> {_stamp(at + 3)} align:start position:0%", text, " ", ""]
        before = text
    return "\n".join(out)


def _json3(lines: Lines) -> str:
    events: list[dict[str, Any]] = [{"tStartMs": 0, "dDurationMs": 30000, "id": 1, "wpWinPosId": 1, "wsWinStyleId": 1}]
    for at, text in lines:
        words = text.split()
        segments = [{"utf8": words[0], "acAsrConf": 0}]
        segments += [{"utf8": " " + w, "tOffsetMs": 200 * (i + 1), "acAsrConf": 0} for i, w in enumerate(words[1:])]
        events.append({"tStartMs": int(at * 1000), "dDurationMs": 3000, "wWinId": 1, "segs": segments})
        events.append(
            {"tStartMs": int(at * 1000) + 2900, "dDurationMs": 100, "wWinId": 1, "aAppend": 1, "segs": [{"utf8": "\n"}]}
        )
    return json.dumps({"wireMagic": "pb3", "pens": [{}], "wsWinStyles": [{}], "wpWinPositions": [{}], "events": events})


def _srv3(lines: Lines) -> str:
    rows = []
    for at, text in lines:
        words = text.split()
        inside = f"<s>{html.escape(words[0])}</s>"
        inside += "".join(f'<s t="{200 * (i + 1)}"> {html.escape(w)}</s>' for i, w in enumerate(words[1:]))
        rows.append(f'<p t="{int(at * 1000)}" d="3000" w="1">{inside}</p>')
    return f'<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><body>{"".join(rows)}</body></timedtext>'


def _handler(channel: Channel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            status, kind, body, more = channel.answer(self.path)
            self.send_response(status)
            for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | more).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    return Handler
