"""Which models of the Hub might serve the mission: Spanish, open, of an architecture that vLLM serves."""

from __future__ import annotations

import os
from typing import Any

from factory.errors import EngineDown
from factory.licence import publishable
from factory.models import profiles

# model_type of config.json → our family.
FAMILIES = {
    "mistral": "mistral", "llama": "llama", "falcon": "falcon", "RefinedWebModel": "falcon", "RefinedWeb": "falcon",
    "gemma": "gemma", "gemma2": "gemma", "gemma3_text": "gemma", "olmo": "olmo", "olmo2": "olmo", "qwen2": "other",
    "qwen3": "other", "phi3": "other", "mixtral": "mistral", "granite": "other",
}  # fmt: skip
_SPDX = {"apache-2.0": "Apache-2.0", "mit": "MIT", "cc-by-4.0": "CC-BY-4.0", "cc0-1.0": "CC0-1.0"}
_FIELDS = ["cardData", "config", "downloads", "gated", "safetensors", "tags", "sha", "library_name"]


def proposals(limit: int) -> dict[str, list[dict[str, Any]]]:
    """The Hub's Spanish text-generation models: those that fit as profiles, and why each other one does not.

    Raises EngineDown where the Hub does not answer. HF_ENDPOINT names another Hub, HF_TOKEN who asks.
    """
    import httpx2
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    known = {name.lower() for one in profiles().values() for name in (one.repo, *one.aliases)}
    proposed: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    try:
        listed = api.list_models(
            filter=["text-generation", "es"],
            sort="downloads",
            limit=limit,
            expand=_FIELDS,  # type: ignore[arg-type]
        )
        for model in listed:
            row, why = _judged(model, known)
            if why is None:
                proposed.append(row)
            else:
                left_out.append({"repo": model.id, "why": why})
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        said = " ".join(str(error).split())[:200]
        raise EngineDown(f"the Hub did not answer: {said}", "is there a network? try again later") from error
    return {"proposed": proposed, "left_out": left_out}


def _judged(model: Any, known: set[str]) -> tuple[dict[str, Any], str | None]:
    """A profile's row, or why the model is left out."""
    tags = [str(tag) for tag in model.tags or ()]
    card = model.card_data.to_dict() if model.card_data else {}
    config = model.config or {}
    kind = str(config.get("model_type") or "")
    said = str(card.get("license") or next((t.split(":", 1)[1] for t in tags if t.startswith("license:")), "unknown"))
    licence = _SPDX.get(said.lower(), said)
    base = card.get("base_model") or next((t.split(":", 1)[1] for t in tags if t.startswith("base_model:")), None)
    base = base[0] if isinstance(base, list) and base else base
    if model.id.lower() in known:
        return {}, "known"
    if not publishable(licence):
        return {}, f"licence {licence}"
    if kind not in FAMILIES:
        return {}, f"architecture {kind or 'unknown'}"
    if "gguf" in tags:
        return {}, "GGUF: only through an endpoint"
    languages = card.get("language") or []
    languages = [languages] if isinstance(languages, str) else list(languages)
    if "es" not in languages and "es" not in tags:
        return {}, "no Spanish"
    template = (config.get("tokenizer_config") or {}).get("chat_template")
    total = (model.safetensors or {}).get("total") if isinstance(model.safetensors, dict) else None
    total = total or getattr(model.safetensors, "total", None)
    # A base whose own terms are stricter binds what is made of it; its name tells.
    stricter = any(word in str(base or model.id).lower() for word in ("llama-2", "llama2", "llama-3", "gemma"))
    row = {
        "name": model.id.split("/")[-1],
        "repo": model.id,
        "revision": model.sha,
        "licence": licence,
        "base_model": base,
        "outputs": "unknown" if stricter or base else "free",
        "family": FAMILIES[kind],
        "spanish": f"languages by its card: {', '.join(map(str, languages[:12]))}",
        "template": "chat" if template else "none",
        "system_role": bool(template) and "system" in str(template),
        "parameters": round(total / 1e9, 2) if total else 0.0,
        "gated": bool(model.gated),
        "notes": f"{model.downloads or 0:,} downloads; proposed by a survey, nobody read its card",
    }
    return {name: value for name, value in row.items() if value is not None}, None


def toml(rows: list[dict[str, Any]]) -> str:
    """The rows as a models.toml."""
    import tomli_w

    return tomli_w.dumps({"model": rows}) if rows else ""
