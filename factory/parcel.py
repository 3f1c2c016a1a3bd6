"""What a publication holds: the datasets of one recipe or of several, their pages, and whether all of it may leave.

One recipe lies in a repository as it lies in `datasets/<recipe>/`; several lie in a folder each, and their configs are
named after them. `versions.json` says which version this is, and what each one changed.
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from factory import card, card_words
from factory.books import opened
from factory.config import Recipe, nearest
from factory.errors import ConfigError, LicenceError
from factory.export import PARTS
from factory.ledger import Ledger
from factory.licence import refusal
from factory.store import MANIFEST, Store, digest, read_json, to_json

README, VERSIONS = "README.md", "versions.json"
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})")
# The Hub takes so many files in a commit at most (huggingface_hub, upload_large_folder); ours must be one.
MAX_FILES = 1000
_ROWS = 4096


class File(NamedTuple):
    """A file of a publication: where it is in the home, or its bytes; its SHA-256."""

    key: str | None
    data: bytes | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """One recipe of a publication: its settings, its manifest, and the licences of its sources when it was built."""

    recipe: str
    config: Recipe
    manifest: Mapping[str, Any]
    target: str
    licences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Everything of a publication but what depends on earlier versions. `content` names it, `columns` its columns."""

    parts: tuple[Part, ...]
    files: Mapping[str, File]
    content: str
    data: str
    columns: str
    rows: int

    @property
    def recipes(self) -> list[str]:
        return [part.recipe for part in self.parts]


def gather(store: Store, recipes: Sequence[str], *, include_unpublishable: bool = False) -> Parcel:
    """The publication of recipes as they were built last. Raises ConfigError, LicenceError."""
    parts = tuple(_part(store, recipe, include_unpublishable=include_unpublishable) for recipe in recipes)
    files: dict[str, File] = {}
    for part in parts:
        prefix = f"{part.recipe}/" if len(parts) > 1 else ""
        for name in _names(store, part):
            key = f"{part.target}/{name}"
            files[prefix + name] = File(key, None, store.digest(key))
    if len(files) + 2 > MAX_FILES:
        raise ConfigError(
            f"{len(files):,} files are more than one commit takes ({MAX_FILES:,})",
            "write larger shards: factory build --set export.rows_per_shard=500000",
        )
    data = {name: one.sha256 for name, one in files.items() if name.endswith(".parquet")}
    every = {name: one.sha256 for name, one in files.items()}
    columns = digest([[part.recipe, name, card.features(schema)] for part in parts for name, schema in _schemas(part)])
    content = digest([every, readme(parts, [])])
    return Parcel(parts, files, content, digest(data), columns, sum(part.manifest["rows"] for part in parts))


def _schemas(part: Part) -> list[tuple[str, Any]]:
    from factory.export import schemas

    return list(schemas(part.config).items())


def _part(store: Store, recipe: str, *, include_unpublishable: bool) -> Part:
    """A recipe whose dataset may be published, exported anew where the built one holds more than that."""
    last = read_json(store, f"datasets/{recipe}.json")
    if last is None:
        raise ConfigError(f"{recipe} is not built in {store.root}", f"run: factory build {recipe}")
    config = Recipe.model_validate(last["config"])
    target = f"datasets/{recipe}"
    built = read_json(store, f"{target}/{MANIFEST}") or {}
    wanted = include_unpublishable and bool(last["result"]["export"]["refused"] or built.get("drafts"))
    if wanted or built.get("unpublishable_included") or built.get("drafts") or "sizes" not in built:
        from factory.export import export

        target = f"publish/datasets/{recipe}"
        finals = [(batch, folder) for batch, folder in last["finals"]]
        built = export(
            store,
            recipe,
            config,
            finals,
            target,
            reduced=last["reduced"],
            story=last["result"],
            include_unpublishable=include_unpublishable,
            drafts=include_unpublishable,
        )
    return Part(recipe, config, built, target, last.get("licences", {}))


def _names(store: Store, part: Part) -> Iterator[str]:
    """Every file of a dataset but its README: what its manifest names, and the pages."""
    for key in store.walk(part.target):
        name = key[len(part.target) + 1 :]
        if name.startswith(tuple(f"{folder}/" for folder in PARTS)) or name in (
            "ATTRIBUTION.md",
            card.LICENCES,
            MANIFEST,
        ):
            yield name


def readme(parts: Sequence[Part], versions: Sequence[Mapping[str, Any]], place: str = card_words.PLACE) -> str:
    """The card of a publication at its place (`ORG/NAME`), with the versions that there were."""
    every = [(p.recipe, p.config, p.manifest) for p in parts]
    return card.front(every, together=len(parts) > 1) + card_words.text(every, versions, place)


# The gate


def check(store: Store, parcel: Parcel, said: Mapping[str, Mapping[str, Any]]) -> None:
    """Nothing of it may not be published: the rows are read again, whatever the export said of them.

    `said`: what is known of each source now. Raises LicenceError naming the sources.
    """
    for part in parcel.parts:
        manifest = part.manifest
        if manifest["drafts"]:
            raise LicenceError(
                f"{part.recipe} is a draft: {manifest['drafts']} rows are rule-based machine translation, which is "
                "never published",
                "translate with a model, or: --private --include-unpublishable",
            )
        if manifest["unpublishable_included"]:
            raise LicenceError(f"{part.recipe} holds rows that may not be published", "build it without them")
        if not manifest["rows"]:
            left = ", ".join(f"{why} {count}" for why, count in manifest["refused"].items())
            raise LicenceError(
                f"{part.recipe} has no row that may be published" + (f" ({left})" if left else ""),
                f"see: factory licences {part.recipe}",
            )
        bad: Counter[str] = Counter()
        for row in _rows(store, part):
            if why := refused(row, said, part.licences):
                bad[f"{row['source_id']}: {why}"] += 1
        if bad:
            told = ", ".join(f"{source} ({count} rows)" for source, count in sorted(bad.items())[:5])
            raise LicenceError(
                f"{part.recipe} may not be published: {told}", f"build it again: factory build {part.recipe}"
            )


def refused(row: Mapping[str, Any], said: Mapping[str, Mapping[str, Any]], then: Mapping[str, str]) -> str | None:
    """Why a published row may not leave now, as a slug; None where it may. `then`: what was said at the build."""
    if why := refusal(row["licence"]):
        return why
    source = said.get(row["source_id"])
    if source is not None and source["licence"] != then.get(row["source_id"]):
        return "licence_changed"
    if source is not None and source.get("source_type") == "clinical" and not source.get("reviewed_by"):
        return "clinical_not_reviewed"
    if (translation := row.get("translation")) and (
        translation["tier"] == "rule_based" or translation["outputs"] != "free"
    ):
        return "model_terms"
    if (generator := row.get("generator")) and generator["outputs"] != "free":
        return "model_terms"
    return None


def _rows(store: Store, part: Part) -> Iterator[dict[str, Any]]:
    """The rows of every shard, as far as the gate looks at them; `smc` holds the same rows again."""
    wanted = ("licence", "source_id", "doc_id", "translation", "generator")
    for name in part.manifest["files"]:
        if name.startswith("data/smc/"):
            continue
        with opened(store, f"{part.target}/{name}") as file:
            columns = [column for column in wanted if column in file.schema_arrow.names]
            for group in file.iter_batches(batch_size=_ROWS, columns=columns):
                yield from group.to_pylist()


def said_of(store: Store, listed: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is known of each source now: what a sources file says, else what was said last."""
    rows = {name: row.model_dump(mode="json", exclude_none=True) for name, row in listed.items()}
    return Ledger(store).said() | rows


# Versions


def parsed(version: str) -> tuple[int, ...]:
    """The numbers of `X.Y.Z`. Raises ConfigError."""
    found = _VERSION.fullmatch(version.removeprefix("v"))
    if found is None:
        raise ConfigError(f"--version {version!r}: write it as X.Y.Z, for example 1.2.0")
    return tuple(int(part) for part in found.groups())


def change_of(parcel: Parcel, before: Mapping[str, Any] | None) -> str:
    """What a publication changes: `first`, `columns`, `rows`, `pages` or `nothing`."""
    if not before:
        return "first"
    if before["content"] == parcel.content:
        return "nothing"
    if before["columns"] != parcel.columns:
        return "columns"
    return "rows" if before["data"] != parcel.data else "pages"


def next_version(before: Mapping[str, Any] | None, change: str, asked: str | None) -> str:
    """The version asked for, or the one after the last: other columns are major, other rows minor, pages a patch.

    Raises ConfigError for one that is not later than the last.
    """
    last = parsed(before["version"]) if before else (0, 0, 0)
    if asked is not None:
        if parsed(asked) <= last:
            raise ConfigError(f"version {asked} is not later than {before['version'] if before else '0.0.0'}")
        return ".".join(map(str, parsed(asked)))
    major, minor, patch = last
    if change in ("first", "columns"):
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if change in ("rows", "retracted") else f"{major}.{minor}.{patch + 1}"


def versioned(
    parcel: Parcel,
    before: Mapping[str, Any] | None,
    version: str,
    change: str,
    *,
    place: str = card_words.PLACE,
    forget: bool = False,
) -> dict[str, File]:
    """The files of a publication with its card and its versions; `forget`: earlier versions are gone."""
    from factory.record import sha256

    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    earlier = list(before["versions"]) if before and not forget else []
    versions = [*earlier, {"version": version, "date": today, "rows": parcel.rows, "change": change}]
    table = {
        "version": version,
        "content": parcel.content,
        "data": parcel.data,
        "columns": parcel.columns,
        "recipes": parcel.recipes,
        "versions": versions,
    }
    pages = {README: readme(parcel.parts, versions, place).encode(), VERSIONS: to_json(table, indent=1)}
    if len(parcel.parts) > 1:
        # The card's YAML names it at the root.
        names = [name for part in parcel.parts for name in part.manifest["licence"]]
        pages[card.LICENCES] = card.licences("Corpus médicos en español", names).encode()
    return {**parcel.files, **{name: File(None, data, sha256(data)) for name, data in pages.items()}}


def ours(name: str, recipes: Sequence[str]) -> bool:
    """A file of a repository that a publication of these recipes owns, and takes away when it no longer holds it."""
    parts = name.split("/")
    if len(parts) > 1 and parts[0] in recipes:
        parts = parts[1:]
    return parts[0] in PARTS or (
        len(parts) == 1 and parts[0] in ("ATTRIBUTION.md", card.LICENCES, MANIFEST, VERSIONS, README)
    )


def repo_name(name: str) -> str:
    """`ORG/NAME`, as the Hub allows it. Raises ConfigError."""
    if not re.fullmatch(r"[\w][\w.-]{0,95}/[\w][\w.-]{0,95}", name, re.ASCII) or ".." in name or "--" in name:
        raise ConfigError(f"--repo {name!r}: write it as ORG/NAME, letters, digits, - _ . only")
    return name


def known_recipes(recipes: Sequence[str]) -> None:
    """Raises ConfigError for a recipe that there is not."""
    from factory.build import names

    for recipe in recipes:
        if recipe not in names():
            raise ConfigError(f"there is no recipe {recipe!r}. {nearest(recipe, names())}")
