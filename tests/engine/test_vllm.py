"""Real vLLM on this machine's CPU, with tiny random models: started, watched, killed, started again, stopped."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from factory.config import Calls, Serve
from factory.engine import Ask, Connection, Engine, Tokens, check_contract
from factory.errors import ConfigError
from factory.models import Profile, Sampling, find
from factory.replies import replies_of
from factory.server import Server, asked, command, quantised_here, vllm_python
from factory.store import open_store
from factory.translate.prompt import Help, parse, prompt, schema
from tests.command import FACTORY, run
from tests.engine.test_misbehaving import PAIRS, ingest
from tests.engine.tiny_models import RECORDED, make

pytestmark = [pytest.mark.vllm, pytest.mark.slow]
FAST = Serve(cpu_cache="256M", max_num_seqs=16, arguments=("--enforce-eager",), start_seconds=300, backoff_seconds=0.1)
# One process less for each server: half of the time is importing vLLM.
ONE_PROCESS = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "OMP_NUM_THREADS": "1", "VLLM_LOGGING_LEVEL": "INFO"}
# No weights and no GGUF loader: named in the test below.
SERVED = [name for name in RECORDED if name != "Barcenas-Mistral-7B-GGUF"]
UNITS = [(1, "Do not take more than 400 mg every 8 hours."), (2, "Tablets contain 200 mg of the active substance.")]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a machine of its own, as far as the lock knows."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for name, value in ONE_PROCESS.items():
        monkeypatch.setenv(name, value)


def tiny(folder: Path, name: str) -> Profile:
    """The profile of a model of the mission over a tiny one of its kind."""
    profile = find(name)
    return profile.model_copy(update={"repo": str(make(folder, name)), "context": min(profile.context, 2048)})


def short(found: dict[str, Any]) -> dict[str, Any]:
    """The schema with a limit: a random model babbles to the end of its tokens."""
    for one in found["properties"].values():
        one["maxLength"] = 40
    return found


def session(first: int | None) -> list[int]:
    """The processes of a session that are alive."""
    assert first
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state = (place / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(state[3]) == first and state[0] != "Z":
            found.append(int(place.name))
    return found


def connected(server: Server, profile: Profile) -> Connection:
    return Connection(server.url, profile.name, "vllm", 16)


def replies(home: Path, found: Connection, asks: list[Ask]) -> list[str]:
    """What a model says, through the engine."""

    async def all_of_them() -> list[str]:
        engine = Engine(found, found.model, Calls(), replies_of(open_store(str(home))))
        try:
            return [reply.text for reply in await asyncio.gather(*(engine.ask(one) for one in asks))]
        finally:
            await engine.close()

    return asyncio.run(all_of_them())


def refused_before_it_starts(profile: Profile, log: str) -> None:
    """vLLM loads 4-bit weights on a CPU without AVX-512 and dies at the first question: we say so before."""
    with pytest.raises(ConfigError, match="AVX-512") as refused:
        Server(profile, FAST, log)
    assert profile.twin in refused.value.remedy


@pytest.mark.parametrize("name", SERVED)
def test_every_model_of_the_mission_is_served(name: str, tmp_path: Path) -> None:
    """A tiny model of its own architecture starts, keeps the contract, answers by the schema and leaves no process."""
    profile = tiny(tmp_path / "model", name)
    if profile.bytes_per_parameter < 1 and not quantised_here():
        refused_before_it_starts(profile, str(tmp_path / "log"))
        return
    with Server(profile, FAST, str(tmp_path / "log")) as server:
        found = connected(server, profile)
        check_contract(found, profile)
        made = [prompt(profile, UNITS, Help(before=f"Try {n}.")) for n in range(4)]
        assert all(Tokens(profile).count(one) + 300 < profile.context for one in made)
        asks = [Ask(one, 300, Sampling(temperature=1.0), f"d{n}", short(schema([1, 2]))) for n, one in enumerate(made)]
        for text in replies(tmp_path / "home", found, asks):
            assert set(json.loads(text)) == {"1", "2"}
            assert parse(text, [1, 2], "stop").wrong.keys() | parse(text, [1, 2], "stop").texts.keys() == {1, 2}
        keeper = server.pid
        assert len(session(keeper)) >= 3
    assert session(keeper) == []


def test_a_gguf_is_not_served_and_its_twin_is_named() -> None:
    """vLLM has no loader for it: one sentence, and the profile to take instead."""
    with pytest.raises(ConfigError) as told:
        command(find("Barcnas-Mistral-7B-GGUF"), Serve(), "python", 1)
    assert "Barcenas-Mistral-7b" in told.value.message
    assert "--endpoint" in told.value.remedy


@pytest.mark.survive(6, "vLLM's engine is killed")
def test_a_killed_server_is_started_again(tmp_path: Path) -> None:
    """SIGKILL of its engine: those under way are asked again, all are answered, and the address stays."""
    profile = tiny(tmp_path / "model", "BioMistral-7B")
    told: list[str] = []
    with Server(profile, FAST, str(tmp_path / "log"), told.append) as server:
        found = connected(server, profile)
        first = server.pid
        before = session(first)

        async def killed() -> list[str]:
            engine = Engine(found, found.model, Calls(), replies_of(open_store(str(tmp_path / "home"))))
            made = [prompt(profile, UNITS, Help(before=f"Try {n}.")) for n in range(24)]
            asks = [Ask(one, 600, Sampling(temperature=1.0), f"d{n}", schema([1, 2])) for n, one in enumerate(made)]
            tasks = [asyncio.create_task(engine.ask(one)) for one in asks]
            while engine.tally.in_flight < 8:  # noqa: ASYNC110 - the engine tells nobody
                await asyncio.sleep(0.01)
            os.kill(next(pid for pid in before if "EngineCore" in command_of(pid)), signal.SIGKILL)
            try:
                return [reply.text for reply in await asyncio.gather(*tasks)]
            finally:
                await engine.close()

        assert len(asyncio.run(killed())) == 24
        assert server.starts == 2
        assert session(first) == []
        second = server.pid
        assert len(session(second)) >= 3
    assert any("it died" in line for line in told)
    assert session(second) == []


@pytest.mark.survive(6, "two runs on one GPU")
def test_two_runs_do_not_fight_for_the_machine(tmp_path: Path) -> None:
    """The second is told of the first, and how to share its server; its own death takes the server along."""
    model = make(tmp_path / "model", "BioMistral-7B")
    for name in ("a", "b"):
        ingest(tmp_path / name, {"a": "# Dose of ibuprofen\n\n" + "\n\n".join(PAIRS)})
    environment = os.environ | {"FACTORY_HOME": str(tmp_path / "a")}
    settings = (
        "--set",
        "serve.cpu_cache=256M",
        "--set",
        'serve.arguments=["--enforce-eager"]',
        "--set",
        "serve.max_num_seqs=8",
    )
    command = [*FACTORY, "translate", "--model", str(model), "--set", "clean.quality.article.min_words=5", *settings]
    with open(tmp_path / "said", "w") as said:
        first = subprocess.Popen(command, env=environment, stderr=said, stdout=said)
    lock = tmp_path / "tmp" / f"corpus-factory-vllm-{os.getuid()}.lock"
    while not lock.exists() or not lock.read_text():
        assert first.poll() is None, (tmp_path / "said").read_text()
        time.sleep(0.05)
    second = run(*command[len(FACTORY) :], home=tmp_path / "b")
    assert second.returncode == 2
    assert f"process {first.pid}" in second.stderr
    assert "--endpoint" in second.stderr
    mark = f"FACTORY_HOME={tmp_path / 'a'}".encode()
    deadline = time.monotonic() + 120
    while not (servers := [p for p in with_environment(mark) if "vllm" in command_of(p)]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    first.kill()
    first.wait()
    deadline = time.monotonic() + 30
    while (left := with_environment(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == [], [command_of(p) for p in left]
    assert servers


def with_environment(mark: bytes) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            state = (place / "stat").read_text().rsplit(")", 1)[1].split()[0]
            if mark in (place / "environ").read_bytes() and state != "Z":
                found.append(int(place.name))
        except OSError:
            continue
    return found


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def test_the_recipe_through_a_server_of_ours(tmp_path: Path) -> None:
    """`factory translate --model FOLDER`: a random model's words pass no gate, every unit is accounted, instructions are cached."""
    model = make(tmp_path / "model", "BioMistral-7B")
    home = tmp_path / "home"
    ingest(
        home,
        {
            f"d{n}": f"# Guide {n}\n\nTablets of guide {n} contain {n}00 mg of the active substance.\n\n"
            + "\n\n".join(PAIRS)
            for n in range(2)
        },
    )
    settings = (
        "--set",
        "serve.cpu_cache=256M",
        "--set",
        'serve.arguments=["--enforce-eager"]',
        "--set",
        "serve.max_num_seqs=8",
    )
    small = ("--set", "clean.quality.article.min_words=5", "--json")
    done = run("translate", "--model", model, *settings, *small, home=home)
    assert done.returncode == 3, done.stderr
    result = json.loads(done.stdout)
    stage = next(one for one in result["stages"] if one["name"] == "translate")
    assert stage["in"] >= 1
    assert stage["out"] == 0
    assert sum(n for name, n in stage["units"].items() if name.startswith("failed:")) > 5
    assert not [name for name in stage["units"] if name.startswith("failed:engine")]
    assert result["engine"]["tokens_out"] > 500
    again = json.loads(run("translate", "--model", model, *settings, *small, home=home).stdout)
    assert again["nothing_to_do"]


def test_instructions_first_are_served_from_the_cache(tmp_path: Path) -> None:
    """The prefix that all prompts share is read once: hits grow with each request."""
    profile = tiny(tmp_path / "model", "BioMistral-7B")
    with Server(profile, FAST, str(tmp_path / "log")) as server:
        found = connected(server, profile)
        made = [prompt(profile, [(1, f"The study number {n} gave {n} mg.")], Help()) for n in range(30)]
        replies(tmp_path / "home", found, [Ask(one, 8, Sampling(), f"d{n}") for n, one in enumerate(made)])
        told = dict(
            re.findall(
                r"^(vllm:prefix_cache_\w+_total)\{[^}]*\} ([\d.e+]+)$", str(asked(server.url, "/metrics")), re.MULTILINE
            )
        )
    hits, queries = (float(told[f"vllm:prefix_cache_{name}_total"]) for name in ("hits", "queries"))
    assert hits / queries > 0.6


def test_the_interpreter_is_found() -> None:
    """vLLM lives in an environment of its own, which the factory names."""
    assert vllm_python() is not None
