"""Taking down and opening when something else changed between: licences, versions, recipes, calls that were stopped."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.command import ok, run
from tests.crash import crash
from tests.publish.conftest import PROJECT, REPO, Loopback
from tests.publish.test_retract import NAME, RETRACT, holding, home, rows, small

pytestmark = [pytest.mark.slow]
__all__ = ["home", "small"]


def test_a_licence_that_was_withdrawn_meanwhile(home: Path, plain: Loopback) -> None:
    """Taking one source down does not keep another's old licence alive; in a private repository it is not opened."""
    plain.publish("natural_es", "--repo", REPO, "--private", home=home)
    source = "s"
    assert [row for row in rows(home, "natural_es").values() if row["source_id"] == source]
    file = next((PROJECT / "samples/articles/natural").glob("*.md"))
    ok(
        "ingest",
        file,
        "--source",
        source,
        "--tradition",
        "natural",
        "--licence",
        "all-rights-reserved",
        "-q",
        home=home,
    )
    done = plain.run("retract", "zq-larga", "--why", "x", home=home)
    assert done.returncode == 0, done.stderr
    assert not [row for row in rows(home, "natural_es").values() if row["source_id"] == source]


def test_a_version_that_held_it_before(home: Path, plain: Loopback) -> None:
    """What left the recipe since still stands in an old version: the repository is squashed all the same."""
    plain.publish("natural_es", "--repo", REPO, home=home)
    said = json.loads((home / "sources/zq-larga.json").read_text())
    (home / "sources/zq-larga.json").write_text(json.dumps({**said, "tradition": "conventional"}))
    ok("build", "natural_es", "--rebuild", "-q", home=home)
    assert not any(NAME in row["text"] for row in rows(home, "natural_es").values() if row["source_id"] == "zq-larga")
    assert plain.publish("natural_es", "--repo", REPO, home=home)["version"] == "1.1.0"
    told = json.loads(plain.ok("retract", "zq-larga", "--why", "x", "--json", home=home))
    assert told["lost"] == {REPO: ["v1.0.0"]}
    assert list(plain.repo().tags) == ["v1.1.0"]
    assert len(plain.reachable()) == 1


@pytest.mark.survive(1, "`publish` after a killed `retract`")
def test_nothing_is_published_while_a_taking_down_is_stopped(home: Path, plain: Loopback) -> None:
    """A killed call is ended before anything is published, also where it is asked again by another name."""
    _, code = crash(RETRACT, home, 16)
    assert code != 0
    done = plain.run("publish", "natural_es", "--repo", REPO, home=home)
    assert done.returncode == 2
    assert "was stopped" in done.stderr
    assert ("dataset", REPO) not in plain.hub.repos
    other = next(i for i, row in rows(home, "natural_es").items() if row["source_id"] == "s")
    ok("retract", other, "--why", "another one", "-q", home=home)
    assert not holding(home / "datasets", f"De ello murió {NAME}")
    assert not holding(home / "raw", f"De ello murió {NAME}")
    plain.publish("natural_es", "--repo", REPO, home=home)


def test_a_recipe_that_is_no_more(home: Path) -> None:
    """A dataset of a recipe that this version lacks goes with the sentence that says why."""
    for name in (".json", ""):
        old, new = home / f"datasets/natural_es{name}", home / f"datasets/old_es{name}"
        shutil.copytree(old, new) if old.is_dir() else new.write_bytes(old.read_bytes())
    shutil.copytree(home / "batches/natural_es", home / "batches/old_es")
    done = run("retract", "zq-larga", "--why", "x", home=home)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert "old_es is gone until it is built again" in done.stdout + done.stderr
    assert not (home / "datasets/old_es.json").exists()
    assert not holding(home / "datasets", f"De ello murió {NAME}")


def test_somebodys_own_tag_does_not_keep_it(home: Path, plain: Loopback) -> None:
    """A tag with the next version's name, set by hand, is passed over and taken away."""
    plain.publish("natural_es", "--repo", REPO, home=home)
    plain.repo().tags["v1.1.0"] = plain.history()[0]
    told = json.loads(plain.ok("retract", "zq-larga", "--why", "x", "--json", home=home))
    assert told["versions"] == {REPO: "1.2.0"}
    assert list(plain.repo().tags) == ["v1.2.0"]
    assert len(plain.reachable()) == 1


@pytest.mark.survive(4, "markup in a licence and a title: the card")
def test_values_of_rows_are_words_in_the_card() -> None:
    """A licence with lines, cells, tags or pictures in it makes none in the card."""
    from factory.card_words import _table
    from factory.licence import publishable

    lines = _table("licence", {"Mine | 9 |\n\n# HACKED ![x](http://evil/x.png) <img src=x>": 1}, "rows")
    assert len(lines) == 4
    assert lines[2] == r"| Mine \| 9 \| # HACKED \!\[x\](http://evil/x.png) \<img src=x\> | 1 |"
    assert not publishable("CC0-1.0\n")
