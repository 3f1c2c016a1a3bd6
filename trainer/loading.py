"""A model as it is asked: a profile, a Hub id, a folder, an adapter with its base, or a server that has it."""

from __future__ import annotations

import json
import os
from typing import Any

from factory.errors import ConfigError
from factory.models import Profile, find
from trainer import model
from trainer.config import Run, profile_of


def backend_of(name: str, endpoint: str | None = None) -> tuple[Any, Profile]:
    """What answers, and the profile by which it is asked: an adapter and what was trained have that of their base."""
    from trainer import evaluate

    profile = profile_of(name)
    if endpoint:
        words = name if os.path.isdir(name) else profile.repo
        return evaluate.endpoint(endpoint, _served(endpoint, name, profile), words, profile.context), profile
    from trainer.room import quiet

    quiet()
    run = Run(model=name, mode="lora")
    place = os.path.abspath(name) if os.path.isdir(name) else None
    if place and model.is_adapter(place):
        base = model.base_of(place)
        found = find(base).model_copy(update={"revision": profile.revision}) if not os.path.isdir(base) else None
        weights = model.base(found or profile, run, base if os.path.isdir(base) else None)
        weights = model.with_adapter(weights, place, trainable=False)
        return evaluate.local(weights.eval(), model.tokenizer_of(profile, run, place)), profile
    weights = model.base(profile, run, place)
    return evaluate.local(weights.eval(), model.tokenizer_of(profile, run, place)), profile


def _served(endpoint: str, name: str, profile: Profile) -> str:
    """What the server calls the model: its only one, or the one of this name. Raises ConfigError."""
    import urllib.error
    import urllib.request

    address = f"{endpoint.rstrip('/').removesuffix('/v1')}/v1/models"
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"--endpoint {endpoint!r} is no address", "write it as http://127.0.0.1:8000")
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - http or https, checked above
            served = [str(one["id"]) for one in json.load(answer)["data"]]
    except (urllib.error.URLError, OSError, ValueError, LookupError) as error:
        raise ConfigError(f"{address} names no model: {error}", "start the server, or give its address") from error
    known = {name, profile.name, profile.repo, os.path.abspath(name), os.path.basename(name.rstrip("/"))}
    mine = [one for one in served if one in known]
    if mine or len(served) == 1:
        return mine[0] if mine else served[0]
    raise ConfigError(
        f"{endpoint} serves {', '.join(served) or 'nothing'}, none of it called {name}",
        "serve the model under its name (vLLM: --served-model-name), or give --model the name that is served",
    )
