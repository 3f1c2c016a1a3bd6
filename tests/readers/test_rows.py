"""Dataset rows: a Document a row, a bad row costs only itself."""

from __future__ import annotations

import gzip
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from factory.errors import Damaged, Empty, Mislabelled
from factory.readers.rows import parse
from factory.record import Hints, Parsed

ROWS = [
    {
        "text": "Uno.\n\nDos.",
        "title": "T",
        "license": "CC-BY-4.0",
        "doi": "10.1/x",
        "speciality": "cardiología",
        "authors": ["A", "B"],
    },
    {"raw_text": "Otro texto.", "lang": "spa_Latn", "tradition": "natural"},
]


def read(data: bytes, name: str = "a.jsonl") -> list[Parsed]:
    return list(parse(data, Hints(name)))


def jsonl(rows: list[object]) -> bytes:
    return "".join(json.dumps(r) + "\n" for r in rows).encode()


def parquet(rows: list[dict[str, object]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


def test_every_container_gives_the_same_rows() -> None:
    """JSON lines, a JSON list, gzip, zstd and Parquet."""
    plain = jsonl(ROWS)
    expected = read(plain)
    assert [r.part for r in expected] == ["000000000", "000000001"]
    assert [[p.text for p in r.paragraphs] for r in expected] == [["Uno.", "Dos."], ["Otro texto."]]
    columns = sorted({k for row in ROWS for k in row})
    whole = [{c: row.get(c) for c in columns} for row in ROWS]
    for data in (
        json.dumps(ROWS).encode(),
        gzip.compress(plain),
        zstandard.compress(plain),
        parquet([{**w, "authors": w["authors"] or []} for w in whole]),
    ):
        assert [[p.text for p in r.paragraphs] for r in read(data)] == [["Uno.", "Dos."], ["Otro texto."]]


def test_facts_of_a_row_win_under_any_of_their_names() -> None:
    """Licence with evidence, identifier, authors, language, tradition, specialty."""
    first, second = read(jsonl(ROWS))
    assert (first.licence, first.licence_evidence, first.identifier, first.author) == (
        "CC-BY-4.0",
        "column of row 0",
        "10.1/x",
        "A, B",
    )
    assert first.extra == {"specialty": "cardiología"}
    assert (second.language, second.extra) == ("es", {"tradition": "natural"})


@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_a_bad_row_is_a_row_with_a_note() -> None:
    """Not JSON, not an object, without text, of a wrong type: each is there, and the good ones too."""
    data = b'{"text": "uno"}\n{bad\n[1]\n{"q": 1}\n{"text": 7}\n\n{"text": "dos"}\n'
    found = read(data)
    assert [bool(r.paragraphs) for r in found] == [True, False, False, False, False, True]
    assert all(r.notes[0].startswith("bad_row:") for r in found if not r.paragraphs)
    assert [r.part for r in found] == [f"{n:09d}" for n in range(6)]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Empty),
        (gzip.compress(jsonl(ROWS), mtime=0)[:40], Damaged),
        (zstandard.compress(jsonl(ROWS) * 99)[:60], Damaged),
        (b"[{}, ", Damaged),
        (parquet([{"q": 1}]), Mislabelled),
        (parquet([{"text": "a"}])[:-20], Damaged),
    ],
    ids=["empty", "gzip-cut", "zstd-cut", "json-cut", "no-text-column", "parquet-cut"],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_a_file_that_is_not_whole_ends_with_its_reason(data: bytes, error: type[Exception]) -> None:
    """Truncated in every container, or without any text column."""
    with pytest.raises(error):
        read(data)


def test_a_text_repeated_for_each_label_is_one_document() -> None:
    """SMC-like rows: the first row of a text carries all its specialities; the others say which row they repeat."""
    rows = [
        {"raw_text": "Uno.", "topic": "a", "speciallity": "cardiología", "document_id": "1"},
        {"raw_text": "Dos.", "topic": "b", "speciallity": "pediatría", "document_id": "2"},
        {"raw_text": "Uno.", "topic": "c", "speciallity": "urgencias", "document_id": "1"},
        {"raw_text": "Uno.", "topic": "c", "speciallity": "cardiología", "document_id": "1"},
        {"raw_text": "Uno.", "topic": "c", "speciallity": "otra", "document_id": "9"},
        {"raw_text": "", "topic": "c", "document_id": "9"},
    ]
    data = "\n".join(json.dumps(row) for row in rows).encode()
    found = list(parse(data, Hints()))
    assert [p.part for p in found] == [f"{n:09d}" for n in range(6)]
    assert [p.paragraphs[0].text if p.paragraphs else p.notes[0] for p in found[:5]] == [
        "Uno.",
        "Dos.",
        "repeated_row:0",
        "repeated_row:0",
        "Uno.",
    ]
    assert [p.extra.get("specialty") for p in found[:2]] == ["cardiología, urgencias", "pediatría"]
    assert found[5].notes[0].startswith("bad_row:")


def test_rows_of_other_sets_are_never_merged() -> None:
    """Two equal texts in a set without labels are two Documents: the duplicates' stage decides, and names them."""
    data = b'{"text": "Uno."}\n{"text": "Uno."}'
    assert [bool(p.paragraphs) for p in parse(data, Hints())] == [True, True]
