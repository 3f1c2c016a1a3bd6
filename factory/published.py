"""What a home remembers of its publications: where, which version, and which Documents they hold.

    published/<ORG>--<NAME>.json            the last version pushed, and the shards of each recipe in it
    published/ids/<recipe>/<batch>-<key>.zst    the ids of the rows that a batch's shards held

A Document that was pushed stays where a later batch brings a better copy of it, so that its shard is never sent twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import zstandard

from factory.store import Store, read_json, write_json

FOLDER = "published"
_IDS = f"{FOLDER}/ids"


def key_of(repo: str) -> str:
    """Where the record of a repository is."""
    return f"{FOLDER}/{repo.replace('/', '--')}.json"


def repositories(store: Store) -> list[dict[str, Any]]:
    """The record of every repository that this home published to."""
    return [dict(read_json(store, f"{FOLDER}/{name}")) for name in store.names(FOLDER) if name.endswith(".json")]


def remember(store: Store, repo: str, table: Mapping[str, Any], parts: Iterable[Any], *, forget: bool = False) -> None:
    """The record of a repository stands; `parts`: what was pushed (`factory.parcel.Part`).

    Its `ever` names the shards of every version that is still there: all of them, unless earlier ones were forgotten.
    """
    for part in parts:
        _remember_ids(store, part)
    recipes = {part.recipe: {name: one["key"] for name, one in part.manifest["batches"].items()} for part in parts}
    ever: dict[str, set[str]] = {name: {f"{b}-{key}" for b, key in held.items()} for name, held in recipes.items()}
    if not forget:
        for name, held in ((read_json(store, key_of(repo)) or {}).get("ever") or {}).items():
            ever.setdefault(name, set()).update(held)
    record = {**table, "recipes": recipes, "ever": {name: sorted(held) for name, held in sorted(ever.items())}}
    if read_json(store, key_of(repo)) != record:
        write_json(store, key_of(repo), record)


def _remember_ids(store: Store, part: Any) -> None:
    from factory.books import rows

    for batch, one in part.manifest["batches"].items():
        key = f"{_IDS}/{part.recipe}/{batch}-{one['key']}.zst"
        if store.has(key):
            continue
        ids: list[str] = []
        for name in one["files"]:
            if not name.startswith("data/smc/"):
                ids += (row["doc_id"] for row in rows(store, f"{part.target}/{name}", ["doc_id"]))
        store.write(key, zstandard.ZstdCompressor().compress("\n".join(sorted(ids)).encode()))


def pushed(store: Store, recipe: str) -> set[str]:
    """The ids of the Documents of a recipe that some publication holds."""
    live = {
        f"{batch}-{key}.zst" for one in repositories(store) for batch, key in one["recipes"].get(recipe, {}).items()
    }
    found: set[str] = set()
    for name in store.names(f"{_IDS}/{recipe}"):
        if name in live:
            data = store.read(f"{_IDS}/{recipe}/{name}") or b""
            found.update(zstandard.ZstdDecompressor().decompress(data).decode().split())
    return found


def ever_pushed(store: Store, record: Mapping[str, Any]) -> set[str]:
    """The ids of the Documents that some version of a repository holds."""
    found: set[str] = set()
    for recipe, held in record.get("ever", {}).items():
        for name in held:
            data = store.read(f"{_IDS}/{recipe}/{name}.zst")
            if data is not None:
                found.update(zstandard.ZstdDecompressor().decompress(data).decode().split())
    return found


def gone(store: Store, reduced: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The Documents that give way to a better copy of another batch, by id: `{superseded_by, …}`.

    One that was pushed does not: there the later copy gives way to it. `reduced`: the stages that say what repeats
    what.
    """
    from factory.dedup.index import superseded

    found: dict[str, dict[str, Any]] = {}
    by_recipe: dict[str, list[str]] = {}
    for folder in reduced:
        by_recipe.setdefault(folder.split("stages/", 1)[-1].split("/")[0], []).append(folder)
    for recipe, folders in by_recipe.items():
        found |= _turned(superseded(store, folders), store, recipe)
    return found


def _turned(found: dict[str, dict[str, Any]], store: Store, recipe: str) -> dict[str, dict[str, Any]]:
    """Those that gave way, and instead of those that were pushed the copies that came later."""
    kept = pushed(store, recipe) & found.keys() if found else set()
    turned: dict[str, dict[str, Any]] = {}
    for name in sorted(kept):
        # The better copy may have given way to a still later one: all of them give way to what was pushed.
        later = found[name]["superseded_by"]
        while later is not None and later not in turned:
            turned[later] = {**found[name], "doc_id": later, "superseded_by": name}
            later = found[later]["superseded_by"] if later in found else None
    rest = {name: one for name, one in found.items() if name not in kept and one["superseded_by"] not in turned}
    return rest | {name: one for name, one in turned.items() if name not in kept}
