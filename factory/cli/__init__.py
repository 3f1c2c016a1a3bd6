"""The `factory` command: verbs only, one file per group."""

from __future__ import annotations

import errno
import importlib
import os
import resource
import sys

import click

from factory import interrupt
from factory.config import nearest
from factory.errors import ConfigError, FactoryError, HomeError

# verb -> module and function; a verb's module is loaded when the verb is called.
VERBS = {
    "doctor": "factory.cli.machine:doctor",
    "sources": "factory.cli.listing:sources",
    "ingest": "factory.cli.taking:ingest",
    "read": "factory.cli.reading:read",
    "step": "factory.cli.reading:step",
    "build": "factory.cli.building:build",
    "translate": "factory.cli.translating:translate",
    "synth-qa": "factory.cli.questioning:synth_qa",
    "models": "factory.cli.translating:models",
    "export": "factory.cli.building:export",
    "publish": "factory.cli.publishing:publish",
    "retract": "factory.cli.retracting:retract",
    "licences": "factory.cli.guarding:licences",
    "decontaminate": "factory.cli.guarding:decontaminate",
    "scrub": "factory.cli.guarding:scrub",
    "status": "factory.cli.looking:status",
    "logs": "factory.cli.looking:logs",
    "inspect": "factory.cli.looking:inspect",
    "review": "factory.cli.reviewing:review",
    "report": "factory.cli.looking:report",
    "query": "factory.cli.querying:query",
    "train": "factory.cli.training:train",
    "evaluate": "factory.cli.measuring:evaluate",
    "ask": "factory.cli.measuring:ask",
    "gc": "factory.cli.machine:gc",
}

# One line each, so that `factory --help` loads no verb's module.
SUMMARY = {
    "doctor": "Say what this machine has and lacks.",
    "sources": "Check, list or extend the sources file.",
    "ingest": "Store files, or what addresses hold, with a receipt for each.",
    "read": "Show what the readers make of files.",
    "step": "Run one step over a JSONL file.",
    "build": "Build the dataset of one or more recipes.",
    "translate": "Build the recipes of English sources in Spanish.",
    "synth-qa": "Write questions and answers over built corpora.",
    "models": "List model profiles, or ask the Hub for more.",
    "export": "Write a built dataset to a folder.",
    "publish": "Publish datasets on the Hub, each version whole.",
    "retract": "Take a source, a document or an address down, everywhere.",
    "licences": "Explain which rows may be published.",
    "decontaminate": "Keep evaluation sets out of every corpus.",
    "scrub": "Print files without personal data.",
    "status": "Show what is stored, built, pending and failed.",
    "logs": "Show what the tasks of a stage said.",
    "inspect": "Show documents, kept or dropped.",
    "review": "Show what waits for a person, and say the verdict.",
    "report": "Say where a build's report is.",
    "query": "Ask the built datasets in SQL.",
    "train": "Train a model on datasets: QLoRA, preferences, merging.",
    "evaluate": "Measure a model on exams, with intervals.",
    "ask": "Answer from a corpus, with citations.",
    "gc": "Remove what no current dataset is made of.",
}


class Verbs(click.Group):
    """Loads the module of a verb when it is called, and helps with a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            raise click.UsageError(f"there is no command {cmd_name!r}. {nearest(cmd_name, VERBS)}")
        module, _, name = VERBS[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARY.items()))


EPILOG = """\b
Examples:
  factory ingest samples/sources.toml        store what the samples list
  factory build medical_es natural_es        make both datasets
  factory inspect natural_es --dropped       see what was left out, and why
  factory read book.pdf --json               try a reader, no home needed

Exit codes: 0 done, 1 error, 2 usage or configuration, 3 something failed or is pending,
4 blocked, resume later, 5 refused by a gate, 130 interrupted.
"""


@click.group(
    cls=Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="corpus-factory", prog_name="factory")
def cli() -> None:
    """Build open Spanish medical corpora, natural and traditional medicine included."""


def main() -> None:
    """Run a verb; every failure is one sentence and a remedy, never a traceback."""
    # Arrow's own pool keeps what was freed: over 20,000 documents a build peaked at 286 MiB with it, at 224 without.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    interrupt.install()
    try:
        _handles()
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    except click.Abort:
        code = _say("stopped; run the same command to go on", "", 130)
    except KeyboardInterrupt:
        code = _say("stopped; run the same command to go on", "", 130)
    except FactoryError as error:
        code = _say(error.message, error.remedy, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.errno is None:
            raise
        code = _os_error(error)
    sys.exit(code or 0)


# With 12 a server of multiprocessing waits for ever for a handle; 18 were enough for one worker.
FEWEST_HANDLES = 64


def _handles() -> None:
    """There are file handles enough, or the command ends before it waits for one. Raises HomeError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FEWEST_HANDLES:
        raise HomeError(
            f"too many open files: {hard} is the limit, {FEWEST_HANDLES} are needed", "raise the limit (ulimit -n)"
        )
    if soft != resource.RLIM_INFINITY and soft < FEWEST_HANDLES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEWEST_HANDLES, hard))


def _os_error(error: OSError) -> int:
    if error.errno == errno.EPIPE:
        return 0
    from factory.store import home_error

    said = home_error(error, str(error.filename or "a file"))
    return _say(said.message, said.remedy, 1)


def _say(message: str, remedy: str, code: int) -> int:
    click.echo(click.style("factory: ", fg="red") + clean(message), err=True)
    if remedy:
        click.echo("  → " + clean(remedy), err=True)
    return code


def clean(text: str) -> str:
    """The text without control characters: a hostile title cannot move the cursor."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


__all__ = ["ConfigError", "HomeError", "clean", "cli", "main"]
