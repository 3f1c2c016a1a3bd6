"""Rows that somebody wrote against the gates after reading them: what is told apart stays so, what is not is counted."""

from __future__ import annotations

import json
from pathlib import Path

from factory.questions.case import Case
from factory.questions.gates import check

ROWS = [json.loads(line) for line in Path(__file__).with_name("by_hand.jsonl").read_text("utf-8").splitlines()]
# Wrong rows that pass and right rows that do not: the gates' known limits (docs/questions.md). They only go down.
MISSED, REFUSED = 4, 5


def test_what_was_told_apart_still_is() -> None:
    """A row that was judged rightly is judged rightly."""
    lost = [row["answer"] for row in ROWS if row["told"] and _passes(row) != row["right"]]
    assert lost == []


def test_the_known_limits_are_no_more() -> None:
    """137 rows with one error each, and 60 right ones in free words; neither is a sample of anything."""
    missed = [row["answer"] for row in ROWS if not row["right"] and _passes(row)]
    refused = [row["answer"] for row in ROWS if row["right"] and not _passes(row)]
    assert len(ROWS) > 180
    assert (len(missed), len(refused)) == (MISSED, REFUSED), (missed, refused)


def _passes(row: dict[str, object]) -> bool:
    return not check(Case(row["passage"], row["question"], row["answer"], row["quote"]))  # type: ignore[arg-type]
