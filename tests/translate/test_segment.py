"""Units of a Document and the Document of its units: nothing crosses a heading, nothing is half there."""

from __future__ import annotations

import random

from factory.record import Paragraph, assemble, paragraphs_of
from factory.translate.segment import MOST_TOKENS, MOST_UNITS, Plan, calls, join, plan, wordless

TABLE = "| Drug | Dose |\n|---|---|\n| Ibuprofen | 400 mg |\n| 12 | 5 |"


def filled(found: Plan, but: tuple[str, ...] = ()) -> Plan:
    """Every unit translated (its text in capitals), but for those that hold one of these words."""
    for unit in found.units:
        if any(word in unit.source for word in but):
            unit.target, unit.gate = None, "numbers"
        elif unit.target is None:
            unit.target = unit.source.upper()
    return found


def document() -> list[Paragraph]:
    return [
        Paragraph("Fever", "heading", 1),
        Paragraph("Fever is a sign of infection.", "body", 1, heading="Fever"),
        Paragraph("Treatment", "heading", 2, heading="Fever"),
        Paragraph("Give fluids.", "body", 2, heading="Fever › Treatment"),
        Paragraph(TABLE, "table", 2, heading="Fever › Treatment"),
        Paragraph("Warnings", "heading", 3, heading="Fever"),
        Paragraph("Do not give aspirin to children.", "body", 3, heading="Fever › Warnings"),
        Paragraph("Give paracetamol instead.", "body", 3, heading="Fever › Warnings"),
        Paragraph("1. Smith J. Fever. 2001.", "reference", 4),
        Paragraph("Home | Contact", "boilerplate", 4),
    ]


def test_units_are_paragraphs_and_rows() -> None:
    """A table is translated row by row, its rules pass as they are; references and menus are no units."""
    found = plan(document(), "Fever in children")
    assert [unit.source for unit in found.units] == [
        "Fever", "Fever is a sign of infection.", "Treatment", "Give fluids.", "| Drug | Dose |", "|---|---|",
        "| Ibuprofen | 400 mg |", "| 12 | 5 |", "Warnings", "Do not give aspirin to children.", "Give paracetamol instead.",
        "Fever in children",
    ]  # fmt: skip
    assert [unit.id for unit in found.units] == list(range(1, 13))
    assert [unit.source for unit in found.units if unit.target] == ["|---|---|", "| 12 | 5 |"]


def test_a_call_never_crosses_a_heading() -> None:
    """Eight units or 700 tokens at most, all of one section."""
    many = [Paragraph("Head", "heading")] + [
        Paragraph(f"Sentence number {n} of this part.", heading="Head") for n in range(20)
    ]
    groups = list(calls(plan([*many, *document()]).units))
    assert all(len(group) <= MOST_UNITS for group in groups)
    assert all(len({unit.section for unit in group}) == 1 for group in groups)
    assert all(sum(unit.tokens for unit in group) <= MOST_TOKENS or len(group) == 1 for group in groups)
    assert [u.id for group in groups for u in group] == [
        u.id for u in plan([*many, *document()]).units if u.target is None
    ]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    """No sentence is parted, and the pieces make the paragraph again."""
    text = " ".join(f"This is sentence number {n} of a very long paragraph about fever." for n in range(200))
    found = plan([Paragraph(text)])
    assert len(found.units) > 3
    assert all(unit.source.endswith(".") and unit.tokens <= MOST_TOKENS + 30 for unit in found.units)
    assert "".join(unit.glue + unit.source for unit in found.units) == text
    endless = plan([Paragraph("word " * 3000)])
    assert len(endless.units) == 1


def test_what_is_no_text_is_not_translated() -> None:
    """Figures, rules, addresses; a word makes it text."""
    for text in (
        "12.5",
        "|---|---|",
        "| 1 | 2,5 % |",
        "https://example.org/a?b=c",
        "10.1000/abc.12",
        "***",
        "a.b@example.org",
    ):
        assert wordless(text), text
    for text in ("12.5 mg", "| 1 | dose |", "See https://example.org/a", "β"):
        assert not wordless(text), text


def test_the_joined_document_has_its_places() -> None:
    """Role, page and second stay with each paragraph; every unit says where it stands; headings' paths are Spanish."""
    found = filled(plan(document(), "Fever in children"))
    done = join(found, "Fever in children")
    assert done.title == "FEVER IN CHILDREN"
    for unit in found.units:
        if unit.paragraph is None:
            assert unit.id not in done.placed
        else:
            start, end = done.placed[unit.id]
            assert done.text[start:end] == unit.target
    again = paragraphs_of(done.text, done.spans)
    assert [(p.role, p.page) for p in again] == [(p.role, p.page) for p in document()[:8]]
    assert again[4].text == TABLE.upper()
    assert again[3].heading == "FEVER › TREATMENT"
    assert done.failed_share == 0
    assert done.left_out == {}


def test_what_failed_takes_along_what_needs_it() -> None:
    """A paragraph goes alone, a row takes its table, a warning its section, a heading with nothing under it goes too."""
    one = join(filled(plan(document()), ("sign of",)), None)
    assert "GIVE FLUIDS" in one.text
    assert "SIGN OF" not in one.text
    assert one.text.startswith("FEVER\n\nTREATMENT")
    row = join(filled(plan(document()), ("Ibuprofen",)), None)
    assert "DRUG" not in row.text
    assert "GIVE FLUIDS" in row.text
    warned = join(filled(plan(document()), ("aspirin",)), None)
    assert "PARACETAMOL" not in warned.text
    assert "WARNINGS" not in warned.text
    assert "GIVE FLUIDS" in warned.text
    assert set(warned.left_out) == {"numbers"}
    assert 0 < warned.failed_share < 0.5
    nothing = join(filled(plan(document()), ("e",)), None)
    assert nothing.text.strip() == ""


def test_a_heading_stays_where_something_below_stays() -> None:
    """A lost subsection does not take the heading above the next one."""
    parts = [
        Paragraph("Drugs", "heading"),
        Paragraph("Aspirin", "heading", heading="Drugs"),
        Paragraph("It thins blood.", heading="Drugs › Aspirin"),
        Paragraph("Codeine", "heading", heading="Drugs"),
        Paragraph("It eases cough.", heading="Drugs › Codeine"),
    ]
    done = join(filled(plan(parts), ("thins",)), None)
    assert done.text == "DRUGS\n\nCODEINE\n\nIT EASES COUGH."


def test_the_sentences_of_a_transcript_stay_or_go_together() -> None:
    """Each keeps its second; a lost one takes the paragraph it is of, not the next."""
    parts = [
        Paragraph("Hello.", start_seconds=0.0),
        Paragraph("Boil the leaves.", start_seconds=2.5, continues=True),
        Paragraph("Then wait.", start_seconds=9.0),
        Paragraph("Drink it.", start_seconds=11.0, continues=True),
    ]
    done = join(filled(plan(parts)), None)
    assert done.text == "HELLO. BOIL THE LEAVES.\n\nTHEN WAIT. DRINK IT."
    assert [span["start_seconds"] for span in done.spans] == [0.0, 2.5, 9.0, 11.0]
    lost = join(filled(plan(parts), ("Boil",)), None)
    assert lost.text == "THEN WAIT. DRINK IT."


def test_random_documents_come_back_whole() -> None:
    """Whatever the mixture, translating each unit to itself gives the text again, without what has no translation."""
    draw = random.Random(7)
    for _ in range(200):
        parts = []
        for n in range(draw.randint(1, 12)):
            role = draw.choice(["body", "heading", "table", "footnote", "reference"])
            text = TABLE if role == "table" else f"Text number {n} of {draw.randint(1, 99)}." * draw.randint(1, 3)
            parts.append(
                Paragraph(
                    text, role, draw.randint(1, 9), continues=bool(parts) and draw.random() < 0.2 and role == "body"
                )
            )
        found = plan(parts)
        for unit in found.units:
            unit.target = unit.source
        kept = [p for p in parts if p.role != "reference"]
        done = join(found, None)
        assert done.text == assemble(kept).text
        assert done.spans == assemble(kept).spans
