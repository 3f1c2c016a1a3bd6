"""The whole recipe on the samples: what is kept, what is dropped and why, and that nothing is lost."""

from __future__ import annotations

import contextlib
import html
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

import factory
from factory.books import documents, items, rejected
from factory.errors import ConfigError
from factory.licence import publishable
from factory.store import LocalStore
from tests.command import FACTORY, PROSE, json_lines, ok, run, tree

RECIPES = ("medical_es", "natural_es")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """A home with the samples ingested and both text recipes built; tests that change it take a copy."""
    home = tmp_path_factory.mktemp("built") / "home"
    ok("ingest", samples / "sources.toml", home=home)
    done = run("build", *RECIPES, "--json", "--sources", samples / "sources.toml", home=home)
    assert done.returncode == 0, done.stderr
    (home / "result.jsonl").write_text(done.stdout)
    return home


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "home"))


def results(home: Path) -> dict[str, Any]:
    return {row["recipe"]: row for row in json_lines((home / "result.jsonl").read_text())}


def dropped(home: Path, reason: str) -> list[dict[str, Any]]:
    store = LocalStore(home)
    folders = {p.parent for p in home.glob(f"stages/*/*/*/rejected/{reason}")}
    return [row for f in sorted(folders) for row in rejected(store, f.parent.relative_to(home).as_posix(), reason)]


def kept(home: Path, recipe: str) -> list[dict[str, Any]]:
    finals = sorted(home.glob(f"stages/{recipe}/03-dedup-*/*"))
    return [row for f in finals for row in documents(LocalStore(home), f.relative_to(home).as_posix())]


def test_every_planted_trouble_ends_with_its_reason(built: Path) -> None:
    """The exact copy, the other language, the damaged file and the one without licence are where they belong."""
    assert [row["metadata"]["duplicate_of"] for row in dropped(built, "exact_duplicate")]
    assert any(row["metadata"]["language"] == "pt" for row in dropped(built, "language_pt"))
    assert [row["metadata"]["source_id"] for row in dropped(built, "damaged")]
    assert sum(r["refused"].get("licence_unknown", 0) for r in results(built).values()) == 1
    assert dropped(built, "language_en")


def test_the_duplicate_log_names_a_document_that_was_kept(built: Path) -> None:
    """What a dropped copy repeats is in the dataset, with the same words."""
    ids = {row["doc_id"]: row for recipe in RECIPES for row in kept(built, recipe)}
    for row in dropped(built, "exact_duplicate"):
        assert row["metadata"]["content_sha256"] == ids[row["metadata"]["duplicate_of"]]["content_sha256"]


def test_the_books_balance_counted_by_hand(built: Path) -> None:
    """Items in = accepted + rejected + pending, counted from the files and not from any summary."""
    for recipe, result in results(built).items():
        first = next(iter(sorted(built.glob(f"stages/{recipe}/01-*/*"))))
        ended = list(items(LocalStore(built), first.relative_to(built).as_posix()))
        book = result["items"]
        sums = book["accepted"] + sum(sum(book[o].values()) for o in ("rejected", "failed", "skipped", "pending"))
        assert len(ended) == book["in"] == sums
        assert book["accepted"] == len({row["item_id"] for row in kept(built, recipe) if publishable(row["licence"])})
        for before, after in zip(result["stages"], result["stages"][1:], strict=False):
            assert before["out"] == after["in"]
        for stage in result["stages"]:
            assert stage["in"] + stage["split"] == stage["out"] + sum(stage["rejected"].values())


def test_both_datasets_open_and_share_no_document(built: Path, tmp_path: Path) -> None:
    """`load_dataset` gives the rows the manifest counts; no document is in both; every licence is open."""
    from datasets import load_dataset

    seen: Counter[str] = Counter()
    for recipe in RECIPES:
        manifest = json.loads((built / f"datasets/{recipe}/manifest.json").read_text())
        data = load_dataset(str(built / f"datasets/{recipe}"), cache_dir=str(tmp_path / recipe))
        rows = [row for split in data.values() for row in split]
        assert len(rows) == manifest["rows"] > 5
        seen.update(row["doc_id"] for row in rows)
        assert all(publishable(row["licence"]) for row in rows)
        assert all(row["id"] == row["doc_id"] for row in rows)
        for split, part in data.items():
            assert {row["split"] for row in part} == {split}
    assert set(seen.values()) == {1}


def test_every_paragraph_says_where_it_stands(built: Path) -> None:
    """Spans tile the text in order; books have pages, transcripts seconds, and every row its hashes."""
    from factory.record import sha256

    kinds = set()
    for row in [row for recipe in RECIPES for row in kept(built, recipe)]:
        assert row["text_sha256"] == sha256(row["text"])
        at = 0
        for span in row["spans"]:
            assert at <= span["start"] < span["end"] <= len(row["text"])
            assert row["text"][at : span["start"]].strip() == ""
            at = span["end"]
        assert row["text"][at:] == ""
        kinds.add(row["source_kind"])
        if row["source_kind"] == "pdf":
            assert all(span["page"] >= 1 for span in row["spans"])
        if row["source_kind"] == "youtube":
            assert all(span["start_seconds"] is not None for span in row["spans"])
    assert {"pdf", "article", "youtube", "text", "dataset"} <= kinds


@pytest.mark.survive(2, "a second run")
def test_a_second_build_does_nothing_at_once(built: Path, samples: Path) -> None:
    """Nothing is written, and no stage is looked into."""
    before = tree(built)
    done = run("build", *RECIPES, "--json", "--sources", samples / "sources.toml", home=built)
    assert [row["nothing_to_do"] for row in json_lines(done.stdout)] == [True, True]
    assert tree(built) == before


@pytest.mark.slow
@pytest.mark.survive(2, "workers, order of ingest, locale, time zone, hash seed")
def test_the_bytes_do_not_depend_on_workers_or_order(built: Path, samples: Path, tmp_path: Path) -> None:
    """One worker, another order of taking in, another locale and time zone: the same bytes."""
    from factory.sources import load

    listed = load(samples / "sources.toml")
    jobs = [(s.id, file) for s in listed.rows.values() for file in listed.files(s)]
    random.Random(3).shuffle(jobs)
    home = tmp_path / "home"
    for source, file in jobs:
        ok("ingest", file, "--source", source, "--sources", samples / "sources.toml", home=home)
    ok(
        "build", *RECIPES, "--workers", "1", "--sources", samples / "sources.toml",
        home=home, LC_ALL="C", TZ="Asia/Tokyo", PYTHONHASHSEED="77",
    )  # fmt: skip
    assert tree(home) == tree(built)


@pytest.mark.slow
def test_what_is_added_later_is_a_batch_of_its_own(samples: Path, tmp_path: Path) -> None:
    """A later batch leaves the shards of the first as they are, and finds the first one's copies."""
    home = tmp_path / "home"
    files = sorted((samples / "articles/conventional").glob("*.md"))
    ask = ("--source", "s", "--tradition", "conventional", "--licence", "CC0-1.0")
    ok("ingest", *files[:2], *ask, home=home)
    ok("build", "medical_es", home=home)
    first = tree(home)
    twin = tmp_path / "copia.md"
    twin.write_bytes(files[0].read_bytes() + b"\n")
    ok("ingest", *files, twin, *ask, home=home)
    ok("build", "medical_es", home=home)
    shards = {k: v for k, v in first.items() if k.startswith("datasets/") and k.endswith(".parquet")}
    assert shards.items() <= tree(home).items()
    assert [p.name for p in sorted(home.glob("batches/medical_es/*"))] == ["0001.json", "0002.json"]
    original = {row["doc_id"] for row in kept(home, "medical_es")}
    again = dropped(home, "exact_duplicate")
    assert len(again) == 1
    assert again[0]["metadata"]["duplicate_of"] in original
    ok("build", "medical_es", "--rebuild", home=home)
    assert {row["text_sha256"] for row in kept(home, "medical_es")} >= {
        row["text_sha256"] for row in kept(home, "medical_es") if row["doc_id"] in original
    }


@pytest.mark.slow
def test_a_changed_threshold_runs_only_what_depends_on_it(copy: Path, samples: Path) -> None:
    """The reading stays, cleaning is done anew, and gc removes what the old threshold had made."""
    before = {p.name for p in copy.glob("stages/natural_es/*")}
    listed = ("--sources", samples / "sources.toml")
    done = run("build", "natural_es", "--json", "--set", "clean.quality.article.min_words=400", *listed, home=copy)
    assert json_lines(done.stdout)[0]["stages"][1]["rejected"]["quality_too_short"] > 0
    after = {p.name for p in copy.glob("stages/natural_es/*")}
    assert {name[:3] for name in after - before} == {"02-", "03-"}
    assert len({n for n in after if n.startswith("01-")}) == 1
    ok("gc", "--dry-run", home=copy)
    assert {p.name for p in copy.glob("stages/natural_es/*")} == after
    ok("gc", home=copy)
    assert {p.name for p in copy.glob("stages/natural_es/*")} == after - {n for n in before if n[:2] in ("02", "03")}
    assert json_lines(run("build", "natural_es", "--json", *listed, home=copy).stdout)[0]["stages"]


@pytest.mark.slow
def test_a_trial_never_touches_the_dataset(copy: Path, samples: Path) -> None:
    """--limit builds under trial/ and leaves batches and dataset as they were."""
    before = tree(copy)
    done = run("build", "natural_es", "--limit", "3", "--json", "--sources", samples / "sources.toml", home=copy)
    assert json_lines(done.stdout)[0]["items"]["in"] == 3
    assert tree(copy) == before
    assert list(copy.glob("trial/datasets/natural_es/data/text/*.parquet"))


@pytest.mark.slow
def test_rows_without_an_open_licence_leave_only_when_asked_and_marked(copy: Path, tmp_path: Path) -> None:
    """The export refuses them; with --include-unpublishable they are there and the card says so."""
    from datasets import load_dataset

    refused = next(row for r in RECIPES for row in kept(copy, r) if row["licence"] == "unknown")
    recipe = "natural_es" if refused["tradition"] != "conventional" else "medical_es"
    canary = refused["text"][:80]
    plain, marked = tmp_path / "plain", tmp_path / "marked"
    ok("export", recipe, plain, home=copy)
    ok("export", recipe, marked, "--include-unpublishable", home=copy)
    for folder, there in ((plain, False), (marked, True)):
        data = load_dataset(str(folder), cache_dir=str(tmp_path / f"cache-{there}"))
        assert any(canary in row["text"] for split in data.values() for row in split) is there
        assert ("Not for publication" in (folder / "README.md").read_text()) is there
    assert tree(copy) == {k: v for k, v in tree(copy).items() if "unpublishable" not in k}


def test_a_folder_of_somebody_elses_is_not_written_into(built: Path, tmp_path: Path) -> None:
    """Exporting over other files is refused."""
    (tmp_path / "thesis.txt").write_text("mine")
    done = run("export", "natural_es", tmp_path, home=built)
    assert done.returncode == 2
    assert "is not empty" in done.stderr


@pytest.mark.slow
@pytest.mark.survive(1, "a worker is killed")
@pytest.mark.parametrize(("attempts", "whose"), [(1, "worker"), (3, "worker"), (3, "manager")])
def test_a_killed_worker_is_seen_named_and_made_good(copy: Path, samples: Path, attempts: int, whose: str) -> None:
    """The command says which worker died, or lost datatrove's manager (its fork), and runs its tasks again.

    The last time it publishes nothing and ends 1.
    """
    before = {k: v for k, v in tree(copy).items() if "/natural_es/" in k}
    shutil.rmtree(copy / "stages")
    shutil.rmtree(copy / "datasets")
    listed = ("--sources", str(samples / "sources.toml"))
    command = subprocess.Popen(
        [*FACTORY, "build", "natural_es", *listed, "--set", f"executor.attempts={attempts}"],
        env=os.environ | {"FACTORY_HOME": str(copy)},
        stderr=subprocess.PIPE,
        text=True,
    )
    victim = None
    while command.poll() is None and victim is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            here = psutil.Process(command.pid).children()
            if whose == "manager":
                here = [fork for worker in here for fork in worker.children()]
            victim = next((child.pid for child in here if "factory.worker" in child.cmdline()), None)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    assert command.stderr is not None
    said = command.stderr.read()
    command.stderr.close()
    assert command.wait() == (1 if attempts == 1 else 0)
    assert ("was killed by signal 9" if whose == "worker" else "lost a process of its own") in said
    assert ("again (2 of 3)" in said) == (attempts == 3)
    if attempts == 1:
        assert not list(copy.glob("datasets/natural_es/*"))
        ok("build", "natural_es", *listed, home=copy)
    assert {k: v for k, v in tree(copy).items() if "/natural_es/" in k} == before


@pytest.mark.slow
def test_a_corrected_licence_takes_effect(samples: Path, tmp_path: Path) -> None:
    """Said again at ingest, or in the sources file: rows that may no longer leave are gone, and come back."""
    home = tmp_path / "home"
    file = samples / "articles/natural/valeriana-evidencia.md"
    article = tmp_path / "valeriana.md"
    article.write_text(file.read_text().split("---", 2)[-1])
    ask = ("ingest", article, "--source", "s", "--tradition", "natural", "--licence")
    rows = []
    for licence in ("CC0-1.0", "unknown", "CC-BY-4.0"):
        ok(*ask, licence, home=home)
        rows.append(json_lines(ok("build", "natural_es", "--json", home=home))[0]["rows"])
    assert rows == [1, 0, 1]
    assert len(list(home.glob("receipts/s/*.json"))) == 3
    listed = tmp_path / "sources.toml"
    row = '[[source]]\nid = "s"\nkind = "text"\npath = "valeriana.md"\nlanguage = "es"\ntradition = "natural"\nlicence = "{}"\n'
    listed.write_text(row.format("CC-BY-NC-4.0"))
    for said in (("--sources", listed), ()):
        closed = json_lines(ok("build", "natural_es", "--json", *said, home=home))[0]
        assert (closed["rows"], closed["refused"]) == (0, {"licence_non_commercial": 1})
    assert closed["items"]["rejected"] == {"licence_non_commercial": 1}
    assert "valeriana" in ok("inspect", "natural_es", "--dropped", "licence_non_commercial", home=home)
    with pytest.raises(ConfigError, match="has no row"):
        factory.load("natural_es", str(home))


@pytest.mark.survive(4, "files of the home spoilt by hand")
def test_a_file_spoilt_by_hand_is_one_sentence(copy: Path) -> None:
    """The file is named, with what to do; nothing else is touched."""
    spoilt = {
        next(copy.glob("receipts/*/*.json")): ("status",),
        next(copy.glob("stages/natural_es/03-*/*/data/*.parquet")): ("inspect", "natural_es"),
        next(copy.glob("stages/medical_es/*/*/rejected/*/*.zst")): ("inspect", "medical_es", "--dropped"),
    }
    for victim, command in spoilt.items():
        whole = victim.read_bytes()
        victim.write_bytes(whole[: len(whole) // 2])
        done = run(*command, home=copy)
        assert done.returncode == 1
        assert str(victim) in done.stderr
        assert "Traceback" not in done.stderr
        victim.write_bytes(whole)


@pytest.mark.slow
@pytest.mark.mount
@pytest.mark.survive(3, "a disk of 2 MB")
def test_a_full_disk_stops_with_one_sentence_and_loses_nothing(samples: Path, small_disk: Path, tmp_path: Path) -> None:
    """On a disk of 2 MB the build says so and ends 1; with the home on a larger one it goes on to the same bytes."""
    home = small_disk / "home"
    files = sorted((samples / "articles/natural").glob("*.*"))
    ok("ingest", *files, "--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", home=home)
    (small_disk / "filler").write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 100_000))
    done = run("build", "natural_es", home=home)
    assert done.returncode == 1
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "datasets/natural_es/manifest.json").exists()
    larger = Path(shutil.copytree(home, tmp_path / "home"))
    ok("build", "natural_es", home=larger)
    clean = tmp_path / "clean"
    ok("ingest", *files, "--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", home=clean)
    ok("build", "natural_es", home=clean)
    assert tree(larger) == tree(clean)


@pytest.mark.slow
@pytest.mark.tesseract
@pytest.mark.survive(9, "3 where something is pending")
def test_a_scan_waits_until_it_can_be_read(tmp_path: Path) -> None:
    """Without tesseract it is pending and the build ends 3; once it is there the next build takes it in."""
    import pymupdf

    text = PROSE
    page = pymupdf.open().new_page()
    page.insert_textbox(page.rect + (50, 50, -50, -50), text, fontsize=13)
    scan = pymupdf.open()
    scan.new_page().insert_image(page.rect, pixmap=page.get_pixmap(dpi=200))
    scan.save(tmp_path / "escaneado.pdf")
    home = tmp_path / "home"
    ask = ("--source", "s", "--tradition", "natural", "--licence", "CC0-1.0")
    ok("ingest", tmp_path / "escaneado.pdf", *ask, home=home)
    (tmp_path / "bin").mkdir()
    blind = run("build", "natural_es", "--json", home=home, PATH=str(tmp_path / "bin"))
    assert blind.returncode == 3, blind.stderr
    assert json_lines(blind.stdout)[0]["items"]["pending"] == {"needs_ocr": 1}
    again = run("build", "natural_es", "--json", home=home, PATH=str(tmp_path / "bin"))
    assert json_lines(again.stdout)[0]["nothing_to_do"]
    seen = json_lines(ok("build", "natural_es", "--json", home=home))[0]
    assert seen["items"]["pending"] == {}
    assert seen["items"]["accepted"] == 1
    assert "manzanilla" in kept(home, "natural_es")[0]["text"]


@pytest.mark.slow
@pytest.mark.survive(3, "SIGINT once: finish and save")
@pytest.mark.survive(9, "130 where somebody interrupts")
def test_an_interrupted_build_says_how_to_go_on(copy: Path, samples: Path) -> None:
    """SIGINT ends it with 130 and one sentence; the same command finishes."""
    shutil.rmtree(copy / "stages")
    shutil.rmtree(copy / "datasets")
    listed = ("--sources", str(samples / "sources.toml"))
    environment = os.environ | {"FACTORY_HOME": str(copy)}
    command = subprocess.Popen(
        [*FACTORY, "build", "medical_es", *listed], env=environment, stderr=subprocess.PIPE, text=True
    )
    while not list(copy.glob("stages/*/*/*/logs/worker-0.log")):
        time.sleep(0.02)
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=120)
    assert command.returncode == 130
    assert "run the same command to go on" in said
    assert "Traceback" not in said
    ok("build", "medical_es", *listed, home=copy)


@pytest.mark.survive(1, "two runs on one home; the lock of a killed run")
def test_two_runs_at_once_do_not_meet(copy: Path) -> None:
    """While one run holds the home the second is told its host and process."""
    from factory.lock import locked

    with locked(LocalStore(copy)):
        done = run(
            "ingest",
            copy / "result.jsonl",
            "--source",
            "x",
            "--tradition",
            "natural",
            "--licence",
            "unknown",
            home=copy,
        )
    assert done.returncode == 1
    assert f"process {os.getpid()} on " in done.stderr


def test_inspect_shows_documents_and_drops(built: Path) -> None:
    """A document is found by its id, a reason shows its rows, a misspelt one is helped."""
    first = kept(built, "natural_es")[0]
    assert json.loads(ok("inspect", "natural_es", first["doc_id"], "--json", home=built))["text"] == first["text"]
    assert "exact_duplicate" in ok("inspect", "medical_es", "--dropped", home=built)
    assert (
        "Did you mean 'exact_duplicate'"
        in run("inspect", "medical_es", "--dropped", "exact_duplicat", home=built).stderr
    )


def test_status_and_report_say_what_stands(built: Path) -> None:
    """Status counts what the build counted; the report exists, needs nothing from outside and shows plots."""
    status = json.loads(ok("status", "--json", home=built))
    for recipe, result in results(built).items():
        assert status["recipes"][recipe]["built"]["rows"] == result["rows"]
    page = Path(ok("report", "natural_es", home=built).strip()).read_text()
    assert page.count("<svg") >= 6
    assert "<script" not in page
    assert "://" not in page.split("Examples (the first")[0]


def test_the_report_shows_what_repeats_what(built: Path) -> None:
    """Each pair with both texts, as they begin."""
    pages = [(built / f"reports/{recipe}.html").read_text() for recipe in RECIPES]
    section = "".join(page.split("What repeats what")[1].split("Evaluation sets")[0] for page in pages)
    texts = {row["doc_id"]: row["text"] for recipe in RECIPES for row in kept(built, recipe)}
    pairs = [row for reason in ("exact_duplicate", "near_duplicate") for row in dropped(built, reason)]
    assert pairs
    for row in pairs:
        for text in (row["text"], texts[row["metadata"]["duplicate_of"]]):
            assert html.escape(text[:80]) in section


def test_a_long_tmpdir(tmp_path: Path) -> None:
    """A socket below it would have too long a name (107 bytes): the build ends well all the same, and leaves nothing there."""
    (tmp_path / "a.md").write_text("# Té\n\n" + PROSE)
    home, long = tmp_path / "home", tmp_path / ("x" * 120)
    long.mkdir()
    ok("ingest", tmp_path / "a.md", "--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", home=home)
    ok("build", "natural_es", "-q", home=home, TMPDIR=str(long))
    assert kept(home, "natural_es")
    assert list(long.iterdir()) == []
