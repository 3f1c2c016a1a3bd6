"""The house's own rules, checked: the tree in the README, one-way imports, versions of steps, no blanket except."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import json
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
FACTORY = PROJECT / "factory"
# A (left) may be imported by what stands on its right, never the other way round.
LAYERS = [
    {"errors", "record", "config", "interrupt"},
    {"words", "personal", "medical", "models", "translate", "questions", "questions_of"},
    {"store", "licence", "schema", "decontaminate", "exams", "readers", "lock", "batch", "ledger", "sources", "stage"}
    | {"fetch", "receipts", "speech", "lists", "cells"}
    | {
        "keeper",
        "server",
        "servers",
        "serving",
        "cluster",
        "replies",
        "engine",
        "fleet",
        "survey",
        "tombstones",
        "smc",
    },
    {"steps", "dedup", "books", "items", "gather"},
    {
        "executors",
        "worker",
        "card",
        "card_words",
        "attribution",
        "asked",
        "build",
        "derived",
        "reviews",
        "export",
        "report",
        "gc",
    }
    | {"published", "carry", "parcel", "hub", "opening", "retract"},
    {"cli", "__main__", "__init__"},
]
HEAVY = {"datatrove", "pyarrow", "fsspec", "pymupdf", "trafilatura", "spacy", "lxml", "numpy"}
NEVER_TOP_LEVEL = {"torch", "vllm", "transformers", "trl", "datasets", "ray"}
# What a step's results come from besides its own module.
BEHIND = {
    "Signatures": ("words", "dedup.signatures", "dedup.batches"),
    "Duplicates": (
        "dedup.batches",
        "dedup.clusters",
        "dedup.compare",
        "dedup.measures",
        "dedup.index",
        "dedup.across",
        "medical",
    ),
    "Decontaminate": ("words", "decontaminate"),
    "TagTopic": ("dedup.compare", "medical"),
    "SplitQuestions": ("questions_of",),
    "TranslateStep": (
        "models",
        "engine",
        *(f"translate.{p.stem}" for p in sorted(FACTORY.glob("translate/[a-z]*.py"))),
    ),
}
_ASKED = tuple(f"questions.{p.stem}" for p in sorted(FACTORY.glob("questions/[a-z]*.py")))
BEHIND |= dict.fromkeys(("TemplateStep", "Compose", "PairStep", "BalancePairs", "HeldOut", "Novel"), _ASKED)
BEHIND |= {"ModelStep": ("models", "engine", *_ASKED), "KeepAsked": ("steps.ask",)}
VERSIONS = Path(__file__).with_name("step_versions.json")


def modules() -> list[tuple[str, Path]]:
    return [(p.relative_to(FACTORY).with_suffix("").as_posix(), p) for p in sorted(FACTORY.rglob("*.py"))]


def imports(path: Path, *, top: bool) -> set[str]:
    tree = ast.parse(path.read_text())
    nodes = _top(tree) if top else list(ast.walk(tree))
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def _top(tree: ast.Module) -> list[ast.stmt]:
    """Statements that run on import: not those under TYPE_CHECKING."""
    return [n for n in tree.body if not (isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")]


def layer(name: str) -> int:
    head = name.split("/", maxsplit=1)[0].split(".", maxsplit=1)[0]
    return next(i for i, names in enumerate(LAYERS) if head in names)


def test_imports_point_one_way() -> None:
    """No module imports, on import, from a layer above its own."""
    wrong = []
    for name, path in modules():
        for imported in imports(path, top=True):
            if imported.startswith("factory.") and layer(imported.removeprefix("factory.")) > layer(name):
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


def test_the_trainer_knows_datasets_only() -> None:
    """Of the factory it takes what is pure; heavy libraries are loaded where they are used, and the factory never loads it."""
    for path in sorted((PROJECT / "trainer").glob("*.py")):
        found = {name for name in imports(path, top=False) if name.startswith("factory.")}
        assert found <= {f"factory.{name}" for name in ("config", "decontaminate", "errors", "models")}, path
        assert not {name.split(".")[0] for name in imports(path, top=True)} & (NEVER_TOP_LEVEL | {"lm_eval", "peft"}), (
            path
        )
    for name, path in modules():
        known = {one for one in imports(path, top=False) if one.split(".")[0] == "trainer"}
        assert not known or name in ("cli/training", "cli/measuring", "cli/studying"), name
        assert not {one for one in imports(path, top=True) if one.split(".")[0] == "trainer"}, name


def test_a_reader_knows_no_store_stage_or_command() -> None:
    """What a reader must write, it is handed; readers do not know each other."""
    for name, path in modules():
        if name.startswith("readers/"):
            found = {i for i in imports(path, top=False) if i.startswith("factory.")}
            assert not {i for i in found if i.split(".")[1] in ("store", "stage", "cli", "build", "ledger", "batch")}, (
                name
            )


def test_heavy_libraries_stay_in_their_leaves() -> None:
    """cli, config, errors and what they import at once load none of them; some are never loaded at the top."""
    for name, path in modules():
        found = {i.split(".")[0] for i in imports(path, top=True)}
        assert not found & NEVER_TOP_LEVEL, name
        if name.split("/")[0] in (
            "cli",
            "config",
            "errors",
            "record",
            "store",
            "ledger",
            "batch",
            "stage",
            "sources",
            "lock",
        ):
            assert not found & HEAVY, name


def test_no_blanket_except_but_the_one() -> None:
    """`except Exception` stands once: in the reader's child."""
    found = [
        name
        for name, path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in ("Exception", "BaseException"))
    ]
    assert found == ["readers/child"]


def test_the_readmes_tree_is_the_tree() -> None:
    """Every path of the captioned tree is there, and every module of the top level is in it."""
    block = re.search(r"## The tree\n\n```text\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    named = set()
    for line in block.group(1).splitlines():
        path = line.split()[0]
        inside = line.startswith("  ")
        assert (FACTORY / path if inside else PROJECT / path).exists(), path
        if inside:
            named.add(path.rstrip("/"))
    there = {
        p.name
        for p in FACTORY.iterdir()
        if p.name not in ("__init__.py", "__main__.py") and not p.name.startswith(("__", "."))
    }
    assert named == there


def step_digests() -> dict[str, list[object]]:
    """Version and source digest of every step the recipes use, and of what its results come from."""
    from factory.build import names, recipe_config
    from factory.stage import Context, recipe_module

    found: dict[str, list[object]] = {}
    for recipe in names():
        context = Context("", recipe, "0001", 1, None, "")
        for stage in recipe_module(recipe).stages(recipe_config(recipe), context):
            for step in stage.steps:
                source = _source_behind(type(step))
                found[type(step).__name__] = [step.version, hashlib.sha256(source.encode()).hexdigest()[:16]]
    return found


def _source_behind(step: type) -> str:
    """The code a step's results come from: its module, or for the reader all readers; comments do not count."""
    modules = [inspect.getmodule(step)]
    if step.__name__ == "ReadItems":
        modules += [
            importlib.import_module(f"factory.readers.{p.stem}")
            for p in sorted((FACTORY / "readers").glob("[a-z]*.py"))
        ]
        modules.append(importlib.import_module("factory.record"))
    if step.__name__ == "LanguageStep":
        modules.append(importlib.import_module("factory.steps.close_languages"))
    modules += [importlib.import_module(f"factory.{m}") for m in BEHIND.get(step.__name__, ())]
    if step.__name__ == "ScrubPersonal":
        modules += [
            importlib.import_module(f"factory.personal.{p.stem}") for p in sorted(FACTORY.glob("personal/*.py"))
        ]
    lines = [line.strip() for m in modules if m for line in inspect.getsource(m).splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def test_a_changed_step_has_a_new_version() -> None:
    """Code that changed without its version would let old results pass for new ones.

    After raising the version: python -m tests.test_layout
    """
    known = json.loads(VERSIONS.read_text())
    for name, (version, digest) in step_digests().items():
        assert name in known, f"{name} is new: python -m tests.test_layout"
        if known[name][1] != digest:
            assert version > known[name][0], f"{name} changed: raise its version, then python -m tests.test_layout"
        assert known[name] == [version, digest], f"record the new version of {name}: python -m tests.test_layout"


def test_no_registry_and_no_path_of_a_machine_stands_in_the_project() -> None:
    """Constraints name packages only, and no file names an index."""
    assert "://" not in (PROJECT / "constraints.txt").read_text()
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=PROJECT).stdout.split(
        "\n"
    )
    hosts = re.compile("pypi" + r"\.org|files\.python" + "hosted|/opt/" + "pypi")
    for name in listed:
        path = PROJECT / name
        if path.suffix in (".py", ".toml", ".md", ".txt", ".cfg", "") and path.is_file():
            assert not hosts.search(path.read_text("utf-8", "replace")), name


@pytest.mark.slow
def test_the_wheel_works_elsewhere(tmp_path: Path) -> None:
    """The wheel holds recipes and their numbers, and runs from another folder."""
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(PROJECT),
    ]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    venv.create(tmp_path / "env", symlinks=True)
    wheel = next(tmp_path.glob("*.whl"))
    site = next((tmp_path / "env").glob("lib/python*/site-packages"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)], check=True
    )
    (site / "parent.pth").write_text(next(p for p in sys.path if p.endswith("site-packages")))
    code = (
        "import pipelines, factory.build as b; from factory.models import find; "
        "from factory.translate.prompt import prompts_sha256; from factory import check_translation; "
        "print(b.names(), pipelines.__file__, find('BioMistral-7B').repo, prompts_sha256(), "
        "check_translation('Take 5 mg.', 'Tome 50 mg.'))"
    )
    said = subprocess.run(
        [tmp_path / "env/bin/python", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert "medical_es" in said
    assert "BioMistral/BioMistral-7B" in said
    assert "['numbers']" in said
    assert str(site) in said


if __name__ == "__main__":
    VERSIONS.write_text(json.dumps(step_digests(), indent=1) + "\n")
