"""Where tests find what they need, what this machine lacks, and a guard on the network."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]


def _tesseract() -> bool:
    program = shutil.which("tesseract")
    if program is None:
        return False
    said = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False)
    return "spa" in said.stdout.split()


LACKING = {
    "data": lambda: "FACTORY_TEST_DATA" not in os.environ or not Path(os.environ["FACTORY_TEST_DATA"]).is_dir(),
    "tesseract": lambda: not _tesseract(),
    "mount": lambda: os.geteuid() != 0 or shutil.which("mount") is None,
    "chromium": lambda: shutil.which("chromium") is None,
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What this machine lacks is deselected with one line; in CI that is a failure."""
    missing = [marker for marker, lacks in LACKING.items() if lacks()]
    gone = [item for item in items if any(item.get_closest_marker(m) for m in missing)]
    if not gone:
        return
    said = f"this machine lacks {', '.join(missing)}: {len(gone)} tests are deselected"
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(said)
    config.stash[_SAID] = said
    config.hook.pytest_deselected(items=gone)
    items[:] = [item for item in items if item not in gone]


_SAID = pytest.StashKey[str]()


def pytest_report_collectionfinish(config: pytest.Config) -> str:
    return config.stash.get(_SAID, "")


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            pytest.fail(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real inputs with ground truth."""
    return Path(os.environ["FACTORY_TEST_DATA"]).resolve()


@pytest.fixture(scope="session")
def samples() -> Path:
    """The inputs written for this project."""
    return PROJECT / "samples"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)
