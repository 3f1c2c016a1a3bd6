"""The published row of a question, by its kind: HEAD-QA's layout, TRL's conversational layout, chat messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

# For whom `factory train` asks a tokenizer's chat template, this is all there is: a question and its answer.
_NOBODY = "corpus-factory"


def leaves(question: Mapping[str, Any], released: Mapping[str, str]) -> bool:
    """The row is accepted, or a person read it and let it go."""
    waits = question["outcome"] == "quarantined"
    return bool(question["outcome"] == "accepted" or (waits and question["id"] in released))


def published(
    document: Mapping[str, Any], released: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Every question of a Document that leaves and its published row, in the order they were written.

    `released`: who let a quarantined row go, by its id.
    """
    sections = {passage["id"]: passage["heading"] for passage in document["passages"]}
    for question in document["questions"]:
        if leaves(question, released):
            own = _ROWS[question["kind"]](question, document) | {"reviewed_by": released.get(question["id"])}
            yield question, {"id": question["id"]} | own | _of_source(question, document, sections)


def _of_source(question: Mapping[str, Any], document: Mapping[str, Any], sections: Mapping[str, Any]) -> dict[str, Any]:
    generator = question["generator"]
    names = ("doc_id", "work_id", "text_sha256", "title", "author", "date", "source_id", "source_kind", "tradition")
    found = {
        name: document[name] for name in (*names, "specialty", "country", "attribution", "split", "licence_evidence")
    }
    found |= {
        name: question[name]
        for name in ("passage_id", "question_type", "evidence", "evidence_tag", "safety_flags", "checks")
    }
    return found | {
        "source_sha256": document["raw_sha256"],
        "section": sections.get(question["passage_id"]),
        "url": _url(document, question),
        "language": "es",
        "generator": generator,
        "licence": document["licence"],
        "licence_source": document["licence"],
        "licence_model": {"free": "free", "restricted": "restricted"}.get(generator["outputs"], "unknown")
        if generator["lane"] == "model"
        else None,
    }


def _url(document: Mapping[str, Any], question: Mapping[str, Any]) -> str | None:
    """The source's address; a video's opens at the second of the evidence."""
    second = next((one["start_seconds"] for one in question["evidence"] if one["start_seconds"] is not None), None)
    return at_second(document["url"], second) if document["source_kind"] == "youtube" else document["url"]


def at_second(url: str | None, second: float | None) -> str | None:
    """The address of a video, opening at a second."""
    if url is None or second is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}t={int(second)}s"


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _qa(question: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    del document
    messages = [_turn("user", question["question"]), _turn("assistant", question["answer"])]
    return {"question": question["question"], "answer": question["answer"], "messages": messages}


def _mcq(question: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _NOBODY,
        "year": (document["date"] or "")[:4] or None,
        "category": document["specialty"] or document["tradition"],
        "qid": int(question["id"][:7], 16),
        "qtext": question["question"],
        "ra": question["correct"] + 1,
        "answers": [{"aid": number, "atext": text} for number, text in enumerate(question["options"], 1)],
        "explanation": question["explanation"],
        "stratum": question["pair_kind"],
    }


def _chat(question: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    del document
    turns = question["messages"]
    return {"messages": [_turn(one["role"], one["content"]) for one in turns], "turns": turns}


def _preference(question: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    del document
    chosen, rejected = question["chosen"], question["rejected"]
    return {
        "prompt": [_turn("user", question["question"])],
        "chosen": [_turn("assistant", chosen)],
        "rejected": [_turn("assistant", rejected)],
        "pair_kind": question["pair_kind"],
        "corruption": question["corruption"],
        "fails": question["fails"],
        "length_ratio": round(len(rejected) / max(1, len(chosen)), 4),
    }


def _open(question: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    del document
    return {"prompt": question["question"], "reference": question["answer"], "stratum": question["pair_kind"]}


_ROWS = {
    "qa": _qa,
    "mcq": _mcq,
    "dialogue": _chat,
    "patient": _chat,
    "discharge": _chat,
    "preference": _preference,
    "open": _open,
}
