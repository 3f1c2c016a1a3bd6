"""What fetching costs over the bare libraries: pages, captions, speech; loopback servers of the tests."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.measure import alternate, compared, data
from factory.config import Fetch, Source, Speech
from factory.gather.run import Job, Options, Run
from factory.store import LocalStore

# A rate that a generous site allows; ten requests a second and more hide nothing.
DELAY = 0.02
PAGES, VIDEOS = 200, 60


class _Silent:
    def begin(self, source: Source, total: int | None) -> None: ...
    def ended(self, source: Source, status: str, address: str, reason: str, message: str) -> None: ...
    def listening(self, address: str, done: float, whole: float) -> None: ...


def _run(source: Source, addresses: tuple[str, ...], fetch: Fetch, speech: Speech | None = None) -> None:
    with tempfile.TemporaryDirectory() as home:
        run = Run(LocalStore(home), Options(fetch=fetch, speech=speech or Speech()), _Silent())
        taken = run.all([Job(source, addresses)])
        assert taken.count("stored") == len(addresses), taken.ended


def _about(kind: str, url: str) -> Source:
    row = {"id": "s", "kind": kind, "url": url, "language": "es", "tradition": "natural", "licence": "unknown"}
    return Source.model_validate(row | {"allow_private": True})


def pages() -> dict[str, Any]:
    """Pages asked for at the allowed rate and stored durably, against a loop of httpx2 that only writes files."""
    import httpx2

    from tests.web.site import Site

    with Site() as site:
        site.robots(f"User-agent: *\nCrawl-delay: {DELAY}")
        urls = tuple(site.many(PAGES))

        def bare() -> None:
            with tempfile.TemporaryDirectory() as folder, httpx2.Client() as client:
                for number, url in enumerate(urls):
                    time.sleep(DELAY)
                    Path(folder, str(number)).write_bytes(client.get(url).content)

        raw = alternate(lambda: _run(_about("article", urls[0]), urls, Fetch()), bare)
    return compared(raw) | {"pages": PAGES, "delay_seconds": DELAY}


def captions() -> dict[str, Any]:
    """Captions of videos asked for with a pause and stored durably, against yt-dlp alone that only writes files."""
    from tests.web.channel import PLUGIN, Channel

    sys.path.insert(0, str(PLUGIN))
    from yt_dlp import YoutubeDL

    with Channel() as channel:
        lines = tuple((3.0 * n, f"frase número {n} de un vídeo sobre plantas medicinales") for n in range(200))
        urls = tuple(
            channel.add(f"v{n:010d}", auto={"es-orig": ("asr", None)}, lines=((0, f"vídeo {n}"), *lines))
            for n in range(VIDEOS)
        )

        polite = {"quiet": True, "cachedir": False, "sleep_interval_requests": DELAY / 2}

        def bare() -> None:
            with tempfile.TemporaryDirectory() as folder, YoutubeDL(polite) as loader:
                for number, url in enumerate(urls):
                    time.sleep(DELAY)
                    info = loader.extract_info(url, download=False, process=False)
                    time.sleep(DELAY)
                    tracks = info["automatic_captions"]["es-orig"]
                    track = next(t for t in tracks if t["ext"] == "json3")
                    Path(folder, str(number)).write_bytes(loader.urlopen(track["url"]).read())

        raw = alternate(lambda: _run(_about("youtube", urls[0]), urls, Fetch(delay_seconds=DELAY)), bare)
    return compared(raw) | {"videos": VIDEOS, "delay_seconds": DELAY}


def speech() -> dict[str, Any]:
    """A minute of speech through our stretches and filters, against faster-whisper's own VAD, all cores (toy model)."""
    from faster_whisper import WhisperModel

    from factory.speech import Transcriber

    folder, file = data() / "toy_whisper", data() / "transcripts/audio/es-ES_Narrowband_sample2.wav"
    ours = Transcriber(Speech(model=str(folder)))
    peer = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=os.cpu_count() or 4)

    def bare() -> None:
        found, _ = peer.transcribe(
            str(file), beam_size=5, word_timestamps=True, vad_filter=True, condition_on_previous_text=False
        )
        list(found)

    raw = alternate(lambda: ours.transcribe(file, "es", lambda _done, _whole: None), bare)
    return compared(raw) | {"seconds_of_sound": 60}


def ocr() -> dict[str, Any]:
    """The same scanned book twice through two limited children, against both through one: tesseract on all cores."""
    from concurrent.futures import ThreadPoolExecutor

    from factory.config import Read
    from factory.readers.limits import LimitedReader
    from factory.record import Hints

    file = str(data() / "pdf/scanned/gen_meddocan_guia_p3-8_scan200.pdf")

    def read(reader: LimitedReader) -> None:
        assert any(parsed.paragraphs for parsed in reader.read(file, "pdf", Hints(file)))

    with LimitedReader(Read()) as one, LimitedReader(Read()) as two, ThreadPoolExecutor(2) as pool:
        raw = alternate(lambda: list(pool.map(read, (one, two))), lambda: (read(one), read(one)))
    return compared(raw) | {"pages": 12}
