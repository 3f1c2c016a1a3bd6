"""What a site asks of programs: robots.txt, and whether it keeps its texts out of AI training.

Sources: RFC 9309 (robots.txt); the TDM Reservation Protocol (W3C community report, 2024); Cloudflare's Content
Signals and the IETF's aipref drafts (`Content-Signal: ai-train=no`, `Content-Usage: train-ai=n`); the `noai` value of
X-Robots-Tag and meta robots. A site that names any crawler known to collect for AI training and shuts it out has
said what it thinks of a corpus, whatever it says of programs it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatch
from urllib.parse import urlsplit

from protego import Protego

PRODUCT = "corpus-factory"
# RFC 9309 asks for at least 500 KiB.
MAX_BYTES = 512 * 1024
# Crawlers whose makers say they collect for training (their own documentation; darkvisitors.com lists them).
AI_AGENTS = (
    "GPTBot",
    "CCBot",
    "Google-Extended",
    "Applebot-Extended",
    "anthropic-ai",
    "ClaudeBot",
    "Claude-Web",
    "Bytespider",
    "Meta-ExternalAgent",
    "FacebookBot",
    "cohere-ai",
    "cohere-training-data-crawler",
    "AI2Bot",
    "Ai2Bot-Dolma",
    "Diffbot",
    "Omgilibot",
    "omgili",
    "img2dataset",
    "PanguBot",
    "Timpibot",
    "Webzio-Extended",
    "ICC-Crawler",
    "Kangaroo Bot",
    "SBIntuitionsBot",
    "VelenPublicWebCrawler",
    "Amazonbot",
)
_NAMED = re.compile(
    rf"^\s*user-agent\s*:\s*({'|'.join(map(re.escape, AI_AGENTS))})\b[^\n]*$", re.IGNORECASE | re.MULTILINE
)
_SIGNAL = re.compile(
    r"^\s*(?:content-signal\s*:[^\n]*\bai-train\s*=\s*no\b|content-usage\s*:[^\n]*\btrain-ai\s*=\s*n\b|"
    r"disallowaitraining\s*:)",
    re.IGNORECASE | re.MULTILINE,
)
_META = re.compile(rb"<meta\b[^>]{0,600}>", re.IGNORECASE)
_META_NAME = re.compile(rb"\bname\s*=\s*[\"']?\s*([\w:-]+)", re.IGNORECASE)
_META_CONTENT = re.compile(rb"\bcontent\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
# Where the head of a page is looked through for meta elements.
_HEAD_BYTES = 131_072


class Rules:
    """What one robots.txt says."""

    def __init__(self, text: str) -> None:
        text = text.removeprefix("\ufeff")
        self._parsed = Protego.parse(text)
        self._named = sorted({m.lower() for m in _NAMED.findall(text)})
        self._signal = _SIGNAL.search(text)

    def allows(self, url: str) -> bool:
        return bool(self._parsed.can_fetch(url, PRODUCT))

    @property
    def delay(self) -> float | None:
        """Seconds between two requests, if the site says so."""
        delay = self._parsed.crawl_delay(PRODUCT)
        return None if delay is None else float(delay)

    def opted_out(self, url: str) -> str | None:
        """How the site keeps this address out of AI training, or None."""
        if self._signal:
            return f"robots.txt says {self._signal.group().strip()[:80]!r}"
        for agent in self._named:
            if not self._parsed.can_fetch(url, agent):
                return f"robots.txt shuts out {agent}"
        return None

    @property
    def sitemaps(self) -> list[str]:
        return list(self._parsed.sitemaps)


def reserved(tdmrep: bytes, url: str) -> str | None:
    """How `/.well-known/tdmrep.json` reserves this address, or None. Broken JSON reserves nothing."""
    try:
        rows = json.loads(tdmrep)
    except ValueError:
        return None
    path = urlsplit(url).path or "/"
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("location"), str):
            pattern = row["location"].rstrip("$")
            whole = row["location"].endswith("$")
            if fnmatch(path, pattern if whole or pattern.endswith("*") else pattern + "*"):
                return "tdmrep.json reserves it" if str(row.get("tdm-reservation")) == "1" else None
    return None


def kept_out(headers: Mapping[str, str], body: bytes) -> str | None:
    """How a page itself, by header or meta element, says that it is not for AI training, or None."""
    if re.search(r"\bnoai\b", headers.get("x-robots-tag", ""), re.IGNORECASE):
        return "its X-Robots-Tag says noai"
    if headers.get("tdm-reservation", "").strip() == "1":
        return "its header reserves text and data mining"
    signals = f"content-signal: {headers.get('content-signal', '')}\ncontent-usage: {headers.get('content-usage', '')}"
    if _SIGNAL.search(signals):
        return "its header says no AI training"
    for element in _META.findall(body[:_HEAD_BYTES]):
        name, content = _META_NAME.search(element), _META_CONTENT.search(element)
        if not name or not content:
            continue
        said = next(g for g in content.groups() if g is not None).decode("latin-1").lower()
        if name[1].lower() in (b"robots", PRODUCT.encode()) and re.search(r"\bnoai\b", said):
            return "its meta robots says noai"
        if name[1].lower() == b"tdm-reservation" and said.strip() == "1":
            return "its meta element reserves text and data mining"
    return None
