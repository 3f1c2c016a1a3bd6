"""Corpus factory: open Spanish medical corpora, with the source of every row.

For notebooks; each name loads what it needs on first use:

    factory.read(path)              Documents of a file, as `factory read --json` prints them
    factory.detect_language(text)   language and score
    factory.near_duplicates(texts)  clusters of texts that repeat each other
    factory.scrub(text, profile)    the text without personal data
    factory.check_translation(en, es)  the gates that a translation fails
    factory.check_answer(passage, question, answer, quote)  the gates that a question and its answer fail
    factory.load(recipe)            the built dataset, by `datasets.load_dataset`
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from factory.steps.language import Detection

__version__ = "0.1.0"

# Libraries tell their makers of each run unless asked not to before they are imported (docs/decisions/024.md).
for _name, _quiet in {
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime, which PyMuPDF and faster-whisper import
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
}.items():
    os.environ.setdefault(_name, _quiet)


def read(path: str, kind: str | None = None) -> list[dict[str, Any]]:
    """Every Document of a file: `{path, text, spans, metadata, status, reason}`; a bad file is one with a reason."""
    from factory.cli.reading import read_file

    return list(read_file(path, kind))


def detect_language(text: str) -> Detection:
    """The language of a text (ISO 639-1, `und` if none) and how far to believe it, 0 to 1."""
    from factory.steps.language import detect

    return detect(text)


def near_duplicates(texts: Mapping[str, str]) -> list[tuple[str, ...]]:
    """The clusters of ids whose texts repeat each other, the one to keep first; a dose apart is not a duplicate."""
    from factory.dedup.clusters import near_duplicates as clusters

    return clusters(texts)


def scrub(text: str, profile: str = "article") -> str:
    """The text with typed placeholders (`[NOMBRE_1]`) for personal data.

    Profiles: clinical, article, book, web, transcript. Raises ValueError for another.
    """
    from factory.personal import scrub as scrubbed

    return scrubbed(text, profile).text


def check_translation(source: str, target: str) -> list[str]:
    """The slugs of the gates that a Spanish translation of an English text fails: `numbers`, `units`, `negation` …"""
    from factory.translate.gates import failed

    return failed(source, target)


def check_answer(passage: str, question: str, answer: str, quote: str | list[str]) -> list[str]:
    """The slugs of the gates that a Spanish question with its answer fails: `quote`, `numbers`, `entity`, `overclaim` …

    `quote`: what the answer rests on, word for word in `passage`; in one piece or several.
    """
    from factory.questions.gates import failed

    return failed(passage, question, answer, quote)


def load(recipe: str, home: str | None = None) -> Any:
    """The dataset that `factory build RECIPE` made in a home. Raises ConfigError if it is not built or has no row."""
    import os

    from factory.errors import ConfigError
    from factory.store import open_store, read_json

    store = open_store(home or os.environ.get("FACTORY_HOME", "data"))
    manifest = read_json(store, f"datasets/{recipe}/manifest.json")
    if manifest and not manifest["rows"]:
        raise ConfigError(f"{recipe} has no row", f"see why: factory inspect {recipe} --dropped")
    if manifest is None:
        raise ConfigError(f"{recipe} is not built in {store.root}", f"run: factory build {recipe}")
    from datasets import load_dataset

    return load_dataset(store.path(f"datasets/{recipe}"))
