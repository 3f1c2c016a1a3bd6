"""The real command against a site on loopback: what is stored, refused, waited for, and why."""

from __future__ import annotations

import datetime
import email.utils
import gzip
import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.command import FACTORY, PROSE, json_lines, ok, run
from tests.web.site import Answer, Site, bomb, bytes_of, packed, slowly

# Short waits: what is tested is that they are made, not that they are long.
QUICK = (
    "--set", "fetch.delay_seconds=0", "--set", "fetch.backoff_seconds=0.05", "--set", "fetch.max_wait_seconds=3",
    "--set", "fetch.read_seconds=1", "--set", "fetch.deadline_seconds=1.5",
)  # fmt: skip
PLAIN = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def take(home: Path, *what: str, code: int | None = None, quick: bool = True) -> dict[str, Any]:
    """What `factory ingest articles` says of addresses that may be private."""
    done = run("ingest", "articles", *what, "--allow-private", *(QUICK if quick else ()), "--json", home=home)
    assert code is None or done.returncode == code, done.stdout + done.stderr
    table: dict[str, Any] = json.loads(done.stdout) | {"code": done.returncode}
    return table


def why(said: dict[str, Any]) -> tuple[str, str]:
    """How the one address of a run ended, and why."""
    ended = [(s, rows) for s, rows in said.items() if isinstance(rows, list) and rows and s != "problems"]
    if not ended:
        return ("stored", "") if said["stored"] == 1 else ("unchanged", "")
    ((status, rows),) = ended
    return status, rows[0]["reason"]


def stored(home: Path) -> dict[str, bytes]:
    """The bytes of every address that is stored."""
    found = {}
    for file in sorted(home.rglob("receipts/*/*.json")):
        receipt = json.loads(file.read_text())
        if receipt["status"] == "stored" and receipt.get("role") != "listing":
            sha = receipt["sha256"]
            found[receipt["address"]] = (home / "raw" / sha[:2] / sha).read_bytes()
    return found


AI_BLOCK = "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nAllow: /"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
LATER = email.utils.format_datetime(datetime.datetime(2099, 1, 1, tzinfo=datetime.timezone.utc), usegmt=True)
CASES: list[tuple[str, Answer | None, str | None, str, str]] = [
    # name, answer of /x, robots.txt, status, reason
    ("plain", Answer(b"<p>hola</p>", headers=PLAIN), None, "stored", ""),
    ("robots disallow", None, "User-agent: *\nDisallow: /x", "forbidden", "robots_disallowed"),
    ("robots wildcard", None, "User-agent: *\nDisallow: /*x$", "forbidden", "robots_disallowed"),
    ("robots of ours", None, "User-agent: corpus-factory\nDisallow: /\n\nUser-agent: *\nAllow: /", "forbidden", "robots_disallowed"),
    ("robots 503", None, "503", "pending", "robots_unavailable"),
    ("robots 403 allows", Answer(b"<p>hola</p>", headers=PLAIN), "403", "stored", ""),
    ("a collector shut out", None, AI_BLOCK, "forbidden", "opted_out"),
    ("noai header", Answer(b"<p>x</p>", headers=PLAIN | {"X-Robots-Tag": "noai, noimageai"}), None, "forbidden", "opted_out"),
    ("noai meta", Answer(b'<meta name="robots" content="noai"><p>x</p>', headers=PLAIN), None, "forbidden", "opted_out"),
    ("tdm header", Answer(b"<p>x</p>", headers=PLAIN | {"TDM-Reservation": "1"}), None, "forbidden", "opted_out"),
    ("to loopback elsewhere", Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}), None, "forbidden", "address_refused"),
    ("to loopback in decimal", Answer(status=302, headers={"Location": "http://2130706433/"}), None, "forbidden", "address_refused"),
    ("to metadata", Answer(status=301, headers={"Location": "http://169.254.169.254/latest/"}), None, "forbidden", "address_refused"),
    ("to a mapped address", Answer(status=301, headers={"Location": "http://[::ffff:10.0.0.1]/"}), None, "forbidden", "address_refused"),
    ("to a file", Answer(status=302, headers={"Location": "file:///etc/passwd"}), None, "forbidden", "address_refused"),
    ("to a password", Answer(status=302, headers={"Location": "http://a:b@127.0.0.1/"}), None, "forbidden", "address_refused"),
    ("in a circle", Answer(status=302, headers={"Location": "/x"}), None, "failed", "too_many_redirects"),
    ("slow headers", Answer(raw=slowly(b"HTTP/1.1 200 OK\r\nX: ")), None, "pending", "too_slow"),
    ("slow body", Answer(raw=slowly(HEAD + b"Content-Length: 100000\r\n\r\n")), None, "pending", "too_slow"),
    ("endless headers", Answer(raw=slowly(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 4000, 0.001)), None, "failed", "bad_answer"),
    ("gzip bomb of 200 MB", Answer(raw=bomb(200 << 20)), None, "rejected", "too_large"),
    ("gzip", packed(b"<p>hola</p>"), None, "stored", ""),
    ("gzip cut short", Answer(gzip.compress(os.urandom(999))[:500], headers=PLAIN | {"Content-Encoding": "gzip"}), None, "pending", "cut_short"),
    ("gzip that is none", Answer(b"hola", headers=PLAIN | {"Content-Encoding": "gzip"}), None, "failed", "bad_answer"),
    ("an encoding not asked for", Answer(b"hola", headers=PLAIN | {"Content-Encoding": "br"}), None, "failed", "bad_answer"),
    ("length too long", Answer(b"<p>hola</p>", length=500, headers=PLAIN), None, "pending", "cut_short"),
    ("chunks cut short", Answer(raw=bytes_of(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhola!\r\n")), None, "pending", "cut_short"),
    ("no answer at all", Answer(raw=lambda c: c.close()), None, "pending", "cut_short"),
    ("not http", Answer(raw=bytes_of(b"SSH-2.0-OpenSSH_9\r\n\r\n")), None, "failed", "bad_answer"),
    ("503 for ever", Answer(status=503), None, "pending", "server_error"),
    ("429 for ever", Answer(status=429), None, "blocked", "rate_limited"),
    ("429 until 2099", Answer(status=429, headers={"Retry-After": LATER}), None, "blocked", "rate_limited"),
    ("503 for an hour", Answer(status=503, headers={"Retry-After": "3600"}), None, "blocked", "rate_limited"),
    ("a bot wall", Answer(b"<title>Just a moment...</title>", 403, {"cf-mitigated": "challenge"}), None, "blocked", "bot_wall"),
    ("404", Answer(status=404), None, "gone", "gone"),
    ("410", Answer(status=410), None, "gone", "gone"),
    ("401", Answer(status=401), None, "forbidden", "not_allowed"),
    ("an empty page", Answer(b"", headers=PLAIN), None, "failed", "bad_answer"),
    ("a book as a page", Answer(b"%PDF-1.4", headers={"Content-Type": "application/pdf"}), None, "rejected", "wrong_type"),
    ("a picture", Answer(b"\x89PNG", headers={"Content-Type": "image/png"}), None, "rejected", "wrong_type"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "robots", "status", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
@pytest.mark.survive(5, "how an address may end: drips, bombs, redirects, wrong types, robots")
def test_how_an_address_ends(
    site: Site, home: Path, answer: Answer | None, robots: str | None, status: str, reason: str
) -> None:
    """One address, one outcome with its reason; nothing is stored but good pages; the ledger says the same."""
    site.add("/x", answer or Answer(b"<p>hola</p>", headers=PLAIN))
    if robots is not None:
        site.robots("" if robots.isdigit() else robots, int(robots) if robots.isdigit() else 200)
    begun = time.monotonic()
    said = take(home, "--url", site.url + "/x", "--tradition", "natural", "--source", "s")
    assert why(said) == (status, reason)
    assert time.monotonic() - begun < 60
    assert said["code"] == {"stored": 0, "pending": 3, "failed": 3, "blocked": 4, "forbidden": 5}.get(status, 0)
    assert list(stored(home).values()) == ([b"<p>hola</p>"] if status == "stored" else [])
    row = json.loads(ok("status", "--json", home=home))["sources"]["s"]
    assert row["stored"] == (status == "stored")
    if status != "stored":
        assert row[status] == 1
        assert row["reasons"] == {reason: 1}
    assert (row["next_try"] is not None) == (status in ("pending", "blocked", "failed"))
    if answer is None:
        assert site.hits("/x") == 0


@pytest.mark.survive(5, "private addresses")
def test_a_private_address_needs_the_sources_word(site: Site, home: Path) -> None:
    """Without allow_private nothing is asked, not even robots.txt; with it in a row of the sources file, it is."""
    site.page("/x")
    done = run("ingest", "articles", "--url", site.url + "/x", *QUICK, "--json", home=home)
    assert done.returncode == 5
    assert why(json.loads(done.stdout)) == ("forbidden", "address_refused")
    assert site.log == []
    listed = home.parent / "sources.toml"
    row = 'id = "s"\nkind = "article"\nlanguage = "es"\ntradition = "natural"\nlicence = "CC-BY-4.0"\n'
    listed.write_text(f'[[source]]\n{row}url = "{site.url}/x"\nallow_private = true\n')
    assert json.loads(ok("ingest", listed, *QUICK, "--json", home=home))["stored"] == 1


@pytest.mark.survive(5, "chains and circles of redirects")
def test_a_redirect_is_followed_and_remembered(site: Site, home: Path) -> None:
    """Five hops are followed, six are not; the document's address is the last one."""
    for n in range(6):
        site.redirect(f"/r{n}", f"/r{n + 1}" if n < 5 else "/end")
    site.page("/end")
    assert why(take(home, "--url", site.url + "/r0", "--source", "a")) == ("failed", "too_many_redirects")
    assert take(home, "--url", site.url + "/r1", "--source", "b")["stored"] == 1
    receipt = json.loads(max(home.rglob("receipts/b/*.json")).read_text())
    assert receipt["http"]["final"] == receipt["facts"]["url"] == site.url + "/end"


@pytest.mark.survive(5, "a redirect into what robots.txt forbids")
def test_every_hop_asks_its_own_robots(site: Site, home: Path) -> None:
    """A redirect into a disallowed part of the site is not followed."""
    site.robots("User-agent: *\nDisallow: /private/")
    site.redirect("/x", "/private/y")
    assert why(take(home, "--url", site.url + "/x")) == ("forbidden", "robots_disallowed")
    assert site.hits("/private/y") == 0


@pytest.mark.parametrize("wait", ["1", "date"])
@pytest.mark.survive(5, "Retry-After, crawl-delay, pauses")
def test_retry_after_is_waited_for(site: Site, home: Path, wait: str) -> None:
    """Seconds and dates: the second request comes no earlier, and the page is stored."""

    def soon() -> str:
        return email.utils.format_datetime(
            datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2), usegmt=True
        )

    value = soon if wait == "date" else wait
    good = Answer(b"<p>hola</p>", headers=PLAIN, first=[Answer(status=429, headers={"Retry-After": value})])
    site.add("/x", good)
    assert take(home, "--url", site.url + "/x", code=0)["stored"] == 1
    first, second = (hit.time for hit in site.log if hit.path == "/x")
    assert second - first >= 0.95


@pytest.mark.survive(5, "storms of 503")
def test_a_storm_passes(site: Site, home: Path) -> None:
    """503 three times, then the page; a host that fails five items in a row is left alone, the others pending."""
    site.add("/x", Answer(b"<p>hola</p>", headers=PLAIN, first=[Answer(status=503) for _ in range(3)]))
    assert take(home, "--url", site.url + "/x", code=0)["stored"] == 1
    for n in range(8):
        site.add(f"/down{n}", Answer(status=500))
    (home.parent / "list.txt").write_text("".join(f"{site.url}/down{n}\n" for n in range(8)))
    said = take(home, "--list", str(home.parent / "list.txt"), "--source", "down", code=4)
    assert [r["reason"] for r in said["pending"]] == ["server_error"] * 5
    assert [r["reason"] for r in said["blocked"]] == ["host_stopped"] * 3
    assert [site.hits(f"/down{n}") for n in range(8)] == [4] * 5 + [0] * 3


@pytest.mark.survive(5, "Retry-After, crawl-delay, pauses")
def test_a_server_that_names_a_time_is_not_asked_before(site: Site, home: Path) -> None:
    """The next run asks nothing of it, unless it is told to."""
    site.add("/x", Answer(b"<p>hola</p>", headers=PLAIN, first=[Answer(status=429, headers={"Retry-After": "3600"})]))
    until = take(home, "--url", site.url + "/x", code=4)["blocked"][0]["next_try"]
    said = take(home, "--url", site.url + "/x", code=4)
    assert said["blocked"][0]["next_try"] == until
    assert site.hits("/x") == 1
    assert take(home, "--url", site.url + "/x", "--refresh", code=0)["stored"] == 1


def test_what_is_here_is_asked_for_conditionally(site: Site, home: Path) -> None:
    """ETag and Last-Modified are sent back; without either the page is not asked again; a changed page replaces."""
    site.page("/etag", ETag='"1"')
    site.page("/date", Last_Modified="Tue, 03 Nov 2026 10:00:00 GMT")
    site.page("/plain")
    urls = [a for p in ("/etag", "/date", "/plain") for a in ("--url", site.url + p)]
    assert take(home, *urls, "--tradition", "natural", "--source", "s")["stored"] == 3
    again = take(home, *urls, "--source", "s", code=0)
    assert (again["stored"], again["unchanged"]) == (0, 3)
    assert site.log[-1].headers["if-modified-since"] == "Tue, 03 Nov 2026 10:00:00 GMT"
    assert (site.hits("/etag"), site.hits("/date"), site.hits("/plain")) == (2, 2, 1)
    ok("build", "natural_es", "-q", home=home)
    site.page("/etag", "Nueva dosis. " + PROSE * 4, ETag='"2"')
    assert take(home, *urls, "--source", "s")["stored"] == 1
    ok("build", "natural_es", "-q", home=home)
    rows = json_lines(ok("inspect", "natural_es", "--json", home=home)) + json_lines(
        ok("inspect", "natural_es", "--dropped", "--json", "--limit", "20", home=home)
    )
    assert sum("Nueva dosis" in r["text"] for r in rows) == 1
    assert len({r.get("id") or r["doc_id"] for r in rows}) == 3


@pytest.mark.survive(5, "Retry-After, crawl-delay, pauses")
def test_crawl_delay_is_obeyed(site: Site, home: Path) -> None:
    """Between any two requests to the host lie the seconds that robots.txt names, on one connection at a time."""
    site.robots("User-agent: *\nCrawl-delay: 0.4")
    urls = [a for n in range(4) for a in ("--url", site.page(f"/{n}"))]
    assert take(home, *urls, code=0)["stored"] == 4
    times = [hit.time for hit in site.log]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) >= 0.39
    assert site.most_open == 1


@pytest.mark.survive(5, "Retry-After, crawl-delay, pauses")
def test_our_own_pause_where_the_site_names_none(site: Site, home: Path) -> None:
    """Two seconds between pages by default."""
    urls = [a for n in range(2) for a in ("--url", site.page(f"/{n}"))]
    assert take(home, *urls, quick=False)["stored"] == 2
    pages = [hit.time for hit in site.log if hit.path in ("/0", "/1")]
    assert pages[1] - pages[0] >= 1.99


def test_sitemaps_feeds_and_sites(site: Site, home: Path) -> None:
    """An index of sitemaps, one of them gzipped; a feed; a walk over one site that ends at its limit."""
    for n in range(4):
        site.page(f"/s/{n}")
    rows = "".join(f"<url><loc>{site.url}/s/{n}</loc></url>" for n in (0, 1))
    other = f"<urlset><url><loc>{site.url}/s/2</loc></url><url><loc>http://other.example/x</loc></url></urlset>"
    site.add("/one.xml.gz", Answer(gzip.compress(f"<urlset>{rows}</urlset>".encode())))
    site.add("/two.xml", Answer(other.encode(), headers={"Content-Type": "application/xml"}))
    index = f"<sitemapindex><sitemap><loc>{site.url}/one.xml.gz</loc></sitemap><sitemap><loc>/two.xml</loc></sitemap>"
    site.add("/index.xml", Answer((index + "</sitemapindex>").encode(), headers={"Content-Type": "text/xml"}))
    assert take(home, "--sitemap", site.url + "/index.xml", "--source", "map", code=0)["stored"] == 3
    item = f"<item><title>t</title><link>{site.url}/s/3</link></item>"
    feed = f'<rss version="2.0"><channel><title>t</title>{item}</channel></rss>'
    site.add("/feed", Answer(feed.encode(), headers={"Content-Type": "application/rss+xml"}))
    assert take(home, "--feed", site.url + "/feed", "--source", "feed", code=0)["stored"] == 1
    for n in range(9):
        site.page(f"/w/{n}", f'<a href="/w/{2 * n + 1}">a</a> <a href="/w/{2 * n + 2}#x">b</a> <a href="/x.jpg">c</a>')
    assert take(home, "--site", site.url + "/w/0", "--limit", "6", "--source", "walk", code=0)["stored"] == 6
    walked = [p for p in site.paths() if p.startswith("/w/")]
    assert walked == [f"/w/{n}" for n in range(6)]


def test_what_is_no_list_is_said(site: Site, home: Path) -> None:
    """A sitemap that is a page, or is not there, ends as such; nothing is stored."""
    site.page("/page")
    assert why(take(home, "--sitemap", site.url + "/page", code=3)) == ("failed", "bad_answer")
    assert why(take(home, "--feed", site.url + "/none", "--source", "b")) == ("gone", "gone")
    assert stored(home) == {}


def test_a_licence_in_a_header_is_evidence(site: Site, home: Path) -> None:
    """RFC 4946: Link with rel=license."""
    site.page("/x", Link='<https://creativecommons.org/licenses/by/4.0/>; rel="license"')
    take(home, "--url", site.url + "/x", "--tradition", "natural", "--source", "s")
    receipt = json.loads(next(home.rglob("receipts/s/*.json")).read_text())
    assert receipt["facts"]["licence"] == "CC-BY-4.0"
    ok("build", "natural_es", "-q", home=home)
    (row,) = json_lines(ok("inspect", "natural_es", "--json", home=home))
    assert row["licence"] == "CC-BY-4.0"
    assert "Link header" in row["licence_evidence"]
    assert row["url"] == site.url + "/x"


def test_articles_of_journals_by_id(site: Site, home: Path, samples: Path) -> None:
    """PMC and SciELO ids are asked for where the settings say; books by address too."""
    article = (
        b'<article article-type="x"><front><article-meta><title-group><article-title>T</article-title></title-group>'
    )
    article += b"</article-meta></front><body><p>" + PROSE.encode() * 3 + b"</p></body></article>"
    for path in ("/pmc/3166943", "/scielo/S0864-21252011000300001"):
        site.add(path, Answer(article + path.encode(), headers={"Content-Type": "text/xml"}))
    where = ("--set", f"fetch.pmc={site.url}/pmc/{{number}}", "--set", f"fetch.scielo={site.url}/scielo/{{pid}}")
    ids = ("PMC3166943", "S0864-21252011000300001")
    done = run("ingest", "jats", *ids, "--allow-private", *QUICK, *where, "--source", "j", "--json", home=home)
    assert json.loads(done.stdout)["stored"] == 2, done.stdout + done.stderr
    book = next(samples.rglob("*.pdf")).read_bytes()
    site.add("/b.pdf", Answer(book, headers={"Content-Type": "application/pdf"}))
    done = run("ingest", "pdf", site.url + "/b.pdf", "--allow-private", *QUICK, "--json", home=home)
    assert json.loads(done.stdout)["stored"] == 1, done.stdout + done.stderr
    assert book in stored(home).values()
    assert run("ingest", "jats", "PMC12x", home=home).returncode == 2


@pytest.mark.slow
@pytest.mark.parametrize("at", [1, 2, 4, 7, 12])
@pytest.mark.survive(1, "`ingest articles` killed at a request: none repeated")
def test_killed_at_a_request_and_resumed(tmp_path: Path, at: int) -> None:
    """SIGKILL while a request waits: the next run asks for that one and what follows, and the store is the same."""
    with Site() as site:
        site.robots("User-agent: *\nCrawl-delay: 0")
        pages = site.many(10)
        command = [*FACTORY, "ingest", "articles", "--sitemap", site.url + "/sitemap.xml", "--allow-private"]
        command += ["--source", "s", "--tradition", "natural", *QUICK]
        home = tmp_path / "home"
        started: list[subprocess.Popen[bytes]] = []
        site.kill_at(at, lambda: started[0].pid if started else None)
        started.append(subprocess.Popen([*command, "-q"], env=os.environ | {"FACTORY_HOME": str(home)}))
        started[0].wait(60)
        assert started[0].returncode == -signal.SIGKILL
        before = site.paths()
        assert len(before) == at
        site.kill_at(10**9, lambda: None)
        ok(*command[len(FACTORY) :], home=home)
        after = site.paths()[at:]
        assert set(after) & set(before[:-1]) == set()
        assert after[0] == before[-1]
        assert sorted(stored(home)) == sorted(pages)
        assert not list(home.glob("visits/*.json"))
        assert len(list(home.rglob("raw/*/*"))) == len(pages) + 1


@pytest.mark.slow
@pytest.mark.survive(5, "a thousand pages in flat memory")
def test_a_thousand_pages_at_the_allowed_rate_in_flat_memory(tmp_path: Path) -> None:
    """The site allows a hundred a second; memory after the first hundred pages does not grow by more than 8 MB."""
    with Site() as site:
        site.robots("User-agent: *\nCrawl-delay: 0.01")
        site.many(1000)
        home = tmp_path / "home"
        command = [*FACTORY, "ingest", "articles", "--sitemap", site.url + "/sitemap.xml", "--allow-private", "-q"]
        begun = time.monotonic()
        child = subprocess.Popen(
            [*command, "--source", "s", "--tradition", "natural"], env=os.environ | {"FACTORY_HOME": str(home)}
        )
        process, early, late = psutil.Process(child.pid), 0, 0
        while child.poll() is None:
            try:
                size = process.memory_info().rss
            except psutil.NoSuchProcess:
                break
            early = max(early, size) if len(site.log) < 150 else early
            late = max(late, size)
            time.sleep(0.02)
        seconds = time.monotonic() - begun
        assert child.wait() == 0
        assert len(stored(home)) == 1000
        times = [hit.time for hit in site.log]
        assert min(b - a for a, b in itertools.pairwise(times)) >= 0.0099
        assert site.most_open == 1
        print(f"1,000 pages in {seconds:.1f} s; {early / 2**20:.0f} MiB early, {late / 2**20:.0f} MiB at most")
        assert late - early < 8 * 2**20


@pytest.mark.slow
@pytest.mark.survive(3, "SIGINT once: finish and save")
@pytest.mark.survive(9, "130 where somebody interrupts")
def test_interrupted_once_it_finishes_what_is_at_hand(tmp_path: Path) -> None:
    """SIGINT: the page being had is stored, the run ends 130, and the next one takes the rest."""
    with Site() as site:
        site.robots("User-agent: *\nCrawl-delay: 0.2")
        pages = site.many(8)
        home = tmp_path / "home"
        command = [*FACTORY, "ingest", "articles", "--sitemap", site.url + "/sitemap.xml", "--allow-private"]
        child = subprocess.Popen(
            [*command, "--source", "s"], env=os.environ | {"FACTORY_HOME": str(home)}, stderr=subprocess.PIPE, text=True
        )
        while site.hits("/p/0002") == 0:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=120)
        assert child.returncode == 130
        assert "finishing" in said
        assert 3 <= len(stored(home)) < 8
        ok(*command[len(FACTORY) :], "--source", "s", home=home)
        assert sorted(stored(home)) == sorted(pages)
        assert all(site.hits(f"/p/{n:04d}") == 1 for n in range(8))


def test_two_hosts_side_by_side(home: Path) -> None:
    """A slow host does not hold up another; each has one connection."""
    with Site() as one, Site() as two:
        for site in (one, two):
            site.robots("User-agent: *\nCrawl-delay: 0.3")
        listed = home.parent / "sources.toml"
        row = 'kind = "article"\nlanguage = "es"\ntradition = "natural"\nlicence = "unknown"\nallow_private = true\n'
        pages = [
            (site.page(f"/{n}").replace("127.0.0.1", host), f"{host[:4]}{n}".replace(".", ""))
            for host, site in (("127.0.0.1", one), ("localhost", two))
            for n in range(4)
        ]
        listed.write_text("".join(f'[[source]]\nid = "s{i}"\n{row}url = "{url}"\n' for url, i in pages))
        assert json.loads(ok("ingest", listed, *QUICK, "--json", home=home))["stored"] == 8
        assert one.log[0].time < two.log[-1].time
        assert two.log[0].time < one.log[-1].time
        assert (one.most_open, two.most_open) == (1, 1)


@pytest.mark.slow
@pytest.mark.parametrize("sample", range(8))
@pytest.mark.survive(1, "`ingest articles` killed at durable operations")
def test_killed_at_a_durable_operation(tmp_path: Path, sample: int) -> None:
    """SIGKILL at a write, rename or removal: nothing is half there, at most the page in hand is asked for again."""
    with Site() as site:
        site.robots("User-agent: *\nCrawl-delay: 0")
        pages = site.many(6)
        command = [*FACTORY, "ingest", "articles", "--sitemap", site.url + "/sitemap.xml", "--allow-private"]
        command += ["--source", "s", "--tradition", "natural", *QUICK, "-q"]
        whole = crash(command, tmp_path / "whole", 10**9)
        assert sorted(stored(tmp_path / "whole")) == sorted(pages)
        asked = len(site.log)
        home = tmp_path / "home"
        crash(command, home, 1 + sample * whole // 8)
        ok(*command[len(FACTORY) :], home=home)
        assert stored(home) == stored(tmp_path / "whole")
        assert len(list(home.rglob("receipts/s/*.json"))) == len(list((tmp_path / "whole").rglob("receipts/s/*.json")))
        assert len(site.log) - asked <= asked + 1
        assert not list(home.glob("visits/*.json"))
        # A killed write leaves its temporary file: harmless, and `gc` takes it.
        ok("gc", home=home)
        assert not list(home.rglob(".part-*"))


def crash(command: list[str], home: Path, at: int) -> int:
    """Run the command, killed at its so-manieth durable operation; how many there were."""
    count = home.parent / f"count-{home.name}"
    env = {"FACTORY_CRASH_COUNT": str(count), "FACTORY_CRASH_AT": str(at), "FACTORY_CRASH_HOME": str(home)}
    subprocess.run(command, env=os.environ | env | {"FACTORY_HOME": str(home)}, capture_output=True, check=False)
    return count.stat().st_size


def test_a_site_may_reserve_by_its_own_file(site: Site, home: Path) -> None:
    """/.well-known/tdmrep.json keeps a part of the site out; it is asked for once a day, like robots.txt."""
    reserve = b'[{"location": "/closed/", "tdm-reservation": 1}]'
    site.add("/.well-known/tdmrep.json", Answer(reserve, headers={"Content-Type": "application/json"}))
    site.page("/closed/a")
    site.page("/open/a")
    urls = ("--url", site.url + "/closed/a", "--url", site.url + "/open/a")
    said = take(home, *urls, "--source", "s", code=0)
    assert (said["stored"], [r["reason"] for r in said["forbidden"]]) == (1, ["opted_out"])
    take(home, *urls, "--source", "s")
    assert (site.hits("/closed/a"), site.hits("/robots.txt"), site.hits("/.well-known/tdmrep.json")) == (0, 1, 1)


@pytest.mark.survive(5, "chains and circles of redirects")
def test_a_circle_is_walked_once(site: Site, home: Path) -> None:
    """Where a redirect leads back, nothing is asked twice."""
    site.redirect("/a", "/b")
    site.redirect("/b", "/a#again")
    assert why(take(home, "--url", site.url + "/a")) == ("failed", "too_many_redirects")
    assert (site.hits("/a"), site.hits("/b")) == (1, 1)


@pytest.mark.survive(5, "walls against bots")
def test_a_bot_wall_stops_its_host(site: Site, home: Path) -> None:
    """Who wants to see a person is not asked for the other pages."""
    site.add("/0", Answer(b"<title>Attention Required! | Cloudflare</title>", 403))
    urls = [a for n in range(3) for a in ("--url", site.page(f"/{n}") if n else site.url + "/0")]
    said = take(home, *urls, "--source", "s", code=4)
    assert [r["reason"] for r in said["blocked"]] == ["bot_wall", "host_stopped", "host_stopped"]
    assert (site.hits("/0"), site.hits("/1"), site.hits("/2")) == (1, 0, 0)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/html; charset=\x80\x81"},
        {"Content-Type": ""},
        {"Content-Type": ";;;"},
        {"Content-Type": "text/html", "ETag": "\x80 \x01" + "x" * 3000},
        {"Content-Type": "text/html", "Last-Modified": "\xff"},
        {"Content-Type": "text/html", "Link": "<" * 4000 + '>; rel="license"'},
        {"Content-Type": "text/html", "X-Robots-Tag": "\xff" * 500},
        {"Content-Type": "text/html", "Retry-After": "9" * 400},
    ],
)
@pytest.mark.survive(5, "headers, locations and lists that make no sense")
def test_headers_that_make_no_sense(site: Site, home: Path, headers: dict[str, str]) -> None:
    """They cost at most their own page, and a second run goes on."""
    head = "".join(f"{k}: {v}\r\n" for k, v in headers.items()).encode("latin-1")
    site.add("/x", Answer(raw=bytes_of(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n" + head + b"\r\n<p>hola</p>")))
    site.page("/y")
    urls = ("--url", site.url + "/x", "--url", site.url + "/y", "--source", "s")
    for _ in range(2):
        said = take(home, *urls)
        ended = said["stored"] + said["unchanged"] + sum(len(v) for v in said.values() if isinstance(v, list))
        assert ended == 2
    assert site.url + "/y" in stored(home)


@pytest.mark.parametrize(
    "location",
    ["", "http://[bad", "//", "http://\xff\xfe/", "http://a..b/", "http://" + "a" * 300 + "/", "?", "\t/x y"],
)
@pytest.mark.survive(5, "headers, locations and lists that make no sense")
def test_redirects_that_lead_nowhere(site: Site, home: Path, location: str) -> None:
    """A Location that is no address ends the one page."""
    said = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode("latin-1") + b"\r\n\r\n"
    site.add("/x", Answer(raw=bytes_of(said)))
    status, _ = why(take(home, "--url", site.url + "/x"))
    assert status in ("forbidden", "failed", "pending")


@pytest.mark.survive(5, "headers, locations and lists that make no sense")
def test_lists_that_are_hostile(site: Site, home: Path) -> None:
    """Addresses nobody can ask for, in a sitemap, a feed and a page: each costs only itself."""
    bad = [
        "http://[bad",
        "http://\u00ff\u00ff..x/",
        "javascript:x",
        "file:///etc/passwd",
        "http://127.0.0.1:1/",
        "x" * 9000,
    ]
    good = site.page("/good")
    rows = "".join(f"<url><loc>{b}</loc></url>" for b in (*bad, good))
    site.add("/map.xml", Answer(f"<urlset>{rows}</urlset>".encode(), headers={"Content-Type": "text/xml"}))
    assert take(home, "--sitemap", site.url + "/map.xml", "--source", "a")["stored"] == 1
    items = "".join(f"<item><title>t</title><link>{b}</link></item>" for b in (*bad, good))
    feed = f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'
    site.add("/feed", Answer(feed.encode(), headers={"Content-Type": "application/rss+xml"}))
    assert take(home, "--feed", site.url + "/feed", "--source", "b")["stored"] == 1
    site.page("/walk", "".join(f'<a href="{b}">x</a>' for b in bad) + '<a href="/good">y</a>')
    assert take(home, "--site", site.url + "/walk", "--source", "c")["stored"] == 2


def test_a_sitemap_says_what_changed(site: Site, home: Path) -> None:
    """A page that its sitemap says is older than our copy is not asked for; one that is newer, or says nothing, is."""
    pages = {"/old": "2020-01-01", "/new": "2099-01-01T00:00:00Z", "/silent": None}
    rows = ""
    for path, day in pages.items():
        changed = f"<lastmod>{day}</lastmod>" if day else ""
        url = site.page(path, ETag='"1"')
        rows += f"<url><loc>{url}</loc>{changed}</url>"
    site.add("/map.xml", Answer(f"<urlset>{rows}</urlset>".encode(), headers={"Content-Type": "text/xml"}))
    for _ in range(2):
        take(home, "--sitemap", site.url + "/map.xml", "--source", "s", code=0)
    assert [site.hits(path) for path in pages] == [1, 2, 2]


@pytest.mark.mount
@pytest.mark.slow
@pytest.mark.survive(3, "a disk of 2 MB")
def test_a_full_disk_is_one_sentence(small_disk: Path) -> None:
    """The run ends 1 and says so; what is stored is whole; with space again it goes on."""
    with Site() as site:
        site.robots("User-agent: *\nCrawl-delay: 0")
        big = os.urandom(150_000).hex()
        urls = [a for n in range(12) for a in ("--url", site.page(f"/{n}", big + str(n)))]
        home = small_disk / "home"
        done = run("ingest", "articles", *urls, "--allow-private", "--source", "s", *QUICK, "-q", home=home)
        assert done.returncode == 1
        assert "no space left" in done.stderr
        assert "Traceback" not in done.stderr
        for url, body in stored(home).items():
            assert body == site.answers[url.removeprefix(site.url)].body
        assert not list(home.rglob(".part-*"))


@pytest.mark.slow
@pytest.mark.survive(3, "SIGINT twice")
def test_interrupted_twice_it_ends_at_once(tmp_path: Path) -> None:
    """A page that never ends does not hold up a person who insists; the next run may begin."""
    with Site() as site:
        site.add("/x", Answer(raw=slowly(HEAD + b"Content-Length: 100000\r\n\r\n")))
        home = tmp_path / "home"
        command = [*FACTORY, "ingest", "articles", "--url", site.url + "/x", "--allow-private", "--source", "s"]
        child = subprocess.Popen(command, env=os.environ | {"FACTORY_HOME": str(home)}, stderr=subprocess.DEVNULL)
        while site.hits("/x") == 0:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        time.sleep(0.3)
        begun = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.wait(60) == 130
        assert time.monotonic() - begun < 8  # the page itself ends after two minutes
        site.page("/x")
        assert take(home, "--url", site.url + "/x", "--source", "s")["stored"] == 1
