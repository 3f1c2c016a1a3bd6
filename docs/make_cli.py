"""Writes docs/commands.md from the commands themselves."""

from __future__ import annotations

from pathlib import Path

import click

from factory.cli import cli


def _sections(group: click.Group, name: str) -> list[str]:
    names = cli.context_settings["help_option_names"]
    context = click.Context(group, info_name=name, max_content_width=100, terminal_width=100, help_option_names=names)
    found = [f"## {name}", "", "```text", group.get_help(context).rstrip(), "```", ""]
    for child in group.list_commands(context):
        command = group.get_command(context, child)
        if isinstance(command, click.Group):
            found += _sections(command, f"{name} {child}")
        elif command is not None:
            inner = click.Context(command, context, f"{name} {child}", max_content_width=100, terminal_width=100)
            found += [f"## {name} {child}", "", "```text", command.get_help(inner).rstrip(), "```", ""]
    return found


def page() -> str:
    """The whole page."""
    return "\n".join(
        ["# Commands", "", "Written by `make docs` from the commands themselves.", "", *_sections(cli, "factory")]
    )


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(page())
