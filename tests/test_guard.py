"""The guard on the network is one that can fail."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import FACTORY
from tests.conftest import PROJECT


@pytest.mark.survive(5, "the guard: no test leaves this machine")
def test_a_process_of_the_tests_cannot_leave_this_machine(tmp_path: Path) -> None:
    """A connection elsewhere is refused and written down, in processes that tests start; loopback is free."""
    record = tmp_path / "record"
    record.touch()
    code = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=2)"
    env = os.environ | {"FACTORY_GUARD": str(record)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert "a test tried to reach" in done.stderr
    assert "192.0.2.1" in record.read_text()


@pytest.mark.survive(5, "the guard: no test leaves this machine")
def test_this_process_cannot_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hook is in the tests' own process."""
    from tests import conftest

    with pytest.raises(ConnectionRefusedError), socket.socket() as one:
        one.connect(("192.0.2.1", 80))
    guarded = Path(os.environ["FACTORY_GUARD"])
    assert "192.0.2.1" in guarded.read_text()
    guarded.write_text("")
    assert conftest.HOOKS.is_dir()


@pytest.mark.survive(5, "the guard: no test leaves this machine")
def test_no_library_tells_its_maker_of_a_run(samples: Path, tmp_path: Path) -> None:
    """ONNX Runtime, below PyMuPDF, leaves a device's and a session's id where it tells; it is silent under CI, so: bare."""
    (tmp_path / "t").mkdir()
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "t")}
    book = next((samples / "books").glob("*.pdf"))
    read = [*FACTORY, "read", str(book), "--json"]
    done = subprocess.run(read, env=bare, capture_output=True, text=True, check=True, cwd=PROJECT)
    assert json.loads(done.stdout.splitlines()[0])["text"]
    assert list((tmp_path / "t").iterdir()) == []
    assert not (tmp_path / ".cache/Microsoft").exists()
    told = "import factory, os; print(os.environ['ORT_DISABLE_TELEMETRY'], os.environ['DO_NOT_TRACK'])"
    mine = bare | {"ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run(
        [sys.executable, "-c", told], env=mine, capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert done.stdout.split() == ["0", "1"]
