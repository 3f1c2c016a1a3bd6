"""Who does what to whom, and which number belongs to what: true words of the evidence put together wrongly."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache, lru_cache
from typing import NamedTuple

from factory.questions.case import Case
from factory.questions.names import is_name
from factory.questions.wording import content, fold, head, is_content, lines, sentence_texts, supported

_WORDS = re.compile(r"[^\W_]+(?:[.,]\d+)*")
_CLAUSE = re.compile(
    r"[.;:()\n]|,\s+(?:pero|sino|aunque|mientras|así que|por lo que)\b|\s+(?:mientras que|pero|sino)\s+"
)


# Roles


class Relation(NamedTuple):
    """A verb that tells who acts on whom, with the words with meaning before and behind it in its clause."""

    verb: str
    before: tuple[str, ...]
    behind: tuple[str, ...]
    led: str


@cache
def _verbs() -> tuple[tuple[str, str], ...]:
    """How the verbs of relations.txt begin, each with the first of its line."""
    found = []
    for line in lines("relations.txt"):
        stems = [fold(stem) for stem in line.split()]
        found += [(stem, stems[0]) for stem in stems]
    return tuple(found)


def relations(text: str) -> Iterator[Relation]:
    """The relations that a text tells in the active voice: `A reduce B`, not `B se reduce con A`."""
    for clause in _CLAUSE.split(re.sub(r"\([^()]*\)", " ", text)):
        said = [fold(word) for word in _WORDS.findall(clause)]
        before: tuple[str, ...] = ()
        led, last = "", 0
        verbs = [(at, name) for at, word in enumerate(said) if (name := _verb(word)) and not _is_turned(said, at)]
        for (at, name), (after, _) in itertools.pairwise([*verbs, (len(said), "")]):
            # `A aumenta B, que provoca C`: what is acted upon acts in turn; `A aumenta B y provoca C`: A does both.
            if not before or "que" in said[last:at]:
                before = tuple(w for w in said[last:at] if is_content(w) and not _is_verb(w))
                led = said[last]
            behind = tuple(w for w in said[at + 1 : after] if is_content(w) and not _is_verb(w))
            if before and behind:
                yield Relation(name, before, behind, led)
            last = at + 1


@lru_cache(1 << 16)
def _verb(word: str) -> str | None:
    return next((name for stem, name in _verbs() if word.startswith(stem)), None)


def _is_verb(word: str) -> bool:
    return _verb(word) is not None


def _is_turned(said: Sequence[str], at: int) -> bool:
    """The verb is passive, reflexive, a participle or a noun: who stands before it does not act."""
    word = said[at]
    if re.search(r"(?:[aei]d[oa]s?|ci[oó]n|nte|dor[ae]?s?|bles?)$", word) or "se" in said[max(0, at - 2) : at]:
        return True
    if "que" in said[max(0, at - 2) : at]:
        return said[max(0, said.index("que", max(0, at - 2)) - 1)] in (
            "lo",
            "la",
            "el",
            "los",
            "las",
            "por",
            "para",
            "de",
        )
    return bool({"de", "del", "la", "el", "un", "una", "por", "su"} & set(said[max(0, at - 1) : at]))


def wrong_roles(case: Case) -> str | None:
    """Who acts in the evidence is acted upon in the answer, or somebody else acts."""
    theirs = [one for sentence in case.evidence_sentences for one in relations(sentence)]
    if not theirs:
        return None
    for ours in relations(case.answer):
        same = [one for one in theirs if one.verb == ours.verb]
        if said := _crossed(ours, same):
            return said
        if not same or any(_meet(ours.before, one.before) for one in same):
            continue
        for one in same:
            actors = [word for word in one.before if is_name(word)]
            names = [word for word in ours.before if is_name(word)]
            known = {head(word) for word in (*one.before, *one.behind)}
            if actors and names and _meet(ours.behind, one.behind) and known.isdisjoint(map(head, names)):
                return f"{names[0]}: in the evidence it is {actors[0]} that does it"
    return None


# What a clause begins with where it begins with who acts: `en los niños aumenta` does not.
_ARTICLES = frozenset({"el", "la", "los", "las", "un", "una"})


def _crossed(ours: Relation, same: Sequence[Relation]) -> str | None:
    """Who acts is only acted upon in the evidence, or two things stand on each other's side of the verb."""
    if not same:
        return None
    before = {head(word) for one in same for word in one.before}
    behind = {head(word) for one in same for word in one.behind}
    if ours.led in _ARTICLES and all(head(word) in behind - before for word in ours.before):
        return f"{ours.before[0]}: in the evidence it is what is acted upon by {ours.verb}…"
    ahead = [word for word in ours.before if is_name(word) and head(word) in behind - before]
    after = [word for word in ours.behind if is_name(word) and head(word) in before - behind]
    return f"{ahead[0]} and {after[0]} changed places at {ours.verb}…" if ahead and after else None


def _meet(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    known = {head(word) for word in theirs}
    return any(supported(word, known) for word in ours)


def wrong_places(case: Case) -> str | None:
    """A word between the two words that another one stands between in the evidence, which has both."""
    every = [[head(word) for word in content(one)] for one in case.evidence_sentences]
    for sentence in sentence_texts(case.answer):
        words_ = content(sentence)
        ours = [head(word) for word in words_]
        for theirs in every:
            between = {(a, c): b for a, b, c in _triples(theirs)}
            often = Counter((a, c) for a, _, c in (*_triples(theirs), *_triples(ours)))
            for word, (before, own, after) in zip(words_, _triples(ours), strict=True):
                other = between.get((before, after))
                # Once on each side, and not at the end of a sentence.
                alone = often[before, after] == 2 and before != "^" and after != "$"
                if alone and other is not None and other != own and other in ours and own in theirs:
                    return f"{word} stands where the evidence has {other}…"
    return None


def _triples(words_: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Each word with the one before and the one behind it; the ends of the sentence count, but not both at once."""
    around = ["^", *words_, "$"]
    return zip(around, words_, around[2:], strict=False)


# Numbers

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def wrong_owner(case: Case) -> str | None:
    """A number beside another name or group of people than in the evidence, which has those beside another number."""
    theirs = [one for sentence in case.evidence_sentences for one in _beside(sentence)]
    if len({number for number, _ in theirs}) < 2:
        return None
    for sentence in sentence_texts(case.answer):
        for number, ours in _beside(sentence):
            own = [words for other, words in theirs if other == number]
            around = {word for words in own for word in words}
            rest = {word for other, words in theirs if other != number for word in words} - around
            for kind in ("group", "name"):
                mine = {word for word in ours if _kind(word) == kind}
                there = {word for word in around if _kind(word) == kind}
                if own and mine and there and mine <= rest and mine.isdisjoint(there):
                    return f"{number} is of {min(there)} in the evidence, not of {min(mine)}"
    return None


_OUT_OF = re.compile(r"(\d+) de (?:cada )?\d+")


def _beside(sentence: str) -> list[tuple[str, frozenset[str]]]:
    """Each number with the words between the number before it and the one behind it."""
    plain = _WORD_NUMBER.sub(lambda found: _VALUES[fold(found.group())], _OUT_OF.sub(r"\1", sentence))
    parts = re.split(rf"({_NUMBER.pattern})", plain)
    said = [frozenset(content(part)) for part in parts[::2]]
    return [(number, said[at] | said[at + 1]) for at, number in enumerate(parts[1::2])]


@cache
def _groups() -> frozenset[str]:
    return frozenset(fold(word) for line in lines("groups.txt") for word in line.split())


def _kind(word: str) -> str | None:
    if word in _groups():
        return "group"
    return "name" if is_name(word) else None


def wrong_order(case: Case) -> str | None:
    """The sentence of the evidence with its numbers in another order."""
    for sentence in sentence_texts(case.answer):
        ours, numbers = _masked(sentence)
        if len(set(numbers)) < 2:
            continue
        for other in case.evidence_sentences:
            theirs, there = _masked(other)
            if numbers == there or Counter(numbers) != Counter(there):
                continue
            if SequenceMatcher(None, ours, theirs, autojunk=False).ratio() >= _SAME:
                return f"{' and '.join(numbers[:3])} stand in the evidence in another order"
    return None


_SAME = 0.88
_SMALL = "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce"
_VALUES = {word: str(number) for number, word in enumerate(_SMALL.split())}
_WORD_NUMBER = re.compile(rf"\b(?:{'|'.join(_SMALL.split())})\b", re.IGNORECASE)


def _masked(sentence: str) -> tuple[list[str], list[str]]:
    """The words of a sentence with `#` for its numbers, and the numbers."""
    said = [_VALUES.get(fold(word), fold(word)) for word in re.findall(r"\d+(?:[.,]\d+)*|[^\W\d_]+", sentence)]
    return ["#" if word[0].isdigit() else word for word in said], [word for word in said if word[0].isdigit()]


_RANGE = re.compile(
    r"\b(?:de |desde |entre )?(?P<low>\d+(?:[.,]\d+)?)(?P<by>\s?[-–]\s?| a | y | o )(?P<high>\d+(?:[.,]\d+)?)",
    re.IGNORECASE,
)
_ONE_SIDED = re.compile(
    r"\b(?:desde|a partir|m[ií]nim|al menos|por lo menos|como poco|hasta|m[aá]xim|a lo sumo|como mucho|m[aá]s de"
    r"|menos de|inicial|empiez|empez|comien)|[<>≤≥]",
    re.IGNORECASE,
)


def cut_range(case: Case) -> str | None:
    """One end of a range, told as if it were all: `10 días` of `10 a 21 días`."""
    numbers = _NUMBER.findall(case.answer)
    if not numbers or _ONE_SIDED.search(case.answer):
        return None
    counted = Counter(_NUMBER.findall(case.evidence))
    for found in _RANGE.finditer(case.evidence):
        if found["by"] in (" y ", " o ") and not found.group().lower().startswith("entre"):
            continue
        low, high = found["low"], found["high"]
        for end, other in ((low, high), (high, low)):
            if end in numbers and other not in numbers and counted[end] == 1:
                return f"{end} is one end of {found.group().strip()}"
    return None


# How often

_PER = re.compile(
    r"\b(?:al|por|cada|a la|a los|una vez (?:al|por)) (?P<unit>d[ií]a|semana|mes|año|hora)\b"
    r"|\b(?P<how>diari[oa]s?|diariamente|semanal(?:es|mente)?|mensual(?:es|mente)?|anual(?:es|mente)?)\b",
    re.IGNORECASE,
)
_OFTEN = {
    "dia": "day",
    "diari": "day",
    "seman": "week",
    "mes": "month",
    "mensu": "month",
    "año": "year",
    "anual": "year",
}


def wrong_period(case: Case) -> str | None:
    """A dose `por semana` that is one `al día`."""
    theirs = _periods(case.evidence)
    ours = _periods(case.answer)
    if theirs and ours and ours.isdisjoint(theirs):
        return f"per {min(ours)}: the evidence says per {min(theirs)}"
    return None


def _periods(text: str) -> set[str]:
    found = set()
    for one in _PER.finditer(text):
        said = fold(one["unit"] or one["how"])
        found |= {unit for stem, unit in _OFTEN.items() if said.startswith(stem)}
    return found
