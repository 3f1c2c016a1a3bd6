"""What a model is asked, and what is believed of its reply."""

from __future__ import annotations

import json
import re

import pytest

from factory.models import find
from factory.translate.prompt import Help, Parsed, parse, prompt, prompts_sha256, reply_tokens, schema

UNITS = [(1, "Take 5 mg."), (2, "Do not chew.")]


def test_instructions_come_first_and_the_units_last() -> None:
    """Two prompts share everything before what differs, so that a prefix cache serves it."""
    one = prompt(find("BioMistral-7B"), UNITS, Help()).text
    two = prompt(find("BioMistral-7B"), [(1, "Other text.")], Help(glossary=(("pill", "pastilla"),))).text
    shared = next(i for i in range(len(one)) if one[i] != two[i])
    assert shared > 1000
    # No tag stands in the instructions: whoever looks for units finds the units.
    assert "<1>" not in one[:shared]
    assert one.rindex("<2> Do not chew.") > shared
    assert two.index("pill = pastilla") < two.index("<1> Other text.")


def test_help_stands_beside_the_units() -> None:
    """Glossary, earlier translations, the section and what stands before, each where there is some."""
    said = prompt(find("EuroLLM-9B-Instruct-2512"), UNITS, Help((("a", "b"),), (("c", "d"),), "Before.", "Doses")).text
    for part in ("Glossary:\na = b", "Translated before:\nc\n→ d", "Section: Doses", "not to be translated): Before."):
        assert part in said
    bare = prompt(find("EuroLLM-9B-Instruct-2512"), UNITS, Help()).text
    assert "Glossary:" not in bare
    assert "Section:" not in bare


def test_the_form_is_the_profiles() -> None:
    """JSON for models that are constrained, tagged lines for those tuned to translate."""
    assert "JSON" in prompt(find("BioMistral-7B"), UNITS, Help()).text
    tags = prompt(find("salamandraTA-7b-instruct"), UNITS, Help()).text
    assert "JSON" not in tags
    assert "on a line of its own" in tags


def test_the_schema_lets_nothing_else_through() -> None:
    """Each unit once, as a string without quotes, backslashes and control characters."""
    found = schema([1, 2])
    assert found["required"] == ["1", "2"]
    assert found["additionalProperties"] is False
    pattern = re.compile(found["properties"]["1"]["pattern"])
    assert pattern.search("Tome 5 mg; «no» mastique.")
    for bad in ('a "b"', "a\\n", "a\nb", "a\x00", ""):
        assert not pattern.search(bad)


def test_a_reply_has_room() -> None:
    """Twice the source and what the form needs (translate.md)."""
    assert reply_tokens(100, 3) == 264 + 24


GOOD = {1: "Tome 5 mg.", 2: "No mastique."}


@pytest.mark.parametrize(
    "text",
    [
        '{"1":"Tome 5 mg.","2":"No mastique."}',
        '```json\n{"1":"Tome 5 mg.","2":"No mastique."}\n```',
        '{"2":"No mastique.","1":"Tome 5 mg."}',
        '[{"id":1,"text":"Tome 5 mg."},{"id":2,"text":"No mastique."}]',
        '{"units":[{"id":1,"text":"Tome 5 mg."},{"id":2,"text":"No mastique."}]}',
        "<1> Tome 5 mg.\n<2> No mastique.",
        "<1> Tome 5 mg. </1>\n<2> No mastique. </2>",
        "<1>\nTome 5 mg.\n\n<2>\nNo\nmastique.\n",
    ],
)
def test_forms_that_are_understood(text: str) -> None:
    """JSON by number or as a list, fenced or not; tagged lines, closed or not."""
    assert parse(text, [1, 2], "stop") == Parsed(GOOD, {})


@pytest.mark.parametrize(
    ("text", "finish", "texts", "wrong"),
    [
        ('{"1":"Tome 5 mg."}', "stop", {1: "Tome 5 mg."}, {2: "ids"}),
        ('{"1":"Tome 5 mg.","2":""}', "stop", {1: "Tome 5 mg."}, {2: "ids"}),
        ('{"1":"Tome 5 mg.","2":"   "}', "stop", {1: "Tome 5 mg."}, {2: "ids"}),
        ('{"1":"a","1":"b","2":"c"}', "stop", {2: "c"}, {1: "ids"}),
        ('{"1":"a","2":"b","3":"c"}', "stop", {}, {1: "ids", 2: "ids"}),
        ('{"1":"a","2":null}', "stop", {}, {1: "reply", 2: "reply"}),
        ('{"1":"a","2":7}', "stop", {}, {1: "reply", 2: "reply"}),
        ('{"uno":"a"}', "stop", {}, {1: "reply", 2: "reply"}),
        ('{"1":"a","2":"b', "stop", {}, {1: "reply", 2: "reply"}),
        ('{"1":"a","2":"b', "length", {}, {1: "finish", 2: "finish"}),
        ("<1> a\n<2> b", "length", {1: "a"}, {2: "finish"}),
        ("<1> a", "length", {}, {1: "finish", 2: "finish"}),
        ("<1> a\n<1> b", "stop", {}, {1: "ids", 2: "ids"}),
        ("Claro: <1> a\n<2> b", "stop", {}, {1: "reply", 2: "reply"}),
        ("Aquí está:\n<1> a\n<2> b", "stop", {}, {1: "reply", 2: "reply"}),
        ("No puedo ayudar.", "stop", {}, {1: "reply", 2: "reply"}),
        ("", "stop", {}, {1: "reply", 2: "reply"}),
        ("[]", "stop", {}, {1: "ids", 2: "ids"}),
        ("{}", "stop", {}, {1: "ids", 2: "ids"}),
    ],
)  # fmt: skip
def test_what_is_not_believed(text: str, finish: str, texts: dict[int, str], wrong: dict[int, str]) -> None:
    """Lost, doubled, strange, cut or unreadable units; what is right beside them stays."""
    assert parse(text, [1, 2], finish) == Parsed(texts, wrong)


def test_one_unit_may_come_back_bare() -> None:
    """A model tuned to translate answers one text with one text."""
    assert parse("Tome 5 mg.", [1], "stop") == Parsed({1: "Tome 5 mg."}, {})


def test_a_text_may_hold_what_looks_like_a_unit() -> None:
    """Inside a JSON string a tag is text."""
    text = json.dumps({"1": "véase <2> abajo", "2": "b"})
    assert parse(text, [1, 2], "stop").texts == {1: "véase <2> abajo", 2: "b"}


def test_the_words_have_a_hash() -> None:
    """It changes with any of the prompt's files: it is in every row."""
    assert re.fullmatch("[0-9a-f]{64}", prompts_sha256())
