"""One side of a translation, taken apart once for all the gates."""

from __future__ import annotations

import re

from factory.translate.numbers import Number, in_digits
from factory.translate.sentences import sentences
from factory.translate.stems import WORD, prefixes

_ASCII = {code: " " for code in range(128) if not chr(code).isalpha()}
_DIGIT = re.compile(r"[0-9½¼¾⅓⅔⅕⅛²³]")


class Side:
    """A text in English or Spanish: its words in lower case, its numbers, its sentences, each found once.

    `known` holds the different words. What not every gate asks for is found when the first one does (by hand:
    functools.cached_property takes a lock, a tenth of all the gates' time).
    """

    __slots__ = ("_digits", "_sentences", "_stems", "has_digits", "known", "language", "text", "words")

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.language = language
        lower = text.lower()
        # Three times as fast as the pattern where every letter is one of English.
        self.words: list[str] = lower.translate(_ASCII).split() if text.isascii() else WORD.findall(lower)
        self.known = set(self.words)
        self.has_digits = _DIGIT.search(text) is not None
        self._digits: list[Number] | None = None
        self._sentences: list[str] | None = None
        self._stems: set[str] | None = None

    @property
    def digits(self) -> list[Number]:
        """The numbers in digits, each with the unit behind it."""
        if self._digits is None:
            self._digits = in_digits(self)
        return self._digits

    @property
    def sentences(self) -> list[str]:
        """The sentences."""
        if self._sentences is None:
            self._sentences = sentences(self.text)
        return self._sentences

    @property
    def stems(self) -> set[str]:
        """The first three to six letters of each word, folded as both languages would spell them."""
        if self._stems is None:
            self._stems = set().union(*map(prefixes, self.known))
        return self._stems
