"""The prompt of a call and its reply: two pure functions a kind of row. The words stand in `factory/prompts/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from factory.models import Profile, Prompt, Turn, render
from factory.questions.evidence import Place, find
from factory.questions.wording import sentences
from factory.record import sha256

PROMPTS = Path(__file__).parents[1] / "prompts"
RULES = "ask_rules"
TASKS = ("qa", "mcq", "dialogue", "patient", "discharge", "unseen", "unanswerable")
# A question, its quote and its answer are some 150 tokens; a text in plain words is little longer than its passage.
TOKENS_EACH, TOKENS_MORE = 170, 40
_STRING = {"type": "string", "pattern": r"^[^\"\\\u0000-\u001f\u007f]+$"}
_LINES = {"type": "string", "pattern": r"^(?:[^\"\\\u0000-\u001f\u007f]|\\n)+$"}


@cache
def text_of(name: str) -> str:
    """A prompt's words."""
    return (PROMPTS / f"{name}.md").read_text("utf-8").strip()


@cache
def prompt_sha256(task: str) -> str:
    """The hash of all that a task's prompt is made of but the passage."""
    return sha256(f"{text_of(RULES)}\0{text_of(f'ask_{task}')}")


def prompts_sha256() -> str:
    """The hash of every task's prompt together."""
    return sha256("\0".join(prompt_sha256(task) for task in TASKS))


class Numbered(NamedTuple):
    """A passage with its sentences numbered from 1, and where each stands in the Document's text.

    The first `inside` are the passage's own, the others warn of its subject elsewhere in the Document.
    """

    shown: str
    places: list[tuple[int, int]]
    inside: int


def numbered(text: str, start: int, end: int, warned: Sequence[tuple[int, int]] = ()) -> Numbered:
    """The sentences of `text[start:end]`, each under its number; headings are sentences here.

    `warned`: sentences of other places that warn of what the passage is about; they stand below it, numbered on.
    """
    places: list[tuple[int, int]] = []
    at = start
    while at < end:
        line = text.find("\n", at, end)
        line = end if line < 0 else line
        places += sentences(text, at, line)
        at = line + 1
    said = [f"<{number}> {' '.join(text[a:b].split())}" for number, (a, b) in enumerate([*places, *warned], 1)]
    shown = " ".join(said[: len(places)])
    if warned:
        shown = f"{shown}\nAdvertencias del documento: {' '.join(said[len(places) :])}"
    return Numbered(shown, [*places, *warned], len(places))


def prompt(profile: Profile, task: str, heading: str, shown: str, most: int) -> Prompt:
    """The prompt over a passage: what is always the same first, so that a server's prefix cache serves it."""
    system = f"{text_of(RULES)}\n\n{text_of(f'ask_{task}')}"
    asked = "" if task in ("patient", "discharge", "unanswerable") else f"Como mucho {most}.\n"
    place = f"Apartado: {heading}\n" if heading else ""
    return render(profile, system, [Turn("user", f"{asked}{place}Pasaje:\n{shown}\nRespuesta:")])


def unseen(profile: Profile, question: str) -> Prompt:
    """A question without its passage: what a model answers from memory."""
    return render(profile, text_of("ask_unseen"), [Turn("user", question)])


def schema(task: str, sentences_shown: int, most: int) -> dict[str, Any]:
    """The JSON schema of a reply: numbers of sentences by choice, strings without quotes and control characters."""
    if task in ("patient", "discharge", "unseen"):
        return _object({"text": _LINES if task == "discharge" else _STRING})
    if task == "unanswerable":
        return _object({"question": _STRING, "answer": _STRING})
    fields: dict[str, Any] = {
        "evidence": {
            "type": "array",
            "items": {"enum": list(range(1, sentences_shown + 1))},
            "minItems": 1,
            "maxItems": 4,
        },
        "quote": _STRING,
        "question": _STRING,
        "answer": _STRING,
    }
    if task == "mcq":
        fields["wrong"] = {"type": "array", "items": _STRING, "minItems": 3, "maxItems": 3}
    return _object({"items": {"type": "array", "items": _object(fields), "maxItems": most}})


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def reply_tokens(task: str, characters: int, most: int) -> int:
    """The most tokens that a reply may have."""
    if task in ("patient", "discharge"):
        return characters // 2 + 2 * TOKENS_MORE
    if task in ("unseen", "unanswerable"):
        return TOKENS_EACH
    return most * TOKENS_EACH + TOKENS_MORE


class Item(NamedTuple):
    """A question as a model wrote it; `wrong`: why it cannot be used at all, a gate's slug."""

    question: str
    answer: str
    quote: str
    places: tuple[tuple[int, int], ...]
    options: tuple[str, ...]
    wrong: str


class Reply(NamedTuple):
    """What a reply holds: items, or a text; `wrong`: `finish` where it was cut, `reply` where it is off its schema."""

    items: list[Item]
    text: str
    wrong: str


def parse(reply: str, task: str, finish: str | None, text: str, given: Numbered) -> Reply:
    """What a reply says; each quote is looked for in the sentences it names, then in the whole passage."""
    if finish == "length":
        return Reply([], "", "finish")
    try:
        value = json.loads(_fenced(reply))
    except ValueError:
        return Reply([], "", "reply")
    if not isinstance(value, dict):
        return Reply([], "", "reply")
    if task in ("patient", "discharge", "unseen"):
        said = value.get("text")
        return Reply([], said.strip(), "") if isinstance(said, str) and said.strip() else Reply([], "", "reply")
    if task == "unanswerable":
        question, answer = value.get("question"), value.get("answer")
        if not isinstance(question, str) or not isinstance(answer, str):
            return Reply([], "", "reply")
        return Reply([Item(question.strip(), answer.strip(), "", (), (), "")], "", "")
    rows = value.get("items")
    if not isinstance(rows, list):
        return Reply([], "", "reply")
    return Reply([_item(row, task, text, given) for row in rows], "", "")


def _fenced(reply: str) -> str:
    body = reply.strip()
    if body.startswith("```"):
        body = body.split("\n", 1)[-1].rsplit("```", 1)[0]
    return body


def _item(row: Any, task: str, text: str, given: Numbered) -> Item:
    blank = Item("", "", "", (), (), "reply")
    if not isinstance(row, dict):
        return blank
    fields = [row.get(name) for name in ("question", "answer", "quote")]
    ids = row.get("evidence")
    if not all(isinstance(one, str) for one in fields) or not isinstance(ids, list):
        return blank
    question, answer, quote = (" ".join(str(one).split()) for one in fields)
    wrong = row.get("wrong") if task == "mcq" else []
    options = (
        tuple(" ".join(o.split()) for o in wrong)
        if isinstance(wrong, list) and all(isinstance(o, str) for o in wrong)
        else ()
    )
    if (task == "mcq" and len(options) != 3) or not given.places:
        return Item(question, answer, quote, (), options, "reply")
    if not all(type(i) is int and 1 <= i <= len(given.places) for i in ids) or not ids:
        return Item(question, answer, quote, (), options, "ids")
    place = _placed(quote, text, given, ids)
    warned = [given.places[i - 1] for i in dict.fromkeys(ids) if i > given.inside]
    places = ((place.start, place.end), *(one for one in warned if one[0] != place.start)) if place else ()
    return Item(question, answer, quote, places, options, "" if place else "quote")


def _placed(quote: str, text: str, given: Numbered, ids: Sequence[int]) -> Place | None:
    """Where the quote stands in the Document's text."""
    own = [given.places[i - 1] for i in sorted(ids) if i <= given.inside] or given.places[: given.inside]
    whole = (given.places[0][0], given.places[given.inside - 1][1])
    for first, last in ((own[0][0], own[-1][1]), whole, *given.places[given.inside :]):
        if found := find(text[first:last], quote):
            return Place(first + found.start, first + found.end)
    return None
