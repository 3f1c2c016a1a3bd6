"""Several servers of one model: each request is answered once, whichever of them dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from factory.config import Calls
from factory.engine import Ask, Connection
from factory.errors import BadReply
from factory.fleet import Fleet, engine_of
from factory.models import Prompt, Sampling
from factory.replies import Reply, replies_of
from factory.store import open_store
from tests.command import FACTORY, json_lines, run, tree
from tests.conftest import PROJECT
from tests.engine.serving import Serving, serving
from tests.engine.test_misbehaving import PAIRS, SMALL, document, ingest, many
from tests.engine.tiny_models import make

pytestmark = [pytest.mark.slow, pytest.mark.survive(6, "several servers of one model, one of them lost")]
# The rest runs in `make survive`.
EVERY = os.environ.get("FACTORY_SURVIVE") == "all"
WINDOW = ("--set", "calls.window=4")
# Nobody hangs here, and a busy machine may take more than the second of the others' tests.
PATIENT = (*SMALL, "--set", "calls.request_seconds=30")


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, str]]:
    """A home with forty documents, their pairs, and the bytes that one server makes of them."""
    folder = tmp_path_factory.mktemp("asked")
    texts, pairs = many(40)
    ready = folder / "ready"
    ingest(ready, texts)
    home = folder / "home"
    subprocess.run(["cp", "-r", ready, home], check=True)
    with serving(folder / "server", pairs=pairs) as server:
        code, result = translate(home, server)
    assert code == 0
    assert result["items"]["accepted"] == 40
    return ready, pairs, tree(home)


def translate(home: Path, *servers: Serving, more: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
    urls = ",".join(one.url for one in servers)
    done = run("translate", "--endpoint", urls, *PATIENT, *more, home=home)
    assert done.stdout, done.stderr
    return done.returncode, json_lines(done.stdout)[-1]


@pytest.mark.parametrize("dies", [False, True] if EVERY else [True])
def test_two_servers_share_the_work_and_one_may_die(
    asked: tuple[Path, dict[str, str], dict[str, str]], dies: bool, tmp_path: Path
) -> None:
    """The same bytes as one server makes; both are asked; what the dead one had under way is asked of the other."""
    ready, pairs, expected = asked
    home = tmp_path / "home"
    subprocess.run(["cp", "-r", ready, home], check=True)
    one_of = serving(tmp_path / "a", pairs=pairs, seconds=0.03)
    with one_of as one, serving(tmp_path / "b", pairs=pairs, seconds=0.03) as other:
        command = [*FACTORY, "translate", "--endpoint", f"{one.url},{other.url}", *PATIENT, *WINDOW]
        environment = os.environ | {"FACTORY_HOME": str(home)}
        child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while dies and len(one.answered()) < 12:
            assert child.poll() is None
            time.sleep(0.005)
        if dies:
            one._child.kill()
        said, _ = child.communicate(timeout=120)
        first, second = len(one.answered()), len(other.answered())
        answered = Counter(text for server in (one, other) for units in server.answered() for text in units)
    assert child.returncode == 0
    assert tree(home) == expected
    assert first >= 12
    assert second > first if dies else abs(first - second) < 0.5 * (first + second)
    own = {text: count for text, count in answered.items() if text not in PAIRS and text != "Dose of ibuprofen"}
    # Under way at the death of a server: sent, perhaps answered, and nobody was there to hear it.
    assert sum(count - 1 for count in own.values()) <= (4 * 5 if dies else 0)
    assert json_lines(said)[-1]["items"]["accepted"] == 40


def test_the_poison_is_found_among_many(tmp_path: Path) -> None:
    """A request that kills whoever is asked it fails by itself; the others are answered."""
    texts, pairs = many(6)
    poison = "The trial number 3 gave 6 mg of the drug every 8 hours."
    home = tmp_path / "home"
    ingest(home, texts)
    faults = {poison: ["die", None]}
    a = serving(tmp_path / "a", revive=True, pairs=pairs, faults=faults)
    with a as one, serving(tmp_path / "b", revive=True, pairs=pairs, faults=faults) as other:
        code, result = translate(home, one, other, more=WINDOW)
    assert code == 3
    assert result["items"]["accepted"] == 5
    assert sum(result["items"]["failed"].values()) == 1


def test_no_server_left_is_said(tmp_path: Path) -> None:
    """Where none answers the command ends, and says so."""
    home = tmp_path / "home"
    ingest(home, {"d": document(*PAIRS)})
    with serving(tmp_path / "a", pairs=PAIRS) as one, serving(tmp_path / "b", pairs=PAIRS) as other:
        urls = f"{one.url},{other.url}"
    done = run("translate", "--endpoint", urls, *PATIENT, "--model", "x", home=home)
    assert done.returncode == 1
    assert "did not answer as a model server does" in done.stderr


POISON = "the poison"


@pytest.mark.survive(6, "a text that kills the server")
@pytest.mark.parametrize("servers", [1, 2])
def test_who_waits_behind_a_poison_is_not_taken_for_one(servers: int, tmp_path: Path) -> None:
    """An engine that has died answers for a while that it has: what is sent to it then did not kill it."""
    from aiohttp import web

    dead = dict.fromkeys(range(servers), 0.0)

    def app(number: int) -> web.Application:
        async def answer(request: web.Request) -> web.Response:
            loop = asyncio.get_running_loop()
            if request.method == "GET":
                return web.json_response({"data": []}, status=503 if loop.time() < dead[number] else 200)
            if POISON in await request.text():
                await asyncio.sleep(0.05)  # others are under way by then
                dead[number] = loop.time() + 0.3
            if loop.time() < dead[number]:
                return web.json_response({"error": "EngineCore encountered an issue"}, status=500)
            await asyncio.sleep(0.1)
            if loop.time() < dead[number]:
                return web.json_response({"error": "EngineCore encountered an issue"}, status=500)
            choice = {"text": "x", "finish_reason": "stop"}
            return web.json_response({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}})

        made = web.Application()
        made.router.add_route("*", "/{any:.*}", answer)
        return made

    async def all_of() -> list[Reply | BaseException]:
        runners, urls = [], []
        for number in range(servers):
            runners.append(web.AppRunner(app(number)))
            await runners[-1].setup()
            await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
            urls.append(f"http://127.0.0.1:{runners[-1].addresses[0][1]}")
        found = Connection(urls[0], "m", "endpoint", 4, others=tuple(urls[1:]))
        engine = engine_of(found, "m", Calls(), open_store(str(tmp_path / "home")))
        try:
            texts = [POISON, *(f"text {n}" for n in range(12))]
            asks = [Ask(Prompt((), text, ()), 64, Sampling(), "d") for text in texts]
            return await asyncio.gather(*(engine.ask(ask) for ask in asks), return_exceptions=True)
        finally:
            await engine.close()
            for runner in runners:
                await runner.cleanup()

    poisoned, *others = asyncio.run(all_of())
    assert isinstance(poisoned, BadReply)
    assert poisoned.reason == "engine_crash"
    assert [one.text for one in others if isinstance(one, Reply)] == ["x"] * 12


CLUSTERS = [pytest.param(kind, marks=getattr(pytest.mark, kind)) for kind in ("slurm", "ray")]


def test_a_server_that_is_gone_without_a_word_takes_nothing_along(tmp_path: Path) -> None:
    """It answers nothing and is no longer in the roster: what it was asked is asked of another, and nothing fails."""
    asks = [Ask(Prompt((), f"<1> {text}", ()), 64, Sampling(), "d") for text in PAIRS]
    silent = serving(tmp_path / "a", pairs=PAIRS, seconds=600)
    with silent as one, serving(tmp_path / "b", pairs=PAIRS) as other:
        begun, sent = time.monotonic(), []

        def roster() -> list[str]:
            return [one.url, other.url] if time.monotonic() - begun < 2 else [other.url]

        async def all_of() -> list[Reply]:
            store = open_store(str(tmp_path / "home"))
            found = Connection(one.url, "m", "endpoint", 4)
            fleet = Fleet(found, "m", Calls(), replies_of(store), roster)
            try:
                asked = [asyncio.create_task(fleet.ask(ask)) for ask in asks]
                await asyncio.sleep(4)
                # The next one looks at the roster.
                asked.append(asyncio.create_task(fleet.ask(asks[0]._replace(attempt=1))))
                return await asyncio.wait_for(asyncio.gather(*asked), timeout=30)
            finally:
                sent.append(fleet.tally.sent)
                await fleet.close()

        found = asyncio.run(all_of())
    # Some had been sent to the silent one, and were sent again.
    assert len(found) == len(asks) + 1 < sent[0]


@pytest.mark.vllm
@pytest.mark.parametrize("kind", ["local", *(CLUSTERS if EVERY else ())])
def test_two_servers_of_ours_and_one_is_killed(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """`executor.servers = 2`: two vLLM servers found through the home; one is lost for good, and the books balance."""
    model = make(tmp_path / "model", "BioMistral-7B")
    home = tmp_path / "home"
    texts = {
        f"d{n}": f"# Guide {n}\n\nTablets of guide {n} contain {n}00 mg.\n\n" + "\n\n".join(PAIRS) for n in range(6)
    }
    ingest(home, texts)
    settings = [f"serve.{one}" for one in ("cpu_cache=256M", 'arguments=["--enforce-eager"]', "max_num_seqs=4")]
    settings += [f"executor.kind={kind}", "executor.server_cpus=1", "executor.server_memory_gb=3", "executor.gpus=0"]
    settings += ["executor.servers=2", "clean.quality.article.min_words=5", "calls.window=2"]
    command = [*FACTORY, "translate", "--model", str(model), "--json"]
    command += [part for one in settings for part in ("--set", one)]
    (tmp_path / "tmp").mkdir()
    quiet = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path / "tmp")}
    cluster = {} if kind == "local" else request.getfixturevalue(kind)
    key = {"FACTORY_ENGINE_KEY": "canary-of-this-run", "FACTORY_NODE_HOST": "127.0.0.1"}
    environment = os.environ | quiet | cluster | key | {"FACTORY_HOME": str(home)}
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
    )
    killed = False
    while child.poll() is None and not killed:
        up = list(home.glob("servers/*/members/*.json"))
        running = list(home.glob("stages/medical_en_es/04-*/*/logs/*"))
        if len(up) == 2 and running:
            pid = int(up[0].stem.rsplit("-", 1)[1])
            os.kill(pid, signal.SIGKILL)
            killed = True
        time.sleep(0.05)
    said, errors = child.communicate(timeout=400)
    assert killed, errors
    assert child.returncode == 3, errors
    result = json.loads(said.splitlines()[-1])
    stage = next(one for one in result["stages"] if one["name"] == "translate")
    assert stage["in"] == 6
    assert not [name for name in stage["units"] if name.startswith("failed:engine")]
    assert not list(home.glob("servers/*/members/*.json"))
    assert [f for f in home.rglob("*") if f.is_file() and b"canary-of-this-run" in f.read_bytes()] == []
    assert "canary-of-this-run" not in said + errors
    deadline = time.monotonic() + 30
    while (left := _with(str(tmp_path / "tmp").encode())) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []


def _with(mark: bytes) -> list[str]:
    """The processes whose environment holds it: a server that a cluster was told to stop takes some seconds."""
    return [str(one) for one in Path("/proc").glob("[0-9]*/environ") if mark in _read(one)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
