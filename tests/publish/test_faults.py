"""Publishing is stopped and refused in every way: main is always the old version or the new one, never between."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.command import ok, run
from tests.crash import Record
from tests.publish.conftest import REPO, Loopback, start

pytestmark = pytest.mark.slow


@pytest.fixture
def grown(home: Path, tmp_path: Path) -> Path:
    """The home with something new in it, not published yet."""
    text = tmp_path / "melisa.txt"
    text.write_text(
        "El toronjil\n\n" + "".join(f"El toronjil se tomaba en infusión, dice la fuente {n}. " for n in range(60))
    )
    ok("ingest", text, "--source", "melisa", "--tradition", "natural", "--licence", "CC0-1.0", home=home)
    return home


def whole(loopback: Loopback, commit: str) -> dict[str, str]:
    """What a reader sees of a commit, but the day in its list of versions."""
    return {p: h for p, h in loopback.files(commit).items() if p not in ("README.md", "versions.json")}


@pytest.mark.parametrize("xet", [False, True], ids=["lfs", "xet"])
@pytest.mark.survive(
    1, "`publish` killed before and after each request (plain and Xet), run again: one commit and one tag"
)
def test_killed_at_every_request(grown: Path, tmp_path: Path, record_property: Record, *, xet: bool) -> None:
    """SIGKILL before and after the Hub acts on each request, then the same command: one commit and one tag a version."""
    ok("build", "natural_es", "-q", home=grown)
    for loopback in start(tmp_path / "wanted", xet=xet):
        loopback.publish("natural_es", "--repo", REPO, home=grown)
        wanted = whole(loopback, loopback.history()[0])
        count = loopback.requests
    assert count >= 8
    # Every request in one mode; in the other those that write, and their neighbours.
    points = [(n, when) for n in range(1, count + 1) for when in ("before", "after") if not xet or n > count // 2]
    record_property("cases", len(points))
    killed = 0
    for number, when in points:
        folder = tmp_path / f"{number}-{when}"
        for loopback in start(folder, xet=xet):
            loopback.kill = (number, when)
            done = loopback.run("publish", "natural_es", "--repo", REPO, "-q", home=grown)
            killed += done.returncode == -signal.SIGKILL
            if ("dataset", REPO) in loopback.hub.repos:
                seen = whole(loopback, loopback.repo().branches["main"])
                assert seen in ({}, wanted), (number, when)
                assert len(loopback.repo().tags) <= (seen == wanted)
            loopback.kill = None
            loopback.publish("natural_es", "--repo", REPO, home=grown)
            head = loopback.history()
            assert whole(loopback, head[0]) == wanted, (number, when)
            assert len(head) == 2, (number, when)
            assert loopback.repo().tags == {"v1.0.0": head[0]}, (number, when)
    assert killed == len(points)


@pytest.mark.parametrize(
    ("match", "fault"),
    [
        ("POST .*/commit/", {"status": 0, "after": True}),
        ("POST .*/tag/", {"status": 0, "after": True}),
        ("POST /api/repos/create", {"status": 0, "after": True}),
        ("POST .*/commit/", {"status": 503}),
        ("POST .*/commit/", {"status": 429, "headers": {"Retry-After": "1"}}),
        ("POST .*/commit/", {"status": 409}),
        ("POST .*/commit/", {"status": 412}),
        ("POST .*/tag/", {"status": 503}),
        ("GET .*/refs", {"status": 502}),
        ("PUT /_lfs", {"status": 500}),
    ],
)
@pytest.mark.survive(5, "the Hub loses an answer or is busy once")
def test_what_passes_is_waited_for(plain: Loopback, home: Path, match: str, fault: dict[str, object]) -> None:
    """An answer that was lost, or a Hub that is busy once: one commit, one tag, exit 0."""
    plain.hub.faults.append({"match": match, "times": 1, **fault})
    said = plain.publish("natural_es", "--repo", REPO, home=home)
    assert said["change"] == "first"
    assert len(plain.history()) == 2
    assert plain.repo().tags == {"v1.0.0": plain.history()[0]}


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ({"status": 429, "headers": {"Retry-After": "3600"}}, 4, "asks for patience"),
        ({"status": 403}, 2, "may not write"),
        ({"status": 401}, 2, "has expired"),
        ({"status": 400}, 1, "refuses org/natural (400)"),
    ],
)
@pytest.mark.survive(5, "the Hub refuses for good: a sentence, main as it was")
@pytest.mark.survive(9, "4, 2 and 1 from the Hub's answers")
def test_what_lasts_is_said(plain: Loopback, home: Path, fault: dict[str, object], code: int, said: str) -> None:
    """The right sentence and exit code, and main as it was; afterwards the same command goes on."""
    plain.hub.faults.append({"match": "POST .*/commit/", "times": 9, **fault})
    done = plain.run("publish", "natural_es", "--repo", REPO, home=home)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert whole(plain, plain.history()[0]) == {}
    assert plain.repo().tags == {}
    plain.hub.faults.clear()
    plain.publish("natural_es", "--repo", REPO, home=home)
    assert len(plain.history()) == 2


@pytest.mark.survive(9, "2 without a token, with an old one, with one that may only read")
def test_who_may_not(plain: Loopback, home: Path) -> None:
    """Nobody logged in, a token that has expired, one that may only read: a sentence each, and nothing is made."""
    for token, said in (("", "no token"), ("hf_old", "has expired"), ("hf_read", "may not write")):
        done = plain.run("publish", "natural_es", "--repo", REPO, home=home, token=token)
        assert done.returncode == 2, done.stderr
        assert said in done.stderr
        assert "hf_old" not in done.stdout + done.stderr
    assert plain.hub.repos == {}
    done = plain.run("publish", "natural_es", "--repo", "nowhere", home=home)
    assert (done.returncode, "ORG/NAME" in done.stderr) == (2, True)


@pytest.mark.survive(1, "somebody else publishes in between")
def test_a_second_writer(plain: Loopback, grown: Path, home: Path) -> None:
    """Somebody publishes between our reading and our commit: theirs stands, ours says so, and goes on top when asked."""
    plain.publish("natural_es", "--repo", REPO, home=home)
    ok("build", "natural_es", "-q", home=grown)
    repo, old = plain.repo(), plain.history()[0]
    hook = plain.hub.hook

    def theirs(handler: object, when: str) -> None:
        hook(handler, when)
        if when == "before" and "/preupload/" in handler.path and repo.branches["main"] == old:  # type: ignore[attr-defined]
            files = dict(repo.commits[old].files)
            entry = files["versions.json"]
            data = entry.data.replace(b'"content": "', b'"content": "f')
            files["versions.json"] = type(entry)(len(data), "0" * 40, None, data)
            repo.branches["main"] = plain.hub.new_commit(repo, files, "theirs", "", old)

    plain.hub.hook = theirs
    done = plain.run("publish", "natural_es", "--repo", REPO, home=grown)
    assert done.returncode == 4, done.stderr
    assert "somebody else published version 1.0.0" in done.stderr
    assert repo.commits[repo.branches["main"]].title == "theirs"
    assert set(repo.tags) == {"v1.0.0"}
    said = plain.publish("natural_es", "--repo", REPO, home=grown)
    assert said["version"] == "1.1.0"
    assert repo.commits[plain.history()[1]].title == "theirs"


def test_a_tag_that_is_taken(plain: Loopback, home: Path) -> None:
    """A tag on other data is never moved."""
    plain.publish("natural_es", "--repo", REPO, "--version", "1.0.0", home=home)
    plain.repo().tags["v3.0.0"] = plain.history()[-1]
    plain.ok("publish", "natural_es", "--repo", "org/other", home=home)
    ok("build", "natural_es", "-q", "--set", "clean.min_topic_score=0.2", home=home)
    done = plain.run("publish", "natural_es", "--repo", REPO, "--version", "3.0.0", home=home)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "has a tag v3.0.0 already" in done.stderr
    done = plain.run("publish", "natural_es", "--repo", REPO, "--version", "0.9.0", home=home)
    assert (done.returncode, "not later than 1.0.0" in done.stderr) == (2, True)


@pytest.mark.survive(1, "`publish` killed between commit and tag, then grown")
def test_a_version_whose_tag_was_lost_gets_it(plain: Loopback, grown: Path, home: Path) -> None:
    """Killed between commit and tag, then grown: each version has its tag, on its own commit."""
    plain.kill_on = "POST /api/datasets/org/natural/commit/"
    assert plain.run("publish", "natural_es", "--repo", REPO, home=home).returncode == -signal.SIGKILL
    assert plain.repo().tags == {}
    ok("build", "natural_es", "-q", home=grown)
    assert plain.publish("natural_es", "--repo", REPO, home=grown)["version"] == "1.1.0"
    assert plain.repo().tags == {"v1.0.0": plain.history()[1], "v1.1.0": plain.history()[0]}


def test_tags_count_where_the_list_of_versions_is_gone(plain: Loopback, home: Path) -> None:
    """`versions.json` was deleted by hand: the next version is later than every tag, said by a dry run too."""
    plain.publish("natural_es", "--repo", REPO, "--version", "1.10.0", home=home)
    repo = plain.repo()
    repo.tags |= {"v1.9.0": plain.history()[1], "other": plain.history()[1]}
    files = {name: entry for name, entry in repo.commits[plain.history()[0]].files.items() if name != "versions.json"}
    repo.branches["main"] = plain.hub.new_commit(repo, files, "by hand", "", plain.history()[0])
    dry = json.loads(plain.ok("publish", "natural_es", "--repo", REPO, "--dry-run", "--json", home=home))
    assert dry["version"] == "2.0.0"
    assert plain.publish("natural_es", "--repo", REPO, home=home)["version"] == "2.0.0"


@pytest.mark.survive(5, "what answers is not the Hub")
def test_what_answers_is_not_the_hub(home: Path, tmp_path: Path) -> None:
    """A login page of a network, an address without its scheme, a token that was copied badly: a sentence each."""
    from tests.web.site import Answer, Site

    with Site() as site:
        site.add("/api/datasets/org/natural", Answer(b"<html>login</html>", headers={"Content-Type": "text/html"}))
        for address, token, said in (
            (site.url, "hf_test", "is not the Hub"),
            ("hub.example", "hf_test", "is not the Hub"),
            (site.url, "hf_ñ", "letters that no token has"),
        ):
            env = {"HF_ENDPOINT": address, "HF_TOKEN": token, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "0"}
            done = run("publish", "natural_es", "--repo", REPO, home=home, **env)
            assert done.returncode in (1, 2), done.stderr
            assert said in done.stderr
            assert "Traceback" not in done.stderr
            assert "hf_ñ" not in done.stderr
