"""What translates, and what its results depend on: a profile as it was when the stage was planned, or Apertium."""

from __future__ import annotations

from factory.config import Engines, Translate
from factory.errors import ConfigError
from factory.models import Profile, find
from factory.translate import apertium
from factory.translate.prompt import prompts_sha256


def profile_of(engines: Engines) -> Profile:
    """The profile as it was when the stage was planned."""
    return Profile.model_validate(
        {"name": engines.model, "repo": engines.model, "licence": "unknown"} | engines.profile
    )


def engines_of(config: Translate) -> Engines:
    """What a translation's results depend on. Raises ConfigError where no engine can be had."""
    if config.engine == "auto":
        return Engines(engine="auto", model="auto")

    if config.engine == "apertium":
        version = apertium.version()
        if version is None:
            raise ConfigError("Apertium with English and Spanish is not installed", apertium.HOW)
        return Engines(engine="apertium", model=f"apertium-eng-spa ({version})")
    profile = profile_for(config)
    kept = profile.model_dump(
        mode="json",
        include={"repo", "revision", "licence", "outputs", "template", "system_role", "context", "stops", "reply"}
        | {"sampling", "hf_overrides", "engine", "task"},
    )
    return Engines(engine=config.engine, model=profile.name, profile=kept, prompt_sha256=prompts_sha256())


def profile_for(config: Translate) -> Profile:
    """The profile of the model named. An endpoint may have any: asked by its own template, on terms that are unknown.

    Raises ConfigError where no model is named, or none is known by that name.
    """
    if config.model is None:
        raise ConfigError("a translation needs a model", "name one with --model, or --engine apertium for a draft")
    try:
        profile = find(config.model)
    except ConfigError:
        if config.engine != "endpoint":
            raise
        profile = Profile(name=config.model, repo=config.model, licence="unknown")
    if config.engine == "vllm" and profile.engine != "vllm":
        twin = f"; take {profile.twin}" if profile.twin else ""
        raise ConfigError(
            f"{profile.name} is not served by vLLM{twin}", "or serve it yourself and name it: --endpoint URL"
        )
    if config.model_licence is not None:
        from factory.licence import publishable

        free = "free" if publishable(config.model_licence) else "restricted"
        profile = profile.model_copy(update={"licence": config.model_licence, "outputs": free})
    return profile
