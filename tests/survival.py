"""The table of the survival suite: what was tried for each point of reliability.md, how often, and what held.

A test says what it shows: `@pytest.mark.survive(point, "what is tried")`. One that tries many cases says how many
(`record_property("cases", …)`, `"held"`, and `"points"` for those that there are). `pytest --survival FILE` writes the table.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

POINTS = {
    1: "Kill anywhere",
    2: "Same bytes",
    3: "Disk, permission, file handles, pipe, signals",
    4: "Hostile documents",
    5: "Network",
    6: "Engine",
    7: "Prompt injection",
    8: "Secrets",
    9: "Exit codes",
    10: "Mutations of the gates break a test",
}


@dataclass
class Tried:
    """What became of one test."""

    shows: list[tuple[int, str]] = field(default_factory=list)
    failed: str = ""
    seconds: float = 0.0
    said: dict[str, int] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return self.said.get("cases", 1)

    @property
    def held(self) -> int:
        return self.said.get("held", 0) if self.failed else self.cases


class Survival:
    """Hears every report (those of xdist's workers too) and writes the table at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.tried: dict[str, Tried] = defaultdict(Tried)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        one = self.tried[report.nodeid]
        one.seconds += report.duration
        told = list(report.user_properties)
        one.shows = [(int(point), str(what)) for name, (point, what) in ((n, v) for n, v in told if n == "survive")]
        one.said = {name: int(str(value)) for name, value in told if name in ("cases", "held", "points")}
        if report.failed and not one.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            one.failed = str(crash.message if crash else report.longrepr).split("\n", 1)[0][:200]

    def untried(self) -> list[int]:
        there = {point for one in self.tried.values() for point, _ in one.shows}
        return [point for point in POINTS if point not in there]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.untried() and session.exitstatus in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        page = "\n".join([*self.head(), *self.table(), *self.broken()]) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(page)
        terminalreporter.section("survival")
        terminalreporter.write(page)

    def head(self) -> list[str]:
        commit = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
        ).stdout.strip()
        form = "every point" if os.environ.get("FACTORY_SURVIVE") == "all" else "the short form"
        return [
            "# What was tried, and what held",
            "",
            f"Written by `make survive` ({form}) at {commit or 'no commit'}, Python {platform.python_version()}, "
            f"{platform.system()}, {os.cpu_count()} cores. A case is one kill, one document, one fault, one mutation.",
            "",
        ]

    def table(self) -> list[str]:
        """A row for each thing that was tried, by point."""
        lines = ["| point | what was tried | cases | held | seconds |", "|---|---|---:|---:|---:|"]
        groups: dict[tuple[int, str], list[Tried]] = defaultdict(list)
        for one in self.tried.values():
            for shown in one.shows:
                groups[shown].append(one)
        for point, name in POINTS.items():
            mine = sorted((what, tests) for (number, what), tests in groups.items() if number == point)
            for what, tests in mine:
                cases, held = sum(t.cases for t in tests), sum(t.held for t in tests)
                points = max(t.said.get("points", 0) for t in tests)
                whole = f" ({cases} of {points} points)" if points else ""
                seconds = sum(t.seconds for t in tests)
                lines.append(f"| {point}. {name} | {what}{whole} | {cases} | {held} | {seconds:,.0f} |")
            if not mine:
                lines.append(f"| {point}. {name} | **nothing was tried** | 0 | 0 | 0 |")
        return lines

    def broken(self) -> list[str]:
        failed = {name: one for name, one in sorted(self.tried.items()) if one.failed and one.shows}
        if not failed:
            return []
        return ["", "## What did not hold", "", *(f"- `{name}`: {one.failed}" for name, one in failed.items())]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--survival", metavar="FILE", help="write there what the survival suite tried and what held")


def pytest_configure(config: pytest.Config) -> None:
    if (path := config.getoption("--survival")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Survival(Path(path)), "survival-table")


def pytest_itemcollected(item: pytest.Item) -> None:
    """What a test shows travels with its reports, from xdist's workers too."""
    for marker in item.iter_markers("survive"):
        point, what = marker.args
        if point not in POINTS:
            raise pytest.UsageError(f"{item.nodeid}: there is no point {point} in reliability.md")
        item.user_properties.append(("survive", (point, what)))
