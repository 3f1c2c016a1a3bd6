"""What a text speaks of: subjects that a question may name, headings and their meaning, the topic of a section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from factory.questions.wording import fold, head, lines, words_in

# Subjects

_NOT_A_NAME = re.compile(
    r"\b(?:que|quien|quienes|cual|cuales|cuyo|cuya|donde|cuando|como|si|no|ni|se|es|son|está|están|fue|fueron"
    r"|era|ser|ha|han|hay|había|puede|pueden|debe|deben|podría|podrían|tiene|tienen|tenía"
    r"|este|esta|estos|estas|ese|esa|esos|esas|aquel|aquella|dicho|dicha|dichos|dichas|tal|tales|mismo|misma"
    r"|mismos|mismas|otro|otra|otros|otras|ambos|ambas|siguiente|siguientes|anterior|anteriores|su|sus|mi|mis"
    r"|nuestro|nuestra"
    r"|ello|ellos|ellas|esto|eso|aquello|lo|le|les|me|te|nos|primero|primera|segundo|segunda|tercero|tercera"
    r"|último|última|resto|mayoría|mayor|parte|además|también|sin|embargo|así|aunque|pero|porque|más|menos|muy"
    r"|algunos|algunas|algún|alguna|muchos|muchas|pocos|pocas|varios|varias|cada|todo|toda|todos|todas"
    r"|cualquier|ninguno|ninguna|ningún|un|una|unos|unas|usted|ustedes|yo|tú|él|ella|entre|desde|hasta|según"
    r"|durante|tras|mediante"
    r"|ciertos|ciertas|cierto|cierta|determinados|determinadas|diversos|diversas|distintos|distintas|diferentes"
    r"|numerosos|numerosas|hoy|ahora|entonces|aquí|allí|siempre|nunca|ya|antes|después|luego|mientras|por|para"
    r"|incluso|sobre todo|solo|sólo)\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"[ivxl]+[abc]?")
_MOST_WORDS = 8


@cache
def empty_nouns() -> frozenset[str]:
    """Heads of nouns that name nothing by themselves: objetivo, resultado, paciente, tratamiento."""
    return frozenset(head(word) for word in words_in("asking.txt") | words_in("generic.txt") | words_in("vague.txt"))


def subject_of(said: str, *, bare: bool = False) -> str | None:
    """A subject as a question may name it: with its article, small; None where it names nothing or points elsewhere."""
    said = " ".join(said.split()).strip(" -–—•*")
    words = said.split()
    if not words or len(words) > _MOST_WORDS or _NOT_A_NAME.search(said) or len(said) < 4:
        return None
    first = words[0].lower()
    if first in ("el", "la", "los", "las"):
        rest = words[1:]
    elif bare or words[0][:1].isupper():
        rest, first = words, ""
    else:
        return None
    if (
        not rest
        or rest[0].lower() in ("de", "del", "a", "al", "en", "con")
        or words[-1].lower() in ("de", "del", "la", "el", "en", "a", "y", "o", "con")
    ):
        return None
    if words[-1].lower().endswith("mente") or re.search(r" [yo] (?:el|la|los|las) ", f" {said} "):
        return None
    plain = [word.strip("\"'“”«»()") for word in rest]
    names = [w for w in map(fold, plain) if len(w) > 2 and head(w) not in empty_nouns() and not _ROMAN.fullmatch(w)]
    if all(word.isupper() for word in plain if fold(word) in names) and len(max(plain, key=len)) < 6:
        return None
    if not names or all(w in ("del", "los", "las", "con") for w in names):
        return None
    if first:
        return " ".join([first, *rest])
    return _small(said) if not bare else said


def _small(said: str) -> str:
    """Without the capital of a sentence's first word; names of two capitals keep theirs."""
    first, _, rest = said.partition(" ")
    return (
        said
        if any(c.isupper() for c in first[1:]) or not first[:1].isupper()
        else f"{first[:1].lower()}{first[1:]} {rest}".rstrip()
    )


def of(subject: str) -> str:
    """`de` before a subject: `del cáncer`."""
    return f"del {subject[3:]}" if subject.startswith("el ") else f"de {subject}"


def to(subject: str) -> str:
    """`a` before a subject: `al hígado`."""
    return f"al {subject[3:]}" if subject.startswith("el ") else f"a {subject}"


def bare(subject: str) -> str:
    """A subject without its article."""
    return re.sub(r"^(?:el|la|los|las) ", "", subject)


def plural(subject: str) -> bool:
    """The subject is several: its verb is, too."""
    return subject.startswith(("los ", "las ")) or (
        not subject.startswith(("el ", "la ")) and subject.split(" ", maxsplit=1)[0].endswith("s") and " y " in subject
    )


# Headings


class Heading(NamedTuple):
    """A heading that says what its section tells of the thing above it."""

    type: str
    heading: re.Pattern[str]
    question: str


@cache
def _headings() -> tuple[Heading, ...]:
    found = []
    for line in lines("headings.txt"):
        kind, pattern, question = (part.strip() for part in line.split("|||"))
        found.append(Heading(kind, re.compile(rf"^(?:\d+[.)]?\s*)*(?:{pattern})\W*$", re.IGNORECASE), question))
    return tuple(found)


def heading_of(said: str) -> Heading | None:
    """The meaning of a heading that names no thing by itself."""
    return next((one for one in _headings() if one.heading.match(said)), None)


_TITLE_CUT = re.compile(r"(?<!\s)\s*(?:[:|–—]| - |\().*$")
_ABOUT = re.compile(
    r"^(?:tratamiento|prevenci[oó]n|ex[aá]menes de detecci[oó]n|detecci[oó]n|estadios|estadificaci[oó]n"
    r"|informaci[oó]n general|descripci[oó]n|causas|evaluaci[oó]n|s[ií]ntomas|diagn[oó]stico"
    r"|gu[ií]a|manual|todo|introducci[oó]n|aspectos generales)(?: del tratamiento)? (?:de |del |de la |de los "
    r"|sobre (?:el |la |los |las )?|a(?:l| la) )",
    re.IGNORECASE,
)


class Topics:
    """What a Document's headings are about, with the article that its text gives them."""

    def __init__(self, text: str, title: str | None) -> None:
        self._lower = f" {' '.join(text.lower().split())} "
        self._title = title or ""
        self._known: dict[str, str | None] = {}

    def of_path(self, path: Sequence[str]) -> str | None:
        """The nearest heading that names a thing, else the title's beginning."""
        for heading in reversed(path):
            if heading_of(heading) is None and "?" not in heading and (found := self.named(heading)):
                return found
            if heading_of(heading) is None and len(heading.split()) > 8:
                return None
        return self.named(self._title) if self._title else None

    def named(self, heading: str) -> str | None:
        """The thing that a heading names, with its article; None where it is a sentence or names nothing."""
        if heading not in self._known:
            self._known[heading] = self._look(heading)
        return self._known[heading]

    def _look(self, heading: str) -> str | None:
        plain = _TITLE_CUT.sub("", heading).strip(" .")
        plain = _ABOUT.sub("", re.sub(r"^(?:\d+[.)]?\s*)+", "", plain))
        if not plain or len(plain.split()) > 5 or plain.endswith("?"):
            return None
        if re.match(r"(?:el|la|los|las) ", plain, re.IGNORECASE):
            return subject_of(plain[:1].upper() + plain[1:])
        if subject_of(plain[:1].upper() + plain[1:]) is None:
            return None
        counts: Counter[str] = Counter()
        for article in ("el", "la", "los", "las", "del", "al"):
            counts["el" if article in ("del", "al") else article] += self._lower.count(f" {article} {plain.lower()}")
        article, count = counts.most_common(1)[0]
        return f"{article} {_small(plain)}" if count else None
