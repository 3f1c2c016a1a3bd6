"""MedQuAD's XML of questions and answers from NIH pages → one Document a page, each question above its answer.

Source: Ben Abacha and Demner-Fushman 2019, arXiv:1901.08079.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from factory.errors import Empty, Mislabelled
from factory.readers.xml_text import name, parsed_xml, squeeze
from factory.record import Hints, Paragraph, Parsed

# In the set's plain text a list item is a dash after a run of blanks.
_PARAGRAPH = re.compile(r"\n\s*|\s{2,}(?=-\s)")


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """One Parsed; questions without an answer are counted as removed. Raises Mislabelled, Empty, Damaged."""
    root = parsed_xml(data)
    pairs = [e for e in root.iter() if name(e).lower() in ("qapair", "pair")]
    if name(root).lower() not in ("document", "doc", "diseasefile") or _first(root, "qapairs") is None:
        raise Mislabelled(f"XML of {name(root)!r}, not a MedQuAD document")
    title = squeeze(_text(_first(root, "focus", "doctitle-focus"))) or None
    found: list[Paragraph] = [Paragraph(title, "heading")] if title else []
    removed = 0
    for pair in pairs:
        question, answer = squeeze(_text(_first(pair, "question"))), _text(_first(pair, "answer"))
        paragraphs = [squeeze(p) for p in _PARAGRAPH.split(answer.strip()) if p.strip()]
        if not paragraphs:
            removed += len(question)
            continue
        found.append(Paragraph(question, "heading", heading=title))
        path = f"{title} › {question}" if title else question
        found += [Paragraph(p, heading=path) for p in paragraphs]
    if not any(p.role == "body" for p in found):
        raise Empty("no question of this file has an answer (MedQuAD left some out for their copyright)")
    yield Parsed(
        found,
        title=title,
        author=root.get("source") or root.get("corpus"),
        url=root.get("url"),
        language="en",
        removed={"no_answer": removed} if removed else {},
        extra={"form": "page"},
    )


def _first(element: Any, *wanted: str) -> Any:
    return next((e for e in element.iter() if name(e).lower() in wanted), None)


def _text(element: Any) -> str:
    return "" if element is None else "".join(element.itertext())
