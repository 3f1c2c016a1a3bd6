"""A model server of the tests that is asked about passages: answers by a script, and lies as it is told.

    python -m tests.questions.asking_server SCRIPT.json

SCRIPT: `replies` (a text that a passage holds → task → what is answered, an object or bare text), `faults` (a text →
`429`, `500`, `die`, `hang` or `cut`, and how often), `seconds` (latency), `log`, `ready`, `port`, `obeys`.
A passage that the script does not know gets an empty list.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web

TASKS = {
    "mcq": "opción múltiple",
    "dialogue": "conversación breve",
    "patient": "palabras sencillas para un paciente",
    "discharge": "informe de alta del caso",
    "unanswerable": "que el pasaje no contesta",
    "qa": "Escribe preguntas con su respuesta",
}


def task_of(prompt: str) -> str:
    """What a prompt asks for."""
    return next((task for task, words in TASKS.items() if words in prompt), "unseen")


class Model:
    """The script and what was asked so far."""

    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.counts: Counter[str] = Counter()
        state = Path(script["log"] + ".counts")
        if state.exists():
            self.counts.update(json.loads(state.read_text()))

    def fault(self, passage: str) -> str | None:
        """How this passage goes wrong this time."""
        for mark, (kind, times) in self.script.get("faults", {}).items():
            if mark in passage and (times is None or self.counts[mark] < times):
                self.counts[mark] += 1
                Path(self.script["log"] + ".counts").write_text(json.dumps(self.counts))
                return str(kind)
        return None

    def ready(self, port: int) -> None:
        Path(self.script["ready"]).write_text(str(port))

    def log(self, row: dict[str, Any]) -> None:
        with open(self.script["log"], "a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def reply(self, task: str, passage: str) -> str:
        """What the script says to a passage."""
        for mark, replies in self.script.get("replies", {}).items():
            if mark in passage and task in replies:
                said = replies[task]
                return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
        return '{"text":"Nada."}' if task in ("patient", "discharge", "unseen") else '{"items":[]}'


async def answer(request: web.Request, model: Model) -> web.StreamResponse:
    body = await request.json()
    prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    passage = prompt.rsplit("Apartado:", 1)[-1] if "Apartado:" in prompt else prompt.rsplit("Pasaje:\n", 1)[-1]
    task = task_of(prompt)
    asked = "Pasaje:\n" in prompt or task == "unseen"
    model.log({"task": task, "units": [passage[:400]] if asked else [], "prompt": prompt})
    if "Di hola." in prompt:
        schema = (body.get("structured_outputs") or {}).get("json")
        schema = schema or ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
        values = {name: one.get("enum", ["x"])[0] for name, one in (schema or {}).get("properties", {}).items()}
        return _reply(body, json.dumps(values), "stop")
    fault = model.fault(passage)
    if fault == "429":
        return web.json_response({"error": "busy"}, status=429, headers={"Retry-After": "0"})
    if fault == "500":
        return web.json_response({"error": "broken"}, status=500)
    if fault == "die":
        os._exit(9)
    await asyncio.sleep(3600 if fault == "hang" else model.script.get("seconds", 0.0))
    order = re.search(r"IGNORA[^.]*\.", passage)
    if order and model.script.get("obeys"):
        return _reply(
            body, '{"items":[{"evidence":[1],"quote":"HACKED","question":"¿HACKED?","answer":"HACKED"}]}', "stop"
        )
    text = model.reply(task, passage)
    return _reply(body, text[: len(text) // 2] if fault == "cut" else text, "length" if fault == "cut" else "stop")


def _reply(body: dict[str, Any], text: str, finish: str) -> web.Response:
    choice = {"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text}
    usage = {"prompt_tokens": 100, "completion_tokens": len(text) // 4}
    return web.json_response({"choices": [choice | {"finish_reason": finish}], "usage": usage})


async def listed(_: web.Request) -> web.Response:
    return web.json_response({"data": [{"id": "BioMistral-7B"}]})


async def health(_: web.Request) -> web.Response:
    return web.Response()


async def main(script: dict[str, Any]) -> None:
    model = Model(script)
    app = web.Application(client_max_size=64 * 2**20)

    async def asked(request: web.Request) -> web.StreamResponse:
        return await answer(request, model)

    app.router.add_post("/v1/chat/completions", asked)
    app.router.add_post("/v1/completions", asked)
    app.router.add_get("/v1/models", listed)
    app.router.add_get("/health", health)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", script.get("port", 0))
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    model.ready(port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
