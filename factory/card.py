"""The dataset card: the Hub's YAML, then the same facts in Spanish and in English; every number from the manifest.

Source of the YAML's rules: the Hub's datasetcard.md (github.com/huggingface/hub-docs) and its page
hf.co/docs/hub/repositories-licenses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import yaml

from factory import card_words
from factory.config import Recipe
from factory.licence import url_of

SPLITS = ("train", "validation", "eval")
# The Hub's own names where they differ from the lower-cased SPDX id; what it has no name for is `other`.
_HUB_NAMES = {"odc-by-1.0": "odc-by", "odbl-1.0": "odbl", "pddl-1.0": "pddl"}
_HUB_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "etalab-2.0",
        "odc-by",
        "odbl",
        "pddl",
        "gfdl",
        "unknown",
    ]
)
_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"),
)  # fmt: skip
LICENCES = "LICENSE.md"


def write(config: Recipe, manifest: Mapping[str, Any]) -> str:
    """The README.md of a dataset."""
    parts = [(manifest["recipe"], config, manifest)]
    return front(parts) + card_words.text(parts)


def front(parts: Sequence[tuple[str, Recipe, Mapping[str, Any]]], *, together: bool = False) -> str:
    """The YAML of a repository of one recipe, or `together` of several; `parts`: recipe, its numbers, its manifest."""
    first = parts[0][1]
    table: dict[str, Any] = {
        "pretty_name": "Corpus médicos en español" if together else first.title_es or first.title,
        "language": sorted({language_of(config) for _, config, _ in parts}),
        **_licence([name for _, _, manifest in parts for name in manifest["licence"]]),
    }
    machine = any(config.questions or config.translate for _, config, _ in parts)
    found = any(not config.questions for _, config, _ in parts)
    translated = any(config.translate for _, config, _ in parts)
    table["annotations_creators"] = ["machine-generated" if machine else "no-annotation"]
    table["language_creators"] = [*(["found"] if found else []), *(["machine-generated"] if machine else [])]
    table["multilinguality"] = ["translation" if translated else "monolingual"]
    table["source_datasets"] = ["original"]
    table["task_categories"] = sorted({task for _, config, _ in parts for task in _tasks(config)})
    table["tags"] = list(dict.fromkeys(tag for _, config, _ in parts for tag in _tags(config)))
    rows = sum(manifest["rows"] for _, _, manifest in parts)
    table["size_categories"] = [next((name for limit, name in _SIZES if rows < limit), "n>1T")]
    configs = [one for name, config, manifest in parts for one in _configs(name, config, manifest, together=together)]
    table["configs"] = [
        {"config_name": one["name"], **({"default": True} if number == 0 else {}), "data_files": one["data_files"]}
        for number, one in enumerate(configs)
    ]
    table["dataset_info"] = [one["info"] for one in configs]
    return f"---\n{yaml.safe_dump(table, sort_keys=False, allow_unicode=True, width=1000)}---\n\n"


def language_of(config: Recipe) -> str:
    """The language of a dataset's rows."""
    return "es" if config.translate is not None or config.questions else config.select.language


def config_name(recipe: str, config: str, *, together: bool) -> str:
    """The name of a config: its own, or beside those of other recipes `<recipe>` for text, else `<recipe>-<config>`."""
    if not together:
        return config
    return recipe if config == "text" else f"{recipe}-{config}"


def _licence(names: Sequence[str]) -> dict[str, Any]:
    """`license`, and where the Hub has no name for one of them, what it wants to know of `other`."""
    folded = (name.lower() for name in set(names))
    found = {_HUB_NAMES.get(name, "gfdl" if name.startswith("gfdl-") else name) for name in folded}
    known = sorted(name if name in _HUB_LICENCES else "other" for name in found) or ["other"]
    table: dict[str, Any] = {"license": list(dict.fromkeys(known))}
    if "other" in known:
        table |= {"license_name": "per-row", "license_link": LICENCES}
    return table


def _tasks(config: Recipe) -> list[str]:
    if config.questions is None:
        return ["text-generation", *(["question-answering", "translation"] if config.translate else [])]
    return ["text-generation", "question-answering", *(["multiple-choice"] if "mcq" in config.questions.kinds else [])]


def _tags(config: Recipe) -> list[str]:
    tags = ["medical", "biology"]
    if {"natural", "traditional", "alternative"} & set(config.select.traditions):
        tags.append("natural-medicine")
    if config.translate is not None:
        tags.append("machine-translation")
    if config.questions is not None:
        tags += ["synthetic", *(["preference", "dpo"] if "preference" in config.questions.kinds else [])]
    return tags


def _configs(recipe: str, config: Recipe, manifest: Mapping[str, Any], *, together: bool) -> list[dict[str, Any]]:
    """Each config of a dataset: its name, its files by split, and what `datasets` wants to know of it."""
    from factory.export import schemas

    prefix = f"{recipe}/" if together else ""
    found = []
    for name, schema in schemas(config).items():
        data_files, splits = [], []
        sizes = {file: manifest["sizes"].get(file, [0, 0]) for file in manifest["files"] if _is_of(file, name)}
        for split in SPLITS:
            files = [file for file in sizes if file.startswith(f"data/{name}/{split}-")]
            if not files:
                continue
            data_files.append({"split": split, "path": [prefix + file for file in files]})
            rows = sum(manifest["files"][file] for file in files)
            splits.append({"name": split, "num_bytes": sum(sizes[f][1] for f in files), "num_examples": rows})
        if not data_files:
            continue
        info = {
            "config_name": config_name(recipe, name, together=together),
            "features": features(schema),
            "splits": splits,
            "download_size": sum(size[0] for size in sizes.values()),
            "dataset_size": sum(one["num_bytes"] for one in splits),
        }
        found.append({"name": info["config_name"], "data_files": data_files, "info": info})
    return found


def _is_of(file: str, name: str) -> bool:
    return file.startswith(f"data/{name}/")


def features(schema: pa.Schema) -> list[dict[str, Any]]:
    """The columns as `datasets` writes them into a card (docs/datasets, `Features`)."""
    return [{"name": field.name, **_feature(field.type)} for field in schema]


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        inner = _feature(kind.value_type)
        return {"list": inner.get("dtype") or inner.get("struct") or [inner]}
    if pa.types.is_struct(kind):
        return {"struct": features(pa.schema(list(kind)))}
    return {"dtype": {"double": "float64", "float": "float32"}.get(str(kind), str(kind))}


def licences(recipe: str, names: Sequence[str]) -> str:
    """LICENSE.md: each licence that stands in a row, and where its text is."""
    lines = [
        f"# {recipe}",
        "",
        "Cada fila dice su licencia en la columna `licence`. / Every row names its licence in the column `licence`.",
        "",
    ]
    for name in sorted(set(names)):
        url = url_of(name)
        lines.append(f"- [{name}]({url})" if url else f"- {name}")
    return "\n".join(lines) + "\n"
