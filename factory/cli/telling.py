"""A run over addresses as a person sees it: started, told of, stopped, summed up."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import click

from factory.cli import clean, options
from factory.config import Fetch, Source, Speech, override, parse
from factory.errors import ConfigError

if TYPE_CHECKING:
    from factory.gather.run import Job, Run
    from factory.ledger import Taken
    from factory.sources import SourceList
    from factory.store import Store

# How many items that did not end well are named at the end; `--json` and `factory status` have all.
NAMED = 20
# Between two lines of progress where nobody looks at a terminal.
LINE_SECONDS = 10.0


def run_jobs(store: Store, jobs: list[Job], listed: SourceList, given: dict[str, Any]) -> Taken:
    """Every job has ended, or the person stopped it."""
    from factory.gather.run import Options, Run
    from factory.lock import locked

    how = Options(
        refresh=bool(given.get("refresh")),
        cookies=given.get("cookies"),
        fetch=parse(Fetch, _settings(listed, given).get("fetch", {}), "[fetch]"),
        speech=speech_of(listed, given),
    )
    quiet = bool(given.get("quiet") or given.get("as_json"))
    with locked(store), Telling(quiet=quiet, verbose=bool(given.get("verbose"))) as telling:
        run = Run(store, how, telling)
        with stopping(run):
            taken = run.all(jobs)
    if run.stop.is_set():
        end(taken, [], as_json=bool(given.get("as_json")), code=130)
    return taken


def speech_of(listed: SourceList, given: dict[str, Any]) -> Speech:
    """How speech becomes words: the sources file's numbers, then the command line's."""
    return parse(Speech, _settings(listed, given).get("speech", {}), "[speech]")


def _settings(listed: SourceList, given: dict[str, Any]) -> dict[str, Any]:
    said = [*(given.get("settings") or ())]
    if given.get("speech_model"):
        said.append(f"speech.model={given['speech_model']}")
    # Where a build runs is not for ingest.
    table = override({name: value for name, value in listed.settings.items() if name != "executor"}, said)
    wrong = [k for k in table if k not in ("fetch", "speech")]
    if wrong:
        raise ConfigError(f"--set {wrong[0]}: write fetch.… or speech.…, for example fetch.delay_seconds=5")
    return table


@contextmanager
def stopping(run: Run) -> Iterator[None]:
    """SIGINT once: the items at hand are finished. Twice: the command ends at once; nothing is half written."""

    def stop(_signal: int, _frame: Any) -> None:
        if run.stop.is_set():
            os._exit(130)
        run.stop.set()
        click.echo("finishing what is at hand; press Ctrl-C again to stop at once", err=True)

    before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


class Telling:
    """Progress with rates: bars on a terminal, else a line every ten seconds."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self._quiet = quiet
        self._verbose = verbose
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._totals: dict[str, int | None] = {}
        self._done: Counter[str] = Counter()
        self._started = time.monotonic()
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        if not self._quiet and options.terminal():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bars = Progress(
                *columns, TextColumn("{task.fields[more]}"), console=Console(stderr=True), transient=True
            )
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()

    def begin(self, source: Source, total: int | None) -> None:
        self._totals[source.id] = (self._totals.get(source.id) or 0) + (total or 0)
        if self._bars is None:
            return
        if source.id in self._tasks:
            self._bars.update(self._tasks[source.id], total=self._totals[source.id])
        else:
            self._tasks[source.id] = self._bars.add_task(clean(source.id), total=total, more="")

    def ended(self, source: Source, status: str, address: str, reason: str, message: str) -> None:
        self._done[source.id] += 1
        if self._verbose or (status in ("failed", "blocked") and not self._quiet):
            self._line(f"{status} {clean(address)} {clean(message or reason)}".rstrip())
        if self._bars is not None and source.id in self._tasks:
            self._bars.update(self._tasks[source.id], completed=self._done[source.id])
        elif not self._quiet and time.monotonic() - self._said > LINE_SECONDS:
            self._said = time.monotonic()
            rate = self._done.total() / (time.monotonic() - self._started)
            self._line(f"  {self._done.total()} of {sum(t or 0 for t in self._totals.values())}, {rate:.1f} a second")

    def listening(self, address: str, done: float, whole: float) -> None:
        said = f"listening to {clean(address)}: {done / 60:.1f} of {whole / 60:.1f} minutes"
        if self._bars is not None:
            for task in self._tasks.values():
                self._bars.update(task, more=said)
        elif not self._quiet and time.monotonic() - self._said > LINE_SECONDS:
            self._said = time.monotonic()
            self._line(f"  {said}")

    def _line(self, text: str) -> None:
        click.echo(text, err=True)


# How it went


def end(taken: Taken, problems: list[str], *, as_json: bool, code: int | None = None) -> None:
    """The summary, and the exit code: 4 blocked, 3 something is pending or failed, 5 nothing but refusals, 0."""
    if as_json:
        options.print_json(_table(taken) | {"problems": problems})
    else:
        _say(taken)
    for problem in problems:
        click.echo(clean(problem), err=True)
    if code is None:
        code = 4 if taken.count("blocked") else 3 if problems or taken.count("pending", "failed") else 0
        if code == 0 and taken.count("forbidden") and not taken.count("stored", "unchanged", "skipped"):
            code = 5
    raise SystemExit(code)


def _table(taken: Taken) -> dict[str, Any]:
    def rows(status: str) -> list[dict[str, Any]]:
        return [
            {"address": a, "reason": r, "message": m, "next_try": n} | ({"file": a} if "://" not in a else {})
            for a, r, m, n in taken.ended[status]
        ]

    counts: dict[str, Any] = {"stored": taken.count("stored"), "skipped": taken.count("unchanged", "skipped")}
    counts |= {"unchanged": taken.count("unchanged"), "not_yet": rows("skipped")}
    return counts | {s: rows(s) for s in ("pending", "blocked", "gone", "forbidden", "rejected", "failed")}


def _say(taken: Taken) -> None:
    words = {"unchanged": "already here", "skipped": "not yet to be had"}
    parts = [f"stored {taken.count('stored')}"]
    shown = ("unchanged", "skipped", "pending", "blocked", "gone", "forbidden", "rejected", "failed")
    parts += [f"{words.get(s, s)} {taken.count(s)}" for s in shown if taken.count(s)]
    bad = [(s, row) for s in shown[1:] for row in taken.ended[s]]
    for status, (address, reason, message, next_try) in bad[:NAMED]:
        said = clean(message or reason)
        more = "" if address in said else f" {clean(address)}"
        when = f"; again from {next_try}" if next_try else ""
        slug = "" if reason == status else f" {reason}"
        click.echo(f"  {status}{more}{slug}: {said}{when}" if message else f"  {status}{more}{slug}{when}")
    if len(bad) > NAMED:
        click.echo(f"  … and {len(bad) - NAMED} more: factory status --json")
    click.echo(", ".join(parts))
