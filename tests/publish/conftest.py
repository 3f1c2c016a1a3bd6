"""A home with two built corpora, and a Hub on the loopback; what both share between tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.command import FACTORY, ok
from tests.web.hub import Hub, Repo, serve

PROJECT = Path(__file__).parents[2]
REPO = "org/natural"
# Stands in a document whose licence forbids publishing.
CANARY = "Zarzabulea Quimerina"
# Stands in no output of any command.
SECRET = "hf_test"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes over the samples, and a document without a licence that has a canary in its title and text."""
    folder = tmp_path_factory.mktemp("publish")
    home = folder / "home"
    canary = folder / f"{CANARY}.txt"
    canary.write_text(
        f"{CANARY}\n\n" + f"La {CANARY} se toma en infusión según el uso tradicional de la comarca. " * 40
    )
    ok("ingest", PROJECT / "samples/sources.toml", "-q", home=home)
    ok("ingest", canary, "--source", "nobody", "--tradition", "natural", "--licence", "unknown", home=home)
    # The same text from a source that may be published is kept; its copy and that copy's title are not told of.
    ok("build", "natural_es", "medical_es", "-q", home=home)
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    shutil.copytree(built, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


@dataclass
class Loopback:
    """The Hub of a test: what it holds, how a command reaches it, and who is killed when."""

    hub: Hub
    url: str
    xet: bool
    folder: Path
    kill: tuple[int, str] | None = None
    # Killed once behind the first request of which this stands in method and path.
    kill_on: str = ""
    child: subprocess.Popen[str] | None = None
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def environment(self, token: str = SECRET) -> dict[str, str]:
        found = {"HF_ENDPOINT": self.url, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "0" if self.xet else "1"}
        found |= {
            "HF_HOME": str(self.folder / "hf"),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_XET_CACHE": str(self.folder / "xc"),
        }
        return found | ({"HF_TOKEN": token} if token else {})

    def run(self, *arguments: str | Path, home: Path, token: str = SECRET) -> subprocess.CompletedProcess[str]:
        """The real command against this Hub; it may be killed by `kill`."""
        env = {k: v for k, v in os.environ.items() if k not in ("FACTORY_HOME", "HF_TOKEN")}
        env |= self.environment(token) | {"FACTORY_HOME": str(home)}
        self.requests = 0
        self.child = subprocess.Popen(
            [*FACTORY, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
        )
        out, err = self.child.communicate(timeout=240)
        assert SECRET not in out + err
        return subprocess.CompletedProcess(arguments, self.child.returncode, out, err)

    def ok(self, *arguments: str | Path, home: Path, token: str = SECRET) -> str:
        done = self.run(*arguments, home=home, token=token)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def publish(self, *arguments: str, home: Path, token: str = SECRET) -> dict[str, Any]:
        """What `factory publish --json` says."""
        return dict(json.loads(self.ok("publish", *arguments, "--json", home=home, token=token)))

    def repo(self, name: str = REPO) -> Repo:
        return self.hub.repos["dataset", name]

    def history(self, name: str = REPO) -> list[str]:
        """The commits of main, newest first."""
        repo, found = self.repo(name), []
        at: str | None = repo.branches["main"]
        while at:
            found.append(at)
            at = repo.commits[at].parent
        return found

    def reachable(self, name: str = REPO) -> set[str]:
        """Every commit that some reference reaches."""
        repo, found = self.repo(name), set()
        for start in (*repo.branches.values(), *repo.tags.values(), *repo.pr_refs.values(), *repo.converts.values()):
            at: str | None = start
            while at:
                found.add(at)
                at = repo.commits[at].parent
        return found

    def files(self, commit: str, name: str = REPO) -> dict[str, str]:
        """The files of a commit, each with what it holds by hash."""
        entries = self.repo(name).commits[commit].files
        return {path: entry.sha256 or entry.oid for path, entry in entries.items() if path != ".gitattributes"}

    def data(self, commit: str, path: str, name: str = REPO) -> bytes:
        """The bytes of a file of a commit."""
        entry = self.repo(name).commits[commit].files[path]
        if entry.data is not None:
            return entry.data
        where = Path(self.hub.lfs_path(entry.sha256))
        if not where.exists():
            from tests.web.hub import Handler

            handler = type("Local", (Handler,), {"hub": self.hub})
            self.hub.materialise(entry.sha256, self.hub.xet_hash(entry.sha256), entry.size)
            del handler
        return where.read_bytes()

    def _hook(self, handler: Any, when: str) -> None:
        with self._lock:
            if when == "before":
                self.requests += 1
                handler.number = self.requests
            named = when == "after" and self.kill_on and self.kill_on in f"{handler.command} {handler.path}"
            if (named or self.kill == (handler.number, when)) and self.child is not None:
                self.kill_on = ""
                os.kill(self.child.pid, signal.SIGKILL)
                self.child.wait()


@pytest.fixture(params=["lfs", "xet"])
def loopback(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loopback]:
    """A Hub of its own, once by plain uploads and once by Xet."""
    yield from start(tmp_path, xet=request.param == "xet")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Loopback]:
    """A Hub of its own, by plain uploads."""
    yield from start(tmp_path, xet=False)


def start(folder: Path, *, xet: bool) -> Iterator[Loopback]:
    cas = f"local://{folder / 'cas'}" if xet else None
    hub, server, url = serve(str(folder / "hub"), xet_cas=cas)
    found = Loopback(hub, url, xet, folder)
    hub.hook = found._hook
    yield found
    server.shutdown()
    server.server_close()


Load = Callable[..., Any]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """`load_dataset` in a process of its own, whose environment names the Hub; returns what the code prints."""

    def loaded(loopback: Loopback, code: str, token: str = SECRET) -> str:
        import sys

        env = {k: v for k, v in os.environ.items() if k != "HF_TOKEN"} | loopback.environment(token)
        env |= {
            "HF_HOME": str(tmp_path / f"load-{len(list(tmp_path.iterdir()))}"),
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "from datasets import load_dataset\n" + code],
            capture_output=True, text=True, env=env, check=False, timeout=120,
        )  # fmt: skip
        return done.stdout if done.returncode == 0 else done.stdout + done.stderr

    return loaded
