"""Model profiles: what a model is called, how it wants to be asked, under which terms its words may be kept.

`factory/models.toml` ships the profiles of the mission; `./models.toml` adds to them or replaces them by name. A name,
an alias, a Hub id or a folder finds one. `render` turns a system text and turns into what the model was trained on:
messages for a server that knows the template, or the text itself. Pure: no network, no torch.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field

from factory.config import Table, load_toml, nearest, parse
from factory.errors import ConfigError

Template = Literal["chat", "instruct", "llama2", "gemma", "alpaca_es", "chatml", "none"]


class Sampling(Table):
    """How the next token is drawn."""

    temperature: float = Field(0.0, ge=0, description="0: always the likeliest token.")
    top_p: float = Field(1.0, gt=0, le=1, description="Share of the likeliest tokens drawn from.")
    top_k: int | None = Field(None, description="Number of the likeliest tokens drawn from.")
    repetition_penalty: float | None = Field(None, description="Above 1 a token said before is less likely (CTRL).")


class Profile(Table):
    """One model: `[[model]]` of a models.toml."""

    name: str = Field(description="What it is called on the command line.")
    repo: str = Field(description="Hub id, or a folder.")
    revision: str | None = Field(None, description="Commit or tag of the repo; None: the newest.")
    aliases: tuple[str, ...] = Field((), description="Other names it is found by.")
    licence: str = Field(description="SPDX id, or the name of its own terms.")
    base_model: str | None = Field(None, description="What it was made of; its terms come along.")
    outputs: Literal["free", "restricted", "unknown"] = Field(
        "unknown", description="May what it writes be published and trained on, by its terms and its base's?"
    )
    family: Literal["mistral", "llama", "falcon", "gemma", "olmo", "other"] = Field(
        "other", description="Architecture."
    )
    task: Literal["general", "translation"] = Field("general", description="What it was tuned for.")
    spanish: str = Field("", description="How it knows Spanish.")
    template: Template = Field("chat", description="How it is asked; chat: the server's own template.")
    system_role: bool = Field(True, description="Its template has a system role; else it goes into the first turn.")
    context: int = Field(4096, ge=256, description="Tokens of prompt and reply together.")
    stops: tuple[str, ...] = Field((), description="Texts that end a reply.")
    reply: Literal["json", "tags"] = Field(
        "json", description="json: constrained to a schema; tags: numbered lines, for models tuned to translate."
    )
    sampling: Sampling = Field(Sampling(), description="As its authors recommend.")
    parameters: float = Field(0.0, ge=0, description="Billions of parameters.")
    bytes_per_parameter: float = Field(2.0, gt=0, description="2 for bfloat16, about 0.6 for 4 bits.")
    engine: Literal["vllm", "endpoint", "ctranslate2"] = Field(
        "vllm", description="What runs it; endpoint: only through a server of yours, as llama.cpp's for GGUF."
    )
    trainable: bool = Field(True, description="`factory train` takes it.")
    twin: str | None = Field(None, description="The profile to take where this one cannot be used.")
    hf_overrides: dict[str, Any] = Field({}, description="Corrections of its config.json that vLLM needs.")
    trust_remote_code: bool = Field(False, description="Runs code of the repo; asked for by --trust-remote-code too.")
    gated: bool = Field(False, description="The Hub wants its terms accepted first.")
    notes: str = Field("", description="What else one should know.")


class ModelsFile(Table):
    """A models.toml."""

    model: tuple[Profile, ...] = Field((), description="The profiles.")


LOCAL = "models.toml"


@cache
def shipped() -> tuple[Profile, ...]:
    """The profiles that come with the factory."""
    path = Path(__file__).with_name("models.toml")
    return parse(ModelsFile, load_toml(path), path.name).model


def profiles() -> dict[str, Profile]:
    """Every profile by its name: the shipped ones, then those of ./models.toml. Raises ConfigError."""
    own: tuple[Profile, ...] = ()
    if os.path.exists(LOCAL):
        own = parse(ModelsFile, load_toml(Path(LOCAL)), LOCAL).model
    return {profile.name: profile for profile in (*shipped(), *own)}


def find(name: str) -> Profile:
    """The profile of a name, an alias, a Hub id or a folder. Raises ConfigError where it is none of them.

    A Hub id or folder without a profile gets one of its own: its template is the server's, its terms are unknown.
    """
    known = profiles()
    wanted = name.strip().rstrip("/").lower()
    for profile in known.values():
        if wanted in (one.lower() for one in (profile.name, profile.repo, *profile.aliases)):
            return profile
    if os.path.isdir(name):
        return _of_folder(name)
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) and not name.startswith((".", "/")):
        return Profile(name=name, repo=name, licence="unknown", notes="no profile: asked by the server's template")
    every = [one for profile in known.values() for one in (profile.name, *profile.aliases)]
    raise ConfigError(
        f"there is no model {name!r}. {nearest(name, every)}",
        "name a profile (factory models), a Hub id such as org/name, or a folder",
    )


def _of_folder(path: str) -> Profile:
    """A profile of a model on this disk: its own chat template where it has one, its own context."""
    where = Path(path)
    if not (where / "config.json").exists():
        raise ConfigError(f"{path} holds no model: config.json is missing")
    try:
        config = json.loads((where / "config.json").read_text("utf-8"))
        tokenizer_file = where / "tokenizer_config.json"
        tokenizer = json.loads(tokenizer_file.read_text("utf-8")) if tokenizer_file.exists() else {}
    except (ValueError, OSError) as error:
        raise ConfigError(f"{path}: config.json or tokenizer_config.json cannot be read: {error}") from error
    chats = bool(tokenizer.get("chat_template")) or (where / "chat_template.jinja").exists()
    limit = config.get("max_position_embeddings") or config.get("max_sequence_length") or 2048
    return Profile(
        name=where.resolve().name,
        repo=str(where.resolve()),
        licence="unknown",
        template="chat" if chats else "none",
        context=max(256, min(int(limit), 8192)),
        notes="a folder without a profile",
    )


# How a model is asked


class Turn(NamedTuple):
    """One turn of a conversation."""

    role: Literal["user", "assistant"]
    text: str


class Prompt(NamedTuple):
    """What is sent: `messages` for a server's template, or `text` as the model reads it; `stops` end the reply."""

    messages: tuple[tuple[str, str], ...]
    text: str
    stops: tuple[str, ...]

    @property
    def chats(self) -> bool:
        return bool(self.messages)


# Marks of the templates in use: in a document they are words, not orders.
_MARKS = re.compile(
    r"<\|?/?(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id|end_header_id|begin_of_text"
    r"|start_of_turn|end_of_turn|bos|eos|s)\|?>|\[/?INST\]|<</?SYS>>|^#{3}\s*(?:Instrucción|Respuesta|Entrada)\s*:",
    re.IGNORECASE | re.MULTILINE,
)


def inert(text: str) -> str:
    """The text with marks of chat templates made harmless: a document cannot end its own turn."""
    return _MARKS.sub(lambda found: found.group().translate({60: "‹", 62: "›", 91: "(", 93: ")", 35: "·"}), text)


@lru_cache(64)
def _inert_system(text: str) -> str:
    return inert(text)


# Taori et al. 2023 (Stanford Alpaca), in the wording that the cards of clibrain's models have.
_ALPACA = (
    "A continuación hay una instrucción que describe una tarea, junto con una entrada que proporciona más contexto."
    " Escriba una respuesta que complete adecuadamente la solicitud."
)
_BASE_STOP = "\n\nInstrucción:"


def render(profile: Profile, system: str, turns: Sequence[Turn]) -> Prompt:
    """The prompt of a conversation whose last turn is the user's, as the profile's model was trained to read it.

    The text begins without the token that begins a text: tokenizers add it. Raises ConfigError for no turn.
    """
    if not turns or turns[-1].role != "user":
        raise ConfigError("a prompt ends with a turn of the user")
    said = [Turn(turn.role, inert(turn.text)) for turn in turns]
    system = _inert_system(system)
    stops = profile.stops
    if profile.template == "chat":
        if system and not profile.system_role:
            said, system = _folded(system, said), ""
        head = (("system", system),) if system else ()
        return Prompt((*head, *((turn.role, turn.text) for turn in said)), "", stops)
    text = _TEXTS[profile.template](system, said, profile)
    return Prompt((), text, (*stops, *(stop for stop in _STOPS.get(profile.template, ()) if stop not in stops)))


def _folded(system: str, turns: list[Turn]) -> list[Turn]:
    """The system's text at the head of the first turn."""
    return [Turn(turns[0].role, f"{system}\n\n{turns[0].text}" if system else turns[0].text), *turns[1:]]


def _instruct(system: str, turns: list[Turn], _: Profile) -> str:
    """Mistral-Instruct v0.1 and what was tuned from it: no system role, the end token after each answer."""
    parts = []
    for turn in _folded(system, turns):
        parts.append(f"[INST] {turn.text} [/INST]" if turn.role == "user" else f" {turn.text}</s> ")
    return "".join(parts)


def _llama2(system: str, turns: list[Turn], _: Profile) -> str:
    """Llama 2 chat (Touvron et al. 2023, arXiv:2307.09288): the system's text between marks in the first turn."""
    first = f"<<SYS>>\n{system}\n<</SYS>>\n\n{turns[0].text}" if system else turns[0].text
    parts = []
    for turn in [Turn(turns[0].role, first), *turns[1:]]:
        parts.append(f"[INST] {turn.text} [/INST]" if turn.role == "user" else f" {turn.text} </s><s>")
    return "".join(parts)


def _gemma(system: str, turns: list[Turn], _: Profile) -> str:
    """Gemma (ai.google.dev/gemma/docs/formatting): two roles, user and model."""
    parts = []
    for turn in _folded(system, turns):
        role = "user" if turn.role == "user" else "model"
        parts.append(f"<start_of_turn>{role}\n{turn.text}<end_of_turn>\n")
    return "".join(parts) + "<start_of_turn>model\n"


def _chatml(system: str, turns: list[Turn], _: Profile) -> str:
    """ChatML, as salamandra and EuroLLM have it."""
    head = f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    said = "".join(f"<|im_start|>{turn.role}\n{turn.text}<|im_end|>\n" for turn in turns)
    return f"{head}{said}<|im_start|>assistant\n"


def _alpaca_es(system: str, turns: list[Turn], _: Profile) -> str:
    """Alpaca in Spanish: the instruction first; earlier turns stand above as pairs of their own."""
    parts = [_ALPACA]
    for number, turn in enumerate(turns):
        text = f"{system}\n\n{turn.text}" if system and number == 0 else turn.text
        parts.append(f"### Instrucción:\n{text}" if turn.role == "user" else f"### Respuesta:\n{text}")
    return "\n\n".join([*parts, "### Respuesta:\n"])


def _none(system: str, turns: list[Turn], _: Profile) -> str:
    """A model that only goes on with a text: what is asked, and the word after which an answer stands."""
    parts = [system] if system else []
    parts += [f"Instrucción: {turn.text}" if turn.role == "user" else f"Respuesta: {turn.text}" for turn in turns]
    return "\n\n".join([*parts, "Respuesta:"])


_TEXTS = {
    "instruct": _instruct,
    "llama2": _llama2,
    "gemma": _gemma,
    "chatml": _chatml,
    "alpaca_es": _alpaca_es,
    "none": _none,
}
_STOPS: dict[str, tuple[str, ...]] = {
    "instruct": ("[INST]",),
    "llama2": ("[INST]",),
    "gemma": ("<end_of_turn>", "<start_of_turn>"),
    "chatml": ("<|im_end|>",),
    "alpaca_es": ("### Instrucción:",),
    "none": (_BASE_STOP,),
}


# Whether this machine can run one


def gpu_memory() -> list[float]:
    """GiB of each NVIDIA GPU that `nvidia-smi` names; empty where there is none."""
    import shutil
    import subprocess

    if shutil.which("nvidia-smi") is None:
        return []
    asked = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=20)
    return [float(line) / 1024 for line in said.stdout.split() if line.replace(".", "").isdigit()]


def needs_gib(profile: Profile) -> float:
    """Memory that the weights and a modest cache take: the weights and a fifth more, at least 2 GiB more."""
    weights = profile.parameters * profile.bytes_per_parameter / 1.073741824
    return weights + max(2.0, weights / 5)


def runs_here(profile: Profile, gpus: Sequence[float], vllm: str | None) -> tuple[bool, str]:
    """Whether this machine can serve a model, and why not in a few words."""
    if profile.engine == "endpoint":
        return False, "only through --endpoint" + (f"; or take {profile.twin}" if profile.twin else "")
    if profile.engine == "ctranslate2":
        return False, "not served by vLLM"
    if vllm is None:
        return False, "vLLM is not installed"
    if not profile.parameters:
        return True, "size unknown"
    need = needs_gib(profile)
    if not gpus:
        return False, f"no GPU; needs {need:.0f} GiB"
    if max(gpus) < need:
        return False, f"needs {need:.0f} GiB, the largest GPU has {max(gpus):.0f}"
    return True, f"{need:.0f} of {max(gpus):.0f} GiB"


def publishable(profile: Profile) -> bool:
    """What the model writes may be published and trained on."""
    return profile.outputs == "free"


def by_names(names: Iterable[str]) -> list[Profile]:
    """The profiles of these names. Raises ConfigError."""
    return [find(name) for name in names]
