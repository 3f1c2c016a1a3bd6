"""Preference pairs: a right answer against one with a labelled error, or one that nobody could have known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from factory.questions.case import Case
from factory.questions.corrupt import FAILS, corruptions
from factory.questions.gates import check
from factory.questions.judge import Source
from factory.questions.passage import Passage
from factory.questions.rows import Generator, QuestionRow, blank, end, sealed
from factory.record import sha256

RATIO = (0.8, 1.25)
# Kinds of pairs. A direction is an error of an exam's options; pairs have the kinds of the literature.
CORRUPTED = ("dose", "unit", "negation", "entity", "contraindication", "overclaim")
# What a promise may be made of; nobody promises anything of an organ.
_PROMISED = frozenset(
    [
        "use",
        "treatment",
        "prevention",
        "preparation",
        "dose",
        "evidence",
        "adverse",
        "interaction",
        "precaution",
        "contraindication",
        "risk",
        "action",
        "model",
        "asked",
        "conduct",
        "position",
        "means",
    ]
)
UNGROUNDED, UNANSWERABLE = "ungrounded", "unanswerable"


def pairs_of(source: Source, passage: Passage, row: QuestionRow) -> list[QuestionRow]:
    """One pair of each kind that a good answer offers a place for, each judged: it fails the gate that it names."""
    found: dict[str, QuestionRow] = {}
    for one in corruptions(row["question"], row["answer"], row["id"]):
        if one.kind == "overclaim" and row["question_type"] not in _PROMISED:
            continue
        if one.kind in CORRUPTED and one.kind not in found and within(row["answer"], one.text):
            fails = refused_by(source, passage, row, one.text, FAILS[one.kind])
            if fails is not None:
                found[one.kind] = pair(source, row, one.text, "corruption", one.kind, fails, one.said)
    return list(found.values())


def within(chosen: str, rejected: str) -> bool:
    """Neither answer gives itself away by its length."""
    return RATIO[0] <= len(rejected) / max(1, len(chosen)) <= RATIO[1]


def refused_by(source: Source, passage: Passage, row: QuestionRow, answer: str, gates: Iterable[str]) -> str | None:
    """The first of some gates that refuses an answer; None where none does."""
    above = f"{passage.heading or ''}\n{source.title}"
    within_ = source.text[passage.start : passage.end]
    case = Case(within_, row["question"], answer, [one["quote"] for one in row["evidence"]], above, source.natural)
    return next(iter(check(case, gates)), None)


def pair(
    source: Source, row: QuestionRow, rejected: str, pair_kind: str, corruption: str, fails: str, said: str
) -> QuestionRow:
    """The row of a pair: `row`'s question and answer against another answer."""
    made = blank("preference", row["passage_id"], row["generator"])
    for name in (
        "question_type",
        "subject",
        "question",
        "answer",
        "evidence",
        "evidence_tag",
        "safety_flags",
        "checks",
    ):
        made[name] = row[name]
    made["chosen"], made["rejected"] = row["answer"], rejected
    made["pair_kind"], made["corruption"], made["fails"], made["said"] = pair_kind, corruption, fails, said
    return sealed(made, source.text_sha256)


def ungrounded(source: Source, passage: Passage, row: QuestionRow, answer: str, generator: Generator) -> QuestionRow:
    """A right answer against what the model said from memory, which the evidence does not carry."""
    gates = ("numbers", "units", "negation", "direction", "entity", "grounding", "overclaim", "stop_treatment")
    fails = refused_by(source, passage, row, answer, gates)
    made = pair(source, row, answer, UNGROUNDED, UNGROUNDED, fails or "", "answered without the passage")
    made["generator"] = generator
    sealed(made, source.text_sha256)
    if fails is None:
        return end(made, "rejected", "rejected_is_right")
    return made if within(row["answer"], answer) else end(made, "rejected", "length_ratio")


SAYS = "La fuente dice esto: "


def unanswerable(
    source: Source, passage: Passage, row: QuestionRow, question: str, answer: str, generator: Generator
) -> QuestionRow:
    """A question that the passage does not answer: what the source does say, against what was made up."""
    asked = blank("qa", row["passage_id"], generator)
    asked |= {name: row[name] for name in ("question_type", "subject", "evidence", "evidence_tag", "safety_flags")}  # type: ignore[typeddict-item]
    asked["question"] = question
    asked["answer"] = SAYS + " ".join(one["quote"] for one in row["evidence"])
    above = f"{passage.heading or ''}\n{source.title}"
    inside = source.text[passage.start : passage.end]
    quotes = [one["quote"] for one in row["evidence"]]
    chosen = check(Case(inside, question, asked["answer"], quotes, above, source.natural))
    fails = refused_by(source, passage, asked, answer, ("numbers", "units", "entity", "grounding", "overclaim"))
    made = pair(source, asked, answer, UNANSWERABLE, UNANSWERABLE, fails or "", "the passage does not say")
    if chosen:
        return end(made, "rejected", *next(iter(chosen.items())))
    if fails is None:
        return end(made, "rejected", "rejected_is_right")
    return made if within(asked["answer"], answer) else end(made, "rejected", "length_ratio")


def kept(candidates: Sequence[tuple[str, str, int]], most_share: float) -> tuple[set[str], Mapping[str, str]]:
    """Which pairs stay, by (id, kind, how much longer the chosen is), and why each of the others goes.

    No kind has more than its share, and as many chosen answers are longer as are shorter, give or take a twentieth;
    which ones go is decided by the hash of their ids. With fewer kinds than shares there is no share to keep.
    """
    longer = {name: (more > 0) - (more < 0) for name, _, more in candidates}
    kinds = {name: kind for name, kind, _ in candidates}
    chosen = sorted(longer, key=sha256)
    reasons: dict[str, str] = {}
    for _ in range(len(candidates)):
        gone = dict.fromkeys(_too_many(chosen, kinds, longer, most_share), "too_many_of_kind")
        gone = gone or dict.fromkeys(_too_long(chosen, longer), "length_balance")
        if not gone:
            break
        reasons |= gone
        chosen = [name for name in chosen if name not in gone]
    return set(chosen), reasons


def _too_many(chosen: list[str], kinds: Mapping[str, str], longer: Mapping[str, int], share: float) -> list[str]:
    """What is over each kind's share, so that what stays of it is even in length."""
    by_kind: dict[str, list[str]] = {}
    for name in chosen:
        by_kind.setdefault(kinds[name], []).append(name)
    most = _cap([len(names) for names in by_kind.values()], share)
    return [name for names in by_kind.values() for name in _evenly(names, longer)[most:]]


def _too_long(chosen: list[str], longer: Mapping[str, int]) -> list[str]:
    """The last of those whose length is on the commoner side, until both sides are even."""
    excess = sum(longer[name] for name in chosen)
    spare = abs(excess) - max(1, len(chosen) // 20)
    side = [name for name in reversed(chosen) if longer[name] * excess > 0]
    return side[: max(0, spare)]


def _evenly(names: list[str], longer: Mapping[str, int]) -> list[str]:
    """The same names, those of equal length first, then longer and shorter by turns: a cut leaves them even."""
    same = [n for n in names if not longer[n]]
    more, less = [n for n in names if longer[n] > 0], [n for n in names if longer[n] < 0]
    turns = [n for pair_ in zip(more, less, strict=False) for n in pair_]
    rest = more[len(less) :] or less[len(more) :]
    return [*same, *turns, *rest]


def _cap(counts: list[int], share: float) -> int:
    """The most of one kind so that none has more than its share of all that stay."""
    if not counts or len(counts) < 1 / share:
        return max(counts, default=0)
    most = max(counts)
    while most > 1 and most > share * sum(min(count, most) for count in counts):
        most -= 1
    return most
