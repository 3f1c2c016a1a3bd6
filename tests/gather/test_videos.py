"""The real command and the real yt-dlp against a channel on loopback."""

from __future__ import annotations

import datetime
import email.utils
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import FACTORY, ok, run
from tests.web.channel import CC, MEMBERS, PLUGIN, WALL, Channel, Fault
from tests.web.speech import SENTENCES, say

A = "aaaaaaaaaa"
MANUAL, ASR = {"es-419": ("manual", None)}, {"es-orig": ("asr", None), "es": ("asr", "es"), "en": ("asr", "en")}
QUICK = ("--set", "fetch.delay_seconds=0", "--set", "fetch.backoff_seconds=0.05", "--set", "fetch.max_wait_seconds=3")


@pytest.fixture
def channel() -> Iterator[Channel]:
    with Channel() as one:
        yield one


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def environment() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join([str(PLUGIN), os.environ.get("PYTHONPATH", "")])}


def take(channel: Channel, home: Path, *more: str, code: int = 0, what: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the command says, and the requests it made."""
    before = len(channel.log)
    asked = what or ("--channel", channel.url)
    done = run("ingest", "youtube", *asked, *QUICK, *more, "--json", home=home, **environment())
    assert done.returncode == code, done.stdout + done.stderr
    table: dict[str, Any] = json.loads(done.stdout)
    return table | {"asked": channel.paths(before)}


def receipts(home: Path) -> dict[str, dict[str, Any]]:
    """The last receipt of each video."""
    found = [json.loads(f.read_text()) for f in sorted(home.rglob("receipts/*/*.json"))]
    return {r["address"].rpartition("=")[2]: r for r in found}


def raw(home: Path, receipt: dict[str, Any]) -> bytes:
    return (home / "raw" / receipt["sha256"][:2] / receipt["sha256"]).read_bytes()


def reasons(said: dict[str, Any], status: str) -> dict[str, str]:
    return {row["address"].rpartition("=")[2]: row["reason"] for row in said[status]}


@pytest.mark.data
@pytest.mark.speech
def test_a_channel_of_five_videos(channel: Channel, home: Path, data: Path, tmp_path: Path) -> None:
    """Manual, recognised, listened to, upcoming, for members; a second run asks for the list only; a third takes one."""
    say(SENTENCES[:2], tmp_path / "c.m4a")
    channel.add(A + "1", subs=MANUAL, more={"license": CC, "language": "es"})
    channel.add(A + "2", auto=ASR, more={"language": "es"})
    channel.add(A + "3", auto={"es": ("asr", "es"), "en-orig": ("asr", None)}, sound=tmp_path / "c.m4a")
    channel.add(A + "4", more={"live_status": "is_upcoming"})
    channel.add(A + "5", more={"availability": "subscriber_only"})
    model = ("--speech-model", str(data / "toy_whisper"))
    first = take(channel, home, "--tradition", "natural", *model)
    assert first["stored"] == 3
    assert reasons(first, "not_yet") == {A + "4": "upcoming", A + "5": "members_only"}
    assert not any("tlang" in path for path in channel.paths())
    assert not any(A + "4" in path or A + "5" in path for path in channel.paths())
    assert all("fmt=json3" in path for path in channel.paths() if "timedtext" in path)
    found = receipts(home)
    assert found[A + "1"]["facts"]["licence"] == "CC-BY-3.0"
    assert found[A + "2"]["facts"]["licence"] == "youtube-standard"
    assert found[A + "2"]["facts"]["notes"] == ["captions:asr:es-orig"]
    heard = json.loads(raw(home, found[A + "3"]))
    assert " ".join(w[2] for w in heard["words"]) == " ".join(SENTENCES[:2])
    second = take(channel, home, *model)
    assert (second["stored"], second["unchanged"]) == (0, 3)
    assert all(path.startswith("/api/channel/") for path in second["asked"])
    channel.add(A + "6", auto=ASR)
    third = take(channel, home, *model)
    assert (third["stored"], third["unchanged"]) == (1, 3)
    assert [p for p in third["asked"] if "channel" not in p] == [
        f"/api/video/{A}6",
        f"/timedtext?v={A}6&kind=asr&fmt=json3",
    ]
    counts = json.loads(ok("status", "--json", home=home))["sources"]["youtube-salud"]
    assert (counts["stored"], counts["skipped"]) == (4, 2)


def test_what_was_not_yet_is_looked_at_again(channel: Channel, home: Path) -> None:
    """An upcoming video that was shown, one opened to all, and one captioned since: each is taken then."""
    channel.add(A + "1", auto=ASR, more={"live_status": "is_upcoming"})
    channel.add(A + "2", auto=ASR, error=MEMBERS)
    channel.add(A + "3", auto={"es": ("asr", "es")})
    said = take(channel, home, "--speech", "never", code=3)
    assert reasons(said, "not_yet") == {A + "1": "upcoming", A + "2": "members_only"}
    assert reasons(said, "pending") == {A + "3": "no_captions"}
    channel.videos[A + "1"].more = {}
    channel.videos[A + "2"].error = None
    channel.videos[A + "3"].subs = MANUAL
    assert take(channel, home, "--speech", "never")["stored"] == 3


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.parametrize("where", ["channel", "api/video", "timedtext"])
@pytest.mark.survive(5, "429 from a channel")
def test_429_is_waited_for(channel: Channel, home: Path, form: str, where: str) -> None:
    """On the list, the video and the captions, in both forms of Retry-After: the next request is no earlier."""

    def soon() -> str:
        return email.utils.format_datetime(
            datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2), usegmt=True
        )

    value = soon if form == "date" else "1"
    channel.add(A + "1", auto=ASR)
    channel.faults.append(Fault(where, 429, 1, value))
    assert take(channel, home, "--set", "fetch.max_wait_seconds=9")["stored"] == 1
    times = [at for at, path in channel.log if where in path]
    assert times[1] - times[0] >= 0.95


@pytest.mark.survive(5, "429 from a channel")
@pytest.mark.survive(9, "4 where a host blocks")
def test_429_without_end_stops_the_channel(channel: Channel, home: Path) -> None:
    """The others are left alone; the command ends 4; the next run goes on, unless the server named a time."""
    for n in "123":
        channel.add(A + n, auto=ASR)
    channel.faults.append(Fault("timedtext", 429, 99))
    said = take(channel, home, code=4)
    assert sorted(reasons(said, "blocked").values()) == ["host_stopped", "host_stopped", "rate_limited"]
    assert sum("timedtext" in path for path in said["asked"]) == 4
    channel.faults.clear()
    assert take(channel, home)["stored"] == 3
    channel.add(A + "4", auto=ASR)
    channel.faults.append(Fault("video", 429, 1, "7200"))
    assert take(channel, home, code=4)["stored"] == 0
    again = take(channel, home, code=4)
    assert all("channel" in path for path in again["asked"])
    assert take(channel, home, "--refresh")["stored"] == 4


@pytest.mark.survive(5, "walls against bots")
def test_a_bot_wall_stops_the_channel(channel: Channel, home: Path) -> None:
    """One video meets it, the others are not asked for; the words are a person's; later the run goes on."""
    for n in "123":
        channel.add(A + n, auto=ASR, error=WALL if n == "3" else None)
    said = take(channel, home, code=4)
    assert reasons(said, "blocked") == {A + "3": "bot_wall", A + "2": "host_stopped", A + "1": "host_stopped"}
    assert "--cookies" in said["blocked"][0]["message"]
    assert sum("api/video" in path for path in said["asked"]) == 1
    channel.videos[A + "3"].error = None
    assert take(channel, home)["stored"] == 3


def test_partial_captions_are_not_none(channel: Channel, home: Path) -> None:
    """With the warning of a missing token nothing is listened to: pending; a manual track is taken all the same."""
    channel.add(A + "1", partial=True)
    channel.add(A + "2", auto=ASR, partial=True)
    channel.add(A + "3", subs=MANUAL, partial=True)
    said = take(channel, home, code=3)
    assert reasons(said, "pending") == {A + "1": "captions_withheld", A + "2": "captions_withheld"}
    assert said["stored"] == 1
    assert not any("media" in path for path in channel.paths())
    for n in "12":
        channel.videos[A + n].partial = False
    channel.videos[A + "1"].auto = ASR
    assert take(channel, home)["stored"] == 2


def test_empty_captions_fall_back_and_then_wait(channel: Channel, home: Path) -> None:
    """json3 empty: VTT; all empty: withheld, not "no captions"."""
    channel.add(A + "1", auto=ASR, empty=("json3",))
    channel.add(A + "2", auto=ASR, empty=("json3", "vtt", "srv3"))
    said = take(channel, home, code=3)
    assert receipts(home)[A + "1"]["name"].endswith(".vtt")
    assert reasons(said, "pending") == {A + "2": "captions_withheld"}


def test_renamed_removed_and_recaptioned(channel: Channel, home: Path) -> None:
    """A new title needs no request; a removed video leaves a tombstone, once; new captions replace with --refresh."""
    for n in "123":
        channel.add(A + n, auto=ASR, title=f"Vídeo {n}", lines=((0, f"Esto se dice en el vídeo {n}"),))
    take(channel, home, "--tradition", "natural")
    channel.videos[A + "1"].title = "Otro título"
    channel.remove(A + "2")
    channel.videos[A + "3"].subs = MANUAL
    channel.videos[A + "3"].lines = ((0, "Texto corregido por una persona"),)
    said = take(channel, home)
    assert reasons(said, "gone") == {A + "2": "gone"}
    assert [p for p in said["asked"] if "channel" not in p] == [f"/api/video/{A}2"]
    assert receipts(home)[A + "1"]["facts"]["title"] == "Otro título"
    assert take(channel, home)["asked"] == ["/api/channel/@salud?page=0&tab="]
    before = receipts(home)[A + "3"]["sha256"]
    take(channel, home, "--refresh")
    after = receipts(home)[A + "3"]
    assert after["sha256"] != before
    assert after["facts"]["notes"] == ["captions:manual:es-419"]
    ok("build", "natural_es", "-q", home=home)
    books = json.loads(ok("build", "natural_es", "--json", home=home))
    assert books["items"]["in"] == 3


def test_limit_since_playlists_and_single_videos(channel: Channel, home: Path) -> None:
    """The newest N; those from a day on, the older ones skipped; a playlist; two videos named."""
    days = ("20250101", "20250601", "20260101", "20260301", "20260601")
    for n, day in enumerate(days):
        channel.add(f"{A}{n}", auto=ASR, more={"upload_date": day})
    assert take(channel, home, "--limit", "2", "--source", "a")["stored"] == 2
    assert take(channel, home, "--limit", "2", "--source", "a")["stored"] == 0
    since = take(channel, home, "--since", "2026-02-01", "--source", "b")
    assert since["stored"] == 2
    assert set(reasons(since, "not_yet").values()) == {"too_old"}
    playlist = ("--playlist", f"{channel.base}/playlist?list=PLabc")
    assert take(channel, home, "--source", "c", what=playlist)["stored"] == 5
    two = ("--video", f"{channel.base}/watch?v={A}0", "--video", f"{channel.base}/watch?v={A}1")
    assert take(channel, home, "--source", "d", what=two)["stored"] == 2


def test_a_channel_in_the_sources_file(channel: Channel, home: Path) -> None:
    """As a row: its tradition, limit and speech; a licence with evidence holds where a video states none."""
    channel.add(A + "1", auto=ASR)
    channel.add(A + "2", auto=ASR)
    listed = home.parent / "sources.toml"
    listed.write_text(
        f'[fetch]\ndelay_seconds = 0\n\n[[source]]\nid = "canal"\nkind = "youtube"\nurl = "{channel.url}"\nlanguage = "es"\n'
        'tradition = "natural"\nlicence = "CC-BY-4.0"\nlicence_evidence = "a letter of the author"\nlimit = 1\n'
    )
    assert json.loads(ok("ingest", listed, "--json", home=home, **environment()))["stored"] == 1
    assert "licence" not in receipts(home)[A + "2"]["facts"]
    listing = json.loads(ok("sources", "list", listed, "--json", home=home))
    assert (listing["state"], listing["publishable"]) == ("fetched", True)


def test_an_address_that_is_no_channel(channel: Channel, home: Path) -> None:
    """A page that no extractor of yt-dlp knows is not fetched as one."""
    said = take(channel, home, code=3, what=("--channel", channel.base + "/nothing"))
    assert said["failed"][0]["reason"] == "bad_answer"
    assert "no address of a video" in said["failed"][0]["message"]
    assert channel.log == []
    assert run("ingest", "youtube", home=home).returncode == 2
    assert run("ingest", "youtube", "--channel", "@x1y", "--cookies", "none.txt", home=home).returncode == 2


def test_three_formats_the_same_words(channel: Channel, home: Path, tmp_path: Path) -> None:
    """json3, srv3 and VTT of one video, rolling or not, are read as the same words."""
    found = []
    for number, empty in enumerate(((), ("json3",), ("json3", "vtt"))):
        with Channel() as one:
            one.add(A + "1", auto=ASR, empty=empty)
            where = tmp_path / str(number)
            take(one, where)
            receipt = receipts(where)[A + "1"]
            file = tmp_path / receipt["name"]
            file.write_bytes(raw(where, receipt))
            found.append(json.loads(ok("read", file, "--kind", "youtube", "--json"))["text"].split())
    assert found[0] == found[1] == found[2]
    assert len(found[0]) == 16


def test_chapters_are_headings(channel: Channel, home: Path) -> None:
    """Each paragraph stands under its chapter and keeps its second."""
    words = tuple((3.0 * n, text) for n, text in enumerate(_PROSE))
    chapters = [{"start_time": 0, "title": "La planta"}, {"start_time": 12, "title": "Precauciones"}]
    channel.add(A + "1", subs=MANUAL, lines=words, more={"license": CC, "chapters": chapters}, title="La manzanilla")
    take(channel, home, "--tradition", "natural")
    ok("build", "natural_es", "-q", home=home)
    row = json.loads(ok("inspect", "natural_es", "--json", home=home))
    spans = [(s["role"], s["heading"], s["start_seconds"], row["text"][s["start"] : s["end"]]) for s in row["spans"]]
    assert [s[3] for s in spans if s[0] == "heading"] == ["La planta", "Precauciones"]
    assert {s[1] for s in spans if s[0] == "body" and s[2] < 12} == {"La planta"}
    assert {s[1] for s in spans if s[0] == "body" and s[2] >= 12} == {"Precauciones"}
    assert row["title"] == "La manzanilla"
    assert row["author"] == "Salud"
    assert row["date"] == "2026-01-01"
    assert row["work_id"] == f"youtube:{A}1"
    assert row["licence"] == "CC-BY-3.0"


_PROSE = (
    "La manzanilla se toma en infusión después de comer para aliviar la pesadez de estómago.",
    "Según el uso tradicional basta una cucharadita de flores secas por taza.",
    "La taza se tapa durante diez minutos y se cuela antes de beberla despacio.",
    "Muchas familias la guardan seca en un frasco bien cerrado y lejos de la luz.",
    "No debe darse a quien tenga alergia a las margaritas u otras plantas compuestas.",
    "Conviene avisar al médico si se toman anticoagulantes, porque podría sumarse a su efecto.",
)


@pytest.mark.slow
@pytest.mark.parametrize("at", [2, 4, 5, 7])
@pytest.mark.survive(1, "`ingest youtube` killed at a request: none repeated")
def test_killed_at_a_request_and_resumed(tmp_path: Path, at: int) -> None:
    """SIGKILL while the server is asked: nothing that was stored is asked for again, nothing is stored twice."""
    with Channel() as channel:
        for n in "123":
            channel.add(A + n, auto=ASR)
        home = tmp_path / "home"
        started: list[subprocess.Popen[bytes]] = []
        channel.kill_at(at, lambda: started[0].pid if started else None)
        command = [*FACTORY, "ingest", "youtube", "--channel", channel.url, *QUICK, "-q"]
        env = os.environ | environment() | {"FACTORY_HOME": str(home)}
        started.append(subprocess.Popen(command, env=env))
        started[0].wait(60)
        assert started[0].returncode == -signal.SIGKILL
        done = set(receipts(home))
        before = len(channel.log)
        channel.kill_at(10**9, lambda: None)
        take(channel, home)
        assert sorted(receipts(home)) == [A + n for n in "123"]
        assert not any(name in path for name in done for path in channel.paths(before))
        assert len(list(home.rglob("receipts/*/*.json"))) == 3


def test_a_channel_with_tabs(channel: Channel, home: Path) -> None:
    """Every tab is listed; old videos of one say nothing of another; a limit holds for the whole."""
    for n, day in enumerate(("20230101", "20230201", "20230301", "20230401", "20230501", "20260101")):
        channel.add(f"{A}{n}", auto=ASR, more={"upload_date": day, "tab": "videos" if n < 5 else "shorts"})
    tabs = ("--channel", f"{channel.base}/@tabs")
    said = take(channel, home, "--since", "2026-01-01", "--source", "a", what=tabs)
    assert said["stored"] == 1
    assert len(said["not_yet"]) == 5
    assert sum("/api/video/" in path for path in said["asked"]) == 1
    assert take(channel, home, "--source", "b", what=tabs)["stored"] == 6
    assert take(channel, home, "--limit", "4", "--source", "c", what=tabs)["stored"] == 4


def test_a_licence_said_of_a_channel_needs_its_evidence(channel: Channel, home: Path) -> None:
    """Said on the command line only, a video that states none stays YouTube's own; one that states it has its own."""
    channel.add(A + "1", auto=ASR)
    channel.add(A + "2", auto=ASR, more={"license": CC}, lines=((0, "otra cosa"),))
    take(channel, home, "--licence", "CC-BY-4.0")
    found = receipts(home)
    assert found[A + "1"]["facts"]["licence"] == "youtube-standard"
    assert found[A + "2"]["facts"]["licence"] == "CC-BY-3.0"
    assert "License: Creative Commons" in found[A + "2"]["facts"]["licence_evidence"]


@pytest.mark.survive(5, "a video whose data are nonsense")
def test_a_video_that_says_nonsense_costs_only_itself(channel: Channel, home: Path) -> None:
    """Numbers for words, chapters without a time, captions that are no captions: the others are taken, nothing crashes."""
    nonsense = {
        "title": 5, "chapters": [None, {"start_time": "x", "title": "y"}, {"title": None}], "license": 7, "language": 9,
        "upload_date": "ayer", "availability": 3, "live_status": [], "channel": {"a": 1},
    }  # fmt: skip
    channel.add(A + "1", auto=ASR, more=nonsense)
    channel.add(A + "2", auto=ASR, lines=((0, "\x00\ud800 nulo <b>&amp;"),), title="../../\x1b[31m=cmd()\x00")
    channel.add(A + "3", auto=ASR, more={"chapters": {"a": 1}, "subtitles": None, "formats": None})
    channel.add(A + "4", auto=ASR, lines=((0, "esto sí se dice"),))
    said = take(channel, home, code=0)
    assert said["stored"] == 4
    assert all(".." not in f.name for f in home.rglob("*"))
    ok("build", "medical_es", "natural_es", "-q", home=home)
    assert "\x1b[31m" not in ok("inspect", "medical_es", "--dropped", home=home)
