"""What a killed run goes on from: the last checkpoint that is whole, and the stages that are done.

A kill during a save leaves a folder with some of its files, or with one cut short; that folder is removed. A stage is
done when `done.json` stands, which is written last.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
import zipfile
from typing import Any

from factory.errors import ConfigError

_NAME = re.compile(r"checkpoint-(\d+)")
_TORCH = ("optimizer.pt", "scheduler.pt", "rng_state.pth")


def last_whole(folder: str) -> str | None:
    """The newest whole checkpoint of a folder; the ones behind it that are not whole are gone."""
    if not os.path.isdir(folder):
        return None
    found = sorted(((int(m[1]), name) for name in os.listdir(folder) if (m := _NAME.fullmatch(name))), reverse=True)
    for step, name in found:
        path = os.path.join(folder, name)
        if _whole(path, step):
            return path
        shutil.rmtree(path)
    return None


def _whole(path: str, step: int) -> bool:
    try:
        with open(os.path.join(path, "trainer_state.json"), encoding="utf-8") as file:
            if json.load(file)["global_step"] != step:
                return False
        for name in _TORCH:
            with zipfile.ZipFile(os.path.join(path, name)) as archive:
                if archive.testzip() is not None:
                    return False
        weights = [name for name in os.listdir(path) if name.endswith(".safetensors")]
        return bool(weights) and all(_safetensors(os.path.join(path, name)) for name in weights)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return False


def _safetensors(path: str) -> bool:
    """The file is as long as its header says (the format: github.com/huggingface/safetensors)."""
    with open(path, "rb") as file:
        head = file.read(8)
        if len(head) < 8:
            return False
        (size,) = struct.unpack("<Q", head)
        header = json.loads(file.read(size))
    end = max((one["data_offsets"][1] for name, one in header.items() if name != "__metadata__"), default=0)
    return bool(os.path.getsize(path) == 8 + size + end)


def digest(value: Any) -> str:
    """The hash of settings, the same for the same settings."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


class Stage:
    """The folder of one stage of a run."""

    def __init__(self, out: str, name: str, settings: Any) -> None:
        self.name, self.folder, self.key = name, os.path.join(out, name), digest(settings)
        self._settings = settings

    def path(self, *parts: str) -> str:
        return os.path.join(self.folder, *parts)

    def done(self) -> dict[str, Any] | None:
        """What the finished stage says of itself, or None. Raises ConfigError where its settings were others."""
        begun = _read(self.path("settings.json"))
        if begun is not None and digest(begun) != self.key:
            raise ConfigError(
                f"{self.folder} was made with other settings", "take another --out, or remove that folder"
            )
        found = _read(self.path("done.json"))
        if found is not None:
            # A run that was killed as it ended may have left them.
            self._drop()
        return found

    def begin(self) -> None:
        os.makedirs(self.folder, exist_ok=True)
        write(self.path("settings.json"), self._settings)

    def finish(self, result: dict[str, Any]) -> None:
        """The stage is done; its checkpoints are no longer needed."""
        write(self.path("done.json"), result)
        self._drop()

    def _drop(self) -> None:
        shutil.rmtree(self.path("checkpoints"), ignore_errors=True)


def identity(folder: str | None) -> str | None:
    """The SHA-256 of the weights of a folder that a stage made; None where there is none."""
    if folder is None or not os.path.isdir(folder):
        return None
    found = hashlib.sha256()
    for name in sorted(os.listdir(folder)):
        if name.endswith(".safetensors"):
            with open(os.path.join(folder, name), "rb") as file:
                found.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}".encode())
    return found.hexdigest()


def result(out: str, name: str) -> dict[str, Any] | None:
    """What a finished stage of a run says of itself, or None."""
    return _read(os.path.join(out, name, "done.json"))


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            return dict(json.load(file))
    except FileNotFoundError:
        return None


def write(path: str, value: Any) -> None:
    """The file is whole or absent."""
    part = f"{path}.part"
    with open(part, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=1, sort_keys=True, default=str)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
