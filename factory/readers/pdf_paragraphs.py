"""Lines in reading order become paragraphs: joined, dehyphenated, told apart by role, under their headings.

Pure: lines in, `Paragraph`s out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from factory.readers.pdf_layout import Line, Segment
from factory.record import Paragraph, Role

HEADING_SEPARATOR = " › "
# A heading is shorter than this; longer bold stretches are emphasised paragraphs.
HEADING_CHARACTERS = 200
# Type this much larger than the body's is a heading's: the smallest step in use is 11 over 10 points.
HEADING_STEP = 1.08
# Footnotes are set at least this much smaller than the body: 8 under 9 points is the smallest step in use.
SMALL = 0.92

_END = re.compile(r"[.!?:;…。؟][\"'»”’)\]]*(?:\[?[\d,–-]+\]?)?$")
_BULLET = re.compile(r"^\s*(?:[•▪■□◦●○‣⁃∙◆◇➢➤✓❖\uf0b7\uf0a7]|[-–—*]\s)")
_ITEM = re.compile(r"^\s*(?:\(?\d{1,3}[.)\]]|\[\d{1,3}\]|\(?[a-zA-Z][.)])\s")
_CAPTION = re.compile(r"^(?:tabla|cuadro|figura|fig\.|gráfico|table|figure|quadro|tabela|tabelle)\s*\d", re.IGNORECASE)
_REFERENCES = re.compile(
    r"^[\W\d]*(?:bibliograf[ií]a|(?:lista de )?referencias?(?: bibliogr[aá]ficas?| citadas)?"
    r"|referências(?: bibliográficas)?"
    r"|references?(?: cited)?|literature cited|bibliography|literatura citada|obras citadas)[\W]*$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\[?(\d{1,3})[\].)]?\s+\S")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MARKER = re.compile(r"^(?:\d{1,3}|[*†‡§¶]+|[a-z]\)|\([\da-z]\))(?=[\s\w¡¿\"“«(])")
_WORD = re.compile(r"[^\W_]+(?:[-‐][^\W_]+)*")
_TAIL = re.compile(r"([^\W_]+(?:[-‐][^\W_]+)*)[-‐]$")
_HEAD = re.compile(r"[^\W_]+")
_URL = re.compile(r"(?:https?:|www\.|doi\.org|\bdoi:|@)\S*$", re.IGNORECASE)
_URL_MORE = re.compile(r"^[\w%~]*[\d/=&?_-][^\s,;]*[^\s,;.]|^[\w%~]+\.[\w]|^//")
_ACCENT = re.compile(r"([´`¨˜ˆ])\s?([aeiounAEIOUNıcC])")
_COMBINING = {"´": "\u0301", "`": "\u0300", "¨": "\u0308", "˜": "\u0303", "ˆ": "\u0302"}
_LIGATURES = str.maketrans(
    {
        "ﬀ": "ff",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬃ": "ffi",
        "ﬄ": "ffl",
        "ﬅ": "ft",
        "ﬆ": "st",
        "\xad": "",
        "\u200b": "",
        "\xa0": " ",
    }
)


@dataclass(slots=True, eq=False)
class _Block:
    """Lines of one paragraph, and the column its last line stands in."""

    page: int
    lines: list[Line]
    right: float
    size: int = 0
    bold: bool = False
    role: Role = "body"
    text: str = ""
    heading: str | None = None
    left: float = 0.0
    spaced: bool = field(default=True)


def body_size(lines: Iterable[Line]) -> float:
    """The type size most letters are set in, in points."""
    letters: Counter[float] = Counter()
    for line in lines:
        letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 10.0


def paragraphs(segments: Sequence[Segment], body: float, outline: Iterable[str] = ()) -> list[Paragraph]:
    """The document's paragraphs in reading order, each with role, page and heading path."""
    _widen(segments)
    blocks = _blocks(segments, body)
    vocabulary = _vocabulary(segments)
    for block in blocks:
        block.text = block.lines[0].table or _text(block.lines, vocabulary)
    _mark_footnotes(blocks, body)
    _mark_headings(blocks, body, {_plain(title) for title in outline})
    _mark_references(blocks)
    return [Paragraph(b.text, b.role, b.page, None, b.heading) for b in blocks if b.text]


# ---------------------------------------------------------------- lines to blocks


def _widen(segments: Sequence[Segment]) -> None:
    """A column of few short lines gets the right edge that full columns with the same left edge have."""
    edges: Counter[tuple[int, int]] = Counter()
    for s in segments:
        if len(s.lines) >= 5:
            edges[round(s.left), round(s.right)] += 1
    for s in segments:
        if len(s.lines) < 5:
            wider = [right for left, right in edges if abs(left - s.left) < 12 and right >= s.right - 2]
            s.right = max(s.right, min(wider, default=0))


def _pitches(segments: Sequence[Segment], body: float) -> dict[int, float]:
    """The usual distance of baselines for each type size."""
    seen: dict[int, Counter[int]] = {}
    for s in segments:
        before = s.lines[0]
        for line in s.lines[1:]:
            if before.size - 0.3 < line.size < before.size + 0.3:
                gap = round((line.base - before.base) * 2)
                if gap > 0:
                    seen.setdefault(round(line.size * 2), Counter())[gap] += 1
            before = line
    usual = {size: counts.most_common(1)[0][0] / 2 for size, counts in seen.items()}
    leading = min(usual.get(round(body * 2), body * 1.2) / body, 2.2)
    # Most headings stand alone, so that their usual distance is one between paragraphs: hence the limit.
    return {size: min(pitch, size / 2 * leading * 1.05) for size, pitch in usual.items()}


def _blocks(segments: Sequence[Segment], body: float) -> list[_Block]:
    pitches = _pitches(segments, body)
    out: list[_Block] = []
    for s in segments:
        before: Line | None = None
        current: _Block | None = None
        for line in s.lines:
            if before is None:
                current = _continued(out, line, s, body)
            elif _breaks(before, line, s, pitches, body):
                current = None
            if current is None:
                current = _Block(s.page, [line], s.right, round(line.size * 2), line.bold, left=s.left)
                out.append(current)
            else:
                current.lines.append(line)
                current.right, current.left = s.right, s.left
            before = line
    return out


def _breaks(before: Line, line: Line, s: Segment, pitches: dict[int, float], body: float) -> bool:
    """A new paragraph begins at `line`."""
    if before.table or line.table:
        return True
    gap = line.base - before.base
    size = max(before.size, line.size)
    if abs(before.size - line.size) > 0.08 * size + 0.2:
        return True
    pitch = pitches.get(round(before.size * 2), before.size * 1.2)
    if gap > pitch * 1.18 + 0.8 or gap < 0:
        return True
    if before.bold != line.bold:
        return True
    first = line.text[:1]
    if first in "•▪■□◦●○‣⁃➢➤✓❖\uf0b7\uf0a7" or (_BULLET.match(line.text) is not None and _END.search(before.text)):
        return True
    if before.text[-1:] in "-‐\xad":
        return False
    if size > body * 1.3 or (size > body * HEADING_STEP and abs(line.x0 - before.x0) > 1):
        return False
    word = len(line.text.split(" ", 1)[0]) + 1
    letter = (line.x1 - line.x0) / max(len(line.text), 1)
    if s.right - before.x1 > word * letter + 0.6 * size:
        return True
    ended = _END.search(before.text) is not None
    if ended and _ITEM.match(line.text):
        return True
    # A first-line indent; a hanging indent looks the same but its first line does not end a sentence.
    indent = line.x0 - before.x0
    return ended and (0.7 * size < indent < 6 * size) and first.isupper() and before.x0 < s.left + 0.7 * size


def _continued(out: list[_Block], line: Line, s: Segment, body: float) -> _Block | None:
    """The paragraph, cut by the end of a column or page, that `line` goes on with."""
    if line.table or line.size > body * HEADING_STEP:
        return None
    lower = line.text.lstrip("(«“\"'¿¡")[:1].islower()
    for block in reversed(out[-6:]):
        last = block.lines[-1]
        if last.table or abs(last.size - line.size) > 0.6 or block.bold != line.bold:
            continue
        if s.page - block.page > 2 or _BULLET.match(line.text):
            return None
        if last.text[-1] in "-‐\xad" and last.text[-2:-1].isalpha():
            return block
        if _CAPTION.match(block.lines[0].text):
            continue
        word = 0 if lower else (len(line.text.split(" ", 1)[0]) + 1) * (line.x1 - line.x0) / len(line.text)
        room = 0.25 * (block.right - block.left) if lower else word + 0.6 * line.size
        if _END.search(last.text) or block.right - last.x1 > room:
            return None
        if lower:
            return block
        indented = line.x0 > s.left + 0.7 * line.size
        return None if indented or block.bold or block is not out[-1] or _CAPTION.match(line.text) else block
    return None


# ---------------------------------------------------------------- lines to text


def _vocabulary(segments: Sequence[Segment]) -> set[str]:
    """Every word of the document as it stands inside a line; halves of broken words are not words."""
    words: set[str] = set()
    for s in segments:
        for line in s.lines:
            text = line.text
            if text[-1] in "-‐\xad":
                text = text[: text.rfind(" ") + 1]
            words.update(_WORD.findall(text.lower()))
    return words


def _text(lines: Sequence[Line], vocabulary: set[str]) -> str:
    if len(lines) == 1:
        return clean(lines[0].text)
    parts = [lines[0].text]
    for line in lines[1:]:
        kept, glue = _seam(parts[-1], line.text, vocabulary)
        if not kept:
            parts[-1] = parts[-1][:-1]
        if glue:
            parts.append(glue)
        parts.append(line.text)
    return clean("".join(parts))


def join(left: str, right: str, vocabulary: set[str]) -> str:
    """Two lines as one; a word broken between them is whole again, with its hyphen only if it has one.

    `vocabulary` holds the document's words in lower case.
    """
    kept, glue = _seam(left, right, vocabulary)
    return (left if kept else left[:-1]) + glue + right


def _seam(left: str, right: str, vocabulary: set[str]) -> tuple[bool, str]:
    """Whether the last character of `left` stays, and what stands between the two."""
    last = left[-1]
    if last == "\xad":
        return False, ""
    if last in "-‐":
        word = left[left.rfind(" ") + 1 :]
        tail = _TAIL.search(word) if len(word) < 60 else None
        if tail is None:
            return True, "" if _URL.search(word) else " "
        if _URL.search(word) or not right[0].isalnum():
            return True, ""
        return _keeps_hyphen(tail.group(1), right, vocabulary), ""
    if last in "/_=&?.~:" or right[0].islower():
        word = left[left.rfind(" ") + 1 :]
        if len(word) > 5 and _URL.search(word) and (last not in ",;:)" or right[:2] == "//") and _URL_MORE.match(right):
            return True, ""
    if right[0] in "-‐" and last.isalpha() and right[1:2].isalpha():
        return True, ""
    return True, " "


def _keeps_hyphen(tail: str, right: str, vocabulary: set[str]) -> bool:
    """The hyphen belongs to the word (`médico-quirúrgico`), not to the end of the line."""
    match = _WORD.match(right)
    head = match.group() if match else right
    joined, hyphened = (tail + head).lower(), f"{tail}-{head}".lower()
    if joined in vocabulary or (tail + head.split("-")[0]).lower() in vocabulary:
        return False
    if hyphened in vocabulary:
        return True
    if head[0].isdigit() or head[0].isupper() or tail[-1].isdigit():
        return True
    if len(tail) > 1 and tail.isupper():
        return True
    a, b = tail.lower(), head.lower()
    return a[-1] == "o" and len(a) > 4 and len(b) > 4 and a in vocabulary and b in vocabulary


def clean(text: str) -> str:
    """No ligatures, soft hyphens, split accents (`´ o`), control characters or double spaces."""
    text = text.translate(_LIGATURES)
    if "´" in text or "˜" in text or "¨" in text:
        text = _ACCENT.sub(lambda m: ("i" if m[2] == "ı" else m[2]) + _COMBINING[m[1]], text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text if c != "\ufffd")
    return " ".join(text.split())


# ---------------------------------------------------------------- roles and headings


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


def _mark_footnotes(blocks: Sequence[_Block], body: float) -> None:
    """Small type below the last body line of a page is a footnote where it begins with a mark."""
    by_page: dict[int, list[_Block]] = {}
    for b in blocks:
        by_page.setdefault(b.page, []).append(b)
    for there in by_page.values():
        floor = max(
            (b.lines[0].base for b in there if b.size >= body * 2 * SMALL and not b.lines[0].table), default=None
        )
        if floor is None:
            continue
        small = [b for b in there if b.size < body * 2 * SMALL and b.lines[0].base > floor - body * 20]
        marked = False
        for b in sorted(small, key=lambda b: b.lines[0].base):
            marked = marked or (_MARKER.match(b.text) is not None and not _CAPTION.match(b.text))
            if marked and b.role == "body" and not b.lines[0].table:
                b.role = "footnote"


def _mark_headings(blocks: Sequence[_Block], body: float, outline: set[str]) -> None:
    """Headings have their role; what stands below them has the path."""
    path: list[tuple[tuple[int, bool, bool], str]] = []
    for b in blocks:
        if b.lines[0].table:
            b.role = "table"
        elif b.role == "body" and _is_heading(b, body, outline):
            b.role = "heading"
            rank = (b.size if b.size > body * 2 * HEADING_STEP else round(body * 2), b.bold, b.text.isupper())
            while path and path[-1][0] <= rank:
                path.pop()
            b.heading = HEADING_SEPARATOR.join(text for _, text in path) or None
            path.append((rank, b.text))
            continue
        b.heading = HEADING_SEPARATOR.join(text for _, text in path) or None


def _is_heading(b: _Block, body: float, outline: set[str]) -> bool:
    text = b.text
    if len(text) > HEADING_CHARACTERS:
        return False
    letters = sum(map(str.isalpha, text))
    if letters < 3 or letters * 2 < len(text) or _CAPTION.match(text):
        return False
    if b.size > body * 2 * HEADING_STEP:
        return True
    if text[-1] in ".,;" or _BULLET.match(text) is not None:
        return False
    plain = _plain(text)
    if plain in outline and len(plain) > 3:
        return True
    if b.size < body * 2 * SMALL:
        return False
    return len(text) < 120 and (
        b.bold or (text.isupper() and letters > 5 and len(text) < 80) or _REFERENCES.match(text) is not None
    )


def _mark_references(blocks: Sequence[_Block]) -> None:
    """Entries under `Bibliografía`, and numbered lists of works, have role reference."""
    inside = False
    for b in blocks:
        if b.role == "heading":
            inside = _REFERENCES.match(b.text) is not None
        elif inside and b.role in ("body", "footnote"):
            b.role = "reference"
    run: list[_Block] = []
    for b in blocks:
        number = _NUMBERED.match(b.text) if b.role == "body" else None
        if number and _YEAR.search(b.text) and (not run or int(number[1]) == _number(run[-1]) + 1):
            run.append(b)
            continue
        _close(run)
        run = [b] if number and _YEAR.search(b.text) else []
    _close(run)


def _number(b: _Block) -> int:
    match = _NUMBERED.match(b.text)
    return int(match[1]) if match else 0


def _close(run: Sequence[_Block]) -> None:
    """Five numbered paragraphs in a row, each with a year, are a list of works."""
    if len(run) >= 5:
        for b in run:
            b.role = "reference"
