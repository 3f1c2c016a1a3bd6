"""Quality by kind of source: one list of rules fits none of them all.

Source: Rae et al. 2021 (Gopher), arXiv:2112.11446, appendix A.1; the thresholds of each profile are in
the recipe's TOML. Transcripts have no punctuation and dose tables few letters, so rules on those are
loose or off by profile.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import regex
from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter

from factory.config import PROFILE_OF_KIND, Profile, Quality

# The twelve commonest function words of Spanish (CREA frequency list, RAE), without those shared with English.
STOP_WORDS = frozenset(
    [
        "de",
        "la",
        "que",
        "el",
        "en",
        "los",
        "del",
        "se",
        "las",
        "por",
        "un",
        "con",
        "una",
        "para",
        "su",
        "al",
        "es",
        "como",
        "más",
        "o",
        "sus",
    ]
)
_WORD = regex.compile(r"\S+")
_LETTER = regex.compile(r"\p{L}")
_SYMBOL = regex.compile(r"[#…|\\{}<>_~^=*]|\.{3}")


def verdict(text: str, spans: list[dict[str, Any]], rules: Quality) -> str | None:
    """Why a text fails the rules, as a slug; None if it passes."""
    body = [text[s["start"] : s["end"]] for s in spans if s["role"] in ("body", "heading", "footnote")]
    tables = sum(1 for s in spans if s["role"] == "table")
    words = _WORD.findall(" ".join(body))
    if len(words) + 20 * tables < rules.min_words or not words:
        return "quality_too_short"
    mean = sum(map(len, words)) / len(words)
    if not rules.min_mean_word <= mean <= rules.max_mean_word:
        return "quality_word_length"
    if sum(1 for w in words if _LETTER.search(w)) < rules.min_alpha_share * len(words):
        return "quality_few_words"
    if len(_SYMBOL.findall(" ".join(body))) > rules.max_symbol_share * len(words):
        return "quality_symbols"
    folded = Counter(w.casefold().strip(".,;:¿?¡!()") for w in words)
    if folded.most_common(1)[0][1] > max(5, rules.max_top_word_share * len(words)):
        return "quality_repeated_word"
    if _duplicate_share(body) > rules.max_duplicate_share:
        return "quality_repeated_paragraphs"
    if len(STOP_WORDS & folded.keys()) < rules.min_stop_words:
        return "quality_no_function_words"
    return None


def _duplicate_share(paragraphs: list[str]) -> float:
    seen: set[str] = set()
    repeated = 0
    for paragraph in paragraphs:
        repeated += len(paragraph) if paragraph in seen else 0
        seen.add(paragraph)
    return repeated / max(1, sum(map(len, paragraphs)))


class QualityFilter(BaseFilter):
    """Documents that pass the rules of their profile go on."""

    name = "Quality"
    version = 1

    def __init__(self, rules: dict[Profile, Quality]) -> None:
        super().__init__()
        self.rules = rules

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        profile = PROFILE_OF_KIND[doc.metadata["source_kind"]]
        failed = verdict(doc.text, doc.metadata["spans"], self.rules.get(profile) or Quality())
        return True if failed is None else (False, failed)


class KeepLanguage(BaseFilter):
    """Documents in one language, believed at least so much, go on."""

    name = "Language"
    version = 1

    def __init__(self, language: str, min_score: float) -> None:
        super().__init__()
        self.language = language
        self.min_score = min_score

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        found, score = doc.metadata["language"], doc.metadata["language_score"] or 0.0
        if found != self.language:
            return False, f"language_{found or 'und'}"
        return True if score >= self.min_score else (False, "language_uncertain")


class KeepTraditions(BaseFilter):
    """Documents of the recipe's traditions go on: what an item says of itself may differ from its source."""

    name = "Tradition"
    version = 1

    def __init__(self, traditions: tuple[str, ...]) -> None:
        super().__init__()
        self.traditions = traditions

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        found = doc.metadata["tradition"]
        return True if found in self.traditions else (False, f"tradition_{found}")
