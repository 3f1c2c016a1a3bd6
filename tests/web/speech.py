"""Real sound with known words: espeak-ng's voice in an m4a file."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Any

# What the toy model of the shared data understands, whole sentences only.
SENTENCES = (
    "la hipertensión arterial es frecuente",
    "la diabetes mellitus requiere control",
    "tome un comprimido cada ocho horas",
    "dolor torácico de inicio súbito",
)
RATE = 16_000


def say(sentences: tuple[str, ...], path: Path, silence: float = 1.0) -> list[tuple[float, str]]:
    """A recording of the sentences with silence around each; the second each begins at."""
    import numpy as np

    pause = np.zeros(int(silence * RATE), np.float32)
    parts, begins = [pause], []
    for sentence in sentences:
        begins.append((sum(map(len, parts)) / RATE, sentence))
        parts += [_voice(sentence), pause]
    write(np.concatenate(parts), path)
    return begins


def write(sound: Any, path: Path) -> None:
    """Samples between -1 and 1 as AAC in an m4a file."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(sound[None, :], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def _voice(sentence: str) -> Any:
    import numpy as np

    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["espeak-ng", "-v", "es", "-s", "150", "-p", "50", "-w", file.name, sentence], check=True)
        with wave.open(file.name) as sound:
            rate = sound.getframerate()
            samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768
    at = np.arange(0, len(samples), rate / RATE)
    return np.interp(at, np.arange(len(samples)), samples).astype(np.float32)
