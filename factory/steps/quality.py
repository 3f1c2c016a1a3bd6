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
from datatrove.pipeline.filters.gopher_repetition_filter import (
    find_all_duplicate,
    find_duplicates,
    find_top_duplicate,
    get_n_grams,
)

from factory.config import PROFILE_OF_KIND, Profile, Quality, Web

# The twelve commonest function words of Spanish (CREA frequency list, RAE), without those shared with English.
STOP_WORDS = frozenset("de la que el en los del se las por un con una para su al es como más o sus".split())
_STOP_WORDS = {
    "es": STOP_WORDS,
    # Gopher's own eight (arXiv:2112.11446, appendix A.1), and the commonest others.
    "en": frozenset("the be to of and that have with is are was for in a on by or as".split()),
}
_WORD = regex.compile(r"\S+")
_LETTER = regex.compile(r"\p{L}")
# FineWeb-2's for Spanish.
_WEB_STOP_WORDS = {
    "es": frozenset("de la en el y a que del los se por un con una las su".split()),
    "en": frozenset("the and to of a in is that for it on with as be are by".split()),
}
_ENDS = (".", "!", "?", "…", '"', "”", "»", "。")
_SYMBOL = regex.compile(r"[#…|\\{}<>_~^=*]|\.{3}")


def verdict(text: str, spans: list[dict[str, Any]], rules: Quality, language: str | None = "es") -> str | None:
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
    if len(_STOP_WORDS.get(language or "es", STOP_WORDS) & folded.keys()) < rules.min_stop_words:
        return "quality_no_function_words"
    return None


def web_verdict(
    text: str, spans: list[dict[str, Any]], score: float, rules: Web, language: str | None = "es"
) -> str | None:
    """Why a web page fails FineWeb-2's rules for Spanish, as a slug; None if it passes.

    Words by white space, where FineWeb-2 has spaCy's: seven times faster, and the thresholds are shares of characters.
    """
    if score < rules.min_language_score:
        return "web_language_score"
    lines = [line for s in spans for line in text[s["start"] : s["end"]].split("\n") if line.strip()]
    words = text.split()
    characters = max(1, len(text))
    if not rules.min_words <= len(words) <= rules.max_words:
        return "web_words"
    if not rules.min_mean_word <= sum(map(len, words)) / len(words) <= rules.max_mean_word:
        return "web_word_length"
    if sum(1 for w in words if _LETTER.search(w)) < rules.min_alpha_share * len(words):
        return "web_few_words"
    if (
        sum(1 for w in words if w.casefold() in _WEB_STOP_WORDS.get(language or "es", STOP_WORDS))
        < rules.min_stop_words
    ):
        return "web_no_function_words"
    repeated, repeated_characters = find_duplicates(lines)
    if repeated > rules.max_duplicate_lines * len(lines):
        return "web_repeated_lines"
    if repeated_characters > rules.max_duplicate_characters * characters:
        return "web_repeated_lines"
    if sum(1 for line in lines if line.endswith(_ENDS)) < rules.min_punctuated_lines * len(lines):
        return "web_no_sentences"
    if len(lines) - 1 > rules.max_lines_per_word * len(words):
        return "web_list"
    for n, share in rules.top_n_grams.items():
        if len(words) >= n and find_top_duplicate(get_n_grams(words, n)) > share * characters:
            return "web_repeated_words"
    for n, share in rules.duplicate_n_grams.items():
        if find_all_duplicate(words, n) > share * characters:
            return "web_repeated_words"
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
    version = 3

    def __init__(self, rules: dict[Profile, Quality], web: Web) -> None:
        super().__init__()
        self.rules = rules
        self.web = web

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        profile: Profile = doc.metadata["profile"] or PROFILE_OF_KIND[doc.metadata["source_kind"]]
        spans, language = doc.metadata["spans"], doc.metadata.get("language")
        failed = verdict(doc.text, spans, self.rules.get(profile) or Quality(), language)
        if failed is None and profile == "web":
            failed = web_verdict(doc.text, spans, doc.metadata["language_score"] or 0.0, self.web, language)
        return True if failed is None else (False, failed)


class KeepLanguage(BaseFilter):
    """Documents in these languages, believed at least so much, go on."""

    name = "Language"
    version = 2

    def __init__(self, languages: tuple[str, ...], min_score: float) -> None:
        super().__init__()
        self.languages = languages
        self.min_score = min_score

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        found, score = doc.metadata["language"], doc.metadata["language_score"] or 0.0
        if found not in self.languages:
            return False, f"language_{found or 'und'}"
        return True if score >= self.min_score else (False, "language_uncertain")


class KeepTexts(BaseFilter):
    """Documents that are texts go on; a question with its fields (a row of a question set) is none."""

    name = "Texts"
    version = 1

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        form = doc.metadata["form"]
        return True if form is None or form == "page" else (False, "question_row")


_KEPT_APART = frozenset({"dev", "test", "valid", "validation", "eval"})


class KeepQuestions(BaseFilter):
    """Questions of sets go on, but for those that their set keeps for evaluation."""

    name = "Question rows"
    version = 1

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        if doc.metadata["form"] is None:
            return False, "no_question_row"
        # The file's own name says so: `dev.tsv`, `casimedicos-test.jsonl`.
        words = set(regex.split(r"[^a-z0-9]+", (doc.metadata["title"] or "").lower()))
        return True if words.isdisjoint(_KEPT_APART) else (False, "held_out_by_its_set")


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
