"""Books that do not balance, and readers that crash too often."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from datatrove.data import Document

from factory import books
from factory.books import Items, Rejected, Sink
from factory.errors import StageFailed, UnbalancedStage
from factory.record import Span
from factory.stage import Context, Stage, balance, refuse_crashes
from factory.store import LocalStore, to_json


def document(identity: str, text: str = "hola", **metadata: Any) -> Document:
    spans = [Span(start=0, end=len(text), role="body", page=None, start_seconds=None, heading=None)]
    facts = {"spans": spans, "item_id": identity.split("-", maxsplit=1)[0], "licence": "CC0-1.0", "source_kind": "text"}
    return Document(text, identity, metadata=facts | {"content_sha256": text, "removed": {}} | metadata)


def write(
    store: LocalStore, folder: str, kept: list[Document], dropped: Sequence[Document] = (), lines: Sequence[Any] = ()
) -> None:
    """The files of a stage as a worker leaves them."""
    rejected, items = Rejected(store.path(folder)), Items(folder)
    for one in dropped:
        one.metadata["filter_reason"] = "why"
        rejected.write(one, 0)
    for line in lines:
        items.line(0, line)
    list(Sink(store, folder, rejected, items).run(iter(kept)))


def context(store: LocalStore, **changes: Any) -> Context:
    return Context(store.root, "r", "0001", 1, None, "stages/r/02-x/0001", **changes)


STAGE = Stage("x", (), (), "multiply")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    found = LocalStore(tmp_path)
    write(found, "before", [document("a-0"), document("b-0"), document("c-0")])
    return found


def test_books_that_balance_are_counted_from_files(store: LocalStore) -> None:
    """In + split off = kept + dropped, with reasons."""
    write(store, "stages/r/02-x/0001", [document("a-0"), document("a-0-en"), document("b-0")], [document("c-0")])
    manifest = balance(store, STAGE, context(store, previous="before"), [])
    assert (manifest["in"], manifest["split"], manifest["out"], manifest["rejected"]) == (3, 1, 3, {"why": 1})


@pytest.mark.parametrize(
    ("kept", "dropped", "said"),
    [
        (["a-0", "b-0"], [], "vanished"),
        (["a-0", "b-0", "c-0"], ["c-0"], "twice"),
        (["a-0", "b-0", "c-0", "d-0"], [], "no parent"),
    ],
)
@pytest.mark.survive(1, "a stage whose books do not balance")
def test_books_that_do_not_balance_publish_nothing(
    store: LocalStore, kept: list[str], dropped: list[str], said: str
) -> None:
    """A document lost, doubled or from nowhere stops the stage."""
    write(store, "stages/r/02-x/0001", [document(i) for i in kept], [document(i) for i in dropped])
    with pytest.raises(UnbalancedStage, match=said):
        balance(store, STAGE, context(store, previous="before"), [])


def test_a_reduce_stage_makes_nothing_new(store: LocalStore) -> None:
    """What was split off in a stage that only compares came from nowhere."""
    write(store, "stages/r/02-x/0001", [document(i) for i in ("a-0", "a-0-en", "b-0", "c-0")])
    with pytest.raises(UnbalancedStage, match="nowhere"):
        balance(store, Stage("x", (), (), "reduce"), context(store, previous="before"), [])


LINE = {"item_id": "a", "outcome": "accepted", "reason": "", "out": 1, "rejected": 0}


@pytest.mark.parametrize(
    ("line", "kept", "items", "said"),
    [
        (LINE, ["a-0"], ["a", "b"], "not the items of the batch"),
        (LINE | {"out": 2}, ["a-0"], ["a"], "documents booked"),
        (LINE | {"rejected": 1}, ["a-0"], ["a"], "rejections booked"),
        (LINE, ["b-0"], ["a"], "accepted items"),
    ],
)
def test_items_booked_and_documents_on_disk_must_agree(
    tmp_path: Path, line: dict[str, Any], kept: list[str], items: list[str], said: str
) -> None:
    """An item nobody booked, a document nobody wrote, one of another item: each stops the stage."""
    store = LocalStore(tmp_path)
    write(store, "stages/r/02-x/0001", [document(i) for i in kept], lines=[line])
    with pytest.raises(UnbalancedStage, match=said):
        balance(store, Stage("x", (), (), "items"), context(store), items)


def test_a_stage_refuses_documents_out_of_order(tmp_path: Path) -> None:
    """Files are sorted by id, or they are not written."""
    with pytest.raises(AssertionError, match="order of ids"):
        write(LocalStore(tmp_path), "f", [document("b-0"), document("a-0")])


@pytest.mark.survive(4, "readers that crash often")
def test_a_reader_that_crashes_often_is_refused() -> None:
    """More than 5 crashes and 1 % of the items stop the stage; fewer are the inputs' fault."""
    refuse_crashes({"in": 100, "rejected": {"reader_crash": 5}}, 0.01)
    refuse_crashes({"in": 1000, "rejected": {"reader_crash": 10}}, 0.01)
    with pytest.raises(StageFailed, match="crashed on 6 of 100"):
        refuse_crashes({"in": 100, "rejected": {"reader_crash": 6}}, 0.01)


def test_dropped_rows_are_read_piece_by_piece() -> None:
    """A stage that drops nearly everything is counted in little memory; a file that was cut is seen."""
    draw = random.Random(0)
    rows = [{"id": str(number), "text": draw.randbytes(5_000).hex()} for number in range(1_000)]
    data = zstandard.compress(b"".join(to_json(row) for row in rows))
    tracemalloc.start()
    assert sum(row == told for row, told in zip(books.lines(data), rows, strict=True)) == len(rows)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    assert list(books.lines(zstandard.compress(b'{"a":1}\n{"a":2}'))) == [{"a": 1}, {"a": 2}]
    for wrong in (data[:-1], data[: len(data) // 2], b"", data + b"x"):
        with pytest.raises(zstandard.ZstdError):
            list(books.lines(wrong))
