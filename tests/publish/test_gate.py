"""The gate at push and at opening, versions and tombstones by themselves: each rule by a row of its own."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import tombstones
from factory.errors import ConfigError
from factory.hub import Remote
from factory.opening import _refused
from factory.parcel import next_version, ours, refused
from factory.retract import is_finished
from factory.store import LocalStore
from tests.publish.conftest import CANARY, REPO, Loopback

FREE = {"tier": "open_weights", "outputs": "free"}
ROW = {"licence": "CC-BY-4.0", "source_id": "s", "translation": FREE, "generator": {"outputs": "free"}}
SAID = {"licence": "CC-BY-4.0"}
# What the row says otherwise, what is said of its source now, and why it stays then: at a push, and at opening.
CASES: list[tuple[dict[str, Any], dict[str, Any] | None, str | None, str | None]] = [
    ({}, SAID, None, None),
    ({}, None, None, None),
    ({"licence": "CC-BY-NC-4.0"}, SAID, "licence_non_commercial", "licence_non_commercial"),
    ({"licence": None}, SAID, "licence_unknown", "licence_unknown"),
    ({"licence": "youtube-standard"}, None, "licence_youtube_standard", "licence_youtube_standard"),
    ({}, {"licence": "all-rights-reserved"}, "licence_changed", "licence_changed"),
    # Open too, but the row says another one: the row is built again. In an old version it stays as open as it was.
    ({}, {"licence": "CC-BY-SA-4.0"}, "licence_changed", None),
    ({}, SAID | {"source_type": "clinical"}, "clinical_not_reviewed", "clinical_not_reviewed"),
    ({}, SAID | {"source_type": "clinical", "reviewed_by": "Ana"}, None, None),
    ({"translation": FREE | {"tier": "rule_based"}}, SAID, "model_terms", "model_terms"),
    ({"translation": FREE | {"outputs": "restricted"}}, SAID, "model_terms", "model_terms"),
    ({"generator": {"outputs": "restricted"}}, SAID, "model_terms", "model_terms"),
    ({"translation": None, "generator": None}, SAID, None, None),
]


@pytest.mark.parametrize(("row", "said", "at_push", "at_opening"), CASES)
def test_why_a_row_stays(
    row: dict[str, Any], said: dict[str, Any] | None, at_push: str | None, at_opening: str | None
) -> None:
    """The two gates judge a row by itself, and by what is said of its source now."""
    table = {"s": said} if said else {}
    assert refused(ROW | row, table, {"s": "CC-BY-4.0"}) == at_push
    sink = io.BytesIO()
    schema = pa.schema(
        {
            "licence": pa.string(),
            "source_id": pa.string(),
            "translation": pa.struct({"tier": pa.string(), "outputs": pa.string()}),
            "generator": pa.struct({"outputs": pa.string()}),
        }
    )
    pq.write_table(pa.Table.from_pylist([ROW, ROW | row], schema), sink)
    found = _refused(sink.getvalue(), table)
    assert [why for _, why in found] == [at_opening] * (0 if at_opening is None else 1 if row else 2)


def test_what_cannot_be_read_is_not_opened() -> None:
    """A shard that is damaged may hold anything."""
    assert _refused(b"PAR1 but not really PAR1", {}) == [("a file", "not_readable")]


@pytest.mark.slow
def test_no_reference_is_overlooked(plain: Loopback, home: Path) -> None:
    """Rows that may not be public keep a repository closed whatever still reaches them: branch, tag, request, copy."""
    plain.publish("natural_es", "--repo", REPO, "--private", "--include-unpublishable", home=home)
    repo, bad = plain.repo(), plain.history()[0]
    plain.publish("natural_es", "--repo", REPO, "--private", "--forget", home=home)
    for holder, name in (
        (repo.branches, "side"),
        (repo.tags, "mine"),
        (repo.pr_refs, "refs/pr/1"),
        (repo.converts, "refs/convert/parquet"),
    ):
        holder[name] = bad
        if holder is repo.pr_refs:
            repo.prs[1] = {"num": 1, "status": "open", "title": "x", "createdAt": "2026-01-01T00:00:00.000Z"}
        done = plain.run("publish", "natural_es", "--repo", REPO, "--public", home=home)
        assert done.returncode == 5, (name, done.stderr)
        assert "nobody: licence_unknown" in done.stderr
        assert repo.private
        del holder[name]
        repo.prs.clear()
    plain.publish("natural_es", "--repo", REPO, "--public", home=home)
    assert not repo.private
    assert CANARY not in plain.data(plain.history()[0], "README.md").decode()


@pytest.mark.parametrize(
    ("last", "change", "asked", "version"),
    [
        (None, "first", None, "1.0.0"),
        ("1.2.3", "columns", None, "2.0.0"),
        ("1.2.3", "rows", None, "1.3.0"),
        ("1.2.3", "retracted", None, "1.3.0"),
        ("1.2.3", "pages", None, "1.2.4"),
        ("1.9.9", "first", None, "2.0.0"),
        ("1.2.3", "rows", "v4.0.1", "4.0.1"),
        ("1.9.0", "rows", "1.10.0", "1.10.0"),
    ],
)
def test_which_version_comes_next(last: str | None, change: str, asked: str | None, version: str) -> None:
    """By what changed, or what was asked for; numbers, not letters, are compared."""
    assert next_version({"version": last} if last else None, change, asked) == version


@pytest.mark.parametrize("asked", ["1.2.3", "1.2.2", "0.9.9", "1.2", "1.2.3.4", "1.2.x", "-1.2.3", "1,3,0", ""])
def test_what_is_no_later_version(asked: str) -> None:
    """Not later than the last, or no version at all."""
    with pytest.raises(ConfigError):
        next_version({"version": "1.2.3"}, "rows", asked)


def test_the_latest_tag() -> None:
    """Tags that are no versions are not counted; 1.10.0 is later than 1.9.0."""
    tags = dict.fromkeys(["v1.9.0", "v1.10.0", "v2", "v9.0.0-rc1", "w9.0.0", "main"], "c")
    assert Remote("h", private=False, versions=None, tags=tags).last() == {"version": "1.10.0"}
    assert Remote("h", private=False, versions=None, tags={"main": "c"}).last() is None


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("README.md", True),
        ("data/text/train-00000.parquet", True),
        ("natural_es/data/text/train-00000.parquet", True),
        ("natural_es/README.md", True),
        ("versions.json", True),
        ("notebook.ipynb", False),
        ("other_es/data/x.parquet", False),
        ("natural_es/notes.txt", False),
        (".gitattributes", False),
        ("docs/README.md", False),
    ],
)
def test_which_files_are_taken_away(name: str, *, is_ours: bool) -> None:
    """A publication removes its own old files, and never somebody's."""
    assert ours(name, ["natural_es"]) is is_ours


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://A.org/x/", "http://a.org/x#y", True),
        ("https://a.org/X", "https://a.org/x", False),
        ("https://a.org/x?p=1", "https://a.org/x?p=2", False),
        ("https://www.a.org/x", "https://a.org/x", False),
        ("file:///tmp/A", "file:///tmp/a", False),
        (" https://a.org ", "https://a.org/", True),
    ],
)
def test_addresses_that_are_the_same(one: str, other: str, *, same: bool) -> None:
    """By scheme, host, last slash and fragment; never by path or question."""
    assert (tombstones.address_hash(one) == tombstones.address_hash(other)) is same


def test_what_a_tombstone_refuses(tmp_path: Path) -> None:
    """Its source, addresses, bytes and texts, each by itself; a text of one source only where it says so."""
    store = LocalStore(str(tmp_path))
    url = tombstones.address_hash("https://a.org/page")
    stone = {"name": "n", "source": "gone", "raw": ["ff"], "addresses": [url], "urls": [url], "home": True}
    stone |= {"texts": [["", "any"], ["s", "own"]], "rows": [["s", "aa", ["000000002"]]], "items": []}
    tombstones.write(store, stone)
    tombstones.write(store, stone | {"name": "m", "source": None, "rows": [["s", "aa", ["000000001"]]], "home": False})
    refuses, texts = tombstones.Refusals(store), tombstones.Texts(store)
    assert (refuses.source("gone"), refuses.source("s"), refuses.source("")) == (True, False, False)
    assert (refuses.data("ff"), refuses.data("aa"), refuses.data(None)) == (True, False, False)
    assert refuses.address("http://a.org/page/")
    assert not refuses.address("http://a.org/other")
    assert texts.holds("x", "any", None)
    assert texts.holds("s", "own", None)
    assert not texts.holds("x", "own", None)
    assert texts.holds("x", "other", "https://a.org/page#z")
    assert not texts.holds("x", "other", "https://a.org/pages")
    assert tombstones.rows_of(store) == {("s", "aa"): ["000000001", "000000002"]}
    assert [one["name"] for one in tombstones.begun(store)] == ["m"]


@pytest.mark.parametrize(
    ("home", "repositories", "not_built", "finished"),
    [(True, [], {}, True), (False, [], {}, False), (True, ["o/n"], {}, False), (True, [], {"natural_es": "x"}, False)],
)
def test_when_a_taking_down_is_done(
    repositories: list[str], not_built: dict[str, str], *, home: bool, finished: bool
) -> None:
    """The home holds nothing, no repository waits, no dataset is missing."""
    assert is_finished({"home": home, "repositories": repositories, "not_built": not_built}) is finished
