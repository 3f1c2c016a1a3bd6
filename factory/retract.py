"""Taking down: a source, a document or an address goes from the home and from every published version.

In this order, each step again where it was stopped: a tombstone, so that nothing comes back; receipts, bytes and
caches; every dataset built again without it, so that what it had displaced is there; what is left of it in old stages;
the Hub.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from factory import tombstones
from factory.batch import frozen
from factory.config import Executor, Recipe
from factory.errors import ConfigError, EngineError
from factory.gc import unfinished
from factory.ledger import TAKEN, Item, Ledger
from factory.record import sha256
from factory.store import LocalStore, Raw, Store, read_json, write_json

if TYPE_CHECKING:
    from factory.carry import Gone


@dataclass(slots=True)
class Target:
    """What goes: items whole, single rows of others, the addresses they came from, and a source that goes whole."""

    asked: str
    source: str | None = None
    items: set[Item] = field(default_factory=set)
    rows: dict[Item, set[str]] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)

    @property
    def documents(self) -> frozenset[str]:
        """The ids of the single rows."""
        return frozenset(f"{item.id}-{part}" for item, parts in self.rows.items() for part in parts)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the items that go whole."""
        return frozenset(item.id for item in self.items)


def find(store: Store, what: str) -> Target | None:
    """What a source, a Document's id (or its beginning) or an address names; None where nothing here is of it."""
    ledger = Ledger(store)
    stored = ledger.stored()
    target = Target(sha256(what))
    if what in ledger.said() or any(item.source_id == what for item in stored) or what in store.names("receipts"):
        target.source = what
        target.items = {item for item in every_item(ledger) if item.source_id == what}
        target.addresses = {r["address"] for r in ledger.receipts(what)}
    elif "://" in what:
        _by_address(store, ledger, what, target)
    else:
        _by_document(store, ledger, what, target)
        _and_its_addresses(ledger, target)
    _and_what_was_taken_of_it(store, ledger, target)
    return target if target.source or target.items or target.rows else None


def every_item(ledger: Ledger) -> set[Item]:
    """Every item that some receipt holds, also those that something newer took the place of."""
    stored = (r for r in ledger.receipts() if r["status"] == "stored" and r["sha256"] and r.get("role") != "listing")
    return {Item(r["source"]["id"], r["sha256"]) for r in stored}


def _by_address(store: Store, ledger: Ledger, what: str, target: Target) -> None:
    """Items that came from there, and rows that say so of themselves."""
    wanted = tombstones.plain(what)
    for receipt in ledger.receipts():
        known = {receipt["address"], (receipt.get("facts") or {}).get("url"), (receipt.get("http") or {}).get("final")}
        if wanted in {tombstones.plain(one) for one in known if one}:
            target.addresses |= {one for one in known if one}
            if receipt["status"] == "stored":
                target.items.add(Item(receipt["source"]["id"], receipt["sha256"]))
    by_id = {item.id: item for item in every_item(ledger)}
    for name, url in _documents(store, ["doc_id", "url"]):
        item = by_id.get(name.split("-", 1)[0])
        if url and tombstones.plain(url) == wanted and item is not None and item not in target.items:
            target.addresses.add(url)
            _add_document(store, target, item, name)


def _and_its_addresses(ledger: Ledger, target: Target) -> None:
    """What a page said before, and will say, is the page too."""
    receipts = list(ledger.receipts())
    for receipt in receipts:
        if Item(receipt["source"]["id"], receipt["sha256"] or "") in target.items:
            target.addresses.add(receipt["address"])
    web = {one for one in target.addresses if not one.startswith("file:")}
    for receipt in receipts:
        if receipt["address"] in web and receipt["status"] == "stored":
            target.items.add(Item(receipt["source"]["id"], receipt["sha256"]))


def _and_what_was_taken_of_it(store: Store, ledger: Ledger, target: Target) -> None:
    """Rows that `factory translate --from` took of a dataset of this home are the Documents they repeat."""
    from factory.carry import Gone
    from factory.readers.rows import made_of, without

    gone, raw = Gone(target.ids, target.documents), Raw(store)
    for item in sorted(every_item(ledger) - target.items):
        if item.source_id.startswith(TAKEN) and (data := raw.get(item.sha256)) is not None:
            parts = {part for part, name in made_of(data).items() if gone.holds(name)}
            if parts and without(data, parts) is None:
                target.items.add(item)
            elif parts:
                target.rows.setdefault(item, set()).update(parts)


def _by_document(store: Store, ledger: Ledger, what: str, target: Target) -> None:
    if len(what) < 6:
        raise ConfigError(f"{what!r} is too short for a document's id", "give six characters at least")
    found = {name for name, _ in _documents(store, ["doc_id", "doc_id"]) if name.startswith(what)}
    by_id = {item.id: item for item in every_item(ledger)}
    found |= {name for name in by_id if name.startswith(what)} if not found else set()
    items = {name.split("-", 1)[0] for name in found}
    if len(found) > 1 and what not in items:
        raise ConfigError(f"{what!r} begins the ids of {len(found)} documents", "give more of it")
    for name in found:
        item = by_id.get(name.split("-", 1)[0])
        if item is not None:
            _add_document(store, target, item, name)


def _add_document(store: Store, target: Target, item: Item, name: str) -> None:
    """A row of a file of rows goes by itself; of any other file all of it goes."""
    part = name.split("-", 2)[1] if "-" in name else ""
    if part.isdigit() and len(part) == 9:
        from factory.readers.rows import repeats, without

        data = Raw(store).get(item.sha256)
        if data is not None and without(data, {part}) is not None:
            target.rows.setdefault(item, set()).update(repeats(data, part))
            return
    target.items.add(item)


def _documents(store: Store, columns: list[str]) -> Iterator[tuple[str, str | None]]:
    """Every Document of every built recipe, kept or dropped: its id and one more column."""
    from factory.books import documents, rejected

    for recipe in _built(store):
        for folder in read_json(store, f"datasets/{recipe}.json")["folders"]:
            if "/01-" not in folder or recipe_of(folder) != recipe:
                continue
            for row in documents(store, folder, list(dict.fromkeys(columns))):
                yield row[columns[0]], row[columns[1]]
            for row in rejected(store, folder):
                yield row["id"], row["metadata"].get(columns[1])


def recipe_of(folder: str) -> str:
    """The recipe of a stage's folder."""
    return folder.split("stages/", 1)[1].split("/", maxsplit=1)[0]


def _built(store: Store) -> list[str]:
    names = [name for name in store.names("datasets") if name.endswith(".json")]
    return [name.removesuffix(".json") for name in names]


# What is done


def bury(store: Store, target: Target, what: str, why: str) -> dict[str, Any]:
    """The tombstone stands: what goes is never taken in again. Returns it."""
    name = sha256(what)[:16]
    others = {item for item in every_item(Ledger(store)) - target.items if not target.source}
    items = sorted(target.items)
    # The same bytes under another source are the same text; where a whole source goes, others keep theirs.
    items += sorted(item for item in others if item.sha256 in {one.sha256 for one in target.items})
    rows = dict(target.rows)
    for item in every_item(Ledger(store)):
        for one, parts in target.rows.items():
            if item.sha256 == one.sha256:
                rows[item] = rows.get(item, set()) | parts
    kept = {item.sha256 for item in every_item(Ledger(store)) - set(items)}
    web = {one for one in target.addresses if one.startswith(("http://", "https://"))}
    table: dict[str, Any] = {
        "name": name,
        "asked": target.asked,
        "source": target.source,
        "items": [list(item) for item in items],
        "rows": [[*item, sorted(parts)] for item, parts in sorted(rows.items())],
        "raw": sorted({item.sha256 for item in items} - kept),
        "addresses": sorted(tombstones.address_hash(one) for one in web),
        "why": why,
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "home": False,
        "recipes": [],
        "texts": sorted(_texts(store, target) | _whole(store, items, "text_sha256")),
        "urls": sorted(tombstones.address_hash(url) for _, url in _whole(store, items, "url") if _is_page(url)),
        "copies": [],
        "not_built": {},
        "repositories": [],
    }
    before = stone_of(store, what)
    if before is not None:
        for key in ("items", "rows", "raw", "addresses", "texts", "urls"):
            table[key] = sorted({json.dumps(one): one for one in [*before[key], *map(_listed, table[key])]}.values())
        table |= {"why": "; ".join(dict.fromkeys(one for one in (before["why"], why) if one)), "when": before["when"]}
    recipes = touched(store, table)
    gone = gone_of(store, table)
    table |= {"recipes": recipes, "repositories": _repositories(store, recipes, gone)}
    table["copies"] = [list(one) for one in copies(store, recipes, gone)]
    tombstones.write(store, table)
    return table


def _listed(value: Any) -> Any:
    """As JSON gives it back."""
    return json.loads(json.dumps(value))


def _is_page(url: str) -> bool:
    """The address names a page, not a whole site."""
    return "/" in tombstones.plain(url) and url.startswith(("http://", "https://"))


def _whole(store: Store, items: list[Item], column: str) -> set[tuple[str, str]]:
    """What the Documents of whole items say in a column, of any source; not what others say too, which stay."""
    ids = {item.id for item in items}
    ours: set[str] = set()
    others: set[str] = set()
    for name, value in _documents(store, ["doc_id", column]):
        if value:
            (ours if name.split("-", 1)[0] in ids else others).add(value)
    return {("", value) for value in ours - others}


def copies(store: Store, recipes: list[str], gone: Gone) -> list[tuple[str, str]]:
    """The id and the source of each Document that repeats what goes, and takes its place."""
    from factory.books import rejected

    found: set[tuple[str, str]] = set()
    for recipe in recipes:
        for folder in read_json(store, f"datasets/{recipe}.json")["folders"]:
            if recipe_of(folder) != recipe:
                continue
            for row in rejected(store, folder):
                home = row["metadata"].get("duplicate_of")
                if home is not None and gone.holds(home) and not gone.holds(row["id"]):
                    found.add((row["id"], row["metadata"]["source_id"]))
    return sorted(found)


def is_new(stone: dict[str, Any], target: Target) -> bool:
    """Something of it has come that the tombstone does not name."""
    known = {Item(*pair) for pair in stone["items"]}
    rows = {Item(source, sha): set(parts) for source, sha, parts in stone["rows"]}
    return bool(target.items - known) or any(parts - rows.get(item, set()) for item, parts in target.rows.items())


def is_finished(stone: dict[str, Any]) -> bool:
    """Nothing is left to do for it."""
    return bool(stone["home"] and not stone["repositories"] and not stone["not_built"])


def _texts(store: Store, target: Target) -> set[tuple[str, str]]:
    """The source and the hash of the text of each single row, as it was read."""
    by_id = {item.id: item.source_id for item in target.rows}
    wanted = target.documents
    return {
        (by_id[name.split("-", 1)[0]], text)
        for name, text in _documents(store, ["doc_id", "text_sha256"])
        if name in wanted and text
    }


def _repositories(store: Store, recipes: list[str], gone: Gone) -> list[str]:
    """Where it was pushed to: with a recipe that is built again, or in a version whose recipe no longer holds it."""
    from factory.published import ever_pushed, repositories

    return sorted(
        one["repo"]
        for one in repositories(store)
        if set(one["recipes"]) & set(recipes) or any(gone.holds(name) for name in ever_pushed(store, one))
    )


def stone_of(store: Store, what: str) -> dict[str, Any] | None:
    """The tombstone of what was asked for before."""
    asked = sha256(what)
    return next((one for one in tombstones.all_of(store) if one["asked"] == asked), None)


def gone_of(store: Store, stone: dict[str, Any]) -> Gone:
    """What a tombstone names, as the stages look for it, with the folders that stand now."""
    from factory.carry import Gone

    before: dict[tuple[str, str, str], str] = {}
    for recipe in _built(store):
        for folder in read_json(store, f"datasets/{recipe}.json")["folders"]:
            stage, batch = folder.split("/")[-2:]
            before[recipe_of(folder), batch, stage[:2]] = folder
    rows = frozenset(f"{Item(source, sha).id}-{part}" for source, sha, parts in stone["rows"] for part in parts)
    return Gone(frozenset(Item(*pair).id for pair in stone["items"]), rows, before)


def purge(store: Store, stone: dict[str, Any]) -> None:
    """Receipts, bytes, visits and caches hold nothing of it."""
    for key in unfinished(store, ("raw", "receipts", "cache", "datasets", "reports", "inputs")):
        store.remove(key)
    items = {Item(*pair) for pair in stone["items"]}
    raw = Raw(store)
    caches = _caches_of(store, items)
    sources = {item.source_id for item in items} | {source for source, _, _ in stone["rows"]} | {stone["source"]}
    kept = {item.sha256 for item in every_item(Ledger(store))}
    for key in list(store.walk("receipts")):
        receipt = read_json(store, key)
        if receipt.get("role") == "listing" and receipt["source"]["id"] in sources:
            # A feed holds its articles' first sentences; it is asked for anew.
            store.remove(key)
            if receipt["sha256"] and receipt["sha256"] not in kept:
                store.remove(Raw.key(receipt["sha256"]))
            continue
        item = Item(receipt["source"]["id"], receipt["sha256"] or "")
        known = {receipt["address"], (receipt.get("facts") or {}).get("url"), (receipt.get("http") or {}).get("final")}
        address = any(tombstones.address_hash(one) in stone["addresses"] for one in known if one)
        if item in items or address or receipt["source"]["id"] == stone["source"]:
            store.remove(key)
    for sha in stone["raw"]:
        store.remove(Raw.key(sha))
    for source, sha, parts in stone["rows"]:
        _blank(raw, store, Item(source, sha), set(parts))
    if stone["source"]:
        store.remove(f"sources/{stone['source']}.json")
        store.remove(f"receipts/{stone['source']}")
        store.remove(f"visits/{stone['source']}.json")
    for key in caches:
        store.remove(key)
    _purge_replies(store, stone)
    _purge_reviews(store, stone)
    for area in ("index", "trial", "publish"):
        store.remove(area)


def _blank(raw: Raw, store: Store, item: Item, parts: set[str]) -> None:
    """The rows stand in the stored file no more; the others keep their numbers, so that their ids stay."""
    from factory.readers.rows import without

    data = raw.get(item.sha256)
    blanked = without(data, parts) if data is not None else None
    if blanked is not None and blanked != data:
        store.write(Raw.key(item.sha256), blanked)


def _caches_of(store: Store, items: set[Item]) -> list[str]:
    """What OCR and speech left of these items: transcripts are their bytes; pages do not say whose they are."""
    found = [key for key in store.walk("cache/speech") if store.digest(key) in {item.sha256 for item in items}]
    said = Ledger(store).said()
    if any(said.get(item.source_id, {}).get("kind") in ("pdf", "epub", None) for item in items):
        found += list(store.walk("cache/ocr"))
    return found


def _purge_replies(store: Store, stone: dict[str, Any]) -> None:
    """No model's reply about it is left."""
    from factory.replies import FILE, of_documents, purge

    gone = gone_of(store, stone)
    if isinstance(store, LocalStore) and not store.has(FILE):
        return
    names = {name for name in of_documents(store) if gone.holds(name)}
    if names:
        purge(store, names)


def _purge_reviews(store: Store, stone: dict[str, Any]) -> None:
    """No verdict on a row about it is left: a note may quote it."""
    from factory.books import documents

    gone = gone_of(store, stone)
    for recipe in _built(store):
        known = read_json(store, f"reviews/{recipe}.json")
        if not known:
            continue
        last = read_json(store, f"datasets/{recipe}.json")
        ids = {
            question["id"]
            for _, folder in last["finals"]
            for row in documents(store, folder, ["doc_id", "questions"])
            if gone.holds(row["doc_id"])
            for question in row["questions"]
        }
        if ids & known.keys():
            write_json(store, f"reviews/{recipe}.json", {k: v for k, v in known.items() if k not in ids})


def touched(store: Store, stone: dict[str, Any]) -> list[str]:
    """The recipes some batch of which holds it, and those over them, in the order they are built."""
    from factory.derived import corpora_of

    items = {Item(*pair) for pair in [*stone["items"], *([s, h] for s, h, _ in stone["rows"])]}
    found: list[str] = []
    built: dict[str, Recipe] = {}
    for name in _built(store):
        try:
            built[name] = Recipe.model_validate(read_json(store, f"datasets/{name}.json")["config"])
        except ValidationError:
            # Of an older version: where it may hold it, it is gone until it is built again.
            held = frozen(store, name)
            if not held or any(items & set(one.items) for one in held):
                found.append(name)
    for name, config in built.items():
        if config.questions is None and any(items & set(one.items) for one in frozen(store, name)):
            found.append(name)
    for name, config in built.items():
        if set(corpora_of(config, store, trial=False)) & set(found):
            found.append(name)
    return found


def rebuild(store: Store, stone: dict[str, Any], listener: Any, workers: int) -> dict[str, str]:
    """Every dataset is built without it; those that cannot be built now are gone, with the sentence that says why."""
    from factory.build import Build, Options
    from factory.derived import build_of, corpora_of
    from factory.sources import SourceList

    failed = {n: said for n, said in stone["not_built"].items() if not store.has(f"datasets/{n}.json")}
    gone = gone_of(store, stone)
    builds: dict[str, Build] = {}

    def build(name: str) -> Build:
        if name not in builds:
            last = read_json(store, f"datasets/{name}.json")
            config = Recipe.model_validate(last["config"])
            bases = [build(one) for one in corpora_of(config, store, trial=False)]
            said = read_json(store, f"said/{name}.json") or {"endpoint": None}
            options = Options(
                Executor(workers=workers), include_unpublishable=last["unpublishable"], endpoint=said["endpoint"]
            )
            builds[name] = build_of(store, name, config, SourceList(None), options, bases)
            builds[name].gone = gone
        return builds[name]

    for name in stone["recipes"]:
        if not store.has(f"datasets/{name}.json"):
            continue
        try:
            build(name).run(listener)
        except (EngineError, ConfigError) as error:
            # Nothing of it may stay because a model's server is not there.
            failed[name] = error.message
        except (ImportError, ValidationError) as error:
            failed[name] = f"this version of the factory has no such recipe: {str(error).splitlines()[0]}"
    for name in failed:
        for key in (f"datasets/{name}.json", f"datasets/{name}", f"reports/{name}.html"):
            store.remove(key)
    return failed


def sweep(store: Store, stone: dict[str, Any]) -> None:
    """No stage that a dataset is not made of is left of the batches it was in; no verdict on a row about it."""
    items = {Item(*pair) for pair in [*stone["items"], *([s, h] for s, h, _ in stone["rows"])]}
    reached: set[str] = set()
    for recipe in _built(store):
        reached.update(read_json(store, f"datasets/{recipe}.json")["folders"])
    for recipe in store.names("stages"):
        batches = frozen(store, recipe)
        held = {one.name for one in batches if items & set(one.items)}
        # A batch of before the last rebuild, and one of a recipe over others, may hold anything.
        known = {one.name for one in batches}
        every = recipe in stone["recipes"] or not batches
        for stage in store.names(f"stages/{recipe}"):
            for batch in store.names(f"stages/{recipe}/{stage}"):
                folder = f"stages/{recipe}/{stage}/{batch}"
                if folder not in reached and (every or batch in held or batch not in known):
                    store.remove(folder)
            if not store.names(f"stages/{recipe}/{stage}"):
                store.remove(f"stages/{recipe}/{stage}")


def told(store: Store, target: Target) -> dict[str, Any]:
    """What would go: for `--dry-run`."""
    from factory.published import repositories

    stone = {
        "items": [list(item) for item in target.items],
        "rows": [[*item, sorted(parts)] for item, parts in target.rows.items()],
    }
    recipes = touched(store, stone)
    gone = gone_of(store, stone)
    titles = {name: title for name, title in _documents(store, ["doc_id", "title"]) if gone.holds(name)}
    held = _repositories(store, recipes, gone)
    return {
        "source": target.source,
        "items": len(target.items),
        "rows": sum(len(parts) for parts in target.rows.values()),
        "documents": [{"id": name, "title": title} for name, title in sorted(titles.items())],
        "addresses": sorted(target.addresses),
        "copies": copies(store, recipes, gone),
        "recipes": recipes,
        "repositories": {one["repo"]: one["version"] for one in repositories(store) if one["repo"] in held},
    }
