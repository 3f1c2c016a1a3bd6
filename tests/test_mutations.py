"""Seeded mutations of what decides on licences, personal data, duplicates and addresses: each breaks a test.

Those of the gates of translations and questions stand in their folders.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash import EVERY

PROJECT = Path(__file__).parents[1]
# The fast tests that look at a file.
TESTS = {
    "licence.py": ("tests/test_config.py", "tests/test_licence_gate.py"),
    "personal/__init__.py": ("tests/test_personal.py",),
    "personal/numbers.py": ("tests/test_personal.py",),
    "dedup/compare.py": ("tests/dedup/test_compare.py",),
    "fetch/address.py": ("tests/fetch/test_address.py",),
}
# File, what stands there, what a mistake would make of it.
MUTATIONS = [
    ("licence.py", 'if source == "unknown" or publishable(source):', "if True:"),
    ("licence.py", 'if why is None and row.get("source_type") == "clinical" and', "if False and"),
    ("licence.py", 'if len({one.split("-")[0] for one in alike}) > 1:', "if False:"),
    ("licence.py", "closed = [one for one in every if not publishable(one)]", "closed = []"),
    ("licence.py", 'if re.search(r"-nd-|-nd$", folded):', "if False:"),
    ("personal/__init__.py", "if clinical:", "if False:"),
    ("personal/__init__.py", "if key not in self._numbers:", "if True:"),
    ("personal/__init__.py", 'if kind in ("TELEFONO", "ID", "CUENTA", "TARJETA"):', "if False:"),
    ("personal/numbers.py", "if _possible(m.group()) and not _UNIT.match(text, m.end()):", "if _possible(m.group()):"),
    ("dedup/compare.py", "return self.containment >= MIN_CONTAINMENT and self.conflict is None", "return self.containment >= MIN_CONTAINMENT"),
    ("dedup/compare.py", "if any(_another_thing(a, b, renamed) for a, b in _replaced(ours, theirs)):", "if False:"),
    ("dedup/compare.py", "if measured or (_one_sentence(", "if (_one_sentence("),
    ("dedup/compare.py", "    if lost:\n", "    if False:\n"),
    ("fetch/address.py", "if ip in _METADATA or ip.is_link_local:", "if ip.is_link_local:"),
    ("fetch/address.py", "if inner is not None:", "if False:"),
    ("fetch/address.py", "if parts.username is not None or parts.password is not None:", "if False:"),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.survive(10, "licences, personal data, duplicates, addresses")
@pytest.mark.parametrize("number", range(0, len(MUTATIONS), 1 if EVERY else 6))
def test_a_mistake_breaks_a_test(number: int, tmp_path: Path) -> None:
    """The fast tests of a file fail over a copy of the code with this one mistake in it."""
    name, before, after = MUTATIONS[number]
    for part in ("factory", "pipelines", "tests"):
        shutil.copytree(PROJECT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "pyproject.toml", tmp_path / "pyproject.toml")
    path = tmp_path / "factory" / name
    code = path.read_text("utf-8")
    assert code.count(before) == 1, f"{name} has changed: mend the mutation {before!r}"
    path.write_text(code.replace(before, after), "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *TESTS[name]]
    done = subprocess.run(
        [*command, "-m", "not slow and not data"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout[-2000:]
    assert "FAILED" in done.stdout
