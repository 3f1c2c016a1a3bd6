"""The dataset card: every number from the manifest, nothing from anywhere else."""

from __future__ import annotations

from typing import Any

from factory.config import Recipe

# The Hub's own names (hf.co/docs/hub/repositories-licenses) where they differ from the lower-cased SPDX id.
_HUB_LICENCE = {"public-domain": "other", "CC-PDDC": "other", "unknown": "unknown"}
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write(config: Recipe, manifest: dict[str, Any]) -> str:
    """The README.md of a dataset: the Hub's YAML, then what people ask first."""
    return "\n".join([*_yaml(config, manifest), *_text(config, manifest)]) + "\n"


def _yaml(config: Recipe, manifest: dict[str, Any]) -> list[str]:
    licences = sorted({_HUB_LICENCE.get(x, x.lower()) for x in manifest["licence"]}) or ["other"]
    size = next((name for limit, name in _SIZES if manifest["rows"] < limit), "n>1M")
    lines = ["---", f"pretty_name: {manifest['recipe']}", "language:", f"- {config.select.language}", "license:"]
    lines += [f"- {x}" for x in licences]
    lines += ["task_categories:", "- text-generation", "tags:", "- medical", "- biology", f"size_categories:\n- {size}"]
    lines += ["configs:", "- config_name: text", "  default: true", "  data_files:"]
    for split in ("train", "validation", "eval"):
        files = [f for f in manifest["files"] if f.startswith(f"data/text/{split}-")]
        if files:
            lines += [f"  - split: {split}", "    path:", *[f"    - {f}" for f in files]]
    return [*lines, "---", ""]


def _table(name: str, tally: dict[str, int]) -> list[str]:
    return [f"| {name} | rows |", "|---|---:|", *[f"| {k} | {v:,} |" for k, v in tally.items()], ""]


def _text(config: Recipe, manifest: dict[str, Any]) -> list[str]:
    lines = [f"# {manifest['recipe']}", "", f"{config.title}.", ""]
    if manifest["unpublishable_included"]:
        lines += [
            "> **Not for publication.** Rows whose licence does not allow it were included on request: "
            + ", ".join(f"{v} {k}" for k, v in manifest["refused"].items())
            + ".",
            "",
        ]
    lines += [
        (
            f"{manifest['rows']:,} documents, {manifest['words']:,} words. Every row names its source, the page or "
            "second of each paragraph (`spans`) and the licence it comes under; read a row's licence before you use it."
        ),
        "",
        (
            "Of texts that repeat each other one is kept, unless they differ in a dose, a unit or a negation; "
            "`duplicates/` names each that was dropped and the one it repeats. `ATTRIBUTION.md` credits the sources."
        ),
        "",
        _personal(manifest),
        "",
        _evaluation(manifest),
        "",
        "The texts report what their authors wrote. They are no medical advice.",
        "",
        *_table("split", manifest["split"]),
        *_table("licence", manifest["licence"]),
        *_table("tradition", manifest["tradition"]),
        *_table("kind of source", manifest["source_kind"]),
        *_table("source", manifest["sources"]),
    ]
    if manifest["refused"] and not manifest["unpublishable_included"]:
        lines += ["Left out because their licence does not allow publishing:", "", *_table("why", manifest["refused"])]
    return lines


def _personal(manifest: dict[str, Any]) -> str:
    found = ", ".join(f"{name} {count:,}" for name, count in manifest["personal"].items())
    said = (
        f"Personal data found by rules was replaced by placeholders ({found})."
        if found
        else "No personal data was found by rules."
    )
    return said + " Rules do not find everything; texts of patients are published only after a named person read them."


def _evaluation(manifest: dict[str, Any]) -> str:
    if not manifest["checked_against"]:
        return "The texts were not checked against any evaluation set."
    sets = ", ".join(manifest["checked_against"])
    return f"Questions of these evaluation sets were cut out: {sets} ({manifest['questions_cut']:,} in these rows)."
