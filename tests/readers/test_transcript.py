"""Captions: every word once, in order, with its second; three formats the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.errors import Damaged, Empty, NoText
from factory.readers.transcript import parse
from factory.record import Hints, Parsed, assemble
from tests.scores import in_order

FLOOR = 0.998  # measured: 1.0 on each file and format

VTT = """WEBVTT
Kind: captions
Language: es

00:00:01.000 --> 00:00:02.000 align:start
 
la<00:00:01.400><c> tila</c><00:00:01.800><c> ayuda</c>

00:00:02.000 --> 00:00:02.010
la tila ayuda
 

00:00:02.010 --> 00:00:03.000
la tila ayuda
no

00:00:03.000 --> 00:00:03.010
no
 

00:00:03.010 --> 00:00:04.000
no
no

00:00:04.000 --> 00:00:04.010
no
 

00:00:09.000 --> 00:00:10.000
no
siempre<00:00:09.500><c> [Música]</c><00:00:09.700><c> ayuda</c>

00:00:10.000 --> 00:00:10.010
siempre [Música] ayuda

00:00:15.000 --> 00:00:16.000
siempre [Música] ayuda
"""


def read(text: str | bytes, name: str = "a.vtt") -> Parsed:
    (parsed,) = parse(text if isinstance(text, bytes) else text.encode(), Hints(name))
    return parsed


def words(parsed: Parsed) -> list[str]:
    return assemble(parsed.paragraphs).text.split()


@pytest.mark.data
def test_rolling_captions_are_the_words_that_were_said(data: Path) -> None:
    """On every video and in every format the words are the gold ones; formats agree to the second."""
    golds = sorted((data / "transcripts/gen_rolling_es").glob("*.gold.txt"))
    assert len(golds) >= 5
    for gold in golds:
        stem = gold.name.removesuffix(".gold.txt")
        found = [read(gold.with_name(f"{stem}.es.{f}").read_bytes()) for f in ("json3", "srv3", "vtt")]
        for one in found:
            assert in_order(gold.read_text().split(), words(one)) >= FLOOR
        assert found[0].paragraphs == found[1].paragraphs == found[2].paragraphs


# What is right for each file, decided by reading it: its captions with whole times, or why there are none.
BROKEN = {
    "captions_with_bom.vtt": (1, 4),
    "comments.vtt": None,
    "invalid.vtt": (1, 7),
    "invalid_format1.srt": Damaged,
    "invalid_format2.srt": Damaged,
    "invalid_format3.srt": Damaged,
    "invalid_timeframe.sbv": (1, 2, 4, 5),
    "invalid_timeframe.srt": (1, 2, 3, 4, 5),
    "invalid_timeframe.vtt": (1, 3, 4, 5, 6, 7),
    "metadata_headers.vtt": (1, 2),
    "metadata_headers_multiline.vtt": (1, 2),
    "missing_caption_text.sbv": (1, 3, 4, 5),
    "missing_caption_text.vtt": (1, 3, 4, 5),
    "missing_timeframe.srt": (1, 3, 4, 5),
    "missing_timeframe.vtt": (1, 3, 4, 5, 6, 7),
    "one_caption.srt": (1,),
    "one_caption.vtt": (1,),
    "sample.sbv": None,
    "sample.srt": (1, 2, 3, 4, 5),
    "sample.vtt": None,
    "using_identifiers.vtt": (1, 2, 3, 4, 5, 6),
}


@pytest.mark.data
def test_broken_files_give_what_is_whole_or_a_reason(data: Path) -> None:
    """A broken cue costs itself; a file without one whole cue is damaged."""
    folder = data / "transcripts/webvtt_py"
    assert {p.name for p in folder.iterdir()} == BROKEN.keys()
    for name, right in BROKEN.items():
        content = (folder / name).read_bytes()
        if right is Damaged:
            with pytest.raises(Damaged):
                read(content, name)
            continue
        said = " ".join(words(read(content, name)))
        if isinstance(right, tuple) and len(right) != 2:
            assert said == " ".join(f"Caption text #{n}" for n in right), name
        elif isinstance(right, tuple):
            first, last = right
            assert said.startswith(f"Caption text #{first} "), name
            assert said.endswith(f"Caption text #{last}"), name
    assert "some friends" not in " ".join(words(read((folder / "comments.vtt").read_bytes())))


def test_what_stays_on_screen_is_not_said_again_and_what_is_said_again_stays() -> None:
    """The held line goes; the speaker's own repetition and the word after the pause stay; a sound tag goes."""
    parsed = read(VTT)
    assert words(parsed) == ["la", "tila", "ayuda", "no", "no", "siempre", "ayuda", "siempre", "ayuda"]
    assert parsed.removed == {"sound_tag": 2 * len("[Música]")}
    assert parsed.language == "es"
    assert parsed.paragraphs[0].start_seconds == 1.0


def test_sentences_end_where_the_author_ended_them() -> None:
    """Manual captions split at full stops, not at abbreviations or decimals; each sentence has its second."""
    srt = (
        "1\n00:00:01,000 --> 00:00:04,000\nTome 2.5 mg cada 8 h. El Dr. Ruiz\n\n"
        "2\n00:00:04,000 --> 00:00:07,000\nlo <i>explica</i> &amp; repite. ¿Y si olvida una dosis?\n"
    )
    parsed = read(srt, "a.srt")
    assert [p.text for p in parsed.paragraphs] == [
        "Tome 2.5 mg cada 8 h.",
        "El Dr. Ruiz lo explica & repite.",
        "¿Y si olvida una dosis?",
    ]
    assert [p.start_seconds for p in parsed.paragraphs] == [1.0, 1.0, 4.0]
    assert [p.continues for p in parsed.paragraphs] == [False, True, True]


def test_long_speech_without_punctuation_is_cut_into_sentences_and_paragraphs() -> None:
    """Ten minutes of words become pieces of bounded length whose seconds rise, and no word is lost."""
    spoken = [
        {"tStartMs": i * 400, "segs": [{"utf8": f"palabra{i}"}, {"utf8": " y", "tOffsetMs": 200}]} for i in range(1500)
    ]
    import json

    parsed = read(json.dumps({"events": spoken}), "a.json3")
    lengths = [len(p.text.split()) for p in parsed.paragraphs]
    assert max(lengths) <= 80
    assert sum(lengths) == 3000
    seconds = [p.start_seconds for p in parsed.paragraphs]
    assert seconds == sorted(seconds)  # type: ignore[type-var]
    assert sum(not p.continues for p in parsed.paragraphs) > 10


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", Empty),
        (b"WEBVTT\n\n", Damaged),
        (b'{"events": [', Damaged),
        (b'{"events": 3}', Damaged),
        (b"[" * 100_000, Damaged),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\n[Risas]\n", NoText),
        (b"<timedtext><body></body></timedtext>", NoText),
    ],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_bad_captions_end_with_their_reason(content: bytes, error: type[Exception]) -> None:
    """Nothing, half a file, the wrong shape, no word."""
    with pytest.raises(error):
        read(content)


@pytest.mark.survive(4, "bombs: zip, entities, rows")
def test_an_entity_bomb_does_not_go_off() -> None:
    """Entities are not resolved: the text stays small."""
    bomb = '<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><timedtext><body><p t="1000">hola &b;&b;</p></body></timedtext>'
    assert words(read(bomb, "a.srv3"))[0] == "hola"
    assert len(words(read(bomb, "a.srv3"))) < 4


def test_bytes_in_other_charsets_are_read() -> None:
    """UTF-16, a byte-order mark and Windows-1252 give the same words."""
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\nmañana después\n"
    for content in (
        text.encode("utf-16"),
        text.encode("utf-8-sig"),
        text.encode("cp1252"),
        text.replace("\n", "\r\n").encode(),
    ):
        assert words(read(content)) == ["mañana", "después"]
