"""Keys and tokens stand in no output of any command, and in no file that a command writes."""

from __future__ import annotations

import click
import pytest

from factory.cli import cli
from tests.command import run
from tests.publish.conftest import PROJECT, Path

pytestmark = pytest.mark.slow

SECRETS = {
    "HF_TOKEN": "hf_canary0001",
    "HUGGING_FACE_HUB_TOKEN": "hf_canary0002",
    "FACTORY_ENDPOINT_KEY": "sk-canary0003",
    "OPENAI_API_KEY": "sk-canary0004",
    "AWS_ACCESS_KEY_ID": "AKIACANARY0005",
    "AWS_SECRET_ACCESS_KEY": "canary0006/secret",
}
# Nothing listens there: what a command says of a server that is away is asked for too.
NOWHERE = "http://127.0.0.1:9"
TEXT = PROJECT / "samples/articles/natural/arnica-uso.md"
COMMANDS = [
    "doctor",
    "doctor --json",
    "sources check",
    "sources list",
    "sources import {sheet} --tradition natural --to {out}.toml",
    "ingest {text} --source uno --tradition natural --licence CC0-1.0",
    "ingest files {text} --source dos --tradition natural --licence CC0-1.0",
    "ingest articles --url http://127.0.0.1:9/page.html --source cuatro --allow-private",
    "ingest pdf http://127.0.0.1:9/book.pdf --source tres --tradition natural",
    "ingest youtube --video http://127.0.0.1:9/watch",
    "ingest jats not-an-id",
    "read {text}",
    "step language {rows} -",
    "build natural_es medical_es --json",
    "translate --endpoint http://127.0.0.1:9 --model google/gemma-2-2b-it",
    "synth-qa natural_es_qa --model BioMistral-7B --endpoint http://127.0.0.1:9",
    "synth-qa natural_es_qa -q",
    "models",
    "models survey",
    "export natural_es {out}",
    "publish natural_es --repo org/natural",
    "publish natural_es --repo org/natural --dry-run",
    "retract nobody --why canaries",
    "licences natural_es",
    "decontaminate list",
    "decontaminate index {text} --name uno",
    "decontaminate check {text}",
    "decontaminate remove uno",
    "scrub {text}",
    "status",
    "status --json",
    "logs",
    "inspect natural_es",
    "review natural_es_qa",
    "report natural_es",
    "query 'select 1'",
    "train pretrain --model BioMistral-7B --dataset natural_es --dry-run",
    "evaluate --model BioMistral-7B --tasks natural_es",
    'train --study --model BioMistral-7B --dataset natural_es_qa --set evaluate.tasks=["natural_es"] --dry-run',
    "ask árnica --corpus natural_es",
    "gc",
    "gc --home s3://canary-bucket/home",
    "build natural_es --home s3://canary-bucket/home",
]
# These are refused as they are written, which says something too.
WRONG = ("s3:", "youtube", "jats", "evaluate")


def _leaves(command: click.Command, words: tuple[str, ...] = ()) -> list[str]:
    if not isinstance(command, click.Group):
        return [" ".join(words)]
    names = command.list_commands(click.Context(command))
    return [
        leaf
        for name in names
        if (one := command.get_command(click.Context(command), name)) is not None
        for leaf in _leaves(one, (*words, name))
    ]


@pytest.mark.survive(8, "canary keys in the environment of every command: outputs and files")
def test_no_command_says_a_secret(home: Path, tmp_path: Path) -> None:
    """Every command of the help is run with keys in the environment, well and with servers that are away."""
    untried = [leaf for leaf in _leaves(cli) if not any(f"{one} ".startswith(f"{leaf} ") for one in COMMANDS)]
    assert untried == []
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"text": "La manzanilla se toma en infusión.", "id": "uno"}\n')
    sheet = tmp_path / "books.csv"
    sheet.write_text("title,author,url,licence\nPlantas,Ana,https://example.org/plantas.pdf,CC0-1.0\n")
    heard = []
    environment = {**SECRETS, "HF_ENDPOINT": NOWHERE, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path / "hf")}
    environment |= {"AWS_ENDPOINT_URL": NOWHERE, "AWS_EC2_METADATA_DISABLED": "true"}
    for one in COMMANDS:
        words = (
            one.format(text=TEXT, rows=rows, sheet=sheet, out=tmp_path / "out")
            .replace("'select 1'", "select¤1")
            .split()
        )
        done = run(*(word.replace("¤", " ") for word in words), home=home, **environment)
        said = done.stdout + done.stderr
        assert [name for name, secret in SECRETS.items() if secret in said] == [], one
        assert "Traceback" not in said, one
        heard.append((one, done.returncode))
    # They did what they are for, or said why not: none stopped at its arguments.
    assert [one for one, code in heard if code == 2 and not any(way in one for way in WRONG)] == []
    for file in tmp_path.rglob("*"):
        if file.is_file():
            held = file.read_bytes()
            assert [name for name, secret in SECRETS.items() if secret.encode() in held] == [], file
