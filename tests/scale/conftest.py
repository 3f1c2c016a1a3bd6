"""One home, built here: what every other way of building must make, byte for byte."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import PROSE, ok, tree
from tests.scale import clusters

RECIPE = "natural_es"
# Three tasks: one more than any of these clusters runs at once.
DOCUMENTS = 80


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """Small texts, some alike, some refused, and the samples' own of two kinds."""
    folder = tmp_path_factory.mktemp("texts")
    plants = ("manzanilla", "tila", "menta", "hinojo", "anís", "salvia", "romero", "tomillo")
    for number in range(DOCUMENTS):
        words = " ".join(f"{plants[(number * 7 + step) % 8]} {number * step + 3}" for step in range(1, 40))
        (folder / f"{number:03d}.md").write_text(f"# Planta {number}\n\n{PROSE}\n\nSe anotó: {words}.\n")
    for name in ("trouble/danado.pdf",):
        shutil.copy(samples / name, folder)
    return folder


def ingest(texts: Path, home: Path | str, **environment: str) -> None:
    asked = ("--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", "-q")
    ok("ingest", texts, *asked, FACTORY_HOME=str(home), **environment)


@pytest.fixture(scope="session")
def ready(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home with everything taken in and nothing built."""
    home = tmp_path_factory.mktemp("ready") / "home"
    ingest(texts, home)
    return home


@pytest.fixture(scope="session")
def expected(ready: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The bytes that an uninterrupted build of one worker makes on this machine."""
    home = Path(shutil.copytree(ready, tmp_path_factory.mktemp("local") / "home"))
    ok("build", RECIPE, "--workers", "1", "-q", home=home)
    return tree(home)


@pytest.fixture
def home(ready: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ready, tmp_path / "home"))


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with clusters.slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture(scope="session")
def ray() -> Iterator[dict[str, str]]:
    # The paths of Ray's sockets may have 107 characters.
    short = tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True)
    with short as folder, clusters.ray(Path(folder)) as environment:
        yield environment


@pytest.fixture(scope="session")
def s3() -> Iterator[dict[str, str]]:
    with clusters.s3("corpus") as environment:
        yield environment
