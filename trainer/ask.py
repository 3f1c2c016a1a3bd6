"""Retrieval with citations: a corpus of the factory → passages by BM25, each with the page or second it opens at.

bm25s (Lù 2024, arXiv:2407.03618) over Spanish stems (Snowball). A passage is a run of paragraphs under one heading;
its evidence is word for word what the source says. Without a model the best sentences are quoted; with one, what it
writes is kept only where every sentence of it cites a passage and the gates find it there.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from factory.errors import ConfigError
from trainer.rows import readable

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
    re.findall(
        r"\w+",
        """
    a al ante como con cual cuales cuando cuanta cuanto cuál cuáles cuándo cuánta cuánto cómo de debe deben del
    desde donde dónde e el ella ellas ellos en entre era es esa ese eso esta este esto está están fue ha han hay
    la las le les lo los me mi muy más ni no o para pero por porque puede pueden que quien quién qué se según
    ser si sin sirve sobre son su sus también te tiene tienen tras u un una unas uno unos y ya
    """,
    )
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


# How headings of cautions are called.
_CAUTIONS = re.compile(r"contraindicac|precauc|advertenc|seguridad|no debe|cuando no|quien no|riesgos")
# So many passages are looked at sentence by sentence, and what a sentence that says all adds to the best score.
_LIKELY, _SENTENCE_WEIGHS = 50, 0.3
# What a definition adds to the best score.
_DEFINITION = 0.5
_WHAT_IS = re.compile(r"^\W*qu[eé] (?:es|son) (?:(?:el|la|los|las|un|una) )?(.{2,80}?)\W*$", re.IGNORECASE)


class _Said(NamedTuple):
    heading: str
    plain: str


def _defined(question: str) -> str | None:
    """The thing that a question asks the meaning of, in lower case without accents."""
    found = _WHAT_IS.match(question.strip())
    return _plain(found[1].lower()) if found else None


def _bare(text: str) -> str:
    return re.sub(r"\W+", " ", _plain(text.lower())).strip()


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
        self._sentences: dict[int, tuple[set[str], list[set[str]]]] = {}
        self._said = [_Said(one.heading, _plain(one.text.lower())) for one in found]
        self._index = bm25s.BM25(method="lucene")
        self._index.index(self._stems, show_progress=False)

    def search(self, question: str, count: int = 5) -> list[tuple[Passage, float]]:
        """The passages that fit best, and the share of the question that each covers, by the weight of its stems."""
        [asked] = stems([question])
        if not any(word in self._weights for word in asked):
            return []
        scores = self._index.get_scores(asked)
        defined = _defined(question)
        if defined is not None:
            # What a thing is stands where a sentence begins with it, or under that very question.
            most = float(scores.max())
            scores = scores + most * _DEFINITION * self._definitions(defined, question)
        also = [word for one in asked for word in _ALSO.get(one, ()) if word in self._weights]
        if also:
            scores = scores + _ALSO_WEIGHS * self._index.get_scores(also)
        likely = sorted(range(len(scores)), key=lambda number: (-scores[number], number))[: max(_LIKELY, count)]
        most = float(scores[likely[0]])
        weights = self._weigh(asked)
        # One sentence that says most of what is asked is worth more than the same words all over a passage.
        final = {
            n: scores[n] / most + _SENTENCE_WEIGHS * self._best_sentence(n, weights) for n in likely if scores[n] > 0
        }
        best = sorted(final, key=lambda number: (-final[number], number))[:count]
        return [(self.passages[n], self._covered(weights, n)) for n in best]

    def _weigh(self, asked: list[str]) -> dict[str, float]:
        """How rare each stem of a question is; one that the corpus does not have weighs as the rarest."""
        unknown = max(self._weights.values())
        return {word: self._weights.get(word, unknown) for word in asked}

    def _best_sentence(self, number: int, weights: dict[str, float]) -> float:
        """The largest share of a question that one sentence of a passage says; its heading counts for half."""
        if number not in self._sentences:
            passage = self.passages[number]
            parts = [one for line in passage.text.split("\n") for one in _SENTENCE.split(line) if one.strip()]
            above, *every = stems([passage.heading.rsplit(" › ", 1)[-1], *parts])
            self._sentences[number] = (set(above), [set(one) for one in every])
        heading, sentences = self._sentences[number]

        def share(words: set[str]) -> float:
            said = sum(w for one, w in weights.items() if one in words or words & set(_ALSO.get(one, ())))
            return said + sum(w for one, w in weights.items() if one in heading and one not in words) / 2

        return max(map(share, sentences), default=0.0) / sum(weights.values())

    def _definitions(self, thing: str, question: str) -> Any:
        """1 for each passage that says what the thing is, else 0."""
        import numpy as np

        begins = re.compile(
            rf"(?:^|[.!?\n]\s*)(?:(?:el|la|los|las) )?{re.escape(thing)}(?: \w+){{0,2}} (?:es|son|consisten?)\b"
        )
        asked = _bare(question)
        found = [_bare(one.heading.rsplit(" › ", 1)[-1]) == asked or begins.search(one.plain) for one in self._said]
        return np.array([float(bool(one)) for one in found], dtype=np.float32)

    def _covered(self, weights: dict[str, float], number: int) -> float:
        there = set(self._stems[number])
        held = {word for word in weights if word in there or there & set(_ALSO.get(word, ()))}
        return sum(weights[word] for word in held) / sum(weights.values())

    def beside(self, passage: Passage) -> list[Passage]:
        """Passages of the same Document under a heading of cautions that stands beside this one's."""
        parent = passage.heading.rpartition(" › ")[0]
        return [
            one
            for one in self.passages
            if one.doc_id == passage.doc_id and one.heading.rpartition(" › ")[0] == parent and one != passage
            and _CAUTIONS.search(_plain(one.heading.rpartition(" › ")[2].lower()))
        ]  # fmt: skip

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
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    if not os.path.isdir(place):
        raise ConfigError(f"there is no dataset at {place}", "run: factory build RECIPE, or name a folder")
    with readable(place):
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


ASK = (
    "Responda a la pregunta en español, en pocas frases y solo con lo que dicen los pasajes. Ponga al final de cada"
    " frase el número de su pasaje entre corchetes, por ejemplo [1]. Si los pasajes no lo dicen, escriba: " + NOT_KNOWN
)
_CITED = re.compile(r"\s*\[(\d{1,2})\]")
# Passage, question, sentence, and what of the passage it rests on: the names of the gates that it fails.
Check = Callable[[str, str, str, list[str]], Sequence[str]]
# The question is a person's and not judged; cautions are added below.
_NOT_ASKED = ("form", "language", "self_contained", "contraindication")
_CAUTION = "contraindication"


def written(
    corpus: Corpus, question: str, write: Callable[[str], str], check: Check
) -> tuple[Answer, list[tuple[str, str]]]:
    """What a model writes, as far as each sentence cites a passage that holds it, and what is left out, with why.

    `write`: the model's answer to a prompt.
    """
    found = [one for one, share in corpus.search(question) if share >= KNOWN]
    if not found:
        return Answer([], []), []
    shown = "\n\n".join(f"[{n}] {one.text}" for n, one in enumerate(found, 1))
    reply = write(f"{ASK}\n\n{shown}\n\nPregunta: {question}")
    said: list[tuple[str, int]] = []
    left: list[tuple[str, str]] = []
    # The number belongs to the sentence before it, also where it stands behind the stop.
    for sentence in _SENTENCE.split(re.sub(r"([.!?…]+)((?:\s*\[\d{1,2}\])+)", r"\2\1", reply.strip())):
        numbers = [int(n) for n in _CITED.findall(sentence) if 0 < int(n) <= len(found)]
        text = _CITED.sub("", sentence).strip()
        if not text or NOT_KNOWN.rstrip(".") in text:
            continue
        why = "cites no passage"
        for number in numbers:
            rests = [_nearest(found[number - 1].text, text)]
            failed = [one for one in check(_source(found[number - 1]), question, text, rests) if one not in _NOT_ASKED]
            why = f"{', '.join(failed)} (passage {number})" if failed else ""
            if not failed:
                said.append((text, number))
                break
        if why:
            left.append((text, why))
    numbers = list(dict.fromkeys(number for _, number in said))
    chosen = [(text, numbers.index(number) + 1) for text, number in said]
    return Answer(chosen, [found[number - 1] for number in numbers]), left


def _source(passage: Passage) -> str:
    """A passage under what it stands under: its headings name what it is about."""
    return "\n\n".join(one for one in (passage.title, passage.heading, passage.text) if one)


def _nearest(passage: str, sentence: str) -> str:
    """The sentence of a passage that has most of another's stems."""
    every = [one.strip() for one in _SENTENCE.split(passage)]
    mine, *theirs = stems([sentence, *every])
    best = max(range(len(every)), key=lambda n: (len(set(mine) & set(theirs[n])), -n))
    return every[best]


def cautioned(corpus: Corpus, said: Answer, question: str, check: Check) -> Answer:
    """The same answer, and where it tells a use or a dose, who must not take it, as the source says.

    The caution stands in the passage itself, or under a heading of cautions beside it.
    """
    found, cited = list(said.said), list(said.cited)
    for number, passage in enumerate(said.cited, 1):
        mine = [text for text, of in said.said if of == number]
        rests = [_nearest(passage.text, text) for text in mine]
        beside = [one for one in corpus.beside(passage) if one not in said.cited]
        whole = "\n\n".join([_source(passage), *(one.text for one in beside)])
        if not mine or _CAUTION not in check(whole, question, " ".join(mine), rests):
            continue
        for where in (passage, *beside):
            sentences = [one.strip() for one in _SENTENCE.split(where.text) if one.strip()]
            good = next((one for one in sentences if _tells(check, whole, question, mine, rests, one)), None)
            if good is None:
                continue
            if where not in cited:
                cited.append(where)
            found.append((good, cited.index(where) + 1))
            break
    return Answer(sorted(dict.fromkeys(found), key=lambda one: one[1]), cited)


def _tells(check: Check, whole: str, question: str, mine: list[str], rests: list[str], sentence: str) -> bool:
    """The sentence is the caution that is missing."""
    return sentence not in mine and _CAUTION not in check(
        whole, question, " ".join([*mine, sentence]), [*rests, sentence]
    )


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
