"""Apertium: rules, no model. A draft that shows the way of the data; it loses the meaning of many medical sentences.

Source: Forcada et al. 2011, doi:10.1007/s10590-011-9090-0.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

from factory.errors import ConfigError, EngineDown

ENGLISH_SPANISH, SPANISH_ENGLISH = "eng-spa", "spa-eng"
HOW = "Debian: apt-get install apertium apertium-eng-spa"
# One call translates so many characters at most: 0.2 s of start-up for about three seconds of work.
BLOCK = 200_000
_TIMEOUT = 300


@cache
def version() -> str | None:
    """Apertium and its English–Spanish data as installed here, or None."""
    if shutil.which("apertium") is None:
        return None
    modes = subprocess.run(["apertium", "-l"], capture_output=True, text=True, check=False, timeout=30).stdout.split()
    if ENGLISH_SPANISH not in modes:
        return None
    said = subprocess.run(["apertium", "-V"], capture_output=True, text=True, check=False, timeout=30)
    return " ".join((said.stdout or said.stderr).split())[:60] or "apertium"


def translated(texts: list[str], direction: str = ENGLISH_SPANISH) -> list[str]:
    """The translation of each text. Raises ConfigError where Apertium is missing, EngineDown where it fails."""
    if version() is None:
        raise ConfigError("Apertium with English and Spanish is not installed", HOW)
    found: list[str] = []
    for block in _blocks(texts):
        # A blank line ends what Apertium looks at together; none is inside a unit.
        given = "\n\n".join(" ".join(text.split()) for text in block)
        try:
            done = subprocess.run(
                ["apertium", "-u", "-f", "txt", direction],
                input=given.encode(),
                capture_output=True,
                check=False,
                timeout=_TIMEOUT,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineDown(f"Apertium said nothing for {_TIMEOUT} s") from error
        parts = done.stdout.decode("utf-8", "replace").rstrip("\n").split("\n\n")
        if done.returncode != 0 or len(parts) != len(block):
            if len(block) == 1:
                found.append("")
                continue
            parts = [one for text in block for one in translated([text], direction)]
        found += [" ".join(part.split()) for part in parts]
    return found


def _blocks(texts: list[str]) -> list[list[str]]:
    blocks: list[list[str]] = []
    size = BLOCK
    for text in texts:
        if size + len(text) > BLOCK:
            blocks.append([])
            size = 0
        blocks[-1].append(text)
        size += len(text)
    return blocks
