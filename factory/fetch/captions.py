"""Which caption track of a video is taken. Pure: yt-dlp's info dictionary in, a track out.

Written by a person before recognised by a machine, in the language wanted; never one that a machine translated
(its address carries `tlang=`).
"""

from __future__ import annotations

import re
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

from factory.record import language_code

# Word times and no rolling repeats come with json3 only; the others are what is left when it is empty.
FORMATS = ("json3", "vtt", "srv3", "srv2", "srv1", "ttml")
_READ = FORMATS[:3]


class Track(NamedTuple):
    """A caption track: `formats` in the order to ask for them, each with its address."""

    language: str
    kind: Literal["manual", "asr"]
    formats: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The key as a part of a file name."""
        return re.sub(r"[^A-Za-z0-9-]", "", self.language)[:24]


def choose(info: dict[str, Any], language: str) -> Track | None:
    """The best track in the language: manual `es`, then `es-419` and `es-XX`, then named ones, then `es-orig`."""
    manual = [t for key, rows in (info.get("subtitles") or {}).items() if (t := _track(key, rows, "manual"))]
    spoken = [t for key, rows in (info.get("automatic_captions") or {}).items() if (t := _track(key, rows, "asr"))]
    fitting = [t for t in (*manual, *spoken) if language_code(t.language.removesuffix("-orig")) == language]
    return min(fitting, key=lambda t: (_rank(t, language), t.language), default=None)


def translated_from(info: dict[str, Any], language: str) -> str | None:
    """The language spoken, where it is known to be another than the captions'."""
    keys = (k.removesuffix("-orig") for k in info.get("automatic_captions") or {} if k.endswith("-orig"))
    spoken = info.get("language") or next(keys, None)
    return language_code(spoken) if spoken and language_code(spoken) != language else None


def _track(key: str, rows: Any, kind: Literal["manual", "asr"]) -> Track | None:
    if key == "live_chat" or not isinstance(rows, list):
        return None
    own = {r["ext"]: r["url"] for r in reversed(rows) if r.get("url") and r.get("ext") and not _translated(r["url"])}
    formats = tuple((ext, own[ext]) for ext in _READ if ext in own)
    return Track(key, kind, formats) if formats else None


def _translated(url: str) -> bool:
    return "tlang" in parse_qs(urlsplit(url).query, keep_blank_values=True)


def _rank(track: Track, language: str) -> int:
    if track.kind == "asr":
        return 4 if track.language.endswith("-orig") else 5
    if track.language == language:
        return 0
    if track.language == f"{language}-419":
        return 1
    return 2 if re.fullmatch(rf"{language}-[A-Z]{{2}}", track.language) else 3
