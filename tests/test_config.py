"""Configuration and sources: each mistake is one sentence that helps."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory import sources
from factory.build import names, recipe_config
from factory.config import Recipe, Source, override, parse
from factory.errors import ConfigError
from factory.licence import combined, named_in, publishable, refusal

GOOD = {"id": "a", "kind": "pdf", "language": "es", "tradition": "natural", "licence": "CC0-1.0", "path": "*.pdf"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"license": "MIT"}, "unknown key 'license'. Did you mean 'licence'?"),
        ({"kind": "book"}, "'pdf'"),
        ({"id": "Ein Buch"}, "pattern"),
        ({"url": "ftp://x"}, "not both"),
        ({"tradition": "folk"}, "'traditional'"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(change: dict[str, str], said: str) -> None:
    """The sentence names the key and what is allowed."""
    with pytest.raises(ConfigError) as told:
        parse(Source, GOOD | change, "sources.toml, source a")
    assert said in told.value.message
    assert told.value.message.startswith("sources.toml, source a")


@pytest.mark.parametrize("key", ["id", "kind", "language", "tradition", "licence"])
def test_nothing_that_matters_has_a_silent_default(key: str) -> None:
    """A row without it is refused, naming it."""
    with pytest.raises(ConfigError, match=f"'{key}' is missing"):
        parse(Source, {k: v for k, v in GOOD.items() if k != key}, "x")


def test_one_wrong_row_costs_only_itself(tmp_path: Path) -> None:
    """The other rows stay; the problem is kept; doubles and unknown tables are told."""
    file = tmp_path / "sources.toml"
    row = '[[source]]\nid = "{}"\nkind = "{}"\nlanguage = "es"\ntradition = "natural"\nlicence = "unknown"\n'
    file.write_text(row.format("a", "pdf") + row.format("b", "papyrus") + row.format("a", "pdf") + "[sorce]\n")
    listed = sources.load(file)
    assert list(listed.rows) == ["a"]
    assert len(listed.problems) == 3


def test_settings_on_the_command_line_win() -> None:
    """Values are read as TOML, else as strings; a misspelt key is found."""
    assert override({"a": {"b": 1}}, ["a.b=2", "a.c=x y"]) == {"a": {"b": 2, "c": "x y"}}
    with pytest.raises(ConfigError, match="key=value"):
        override({}, ["oops"])
    with pytest.raises(ConfigError, match="'timeout_seconds'"):
        recipe_config("medical_es", ("read.timeout_second=5",))


def test_every_recipe_has_valid_numbers() -> None:
    """Every TOML in pipelines loads, and the two texts share no tradition."""
    found = {name: recipe_config(name) for name in names()}
    assert all(isinstance(config, Recipe) for config in found.values())
    both = set(found["medical_es"].select.traditions) & set(found["natural_es"].select.traditions)
    assert both == set()


@pytest.mark.parametrize("licence", ["CC0-1.0", "CC-BY-4.0", "CC-BY-SA-3.0", "public-domain", "CC-BY-3.0-US"])
def test_open_licences_may_be_published(licence: str) -> None:
    """A licence that allows it is let through."""
    assert publishable(licence)
    assert refusal(licence) is None


@pytest.mark.parametrize(
    ("licence", "why"),
    [
        (None, "licence_unknown"),
        ("unknown", "licence_unknown"),
        ("CC-BY-NC-4.0", "licence_non_commercial"),
        ("CC-BY-NC-ND-4.0", "licence_non_commercial"),
        ("CC-BY-ND-4.0", "licence_no_derivatives"),
        ("youtube-standard", "licence_youtube_standard"),
        ("all-rights-reserved", "licence_not_open"),
        ("cc-by", "licence_not_open"),
        ("CC-BY-4.0 maybe", "licence_not_open"),
    ],
)
def test_other_licences_are_refused_with_the_reason(licence: str | None, why: str) -> None:
    """Unknown, non-commercial, no-derivatives and standard YouTube never pass."""
    assert refusal(licence) == why


@pytest.mark.parametrize(
    ("source", "item", "right"),
    [
        ("unknown", None, "unknown"),
        ("unknown", "CC-BY-4.0", "CC-BY-4.0"),
        ("CC-BY-4.0", None, "CC-BY-4.0"),
        ("CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-4.0"),
        ("CC-BY-4.0", "all-rights-reserved", "all-rights-reserved"),
        ("CC-BY-NC-4.0", "CC-BY-4.0", "CC-BY-NC-4.0"),
        ("youtube-standard", "public-domain", "youtube-standard"),
        ("CC0-1.0", "cc by-sa 4.0", "CC-BY-SA-4.0"),
        ("CC0-1.0", "ask the author", "ask the author"),
    ],
)
def test_an_item_cannot_open_what_its_source_closes(source: str, item: str | None, right: str) -> None:
    """What the item says of itself counts, except against a source known to be stricter."""
    assert combined(source, item) == right


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/", "CC-BY-NC-ND-4.0"),
        ("https://creativecommons.org/licenses/by-nc-sa/3.0/igo/", "CC-BY-NC-SA-3.0-IGO"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("Publicado bajo Creative Commons Atribución-NoComercial-CompartirIgual 4.0 Internacional", "CC-BY-NC-SA-4.0"),
        ("Licencia Creative Commons Reconocimiento 4.0", "CC-BY-4.0"),
        ("CC BY-SA 4.0", "CC-BY-SA-4.0"),
        ("Todos los derechos reservados", "all-rights-reserved"),
        ("Este texto es de dominio público", "public-domain"),
        ("Este texto no es de dominio público", None),
        ("una cuestión de dominio público", None),
        ("la licencia de maternidad", None),
    ],
)
def test_a_licence_is_read_from_words_and_addresses(text: str, right: str | None) -> None:
    """Every restriction that is said is kept; what is denied or not said is nothing."""
    found = named_in(text)
    assert (found[0] if found else None) == right
