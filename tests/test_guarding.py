"""What people see of duplicates, licences and personal data on the command line and in a notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import factory
from tests.command import PROSE, json_lines, ok, run
from tests.dedup.test_compare import LEAFLET

NOTE = "Paciente: Juan Pérez Ruiz\nTel.: 612 345 678\nFecha de ingreso: 03/02/2019\nSe pautan 500 mg/8 h. TA 120/80 mmHg.\n"
CASE = (
    "La enferma refiere dolor en la rodilla desde hace meses, peor al bajar escaleras. En la exploración hay derrame leve y "
    "buena movilidad. La radiografía muestra pinzamiento del compartimento interno. Se aconseja perder peso, caminar en "
    "llano y volver si aparece fiebre o la articulación se bloquea. No se indica cirugía por ahora."
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a near copy, one kept apart by a dose, clinical notes without and with a reviewer, and a closed licence."""
    folder = tmp_path_factory.mktemp("guard")
    texts = {
        "uno.md": LEAFLET,
        "dos.md": LEAFLET.replace("500 mg", "500mg").replace("su médico", "tu médico")
        + "<|im_end|> Fin del prospecto.",
        "tres.md": LEAFLET.replace("500 mg cada 8", "50 mg cada 8"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "clinico.txt").write_text(NOTE + PROSE, "utf-8")
    (folder / "revisado.txt").write_text(NOTE + CASE, "utf-8")
    rows = [f"{LEAFLET[:200]} {word} " * 3 for word in ("uno", "dos")]
    (folder / "cerrado.jsonl").write_text(
        "\n".join(json.dumps({"text": t, "license": "CC-BY-NC-4.0"}) for t in rows), "utf-8"
    )
    toml = ""
    for name, kind, more in (
        ("uno", "text", ""), ("dos", "text", ""), ("tres", "text", ""), ("clinico", "text", 'source_type = "clinical"\n'),
        ("revisado", "text", 'source_type = "clinical"\nreviewed_by = "Dra. Gil"\n'), ("cerrado", "dataset", ""),
    ):  # fmt: skip
        file = next(folder.glob(f"{name}.*")).name
        toml += f'[[source]]\nid = "{name}"\nkind = "{kind}"\npath = "{file}"\nlanguage = "es"\ntradition = "conventional"\n'
        toml += f'licence = "CC-BY-4.0"\n{more}\n'
    (folder / "sources.toml").write_text(toml.replace('cerrado.jsonl"\n', 'cerrado.jsonl"\n'), "utf-8")
    place = folder / "home"
    ok("ingest", folder / "sources.toml", home=place)
    ok("build", "medical_es", "--sources", folder / "sources.toml", home=place)
    return place


def test_duplicates_are_shown_side_by_side_with_the_differing_words(home: Path) -> None:
    """The kept and the dropped text, what differs, and the pair that a dose keeps apart with the reason."""
    found = json_lines(ok("inspect", "medical_es", "--duplicates", "--json", home=home))
    cluster = next(one for one in found if not one["kept_apart_because"] and one["kept"]["source_id"] == "dos")
    member = next(m for m in cluster["members"] if m["source_id"] == "uno")
    assert ("tu", "su") in [(c["kept"], c["other"]) for c in member["changes"]]
    assert member["reason"] == "near_duplicate"
    apart = [one for one in found if one["kept_apart_because"]]
    assert any("[500]" in one["kept_apart_because"] or "[50]" in one["kept_apart_because"] for one in apart)
    said = ok("inspect", "medical_es", "--duplicates", home=home)
    assert "[su]" in said
    assert "both kept" in said
    whole = cluster["kept"]["id"]
    assert json_lines(ok("inspect", "medical_es", whole, "--duplicates", "--json", home=home))[0]["kept"]["id"] == whole


def test_every_refused_row_is_explained_by_source(home: Path) -> None:
    """Yes or no, the reason, what to do, and whom to credit."""
    found = {row["source"]: row for row in json_lines(ok("licences", "medical_es", "--json", home=home))}
    assert found["clinico"]["refused"] == "clinical_not_reviewed"
    assert "reviewed_by" in found["clinico"]["remedy"]
    assert found["revisado"]["publishable"]
    assert found["revisado"]["asks"] == ["credit"]
    said = ok("licences", "medical_es", home=home)
    assert "may not" in said.splitlines()[-1]


def test_clinical_rows_are_published_scrubbed_and_only_when_reviewed(home: Path) -> None:
    """No name, phone or date of the note is in the dataset; the doses are."""
    texts = " ".join(
        row["text"] for row in json_lines(ok("inspect", "medical_es", "--json", "--limit", "99", home=home))
    )
    published = (home / "datasets/medical_es/README.md").read_text("utf-8")
    for secret in ("Juan", "Pérez", "612 345 678", "03/02/2019"):
        assert secret not in texts
    assert "[TELEFONO_1]" in texts
    assert "500 mg/8 h" in texts
    assert "<|im_end|>" not in texts
    assert "Fin del prospecto." in texts
    assert "TELEFONO 1" in published
    rows = factory.load("medical_es", str(home))
    sources = {source for split in rows.values() for source in split["source_id"]}
    assert "revisado" in sources
    assert "clinico" not in sources


def test_scrub_prints_the_text_or_what_it_found(tmp_path: Path) -> None:
    """Files and standard input, the list of what was found, and counts on the other stream."""
    (tmp_path / "nota.txt").write_text(NOTE, "utf-8")
    done = run("scrub", tmp_path / "nota.txt", "--profile", "clinical")
    assert "Juan" not in done.stdout
    assert "500 mg/8 h. TA 120/80 mmHg" in done.stdout
    assert "TELEFONO 1" in done.stderr
    assert "[TELEFONO_1]\t612 345 678" in ok("scrub", tmp_path / "nota.txt", "--profile", "clinical", "--found")
    assert "03/02/2019" in ok("scrub", tmp_path / "nota.txt")
    assert run("scrub", tmp_path / "none.txt").returncode == 2
    assert factory.scrub(NOTE, "clinical") == done.stdout.removesuffix("\n")
    with pytest.raises(ValueError, match="no profile"):
        factory.scrub(NOTE, "clínico")


def test_a_step_scrubs_rows(tmp_path: Path) -> None:
    """The same rules over JSON lines, with counts by type; a wrong profile is named."""
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": "1", "text": NOTE}), "utf-8")
    ok("step", "personal", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--set", "profile=clinical")
    [row] = json_lines((tmp_path / "out.jsonl").read_text("utf-8"))
    assert row["text"] == factory.scrub(NOTE, "clinical")
    assert row["personal"]["TELEFONO"] == 1
    wrong = run("step", "personal", tmp_path / "in.jsonl", "-", "--set", "profile=clincal")
    assert wrong.returncode == 2
    assert "Did you mean 'clinical'" in wrong.stderr


@pytest.mark.slow
def test_a_later_whole_takes_the_place_of_an_earlier_part(tmp_path: Path) -> None:
    """Two batches: the dataset holds the whole, the part is among the dropped, the books balance, the log names both."""
    place = tmp_path / "home"
    part = LEAFLET[: LEAFLET.index("Disuelva")]
    (tmp_path / "parte.md").write_text(part, "utf-8")
    (tmp_path / "otro.md").write_text(PROSE, "utf-8")
    (tmp_path / "entero.md").write_text(LEAFLET + " " + CASE, "utf-8")
    ask = ("--source", "s", "--tradition", "conventional", "--licence", "CC-BY-4.0")
    quick = ("--set", "clean.quality.article.min_words=20")
    ok("ingest", tmp_path / "parte.md", tmp_path / "otro.md", *ask, home=place)
    assert json.loads(ok("build", "medical_es", "--json", *quick, home=place))["rows"] == 2
    ok("ingest", tmp_path / "entero.md", *ask, home=place)
    done = json.loads(ok("build", "medical_es", "--json", *quick, home=place))
    assert done["rows"] == 2
    assert (done["items"]["in"], done["items"]["accepted"], done["items"]["rejected"]) == (3, 2, {"near_duplicate": 1})
    rows = factory.load("medical_es", str(place))["train"]
    assert not any(row["text"] == part.strip() for row in rows)
    log = "".join(p.read_text("utf-8") for p in place.glob("datasets/medical_es/duplicates/*.tsv"))
    [pair] = [line.split("\t") for line in log.splitlines() if "near_duplicate" in line]
    assert pair[1] in set(rows["doc_id"])
    [dropped] = json_lines(ok("inspect", "medical_es", "--dropped", "near_duplicate", "--json", home=place))
    assert (dropped["id"], dropped["metadata"]["duplicate_of"]) == (pair[0], pair[1])
    assert len(json_lines(ok("inspect", "medical_es", "--json", home=place))) == 2
    assert json_lines(ok("inspect", "medical_es", "--duplicates", "--json", home=place))[0]["kept"]["id"] == pair[1]
    assert json_lines(ok("licences", "medical_es", "--json", home=place))[0]["documents"] == 2
