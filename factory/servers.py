"""The model servers of a build on a cluster: one a node, started through Slurm, Ray or here, found through the home.

servers/<run>/spec.json            the model, and how vLLM is run
servers/<run>/members/<name>.json  written every few seconds by each server that is well
servers/<run>/failed/<name>.json   why one did not come up
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Self

from factory import cluster
from factory.cluster import FAILURE, JOBS, for_ray
from factory.config import Executor, Serve
from factory.engine import RUN_KEY
from factory.errors import ConfigError, EngineDown, HomeError
from factory.models import Profile, gpu_memory
from factory.store import Store, read_json, write_json

FOLDER = "servers"
BEAT_SECONDS = 3.0
# So long without a sign, a server is gone.
STALE_SECONDS = 30.0
_WAIT_SECONDS = 1.0
# The controller of a cluster may be away for so long.
_PATIENCE_SECONDS = 600.0


def members(store: Store, key: str) -> list[str]:
    """The addresses of the servers that are well."""
    rows = [read_json(store, f"{key}/members/{name}") for name in store.names(f"{key}/members")]
    return sorted(row["url"] for row in rows if row and time.time() - row["heartbeat"] < STALE_SECONDS)


class Servers:
    """Servers while the context lasts; at least one is up inside. Raises EngineDown, ConfigError."""

    def __init__(
        self, store: Store, profile: Profile, serve: Serve, executor: Executor, say: Callable[[str], None]
    ) -> None:
        self._store, self._executor, self._say, self._serve, self._profile = store, executor, say, serve, profile
        self.name = f"factory-serve-{secrets.token_hex(6)}"
        self.key = f"{FOLDER}/{self.name}"
        self._children: list[subprocess.Popen[bytes]] = []
        self._seen = 0
        self._looked = self._heard = time.monotonic()

    def __enter__(self) -> Self:
        os.environ.setdefault(RUN_KEY, secrets.token_urlsafe(24))
        spec = {"profile": self._profile.model_dump(mode="json"), "serve": self._serve.model_dump(mode="json")}
        write_json(self._store, f"{self.key}/spec.json", spec | {"kind": self._executor.kind})
        up = False
        try:
            {"local": self._here, "slurm": self._slurm, "ray": self._ray}[self._executor.kind]()
            self._await_first()
            up = True
        finally:
            if not up:
                self.__exit__()
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.terminate()
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=30)
            child.kill()
            child.wait()
        if self._executor.kind == "slurm" and self._store.has(f"{JOBS}/{self.name}.json"):
            cluster.cancel(self.name)
            self._store.remove(f"{JOBS}/{self.name}.json")
        self._store.remove(self.key)

    @property
    def starts(self) -> int:
        """How many servers came up."""
        return self._seen

    def first(self) -> str:
        """The address of one of them."""
        return members(self._store, self.key)[0]

    def check(self) -> None:
        """Says where a server is lost. Raises EngineDown where none is left and none can come."""
        if time.monotonic() - self._looked < BEAT_SECONDS:
            return
        self._looked = time.monotonic()
        try:
            now = len(members(self._store, self.key))
        except HomeError:
            return
        if now < self._seen:
            self._say(f"a model server was lost; {now} of {self._executor.servers} left")
        self._seen = now
        if now == 0 and not self._coming():
            raise EngineDown("every model server was lost", self._why() or "see its log in the jobs' output")

    def _await_first(self) -> None:
        deadline = time.monotonic() + self._serve.start_seconds
        self._say(f"starting {self._executor.servers} servers for {self._profile.name} on {self._executor.kind}")
        while not members(self._store, self.key):
            if not self._coming():
                raise EngineDown("no model server came up", self._why() or "see its log in the jobs' output")
            if time.monotonic() > deadline:
                raise EngineDown(f"no model server came up within {self._serve.start_seconds:.0f} s", self._why())
            time.sleep(_WAIT_SECONDS)
        self._seen = len(members(self._store, self.key))

    def _why(self) -> str:
        """What the servers that did not come up said."""
        if found := read_json(self._store, f"{self.key}/logs/{FAILURE}"):
            return f"{found['message']}; {found['remedy']}"
        for name in self._store.names(f"{self.key}/failed"):
            found = read_json(self._store, f"{self.key}/failed/{name}")
            return str(found["said"]) if found else ""
        return ""

    def _coming(self) -> bool:
        """Some of those that were started run still, or wait for a node."""
        if self._executor.kind == "slurm":
            try:
                here = any(row[2] not in cluster.ENDED for row in cluster.jobs(self.name))
                self._heard = time.monotonic()
            except (OSError, subprocess.SubprocessError):
                return time.monotonic() - self._heard < _PATIENCE_SECONDS
            return here
        return any(child.poll() is None for child in self._children)

    # Ways to start them

    def _command(self, host: str) -> list[str]:
        return [sys.executable, "-m", "factory.serving", self._store.root, self.key, host]

    def _here(self) -> None:
        """On this machine, each with its own GPUs."""
        cards, each = len(gpu_memory()), self._executor.gpus
        if cards and cards < each * self._executor.servers:
            said = f"{self._executor.servers} servers of {each} GPUs each want more than the {cards} of this machine"
            raise ConfigError(said, "take fewer: --set executor.servers=N")
        listed = os.environ.get("CUDA_VISIBLE_DEVICES")
        names = listed.split(",") if listed else [str(number) for number in range(cards)]
        for number in range(self._executor.servers):
            own = ",".join(names[number * each : (number + 1) * each])
            named = {"CUDA_VISIBLE_DEVICES": own} if cards else {}
            self._children.append(subprocess.Popen(self._command("127.0.0.1"), env=os.environ | named))

    def _slurm(self) -> None:
        """An array of jobs; one whose node is lost goes back into the queue."""
        how = self._executor
        partition = cluster.partition(how.partition)
        write_json(self._store, f"{JOBS}/{self.name}.json", {"folder": self.key})
        asked = ["sbatch", "--parsable", f"--job-name={self.name}", f"--array=0-{how.servers - 1}", "--requeue"]
        asked += [f"--cpus-per-task={how.server_cpus}", f"--mem={round(how.server_memory_gb * 1024)}M"]
        asked += [f"--time={how.time}", f"--output={tempfile.gettempdir()}/{self.name}-%a.out", "--export=ALL"]
        asked += [f"--gres=gpu:{how.gpus}"] if how.gpus else []
        asked += [f"--partition={partition}"]
        asked += [f"--account={how.account}"] if how.account else []
        asked += [f"--{name}={value}" for name, value in how.sbatch.items()]
        script = "\n".join(["#!/bin/bash", how.setup, "exec " + shlex.join(self._command("node")), ""])
        try:
            done = subprocess.run(asked, input=script, capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.SubprocessError) as error:
            raise ConfigError(f"Slurm does not answer here: {error}", "run this on a node of the cluster") from error
        if done.returncode != 0:
            raise ConfigError(f"Slurm takes no job for a model server: {done.stderr.strip()[:300]}", "see executor.*")

    def _ray(self) -> None:
        """Tasks of Ray, spread over its nodes, behind a driver that lives as long as this."""
        how = self._executor
        spec = {
            "executor": how.model_dump(mode="json"),
            "command": self._command("node")[1:],
            "environment": for_ray({RUN_KEY: os.environ[RUN_KEY]}),
            "context": {"home": self._store.root, "folder": self.key},
        }
        child = subprocess.Popen([sys.executable, "-m", "factory.worker", "serve"], stdin=subprocess.PIPE)
        assert child.stdin is not None
        child.stdin.write(json.dumps(spec).encode())
        child.stdin.close()
        self._children.append(child)


def environment_of(executor: Executor) -> dict[str, Any]:
    """What a worker must be told besides the address: on Ray the key, which other workers have from their parent."""
    return {RUN_KEY: os.environ[RUN_KEY]} if executor.kind == "ray" else {}
