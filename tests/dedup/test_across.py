"""A work that is here in Spanish is not needed in another language."""

from __future__ import annotations

import json
from pathlib import Path

from factory.dedup.across import Version, translated
from tests.command import ok
from tests.dedup.test_batches import OTHER, Home, document
from tests.dedup.test_compare import LEAFLET

TITLE = "Efecto de la valeriana sobre el sueño"
ENGLISH = "Effect of valerian on sleep in adults"


def test_a_work_is_known_by_its_id_or_a_parallel_title() -> None:
    """The DOI, or the Spanish title among the English one's, or the English title among the Spanish one's."""
    spanish = Version("es", "es", "doi:10.1/a", (TITLE,))
    assert translated([spanish, Version("en", "en", "doi:10.1/a")]) == {"en": "es"}
    assert translated([spanish, Version("en", "en", "x", (ENGLISH, TITLE.upper()))]) == {"en": "es"}
    both = Version("es", "es", "y", (TITLE, ENGLISH))
    assert translated([both, Version("pt", "pt", "z", (ENGLISH,))]) == {"pt": "es"}


def test_what_is_not_the_same_work_stays() -> None:
    """Another DOI, a title that every issue has, an id that is no work's, and two texts in one language."""
    spanish = Version("es", "es", "local-1", ("Editorial", TITLE))
    others = [
        Version("en", "en", "doi:10.1/b", (ENGLISH,)),
        Version("fr", "fr", "local-1", ("Editorial",)),
        Version("e2", "es", "doi:10.1/b", (TITLE,)),
    ]
    assert translated([spanish, *others[:2]]) == {}
    assert translated([spanish, *others])["en"] == "e2"


def test_a_batch_drops_the_translation_also_of_an_earlier_batch(tmp_path: Path) -> None:
    """The Spanish one stays, whatever comes first by kind or id."""
    home = Home(tmp_path)
    spanish = document("m-0", LEAFLET, language="es", work_id="doi:10.1/a")
    english = document("a-0", OTHER, language="en", work_id="doi:10.1/a", source_kind="pdf")
    assert home.batch(spanish, english) == ["m-0"]
    later = document("b-0", OTHER + " more", language="en", work_id="doi:10.1/a")
    assert home.batch(later, document("c-0", OTHER + " less", language="en")) == ["c-0"]
    assert home.homes() == {"a-0": "m-0", "b-0": "m-0"}
    assert {row["filter_reason"] for row in home.dropped.values()} == {"translated_already"}


def test_rows_say_which_they_repeat(tmp_path: Path) -> None:
    """`factory step dedup` marks near copies and translations with the row that stays."""
    given = tmp_path / "in.jsonl"
    rows = [
        {"id": "1", "text": LEAFLET, "language": "es", "doi": "10.1234/a"},
        {"id": "2", "text": LEAFLET.replace("500 mg", "500mg"), "language": "es"},
        {"id": "3", "text": LEAFLET.replace("500 mg", "50 mg"), "language": "es"},
        {"id": "4", "text": OTHER, "language": "en", "doi": "https://doi.org/10.1234/A"},
    ]
    given.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    ok("step", "dedup", given, tmp_path / "out", "--dropped", tmp_path / "bad")
    out, bad = ([json.loads(line) for line in (tmp_path / f).read_text("utf-8").splitlines()] for f in ("out", "bad"))
    assert [(r["id"], r["cluster"]) for r in out] == [("1", "1"), ("3", "3")]
    assert [(r["id"], r["cluster"], r["reason"]) for r in bad] == [
        ("2", "1", "near_duplicate"),
        ("4", "1", "translated_already"),
    ]
