"""The one place that knows where the tasks of a stage run: here, on Ray, or on Slurm, by datatrove's executors.

datatrove's own pool hangs for ever when a worker is killed, so here each worker is a process of ours that runs
`LocalPipelineExecutor(workers=1)` over its share of the ranks (docs/decisions/002.md). A cluster's executors report
success with ranks missing: after each round the markers are counted, what is missing is named, and it is run again
where its worker was lost, never where it failed by itself (docs/decisions/022.md).
"""

from __future__ import annotations

import contextlib
import getpass
import hashlib
import json
import math
import os
import re
import selectors
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Protocol

from factory.config import Executor, Recipe
from factory.errors import ConfigError, StageFailed, classes
from factory.stage import PROGRESS, Context
from factory.store import LocalStore, Store, home_error, read_json, write_json

# What every worker has, wherever it runs: the same bytes come out.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
JOBS = "logs/jobs.json"
# A worker that the storage refused ends with this and the number of the refusal, so that people get its sentence.
OS_ERROR = 64
# One that ends with a sentence for people leaves it in its logs, and ends with this.
SAID, FAILURE = 63, "failure.json"
_LOOK_SECONDS = 1.0
# The controller of a cluster may be away for so long.
_PATIENCE_SECONDS = 600.0


class Watch(Protocol):
    """Who is told while a stage runs: inputs done, what a model was asked; `check` raises where it cannot go on."""

    def advance(self, count: int) -> None: ...
    def engine(self, table: dict[str, Any]) -> None: ...
    def check(self) -> None: ...
    def say(self, sentence: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be run, and who is told."""

    store: Store
    context: Context
    spec: dict[str, Any]
    tasks: int
    watch: Watch
    environment: dict[str, str]

    def missing(self) -> list[int]:
        """The ranks that left no marker."""
        done = set(self.store.names(f"{self.context.folder}/logs/completions"))
        return [rank for rank in range(self.tasks) if f"{rank:05d}" not in done]


@dataclass(slots=True)
class Ended:
    """How one round of a stage's tasks ended: a sentence for each worker or rank that failed.

    `lost`: by no fault of its own, so that another try may do; `memory`, `time`: it wanted more of it.
    """

    failed: list[str] = field(default_factory=list)
    lost: bool = True
    memory: bool = False
    time: bool = False
    where: str = ""


def run_stage(
    store: Store,
    context: Context,
    config: Recipe,
    index: int,
    tasks: int,
    executor: Executor,
    watch: Watch,
    environment: dict[str, str] | None = None,
) -> None:
    """Every task of the stage ran to its end. Raises StageFailed naming the first that did not."""
    told = ENVIRONMENT | (environment or {})
    spec = {"context": asdict(context), "config": config.model_dump(mode="json"), "index": index}
    job = Job(store, context, spec, tasks, watch, told)
    for attempt in range(1, executor.attempts + 1):
        ended = _ROUNDS[executor.kind](job, executor)
        if said := read_json(store, f"{context.folder}/logs/{FAILURE}"):
            raise classes()[said["reason"]](said["message"], said["remedy"])
        missing = job.missing()
        if not missing and not ended.failed:
            return
        first = ended.failed[0] if ended.failed else f"task {missing[0]} of {tasks} left no marker"
        where = ended.where or store.path(f"{context.folder}/logs")
        if attempt == executor.attempts or not ended.lost or not missing:
            raise StageFailed(first, f"see {where}, or: factory logs {context.recipe}")
        executor = _more(executor, ended)
        tasks_left = "its task" if len(missing) == 1 else f"{len(missing)} tasks"
        watch.say(f"{first}; running {tasks_left} again ({attempt + 1} of {executor.attempts})")


def _more(executor: Executor, ended: Ended) -> Executor:
    """Twice of what ran out, for the next round."""
    hours, rest = divmod(2 * executor.seconds, 3600)
    more: dict[str, Any] = {"memory_gb": 2 * executor.memory_gb} if ended.memory else {}
    more |= {"time": f"{hours:02d}:{rest // 60:02d}:{rest % 60:02d}"} if ended.time else {}
    return executor.model_copy(update=more)


def stop_left(store: Store, folder: str) -> None:
    """What a killed command left running on a cluster for this stage is stopped, before its folder is emptied."""
    left = read_json(store, f"{folder}/{JOBS}")
    if left and left["kind"] == "slurm":
        _cancel(left["name"])


# Here


def _local(job: Job, executor: Executor) -> Ended:
    """A process for each share of the ranks."""
    store, context, tasks = job.store, job.context, job.tasks
    workers = max(1, min(executor.workers or os.cpu_count() or 1, tasks))
    children: list[subprocess.Popen[bytes]] = []
    ended: list[int | None] = []
    logs: list[IO[bytes]] = []
    try:
        start = 0
        for number in range(workers):
            count = tasks // workers + (number < tasks % workers)
            logs.append(_log(store, context, f"worker-{number}.log"))
            children.append(_spawn(job, ("local", tasks, start, count), logs[-1]))
            start += count
        _listen(children, job.watch)
    finally:
        ended = [child.poll() for child in children]
        _end(children)
        for log in logs:
            log.close()
    # Who failed is told, not who was stopped for it.
    codes = [
        0 if code is None and any(ended) else child.returncode for code, child in zip(ended, children, strict=True)
    ]
    return _told(job, codes)


def _told(job: Job, codes: list[int]) -> Ended:
    where = job.store.path(f"{job.context.folder}/logs")
    found = Ended()
    for number, code in enumerate(codes):
        if code > OS_ERROR:
            raise home_error(OSError(code - OS_ERROR, os.strerror(code - OS_ERROR)), job.store.path())
        if code not in (0, SAID):
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            found.failed.append(f"worker {number} of {job.context.recipe} {job.context.batch} {how}")
            found.where = found.where or f"{where}/worker-{number}.log"
            found.lost &= code < 0
    return found


def _log(store: Store, context: Context, name: str) -> IO[bytes]:
    if not isinstance(store, LocalStore):
        return tempfile.TemporaryFile()
    folder = store.path(f"{context.folder}/logs")
    os.makedirs(folder, exist_ok=True)
    return open(f"{folder}/{name}", "ab")


def _spawn(job: Job, arguments: tuple[str | int, ...], log: IO[bytes]) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "factory.worker", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | job.environment,
    )
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(json.dumps(job.spec).encode())
        child.stdin.close()
    return child


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _listen(children: list[subprocess.Popen[bytes]], watch: Watch) -> None:
    with selectors.DefaultSelector() as selector:
        for child in children:
            assert child.stdout is not None
            selector.register(child.stdout, selectors.EVENT_READ, child)
        while selector.get_map():
            watch.check()
            for key, _ in selector.select(timeout=1.0):
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if not line:
                    selector.unregister(key.fileobj)
                    if key.data.wait() != 0:
                        return
                elif line.strip().isdigit():
                    watch.advance(int(line))
                elif line.startswith(b"{"):
                    watch.engine(json.loads(line))


# On a cluster


class _Progress:
    """What the ranks of a cluster wrote of how far they are, passed on."""

    def __init__(self, job: Job) -> None:
        self._job, self._done = job, 0

    def look(self) -> None:
        """Tells what is new."""
        store, folder = self._job.store, f"{self._job.context.folder}/{PROGRESS}"
        tables = [read_json(store, f"{folder}/{name}") for name in store.names(folder)]
        done = sum(table["done"] for table in tables if table)
        if done > self._done:
            self._job.watch.advance(done - self._done)
            self._done = done
        asked = next((table["engine"] for table in tables if table and table["engine"]), None)
        if asked:
            self._job.watch.engine(asked)


def _ray(job: Job, executor: Executor) -> Ended:
    """A process that drives the cluster: Ray's own threads and signals stay out of this one."""
    import importlib.util

    if importlib.util.find_spec("ray") is None:
        raise ConfigError("Ray is not installed here", "pip install 'corpus-factory[scale]'")
    job.spec.update(executor=executor.model_dump(mode="json"), environment=_for_ray(job.environment))
    write_json(job.store, f"{job.context.folder}/{JOBS}", {"kind": "ray", "address": executor.ray_address})
    with _log(job.store, job.context, "ray.log") as log:
        child = _spawn(job, ("ray", job.tasks), log)
        try:
            progress, looked = _Progress(job), 0.0
            while child.poll() is None:
                job.watch.check()
                if time.monotonic() - looked >= _NOTES_SECONDS:
                    progress.look()
                    looked = time.monotonic()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(timeout=_LOOK_SECONDS)
            progress.look()
        finally:
            _end([child])
        if child.returncode > OS_ERROR:
            number = child.returncode - OS_ERROR
            raise home_error(OSError(number, os.strerror(number)), job.store.path())
        if child.returncode not in (0, SAID):
            log.flush()
            return Ended([f"Ray's driver ended with code {child.returncode}: {_last_error(_text(log))}"], lost=False)
    return _ranks(job, dict.fromkeys(job.missing(), "its worker was lost, was out of memory or out of time"), seen=True)


_NOTES_SECONDS = 3.0
_SENT = re.compile(r"^(?:AWS_(?:ENDPOINT_URL\w*|DEFAULT_REGION|REGION)|FSSPEC_\w+|FACTORY_ENGINE\w*|HF_HUB_OFFLINE)$")
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD", re.IGNORECASE)


def _for_ray(environment: dict[str, str]) -> dict[str, str]:
    """What a worker of Ray is told; no secret of the user's, which a cluster keeps in its records."""
    sent = {k: v for k, v in os.environ.items() if _SENT.match(k) and not _SECRET.search(k)}
    return sent | environment


def _text(log: IO[bytes]) -> str:
    """What a log says, wherever it is."""
    try:
        log.seek(0)
        return log.read().decode("utf-8", "replace")
    except OSError:
        with open(log.name, encoding="utf-8", errors="replace") as file:
            return file.read()


def _slurm(job: Job, executor: Executor) -> Ended:
    """An array of jobs, one a rank, watched until the queue holds none of them."""
    before = read_json(job.store, f"{job.context.folder}/{JOBS}") or {"round": 0}
    number = before["round"] + 1
    name = f"{name_of(job.context.folder, job.store.root)}-{number}"
    # Before the jobs: a command that is killed leaves what it takes to stop them.
    write_json(job.store, f"{job.context.folder}/{JOBS}", {"kind": "slurm", "name": name, "round": number})
    _submit(job, executor, name)
    ended = False
    try:
        _await(job, name)
        ended = True
    finally:
        if not ended:
            _cancel(name)
    states = _states(name)
    ranks = read_json(job.store, f"{job.context.folder}/logs/ranks_to_run.json")
    place = {rank: number for number, rank in enumerate(ranks)}
    found = {rank: _why(states.get(place.get(rank, -1))) for rank in job.missing()}
    return _ranks(job, found)


def name_of(folder: str, root: str) -> str:
    """How the names of a stage's jobs begin, the same in every try."""
    return "factory-" + hashlib.sha256(f"{root}/{folder}".encode()).hexdigest()[:16]


def _submit(job: Job, executor: Executor, name: str) -> None:
    from loguru import logger

    from factory.worker import Array, Share

    logger.disable("datatrove")
    store = job.store
    logs = store.path(f"{job.context.folder}/logs/slurm")
    if not isinstance(store, LocalStore):
        logs = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "corpus-factory", name)
    options: dict[str, str] = dict(executor.sbatch) | ({"account": executor.account} if executor.account else {})
    # A job that another one took the place of goes back into the queue by itself.
    one = Array(
        [Share(json.dumps(job.spec))],
        tasks=job.tasks,
        time=executor.time,
        partition=executor.partition or _default_partition(),
        cpus_per_task=executor.cpus,
        mem_per_cpu_gb=max(1, math.ceil(executor.memory_gb / executor.cpus)),
        workers=executor.workers or -1,
        job_name=name,
        qos=executor.qos or "",
        env_command=_setup(job, executor),
        sbatch_args=options,
        logging_dir=store.path(f"{job.context.folder}/logs"),
        slurm_logs_folder=logs,
        with_srun=False,
        mail_user=None,
    )
    try:
        one.run()
    except (OSError, subprocess.CalledProcessError) as error:
        raise StageFailed(f"sbatch took no job: {error}", "is this a node of the cluster? see sinfo") from error


def _setup(job: Job, executor: Executor) -> str:
    """What a job's shell runs first; the environment of the command comes along by itself."""
    here = os.path.dirname(sys.executable)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in job.environment.items()]
    return "\n".join([executor.setup, f'export PATH={shlex.quote(here)}:"$PATH"', *lines])


def _default_partition() -> str:
    """The partition that Slurm marks as its default. Raises ConfigError where there is no cluster."""
    try:
        names = _asked("sinfo", "-h", "-o", "%P").split()
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(
            f"Slurm does not answer here: {error}", "run this on a node of the cluster, or take --executor local"
        ) from error
    default = next((name for name in names if name.endswith("*")), names[0] if names else "")
    if not default:
        raise ConfigError("Slurm has no partition here", "name one: --set executor.partition=NAME")
    return default.rstrip("*")


def _asked(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise subprocess.SubprocessError(said[:300] or f"{command[0]} ended with code {done.returncode}")
    return done.stdout


def _await(job: Job, name: str) -> None:
    """No job of that name is in the queue. Raises StageFailed where the controller is away for too long."""
    progress, heard = _Progress(job), time.monotonic()
    while True:
        job.watch.check()
        try:
            left = _asked("squeue", "-h", "-n", name, "-u", getpass.getuser(), "-o", "%i").split()
            heard = time.monotonic()
        except (OSError, subprocess.SubprocessError) as error:
            if time.monotonic() - heard > _PATIENCE_SECONDS:
                raise StageFailed(f"Slurm does not answer: {error}", "run the same command again") from error
            left = ["?"]
        progress.look()
        if not left:
            return
        time.sleep(_LOOK_SECONDS)


def _cancel(name: str) -> None:
    """No job of that name runs or waits."""
    for _ in range(30):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _asked("scancel", "-n", name, "-u", getpass.getuser())
            if not _asked("squeue", "-h", "-n", name, "-u", getpass.getuser(), "-o", "%i").strip():
                return
        time.sleep(_LOOK_SECONDS)


def _states(name: str) -> dict[int, tuple[str, int]]:
    """Of each rank how its last job ended: Slurm's word, and the exit code."""
    form = "ArrayJobID:20,ArrayTaskID:20,State:30,exit_code:12"
    try:
        rows = [line.split() for line in _asked("squeue", "-h", "--states=all", "-n", name, "-O", form).splitlines()]
    except (OSError, subprocess.SubprocessError):
        return {}
    found: dict[int, tuple[str, int]] = {}
    for job, number, state, code in sorted((row for row in rows if len(row) == 4), key=lambda row: int(row[0])):
        del job
        if number.isdigit():
            found[int(number)] = (state, int(code) if code.isdigit() else 0)
    return found


def _why(state: tuple[str, int] | None) -> str:
    if state is None:
        return "Slurm does not know its job any more"
    word, code = state
    # A shell's code for a command that a signal ended.
    signal = code & 0x7F or (code >> 8) - 128 if code else 0
    killed = f" (killed by signal {signal}: out of memory?)" if signal in (9, 15) and word == "FAILED" else ""
    return f"{word}{killed}"


def _ranks(job: Job, found: dict[int, str], *, seen: bool = False) -> Ended:
    """A sentence for each rank without a marker; one that says an error in its log failed by itself."""
    ended = Ended()
    for rank, why in found.items():
        log = f"{job.context.folder}/logs/logs/task_{rank:05d}.log"
        error = _last_error((job.store.read(log) or b"").decode("utf-8", "replace"))
        own = bool(error) and not any(word in why for word in ("TIMEOUT", "OUT_OF_ME", "signal", "NODE_FAIL"))
        reason = error if own else why
        where = f"task {rank} of {job.tasks} of {job.context.recipe} {job.context.batch}"
        ended.failed.append(f"{where}: {reason}")
        ended.lost &= not own
        ended.memory |= not own and ("OUT_OF_ME" in why or "memory" in why)
        ended.time |= not own and ("TIMEOUT" in why or "time" in why)
    return ended


_ERROR = re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception|Interrupt|Failed)\b(?:: .+)?)$", re.MULTILINE)


def _last_error(text: str) -> str:
    """The last exception that a log names, in one line."""
    found = _ERROR.findall(text)
    return str(found[-1]).strip()[:300] if found else ""


def tasks_done(store: Store, folder: str) -> int:
    """How many tasks of a stage left their marker."""
    return len(store.names(f"{folder}/logs/completions"))


def logs_of(store: Store, folder: str) -> Iterator[tuple[str, str]]:
    """Every log of a stage's tasks: its name, and what it says."""
    for key in store.walk(f"{folder}/logs"):
        if key.endswith((".log", ".out")):
            yield key, (store.read(key) or b"").decode("utf-8", "replace")


_ROUNDS: dict[str, Callable[[Job, Executor], Ended]] = {"local": _local, "ray": _ray, "slurm": _slurm}
