"""Starts the scripted model server for a test, again where it dies, and reads what it was asked."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Serving:
    """A running scripted server."""

    def __init__(self, folder: Path, script: dict[str, Any], revive: bool, module: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.script = {"log": str(folder / "log.jsonl"), "ready": str(folder / "ready")} | script
        self.starts = 0
        self._module = module
        self._revive = revive
        self._stopping = False
        self._child = self._start()
        self.script["port"] = self.port
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        ready = Path(self.script["ready"])
        ready.unlink(missing_ok=True)
        path = self.folder / "script.json"
        path.write_text(json.dumps(self.script))
        child = subprocess.Popen([sys.executable, "-m", self._module, str(path)])
        while not ready.exists():
            assert child.poll() is None, "the scripted server did not start"
            time.sleep(0.01)
        self.port = int(ready.read_text())
        return child

    def _watch(self) -> None:
        while not self._stopping:
            if self._revive and self._child.poll() is not None and not self._stopping:
                self._child = self._start()
            time.sleep(0.02)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> list[list[str]]:
        """The units of every request that asked for some, in order."""
        return [row["units"] for row in self._log() if row.get("units")]

    def answered(self) -> list[list[str]]:
        """The units of every request that was answered."""
        return [row["answered"] for row in self._log() if row.get("answered")]

    def prompts(self) -> list[str]:
        return [row["prompt"] for row in self._log() if row.get("units")]

    def _log(self) -> list[dict[str, Any]]:
        path = Path(self.script["log"])
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        # What follows the last line end is being written, or its writer was killed.
        return [json.loads(line) for line in lines[:-1]]

    def stop(self) -> None:
        self._stopping = True
        self._watcher.join()
        self._child.kill()
        self._child.wait()


@contextmanager
def serving(
    folder: Path, revive: bool = False, module: str = "tests.engine.model_server", **script: Any
) -> Iterator[Serving]:
    """A scripted server while the context lasts; `revive`: started again at the same port when it dies."""
    one = Serving(folder, script, revive, module)
    try:
        yield one
    finally:
        one.stop()
