"""A home with datasets that the factory built, tiny models of each family, and the real commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from factory.models import find
from factory.record import doc_id, sha256, split_of
from tests.command import FACTORY, ok
from tests.crash import EVERY
from tests.engine.tiny_models import make
from tests.test_asking import herb

PROJECT = Path(__file__).parents[2]
# Half a minute a point: test_training kills in a step and in a save.
collect_ignore = [] if EVERY else ["test_points.py"]
# One thread: the same sums in the same order.
CALM = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false"}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """The text, questions and pairs of the samples and of some pages of the National Cancer Institute."""
    home = tmp_path_factory.mktemp("corpus") / "home"
    ok("ingest", PROJECT / "samples/sources.toml", "-q", home=home)
    pages = sorted((data / "html/nci_pdq/es").glob("*.html"))[:6]
    ok("ingest", *pages, "--source", "nci", "--tradition", "conventional", "--licence", "public-domain", home=home)
    # A plant whose Document is of the split that is kept for evaluation.
    number = next(n for n in range(2000) if split_of(doc_id("herbs", sha256(herb(n)))) == "eval")
    (home.parent / "boldo.md").write_text(herb(number))
    said = ("--source", "herbs", "--language", "es", "--tradition", "natural", "--licence", "CC0-1.0")
    ok("ingest", home.parent / "boldo.md", *said, home=home)
    ok("synth-qa", "natural_es_qa", "medical_es_qa", "preferences_es", "natural_es_eval", "-q", home=home)
    return home


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny random model of a profile's family, with the profile beside it in `models.toml`."""
    made: dict[str, Path] = {}

    def model(name: str) -> Path:
        if name not in made:
            place = tmp_path_factory.mktemp("tiny")
            folder = make(place / name, name, vocabulary=1024)
            profile = find(name).model_copy(update={"repo": str(folder), "gated": False})
            table = {"model": [json.loads(profile.model_dump_json(exclude_none=True))]}
            (place / "models.toml").write_text(tomli_w.dumps(table))
            made[name] = place
        return made[name]

    return model


def factory(place: Path, *arguments: str | Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The finished command, run where a models.toml is."""
    done = begun(place, *arguments, home=home)
    out, err = done.communicate(timeout=280)
    return subprocess.CompletedProcess(arguments, done.returncode, out, err)


def begun(place: Path, *arguments: str | Path, home: Path | None = None) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if k != "FACTORY_HOME"} | CALM
    env["FACTORY_HOME"] = str(home or place / "no-home")
    return subprocess.Popen(
        [*FACTORY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd=place
    )


def done(place: Path, *arguments: str | Path, home: Path | None = None) -> dict[str, Any]:
    """What a command that must end 0 says in JSON."""
    found = factory(place, *arguments, "--json", home=home)
    assert found.returncode == 0, found.stdout + found.stderr
    return dict(json.loads(found.stdout.splitlines()[-1]))


def killed_when(process: subprocess.Popen[str], ready: Callable[[], bool]) -> None:
    """The process is killed as soon as something is there; it must not have ended before."""
    until = time.monotonic() + 240
    while not ready():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
