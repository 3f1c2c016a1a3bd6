"""How well an engine translates: BLEU and chrF against human translations, and what the gates make of it.

Source: Post 2018, doi:10.18653/v1/W18-6319 (sacrebleu, whose signatures are kept with the scores).
"""

from __future__ import annotations

import html
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from factory.errors import ConfigError
from factory.translate.gates import check
from factory.translate.memory import Memory, Pair, pairs_in

if TYPE_CHECKING:
    from factory.build import Listener
    from factory.config import Recipe
    from factory.store import Store
    from factory.translate.segment import Unit

_EXAMPLES = 40


def pairs_of(path: str) -> list[Pair]:
    """The pairs of a parallel file: JSON lines or TSV with en and es. Raises ConfigError."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    return pairs_in(data, path)


def evaluated(
    store: Store, config: Recipe, pairs: list[Pair], environment: dict[str, str], name: str, listener: Listener
) -> dict[str, Any]:
    """Scores and gate rates of the engine over the pairs."""
    from datatrove.data import Document

    from factory.record import Paragraph, assemble
    from factory.stage import Context
    from factory.steps.translate import TranslateStep
    from factory.translate.engines import engines_of

    assert config.translate is not None
    os.environ.update(environment)
    engines = engines_of(config.translate)
    context = Context(store.root, "medical_en_es", "evaluate", 1, None, "")
    step = TranslateStep(context, config.translate, engines, config.calls)
    step.tell = listener.engine
    listener.stage("evaluate", name, engines.model, len(pairs))

    def documents() -> Any:
        for number, (english, _) in enumerate(pairs):
            text, spans = assemble([Paragraph(english)])
            yield Document(text, f"pair-{number:07d}", metadata={"spans": spans, "title": None, "form": None})

    units: list[list[Unit]] = []
    for _, plan in step.planned(documents(), store, Memory(())):
        units.append(plan.units)
        listener.advance(1)
    return _measured(pairs, units, name, engines.model)


def _measured(pairs: list[Pair], units: list[list[Unit]], name: str, model: str) -> dict[str, Any]:
    said = [" ".join(unit.target or unit.last for unit in one) for one in units]
    gates = [next((unit.gate for unit in one if unit.gate), None) for one in units]
    passed = [number for number, gate in enumerate(gates) if gate is None]
    alarms: Counter[str] = Counter()
    for english, spanish in pairs:
        found = check(english, spanish)
        alarms.update(list(found))
        alarms["any"] += bool(found)
    bad = [
        {"en": pairs[n][0], "es": pairs[n][1], "said": said[n], "gate": gate, "why": _why(units[n])}
        for n, gate in enumerate(gates)
        if gate
    ]
    attempts = Counter(max(unit.attempts for unit in one) for one in units if one)
    return {
        "file": name,
        "model": model,
        "pairs": len(pairs),
        "scores": {
            "all": _scores(said, [es for _, es in pairs]),
            "passed": _scores([said[n] for n in passed], [pairs[n][1] for n in passed]),
            "signatures": _signatures(),
        },
        "failed": dict(sorted(Counter(gate for gate in gates if gate).items())),
        "alarms": dict(sorted((gate, count) for gate, count in alarms.items() if count)),
        "attempts": {str(number): count for number, count in sorted(attempts.items())},
        "examples": bad[:_EXAMPLES],
    }


def _why(units: list[Unit]) -> str:
    return next((unit.said for unit in units if unit.gate), "")


def _metrics() -> tuple[Any, Any]:
    from sacrebleu.metrics.bleu import BLEU
    from sacrebleu.metrics.chrf import CHRF

    return BLEU(), CHRF()


def _scores(said: list[str], references: list[str]) -> dict[str, float]:
    if not said:
        return {"pairs": 0, "bleu": 0.0, "chrf": 0.0}
    bleu, chrf = _metrics()
    scores = {
        "bleu": bleu.corpus_score(said, [references]).score,
        "chrf": chrf.corpus_score(said, [references]).score,
    }
    return {"pairs": len(said)} | {name: round(score, 2) for name, score in scores.items()}


def _signatures() -> dict[str, str]:
    bleu, chrf = _metrics()
    for metric in (bleu, chrf):
        metric.corpus_score(["a"], [["a"]])
    return {"bleu": str(bleu.get_signature()), "chrf": str(chrf.get_signature())}


def write(store: Store, found: dict[str, Any]) -> dict[str, str]:
    """The report is in the home, as JSON and as a page; where."""
    from factory.report import page_of
    from factory.store import write_json

    slug = re.sub(r"[^\w.-]+", "-", f"{found['file']}-{found['model']}")[:100]
    key = f"reports/evaluate-{slug}"
    write_json(store, f"{key}.json", found)
    rows = "".join(
        f"<tr><td>{html.escape(one['en'])}<td>{html.escape(one['said'])}<td>{html.escape(one['es'])}"
        f"<td>{html.escape(one['gate'])}: {html.escape(one['why'])}"
        for one in found["examples"]
    )
    scores = found["scores"]
    table = "".join(
        f"<tr><td>{name}<td class=n>{scores[name]['pairs']:,}<td class=n>{scores[name]['bleu']:.1f}"
        f"<td class=n>{scores[name]['chrf']:.1f}"
        for name in ("passed", "all")
    )
    sections = [
        ("Scores", f"<table><tr><th>pairs<th>number<th>BLEU<th>chrF</tr>{table}</table>"),
        ("Signatures", "<br>".join(html.escape(one) for one in scores["signatures"].values())),
        ("Failed by gate", found["failed"]),
        ("Alarms over the references themselves", found["alarms"]),
        ("Times a unit was asked", found["attempts"]),
        ("What failed", f"<table><tr><th>English<th>said<th>reference<th>why</tr>{rows}</table>"),
    ]
    page = page_of(f"{found['file']} by {found['model']}", f"{found['pairs']:,} pairs", sections)
    store.write(f"{key}.html", page.encode())
    return {"json": store.path(f"{key}.json"), "html": store.path(f"{key}.html")}
