"""Multiple choice: one key that the evidence carries, three options that it does not, in HEAD-QA's layout."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from factory.questions.case import Case
from factory.questions.corrupt import corruptions
from factory.questions.gates import check
from factory.questions.judge import Source, start_of
from factory.questions.passage import Passage
from factory.questions.rows import QuestionRow, blank, end, sealed
from factory.questions.wording import fold, sentences
from factory.record import sha256

OPTIONS = 4
# Where a wrong option must fail: what it says is not so.
_WRONG = ("numbers", "units", "negation", "direction", "entity", "grounding", "contraindication", "overclaim")
_LONGEST_KEY = 260


def with_options(source: Source, passage: Passage, row: QuestionRow, wrong: Sequence[str]) -> QuestionRow:
    """The multiple-choice row of a judged question and its wrong options; the key's place is drawn by a hash."""
    made = _made(row, wrong, source)
    if row["outcome"] != "accepted":
        return end(made, row["outcome"], row["reason"], row["said"])
    if len({fold(one).strip(" .") for one in made["options"]}) < OPTIONS:
        return end(made, "rejected", "options_repeat")
    middle = statistics.median(len(one) for one in wrong)
    if not 0.5 <= len(row["answer"]) / max(1, middle) <= 2:
        return end(made, "rejected", "key_stands_out", f"{len(row['answer'])} characters, {middle:g} in the others")
    within = source.within(passage, start_of(row, passage))
    evidence = [one["quote"] for one in row["evidence"]]
    for option in wrong:
        if not check(Case(within, row["question"], option, evidence, passage.heading or "", source.natural), _WRONG):
            return end(made, "rejected", "option_supported", option[:80])
    return made


def _made(row: QuestionRow, wrong: Sequence[str], source: Source) -> QuestionRow:
    made = blank("mcq", row["passage_id"], row["generator"])
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
    seed = sha256(f"{source.text_sha256}\0{row['question']}\0{row['answer']}")
    options = sorted(wrong, key=lambda option: sha256(f"{seed}\0{option}"))
    place = int(seed[:8], 16) % OPTIONS
    options.insert(place, row["answer"])
    made["options"], made["correct"] = options, place
    made["explanation"] = " ".join(one["quote"] for one in row["evidence"])
    return sealed(made, source.text_sha256)


# What is most worth knowing is changed first. A denial is not: a denied error is true.
_ORDER = ("entity", "dose", "unit", "direction")


class _Edit(NamedTuple):
    """`answer[start:end]` becomes `new`."""

    start: int
    end: int
    new: str
    kind: str

    @property
    def longer(self) -> int:
        """By how many characters it makes the answer longer."""
        return len(self.new) - (self.end - self.start)


def from_answer(source: Source, passage: Passage, row: QuestionRow) -> QuestionRow | None:
    """A question whose wrong options are its answer, changed; None where three cannot be had.

    Either one place is said in four ways, or two places in two ways each. So no option is more like the others than
    the key is, or less: who has not read the source cannot tell it by that.
    """
    if len(row["answer"]) > _LONGEST_KEY or "\n" in row["answer"]:
        return None
    wrong = _wrong(row)
    return with_options(source, passage, row, wrong) if wrong else None


def _wrong(row: QuestionRow) -> list[str]:
    places = _places(row)
    draw = int(sha256(f"{row['id']}\0options")[:8], 16)
    # The key is the longest of four as often as any other: how many options are to be longer is drawn.
    one = next((_drawn(each, draw // 2 % OPTIONS) for each in places if len(each) >= OPTIONS - 1), None)
    pairs = [
        (a, b)
        for number, each in enumerate(places)
        for others in places[number + 1 :]
        for a in each
        for b in others
        if _apart(a, b)
    ]
    signs = (draw // 8 % 2 == 1, draw // 16 % 2 == 1)
    two = min(
        pairs, key=lambda pair: sum((e.longer > 0) != sign for e, sign in zip(pair, signs, strict=True)), default=None
    )
    if one and (two is None or draw % 2):
        return [_edited(row["answer"], edit) for edit in one]
    return [_edited(row["answer"], *edits) for edits in ((two[0],), (two[1],), two)] if two else []


def _drawn(edits: list[_Edit], count: int) -> list[_Edit]:
    """Three of some edits, so many of which make the answer longer, as far as that can be had."""
    more = [edit for edit in edits if edit.longer > 0]
    less = [edit for edit in edits if edit.longer <= 0]
    kept = [*more[:count], *less[: OPTIONS - 1 - count]]
    return [*kept, *(edit for edit in edits if edit not in kept)][: OPTIONS - 1]


def _places(row: QuestionRow) -> list[list[_Edit]]:
    """What may be changed in an answer, by its place; each place in one way or several."""
    found: dict[tuple[int, str], list[_Edit]] = {}
    for one in corruptions(row["question"], row["answer"], row["id"]):
        if one.kind in _ORDER:
            edit = _edit(row["answer"], one.text, one.kind)
            if edit.kind == "entity" and _is_denied(row["answer"], edit):
                continue
            known = found.setdefault((edit.start, edit.kind), [])
            if all(fold(edit.new) != fold(other.new) and edit.end == other.end for other in known):
                known.append(edit)
    return sorted(found.values(), key=lambda each: _ORDER.index(each[0].kind))


def _is_denied(answer: str, edit: _Edit) -> bool:
    """What a sentence denies of one thing may be denied of another, and rightly."""
    return any(
        start <= edit.start < end
        and re.search(r"\b(?:no|ni|sin|nunca|tampoco)\b", answer[start : edit.start], re.IGNORECASE)
        for start, end in sentences(answer)
    )


def _edit(answer: str, text: str, kind: str) -> _Edit:
    """The one stretch of whole words that was changed."""
    ours, theirs = (re.findall(r"\w+|\W", said) for said in (answer, text))
    least = min(len(ours), len(theirs))
    same = next((at for at in range(least) if ours[at] != theirs[at]), least)
    rest = next((at for at in range(least - same) if ours[-1 - at] != theirs[-1 - at]), least - same)
    start = sum(map(len, ours[:same]))
    end = len(answer) - sum(map(len, ours[len(ours) - rest :]))
    return _Edit(start, end, "".join(theirs[same : len(theirs) - rest]), kind)


def _apart(one: _Edit, other: _Edit) -> bool:
    """Both may be made, and are wrong together: `menos raro` is `más frecuente` again."""
    turned = one.kind == other.kind == "direction"
    return not turned and (one.end < other.start or other.end < one.start) and fold(one.new) != fold(other.new)


def _edited(answer: str, *edits: _Edit) -> str:
    for edit in sorted(edits, reverse=True):
        answer = answer[: edit.start] + edit.new + answer[edit.end :]
    return answer


def of_definitions(source: Source, passages: dict[str, Passage], rows: Sequence[QuestionRow]) -> list[QuestionRow]:
    """Which thing a definition is of, the wrong options being other things that the Document defines."""
    defined = [
        row for row in rows if row["question_type"] == "definition" and row["subject"] and " es " in row["answer"]
    ]
    names = list(dict.fromkeys(row["subject"] for row in defined))
    if len(names) < OPTIONS:
        return []
    found = []
    for row in defined:
        said = row["answer"].partition(" es ")[2].strip()
        heads = {fold(word)[:5] for word in row["subject"].split() if len(word) > 3}
        if len(said) < 40 or any(head in fold(said) for head in heads):
            continue
        others = [n for n in names if n != row["subject"] and fold(n.split(" ", 1)[-1])[:6] not in fold(said)]
        others = sorted(others, key=lambda name: sha256(f"{row['id']}\0{name}"))[: OPTIONS - 1]
        if len(others) < OPTIONS - 1:
            continue
        asked = dict(row)
        asked |= {
            "question": f"¿A qué corresponde esta definición: «Es {said.rstrip('.')}»?",
            "answer": _capital(row["subject"]),
        }
        asked |= {"question_type": "term"}
        made = _made(asked, [_capital(name) for name in others], source)  # type: ignore[arg-type]
        middle = statistics.median(len(name) for name in others)
        if 0.5 <= len(row["subject"]) / middle <= 2:
            found.append(made)
    return found


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
