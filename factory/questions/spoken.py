"""Questions over captions without punctuation: from a cue to where the next thing begins.

A punctuated transcript is text like any other (template.py). Here a clause begins at a cue (`tradicionalmente se usa`,
`no se debe`, `contiene`) and ends before words that open another; what has no clear end is not asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from factory.questions.passage import Passage
from factory.questions.template import Proposal
from factory.questions.topics import Topics, of, plural
from factory.record import Span

_WORDS_A_STOP = 45
_SHORTEST, _LONGEST = 6, 45
_SUBJECT_WORDS = 700


class Cue(NamedTuple):
    """What a clause begins with, and the question that it answers."""

    type: str
    begins: re.Pattern[str]
    question: str


def _cue(kind: str, pattern: str, question: str) -> Cue:
    return Cue(kind, re.compile(rf"(?<![^\W\d_])(?:{pattern})(?![^\W\d_])"), question)


CUES = (
    _cue("use", r"tradicionalmente (?:se|las? \w+ se|los? \w+ se) (?:usan?|utilizan?|emplean?) (?:para|en|como"
                r"|contra|sobre)", "¿Para qué se {usa} tradicionalmente {x}?"),
    _cue("contraindication", r"(?:en (?:el embarazo(?: y (?:en )?la lactancia)?|la lactancia|menores de \w+ \w+"
                             r"|los niños)(?: la esencia)? )(?:no se recomienda|está contraindicad[oa]|no se "
                             r"aconseja)", "¿En qué casos no se recomienda {x}?"),
    _cue("contraindication", r"(?:por eso )?no deben? (?:tomar|usar|beber)l[oae]s?", "¿Quién no debe tomar {x}?"),
    _cue("precaution", r"no se debe tomar más de", "¿Qué precauciones hay que tener con {x}?"),
    _cue(
        "precaution",
        r"(?:las personas|quienes?|los) [^.]{3,40}? (?:deben? evitarl[oae]s?|deben? consultar)",
        "¿Quién debe tener cuidado con {x}?",
    ),
    _cue(
        "interaction",
        r"se recomienda no (?:juntar|mezclar|combinar)l[oae]s? con|tampoco se mezcla con",
        "¿Con qué no conviene mezclar {x}?",
    ),
    _cue("content", r"(?<=porque )contiene (?!información)", "¿Qué {contiene} {x}?"),
)  # fmt: skip
# Words that open another clause: where the answer ends.
_OPENS = re.compile(
    r"(?<!\s)\s+(?=(?:ahora|además|también|tampoco|después|entonces|pero|así que|por eso|por qué|en cambio|resumiendo"
    r"|un consejo|es más o menos|es decir|y ese|y esto|y pone|y si|y no|y en|y la esencia"
    r"|quien|quienes|las personas|si (?:la|el|los|las|hay|tienes|toma|tomas|usted|no|se|cuesta|sale|ocurre"
    r"|aparecen)|cuando|mientras|el (?:primer|segundo|tercer|problema|resultado|extracto)|la (?:primera|segunda"
    r"|tercera|cuarta|tapa|esencia pura|monografía|agencia)"
    r"|lo que|antes de|con el|no se|no hay|no es|no deben?|hay que|conviene|se (?:mezcla|cuela|toma|deja|han|ha"
    r"|recomienda)|guarden|espero|mi |existe|las semillas|las hojas|una cantidad|en (?:el|la|los) (?:embarazo"
    r"|lactancia|estudios?)|en menores|hoy|bueno|vamos)(?![^\W\d_]))"
)
_DANGLES = frozenset(
    [
        "de",
        "la",
        "el",
        "los",
        "las",
        "un",
        "una",
        "y",
        "o",
        "que",
        "con",
        "por",
        "para",
        "en",
        "a",
        "se",
        "es",
        "no",
        "del",
        "al",
        "su",
        "sus",
        "como",
        "más",
        "muy",
        "sin",
        "entre",
        "sobre",
        "son",
    ]
)


def is_bare(text: str, spans: Sequence[Span]) -> bool:
    """A transcript without punctuation: fewer stops than sentences would have."""
    if not spans or spans[0]["start_seconds"] is None:
        return False
    words = len(text.split())
    return len(re.findall(r"[.!?…](?:\s|$)", text)) * _WORDS_A_STOP < words


def proposals(text: str, title: str | None, within: Sequence[Passage]) -> list[list[Proposal]]:
    """For each passage the questions that its clauses answer about the video's subject."""
    subject = subject_of_video(text, title)
    if subject is None:
        return [[] for _ in within]
    return [_warned(list(_of_passage(text, passage, subject))) for passage in within]


def _warned(every: list[Proposal]) -> list[Proposal]:
    """What is said of use, with the first that its passage says of who must take care."""
    more = next((one for one in every if one.type in ("contraindication", "precaution")), None)
    if more is None:
        return every
    return [
        one._replace(answer=f"{one.answer} {more.answer}", evidence=(*one.evidence, *more.evidence))
        if one.type == "use"
        else one
        for one in every
    ]


def _of_passage(text: str, passage: Passage, subject: str) -> Iterator[Proposal]:
    taken: list[tuple[int, int]] = []
    for cue in CUES:
        for begin in cue.begins.finditer(text, passage.start, passage.end):
            end = _end_of(text, begin.end(), passage.end)
            if end is None or any(a < end and b > begin.start() for a, b in taken):
                continue
            said = " ".join(text[begin.start() : end].split())
            if not _SHORTEST <= len(said.split()) <= _LONGEST or said.split()[-1] in _DANGLES:
                continue
            taken.append((begin.start(), end))
            several = plural(subject)
            values = {"usa": "usan" if several else "usa", "contiene": "contienen" if several else "contiene"}
            question = cue.question.format(x=subject, de_x=of(subject), **values)
            yield Proposal(cue.type, question, f"{said[:1].upper()}{said[1:]}.", ((begin.start(), end),), subject)


def _end_of(text: str, at: int, last: int) -> int | None:
    """Where the clause ends that has begun before `at`; None where it runs out of the passage."""
    found = _OPENS.search(text, at, last)
    return found.start() if found else None


_NOT_A_SUBJECT = frozenset(
    [
        "video",
        "vídeo",
        "canal",
        "receta",
        "remedio",
        "remedios",
        "casero",
        "caseros",
        "casera",
        "planta",
        "plantas",
        "medicinal",
        "medicinales",
        "salud",
        "natural",
    ]
)


def subject_of_video(text: str, title: str | None) -> str | None:
    """What a video is about: the first word of its title that its text keeps naming with an article."""
    topics = Topics(text, title)
    if found := topics.of_path(()):
        return found
    lower = f" {' '.join(text.lower().split())} "
    best: tuple[int, str] | None = None
    for word in re.findall(r"[^\W\d_]{4,}", (title or "").lower()):
        if word in _NOT_A_SUBJECT:
            continue
        for article, forms in (("el", ("el", "del", "al")), ("la", ("la",))):
            count = sum(lower.count(f" {form} {word} ") for form in forms)
            if count and lower.count(f" {word} ") > 1 and (best is None or count > best[0]):
                best = (count, f"{article} {word}")
    return best[1] if best else None
