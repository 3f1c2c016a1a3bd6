"""The limited child: what goes over its limits ends with a reason, and the next document is read."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import orjson
import pymupdf
import pytest

from factory.config import Read
from factory.errors import Damaged, Empty, ReaderCrash, SourceError, TimedOut
from factory.readers.limits import LimitedReader
from factory.record import Hints

GOOD = "# Tila\n\nLa tila se toma en infusión antes de dormir.".encode()


def config(**values: object) -> Read:
    return Read.model_validate(values)


def test_bytes_come_back_as_paragraphs() -> None:
    """What the child parsed is what the parent gets: roles, headings, parts."""
    with LimitedReader(config()) as reader:
        (parsed,) = reader.read(GOOD, "text", Hints("a.md"))
        assert [(p.role, p.text) for p in parsed.paragraphs][0] == ("heading", "Tila")
        rows = list(reader.read(b'{"text": "uno"}\n{"text": "dos"}\n', "rows", Hints("a.jsonl")))
        assert [r.part for r in rows] == ["000000000", "000000001"]


@pytest.mark.survive(4, "the limited child: memory, silence, crash, leaks")
def test_an_error_keeps_its_class() -> None:
    """The reason of the child is the reason of the parent, and the child goes on."""
    with LimitedReader(config()) as reader:
        with pytest.raises(Empty):
            list(reader.read(b"", "text", Hints("a.txt")))
        with pytest.raises(Damaged):
            list(reader.read(b"no times here", "transcript", Hints("a.vtt")))
        assert list(reader.read(GOOD, "text", Hints("a.md")))


@pytest.mark.survive(4, "the limited child: memory, silence, crash, leaks")
def test_silence_ends_the_document_and_not_the_run() -> None:
    """A child that says nothing until the deadline is killed, and a new one serves the next document."""
    with LimitedReader(config(timeout_seconds=5)) as reader:
        child = reader._running()
        list(reader.read(GOOD, "text", Hints("a.md")))
        os.kill(child.pid, signal.SIGSTOP)
        start = time.monotonic()
        with pytest.raises(TimedOut):
            list(reader.read(GOOD, "text", Hints("a.md")))
        assert time.monotonic() - start < 19  # the default is 20
        assert child.poll() is not None
        assert list(reader.read(GOOD, "text", Hints("a.md")))


def test_each_page_of_a_book_renews_the_deadline() -> None:
    """A long book on a busy machine is no silence: the child answers after every page."""
    book = pymupdf.open()
    for herb in ("tila", "salvia", "ortiga", "malva", "manzanilla", "menta", "melisa"):
        book.new_page().insert_text((72, 400), f"La infusión de {herb} se toma antes de dormir.")
    answers: list[bytes] = []
    with LimitedReader(config()) as reader:
        frame = reader._frame
        reader._frame = lambda child: answers.append(frame(child)) or answers[-1]  # type: ignore[method-assign, func-returns-value]
        (parsed,) = reader.read(book.tobytes(), "pdf", Hints("a.pdf"))
    assert parsed.paragraphs
    assert [next(iter(orjson.loads(answer))) for answer in answers] == ["alive"] * 7 + ["parsed", "end"]


@pytest.mark.survive(4, "the limited child: memory, silence, crash, leaks")
def test_a_child_that_dies_costs_its_document_only() -> None:
    """A segmentation fault is a reason; the next document is read by a new child."""
    with LimitedReader(config()) as reader:
        child = reader._running()
        list(reader.read(GOOD, "text", Hints("a.md")))
        os.kill(child.pid, signal.SIGSEGV)
        time.sleep(0.2)
        child.returncode = None
        reader._child = child
        with pytest.raises((ReaderCrash, SourceError)):
            _read_with_dead(reader)
        assert list(reader.read(GOOD, "text", Hints("a.md")))


def _read_with_dead(reader: LimitedReader) -> None:
    reader._running = lambda: reader._child  # type: ignore[method-assign, assignment, return-value]
    try:
        list(reader.read(GOOD, "text", Hints("a.md")))
    finally:
        del reader._running  # type: ignore[method-assign]


@pytest.mark.survive(4, "the limited child: memory, silence, crash, leaks")
def test_memory_over_the_limit_is_a_reason() -> None:
    """A row that needs more than the child's address space is refused by it, not by the machine."""
    bomb = b'{"text": "' + b"a " * (120 * 2**20) + b'"}'
    with LimitedReader(config(memory_mb=512)) as reader:
        try:
            rows = list(reader.read(bomb, "rows", Hints("a.jsonl")))
            assert rows[0].notes
            assert rows[0].paragraphs == []
        except SourceError as error:
            assert error.reason in ("out_of_memory", "reader_crash")
        assert list(reader.read(GOOD, "text", Hints("a.md")))


@pytest.mark.survive(4, "the limited child: memory, silence, crash, leaks")
def test_a_child_is_replaced_after_its_share() -> None:
    """Leaks of a library end with the child."""
    with LimitedReader(config(recycle_documents=2)) as reader:
        pids = []
        for _ in range(4):
            pids.append(reader._running().pid)
            list(reader.read(GOOD, "text", Hints("a.md")))
        assert pids[0] == pids[1] != pids[2] == pids[3]


@pytest.mark.survive(4, "the limited child: memory, silence, crash, leaks")
def test_the_child_is_gone_when_the_reader_closes(tmp_path: Path) -> None:
    """No process outlives its reader."""
    with LimitedReader(config()) as reader:
        child = reader._running()
    assert child.poll() is not None
