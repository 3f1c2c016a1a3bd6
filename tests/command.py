"""Runs the real command, as a person would."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROSE = (
    "La manzanilla se toma en infusión después de comer para aliviar la pesadez de estómago. Según el uso tradicional "
    "basta una cucharadita de flores secas por taza, tapada durante diez minutos. No debe darse a quien tenga alergia a "
    "las margaritas u otras compuestas, y conviene avisar al médico si se toman anticoagulantes, porque podría sumarse "
    "a su efecto. Las pruebas de que ayude a dormir son escasas y de poca calidad.\n"
)
FACTORY = (sys.executable, "-m", "factory")


def run(*arguments: str | Path, home: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """The finished command, its output as text."""
    env = {k: v for k, v in os.environ.items() if k != "FACTORY_HOME"} | environment
    if home is not None:
        env["FACTORY_HOME"] = str(home)
    command = [*FACTORY, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=240)


def ok(*arguments: str | Path, home: Path | None = None, **environment: str) -> str:
    """The output of a command that must end 0."""
    done = run(*arguments, home=home, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def json_lines(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def tree(home: Path) -> dict[str, str]:
    """Every byte that the inputs determine: data, rejected, items, manifests and datasets."""
    found = {}
    for file in sorted(home.rglob("*")):
        key = file.relative_to(home).as_posix()
        inside = key.split("/")
        if not file.is_file() or inside[0] not in ("stages", "datasets", "batches"):
            continue
        if inside[0] == "stages" and (inside[4] == "logs" or inside[4] in ("run.json", "inputs")):
            continue
        if inside[0] == "datasets" and len(inside) == 2:
            continue
        found[key] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found
