"""Captions, books and the damaged PDF of samples/, made from the plain texts beside this script.

Run `python samples/make_samples.py` (needs reportlab); the same texts give the same bytes.
"""

from __future__ import annotations

import json
import random
import re
import string
from pathlib import Path

from book_layout import Book, lay_out

HERE = Path(__file__).parent

# Reading aloud: some 150 words a minute, long words longer.
BASE_MS, LETTER_MS = 140, 45
# YouTube breaks its rolling captions near this width.
LINE_CHARACTERS = 42
HOLD_MS = 10
FIRST_WORD_MS = 1200

BOOKS = (
    Book("medicina-basica", columns=1, page=(453.0, 680.0), chapter_on_new_page=True),
    Book("plantas-medicinales", columns=2, page=(440.0, 620.0), chapter_on_new_page=False),
)
FORMATS = {
    "eucalipto-contraindicaciones": "vtt",
    "ginkgo-interacciones": "json3",
    "hinojo-preparacion": "json3",
    "regaliz-dosis": "vtt",
    "tomillo-uso-tradicional": "vtt",
}

Line = list[tuple[str, int, int]]


def timed_lines(text: str) -> list[Line]:
    """The words as caption lines of (word, start, end) in milliseconds."""
    lines: list[Line] = [[]]
    now = FIRST_WORD_MS
    for word in text.split():
        if sum(len(w) + 1 for w, _, _ in lines[-1]) + len(word) > LINE_CHARACTERS:
            lines.append([])
            now += HOLD_MS
        end = now + BASE_MS + LETTER_MS * len(word)
        lines[-1].append((word, now, end))
        now = end
    return lines


def stamp(ms: int) -> str:
    """HH:MM:SS.mmm"""
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def vtt(text: str) -> str:
    """Rolling captions: each line is spoken under the finished one, then held for 10 ms."""
    out = ["WEBVTT\nKind: captions\nLanguage: es\n"]

    def cue(start: int, end: int, upper: str, lower: str) -> None:
        out.append(f"{stamp(start)} --> {stamp(end)} align:start position:0%\n{upper}\n{lower}\n")

    above = "[Música]"
    cue(0, FIRST_WORD_MS - HOLD_MS, " ", above)
    cue(FIRST_WORD_MS - HOLD_MS, FIRST_WORD_MS, above, " ")
    for line in timed_lines(text):
        spoken = line[0][0] + "".join(f"<{stamp(start)}><c> {word}</c>" for word, start, _ in line[1:])
        end = line[-1][2]
        cue(line[0][1], end, above, spoken)
        above = " ".join(word for word, _, _ in line)
        cue(end, end + HOLD_MS, above, " ")
    return "\n".join(out)


def json3(text: str) -> str:
    """The same captions as YouTube's json3: an event a line, a segment a word."""
    lines = timed_lines(text)
    ends = [line[-1][2] for line in lines]
    window = {"tStartMs": 0, "dDurationMs": ends[-1], "id": 1, "wpWinPosId": 1, "wsWinStyleId": 1}
    music = {"tStartMs": 0, "dDurationMs": FIRST_WORD_MS - HOLD_MS, "wWinId": 1, "segs": [{"utf8": "[Música]"}]}
    events: list[dict[str, object]] = [dict(window), dict(music)]
    for number, line in enumerate(lines):
        start = line[0][1]
        if number:
            turn = {"tStartMs": start - HOLD_MS, "dDurationMs": ends[number] - start + HOLD_MS, "wWinId": 1}
            events.append({**turn, "aAppend": 1, "segs": [{"utf8": "\n"}]})
        segments: list[dict[str, object]] = [{"utf8": line[0][0], "acAsrConf": 0}]
        segments += [{"utf8": f" {word}", "tOffsetMs": at - start, "acAsrConf": 0} for word, at, _ in line[1:]]
        shown = ends[min(number + 1, len(ends) - 1)] - start
        events.append({"tStartMs": start, "dDurationMs": shown, "wWinId": 1, "segs": segments})
    head = {"wireMagic": "pb3", "pens": [{}], "wsWinStyles": [{}], "wpWinPositions": [{}]}
    return json.dumps({**head, "events": events}, ensure_ascii=False)


def damaged_pdf() -> bytes:
    """A PDF's first line and 1,500 characters that are no PDF."""
    printable = string.ascii_letters + string.digits + string.punctuation + " \n"
    return b"%PDF-1.4\n" + "".join(random.Random(4).choices(printable, k=1500)).encode("ascii")


def main() -> None:
    (HERE / "transcripts").mkdir(exist_ok=True)
    for name, form in FORMATS.items():
        text = re.sub(r"\s+", " ", (HERE / f"speech/{name}.txt").read_text("utf-8")).strip()
        made = vtt(text) if form == "vtt" else json3(text)
        (HERE / f"transcripts/{name}.es.{form}").write_text(made, "utf-8")
    for book in BOOKS:
        source = (HERE / f"books/{book.name}.md").read_text("utf-8")
        (HERE / f"books/{book.name}.pdf").write_bytes(lay_out(book, source))
    (HERE / "trouble/danado.pdf").write_bytes(damaged_pdf())


if __name__ == "__main__":
    main()
