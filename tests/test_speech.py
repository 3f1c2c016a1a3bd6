"""Real faster-whisper with a toy model that understands four sentences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from factory.config import Speech
from factory.errors import Damaged, NoSpeechModel, NoText, TooLarge
from factory.speech import Transcriber
from tests.command import ok, run
from tests.web.speech import RATE, SENTENCES, say, write

pytestmark = [pytest.mark.speech, pytest.mark.data]


@pytest.fixture(scope="module")
def toy(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue("data") / "toy_whisper"
    return folder


def hear(toy: Path, file: Path, **settings: object) -> dict[str, object]:
    told: list[tuple[float, float]] = []
    found = Transcriber(Speech(model=str(toy), **settings)).transcribe(  # type: ignore[arg-type]
        file, "es", lambda done, whole: told.append((done, whole))
    )
    assert told
    assert told[-1][0] <= told[-1][1] + 0.5
    return found


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("silence", [1.2, 4.0])
def test_sentences_and_their_seconds(toy: Path, tmp_path: Path, silence: float, batch: int) -> None:
    """Every word of four sentences, in order; each sentence begins within half a second; one by one and in batches."""
    begins = say(SENTENCES, tmp_path / "x.m4a", silence)
    found = hear(toy, tmp_path / "x.m4a", batch_size=batch)
    words = found["words"]
    assert isinstance(words, list)
    assert " ".join(w[2] for w in words) == " ".join(SENTENCES)
    at = 0
    for begin, sentence in begins:
        assert abs(words[at][0] - begin) <= 0.5
        at += len(sentence.split())
    assert [w[0] for w in words] == sorted(w[0] for w in words)


@pytest.mark.parametrize("kind", ["silence", "noise"])
def test_nothing_on_silence(toy: Path, tmp_path: Path, kind: str) -> None:
    """The toy invents a sentence there without VAD; we hear nobody."""
    rng = np.random.default_rng(0)
    sound = np.zeros(12 * RATE) if kind == "silence" else rng.normal(0, 0.003, 12 * RATE)
    write(sound.astype(np.float32), tmp_path / "x.m4a")
    with pytest.raises(NoText):
        hear(toy, tmp_path / "x.m4a")


def test_what_the_decoder_does_not_believe_is_dropped(toy: Path, tmp_path: Path) -> None:
    """Loops are cut at the second repeat, and what is dropped is counted by reason."""
    say((SENTENCES[0],) * 5, tmp_path / "x.m4a", 1.5)
    found = hear(toy, tmp_path / "x.m4a")
    speech = found["speech"]
    assert isinstance(speech, dict)
    assert speech["dropped"] == {"repeated": 3 * len(SENTENCES[0])}
    say(SENTENCES, tmp_path / "y.m4a")
    with pytest.raises(NoText):
        hear(toy, tmp_path / "y.m4a", max_compression=0.1)


def test_a_recording_that_is_too_long(toy: Path, tmp_path: Path) -> None:
    """It is refused before the model works on it."""
    say(SENTENCES[:1], tmp_path / "x.m4a")
    with pytest.raises(TooLarge):
        Transcriber(Speech(model=str(toy), max_hours=0.0001)).transcribe(tmp_path / "x.m4a", "es", lambda _a, _b: None)


def test_samples_of_real_speech_run_through(toy: Path, data: Path) -> None:
    """WAV, FLAC and MP3, Spanish and not: they are decoded to the end (the toy's words are not judged)."""
    for file in sorted((data / "transcripts/audio").iterdir()):
        found = hear(toy, file)
        words = found["words"]
        assert isinstance(words, list)
        assert words[-1][1] <= found["speech"]["seconds"] + 0.1  # type: ignore[index]


def test_what_is_no_sound(toy: Path, tmp_path: Path) -> None:
    """A text called m4a is damaged."""
    (tmp_path / "x.m4a").write_text("hola")
    with pytest.raises(Damaged):
        hear(toy, tmp_path / "x.m4a")


@pytest.mark.parametrize("model", ["small", "someone/some-model", "/no/such/folder"])
def test_without_a_model_the_sentence_says_what_to_do(model: str) -> None:
    """By name, Hub id or path: not here and not to be had (the tests are offline)."""
    with pytest.raises(NoSpeechModel, match="is not here") as caught:
        _ = Transcriber(Speech(model=model)).model
    assert "--speech-model" in caught.value.remedy


def test_a_recording_is_an_item(toy: Path, tmp_path: Path) -> None:
    """A file of sound is stored as what is said in it; without the model it is pending and taken later; then unchanged."""
    say(SENTENCES[1:3], tmp_path / "charla.m4a")
    home = tmp_path / "home"
    about = ("--source", "s", "--tradition", "natural", "--licence", "CC0-1.0", "--json")
    done = run("ingest", tmp_path / "charla.m4a", *about, home=home)
    assert done.returncode == 3
    assert [r["reason"] for r in json.loads(done.stdout)["pending"]] == ["no_speech_model"]
    model = ("--speech-model", str(toy))
    assert json.loads(ok("ingest", tmp_path / "charla.m4a", *about, *model, home=home))["stored"] == 1
    assert json.loads(ok("ingest", tmp_path / "charla.m4a", *about, *model, home=home))["unchanged"] == 1
    receipt = json.loads(max(home.rglob("receipts/s/*.json")).read_text())
    file = tmp_path / "x.json"
    file.write_bytes((home / "raw" / receipt["sha256"][:2] / receipt["sha256"]).read_bytes())
    row = json.loads(ok("read", file, "--kind", "youtube", "--json"))
    assert row["text"].split() == " ".join(SENTENCES[1:3]).split()
    assert row["spans"][0]["start_seconds"] == pytest.approx(1.0, abs=0.5)
    assert len(list(home.rglob("cache/speech/*/*"))) == 1


def test_pieces_that_are_not_believed() -> None:
    """Stock phrases of subtitles, loops, pieces scored as silence: each dropped under its name, the rest in order."""
    from faster_whisper.transcribe import Segment

    def piece(text: str, no_speech: float = 0.1, score: float = -0.3, compression: float = 1.2) -> Segment:
        return Segment(
            id=0, seek=0, start=0.0, end=1.0, text=text, tokens=[], avg_logprob=score, compression_ratio=compression,
            no_speech_prob=no_speech, words=None, temperature=0.0,
        )  # fmt: skip

    spoken = ["El tilo calma.", "Gracias, doctora, por explicar la dosis.", "No me gusta el gel."]
    pieces = [
        piece(spoken[0]),
        piece("Subtítulos realizados por la comunidad de Amara.org"),
        piece("¡Gracias por ver el vídeo!"),
        piece("Suscríbete al canal"),
        piece("la la la la la la", compression=9.0),
        piece("Sí, sí", no_speech=0.9, score=-1.5),
        piece(spoken[1], no_speech=0.9),
        piece(spoken[2], score=-1.5),
    ]
    kept, dropped = Transcriber(Speech())._believed(pieces)
    assert [k.text for k in kept] == spoken
    assert set(dropped) == {"stock_phrase", "decoder_loop", "no_speech"}
    assert dropped["decoder_loop"] == len("la la la la la la")
