"""WebVTT, SRT and SBV → words with their seconds, each once: rolling captions are unrolled.

Source: W3C WebVTT; YouTube's automatic captions as yt-dlp saves them, and their conversions to SRT.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from factory.readers.sentences import Word

_TIME = r"(?:(\d{1,6}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,3}))?"
_TIMING = re.compile(rf"^\s*{_TIME}\s*-->\s*{_TIME}(?=\s|$)")
_SBV = re.compile(r"^\s*(\d{1,6}):(\d{1,2}):(\d{1,2})\.(\d{1,3}),(\d{1,6}):(\d{1,2}):(\d{1,2})\.(\d{1,3})\s*$")
_BROKEN = re.compile(r"-->|^\s*\d+:\d\d:\d\d\S*,\d+:\d\d:")
_INLINE = re.compile(r"<((?:\d{1,6}:)?\d{1,3}:\d{2}\.\d{3})>")
# Only what WebVTT, SubRip and ASS define: “presión <120 y >80” is no tag.
_TAG = re.compile(
    r"</?(?:[ibus]|em|strong|rt)(?:\.[\w.-]*)?>|</?(?:c|v|lang|ruby|font|span)(?:[.\s][^<>]*)?>|<[\d:.]{5,}>|\{\\[^{}]*\}",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<br\s*/?>|\[br\]|\\[Nn](?![a-z])", re.IGNORECASE)
# Zero-width and direction marks that YouTube puts around positioned captions.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]")
# A cue of YouTube's rolling captions that only holds the finished line on screen lasts 10 ms.
_HOLD_SECONDS = 0.02
# A line that comes back after a gap is said again, not held.
_GAP_SECONDS = 0.5


class Line(NamedTuple):
    """One line of a cue, perhaps empty; `timed` if its words carry their own times."""

    words: tuple[Word, ...]
    timed: bool

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)


class Cue(NamedTuple):
    """The lines on screen from `start` to `end` (seconds)."""

    start: float
    end: float
    lines: tuple[Line, ...]

    @property
    def said(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.words)


def words_of(text: str) -> tuple[list[Word], int]:
    """The words of the cues, each once, and how many cues had no whole times. No cue at all gives no words."""
    lines = text.replace("\r\r\n", "\n").splitlines()
    found = list(_cues(lines, webvtt=text.lstrip().startswith("WEBVTT")))
    timings = sum(1 for line in lines if _BROKEN.search(line))
    return list(_unrolled(found)), max(0, timings - len(found))


def has_cues(text: str) -> bool:
    """Whether any line is a start and an end time."""
    return any(_TIMING.match(line) or _SBV.match(line) for line in text.splitlines())


def spoken(pieces: Iterable[tuple[float, str]], *, timed: bool) -> tuple[Word, ...]:
    """The words of pieces of one line. A word that goes on in the next piece stays one, and keeps its first second."""
    found: list[Word] = []
    joins = False
    for at, piece in pieces:
        text = _UNSEEN.sub("", piece)
        for n, token in enumerate(text.split()):
            if n == 0 and joins and not text[0].isspace():
                found[-1] = found[-1]._replace(text=found[-1].text + token)
            else:
                found.append(Word(round(at, 3), token, timed))
        if text:
            joins = not text[-1].isspace() and bool(found)
    return tuple(found)


def plain(text: str) -> str:
    """The text without markup, its entities decoded."""
    return html.unescape(_TAG.sub("", _BREAK.sub(" ", text)))


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int((fraction or "0").ljust(3, "0")) / 1000


def _cues(lines: list[str], *, webvtt: bool) -> Iterator[Cue]:
    """The cues whose times are whole, in the order of the file."""
    timings = [(n, t) for n, line in enumerate(lines) if (t := _TIMING.match(line) or _SBV.match(line))]
    ends = [n for n, _ in timings[1:]] + [len(lines)]
    for (at, timing), until in zip(timings, ends, strict=True):
        one = timing.groups()
        start, end = _seconds(*one[:4]), _seconds(*one[4:])
        payload = _payload(lines[at + 1 : until], webvtt=webvtt, last=until == len(lines))
        yield Cue(start, max(start, end), tuple(_line(p, start) for p in payload))


def _payload(block: list[str], *, webvtt: bool, last: bool) -> list[str]:
    """The lines of a cue, of those up to the next one's times: without its number, and without what has no times."""
    empty = next((n for n, line in enumerate(block) if line == ""), len(block))
    if empty == len(block) and not last and block and block[-1].strip().isdigit():
        return block[:-1]
    if webvtt or empty == len(block):
        return block[:empty]
    return block[:empty] + _after_blank(block[empty:], last=last)


def _after_blank(block: list[str], *, last: bool) -> list[str]:
    """SubRip allows no empty line in a cue, yet many files have one: what follows is text unless it is numbered."""
    rest = [line for line in block if line.strip()]
    if rest and not last and rest[-1].strip().isdigit():
        rest.pop()
    if not rest or rest[0].strip().isdigit() or any(_BROKEN.search(line) for line in rest):
        return []
    return rest if _numbered(block) else []


def _numbered(block: list[str]) -> bool:
    """The next cue's number closes the block, so the file is SubRip and not WebVTT without a header, or SBV."""
    return any(line.strip().isdigit() for line in block)


def _line(payload: str, start: float) -> Line:
    pieces = _INLINE.split(payload)
    timed = len(pieces) > 1
    found = [(start, plain(pieces[0]))]
    for clock, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        hours, minutes, rest = ("0:" + clock).rsplit(":", 2)
        seconds, fraction = rest.split(".")
        found.append((_seconds(hours.rpartition(":")[2], minutes, seconds, fraction), plain(piece)))
    return Line(spoken(found, timed=timed), timed)


def _unrolled(cues: list[Cue]) -> Iterator[Word]:
    """The words of the cues, each once: a line that stays on screen while the next one comes is not said again."""
    rolling = _rolls(cues)
    shown: tuple[Line, ...] = ()
    end = -1.0
    for cue in cues:
        lines = cue.said
        held = _held(cue, shown, cue.start - end) if rolling else 0
        for line in lines[held:]:
            yield from line.words
        if lines:
            shown = lines
        end = max(end, cue.end)


def _held(cue: Cue, shown: tuple[Line, ...], gap: float) -> int:
    """How many first lines were on screen before: never one with word times, nor one below an empty line."""
    lines = cue.said
    if not lines or (not cue.lines[0].words and cue.lines[-1].words):
        return 0
    untimed = next((i for i, line in enumerate(lines) if line.timed), len(lines))
    for count in range(min(untimed, len(shown)), 0, -1):
        if [a.text for a in lines[:count]] == [b.text for b in shown[-count:]]:
            return 0 if count == len(lines) and gap > _GAP_SECONDS else count
    return 0


def _rolls(cues: list[Cue]) -> bool:
    """Lines stay while the next one comes: a 10-ms cue holds one, a finished line loses its times, or most come twice."""
    full = [cue for cue in cues if cue.said]
    twice = pairs = 0
    for a, b in zip(full, full[1:], strict=False):
        same = b.said[0].text == a.said[-1].text and b.start - a.end <= _GAP_SECONDS
        if (
            same
            and not b.said[0].timed
            and (b.end - b.start <= _HOLD_SECONDS or (a.said[-1].timed and len(b.said) > 1))
        ):
            return True
        pairs += 1
        twice += same and len(b.said) > 1
    return pairs > 2 and twice > 0.5 * pairs
