"""Channels, playlists and videos through yt-dlp: what is listed, what a video says of itself, captions, sound.

Every request waits its host's turn; a 429 is waited for as the server asks. What yt-dlp says in words becomes one of
our reasons here and nowhere else. The interface language is never set: the row "License" is known by its English name.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from factory.config import Fetch
from factory.errors import (
    AgeRestricted,
    BadAnswer,
    BotWall,
    CaptionsWithheld,
    ConfigError,
    CutShort,
    Gone,
    MembersOnly,
    Private,
    RateLimited,
    RegionLocked,
    ServerError,
    SourceError,
    TooLarge,
    Unreachable,
    Upcoming,
)
from factory.fetch.captions import Track
from factory.fetch.hosts import Host, Hosts, retry_after

T = TypeVar("T")

VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
# The captions of a day of speech are some 5 MB in the wordiest format.
MAX_CAPTION_BYTES = 32 * 2**20
CC_BY = "CC-BY-3.0"
# What an extractor raises when a site is not as it expects.
_FOREIGN = (OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RuntimeError)
# yt-dlp's and YouTube's own words, in the order they are looked for.
_SAID: tuple[tuple[str, type[SourceError]], ...] = (
    (r"not a bot|unusual traffic|captcha", BotWall),
    (r"premieres? in|live event will begin|begin in a few|upcoming|is scheduled|has not started", Upcoming),
    (r"members?[- ]only|join this channel|channel membership|requires payment|purchase|premium", MembersOnly),
    (r"private video|video is private|playlist is private|sign in if you've been granted", Private),
    (r"confirm your age|age[- ]restricted|inappropriate for some users", AgeRestricted),
    (
        r"not (?:made this video )?available in your (?:country|region|location)|blocked it in your country",
        RegionLocked,
    ),
    (r"removed|no longer (?:available|exists)|terminated|does not exist|deleted|account .*closed", Gone),
    (r"video unavailable|not available|unavailable video|HTTP Error 4(?:04|10)", Gone),
    (r"timed? ?out|connection|unreachable|resolve|network|temporary failure|ssl", Unreachable),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a listing. `tab`: which list of a channel it stands in (videos, shorts, streams)."""

    id: str
    url: str
    title: str | None
    live_status: str | None
    availability: str | None
    date: str | None
    tab: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The videos of a channel or playlist, as listed. `whole`: nothing was left out by a limit."""

    title: str | None
    author: str | None
    entries: tuple[Entry, ...]
    whole: bool


def canonical(given: str) -> str:
    """The address of a channel (`@handle`, `UC…`), playlist or video as YouTube writes it; others stay as they are."""
    given = given.strip()
    if re.fullmatch(r"@[\w.\-·]{3,30}", given):
        return f"https://www.youtube.com/{given}"
    if re.fullmatch(r"UC[\w-]{22}", given):
        return f"https://www.youtube.com/channel/{given}"
    if re.fullmatch(r"(?:PL|UU|FL|OLAK5uy_)[\w-]{10,}", given):
        return f"https://www.youtube.com/playlist?list={given}"
    if VIDEO_ID.fullmatch(given):
        return f"https://www.youtube.com/watch?v={given}"
    if "://" not in given and re.match(r"(?:www\.|m\.)?youtu", given):
        given = "https://" + given
    parts = urlsplit(given)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.").removeprefix("music.")
    if host not in ("youtube.com", "youtu.be", "youtube-nocookie.com"):
        return given
    if found := video_id(given):
        return f"https://www.youtube.com/watch?v={found}"
    if parts.path == "/playlist" and (listed := parse_qs(parts.query).get("list")):
        return f"https://www.youtube.com/playlist?list={listed[0]}"
    return f"https://www.youtube.com{parts.path.rstrip('/')}"


def video_id(url: str) -> str | None:
    """The id of the video that an address shows, or None."""
    parts = urlsplit(url)
    listed = parse_qs(parts.query).get("v", [""])[0] if parts.path.rstrip("/") == "/watch" else ""
    if not listed and (found := re.match(r"/(?:shorts|embed|live|v)/([^/?]+)", parts.path)):
        listed = found[1]
    if not listed and (parts.hostname or "").endswith("youtu.be"):
        listed = parts.path.strip("/")
    return listed if VIDEO_ID.fullmatch(listed) else None


def licence_of(info: dict[str, Any]) -> str | None:
    """The SPDX id of the licence that a video states; None where it states none."""
    said = info.get("license")
    if not isinstance(said, str):
        return None
    return CC_BY if "creative commons" in said.lower() else "youtube-standard" if "standard" in said.lower() else None


def date_of(info: dict[str, Any]) -> str | None:
    """The day of publication, YYYY-MM-DD."""
    day = info.get("upload_date") or info.get("release_date")
    if isinstance(day, str) and re.fullmatch(r"\d{8}", day):
        return f"{day[:4]}-{day[4:6]}-{day[6:]}"
    stamp = info.get("timestamp")
    return time.strftime("%Y-%m-%d", time.gmtime(stamp)) if isinstance(stamp, int | float) else None


class _Log:
    """yt-dlp's messages, kept instead of printed."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def debug(self, _message: str) -> None:
        return

    def warning(self, message: str) -> None:
        self.warnings.append(message)

    def error(self, message: str) -> None:
        self.warnings.append(message)


class Tube:
    """Asks for one source's videos, one request at a time."""

    def __init__(self, url: str, config: Fetch, hosts: Hosts, cookies: str | None = None) -> None:
        if cookies and not Path(cookies).is_file():
            raise ConfigError(f"--cookies {cookies}: no such file", "export it from a browser in Netscape's format")
        self._config = config
        self._host: Host = hosts[urlsplit(url).hostname or "youtube"]
        own = (urlsplit(url).hostname or "").startswith("127.")
        self._host.delay = config.delay_seconds if own else max(1.0, config.delay_seconds)
        self._log = _Log()
        self._cookies = cookies
        self._dl = self._open({})

    def _open(self, more: dict[str, Any]) -> Any:
        from yt_dlp import YoutubeDL

        options = {
            "quiet": True,
            "noprogress": True,
            "logger": self._log,
            "allowed_extractors": ["default", "-generic"],
            "socket_timeout": self._config.read_seconds,
            "sleep_interval_requests": self._host.delay / 2,
            "extractor_retries": 0,
            "retries": 0,
            "fragment_retries": 2,
            "cachedir": False,
            "color": "never",
            "proxy": None if self._config.trust_env else "",
            "cookiefile": self._cookies,
            "noplaylist": True,
            "js_runtimes": _runtimes(),
        }
        return YoutubeDL(options | more)

    def close(self) -> None:
        # Closing writes the cookies back to their file: the person's file stays as it is.
        self._dl.params["cookiefile"] = None
        self._dl.close()

    # What there is

    def listing(self, url: str, limit: int | None) -> Listing:
        """What a channel or playlist lists, the first `limit` of it. Raises SourceError."""
        more: dict[str, Any] = {"extract_flat": "in_playlist", "noplaylist": False}
        if limit is not None:
            more["playlist_items"] = f"1:{limit}"
        with self._open(more) as lister:
            lister.params["cookiefile"] = None if lister.params["cookiefile"] is None else self._cookies
            found = self._asked(lambda: lister.extract_info(url, download=False))
            entries = list(self._entries(lister, found, depth=0))
            lister.params["cookiefile"] = None
        unique = {e.id: e for e in reversed(entries)}
        ordered = [e for e in dict.fromkeys(e.id for e in entries) if e in unique][:limit]
        author = found.get("channel") or found.get("uploader")
        whole = limit is None
        return Listing(found.get("title"), author, tuple(unique[i] for i in ordered), whole)

    def _entries(self, lister: Any, found: dict[str, Any], depth: int, tab: str = "") -> Iterator[Entry]:
        """The videos, those of a channel's tabs too."""
        if found.get("_type") not in ("playlist", "multi_video"):
            yield _entry(found, tab)
            return
        for entry in found.get("entries") or ():
            if not entry:
                continue
            url = entry.get("url") or entry.get("webpage_url") or ""
            nested = entry.get("_type") == "playlist" or re.search(r"/(?:videos|shorts|streams|playlist)\b", url)
            if nested and depth < 2:
                inner = entry if entry.get("entries") else self._asked(_later(lister, url))
                yield from self._entries(lister, inner, depth + 1, url)
            elif entry.get("id"):
                yield _entry(entry, tab)

    def video(self, url: str) -> tuple[dict[str, Any], str]:
        """What a video says of itself, and what yt-dlp says is missing from its list of captions ("" if nothing)."""
        self._log.warnings.clear()
        info = self._asked(lambda: self._dl.extract_info(url, download=False, process=False))
        if not isinstance(info, dict) or not info.get("id"):
            raise BadAnswer(f"{url} is no single video")
        said = [w for w in self._log.warnings if "PO token" in w and re.search(r"subtitles|captions", w, re.IGNORECASE)]
        return _sensible(info), " ".join(said)

    # What it holds

    def captions(self, track: Track) -> tuple[str, bytes]:
        """The format and bytes of a track, the first format that is not empty. Raises CaptionsWithheld, SourceError."""
        for extension, url in track.formats:
            data = self._asked(_reading(self._dl, url))
            if _whole(extension, data):
                return extension, data
        raise CaptionsWithheld("the captions are listed but come empty; YouTube withholds them for now")

    def audio(self, info: dict[str, Any], folder: Path) -> Path:
        """A file with the video's sound, as small as speech needs. Raises SourceError."""
        from yt_dlp.utils import sanitize_filename

        self._dl.params["paths"] = {"home": str(folder)}
        chosen = {
            "format": "ba[abr<=80]/ba[abr<=160]/ba/worst",
            "outtmpl": {"default": "%(id)s.%(ext)s"},
            "max_filesize": self._config.max_file_bytes,
            "fixup": "never",
            "overwrites": True,
        }
        with self._open(chosen | {"paths": {"home": str(folder)}}) as loader:
            self._asked(lambda: loader.process_ie_result(dict(info), download=True))
            loader.params["cookiefile"] = None
        stem = sanitize_filename(str(info["id"]), is_id=True)
        there = [f for f in sorted(folder.iterdir()) if f.name.startswith(stem) and not f.name.endswith(".part")]
        if not there:
            raise TooLarge(f"the sound of {info['id']} is larger than {self._config.max_file_bytes:,} bytes")
        return there[0]

    # One request

    def _asked(self, call: Callable[[], T]) -> T:
        """What yt-dlp returns, asked again after the wait that a busy server names. Raises SourceError."""
        from yt_dlp.utils import YoutubeDLError

        for attempt in range(1, self._config.attempts + 1):
            try:
                with self._host.turn():
                    return call()
            except (YoutubeDLError, *_FOREIGN) as error:
                self._host.wait(self._wait(error, attempt))
        raise AssertionError("attempts is at least 1")

    def _wait(self, error: Exception, attempt: int) -> float:
        """How long to wait before the next attempt. Raises the SourceError that the failure is."""
        answer = _http_error(error)
        if answer is None or answer.status not in (429, 500, 502, 503, 504):
            raise self._translated(error) from error
        value = answer.response.headers.get("Retry-After")
        said = retry_after(value, time.time())
        wait = self._config.backoff_seconds * 2 ** (attempt - 1) if said is None else said
        if attempt < self._config.attempts and wait <= self._config.max_wait_seconds:
            return wait
        if answer.status == 429 or said is not None:
            until = None if said is None else time.time() + said
            limited = RateLimited(f"the server says {answer.status}", retry_after=until)
            self._host.stop(limited)
            raise limited from error
        raise ServerError(f"the server says {answer.status}") from error

    def _translated(self, error: Exception) -> SourceError:
        from yt_dlp.networking.exceptions import IncompleteRead, TransportError

        said = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).removeprefix("ERROR: ").strip()
        said = said.partition(" (caused by")[0]
        folded = said.replace("’", "'")
        if "No suitable extractor" in said or "Unsupported URL" in said:
            return BadAnswer(f"{said.rpartition(' ')[2]} is no address of a video, channel or playlist")
        causes = list(_chain(error))
        if any(isinstance(c, IncompleteRead) for c in causes):
            return CutShort(said[:300])
        for words, cls in _SAID:
            if re.search(words, folded, re.IGNORECASE):
                if cls is BotWall:
                    wall = BotWall("YouTube wants to see a person: " + said[:200], "pass --cookies FILE, or wait a day")
                    self._host.stop(wall)
                    return wall
                return cls(said[:300])
        if any(isinstance(c, TransportError) for c in causes):
            return Unreachable(said[:300])
        return BadAnswer(said[:300])


def _runtimes() -> dict[str, dict[str, str]]:
    """The JavaScript programs that yt-dlp may use: deno as pip installs it, deno or node of the path."""
    beside = Path(sys.executable).with_name("deno")
    return {"deno": {"path": str(beside)} if beside.is_file() else {}, "node": {}}


_WORDS = (
    "title channel uploader license language availability live_status upload_date release_date url webpage_url".split()
)
_TABLES = ("subtitles", "automatic_captions")


def _sensible(info: dict[str, Any]) -> dict[str, Any]:
    """What a site says, where it is of the kind that it should be."""
    words = {k: info[k] if isinstance(info.get(k), str) else None for k in _WORDS}
    return info | words | {k: info[k] if isinstance(info.get(k), dict) else {} for k in _TABLES}


def _entry(row: dict[str, Any], tab: str) -> Entry:
    row = _sensible(row)
    url = row.get("url") or row.get("webpage_url") or ""
    return Entry(
        str(row.get("id")),
        canonical(url) if url else canonical(str(row.get("id"))),
        row.get("title"),
        row.get("live_status"),
        row.get("availability"),
        date_of(row),
        tab,
    )


def _later(lister: Any, url: str) -> Callable[[], dict[str, Any]]:
    return lambda: lister.extract_info(url, download=False)


def _reading(dl: Any, url: str) -> Callable[[], bytes]:
    def read() -> bytes:
        answer = dl.urlopen(url)
        try:
            data: bytes = answer.read(MAX_CAPTION_BYTES + 1)
        finally:
            answer.close()
        if len(data) > MAX_CAPTION_BYTES:
            raise TooLarge(f"captions of more than {MAX_CAPTION_BYTES:,} bytes")
        return data

    return read


def _whole(extension: str, data: bytes) -> bool:
    """Captions in the format asked for, not an empty answer or a page."""
    if extension == "json3":
        try:
            return isinstance(json.loads(data).get("events"), list)
        except (ValueError, AttributeError):
            return False
    start = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:64]
    return start.startswith(b"WEBVTT") if extension == "vtt" else start.startswith((b"<?xml", b"<timedtext"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The failure and what caused it, as yt-dlp wraps them."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = getattr(one, "exc_info", None)
        waiting += [getattr(one, "cause", None), one.__cause__, one.__context__, inner[1] if inner else None]


def _http_error(error: BaseException) -> Any:
    from yt_dlp.networking.exceptions import HTTPError

    return next((e for e in _chain(error) if isinstance(e, HTTPError)), None)
