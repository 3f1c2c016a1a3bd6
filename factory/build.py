"""`factory build`: a recipe's batches through its stages, and the dataset they make.

Nothing to do is decided without loading datatrove: the last build left the digest of everything its
result depends on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from factory import batch as batches
from factory import interrupt
from factory.batch import Batch
from factory.config import Executor, Recipe, Translate, load_toml, nearest, override, parse
from factory.errors import ConfigError, HomeError
from factory.gc import unfinished
from factory.ledger import Item, Ledger, Stored
from factory.licence import COLUMNS as LICENCE_COLUMNS
from factory.licence import DRAFT, refused
from factory.sources import SourceList
from factory.stage import (
    Context,
    Stage,
    balance,
    begin,
    commit,
    inputs_of,
    is_done,
    line_of,
    manifest_of,
    recipe_module,
    refuse_crashes,
    write_inputs,
)
from factory.store import Store, digest, read_json, write_json
from factory.tombstones import rows_of

if TYPE_CHECKING:
    from factory.carry import Gone

FORMAT = 2
# Keys of a source that no document depends on.
HOW_IT_IS_FETCHED = ("path", "note", "allow_private", "listing", "limit", "since", "speech")


class Listener(Protocol):
    """Who is told of a build's progress."""

    def stage(self, recipe: str, batch: str, name: str, total: int) -> None: ...
    def advance(self, count: int) -> None: ...
    def engine(self, table: dict[str, Any]) -> None: ...
    def say(self, sentence: str) -> None: ...


@dataclass(slots=True)
class Options:
    """How a build is run; none of it changes its result."""

    executor: Executor = field(default_factory=Executor)
    limit: int | None = None
    rebuild: bool = False
    retry: bool = False
    include_unpublishable: bool = False
    endpoint: str | None = None


@dataclass(slots=True)
class Pass:
    """One stage of one batch: where it is, and what it is."""

    batch: Batch
    context: Context
    stage: Stage
    index: int


@dataclass(slots=True)
class Result:
    """What a build left behind."""

    recipe: str
    batch: str | None
    stages: list[dict[str, Any]] = field(default_factory=list)
    items: dict[str, Any] = field(default_factory=dict)
    export: dict[str, Any] = field(default_factory=dict)
    dataset: str | None = None
    report: str | None = None
    engine: dict[str, Any] = field(default_factory=dict)
    fresh: bool = False


@functools.cache
def folder_of_recipes() -> Path:
    """Where the recipes' modules and numbers are."""
    import pipelines

    return Path(pipelines.__file__ or "").parent


def names() -> list[str]:
    """Every recipe there is."""
    return sorted(p.stem for p in folder_of_recipes().glob("*.toml"))


def recipe_config(name: str, settings: tuple[str, ...] = ()) -> Recipe:
    """The numbers of a recipe. Raises ConfigError for an unknown one."""
    if name not in names():
        raise ConfigError(f"there is no recipe {name!r}. {nearest(name, names())}")
    path = folder_of_recipes() / f"{name}.toml"
    return parse(Recipe, override(load_toml(path), settings), path.name)


DEFAULT_TRANSLATOR = "salamandraTA-7b-instruct"


def profile_in(config: Recipe) -> Any:
    """The profile of the model that a recipe's engine serves. Raises ConfigError."""
    from factory.translate.engines import profile_for

    if config.questions is not None:
        from factory.steps.model_lane import profile_named

        return profile_named(config.questions)
    return profile_for(config.translate or Translate())


def resolved_questions(config: Recipe, endpoint: str | None = None) -> Recipe:
    """The config of a recipe of questions with the engine that is meant. Raises ConfigError."""
    from factory.steps.model_lane import lane_of, profile_named

    asked = config.questions
    assert asked is not None
    engine, model = asked.engine, asked.model
    if endpoint:
        engine = "endpoint"
        if model is None:
            from factory.engine import only_model

            model = only_model(endpoint)
    if engine == "auto":
        engine = "vllm"
    asked = asked.model_copy(update={"engine": engine, "model": model})
    asked = asked.model_copy(update={"lane": lane_of(asked)})
    if asked.lane == "template":
        asked = asked.model_copy(update={"engine": "auto", "model": None, "model_licence": None})
    else:
        profile_named(asked)
    return config.model_copy(update={"questions": asked})


def resolved(config: Recipe, endpoint: str | None = None) -> Recipe:
    """The config with the engine that is meant: `auto` is the model that was named, else Apertium's draft.

    Raises ConfigError where there is neither.
    """
    translate = config.translate
    if config.questions is not None:
        return resolved_questions(config, endpoint)
    if translate is None:
        return config
    engine, model = translate.engine, translate.model
    if endpoint:
        engine = "endpoint"
    if engine == "endpoint" and endpoint and model is None:
        from factory.engine import only_model

        model = only_model(endpoint)
    if engine == "auto" and model is None:
        from factory.translate import apertium

        if apertium.version() is None:
            raise ConfigError(
                "no translation engine: no model is named and Apertium is not installed",
                f"factory translate --model NAME, or --endpoint URL --model NAME, or for a draft: {apertium.HOW}",
            )
        engine = "apertium"
    if engine == "auto":
        engine = "vllm"
    if engine == "vllm" and model is None:
        model = DEFAULT_TRANSLATOR
    found = translate.model_copy(update={"engine": engine, "model": None if engine == "apertium" else model})
    if engine != "apertium":
        from factory.translate.engines import profile_for

        profile_for(found)
    return config.model_copy(update={"translate": found})


@functools.cache
def code_digest() -> str:
    """The hash of the factory's own code and recipes."""
    import factory

    found = {}
    for folder in (Path(factory.__file__ or "").parent, folder_of_recipes()):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".toml", ".md", ".json", ".txt"):
                found[str(file.relative_to(folder.parent))] = digest(file.read_bytes().decode("utf-8", "replace"))
    return digest(found)


@functools.cache
def ocr_engine() -> str | None:
    """Which tesseract reads Spanish here, or None."""
    import subprocess

    program = shutil.which("tesseract")
    if program is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    languages = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False)
    if "spa" not in languages.stdout.split():
        return None
    return " ".join((said.stdout or said.stderr).split()[:2])


class Inputs(Mapping[Item, dict[str, Any]]):
    """The items of a recipe with their receipts: the source as it is said now, the rows that were taken down.

    A receipt is read when it is asked for.
    """

    def __init__(self, stored: Stored, sources: dict[str, dict[str, Any]], without: Mapping[Any, Any]) -> None:
        self._stored, self._sources, self._without = stored, sources, without
        self._said = {name: digest(source) for name, source in sources.items()}

    def __getitem__(self, item: Item) -> dict[str, Any]:
        found = self._stored[item] | {"source": self._sources[item.source_id]}
        return found | ({"without": self._without[item]} if item in self._without else {})

    def __contains__(self, item: object) -> bool:
        return isinstance(item, Item) and item.source_id in self._sources and item in self._stored

    def __iter__(self) -> Iterator[Item]:
        return (item for item in self._stored if item.source_id in self._sources)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def digest(self, items: Iterable[Item]) -> str:
        """The hash of all that a batch's Documents take from the receipts of these items."""
        found = hashlib.sha256()
        for item in items:
            place = self._stored.place(item)
            row = (self._said[item.source_id], place.name, place.facts, self._without.get(item))
            found.update(repr(row).encode("utf-8", "surrogatepass"))
        return found.hexdigest()


class Build:
    """A recipe of a home."""

    def __init__(self, store: Store, recipe: str, config: Recipe, listed: SourceList, options: Options) -> None:
        self.store = store
        self.recipe = recipe
        self.config = config
        self.listed = listed
        self.options = options
        self.ledger = Ledger(store)
        self.root = "trial/" if options.limit is not None else ""
        self._engines = EngineRoom(store, config, options)
        self._asked: dict[str, Any] = {}
        self._receipts: Inputs | None = None
        self._made: dict[str, Any] = {}
        # What was taken down, while it is: stages are copied without it where that is enough.
        self.gone: Gone | None = None

    # What may be built

    def receipts(self) -> Inputs:
        """The items of this recipe, each with its source as the sources file has it now."""
        if self._receipts is None:
            stored, said = self.ledger.stored(), self._said()
            sources: dict[str, dict[str, Any]] = {}
            for item in stored:
                if item.source_id not in sources:
                    source = said.get(item.source_id) or stored[item]["source"]
                    sources[item.source_id] = {k: v for k, v in source.items() if k not in HOW_IT_IS_FETCHED}
            taken = {name: source for name, source in sources.items() if self._takes(source)}
            self._receipts = Inputs(stored, taken, rows_of(self.store))
        return self._receipts

    def _said(self) -> dict[str, dict[str, Any]]:
        """What is known of each source: what the sources file says now, else what was said last."""
        rows = {k: v.model_dump(mode="json", exclude_none=True) for k, v in self.listed.rows.items()}
        return self.ledger.said() | rows

    def _takes(self, source: dict[str, Any]) -> bool:
        """A source of the recipe's traditions, or rows that may each say their own."""
        select = self.config.select
        if select.sources and source["id"] not in select.sources:
            return False
        return source["kind"] in select.kinds and (
            source["tradition"] in select.traditions or source["kind"] == "dataset"
        )

    def indexes(self) -> tuple[str, ...]:
        """The evaluation sets that documents are checked against: files named by their content."""
        return tuple(name for name in self.store.names("decontamination") if name.endswith(".npz"))

    def fingerprint(self) -> str:
        """The digest of all that the dataset depends on."""
        known = {item.source_id for item in self.ledger.stored()}
        rows = {k: v for k, v in self._said().items() if k in known}
        ocr = ocr_engine() if self.config.read.ocr == "auto" else None
        found = [self._settings(), self.ledger.fingerprint(), rows, ocr, sorted(rows_of(self.store).items())]
        return digest(found)

    def _settings(self) -> list[Any]:
        """What every dataset depends on besides its inputs."""
        settings = self.config.model_dump(mode="json", exclude={"serve", "calls"})
        return [FORMAT, code_digest(), settings, self.recipe, self.indexes()]

    def made(self) -> dict[str, Any]:
        """What the last build is made of: `finals` (batch, folder) and `reduced`, as in datasets/<recipe>.json."""
        return self._made or read_json(self.store, f"datasets/{self.recipe}.json") or {"finals": [], "reduced": []}

    def nothing_to_do(self) -> Result | None:
        """What the last build left, if it would be the same now."""
        if self.options.rebuild or self.options.retry or self.options.limit is not None:
            return None
        last = read_json(self.store, f"datasets/{self.recipe}.json")
        if (
            last is None
            or last["fingerprint"] != self.fingerprint()
            or last["unpublishable"] != self.options.include_unpublishable
        ):
            return None
        if not all(is_done(self.store, folder) for folder in last["folders"]):
            return None
        if not self.store.has(f"datasets/{self.recipe}/manifest.json") or not self.store.has(last["result"]["report"]):
            return None
        return Result(**last["result"])

    # What is built

    def plan(self) -> tuple[list[Batch], Batch | None]:
        """The batches in force and the new one, if there is anything new."""
        held = batches.frozen(self.store, self.recipe)
        ocr = ocr_engine() if self.config.read.ocr == "auto" else None
        known = self.receipts()
        if self.options.limit is not None:
            chosen = sorted(known, key=lambda item: item.id)[: self.options.limit]
            return [], batches.make(self.recipe, "trial", chosen, ocr)
        name = batches.next_name(self.store, self.recipe)
        if self.options.rebuild:
            return [], batches.make(self.recipe, name, known, ocr, rebuild=True) if known else None
        taken = {item for b in held for item in b.items}
        fresh = [item for item in known if item not in taken]
        free = [item for item in self._free(held) if item in known]
        better_ocr = any(b.ocr != ocr for b in held if ocr) and free
        if fresh or (free and self.options.retry) or better_ocr:
            return held, batches.make(self.recipe, name, [*fresh, *free], ocr)
        return held, None

    def _free(self, held: list[Batch]) -> list[Item]:
        """Items whose last batch ended them as pending or failed."""
        from factory.books import items

        last: dict[str, str] = {}
        by_id: dict[str, Item] = {}
        for one in held:
            by_id.update({item.id: item for item in one.items})
            for folder in self.store.names(f"stages/{self.recipe}"):
                where = f"stages/{self.recipe}/{folder}/{one.name}"
                if folder.startswith("01-") and is_done(self.store, where):
                    last.update({row["item_id"]: row["outcome"] for row in items(self.store, where)})
        return [by_id[i] for i, outcome in last.items() if outcome in ("pending", "failed") and i in by_id]

    def passes(self, held: list[Batch]) -> list[Pass]:
        """Every stage of every batch with its folder, in the order they run."""
        module = recipe_module(self.recipe)
        found: list[Pass] = []
        earlier: list[tuple[str, ...]] = []
        for one in held:
            inputs, previous = self._inputs(one)
            folders: list[str] = []
            for index in range(99):
                blank = Context(
                    self.store.root, self.recipe, one.name, one.tasks, one.ocr, "", previous, indexes=self.indexes()
                )
                stages = module.stages(self.config, blank)
                if index == len(stages):
                    break
                before = tuple(e[index] for e in earlier) if stages[index].single else ()
                key = stages[index].key([inputs, before])
                folder = f"{self.root}stages/{self.recipe}/{index + 1:02d}-{stages[index].name}-{key}/{one.name}"
                context = dataclasses.replace(blank, folder=folder, earlier=before)
                found.append(Pass(one, context, module.stages(self.config, context)[index], index))
                inputs, previous = key, folder
                folders.append(folder)
            earlier.append(tuple(folders))
        return found

    def _inputs(self, one: Batch) -> tuple[Any, str | None]:
        """What a batch's first stage depends on, and the stage it reads: none, but raw items."""
        known = self.receipts()
        return [one.digest, known.digest(item for item in one.items if item in known)], None

    def run(self, listener: Listener) -> Result:
        """The dataset is built. Raises the FactoryError of what stopped it."""
        from factory.executors import stop_left
        from factory.export import export
        from factory.report import write_report

        stop_left(self.store)
        for key in unfinished(self.store, ("batches", "datasets", "reports")):
            self.store.remove(key)
        # The home is ours now: what came in until then is seen, and nothing comes in after.
        self.ledger, self._receipts = Ledger(self.store), None
        held, new = self.plan()
        # Taking down changes nothing but what is taken down: what is new waits for a build of its own.
        waits = self.gone is not None and new is not None
        new = None if waits else new
        known = {item.source_id for item in self.ledger.stored()}
        for source in self.listed.rows.values():
            if source.id in known and not self.root:
                self.ledger.say(source)
        if new is not None and not self.root:
            batches.freeze(self.store, new)
        held = [*held, new] if new else held
        passes = self.passes(held)
        again: set[str] = set()
        with self._engines:
            for one in passes:
                interrupt.check()
                if self.options.retry and self._may_be_asked_again(one):
                    again.add(one.batch.name)
                done = one.batch.name not in again and is_done(self.store, one.context.folder)
                if not done and not self._copied(one):
                    self._run(one, listener)
        result = Result(self.recipe, held[-1].name if held else None, engine=self._asked, fresh=True)
        result.stages = self._summary(passes)
        result.items = self._books(held, passes)
        target = f"{self.root}datasets/{self.recipe}"
        final = [p for p in passes if p.index == len(passes) // max(1, len(held)) - 1]
        reduced = self._reduced(passes)
        self._check([p.context.folder for p in final])
        self._made = {"finals": [[p.batch.name, p.context.folder] for p in final], "reduced": reduced}
        result.export = export(
            self.store,
            self.recipe,
            self.config,
            [(p.batch.name, p.context.folder) for p in final],
            target,
            reduced=reduced,
            story={"stages": result.stages, "items": result.items},
            include_unpublishable=self.options.include_unpublishable,
            drafts=True,
        )
        result.dataset = self.store.path(target)
        result.report = f"{self.root}reports/{self.recipe}.html"
        write_report(
            self.store,
            self.recipe,
            self.config,
            result,
            [p.context.folder for p in passes],
            final[-1].context.folder if final else None,
        )
        if not self.root:
            table = {
                "fingerprint": None if waits else self.fingerprint(),
                "unpublishable": self.options.include_unpublishable,
                "folders": [p.context.folder for p in passes],
                **self._made,
                "config": self.config.model_dump(mode="json"),
                "licences": self._licences(result.export["sources"]),
                "result": {k: getattr(result, k) for k in result.__slots__} | {"fresh": False},
            }
            write_json(self.store, f"datasets/{self.recipe}.json", table)
        return result

    def _licences(self, sources: dict[str, int]) -> dict[str, str]:
        """What is said of each source that rows are of."""
        said = self._said()
        return {name: said[name]["licence"] for name in sorted(sources) if name in said}

    def _check(self, finals: list[str]) -> None:
        """Raises FactoryError where what was built must not take the place of what is there; `finals`: last stages."""

    def _reduced(self, passes: list[Pass]) -> list[str]:
        """Of each batch the stage that says what repeats what."""
        return [p.context.folder for p in passes if p.stage.equation == "reduce"]

    def _may_be_asked_again(self, one: Pass) -> bool:
        """Some Documents of a stage failed by the model's server, not by what it said."""
        names = self.store.names(f"{one.context.folder}/rejected") if one.stage.engine else []
        return any(name.startswith("failed:engine_") for name in names)

    def _copied(self, one: Pass) -> bool:
        """The stage is the one that stood before, without what was taken down."""
        if self.gone is None:
            return False
        from factory.carry import can, copy

        number = one.context.folder.split("stages/", 1)[1].split("/")[1][:2]
        old = self.gone.folder(one.context, number)
        if old is None or not can(self.store, one.stage, one.context, old, self.gone):
            return False
        known = self.receipts()
        present = [item.id for item in one.batch.items if item in known]
        if one.stage.equation == "items":
            lines = {line_of(known[item]) for item in one.batch.items if item in known}
            # What is said of a source since then, its licence above all, is for the stage itself to read.
            if not lines <= set(inputs_of(self.store, old)):
                return False
        copy(self.store, one.stage, one.context, old, self.gone, self._ranks(one, present))
        if one.stage.equation == "items":
            items = (known[item] for item in one.batch.items if item in known)
            write_inputs(self.store, one.context.folder, items, len(present), one.batch.tasks)
        commit(self.store, one.context.folder, balance(self.store, one.stage, one.context, present), {"copied": True})
        return True

    def _ranks(self, one: Pass, present: list[str]) -> dict[str, int] | None:
        """Which task each item is of (as `Context.inputs` shares them); None where one task has all."""
        if one.stage.single:
            return None
        size, rest = divmod(len(present), one.batch.tasks)
        bounds = [rank * size + min(rank, rest) for rank in range(one.batch.tasks + 1)]
        return {present[at]: rank for rank in range(one.batch.tasks) for at in range(bounds[rank], bounds[rank + 1])}

    def _run(self, one: Pass, listener: Listener) -> None:
        from factory.executors import run_stage

        folder, stage = one.context.folder, one.stage
        begin(self.store, folder)
        known = self.receipts()
        present = [item for item in one.batch.items if item in known]
        if stage.equation == "items":
            write_inputs(self.store, folder, (known[item] for item in present), len(present), one.batch.tasks)
            total = len(present)
        else:
            total = int(manifest_of(self.store, one.context.previous or "")["out"])
        tasks = 1 if stage.single else one.batch.tasks
        watch = _Watch(listener, self._engines, Running(self.store, one, total, tasks, self.options.executor.kind))
        environment = self._engines.environment(listener) if stage.engine and total else {}
        listener.stage(self.recipe, one.batch.name, stage.name, total)
        started = time.time()
        run_stage(
            self.store,
            one.context,
            self.config,
            one.index,
            tasks,
            self.options.executor,
            watch,
            environment,
            code_digest(),
        )
        manifest = balance(self.store, stage, one.context, [item.id for item in present])
        refuse_crashes(manifest, self.config.read.max_crash_share)
        run: dict[str, Any] = {
            "host": platform.node(),
            "python": platform.python_version(),
            "started": datetime.datetime.fromtimestamp(started, datetime.timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time.time() - started, 3),
        }
        if watch.last:
            run["engine"] = watch.last | {"starts": self._engines.starts}
            self._asked = _added(self._asked, watch.last, run["seconds"])
        commit(self.store, folder, manifest, run)

    def _summary(self, passes: list[Pass]) -> list[dict[str, Any]]:
        """Per stage over all batches: in, out and dropped by reason."""
        found: dict[str, dict[str, Any]] = {}
        for one in passes:
            manifest = manifest_of(self.store, one.context.folder)
            row = found.setdefault(
                one.stage.name, {"name": one.stage.name, "in": 0, "split": 0, "out": 0, "rejected": {}}
            )
            for key in ("in", "split", "out"):
                row[key] += manifest[key]
            for reason, count in manifest["rejected"].items():
                row["rejected"][reason] = row["rejected"].get(reason, 0) + count
            for book in ("units", "passages", "questions"):
                if book in manifest:
                    row.setdefault(book, {})
                for name, count in manifest.get(book, {}).items():
                    row.setdefault(book, {})[name] = row.get(book, {}).get(name, 0) + count
        return list(found.values())

    def _books(self, held: list[Batch], passes: list[Pass]) -> dict[str, Any]:
        """The parents' book: every raw item in exactly one place, with its reason."""
        from factory.books import documents, items, rejected
        from factory.published import gone as superseded

        ended: dict[str, tuple[str, str]] = {}
        leaving: set[str] = set()
        gone = superseded(self.store, [p.context.folder for p in passes if p.stage.equation == "reduce"])
        for one in passes:
            store, folder = self.store, one.context.folder
            if one.stage.equation == "items":
                for row in items(store, folder):
                    ended[row["item_id"]] = (row["outcome"], row["reason"])
            else:
                for row in rejected(store, folder):
                    how, _, why = row["reason"].rpartition(":")
                    ended[row["metadata"]["item_id"]] = (how or "rejected", why)
            if one.index == len(passes) // len(held) - 1:
                for row in documents(store, folder, ["doc_id", "item_id", *LICENCE_COLUMNS]):
                    if row["doc_id"] in gone:
                        ended[row["item_id"]] = ("rejected", "near_duplicate")
                        continue
                    why = None if self.options.include_unpublishable else refused(row)
                    if why is None or why == DRAFT:
                        leaving.add(row["item_id"])
                    else:
                        ended[row["item_id"]] = ("rejected", why)
        ended |= dict.fromkeys(leaving, ("accepted", ""))
        book: dict[str, Any] = {"in": len({item for b in held for item in b.items if item in self.receipts()})}
        for outcome in ("accepted", "rejected", "failed", "skipped", "pending"):
            reasons: dict[str, int] = {}
            for how, why in ended.values():
                if how == outcome:
                    reasons[why] = reasons.get(why, 0) + 1
            book[outcome] = sum(reasons.values()) if outcome == "accepted" else dict(sorted(reasons.items()))
        from factory.errors import UnbalancedStage

        total = book["accepted"] + sum(sum(book[o].values()) for o in ("rejected", "failed", "skipped", "pending"))
        if total != book["in"]:
            raise UnbalancedStage(f"{self.recipe}: {book['in']} items came in, {total} ended")
        return book


class Running:
    """What a build is doing now, for `factory status`: `running.json` of the home, never part of a result."""

    KEY = "running.json"
    _SECONDS = 5.0

    def __init__(self, store: Store, one: Pass, total: int, tasks: int, executor: str) -> None:
        self._store = store
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self._table: dict[str, Any] = {
            "recipe": one.context.recipe,
            "batch": one.batch.name,
            "stage": one.stage.name,
            "folder": one.context.folder,
            "inputs": total,
            "tasks": tasks,
            "executor": executor,
            "started": now,
            "done": 0,
            "host": platform.node(),
            "pid": os.getpid(),
        }
        self._told = 0.0
        self.advance(0)

    def advance(self, count: int) -> None:
        """So many inputs more; written every few seconds."""
        self._table["done"] += count
        if time.monotonic() - self._told >= self._SECONDS:
            self._told = time.monotonic()
            with contextlib.suppress(HomeError):  # only looked at
                write_json(self._store, self.KEY, self._table)


class _Watch:
    """Passes on what a stage's workers tell, and stops them where the model's server was given up."""

    def __init__(self, listener: Listener, room: EngineRoom, running: Running) -> None:
        self.last: dict[str, Any] = {}
        self._listener, self._room, self._running = listener, room, running

    def advance(self, count: int) -> None:
        self._running.advance(count)
        self._listener.advance(count)

    def say(self, sentence: str) -> None:
        self._listener.say(sentence)

    def engine(self, table: dict[str, Any]) -> None:
        self.last = table
        self._listener.engine(table)

    def check(self) -> None:
        interrupt.check()
        self._room.check()


def _added(before: dict[str, Any], table: dict[str, Any], seconds: float) -> dict[str, Any]:
    """What was asked over several stages."""
    names = ("asked", "cached", "sent", "tokens_in", "tokens_out")
    found = {name: before.get(name, 0) + table[name] for name in names}
    return found | {"seconds": round(before.get("seconds", 0.0) + seconds, 3)}


class EngineRoom:
    """The model server of a build: none until a stage asks for it, then one until the build ends."""

    def __init__(self, store: Store, config: Recipe, options: Options) -> None:
        self._store, self._config, self._options = store, config, options
        self._more: dict[str, str] = {}
        self._stack = contextlib.ExitStack()
        self._server: Any = None
        self._told: dict[str, str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def starts(self) -> int:
        return self._server.starts if self._server is not None else 0

    def check(self) -> None:
        """Raises EngineDown where the server was given up."""
        if self._server is not None:
            self._server.check()

    def environment(self, listener: Listener) -> dict[str, str]:
        """What workers are told of the server, which is up and keeps its contract. Raises EngineError, ConfigError."""
        if self._told is None:
            from factory.engine import check_contract

            profile = profile_in(self._config)
            found = self._connection(profile, listener)
            for url in (found.url, *found.others):
                check_contract(found._replace(url=url), profile)
            self._told = found.environment() | self._more
        return self._told

    def _connection(self, profile: Any, listener: Listener) -> Any:
        from factory.engine import Connection, endpoint

        window = self._config.calls.window or min(2 * self._config.serve.max_num_seqs, 1024)
        if self._options.endpoint:
            first, *more = (endpoint(one, profile, window) for one in self._options.endpoint.split(",") if one.strip())
            return first._replace(others=tuple(one.url for one in more))
        asking = self._config.translate or self._config.questions
        if asking and asking.engine == "endpoint":
            raise ConfigError("the address of the model's server is not said", "name it: --endpoint URL")
        if self._options.executor.servers:
            return self._cluster(profile, window, listener)
        from factory.server import Server

        log = os.path.join(tempfile.gettempdir(), f"corpus-factory-vllm-{os.getuid()}.log")
        self._server = self._stack.enter_context(Server(profile, self._config.serve, log, listener.say))
        return Connection(self._server.url, profile.name, "vllm", window)

    def _cluster(self, profile: Any, window: int, listener: Listener) -> Any:
        """Servers on the nodes of the cluster, found through the home."""
        from factory.engine import Connection
        from factory.servers import Servers, environment_of

        how = self._options.executor
        self._server = self._stack.enter_context(Servers(self._store, profile, self._config.serve, how, listener.say))
        self._more = environment_of(how)
        return Connection(
            self._server.first(), profile.name, "vllm", window, roster=self._server.key, servers=how.servers
        )
