"""What a Document carries: typed metadata, ids, spans, languages, splits.

The record itself is datatrove's `Document`; its `metadata` is a `Metadata`. Nothing here imports
datatrove, so readers and the command line can use it for free.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypedDict, get_args

Role = Literal["body", "heading", "table", "footnote", "reference", "boilerplate"]
Tradition = Literal["conventional", "natural", "traditional", "alternative", "mixed"]
Kind = Literal["youtube", "article", "pdf", "jats", "epub", "dataset", "text"]
Split = Literal["train", "validation", "eval"]

ROLES: tuple[Role, ...] = get_args(Role)
TRADITIONS: tuple[Tradition, ...] = get_args(Tradition)
KINDS: tuple[Kind, ...] = get_args(Kind)

PARAGRAPH_BREAK = "\n\n"
SENTENCE_BREAK = " "

# ISO 639-1 (or -3 where it has none) -> (ISO 639-3, NLLB/FLORES code).
LANGUAGES: dict[str, tuple[str, str]] = {
    "ar": ("arb", "arb_Arab"),
    "ast": ("ast", "ast_Latn"),
    "ca": ("cat", "cat_Latn"),
    "de": ("deu", "deu_Latn"),
    "en": ("eng", "eng_Latn"),
    "es": ("spa", "spa_Latn"),
    "eu": ("eus", "eus_Latn"),
    "fr": ("fra", "fra_Latn"),
    "gl": ("glg", "glg_Latn"),
    "gn": ("gug", "gug_Latn"),
    "he": ("heb", "heb_Hebr"),
    "it": ("ita", "ita_Latn"),
    "la": ("lat", "lat_Latn"),
    "pt": ("por", "por_Latn"),
    "qu": ("quy", "quy_Latn"),
    "ro": ("ron", "ron_Latn"),
    "zh": ("cmn", "cmn_Hans"),
}
_LANGUAGE_NAMES = {name: code for code, names in LANGUAGES.items() for name in (code, *names)}


def language_code(name: str) -> str:
    """The one code for a language, from any library's spelling: `spa`, `spa_Latn`, `es-419` → `es`."""
    folded = name.strip().replace("-", "_")
    if folded in _LANGUAGE_NAMES:
        return _LANGUAGE_NAMES[folded]
    head = folded.split("_")[0].lower()
    return _LANGUAGE_NAMES.get(head, head)


class Span(TypedDict):
    """A paragraph of the text: `text[start:end]`, its role and where it stands in the source.

    Units: `start`, `end` in characters; `page` counts from 1; `start_seconds` from the video's start.
    `heading` is the path of headings above it, joined by ` › `.
    """

    start: int
    end: int
    role: Role
    page: int | None
    start_seconds: float | None
    heading: str | None


class Translation(TypedDict):
    """By what a text was translated, and from which text. `outputs`: may what the model writes be published."""

    engine: str
    model: str
    revision: str | None
    tier: Literal["rule_based", "model"]
    outputs: Literal["free", "restricted", "unknown"]
    source_language: str
    source_title: str | None
    source_text_sha256: str
    prompt_sha256: str | None
    glossary_sha256: str | None


class UnitRow(TypedDict):
    """A piece that was translated by itself: `source` became `target`, which is `text[start:end]` unless it is aside.

    `gate`: why it has no target. `how`: model, rules, memory (translated before) or kept (nothing to translate).
    """

    id: int
    source: str
    target: str | None
    start: int | None
    end: int | None
    page: int | None
    start_seconds: float | None
    attempts: int
    how: Literal["model", "rules", "memory", "kept"]
    gate: str | None


class Metadata(TypedDict, total=False):
    """The metadata of every text Document. Missing facts are None, never guessed."""

    doc_id: str
    work_id: str
    item_id: str
    text_sha256: str
    content_sha256: str
    spans: list[Span]
    title: str | None
    author: str | None
    date: str | None
    url: str | None
    source_id: str
    source_kind: Kind
    raw_sha256: str
    part: str
    language: str | None
    language_score: float | None
    tradition: Tradition
    specialty: str | None
    country: str | None
    licence: str
    licence_evidence: str | None
    split: Split
    removed: dict[str, int]
    notes: list[str]
    profile: str | None
    source_type: Literal["clinical"] | None
    reviewed_by: str | None
    attribution: str | None
    parallel_titles: list[str]
    topic_score: float | None
    personal: dict[str, int]
    form: str | None
    translation: Translation | None
    units: list[UnitRow]


@dataclass(slots=True)
class Paragraph:
    """One paragraph as a reader found it. The text has no line breaks, except between table rows.

    `continues`: a sentence of the paragraph before it (transcripts keep a second for each), joined by a space.
    """

    text: str
    role: Role = "body"
    page: int | None = None
    start_seconds: float | None = None
    heading: str | None = None
    continues: bool = False


@dataclass(slots=True)
class Parsed:
    """What a reader makes of raw bytes: one Document before it has an id.

    `part` names the piece of a file that holds several Documents (a row number); `removed` counts
    the characters left out on purpose, by reason; `notes` say what went wrong without costing the
    document (`page_failed:7`).
    """

    paragraphs: list[Paragraph]
    title: str | None = None
    author: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    licence: str | None = None
    licence_evidence: str | None = None
    identifier: str | None = None
    part: str = ""
    removed: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known about raw bytes before they are read: never trusted over the bytes.

    `chapters`: the second each begins at, and its title.
    """

    name: str = ""
    url: str | None = None
    language: str | None = None
    password: str | None = None
    chapters: tuple[tuple[float, str], ...] = ()


class Text(NamedTuple):
    """A text and the spans that tile it."""

    text: str
    spans: list[Span]


class Blobs(Protocol):
    """What a reader, step or fetch is handed when it must keep something."""

    def get(self, key: str) -> bytes | None: ...
    def put(self, key: str, data: bytes) -> None: ...
    def has(self, key: str) -> bool: ...


def assemble(paragraphs: Iterable[Paragraph]) -> Text:
    """Join paragraphs into one text; every paragraph keeps its span, empty ones are left out."""
    parts: list[str] = []
    spans: list[Span] = []
    at = 0
    for p in paragraphs:
        if not p.text:
            continue
        if parts:
            parts.append(SENTENCE_BREAK if p.continues else PARAGRAPH_BREAK)
            at += len(parts[-1])
        end = at + len(p.text)
        spans.append(
            Span(start=at, end=end, role=p.role, page=p.page, start_seconds=p.start_seconds, heading=p.heading)
        )
        parts.append(p.text)
        at = end
    return Text("".join(parts), spans)


def paragraphs_of(text: str, spans: Iterable[Span]) -> list[Paragraph]:
    """The paragraphs that `assemble` joined."""
    found: list[Paragraph] = []
    end = -len(PARAGRAPH_BREAK)
    for s in spans:
        continues = s["start"] - end == len(SENTENCE_BREAK)
        end = s["end"]
        cut = text[s["start"] : end]
        found.append(Paragraph(cut, s["role"], s["page"], s["start_seconds"], s["heading"], continues))
    return found


def rewrite(text: str, spans: Iterable[Span], change: Callable[[str], str]) -> Text:
    """Apply `change` to every paragraph; spans stay exact, emptied paragraphs vanish."""
    paragraphs = paragraphs_of(text, spans)
    for p in paragraphs:
        p.text = change(p.text)
    return assemble(paragraphs)


def sha256(data: bytes | str) -> str:
    """Hex SHA-256 of bytes, or of a string in UTF-8."""
    return hashlib.sha256(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data).hexdigest()


def item_id(source_id: str, raw_sha256: str) -> str:
    """The id of one raw item of one source; it begins the id of each Document made of it."""
    return sha256(f"{source_id}\0{raw_sha256}")[:24]


def doc_id(source_id: str, raw_sha256: str, part: str = "") -> str:
    """The id of a Document: independent of the reader's version, and sorted like its items."""
    return f"{item_id(source_id, raw_sha256)}-{part or '0'}"


_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>]+", re.IGNORECASE)
_ISBN = re.compile(r"(?:97[89][-\s]?)?(?:\d[-\s]?){9}[\dXx]")


def work_id(identifier: str | None, fallback: str) -> str:
    """The id of the work a Document is a copy of: `doi:…`, `isbn:…`, or `fallback`."""
    if identifier:
        if doi := _DOI.search(identifier):
            return "doi:" + doi.group().rstrip(".,;)").lower()
        if isbn := _ISBN.search(identifier):
            digits = re.sub(r"[-\s]", "", isbn.group()).upper()
            if len(digits) in (10, 13):
                return "isbn:" + _isbn13(digits)
    return fallback


def _isbn13(digits: str) -> str:
    """ISBN-10 and ISBN-13 of one book are one number."""
    if len(digits) == 13:
        return digits
    stem = "978" + digits[:9]
    check = (10 - sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(stem)) % 10) % 10
    return stem + str(check)


def split_of(work: str) -> Split:
    """Where every row of a work belongs, in every recipe: eval 2 %, validation 3 %, train the rest."""
    bucket = int(sha256(work)[:8], 16) % 100
    return "eval" if bucket < 2 else "validation" if bucket < 5 else "train"
