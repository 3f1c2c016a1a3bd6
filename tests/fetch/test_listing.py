"""Sitemaps, feeds and links → addresses."""

from __future__ import annotations

import gzip

import pytest

from factory.errors import BadAnswer, TooLarge
from factory.fetch import listing
from factory.fetch.listing import feed, links, sitemap

BASE = "https://example.org/sitemap.xml"
SITEMAP = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://example.org/a </loc><lastmod>2026-01-02</lastmod>
  <image:image><image:loc>https://example.org/a.jpg</image:loc></image:image></url>
<url><loc>/b?x=1&amp;y=2</loc></url><url><loc></loc></url><url><lastmod>2020-01-01</lastmod></url>
<url><loc>https://example.org/a</loc></url></urlset>"""
INDEX = """<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>https://example.org/one.xml.gz</loc></sitemap><sitemap><loc>two.xml</loc></sitemap></sitemapindex>"""


@pytest.mark.parametrize("data", [SITEMAP.encode(), gzip.compress(SITEMAP.encode())])
def test_a_sitemap(data: bytes) -> None:
    """Pages once each with their day, relative ones resolved, pictures left out; gzip too."""
    found = sitemap(data, BASE)
    assert found.pages == {"https://example.org/a": "2026-01-02", "https://example.org/b?x=1&y=2": None}
    assert found.lists == []


def test_an_index_of_sitemaps_and_a_list_of_lines() -> None:
    """Further lists are named, not read; plain lines are a sitemap too."""
    assert sitemap(INDEX.encode(), BASE).lists == ["https://example.org/one.xml.gz", "https://example.org/two.xml"]
    assert list(sitemap(b"https://example.org/x\nhttps://example.org/y\n", BASE).pages) == [
        "https://example.org/x",
        "https://example.org/y",
    ]


@pytest.mark.parametrize("data", [b"", b"not a list", b"<html><body>404</body></html>", b"\x1f\x8bbroken"])
@pytest.mark.survive(5, "sitemaps that burst or are none")
def test_what_is_no_sitemap(data: bytes) -> None:
    """A page or damaged bytes are an error, not an empty list."""
    with pytest.raises(BadAnswer):
        sitemap(data, BASE)


@pytest.mark.survive(5, "sitemaps that burst or are none")
def test_a_sitemap_that_bursts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small when packed, too large unpacked; entities are not expanded."""
    with pytest.raises(TooLarge):
        sitemap(gzip.compress(b" " * (listing.MAX_BYTES + 2)), BASE)
    bomb = '<!DOCTYPE u [<!ENTITY a "AAAAAAAAAA"><!ENTITY b "&a;&a;&a;&a;">]><urlset><url><loc>http://x/&b;</loc></url></urlset>'
    assert all("AAAA" not in page for page in sitemap(bomb.encode(), BASE).pages)


RSS = """<rss version="2.0"><channel><title>t</title><link>https://example.org/</link>
<item><title>uno</title><link>https://example.org/1</link><pubDate>Tue, 03 Nov 2026 10:00:00 GMT</pubDate></item>
<item><title>dos</title><link>/2</link></item><item><title>sin enlace</title></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>x</id><updated>2026-11-01T00:00:00Z</updated>
<entry><title>uno</title><id>1</id><link href="https://example.org/1"/><updated>2026-11-03T10:00:00Z</updated></entry></feed>"""


@pytest.mark.parametrize(("data", "pages"), [(RSS, ["1", "2"]), (ATOM, ["1"])])
def test_a_feed(data: str, pages: list[str]) -> None:
    """RSS and Atom; an entry without an address is none."""
    assert list(feed(data.encode(), "https://example.org/feed").pages) == [f"https://example.org/{p}" for p in pages]


def test_what_is_no_feed() -> None:
    """A page is not a feed without entries."""
    with pytest.raises(BadAnswer):
        feed(b"<html><body>hola</body></html>", "https://example.org/feed")


def test_links_of_a_page() -> None:
    """The same site only, once each, no fragments, no tracking, no pictures, no actions, nothing that says nofollow."""
    page = """<html><body><a href="/a#x">a</a><a href="/a">a</a><a href="b?utm_source=x&id=3&PHPSESSID=1">b</a>
    <a href="https://other.org/">o</a><a href="mailto:a@b.c">m</a><a href="/foto.JPG">f</a><a href="/login/">l</a>
    <a rel="nofollow" href="/no">n</a><a href="http://[bad">x</a><a href="javascript:x()">j</a><a>none</a></body></html>"""
    assert links(page.encode(), "https://example.org/dir/") == [
        "https://example.org/a",
        "https://example.org/dir/b?id=3",
    ]
    assert links(b'<base href="/deep/"><a href="x">x</a>', "https://example.org/") == ["https://example.org/deep/x"]
    assert links(b'<meta name="robots" content="nofollow"><a href="/x">x</a>', "https://example.org/") == []
    assert links(b"", "https://example.org/") == []
