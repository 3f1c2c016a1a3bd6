"""The licence gate as a property: whatever the mix, no byte of a refused row leaves."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from factory.licence import combined, inherited, needs_attribution, publishable, refusal, refused, share_alike, url_of
from tests.command import PROSE, ok

OPEN = ["CC0-1.0", "public-domain", "CC-BY-4.0", "CC-BY-3.0-IGO", "CC-BY-SA-4.0", "MIT"]
CLOSED = ["unknown", "CC-BY-NC-4.0", "CC-BY-ND-4.0", "CC-BY-NC-SA-4.0", "youtube-standard", "all-rights-reserved"]


@pytest.mark.parametrize(
    ("licences", "result"),
    [
        (["CC0-1.0", "public-domain"], "CC0-1.0"),
        (["CC0-1.0", "CC-BY-4.0"], "CC-BY-4.0"),
        (["CC-BY-4.0", "CC-BY-SA-3.0"], "CC-BY-SA-3.0"),
        (["CC-BY-SA-3.0", "CC-BY-SA-4.0", "MIT"], "CC-BY-SA-4.0"),
        (["CC-BY-SA-4.0", "GFDL-1.3"], "unknown"),
        (["CC-BY-SA-4.0", "ODbL-1.0", "CC0-1.0"], "unknown"),
        (["CC-BY-4.0", "CC-BY-NC-4.0"], "CC-BY-NC-4.0"),
        (["CC-BY-4.0", "unknown", "CC-BY-NC-4.0"], "unknown"),
        ([], "unknown"),
    ],
)
def test_what_is_derived_inherits_the_strictest_licence(licences: list[str], result: str) -> None:
    """Share-alike wins over credit, closed over open, and what cannot meet may not be published; order is nothing."""
    assert inherited(licences) == inherited(reversed(licences)) == result


def test_a_mix_is_publishable_only_if_each_part_is() -> None:
    """Over every pair of licences."""
    for a in OPEN + CLOSED:
        for b in OPEN + CLOSED:
            found = inherited([a, b])
            assert not publishable(found) or (publishable(a) and publishable(b))
            assert not publishable(found) or share_alike(found) or not (share_alike(a) or share_alike(b))
            assert (
                not publishable(found) or needs_attribution(found) or not (needs_attribution(a) or needs_attribution(b))
            )


def test_every_open_licence_has_an_address() -> None:
    """What credit is owed can be read."""
    assert url_of("CC-BY-3.0-IGO") == "https://creativecommons.org/licenses/by/3.0/igo/"
    assert all(url_of(one) for one in OPEN)
    assert url_of("CC-BY-NC-4.0") is None


def test_a_sources_licence_is_read_as_people_write_it() -> None:
    """`CC0`, `cc-by-4.0` and `CC BY-SA 4.0` of a source are the SPDX ids they mean; what is not understood stays."""
    assert [combined(one, None) for one in ("CC0", "cc-by-4.0", "CC BY-SA 4.0")] == [
        "CC0-1.0",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
    ]
    assert combined("unknown", None) == "unknown"
    assert not publishable(combined("mi licencia", None))


def test_clinical_texts_need_a_reader() -> None:
    """A licence alone does not publish patients; a named reviewer does not open a closed licence."""
    assert refused({"licence": "CC0-1.0", "source_type": "clinical", "reviewed_by": None}) == "clinical_not_reviewed"
    assert refused({"licence": "CC0-1.0", "source_type": "clinical", "reviewed_by": "Dra. Ruiz"}) is None
    assert refused({"licence": "unknown", "source_type": "clinical", "reviewed_by": "Dra. Ruiz"}) == refusal("unknown")


def every_byte(folder: Path) -> str:
    """All that a folder says: files as they are, Parquet also as its values and metadata."""
    said = []
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        said.append(file.read_bytes().decode("utf-8", "replace"))
        if file.suffix == ".parquet":
            said.append(json.dumps(pq.read_table(file).to_pylist(), default=str, ensure_ascii=False))
            said.append(str(pq.read_metadata(file)))
    return "\n".join(said)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_no_canary_of_a_refused_row_is_in_what_is_published(tmp_path: Path, seed: int) -> None:
    """Rows of random licences, near copies of each other, with canaries in text, title, author and address."""
    rng = random.Random(seed)
    rows, closed = [], []
    for _ in range(40):
        licence = rng.choice(OPEN + CLOSED)
        canary = f"canary{rng.getrandbits(48):x}"
        twin = rng.random() < 0.3 and rows
        text = rng.choice(rows)["text"] if twin else " ".join(rng.choices(PROSE.split(), k=150))
        text = f"{text} {canary}t"
        row = {"text": text, "title": f"T {canary}", "author": f"A {canary}", "url": f"https://x.test/{canary}"}
        rows.append(row | {"license": licence})
        if not publishable(licence):
            closed.append(canary)
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    home = tmp_path / "home"
    ask = ("--kind", "dataset", "--source", "s", "--tradition", "conventional", "--licence", "unknown")
    ok("ingest", tmp_path / "rows.jsonl", *ask, home=home)
    done = json.loads(ok("build", "medical_es", "--json", home=home))
    ok("export", "medical_es", tmp_path / "out", home=home)
    assert done["rows"] > 3
    assert sum(done["refused"].values()) > 3
    published = every_byte(tmp_path / "out") + every_byte(home / "datasets") + every_byte(home / "reports")
    # The text of a near copy holds its model's canary too, which is the copy's to publish; title and address are not.
    own = "\n".join(row["text"] for row in rows if publishable(row["license"]))
    leaks = [c for c in closed if c in published and (f"T {c}" in published or f"/{c}" in published or c not in own)]
    assert leaks == []
    credited = "".join(f.read_text("utf-8") for f in (tmp_path / "out/attribution").glob("*.tsv"))
    kept = {line.split("\t")[1] for line in credited.splitlines()} - {"title"}
    assert len(kept) == done["rows"]
    assert kept <= {row["title"] for row in rows if publishable(row["license"])}
    explained = [json.loads(line) for line in ok("licences", "medical_es", "--json", home=home).splitlines()]
    assert {e["licence"] for e in explained if not e["publishable"]} <= set(CLOSED)
    assert sum(e["documents"] for e in explained if not e["publishable"]) == sum(done["refused"].values())
    assert all(e["remedy"] for e in explained if not e["publishable"])
    private = tmp_path / "private"
    ok("export", "medical_es", private, "--include-unpublishable", home=home)
    assert any(c in every_byte(private) for c in closed)
