"""Seeded mutations of the gates: each is a small mistake that someone could make, and each breaks a test of the tables."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# File, what stands there, what a mistake would make of it.
MUTATIONS = [
    ("numbers.py", 'return (whole,) if marks[0] == "," else (decimal,)', "return (whole,)"),
    ("numbers.py", "if len(marks) > 1:\n        return", "if len(marks) > 2:\n        return"),
    ("numbers.py", "counts[value] -= 1", "pass"),
    ("numbers.py", '| {"mil millones": 1e9,', '| {"mil millones": 1e12,'),
    ("units.py", 'return f"{unit} became {other}"', "return None"),
    ("units.py", "if shares[value] < count and bare[value] > there[value]:", "if shares[value] < count - 1:"),
    ("units.py", 'return f"{unit} was invented"', "return None"),
    ("negation.py", "if _unmet(theirs, ours, short):", "if False:"),
    ("negation.py", "if said := _opposite(source, target) or _bare(source, target):", "if said := _bare(source, target):"),
    ("negation.py", "if said := _opposite(source, target) or _bare(source, target):", "if said := _opposite(source, target):"),
    ("negation.py", "return bool(alone) and bool(", "return False and bool("),
    ("direction.py", "if ours.less and theirs.more and not theirs.less:", "if False:"),
    ("direction.py", 'return f"{word!r} became its opposite"', "return None"),
    ("numbers.py", 'return f"numbers of {unit} changed places"', "return None"),
    ("units.py", 'return _PER_BODY.isdisjoint((unit + "/" + other).split("/")[1:])', "return True"),
    ("content.py", "if found.gap >= limit and len(source.text) >= _FROM:", "if found.gap > 99:"),
    ("content.py", "count += 1\n", "count += found\n"),
    ("form.py", "_SHORTEST, _LONGEST = 0.75, 1.7", "_SHORTEST, _LONGEST = 0.25, 2.7"),
    ("form.py", 'return "empty"', "return None"),
    ("form.py", "if english > 2 and english > 2 * spanish:", "if english > 200:"),
    ("form.py", "if same > 0.6 and not _alike(english):", "if same > 1.6:"),
    ("form.py", "if kept not in target.text:", "if False:"),
    ("form.py", "if said in lower and said not in source.text.lower():", "if False:"),
    ("gates.py", 'return None if reason in ("stop", "eos", None)', "return None if reason"),
    ("prompt.py", "if set(found) - set(ids):", "if False:"),
    ("prompt.py", 'wrong[pairs[-1][0]] = "finish"', "pass"),
    ("segment.py", "if _SAFETY.search(unit.source):", "if False:"),
    ("ladder.py", "if failed:\n            if unit.target is None:", "if False:\n            if unit.target is None:"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(MUTATIONS)))
@pytest.mark.survive(10, "the gates of translations")
def test_a_mistake_in_a_gate_breaks_a_test(number: int, tmp_path: Path) -> None:
    """The tables of tests fail over a copy of the code with this one mistake in it."""
    name, before, after = MUTATIONS[number]
    shutil.copytree(PROJECT / "factory", tmp_path / "factory", ignore=shutil.ignore_patterns("__pycache__"))
    for part in ("translate", "hooks", "plant"):
        shutil.copytree(
            PROJECT / "tests" / part, tmp_path / "tests" / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    for part in ("tests/__init__.py", "tests/conftest.py", "tests/survival.py", "pyproject.toml"):
        shutil.copy(PROJECT / part, tmp_path / part)
    path = tmp_path / "factory/translate" / name
    code = path.read_text("utf-8")
    assert code.count(before) == 1, f"{name} has changed: mend the mutation {before!r}"
    path.write_text(code.replace(before, after), "utf-8")
    tables = [f"tests/translate/test_{part}.py" for part in ("gates", "by_hand", "prompt", "segment", "ladder")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tables, "-m", "not data"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout[-2000:]
    assert str(tmp_path) in done.stdout or "factory/translate" in done.stdout or "FAILED" in done.stdout
