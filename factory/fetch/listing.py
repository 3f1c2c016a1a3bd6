"""Sitemaps, feeds and pages → the addresses they list. Pure: bytes in, addresses out.

Sources: sitemaps.org 0.9; RSS and Atom through feedparser.
"""

from __future__ import annotations

import html
import re
import zlib
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lxml import etree

from factory.errors import BadAnswer, TooLarge
from factory.fetch.address import joined

# sitemaps.org: 50 MB and 50,000 addresses each.
MAX_BYTES = 52_428_800
_GZIP = b"\x1f\x8b"
# What is no text to read: pictures, sound, archives, programs, style.
_NOT_TEXT = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|bmp|tiff?|mp[34]|m4[av]|wav|ogg|avi|mov|webm|zip|gz|tar|rar|7z|exe|dmg|apk|css|js"
    r"|woff2?|ttf|eot|docx?|xlsx?|pptx?)$",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"/(?:login|logout|signin|signup|register|cart|checkout|wp-admin|wp-login\.php|feed|comments?|reply|search"
    r"|buscar|share|print|rss)(?:/|$)",
    re.IGNORECASE,
)
_TRACKING = re.compile(
    r"(?:utm_\w+|fbclid|gclid|mc_[ce]id|igshid|ref_src|(?:php|j)?sess(?:ion)?(?:id)?|sid)", re.IGNORECASE
)

_TAG = re.compile(rb"<(a|base|meta)\b([^<>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")


@dataclass(slots=True)
class Listed:
    """Addresses with the day each says it changed, and further lists."""

    pages: dict[str, str | None] = field(default_factory=dict)
    lists: list[str] = field(default_factory=list)


def sitemap(data: bytes, base: str) -> Listed:
    """The pages or further sitemaps of a sitemap; plain text and gzip too. Raises BadAnswer, TooLarge."""
    if data.startswith(_GZIP):
        data = _unpacked(data)
    found = Listed()
    if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        for line in data.decode("utf-8", "replace").split():
            if re.match(r"https?://", line):
                found.pages.setdefault(line, None)
        if not found.pages:
            raise BadAnswer(f"{base} is no sitemap")
        return found
    root = _xml(data, base)
    for entry in root.iter("{*}sitemap", "{*}url"):
        place = entry.findtext("{*}loc")
        if not place or not place.strip():
            continue
        at = joined(base, place)
        if at is None:
            continue
        if etree.QName(entry).localname == "sitemap":
            found.lists.append(at)
        else:
            changed = entry.findtext("{*}lastmod")
            found.pages.setdefault(at, changed.strip() if changed else None)
    if etree.QName(root).localname not in ("urlset", "sitemapindex"):
        raise BadAnswer(f"{base} is no sitemap")
    return found


def feed(data: bytes, base: str) -> Listed:
    """The entries of an RSS or Atom feed, newest as listed. Raises BadAnswer."""
    import feedparser

    parsed = feedparser.parse(data, response_headers={"content-location": base})
    if not parsed.get("version") and not parsed.entries:
        raise BadAnswer(f"{base} is no feed")
    found = Listed()
    for entry in parsed.entries:
        if link := entry.get("link"):
            day = entry.get("published") or entry.get("updated")
            if at := joined(base, link):
                found.pages.setdefault(at, day)
    return found


def links(data: bytes, base: str) -> list[str]:
    """The pages of the same site that a page leads to, in order, without fragments and tracking.

    None from a page, or through a link, that says nofollow. Tags are looked for, no tree is built: time grows with the
    page's length and nothing else.
    """
    root, found = base, []
    for tag, inside in _TAG.findall(data):
        said = {
            k.lower(): html.unescape(_written(v)) for k, *v in _ATTRIBUTE.findall(inside.decode("utf-8", "replace"))
        }
        if tag.lower() == b"meta" and said.get("name", "").lower() == "robots":
            if "nofollow" in said.get("content", "").lower():
                return []
        elif tag.lower() == b"base" and root == base:
            root = joined(base, said.get("href", "")) or base
        elif tag.lower() == b"a" and "href" in said and "nofollow" not in said.get("rel", "").lower():
            found.append(said["href"])
    return list(dict.fromkeys(link for href in found if (link := _same_site(href, root, base))))


def _written(values: list[str]) -> str:
    return next((v for v in values if v), "")


def _same_site(href: str, root: str, page: str) -> str | None:
    """The address a link leads to, if it is a page of this site."""
    try:
        here, parts = urlsplit(page), urlsplit(joined(root, href) or "")
        query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)]
    except ValueError:
        return None
    if (parts.scheme, parts.netloc.lower()) != (here.scheme, here.netloc.lower()):
        return None
    if _NOT_TEXT.search(parts.path) or _ACTION.search(parts.path):
        return None
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", urlencode(query), ""))


def _xml(data: bytes, base: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadAnswer(f"{base} is no sitemap: {error}") from error
    if root is None:
        raise BadAnswer(f"{base} is no sitemap")
    return root


def _unpacked(data: bytes) -> bytes:
    wheel = zlib.decompressobj(47)
    try:
        found = wheel.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise BadAnswer(f"a damaged gzip file ({error})") from error
    if len(found) > MAX_BYTES:
        raise TooLarge(f"a sitemap of more than {MAX_BYTES:,} bytes")
    return found
