"""Sitemaps, feeds and pages → the addresses they list. Pure: bytes in, addresses out.

Sources: sitemaps.org 0.9; RSS and Atom through feedparser.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from lxml import etree, html

from factory.errors import BadAnswer, TooLarge

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
        at = urljoin(base, place.strip())
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
            found.pages.setdefault(urljoin(base, link), day)
    return found


def links(data: bytes, base: str) -> list[str]:
    """The pages of the same site that a page leads to, in order, without fragments and tracking.

    None from a page, or through a link, that says nofollow.
    """
    try:
        tree = html.fromstring(data)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return []
    for meta in tree.iterfind(".//meta[@name]"):
        if meta.get("name", "").lower() == "robots" and "nofollow" in meta.get("content", "").lower():
            return []
    root = next((e.get("href") for e in tree.iterfind(".//base[@href]")), None)
    base_url = urljoin(base, root) if root else base
    return list(dict.fromkeys(_same_site(tree, base_url, base)))


def _same_site(tree: html.HtmlElement, base_url: str, page: str) -> Iterator[str]:
    here = urlsplit(page)
    for link in tree.iterfind(".//a[@href]"):
        if "nofollow" in (link.get("rel") or "").lower():
            continue
        try:
            parts = urlsplit(urljoin(base_url, link.get("href").strip()))
        except ValueError:
            continue
        if (parts.scheme, parts.netloc.lower()) != (here.scheme, here.netloc.lower()):
            continue
        if _NOT_TEXT.search(parts.path) or _ACTION.search(parts.path):
            continue
        query = urlencode(
            [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)]
        )
        yield urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", query, ""))


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
