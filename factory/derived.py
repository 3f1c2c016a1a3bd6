"""`factory build` of a recipe over other recipes: its batches are theirs, its first stage reads their last.

A batch here is a batch of a corpus, `<corpus>-<batch>`; what its stages depend on is the digest of the corpus's last
stage. A Document that a later batch of the corpus superseded goes from here too. Nothing is frozen: the corpora are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from factory.batch import ITEMS_PER_TASK, MAX_TASKS, Batch
from factory.build import Build, Options, Pass
from factory.config import Recipe
from factory.errors import ConfigError
from factory.licence import COLUMNS as LICENCE_COLUMNS
from factory.licence import DRAFT, question_refused, refused
from factory.questions.published import leaves
from factory.reviews import released
from factory.sources import SourceList
from factory.stage import manifest_of
from factory.store import Store, digest, read_json


class Derived(Build):
    """A recipe over the corpora that `bases` build."""

    def __init__(
        self,
        store: Store,
        recipe: str,
        config: Recipe,
        listed: SourceList,
        options: Options,
        bases: Sequence[Build],
    ) -> None:
        super().__init__(store, recipe, config, listed, options)
        self.bases = list(bases)

    def _corpora(self) -> list[tuple[str, str, str]]:
        """Each batch of each corpus: its name here, its last stage, and the stage that says what repeats what there."""
        found = []
        for base in self.bases:
            made = base.made()
            for (batch, folder), reduced in zip(made["finals"], made["reduced"], strict=True):
                found.append((f"{base.recipe}-{batch}", folder, reduced))
        return found

    def _check(self, finals: list[str]) -> None:
        """Raises ConfigError where other corpora or kinds than last time would empty a dataset that has rows."""
        last = read_json(self.store, f"datasets/{self.recipe}.json")
        if self.root or not last or not last["result"]["export"]["rows"] or self.config.questions is None:
            return
        now = self.config.questions.model_dump(mode="json", include={"corpora", "kinds"})
        if any(now[name] != last["config"]["questions"][name] for name in now) and not any(
            manifest_of(self.store, folder)["out"] for folder in finals
        ):
            asked = f"{', '.join(now['corpora'])} ({', '.join(now['kinds'])})"
            raise ConfigError(
                f"no question comes of {asked}: {self.recipe} stays as it was",
                f"ask about other corpora or kinds, or look: factory inspect {now['corpora'][0]}",
            )

    def fingerprint(self) -> str:
        """The digest of all that the dataset depends on: its settings, and the last stages of its corpora."""
        folders = [
            [name, folder, reduced, self.store.digest(f"{folder}/manifest.json")]
            for name, folder, reduced in self._corpora()
        ]
        return digest([self._settings(), folders, released(self.store, self.recipe)])

    def plan(self) -> tuple[list[Batch], Batch | None]:
        """The batches of the corpora; a trial's are those of trials."""
        found = []
        for name, folder, _ in self._corpora():
            count = int(manifest_of(self.store, folder)["out"])
            tasks = max(1, min(MAX_TASKS, -(-count // ITEMS_PER_TASK)))
            found.append(Batch(self.recipe, name, (), tasks, None))
        return found, None

    def documents(self) -> int:
        """How many Documents its corpora hold."""
        return sum(int(manifest_of(self.store, folder)["out"]) for _, folder, _ in self._corpora())

    def _inputs(self, one: Batch) -> tuple[Any, str | None]:
        folder = next(folder for name, folder, _ in self._corpora() if name == one.name)
        return [one.tasks, self.store.digest(f"{folder}/manifest.json")], folder

    def _ranks(self, one: Pass, present: list[str]) -> None:
        """Documents keep the task they were of: it is that of the corpus's file."""

    def _reduced(self, passes: list[Pass]) -> list[str]:
        """What a later batch of a corpus superseded is gone from here too."""
        by_name = {name: reduced for name, _, reduced in self._corpora()}
        return [by_name[p.batch.name] for p in passes if p.index == 0]

    def _books(self, held: list[Batch], passes: list[Pass]) -> dict[str, Any]:
        """The parents' book: every Document of the corpora in exactly one place, with its reason."""
        from factory.books import documents, ids, rejected
        from factory.published import gone as superseded

        given: set[str] = set()
        for _, folder, _ in self._corpora():
            given |= set(ids(self.store, folder))
        ended: dict[str, tuple[str, str]] = {}
        gone = superseded(self.store, self._reduced(passes))
        last = len(passes) // max(1, len(held)) - 1
        for one in passes:
            for row in rejected(self.store, one.context.folder):
                how, _, why = row["reason"].rpartition(":")
                ended[row["id"]] = (how or "rejected", why)
            if one.index == last:
                for row in documents(self.store, one.context.folder, ["doc_id", "questions", *LICENCE_COLUMNS]):
                    ended[row["doc_id"]] = self._ended(row)
        ended |= {name: ("rejected", "near_duplicate") for name in gone if name in given}
        return self._balanced(given, ended)

    def _ended(self, row: dict[str, Any]) -> tuple[str, str]:
        """How a Document ended that has accepted rows: by its licence, or by the terms of what wrote all of them."""
        why = refused(row)
        if why is not None and why != DRAFT and not self.options.include_unpublishable:
            return "rejected", why
        let_go = released(self.store, self.recipe)
        whys = [question_refused(one) for one in row["questions"] if leaves(one, let_go)]
        if whys and self.options.include_unpublishable:
            return "accepted", ""
        return ("accepted", "") if None in whys else ("rejected", (whys or ["quarantined"])[0] or "no_question")

    def _balanced(self, given: set[str], ended: dict[str, tuple[str, str]]) -> dict[str, Any]:
        from factory.errors import UnbalancedStage

        if given != set(ended):
            raise UnbalancedStage(f"{self.recipe}: {len(given)} documents came in, {len(ended)} ended")
        book: dict[str, Any] = {"in": len(given)}
        for outcome in ("accepted", "rejected", "failed", "skipped", "pending"):
            reasons: dict[str, int] = {}
            for how, why in ended.values():
                if how == outcome:
                    reasons[why] = reasons.get(why, 0) + 1
            book[outcome] = sum(reasons.values()) if outcome == "accepted" else dict(sorted(reasons.items()))
        return book


def build_of(
    store: Store, recipe: str, config: Recipe, listed: SourceList, options: Options, bases: Sequence[Build]
) -> Build:
    """What builds a recipe: over raw items, or over the corpora that it names."""
    if config.questions is None:
        return Build(store, recipe, config, listed, options)
    return Derived(store, recipe, config, listed, options, bases)


def corpora_of(config: Recipe, store: Store, *, trial: bool) -> list[str]:
    """The recipes that a recipe reads: those it needs, and those it takes along where they are built."""
    if config.questions is None:
        return []
    also = [] if trial else [one for one in config.questions.also if store.has(f"datasets/{one}.json")]
    return [*config.questions.corpora, *also]


def check_corpora(names: Sequence[str], recipe: str) -> None:
    """Raises ConfigError where a recipe would read itself or one that there is not."""
    from factory.build import names as known
    from factory.config import nearest

    for name in names:
        if os.path.sep in name or os.path.exists(name):
            raise ConfigError(
                f"--from {name}: name a recipe that is built here",
                f"known: {', '.join(known())}; files: factory ingest",
            )
        if name not in known():
            raise ConfigError(f"there is no recipe {name!r}. {nearest(name, known())}")
        if name == recipe:
            raise ConfigError(f"{recipe} cannot be asked about itself")
