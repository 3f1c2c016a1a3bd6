"""Ray, Slurm and S3, real ones on this machine: the same bytes as here, whatever is killed on the way."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command import FACTORY, ok, run, tree
from tests.scale.conftest import RECIPE, ingest

KILLED = "workers and commands killed on Ray, Slurm and S3, run again: the same bytes as here"
pytestmark = [pytest.mark.slow, pytest.mark.survive(1, KILLED)]
# The rest of what is killed here runs in `make survive`.
EVERY = os.environ.get("FACTORY_SURVIVE") == "all"
RAY = pytest.param("ray", "ray::Rank", marks=pytest.mark.ray)
SLURM = pytest.param("slurm", "launch_pickled_pipeline", marks=pytest.mark.slurm)


def running(mark: str, home: Path) -> list[int]:
    """The processes of a name that work on a home, zombies left out."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state = (place / "stat").read_text().rsplit(")", 1)[1].split()[0]
            words = (place / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue
        if mark in words and state != "Z" and (mark.startswith("ray") or str(home) in words):
            found.append(int(place.name))
    return found


def begun(home: Path, kind: str, environment: dict[str, str], *more: str) -> subprocess.Popen[str]:
    """The real command on a cluster, under way."""
    command = [*FACTORY, "build", RECIPE, "--executor", kind, *more]
    env = os.environ | environment | {"FACTORY_HOME": str(home)}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def environment_of(place: Path) -> bytes:
    """The environment of a process, or nothing of one that is gone."""
    try:
        return (place / "environ").read_bytes()
    except OSError:
        return b""


def first(mark: str, home: Path, command: subprocess.Popen[str]) -> int:
    """The first process of that name, as soon as it is there."""
    while command.poll() is None:
        if found := running(mark, home):
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"no {mark} was seen")


def ended(command: subprocess.Popen[str]) -> str:
    """What a command said; it ended well."""
    assert command.stderr is not None
    said = command.stderr.read()
    command.stderr.close()
    assert command.wait() == 0, said
    return said


@pytest.mark.parametrize(("kind", "mark"), [RAY, SLURM])
def test_a_cluster_makes_the_same_bytes_though_a_worker_is_killed(
    kind: str, mark: str, home: Path, expected: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """A worker that is lost is run again, and named where its executor does not do so by itself."""
    command = begun(home, kind, request.getfixturevalue(kind))
    os.kill(first(mark, home, command), signal.SIGKILL)
    said = ended(command)
    assert tree(home) == expected
    if kind == "slurm":
        assert "of 3 of natural_es 0001: FAILED (killed by signal 9: out of memory?)" in said
        assert "running its task again (2 of 3)" in said


@pytest.mark.parametrize(("kind", "mark"), [RAY, SLURM] if EVERY else [SLURM])
def test_a_killed_command_leaves_nothing_running_and_goes_on(
    kind: str, mark: str, home: Path, expected: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """SIGKILL of the command while its tasks run elsewhere; the next one stops what is left, and makes the same bytes."""
    environment = request.getfixturevalue(kind)
    command = begun(home, kind, environment)
    first(mark, home, command)
    now = json.loads(ok("status", "--json", home=home, **environment))["stage"]
    assert (now["recipe"], now["executor"], now["tasks"]) == (RECIPE, kind, 3)
    command.kill()
    command.wait()
    assert command.stderr is not None
    command.stderr.close()
    ended(begun(home, kind, environment))
    assert tree(home) == expected
    assert running(mark, home) == []
    assert "task_00000.log" in ok("logs", RECIPE, home=home)


@pytest.mark.slurm
def test_a_task_that_fails_by_itself_is_named_and_not_run_again(home: Path, slurm: dict[str, str]) -> None:
    """What is wrong with the home is said once; nothing is published, and nothing is left in the queue."""
    for stored in (home / "raw").rglob("*"):
        if stored.is_file():
            stored.unlink()
            break
    done = run("build", RECIPE, "--executor", "slurm", home=home, **slurm)
    assert done.returncode == 1
    assert "of natural_es 0001: FileNotFoundError" in done.stderr
    assert "again" not in done.stderr
    assert not (home / "datasets").exists()
    queue = subprocess.run(["squeue", "-h"], env=os.environ | slurm, capture_output=True, text=True, check=True)
    assert queue.stdout == ""


@pytest.mark.slurm
def test_ctrl_c_takes_the_jobs_back(home: Path, slurm: dict[str, str]) -> None:
    """The command ends 130, and none of its jobs waits or runs."""
    command = begun(home, "slurm", slurm)
    first("launch_pickled_pipeline", home, command)
    command.send_signal(signal.SIGINT)
    assert command.wait(timeout=60) == 130
    assert command.stderr is not None
    command.stderr.close()
    queue = subprocess.run(["squeue", "-h"], env=os.environ | slurm, capture_output=True, text=True, check=True)
    assert queue.stdout == ""
    assert not list(home.glob("jobs/*"))


def test_a_cluster_that_is_not_there_is_said(home: Path, tmp_path: Path) -> None:
    """One sentence, before any work."""
    settings = tmp_path / "slurm.conf"
    command = ("build", RECIPE, "--executor", "slurm")
    done = run(*command, home=home, SLURM_CONF=str(settings))
    assert done.returncode == 2
    assert f"Slurm does not answer here: SLURM_CONF names {settings}" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.write_text(f"ClusterName=x\nSlurmctldHost=localhost\nSlurmctldPort={port}\n")
    done = run(*command, home=home, SLURM_CONF=str(settings))
    assert done.returncode == 2
    assert "Slurm does not answer here: " in done.stderr
    assert "controller" in done.stderr
    done = run("build", RECIPE, "--set", "executor.kindd=ray", home=home)
    assert done.returncode == 2
    assert "Did you mean 'kind'?" in done.stderr


@pytest.mark.s3
def test_a_home_on_s3_holds_the_same_bytes(
    texts: Path, s3: dict[str, str], expected: dict[str, str], tmp_path: Path
) -> None:
    """Ingest, a build that is killed, a build, a second one with nothing to do, an export: all of it on the bucket."""
    address = "s3://corpus/a/home"
    ingest(texts, address, **s3)
    env = os.environ | s3 | {"FACTORY_HOME": address}
    child = subprocess.Popen([*FACTORY, "build", RECIPE, "-q"], env=env, stdout=subprocess.DEVNULL)
    time.sleep(4)
    child.kill()
    child.wait()
    ok("build", RECIPE, "-q", FACTORY_HOME=address, **s3)
    again = json.loads(ok("build", RECIPE, "--json", FACTORY_HOME=address, **s3))
    assert again["nothing_to_do"]
    got = f"import s3fs; s3fs.S3FileSystem().get('corpus/a/home', {str(tmp_path / 'home')!r}, recursive=True)"
    subprocess.run([sys.executable, "-c", got], env=os.environ | s3, check=True)
    assert tree(tmp_path / "home") == expected
    ok("export", RECIPE, tmp_path / "out", FACTORY_HOME=address, **s3)
    assert list((tmp_path / "out/data/text").glob("*.parquet"))


@pytest.mark.s3
@pytest.mark.parametrize(
    ("home", "more"),
    [
        ("s3://corpus/x", {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}),
        ("s3://nobucket/x", {}),
    ],
)
def test_a_bucket_that_is_not_there_is_said(home: str, more: dict[str, str], s3: dict[str, str], samples: Path) -> None:
    """One sentence with a remedy, whatever the library raises."""
    done = run("ingest", samples / "sources.toml", FACTORY_HOME=home, **(s3 | more))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "is the bucket there, and AWS_ENDPOINT_URL and the keys in the environment?" in done.stderr


@pytest.mark.slurm
def test_a_partition_that_is_not_there_is_said(home: Path, slurm: dict[str, str]) -> None:
    """The ones that are there are named."""
    done = run("build", RECIPE, "--executor", "slurm", "--set", "executor.partition=gpus", home=home, **slurm)
    assert done.returncode == 2
    assert "Slurm has no partition 'gpus'" in done.stderr
    assert "it has work*" in done.stderr


if EVERY:

    @pytest.mark.ray
    def test_ray_without_a_cluster(home: Path, expected: dict[str, str], tmp_path: Path) -> None:
        """One is started for this run alone, though TMPDIR is too long a name for its sockets, and is gone afterwards."""
        long = tmp_path / ("x" * 80)
        long.mkdir()
        done = run("build", RECIPE, "--executor", "ray", "--workers", "2", home=home, TMPDIR=str(long))
        assert done.returncode == 0, done.stderr
        assert tree(home) == expected
        mark = f"FACTORY_HOME={home}".encode()
        deadline = time.monotonic() + 30
        while left := [place for place in Path("/proc").glob("[0-9]*") if mark in environment_of(place)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)

    @pytest.mark.s3
    @pytest.mark.slurm
    def test_slurm_and_s3_together(
        texts: Path, s3: dict[str, str], slurm: dict[str, str], expected: dict[str, str]
    ) -> None:
        """No disk is shared but the bucket."""
        address = "s3://corpus/b/home"
        ingest(texts, address, **s3)
        ok("build", RECIPE, "-q", "--executor", "slurm", FACTORY_HOME=address, **s3, **slurm)
        code = f"import hashlib, json, s3fs\nfs = s3fs.S3FileSystem()\nkeys = {sorted(expected)!r}\n"
        code += "print(json.dumps({k: hashlib.sha256(fs.cat('corpus/b/home/' + k)).hexdigest() for k in keys}))"
        env = os.environ | s3
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == expected

    @pytest.mark.slurm
    @pytest.mark.parametrize("kind", ["memory", "time"])
    def test_what_runs_out_on_slurm_is_named_and_doubled(
        kind: str, texts: Path, slurm: dict[str, str], tmp_path: Path
    ) -> None:
        """A task over its memory or its time is killed by Slurm, named, and run again with twice as much."""
        home = tmp_path / "home"
        ingest(texts, home)
        # What no task can do with: 60 MB; a minute, of which a job that sleeps first leaves nothing.
        short = {"memory": "executor.sbatch={mem-per-cpu='60M'}", "time": "executor.setup=sleep 100"}[kind]
        more = () if kind == "memory" else ("--set", "executor.time=00:01:00")
        command = begun(home, "slurm", slurm, "--set", short, *more)
        assert command.stderr is not None
        said = ""
        while "again (2 of 3)" not in said and command.poll() is None:
            said += command.stderr.readline()
        command.kill()
        command.wait()
        command.stderr.close()
        word = {"memory": "out of memory|OUT_OF_ME", "time": "TIMEOUT"}[kind]
        assert re.search(rf"task 0 of 3 of natural_es 0001: .*({word})", said), said

    @pytest.mark.ray
    def test_a_task_out_of_time_on_ray_is_run_again(home: Path, ray: dict[str, str], expected: dict[str, str]) -> None:
        """datatrove kills it and forgets it; it is missed, and gets twice the time until it ends."""
        limit = ("--set", "executor.time=00:00:04", "--set", "executor.attempts=8", "--workers", "1")
        done = run("build", RECIPE, "--executor", "ray", *limit, home=home, **ray)
        assert done.returncode == 0, done.stderr
        assert tree(home) == expected

    @pytest.mark.ray
    @pytest.mark.s3
    def test_a_node_of_ray_that_does_not_reach_the_home_is_said(
        texts: Path, s3: dict[str, str], ray: dict[str, str]
    ) -> None:
        """The cluster was started without the keys of the bucket, which the command does not send."""
        address = "s3://corpus/c/home"
        ingest(texts, address, **s3)
        once = ("--set", "executor.attempts=1")
        done = run("build", RECIPE, "--executor", "ray", *once, FACTORY_HOME=address, **s3, **ray)
        assert done.returncode == 1
        assert re.search(r"task 0 of 3 of natural_es 0001: its node could not begin: .*credentials", done.stderr)

    @pytest.mark.slurm
    def test_a_node_of_slurm_that_does_not_see_the_home_is_said(home: Path, slurm: dict[str, str]) -> None:
        """Its daemon cannot even open the job's log."""
        more = ("--set", "executor.attempts=1", "--set", "executor.sbatch={output='/nowhere/there/%a.out'}")
        done = run("build", RECIPE, "--executor", "slurm", *more, home=home, **slurm)
        assert done.returncode == 1
        assert "every node must see the home at the same path" in done.stderr
