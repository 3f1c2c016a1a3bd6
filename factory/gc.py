"""What no current recipe reaches, and how it goes."""

from __future__ import annotations

from collections.abc import Iterator

from factory.store import TEMPORARY, Store, read_json


def unreachable(store: Store, recipes: list[str]) -> Iterator[tuple[str, int]]:
    """Every stage folder no dataset is made of, every trial, every temporary file, with its bytes."""
    reached: set[str] = set()
    for recipe in recipes:
        last = read_json(store, f"datasets/{recipe}.json")
        reached.update(last["folders"] if last else [])
    for recipe in store.names("stages"):
        if not any(f.startswith(f"stages/{recipe}/") for f in reached):
            continue
        for stage in store.names(f"stages/{recipe}"):
            for batch in store.names(f"stages/{recipe}/{stage}"):
                folder = f"stages/{recipe}/{stage}/{batch}"
                if folder not in reached:
                    yield folder, _bytes(store, folder)
    if store.names("trial"):
        yield "trial", _bytes(store, "trial")
    # A stage's folder is made anew before it is used again; everything else may hold what a killed run left.
    for key in unfinished(store, ("",)):
        if not key.startswith(("stages/", "trial/")):
            yield key, store.size(key)


def unfinished(store: Store, areas: tuple[str, ...]) -> Iterator[str]:
    """Every temporary file that a killed run left in these areas."""
    for area in areas:
        yield from (key for key in list(store.walk(area)) if key.rsplit("/", 1)[-1].startswith(TEMPORARY))


def _bytes(store: Store, folder: str) -> int:
    return sum(store.size(key) for key in store.walk(folder))


def collect(store: Store, recipes: list[str], *, dry_run: bool = False) -> list[tuple[str, int]]:
    """What is unreachable is gone (or only named); returns each with its bytes."""
    found = list(unreachable(store, recipes))
    for key, _ in found if not dry_run else []:
        store.remove(key)
    for recipe in store.names("stages") if not dry_run else []:
        for stage in store.names(f"stages/{recipe}"):
            if not store.names(f"stages/{recipe}/{stage}"):
                store.remove(f"stages/{recipe}/{stage}")
    return found
