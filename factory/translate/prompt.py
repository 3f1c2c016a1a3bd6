"""The prompt of a call and its reply: two pure functions. The words stand in `factory/prompts/`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from factory.models import Profile, Prompt, Turn, render
from factory.record import sha256

PROMPTS = Path(__file__).parents[1] / "prompts"
FILES = ("translate", "translate_reply_json", "translate_reply_tags")
# Spanish is a fifth longer than English; two tokens for one is more than any tokenizer of the mission needs.
REPLY_TOKENS_EACH, REPLY_TOKENS_MORE = 2, 64
_CONTEXT = 300


@cache
def text_of(name: str) -> str:
    """A prompt's words."""
    return (PROMPTS / f"{name}.md").read_text("utf-8").strip()


def prompts_sha256() -> str:
    """The hash of all that a translation's prompt is made of but the text itself."""
    return sha256("\0".join(text_of(name) for name in FILES))


class Help(NamedTuple):
    """What is shown beside the units: terms, earlier translations, and what stands before."""

    glossary: tuple[tuple[str, str], ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    before: str = ""
    heading: str = ""


def prompt(profile: Profile, units: Sequence[tuple[int, str]], given: Help) -> Prompt:
    """The prompt for numbered units: what is always the same first, so that a server's prefix cache serves it."""
    system = f"{text_of('translate')}\n\n{text_of(f'translate_reply_{profile.reply}')}"
    parts: list[str] = []
    if given.glossary:
        parts.append("Glossary:\n" + "\n".join(f"{english} = {spanish}" for english, spanish in given.glossary))
    if given.examples:
        parts.append("Translated before:\n" + "\n".join(f"{a}\n→ {b}" for a, b in given.examples))
    if given.heading:
        parts.append(f"Section: {given.heading}")
    if given.before:
        parts.append(f"What stands before (not to be translated): {given.before[-_CONTEXT:]}")
    parts.append("Units:\n" + "\n".join(f"<{number}> {text}" for number, text in units))
    return render(profile, system, [Turn("user", "\n\n".join(parts))])


def schema(ids: Sequence[int]) -> dict[str, Any]:
    """The JSON schema of a reply: a string for every unit, no control character in it."""
    one = {"type": "string", "pattern": r"^[^\"\\\u0000-\u001f\u007f]+$"}
    names = [str(number) for number in ids]
    return {
        "type": "object",
        "properties": dict.fromkeys(names, one),
        "required": names,
        "additionalProperties": False,
    }


def reply_tokens(tokens: int, units: int) -> int:
    """The most tokens that a reply may have: twice the source, and what the form needs."""
    return REPLY_TOKENS_EACH * tokens + REPLY_TOKENS_MORE + 8 * units


class Parsed(NamedTuple):
    """The units that came back, by id, and those that came back wrongly, with the gate they fail by."""

    texts: dict[int, str]
    wrong: dict[int, str]


_TAG = re.compile(r"^[ \t]*<(\d{1,4})>[ \t]*", re.MULTILINE)
_CLOSING = re.compile(r"[ \t]*</\d{1,4}>[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?```\s*$", re.DOTALL)


def parse(text: str, ids: Sequence[int], finish: str | None) -> Parsed:
    """What a reply says of each unit, as JSON or as tagged lines; `ids` and `finish` are the gates of its form.

    A reply that was cut loses its last unit; one that cannot be read loses all.
    """
    body = fence[1] if (fence := _FENCE.match(text)) else text
    pairs = _of_json(body) if body.lstrip()[:1] in ("{", "[") else _of_tags(body, ids)
    if pairs is None:
        return Parsed({}, dict.fromkeys(ids, "finish" if finish == "length" else "reply"))
    found: dict[int, str] = {}
    wrong: dict[int, str] = {}
    for number, said in pairs:
        if number in found:
            wrong[number] = "ids"
        found[number] = " ".join(said.split())
    if set(found) - set(ids):
        return Parsed({}, dict.fromkeys(ids, "ids"))
    if finish == "length" and pairs:
        wrong[pairs[-1][0]] = "finish"
    wrong |= {number: "finish" if finish == "length" else "ids" for number in ids if not found.get(number)}
    return Parsed({number: said for number, said in found.items() if number not in wrong}, wrong)


class _Pairs(list[tuple[str, Any]]):
    """An object's members in order, doubled ones too."""


def _of_json(body: str) -> list[tuple[int, str]] | None:
    try:
        value = json.loads(body, object_pairs_hook=_Pairs)
    except ValueError:
        return None
    if isinstance(value, _Pairs):
        named = dict(value)
        inner = next((v for v in named.values() if isinstance(v, list) and not isinstance(v, _Pairs)), None)
        if inner is None:
            return _numbered(value)
        value = inner
    rows = [dict(row) for row in value if isinstance(row, _Pairs)] if isinstance(value, list) else []
    pairs = [(row.get("id"), row.get("text", row.get("translation", row.get("es")))) for row in rows]
    return _numbered([(str(number), said) for number, said in pairs]) if len(rows) == len(value) else None


def _numbered(pairs: Sequence[tuple[str, Any]]) -> list[tuple[int, str]] | None:
    found = []
    for name, said in pairs:
        digits = name.strip("<> ")
        if not digits.isdecimal() or not isinstance(said, str):
            return None
        found.append((int(digits), said))
    return found


def _of_tags(body: str, ids: Sequence[int]) -> list[tuple[int, str]] | None:
    marks = list(_TAG.finditer(body))
    if not marks:
        # A model tuned to translate answers one unit with its Spanish alone.
        return [(ids[0], body)] if len(ids) == 1 and body.strip() else None
    if body[: marks[0].start()].strip():
        return None
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    return [
        (int(mark[1]), _CLOSING.sub("", body[mark.end() : end].strip())) for mark, end in zip(marks, ends, strict=True)
    ]
