"""Addresses in cells: found among other words, and YouTube's many forms as one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, quote, unquote, urlsplit

from factory.cells.text import digest, slug
from factory.record import Kind

_SCHEME = re.compile(r"(https?)(?:\s?:\s?/{1,3}|;//|//|:(?=www\.))\s?", re.IGNORECASE)
_TWICE = re.compile(r"(?:https?://)+(?=https?://)", re.IGNORECASE)
_BROKEN = re.compile(r"(youtube\.com/|youtu\.be/)\s+(?=watch\?|shorts/|playlist\?|[\w-]{11}(?:\s|$))", re.IGNORECASE)
# Stops where a second address is glued on, but not at one that is part of a path or a query (web archives).
_FULL = re.compile(r"https?://(?:(?!(?<![/=:%&?#])https?://)[^\s<>\"«»“”\\^`{|}])+", re.IGNORECASE)
_SHORT = re.compile(r"(?<![\w@./-])(?:www\.[\w-]+\.|(?:m\.|music\.)?youtube\.com/|youtu\.be/)[^\s<>\"]+", re.IGNORECASE)
_BARE = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,}/\S*", re.IGNORECASE)
_REFUSED = re.compile(r"\b(?:javascript|vbscript|file|data|ftp|blob|about):\S+", re.IGNORECASE)
_VIDEO = re.compile(r"[A-Za-z0-9_-]{11}")
_YOUTUBE = re.compile(r"(?:(?:www|m|music|gaming)\.)?youtube(?:-nocookie)?\.com|(?:www\.)?youtu\.be")
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|mc_[ce]id)=[^&]*&?")


@dataclass(frozen=True, slots=True)
class Address:
    """An address to fetch, what stands there, what it is compared by, and its name as an id."""

    url: str
    kind: Kind
    what: Literal["video", "playlist", "channel", "page"]
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """An address that cannot be taken, and why."""

    url: str
    why: str


def _repaired(text: str) -> str:
    text = _SCHEME.sub(r"\1://", text.replace("&amp;", "&"))
    return _BROKEN.sub(r"\1", _TWICE.sub("", text))


def found_in(text: str, *, bare: bool = False) -> tuple[list[str], str]:
    """The http addresses in a text, in order, and the text without them; bare, a domain with a path counts too."""
    text = _repaired(text)
    if bare and _BARE.fullmatch(text):
        text = "https://" + text
    found: list[str] = []

    def take(match: re.Match[str]) -> str:
        url = _trimmed(match[0])
        found.append(url if "://" in url[:8] else "https://" + url)
        return " "

    left = _SHORT.sub(take, _FULL.sub(take, text))
    if not found:
        return found, text
    return found, " ".join(re.sub(r"[(\[<]\s*[)\]>]", " ", left).split()).strip(" -–—|:,;<>")


def refused_in(text: str) -> list[str]:
    """Addresses of another kind than http: code, files of somebody's machine."""
    return _REFUSED.findall(text)


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; a bracket that was opened inside stays."""
    while url and (url[-1] in ".,;:!?'’…*" or url.count(")") > url.count("(") or url.count("]") > url.count("[")):
        cut = url.rstrip(".,;:!?'’…*")
        url = cut if cut != url else url[: max(url.rfind(")"), url.rfind("]"))]
    return url


def read(url: str) -> Address | Wrong:
    """The address in its one form, or why it is none."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower().rstrip(".")
        port = parts.port
    except ValueError:
        return Wrong(url, "is no address")
    if parts.scheme.lower() not in ("http", "https") or not re.fullmatch(r"[^\s.]+(?:\.[^\s.]+)+", host):
        return Wrong(url, "is no address")
    if _YOUTUBE.fullmatch(host):
        return _youtube(url, host, parts.path, parts.query)
    path = unquote(parts.path)
    kind: Kind = "pdf" if ".pdf" in path.lower() else "epub" if path.lower().endswith(".epub") else "article"
    query = _TRACKING.sub("", parts.query).rstrip("&")
    place = f"{host.removeprefix('www.')}{f':{port}' if port not in (None, 80, 443) else ''}"
    fragment = f"#{parts.fragment}" if "/" in parts.fragment else ""
    key = f"{place}{quote(path.rstrip('/'))}{f'?{query}' if query else ''}{fragment}"
    tail = re.sub(r"\.\w{2,5}$", "", path.rstrip("/").rsplit("/", 1)[-1])
    name = f"{(slug(f'{place} {tail}') or 'web')}-{digest(key, length=4)}"
    return Address(url, kind, "page", key, name)


def _youtube(url: str, host: str, path: str, query: str) -> Address | Wrong:
    values = {name: given[0] for name, given in parse_qs(query).items()}
    steps = [step for step in unquote(path).split("/") if step]
    first = steps[0] if steps else ""
    video = values.get("v")
    if host.endswith("youtu.be"):
        video = first
    elif first.lower() in ("shorts", "live", "embed", "v", "e", "watch") and len(steps) > 1:
        video = video or steps[1]
    if video and video != "videoseries":
        return _video(url, re.split(r"[?&#]", video)[0])
    if first.lower() in ("playlist", "watch", "embed") and re.fullmatch(r"[\w-]{2,64}", values.get("list", "")):
        ident = values["list"]
        return _made(f"https://www.youtube.com/playlist?list={ident}", "playlist", ident)
    return _channel(url, first, steps)


def _video(url: str, ident: str) -> Address | Wrong:
    if not _VIDEO.fullmatch(ident):
        return Wrong(url, f"{ident[:40]!r} is no video id of YouTube, which has exactly 11 characters")
    return _made(f"https://www.youtube.com/watch?v={ident}", "video", ident)


def _channel(url: str, first: str, steps: list[str]) -> Address | Wrong:
    if first.startswith("@") and (handle := first[1:].strip(".,;:")) and re.fullmatch(r"[\w.·-]+", handle):
        return _made(f"https://www.youtube.com/@{quote(handle, safe='·')}", "channel", handle.lower())
    if first in ("channel", "c", "user") and len(steps) > 1 and re.fullmatch(r"[\w.-]+", steps[1]):
        return _made(f"https://www.youtube.com/{first}/{quote(steps[1])}", "channel", steps[1])
    return Wrong(url, "is no video, playlist or channel of YouTube")


def _made(url: str, what: Literal["video", "playlist", "channel"], ident: str) -> Address:
    if what == "video":
        name = f"youtube-{ident.lower()}-{digest(ident, length=4)}"
    else:
        name = f"youtube-{slug(ident) or what}-{digest(ident, length=4)}"
    key = f"youtube.com/@{ident}" if "/@" in url else url.removeprefix("https://www.")
    return Address(url, "youtube", what, key, name)
