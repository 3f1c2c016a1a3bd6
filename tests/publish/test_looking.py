"""What people look at: the report in a real browser, the card against the data, the page that says how to look."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from factory import card, card_words
from factory.schema import QA_ROW, QUESTION_ROWS, SMC_COLUMNS, SMC_ROW, TEXT_ROW, TRANSLATED_ROW
from tests.command import json_lines, ok, run
from tests.publish.conftest import CANARY, PROJECT
from tests.web.site import Site

HOSTILE = '<script>document.title="taken"</script><img src="{url}/stolen"> &amp; "comillas" \u202e'


def rows_of(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a dataset by config and split, read without the library that wrote the card's numbers."""
    import pyarrow.parquet as pq

    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((folder / "data").rglob("*.parquet")):
        found.setdefault(f"{path.parent.name}/{path.name.split('-')[0]}", []).extend(pq.read_table(path).to_pylist())
    return found


def front_of(readme: str) -> dict[str, Any]:
    return dict(yaml.safe_load(readme.split("---\n")[1]))


@pytest.mark.slow
def test_the_cards_numbers_are_the_datas(built: Path) -> None:
    """Every count in the card, YAML and tables, is what the shards hold; counted here from the rows alone."""
    for recipe in ("natural_es", "medical_es"):
        folder = built / "datasets" / recipe
        readme = (folder / "README.md").read_text()
        front, rows = front_of(readme), rows_of(folder)
        texts = [row for name, part in rows.items() if name.startswith("text/") for row in part]
        for info in front["dataset_info"]:
            for split in info["splits"]:
                assert split["num_examples"] == len(rows[f"{info['config_name']}/{split['name']}"])
            files = [folder / f for c in front["configs"] if c["config_name"] == info["config_name"]
                     for d in c["data_files"] for f in d["path"]]  # fmt: skip
            assert info["download_size"] == sum(file.stat().st_size for file in files)
        words = sum(len(row["text"].split()) for row in texts)
        assert f"{len(texts)} documentos, {words:,}".replace(", ", "¤").replace(",", ".").replace("¤", ", ") in readme
        assert f"{len(texts):,} documents, {words:,} words." in readme
        for head, column in (
            ("licencia", "licence"),
            ("tradición", "tradition"),
            ("fuente", "source_id"),
            ("split", "split"),
        ):
            for name, count in Counter(row[column] for row in texts).items():
                table = readme.split(f"| {head} | ", 1)[1].split("\n\n", 1)[0]
                assert f"| {name} | {count:,} |" in table, (head, name)
        assert front["size_categories"] == ["n<1K"]
        assert set(front["license"]) == {row["licence"].lower() for row in texts}
        manifest = json.loads((folder / "manifest.json").read_text())
        for stage in manifest["stages"]:
            assert re.search(rf"\| {stage['name']} \| {stage['in']:,}.*\| {stage['out']:,} \|", readme)
            for reason, count in stage["rejected"].items():
                assert readme.count(f"{reason} {count:,}") >= 2  # in both languages
        left = manifest["refused"].get("licence_unknown", 0)
        assert left == (2 if recipe == "natural_es" else 0)
        assert readme.count(f"licence_unknown {left}") == 2 * bool(left)
        assert CANARY not in readme
        assert not re.search(r"\{[a-z_]+\}|None\b", readme)


# From the Hub's page on dataset cards (docs/hub/datasets-cards, datasetcard.md); what it refuses or does not know.
KEYS = {
    "pretty_name", "language", "license", "license_name", "license_link", "annotations_creators", "language_creators",
    "multilinguality", "source_datasets", "task_categories", "tags", "size_categories", "configs", "dataset_info",
}  # fmt: skip
TASKS = {"text-generation", "question-answering", "translation", "multiple-choice"}
SIZES = re.compile(r"n<1K|1K<n<10K|10K<n<100K|100K<n<1M|1M<n<10M|10M<n<100M|100M<n<1B|n>1T")


def _is_valid(front: dict[str, Any]) -> None:
    assert set(front) <= KEYS
    assert all(re.fullmatch(r"[a-z]{2,3}", code) for code in front["language"])
    assert set(front["task_categories"]) <= TASKS
    assert all(SIZES.fullmatch(size) for size in front["size_categories"])
    assert all(re.fullmatch(r"[a-z0-9.-]+", name) for name in front["license"])
    if "other" in front["license"]:
        assert re.fullmatch(r"[a-z0-9-.]+", front["license_name"])
        assert front["license_link"] in ("LICENSE", "LICENSE.md")
    names = [one["config_name"] for one in front["configs"]]
    assert len(set(names)) == len(names)
    assert [one.get("default", False) for one in front["configs"]] == [True] + [False] * (len(names) - 1)
    assert [one["config_name"] for one in front["dataset_info"]] == names
    for one in front["configs"]:
        assert {d["split"] for d in one["data_files"]} <= {"train", "validation", "eval"}


@pytest.mark.slow
def test_the_yaml_is_valid_by_the_hubs_rules(built: Path) -> None:
    """Known keys, tasks, sizes and licences; configs and dataset_info name the same; the client accepts it too."""
    from huggingface_hub import DatasetCard

    for recipe in ("natural_es", "medical_es"):
        readme = (built / "datasets" / recipe / "README.md").read_text()
        _is_valid(front_of(readme))
        assert DatasetCard(readme).data.to_dict()["language"] == ["es"]


def test_licences_the_hub_has_no_name_for_are_other() -> None:
    """An SPDX id that the Hub does not know becomes `other` with a name and a link; those it knows are its own."""
    assert card._licence(["CC-BY-4.0", "CC-BY-SA-3.0"]) == {"license": ["cc-by-4.0", "cc-by-sa-3.0"]}
    assert card._licence(["ODbL-1.0", "GFDL-1.3-or-later"]) == {"license": ["gfdl", "odbl"]}
    found = card._licence(["CC-BY-3.0-IGO", "public-domain", "CC-BY-4.0"])
    assert found == {"license": ["cc-by-4.0", "other"], "license_name": "per-row", "license_link": "LICENSE.md"}


def test_features_are_as_the_datasets_library_writes_them() -> None:
    """The columns in the card are those of `datasets`, for every schema that is published."""
    from datasets import Features

    for schema in (TEXT_ROW, TRANSLATED_ROW, QA_ROW, SMC_ROW, *QUESTION_ROWS.values()):
        assert card.features(schema) == Features.from_arrow_schema(schema)._to_yaml_list()


def test_both_languages_say_the_same_numbers() -> None:
    """Each sentence of a card has the same numbers in Spanish and in English; figures are those of measured.toml."""
    from factory.build import recipe_config

    manifest = _manifest()
    config = recipe_config("natural_es_qa")
    spanish, english = ("\n".join(card_words.section(code, config, manifest)) for code in ("es", "en"))
    # As Spain writes them: points between thousands, a comma before decimals, a space before the sign.
    spanish = spanish.replace("\u00a0%", "%")
    numbers = [Counter(re.findall(r"\d+(?:[.,]\d+)*%?", text)) for text in (spanish, english)]
    assert not any(re.search(r"\d,\d{3}|\.\d%", number) for number in numbers[0])
    assert {number.translate({44: 46, 46: 44}): count for number, count in numbers[0].items()} == numbers[1]
    rates = card_words.measured()["questions"]
    assert f"{rates['planted'][0]:,}".replace(",", ".") in spanish


def _manifest() -> dict[str, Any]:
    tallies = ("kinds", "question_types", "evidence_tags", "split", "licence", "tradition", "source_kind", "sources")
    found: dict[str, Any] = {name: {"uno": 11, "dos": 7} for name in tallies}
    found |= {
        "kinds": {"qa": 5, "mcq": 33, "preference": 40},
        "lanes": {"template": 18},
        "prompts": {"m prompt abc": 2},
        "reviewers": {"A": 4},
    }
    found |= {
        "rows": 18,
        "words": 1234,
        "refused": {"licence_unknown": 2},
        "unpublishable_included": False,
        "drafts": 0,
    }
    found |= {"checked_against": ["headqa"], "questions_cut": 3, "personal": {}, "units": {}, "models": {}}
    found |= {
        "length_only_accuracy": 0.52,
        "key_alike_accuracy": 0.27,
        "key_longest_accuracy": 0.3,
        "key_chi_square": 1.5,
    }
    found |= {"files": {"data/qa/train-1.parquet": 5, "data/smc/train-1.parquet": 5}, "sizes": {}}
    found["stages"] = [{"name": "ask", "in": 9, "split": 0, "out": 8, "rejected": {"no_question": 1}}]
    found["items"] = {"in": 9, "accepted": 8, "rejected": {"x": 1}, "failed": {}, "skipped": {}, "pending": {}}
    return found


@pytest.mark.slow
def test_the_seed_projects_columns(built: Path) -> None:
    """The config `smc` holds every text once, in the seed project's eight columns, all of them strings."""
    from datasets import load_dataset

    folder = built / "datasets/natural_es"
    data = load_dataset(str(folder), "smc", cache_dir=str(built.parent / "cache"))
    whole = load_dataset(str(folder), cache_dir=str(built.parent / "cache"))
    for split, part in data.items():
        assert part.column_names == list(SMC_COLUMNS)
        assert part["raw_text"][:] == whole[split]["text"][:]
        assert part["document_id"][:] == whole[split]["doc_id"][:]
        assert set(part["raw_text_type"]) <= {"open_text", "clinic_case", "question"}
        assert set(part["topic_type"]) == {"natural_medicine_topic"}
        assert all(isinstance(value, str) for row in part for value in row.values())


def _browse(page: Path, profile: Path) -> tuple[str, str]:
    """The document as a headless Chromium shows it, and what it wrote of its console."""
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}",
        "--enable-logging=stderr", "--dump-dom",
    ]  # fmt: skip
    done = subprocess.run(["chromium", *flags, page.as_uri()], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.mark.slow
@pytest.mark.chromium
@pytest.mark.survive(4, "hostile titles in the report, in a browser")
def test_the_report_in_a_browser(tmp_path: Path) -> None:
    """Everything is there, no request leaves the page, the console is silent, and hostile titles are text."""
    home = tmp_path / "home"
    with Site() as site:
        title = HOSTILE.replace("{url}", site.url)
        body = "La salvia se usaba en enjuagues, según la fuente citada número {n}. "
        text = "".join(body.format(n=n) for n in range(60))
        table = [
            {"title": title, "text": text, "url": 'https://example.org/?a="><script>1</script>'},
            {"title": f"otra {title}", "text": text + "Y poco más se dice de ella en esa fuente."},
        ]
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in table))
        ok("ingest", tmp_path / "rows.jsonl", "--source", "s", "--kind", "dataset", "--tradition", "natural", "--licence",
           "CC0-1.0", "-q", home=home)  # fmt: skip
        ok("ingest", *sorted((PROJECT / "samples/articles/natural").glob("*.md")), "--source", "b", "--tradition", "natural",
           "--licence", "CC0-1.0", "-q", home=home)  # fmt: skip
        ok("synth-qa", "natural_es_qa", "-q", home=home)
        shown = {}
        for recipe in ("natural_es", "natural_es_qa"):
            shown[recipe], console = _browse(home / f"reports/{recipe}.html", tmp_path / "chromium")
            assert console == ""
        assert site.log == []
        told = shown["natural_es"]
        assert "<title>natural_es</title>" in told
        assert "&lt;script&gt;document.title" in told
        assert "<script" not in told
        assert "<img" not in told
        headings = re.findall(r"<h2>(.*?)</h2>", told)
        for wanted in ("input", "Stage", "Length", "Licences", "Traditions", "Languages", "repeats", "Examples"):
            assert any(wanted in heading for heading in headings), wanted
        assert "near_duplicate" in told or "exact_duplicate" in told
        asked = shown["natural_es_qa"]
        assert "<mark>" in asked
        for wanted in ("Written by", "gates find", "passage", "evidence marked"):
            assert any(wanted in heading for heading in re.findall(r"<h2>(.*?)</h2>", asked)), wanted
        # What is looked for would be seen: a page that asks and complains.
        bad = tmp_path / "bad.html"
        bad.write_text(f'<img src="{site.url}/x"><script>console.error("no")</script>')
        assert "no" in _browse(bad, tmp_path / "chromium")[1]
        assert site.hits("/x") == 1


@pytest.mark.slow
def test_what_the_page_on_looking_shows_runs(built: Path, tmp_path: Path) -> None:
    """Every command and snippet of docs/looking-at-data.md runs on a home, as it stands there."""
    page = (PROJECT / "docs/looking-at-data.md").read_text()
    blocks = re.findall(r"```(bash|python)\n(.*?)```", page, re.DOTALL)
    assert {kind for kind, _ in blocks} == {"bash", "python"}
    first = json.loads(ok("inspect", "natural_es", "--json", "--limit", "1", home=built).splitlines()[0])["doc_id"]
    (tmp_path / "data").symlink_to(built)
    for kind, block in blocks:
        code = block.replace("3f2a9c81", first[:12])
        if kind == "python":
            command = [sys.executable, "-W", "ignore", "-c", code]
            done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120)
            assert done.returncode == 0, code + done.stderr
            assert done.stdout.strip(), code
            continue
        for line in (one.split("  #")[0].strip() for one in code.splitlines()):
            if not line or line.startswith("#"):
                continue
            script = line.replace("xdg-open", "ls").replace("factory ", f"{sys.executable} -m factory ")
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path,
                                  env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(PROJECT), "HF_HUB_OFFLINE": "1"}, timeout=120)  # fmt: skip
            assert done.returncode == 0, script + done.stderr
            assert done.stdout.strip(), script


@pytest.mark.slow
def test_sql_over_the_datasets(built: Path) -> None:
    """Every config is a table with the rows of its shards; a wrong question is a sentence and exit 2."""
    tables = {one["table"]: one["rows"] for one in json_lines(ok("query", "--json", home=built))}
    assert set(tables) == {f"{r}{c}" for r in ("natural_es", "medical_es") for c in ("", "_text", "_smc")}
    asked = json_lines(ok("query", "select licence, count(*) as n from natural_es group by 1", "--json", home=built))
    assert sum(row["n"] for row in asked) == tables["natural_es"] == tables["natural_es_smc"]
    assert "natural" in ok("query", "select tradition, count(*) from natural_es group by 1", home=built)
    done = run("query", "select nothing from nowhere", home=built)
    assert done.returncode == 2
    assert "tables: medical_es" in done.stderr
    assert "Traceback" not in done.stderr
    for sql, said in (
        ("copy natural_es to 'x.parquet'", "only one question"),
        ("select 1; select 2", "only one question"),
        ("select cast(licence as int) from natural_es", "tables: medical_es"),
    ):
        done = run("query", sql, home=built)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), sql
        assert said in done.stderr
    assert "[/b]" in ok("query", "select '[/b]' as x", home=built)
