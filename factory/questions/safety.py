"""The safety policy over rows: what waits for a person, what a source is quoted as saying, how far it is believed."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from factory.questions.gates import cautions
from factory.questions.wording import lines, sentence_texts

NATURAL = ("natural", "traditional", "alternative")


class Rule(NamedTuple):
    """A line of a lexicon of rules: its name, whether it always holds a row back, and what must stand in a sentence."""

    name: str
    always: bool
    patterns: tuple[re.Pattern[str], ...]


@cache
def _rules(name: str) -> tuple[Rule, ...]:
    found = []
    for line in lines(name):
        label, _, rest = line.partition(":::")
        patterns = tuple(re.compile(part.strip(), re.IGNORECASE) for part in rest.split("&&&"))
        found.append(Rule(label.strip().rstrip("!"), label.strip().endswith("!"), patterns))
    return tuple(found)


def flags(question: str, answer: str) -> tuple[list[str], str | None]:
    """Which risks of the high-risk list a row speaks of, and the first that it does not warn of, if any.

    A sentence that says who must not, or must take care, is what the list is there for: it is flagged and goes on.
    """
    found: list[str] = []
    unwarned: str | None = None
    for rule in _rules("high_risk.txt"):
        for sentence in sentence_texts(f"{question}\n{answer}"):
            if all(pattern.search(sentence) for pattern in rule.patterns):
                if rule.name not in found:
                    found.append(rule.name)
                if rule.always or not (_warns(sentence) or sentence.rstrip().endswith("?")):
                    unwarned = unwarned or rule.name
    return found, unwarned


_WARNS = re.compile(
    r"\b(?:no|nunca|ni|sin|evit\w+|consult\w+|pregunt\w+|m[eé]dico|precauci[oó]n|cuidado|riesgo|peligr\w+"
    r"|t[oó]xic\w+|contraindica\w+|desaconseja\w*"
    r"|prohib\w+|suspend\w+|interacci\w+|aument\w+ (?:de )?(?:su|el|del) efecto|pierden efecto|hemorragia\w*"
    r"|sangrad\w+|avisar|vigilar|escasa?s?|insuficiente\w*)\b",
    re.IGNORECASE,
)


def _warns(sentence: str) -> bool:
    return bool(cautions(sentence)) or _WARNS.search(sentence) is not None


def evidence_tag(evidence: str) -> str:
    """What a named body or a trial is quoted with about the use, in the words of the EU's HMPC; else `no_evaluado`.

    Source: Directive 2004/24/EC and the HMPC's monographs: well-established use, traditional use.
    """
    for rule in _rules("evidence_tags.txt"):
        for sentence in sentence_texts(evidence):
            if all(pattern.search(sentence) for pattern in rule.patterns):
                return rule.name
    return "no_evaluado"
