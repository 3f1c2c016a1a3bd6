"""Raw items → Documents: the first step of every recipe of texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from datatrove.data import Document, DocumentsPipeline
from datatrove.pipeline.base import PipelineStep

from factory.config import Read
from factory.errors import Empty, Mislabelled, NeedsOcr, OutOfMemory, SourceError, TimedOut
from factory.licence import combined, normal
from factory.readers.limits import LimitedReader
from factory.readers.sniff import format_of
from factory.record import (
    Hints,
    Kind,
    Metadata,
    Parsed,
    assemble,
    doc_id,
    item_id,
    language_code,
    sha256,
    split_of,
    work_id,
)
from factory.stage import Context, progress
from factory.store import Cache, LocalStore, Raw, Store, open_store
from factory.tombstones import REASON as RETRACTED
from factory.tombstones import Texts

# The formats each kind of source may turn out to be.
FORMATS_OF_KIND: dict[Kind, tuple[str, ...]] = {
    "pdf": ("pdf",),
    "article": ("article", "text", "jats"),
    "text": ("text", "article", "cnxml", "medquad"),
    "youtube": ("transcript",),
    "dataset": ("rows", "medquad"),
    "jats": ("jats",),
    "epub": ("epub",),
}
# Not the item's fault: it is free for the next batch.
PENDING = (NeedsOcr.reason,)
FAILED = (TimedOut.reason, OutOfMemory.reason)
_HEAD_BYTES = 65536


def format_for(kind: Kind | None, head: bytes, name: str) -> str:
    """The reader for the bytes. Raises Empty, or Mislabelled when they are not what the source says."""
    if not head:
        raise Empty("the file has no bytes")
    found = format_of(head, name)
    allowed = FORMATS_OF_KIND[kind] if kind else ()
    if found == "unknown" or (allowed and found not in allowed):
        said = f"a {kind} source" if kind else (name or "the file")
        raise Mislabelled(f"{said} holds {'no format the factory reads' if found == 'unknown' else f'a {found} file'}")
    return found


def _stated(source: dict[str, Any]) -> str | None:
    return None if source["licence"] == "unknown" else f"stated for the source {source['id']} when it was listed"


def document_of(parsed: Parsed, receipt: dict[str, Any]) -> Document:
    """The Document that a reader's result becomes.

    What the source list says of tradition wins; what the item says of its own licence wins.
    """
    source, raw_sha256 = receipt["source"], receipt["sha256"]
    facts = receipt.get("facts") or {}
    text, spans = assemble(parsed.paragraphs)
    identity = doc_id(source["id"], raw_sha256, parsed.part)
    work = work_id(parsed.identifier or source.get("doi") or source.get("isbn"), facts.get("work_id") or identity)
    stated, evidence = parsed.licence, parsed.licence_evidence
    if stated is None:
        stated, evidence = facts.get("licence"), facts.get("licence_evidence")
    licence = combined(source["licence"], stated)
    own = stated is not None and licence == normal(stated)
    metadata = Metadata(
        work_id=work,
        item_id=item_id(source["id"], raw_sha256),
        text_sha256=sha256(text),
        spans=spans,
        title=parsed.title or facts.get("title") or source.get("title") or receipt["name"],
        author=parsed.author or facts.get("author") or source.get("author"),
        date=parsed.date or facts.get("date") or source.get("date"),
        url=facts.get("url") or parsed.url or receipt.get("url") or source.get("url"),
        source_id=source["id"],
        source_kind=source["kind"],
        raw_sha256=raw_sha256,
        part=parsed.part,
        language=language_code(parsed.language or source["language"]),
        language_score=None,
        tradition=parsed.extra.get("tradition") or source["tradition"],
        specialty=parsed.extra.get("specialty") or source.get("specialty"),
        country=parsed.extra.get("country") or source.get("country"),
        licence=licence,
        licence_evidence=evidence if own else source.get("licence_evidence") or _stated(source),
        split=split_of(work),
        removed=dict(parsed.removed),
        notes=[*facts.get("notes", ()), *parsed.notes],
        profile=source.get("profile"),
        source_type=source.get("source_type"),
        reviewed_by=source.get("reviewed_by"),
        attribution=source.get("attribution"),
        parallel_titles=list(parsed.extra.get("parallel_titles") or []),
        form=parsed.extra.get("form"),
    )
    return Document(text=text, id=identity, metadata=dict(metadata))


class ReadItems(PipelineStep):
    """Every item of the batch is read; each ends with Documents or with a reason."""

    name = "Raw items"
    type = "READER"
    version = 9

    def __init__(self, context: Context, config: Read) -> None:
        super().__init__()
        self.context = context
        self.config = config
        self.exclusion_writer: Any = None
        self.books: Any = None
        self._refused: Texts | None = None

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        store = open_store(self.context.home)
        self._refused = Texts(store)
        config = self.config if self.context.ocr else self.config.model_copy(update={"ocr": "never"})
        with LimitedReader(config, Cache(store, "ocr")) as reader:
            for receipt in self.context.inputs(store, rank, world_size):
                yield from self._item(reader, _place(store, receipt["sha256"]), receipt, rank)
                progress(1)

    def _item(
        self, reader: LimitedReader, where: str | bytes, receipt: dict[str, Any], rank: int
    ) -> Iterable[Document]:
        good = bad = 0
        reason = last = ""
        try:
            for parsed in self._parsed(reader, where, receipt):
                document = document_of(parsed, receipt)
                if document.id <= last:
                    raise AssertionError(f"{document.id} after {last}: parts of one file must be in order")
                last = document.id
                said = document.metadata
                if self._refused and self._refused.holds(receipt["source"]["id"], said["text_sha256"], said.get("url")):
                    # Nothing is kept of it but its id and the reason.
                    bad += 1
                    reason = RETRACTED
                    document.text = ""
                    document.metadata |= {"title": None, "author": None, "url": None, "spans": []}
                    self._reject(document, reason, "", rank)
                elif document.text:
                    good += 1
                    yield document
                else:
                    bad += 1
                    reason = reason_of(parsed)
                    self._reject(document, reason, "; ".join(parsed.notes), rank)
        except SourceError as error:
            reason = error.reason
            bad += 1
            self._reject_item(receipt, error, rank)
        self._book(receipt, good, bad, reason, rank)

    def _parsed(self, reader: LimitedReader, where: str | bytes, receipt: dict[str, Any]) -> Iterable[Parsed]:
        head = _head(where)
        fmt = format_for(receipt["source"]["kind"], head, receipt["name"])
        passwords: tuple[str | None, ...] = (None, *self.config.passwords) if fmt == "pdf" else (None,)
        for number, password in enumerate(passwords, 1):
            hints = _hints(receipt, password)
            try:
                if fmt == "rows":
                    yield from reader.read(where, fmt, hints)
                else:
                    yield from list(reader.read(where, fmt, hints))
                return
            except SourceError as error:
                if error.reason != "encrypted" or number == len(passwords):
                    raise

    def _reject(self, document: Document, reason: str, message: str, rank: int) -> None:
        document.metadata["filter_reason"] = reason
        document.metadata["message"] = message
        self.exclusion_writer.write(document, rank)

    def _reject_item(self, receipt: dict[str, Any], error: SourceError, rank: int) -> None:
        source, sha = receipt["source"], receipt["sha256"]
        identity = item_id(source["id"], sha)
        metadata = {
            "item_id": identity,
            "source_id": source["id"],
            "source_kind": source["kind"],
            "raw_sha256": sha,
            "title": receipt["name"],
            "tradition": source["tradition"],
            "licence": source["licence"],
        }
        if error.remedy:
            metadata["traceback"] = error.remedy
        self._reject(Document(text="", id=identity, metadata=metadata), error.reason, error.message, rank)

    def _book(self, receipt: dict[str, Any], good: int, bad: int, reason: str, rank: int) -> None:
        if good:
            outcome = "accepted"
        else:
            outcome = "pending" if reason in PENDING else "failed" if reason in FAILED else "rejected"
        identity = item_id(receipt["source"]["id"], receipt["sha256"])
        row = {"item_id": identity, "outcome": outcome, "reason": "" if good else reason, "out": good, "rejected": bad}
        self.books.line(rank, row)


def _hints(receipt: dict[str, Any], password: str | None) -> Hints:
    facts = receipt.get("facts") or {}
    chapters = tuple((float(at), str(title)) for at, title in facts.get("chapters") or ())
    url = facts.get("url") or receipt.get("url")
    return Hints(receipt["name"], url, receipt["source"]["language"], password, chapters)


def reason_of(parsed: Parsed) -> str:
    """Why a reader's result holds no text: the slug its note begins with, or `empty`."""
    return parsed.notes[0].partition(":")[0] if parsed.notes else "empty"


def _place(store: Store, sha: str) -> str | bytes:
    if isinstance(store, LocalStore):
        return store.path(Raw.key(sha))
    return Raw(store).get(sha) or b""


def _head(where: str | bytes) -> bytes:
    if isinstance(where, bytes):
        return where[:_HEAD_BYTES]
    with open(where, "rb") as file:
        return file.read(_HEAD_BYTES)
