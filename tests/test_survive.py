"""SIGKILL of the real command at its durable operations and of its process group; the next run makes the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command import FACTORY, ok, tree
from tests.crash import EVERY, LAST, MOST, Record, chosen, crash, sweep

SAID = ("--source", "s", "--tradition", "natural", "--licence", "CC0-1.0")
BUILD = ("build", "natural_es", "-q")
# Points of a build that are tried; each share of them is a test.
SAMPLED = MOST if EVERY else 20
SHARES = 20
# What is killed as a group: so many homes, each so many times before it may end.
HOMES, KILLS = (10, 5) if EVERY else (1, 2)


def inputs(samples: Path) -> list[Path]:
    return [
        *sorted((samples / "articles/natural").glob("*.md")),
        *sorted((samples / "articles/natural").glob("*.html"))[:2],
        *sorted((samples / "transcripts").glob("*"))[:2],
        samples / "trouble/danado.pdf",
    ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, dict[str, str], int]:
    """An ingested home, the bytes of its uninterrupted build, and how many durable operations that took."""
    folder = tmp_path_factory.mktemp("whole")
    home = folder / "home"
    ok("ingest", *inputs(samples), *SAID, home=home)
    ready = Path(shutil.copytree(home, folder / "ready"))
    points, code = crash(BUILD, home, 10**9)
    assert code == 0
    return ready, tree(home), points


@pytest.mark.slow
@pytest.mark.survive(1, "`build` killed at durable operations, run again: the same bytes")
@pytest.mark.parametrize("share", range(SHARES))
def test_a_build_killed_anywhere_ends_the_same(
    whole: tuple[Path, dict[str, str], int], share: int, tmp_path: Path, record_property: Record
) -> None:
    """Kill at the sampled point, run again: data, rejected, manifests and dataset are byte for byte the same."""
    ready, expected, points = whole
    assert points > SHARES
    home = tmp_path / "home"

    def attempt(at: int) -> None:
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(ready, home)
        count, code = crash(BUILD, home, at)
        assert (count >= at and code == -signal.SIGKILL) or at > points - LAST
        ok(*BUILD, home=home)
        assert tree(home) == expected
        assert not list((home / "datasets").rglob(".part-*"))

    sweep(chosen(points, SAMPLED)[share::SHARES], points, attempt, record_property)


def taken(home: Path) -> tuple[dict[str, str], list[str]]:
    """What an ingest leaves but for its times: every raw file by its bytes, every receipt."""
    raw = {
        str(file.relative_to(home)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(home.glob("raw/*/[!.]*"))
    }
    receipts: list[Any] = [json.loads(file.read_bytes()) for file in home.glob("receipts/*/[0-9]*.json")]
    return raw, sorted(json.dumps({k: v for k, v in one.items() if k != "time"}, sort_keys=True) for one in receipts)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[tuple[dict[str, str], list[str]], int]:
    """What an uninterrupted ingest leaves, and how many durable operations it took."""
    home = tmp_path_factory.mktemp("ingested") / "home"
    points, code = crash(("ingest", *inputs(samples), *SAID), home, 10**9)
    assert code == 0
    return taken(home), points


@pytest.mark.slow
@pytest.mark.survive(1, "`ingest` of files killed at durable operations, run again: the same items and receipts")
@pytest.mark.parametrize("share", range(3))
def test_an_ingest_killed_anywhere_ends_the_same(
    ingested: tuple[tuple[dict[str, str], list[str]], int],
    share: int,
    samples: Path,
    tmp_path: Path,
    record_property: Record,
) -> None:
    """Kill at a write, rename or removal, run again: the same bytes and receipts, none twice, nothing half there."""
    expected, points = ingested
    home = tmp_path / "home"

    def attempt(at: int) -> None:
        shutil.rmtree(home, ignore_errors=True)
        command = ("ingest", *inputs(samples), *SAID)
        count, code = crash(command, home, at)
        assert (count >= at and code == -signal.SIGKILL) or at > points - LAST
        ok(*command, home=home)
        assert taken(home) == expected
        ok("gc", home=home)
        assert taken(home) == expected
        assert not list(home.rglob(".part-*"))

    sweep(chosen(points, MOST if EVERY else 3)[share::3], points, attempt, record_property)


@pytest.mark.slow
@pytest.mark.survive(1, "`ingest` of files killed at random times")
def test_a_killed_ingest_loses_and_doubles_nothing(samples: Path, tmp_path: Path) -> None:
    """Killed in the middle and run again, every file has one receipt and its bytes."""
    command = [*FACTORY, "ingest", str(samples / "sources.toml")]
    for home, wait in ((tmp_path / "a", 0.25), (tmp_path / "b", 0.32), (tmp_path / "c", 0.4)):
        child = subprocess.Popen(command, env=os.environ | {"FACTORY_HOME": str(home)}, stdout=subprocess.DEVNULL)
        time.sleep(wait)
        child.kill()
        child.wait()
        ok("ingest", samples / "sources.toml", home=home)
        clean = tmp_path / "clean"
        ok("ingest", samples / "sources.toml", home=clean)
        names = sorted(p.name for p in home.rglob("raw/*/*") if not p.name.startswith(".part-"))
        assert names == sorted(p.name for p in clean.rglob("raw/*/*"))
        assert len(list(home.rglob("receipts/*/[0-9]*.json"))) == len(list(clean.rglob("receipts/*/[0-9]*.json")))


@pytest.mark.slow
@pytest.mark.survive(1, "nothing runs on after a kill of the command")
def test_nothing_is_left_running_after_a_kill(samples: Path, tmp_path: Path) -> None:
    """Workers, readers and datatrove's managers die with the command."""
    home = tmp_path / "home"
    ok("ingest", samples / "sources.toml", home=home)
    child = subprocess.Popen(
        [*FACTORY, "build", "natural_es", "-q"], env=os.environ | {"FACTORY_HOME": str(home), "FACTORY_MARK": home.name}
    )
    while not list(home.glob("stages/*/*/*/logs/*")):
        time.sleep(0.02)
    time.sleep(0.8)
    child.kill()
    child.wait()
    assert still_running(home) == []


@pytest.mark.slow
@pytest.mark.survive(1, "`build` and all its processes killed at random times, several times a home")
@pytest.mark.parametrize("seed", range(HOMES))
def test_groups_killed_at_random(
    whole: tuple[Path, dict[str, str], int], seed: int, tmp_path: Path, record_property: Record
) -> None:
    """SIGKILL of the whole process group again and again, then a run that may end: the same bytes, nothing runs on."""
    ready, expected, _ = whole
    home = Path(shutil.copytree(ready, tmp_path / "home"))
    draw = random.Random(seed)
    begun = time.monotonic()
    ok("--help")
    start = time.monotonic() - begun
    killed = 0
    while killed < KILLS:
        child = subprocess.Popen(
            [*FACTORY, *BUILD],
            env=os.environ | {"FACTORY_HOME": str(home)},
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )
        try:
            # A start of Python is the measure of this machine; a stage takes several.
            child.wait(draw.uniform(0.2, 12) * start)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        assert still_running(home) == []
        killed += child.returncode == -signal.SIGKILL
        if child.returncode == 0:
            assert tree(home) == expected
            shutil.rmtree(home)
            shutil.copytree(ready, home)
    ok(*BUILD, home=home)
    assert tree(home) == expected
    assert not list((home / "datasets").rglob(".part-*"))
    assert still_running(home) == []
    record_property("cases", killed)


def still_running(home: Path) -> list[int]:
    """Who of a home's processes is there ten seconds later."""
    deadline = time.monotonic() + 10
    mark = f"FACTORY_HOME={home}".encode()
    while (left := _with(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _with(mark: bytes) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if mark in (process / "environ").read_bytes() and state != "Z":
                found.append(int(process.name))
        except OSError:
            continue
    return found
