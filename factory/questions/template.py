"""The lane without a model: questions after the patterns of MedQuAD, answers that are sentences of the source.

Source: Ben Abacha & Demner-Fushman 2019 (MedQuAD), BMC Bioinformatics 20:511: question types by what a section or a
sentence says of its subject. Precision goes first: a sentence that fits no pattern is asked about by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from factory.questions.gates import about_use
from factory.questions.passage import Passage, Section, kind_of_section, sections
from factory.questions.topics import Topics, bare, empty_nouns, heading_of, of, plural, subject_of
from factory.questions.warned import Warnings
from factory.questions.wording import fold, head, lines, sentences, words_in
from factory.record import Span


class Proposal(NamedTuple):
    """A question of a type, its answer, and the characters of the text it rests on, one or two stretches."""

    type: str
    question: str
    answer: str
    evidence: tuple[tuple[int, int], ...]
    subject: str


# Sentences

_ARTICLES = r"(?:[Ee]l|[Ll]a|[Ll]os|[Ll]as)"
_SUBJECT = rf"(?P<x>(?:{_ARTICLES} )?[^,;:.()¿?!\"«»]{{3,90}}?)"
_ASIDE = r"(?:,? \([^)]{2,80}\)|, [^,.;:]{2,90},)?"


class Pattern(NamedTuple):
    """A sentence that says something of a subject, and the question it answers; `hint` stands in each such sentence."""

    type: str
    hint: tuple[str, ...]
    sentence: re.Pattern[str]
    question: str


@cache
def patterns() -> tuple[Pattern, ...]:
    """The sentences of patterns.txt; a blank of a hint is written `_` there."""
    found = []
    for line in lines("patterns.txt"):
        kind, hints, sentence, question = (part.strip() for part in line.split("|||"))
        hint = tuple(one.replace("_", " ") for one in hints.split("|"))
        found.append(Pattern(kind, hint, re.compile("^" + sentence.replace("SUBJECT", _SUBJECT + _ASIDE)), question))
    return tuple(found)


_VERBS = {
    "es": ("es", "son"),
    "consiste": ("consiste", "consisten"),
    "define": ("define", "definen"),
    "caracteriza": ("caracteriza", "caracterizan"),
    "depende": ("depende", "dependen"),
    "tiene": ("tiene", "tienen"),
    "usa": ("usa", "usan"),
    "trata": ("trata", "tratan"),
    "diagnostica": ("diagnostica", "diagnostican"),
    "contiene": ("contiene", "contienen"),
    "esta": ("está", "están"),
    "interacciona": ("interacciona", "interaccionan"),
    "divide": ("divide", "dividen"),
    "encuentra": ("encuentra", "encuentran"),
    "obtiene": ("obtiene", "obtienen"),
    "actua": ("actúa", "actúan"),
    "manifiesta": ("manifiesta", "manifiestan"),
    "Cual": ("Cuál", "Cuáles"),
}
_SHORTEST, _LONGEST = 30, 420
_POINTS_BACK = re.compile(
    r"^(?:est[aeo]s?|es[aeo]s?|aquell?[oa]?s?|ell[oa]s?|dich[oa]s?|además|también|sin embargo|no obstante|por "
    r"(?:ello|eso|lo tanto|tanto|esto)|asimismo|en (?:cambio|este caso|ese caso)|pero|entonces|así)\b"
    r"|\b(?:est[ae] (?:sumario|tabla|figura|cap[ií]tulo|art[ií]culo|estudio|trabajo|libro|v[ií]deo|texto)|este "
    r"documento|la (?:tabla|figura) \d|los autores|consulte (?:el|la|los) (?:sumario|sección)|(?:más|mayor) "
    r"información (?:sobre|en)|PDQ|(?:citad|mencionad|referid)[oa]s?|en color|ve[ar] (?:el|la)|consult[ae]r?)\b"
    r"|\b(?:dich[oa]s?|estos|estas|esa|ese|esos|esas|est[ae]) (?:tipo|tipos|grupo|pacientes|casos|estudios?"
    r"|plantas?|medicamentos?|síntomas?|tratamientos?|enfermedad(?:es)?|remedio|producto|efectos?|uso|método"
    r"|pruebas?)\b",
    re.IGNORECASE,
)


def of_sentence(text: str, start: int, end: int, topic: str | None) -> Iterator[Proposal]:
    """The questions that one sentence answers by itself: the first pattern that fits."""
    said = text[start:end]
    if not _SHORTEST <= len(said) <= _LONGEST or said[-1] not in ".:" or _POINTS_BACK.search(said) or "?" in said:
        return
    for pattern in patterns():
        if not any(hint in said for hint in pattern.hint):
            continue
        found = pattern.sentence.match(said)
        if found is None:
            continue
        question = _question(pattern, found, said, topic)
        if question is not None:
            subject, asked = question
            yield Proposal(pattern.type, asked, without_marks(said), ((start, end),), subject)
            return


def _begins_with(answer: str, subject: str) -> bool:
    """A definition's first sentence says what the thing is, and not what is commonest."""
    first = answer.split(". ", maxsplit=1)[0]
    name = subject.split(" ", 1)[-1].split(" ", maxsplit=1)[0]
    return fold(name)[:6] in fold(first[:60]) and _IS.search(first) is not None and _MOST.search(first) is None


_IS = re.compile(r"\b(?:es|son|consiste|se define|se llama)\b")
_MOST = re.compile(r"\b(?:es|son) (?:el|la|los|las) (?:\w+ ){1,3}(?:más|principal|menos)\b")
_MARKS = re.compile(r"\s?\[\d[\d,;\s–-]*\]|(?<=[^\W\d_.,;)])[⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?<=[.,;)])[⁰¹²³⁴⁵⁶⁷⁸⁹]+")


def without_marks(said: str) -> str:
    """The text without the numbers of its references."""
    return _MARKS.sub("", said)


def _question(pattern: Pattern, found: re.Match[str], said: str, topic: str | None) -> tuple[str, str] | None:
    """The subject and the question of a sentence that a pattern fits; None where its subject is no name."""
    groups = found.groupdict()
    kind = pattern.type
    if kind in ("superlative", "naming", "evidence", "conduct", "position", "types"):
        return _question_of_clause(pattern, groups, topic)
    subject = subject_of(groups["x"], bare=kind == "means")
    if subject is None or (kind == "definition" and not _defines(groups, said)):
        return None
    several = _said_of_many(
        said[found.end("x") : found.start("genus") if groups.get("genus") else found.end()]
    ) or plural(subject)
    if several and subject.startswith(("el ", "la ")):
        return None
    if kind == "adverse" and subject.startswith(("los efectos", "los síntomas")):
        return None
    if kind == "risk" and (_PEOPLE.match(subject) or re.search(r"\b[A-Z]{2,}\b", groups.get("y") or "")):
        return None
    values = {name: forms[several] for name, forms in _VERBS.items()}
    values |= {
        "puede": "pueden" if several else "puede",
        "x": subject,
        "de_x": of(subject),
        "y": groups.get("y") or "",
        "inf": groups.get("inf") or "",
    }
    values["v1"] = re.sub(r"n$", "", groups.get("v") or "")
    values["contraindicado"] = _participle(subject)
    return subject, pattern.question.format(**values)


_PEOPLE = re.compile(
    r"(?:los|las) (?:fumadores|ex ?fumadores|pacientes|personas|mujeres|hombres|niños|adultos|varones|médicos)\b"
)


def _said_of_many(verb: str) -> bool:
    return re.search(r"\b(?:son|están|pueden|deben|suelen|han|[^\W\d_]{3,}[aeú]n)\b", verb) is not None


def _participle(subject: str) -> str:
    return {"el": "contraindicado", "la": "contraindicada", "los": "contraindicados", "las": "contraindicadas"}.get(
        subject.split(" ", maxsplit=1)[0], "contraindicado"
    )


def _question_of_clause(pattern: Pattern, groups: dict[str, str | None], topic: str | None) -> tuple[str, str] | None:
    """Questions that repeat a clause of their sentence."""
    kind, x, y = pattern.type, groups.get("x") or "", groups.get("y") or ""
    if _BACK.search(f"{x} {y} {groups.get('c') or ''}"):
        return None
    if kind == "superlative":
        subject = subject_of(x)
        if subject is None or len(y.split()) < 5 or not _has_name(y) or re.search(r" y (?:es|son|el|la) ", y):
            return None
        several = y.startswith(("los ", "las "))
        return subject, pattern.question.format(Cual=_VERBS["Cual"][several], es=_VERBS["es"][several], y=y)
    if kind == "naming":
        name = subject_of(y, bare=True)
        if name is None or re.search(r"\bestadio|\btambién|\bcélulas? anormal", x):
            return None
        return name, pattern.question.format(y=name)
    if kind == "evidence":
        if not _has_name(x) or x.count(",") > 1:
            return None
        return _first_name(x), pattern.question.format(e=groups["e"], de=groups["de"], x=x.strip())
    if kind == "conduct":
        condition = groups["c"] or ""
        if not _has_name(condition) or re.search(r"\b(?:lo|la|los|las|le) \w+|\busted\b|\bsu\b", condition):
            return None
        return _first_name(condition), pattern.question.format(c=condition[:1].lower() + condition[1:])
    if kind == "position":
        return (
            (topic, pattern.question.format(o=groups["o"], topic=topic))
            if topic and fold(topic.split()[-1])[:5] in fold(y)
            else None
        )
    name = subject_of(x, bare=True)
    return (name, pattern.question.format(n=groups["n"], x=name)) if name else None


_BACK = re.compile(
    r"\b(?:est[aeo]s?|es[aeo]s?|dich[oa]s?|ell[oa]s?|aquell?[oa]s?|su|sus|anterior(?:es)?|siguientes?|mism[oa]s?)\b",
    re.IGNORECASE,
)


def _has_name(clause: str) -> bool:
    """The clause names a thing."""
    return any(
        len(w) > 3 and head(w) not in empty_nouns() for w in (fold(word) for word in re.findall(r"[^\W\d_]+", clause))
    )


def _first_name(clause: str) -> str:
    return next(
        (word for word in re.findall(r"[^\W\d_]{4,}", clause) if head(fold(word)) not in empty_nouns()), clause[:30]
    )


# Nouns that define with `el` or `la` before them.
_WHOLE = frozenset(
    [
        "tejido",
        "proceso",
        "capa",
        "conjunto",
        "inflamacion",
        "respuesta",
        "elevacion",
        "aumento",
        "disminucion",
        "perdida",
        "ciencia",
        "rama",
        "cuticula",
        "infeccion",
        "estructura",
        "region",
        "membrana",
        "acumulacion",
        "falta",
        "sensacion",
        "estudio",
        "presencia",
        "corteza",
        "raiz",
        "flor",
        "fruto",
        "semilla",
        "hoja",
        "dilatacion",
        "obstruccion",
    ]
)


@cache
def _genera() -> frozenset[str]:
    return words_in("genus.txt")


def _defines(groups: dict[str, str | None], said: str) -> bool:
    """What the thing is said to be is a kind of thing, and something follows that tells it from others."""
    genus = groups.get("genus")
    if genus is None:
        return True
    folded = fold(genus)
    after = groups.get("more") or ""
    if not {folded, folded.rstrip("s"), folded.removesuffix("es")} & _genera():
        return False
    # `es el tratamiento de elección` says what is done, not what it is.
    if groups.get("det") is None and said.find(f" es {genus}") >= 0:
        return False
    if groups.get("det") in ("el", "la", "los", "las") and folded.rstrip("s") not in _WHOLE:
        return False
    if folded.startswith(("tratamiento", "terapia", "sintoma", "signo")) and not _TELLS.match(after):
        return False
    return len(said.split()) >= 8 and len(re.findall(r"[^\W\d_]{4,}", after)) >= 3


_TELLS = re.compile(
    r" (?:para|del?|contra|en (?:el|la|los) que|que|por el que|médico|quirúrgico|natural|manual)\b(?! "
    r"(?:elección|una determinada))"
)


_MOST_ANSWER = 110


_BESIDES = frozenset({"use", "preparation", "dose"})
_MOST_CAUTIONS = 2


def asks_of_use(one: Proposal) -> bool:
    """Use, preparation or dose is asked for: who answers says who must take care, too."""
    return one.type in _BESIDES or (one.type == "asked" and about_use(one.question))


def with_cautions(text: str, one: Proposal, warned: Sequence[tuple[int, int]]) -> Proposal:
    """The answer with the sentences that tell who must take care; as it was where it holds one, or there is none."""
    start, end = one.evidence[0]
    if any(a < end and b > start for a, b in warned):
        return one
    more = [(a, b) for a, b in warned if not _POINTS_BACK.search(text[a:b])][:_MOST_CAUTIONS]
    if not more:
        return one
    answer = " ".join([one.answer, *(without_marks(text[a:b]) for a, b in more)])
    return one._replace(answer=answer, evidence=(*one.evidence, *more))


def of_section(text: str, section: Section, topics: Topics) -> Iterator[Proposal]:
    """The question that a heading asks of its section, where both are known; the answer is its beginning."""
    if not section.path:
        return
    last = section.path[-1]
    if last.strip().startswith("¿") and last.strip().endswith("?") and last.count("?") == 1:
        question, kind, subject = last.strip(), "asked", ""
    else:
        meaning = heading_of(last)
        topic = topics.of_path(section.path[:-1]) if meaning else None
        if meaning is None or topic is None:
            return
        several = plural(topic)
        values = {name: forms[several] for name, forms in _VERBS.items()}
        question = meaning.question.format(x=topic, de_x=of(topic), bare=bare(topic), **values)
        kind, subject = meaning.type, topic
    found = leading(text, section.spans)
    if found is not None and (kind != "definition" or _begins_with(found[2], subject)):
        start, end, answer = found
        yield Proposal(kind, question, answer, ((start, end),), subject)


def leading(text: str, spans: Sequence[Span]) -> tuple[int, int, str] | None:
    """The first sentences of some paragraphs, a hundred words or so; None where they are none or point back."""
    body = [span for span in spans if span["role"] == "body" and text[span["start"]] not in "⁰¹²³⁴⁵⁶⁷⁸⁹*†"]
    if not body or body[0]["start"] != spans[0]["start"]:
        return None
    parts: list[str] = []
    count = 0
    start, end = body[0]["start"], body[0]["start"]
    for number, span in enumerate(body):
        if number and text[end : span["start"]].strip():
            break
        said = sentences(text, span["start"], span["end"])
        first = text[said[0][0] : said[0][1]]
        if not parts and (_POINTS_BACK.search(first) or _THESE.search(first)):
            return None
        taken: list[str] = []
        for a, b in said:
            size = len(text[a:b].split())
            if (parts or taken) and count + size > _MOST_ANSWER:
                break
            taken.append(text[a:b])
            count += size
            end = b
        if not taken:
            break
        parts.append(without_marks(" ".join(taken)))
        if count >= _MOST_ANSWER or len(taken) < len(said):
            break
    answer = "\n".join(parts)
    if len(answer.split()) < 6 or count > 2 * _MOST_ANSWER or answer.rstrip()[-1:] in (":", ",") or "?" in answer:
        return None
    if answer.rstrip()[-1:] not in '.!)”»"':
        return None
    return start, end, answer


_THESE = re.compile(r"\b(?:est[ae]s?|es[ae]s?|estos|esos|dich[oa]s?|aquell[oa]s|aquel) [^\W\d_]+", re.IGNORECASE)
_ITEMS, _ITEM_LONGEST = range(2, 13), 200


def with_list(text: str, one: Proposal, section: Section) -> Proposal | None:
    """A sentence that ends in a colon with the list below it, where that fills the rest of its section."""
    if not one.answer.endswith(":"):
        return one
    start, end = one.evidence[0]
    below = [span for span in section.spans if span["start"] >= end]
    items = [text[span["start"] : span["end"]].strip() for span in below]
    if (
        len(items) not in _ITEMS
        or not all(span["role"] == "body" for span in below)
        or text[end : below[0]["start"]].strip()
    ):
        return None
    if any(
        len(item) > _ITEM_LONGEST or item.endswith(":") or "?" in item or _POINTS_BACK.search(item) for item in items
    ):
        return None
    answer = "\n".join([one.answer, *(f"- {without_marks(item).lstrip('-•* ')}" for item in items)])
    return one._replace(answer=answer, evidence=((start, below[-1]["end"]),))


def asked_in_body(text: str, section: Section) -> Iterator[Proposal]:
    """Paragraphs that are questions, with the paragraphs below them."""
    spans = section.spans
    for number, span in enumerate(spans[:-1]):
        said = re.sub(r"^(?:\d+[.)]?\s*)+", "", text[span["start"] : span["end"]].strip())
        if span["role"] != "body" or not (said.startswith("¿") and said.endswith("?")) or said.count("?") > 1:
            continue
        after = []
        for other in spans[number + 1 :]:
            if text[other["start"] : other["end"]].strip().endswith("?"):
                break
            after.append(other)
        found = leading(text, after) if after else None
        if found:
            yield Proposal("asked", said, found[2], ((found[0], found[1]),), "")


def proposals(
    text: str,
    spans: Sequence[Span],
    title: str | None,
    within: Sequence[Passage],
    warnings: Warnings | None = None,
) -> list[list[Proposal]]:
    """For each passage the questions that its sections and sentences answer, in the order of the text."""
    topics, warnings = Topics(text, title), warnings or Warnings(text, spans)
    found: list[list[Proposal]] = [[] for _ in within]
    at = 0
    for section in sections(spans):
        if kind_of_section(section):
            continue
        while at < len(within) - 1 and within[at].end <= section.start:
            at += 1
        every = [*of_section(text, section, topics), *asked_in_body(text, section)]
        topic = topics.of_path(section.path)
        for span in section.spans:
            if span["role"] != "body":
                continue
            for start, end in sentences(text, span["start"], span["end"]):
                said = (with_list(text, one, section) for one in of_sentence(text, start, end, topic))
                every.extend(one for one in said if one is not None)
        for one in every:
            start, end = one.evidence[0]
            for number in range(at, len(within)):
                if within[number].start <= start and end <= within[number].end:
                    warned = warnings.of(start, within[number]) if asks_of_use(one) else ()
                    found[number].append(with_cautions(text, one, warned))
                    break
    return found
