"""Writes docs/commands.md from the commands themselves."""

from __future__ import annotations

from pathlib import Path

import click

from factory.cli import cli


def _sections(command: click.Command, name: str, parent: click.Context | None = None) -> list[str]:
    names = cli.context_settings["help_option_names"]
    context = click.Context(command, parent, name, max_content_width=100, terminal_width=100, help_option_names=names)
    found = [f"## {context.command_path}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    for child in command.list_commands(context) if isinstance(command, click.Group) else ():
        below = command.get_command(context, child)
        if below is not None:
            found += _sections(below, child, context)
    return found


def page() -> str:
    """The whole page."""
    return "\n".join(
        ["# Commands", "", "Written by `make docs` from the commands themselves.", "", *_sections(cli, "factory")]
    )


if __name__ == "__main__":
    Path(__file__).with_name("commands.md").write_text(page())
