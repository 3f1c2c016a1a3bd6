"""The machine is another one, or says no: other locale, clock, order, workers; no permission; few file handles."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command import FACTORY, ok, run, tree
from tests.crash import EVERY

SAID = ("--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", "-q")
BUILD = ("build", "natural_es", "-q")
# More items than one task takes: two workers have something to do.
TEXTS = 40
WAYS: dict[str, dict[str, str]] = {
    "together": {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7", "workers": "2"},
}
if EVERY:
    WAYS |= {
        "workers": {"workers": "2"},
        "turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        "posix": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        "latin-1": {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C"},
        "samoa": {"TZ": "Pacific/Pago_Pago"},
        "hash-0": {"PYTHONHASHSEED": "0"},
        "hash-random": {"PYTHONHASHSEED": "random"},
    }
# Seconds that the clock is off: before 2001, behind 2038.
CLOCKS = (-900_000_000, 600_000_000) if EVERY else (600_000_000,)
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long off(void) { const char *said = getenv("CLOCK_IS_OFF"); return said ? atol(said) : 0; }
int clock_gettime(clockid_t id, struct timespec *t) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, t);
    if (!code && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += off();
    return code;
}
time_t time(time_t *t) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (t) *t = now.tv_sec;
    return now.tv_sec;
}
"""


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("texts")
    for n in range(TEXTS):
        said = (
            f"La hierba {n} se toma en infusión por la noche. La dosis es de {n} g en 150 ml de agua, según la fuente. "
        )
        (folder / f"hierba-{n}.txt").write_text(f"Hierba {n}\n\n{said * 3}" + f"Se cría a {n}00 m de altura. " * 8)
    return sorted(folder.glob("*.txt"))


@pytest.fixture(scope="module")
def plain(texts: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """An ingested home, and the bytes of its build by one worker."""
    folder = tmp_path_factory.mktemp("plain")
    ok("ingest", *texts, *SAID, home=folder / "ready")
    home = Path(shutil.copytree(folder / "ready", folder / "home"))
    ok(*BUILD, "--workers", "1", home=home)
    return folder / "ready", tree(home)


@pytest.mark.slow
@pytest.mark.survive(2, "workers, order of ingest, locale, time zone, hash seed")
@pytest.mark.parametrize("way", WAYS)
def test_another_machine_makes_the_same_bytes(
    plain: tuple[Path, dict[str, str]], texts: list[Path], way: str, tmp_path: Path
) -> None:
    """Taken in in another order and built in another environment: every byte is the same."""
    environment = {k: v for k, v in WAYS[way].items() if k != "workers"}
    order = list(texts)
    random.Random(way).shuffle(order)
    home = tmp_path / "home"
    ok("ingest", *order[:7], *SAID, home=home, **environment)
    ok("ingest", *order[7:], *SAID, home=home, **environment)
    ok(*BUILD, "--workers", WAYS[way].get("workers", "1"), home=home, **environment)
    assert tree(home) == plain[1]


@pytest.mark.slow
@pytest.mark.cc
@pytest.mark.survive(2, "a clock that is off by decades")
@pytest.mark.parametrize("seconds", CLOCKS)
def test_another_day_makes_the_same_bytes(
    plain: tuple[Path, dict[str, str]], texts: list[Path], seconds: int, tmp_path: Path
) -> None:
    """The clock of every process says another decade: receipts say so too, the bytes of the build do not."""
    (tmp_path / "clock.c").write_text(CLOCK)
    library = tmp_path / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True)
    wrong = {"LD_PRELOAD": str(library), "CLOCK_IS_OFF": str(seconds)}
    home = tmp_path / "home"
    ok("ingest", *texts, *SAID, home=home, **wrong)
    ok(*BUILD, "--workers", "1", home=home, **wrong)
    years = {file.name[:4] for file in home.glob("receipts/s/*.json")}
    assert years
    assert not years & {file.name[:4] for file in plain[0].glob("receipts/s/*.json")}
    assert tree(home) == plain[1]


def unprivileged(*arguments: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    """The command as somebody to whom permissions apply: root without its power over them."""
    prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, *FACTORY, *map(str, arguments)],
        env=os.environ | {"FACTORY_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.survive(3, "folders and files without permission")
def test_no_permission_is_one_sentence(plain: tuple[Path, dict[str, str]], texts: list[Path], tmp_path: Path) -> None:
    """A home, a folder of it and an input that may not be touched: exit 1 or 3, nothing changes; then it goes on."""
    home = Path(shutil.copytree(plain[0], tmp_path / "home"))
    before = sorted(home.rglob("*"))
    home.chmod(0o500)
    for command in (BUILD, ("ingest", texts[0], *SAID)):
        done = unprivileged(*command, home=home)
        assert done.returncode == 1
        assert "no permission to write" in done.stderr
        assert "Traceback" not in done.stderr
    assert sorted(home.rglob("*")) == before
    home.chmod(0o700)
    (home / "datasets").mkdir(mode=0o500)
    done = unprivileged(*BUILD, home=home)
    assert done.returncode == 1
    assert f"no permission to write {home / 'datasets'}" in done.stderr
    (home / "datasets").chmod(0o700)
    raw = next(one for one in (home / "raw").rglob("*") if one.is_file())
    raw.chmod(0)
    shutil.rmtree(home / "stages")
    done = unprivileged(*BUILD, home=home)
    assert done.returncode == 1
    assert f"no permission to write {raw}, or to read it" in done.stderr
    raw.chmod(0o644)
    closed = tmp_path / "closed.md"
    closed.write_text("La malva.")
    closed.chmod(0)
    done = unprivileged("ingest", closed, "--json", *SAID, home=home)
    assert done.returncode == 3
    assert "no_permission" in done.stdout
    ok(*BUILD, home=home)
    assert {k: v for k, v in tree(home).items() if k.startswith("datasets/")} == {
        k: v for k, v in plain[1].items() if k.startswith("datasets/")
    }


@pytest.mark.slow
@pytest.mark.survive(3, "few file handles")
def test_few_file_handles_are_one_sentence(plain: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    """Too few: exit 1 at once, with the limit and what is needed, and nothing is begun; as many as asked for are enough."""
    home = Path(shutil.copytree(plain[0], tmp_path / "home"))
    before = sorted(home.rglob("*"))
    for limit in (7, 12, 16, 63):
        done = limited(limit, home)
        assert done.returncode == 1, limit
        assert f"too many open files: {limit} is the limit" in done.stderr
        assert "Traceback" not in done.stderr
    assert sorted(home.rglob("*")) == before
    done = limited(64, home)
    assert done.returncode == 0, done.stderr
    assert tree(home) == plain[1]


def limited(handles: int, home: Path) -> subprocess.CompletedProcess[str]:
    command = f"ulimit -n {handles}; exec {shlex.join([*FACTORY, *BUILD, '--workers', '2'])}"
    return subprocess.run(
        ["bash", "-c", command],
        env=os.environ | {"FACTORY_HOME": str(home)}, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    """`factory gc` takes temporary files away wherever a kill left them, and nothing else."""
    home = tmp_path / "home"
    text = tmp_path / "a.md"
    text.write_text("La malva se toma en infusión.")
    ok("ingest", text, *SAID, home=home)
    before = sorted(home.rglob("*"))
    for folder in (home, home / "sources", *home.glob("raw/*"), *home.glob("receipts/*")):
        (folder / ".part-x").write_text("half")
    assert run("gc", "--dry-run", home=home).stdout.count(".part-x") >= 4
    ok("gc", home=home)
    assert sorted(home.rglob("*")) == before
