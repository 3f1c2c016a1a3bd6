"""Whether a translation points where its source does: more or less, before or after, left or right, which route.

Judged only where it cannot be a matter of style: one side has one of two opposites alone, the other the other alone.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from factory.translate.sentences import paired

if TYPE_CHECKING:
    from collections.abc import Callable

    from factory.translate.side import Side

    Look = Callable[[Side, Side], str | None]

# `no more than` is a bound from above, `no less than` one from below: what denies is read first.
_FLOOR = {
    "en": re.compile(r"(?:\b(?:no|not|never)|n['’]t) (?:\w+ ){0,3}(?:less|fewer) than\b", re.IGNORECASE),
    "es": re.compile(r"\bno (?:\w+ ){0,3}menos\b|\b(?:al|por lo|cuando) menos\b", re.IGNORECASE),
}
_LESS = {
    "en": re.compile(
        r"\bno (?:more|longer|later|larger|greater|higher|older) than\b"
        r"|(?:\b(?:not|never|cannot|without)|n['’]t) (?:\w+ ){0,4}(?:more|longer|later|larger|greater|higher|older) "
        r"than\b"
        r"|(?:\b(?:not|never|cannot|without)|n['’]t) (?:\w+ )?exceed\w*"
        r"|\b(?:less|fewer|lower|younger|shorter|smaller|earlier) than\b|\b(?:below|under) (?=[\d$€])|\bup to (?=\w)"
        r"|\bat most\b|\bmaximum\b|\bwithin\b|[<≤]",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:no|nunca|jamás|sin) (?:\w+ ){0,5}(?:más|mayor(?:es)?|superior(?:es)?)\b"
        r"|\b(?:no|nunca|jamás|sin) (?:\w+ ){0,2}(?:super|exced|sobrepas)\w*"
        r"|\b(?:menos|menor(?:es)?|inferior(?:es)?)\b|\bpor debajo\b|\bhasta\b|\ba lo sumo\b|\bmáxim[oa]s?\b|\bdentro\b"
        r"|\bplazo\b|\bantes\b|\bbajo\b|[<≤]",
        re.IGNORECASE,
    ),
}
_MORE = {
    "en": re.compile(
        r"\b(?:more|greater|higher|older|longer|later|larger) than\b|\b(?:above|over) (?=[\d$€])|\bexceed\w*"
        r"|\bat least\b|\bminimum\b|[>≥]",
        re.IGNORECASE,
    ),
    "es": re.compile(
        r"\b(?:más(?: \w+)?|mayor(?:es)?|superior(?:es)?) (?:de|que|a|al)\b|\bpor encima\b"
        r"|\b(?:super|exced|sobrepas)\w+"
        r"|\bcomo mínimo\b|\bmínim[oa]s?\b|\ba partir\b|[>≥]",
        re.IGNORECASE,
    ),
}
# What a bound may begin with, from above and from below: most sentences need none of the patterns.
_MAY = {
    "en": (
        frozenset(
            "less fewer lower younger shorter smaller earlier below under up most maximum within no not t never".split()
        )
        | {"cannot", "without"},
        frozenset("more greater higher older longer later larger above over exceed exceeds least minimum".split()),
    ),
    "es": (
        frozenset(
            "menos menor menores inferior inferiores debajo hasta sumo máximo máxima máximos dentro plazo antes bajo no"
            " sin nunca jamás".split()
        ),
        frozenset(
            "más mayor mayores superior superiores encima supera superan supere superar excede excedan exceda exceder"
            " sobrepase sobrepasar menos mínimo mínima partir".split()
        ),
    ),
}


def _may(side: Side) -> tuple[bool, bool]:
    less, more = _MAY[side.language]
    text = side.text
    return (
        not side.known.isdisjoint(less) or "<" in text or "≤" in text,
        not side.known.isdisjoint(more) or ">" in text or "≥" in text,
    )


class Bounds(NamedTuple):
    """How often a text bounds something from above (`less`) and from below (`more`)."""

    less: int
    more: int


def _bounds(side: Side) -> Bounds:
    text, floors = _FLOOR[side.language].subn(" ", side.text)
    text, less = _LESS[side.language].subn(" ", text)
    return Bounds(less, floors + len(_MORE[side.language].findall(text)))


def _bound(source: Side, target: Side) -> str | None:
    """A bound from above became one from below, or the other way round."""
    less, more = _may(source)
    if not less and not more:
        return None
    menos, mas = _may(target)
    if not (less and mas) and not (more and menos):
        return None
    ours = _bounds(source)
    if bool(ours.less) == bool(ours.more):
        return None
    theirs = _bounds(target)
    if ours.less and theirs.more and not theirs.less:
        return "a bound from above became one from below"
    if ours.more and theirs.less and not theirs.more:
        return "a bound from below became one from above"
    return None


# Each must be answered by a word that keeps away, denies or ends, whichever.
_KEEPS_AWAY = re.compile(
    r"\b(?:avoid(?:ed|ing|s)?|denie[sd]|deny|unable|contraindicat\w+|unless|except|refuse[sd]?|discontinu\w+"
    r"|stop(?:ped)? (?:taking|using|drinking|eating)|forbidden|prohibit\w*|banned|absence|lacks?|without)\b",
    re.IGNORECASE,
)
_AWAY_WORDS = frozenset(
    "avoid avoided avoiding avoids denied denies deny unable contraindicated contraindication contraindications unless"
    " except refuse refused refuses discontinue discontinued discontinuation discontinuing stop stopped forbidden"
    " prohibit prohibited banned absence lack lacks without".split()
)
_AWAY_ES = re.compile(
    r"\b(?:no|sin|ni|nunca|jamás|ning\w+|nad[ai]\w*|evit\w+|neg\w+|nieg\w+|incapa\w+|impos\w+|contraindic\w+|salvo"
    r"|excep\w+|menos|rechaz\w+|suspen\w+|dej\w+|interrump\w+|discontinu\w+|par(?:ar|e|en|ó)|prohib\w+|ausen\w+|falt\w+"
    r"|carec\w+|carez\w+|caren\w+|exclu\w+|preven\w+|previ\w+|abst\w+|retir\w+|abandon\w+|libre\w*|exent\w*|impid\w*"
    r"|imped\w+|ces\w+|descart\w+|veda\w*|fuera|esquiv\w+|elud\w+|desprovist\w+|descon\w+|inexist\w+|insufic\w+|déficit\w*"
    r"|defici\w+|p[eé]rd\w+|afebril\w*|asint\w+|apirét\w+|s[oó]lo|únic\w+|lugar|alej\w+|prote[gc]\w+|reduc\w+|minimi\w+"
    r"|elim\w+|escas\w+|poc[oa]s?|privad\w+|cancel\w+|resist\w+)\b",
    re.IGNORECASE,
)


def _unanswered(source: Side, target: Side) -> str | None:
    """`avoid`, `denied`, `unable`, `unless` … and nothing in the translation that says so."""
    if source.known.isdisjoint(_AWAY_WORDS):
        return None
    found = _KEEPS_AWAY.search(source.text)
    if found is None or _AWAY_ES.search(target.text) is not None:
        return None
    return f"{found.group().lower()!r} has no answer"


def _prefixes(side: Side, low: str, high: str) -> tuple[int, int]:
    return sum(w.startswith(low) for w in side.known), sum(w.startswith(high) for w in side.known)


def _too_low(source: Side, target: Side) -> str | None:
    """hypo- became hyper-, or the other way round."""
    if "hyp" not in source.text and "Hyp" not in source.text:
        return None
    low, high = _prefixes(source, "hypo", "hyper")
    bajo, alto = _prefixes(target, "hipo", "hiper")
    if (low > bajo and alto > high) or (high > alto and bajo > low):
        return "hypo- and hyper- changed places"
    return None


_BEFORE = re.compile(r"\b(?:before|prior to)\b", re.IGNORECASE)
_AFTER = re.compile(r"\bafter(?:wards?)?\b", re.IGNORECASE)
_ANTES = re.compile(r"\b(?:antes|previ\w+|anterior\w*|ante)\b", re.IGNORECASE)
_DESPUES = re.compile(r"\b(?:después|tras|luego|posterior\w*|cuando|al|a los?|una vez)\b", re.IGNORECASE)
_LATER = re.compile(r"\b(?:después|tras|luego de)\b", re.IGNORECASE)
_TIMES = frozenset("before prior after afterward afterwards".split())


def _turned_time(source: Side, target: Side) -> str | None:
    """`before` became `después`, or `after` became `antes`."""
    if source.known.isdisjoint(_TIMES):
        return None
    before, after = _BEFORE.search(source.text), _AFTER.search(source.text)
    if before and not after and _LATER.search(target.text) and not _ANTES.search(target.text):
        return "before became after"
    if after and not before and "antes" in target.known and not _DESPUES.search(target.text):
        return "after became before"
    return None


class Axis(NamedTuple):
    """Two poles in English, as words, and in Spanish, as whole words and beginnings."""

    first: frozenset[str]
    second: frozenset[str]
    one: tuple[frozenset[str], tuple[str, ...]]
    other: tuple[frozenset[str], tuple[str, ...]]


@cache
def _axes() -> dict[str, list[Axis]]:
    """Every English word of directions.txt, and the axes that it is on."""
    found: dict[str, list[Axis]] = {}
    for line in Path(__file__).with_name("directions.txt").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        first, second, third, fourth = (part.split() for part in re.split(r"[:|]", line))
        axis = Axis(frozenset(first), frozenset(second), _spelt(third), _spelt(fourth))
        for word in (*first, *second):
            found.setdefault(word, []).append(axis)
    return found


def _spelt(words: list[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    whole = frozenset(word for word in words if not word.endswith("*"))
    return whole, tuple(word[:-1] for word in words if word.endswith("*"))


def _says(side: Side, pole: tuple[frozenset[str], tuple[str, ...]]) -> bool:
    whole, beginnings = pole
    return not side.known.isdisjoint(whole) or any(word.startswith(beginnings) for word in side.known)


def _opposed(source: Side, target: Side) -> str | None:
    """One pole of an axis stands in the source alone, the other in the translation alone."""
    axes = _axes()
    for word in () if source.known.isdisjoint(axes) else source.known & axes.keys():
        for axis in axes[word]:
            if said := _flipped(axis, source, target):
                return said
    return None


def _flipped(axis: Axis, source: Side, target: Side) -> str | None:
    ours = not source.known.isdisjoint(axis.first), not source.known.isdisjoint(axis.second)
    if ours[0] == ours[1]:
        return None
    own, opposite = (axis.one, axis.other) if ours[0] else (axis.other, axis.one)
    if not _says(target, opposite) or _says(target, own):
        return None
    word = min(source.known & (axis.first if ours[0] else axis.second))
    return f"{word!r} became its opposite"


# In a text of several sentences one may say left and another right; what cannot be compared sentence by sentence and is
# longer than this is not judged.
_LONG = 300


def _confirmed(look: Look, source: Side, target: Side) -> str | None:
    """What a look finds in the whole text, if it stands in a pair of sentences too."""
    said = look(source, target)
    if said is None or len(source.text) <= _LONG:
        return said
    pairs = paired(source, target)
    if len(pairs) == 1:
        return None
    sides = ((type(source)(one, source.language), type(target)(other, target.language)) for one, other in pairs)
    return next((said for one, other in sides if (said := look(one, other))), None)


def wrong(source: Side, target: Side) -> str | None:
    """What points the other way, in a few words; None where nothing does."""
    for look in (_bound, _unanswered, _too_low, _turned_time, _opposed):
        if said := _confirmed(look, source, target):
            return said
    return None
