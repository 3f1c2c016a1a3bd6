"""`factory publish` against a Hub on the loopback: the real client, by plain uploads and by Xet."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.command import ok, run
from tests.publish.conftest import CANARY, REPO, SECRET, Load, Loopback

pytestmark = pytest.mark.slow


def test_a_version_is_one_commit_and_one_tag_and_loads(loopback: Loopback, home: Path, load: Load) -> None:
    """Created, pushed, loaded whole, streamed and at its tag; the same call again changes nothing."""
    said = loopback.publish("natural_es", "--repo", REPO, home=home)
    assert (said["version"], said["change"], said["recipes"]) == ("1.0.0", "first", ["natural_es"])
    head = loopback.history()[0]
    assert len(loopback.history()) == 2  # the Hub's own first commit, and ours
    assert loopback.repo().tags == {"v1.0.0": head}
    again = loopback.publish("natural_es", "--repo", REPO, home=home)
    assert (again["change"], again["added"], again["commit"]) == ("nothing", 0, head)
    assert loopback.history()[0] == head
    assert json.loads(ok("status", "--json", home=home))["published"] == {REPO: "1.0.0"}
    code = f"""
whole = load_dataset("{REPO}")
print(sum(len(one) for one in whole.values()))
print(load_dataset("{REPO}", "smc", split="train", revision="v1.0.0")[0]["raw_text"][:20])
print(next(iter(load_dataset("{REPO}", split="train", streaming=True)))["id"])
"""
    count, text, first = load(loopback, code).splitlines()
    rows = [row for split in _rows(home, "natural_es").values() for row in split]
    assert int(count) == said["rows"] == len(rows)
    assert first in {row["id"] for row in rows}
    assert any(row["text"].startswith(text.strip()) for row in rows)


def _rows(home: Path, recipe: str) -> dict[str, list[dict[str, object]]]:
    import factory

    return {name: list(split) for name, split in factory.load(recipe, str(home)).items()}


def test_private_and_gated_are_settings(loopback: Loopback, home: Path, load: Load) -> None:
    """A private dataset is not there for strangers; a gated one asks who they are; both load with the token."""
    loopback.publish("natural_es", "--repo", REPO, "--private", home=home)
    assert loopback.repo().private
    code = f'print(len(load_dataset("{REPO}", split="train")))'
    assert "401" in load(loopback, code, token="") or "doesn't exist" in load(loopback, code, token="")
    assert load(loopback, code).strip().isdigit()
    done = loopback.run("publish", "natural_es", "--repo", REPO, home=home)
    assert done.returncode == 2
    assert "is private" in done.stderr
    loopback.publish("natural_es", "--repo", REPO, "--public", "--gated", "auto", home=home)
    assert not loopback.repo().private
    assert loopback.repo().gated == "auto"
    assert "401" in load(loopback, code, token="") or "gated" in load(loopback, code, token="").lower()
    assert load(loopback, code).strip().isdigit()


def test_a_dry_run_writes_a_folder_and_sends_nothing(plain: Loopback, home: Path) -> None:
    """Everything is in the folder, as `load_dataset` opens it; no request writes."""
    from datasets import load_dataset

    said = json.loads(plain.ok("publish", "natural_es", "--repo", REPO, "--dry-run", "--json", home=home))
    assert plain.hub.repos == {}
    assert {method for method, _, _ in plain.hub.log} <= {"GET", "HEAD"}
    folder = Path(said["folder"])
    assert json.loads((folder / "versions.json").read_text())["version"] == "1.0.0"
    data = load_dataset(str(folder), cache_dir=str(home.parent / "cache"))
    assert sum(len(split) for split in data.values()) == said["rows"]
    # Without a token and without a Hub it is the same.
    away = run("publish", "natural_es", "--repo", REPO, "--dry-run", home=home, HF_HUB_OFFLINE="1")
    assert away.returncode == 0, away.stderr
    assert "was not looked at" in away.stdout


def test_no_byte_of_what_may_not_leave_leaves(loopback: Loopback, home: Path) -> None:
    """The canary of an unlicensed document is in no uploaded byte: shards, card, credits, log of duplicates, manifest."""
    # A copy of it, without a licence too: the log of duplicates must name neither.
    text = home.parent / f"Copia de {CANARY}.txt"
    text.write_text("Copia\n\n" + f"La {CANARY} se toma en infusión según el uso tradicional de la comarca. " * 41)
    ok("ingest", text, "--source", "nobody", "--tradition", "natural", "--licence", "unknown", home=home)
    ok("build", "natural_es", "-q", home=home)
    loopback.publish("natural_es", "--repo", REPO, home=home)
    for commit in loopback.reachable():
        for path in loopback.files(commit):
            data = loopback.data(commit, path)
            assert CANARY.encode() not in data, path
            if path.endswith(".parquet"):
                assert CANARY not in json.dumps(_table(data), default=str, ensure_ascii=False), path
    assert CANARY not in (home / "reports/natural_es.html").read_text()
    assert SECRET not in "".join(p.read_text(errors="replace") for p in home.rglob("*") if p.is_file())


def _table(data: bytes) -> list[dict[str, object]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return list(pq.read_table(pa.BufferReader(data)).to_pylist())


def test_the_gate_runs_again_at_push(plain: Loopback, home: Path) -> None:
    """A licence that was withdrawn after the build, rows that were included on request: refused, and nothing is sent."""
    sources = home / "sources"
    row = json.loads(next(iter(sorted(sources.glob("*.json")))).read_text())
    published = {r["source_id"] for split in _rows(home, "natural_es").values() for r in split}
    name = min(published)
    row = json.loads((sources / f"{name}.json").read_text())
    (sources / f"{name}.json").write_text(json.dumps(row | {"licence": "all-rights-reserved"}))
    done = plain.run("publish", "natural_es", "--repo", REPO, home=home)
    assert done.returncode == 5
    assert name in done.stderr
    assert plain.hub.repos == {}
    (sources / f"{name}.json").write_text(json.dumps(row))
    done = plain.run("publish", "natural_es", "--repo", REPO, "--include-unpublishable", home=home)
    assert done.returncode == 2
    assert "--private" in done.stderr


def test_what_stays_private_is_not_opened(plain: Loopback, home: Path) -> None:
    """A private repository with rows that may not be published is opened only when no version holds them any more."""
    plain.publish("natural_es", "--repo", REPO, "--private", "--include-unpublishable", home=home)
    head = plain.history()[0]
    assert any(CANARY in str(_table(plain.data(head, p))) for p in plain.files(head) if p.endswith(".parquet"))
    assert "Not for publication" in plain.data(head, "README.md").decode()
    done = plain.run("publish", "natural_es", "--repo", REPO, "--public", home=home)
    assert done.returncode == 5, done.stderr
    assert "nobody: licence_unknown" in done.stderr
    assert plain.repo().private
    plain.publish("natural_es", "--repo", REPO, "--public", "--forget", home=home)
    assert not plain.repo().private
    assert len(plain.reachable()) == 1
    for path in plain.files(plain.history()[0]):
        if path.endswith(".parquet"):
            assert CANARY not in str(_table(plain.data(plain.history()[0], path)))


def test_several_recipes_are_configs_of_one_repository_or_have_their_own(
    plain: Loopback, home: Path, load: Load
) -> None:
    """`--all` into one repository, and into one for each; a part of what is there takes nothing away."""
    said = plain.publish("--all", "--repo", "org/all", home=home)
    assert said["recipes"] == ["medical_es", "natural_es"]
    code = """
from datasets import get_dataset_config_names
print(sorted(get_dataset_config_names("org/all")))
print(len(load_dataset("org/all", "natural_es", split="train")), len(load_dataset("org/all", "medical_es-smc", split="train")))
"""
    names, counts = load(plain, code).splitlines()
    assert names == "['medical_es', 'medical_es-smc', 'natural_es', 'natural_es-smc']"
    assert all(int(one) > 0 for one in counts.split())
    files = plain.files(plain.history("org/all")[0], "org/all")
    card = plain.data(plain.history("org/all")[0], "README.md", "org/all").decode()
    shown = re.findall(r'load_dataset\("([^"]+)", "([^"]+)"', card)
    assert len(shown) == 4  # two recipes, two languages
    assert set(shown) <= {("org/all", name) for name in ("medical_es", "natural_es")}
    assert "license_link: LICENSE.md" not in card or "LICENSE.md" in files
    # What the text names is there, and each heading that is linked to stands once.
    named = set(re.findall(r"`([\w/]+\.md)`", card))
    assert named == {"medical_es/ATTRIBUTION.md", "natural_es/ATTRIBUTION.md"}
    assert named <= set(files)
    for anchor in ("Español", "English"):
        assert card.count(f"\n## {anchor}\n") == 1
    assert "LICENSE.md" in files
    done = plain.run("publish", "natural_es", "--all", "--repo", "org/all", home=home)
    assert done.returncode == 2
    assert "name none with it" in done.stderr
    done = plain.run("publish", "natural_es", "--repo", "org/all", home=home)
    assert done.returncode == 2
    assert "would take medical_es away" in done.stderr
    plain.ok("publish", "--all", "--repo", "org/{recipe}", home=home)
    assert {name for _, name in plain.hub.repos} == {"org/all", "org/medical_es", "org/natural_es"}


def test_versions_grow_and_old_shards_are_not_sent_again(loopback: Loopback, home: Path, tmp_path: Path) -> None:
    """Three versions of a growing dataset: each sends its own shards only; numbers follow what changed."""
    loopback.publish("natural_es", "--repo", REPO, home=home)
    held = {p: h for p, h in loopback.files(loopback.history()[0]).items() if p.endswith(".parquet")}
    for number, name in ((1, "romero"), (2, "tomillo")):
        text = tmp_path / f"{name}.txt"
        text.write_text(
            f"El {name}\n\n" + "".join(f"El {name} se tomaba en infusión, dice la fuente {n}. " for n in range(60))
        )
        ok("ingest", text, "--source", name, "--tradition", "natural", "--licence", "CC0-1.0", home=home)
        ok("build", "natural_es", "-q", home=home)
        loopback.hub.log.clear()
        said = loopback.publish("natural_es", "--repo", REPO, home=home)
        assert said["version"] == f"1.{number}.0"
        now = {p: h for p, h in loopback.files(loopback.history()[0]).items() if p.endswith(".parquet")}
        assert held.items() <= now.items()
        new = {h for p, h in now.items() if p not in held}
        sent = {m[1] for _, path, _ in loopback.hub.log if (m := re.search(r"/_lfs/put/(\w{64})", path))}
        assert sent == (new if not loopback.xet else set())
        held = now
    assert len(loopback.history()) == 4
    assert set(loopback.repo().tags) == {"v1.0.0", "v1.1.0", "v1.2.0"}
    table = json.loads(loopback.data(loopback.history()[0], "versions.json"))
    assert [one["change"] for one in table["versions"]] == ["first", "rows", "rows"]
    done = loopback.run("publish", "natural_es", "--repo", REPO, "--version", "1.0.5", home=home)
    assert done.returncode == 0  # nothing changed: no commit, whatever the number
    assert "nothing changed since version 1.2.0" in done.stdout


def test_a_document_that_was_pushed_stays(plain: Loopback, home: Path, tmp_path: Path) -> None:
    """A better copy that comes later gives way to the one that was pushed: its shard is not written again."""
    body = "".join(
        f"La lavanda {n} se usaba en baños tibios para descansar, según la fuente citada. " for n in range(60)
    )
    first = tmp_path / "lavanda.txt"
    first.write_text(f"Lavanda\n\n{body}")
    ok("ingest", first, "--source", "uno", "--tradition", "natural", "--licence", "CC0-1.0", home=home)
    ok("build", "natural_es", "-q", home=home)
    other = tmp_path / "other"
    shutil.copytree(home, other)
    plain.publish("natural_es", "--repo", REPO, home=home)
    before = {row["id"] for split in _rows(home, "natural_es").values() for row in split}
    held = {p: h for p, h in plain.files(plain.history()[0]).items() if p.endswith(".parquet")}
    longer = tmp_path / "larga.txt"
    more = "".join(f"También se ponía en saquitos entre la ropa del armario número {n}. " for n in range(90))
    longer.write_text(f"Lavanda\n\n{body}\n\n{more}")
    for place in (other, home):
        ok("ingest", longer, "--source", "dos", "--tradition", "natural", "--licence", "CC0-1.0", home=place)
        ok("build", "natural_es", "-q", home=place)
    assert {row["id"] for split in _rows(other, "natural_es").values() for row in split} != before  # never pushed
    assert {row["id"] for split in _rows(home, "natural_es").values() for row in split} == before
    plain.publish("natural_es", "--repo", REPO, home=home)
    now = {p: h for p, h in plain.files(plain.history()[0]).items() if p.endswith(".parquet")}
    assert now == held
