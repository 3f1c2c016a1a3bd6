"""CasiMedicos' TSV of tokens: a case a row, whatever its first bytes; what is cut costs only its own case."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.cli.taking import kind_of
from factory.readers.rows import parse
from factory.readers.sniff import format_of
from factory.record import Hints


def tokens(text: str) -> str:
    """A token and its label a line."""
    return "".join(f"{word} O\n" for word in text.split())


WHOLE = tokens(
    "QUESTION TYPE: CARDIOLOGY CLINICAL CASE: Varón de 60 años con dolor. ¿Qué tiene? 1- Infarto agudo. 2- Gripe común."
    " CORRECT ANSWER: 1 El dolor es de un infarto agudo."
)
CUT = tokens("QUESTION TYPE: CARDIOLOGY CLINICAL CASE: Mujer de 40 años con tos. ¿Qué tiene? 1- Asma. 2- Gri")


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n"])
def test_a_case_is_a_question_with_options_and_explanation(start: bytes) -> None:
    """The right option by its number; a mark of bytes or an empty line before it changes nothing."""
    data = start + WHOLE.encode()
    assert format_of(data, "train.tsv") == "rows"
    (one,) = parse(data, Hints())
    assert one.extra["form"] == "mcq:2:1"
    assert [p.text for p in one.paragraphs if p.heading == "option"] == ["Infarto agudo.", "Gripe común."]
    assert [p.text for p in one.paragraphs if p.heading == "explanation"] == ["El dolor es de un infarto agudo."]


def test_a_case_that_is_cut_costs_only_itself() -> None:
    """Nobody says which option is right: the row is bad, the one before it stands."""
    first, last = parse((WHOLE + CUT).encode(), Hints())
    assert first.extra["form"] == "mcq:2:1"
    assert not last.paragraphs
    assert last.notes
    assert last.notes[0].startswith("bad_row:")


def test_a_table_of_tabs_is_still_a_text(tmp_path: Path) -> None:
    """Only what is inside makes a TSV a set of questions."""
    (tmp_path / "a.tsv").write_text(WHOLE)
    (tmp_path / "b.tsv").write_text("id\ttext\n1\tLa gripe.\n")
    assert [kind_of(tmp_path / name) for name in ("a.tsv", "b.tsv")] == ["dataset", "text"]
