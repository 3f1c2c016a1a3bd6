"""What translating costs: the gates, and the engine over a bare loop; a loopback server with a fixed latency."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.gates import PAIRS, pairs
from benchmarks.measure import REPEATS, alternate, compared
from factory.translate.gates import GATES, check

SECONDS, SLOTS, CALLS = 0.2, 256, 5_000


def gates() -> dict[str, Any]:
    """All gates, and numbers, units and negation alone, over human translations: MB of source a second of one core."""
    found = [pair for name in PAIRS for pair in pairs(name)]
    size = sum(len(english.encode()) for english, _ in found) / 1e6
    raw: dict[str, list[float]] = {"all": [], "three": []}
    for number in range(REPEATS + 1):
        for name, only in (("all", tuple(GATES)), ("three", ("numbers", "units", "negation"))):
            start = time.process_time()
            for english, spanish in found:
                check(english, spanish, only)
            if number:
                raw[name].append(time.process_time() - start)
    rates = {f"{name}_mb_per_second": size / statistics.median(seconds) for name, seconds in raw.items()}
    return {"megabytes": size} | rates | {"raw_seconds": raw}


class _Served:
    """The scripted model of the tests, with a latency."""

    def __init__(self, folder: Path, texts: dict[str, str]) -> None:
        script = {"pairs": texts, "seconds": SECONDS, "log": os.devnull, "ready": str(folder / "ready"), "slots": 10**6}
        (folder / "script.json").write_text(json.dumps(script))
        self.child = subprocess.Popen([sys.executable, "-m", "tests.engine.model_server", str(folder / "script.json")])
        while not (folder / "ready").exists():
            time.sleep(0.01)
        self.url = f"http://127.0.0.1:{(folder / 'ready').read_text()}"

    def stop(self) -> None:
        self.child.kill()
        self.child.wait()


async def _bare(url: str, bodies: list[bytes], slots: int = SLOTS) -> None:
    """A bare asyncio client: a semaphore and a session."""
    import aiohttp

    room = asyncio.Semaphore(slots)
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def one(body: bytes) -> str:
            async with room, session.post(f"{url}/v1/completions", data=body) as answer:
                return str((await answer.json())["choices"][0]["text"])

        await asyncio.gather(*(one(body) for body in bodies))


def engine() -> dict[str, Any]:
    """The translation step with journal, gates and resume against a bare loop that sends the same requests."""
    from datatrove.data import Document

    from factory.config import Calls, Translate
    from factory.engine import Ask, Connection, body_of
    from factory.models import Sampling, find
    from factory.record import Paragraph, assemble
    from factory.stage import Context
    from factory.steps.translate import TranslateStep
    from factory.store import open_store
    from factory.translate.engines import engines_of
    from factory.translate.memory import Memory
    from factory.translate.prompt import Help, prompt, reply_tokens, schema

    texts = {
        f"In study number {n} the patients took {n % 90 + 10} mg of the drug every 8 hours without fever.": (
            f"En el estudio número {n} los pacientes tomaron {n % 90 + 10} mg del fármaco cada 8 horas sin fiebre."
        )
        for n in range(CALLS)
    }
    profile = find("BioMistral-7B")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        served = _Served(folder, texts)
        found = Connection(served.url, profile.name, "vllm", SLOTS)
        os.environ.update(found.environment())
        config = Translate(engine="vllm", model=profile.name)
        bodies = []
        for english in texts:
            asked = Ask(
                prompt(profile, [(1, english)], Help()), reply_tokens(len(english) // 3, 1), Sampling(), "", schema([1])
            )
            bodies.append(json.dumps(body_of(asked, found)[1]).encode())
        runs = iter(range(99))

        def ours() -> None:
            home = str(folder / f"home-{next(runs)}")
            step = TranslateStep(Context(home, "r", "b", 1, None, ""), config, engines_of(config), Calls())
            step.tell = lambda _: None

            def documents() -> Any:
                for number, english in enumerate(texts):
                    text, spans = assemble([Paragraph(english)])
                    yield Document(text, f"{number:06d}", metadata={"spans": spans, "title": None, "form": None})

            done = 0
            for _, plan in step.planned(documents(), open_store(home), Memory(())):
                done += all(unit.target is not None for unit in plan.units)
            if done != CALLS:
                raise AssertionError(f"{done} of {CALLS} were translated")

        try:
            raw = alternate(ours, lambda: asyncio.run(_bare(served.url, bodies)))
        finally:
            served.stop()
    overhead = statistics.median(raw["ours"]) / statistics.median(raw["peer"]) - 1
    return {"calls": CALLS, "least_seconds": CALLS * SECONDS / SLOTS, "overhead": overhead} | compared(raw)


def engine_vllm() -> dict[str, Any]:
    """The engine over a real vLLM server (CPU build, tiny random Mistral) against a bare loop with like prompts."""
    from factory.config import Calls, Serve
    from factory.engine import Ask, Connection, Engine, body_of
    from factory.models import Sampling, find
    from factory.replies import replies_of
    from factory.server import Server
    from factory.store import open_store
    from factory.translate.prompt import Help, prompt
    from tests.engine.tiny_models import make

    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    serve = Serve(cpu_cache="512M", max_num_seqs=64, arguments=("--enforce-eager",))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = find("BioMistral-7B").model_copy(
            update={"repo": str(make(folder / "model", "BioMistral-7B")), "context": 2048}
        )
        with Server(profile, serve, str(folder / "log")) as server:
            found = Connection(server.url, profile.name, "vllm", 128)
            rounds = iter(range(99))

            def asks() -> list[Ask]:
                # New prompts each round: neither the prefix cache nor kept replies serve one side more than the other.
                number = next(rounds)
                made = (prompt(profile, [(1, f"Try {number}: {n} mg of the drug.")], Help()) for n in range(300))
                return [Ask(one, 48, Sampling(), "d") for one in made]

            async def through() -> None:
                engine = Engine(found, profile.name, Calls(), replies_of(open_store(str(folder / "home"))))
                try:
                    await asyncio.gather(*(engine.ask(one) for one in asks()))
                finally:
                    await engine.close()

            def bare() -> None:
                bodies = [json.dumps(body_of(one, found)[1]).encode() for one in asks()]
                asyncio.run(_bare(server.url, bodies, slots=128))

            raw = alternate(lambda: asyncio.run(through()), bare)
    overhead = statistics.median(raw["ours"]) / statistics.median(raw["peer"]) - 1
    return {"calls": 300, "overhead": overhead} | compared(raw)
