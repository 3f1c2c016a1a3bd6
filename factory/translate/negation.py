"""Whether a translation says no where its source does, and nowhere else."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from factory.translate.sentences import paired
from factory.translate.stems import STEM, WORD, folded

if TYPE_CHECKING:
    from factory.translate.side import Side

# Words that deny by themselves; each must meet a denial in the other language.
_PLAIN_NO = {
    "en": frozenset("no not cannot without never none neither nor nothing nobody nowhere".split()),
    "es": frozenset("no sin nunca jamás ningún ninguna ninguno ningunas ningunos nada nadie ni tampoco".split()),
}
# Words that may stand for a denial in the other language, by what they say (denials.txt): `lack of appetite` is
# `no tiene apetito`. Those of one line answer each other first; what is left over may answer a plain denial.
_PREFIX = "un-"


def _lines(name: str) -> list[str]:
    """The lines of a word list beside this file."""
    text = Path(__file__).with_name(name).read_text("utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def _classes(side: int) -> dict[str, str]:
    """Each hidden word of a language and the line it is on."""
    lines = [line.split("|") for line in _lines("denials.txt")]
    return {word: " ".join(line)[:12] for line in lines for word in line[side].split()}


def _class_of(word: str) -> str:
    return _classes(0)[word]


_HIDDEN_SETS = {"en": _classes(0), "es": _classes(1)}
# un-, in-, des- before a stem; the words that only begin like that are left out.
_EN_IN = (
    "ab acc act adeq appr cap coh comp cons corr cur defi deter dep direct eff elig exp freq oper sens sign sol stab"
    " suff tol val vari vis"
)
_EN_IM = "bal mat mob mov poss prec prob prop"
_EN_DIS = "ab adv agr appear contin ord reg sat sim lik conn"
_ES_DES = "ac ap av con cub equil hid ig mot nut or prot comp carg ajust agrad inter inf"
_ES_IN = (
    "ad ap cap coh comp consc constante corr curable def dep directa?o? efi estab exis explic frec móv muta neces"
    " oper satis seg sens signif sol suf tol úti util vál var vis alter usual hab explor"
)
_PREFIXED = {
    "en": re.compile(
        rf"un(?!i[a-z]|der|til|less|ct|cle|ite)[a-z]{{4,}}|dis(?:{'|'.join(_EN_DIS.split())})"
        rf"|in(?!sufficiency)(?:{'|'.join(_EN_IN.split())})"
        rf"|im(?:{'|'.join(_EN_IM.split())})|ir(?:reg|rel|rev|resp)|il(?:leg|log)|[a-z]{{3,}}less$"
    ),
    "es": re.compile(
        rf"des(?:{'|'.join(_ES_DES.split())})|in(?!suficiencia)(?:{'|'.join(_ES_IN.split())})"
        r"|im(?:pos|prec|prob|prop|pre|per)|ir(?:reg|rel|rev|resp)|il(?:eg|óg)|asint"
    ),
}
_Pole = tuple[frozenset[str], frozenset[str], frozenset[str], frozenset[str]]


@cache
def _poles() -> tuple[_Pole, ...]:
    found: list[_Pole] = []
    for line in _lines("poles.txt"):
        first, second, third, fourth = (frozenset(part.split()) for part in re.split(r"[:|]", line))
        found.append((first, second, third, fourth))
    return tuple(found)


# `unlikely` is `poco probable`, `unable` is `no es capaz`: with one of these a pole may stand for its opposite.
_TURNS = {
    "en": _PLAIN_NO["en"] | {"little", "less", "t"},
    "es": _PLAIN_NO["es"] | {"poco", "poca", "pocos", "pocas", "menos"},
}


@cache
def _denying() -> tuple[frozenset[str], frozenset[str]]:
    """The first pole of each line, in English and in Spanish."""
    return frozenset().union(*(p[0] for p in _poles())), frozenset().union(*(p[2] for p in _poles()))


# What looks like a denial and is none, by the word behind it (`not only`) or before it (`si no`).
_IDLE_NEXT = {
    "en": {"not": {"only", "just", "merely"}, "no": {"matter", "doubt"}, "nothing": {"but"}, "none": {"other"}},
    "es": {
        "no": {"solo", "sólo", "solamente", "únicamente", "obstante", "bien", "cabe"},
        "sin": {"embargo", "duda", "dudas"},
        "ni": {"siquiera", "mucho"},
        "nada": {"más"},
    },
}
_IDLE_BEFORE = {"en": {"not": {"why", "if"}}, "es": {"no": {"si"}, "nada": {"casi"}}}
# `no more than` is `no más de`: an idle denial that may answer another.
_LIMITS = {"en": ({"more", "less", "fewer", "later", "longer"}, {"than"}), "es": ({"más", "menos"}, {"de"})}
# In Spanish a second word only completes the first: `no … ningún`, `nunca … nada`, `no … ni … ni`.
_COMPLETES = frozenset("ningún ninguna ninguno ningunas ningunos nada nadie nunca jamás ni tampoco".split())
# `hace falta` is a need, not a lack.
_NEEDS = ("hac", "hag", "har", "hiz", "hic")
# `out of hours` is a lack, `carry out` is none; `libre de humo`, not `tiempo libre`.
_FOLLOWED = {"out": "of", "libre": "de", "libres": "de"}
# A non-smoker is `no fumador`.
_NON = re.compile(r"non(?!e$|sense|etheless)[a-z]{4,}$|non$")
# `pero sí` turns what was denied before it.
_BUT_YES = re.compile(r"\bpero\s+sí\b", re.IGNORECASE)
_CONTRAST = frozenset("but although however yet though while whereas except unlike".split())
_COMPLETES_EN = frozenset({"nor", "neither"})
_REACH = 12
# How far apart, as a share of the sentence, a denial and a word that only may deny stand: word order differs little
# between the two languages, but `is not known` ends a sentence that `se desconoce` begins.
_NEAR = 0.3
_ANYWHERE = frozenset({_class_of("unknown"), "idle"})
_SHORT = 8


class Denials(NamedTuple):
    """Where a sentence denies, and where it may and by which kind of word, as shares of its length."""

    strong: list[float]
    maybe: list[tuple[float, str]]


class _Kinds(dict[str, str]):
    """Each word of a language that was met, and how it denies; a look into it costs a fifth of a call."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, word: str) -> str:
        if len(self) >= 1 << 17:
            self.clear()
        self[word] = found = _kind(word, self._language)
        return found


def _kind(word: str, language: str) -> str:
    """How a word denies: `no`, `also` (it completes an earlier one), the line it is hidden on, or not at all."""
    if word in _PLAIN_NO[language]:
        return "also" if word in (_COMPLETES if language == "es" else _COMPLETES_EN) else "no"
    if language == "en" and _NON.match(word):
        return "no"
    return _HIDDEN_SETS[language].get(word) or (_PREFIX if _PREFIXED[language].match(word) else "")


_KINDS = {"en": _Kinds("en"), "es": _Kinds("es")}


def _idle(words: list[str], at: int, language: str) -> str:
    """`skip` for a denial that denies nothing, `limit` for `no more than`, else nothing."""
    word, after = words[at], words[at + 1 : at + 3]
    if after and after[0] in _IDLE_NEXT[language].get(word, ()):
        return "skip"
    if at and words[at - 1] in _IDLE_BEFORE[language].get(word, ()):
        return "skip"
    if word == "no" and len(after) == 2:
        first, second = _LIMITS[language]
        if after[0] in first and after[1] in second:
            return "limit"
    if word in ("not", "no") and at and words[at - 1] in ("or", "o") and (not after or "whether" in words[:at]):
        return "skip"
    if language == "es" and words[max(0, at - 2) : at] == ["hasta", "que"]:
        return "skip"
    return ""


def _denials(words: list[str], language: str) -> Denials:
    strong: list[float] = []
    maybe: list[tuple[float, str]] = []
    last = -_REACH
    length = max(1, len(words))
    kinds = _KINDS[language]
    for at, word in enumerate(words):
        kind = kinds[word]
        if not kind:
            if word == "t" and at and words[at - 1][-1] == "n" and language == "en":
                strong.append(at / length)
        elif kind in {"no", "also"}:
            idle = _idle(words, at, language)
            if idle == "limit" or (kind == "also" and at - last <= _REACH) or word == "ni":
                maybe.append((at / length, "idle"))
            elif not idle:
                strong.append(at / length)
            last = at
        elif word in _FOLLOWED and words[at + 1 : at + 2] != [_FOLLOWED[word]]:
            continue
        elif not (word.startswith("falta") and at and words[at - 1].startswith(_NEEDS)):
            maybe.append((at / length, kind))
    return Denials(strong, maybe)


def _left_over(ours: Denials, theirs: Denials) -> list[tuple[float, str]]:
    """Where our hidden words stand that no word of their kind answers."""
    answers = Counter(kind for _, kind in theirs.maybe)
    found = []
    for place, kind in ours.maybe:
        if kind != "idle" and answers[kind] > 0:
            answers[kind] -= 1
        else:
            found.append((place, kind))
    return found


def _met(ours: list[float], theirs: list[tuple[float, str]], reach: float) -> list[float]:
    """Which of ours find no counterpart: the nearest pairs are made first, each of theirs answers once."""
    pairs = sorted((abs(a - b), i, j) for i, a in enumerate(ours) for j, (b, _) in enumerate(theirs))
    taken: set[int] = set()
    found: set[int] = set()
    for distance, i, j in pairs:
        if i not in found and j not in taken and (distance <= reach or theirs[j][1] in _ANYWHERE):
            found.add(i)
            taken.add(j)
    return [a for i, a in enumerate(ours) if i not in found]


def _unmet(ours: Denials, theirs: Denials, short: bool) -> bool:
    """One of our denials has no counterpart."""
    if not ours.strong or len(ours.strong) <= len(theirs.strong):
        return False
    alone = _met(ours.strong, [(place, "") for place in theirs.strong], 1.0)
    return bool(alone) and bool(_met(alone, _left_over(theirs, ours), 1.0 if short else _NEAR))


def wrong(source: Side, target: Side) -> str | None:
    """What is denied on one side only, in a few words; None where nothing is."""
    if said := _opposite(source, target) or _bare(source, target):
        return said
    turns = "sí" in target.known and "pero" in target.known and _BUT_YES.search(target.text)
    if turns and source.known.isdisjoint(_CONTRAST):
        return "pero sí: the source has no contrast"
    denies = (
        not source.known.isdisjoint(_PLAIN_NO["en"])
        or "t" in source.known
        or "non" in source.text
        or "Non" in source.text
    )
    if not denies and target.known.isdisjoint(_PLAIN_NO["es"]):
        return None
    pairs = paired(source, target)
    for one, other in pairs:
        whole = len(pairs) == 1
        ours = _denials(source.words if whole else WORD.findall(one.lower()), "en")
        theirs = _denials(target.words if whole else WORD.findall(other.lower()), "es")
        short = len(one) < 9 * _SHORT
        if _unmet(ours, theirs, short):
            return f"{len(ours.strong)} denied, {len(theirs.strong)} in the translation"
        if _unmet(theirs, ours, short):
            return f"{len(theirs.strong)} denied in the translation, {len(ours.strong)} in the source"
    return None


def _opposite(source: Side, target: Side) -> str | None:
    """A word whose opposite stands in the translation in its place."""
    ours, theirs = source.known, target.known
    if ours.isdisjoint(_denying()[0]) and theirs.isdisjoint(_denying()[1]):
        return None
    for first, second, third, fourth in _poles():
        if ours.isdisjoint(first) and theirs.isdisjoint(third):
            continue
        no, yes = (sum(w in side for w in source.words) for side in (first, second))
        against, with_it = (sum(w in side for w in target.words) for side in (third, fourth))
        if (no > against and with_it > yes and not _turned(target, fourth)) or (
            against > no and yes > with_it and not _turned(source, second)
        ):
            return f"{' '.join(sorted(ours & (first if no > against else second)))} became its opposite"
    return None


def _turned(side: Side, pole: frozenset[str]) -> bool:
    """A word of the pole stands shortly behind one that turns it."""
    turns, words = _TURNS[side.language], side.words
    return any(not turns.isdisjoint(words[max(0, at - 4) : at]) for at, word in enumerate(words) if word in pole)


_PREFIXES = re.compile(r"(?:un|in|im|ir|il|dis|non)([a-z]{5,})")


@lru_cache(1 << 17)
def _stripped(word: str) -> str | None:
    """The stem of a word behind its un- or in-, folded."""
    found = _PREFIXES.fullmatch(word)
    return folded(found[1])[:STEM] if found and (_PREFIXED["en"].match(word) or word.startswith("non")) else None


def _bare(source: Side, target: Side) -> str | None:
    """An English word that lost its un- or in-: `irreversible` became `reversible`."""
    for word in source.known:
        stem = _stripped(word) if word[0] in "uidn" else None
        if stem is None or stem not in target.stems:
            continue
        spanish = [folded(other) for other in target.words]
        bare = [at for at, other in enumerate(spanish) if other.startswith(stem)]
        kept = any(stem in other[1 : 5 + len(stem)] for other in spanish if not other.startswith(stem))
        english = sum(folded(other).startswith(stem) for other in source.words)
        if (
            len(bare) > english
            and not kept
            and not any(not _TURNS["es"].isdisjoint(target.words[max(0, at - 4) : at]) for at in bare)
        ):
            return f"{word} became {target.words[bare[0]]}"
    return None
