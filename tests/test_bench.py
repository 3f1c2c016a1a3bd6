"""The benchmarks' table, document and picture, from recorded results: nothing is timed here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from benchmarks import measure, run, table
from benchmarks.measure import ABSOLUTE, Benchmark, Measure
from benchmarks.picture import draw

PROJECT = Path(__file__).parents[1]
MACHINE = {"python": "3.11.9", "cores": 2, "load": 0.1}
FEW = {
    "fast": Benchmark(dict, (Measure("a reader", "ratio", "×", 0.9, "its library"),), needs=()),
    "slow": Benchmark(dict, (Measure("an engine", "ratio", "×", 0.95, "a bare loop"),), needs=()),
    "rate": Benchmark(
        dict,
        (
            Measure("all gates", "all.rate", "MB/s", 1, raw="all.raw"),
            Measure("to answer", "seconds", "s", 0.3, "bare Python", most=True),
        ),
        needs=(),
    ),
    "open": Benchmark(dict, (Measure("speech", "ratio", "×", None, "a library", why="a toy"),), needs=()),
    "lost": Benchmark(dict, (Measure("a scan", "ratio", "×", 1.6, "one child"),), needs=("tesseract",)),
    "broken": Benchmark(dict, (Measure("a crash", "ratio", "×", 1, "a peer"),), needs=()),
    "hours": Benchmark(dict, (Measure("a million", "slope", "exponent", 1.1, most=True),), needs=(), long="it takes hours"),
}  # fmt: skip


def _record(**found: Any) -> dict[str, Any]:
    return {"date": "2026-11-30", "commit": "0123abc", "machine": MACHINE, "found": found}


RECORDS = {
    "fast": _record(**measure.compared({"ours": [1.0, 1.1, 1.2], "peer": [2.2, 2.2, 2.0]})),
    "slow": _record(**measure.compared({"ours": [1.0, 1.0, 1.25], "peer": [0.9, 0.9, 1.0]})),
    "rate": _record(all={"rate": 1.5, "raw": [1.0, 2.0, 4.0]}, seconds=0.36),
    "open": _record(ratio=0.6, raw_seconds={"ours": [1.0], "peer": [0.6]}),
    "broken": {"date": "2026-11-30", "failed": "it ended with 1"},
}


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[table.Row]:
    monkeypatch.setitem(measure.LACKING, "tesseract", lambda: "no tesseract")
    return table.rows(FEW, RECORDS)


def test_every_benchmark_says_what_it_promises() -> None:
    """Title, peer, unit and limit; who has no limit says why; needs are known; no title stands twice for one name."""
    for name, one in run.BENCHMARKS.items():
        assert one.measures, name
        assert set(one.needs) <= set(measure.LACKING), name
        assert len({m.title for m in one.measures}) == len(one.measures), name
        for m in one.measures:
            assert all((m.title, m.peer, m.unit, m.value)), name
            assert (m.limit is None) is bool(m.why), name
            assert m.peer != ABSOLUTE or m.unit != table.TIMES, name


def test_figures_are_judged_by_their_limit(rows: list[table.Row]) -> None:
    """At least, at most, none; the spread is of single rounds, the ratio of medians."""
    by = {row.measure.title: row for row in rows}
    assert {title: row.holds for title, row in by.items()} == {
        "a reader": True, "an engine": False, "all gates": True, "to answer": False, "speech": None, "a scan": None,
        "a crash": None, "a million": None,
    }  # fmt: skip
    assert by["a reader"].value == by["a reader"].ratio == pytest.approx(2.0)
    assert by["a reader"].spread == pytest.approx((2.0 / 1.2, 2.2))
    assert by["all gates"].spread == pytest.approx((0.75, 3.0))
    assert by["to answer"].spread is None
    said = table.judged(by["an engine"])
    assert (said["value"], said["limit"], said["limit_is"], said["holds"]) == (pytest.approx(0.9), 0.95, "least", False)


def test_the_document_names_what_missed_and_what_is_missing(rows: list[table.Row]) -> None:
    """Nothing is dropped in silence, whatever the reason."""
    text = table.page(rows, RECORDS)
    cells = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(cells) == 2 + len(rows)
    assert (
        "| an engine (`slow`) | 1 s | a bare loop: 0.9 s | 0.9 × (0.8–0.9) | ≥ 0.95 × | **missed** | 2026-11-30 |"
        in text
    )
    assert "| all gates (`rate`) | 1.5 MB/s (0.75–3) | none: absolute | — | ≥ 1 MB/s | yes | 2026-11-30 |" in text
    missed = text.split("## Missed")[1].split("## Not run")[0]
    assert missed.count("\n- ") == 2
    assert "to answer (`rate`): 0.36 s, promised ≤ 0.3 s; the load was 0.1 on 2 cores when it began." in missed
    absent = text.split("## Not run")[1]
    assert "a scan (`lost`): no tesseract." in absent
    assert "a crash (`broken`): it ended with 1." in absent
    assert "a million (`hours`): it takes hours: only where it is named." in absent
    assert "Of 8 figures 2 keep their limit and 2 miss it; 3 were not measured." in text
    assert "Machine: 2 cores, Python 3.11.9. Code: 0123abc. The load when each began: 0.1 to 0.1.\n" in text
    assert "other work" not in text
    assert "other work" in table.page(rows, RECORDS | {"fast": RECORDS["fast"] | {"machine": MACHINE | {"load": 3.2}}})
    assert "missed" in table.line(next(row for row in rows if row.name == "slow"))


def test_a_result_without_its_figure_is_named() -> None:
    """An older result that has not the key is no figure, and is not taken for one."""
    [row] = table.rows({"fast": FEW["fast"]}, {"fast": _record(share=1)})
    assert (row.value, row.missing) == (None, "its result has no ratio")


def test_the_picture_is_the_same_each_time(rows: list[table.Row], tmp_path: Path) -> None:
    """Deterministic bytes, without a date; figures and labels are text; what has no figure has no bar."""
    for name in ("one.svg", "two.svg"):
        draw(rows, tmp_path / name)
    first = (tmp_path / "one.svg").read_text()
    assert first == (tmp_path / "two.svg").read_text()
    assert "dc:date" not in first
    assert "a reader" in first
    assert "0.9 × — missed: ≥ 0.95 ×" in first
    assert "a scan" not in first
    draw([], tmp_path / "none.svg")


def test_a_run_keeps_earlier_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    """What is not run now stays with its date; what cannot run here says why; a miss and a failure end with 1."""
    monkeypatch.setattr(run, "BENCHMARKS", FEW)
    monkeypatch.setattr(run, "ALL", tmp_path / "results/all.json")
    monkeypatch.setattr(run, "PAGE", tmp_path / "speed.md")
    monkeypatch.setattr(run, "draw", lambda rows: None)
    monkeypatch.setitem(measure.LACKING, "tesseract", lambda: "no tesseract")
    monkeypatch.setattr(run, "measured", lambda name: json.loads(json.dumps(RECORDS[name])))
    assert run.run(["fast", "rate"]) == 1
    assert run.run(["fast"]) == 0
    assert run.run(["lost"]) == 1
    assert "a scan · — · ≥ 1.6 × · not run: no tesseract" in capsys.readouterr().out
    assert run.run(["broken"]) == 1
    kept = json.loads((tmp_path / "results/all.json").read_text())
    assert list(kept) == ["fast", "rate", "broken"]
    assert kept["fast"]["measures"][0]["holds"] is True
    assert kept["fast"]["found"]["raw_seconds"]["ours"] == [1.0, 1.1, 1.2]
    assert "all gates (`rate`) | 1.5 MB/s" in (tmp_path / "speed.md").read_text()


def test_the_document_is_of_the_results_in_the_repository() -> None:
    """`docs/speed.md` says what `all.json` says, which travels along; after a change: python -m benchmarks.run --table"""
    records = json.loads(run.ALL.read_text())
    assert set(records) <= set(run.BENCHMARKS)
    text = run.PAGE.read_text()
    for row in table.rows(run.BENCHMARKS, records):
        if not row.missing:
            cells = (
                table.figure(row),
                table.beside(row),
                table.ratio(row),
                table.promised(row.measure),
                table.verdict(row),
            )
            assert f"| {row.measure.title} (`{row.name}`) | {' | '.join(cells)} | {row.date} |" in text, row.name
    ignored = subprocess.run(["git", "check-ignore", "-q", str(run.ALL)], cwd=PROJECT, check=False).returncode
    assert ignored != 0
