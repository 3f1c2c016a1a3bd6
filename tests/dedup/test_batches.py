"""Which copy of a text stays, within a batch and over batches, and what is written of it."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from datatrove.data import Document

from factory.books import Items, Rejected, Sink
from factory.dedup import index
from factory.dedup.near import Duplicates, Signatures
from factory.errors import StageFailed
from factory.record import Span
from factory.stage import Context
from factory.store import LocalStore
from tests.dedup import clinical
from tests.dedup.test_compare import LEAFLET

OTHER = " ".join(f"La frase número {i} trata de otra planta y no se parece." for i in range(40))


def document(identity: str, text: str = LEAFLET, **metadata: Any) -> Document:
    spans = [Span(start=0, end=len(text), role="body", page=None, start_seconds=None, heading=None)]
    facts = {
        "spans": spans, "item_id": identity.split("-", maxsplit=1)[0], "licence": "CC0-1.0", "source_kind": "text",
        "content_sha256": "".join(text.split()).casefold(), "work_id": identity, "split": "train", "personal": {},
        "language": "es", "title": None, "parallel_titles": [],
    }  # fmt: skip
    return Document(text, identity, metadata=facts | metadata)


def context(store: LocalStore, folder: str, previous: str | None = None, earlier: tuple[str, ...] = ()) -> Context:
    return Context(store.root, "r", "0001", 1, None, folder, previous, earlier)


class Home:
    """A home with one dedup stage a batch."""

    def __init__(self, root: Path) -> None:
        self.store = LocalStore(root)
        self.stages: list[str] = []
        self.kept: dict[str, Document] = {}
        self.dropped: dict[str, dict[str, Any]] = {}

    def batch(self, *documents: Document) -> list[str]:
        """The documents as a new batch; the ids it kept."""
        number = len(self.stages)
        clean, stage = f"clean/{number}", f"dedup/{number}"
        given = sorted(documents, key=lambda d: d.id)
        signed = Signatures(context(self.store, clean)).run(iter(given))
        list(Sink(self.store, clean, Rejected(self.store.path(clean)), Items(clean)).run(signed))
        step = Duplicates(context(self.store, stage, clean, tuple(self.stages)))
        step.exclusion_writer = SimpleNamespace(write=lambda d, rank: self.dropped.__setitem__(d.id, d.metadata))
        kept = step.run(iter(given))
        out = list(Sink(self.store, stage, Rejected(self.store.path(stage)), Items(stage)).run(kept))
        self.stages.append(stage)
        self.kept |= {d.id: d for d in out}
        return [d.id for d in out]

    def homes(self) -> dict[str, str]:
        """Each dropped document and the one it repeats."""
        return {name: row["duplicate_of"] for name, row in self.dropped.items()}


def test_the_best_copy_of_a_text_stays(tmp_path: Path) -> None:
    """Publishable before not, fewer persons, book before article before transcript, then by id."""
    home = Home(tmp_path)
    kept = home.batch(
        document("a-0", licence="unknown", source_kind="pdf"),
        document("b-0", source_kind="youtube"),
        document("c-0", source_kind="article"),
        document("d-0", source_kind="article"),
        document("e-0", text=OTHER),
        document("f-0", source_kind="pdf", personal={"NOMBRE": 2}),
        document("g-0", source_kind="pdf", source_type="clinical"),
    )
    assert kept == ["c-0", "e-0"]
    assert home.homes() == dict.fromkeys(("a-0", "b-0", "d-0", "f-0", "g-0"), "c-0")
    assert {row["filter_reason"] for row in home.dropped.values()} == {"exact_duplicate"}


def test_a_near_copy_names_the_kept_one_and_how_much_of_it_stands_there(tmp_path: Path) -> None:
    """An exact copy of a near copy names the kept one too, not one that is gone."""
    home = Home(tmp_path)
    near = LEAFLET.replace("Paracetamol", "El paracetamol")[: -len(" en su envase original.")]
    assert home.batch(document("a-0"), document("b-0", near), document("c-0", near.upper())) == ["a-0"]
    assert home.homes() == {"b-0": "a-0", "c-0": "a-0"}
    assert home.dropped["b-0"]["filter_reason"] == "near_duplicate"
    assert 0.6 < home.dropped["b-0"]["containment"] <= 1


def test_an_unpublishable_copy_never_drops_a_publishable_one(tmp_path: Path) -> None:
    """Not the complete one the part, not an earlier batch's the new one."""
    part = LEAFLET[: LEAFLET.index("Conservar")]
    assert Home(tmp_path / "a").batch(document("a-0", licence="unknown"), document("b-0", part)) == ["a-0", "b-0"]
    home = Home(tmp_path / "b")
    home.batch(document("a-0", licence="unknown"))
    assert home.batch(document("b-0", part)) == ["b-0"]
    assert home.batch(document("c-0", part + " Fin.")) == []
    assert home.homes() == {"c-0": "b-0"}


def test_a_longer_copy_takes_the_place_of_its_part(tmp_path: Path) -> None:
    """Of two copies as good otherwise the complete one stays, though the part comes first by kind."""
    part = LEAFLET[: LEAFLET.index("En ensayos")]
    longer = LEAFLET + " " + OTHER[:200]
    home = Home(tmp_path)
    assert home.batch(document("a-0", part, source_kind="pdf"), document("b-0", longer)) == ["b-0"]
    assert home.homes() == {"a-0": "b-0"}


def test_what_was_dropped_for_a_part_is_looked_at_again_when_the_whole_comes(tmp_path: Path) -> None:
    """The part's own copy names the whole; it is neither lost nor kept beside it."""
    part = LEAFLET[: LEAFLET.index("En ensayos")]
    home = Home(tmp_path)
    kept = home.batch(
        document("a-0", part, source_kind="pdf"),
        document("b-0", part.replace("Paracetamol", "El paracetamol"), source_kind="pdf"),
        document("c-0", LEAFLET + " " + OTHER[:200]),
    )
    assert kept == ["c-0"]
    assert home.homes() == {"a-0": "c-0", "b-0": "c-0"}


def test_a_later_batch_finds_the_earliers_copy_and_leaves_it(tmp_path: Path) -> None:
    """Exact or near, a later copy repeats the earlier one even if it is better; rows never change under people."""
    home = Home(tmp_path)
    assert home.batch(document("m-0"), document("n-0", OTHER)) == ["m-0", "n-0"]
    assert home.batch(document("a-0", source_kind="pdf"), document("b-0", LEAFLET + " Fin.", source_kind="pdf")) == []
    assert home.homes() == {"a-0": "m-0", "b-0": "m-0"}
    assert [home.dropped[name]["filter_reason"] for name in ("a-0", "b-0")] == ["exact_duplicate", "near_duplicate"]


def test_a_longer_copy_of_a_later_batch_supersedes_the_part_it_holds(tmp_path: Path) -> None:
    """The part is named with the whole it stands in, so that the dataset leaves it out; the whole is kept."""
    home = Home(tmp_path)
    home.batch(document("a-0", LEAFLET[: LEAFLET.index("En ensayos")], source_kind="pdf"))
    assert home.batch(document("b-0", LEAFLET + " " + OTHER[:200])) == ["b-0"]
    found = index.superseded(home.store, home.stages)
    assert {name: pair["superseded_by"] for name, pair in found.items()} == {"a-0": "b-0"}


def test_texts_kept_apart_by_a_dose_share_a_split_and_say_why(tmp_path: Path) -> None:
    """Two leaflets of one text in train and in eval would leak; the pair is written beside the index."""
    home = Home(tmp_path)
    home.batch(document("a-0", split="validation"))
    changed = LEAFLET.replace("500 mg", "50 mg")
    assert home.batch(document("b-0", changed), document("c-0", OTHER, split="eval")) == ["b-0", "c-0"]
    assert home.kept["b-0"].metadata["split"] == "validation"
    assert home.kept["c-0"].metadata["split"] == "eval"
    [pair] = index.apart(home.store, home.stages[-1])
    assert (pair["doc_id"], pair["other"]) == ("b-0", "a-0")
    assert "[50]" in pair["differs"]


def test_one_work_in_two_sizes_meets_through_its_id(tmp_path: Path) -> None:
    """The abstract of an article shares too few shingles with it for any band, but they are one DOI."""
    whole = (
        LEAFLET + " " + " ".join(f"Texto {i} del resto, que habla de la serie {i * 7} y su prueba." for i in range(900))
    )
    home = Home(tmp_path / "a")
    assert home.batch(document("a-0", LEAFLET, work_id="doi:1"), document("b-0", whole, work_id="doi:1")) == ["b-0"]
    home = Home(tmp_path / "b")
    assert home.batch(document("a-0", LEAFLET), document("b-0", whole)) == ["a-0", "b-0"]
    home = Home(tmp_path / "c")
    home.batch(document("b-0", whole, work_id="doi:1"))
    assert home.batch(document("c-0", LEAFLET, work_id="doi:1"), document("d-0", OTHER, work_id="doi:1")) == ["d-0"]


def test_a_spoilt_index_stops_with_a_sentence(tmp_path: Path) -> None:
    """A cut file of an earlier batch is named, and what to do; nothing is compared with half of it."""
    home = Home(tmp_path)
    home.batch(document("a-0"), document("b-0", OTHER))
    file = tmp_path / home.stages[0] / "index/signatures.npy"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(StageFailed, match="not whole"):
        home.batch(document("c-0"))


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.survive(2, "any split into batches finds the same copies")
def test_any_split_into_batches_finds_the_same_copies(data: Path, tmp_path: Path) -> None:
    """Three batches of any split: one of each pair is kept, whichever came first, and clusters are those of one batch."""
    texts = clinical.texts(data)
    chosen = [name for pair in sorted(clinical.pairs(data))[:60] for name in pair]
    whole = Home(tmp_path / "whole")
    whole.batch(*[document(name.replace(":", "") + "-0", texts[name]) for name in chosen])
    expected = {frozenset(pair) for pair in whole.homes().items()}
    for seed in range(3):
        home = Home(tmp_path / str(seed))
        order = random.Random(seed).sample(chosen, len(chosen))
        cuts = sorted(random.Random(seed).sample(range(1, len(order)), 2))
        for part in (order[: cuts[0]], order[cuts[0] : cuts[1]], order[cuts[1] :]):
            home.batch(*[document(name.replace(":", "") + "-0", texts[name]) for name in part])
        found = {frozenset(pair) for pair in home.homes().items()}
        found |= {frozenset((a, b["superseded_by"])) for a, b in index.superseded(home.store, home.stages).items()}
        assert found == expected
        assert len(home.kept) + len(home.dropped) == len(chosen)
