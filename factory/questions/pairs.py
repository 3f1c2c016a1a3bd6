"""Preference pairs: a right answer against one with a labelled error, or one that nobody could have known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from factory.questions.case import Case
from factory.questions.corrupt import FAILS, corruptions
from factory.questions.gates import check
from factory.questions.judge import Source, start_of
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
    # Half of the pairs are to be longer: where there is a choice, a hash says which.
    sign = 1 if int(sha256(f"{row['id']}\0length")[:4], 16) % 2 else -1
    every = list(corruptions(row["question"], row["answer"], row["id"]))
    for one in sorted(every, key=lambda one: sign * (len(one.text) - len(row["answer"])) <= 0):
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
    around = source.within(passage, start_of(row, passage))
    case = Case(around, row["question"], answer, [one["quote"] for one in row["evidence"]], above, source.natural)
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
    inside = source.within(passage, start_of(row, passage))
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

    No kind of corruption has more than its share of them, and as many chosen answers are longer as are shorter, give
    or take a twentieth; one goes at a time, of the kind and the side of which there are most, and which one is decided
    by the hash of its id. Where the share would cost more than half of the corruptions, because the text offers few
    kinds, it is as small as leaves half of them.
    """
    held: dict[tuple[str, int], list[str]] = {}
    for name, kind, more in sorted(candidates, key=lambda one: sha256(one[0])):
        held.setdefault((kind, (more > 0) - (more < 0)), []).append(name)
    reasons: dict[str, str] = {}

    def thin(share: float) -> None:
        while (found := _one_too_many(held, share)) is not None:
            place, why = found
            reasons[held[place].pop()] = why

    # Lengths first: what they leave is what a share is of.
    thin(1.0)
    counts: Counter[str] = Counter()
    for (kind, _), names in held.items():
        counts[kind] += len(names) * (kind in CORRUPTED)
    thin(_share(+counts, most_share))
    return {name for names in held.values() for name in names}, reasons


def _share(kinds: Counter[str], most_share: float) -> float:
    """The share of one kind at most: the one asked for, or the smallest that leaves half of the pairs."""
    left = {
        most: sum(min(count, most) for count in kinds.values()) for most in range(1, max(kinds.values(), default=0) + 1)
    }
    kept_ = max((count for most, count in left.items() if most <= most_share * count), default=0)
    if 2 * kept_ >= kinds.total():
        return most_share
    return next(most / count for most, count in left.items() if 2 * count >= kinds.total())


_FEW = 8


def _one_too_many(held: Mapping[tuple[str, int], list[str]], share: float) -> tuple[tuple[str, int], str] | None:
    """The kind and side that one pair goes from, and why; None where both balance."""
    kinds: Counter[str] = Counter()
    sides: Counter[int] = Counter()
    for (kind, side), names in held.items():
        kinds[kind] += len(names)
        sides[side] += len(names)
    total = sides.total()
    excess = sides[1] - sides[-1]
    heavy = 1 if excess > 0 else -1
    corrupted = {kind: count for kind, count in kinds.items() if kind in CORRUPTED and count}
    kind, count = max(corrupted.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    if count > max(1, share * sum(corrupted.values())):
        order = (heavy, -heavy, 0) if excess else (1, -1, 0)
        side = next(one for one in order if held.get((kind, one)))
        return (kind, side), "too_many_of_kind"
    # Of a handful of pairs, length tells nothing.
    if abs(excess) > (total // 20 if total >= _FEW else 1):
        side_of = [one for one in held if one[1] == heavy and held[one]]
        # What a model made up is rarer than what rules did: of kinds as common as each other, it goes last.
        most = max(side_of, key=lambda one: (kinds[one[0]], one[0] in CORRUPTED, sha256(one[0])))
        return most, "length_balance"
    return None
