"""What runs the tasks of a stage, wherever that is: a process here, an actor of Ray, a job of Slurm.

    python -m factory.worker local TASKS START COUNT       a share of the ranks, in this process
    python -m factory.worker ray TASKS                     the driver of a Ray cluster, which runs them all
    python -m factory.worker serve                         the driver of model servers on a Ray cluster

The stage comes as plain values: from stdin, or inside `Share`, which is all that a cluster is sent.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sys
import tempfile
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, cast

from datatrove.data import DocumentsPipeline
from datatrove.executor.slurm import SlurmPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.stats import PipelineStats

from factory import stage
from factory.books import Items, ReadStage, Rejected, Sink
from factory.cluster import FAILED, FAILURE, LOST, OS_ERROR, SAID
from factory.config import Executor, Recipe
from factory.errors import ConfigError, EngineError, FactoryError, HomeError
from factory.items import ReadItems
from factory.readers.child import die_with_parent
from factory.stage import Context, Stage, recipe_module
from factory.store import Store, home_error, open_store, write_json

_ANSWER_SECONDS = 20.0


def steps_of(spec: dict[str, Any]) -> list[Any]:
    """The steps of a stage, from what reads to what writes."""
    from datatrove.pipeline.filters.base_filter import BaseFilter

    context = _context(spec)
    store = open_store(context.home)
    one: Stage = recipe_module(context.recipe).stages(Recipe.model_validate(spec["config"]), context)[spec["index"]]
    rejected, items = Rejected(store.path(context.folder)), Items(context.folder)
    for step in one.steps:
        if isinstance(step, ReadItems):
            step.books = items
        if isinstance(step, BaseFilter) or hasattr(step, "exclusion_writer"):
            step.exclusion_writer = rejected
    first = [] if one.equation == "items" else [ReadStage(store, context.previous or "")]
    return [*first, *one.steps, Sink(store, context.folder, rejected, items, questioned=one.questioned)]


def _context(spec: dict[str, Any]) -> Context:
    lists = {name: tuple(spec["context"][name]) for name in ("earlier", "indexes")}
    return Context(**{**spec["context"], **lists})


class Share(PipelineStep):
    """One rank of a stage on a cluster, built where it runs; how far it is stands in the home."""

    name = "Stage"
    type = "STAGE"

    def __init__(self, spec: str) -> None:
        super().__init__()
        self.spec = spec

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        spec = json.loads(self.spec)
        context = _context(spec)
        store = open_store(context.home)
        stage.told_to(stage.Notes(store, context.folder, rank))
        ended = False
        try:
            _same_here(spec)
            forget(store, context.folder, rank)
            found: Iterator[Any] | None = None
            for step in steps_of(spec):
                found = step(found, rank, world_size)
            deque(found or (), maxlen=0)
            ended = True
        except (EngineError, ConfigError, HomeError) as error:
            told(spec, error)
            raise
        finally:
            # By itself, not because it was stopped: what is told here is not tried again.
            if not ended and isinstance(wrong := sys.exc_info()[1], Exception):
                said = f"{type(wrong).__name__}: {' '.join(str(wrong).split())[:300]}"
                write_json(store, f"{context.folder}/{FAILED}/{rank:05d}.json", {"said": said})
        yield from ()


class Rank:
    """An actor of Ray that runs its ranks itself: in datatrove's pool a killed rank is waited for without end."""

    def get_node_ip(self) -> str:
        """Where it is."""
        import ray

        return str(cast("Any", ray.util).get_node_ip_address())

    def run_for_rank(self, executor: Any, ranks: list[int], node_ips: list[str], node: int) -> Any:
        """The statistics of the ranks, when all are done. Raises ConfigError where this node has not the home."""
        # Before datatrove makes folders for its logs here.
        if not executor.logging_dir.exists("executor.json"):
            said = f"{socket.gethostname()} does not see {executor.logging_dir.path}"
            raise ConfigError(said, "every node must reach the home at the same path or address")
        for number, rank in enumerate(ranks, 1):
            executor._run_for_rank(rank, number)
        return PipelineStats()


def _same_here(spec: dict[str, Any]) -> None:
    """Raises ConfigError where this node would make other bytes than the machine of the command."""
    from factory.build import code_digest, ocr_engine

    node, ocr = socket.gethostname(), spec["context"]["ocr"]
    if code_digest() != spec["code"]:
        raise ConfigError(f"{node} has another version of the factory", "install the same one on every node")
    if ocr and ocr_engine() != ocr:
        said = f"{node} has not {ocr} with Spanish, with which this batch is read"
        raise ConfigError(said, "install it on every node, or: --set read.ocr=never")


class Array(SlurmPipelineExecutor):
    """Without the job that merges statistics, which would wait for ever behind a rank that failed."""

    def launch_merge_stats(self) -> None:
        """Nobody reads them; they are wrong after a resume (engines.md)."""
        return


def forget(store: Store, folder: str, rank: int) -> None:
    """Nothing is there of a rank that was begun on a machine that is gone."""
    for part in ("data", "items", "signatures"):
        for name in store.names(f"{folder}/{part}"):
            if name.startswith(f"{rank:05d}."):
                store.remove(f"{folder}/{part}/{name}")
    if store.has(f"{folder}/{FAILED}/{rank:05d}.json"):
        store.remove(f"{folder}/{FAILED}/{rank:05d}.json")
    for reason in store.names(f"{folder}/rejected"):
        key = f"{folder}/rejected/{reason}/{rank:05d}.jsonl.zst"
        if store.has(key):
            store.remove(key)


def told(spec: dict[str, Any], error: FactoryError) -> int:
    """The exit code of a worker that ends with a sentence: it is left in a file, or a refusal has its number."""
    said = {"reason": type(error).reason, "message": error.message, "remedy": error.remedy}
    try:
        write_json(open_store(spec["context"]["home"]), f"{spec['context']['folder']}/logs/{FAILURE}", said)
    except HomeError as refused:
        number = getattr(error.__cause__, "errno", None) or getattr(refused.__cause__, "errno", None)
        return OS_ERROR + (number or 0)
    return SAID


def _local(spec: dict[str, Any], tasks: int, start: int, count: int) -> None:
    """One worker's share of a stage in this process."""
    from datatrove.executor.local import LocalPipelineExecutor

    if spec["again"]:
        context = _context(spec)
        store = open_store(context.home)
        done = set(store.names(f"{context.folder}/logs/completions"))
        for rank in range(start, start + count):
            if f"{rank:05d}" not in done:
                forget(store, context.folder, rank)
    _place_for_sockets()
    LocalPipelineExecutor(
        steps_of(spec),
        tasks=tasks,
        workers=1,
        local_tasks=count,
        local_rank_offset=start,
        logging_dir=_logs(spec),
    ).run()


# A socket's path has at most 107 bytes; below TMPDIR it is /pymp-xxxxxxxx/listener-xxxxxxxx, or Ray's
# /ray/session_2026-11-30_08-49-42_530362_4194304/sockets/plasma_store.
_LONGEST_TMPDIR, _LONGEST_OF_RAY = 75, 39


def _place_for_sockets() -> None:
    """The sockets of datatrove's manager are below /tmp where TMPDIR has too long a name for them."""
    chosen = tempfile.gettempdir()
    if len(os.fsencode(chosen)) > _LONGEST_TMPDIR:
        from multiprocess import util  # datatrove's

        tempfile.tempdir = "/tmp"  # noqa: S108 - a folder of this process alone is made there
        try:
            util.get_temp_dir()  # made once, for all sockets, and removed at the end
        finally:
            tempfile.tempdir = chosen


def _ray(spec: dict[str, Any], tasks: int) -> None:
    """Every task that left no marker runs on the cluster; one that is lost is sent again by datatrove, three times."""
    how = Executor.model_validate(spec["executor"])
    _token(how)
    import datatrove.executor.ray as engine
    import ray
    from datatrove.executor.ray import RayPipelineExecutor, RayTaskManager

    class Tasks(RayTaskManager):  # type: ignore[misc]
        """datatrove waits for ever for an actor that died before its first task (docs/decisions/022.md)."""

        def submit_task(self, *given: Any) -> Any:
            waited = super().submit_task(*given)
            sent = self.pg_futures[-1]
            sent.add_done_callback(lambda done: done.exception() and waited.set_exception(done.exception()))
            return waited

    engine.RayTaskManager, engine.RankWorker = Tasks, Rank
    _connect(how, spec["environment"])
    _refuse_more_than_there_is(how)
    # datatrove writes the steps into the logs: the environment, which may hold a key of this run, is not for them.
    sent = {name: value for name, value in spec.items() if name not in ("environment", "executor")}
    try:
        RayPipelineExecutor(
            [Share(json.dumps(sent))],
            tasks=tasks,
            workers=how.workers or -1,
            cpus_per_task=how.cpus,
            mem_per_cpu_gb=how.memory_gb / how.cpus,
            logging_dir=_logs(spec),
            time=how.seconds,
            tasks_per_job=1,
        ).run()
    finally:
        ray.shutdown()


def _address(how: Executor) -> str | None:
    """The Ray cluster that is named; None where one is started for this run alone."""
    return how.ray_address or os.environ.get("RAY_ADDRESS") or None


def _token(how: Executor) -> None:
    """A cluster for this run alone listens to the network: its token keeps others out. Before Ray is imported."""
    if not _address(how) and "RAY_AUTH_MODE" not in os.environ:
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _connect(how: Executor, environment: dict[str, str]) -> None:
    """This process drives the Ray cluster that is named, or one for this run alone."""
    import ray

    address = _address(how)
    if found := re.fullmatch(r"(?:ray://)?\[?([^\]/]+?)\]?:(\d+)", address or ""):
        # Ray itself tries without end.
        try:
            socket.create_connection((found[1], int(found[2])), timeout=_ANSWER_SECONDS).close()
        except OSError as error:
            said = f"Ray does not answer at {address}: {error}"
            raise ConfigError(said, "is the cluster up? its address: executor.ray_address or RAY_ADDRESS") from error
    names: dict[str, Any] = {"runtime_env": {"env_vars": environment}, "log_to_driver": False}
    names["logging_level"] = "ERROR"
    if address is None:
        names |= {"include_dashboard": False, "num_cpus": how.workers or os.cpu_count()}
        if len(os.fsencode(tempfile.gettempdir())) > _LONGEST_OF_RAY:
            os.environ.setdefault("RAY_TMPDIR", "/tmp")  # noqa: S108 - Ray's own default
    try:
        ray.init(address=address, **names)
    except (OSError, RuntimeError) as error:
        how_it_is = f"does not answer at {address}" if address else "does not start here"
        raise ConfigError(
            f"Ray {how_it_is}: {' '.join(str(error).split())[:200]}",
            "is the cluster up, and its token here (RAY_AUTH_MODE=token, RAY_AUTH_TOKEN)?"
            if address
            else "ray start --head says more",
        ) from error


def _refuse_more_than_there_is(how: Executor) -> None:
    """Raises ConfigError where no node could ever take a task: Ray would wait for one without end."""
    import ray

    nodes = [node["Resources"] for node in cast("Any", ray).nodes() if node["Alive"]]
    if not any(n.get("CPU", 0) >= how.cpus and n.get("memory", 0) >= how.memory_gb * 2**30 for n in nodes):
        most = max((n.get("memory", 0) for n in nodes), default=0) / 2**30
        said = f"no node of the Ray cluster has {how.cpus} cores and {how.memory_gb:.0f} GB for a task"
        raise ConfigError(said, f"the largest has {most:.1f} GB: --set executor.memory_gb=N")


def _serve(spec: dict[str, Any]) -> None:
    """Model servers on the nodes of the cluster, one a task; one that is lost is started elsewhere, three times."""
    import subprocess

    how = Executor.model_validate(spec["executor"])
    _token(how)
    import ray

    _connect(how, spec["environment"])

    def serve(command: Any) -> Any:
        return subprocess.run([sys.executable, *command], check=False).returncode

    remote = cast("Any", ray.remote)(serve)
    task = remote.options(num_gpus=how.gpus, num_cpus=how.server_cpus, scheduling_strategy="SPREAD")
    left = [task.remote(spec["command"]) for _ in range(how.servers)]
    while left:
        # One that is lost for good does not end the others.
        _, left = ray.wait(left, num_returns=1)


def _logs(spec: dict[str, Any]) -> str:
    context = spec["context"]
    return open_store(context["home"]).path(f"{context['folder']}/logs")


_KINDS: dict[str, Callable[..., None]] = {"local": _local, "ray": _ray, "serve": _serve}


def main() -> None:
    """A worker or a driver: dies with its parent, and so do its forks."""
    import signal

    die_with_parent()
    os.register_at_fork(after_in_child=die_with_parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spec = json.loads(sys.stdin.buffer.read())
    kind, *numbers = sys.argv[1:]
    try:
        _KINDS[kind](spec, *(int(n) for n in numbers))
    except (ConnectionError, EOFError):
        # Who was at the other end of a pipe is gone (datatrove's manager, the command): no fault of the home.
        traceback.print_exc()
        sys.exit(LOST)
    except OSError as error:
        wrong = home_error(error, str(error.filename or spec["context"]["home"]))
        sys.exit(told(spec, wrong))
    except (EngineError, ConfigError, HomeError) as error:
        sys.exit(told(spec, error))


if __name__ == "__main__":
    main()
