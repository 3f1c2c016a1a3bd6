"""Taking down: nothing of it is in the home or in any reachable commit, what it displaced is back, all else is as it was."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

import factory
from tests.command import json_lines, ok, run, tree
from tests.crash import EVERY, LAST, MOST, Record, chosen, crash, sweep
from tests.publish.conftest import PROJECT, REPO, start

pytestmark = [pytest.mark.slow]
# In the text that goes and nowhere else.
NAME = "Hermenegilda Valdeolmos"
RECIPES = ("natural_es", "natural_es_qa", "preferences_es")
SHARED = "".join(
    f"La ruda {n} se empleaba en cataplasma, según la fuente consultada; no debe tomarse en el embarazo. "
    for n in range(50)
)
OTHER = (
    "La pasiflora se toma en infusión por la noche. La dosis es de 2 g en 150 ml de agua, tres veces al día. "
    "No debe tomarse durante el embarazo ni con sedantes, porque aumenta su efecto. "
)


def _read(path: Path) -> Iterator[str]:
    """Everything that a file says, whatever holds it."""
    data = path.read_bytes()
    yield path.name
    yield data.decode("utf-8", "replace")
    if path.name.endswith(".zst"):
        yield zstandard.ZstdDecompressor().decompressobj().decompress(data).decode("utf-8", "replace")
    if data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data).decode("utf-8", "replace")
    if data.startswith(b"PAR1"):
        import pyarrow.parquet as pq

        yield json.dumps(pq.read_table(path).to_pylist(), default=str, ensure_ascii=False)
    if data.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as database:
            yield "\n".join(database.iterdump())


def holding(home: Path, words: str) -> list[str]:
    """The files of a home that hold these words."""
    files = [path for path in sorted(home.rglob("*")) if path.is_file()]
    return [str(path.relative_to(home)) for path in files if any(words in text for text in _read(path))]


def rows(home: Path, recipe: str) -> dict[str, dict[str, Any]]:
    """The published rows by id, of every config but the seed project's view."""
    import pyarrow.parquet as pq

    found = {}
    for path in sorted((home / "datasets" / recipe / "data").rglob("*.parquet")):
        if path.parent.name != "smc":
            for row in pq.read_table(path).to_pylist():
                found[row["id"]] = row
    return found


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of two batches; in the first a text with the name, which displaced a shorter copy."""
    folder = tmp_path_factory.mktemp("retract")
    home = folder / "home"
    for n in range(36):  # more items than one task takes
        other = OTHER.replace("pasiflora", f"hierba {n}")
        (folder / f"hierba-{n}.txt").write_text(f"Hierba {n}\n\n{other * 3}" + f"Se cría a {n}00 m. " * 5)
    files = [*sorted((PROJECT / "samples/articles/natural").glob("*.md")), *sorted(folder.glob("hierba-*.txt"))]
    ok("ingest", *files, "--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", "-q", home=home)
    long = f"La ruda\n\n{SHARED}\n\nDe ello murió {NAME} en la aldea, según cuenta su familia."
    for source, text in (("zq-larga", long), ("corta", f"La ruda\n\n{SHARED}")):
        file = folder / f"{source}.txt"
        file.write_text(text)
        ok("ingest", file, "--source", source, "--tradition", "natural", "--licence", "CC0-1.0", "-q", home=home)
    ok("build", "natural_es", "-q", home=home)
    said = ["", f"La pidió {NAME} Segunda, que vive en la calle mayor.", ""]
    table = [
        {
            "text": f"{OTHER.replace('pasiflora', f'flor {n}') * 6}{who}",
            "url": f"https://example.org/{n}",
            "title": f"Flor {n}",
        }
        for n, who in enumerate(said)
    ]
    (folder / "filas.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
    ok("ingest", folder / "filas.jsonl", "--source", "filas", "--kind", "dataset", "--tradition", "natural", "--licence",
       "CC0-1.0", "-q", home=home)  # fmt: skip
    ok("build", "natural_es", "-q", home=home)
    return home


@pytest.fixture
def home(small: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small, tmp_path / "home", symlinks=True))


def long_one(home: Path) -> str:
    return next(
        i for i, row in rows(home, "natural_es").items() if NAME in row["text"] and row["source_id"] == "zq-larga"
    )


def test_a_source_is_gone_everywhere(home: Path, tmp_path: Path) -> None:
    """Home and Hub hold nothing of it; its displaced copy is back; every other row is as it was; it cannot come back."""
    ok("synth-qa", "natural_es_qa", "preferences_es", "-q", home=home)
    before = {recipe: rows(home, recipe) for recipe in RECIPES}
    gone = long_one(home)
    assert not any(row["source_id"] == "corta" for row in before["natural_es"].values())
    for loopback in start(tmp_path / "hub", xet=False):
        loopback.publish("natural_es", "natural_es_qa", "preferences_es", "--repo", REPO, home=home)
        repo = loopback.repo()
        repo.prs[1] = {"num": 1, "status": "open", "title": "x", "createdAt": "2026-01-01T00:00:00.000Z"}
        repo.pr_refs["refs/pr/1"] = loopback.history()[0]
        repo.branches["old"] = loopback.history()[0]
        repo.converts["refs/convert/parquet"] = loopback.history()[0]
        said = json.loads(loopback.ok("retract", "zq-larga", "--why", "asked by her family", "--json", home=home))
        assert said["lost"] == {REPO: ["v1.0.0"]}
        assert said["versions"] == {REPO: "1.1.0"}
        assert said["left"] == []
        assert list(repo.tags) == ["v1.1.0"]
        assert repo.converts == {}
        assert len(loopback.reachable()) == 1
        head = loopback.history()[0]
        for path in loopback.files(head):
            data = tmp_path / "one" / Path(path).name
            data.parent.mkdir(exist_ok=True)
            data.write_bytes(loopback.data(head, path))
            assert not any(f"De ello murió {NAME}" in text or "zq-larga" in text for text in _read(data)), path
        versions = json.loads(loopback.data(head, "versions.json"))["versions"]
        assert [(one["version"], one["change"]) for one in versions] == [("1.1.0", "retracted")]
        again = json.loads(loopback.ok("retract", "zq-larga", "--why", "again", "--json", home=home))
        assert again["left"] == []
    assert holding(home, f"De ello murió {NAME}") == []
    # Its name is known to the tombstone and to the frozen lists of what came in, by which nothing can be read.
    assert {name.split("/")[0] for name in holding(home, '"zq-larga"')} == {"retracted", "batches"}
    after = {recipe: rows(home, recipe) for recipe in RECIPES}
    back = {i for i, row in after["natural_es"].items() if row["source_id"] == "corta"}
    assert len(back) == 1
    assert {i: r for i, r in before["natural_es"].items() if i != gone} == {
        i: r for i, r in after["natural_es"].items() if i not in back
    }
    kept = {i: r for i, r in before["natural_es_qa"].items() if r["doc_id"] != gone}
    assert kept
    assert kept == {i: r for i, r in after["natural_es_qa"].items() if r["doc_id"] not in back}
    assert not any(row["doc_id"] == gone for row in after["preferences_es"].values())
    assert all(sum(len(split) for split in factory.load(recipe, str(home)).values()) for recipe in RECIPES)
    fresh = tmp_path / "fresca.txt"
    fresh.write_text("Otra cosa\n\n" + OTHER * 4)
    given = ("--tradition", "natural", "--licence", "CC0-1.0", "--json")
    told = json.loads(run("ingest", fresh, "--source", "zq-larga", *given, home=home).stdout)
    assert ([row["reason"] for row in told["forbidden"]], told["stored"]) == (["retracted"], 0)
    assert json.loads(ok("ingest", fresh, "--source", "nueva", *given, home=home))["stored"] == 1
    text = tmp_path / "otra.txt"
    text.write_text(f"La ruda\n\n{SHARED}\n\nDe ello murió {NAME} en la aldea, según cuenta su familia.")
    told = json.loads(run("ingest", text, "--source", "nueva", "--tradition", "natural", "--licence", "CC0-1.0", "--json", home=home).stdout)  # fmt: skip
    assert [row["reason"] for row in told["forbidden"]] == ["retracted"]
    assert holding(home, f"De ello murió {NAME}") == []


def test_a_row_goes_by_itself(home: Path, tmp_path: Path) -> None:
    """By its address, out of a file of rows: the others keep their ids and bytes, and reading it again says the same."""
    before = rows(home, "natural_es")
    there = {i for i, row in before.items() if row["url"] == "https://example.org/1"}
    others = {i for i, row in before.items() if row["source_id"] == "filas"} - there
    assert holding(home, f"{NAME} Segunda")
    said = json.loads(ok("retract", "https://example.org/1", "--why", "lives there", "--json", home=home))
    assert (said["items"], said["rows"]) == (0, 1)
    assert holding(home, f"{NAME} Segunda") == []
    after = rows(home, "natural_es")
    assert {i: r for i, r in before.items() if i not in there} == {i: after[i] for i in before if i not in there}
    copied = tree(home)
    shutil.rmtree(home / "stages")
    (home / "datasets/natural_es.json").unlink()
    ok("build", "natural_es", "-q", home=home)
    assert rows(home, "natural_es") == after
    assert others <= after.keys() | {i for i in others if i not in before}
    # The next version of the file brings the other rows, not this one.
    grown = tmp_path / "filas.jsonl"
    who = f"La pidió {NAME} Segunda, que vive en la calle mayor."
    table = [
        {"text": f"{OTHER.replace('pasiflora', 'flor 1') * 6}{who}", "url": "https://example.org/1", "title": "Flor 1"}
    ]
    grown.write_text(
        "".join(json.dumps(row) + "\n" for row in [*table, {"text": OTHER.replace("pasiflora", "rosa") * 6}])
    )
    later = Path(shutil.copytree(home, tmp_path / "later"))
    ok("ingest", grown, "--source", "filas", "--kind", "dataset", "--tradition", "natural", "--licence", "CC0-1.0", "-q",
       home=later)  # fmt: skip
    ok("build", "natural_es", "-q", home=later)
    assert not any(f"{NAME} Segunda" in row["text"] for row in rows(later, "natural_es").values())
    left = json_lines(ok("inspect", "natural_es", "--dropped", "retracted", "--json", home=later))
    assert [(row["reason"], row["text"]) for row in left] == [("retracted", "")]
    # What was copied is what the stages write themselves, but for the count of a row that is there no more.
    again = {k: v for k, v in tree(home).items() if k.startswith("stages/natural_es/") and "/data/" in k}
    assert again == {k: v for k, v in copied.items() if k.startswith("stages/natural_es/") and "/data/" in k}


def test_copied_stages_are_what_the_stages_write(home: Path) -> None:
    """After a document went, every stage run anew makes the same bytes as the copies: data, rejected, manifests."""
    ok("retract", long_one(home), "--why", "asked", "--home-only", "-q", home=home)
    copied = {k: v for k, v in tree(home).items() if k.startswith("stages/natural_es/")}
    assert any(json.loads(p.read_text()).get("copied") for p in home.glob("stages/natural_es/*/*/run.json"))
    shutil.rmtree(home / "stages/natural_es")
    (home / "datasets/natural_es.json").unlink()
    ok("build", "natural_es", "-q", home=home)
    assert {k: v for k, v in tree(home).items() if k.startswith("stages/natural_es/")} == copied


@pytest.mark.survive(9, "4 while the Hub is away")
def test_without_the_hub_it_goes_on_later(home: Path, tmp_path: Path) -> None:
    """The home is clean at once; the Hub's turn comes with the same command, and until then it ends 4."""
    gone = long_one(home)
    for loopback in start(tmp_path / "hub", xet=False):
        loopback.publish("natural_es", "--repo", REPO, home=home)
        loopback.hub.faults.append({"match": "POST .*/commit/", "status": 503, "times": 99})
        done = loopback.run("retract", gone[:12], "--why", "asked", home=home)
        assert done.returncode == 4, done.stderr
        assert "still holds it" in done.stdout
        assert holding(home, f"De ello murió {NAME}") == []
        loopback.hub.faults.clear()
        assert "whoever pinned v1.0.0 loses it" in loopback.ok("retract", gone[:12], home=home)
        assert len(loopback.reachable()) == 1


def test_it_comes_back_under_no_other_bytes(home: Path, tmp_path: Path) -> None:
    """Another file with the same text, or one that says it stands at that address, is refused; what is new goes too."""
    url = "https://example.org/plantas/Ruda"
    page = "<html><head><title>La ruda</title><link rel='canonical' href='{}'></head><body><h1>La ruda</h1>{}</body>"
    told = f"La ruda amarga. De ello murió {NAME}. " + SHARED.replace("ruda", "ruda amarga")
    first = tmp_path / "ruda.html"
    first.write_text(page.format(url, f"<article><p>{told}</p></article>"))
    common = ("--tradition", "natural", "--licence", "CC0-1.0", "-q")
    ok("ingest", first, "--source", "web", *common, home=home)
    ok("ingest", first, "--source", "copia", *common, home=home)
    ok("build", "natural_es", "-q", home=home)
    assert holding(home / "datasets", "ruda amarga")
    dry = ok("retract", "http://Example.org/plantas/Ruda/#uso", "--why", "x", "--dry-run", home=home)
    assert "2 items would go" in dry
    assert "La ruda" in dry
    assert "on the Hub: nothing" in dry
    ok("retract", "web", "--why", "asked by its author", home=home)
    # The same bytes under another source stay, and whoever asked is told so.
    assert holding(home / "datasets", "ruda amarga")
    said = ok("retract", url, "--why", "asked again", home=home)
    assert "taken down: 1 item\n" in said
    assert not holding(home, "ruda amarga")
    for number, text in enumerate((f"<!-- x -->{page.format(url, f'<article><p>{told}</p></article>')}",
                                   page.format("https://example.org/otra", f"<article><p>{told}</p></article>"),
                                   page.format(url, f"<article><p>{told} Y nada más.</p></article>"))):  # fmt: skip
        again = tmp_path / f"again-{number}.html"
        again.write_text(text)
        ok("ingest", again, "--source", f"nueva-{number}", *common, home=home)
    built = ok("build", "natural_es", "--json", "-q", home=home)
    assert json.loads(built)["stages"][0]["rejected"]["retracted"] == 3
    assert not holding(home / "datasets", "ruda amarga")
    assert not holding(home / "stages", "ruda amarga")


def test_a_copy_elsewhere_is_told_and_a_second_call_says_so(home: Path) -> None:
    """Who takes its place is named; the same command again says that it is done; the list says what was taken down."""
    [copy] = [row["id"] for row in dropped(home) if row["metadata"]["source_id"] == "corta"]
    dry = json.loads(ok("retract", "zq-larga", "--why", "x", "--dry-run", "--json", home=home))
    assert dry["copies"] == [[copy, "corta"]]
    assert [one["title"] for one in dry["documents"]] == ["zq-larga.txt"]
    said = ok("retract", "zq-larga", "--why", "asked by her family", home=home)
    assert f"copies of it take its place: {copy} (corta)" in said
    before = tree(home)
    again = ok("retract", "zq-larga", "--why", "once more", home=home)
    assert "taken down already" in again
    assert "taken down:" not in again
    assert tree(home) == before
    listed = ok("retract", "--list", home=home)
    assert "source zq-larga, 1 item: asked by her family" in listed
    [stone] = (home / "retracted").iterdir()
    assert f"retracted/{stone.name}" in listed


def dropped(home: Path) -> list[dict[str, Any]]:
    return json_lines(ok("inspect", "natural_es", "--dropped", "near_duplicate", "--json", "--limit", "99", home=home))


def test_what_is_asked_wrongly(home: Path) -> None:
    """A sentence each; a dry run changes nothing."""
    before = tree(home)
    for args, said in (
        (("nobody", "--why", "x"), "nothing in"),
        (("zq-larga",), "say why"),
        (("ab1", "--why", "x"), "nothing in"),
        (("https://example.org/none", "--why", "x"), "nothing in"),
    ):
        done = run("retract", *args, home=home)
        assert done.returncode == 2, done.stdout
        assert said in done.stderr or "too short" in done.stderr
    told = json.loads(ok("retract", "zq-larga", "--why", "x", "--dry-run", "--json", home=home))
    assert (told["items"], told["recipes"]) == (1, ["natural_es"])
    assert tree(home) == before
    assert not (home / "retracted").exists()


RETRACT = ("retract", "zq-larga", "--why", "asked", "-q")
Ended = tuple[dict[str, dict[str, Any]], dict[str, str], list[str], int]


def held(home: Path) -> list[str]:
    """The names of what was taken in and is kept of it."""
    areas = ("raw", "receipts", "cache", "inputs", "sources")
    return sorted(str(f.relative_to(home)) for area in areas for f in (home / area).rglob("*") if f.is_file())


@pytest.fixture(scope="module")
def ended(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """Rows, bytes and names after an uninterrupted run, and how many durable operations it took."""
    home = Path(shutil.copytree(small, tmp_path_factory.mktemp("ended") / "home"))
    points, code = crash(RETRACT, home, 10**9)
    assert code == 0
    return rows(home, "natural_es"), tree(home), held(home), points


@pytest.mark.parametrize("share", range(6))
@pytest.mark.survive(1, "`retract` killed at durable operations, run again: the same bytes, nothing of it left")
def test_killed_anywhere_it_ends_the_same(
    small: Path, ended: Ended, share: int, tmp_path: Path, record_property: Record
) -> None:
    """SIGKILL at a durable operation, then the same command: nothing of it is left, rows and bytes are the same."""
    wanted, wanted_bytes, wanted_names, points = ended
    home = tmp_path / "home"

    def attempt(at: int) -> None:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(small, home, symlinks=True)
        count, code = crash(RETRACT, home, at)
        assert (count >= at and code == -signal.SIGKILL) or at > points - LAST
        ok(*RETRACT, home=home)
        assert holding(home, f"De ello murió {NAME}") == []
        assert rows(home, "natural_es") == wanted
        assert tree(home) == wanted_bytes
        ok("gc", home=home)
        assert held(home) == wanted_names
        assert not list(home.rglob(".part-*"))

    sweep(chosen(points, MOST if EVERY else 6)[share::6], points, attempt, record_property)


def test_the_last_recipe_of_a_repository_goes(home: Path, tmp_path: Path) -> None:
    """Where no row is left that may be published, the repository is emptied, and no version before is left."""
    for loopback in start(tmp_path / "hub", xet=False):
        loopback.publish("natural_es", "--repo", REPO, home=home)
        for source in ("s", "filas", "corta"):
            ok("retract", source, "--why", "asked", "--home-only", "-q", home=home)
        said = json.loads(loopback.ok("retract", "zq-larga", "--why", "asked", "--json", home=home))
        assert "no row that may be published" in said["dropped"][0]
        assert set(loopback.files(loopback.history()[0])) == {"README.md"}
        assert (len(loopback.reachable()), loopback.repo().tags) == (1, {})


@pytest.mark.survive(1, "`retract` killed at the Hub's squash, deletion and tag")
def test_a_killed_take_down_of_the_hub_goes_on(home: Path, tmp_path: Path) -> None:
    """SIGKILL around each request that squashes, deletes and tags: the same command ends with one commit and its tag."""
    for loopback in start(tmp_path / "hub", xet=False):
        loopback.publish("natural_es", "--repo", REPO, home=home)
        for words in ("/commit/main", "DELETE", "/super-squash/", "POST /api/datasets/org/natural/tag/"):
            loopback.kill_on = words
            done = loopback.run("retract", "zq-larga", "--why", "asked", home=home)
            assert done.returncode == -signal.SIGKILL, (words, done.stderr)
        loopback.ok("retract", "zq-larga", home=home)
        assert len(loopback.reachable()) == 1
        assert loopback.repo().tags == {"v1.1.0": loopback.history()[0]}


def test_what_a_page_said_before_goes_with_it(home: Path, tmp_path: Path) -> None:
    """A document of a page takes the page's older bytes along, and the address is not asked again."""
    from tests.web.site import Site

    with Site() as site:
        given = ("--url", site.url + "/p", "--source", "web", "--tradition", "natural", "--licence", "CC0-1.0",
                 "--set", "fetch.delay_seconds=0", "--allow-private", "--json")  # fmt: skip
        for word in ("antes", "después"):
            site.page("/p", OTHER * 4 + f"Lo dijo {word} {NAME} Tercera.")
            ok("ingest", "articles", *given, "--refresh", home=home)
        ok("build", "natural_es", "-q", home=home)
        name = next(i for i, row in rows(home, "natural_es").items() if row["source_id"] == "web")
        said = json.loads(ok("retract", name, "--why", "asked", "--json", home=home))
        assert said["items"] == 2
        assert holding(home, f"{NAME} Tercera") == []
        hits = site.hits("/p")
        told = json.loads(run("ingest", "articles", *given, home=home).stdout)
        assert [row["reason"] for row in told["forbidden"]] == ["retracted"]
        assert site.hits("/p") == hits


def test_what_a_feed_said_of_it_goes_too(home: Path) -> None:
    """The list that an article was found by holds its first sentence: it is not kept, and its other articles stay."""
    from tests.web.site import Answer, Site

    with Site() as site:
        items = ""
        for name, said in (("a", f"Lo contó {NAME} Cuarta."), ("b", "Lo contó la comarca.")):
            site.page(f"/{name}", OTHER.replace("pasiflora", f"hierba {name}") * 6 + said)
            items += (
                f"<item><link>{site.url}/{name}</link><title>{name}</title><description>{said}</description></item>"
            )
        feed = f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'
        site.add("/feed", Answer(feed.encode(), headers={"Content-Type": "application/rss+xml"}))
        given = ("--feed", site.url + "/feed", "--source", "web", "--tradition", "natural", "--licence", "CC0-1.0",
                 "--set", "fetch.delay_seconds=0", "--allow-private", "--json")  # fmt: skip
        assert json.loads(ok("ingest", "articles", *given, home=home))["stored"] == 2
        assert len(holding(home, f"{NAME} Cuarta")) == 2
        ok("retract", f"{site.url}/a", "--why", "asked", home=home)
        assert holding(home, f"{NAME} Cuarta") == []
        again = json.loads(run("ingest", "articles", *given, home=home).stdout)
        assert [row["reason"] for row in again["forbidden"]] == ["retracted"]
        assert not again["stored"]
    assert holding(home / "raw", "Lo contó la comarca")


def test_what_was_taken_of_it_to_be_translated_goes_too(home: Path) -> None:
    """`translate --from` keeps rows of a dataset as a source of its own: the same Documents go from there."""
    from factory.cli.translating import _take
    from factory.store import LocalStore

    name = _take(LocalStore(str(home)), "natural_es")
    assert len([path for path in holding(home, NAME) if path.startswith("raw/")]) == 3
    said = json.loads(ok("retract", "zq-larga", "--why", "asked", "--json", home=home))
    assert (said["items"], said["rows"]) == (1, 1)
    assert holding(home, f"murió {NAME}") == []
    assert name == "from-natural-es"
    assert len([path for path in holding(home, "hierba 7") if path.startswith("raw/")]) == 2


def test_what_is_new_waits_for_its_own_build(home: Path, tmp_path: Path) -> None:
    """Taking down adds nothing: a file that was taken in since the last build is built by the next build."""
    said = "".join(f"El toronjil se tomaba en infusión, dice la fuente {n}. " for n in range(60))
    (tmp_path / "nueva.txt").write_text(f"El toronjil\n\n{said}")
    given = ("--source", "nueva", "--tradition", "natural", "--licence", "CC0-1.0", "-q")
    ok("ingest", tmp_path / "nueva.txt", *given, home=home)
    before = rows(home, "natural_es")
    gone = long_one(home)
    ok("retract", "zq-larga", "--why", "asked", home=home)
    after = rows(home, "natural_es")
    assert {i: row for i, row in after.items() if row["source_id"] != "corta"} == {
        i: row for i, row in before.items() if i != gone
    }
    ok("build", "natural_es", "-q", home=home)
    assert [row["source_id"] for i, row in rows(home, "natural_es").items() if i not in after] == ["nueva"]


def test_a_row_that_says_the_same_goes_with_it(home: Path, tmp_path: Path) -> None:
    """A text that a file holds twice is gone from its bytes with either row."""
    text = f"{OTHER.replace('pasiflora', 'valeriana') * 6}La vendía {NAME} Quinta."
    table = [{"text": text}, {"text": OTHER.replace("pasiflora", "malva") * 6}, {"text": text.replace(". ", ".  ")}]
    (tmp_path / "dos.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
    ok("ingest", tmp_path / "dos.jsonl", "--source", "dos", "--kind", "dataset", "--tradition", "natural", "--licence",
       "CC0-1.0", "-q", home=home)  # fmt: skip
    ok("build", "natural_es", "-q", home=home)
    [name] = [i for i, row in rows(home, "natural_es").items() if "Quinta" in row["text"]]
    said = json.loads(ok("retract", name, "--why", "asked", "--json", home=home))
    assert said["rows"] == 2
    assert holding(home, "Quinta") == []
    assert [row["text"][:8] for row in rows(home, "natural_es").values() if row["source_id"] == "dos"] == ["La malva"]


LINES = [
    {"raw_text": "Uno", "topic": "a", "document_id": "1", "speciallity": "x"},
    {"raw_text": "Uno", "topic": "b", "document_id": "1", "speciallity": "y"},
    {"raw_text": "Dos", "topic": "a", "document_id": "2", "speciallity": "x"},
    {"raw_text": "Dos", "topic": "c", "document_id": "2", "speciallity": "z"},
]


def _parts(data: bytes) -> dict[str, str]:
    from factory.readers.rows import parse
    from factory.record import Hints

    return {one.part: " ".join(p.text for p in one.paragraphs) for one in parse(data, Hints()) if one.paragraphs}


@pytest.mark.parametrize("packed", ["plain", "gzip", "zstd", "list", "parquet"])
def test_rows_are_blanked_in_every_format(packed: str) -> None:
    """The row and those that say the same are gone from the bytes; all others are read as before."""
    from factory.readers.rows import repeats, without

    lines = "".join(json.dumps(row) + "\n" for row in LINES).encode()
    data = {"plain": lines, "gzip": gzip.compress(lines), "zstd": zstandard.ZstdCompressor().compress(lines),
            "list": json.dumps(LINES).encode(), "parquet": _parquet()}[packed]  # fmt: skip
    before = _parts(data)
    assert before == {"000000000": "Uno", "000000002": "Dos"}
    gone = repeats(data, "000000000")
    assert gone == {"000000000", "000000001"}
    blanked = without(data, gone)
    assert blanked is not None
    assert _parts(blanked) == {"000000002": "Dos"}
    assert without(blanked, gone) is not None


def _parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(name, pa.string(), nullable=False) for name in LINES[0]])
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(LINES, schema), sink)
    return bytes(sink.getvalue().to_pybytes())


@pytest.mark.survive(4, "damaged files in a taking down")
def test_a_file_that_is_not_whole_goes_whole() -> None:
    """Damage is no reason to stop a taking down: rows before it are known, and nothing of the file is kept."""
    from factory.readers.rows import made_of, without

    lines = "".join(
        json.dumps({"doc_id": f"d{n}", "text": hashlib.sha256(b"%d" % n).hexdigest()}) + "\n" for n in range(999)
    )
    packed = gzip.compress(lines.encode())
    cut = packed[: len(packed) // 2]
    assert made_of(packed)["000000998"] == "d998"
    assert made_of(cut)["000000001"] == "d1"
    assert "000000998" not in made_of(cut)
    for damaged in (
        cut,
        zstandard.ZstdCompressor().compress(lines.encode())[:200],
        _parquet()[:-9],
        b'[{"text": "a"},',
    ):
        assert without(damaged, {"000000001"}) is None
    assert made_of(b"PAR1 and no more") == {}


def test_lines_end_at_line_feeds_only() -> None:
    """A lone carriage return within a line does not make the next row the one that is blanked."""
    from factory.readers.rows import without

    data = b'{"text": "mala\rfila"}\n{"text": "SECRETO"}\n{"text": "otra"}\n'
    assert b"SECRETO" not in (without(data, {"000000001"}) or b"SECRETO")
    assert b"otra" in (without(data, {"000000001"}) or b"")
