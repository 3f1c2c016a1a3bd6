"""Where tests find what they need, what this machine lacks, and a guard on the network."""

from __future__ import annotations

import importlib.util
import os
import runpy
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from factory import server
from factory.translate import apertium

pytest_plugins = ["tests.survival"]
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
    "speech": lambda: shutil.which("espeak-ng") is None or importlib.util.find_spec("faster_whisper") is None,
    "apertium": lambda: apertium.version() is None,
    "vllm": lambda: server.vllm_python() is None,
    "chromium": lambda: shutil.which("chromium") is None,
    "ray": lambda: importlib.util.find_spec("ray") is None,
    "slurm": lambda: os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "munged", "sbatch"))),
    "s3": lambda: importlib.util.find_spec("moto") is None or importlib.util.find_spec("s3fs") is None,
    "cc": lambda: shutil.which("cc") is None,
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


HOOKS = PROJECT / "tests/hooks"
_GUARDED = Path(tempfile.mkstemp(prefix="factory-guard-")[1])


def pytest_configure() -> None:
    """Every process of the tests, and this one, reaches loopback only; what tried more is written down."""
    os.environ["FACTORY_GUARD"] = str(_GUARDED)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HOOKS), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["HF_HUB_OFFLINE"] = "1"
    # A shell's background jobs ignore Ctrl-C, and so would every command of the tests.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runpy.run_path(str(HOOKS / "sitecustomize.py"))


@pytest.fixture(autouse=True)
def _only_loopback() -> Iterator[None]:
    """No test, and nothing it starts, reaches another machine."""
    yield
    tried = _GUARDED.read_text()
    if tried:
        _GUARDED.write_text("")
        pytest.fail(tried)


def pytest_unconfigure() -> None:
    _GUARDED.unlink(missing_ok=True)


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
