"""Real clusters of one node on the loopback: Slurm, Ray and S3, each stopped by its own pid."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

_SLURM = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SlurmdParameters=config_overrides
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=100000,bf_interval=1
KillWait=2
MinJobAge=300
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=work Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def slurm(folder: Path, cpus: int = 4) -> Iterator[dict[str, str]]:
    """A Slurm cluster of this machine; the environment in which its commands find it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("state", "spool"):
        (folder / name).mkdir(exist_ok=True)
    host = socket.gethostname()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 512
    conf = folder / "slurm.conf"
    ports = {"controller": free_port(), "node": free_port()}
    conf.write_text(_SLURM.format(host=host, folder=folder, cpus=cpus, memory=memory, **ports))
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    environment = {"SLURM_CONF": str(conf)}
    places = [
        f"--{name}={folder}/munge.{name.split('-')[0]}" for name in ("socket", "pid-file", "log-file", "seed-file")
    ]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_running(["munged", "--foreground", "--force", f"--key-file={key}", *places], environment))
        _until((folder / "munge.socket").exists, "munged")
        stack.enter_context(_running([shutil.which("slurmctld") or "slurmctld", "-D", "-c"], environment))
        _until(lambda: _says(["scontrol", "ping"], environment, "UP"), "slurmctld")
        stack.enter_context(_running([shutil.which("slurmd") or "slurmd", "-D", "-N", host], environment))
        _until(lambda: _says(["sinfo", "-h", "-o", "%T"], environment, "idle"), "slurmd")
        yield environment


@contextlib.contextmanager
def ray(folder: Path, cpus: int = 4) -> Iterator[dict[str, str]]:
    """A Ray cluster of this machine; the environment in which `ray.init` finds it."""
    port = free_port()
    program = str(Path(sys.executable).with_name("ray"))
    started = [program, "start", "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={port}"]
    started += [f"--num-cpus={cpus}", "--include-dashboard=false", f"--temp-dir={folder}", "--disable-usage-stats"]
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16), "RAY_USAGE_STATS_ENABLED": "0"}
    # A node's own word for where it is; the guard lets nothing leave the loopback.
    with _running(started, secret | {"FACTORY_NODE_HOST": "127.0.0.1", "AWS_EC2_METADATA_DISABLED": "true"}) as child:
        _until(lambda: child.poll() is None and _listens(port), "ray")
        yield {"RAY_ADDRESS": f"127.0.0.1:{port}", **secret}


@contextlib.contextmanager
def s3(bucket: str) -> Iterator[dict[str, str]]:
    """moto's S3 server in a process of its own, with one bucket; the environment that leads there."""
    port = free_port()
    code = (
        f"from moto.server import ThreadedMotoServer as S; import time; S('127.0.0.1', {port}).start(); time.sleep(1e6)"
    )
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    environment = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **keys}
    with _running([sys.executable, "-W", "ignore", "-c", code], {}):
        _until(lambda: _listens(port), "moto")
        made = f"import s3fs; s3fs.S3FileSystem().mkdir({bucket!r})"
        subprocess.run([sys.executable, "-c", made], env=os.environ | environment, check=True)
        yield environment


@contextlib.contextmanager
def _running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a session of its own until the block ends; then its whole session is gone."""
    child = subprocess.Popen(
        command,
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=5)
        for pid in _session(child.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _session(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[3]) == session:
                found.append(int(stat.parent.name))
    return found


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _says(command: list[str], environment: dict[str, str], word: str) -> bool:
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    return re.search(rf"\b{word}\b", done.stdout) is not None


def _until(ready: object, what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come up")
        time.sleep(0.1)
