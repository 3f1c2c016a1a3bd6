"""Terms and their Spanish, from the user's own files: TSV or CSV with English and Spanish columns; none is shipped."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from factory.errors import ConfigError

MOST_LINES = 12
# Column names: the design's (en, es, variants), TICO-19's, and what people call them.
_ENGLISH = ("en", "english", "sourcestring", "source", "term_en", "inglés", "ingles")
_SPANISH = ("es", "spanish", "targetstring", "target", "term_es", "español", "espanol")
_EN_VARIANTS, _ES_VARIANTS = ("en_variants", "variants_en"), ("es_variants", "variants_es")
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


class Term(NamedTuple):
    """An English term, how it is to be written in Spanish, and what else counts as that."""

    english: str
    spanish: str
    also: tuple[str, ...] = ()


def terms_in(data: bytes, name: str) -> list[Term]:
    """The terms of a file. Raises ConfigError where it has no English and Spanish column, or no term."""
    text = data.decode("utf-8-sig", "replace")
    head = text.split("\n", 1)[0]
    rows = csv.DictReader(io.StringIO(text), delimiter="\t" if "\t" in head else ";" if ";" in head else ",")
    names = {(column or "").strip().lower(): column for column in rows.fieldnames or ()}
    english, spanish = (next((names[n] for n in known if n in names), None) for known in (_ENGLISH, _SPANISH))
    if english is None or spanish is None:
        raise ConfigError(f"{name}: a glossary has columns en and es, not {', '.join(names) or 'none'}")
    more = [[names[n] for n in known if n in names] for known in (_EN_VARIANTS, _ES_VARIANTS)]
    found: list[Term] = []
    for row in rows:
        if _other_language(row, names):
            continue
        forms = [one for one in (row.get(english) or "", *_variants(row, more[0])) if one.strip()]
        target = " ".join((row.get(spanish) or "").split())
        also = tuple(dict.fromkeys(v for v in _variants(row, more[1]) if v != target))
        if target:
            found += [Term(" ".join(form.split()), target, also) for form in forms]
    if not found:
        raise ConfigError(f"{name}: no term in it")
    return found


def _variants(row: dict[str, str | None], columns: list[str]) -> Iterator[str]:
    for column in columns:
        for one in re.split(r"[|;]", row.get(column) or ""):
            if one.strip():
                yield " ".join(one.split())


def _other_language(row: dict[str, str | None], names: dict[str, str]) -> bool:
    """A row between other languages than English and Spanish (TICO-19's files say)."""
    source, target = (str(row.get(names[n]) or "") if n in names else "" for n in ("sourcelang", "targetlang"))
    return bool(source and not source.lower().startswith("en")) or bool(target and not target.lower().startswith("es"))


def _folded(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(c))
    return " ".join(_WORD.findall(plain))


def _form_of(word: str, other: str) -> bool:
    """Two words are alike but for an ending, as number and gender make it."""
    kept = max(3, len(word) - (2 if len(word) > 4 else 1))
    return other[:kept] == word[:kept] and abs(len(other) - len(word)) < 4


@dataclass(slots=True)
class Glossary:
    """The terms, ready to be found in a text; of two with the same English the first counts."""

    terms: Iterable[Term]
    _by_first: dict[str, list[tuple[tuple[str, ...], Term]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: set[tuple[str, ...]] = set()
        for term in self.terms:
            words = tuple(_singular(word) for word in _folded(term.english).split())
            if words and words not in seen:
                seen.add(words)
                self._by_first.setdefault(words[0], []).append((words, term))
        for found in self._by_first.values():
            found.sort(key=lambda pair: -len(pair[0]))

    def found_in(self, text: str, most: int = MOST_LINES) -> list[Term]:
        """The terms that a text holds, the longest match at each place, each once, in order; `most` at most."""
        if not self._by_first:
            return []
        words = [_singular(word) for word in _folded(text).split()]
        found: dict[Term, None] = {}
        at = 0
        while at < len(words) and len(found) < most:
            size = 1
            for term_words, term in self._by_first.get(words[at], ()):
                if tuple(words[at : at + len(term_words)]) == term_words:
                    found[term] = None
                    size = len(term_words)
                    break
            at += size
        return list(found)

    def missed(self, source: str, target: str) -> list[Term]:
        """The terms of a source that its translation has in no known form; endings and small words do not count."""
        if not self._by_first:
            return []
        words = set(_folded(target).split())
        return [
            term
            for term in self.found_in(source, 10**6)
            if not any(_shown(form, words) for form in (term.spanish, *term.also))
        ]


def _singular(word: str) -> str:
    if word.endswith(("shes", "ches", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _shown(form: str, words: set[str]) -> bool:
    """Every word of a form, small ones aside, stands in the text in some form."""
    own = [word for word in _folded(form).split() if len(word) > 3 or word.isdigit()] or _folded(form).split()
    return all(word in words or any(_form_of(word, other) for other in words) for word in own)
