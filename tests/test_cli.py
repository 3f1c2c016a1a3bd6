"""Bad input at the command line: one sentence, a remedy, the right exit code, nothing lost."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import click
import pytest

from factory.cli import SUMMARY, VERBS, cli
from tests.command import PROSE, json_lines, ok, run

ASK = ("--source", "s", "--tradition", "natural", "--licence", "CC0-1.0")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["biuld"], 2, "Did you mean 'build'?"),
        (["build", "natural"], 2, "Did you mean 'natural_es'?"),
        (["build"], 2, "name a recipe"),
        (["build", "natural_es"], 2, "nothing was ingested"),
        (["build", "natural_es", "--workers", "0"], 2, "0"),
        (["build", "natural_es", "--set", "read.timeout=1"], 2, "unknown key 'read.timeout'. Did you mean"),
        (["build", "natural_es", "--sources", "none.toml"], 2, "none.toml: no such file"),
        (["ingest", "none.pdf", *ASK], 2, "none.pdf: no such file or folder"),
        (["ingest", "none.pdf", "--source", "s"], 2, "no such file"),
        (["ingest", "."], 2, "--tradition, --licence must be given"),
        (["ingest", "empty", *ASK], 2, "empty: the folder is empty"),
        (["ingest", "a.txt", "--source", "Mein Buch", "--tradition", "natural", "--licence", "x1"], 2, "pattern"),
        (["status"], 2, "there is no factory home"),
        (["inspect", "natural_es"], 2, "there is no factory home"),
        (["export", "natural_es", "out"], 2, "there is no factory home"),
        (["sources", "check", "none.toml"], 2, "none.toml: no such file"),
        (["sources", "check", "broken.toml"], 2, "not valid TOML"),
        (["step", "langage", "a", "b"], 2, "Did you mean 'language'?"),
        (["step", "language", "none.jsonl", "b"], 2, "none.jsonl"),
        (["step", "language", "bad.jsonl", "b"], 2, "bad.jsonl, line 2: not JSON"),
        (["step", "quality", "good.jsonl", "b", "--set", "profile=boook"], 2, "Did you mean 'book'?"),
    ],
)
@pytest.mark.survive(9, "2 for a mistake on the command line")
def test_a_mistake_is_one_sentence(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback; the sentence names what is wrong and what would be right."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    Path("a.txt").write_text("hola")
    Path("broken.toml").write_text("[[source]\n")
    Path("bad.jsonl").write_text('{"id": 1, "text": "hola"}\n{oops\n')
    Path("good.jsonl").write_text('{"id": 1, "text": "hola"}\n')
    done = run(*arguments, home=tmp_path / "home")
    assert done.returncode == code, done.stderr
    assert said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


@pytest.mark.survive(9, "2 and 3 for a wrong row of sources.toml")
def test_one_wrong_row_costs_only_itself(tmp_path: Path) -> None:
    """`sources check` ends 2; ingest and build go on with the others and end 3."""
    row = (
        '[[source]]\nid = "{}"\nkind = "text"\npath = "*.md"\nlanguage = "es"\ntradition = "{}"\nlicence = "CC0-1.0"\n'
    )
    listed = tmp_path / "sources.toml"
    listed.write_text(row.format("good", "natural") + row.format("bad", "naturel"))
    (tmp_path / "a.md").write_text(PROSE)
    assert run("sources", "check", listed).returncode == 2
    taken = run("ingest", listed, "--json", home=tmp_path / "home")
    assert taken.returncode == 3
    assert json.loads(taken.stdout)["stored"] == 1
    assert run("build", "natural_es", "--sources", listed, home=tmp_path / "home").returncode == 3


@pytest.mark.survive(3, "folders and files without permission")
@pytest.mark.survive(9, "3 where something failed")
def test_a_file_without_permission_costs_only_itself(tmp_path: Path) -> None:
    """It is listed as failed, the others are stored, the command ends 3."""
    (tmp_path / "good.md").write_text("hola")
    (tmp_path / "loop.md").symlink_to("loop.md")
    done = run("ingest", tmp_path / "good.md", tmp_path / "loop.md", *ASK, "--json", home=tmp_path / "home")
    assert done.returncode == 3
    said = json.loads(done.stdout)
    assert said["stored"] == 1
    assert [f["file"] for f in said["failed"]] == [str(tmp_path / "loop.md")]
    counts = json.loads(ok("status", "--json", home=tmp_path / "home"))["sources"]["s"]
    assert (counts["stored"], counts["failed"]) == (1, 1)


def test_the_same_bytes_under_two_names_are_one_item(tmp_path: Path) -> None:
    """Both names have a receipt; the second is skipped, and taking them again skips both."""
    for name in ("b.md", "a.md"):
        (tmp_path / name).write_text("hola")
    first = json.loads(ok("ingest", tmp_path / "b.md", tmp_path / "a.md", *ASK, "--json", home=tmp_path / "home"))
    again = json.loads(ok("ingest", tmp_path / "b.md", tmp_path / "a.md", *ASK, "--json", home=tmp_path / "home"))
    assert (first["stored"], first["skipped"]) == (1, 1)
    assert (again["stored"], again["skipped"]) == (0, 2)


@pytest.mark.survive(4, "control codes and markup in titles and names")
def test_hostile_names_and_titles_stay_text(tmp_path: Path) -> None:
    """Control codes, markup and dots in a name reach neither the terminal, a path nor the report."""
    evil = tmp_path / "\x1b[31m\x07<script>alert(1)</script> ..%2f=cmd|.md".replace("/", "∕")
    evil.write_text("# \x1b]0;owned\x07<img src=x onerror=alert(1)>\n\n" + PROSE)
    home = tmp_path / "home"
    taken = run("ingest", evil, *ASK, "-v", home=home)
    shown = run("build", "natural_es", home=home)
    shown_all = taken.stderr + shown.stdout + shown.stderr + ok("inspect", "natural_es", home=home)
    assert "script" in taken.stderr
    assert not {"\x1b", "\x07"} & set(shown_all)
    page = next(home.glob("reports/*.html")).read_text()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page
    assert all("script" not in p.name for p in home.rglob("*"))


def test_help_loads_nothing_heavy() -> None:
    """`factory --help` imports none of the heavy libraries: its time is `make bench`'s."""
    code = (
        "import sys, factory.cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(factory.cli.cli, ['--help']).exit_code == 0\n"
        "heavy = {'datatrove', 'pyarrow', 'fsspec', 'pymupdf', 'trafilatura', 'spacy', 'torch', 'datasets', 'numpy', 'rich'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    context = click.Context(group)
    found: list[tuple[str, ...]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += _commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


def test_every_command_has_a_summary_and_every_verb_examples() -> None:
    """The list of verbs and their lines agree; each verb's help shows examples."""
    assert VERBS.keys() == SUMMARY.keys()
    for verb in VERBS:
        assert "Examples:" in ok(verb, "--help")


def test_every_command_is_documented() -> None:
    """docs/commands.md is what the commands say of themselves today."""
    docs = Path(__file__).parents[1] / "docs"
    written = (docs / "commands.md").read_text()
    assert written == runpy.run_path(str(docs / "make_cli.py"))["page"]()
    for path in _commands(cli):
        assert f"factory {' '.join(path)}" in written


@pytest.mark.survive(3, "a closed pipe")
def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """`factory … | head` ends without a word."""
    rows = "".join(f'{{"id": {i}, "text": "hola a todos los que viven aquí"}}\n' for i in range(20_000))
    (tmp_path / "in.jsonl").write_text(rows)
    command = f"{sys.executable} -m factory step language {tmp_path / 'in.jsonl'} - | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert json_lines(done.stdout)[0]["language"] == "es"
    assert done.stderr == ""


def test_steps_say_the_same_as_the_recipes(tmp_path: Path) -> None:
    """Language and score are added, quality and dedup drop with a reason and keep the books."""
    texts = [PROSE, "Corto.", PROSE.upper()]
    given, out, bad = (tmp_path / n for n in ("in.jsonl", "out.jsonl", "bad.jsonl"))
    given.write_text("".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(texts)))
    ok("step", "language", given, out)
    assert json_lines(out.read_text())[0]["language"] == "es"
    ok("step", "quality", given, out, "--dropped", bad)
    assert [row["reason"] for row in json_lines(bad.read_text())] == ["quality_too_short"]
    ok("step", "dedup", given, out, "--dropped", bad)
    assert [row["cluster"] for row in json_lines(bad.read_text())] == ["0"]
    assert [row["id"] for row in json_lines(out.read_text())] == ["0", "1"]
