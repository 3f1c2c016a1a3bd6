"""A model server of the tests: answers as an OpenAI-compatible server does, and misbehaves as it is told.

    python -m tests.engine.model_server SCRIPT.json

SCRIPT: `pairs` (English → Spanish), `faults` (a text that a unit holds → how it goes wrong, and how often), `seconds`
(latency), `log` (a line for every request), `port` (0: any; it is written to `ready`), `slots` (429 beyond), `models`,
`constrains` (false: a schema is ignored), `obeys` (follows orders that stand inside a unit). Faults once:n go wrong n times.
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

_UNIT = re.compile(r"^<(\d+)> (.*)$", re.MULTILINE)
_LOOP = "el dolor y la fiebre, "


class Model:
    """The script and what was asked so far."""

    def __init__(self, script: dict[str, Any]) -> None:
        self.script = script
        self.pairs: dict[str, str] = script.get("pairs", {})
        self.faults: dict[str, list[Any]] = script.get("faults", {})
        self.counts: Counter[str] = Counter()
        self.under_way = 0
        self.most_under_way = 0
        if (state := Path(script["log"] + ".counts")).exists():
            self.counts.update(json.loads(state.read_text()))

    def fault(self, text: str) -> str | None:
        """How this text goes wrong this time."""
        for mark, (kind, times) in self.faults.items():
            if mark in text:
                key = f"{mark}\0{kind}"
                if times is None or self.counts[key] < times:
                    self.counts[key] += 1
                    Path(self.script["log"] + ".counts").write_text(json.dumps(self.counts))
                    return str(kind)
        return None

    def log(self, **row: Any) -> None:
        with open(self.script["log"], "ab", buffering=0) as file:
            file.write((json.dumps(row, ensure_ascii=False) + "\n").encode())

    def spanish(self, english: str) -> str:
        """The Spanish of a unit: from the pairs, else sentence by sentence, else the words in other letters."""
        if english in self.pairs:
            return self.pairs[english]
        parts = re.split(r"(?<=[.?!]) ", english)
        if len(parts) > 1 and all(part in self.pairs for part in parts):
            return " ".join(self.pairs[part] for part in parts)
        return self.script.get("unknown", "Texto en español del que nadie sabe nada.")


def spoilt(kind: str, text: str) -> str:
    """A translation that went wrong."""
    if kind == "dose":
        return text.replace("400 mg", "4000 mg")
    if kind == "unit":
        return text.replace(" mg", " g")
    if kind == "negation":
        return text.replace(" no ", " ", 1)
    if kind == "loop":
        return text + " " + _LOOP * 12
    if kind == "chat":
        return f"¡Claro! {text}"
    if kind == "portuguese":
        return "O paciente não deve tomar mais do que uma dose por dia, pois são muito fortes e você não é jovem."
    raise AssertionError(kind)


async def answer(request: web.Request, model: Model) -> web.StreamResponse:
    body = await request.json()
    prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    asked = prompt.rsplit("Units:", 1)[-1] if "Units:" in prompt else ""
    units = [(int(n), text.strip().removesuffix(" [/INST]")) for n, text in _UNIT.findall(asked)]
    model.log(units=[text for _, text in units], prompt=prompt, body={k: v for k, v in body.items() if k != "messages"})
    if model.script.get("key") and request.headers.get("Authorization") != f"Bearer {model.script['key']}":
        return web.json_response({"error": {"message": "wrong key"}}, status=401)
    faults = {n: model.fault(text) for n, text in units}
    kinds = {kind for kind in faults.values() if kind}
    if "429" in kinds or model.under_way >= model.script.get("slots", 10**6):
        return web.json_response({"error": "busy"}, status=429, headers={"Retry-After": model.script.get("after", "0")})
    if "500" in kinds:
        return web.json_response({"error": "broken"}, status=500)
    if "400" in kinds:
        return web.json_response({"error": {"message": "refused"}}, status=400)
    if "die" in kinds:
        os._exit(9)
    model.under_way += 1
    model.most_under_way = max(model.most_under_way, model.under_way)
    try:
        await asyncio.sleep(3600 if "hang" in kinds else model.script.get("seconds", 0.0))
    finally:
        model.under_way -= 1
    text, finish = said(model, units, faults, body)
    choice = {"message": {"role": "assistant", "content": text}} if "messages" in body else {"text": text}
    usage = {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4}
    model.log(answered=[text for _, text in units])
    return web.json_response({"choices": [choice | {"finish_reason": finish}], "usage": usage})


def said(
    model: Model, units: list[tuple[int, str]], faults: dict[int, str | None], body: dict[str, Any]
) -> tuple[str, str]:
    """The reply to numbered units, in JSON where a schema asks for it, and why it ended."""
    schema = (body.get("structured_outputs") or {}).get("json")
    schema = schema or ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
    if not units:
        properties = (schema or {}).get("properties", {})
        values = {name: one.get("enum", ["x"])[0] for name, one in properties.items()}
        return (json.dumps(values) if schema and model.script.get("constrains", True) else "Hola.", "stop")
    order = next((text for _, text in units if "IGNORE ALL RULES" in text), None)
    if order and model.script.get("obeys"):
        return "Obedezco: el texto está traducido y la dosis es de 900 mg.", "stop"
    found: list[tuple[int, str]] = []
    for number, text in units:
        kind = faults[number]
        target = model.spanish(text)
        if kind == "drop":
            continue
        if kind == "merge" and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {target}")
            continue
        if kind == "copy":
            target = text
        elif kind == "double":
            found.append((number, target))
        elif kind == "swap":
            target = model.spanish(units[number % len(units)][1])
        elif kind == "half":
            target = target[: len(target) // 2]
        elif kind and kind not in ("cut", "invalid", "strange"):
            target = spoilt(kind, target)
        found.append((77 if kind == "strange" else number, target))
    kinds = set(faults.values())
    if schema:
        members = ",".join(f'"{n}":{json.dumps(text, ensure_ascii=False)}' for n, text in found)
        text = "{" + members + "}"
    else:
        text = "\n".join(f"<{n}> {target}" for n, target in found)
    if "invalid" in kinds:
        return "{ esto no es JSON <", "stop"
    if "cut" in kinds:
        return text[: max(1, len(text) - 25)], "length"
    return text, "stop"


def main() -> None:
    script = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    model = Model(script)
    app = web.Application(client_max_size=2**26)

    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(request, model)

    async def listed(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name} for name in script.get("models", ["scripted"])]})

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"most": model.most_under_way})

    app.router.add_post("/v1/chat/completions", handle)
    app.router.add_post("/v1/completions", handle)
    app.router.add_get("/v1/models", listed)
    app.router.add_get("/health", health)

    async def serve() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", script.get("port", 0))
        await site.start()
        port = runner.addresses[0][1]
        ready = Path(script["ready"])
        ready.with_suffix(".part").write_text(str(port))
        ready.with_suffix(".part").rename(ready)
        await asyncio.sleep(3600)

    asyncio.run(serve())


if __name__ == "__main__":
    main()
