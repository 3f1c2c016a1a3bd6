"""The frozen, durable list of raw items that one pass of a recipe works on.

Items that an earlier batch ended as pending or failed are free, and go into the next batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from factory.ledger import Item
from factory.store import Store, digest, read_json, write_json

# A task is what one datatrove rank does: small enough to share among workers, large enough to be worth a file.
ITEMS_PER_TASK = 32
MAX_TASKS = 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one recipe, sorted by id; `tasks` and `ocr` are frozen with it."""

    recipe: str
    name: str
    items: tuple[Item, ...]
    tasks: int
    ocr: str | None
    rebuild: bool = False

    @property
    def digest(self) -> str:
        return digest({"items": self.items, "tasks": self.tasks, "ocr": self.ocr})

    def share(self, rank: int) -> tuple[Item, ...]:
        """The items of one task: contiguous, so that files stay sorted by id across tasks."""
        size, rest = divmod(len(self.items), self.tasks)
        start = rank * size + min(rank, rest)
        return self.items[start : start + size + (rank < rest)]


def make(recipe: str, name: str, items: Iterable[Item], ocr: str | None, *, rebuild: bool = False) -> Batch:
    """A batch of the items, whatever their order."""
    ordered = tuple(sorted(set(items), key=lambda item: item.id))
    tasks = max(1, min(MAX_TASKS, -(-len(ordered) // ITEMS_PER_TASK)))
    return Batch(recipe, name, ordered, tasks, ocr, rebuild)


def freeze(store: Store, batch: Batch) -> None:
    """The batch is durable; it never changes again."""
    table: dict[str, Any] = {
        "recipe": batch.recipe,
        "items": [list(item) for item in batch.items],
        "tasks": batch.tasks,
        "ocr": batch.ocr,
        "rebuild": batch.rebuild,
    }
    write_json(store, f"batches/{batch.recipe}/{batch.name}.json", table)


def frozen(store: Store, recipe: str) -> list[Batch]:
    """The batches in force, oldest first: those since the last rebuild."""
    found: list[Batch] = []
    for name in store.names(f"batches/{recipe}"):
        table = read_json(store, f"batches/{recipe}/{name}")
        items = tuple(Item(*pair) for pair in table["items"])
        batch = Batch(recipe, name.removesuffix(".json"), items, table["tasks"], table["ocr"], table["rebuild"])
        found = [batch] if batch.rebuild else [*found, batch]
    return found


def next_name(store: Store, recipe: str) -> str:
    """The name after the last one ever used."""
    names = store.names(f"batches/{recipe}")
    return f"{int(names[-1].removesuffix('.json')) + 1 if names else 1:04d}"
