"""Final stages → a Hugging Face dataset on disk.

Shards belong to a batch and its stage hash and are never rewritten for a new batch; README.md names every
shard, so what `load_dataset` sees changes at once; `manifest.json` comes last.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from factory import attribution, card, reviews
from factory.asked import Asked, prompt_of, statistics_of
from factory.books import documents, ids, opened
from factory.config import Recipe
from factory.licence import DRAFT, question_refused
from factory.licence import refused as refusal_of
from factory.published import gone as superseded
from factory.questions.published import published
from factory.questions_of import question_row
from factory.record import Split, sha256
from factory.schema import QA_ROW, QUESTION_ROWS, SMC_ROW, TEXT_COLUMNS, TEXT_ROW, TRANSLATED_ROW
from factory.smc import SMC, of_question, of_text
from factory.store import MANIFEST, TEMPORARY, LocalStore, Store, digest, home_error, read_json, sync_folder, write_json

TEXT, QUESTIONS = "text", "qa"
ATTRIBUTION = "ATTRIBUTION.md"
PARTS = ("data", "attribution", "duplicates")
SPLITS: tuple[Split, ...] = ("train", "validation", "eval")
_ROWS_PER_GROUP = 256
# Raised when the shards of a batch hold something else than before for the same rows.
_FORMAT = 2


def text_row(row: dict[str, Any]) -> dict[str, Any]:
    """The published row of a Document."""
    found = {name: row["doc_id"] if name == "id" else row[name] for name in TEXT_COLUMNS}
    return (
        found | {name: row[name] for name in ("attribution", "translation", "units")} if row["translation"] else found
    )


def schemas(config: Recipe) -> dict[str, pa.Schema]:
    """The configs of a recipe's dataset and the columns of each; the first is the default."""
    if config.questions is not None:
        found: dict[str, pa.Schema] = {kind: QUESTION_ROWS[kind] for kind in config.questions.kinds}
    elif config.translate is None:
        found = {TEXT: TEXT_ROW}
    else:
        found = {TEXT: TRANSLATED_ROW, QUESTIONS: QA_ROW}
    return found | {SMC: SMC_ROW} if config.export.smc and found.keys() & {TEXT, QUESTIONS} else found


class Shards:
    """Writes the rows of one batch and config as numbered shards per split, each whole or absent."""

    def __init__(
        self, store: Store, target: str, config: str, schema: pa.Schema, stem: str, rows_per_shard: int
    ) -> None:
        self._store, self._target, self._stem = store, target, stem
        self._config, self._schema = config, schema
        self._limit = rows_per_shard
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._open: dict[str, tuple[pq.ParquetWriter, str | IO[bytes], str]] = {}
        self._number: Counter[str] = Counter()
        self._filled: Counter[str] = Counter()
        self.files: dict[str, int] = {}
        self.sizes: dict[str, list[int]] = {}

    def add(self, split: str, row: dict[str, Any]) -> None:
        self._rows.setdefault(split, []).append(row)
        if len(self._rows[split]) >= min(_ROWS_PER_GROUP, self._limit):
            self._flush(split)
        if self._filled[split] >= self._limit:
            self._close(split)

    def close(self) -> None:
        for split in list(self._rows):
            self._flush(split)
            self._close(split)

    def _flush(self, split: str) -> None:
        rows = self._rows.pop(split, [])
        if not rows:
            return
        if split not in self._open:
            self._open[split] = self._begin(split)
        self._open[split][0].write_table(pa.Table.from_pylist(rows, self._schema))
        self._filled[split] += len(rows)

    def _begin(self, split: str) -> tuple[pq.ParquetWriter, str | IO[bytes], str]:
        """The writer of a shard; where it goes until it is whole: a temporary file, or an upload that its end makes."""
        key = f"data/{self._config}/{split}-{self._stem}-{self._number[split]:05d}.parquet"
        self._number[split] += 1
        whole = self._store.path(f"{self._target}/{key}")
        if not isinstance(self._store, LocalStore):
            import fsspec

            upload = fsspec.open(whole, "wb").open()
            return pq.ParquetWriter(upload, self._schema, compression="zstd"), upload, key
        folder, name = os.path.split(whole)
        os.makedirs(folder, exist_ok=True)
        part = f"{folder}/{TEMPORARY}{name}"
        return pq.ParquetWriter(part, self._schema, compression="zstd"), part, key

    def _close(self, split: str) -> None:
        if split not in self._open:
            return
        writer, part, key = self._open.pop(split)
        writer.close()
        self.files[key] = self._filled.pop(split)
        if not isinstance(part, str):
            part.close()
        else:
            whole = self._store.path(f"{self._target}/{key}")
            with open(part, "rb") as file:
                os.fsync(file.fileno())
            os.replace(part, whole)
            sync_folder(os.path.dirname(whole))
        self.sizes[key] = self._sizes(key)

    def _sizes(self, key: str) -> list[int]:
        """Bytes of a shard as it lies there, and of its columns before compression."""
        where = f"{self._target}/{key}"
        with opened(self._store, where) as file:
            groups = (file.metadata.row_group(number) for number in range(file.num_row_groups))
            return [self._store.size(where), sum(group.total_byte_size for group in groups)]


def export(
    store: Store,
    recipe: str,
    config: Recipe,
    finals: list[tuple[str, str]],
    target: str,
    *,
    reduced: list[str],
    story: Mapping[str, Any] | None = None,
    include_unpublishable: bool = False,
    drafts: bool = False,
) -> dict[str, Any]:
    """The dataset under `target` holds exactly the rows of the final stages that may be published.

    `reduced`: of each batch the stage that says what repeats what, and which rows of earlier batches gave way.
    `story`: what the build says of its stages and items, for the card. `drafts`: machine drafts are kept, and the
    dataset is marked as one that is never published. Returns its manifest.
    Raises HomeError when the storage refuses.
    """
    old = read_json(store, f"{target}/{MANIFEST}") or {"batches": {}}
    found: dict[str, Any] = {}
    gone = superseded(store, reduced)
    released = reviews.released(store, recipe)
    for (batch, folder), duplicates in zip(finals, reduced, strict=True):
        # A shard is written again only where a later batch brought a better copy of one of its own rows.
        own = sorted(gone.keys() & set(ids(store, folder))) if gone else []
        # A stage that was run again keeps its folder: what stands in it is told by its manifest.
        within = sha256(store.read(f"{folder}/{MANIFEST}") or b"")
        parts = [_FORMAT, within, include_unpublishable, drafts, config.export.model_dump(mode="json"), own]
        key = digest([*parts, released] if released else parts)[:8]
        before = old["batches"].get(batch)
        if before and before["key"] == key and all(store.has(f"{target}/{f}") for f in _files(before)):
            found[batch] = before
        else:
            try:
                stem = f"{batch}-{key}"
                kept = (include_unpublishable, drafts)
                found[batch] = _export_batch(store, config, folder, duplicates, target, stem, kept, gone, released)
            except OSError as error:
                raise home_error(error, store.path(target)) from error
            found[batch]["key"] = key
    manifest = _manifest(recipe, found, include_unpublishable)
    manifest |= {name: story[name] for name in ("stages", "items")} if story else {}
    manifest["checked_against"] = [n.rsplit("-", 1)[0] for n in store.names("decontamination") if n.endswith(".npz")]
    if not manifest["files"]:
        name, schema = next(iter(schemas(config).items()))
        empty = f"data/{name}/train-empty.parquet"
        sink = pa.BufferOutputStream()
        pq.ParquetWriter(sink, schema, compression="zstd").close()
        store.write(f"{target}/{empty}", sink.getvalue().to_pybytes())
        manifest["files"] = {empty: 0}
    pages = {
        ATTRIBUTION: attribution.page(recipe, (row for one in found.values() for row in one["credits"])),
        card.LICENCES: card.licences(recipe, list(manifest["licence"])),
        "README.md": card.write(config, manifest),
    }
    for name, text in pages.items():
        if store.read(f"{target}/{name}") != text.encode():
            store.write(f"{target}/{name}", text.encode())
    if manifest != old:
        write_json(store, f"{target}/{MANIFEST}", manifest)
    _sweep(store, target, {name for one in found.values() for name in _files(one)} | set(manifest["files"]))
    return manifest


def _files(batch: dict[str, Any]) -> list[str]:
    """Every file that belongs to a batch: its shards and sidecars."""
    return [*batch["files"], *batch["sidecars"]]


def _export_batch(
    store: Store,
    config: Recipe,
    folder: str,
    reduced: str,
    target: str,
    stem: str,
    kept: tuple[bool, bool],
    gone: dict[str, dict[str, Any]],
    released: dict[str, str],
) -> dict[str, Any]:
    include_unpublishable, drafts = kept
    shards = {
        name: Shards(store, target, name, schema, stem, config.export.rows_per_shard)
        for name, schema in schemas(config).items()
    }
    tallies: dict[str, Counter[str]] = {name: Counter() for name in ("licence", "tradition", "source_kind", "split")}
    units: Counter[str] = Counter()
    models: Counter[str] = Counter()
    prompts: Counter[str] = Counter()
    drafted = 0
    refused: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    personal: Counter[str] = Counter()
    cut = 0
    words = 0
    asked = Asked()
    credited = attribution.Credits()
    for row in documents(store, folder):
        if row["doc_id"] in gone:
            continue
        why = refusal_of(row)
        if why is None and row["licence"] in config.export.licence_refused:
            why = "licence_refused_by_recipe"
        if config.questions is not None:
            left = _questions(row, why, shards, kept, asked, refused, released)
            words += left.words
            if left.rows:
                for name, tally in tallies.items():
                    tally[row[name] or "unknown"] += left.rows
                drafted += left.rows * (why == DRAFT)
                sources[row["source_id"]] += left.rows
                credited.add(row)
            continue
        if why is not None and not (drafts and why == DRAFT):
            refused[why] += 1
            if not include_unpublishable:
                continue
        drafted += why == DRAFT
        for name, tally in tallies.items():
            tally[row[name] or "unknown"] += 1
        credited.add(row)
        personal.update(dict(row["personal"] or []))
        cut += sum(note.startswith("contaminated:") for note in row["notes"])
        sources[row["source_id"]] += 1
        words += len(row["text"].split())
        if row["translation"]:
            models[f"{row['translation']['model']} ({row['translation']['tier']})"] += 1
            prompts[prompt_of(row["translation"])] += 1
            units.update(f"failed:{u['gate']}" if u["gate"] else f"accepted:{u['how']}" for u in row["units"])
        if row["form"] is not None and QUESTIONS in shards:
            asked_of = question_row(row)
            shards[QUESTIONS].add(row["split"], asked_of)
            view = of_question(row, asked_of["question"], asked_of["answer"] or "", row["doc_id"])
        else:
            shards[TEXT].add(row["split"], text_row(row))
            view = of_text(row)
        if SMC in shards:
            shards[SMC].add(row["split"], view)
    for one in shards.values():
        one.close()
    files = {name: count for one in shards.values() for name, count in one.files.items()}
    found: dict[str, Any] = {name: dict(sorted(tally.items())) for name, tally in tallies.items()}
    sidecars = {f"attribution/{stem}.tsv": credited.data()}
    if config.questions is None:
        found["prompts"] = dict(sorted(prompts.items()))
        log = attribution.duplicates(store, reduced, gone, include_unpublishable=include_unpublishable)
        sidecars[f"duplicates/{stem}.tsv"] = log
    else:
        found |= asked.table()
    for name, data in sidecars.items():
        store.write(f"{target}/{name}", data)
    return found | {
        "files": dict(sorted(files.items())),
        "sizes": dict(sorted((name, size) for one in shards.values() for name, size in one.sizes.items())),
        "models": dict(sorted(models.items())),
        "units": dict(sorted(units.items())),
        "drafts": drafted,
        "sidecars": sorted(sidecars),
        "credits": credited.sources(),
        "personal": dict(sorted(personal.items())),
        "questions_cut": cut,
        "refused": dict(sorted(refused.items())),
        "sources": dict(sorted(sources.items())),
        "words": words,
        "rows": sum(count for name, count in files.items() if not name.startswith(f"data/{SMC}/")),
    }


class Left(NamedTuple):
    """How many rows of a Document left, and their words."""

    rows: int
    words: int


def _questions(
    row: dict[str, Any],
    why: str | None,
    shards: dict[str, Shards],
    kept: tuple[bool, bool],
    asked: Asked,
    refused: Counter[str],
    released: dict[str, str],
) -> Left:
    """The accepted questions of a Document are in their shards, unless a licence or a model's terms refuse them."""
    include_unpublishable, drafts = kept
    count = words = 0
    for question, made in published(row, released):
        refusal = why or question_refused(question)
        if refusal is not None and not (drafts and refusal == DRAFT):
            refused[refusal] += 1
            if not include_unpublishable:
                continue
        if question["kind"] not in shards:
            continue
        shards[question["kind"]].add(row["split"], made)
        if question["kind"] == QUESTIONS and SMC in shards:
            view = of_question(row, question["question"], question["answer"], question["id"])
            shards[SMC].add(row["split"], view)
        asked.add(question, released.get(question["id"]))
        count += 1
        words += len(question["question"].split()) + len(question["answer"].split())
    return Left(count, words)


def _manifest(recipe: str, found: dict[str, Any], include_unpublishable: bool) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for name in (
        "licence",
        "tradition",
        "source_kind",
        "split",
        "refused",
        "sources",
        "files",
        "personal",
        "models",
        "prompts",
        "units",
    ):
        tally: Counter[str] = Counter()
        for one in found.values():
            tally.update(one[name])
        total[name] = dict(sorted(tally.items()))
    total |= statistics_of(list(found.values()))
    total["sizes"] = {name: size for one in found.values() for name, size in sorted(one["sizes"].items())}
    return total | {
        "recipe": recipe,
        "rows": sum(one["rows"] for one in found.values()),
        "words": sum(one["words"] for one in found.values()),
        "questions_cut": sum(one["questions_cut"] for one in found.values()),
        "drafts": sum(one["drafts"] for one in found.values()),
        "unpublishable_included": include_unpublishable and bool(total["refused"]),
        "batches": found,
    }


def _sweep(store: Store, target: str, keep: set[str]) -> None:
    """Shards and sidecars that no manifest names, and temporary files, are gone."""
    for part in PARTS:
        for key in list(store.walk(f"{target}/{part}")):
            if key[len(target) + 1 :] not in keep:
                store.remove(key)


def copy(store: Store, target: str, folder: str) -> Iterator[str]:
    """The dataset stands in a folder of the user's, README.md last; yields each file as it is there."""
    from factory.store import open_store

    other = open_store(folder)
    names = [key[len(target) + 1 :] for key in store.walk(target)]
    wanted = set(names)
    for name in [
        *[n for n in names if n.startswith(tuple(f"{p}/" for p in PARTS))],
        ATTRIBUTION,
        card.LICENCES,
        MANIFEST,
        "README.md",
    ]:
        data = store.read(f"{target}/{name}") or b""
        if other.read(name) != data:
            other.write(name, data)
        yield name
    for key in [key for part in PARTS for key in other.walk(part)]:
        if key not in wanted and key.endswith((".parquet", ".tsv")):
            other.remove(key)
