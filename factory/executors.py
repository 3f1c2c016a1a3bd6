"""The one place that knows how tasks are run: datatrove's local executor, one process a worker.

datatrove's own pool hangs for ever when a worker is killed, so each worker is a process of ours that
runs `LocalPipelineExecutor(workers=1)` over its share of the ranks (docs/decisions/002.md).
"""

from __future__ import annotations

import importlib
import json
import os
import selectors
import subprocess
import sys
from dataclasses import asdict
from typing import IO, Any, Protocol

from factory.config import Recipe
from factory.errors import ConfigError, EngineError, FactoryError, HomeError, StageFailed, classes
from factory.stage import Context, Stage
from factory.store import Store, home_error, open_store, read_json, write_json

# A worker that the storage refused ends with this and the number of the refusal, so that people get its sentence.
_OS_ERROR = 64
# One that ends with a sentence for people leaves it in its logs, and ends with this.
_SAID, _FAILURE = 63, "failure.json"


def recipe_module(name: str) -> Any:
    """The module of a recipe."""
    return importlib.import_module(f"pipelines.{name}")


class Watch(Protocol):
    """Who is told while a stage runs: inputs done, what a model was asked; `check` raises where it cannot go on."""

    def advance(self, count: int) -> None: ...
    def engine(self, table: dict[str, Any]) -> None: ...
    def check(self) -> None: ...


def run_stage(
    store: Store,
    context: Context,
    config: Recipe,
    index: int,
    tasks: int,
    workers: int,
    watch: Watch,
    environment: dict[str, str] | None = None,
) -> None:
    """Every task of the stage ran to its end. Raises StageFailed naming the first that did not."""
    workers = max(1, min(workers, tasks))
    spec = json.dumps({"context": asdict(context), "config": config.model_dump(mode="json"), "index": index})
    children: list[subprocess.Popen[bytes]] = []
    ended: list[int | None] = []
    logs: list[IO[bytes]] = []
    try:
        start = 0
        for number in range(workers):
            count = tasks // workers + (number < tasks % workers)
            logs.append(_log(store, context, number))
            children.append(_spawn(spec, tasks, start, count, logs[-1], environment or {}))
            start += count
        _listen(children, watch)
    finally:
        ended = [child.poll() for child in children]
        for child in children:
            if child.poll() is None:
                child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()
        for log in logs:
            log.close()
    # Who failed is told, not who was stopped for it.
    first = [
        0 if code is None and any(ended) else child.returncode for code, child in zip(ended, children, strict=True)
    ]
    _check(store, context, tasks, first)


def _log(store: Store, context: Context, number: int) -> IO[bytes]:
    local = store.path(f"{context.folder}/logs")
    if "://" in local:
        import tempfile

        return tempfile.TemporaryFile()
    os.makedirs(local, exist_ok=True)
    return open(f"{local}/worker-{number}.log", "wb")


def _spawn(
    spec: str, tasks: int, start: int, count: int, log: IO[bytes], environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "factory.executors", str(tasks), str(start), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ
        | {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "OMP_NUM_THREADS": "1"}
        | environment,
    )
    assert child.stdin is not None
    child.stdin.write(spec.encode())
    child.stdin.close()
    return child


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


def _check(store: Store, context: Context, tasks: int, codes: list[int]) -> None:
    where = store.path(f"{context.folder}/logs")
    for number, code in enumerate(codes):
        said = read_json(store, f"{context.folder}/logs/{_FAILURE}") if code == _SAID else None
        if said:
            error = classes()[said["reason"]](said["message"], said["remedy"])
            raise error
        if code > _OS_ERROR:
            raise home_error(OSError(code - _OS_ERROR, os.strerror(code - _OS_ERROR)), store.path())
        if code != 0:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            raise StageFailed(
                f"worker {number} of {context.recipe} {context.batch} {how}", f"see {where}/worker-{number}.log"
            )
    done = set(store.names(f"{context.folder}/logs/completions"))
    missing = [rank for rank in range(tasks) if f"{rank:05d}" not in done]
    if missing:
        raise StageFailed(f"task {missing[0]} of {tasks} left no marker", f"see {where}")


def work(spec: dict[str, Any], tasks: int, start: int, count: int) -> None:
    """Run one worker's share of a stage in this process."""
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.filters.base_filter import BaseFilter

    from factory.books import Items, ReadStage, Rejected, Sink
    from factory.items import ReadItems

    lists = {name: tuple(spec["context"][name]) for name in ("earlier", "indexes")}
    context = Context(**{**spec["context"], **lists})
    store = open_store(context.home)
    stage: Stage = recipe_module(context.recipe).stages(Recipe.model_validate(spec["config"]), context)[spec["index"]]
    rejected, items = Rejected(store.path(context.folder)), Items(context.folder)
    for step in stage.steps:
        if isinstance(step, ReadItems):
            step.books = items
        if isinstance(step, BaseFilter) or hasattr(step, "exclusion_writer"):
            step.exclusion_writer = rejected
    first = [] if stage.equation == "items" else [ReadStage(store, context.previous or "")]
    LocalPipelineExecutor(
        [*first, *stage.steps, Sink(store, context.folder, rejected, items, questioned=stage.questioned)],
        tasks=tasks,
        workers=1,
        local_tasks=count,
        local_rank_offset=start,
        logging_dir=store.path(f"{context.folder}/logs"),
    ).run()


def main() -> None:
    """A worker: its stage from stdin, its share from the arguments; dies with its parent, and so do its forks."""
    import signal

    from factory.readers.child import die_with_parent

    die_with_parent()
    os.register_at_fork(after_in_child=die_with_parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    spec = json.loads(sys.stdin.buffer.read())
    try:
        work(spec, *(int(a) for a in sys.argv[1:4]))
    except OSError as error:
        sys.exit(_OS_ERROR + (error.errno or 0))
    except (EngineError, ConfigError, HomeError) as error:
        sys.exit(_told(spec, error))


def _told(spec: dict[str, Any], error: FactoryError) -> int:
    """The exit code of a worker that ends with a sentence: a refusal of the storage by its number, others by a file."""
    number = getattr(error.__cause__, "errno", None)
    if isinstance(error, HomeError) and number:
        return _OS_ERROR + int(number)
    told = {"reason": type(error).reason, "message": error.message, "remedy": error.remedy}
    try:
        write_json(open_store(spec["context"]["home"]), f"{spec['context']['folder']}/logs/{_FAILURE}", told)
    except HomeError as refused:
        return _OS_ERROR + (getattr(refused.__cause__, "errno", None) or 0)
    return _SAID


if __name__ == "__main__":
    main()
