"""Captions and subtitles (json3, srv3, WebVTT, SRT, SBV) and recognised speech → sentences that keep their second.

Source: W3C WebVTT; YouTube's json3 and srv3 as yt-dlp saves them. No word is changed, added or repeated; only
sound tags and speaker marks go.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from lxml import etree

from factory.errors import Damaged, Empty, NoText, TooLarge
from factory.readers.sentences import Word, sentences
from factory.record import Hints, Paragraph, Parsed, language_code

# The captions of a whole day of speech are some 5 MB in the wordiest format (json3).
MAX_BYTES = 32 * 2**20
_TIME = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})[.,](\d{3})")
_TIMING = re.compile(rf"^\s*({_TIME.pattern})\s*-->\s*({_TIME.pattern})")
_SBV = re.compile(rf"^({_TIME.pattern}),({_TIME.pattern})\s*$")
_INLINE = re.compile(rf"<({_TIME.pattern})>")
_TAG = re.compile(r"</?[^<>]*>|\{\\[^}]*\}")
_SOUND = re.compile(
    r"\[[^\[\]\d]{2,40}\]|\((?:m[úu]sica|risas|aplausos|music|laughter|applause)[^()]{0,20}\)|[♪♫♬]+|>>+", re.IGNORECASE
)
# yt-dlp's name for what lies before the first chapter that has one.
_UNTITLED = re.compile(r"<Untitled Chapter \d+>")
# A cue of YouTube's rolling captions that only holds the finished line on screen lasts 10 ms.
_HOLD_SECONDS = 0.02
# A line alone on screen that comes back after a gap is said again, not held.
_GAP_SECONDS = 0.5


class Line(NamedTuple):
    """One line of a cue: its words, and whether they carry their own times."""

    words: tuple[Word, ...]
    timed: bool

    @property
    def text(self) -> str:
        return " ".join(w.text for w in self.words)


class Cue(NamedTuple):
    start: float
    end: float
    lines: tuple[Line, ...]


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """One transcript, a paragraph a sentence, each with `start_seconds`; chapters are headings.

    Raises Empty, TooLarge, Damaged, NoText.
    """
    if not data.strip():
        raise Empty("the file has no bytes")
    if len(data) > MAX_BYTES:
        raise TooLarge(f"captions of {len(data):,} bytes")
    text = _decode(data)
    language, words = _words(text)
    kept, removed = _without_sounds(words)
    if not kept:
        raise NoText("the captions hold no words")
    paragraphs = [p for title, part in _by_chapter(kept, hints.chapters) for p in _paragraphs(title, part)]
    found = language or _language_of_name(hints.name)
    yield Parsed(paragraphs, language=found, removed={"sound_tag": removed} if removed else {})


def _by_chapter(words: list[Word], chapters: Iterable[tuple[float, str]]) -> Iterator[tuple[Word | None, list[Word]]]:
    """The words of each chapter under its title, those before the first one under none; every word once, in order."""
    marks = sorted((float(at), " ".join(title.split())) for at, title in chapters)
    marks = [(at, title) for at, title in marks if title and not _UNTITLED.fullmatch(title)]
    title: Word | None = None
    part: list[Word] = []
    for word in words:
        while marks and word.start >= marks[0][0]:
            if part:
                yield title, part
            title, part = Word(marks[0][0], marks[0][1], timed=True), []
            marks.pop(0)
        part.append(word)
    if part:
        yield title, part


def _paragraphs(title: Word | None, words: list[Word]) -> Iterator[Paragraph]:
    heading = title.text if title else None
    if title:
        yield Paragraph(title.text, "heading", start_seconds=round(title.start, 2))
    for group, continues in sentences(words):
        text = " ".join(w.text for w in group)
        yield Paragraph(text, start_seconds=round(group[0].start, 2), heading=heading, continues=continues)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _language_of_name(name: str) -> str | None:
    code = re.search(r"\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.(?:vtt|srt|sbv|json3|srv3)$", name)
    return language_code(code.group(1)) if code else None


def _words(text: str) -> tuple[str | None, list[Word]]:
    start = text.lstrip()
    if start.startswith('{"speech"'):
        return _recognised(start)
    if start.startswith(("{", "[")):
        return None, _json3(start)
    if start.startswith("<"):
        return None, _srv3(start)
    header = re.search(r"(?m)^Language:\s*([\w-]+)", text[:2000]) if start.startswith("WEBVTT") else None
    cues = list(_cues(text))
    if not cues:
        raise Damaged("no line with a start and an end time")
    return language_code(header.group(1)) if header else None, list(_unrolled(cues))


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Damaged(f"not whole JSON: {error}") from error


def _recognised(text: str) -> tuple[str | None, list[Word]]:
    """What `factory.speech` wrote: the language it heard, and the words with their times."""
    table = _loaded(text)
    try:
        words = [Word(float(start), str(word), timed=True) for start, _, word in table["words"]]
        return language_code(table["speech"]["language"]), words
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"not a transcript as the factory writes it ({error!r})") from error


def _json3(text: str) -> list[Word]:
    table = _loaded(text)
    events = table.get("events") if isinstance(table, dict) else None
    if not isinstance(events, list):
        raise Damaged("JSON without events")
    found: list[Word] = []
    for event in events:
        segments = event.get("segs") if isinstance(event, dict) else None
        if not isinstance(segments, list) or not isinstance(event.get("tStartMs"), int):
            continue
        timed = any(isinstance(s, dict) and s.get("tOffsetMs") for s in segments)
        for segment in segments:
            if isinstance(segment, dict) and isinstance(segment.get("utf8"), str):
                at = (event["tStartMs"] + int(segment.get("tOffsetMs") or 0)) / 1000
                found += _split(segment["utf8"], at, timed)
    return found


def _srv3(text: str) -> list[Word]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Damaged(f"not XML: {error}") from error
    if root is None:
        raise Damaged("not XML")
    found: list[Word] = []
    for p in root.iter("p", "text"):
        start = _milliseconds(p.get("t")) if p.tag == "p" else _milliseconds(p.get("start"), 1000)
        pieces = [(0.0, p.text or "")]
        timed = False
        for s in p.iter("s"):
            offset = _milliseconds(s.get("t"))
            timed = timed or offset > 0
            pieces += [(offset, s.text or ""), (offset, (s.tail or ""))]
        for offset, piece in pieces:
            found += _split(html.unescape(piece), start + offset, timed)
    return found


def _milliseconds(value: str | None, factor: float = 1) -> float:
    try:
        return float(value or 0) * factor / 1000
    except ValueError:
        return 0.0


def _split(text: str, at: float, timed: bool) -> list[Word]:
    return [Word(round(at, 3), w, timed) for w in _TAG.sub("", text).split()]


def _seconds(match: re.Match[str], first: int) -> float:
    hours, minutes, seconds, milliseconds = match.groups()[first : first + 4]
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds) + int(milliseconds) / 1000


def _cues(text: str) -> Iterator[Cue]:
    """The cues of VTT, SRT or SBV; a block whose times are broken is left out."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        timing = _TIMING.match(lines[at]) or _SBV.match(lines[at])
        at += 1
        if not timing:
            continue
        start, end = _seconds(timing, 1), _seconds(timing, 6)
        payload = []
        while at < len(lines) and lines[at] != "" and not _TIMING.match(lines[at]):
            payload.append(lines[at])
            at += 1
        yield Cue(start, end, tuple(line for line in (_line(p, start) for p in payload) if line.words))


def _line(payload: str, start: float) -> Line:
    pieces = _INLINE.split(payload)
    words = _split(html.unescape(pieces[0]), start, len(pieces) > 1)
    for i in range(1, len(pieces), 6):
        at = _INLINE.match(f"<{pieces[i]}>")
        words += _split(html.unescape(pieces[i + 5]), _seconds(at, 1) if at else start, timed=True)
    return Line(tuple(words), len(pieces) > 1)


def _unrolled(cues: list[Cue]) -> Iterator[Word]:
    """The words of the cues, each once: a line that stays on screen while the next one comes is not said again."""
    rolling = any(line.timed for cue in cues for line in cue.lines) or _rolls(cues)
    shown: tuple[str, ...] = ()
    end = -1.0
    for cue in cues:
        lines = cue.lines
        fresh = _repeated(lines, shown) if rolling else 0
        if fresh == len(lines) and cue.start - end > _GAP_SECONDS:
            fresh = 0
        if not (rolling and cue.end - cue.start <= _HOLD_SECONDS and fresh == 0 and shown):
            for line in lines[fresh:]:
                yield from line.words
        if lines:
            shown = tuple(line.text for line in lines)
        end = max(end, cue.end)


def _repeated(lines: tuple[Line, ...], shown: tuple[str, ...]) -> int:
    """How many first lines were on screen before: never one that carries word times."""
    untimed = next((i for i, line in enumerate(lines) if line.timed), len(lines))
    for count in range(min(untimed, len(shown)), 0, -1):
        if tuple(line.text for line in lines[:count]) == shown[-count:]:
            return count
    return 0


def _rolls(cues: list[Cue]) -> bool:
    """Most cues begin with the line that the one before ended with."""
    pairs = [(a, b) for a, b in itertools.pairwise(cues) if a.lines and b.lines]
    same = sum(1 for a, b in pairs if len(b.lines) > 1 and b.lines[0].text == a.lines[-1].text)
    return len(pairs) > 2 and same > 0.5 * len(pairs)


def _without_sounds(words: list[Word]) -> tuple[list[Word], int]:
    """The words without tags such as [Música], and how many characters went."""
    text = " ".join(w.text for w in words)
    removed = 0
    keep = bytearray(b"\x01" * len(text))
    for sound in _SOUND.finditer(text):
        keep[sound.start() : sound.end()] = bytes(sound.end() - sound.start())
        removed += sound.end() - sound.start()
    kept: list[Word] = []
    at = 0
    for word in words:
        rest = "".join(c for c, k in zip(word.text, keep[at : at + len(word.text)], strict=True) if k)
        if rest:
            kept.append(word._replace(text=rest))
        at += len(word.text) + 1
    return kept, removed
