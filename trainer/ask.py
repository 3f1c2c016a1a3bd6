"""Retrieval with citations: a corpus of the factory → passages by BM25, each with the page or second it opens at.

bm25s (Lù 2024, arXiv:2407.03618) over Spanish stems (Snowball). A passage is a run of paragraphs under one heading;
its evidence is word for word what the source says. Without a model the best sentences are quoted; with one, what it
writes is kept only where every sentence of it cites a passage and the gates find it there.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from factory.errors import ConfigError

WORDS = 180
# Below this share of the question's stems (weighed by how rare they are) a corpus does not know.
KNOWN = 0.6
NOT_KNOWN = "El corpus no lo dice."
NO_ADVICE = "Esto no es consejo médico: son palabras de las fuentes citadas; consulte a un profesional."
_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[¿¡«\"(]?[A-ZÁÉÍÓÚÑ0-9])")


class Passage(NamedTuple):
    """Words `start` to `end` of a Document, and where a person opens it."""

    doc_id: str
    start: int
    end: int
    text: str
    heading: str
    title: str
    place: str
    licence: str


def passages(row: dict[str, Any]) -> Iterable[Passage]:
    """The passages of a text row: paragraphs in order, at most `WORDS` words, never over a heading."""
    run: list[dict[str, Any]] = []
    for span in row["spans"]:
        new = run and (span.get("heading") != run[0].get("heading") or span.get("page") != run[0].get("page"))
        if span["role"] == "heading" or new or _size(row, run) >= WORDS:
            yield from _made(row, run)
            run = []
        if span["role"] in ("body", "table"):
            run.append(span)
    yield from _made(row, run)


def _size(row: dict[str, Any], run: list[dict[str, Any]]) -> int:
    return len(row["text"][run[0]["start"] : run[-1]["end"]].split()) if run else 0


def _made(row: dict[str, Any], run: list[dict[str, Any]]) -> Iterable[Passage]:
    if run:
        start, end = run[0]["start"], run[-1]["end"]
        place = place_of(row, run[0])
        heading = run[0].get("heading") or ""
        yield Passage(
            row["doc_id"], start, end, row["text"][start:end], heading, row.get("title") or "", place, row["licence"]
        )


def place_of(row: dict[str, Any], span: dict[str, Any]) -> str:
    """The address that opens the source at the page or the second; of a file its source and page."""
    url, page, second = row.get("url") or "", span.get("page"), span.get("start_seconds")
    if second is not None and url:
        return f"{url}{'&' if '?' in url else '?'}t={int(second)}s"
    if page is not None and url:
        return f"{url}#page={page}"
    if url:
        return url
    name = f"{row['source_id']}/{row['doc_id']}"
    return f"{name}, p. {page}" if page is not None else f"{name}, {int(second)} s" if second is not None else name


def stems(texts: Sequence[str]) -> list[list[str]]:
    """The Spanish stems of each text, without accents and function words."""
    import Stemmer

    stemmer = Stemmer.Stemmer("spanish")
    found = []
    for text in texts:
        words = [word for word in re.findall(r"\w+", text.lower()) if word not in _STOP]
        found.append([_plain(one) for one in stemmer.stemWords(words)])
    return found


def _plain(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


_STOP = frozenset(
    [
        "a",
        "al",
        "ante",
        "como",
        "con",
        "cual",
        "cuales",
        "cuándo",
        "cuando",
        "cuánto",
        "cuanto",
        "cuánta",
        "cuanta",
        "cuáles",
        "cuál",
        "cómo",
        "de",
        "del",
        "desde",
        "donde",
        "dónde",
        "e",
        "el",
        "ella",
        "ellas",
        "ellos",
        "en",
        "entre",
        "era",
        "es",
        "esa",
        "ese",
        "eso",
        "esta",
        "este",
        "esto",
        "está",
        "están",
        "fue",
        "ha",
        "hay",
        "han",
        "la",
        "las",
        "le",
        "les",
        "lo",
        "los",
        "más",
        "me",
        "mi",
        "muy",
        "ni",
        "no",
        "o",
        "para",
        "pero",
        "por",
        "porque",
        "que",
        "qué",
        "quién",
        "quien",
        "se",
        "según",
        "ser",
        "si",
        "sin",
        "sobre",
        "son",
        "su",
        "sus",
        "también",
        "te",
        "tiene",
        "tienen",
        "tras",
        "u",
        "un",
        "una",
        "uno",
        "unos",
        "unas",
        "y",
        "ya",
        "qué",
        "sirve",
        "debe",
        "deben",
        "puede",
        "pueden",
    ]
)


# How sections are called that answer what is asked with another word; both as stems.
_ALSO = {
    "trat": ("tratamient", "medicament", "terapi"),
    "tratamient": ("trat", "medicament", "terapi"),
    "ayud": ("acud", "consult", "urgenci", "medic"),
    "acud": ("ayud", "consult", "urgenci"),
    "prep": ("prepar", "infusion", "coccion"),
    "prepar": ("prep", "infusion", "coccion"),
    "preven": ("previen", "evit"),
    "previen": ("preven", "evit"),
    "diagnost": ("prueb",),
    "caus": ("deb", "origen"),
    "sintom": ("sign", "manifest"),
    "contraind": ("precaucion", "evit", "conven"),
    "precaucion": ("contraind", "evit"),
    "interaccion": ("junt", "medicament"),
    "dosis": ("cantid", "gram", "mg", "diari"),
    "usa": ("uso", "emple", "utiliz", "tradicional"),
    "uso": ("usa", "emple", "utiliz", "tradicional"),
    "evident": ("estudi", "ensay", "prueb"),
}
# What another word for it weighs, beside the word itself.
_ALSO_WEIGHS = 0.4
# A heading says what a passage is about: it counts as often as this.
_HEADING = 3


class Corpus:
    """Every passage of a corpus, and what finds them."""

    def __init__(self, found: Sequence[Passage]) -> None:
        try:
            import bm25s
        except ImportError as error:
            raise ConfigError("bm25s is not installed", "pip install 'corpus-factory[eval]'") from error
        if not found:
            raise ConfigError("the corpus has no passage", "name a recipe of texts that is built")
        self.passages = list(found)
        self._stems = stems([" ".join([one.title, *[one.heading] * _HEADING, one.text]) for one in found])
        self._weights = _idf(self._stems)
        self._index = bm25s.BM25(method="lucene")
        self._index.index(self._stems, show_progress=False)

    def search(self, question: str, count: int = 5) -> list[tuple[Passage, float]]:
        """The passages that fit best, and the share of the question that each covers, by the weight of its stems."""
        [asked] = stems([question])
        if not any(word in self._weights for word in asked):
            return []
        scores = self._index.get_scores(asked)
        also = [word for one in asked for word in _ALSO.get(one, ()) if word in self._weights]
        if also:
            scores = scores + _ALSO_WEIGHS * self._index.get_scores(also)
        best = sorted(range(len(scores)), key=lambda number: (-scores[number], number))[:count]
        return [(self.passages[n], self._covered(asked, n)) for n in best if scores[n] > 0]

    def _covered(self, asked: list[str], number: int) -> float:
        unknown = max(self._weights.values())
        weights = {word: self._weights.get(word, unknown) for word in asked}
        there = set(self._stems[number])
        held = {word for word in weights if word in there or there & set(_ALSO.get(word, ()))}
        return sum(weights[word] for word in held) / sum(weights.values())

    def context(self, question: str, count: int = 3) -> str:
        """The best passages as they stand before a question that a model is asked."""
        return "\n\n".join(f"[{n}] {one.text}" for n, (one, _) in enumerate(self.search(question, count), 1))


def _idf(texts: Sequence[Sequence[str]]) -> dict[str, float]:
    import math

    counts: dict[str, int] = {}
    for text in texts:
        for word in set(text):
            counts[word] = counts.get(word, 0) + 1
    return {word: math.log(1 + len(texts) / count) for word, count in counts.items()}


def read(place: str, config: str = "text") -> Corpus:
    """The corpus of a dataset's folder (every split but `eval`). Raises ConfigError."""
    from datasets import load_dataset

    if not os.path.isdir(place):
        raise ConfigError(f"there is no dataset at {place}", "run: factory build RECIPE, or name a folder")
    splits = load_dataset(place, config)
    return Corpus([one for name, rows in splits.items() if name != "eval" for row in rows for one in passages(row)])


class Answer(NamedTuple):
    """`said`: sentences with the number of the passage they stand in; empty where the corpus does not know."""

    said: list[tuple[str, int]]
    cited: list[Passage]

    @property
    def known(self) -> bool:
        return bool(self.said)


def answer(corpus: Corpus, question: str, sentences: int = 3) -> Answer:
    """The sentences of the best passages that say most of what is asked, word for word."""
    found = [(one, share) for one, share in corpus.search(question) if share >= KNOWN]
    if not found:
        return Answer([], [])
    [asked] = stems([question])
    scored: list[tuple[float, int, int, str]] = []
    for number, (passage, _) in enumerate(found):
        for place, sentence in enumerate(_SENTENCE.split(passage.text)):
            [words] = stems([f"{passage.heading} {sentence}"])
            share = sum(corpus._weights.get(word, 0.0) for word in set(asked) & set(words))
            scored.append((share / (1 + number), -number, -place, sentence.strip()))
    best = sorted(scored, reverse=True)[:sentences]
    chosen = sorted(best, key=lambda one: (-one[1], -one[2]))
    numbers = list(dict.fromkeys(-one[1] for one in chosen))
    said = [(sentence, numbers.index(-number) + 1) for _, number, _, sentence in chosen if sentence]
    return Answer(said, [found[number][0] for number in numbers])


class Recall(NamedTuple):
    """How often the passage that a question was written from is among the first k, and its mean reciprocal rank."""

    questions: int
    at: dict[int, float]
    mrr: float


def recall(corpus: Corpus, questions: Sequence[dict[str, Any]], depth: int = 10) -> Recall:
    """Over the factory's own questions: found is a passage of the same Document that overlaps the evidence."""
    ranks: list[int | None] = []
    for row in questions:
        spans = [(one["start"], one["end"]) for one in row["evidence"]]
        rank = None
        for place, (one, _) in enumerate(corpus.search(row["question"], depth), 1):
            if one.doc_id == row["doc_id"] and any(start < one.end and one.start < end for start, end in spans):
                rank = place
                break
        ranks.append(rank)
    count = max(1, len(ranks))
    at = {k: sum(rank is not None and rank <= k for rank in ranks) / count for k in (1, 3, 5, 10) if k <= depth}
    return Recall(len(ranks), at, sum(1 / rank for rank in ranks if rank) / count)


def held_out(rows: Sequence[dict[str, Any]], share: float = 0.2) -> list[dict[str, Any]]:
    """The same fifth of the questions each time, by the hash of their ids."""
    bound = int(share * 2**32)
    return [row for row in rows if int(hashlib.sha256(row["id"].encode()).hexdigest()[:8], 16) < bound]
