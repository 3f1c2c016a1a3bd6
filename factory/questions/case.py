"""A question with its answer and its evidence, taken apart once for all the gates."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from factory.questions.evidence import Place, find
from factory.questions.wording import content, heads, heads_of, sentence_texts, words
from factory.translate.numbers import Number, in_words
from factory.translate.side import Side


class Case:
    """`quote`: what the answer rests on, in one piece or several; `passage`: what the asker saw; `above`: its headings.

    `natural`: the source is of natural, traditional or alternative medicine; None where nobody said.
    """

    def __init__(
        self,
        passage: str,
        question: str,
        answer: str,
        quote: str | Sequence[str],
        above: str = "",
        natural: bool | None = None,
    ) -> None:
        self.passage = passage
        self.question = question
        self.answer = answer
        self.quotes = (quote,) if isinstance(quote, str) else tuple(quote)
        self.above = above
        self.natural = natural

    @cached_property
    def places(self) -> list[Place | None]:
        """Where each quote stands in the passage."""
        return [find(self.passage, quote) if quote.strip() else None for quote in self.quotes]

    @cached_property
    def evidence(self) -> str:
        """The quotes as the source has them, a line each; as they were given where they do not stand there."""
        pairs = zip(self.quotes, self.places, strict=True)
        return "\n".join(self.passage[at.start : at.end] if at else quote for quote, at in pairs)

    @cached_property
    def asked(self) -> tuple[str, ...]:
        return content(self.question)

    @cached_property
    def answered(self) -> tuple[str, ...]:
        return content(self.answer)

    @cached_property
    def shown(self) -> frozenset[str]:
        """The heads of what the evidence says."""
        return heads_of(self.evidence)

    @cached_property
    def evidence_words(self) -> list[str]:
        return words(self.evidence)

    @cached_property
    def answer_heads(self) -> frozenset[str]:
        """The heads of what the answer says."""
        return heads_of(self.answer)

    @cached_property
    def around(self) -> frozenset[str]:
        """The heads of what passage, title and headings say."""
        return heads_of(self.passage) | heads_of(self.above)

    @cached_property
    def given(self) -> set[str]:
        """What an answer may repeat: the question's words, as far as the source has them too."""
        return heads(word for word in self.asked if not self.around.isdisjoint(heads([word])))

    @cached_property
    def answer_side(self) -> Side:
        return Side(self.answer, "es")

    @cached_property
    def evidence_side(self) -> Side:
        return Side(self.evidence, "es")

    @cached_property
    def evidence_numbers(self) -> list[Number]:
        return numbers_of(self.evidence_side)

    @cached_property
    def asked_numbers(self) -> list[Number]:
        """The numbers of the question that the source has: `estadio III`, `virus 16`."""
        asked = numbers_of(Side(self.question, "es"))
        around = {value for n in numbers_of(Side(f"{self.above}\n{self.passage}", "es")) for value in n.values}
        return [n for n in asked if not around.isdisjoint(n.values)] if asked else []

    @cached_property
    def evidence_sentences(self) -> tuple[str, ...]:
        return sentence_texts(self.evidence)

    @cached_property
    def is_copied(self) -> bool:
        """Every sentence of the answer is one of the evidence, whole and word for word: it says nothing of its own."""
        there = {" ".join(one.split()) for one in self.evidence_sentences}
        return all(" ".join(one.split()) in there for one in sentence_texts(self.answer))


def numbers_of(side: Side) -> list[Number]:
    """Every number of a text, in digits or in words."""
    return [*side.digits, *in_words(side)]
