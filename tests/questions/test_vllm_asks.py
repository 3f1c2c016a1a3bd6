"""The model lane over a real vLLM on this machine's CPU: constrained, killed in the middle, resumed, books balanced."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.command import FACTORY, run
from tests.engine.test_vllm import ONE_PROCESS
from tests.engine.tiny_models import make
from tests.questions.test_lying import SMALL, by_name, ingest

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
SERVE = (
    "--set", 'serve.cpu_cache="256M"', "--set", "serve.max_num_seqs=4", "--set", 'serve.arguments=["--enforce-eager"]',
    "--set", "serve.start_seconds=300", "--set", "calls.window=2", "--set", "calls.request_seconds=120",
    "--set", "questions.temperature=1.0",
)  # fmt: skip


@pytest.mark.survive(1, "`synth-qa` over vLLM killed")
def test_the_lane_runs_over_vllm_and_survives_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A random model babbles within the schema: every passage and every row ends, nothing is accepted that has no quote."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for name, value in ONE_PROCESS.items():
        monkeypatch.setenv(name, value)
    model = make(
        tmp_path / "models", "BioMistral-7B", chat_template="{% for m in messages %}{{ m['content'] }}{% endfor %}"
    )
    home = tmp_path / "home"
    ingest(home, ["uno", "dos", "tres"])
    args = ("synth-qa", "natural_es_qa", "--model", str(model), "--kind", "qa", "--lane", "model", "--per-passage", "1")
    args += (*[one for one in SMALL if one != "--json"], *SERVE, "--json")
    child = subprocess.Popen(
        [*FACTORY, *args], env=os.environ | {"FACTORY_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    replies = home / "cache/replies.sqlite"
    until = time.monotonic() + 400
    while time.monotonic() < until and child.poll() is None and not (replies.exists() and replies.stat().st_size > 0):
        time.sleep(0.1)
    assert replies.exists()
    assert child.poll() is None
    os.killpg(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    done = run(*args, home=home)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    last = result["stages"][-1]
    books, passages = last["questions"], last["passages"]
    assert passages["in"] == sum(count for name, count in passages.items() if name != "in") >= 3
    assert books.get("proposed", 0) == sum(count for name, count in books.items() if name != "proposed")
    assert result["rows"] == 0
    # Structured: what is wrong is what a random model says, not how; a reply that ran out of tokens is cut.
    reasons = {reason for rows in by_name(home).values() for _, reason in rows}
    assert reasons <= {"quote", "finish"}
    assert result["engine"]["asked"] > 0
