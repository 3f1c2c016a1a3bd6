"""Which format bytes are in: the bytes decide, a name only where they say nothing."""

from __future__ import annotations

import re

_PDF_WINDOW = 1024
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|title|div|p|table)\b", re.IGNORECASE)
_JATS = re.compile(rb"<(?:article|pmc-articleset)\b[^>]*|<!DOCTYPE\s+article", re.IGNORECASE)
_CNXML = re.compile(rb"<(?:\w+:)?(?:document|collection)\b[^>]*cnx\.rice\.edu")
_MEDQUAD = re.compile(rb"<(?:Document|doc|DiseaseFile)\b.{0,3500}<QAPairs\b", re.DOTALL | re.IGNORECASE)
_TOKENS = re.compile(rb"\s*QUESTION\s+\S+\s*\nTYPE:")
_TIMING = re.compile(rb"(?m)^\s*(?:\d+:)?\d{1,2}:\d{2}[.,]\d{3}\s*-->")
_SBV = re.compile(rb"(?m)^\d+:\d{2}:\d{2}\.\w{3},\d+:\d{2}:\d{2}\.\d{3}\s*$")
_SUBTITLES = (".vtt", ".srt", ".sbv", ".srv3", ".srv1", ".json3", ".ttml")


def format_of(data: bytes, name: str) -> str:
    """Whose reader's the bytes are (pdf, article, jats, epub, cnxml, medquad, transcript, rows, text), or unknown."""
    lower = name.lower()
    if b"%PDF-" in data[:_PDF_WINDOW]:
        return "pdf"
    if data.startswith(b"PAR1") or lower.endswith((".jsonl.gz", ".jsonl.zst", ".json.gz")):
        return "rows"
    if data.startswith(b"PK\x03\x04"):
        is_epub = b"application/epub+zip" in data[:200] or b"META-INF/container.xml" in data or lower.endswith(".epub")
        return "epub" if is_epub else "unknown"
    text = _plain(data)
    if text is None:
        return "pdf" if lower.endswith(".pdf") else "unknown"
    return _of_text(text, lower)


def _of_text(text: bytes, lower: str) -> str:
    start = text.lstrip()[:4096]
    if start.startswith(b"WEBVTT") or _TIMING.search(text[:8192]) or _SBV.search(text[:8192]):
        return "transcript"
    if start.startswith((b"{", b"[")) and (
        lower.endswith(".json3") or start.startswith(b'{"speech"') or b'"wireMagic"' in start or b'"tStartMs"' in start
    ):
        return "transcript"
    if _TOKENS.match(text) or start.startswith(b"{") or (start.startswith(b"[") and re.match(rb"\[\s*\{", start)):
        return "rows"
    if start.startswith(b"<"):
        if b"<timedtext" in start or b"<transcript" in start:
            return "transcript"
        if _JATS.search(start) and not re.search(rb"<(?:!doctype\s+html|html)\b", start, re.IGNORECASE):
            return (
                "jats"
                if b"<front" in text or b"JATS" in text or b"NLM" in text or b"article-type" in text
                else "article"
            )
        if _CNXML.search(start):
            return "cnxml"
        if _MEDQUAD.search(start):
            return "medquad"
        return "article" if _HTML.search(text[:65536]) else "unknown"
    if lower.endswith(_SUBTITLES):
        return "transcript"
    if lower.endswith((".html", ".htm", ".xhtml")) and _HTML.search(text):
        return "article"
    if lower.endswith(".pdf"):
        return "pdf"
    return "rows" if lower.endswith((".jsonl", ".ndjson")) else "text"


def _plain(data: bytes) -> bytes | None:
    """The bytes as an ASCII-compatible text to look at, or None if they are binary."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf")
    controls = sum(data[:4096].count(bytes([c])) for c in (*range(9), *range(14, 27), *range(28, 32)))
    return None if controls > 0.01 * max(100, min(len(data), 4096)) else data
