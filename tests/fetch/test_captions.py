"""Which caption track is taken: people before machines, never a machine translation."""

from __future__ import annotations

from typing import Any

import pytest

from factory.fetch.captions import choose, translated_from


def rows(
    name: str, *, tlang: str | None = None, formats: tuple[str, ...] = ("vtt", "json3", "srv3")
) -> list[dict[str, str]]:
    more = f"&tlang={tlang}" if tlang else ""
    return [{"ext": f, "url": f"https://yt.example/timedtext?n={name}&fmt={f}{more}"} for f in formats]


def info(manual: dict[str, Any] | None = None, auto: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"subtitles": manual or {}, "automatic_captions": auto or {}} | more


@pytest.mark.parametrize(
    ("manual", "auto", "taken"),
    [
        (["es", "es-419", "en"], ["es-orig"], ("es", "manual")),
        (["es-MX", "es-419", "en"], ["es-orig"], ("es-419", "manual")),
        (["es-MX", "es-eEY6OEpapPo"], ["es-orig"], ("es-MX", "manual")),
        (["es-eEY6OEpapPo", "en"], ["es-orig"], ("es-eEY6OEpapPo", "manual")),
        (["en", "pt-BR"], ["es-orig", "es"], ("es-orig", "asr")),
        (["en"], ["es"], ("es", "asr")),
        (["en", "est", "live_chat"], ["en-orig"], None),
        ([], [], None),
    ],
)
def test_the_order_of_tracks(manual: list[str], auto: list[str], taken: tuple[str, str] | None) -> None:
    """Exact, then Latin American, then regional, then named; then what a machine heard."""
    track = choose(info({k: rows(k) for k in manual}, {k: rows(k) for k in auto}), "es")
    assert (track and (track.language, track.kind)) == taken


def test_a_machine_translation_is_never_taken() -> None:
    """Its address has tlang, whatever its key says, in every format."""
    auto = {"es": rows("es", tlang="es"), "es-orig": rows("x", tlang="es"), "en-orig": rows("en")}
    assert choose(info({"es": rows("m", tlang="es")}, auto), "es") is None
    mixed = [*rows("es", tlang="es", formats=("json3",)), *rows("es", formats=("vtt",))]
    track = choose(info({"es": mixed}), "es")
    assert track is not None
    assert [f for f, _ in track.formats] == ["vtt"]


def test_json3_comes_first() -> None:
    """It alone has times of words; formats nobody reads here are not asked for."""
    track = choose(info({"es": rows("es", formats=("ttml", "srv3", "srv1", "vtt", "json3"))}), "es")
    assert track is not None
    assert [f for f, _ in track.formats] == ["json3", "vtt", "srv3"]


def test_other_languages() -> None:
    """English sources for the translations are chosen the same way."""
    track = choose(info({"en-GB": rows("en-GB"), "es": rows("es")}, {"en-orig": rows("en")}), "en")
    assert track is not None
    assert track.language == "en-GB"


def test_captions_over_another_language_are_a_translation_by_people() -> None:
    """What is spoken is what the video says, else the language its machine captions were made from."""
    assert translated_from(info(language="en"), "es") == "en"
    assert translated_from(info({}, {"de-orig": rows("de")}), "es") == "de"
    assert translated_from(info(language="es-419"), "es") is None
    assert translated_from(info(), "es") is None
