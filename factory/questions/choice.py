"""Multiple choice: one key that the evidence carries, three options that it does not, in HEAD-QA's layout."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from factory.questions.case import Case
from factory.questions.corrupt import corruptions
from factory.questions.gates import check
from factory.questions.judge import Source
from factory.questions.passage import Passage
from factory.questions.rows import QuestionRow, blank, end, sealed
from factory.questions.wording import fold
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
    within = source.text[passage.start : passage.end]
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


def from_answer(source: Source, passage: Passage, row: QuestionRow) -> QuestionRow | None:
    """A question whose wrong options are its answer with one thing changed each; None where three cannot be had."""
    if len(row["answer"]) > _LONGEST_KEY or "\n" in row["answer"]:
        return None
    by_kind: dict[str, list[str]] = {}
    for one in corruptions(row["question"], row["answer"], row["id"]):
        if one.kind not in ("overclaim", "contraindication"):
            by_kind.setdefault(one.kind, []).append(one.text)
    wrong: list[str] = []
    while len(wrong) < OPTIONS - 1 and any(by_kind.values()):
        for texts in by_kind.values():
            if texts and len(wrong) < OPTIONS - 1:
                text = texts.pop(0)
                if fold(text) not in map(fold, wrong):
                    wrong.append(text)
    return with_options(source, passage, row, wrong) if len(wrong) == OPTIONS - 1 else None


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
