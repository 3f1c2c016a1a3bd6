"""What a site says: to programs in general, to collectors for AI training, in files, headers and pages."""

from __future__ import annotations

import pytest

from factory.fetch.robots import Rules, kept_out, reserved

PAGE = "https://example.org/plantas/tilo?x=1"


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /plantas", False),
        ("User-agent: *\nDisallow: /*?x=", False),
        ("User-agent: *\nDisallow: /plantas/\nAllow: /plantas/tilo", True),
        ("User-agent: *\nDisallow: /*.pdf$", True),
        ("User-agent: corpus-factory\nDisallow: /\n\nUser-agent: *\nDisallow:", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: corpus-factory\nDisallow:", True),
        ("User-agent: otherbot\nDisallow: /", True),
        ("<html>not a robots file</html>", True),
        ("\ufeffUser-agent: *\r\nDisallow: /plantas\r\n", False),
    ],
)
@pytest.mark.survive(5, "robots.txt")
def test_what_robots_allow(robots: str, allowed: bool) -> None:
    """Groups, wildcards, the longer rule, our own name before everybody's."""
    assert Rules(robots).allows(PAGE) is allowed


@pytest.mark.survive(5, "robots.txt")
def test_crawl_delay() -> None:
    """Ours before everybody's; none where none is stated."""
    assert Rules("User-agent: *\nCrawl-delay: 7").delay == 7
    assert Rules("User-agent: *\nCrawl-delay: 7\n\nUser-agent: corpus-factory\nCrawl-delay: 0.5").delay == 0.5
    assert Rules("User-agent: *\nDisallow:").delay is None


@pytest.mark.parametrize(
    ("robots", "out"),
    [
        ("User-agent: GPTBot\nDisallow: /", True),
        ("user-agent: ccbot\ndisallow: /plantas\n", True),
        ("User-agent: GPTBot\nUser-agent: ClaudeBot\nDisallow: /", True),
        ("User-agent: Google-Extended\nDisallow: /", True),
        ("User-agent: GPTBot\nDisallow: /fotos/", False),
        ("User-agent: GPTBot\nAllow: /", False),
        ("User-agent: Googlebot\nDisallow: /", False),
        ("User-agent: *\nContent-Signal: search=yes, ai-train=no\nAllow: /", True),
        ("User-agent: *\nContent-Signal: ai-train=yes\nAllow: /", False),
        ("User-agent: *\nContent-Usage: train-ai=n\nAllow: /", True),
        ("# GPTBot is welcome\nUser-agent: *\nDisallow:", False),
    ],
)
def test_a_site_that_shuts_out_ai_training(robots: str, out: bool) -> None:
    """A block of any collector for training counts, for the addresses it is about."""
    assert (Rules(robots).opted_out(PAGE) is not None) is out


@pytest.mark.parametrize(
    ("headers", "body", "out"),
    [
        ({"x-robots-tag": "noai"}, b"", True),
        ({"x-robots-tag": "noindex, NoAI, noimageai"}, b"", True),
        ({"x-robots-tag": "noindex"}, b"", False),
        ({"x-robots-tag": "noimageai"}, b"", False),
        ({"tdm-reservation": "1"}, b"", True),
        ({"tdm-reservation": "0"}, b"", False),
        ({"content-signal": "ai-train=no"}, b"", True),
        ({}, b'<meta name="robots" content="noindex, noai">', True),
        ({}, b"<META CONTENT='noai' NAME='ROBOTS'>", True),
        ({}, b"<meta name=robots content=noai>", True),
        ({}, b'<meta name="robots" content="noaisle">', False),
        ({}, b'<meta name="description" content="noai">', False),
        ({}, b'<meta name="tdm-reservation" content="1">', True),
        ({}, b'<meta name="tdm-reservation" content="0">', False),
        ({}, b"<p>robots noai</p>", False),
    ],
)
def test_a_page_that_keeps_itself_out(headers: dict[str, str], body: bytes, out: bool) -> None:
    """By header or meta element, however written; words in the text say nothing."""
    assert (kept_out(headers, b"<html><head>" + body) is not None) is out


@pytest.mark.parametrize(
    ("file", "out"),
    [
        (b'[{"location": "/plantas/", "tdm-reservation": 1}]', True),
        (b'[{"location": "/*", "tdm-reservation": 1}]', True),
        (b'[{"location": "/fotos/", "tdm-reservation": 1}]', False),
        (b'[{"location": "/plantas/tilo", "tdm-reservation": 0}, {"location": "/", "tdm-reservation": 1}]', False),
        (b'{"location": "/"}', False),
        (b"not json", False),
        (b"", False),
    ],
)
def test_the_reservation_file(file: bytes, out: bool) -> None:
    """The first row that fits decides; what is broken reserves nothing."""
    assert (reserved(file, PAGE) is not None) is out
