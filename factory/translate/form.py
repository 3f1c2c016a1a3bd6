"""The form of a translation: its length, language and script; whether it copies, repeats itself or chats."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from factory.translate.side import Side

# Characters of a translation by those of its source, for texts long enough to judge (translate.md).
_FROM_CHARACTERS = 40
_SHORTEST, _LONGEST = 0.75, 1.7
# A long text is closer to its mean (1.15 ± 0.12 over TICO-19 and PDQ): of 120 characters on, less than 0.82 is a loss.
_LONG_TEXT, _SHORTEST_LONG = 120, 0.82


def length(source: Side, target: Side) -> str | None:
    """The translation is too short or too long for its source."""
    if not target.text.strip():
        return "empty"
    given = len(source.text)
    if given < _FROM_CHARACTERS:
        return None if len(target.text) <= 3 * given + 40 else f"{len(target.text)} characters for {given}"
    ratio = len(target.text) / given
    shortest = _SHORTEST_LONG if given >= _LONG_TEXT else _SHORTEST
    return None if shortest <= ratio <= _LONGEST else f"{ratio:.2f} times as long"


_CLOSES = frozenset(".!?:;)]”»…’%'\"")


def truncated(source: Side, target: Side) -> str | None:
    """The source ends a sentence and the translation breaks off."""
    ours, theirs = source.text.rstrip(), target.text.rstrip()
    if not ours or not theirs or ours[-1] not in '.!?:;)]"”»' or len(ours) < 30:
        return None
    if theirs[-1] in _CLOSES or theirs[-1].isdigit():
        return None
    return f"ends in {theirs[-12:]!r}"


_ENGLISH = frozenset(
    "the and of to with for was were is are that this from by which have has been not on at an it be as or their its"
    " they".split()
)
# No Spanish word is spelt like these.
_ENGLISH_ONLY = _ENGLISH - frozenset("a as has no on an".split())
_SPANISH = frozenset(
    "el la los las de del que en y con por para una un se es son fue al su sus no lo como más o esta este está".split()
)
_ENGLISH_ENDS = tuple(
    "ing ed tion ty ly ness sis ous ic th ck gh ght ology ment ients als ars ers er ure ive able phy ct ss sh"
    " nd rt st ts ds ls ks ws se on py my ry gy cy gram id ical ice ine ide ute oma ease em om in".split()
)
_WORDS = re.compile(r"[^\W\d_]+")
_PORTUGUESE_ONLY = (
    frozenset(
        "não uma são dos das em na pelo pela também você seu sua à ao aos às foi com ou é mais um do da os".split()
    )
    - _SPANISH
)
# Two letters in a row of another script: Greek, Cyrillic, Hebrew, Arabic, India's, Thai, Korean, Japanese, Chinese.
_SCRIPT = re.compile(
    r"[\u0370-\u052f\u0590-\u06ff\u0900-\u0dff\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}"
)


def language(source: Side, target: Side) -> str | None:
    """The translation, or a sentence of it, is not Spanish, or not in Latin letters."""
    strange = None if target.text.isascii() else _SCRIPT.search(target.text)
    if strange and strange.group() not in source.text:
        return f"holds {strange.group()[:12]!r}"
    if target.known.isdisjoint(_ENGLISH_ONLY) and target.known.isdisjoint(_PORTUGUESE_ONLY):
        return None
    for sentence in target.sentences:
        words = _WORDS.findall(sentence.lower())
        if len(words) < 5:
            continue
        english = sum(w in _ENGLISH for w in words)
        spanish = sum(w in _SPANISH for w in words)
        if english > 2 and english > 2 * spanish:
            return f"is English: {sentence[:40]!r}"
        if sum(w in _PORTUGUESE_ONLY for w in words) > max(2, sum(w in _SPANISH for w in words)):
            return f"is Portuguese: {sentence[:40]!r}"
    return None


_GRAM = 5


def copy(source: Side, target: Side) -> str | None:
    """The translation repeats its source: 5-grams alike (Jaccard above 0.6), or a whole sentence taken over."""
    ours, theirs = source.words, target.words
    if len(ours) > 1 and ours == theirs and not _alike(theirs):
        return "the source as it stood"
    if len(ours) < 4 or len(theirs) < 4:
        return None
    shared_words = len(source.known & target.known)
    if shared_words < 4 or (target.known.isdisjoint(_ENGLISH_ONLY) and shared_words < 0.6 * len(target.known)):
        return None
    size = min(_GRAM, len(ours), len(theirs))
    a = {tuple(ours[i : i + size]) for i in range(len(ours) - size + 1)}
    shared = [i for i in range(len(theirs) - size + 1) if tuple(theirs[i : i + size]) in a]
    if not shared:
        return None
    b = {tuple(theirs[i : i + size]) for i in range(len(theirs) - size + 1)}
    same = len(a & b) / len(a | b)
    copied = {j for i in shared for j in range(i, i + size)}
    english = [theirs[j] for j in sorted(copied)]
    if same > 0.6 and not _alike(english):
        return f"{same:.0%} of the source's runs of {size} words"
    for piece in target.sentences:
        if len(piece) >= 30 and piece in source.text and not _alike(_WORDS.findall(piece.lower())):
            return f"takes over {piece[:40]!r}"
    return None


def _alike(words: list[str]) -> bool:
    """The words may be both languages': names, Latin, no word that only English has."""
    plain = [w for w in words if w.isalpha()]
    return not any(w in _ENGLISH or w.endswith(_ENGLISH_ENDS) for w in plain)


def repetition(source: Side, target: Side) -> str | None:
    """The translation says the same words over and over, which its source does not."""
    theirs = target.words
    if len(theirs) < 6 or len(target.known) > 0.9 * len(theirs):
        return None
    # Every loop, of one word or of twenty, makes a run of four words come again.
    if max(Counter(zip(theirs, theirs[1:], theirs[2:], theirs[3:], strict=False)).values()) < 2:
        return None
    for size, limit in ((8, 2), (4, 3), (2, 4)):
        times, gram = _most(theirs, size)
        # What takes eight words in Spanish takes six in English.
        if times >= limit and _consecutive(theirs, gram) and times > _most(source.words, max(2, size * 3 // 4))[0]:
            return f"{times} times {' '.join(gram)!r}"
    return _doubled(source, target)


def _consecutive(words: list[str], gram: tuple[str, ...]) -> bool:
    """The run stands right behind itself, or a word or two further on."""
    size = len(gram)
    places = [i for i in range(len(words) - size + 1) if tuple(words[i : i + size]) == gram]
    return any(b - a <= size + size // 4 for a, b in pairwise(places))


def _doubled(source: Side, target: Side) -> str | None:
    """A whole sentence stands there twice."""
    theirs = Counter(piece.lower() for piece in target.sentences if len(piece) >= 25)
    if not theirs or max(theirs.values()) < 2:
        return None
    ours = Counter(piece.lower() for piece in source.sentences)
    return "a sentence stands there twice" if max(theirs.values()) > max(ours.values(), default=1) else None


def _most(words: list[str], size: int) -> tuple[int, tuple[str, ...]]:
    grams = Counter(zip(*(words[i:] for i in range(size)), strict=False))
    if not grams:
        return 0, ()
    gram, times = grams.most_common(1)[0]
    return times, gram


_OPENS = re.compile(
    r"\W*(?:aquí\s+(?:está|tienes?|te|le)|claro\b[,.!]|por\s+supuesto[,.!]|hola\b|como\s+(?:modelo|asistente)|lo\s+siento\b"
    r"|la\s+traducción\s+(?:es|al|del)|traducción(?:\s+al\s+español)?\s*:|en\s+español\s*:|sure\b[,!]|here\s+is\b"
    r"|translation\s*:|as\s+an\s+ai\b|i\s+(?:cannot|can't|am\s+sorry)|nota\s*:|note\s*:)",
    re.IGNORECASE,
)
# Said anywhere, in lower case; fences and the marks of chat templates among them.
_SAYS = (
    "```", "<unit", "</unit", "<think", "</think", "</s>", "<|", "[inst]", "[/inst]", "<translation", "espero que esto",
    "espero que te", "espero que le", "nota del traductor", "¿te gustaría que", "¿le gustaría que", "si necesitas más",
    "si necesita más", "no puedo traducir", "no puedo ayudar", "no puedo proporcionar", "### ",
)  # fmt: skip
# The same openings in English, where the source itself begins like that.
_SOURCE_OPENS = re.compile(
    r"\W*(?:hi\b|hello|hey|sorry|of course|sure|clearly|i am sorry|i'm sorry|note\s*:|in spanish|translation|here)",
    re.IGNORECASE,
)


def chatter(source: Side, target: Side) -> str | None:
    """The model speaks to its user instead of translating."""
    lower = target.text.lower()
    for said in _SAYS:
        if said in lower and said not in source.text.lower():
            return f"says {said!r}"
    found = _OPENS.match(target.text)
    if found is None or _SOURCE_OPENS.match(source.text):
        return None
    return f"opens with {found.group().strip()[:30]!r}"


_KEPT = re.compile(
    r"https?://[^\s<>\"')\]]+|\b10\.\d{4,9}/[^\s\"<>)\]]+|[\w.+-]+@[\w-]+\.[\w.]+|\bwww\.[^\s<>\"')\]]+"
    r"|\$[^$\s][^$\n]{0,80}\\[^$\n]*\$|\{\{[^}]{1,40}\}\}"
)


def placeholders(source: Side, target: Side) -> str | None:
    """An address, a DOI or a formula of the source is not in the translation as it stood."""
    if "/" not in source.text and "@" not in source.text and "$" not in source.text and "{{" not in source.text:
        return None
    for found in _KEPT.finditer(source.text):
        kept = found.group().rstrip(".,;:")
        if kept not in target.text:
            return f"{kept[:40]!r} is not there"
    return None
