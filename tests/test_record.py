"""Ids, spans, languages and splits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from factory.record import (
    Paragraph,
    assemble,
    doc_id,
    item_id,
    language_code,
    paragraphs_of,
    rewrite,
    split_of,
    work_id,
)

PARAGRAPHS = st.lists(
    st.builds(Paragraph, st.text(max_size=30), st.sampled_from(["body", "heading", "table"]), st.integers(1, 9)),
    max_size=8,
)


@given(PARAGRAPHS)
def test_every_span_cuts_its_paragraph_out_of_the_text(paragraphs: list[Paragraph]) -> None:
    """Joining and cutting again gives the paragraphs that had text."""
    text, spans = assemble(paragraphs)
    assert [(p.text, p.role, p.page) for p in paragraphs_of(text, spans)] == [
        (p.text, p.role, p.page) for p in paragraphs if p.text
    ]


@given(PARAGRAPHS)
def test_a_rewritten_text_keeps_exact_spans(paragraphs: list[Paragraph]) -> None:
    """A change of length in every paragraph moves the spans with it."""
    text, spans = rewrite(*assemble(paragraphs), lambda t: t.replace("a", "") + "¡")
    assert [text[s["start"] : s["end"]] for s in spans] == [p.text.replace("a", "") + "¡" for p in paragraphs if p.text]


def test_a_document_id_begins_with_its_items_id_and_sorts_with_it() -> None:
    """Parts of one item stay together when sorted."""
    sha = "0" * 64
    first, second = item_id("a", sha), item_id("b", sha)
    ids = [doc_id("a", sha, "000000002"), doc_id("b", sha), doc_id("a", sha, "000000001")]
    assert {i.split("-")[0] for i in ids} == {first, second}
    assert first != second
    assert doc_id("a", sha) == doc_id("a", sha, "")


def test_one_language_has_one_code() -> None:
    """The spellings of three libraries and the web give the same code."""
    assert {language_code(n) for n in ("es", "spa", "spa_Latn", "es-419", "es_MX", "ES")} == {"es"}
    assert language_code("cmn_Hans") == language_code("zh-CN") == "zh"
    assert language_code("xx") == "xx"


def test_a_work_is_known_by_its_doi_or_isbn() -> None:
    """The same DOI or ISBN in any spelling is one work; without one it is the document."""
    assert work_id("https://doi.org/10.1590/S0102-311X2020.", "d") == "doi:10.1590/s0102-311x2020"
    assert work_id("ISBN 84-9835-063-X", "d") == work_id("978-84-9835-063-0", "d")
    assert work_id(None, "d") == work_id("no number", "d") == "d"


def test_splits_have_the_shares_they_promise() -> None:
    """Of many works 2 % are eval and 3 % validation, and a work never moves."""
    found = [split_of(f"work-{i}") for i in range(20_000)]
    assert 0.017 < found.count("eval") / 20_000 < 0.023
    assert 0.027 < found.count("validation") / 20_000 < 0.033
    assert found[:50] == [split_of(f"work-{i}") for i in range(50)]
