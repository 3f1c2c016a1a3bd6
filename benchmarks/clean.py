"""Speeds of what cleans: duplicates, personal data, decontamination; one core, peer and ours alternating."""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.measure import REPEATS, alternate, compared, data


def clinical() -> list[str]:
    """MEDDOCAN's and E3C's texts: 1,497, of which 700 pairs are the same case."""
    texts = [f.read_text("utf-8") for f in sorted(data().glob("qa/meddocan/*/*.txt"))]
    texts += [f.read_text("utf-8") for f in sorted(data().glob("qa/e3c_es/layer*/*.txt"))]
    return texts + [json.loads(f.read_bytes())["text"] for f in sorted(data().glob("qa/e3c_es/layer*/*.json"))]


def _documents(texts: list[str], first: int = 0) -> list[Any]:
    from datatrove.data import Document

    from factory.record import Paragraph, assemble, sha256

    found = []
    for number, text in enumerate(texts, first):
        body, spans = assemble([Paragraph(line) for line in text.split("\n")])
        name = f"{number:024d}-0"
        metadata = {
            "spans": spans, "item_id": name[:24], "licence": "CC0-1.0", "source_kind": "text", "work_id": name,
            "content_sha256": sha256(body), "split": "train", "personal": {}, "language": "es", "title": None,
        }  # fmt: skip
        found.append(Document(body, name, metadata=metadata))
    return found


class Home:
    """A folder with a clean and a dedup stage a batch, run by our steps in this process."""

    def __init__(self, root: Path) -> None:
        from factory.store import LocalStore

        self.store = LocalStore(root)
        self.stages: list[str] = []
        self.dropped = 0

    def batch(self, documents: list[Any]) -> int:
        """The documents as a new batch; how many it kept."""
        from factory.books import Items, ReadStage, Rejected, Sink
        from factory.dedup.near import Duplicates, Signatures
        from factory.stage import Context

        number = len(self.stages)
        clean, stage = f"clean/{number}", f"dedup/{number}"

        def context(folder: str, previous: str | None = None, earlier: tuple[str, ...] = ()) -> Context:
            return Context(self.store.root, "r", "0001", 1, None, folder, previous, earlier)

        def sink(folder: str) -> Sink:
            return Sink(self.store, folder, Rejected(self.store.path(folder)), Items(folder))

        for _ in sink(clean).run(Signatures(context(clean)).run(iter(documents))):
            pass
        step = Duplicates(context(stage, clean, tuple(self.stages)))
        step.exclusion_writer = SimpleNamespace(write=lambda *_: None)
        kept = sum(1 for _ in sink(stage).run(step.run(ReadStage(self.store, clean).run())))
        self.stages.append(stage)
        return kept


def dedup_signatures() -> dict[str, Any]:
    """Our signatures (126 permutations) against datatrove's signature stage (14 × 8), texts a second of one core."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig

    from factory.dedup.signatures import signatures

    texts = clinical()[:300]
    documents = [Document(text, str(i)) for i, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:

        def peer() -> None:
            config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, norm_config=_kept_numbers())
            MinhashDedupSignature(f"{folder}/s", config=config, language="spa").run(iter(documents), 0, 1)

        raw = alternate(lambda: list(signatures(texts)), peer)
    rate = len(texts) / statistics.median(raw["ours"])
    return {"texts": len(texts), "texts_per_second": rate} | compared(raw)


def _kept_numbers() -> Any:
    from datatrove.utils.text import TextNormConfig

    return TextNormConfig(norm_numbers=False)


def dedup_whole() -> dict[str, Any]:
    """Our two stages, files read and written, against datatrove's four, on the same texts."""
    texts = clinical()
    documents = _documents(texts)
    kept: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "in").mkdir()
        lines = (json.dumps({"id": d.id, "text": d.text}) for d in documents)
        (root / "in/texts.jsonl").write_text("\n".join(lines), "utf-8")

        def ours() -> None:
            shutil.rmtree(root / "ours", ignore_errors=True)
            kept["ours"] = Home(root / "ours").batch(documents)

        def peer() -> None:
            shutil.rmtree(root / "peer", ignore_errors=True)
            kept["peer"] = _datatrove(root)

        raw = alternate(ours, peer)
    return {"texts": len(texts), "kept": kept} | compared(raw)


def _datatrove(root: Path) -> int:
    """The texts kept by datatrove's signature, bucket, cluster and filter stages."""
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8, norm_config=_kept_numbers())
    place = str(root / "peer")
    MinhashDedupSignature(f"{place}/s", config=config, language="spa").run(JsonlReader(str(root / "in")).run(), 0, 1)
    for bucket in range(config.num_buckets):
        MinhashDedupBuckets(f"{place}/s", f"{place}/b", config=config).run(None, bucket, config.num_buckets)
    MinhashDedupCluster(f"{place}/b", f"{place}/r", config=config).run(None, 0, 1)
    kept = MinhashDedupFilter(f"{place}/r").run(JsonlReader(str(root / "in")).run(), 0, 1)
    return sum(1 for _ in JsonlWriter(f"{place}/out").run(kept, 0, 1))


def incremental() -> dict[str, Any]:
    """Adding 1,000 texts to 100,000 against building the 100,000, seconds of one core."""
    sentences = [s for text in clinical() for s in text.replace("\n", " ").split(". ") if 6 <= len(s.split()) <= 40]

    def text(number: int) -> str:
        # Real sentences in an order that no other text has; every tenth is a near copy of the one before.
        rng = random.Random(number - 1 if number % 10 == 9 else number)
        return ". ".join(rng.choices(sentences, k=18)) + (". Fin." if number % 10 == 9 else ".")

    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        start = time.perf_counter()
        kept = home.batch(_documents([text(n) for n in range(100_000)]))
        whole = time.perf_counter() - start
        added = []
        for repeat in range(REPEATS):
            documents = _documents([text(n) for n in range(200_000 + repeat * 1000, 201_000 + repeat * 1000)], 10**6)
            start = time.perf_counter()
            home.batch(documents)
            added.append(time.perf_counter() - start)
            home.stages.pop()
    share = statistics.median(added) / whole
    return {"texts": 100_000, "kept": kept, "seconds": whole, "added_seconds": added, "share": share}


def _rate(name: str, call: Callable[[], Any], size: int) -> dict[str, Any]:
    raw = []
    for number in range(REPEATS + 1):
        start = time.process_time()
        call()
        if number:
            raw.append(time.process_time() - start)
    return {
        "measured": name,
        "megabytes_per_second": size / 1e6 / statistics.median(raw),
        "raw_seconds": raw,
    }


def personal() -> dict[str, Any]:
    """`scrub` over clinical texts and web pages, MB of UTF-8 a second of one core, profile by profile."""
    from factory.personal import scrub

    pages = [f.read_text("utf-8") for f in sorted(data().glob("html/nci_pdq/es/*.gold.txt"))]
    texts = clinical()
    found: dict[str, Any] = {}
    for profile, given in (("article", pages), ("clinical", texts)):
        size = sum(len(t.encode()) for t in given)
        found[profile] = _rate(profile, lambda p=profile, g=given: [scrub(t, p) for t in g], size)
    return found


def decontaminate() -> dict[str, Any]:
    """Clinical texts and web pages against HEAD-QA train and dev, MB of UTF-8 a second of one core."""
    from factory.decontaminate import Finder, build
    from factory.exams import items_of

    files = sorted(data().glob("qa/head_qa/es/*.json"))
    finder = Finder(build(item for file in files for item in items_of(str(file))))
    texts = clinical() + [f.read_text("utf-8") for f in sorted(data().glob("html/nci_pdq/es/*.gold.txt"))]
    size = sum(len(t.encode()) for t in texts)
    return _rate("find", lambda: [finder.find(texts[at : at + 32]) for at in range(0, len(texts), 32)], size)
