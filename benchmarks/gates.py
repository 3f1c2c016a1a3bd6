"""How often the gates cry wolf over human translations, and how often they find a planted error: one table.

    python -m benchmarks.gates [--write]        prints it; --write puts it into docs/gates.md

The pairs are the shared data's (FACTORY_TEST_DATA); the errors come from tests/plant/translations.py, which imports no
gate and shares no word list with them. Pairs that a gate already fails are left out of the planting.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.measure import data
from factory.translate.gates import GATES, check
from tests.plant.translations import KINDS, plant

PAIRS = {
    "TICO-19": ["tico19/dev.jsonl"],
    "NCI PDQ": ["nci_pdq_paragraphs/dev.jsonl"],
    "CasiMedicos": ["casimedicos_sentences/train.jsonl", "casimedicos_sentences/dev.jsonl"],
}
PAGE = Path(__file__).parents[1] / "docs/gates.md"
_MARK = "<!-- table -->\n"


def pairs(name: str) -> list[tuple[str, str]]:
    """The English and Spanish texts of one source."""
    texts = [(data() / "parallel" / file).read_text("utf-8") for file in PAIRS[name]]
    rows = [json.loads(line) for text in texts for line in text.split("\n") if line]
    return [(row["en"], row["es"]) for row in rows]


def alarms(found: list[tuple[str, str]]) -> tuple[Counter[str], list[tuple[str, str]]]:
    """How many pairs each gate fails, `any` of them included, and the pairs that none fails."""
    counts: Counter[str] = Counter()
    good = []
    for english, spanish in found:
        failed = list(check(english, spanish))
        counts.update(failed)
        counts["any"] += bool(failed)
        if not failed:
            good.append((english, spanish))
    return counts, good


def planted(good: list[tuple[str, str]], kind: str, seed: str) -> tuple[int, int]:
    """How many errors of a kind were planted, and how many of them were found."""
    others = [spanish for _, spanish in good]
    count = hits = 0
    for english, spanish in good:
        bad = plant(kind, english, spanish, others, seed)
        if bad is not None:
            count += 1
            hits += bool(check(english, bad))
    return count, hits


def measure(seed: str = "1") -> dict[str, Any]:
    """The share of false alarms by gate and of errors found by kind, for each source."""
    result: dict[str, Any] = {"alarms": {}, "found": {}, "pairs": {}}
    for name in PAIRS:
        all_pairs = pairs(name)
        counts, good = alarms(all_pairs)
        result["pairs"][name] = len(all_pairs)
        result["alarms"][name] = {gate: counts[gate] for gate in (*GATES, "any")}
        result["found"][name] = {kind: planted(good, kind, seed) for kind in KINDS}
    return result


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    names = list(PAIRS)
    total = sum(result["pairs"].values())
    head = " | ".join(f"{name} ({result['pairs'][name]:,})" for name in names)
    lines = [f"| false alarms | {head} | all ({total:,}) |", "|---|" + "---:|" * (len(names) + 1)]
    for gate in (*GATES, "any"):
        counts = [result["alarms"][name][gate] for name in names]
        cells = [f"{c / result['pairs'][n]:.2%}" for n, c in zip(names, counts, strict=True)]
        lines.append(f"| {gate} | {' | '.join(cells)} | {sum(counts) / total:.2%} |")
    lines += ["", f"| errors found | {' | '.join(names)} | all |", "|---|" + "---:|" * (len(names) + 1)]
    for kind in KINDS:
        pairs_of = [result["found"][name][kind] for name in names]
        cells = [f"{hits / max(1, count):.1%} of {count:,}" for count, hits in pairs_of]
        count, hits = (sum(p[i] for p in pairs_of) for i in (0, 1))
        lines.append(f"| {kind} | {' | '.join(cells)} | {hits / count:.1%} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the table, and put it into the page with --write."""
    said = table(measure())
    print(said)
    if "--write" in sys.argv:
        before = PAGE.read_text("utf-8").split(_MARK)[0]
        PAGE.write_text(before + _MARK + said, "utf-8")


if __name__ == "__main__":
    main()
