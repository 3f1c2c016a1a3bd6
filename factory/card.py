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
    translated = config.translate is not None
    language = "es" if translated or config.questions else config.select.language
    size = next((name for limit, name in _SIZES if manifest["rows"] < limit), "n>1M")
    lines = ["---", f"pretty_name: {manifest['recipe']}", "language:", f"- {language}", "license:"]
    lines += [f"- {x}" for x in licences]
    tags = ["medical", "biology", *(["translation", "machine-translation"] if translated else [])]
    tasks = ["text-generation", *(["question-answering", "translation"] if translated else [])]
    if config.questions is not None:
        tags.append("synthetic")
        tasks += ["question-answering", *(["multiple-choice"] if "mcq" in config.questions.kinds else [])]
    lines += ["task_categories:", *(f"- {task}" for task in tasks), "tags:", *(f"- {tag}" for tag in tags)]
    lines += [f"size_categories:\n- {size}", "configs:"]
    default = True
    order = config.questions.kinds if config.questions else ()
    there = dict.fromkeys(f.split("/")[1] for f in sorted(manifest["files"], reverse=True))
    for name in [*(kind for kind in order if kind in there), *(name for name in there if name not in order)]:
        lines += [f"- config_name: {name}", *(["  default: true"] if default else []), "  data_files:"]
        default = False
        for split in ("train", "validation", "eval"):
            files = [f for f in manifest["files"] if f.startswith(f"data/{name}/{split}-")]
            if files:
                lines += [f"  - split: {split}", "    path:", *[f"    - {f}" for f in files]]
    return [*lines, "---", ""]


def _table(name: str, tally: dict[str, int]) -> list[str]:
    return [f"| {name} | rows |", "|---|---:|", *[f"| {k} | {v:,} |" for k, v in tally.items()], ""]


def _text(config: Recipe, manifest: dict[str, Any]) -> list[str]:
    lines = [f"# {manifest['recipe']}", "", f"{config.title}.", ""]
    if config.questions is not None:
        return [*lines, *_asked(config, manifest)]
    if manifest["unpublishable_included"]:
        lines += [
            "> **Not for publication.** Rows whose licence does not allow it were included on request: "
            + ", ".join(f"{v} {k}" for k, v in manifest["refused"].items())
            + ".",
            "",
        ]
    lines += _translation(manifest) if config.translate else []
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


def _asked(config: Recipe, manifest: dict[str, Any]) -> list[str]:
    """What people ask first of a dataset of questions: who wrote them, what was checked, what was not."""
    lines: list[str] = []
    if manifest["unpublishable_included"]:
        lines += ["> **Not for publication.** Rows whose licence does not allow it were included on request.", ""]
    if manifest["drafts"]:
        lines += [f"> **Draft.** {manifest['drafts']:,} rows rest on texts translated by rules; never published.", ""]
    written = ", ".join(f"{name}: {count:,}" for name, count in manifest.get("lanes", {}).items()) or "nobody"
    lines += [
        (
            f"{manifest['rows']:,} rows over the sources below. **Written by machine** ({written}); `template` "
            f"rows are patterns over "
            "sentences of the source, copied word for word. No person reviewed them one by one."
        ),
        "",
        (
            "Every row names its evidence: the characters of the text whose hash it gives, with page or "
            "second, verified "
            "by code. Gates refuse what the evidence does not carry: numbers, units, denials, directions, "
            "names of things, "
            "promises, advice to stop a treatment, a contraindication left out. Gates do not find every wrong word."
        ),
        "",
    ]
    if manifest.get("length_only_accuracy") is not None:
        lines += [
            (
                f"A rule on lengths alone tells the chosen answer in {manifest['length_only_accuracy']:.1%} of the "
                "pairs (50 % is chance)."
            ),
            "",
        ]
    if manifest.get("key_chi_square") is not None:
        lines += [f"Chi-square of the keys' places: {manifest['key_chi_square']:g} (7.81 is the 5 % bound).", ""]
    names = {
        "kinds": "kind", "question_types": "type", "evidence_tags": "evidence tag", "safety_flags": "safety flag",
        "corruptions": "corruption", "strata": "stratum", "split": "split", "licence": "licence",
        "tradition": "tradition", "source": "source",
    }  # fmt: skip
    tallies = manifest | {"source": manifest["sources"]}
    for key, name in names.items():
        if tallies.get(key):
            lines += _table(name, tallies[key])
    lines += [
        (
            "`evidence_tag` says how far a use is believed, in the words of the EU's HMPC, and only where a "
            "named body or a "
            "trial is quoted; `no_evaluado` everywhere else. Claims are the sources'. They are no medical advice."
        ),
        "",
        _evaluation(manifest),
        "",
    ]
    if manifest["refused"] and not manifest["unpublishable_included"]:
        lines += [
            "Left out because a licence or a model's terms do not allow publishing:",
            "",
            *_table("why", manifest["refused"]),
        ]
    return lines


def _translation(manifest: dict[str, Any]) -> list[str]:
    """By what the texts were translated, and what the gates made of it."""
    lines = []
    if manifest["drafts"]:
        lines += [
            (
                f"> **Draft.** {manifest['drafts']:,} rows were translated by rules (Apertium), which lose the meaning"
                " of many medical sentences. They are here to show the way of the data and are never published."
            ),
            "",
        ]
    accepted = sum(count for name, count in manifest["units"].items() if name.startswith("accepted:"))
    failed = {name.removeprefix("failed:"): c for name, c in manifest["units"].items() if name.startswith("failed:")}
    said = ", ".join(f"{name} {count:,}" for name, count in failed.items()) or "none"
    models = ", ".join(f"{name}: {count:,} rows" for name, count in manifest["models"].items()) or "none"
    return [
        *lines,
        (
            f"**Machine translation** from English ({models}). No person reviewed it. Each row says so in"
            " `translation`, and `units` holds every piece beside its English."
        ),
        "",
        (
            f"Of the pieces in these rows {accepted:,} passed the gates of numbers, units, negation, content and form;"
            f" left out, because no try passed: {said}. Gates find changed doses and denials, not every wrong word."
        ),
        "",
    ]


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
