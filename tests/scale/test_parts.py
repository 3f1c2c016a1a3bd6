"""What clusters and a million documents rest on, piece by piece."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from factory import executors
from factory.cluster import ARRAY, for_ray, states_of, why
from factory.dedup import index
from factory.dedup.signatures import WIDTH, band_hash, band_hashes
from factory.engine import Connection, Tokens
from factory.errors import ConfigError, HomeError
from factory.models import Profile, Prompt
from factory.stage import Context, Notes, inputs_of, write_inputs
from factory.store import LocalStore
from factory.worker import Rank, forget


def test_what_a_lost_worker_left_of_its_rank_goes_and_no_more(tmp_path: Path) -> None:
    """Data, items, signatures, rejected ones and the note of a failure: of one rank."""
    store = LocalStore(tmp_path)
    kinds = (
        "data/{}.parquet",
        "items/{}.jsonl",
        "signatures/{}.npy",
        "rejected/empty/{}.jsonl.zst",
        "logs/failed/{}.json",
    )
    for kind in kinds:
        for rank in ("00001", "00010"):
            store.write("stage/" + kind.format(rank), b"{}")
    forget(store, "stage", 1)
    assert [key.rsplit("/", 1)[-1].split(".")[0] for key in store.walk("stage")] == ["00010"] * len(kinds)


def test_every_task_gets_its_share_of_the_inputs(tmp_path: Path) -> None:
    """All of them, once, in their order; the first tasks take what is over."""
    store = LocalStore(tmp_path)
    write_inputs(store, "stage", ({"n": n} for n in range(8)), 8, 3)
    assert [json.loads(line)["n"] for line in inputs_of(store, "stage")] == list(range(8))
    assert store.names("stage/inputs") == ["00000.jsonl.zst", "00001.jsonl.zst", "00002.jsonl.zst"]


def test_jobs_of_several_arrays_are_told_apart() -> None:
    """Slurm counts each array from 0; a later one holds the ranks behind."""
    rows = [
        ("7", "0", "COMPLETED", 0, ""),
        ("9", "0", "OUT_OF_MEMORY", 9, ""),
        ("9", "[1-3]", "PENDING", 0, "Resources"),
    ]
    assert states_of(rows) == {0: ("COMPLETED", 0), ARRAY: ("OUT_OF_MEMORY", 9)}
    assert why(("FAILED", 137 << 8)) == why(("FAILED", 9)) == "FAILED (killed by signal 9: out of memory?)"
    assert why(("FAILED", 1 << 8)) == "FAILED"


def test_what_failed_by_itself_is_told_first(tmp_path: Path) -> None:
    """Beside tasks that were lost: it is the cause, and nothing is run again."""
    store = LocalStore(tmp_path)
    context = Context(str(tmp_path), "natural_es", "0001", 3, None, "stage")
    store.write("stage/logs/failed/00002.json", b'{"said": "KeyError: x"}')
    job = executors.Job(store, context, {}, 3, None, {})  # type: ignore[arg-type]
    ended = executors._ranks(job, {0: "NODE_FAIL", 2: "FAILED"})
    assert ended.failed[0] == "task 2 of 3 of natural_es 0001: KeyError: x"
    assert not ended.lost


def test_what_a_killed_command_left_of_servers_goes(tmp_path: Path) -> None:
    """Whoever holds the home next; a server whose place is gone ends by itself."""
    store = LocalStore(tmp_path)
    store.write("servers/factory-serve-1/members/a-1.json", b"{}")
    executors.stop_left(store)
    assert store.names("servers") == []


def test_what_a_node_refused_is_not_said_of_a_task_that_was_lost(tmp_path: Path) -> None:
    """The driver's log names no rank: where one failed by itself, its error is not another's."""
    store = LocalStore(tmp_path)
    said = "Task 1 failed with non-retriable error RayTaskError: x\nConfigError: vm does not see /home"
    assert executors._unreached(store, "stage", said) == "its node could not begin: ConfigError: vm does not see /home"
    store.write("stage/logs/failed/00002.json", b'{"said": "KeyError: x"}')
    assert executors._unreached(store, "stage", said) is None
    assert executors._unreached(LocalStore(tmp_path / "b"), "stage", "WorkerCrashedError: gone") is None


@pytest.mark.ray
def test_a_node_that_does_not_see_the_home_makes_none(tmp_path: Path) -> None:
    """Its task says so, and nothing is written at that path on the wrong disk."""
    from datatrove.executor.ray import RayPipelineExecutor

    logs = tmp_path / "home/stages/x/logs"
    executor = RayPipelineExecutor([], tasks=1, logging_dir=str(logs))
    with pytest.raises(ConfigError, match=f"does not see {logs}"):
        Rank().run_for_rank(executor, [0], [], 0)
    assert not (tmp_path / "home").exists()
    assert "same path" in why(("FAILED", 53))


@pytest.mark.ray
@pytest.mark.survive(5, "the token of a Ray cluster for one run")
def test_a_cluster_for_one_run(tmp_path: Path) -> None:
    """It starts though its sockets would have names of more than 107 bytes; its token is its own, in no file."""
    (tmp_path / ("x" * 80)).mkdir()
    script = """
        import os, subprocess, sys
        from factory.config import Executor
        from factory.worker import _connect, _token
        how = Executor(kind="ray", workers=1)
        _token(how)
        import ray
        _connect(how, {})
        print(len(ray.nodes()), ray._private.worker._global_node.get_session_dir_path())
        ours = os.environ | {"RAY_ADDRESS": ray.get_runtime_context().gcs_address}
        others = {k: v for k, v in ours.items() if not k.startswith("RAY_AUTH")}
        code = "import ray; ray.init(); print('in')"
        wrong = others | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}
        for env in (ours, others, wrong) if os.environ.get("FACTORY_SURVIVE") == "all" else ():
            done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
            print(done.returncode, done.stdout.strip())
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=bare | {"TMPDIR": str(tmp_path / ("x" * 80)), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    began, *joined = done.stdout.splitlines()
    assert began.startswith("1 ")
    assert str(tmp_path) not in began
    # Ray takes twenty seconds to say so.
    assert joined == (["0 in", "1 ", "1 "] if os.environ.get("FACTORY_SURVIVE") == "all" else [])
    assert not (tmp_path / ".ray").exists()


def test_no_secret_is_sent_through_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster keeps what it is sent: addresses go, keys stay."""
    for name in ("AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "FSSPEC_S3_SECRET", "HF_TOKEN"):
        monkeypatch.setenv(name, "x")
    sent = for_ray({"TZ": "UTC"})
    assert {"AWS_ENDPOINT_URL", "TZ"} <= sent.keys()
    assert not [name for name in sent if "SECRET" in name or "TOKEN" in name]


def test_the_index_of_some_rows_is_that_of_their_signatures(tmp_path: Path) -> None:
    """Built on disk, read through a map: each band sorted, with the row it is of."""
    draw = np.random.default_rng(0)
    signatures = index.mapped(500)
    signatures[:] = draw.integers(0, 2**32, (500, WIDTH), dtype=np.uint32)
    rows = np.arange(0, 500, 3)
    store = LocalStore(tmp_path)
    index.write(store, "stage", signatures, rows)
    hashes, ordinals, kept = (index.loaded(store, f"stage/index/{n}.npy") for n in ("hashes", "ordinals", "signatures"))
    assert np.array_equal(kept, signatures[rows])
    whole = band_hashes(signatures[rows])
    for band in (0, 20, 41):
        assert np.array_equal(band_hash(signatures[rows], band), whole[:, band])
        assert np.array_equal(hashes[band], np.sort(whole[:, band]))
        assert np.array_equal(whole[:, band][ordinals[band]], hashes[band])


@pytest.mark.mount
def test_a_full_disk_under_the_index_is_said(small_disk: Path) -> None:
    """A mapped file that finds no block ends a process by SIGBUS: room is asked for first."""
    signatures = index.mapped(20_000)
    with pytest.raises(HomeError, match="no space left"):
        index.write(LocalStore(small_disk), "stage", signatures, np.arange(20_000))
    assert not [file for file in small_disk.rglob("*") if file.is_file()]


def test_how_far_a_task_is_never_ends_it(tmp_path: Path) -> None:
    """A storage that refuses the note is not the task's failure."""
    (tmp_path / "file").write_text("")
    notes = Notes(LocalStore(tmp_path / "file"), "stage", 0)
    notes.done(3)
    notes.flush()


_TWO = """
import sys, time
from factory.errors import HomeError
from factory.lock import locked
from factory.store import LocalStore

class Far(LocalStore):
    def write(self, key, data):
        time.sleep(0.3)
        super().write(key, data)

try:
    with locked(Far(sys.argv[1])):
        print("got", flush=True)
        time.sleep(3)
except HomeError as error:
    print("refused")
"""


def test_a_far_storage_is_locked_once(tmp_path: Path) -> None:
    """Two commands that come at the same moment, writes that take a third of a second: one goes on."""
    said = []
    runs = [
        subprocess.Popen([sys.executable, "-c", _TWO, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for one in runs:
        said.append(one.communicate(timeout=60)[0].strip())
    assert sorted(said) == ["got", "refused"]


class _Counts(BaseHTTPRequestHandler):
    """Counts a prompt's words, as a server of a model counts its tokens."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = json.dumps({"count": len(asked["prompt"].split())}).encode() if self.path == "/tokenize" else b"?"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        pass


def test_tokens_are_counted_by_a_server_that_is_up() -> None:
    """Whichever it is: a prompt that fits is not refused because one of them is lost."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        lost = f"http://127.0.0.1:{closed.getsockname()[1]}"
    profile = Profile(name="x", repo="x/x", licence="unknown", template="none")
    found = Connection(lost, "x", "vllm", 4)
    words = 100
    prompt = Prompt((), "palabra " * words, ())
    with ThreadingHTTPServer(("127.0.0.1", 0), _Counts) as up:
        threading.Thread(target=up.serve_forever, daemon=True).start()
        urls = [lost, f"http://127.0.0.1:{up.server_port}"]
        one, both = Tokens(profile, found), Tokens(profile, found, lambda: urls)
        assert both.count(prompt) == words + 1
        assert one.count(prompt) == len(prompt.text) // 2 + 2
        assert both.fits(prompt, 50, 200)
        assert not one.fits(prompt, 50, 200)
        up.shutdown()
