"""A model as it is asked: a profile, a Hub id, a folder, an adapter with its base, or a server that has it."""

from __future__ import annotations

import json
import os
from typing import Any

from factory.errors import ConfigError
from factory.models import Profile, find
from trainer import model
from trainer.config import Run


def backend_of(name: str, endpoint: str | None = None) -> tuple[Any, Profile]:
    """What answers, and the profile by which it is asked: an adapter and what was trained have that of their base."""
    from trainer import evaluate

    profile = profile_of(name)
    if endpoint:
        words = name if os.path.isdir(name) else profile.repo
        return evaluate.endpoint(endpoint, _served(endpoint), words, profile.context), profile
    from trainer.room import quiet

    quiet()
    run = Run(model=name, mode="lora")
    place = os.path.abspath(name) if os.path.isdir(name) else None
    if place and model.is_adapter(place):
        base = model.base_of(place)
        found = find(base) if not os.path.isdir(base) else None
        weights = model.base(found or profile, run, base if os.path.isdir(base) else None)
        weights = model.with_adapter(weights, place, trainable=False)
        return evaluate.local(weights.eval(), model.tokenizer_of(profile, run, place)), profile
    weights = model.base(profile, run, place)
    return evaluate.local(weights.eval(), model.tokenizer_of(profile, run, place)), profile


def _served(endpoint: str) -> str:
    """What the server calls its model."""
    import urllib.error
    import urllib.request

    address = f"{endpoint.rstrip('/').removesuffix('/v1')}/v1/models"
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"--endpoint {endpoint!r} is no address", "write it as http://127.0.0.1:8000")
    try:
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - http or https, checked above
            return str(json.load(answer)["data"][0]["id"])
    except (urllib.error.URLError, OSError, ValueError, LookupError) as error:
        raise ConfigError(f"{address} names no model: {error}", "start the server, or give its address") from error


def profile_of(name: str) -> Profile:
    """The profile of a name; a folder that `factory train` made says whose it is."""
    if os.path.isdir(name):
        try:
            with open(os.path.join(name, "lineage.json"), encoding="utf-8") as file:
                told = json.load(file)["profile"]
            return Profile.model_validate(told).model_copy(update={"repo": os.path.abspath(name)})
        except FileNotFoundError:
            pass
        if model.is_adapter(name):
            return find(model.base_of(name))
    return find(name)
