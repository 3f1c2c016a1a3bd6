"""SIGKILL of the real command at twenty sampled durable operations; the next run makes the same bytes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command import FACTORY, ok, tree

CRASH = Path(__file__).parent / "hooks"
SAMPLED = 20


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> tuple[Path, dict[str, str], int]:
    """An ingested home, the bytes of its uninterrupted build, and how many durable operations that took."""
    folder = tmp_path_factory.mktemp("whole")
    home = folder / "home"
    files = [
        *sorted((samples / "articles/natural").glob("*.md")),
        *sorted((samples / "articles/natural").glob("*.html"))[:2],
        *sorted((samples / "transcripts").glob("*"))[:2],
        samples / "trouble/danado.pdf",
    ]
    ok("ingest", *files, "--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", home=home)
    ready = Path(shutil.copytree(home, folder / "ready"))
    points, code = crash(home, at=10**9)
    assert code == 0
    return ready, tree(home), points


def crash(home: Path, at: int) -> tuple[int, int]:
    """Run the build, killed at durable operation `at`; how many operations there were, and how it ended."""
    count = home.parent / f"count-{at}"
    environment = {
        "FACTORY_HOME": str(home),
        "PYTHONPATH": str(CRASH),
        "FACTORY_CRASH_COUNT": str(count),
        "FACTORY_CRASH_AT": str(at),
        "FACTORY_CRASH_HOME": str(home),
    }
    command = [*FACTORY, "build", "natural_es", "-q"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, check=False)
    return count.stat().st_size, done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("sample", range(SAMPLED))
def test_a_build_killed_anywhere_ends_the_same(
    whole: tuple[Path, dict[str, str], int], sample: int, tmp_path: Path
) -> None:
    """Kill at the sampled point, run again: data, rejected, manifests and dataset are byte for byte the same."""
    ready, expected, points = whole
    assert points > SAMPLED
    home = Path(shutil.copytree(ready, tmp_path / "home"))
    at = 1 + sample * (points - 1) // SAMPLED
    count, code = crash(home, at)
    assert count >= at
    assert code == -signal.SIGKILL
    ok("build", "natural_es", "-q", home=home)
    assert tree(home) == expected
    assert not list((home / "datasets").rglob(".part-*"))


@pytest.mark.slow
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
    deadline = time.monotonic() + 10
    mark = f"FACTORY_HOME={home}".encode()
    while time.monotonic() < deadline and (left := _with(mark)):
        time.sleep(0.1)
    assert left == []


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
