"""The rows of a dataset as the seed project's notebooks read them: eight columns, all of them strings.

Source: the notebooks of github.com/dionis/SpanishMedicaLLM, which say of `raw_text_type` clinic_case, open_text or
question, of `topic_type` medical_topic, medical_diagnostic, answer, natural_medicine_topic or other, of `country` two
letters. A fact that is missing is an empty string there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SMC = "smc"


def of_text(row: Mapping[str, Any]) -> dict[str, str]:
    """A Document as such a row."""
    kind = "clinic_case" if row["source_type"] == "clinical" else "open_text"
    topic = "medical_topic" if row["tradition"] in ("conventional", "mixed") else "natural_medicine_topic"
    return _row(row, row["text"], "", kind, topic, row["doc_id"])


def of_question(row: Mapping[str, Any], question: str, answer: str, name: str) -> dict[str, str]:
    """A question as such a row, its answer as the topic."""
    return _row(row, question, answer, "question", "answer", name)


def _row(row: Mapping[str, Any], text: str, topic: str, kind: str, topic_type: str, name: str) -> dict[str, str]:
    return {
        "raw_text": text,
        "topic": topic,
        "speciallity": row["specialty"] or "",
        "raw_text_type": kind,
        "topic_type": topic_type,
        "source": row["source_id"],
        "country": (row["country"] or "").lower(),
        "document_id": name,
    }
