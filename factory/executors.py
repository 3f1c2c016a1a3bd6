"""The one place that knows where the tasks of a stage run: here, on Ray, or on Slurm, by datatrove's executors.

datatrove's own pool hangs for ever when a worker is killed, so here each worker is a process of ours that runs
`LocalPipelineExecutor(workers=1)` over its share of the ranks (docs/decisions/002.md). A cluster's executors report
success with ranks missing: after each round the markers are counted, what is missing is named, and it is run again
where its worker was lost, never where it failed by itself (docs/decisions/022.md).
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import secrets
import selectors
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import IO, Any, Protocol

from factory import cluster
from factory.cluster import FAILED, FAILURE, JOBS, LOST, OS_ERROR, SAID, for_ray
from factory.config import Executor, Recipe
from factory.errors import ConfigError, StageFailed, classes
from factory.servers import FOLDER as SERVERS
from factory.stage import PROGRESS, Context
from factory.store import LocalStore, Store, home_error, read_json, write_json

# What every worker has, wherever it runs: the same bytes come out.
ENVIRONMENT = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
_LOOK_SECONDS = 1.0
_LOG_BYTES = 1 << 20
# A controller serves thousands of people.
_QUEUE_SECONDS = 2.0
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
    code: str = "",
) -> None:
    """Every task of the stage ran to its end. Raises StageFailed naming the first that did not."""
    told = ENVIRONMENT | (environment or {})
    spec = {"context": asdict(context), "config": config.model_dump(mode="json"), "index": index, "code": code}
    job = Job(store, context, spec, tasks, watch, told)
    for attempt in range(1, executor.attempts + 1):
        spec["again"] = attempt > 1
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


def stop_left(store: Store) -> None:
    """What killed commands left running on a cluster is stopped; a server that is told of nowhere ends by itself.

    Raises StageFailed where it cannot be known whether jobs stopped.
    """
    for name in store.names(JOBS):
        cluster.cancel(name.removesuffix(".json"))
        store.remove(f"{JOBS}/{name}")
    for name in store.names(SERVERS):
        store.remove(f"{SERVERS}/{name}")


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
        for number, log in enumerate(logs):
            if not isinstance(store, LocalStore):
                store.write(f"{context.folder}/logs/worker-{number}.log", _text(log).encode()[-_LOG_BYTES:])
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
            if code == LOST:
                how = "lost a process of its own"
            found.failed.append(f"worker {number} of {job.context.recipe} {job.context.batch} {how}")
            found.where = found.where or f"{where}/worker-{number}.log"
            found.lost &= code < 0 or code == LOST
    return found


def _log(store: Store, context: Context, name: str) -> IO[bytes]:
    if not isinstance(store, LocalStore):
        return tempfile.TemporaryFile()
    folder = store.path(f"{context.folder}/logs")
    os.makedirs(folder, exist_ok=True)
    log = open(f"{folder}/{name}", "a+b")  # noqa: SIM115 - closed by who asks
    log.seek(0, os.SEEK_END)
    return log


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
    job.spec.update(executor=executor.model_dump(mode="json"), environment=for_ray(job.environment))
    begun = time.monotonic()
    with _log(job.store, job.context, "ray.log") as log:
        before = log.tell()
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
            return Ended([f"Ray's driver ended with code {child.returncode}: {_last_error(_text(log))}"], lost=False)
        # Of this round: an earlier one may have said more of another task.
        said = _text(log, before)
    why = "its worker was lost"
    if "OutOfMemoryError" in said:
        why = "OUT_OF_MEMORY, as Ray says of a task"
    elif time.monotonic() - begun > executor.seconds:
        why = f"TIMEOUT or lost: a task may take {executor.time}"
    elif refused := _unreached(job.store, job.context.folder, said):
        why = refused
    return _ranks(job, dict.fromkeys(job.missing(), why))


_NOTES_SECONDS = 3.0
# What datatrove writes into the driver's log of a task that raised.
_REFUSED = "failed with non-retriable error"


def _unreached(store: Store, folder: str, said: str) -> str | None:
    """Why tasks could not begin: one raised, and none could write into the home what; else None."""
    if _REFUSED not in said or store.names(f"{folder}/{FAILED}"):
        return None
    return f"its node could not begin: {_last_error(said)}"


def _text(log: IO[bytes], start: int = 0) -> str:
    """What a log says from there on."""
    log.seek(start)
    return log.read().decode("utf-8", "replace")


def _slurm(job: Job, executor: Executor) -> Ended:
    """An array of jobs, one a rank, watched until the queue holds none of them."""
    executor = executor.model_copy(update={"partition": cluster.partition(executor.partition)})
    name = f"factory-{secrets.token_hex(8)}"
    # Before the jobs: a command that is killed leaves what it takes to stop them.
    write_json(job.store, f"{JOBS}/{name}.json", {"folder": job.context.folder})
    states: dict[int, tuple[str, int]] = {}
    ended = False
    try:
        _submit(job, executor, name)
        _await(job, name, states)
        ended = True
    finally:
        if not ended:
            cluster.cancel(name)
        job.store.remove(f"{JOBS}/{name}.json")
    ranks = read_json(job.store, f"{job.context.folder}/logs/ranks_to_run.json")
    place = {rank: number for number, rank in enumerate(ranks)}
    found = {rank: cluster.why(states.get(place.get(rank, -1))) for rank in job.missing()}
    return _ranks(job, found)


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
        partition=executor.partition,
        max_array_size=cluster.ARRAY,
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


def _await(job: Job, name: str, states: dict[int, tuple[str, int]]) -> None:
    """No job of that name waits or runs; `states`: of each place of the array how it stands, as long as Slurm knows.

    Raises StageFailed where the controller is away for too long, or will never start what waits.
    """
    progress, heard, told = _Progress(job), time.monotonic(), ""
    while True:
        job.watch.check()
        try:
            rows = cluster.jobs(name)
            heard = time.monotonic()
        except (OSError, subprocess.SubprocessError) as error:
            if time.monotonic() - heard > _PATIENCE_SECONDS:
                raise StageFailed(f"Slurm does not answer: {error}", "run the same command again") from error
            rows = [("?", "?", "?", 0, "")]
        states.update(cluster.states_of(rows))
        progress.look()
        left = [row for row in rows if row[2] not in cluster.ENDED]
        if not left:
            return
        why = next((row[4] for row in left if row[2] == "PENDING"), "")
        if why in cluster.NEVER or "held" in why.lower():
            raise StageFailed(f"Slurm will not start a task: {why}", "see executor.time, memory_gb, cpus, partition")
        if why != told and why not in ("", "None", "Priority", "Resources", "Dependency", "JobArrayTaskLimit"):
            job.watch.say(f"a task waits for Slurm: {why}")
        told = why
        time.sleep(_QUEUE_SECONDS)


def _ranks(job: Job, found: dict[int, str]) -> Ended:
    """A sentence for each rank without a marker: what it said itself, or what became of its worker."""
    ended = Ended()
    first: list[str] = []
    for rank, why in found.items():
        own = read_json(job.store, f"{job.context.folder}/{FAILED}/{rank:05d}.json")
        where = f"task {rank} of {job.tasks} of {job.context.recipe} {job.context.batch}"
        # What failed by itself is told before what was lost beside it.
        (first if own else ended.failed).append(f"{where}: {own['said'] if own else why}")
        ended.lost &= own is None
        ended.memory |= own is None and ("OUT_OF_ME" in why or "memory" in why)
        ended.time |= own is None and "TIMEOUT" in why
    ended.failed = [*first, *ended.failed]
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
