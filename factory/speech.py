"""Speech → words with times, by faster-whisper, without what it invents where nobody speaks.

Source: Radford et al. 2022 (arXiv:2212.04356) for the thresholds; Silero VAD cuts the silence out first. Text that the
decoder is known to invent, loops and pieces it does not believe itself are dropped and counted.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from factory.config import Speech
from factory.errors import Damaged, NoSpeechModel, NoText, TooLarge

FORMAT = 1
# What subtitles used in training end with; nobody says them in the middle of a lecture.
_STOCK = re.compile(
    r"amara\.org|subt[ií]tulos? (?:realizados?|hechos?|creados?|por)|subtitulado por|transcripci[oó]n por"
    r"|gracias por ver (?:el|este) v[ií]deo|suscr[ií]be(?:te|se|os)? al canal|no olvides? suscribir|dale (?:a )?like"
    r"|thanks? (?:you )?for watching|subtitles by|legendas pela comunidade|sous-titres",
    re.IGNORECASE,
)
# Samples a second, as the model was trained.
RATE = 16_000
# A silence as long as this ends a stretch of speech: each stretch is decoded by itself, so its times are its own and
# no silence is left in it to invent words for. Whisper's window has 30 seconds.
PAUSE_SECONDS, STRETCH_SECONDS = 1.0, 28.0
# Below this the model does not know the language; the one expected is taken (faster-whisper: 0.5).
SURE = 0.5
# More than this of the same piece in a row is the decoder's loop: one stays.
MAX_REPEATS = 2


class Transcriber:
    """A loaded model. Cheap to make; the model is loaded when it is first needed, and once."""

    def __init__(self, config: Speech) -> None:
        self._config = config

    @property
    def name(self) -> str:
        """The model as it was named."""
        return self._config.model

    @functools.cached_property
    def identity(self) -> str:
        """What a transcript depends on besides the sound: the model's bytes or name, and the settings."""
        weights = Path(self._config.model) / "model.bin"
        model = self._config.model
        if weights.is_file():
            with weights.open("rb") as file:
                model = hashlib.file_digest(file, "sha256").hexdigest()
        c = self._config
        return f"{FORMAT}|{model}|{c.beam_size}|{c.max_no_speech}|{c.min_log_probability}|{c.max_compression}"

    @functools.cached_property
    def model(self) -> Any:
        """The model. Raises NoSpeechModel with what to do."""
        if importlib.util.find_spec("faster_whisper") is None:
            raise NoSpeechModel("speech is not installed", "pip install '.[speech]'")
        from faster_whisper import WhisperModel

        device = self._device()
        kind = self._config.compute_type
        kind = ("float16" if device == "cuda" else "int8") if kind == "auto" else kind
        try:
            return WhisperModel(self._config.model, device=device, compute_type=kind, cpu_threads=os.cpu_count() or 4)
        except (OSError, ValueError, RuntimeError) as error:
            raise NoSpeechModel(
                f"the speech model {self._config.model!r} is not here and cannot be had: {str(error)[:160]}",
                "name a folder with a CTranslate2 Whisper: --speech-model PATH",
            ) from error

    def _device(self) -> str:
        if self._config.device != "auto":
            return self._config.device
        from ctranslate2 import get_cuda_device_count

        return "cuda" if get_cuda_device_count() else "cpu"

    def transcribe(self, sound: Path, expected: str, advance: Callable[[float, float], None]) -> dict[str, Any]:
        """The words of a recording: `{"speech": {…}, "words": [[start, end, word], …]}`, times in seconds.

        `advance(done, whole)` is told how many seconds are done. Raises NoSpeechModel, Damaged, TooLarge, NoText.
        """
        from av.error import FFmpegError
        from faster_whisper.audio import decode_audio

        model = self.model
        try:
            wave = decode_audio(str(sound), sampling_rate=RATE)
        except (FFmpegError, IndexError, EOFError, ValueError) as error:
            raise Damaged(f"{sound.name}: no sound that can be read ({error})") from error
        seconds = len(wave) / RATE
        if seconds > self._config.max_hours * 3600:
            raise TooLarge(f"{seconds / 3600:.1f} hours of sound")
        clips = _spoken(wave)
        if not clips:
            raise NoText("nobody speaks in it")
        language, probability = _language(model, wave, clips)
        language = language if probability >= SURE else expected
        try:
            segments = self._segments(model, wave, clips, language)
            kept, dropped = self._believed(_told(segments, seconds, advance))
        except RuntimeError as error:
            raise NoSpeechModel(f"the speech model failed: {str(error)[:200]}", "try a smaller one") from error
        words = [[_seconds(w.start), _seconds(w.end), w.word.strip()] for s in kept for w in s.words or ()]
        words = [w for w in words if w[2]]
        if not words:
            raise NoText("no word in it that can be believed")
        said = {
            "model": Path(self._config.model).name if os.path.isdir(self._config.model) else self._config.model,
            "language": language,
            "language_probability": round(float(probability), 3),
            "expected": expected,
            "seconds": round(seconds, 2),
            "dropped": dict(sorted(dropped.items())),
        }
        return {"speech": said, "words": words}

    def _segments(self, model: Any, wave: Any, clips: list[tuple[float, float]], language: str) -> Iterable[Any]:
        """What the model makes of each stretch of speech, one after the other or several at once."""
        options: dict[str, Any] = {"language": language, "beam_size": self._config.beam_size, "word_timestamps": True}
        batch = self._config.batch_size or (16 if self._device() == "cuda" else 1)
        if batch > 1:
            from faster_whisper import BatchedInferencePipeline

            pieces = [{"start": a, "end": b} for a, b in clips]
            found, _ = BatchedInferencePipeline(model).transcribe(
                wave, batch_size=batch, clip_timestamps=pieces, vad_filter=False, **options
            )
            return cast("Iterable[Any]", found)
        edges = [edge for clip in clips for edge in clip]
        found, _ = model.transcribe(wave, clip_timestamps=edges, condition_on_previous_text=False, **options)
        return cast("Iterable[Any]", found)

    def _believed(self, segments: Iterable[Any]) -> tuple[list[Any], Counter[str]]:
        """The segments that are speech, and how many characters of the others, by reason."""
        kept: list[Any] = []
        dropped: Counter[str] = Counter()
        repeats = 0
        for segment in segments:
            text = segment.text.strip()
            repeats = repeats + 1 if kept and text == kept[-1].text.strip() else 0
            why = self._why_not(segment, text, repeats)
            if why:
                dropped[why] += len(text)
            else:
                kept.append(segment)
        return kept, dropped

    def _why_not(self, segment: Any, text: str, repeats: int) -> str | None:
        c = self._config
        if segment.no_speech_prob > c.max_no_speech and segment.avg_logprob < c.min_log_probability:
            return "no_speech"
        if segment.compression_ratio > c.max_compression:
            return "decoder_loop"
        if _STOCK.search(text) and len(text) < 120:
            return "stock_phrase"
        return "repeated" if repeats >= MAX_REPEATS else None


def _spoken(wave: Any) -> list[tuple[float, float]]:
    """The stretches of speech, in seconds, each short enough for one window of the model."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        min_silence_duration_ms=int(PAUSE_SECONDS * 1000), max_speech_duration_s=STRETCH_SECONDS, speech_pad_ms=200
    )
    return [(c["start"] / RATE, c["end"] / RATE) for c in get_speech_timestamps(wave, options)]


def _language(model: Any, wave: Any, clips: list[tuple[float, float]]) -> tuple[str, float]:
    """The language of the first half minute of speech, and how sure the model is."""
    import numpy as np

    heard = np.concatenate([wave[int(a * RATE) : int(b * RATE)] for a, b in clips[:10]])[: 30 * RATE]
    language, probability, _ = model.detect_language(audio=heard)
    return str(language), float(probability)


def _seconds(value: Any) -> float:
    return round(float(value), 2)


def _told(segments: Iterable[Any], whole: float, advance: Callable[[float, float], None]) -> Iterable[Any]:
    for segment in segments:
        advance(float(segment.end), whole)
        yield segment
