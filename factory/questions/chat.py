"""Conversations, texts for patients and discharge summaries: chat messages that keep what their source says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache

from factory.questions import claims
from factory.questions.case import Case, numbers_of
from factory.questions.gates import cautions, check
from factory.questions.judge import Source
from factory.questions.passage import Passage
from factory.questions.rows import Evidence, Generator, Message, QuestionRow, blank, end, sealed
from factory.questions.safety import evidence_tag, flags
from factory.questions.wording import content, fold, head, heads, heads_of, lines, sentences, supported
from factory.record import sha256
from factory.translate.side import Side

LEAST_TURNS, MOST_TURNS = 2, 4
_CASE = re.compile(
    r"\b(?:[Pp]aciente|[Vv]ar[oó]n|[Mm]ujer|[Hh]ombre|[Nn]iñ[oa]|[Ll]actante|[Ee]nferm[oa])\b[^.]{0,60}?\bde "
    r"(?:\d+|\w+) (?:años|meses|días|semanas)(?: de edad)?\b"
)
_CLINICAL = re.compile(
    r"\b(?:exploraci[oó]n|anal[ií]tica|ingres\w+|acude|consulta por|refiere|antecedentes|diagn[oó]stic\w+|se "
    r"(?:realiz|solicit|decid|inici|intervien)\w+)\b",
    re.IGNORECASE,
)


def is_case(text: str) -> bool:
    """The passage tells of a patient: who, how old, and what was found or done."""
    return _CASE.search(text) is not None and len(_CLINICAL.findall(text)) >= 2


# Conversations

_OPENINGS = ("Buenos días, tengo una duda. ", "Hola, quería preguntarle una cosa. ", "Buenas tardes. ", "Disculpe, ")


# A question's own first word is small behind a comma; `¿VIH y sida son lo mismo?` stays.
_FIRST_WORD = re.compile(r"^¿[A-ZÁÉÍÓÚ](?=[a-záéíóúñ]+\b)")


def conversation(source: Source, passage: Passage, rows: Sequence[QuestionRow], generator: Generator) -> QuestionRow:
    """A conversation of judged questions: those that were accepted are its turns; two at least."""
    good = [row for row in rows if row["outcome"] == "accepted"][:MOST_TURNS]
    made = blank("dialogue", passage.id, generator)
    made["question_type"] = "dialogue"
    made["subject"] = next((row["subject"] for row in rows if row["subject"]), "")
    for number, row in enumerate(good):
        opening = (
            _OPENINGS[int(sha256(row["id"])[:4], 16) % len(_OPENINGS)]
            if number == 0 and generator["lane"] == "template"
            else ""
        )
        asked = row["question"]
        if opening.endswith(", "):
            asked = _FIRST_WORD.sub(lambda found: found.group().lower(), asked)
        made["messages"].append(Message(role="user", content=f"{opening}{asked}", evidence=[]))
        made["messages"].append(Message(role="assistant", content=row["answer"], evidence=row["evidence"]))
        made["evidence"] += row["evidence"]
        made["safety_flags"] = sorted({*made["safety_flags"], *row["safety_flags"]})
    made["checks"] = good[0]["checks"] if good else []
    made["evidence_tag"] = next((r["evidence_tag"] for r in good if r["evidence_tag"] != "no_evaluado"), "no_evaluado")
    if good:
        made["question"], made["answer"] = good[0]["question"], good[-1]["answer"]
    sealed(made, source.text_sha256)
    if len(good) < LEAST_TURNS:
        why = Counter(row["reason"] for row in rows if row["reason"])
        return end(made, "rejected", "too_few_turns", ", ".join(why) or "one question only")
    return made


def chained(
    source: Source, passages: dict[str, Passage], rows: Sequence[QuestionRow], generator: Generator
) -> list[QuestionRow]:
    """Conversations from the questions of one Document about one thing, two to four turns each, in the text's order."""
    by_subject: dict[str, list[QuestionRow]] = {}
    for row in rows:
        if row["subject"]:
            by_subject.setdefault(fold(row["subject"]), []).append(row)
    found = []
    for group in by_subject.values():
        for at in range(0, len(group), MOST_TURNS):
            part = group[at : at + MOST_TURNS]
            if len(part) >= LEAST_TURNS and len({row["answer"] for row in part}) == len(part):
                found.append(conversation(source, passages[part[0]["passage_id"]], part, generator))
    return found


# Texts that keep what their source says

_ALWAYS = (
    "refusal",
    "injected",
    "language",
    "stop_treatment",
    "overclaim",
    "numbers",
    "units",
    "negation",
    "direction",
    "entity",
    "grounding",
)


def unfaithful(source_text: str, text: str, natural: bool | None) -> tuple[str, str] | None:
    """Why a text does not keep what its source says: something lost or something added; None where it keeps it."""
    given = Case(source_text, "", text, source_text, "", natural)
    if failed := check(given, _ALWAYS):
        return next(iter(failed.items()))
    back = Case(text, "", source_text, text, "", natural)
    ours, theirs = numbers_of(back.answer_side), numbers_of(Side(text, "es"))
    known = {value for number in theirs for value in number.values}
    for number in ours:
        if number.kind != "loose" and known.isdisjoint(number.values):
            return "numbers", f"{number.values[0]:g} was lost"
    if said := claims.wrong_units(back):
        return "units", said
    if said := _lost_denial(source_text, text):
        return "negation", said
    for start, stop in cautions(source_text):
        if lost := _lost(source_text[start:stop], text):
            return "contraindication", f"left out: {lost[:70]}"
    return None


def _lost_denial(source_text: str, text: str) -> str | None:
    """What is denied in the source and not in the text."""
    kept = claims.denials(text)
    shown = heads(word for one in kept for word in one.words)
    soft = claims.soft(text)
    for denial in claims.denials(source_text):
        if (
            denial.words
            and not any(head(word) in shown or supported(word, shown) for word in denial.words)
            and not soft
        ):
            return f"{denial.by} {' '.join(denial.words[:2])} was lost"
    if len(kept) < 0.5 * len(claims.denials(source_text)) and not soft:
        return "denials were lost"
    return None


def _lost(sentence: str, text: str) -> str | None:
    own = content(sentence)
    said = heads_of(text)
    return sentence if own and sum(supported(word, said) for word in own) < 0.5 * len(own) else None


def text_row(
    source: Source,
    passage: Passage,
    kind: str,
    text: str,
    generator: Generator,
    given: Sequence[Evidence] = (),
    asked: str = "",
) -> QuestionRow:
    """A text for patients or a discharge summary over a passage, or over some of its evidence, judged."""
    evidence = list(given) or source.evidence([(passage.start, passage.end)])
    said = "\n".join(one["quote"] for one in evidence)
    made = blank("patient" if kind == "patient" else "discharge", passage.id, generator)
    made["question_type"] = kind
    made["question"] = asked or _request(kind, said)
    made["answer"] = text
    made["evidence"] = evidence
    made["messages"] = [
        Message(role="user", content=made["question"], evidence=[]),
        Message(role="assistant", content=text, evidence=evidence),
    ]
    sealed(made, source.text_sha256)
    plain = without_glosses(text) if kind == "patient" else _LABEL.sub("", text)
    if wrong := unfaithful(said, plain, source.natural):
        return end(made, "rejected", *wrong)
    if source.tradition != "conventional":
        made["evidence_tag"] = evidence_tag(said)
        made["safety_flags"], unwarned = flags("", text)
        if unwarned and source.natural:
            return end(made, "quarantined", unwarned, "a person reads it before it is published")
    return made


def _request(kind: str, said: str) -> str:
    ask = (
        "Explique este texto a un paciente con palabras sencillas"
        if kind == "patient"
        else "Escriba el informe de alta de este caso"
    )
    return f"{ask}:\n{said}"


# By rules


@cache
def _glosses() -> dict[str, str]:
    found = {}
    for line in lines("plain.txt"):
        term, _, meaning = line.partition(":")
        found[term.strip()] = meaning.strip()
    return found


@cache
def _terms() -> re.Pattern[str]:
    return re.compile(
        rf"\b({'|'.join(sorted(map(re.escape, _glosses()), key=len, reverse=True))})\b(?! \()", re.IGNORECASE
    )


def glossed(text: str) -> str:
    """Every term of medicine has its meaning in brackets behind it, the first time."""
    seen: set[str] = set()

    def meaning(found: re.Match[str]) -> str:
        term = found[1].lower()
        gloss = _glosses()[term]
        before = text[: found.start()]
        if term in seen or fold(gloss) in fold(text) or before.count("(") > before.count(")"):
            return found[1]
        seen.add(term)
        return f"{found[1]} ({gloss})"

    return _terms().sub(meaning, text)


def without_glosses(text: str) -> str:
    """The text without the meanings that `glossed` adds."""
    for term, gloss in _glosses().items():
        if f"({gloss})" in text:
            text = re.sub(rf"({re.escape(term)}) \({re.escape(gloss)}\)", r"\1", text, flags=re.IGNORECASE)
    return text


_FOR_PATIENTS = frozenset(
    [
        "treatment",
        "prevention",
        "symptoms",
        "cause",
        "diagnosis",
        "precaution",
        "contraindication",
        "interaction",
        "dose",
        "preparation",
        "adverse",
        "first_aid",
        "definition",
        "list",
        "risk",
        "complications",
    ]
)


def for_patient(source: Source, passage: Passage, row: QuestionRow) -> QuestionRow | None:
    """An answer for a patient, its terms explained; None where it has none, or is no text of that sort."""
    if row["question_type"] not in _FOR_PATIENTS or len(row["answer"].split()) < 12:
        return None
    text = glossed(row["answer"])
    if text == row["answer"]:
        return None
    asked = row["question"]
    request = f"¿Me lo puede explicar con palabras sencillas? {asked}"
    return text_row(source, passage, "patient", text, row["generator"], row["evidence"], request)


@cache
def _sections() -> tuple[tuple[str, re.Pattern[str]], ...]:
    pairs = (line.split(" ::: ", 1) for line in lines("case_sections.txt"))
    return tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in pairs)


_ORDER = ("Motivo de ingreso", "Antecedentes", "Exploración y pruebas", "Diagnóstico", "Tratamiento", "Evolución")
_LABEL = re.compile(rf"^(?:{'|'.join(_ORDER)}): ", re.MULTILINE)
_MOST_CASE = 2600


def discharge(source: Source, passage: Passage, generator: Generator) -> QuestionRow | None:
    """The summary of a case by rules: each sentence, word for word, under what it tells of; None where it is none."""
    text = source.text[passage.start : passage.end]
    if not is_case(text) or len(text) > _MOST_CASE:
        return None
    parts: dict[str, list[str]] = {}
    last = "Motivo de ingreso"
    for number, (start, stop) in enumerate(sentences(text)):
        said = " ".join(text[start:stop].split())
        name = "Motivo de ingreso" if number == 0 else next((n for n, p in _sections() if p.search(said)), last)
        parts.setdefault(name, []).append(said)
        last = name
    if len(parts) < 3:
        return None
    summary = "\n".join(f"{name}: {' '.join(parts[name])}" for name in _ORDER if name in parts)
    return text_row(source, passage, "discharge", summary, generator)
