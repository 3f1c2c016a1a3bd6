"""What we assume of datatrove: when one of these fails, a pattern of ours may go or must change."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest
from datatrove.data import Document
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.readers.base import BaseReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.text import TextNormConfig


def _run(folder: Path, pipeline: list[object]) -> None:
    LocalPipelineExecutor(pipeline, tasks=2, workers=1, logging_dir=str(folder / "logs")).run()


def test_a_reused_logging_folder_skips_other_work(tmp_path: Path) -> None:
    """Markers know the rank only: why a stage's folder carries the hash of its inputs."""
    for name in ("one", "two"):
        _run(tmp_path, [[Document(name, name)], JsonlWriter(str(tmp_path / name), compression=None)])
    assert list((tmp_path / "one").iterdir())
    assert not (tmp_path / "two").exists() or not list((tmp_path / "two").iterdir())


def test_a_step_that_raises_leaves_a_file_under_its_final_name(tmp_path: Path) -> None:
    """Why a folder without a manifest is not there."""

    def broken(data: object, rank: int, world_size: int) -> object:
        yield from data  # type: ignore[misc]
        raise ValueError

    with pytest.raises(ValueError):
        _run(tmp_path, [[Document("a", "a")], JsonlWriter(str(tmp_path / "out"), compression=None), broken])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["00000.jsonl"]


def test_markers_stand_where_we_look(tmp_path: Path) -> None:
    """`completions/00000` under the logging folder, one a rank."""
    _run(tmp_path, [[Document("a", "a")]])
    assert sorted(p.name for p in (tmp_path / "logs/completions").iterdir()) == ["00000", "00001"]


def test_a_list_is_read_whole_by_every_rank(tmp_path: Path) -> None:
    """Why our readers shard by rank."""
    _run(tmp_path, [[Document("a", "a")], JsonlWriter(str(tmp_path / "out"), compression=None)])
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_readers_of_datatrove_drop_empty_text_in_silence() -> None:
    """Why raw items are read by a step of ours."""
    reader = type("R", (BaseReader,), {"run": lambda self, *a: None, "name": "r"})()
    assert reader.get_document_from_dict({"text": "", "id": "1"}, "f", 0) is None


def test_a_filter_hands_its_reason_to_the_writer() -> None:
    """`filter_reason` in the metadata, which names our rejected folders."""

    class Never(BaseFilter):
        name = "n"

        def filter(self, doc: Document) -> tuple[bool, str]:
            return False, "why"

    written: list[Document] = []

    class Writer:
        def __enter__(self) -> Writer:
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, document: Document, rank: int) -> None:
            written.append(document)

    never = Never()
    never.exclusion_writer = Writer()  # type: ignore[assignment]
    assert list(never.run(iter([Document("a", "a")]))) == []
    assert written[0].metadata["filter_reason"] == "why"


def test_minhash_would_fold_doses_by_default() -> None:
    """Two texts that differ only in numbers get one signature: near duplicates must set norm_numbers=False."""
    assert TextNormConfig().norm_numbers is True


def test_the_executor_still_has_the_seams_we_use() -> None:
    """Rank offset, local tasks, and `multiprocess.Manager`, which is why forks die with their worker."""
    parameters = inspect.signature(LocalPipelineExecutor.__init__).parameters
    assert {"local_tasks", "local_rank_offset", "workers", "tasks", "logging_dir"} <= parameters.keys()
    source = ast.unparse(ast.parse(inspect.getsource(inspect.getmodule(LocalPipelineExecutor))))  # type: ignore[arg-type]
    assert "multiprocess.Manager()" in source
