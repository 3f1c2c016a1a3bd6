"""The table of the survival suite: rows from the markers, cases that a test counts, a point that nobody tried."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
TESTS = """
import pytest

@pytest.mark.survive(1, "kills")
@pytest.mark.parametrize("n", range(3))
def test_kill(n, record_property):
    record_property("cases", 5)
    record_property("held", 5 - n)
    record_property("points", 40)
    assert n == 0

@pytest.mark.survive(3, "a disk")
@pytest.mark.survive(9, "1 for a disk")
def test_disk():
    pass
"""


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_table_says_what_was_tried_and_held(tmp_path: Path, workers: str) -> None:
    """In one process and in two: cases, those that held, what failed by name; an untried point ends the run with 1."""
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    survive(point, what): x\n")
    page = tmp_path / "docs/table.md"
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "-p", "tests.survival", "--survival", str(page)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    table = page.read_text()
    assert table in done.stdout
    assert "| 1. Kill anywhere | kills (15 of 40 points) | 15 | 12 | 0 |" in table
    assert "| 9. Exit codes | 1 for a disk | 1 | 1 | 0 |" in table
    assert "| 2. Same bytes | **nothing was tried** | 0 | 0 | 0 |" in table
    assert "- `test_it.py::test_kill[1]`: assert 1 == 0" in table
    assert done.returncode == 1
    only = subprocess.run([*command, "-k", "disk"], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert only.returncode == 1


def test_make_survive_can_be_called(tmp_path: Path) -> None:
    """Its own command, which only collects here: the option for its page is known, and every point has a test."""
    recipe = ["make", "-n", "survive", f"BIN={Path(sys.executable).parent}"]
    said = subprocess.run(recipe, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    (command,) = (line for line in said.splitlines() if " -m survive" in line)
    page = tmp_path / "page.md"
    page.write_text("there before\n")
    command = command.replace("docs/survival.md", str(page))
    assert str(page) in command
    done = subprocess.run(
        command + " --collect-only", shell=True, cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert "test_survive.py::test_" in done.stdout, done.stderr
    assert page.read_text().startswith("# What was tried, and what held")
