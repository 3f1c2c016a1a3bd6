"""Plain text and Markdown → one Document with headings, lists, tables, notes and references in their roles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from factory.errors import Empty, Mislabelled, NoText, TooLarge, WrongCharset
from factory.record import Hints, Paragraph, Parsed, Role, language_code

# The longest books are some 5 MB of plain text.
MAX_BYTES = 64 * 2**20
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_LIST = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+\S")
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_TABLE = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$")
_NOTE = re.compile(r"^\[\^[^\]]+\]:\s*")
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.DOTALL)
REFERENCES = re.compile(
    r"^\W*(?:\d+[.)]?\s*)?(?:bibliograf[íi]a|referencias(?: bibliogr[áa]ficas)?|references|bibliography"
    r"|literatura citada)\W*$",
    re.IGNORECASE,
)
_INLINE = (
    (re.compile(r"!\[[^\]]*\]\([^)]*\)"), ""),
    (re.compile(r"\[([^\]]+)\]\([^)\s]+(?:\s+\"[^\"]*\")?\)"), r"\1"),
    (re.compile(r"\[\^[^\]]+\]"), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)_(?=\S)([^_\n]+?)(?<=\S)_(?!\w)"), r"\1"),
    (re.compile(r"`([^`\n]+)`"), r"\1"),
)


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """One Document of a text or Markdown file.

    Raises Empty, TooLarge, Mislabelled (binary), WrongCharset, NoText.
    """
    if not data.strip():
        raise Empty("the file has no bytes")
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a text of {len(data):,} bytes")
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    facts: dict[str, str] = {}
    front = _FRONT.match(text)
    if front:
        facts = _facts(front.group(1))
        text = text[front.end() :]
    writer = _Writer(markdown=_is_markdown(text, hints.name), paged="\f" in text)
    for number, page in enumerate(text.split("\f"), 1):
        writer.page = number if writer.paged else None
        for block in _blocks(page):
            writer.block(block)
    if not any(p.role in ("body", "table") for p in writer.found):
        raise NoText("the file holds no paragraph")
    title = facts.get("title") or next((p.text for p in writer.found if p.role == "heading"), None)
    licence = facts.get("licence") or facts.get("license")
    yield Parsed(
        writer.found,
        title=title,
        author=facts.get("author"),
        date=facts.get("date"),
        url=facts.get("url"),
        language=language_code(facts["language"]) if facts.get("language") else None,
        licence=licence,
        licence_evidence=f"front matter: licence: {licence}" if licence else None,
        identifier=facts.get("doi") or facts.get("isbn"),
    )


def decode(data: bytes) -> str:
    """The text: UTF-8 or UTF-16 by mark, UTF-8 if it is, else Windows-1252 if that reads like text.

    Raises Mislabelled for binary bytes, WrongCharset where neither reads.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise WrongCharset("marked as UTF-16, but is not") from error
    if data[:8192].count(b"\0"):
        raise Mislabelled("binary bytes, not a text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    strange = sum(1 for c in text if c == "�" or (unicodedata.category(c) == "Cc" and c not in "\n\r\t\f"))
    letters = sum(1 for c in text if c.isascii() and c.isalpha())
    if strange > 0.01 * len(text) or letters < 0.4 * len(text):
        raise WrongCharset("neither UTF-8 nor Windows-1252 reads as text")
    return text


def _facts(front: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in front.splitlines())
    return {key.strip().lower(): value.strip().strip("\"'") for key, colon, value in pairs if colon and value.strip()}


def _is_markdown(text: str, name: str) -> bool:
    return name.lower().endswith((".md", ".markdown")) or re.search(r"(?m)^#{1,6} \S", text) is not None


def _blocks(page: str) -> Iterator[list[str]]:
    """Lines between blank lines; where lines are long, each is a paragraph of its own."""
    lines = page.split("\n")
    full = [line for line in lines if line.strip()]
    # Hard-wrapped texts break near 70–80 columns; a file whose long lines pass 200 is one paragraph a line.
    one_a_line = bool(full) and sum(len(line) > 200 for line in full) >= 0.2 * len(full)
    block: list[str] = []
    for line in lines:
        if not line.strip():
            if block:
                yield block
            block = []
        elif one_a_line and not _TABLE.match(line):
            if block:
                yield block
            yield [line]
            block = []
        else:
            block.append(line)
    if block:
        yield block


@dataclass(slots=True)
class _Writer:
    """Collects paragraphs, keeping the headings above each."""

    markdown: bool
    paged: bool
    page: int | None = None
    found: list[Paragraph] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    references: int = 0
    fenced: bool = False

    def block(self, lines: list[str]) -> None:
        if all(_TABLE.match(line) for line in lines) and len(lines) > 1:
            self.add("\n".join(line.strip() for line in lines), "table")
            return
        part: list[str] = []
        for line in lines:
            heading = _HEADING.match(line) if self.markdown and not self.fenced else None
            if _FENCE.match(line) and self.markdown:
                self.fenced = not self.fenced
            elif heading:
                self.flush(part)
                self.heading(len(heading.group(1)), self.plain(heading.group(2)))
            elif _LIST.match(line) and not self.fenced:
                self.flush(part)
                part.append(line)
            elif not (_RULE.match(line) and self.markdown):
                part.append(line)
        self.flush(part)

    def flush(self, part: list[str]) -> None:
        text = " ".join(line.strip() for line in part)
        part.clear()
        if not self.markdown and REFERENCES.match(text):
            self.heading(1, text)
            return
        note = _NOTE.match(text)
        self.add(self.plain(text[note.end() :] if note else text), "footnote" if note else "body")

    def plain(self, text: str) -> str:
        if self.markdown:
            for pattern, with_what in _INLINE:
                text = pattern.sub(with_what, text)
        return re.sub(r"\s+", " ", text).strip()

    def heading(self, level: int, text: str) -> None:
        self.headings = [*(h for h in self.headings if h[0] < level), (level, text)]
        if self.references and level <= self.references:
            self.references = 0
        if REFERENCES.match(text):
            self.references = level
        path = " › ".join(h[1] for h in self.headings[:-1])
        self.found.append(Paragraph(text, "heading", self.page, None, path or None))

    def add(self, text: str, role: Role) -> None:
        if text:
            path = " › ".join(h[1] for h in self.headings)
            self.found.append(
                Paragraph(
                    text, "reference" if self.references and role == "body" else role, self.page, None, path or None
                )
            )
