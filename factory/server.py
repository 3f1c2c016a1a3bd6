"""A vLLM server of ours: started, watched, started again when it dies, and gone without a process left.

One on a machine; the workers share it. vLLM lives in an environment of its own (`make vllm`), whose interpreter is
named by `serve.python` or FACTORY_VLLM_PYTHON. `keeper` holds it: where this process dies, the server goes too.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Any, Self

from factory.config import Serve
from factory.errors import ConfigError, EngineDown
from factory.models import Profile, gpu_memory

# Loopback is never asked through a proxy.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_WATCH_SECONDS = 1.0
_SERVES = "import importlib.util as u, sys; sys.exit(u.find_spec('vllm') is None)"


def vllm_python(serve: Serve | None = None) -> str | None:
    """The interpreter whose environment has vLLM: as configured, FACTORY_VLLM_PYTHON, ./.venv-vllm, or this one."""
    named = (serve.python if serve else None) or os.environ.get("FACTORY_VLLM_PYTHON")
    if named:
        return named if shutil.which(named) else None
    local = os.path.join(".venv-vllm", "bin", "python")
    project = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for one in (os.path.abspath(local), os.path.join(project, local), sys.executable):
        if (
            os.path.exists(one)
            and subprocess.run([one, "-c", _SERVES], check=False, capture_output=True).returncode == 0
        ):
            return one
    return None


def asked(url: str, path: str, body: dict[str, Any] | None = None, *, timeout: float = 10.0, key: str = "") -> Any:
    """The parsed JSON (or text) of one answer. Raises OSError where there is none, HTTPError where it is no 200."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    request = urllib.request.Request(url + path, data=data, headers=headers)  # noqa: S310 - http(s) by base_url
    with _OPENER.open(request, timeout=timeout) as answer:
        text = answer.read().decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def quantised_here() -> bool:
    """This machine's CPU has what vLLM's kernels for 4-bit weights want (AVX-512, or another kind of processor)."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return True
    return not flags or "avx512f" in flags.split()


def command(profile: Profile, serve: Serve, python: str, port: int, host: str = "127.0.0.1") -> list[str]:
    """How vLLM is started for a profile."""
    if profile.engine != "vllm":
        twin = f"; take {profile.twin}" if profile.twin else ""
        raise ConfigError(
            f"{profile.name} is not served by vLLM{twin}", "or serve it yourself and name it: --endpoint URL"
        )
    gpus = gpu_memory()
    if not gpus and profile.bytes_per_parameter < 1 and not quantised_here():
        raise ConfigError(
            f"{profile.name} has 4-bit weights, which vLLM runs on a GPU or on a CPU with AVX-512; here is neither",
            f"take {profile.twin}" if profile.twin else "name a server that runs it: --endpoint URL",
        )
    found = [python, "-m", "vllm.entrypoints.openai.api_server", "--model", profile.repo]
    found += ["--served-model-name", profile.name, "--host", host, "--port", str(port)]
    found += ["--max-model-len", str(profile.context), "--max-num-seqs", str(serve.max_num_seqs)]
    # xgrammar with maxLength writes raw control characters (engines.md).
    found += ["--structured-outputs-config", '{"backend":"guidance","disable_any_whitespace":true}']
    found += ["--enable-prefix-caching"]
    if profile.revision:
        found += ["--revision", profile.revision]
    if profile.hf_overrides:
        found += ["--hf-overrides", json.dumps(profile.hf_overrides)]
    if profile.trust_remote_code and serve.trust_remote_code:
        found += ["--trust-remote-code"]
    if not gpus:
        # Without a number it wants nine tenths of the machine; its CPU build has no block below 32 tokens.
        found += ["--kv-cache-memory-bytes", serve.cpu_cache, "--block-size", "32"]
    elif serve.gpu_memory is not None:
        found += ["--gpu-memory-utilization", str(serve.gpu_memory)]
    return [*found, *serve.arguments]


def free_port(host: str = "127.0.0.1") -> int:
    """A port of an address of this machine that nobody listens on now."""
    with socket.socket() as one:
        one.bind((host, 0))
        return int(one.getsockname()[1])


class Server:
    """The server of this machine while the context lasts.

    Raises EngineDown where it does not come up, ConfigError where there is no vLLM or another run has the machine.
    """

    def __init__(
        self,
        profile: Profile,
        serve: Serve,
        log: str,
        say: Callable[[str], None] = lambda _: None,
        *,
        host: str = "127.0.0.1",
        alone: bool = True,
    ) -> None:
        python = vllm_python(serve)
        if python is None:
            raise ConfigError(
                "vLLM is not installed here",
                "make vllm, or name its interpreter by FACTORY_VLLM_PYTHON; or name a server by --endpoint URL",
            )
        self.url = ""
        self.starts = 0
        self.failed: str | None = None
        self._profile, self._serve, self._log_path, self._say = profile, serve, log, say
        self._host, self._alone = host, alone
        self._command = command(profile, serve, python, 0)
        self._python = python
        self._keeper: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="vllm-watch", daemon=True)
        self._ready = threading.Event()

    @property
    def pid(self) -> int | None:
        """The keeper's process; it is its session's first."""
        return self._keeper.pid if self._keeper else None

    def __enter__(self) -> Self:
        # On a cluster the scheduler says who has which GPU.
        self._lock = _machine_lock() if self._alone else None
        with contextlib.suppress(FileNotFoundError):
            os.truncate(self._log_path, 0)
        try:
            port = free_port(self._host)
            self.url = f"http://{self._host}:{port}"
            self._command = command(self._profile, self._serve, self._python, port, self._host)
            self._start()
            self._await_health()
            self._watcher.start()
        finally:
            if not self._watcher.is_alive():
                self.__exit__()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join(timeout=30)
        self._end()
        if self._lock:
            self._lock.close()

    def check(self) -> None:
        """Raises EngineDown where the server was given up."""
        if self.failed:
            raise EngineDown(self.failed, f"see {self._log_path}")

    def _start(self) -> None:
        self.starts += 1
        os.makedirs(os.path.dirname(self._log_path) or ".", exist_ok=True)
        with open(self._log_path, "ab") as log:
            log.write(f"--- start {self.starts}: {' '.join(self._command)}\n".encode())
            log.flush()
            self._keeper = subprocess.Popen(
                [sys.executable, "-m", "factory.keeper", *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=_environment(self._host),
            )

    def _end(self) -> None:
        """The server and all it started are gone."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        assert keeper.stdin is not None
        with contextlib.suppress(OSError):
            keeper.stdin.close()
        try:
            keeper.wait(timeout=20)
        except subprocess.TimeoutExpired:
            _kill_session(keeper.pid)
            keeper.wait()
        _kill_session(keeper.pid)

    def _await_health(self) -> None:
        """The server answers. Raises EngineDown where it ends or takes too long."""
        deadline = time.monotonic() + self._serve.start_seconds
        told = time.monotonic()
        self._say(f"starting vLLM for {self._profile.name}")
        while not self._stopping.is_set():
            if self._keeper is None or self._keeper.poll() is not None:
                raise EngineDown(f"vLLM ended while it started: {_reason(self._log_path)}", f"see {self._log_path}")
            if healthy(self.url):
                return
            if time.monotonic() > deadline:
                said = f"vLLM did not answer within {self._serve.start_seconds:.0f} s"
                raise EngineDown(said, f"see {self._log_path}; raise serve.start_seconds")
            if time.monotonic() - told > 15:
                told = time.monotonic()
                self._say(f"vLLM is starting, {self._serve.start_seconds - deadline + told:.0f} s")
            self._stopping.wait(0.2)

    # Watching

    def _watch(self) -> None:
        """Until the end: a server that died, does not answer or makes no progress is started again."""
        progress, moved = "", time.monotonic()
        ill_since: float | None = None
        row = 0
        while not self._stopping.wait(_WATCH_SECONDS):
            if self._keeper is not None and self._keeper.poll() is None:
                if healthy(self.url):
                    ill_since = None
                    now = self._progress()
                    if now != progress:
                        row, progress, moved = (0 if progress else row), now, time.monotonic()
                    if time.monotonic() - moved < self._serve.stuck_seconds:
                        continue
                    why = f"no token for {self._serve.stuck_seconds:.0f} s"
                else:
                    ill_since = ill_since or time.monotonic()
                    if time.monotonic() - ill_since < self._serve.silent_seconds:
                        continue
                    why = f"no answer for {self._serve.silent_seconds:.0f} s"
            else:
                why = "it died"
            row += 1
            if row > self._serve.restarts:
                self.failed = f"vLLM was started {row} times in a row and {why}: {_reason(self._log_path)}"
                return
            self._restart(why, row)
            progress, moved, ill_since = "", time.monotonic(), None

    def _restart(self, why: str, row: int) -> None:
        self._say(f"vLLM: {why}; starting it again")
        self._end()
        if self._stopping.wait(min(30.0, self._serve.backoff_seconds * 2 ** (row - 1))):
            return
        self._start()
        with contextlib.suppress(EngineDown):  # the next round of the watch counts it
            self._await_health()

    def _progress(self) -> str:
        """What changes while requests are answered; time does not count where none is running."""
        try:
            text = str(asked(self.url, "/metrics", timeout=5))
        except OSError:
            return str(time.monotonic())
        found = dict(re.findall(r"^(vllm:\w+)\{[^}]*\} ([\d.e+]+)$", text, re.MULTILINE))
        if float(found.get("vllm:num_requests_running") or 0) == 0:
            return str(time.monotonic())
        return f"{found.get('vllm:prompt_tokens_total')} {found.get('vllm:generation_tokens_total')}"


def healthy(url: str) -> bool:
    """The server says that it is well."""
    try:
        asked(url, "/health", timeout=5)
    except (OSError, ValueError):
        return False
    return True


def _environment(host: str) -> dict[str, str]:
    """The server's environment: no secret of ours but the Hub's own token, no telemetry, no look outside."""
    hidden = re.compile(r"(?:API_?KEY|SECRET|PASSWORD|ENDPOINT_KEY)", re.IGNORECASE)
    kept = {name: value for name, value in os.environ.items() if not hidden.search(name)}
    # Its sockets have paths of 107 characters at most.
    short = {"VLLM_RPC_BASE_PATH": "/tmp"} if len(tempfile.gettempdir()) > 60 else {}  # noqa: S108 - vLLM's own default
    # Ours of this run, where there is one: on a cluster others reach the port too.
    own = {"VLLM_API_KEY": os.environ["FACTORY_ENGINE_KEY"]} if os.environ.get("FACTORY_ENGINE_KEY") else {}
    return short | kept | own | {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_HOST_IP": host}


def _machine_lock() -> IO[str]:
    """This run has the machine's server. Raises ConfigError where another has it."""
    path = os.path.join(tempfile.gettempdir(), f"corpus-factory-vllm-{os.getuid()}.lock")
    lock = open(path, "a+")  # noqa: SIM115 - held until the server is stopped
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip()
        lock.close()
        raise ConfigError(
            f"another run has this machine's vLLM server ({holder or 'unknown'})",
            "wait for it, or share it: --endpoint with the address it prints",
        ) from None
    lock.truncate(0)
    lock.write(f"process {os.getpid()}")
    lock.flush()
    return lock


def _kill_session(session: int) -> None:
    """Every process of a session is gone, but for those that only wait to be buried."""
    deadline = time.monotonic() + 10
    while (left := _alive(session)) and time.monotonic() < deadline:
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, 9)
        time.sleep(0.02)


def _alive(session: int) -> list[int]:
    """The processes of a session; empty where the system does not list processes."""
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                state, _, _, its_session = file.read().rsplit(")", 1)[1].split()[:4]
                if int(its_session) == session and state != "Z":
                    found.append(int(name))
    return found


_ERROR = re.compile(r"^.*?\b((?:\w+\.)*\w*(?:Error|Exception): .+|.*out of memory.*)$", re.MULTILINE | re.IGNORECASE)


def _reason(path: str) -> str:
    """The last error that a log names, in one line."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.path.getsize(path) - 200_000))
            found = _ERROR.findall(file.read().decode("utf-8", "replace"))
    except OSError:
        return "no log"
    told = [line for line in found if "EngineCore failed" not in line and "See root cause" not in line]
    return str((told or found or ["no error in its log"])[-1]).strip()[:300]
