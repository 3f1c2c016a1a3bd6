"""The fixed Arrow schemas: Documents between stages, and the published text row."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from datatrove.data import Document

SPAN = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("role", pa.string()),
        ("page", pa.int32()),
        ("start_seconds", pa.float64()),
        ("heading", pa.string()),
    ]
)

TRANSLATION = pa.struct(
    [
        ("engine", pa.string()),
        ("model", pa.string()),
        ("revision", pa.string()),
        ("tier", pa.string()),
        ("outputs", pa.string()),
        ("source_language", pa.string()),
        ("source_title", pa.string()),
        ("source_text_sha256", pa.string()),
        ("prompt_sha256", pa.string()),
        ("glossary_sha256", pa.string()),
    ]
)

UNIT = pa.struct(
    [
        ("id", pa.int32()),
        ("source", pa.string()),
        ("target", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("page", pa.int32()),
        ("start_seconds", pa.float64()),
        ("attempts", pa.int32()),
        ("how", pa.string()),
        ("gate", pa.string()),
    ]
)

DOCUMENT = pa.schema(
    [
        ("doc_id", pa.string()),
        ("work_id", pa.string()),
        ("item_id", pa.string()),
        ("text", pa.large_string()),
        ("text_sha256", pa.string()),
        ("content_sha256", pa.string()),
        ("spans", pa.list_(SPAN)),
        ("title", pa.string()),
        ("author", pa.string()),
        ("date", pa.string()),
        ("url", pa.string()),
        ("source_id", pa.string()),
        ("source_kind", pa.string()),
        ("raw_sha256", pa.string()),
        ("part", pa.string()),
        ("language", pa.string()),
        ("language_score", pa.float64()),
        ("tradition", pa.string()),
        ("specialty", pa.string()),
        ("country", pa.string()),
        ("licence", pa.string()),
        ("licence_evidence", pa.string()),
        ("split", pa.string()),
        ("removed", pa.map_(pa.string(), pa.int64())),
        ("notes", pa.list_(pa.string())),
        ("profile", pa.string()),
        ("source_type", pa.string()),
        ("reviewed_by", pa.string()),
        ("attribution", pa.string()),
        ("parallel_titles", pa.list_(pa.string())),
        ("topic_score", pa.float64()),
        ("personal", pa.map_(pa.string(), pa.int64())),
        ("form", pa.string()),
        ("translation", TRANSLATION),
        ("units", pa.list_(UNIT)),
    ]
)

PASSAGE = pa.struct(
    [
        ("id", pa.string()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("heading", pa.string()),
        ("page", pa.int32()),
        ("start_seconds", pa.float64()),
        ("words", pa.int32()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
    ]
)

EVIDENCE = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("quote", pa.string()),
        ("page", pa.int32()),
        ("start_seconds", pa.float64()),
    ]
)

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string()), ("evidence", pa.list_(EVIDENCE))])

GENERATOR = pa.struct(
    [
        ("lane", pa.string()),
        ("model", pa.string()),
        ("revision", pa.string()),
        ("engine", pa.string()),
        ("prompt_sha256", pa.string()),
        ("sampling", pa.string()),
        ("outputs", pa.string()),
    ]
)

QUESTION = pa.struct(
    [
        ("id", pa.string()),
        ("kind", pa.string()),
        ("passage_id", pa.string()),
        ("question_type", pa.string()),
        ("subject", pa.string()),
        ("question", pa.string()),
        ("answer", pa.string()),
        ("evidence", pa.list_(EVIDENCE)),
        ("options", pa.list_(pa.string())),
        ("correct", pa.int32()),
        ("explanation", pa.string()),
        ("messages", pa.list_(MESSAGE)),
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("pair_kind", pa.string()),
        ("corruption", pa.string()),
        ("fails", pa.string()),
        ("evidence_tag", pa.string()),
        ("safety_flags", pa.list_(pa.string())),
        ("checks", pa.list_(pa.string())),
        ("generator", GENERATOR),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("said", pa.string()),
    ]
)

# A Document with what was asked about it.
QUESTIONED = pa.schema([*DOCUMENT, ("passages", pa.list_(PASSAGE)), ("questions", pa.list_(QUESTION))])

# What `load_dataset` shows, in this order (interfaces: text row).
TEXT_COLUMNS = [
    "id",
    "doc_id",
    "work_id",
    "text",
    "text_sha256",
    "spans",
    "title",
    "author",
    "date",
    "url",
    "source_id",
    "source_kind",
    "language",
    "tradition",
    "specialty",
    "country",
    "licence",
    "licence_evidence",
    "split",
]
TEXT_ROW = pa.schema([pa.field("id", pa.string())] + [DOCUMENT.field(name) for name in TEXT_COLUMNS[1:]])

# A translated text says by what, and shows each of its units beside the English.
TRANSLATED_ROW = pa.schema(
    [*TEXT_ROW, DOCUMENT.field("attribution"), DOCUMENT.field("translation"), DOCUMENT.field("units")]
)

# Questions and their answers in translation (config `qa`): every Spanish field beside its English one.
QA_ROW = pa.schema(
    [
        ("id", pa.string()),
        ("doc_id", pa.string()),
        ("work_id", pa.string()),
        ("kind", pa.string()),
        ("question", pa.string()),
        ("options", pa.list_(pa.string())),
        ("correct", pa.int32()),
        ("answer", pa.string()),
        ("explanation", pa.string()),
        ("question_en", pa.string()),
        ("options_en", pa.list_(pa.string())),
        ("answer_en", pa.string()),
        ("explanation_en", pa.string()),
        *(DOCUMENT.field(name) for name in TEXT_COLUMNS[5:]),
        DOCUMENT.field("text"),
        DOCUMENT.field("text_sha256"),
        DOCUMENT.field("attribution"),
        DOCUMENT.field("translation"),
        DOCUMENT.field("units"),
    ]
)

_COLUMNS = tuple(DOCUMENT.names)

# What every row over a source says of it; evidence stands in the text of `doc_id` whose hash is `text_sha256`.
_OF_SOURCE = [
    ("doc_id", pa.string()),
    ("work_id", pa.string()),
    ("passage_id", pa.string()),
    ("source_sha256", pa.string()),
    ("text_sha256", pa.string()),
    ("section", pa.string()),
    ("title", pa.string()),
    ("author", pa.string()),
    ("date", pa.string()),
    ("url", pa.string()),
    ("source_id", pa.string()),
    ("source_kind", pa.string()),
    ("language", pa.string()),
    ("tradition", pa.string()),
    ("specialty", pa.string()),
    ("country", pa.string()),
    ("evidence_tag", pa.string()),
    ("safety_flags", pa.list_(pa.string())),
    ("checks", pa.list_(pa.string())),
    ("reviewed_by", pa.string()),
    ("generator", GENERATOR),
    ("licence_source", pa.string()),
    ("licence_evidence", pa.string()),
    ("licence_model", pa.string()),
    ("licence", pa.string()),
    ("attribution", pa.string()),
    ("split", pa.string()),
]
_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
_ANSWER = pa.struct([("aid", pa.int32()), ("atext", pa.string())])
_CHAT = [("id", pa.string()), ("question_type", pa.string()), ("messages", _MESSAGES)]
_CHAT += [("evidence", pa.list_(EVIDENCE)), ("turns", pa.list_(MESSAGE)), *_OF_SOURCE]
CHAT_ROW = pa.schema(_CHAT)
QUESTION_ROWS: dict[str, pa.Schema] = {
    "qa": pa.schema(
        [
            ("id", pa.string()),
            ("question_type", pa.string()),
            ("question", pa.string()),
            ("answer", pa.string()),
            ("messages", _MESSAGES),
            ("evidence", pa.list_(EVIDENCE)),
            *_OF_SOURCE,
        ]
    ),
    # HEAD-QA's layout (Vilares & Gómez-Rodríguez 2019), and what we add behind it.
    "mcq": pa.schema(
        [
            ("id", pa.string()),
            ("name", pa.string()),
            ("year", pa.string()),
            ("category", pa.string()),
            ("qid", pa.int32()),
            ("qtext", pa.string()),
            ("ra", pa.int32()),
            ("answers", pa.list_(_ANSWER)),
            ("explanation", pa.string()),
            ("stratum", pa.string()),
            ("question_type", pa.string()),
            ("evidence", pa.list_(EVIDENCE)),
            *_OF_SOURCE,
        ]
    ),
    "dialogue": CHAT_ROW,
    "patient": CHAT_ROW,
    "discharge": CHAT_ROW,
    # Prompts without options, with what the source says, for `factory evaluate`.
    "open": pa.schema(
        [
            ("id", pa.string()),
            ("prompt", pa.string()),
            ("reference", pa.string()),
            ("stratum", pa.string()),
            ("question_type", pa.string()),
            ("evidence", pa.list_(EVIDENCE)),
            *_OF_SOURCE,
        ]
    ),
    # TRL's conversational preference format (huggingface.co/docs/trl/dataset_formats).
    "preference": pa.schema(
        [
            ("id", pa.string()),
            ("prompt", _MESSAGES),
            ("chosen", _MESSAGES),
            ("rejected", _MESSAGES),
            ("pair_kind", pa.string()),
            ("corruption", pa.string()),
            ("fails", pa.string()),
            ("length_ratio", pa.float64()),
            ("question_type", pa.string()),
            ("evidence", pa.list_(EVIDENCE)),
            *_OF_SOURCE,
        ]
    ),
}

# The columns of the seed project's corpus (SpanishMedicalLLM), all of them strings.
SMC_COLUMNS = (
    "raw_text", "topic", "speciallity", "raw_text_type", "topic_type", "source", "country", "document_id",
)  # fmt: skip
SMC_ROW = pa.schema([(name, pa.string()) for name in SMC_COLUMNS])


def row_of(document: Document) -> dict[str, Any]:
    """The Document as a row of `DOCUMENT`: unknown metadata is left out, a missing fact is None."""
    row = {name: document.metadata.get(name) for name in _COLUMNS}
    row["doc_id"] = document.id
    row["text"] = document.text
    row["removed"] = sorted((document.metadata.get("removed") or {}).items())
    row["personal"] = sorted((document.metadata.get("personal") or {}).items())
    row["notes"] = document.metadata.get("notes") or []
    row["parallel_titles"] = document.metadata.get("parallel_titles") or []
    row["units"] = document.metadata.get("units") or []
    return row


def questioned_of(document: Document) -> dict[str, Any]:
    """The Document as a row of `QUESTIONED`."""
    return row_of(document) | {name: document.metadata.get(name) or [] for name in ("passages", "questions")}


def document_of(row: dict[str, Any]) -> Document:
    """The Document a row was made of."""
    metadata = {name: row[name] for name in _COLUMNS if name not in ("doc_id", "text")}
    metadata |= {name: row[name] for name in ("passages", "questions") if name in row}
    metadata["removed"] = dict(row["removed"] or [])
    metadata["personal"] = dict(row["personal"] or [])
    return Document(text=row["text"], id=row["doc_id"], metadata=metadata)
