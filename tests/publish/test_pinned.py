"""What was pushed stays: the turning of pairs, chains included; the Hub that gives no answer; files changed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.published import _turned
from factory.store import open_store
from tests.publish.conftest import REPO, Loopback


def pairs(**better: str) -> dict[str, dict[str, object]]:
    return {name: {"doc_id": name, "superseded_by": by, "containment": 0.9} for name, by in better.items()}


@pytest.mark.parametrize(
    ("better", "pushed", "gone"),
    [
        ({"a": "b"}, set(), {"a"}),
        ({"a": "b"}, {"a"}, {"b"}),
        ({"a": "b", "b": "c"}, {"a"}, {"b", "c"}),
        ({"a": "b", "b": "c"}, {"b"}, {"a", "c"}),
        ({"a": "c", "b": "c"}, {"a"}, {"c"}),
        ({"a": "b", "b": "c"}, set(), {"a", "b"}),
    ],
)
def test_later_copies_give_way_to_what_was_pushed(
    tmp_path: Path, better: dict[str, str], pushed: set[str], gone: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a chain of better copies exactly the pushed one is kept; where none was, the last."""
    monkeypatch.setattr("factory.published.pushed", lambda store, recipe: pushed)
    found = _turned(pairs(**better), open_store(str(tmp_path)), "r")
    assert set(found) == gone


@pytest.mark.slow
def test_a_file_changed_by_hand_is_put_right(plain: Loopback, home: Path) -> None:
    """A shard that somebody deleted on the website is back with the next call, as a version of its own."""
    plain.publish("natural_es", "--repo", REPO, home=home)
    repo = plain.repo()
    whole = plain.files(plain.history()[0])
    files = dict(repo.commits[plain.history()[0]].files)
    del files[next(name for name in files if name.endswith(".parquet"))]
    repo.branches["main"] = plain.hub.new_commit(repo, files, "by hand", "", plain.history()[0])
    said = plain.publish("natural_es", "--repo", REPO, home=home)
    assert (said["version"], said["added"]) == ("1.1.0", 3)
    assert plain.files(plain.history()[0]).keys() == whole.keys()
    assert plain.publish("natural_es", "--repo", REPO, home=home)["change"] == "nothing"


@pytest.mark.slow
@pytest.mark.survive(5, "the Hub does not answer about a file")
def test_a_hub_that_does_not_answer_about_a_file(plain: Loopback, home: Path) -> None:
    """No file and no answer are two things: exit 4 and nothing pushed; a `versions.json` of somebody else is none."""
    plain.publish("natural_es", "--repo", REPO, home=home)
    head = plain.history()[0]
    plain.hub.faults.append({"match": "resolve/.*versions.json", "status": 503, "times": 99})
    done = plain.run("publish", "natural_es", "--repo", REPO, home=home)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert plain.history()[0] == head
    plain.hub.faults.clear()
    entry = plain.repo().commits[head].files["versions.json"]
    entry.data = json.dumps([1]).encode()
    done = plain.run("publish", "natural_es", "--repo", REPO, "--version", "2.0.0", home=home)
    assert done.returncode == 0, done.stderr
    assert set(plain.repo().tags) == {"v1.0.0", "v2.0.0"}
