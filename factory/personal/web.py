"""E-mail addresses, web addresses and the pages of a person's handle."""

from __future__ import annotations

import re
from collections.abc import Iterator

from factory.personal.numbers import Found

_DOMAIN = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?){1,6}")
_LOCAL = re.compile(r"[\w.+%'’-]{1,64}\Z")
_AT = re.compile(
    r" ?(?:\(at\)|\[at\]|\(arroba\)|\[arroba\]|\(a\)) ?|@ ?(?=[^\W_][\w-]{0,62}\.)| @(?=[^\W_][\w-]{0,62}\.)"
)
_MAILTO = "mailto:"
_GLUED = re.compile(r"(?:[Ee]-?[Mm]ail|[Cc]orreo)[.-]+(?=\w)")


def emails(text: str) -> Iterator[Found]:
    """E-mail addresses, also those written with (at) or (arroba)."""
    if "@" not in text and "(a" not in text and "[a" not in text:
        return
    for m in _AT.finditer(text):
        domain = _DOMAIN.match(text, m.end())
        if domain is None or not re.search(r"\.[^\W\d_]", domain.group()):
            continue
        local = _LOCAL.search(text, max(0, m.start() - 64), m.start())
        if local is None:
            continue
        value = local.group()
        start = local.start() + len(value) - len(value.lstrip(".'’-"))
        if start < m.start():
            glued = _GLUED.match(text, start, m.start())
            start = glued.end() if glued else start
            start -= len(_MAILTO) if text[max(0, start - 7) : start].lower() == _MAILTO else 0
            yield Found(start, domain.end(), "CORREO")


_URL = re.compile(r"(?<![\w@])(?:https?://|ftp://|www\.)[^\s<>\"»\]]{3,2000}", re.IGNORECASE)
_HANDLE = re.compile(
    r"(?<![\w@.-])(?:https?://)?(?:[a-z]{1,6}(?:-[a-z]{2})?\.)?"
    r"(?:(?:facebook|instagram|twitter|tiktok|threads)\.(?:com|net)/|x\.com/|fb\.com/|linkedin\.com/in/|wa\.me/|t\.me/)"
    r"(?P<who>@?[\w.%-]{2,80})(?:[/?][^\s<>\"»\])]{0,500})?",
    re.IGNORECASE,
)
_HANDLE_HOSTS = (
    "facebook.",
    "instagram.",
    "twitter.",
    "tiktok.",
    "threads.",
    "x.com/",
    "fb.com/",
    "linkedin.",
    "wa.me",
    "t.me/",
)
# Buttons that share a page name nobody.
_BUTTONS = re.compile(
    r"(?:sharer?|intent|plugins|dialog|hashtag|search|home|login|tr|explore|p|reel|share)\b", re.IGNORECASE
)


def links(text: str, *, every: bool) -> Iterator[Found]:
    """Every address of the web, or only the pages of a person's handle."""
    folded = text.lower()
    if any(host in folded for host in _HANDLE_HOSTS):
        for m in _HANDLE.finditer(text):
            if every or not _BUTTONS.match(m["who"]):
                yield Found(m.start(), _unpunctuated(text, m.start(), m.end()), "URL")
    if every and ("://" in text or "www." in folded):
        for m in _URL.finditer(text):
            yield Found(m.start(), _unpunctuated(text, m.start(), m.end()), "URL")


def _unpunctuated(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in ".,;:!?)'’”":
        end -= 1
    return end
