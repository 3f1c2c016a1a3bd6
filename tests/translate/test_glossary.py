"""Terms from the user's files, and the memory of earlier translations."""

from __future__ import annotations

from pathlib import Path

import pytest

from factory.errors import ConfigError
from factory.translate.glossary import Glossary, Term, terms_in
from factory.translate.memory import Memory, pairs_in


def test_the_forms_of_a_glossary() -> None:
    """The design's TSV with variants, TICO-19's CSV, other languages left out."""
    design = b"en\tes\tes_variants\tsource\tlicence\nhot flashes\tsofocos\tbochornos | calores\tX\tCC0\n"
    assert terms_in(design, "a") == [Term("hot flashes", "sofocos", ("bochornos", "calores"))]
    tico = b"stringID,sourceLang,targetLang,pos,description,sourceString,targetString\n1,en,es-419,adj,,contagious,contagioso\n2,es-419,en,,,fiebre,fever\n"
    assert terms_in(tico, "b") == [Term("contagious", "contagioso")]
    both = b"cdr_id\ten\tes\ten_variants\tes_variants\n1\tseeds\tsemillas\tradioactive seeds\t\n"
    assert [term.english for term in terms_in(both, "c")] == ["seeds", "radioactive seeds"]
    for bad in (b"", b"a\tb\n1\t2\n", b"en\tes\n"):
        with pytest.raises(ConfigError):
            terms_in(bad, "bad.tsv")


@pytest.mark.data
def test_the_shared_glossaries_are_read(data: Path) -> None:
    """Every file of the shared data that has English and Spanish."""
    sizes = {
        p.name: len(terms_in(p.read_bytes(), p.name)) for p in sorted((data / "parallel/glossaries").glob("*_en*es*"))
    }
    assert sizes["nci_pdq_terms_en_es.tsv"] > 1000
    assert sizes["tico19_f_en-es_XX.csv"] > 300  # the other half is Spanish to English
    assert sizes["tico19_g_en_es-419.csv"] > 300


GLOSSARY = Glossary(
    [
        Term("breast cancer", "cáncer de mama", ("cáncer de seno",)),
        Term("cancer", "cáncer"),
        Term("hot flash", "sofoco"),
        Term("side effect", "efecto adverso", ("efecto secundario",)),
    ]
)


def test_the_longest_term_is_found() -> None:
    """At each place the longest; each once; plurals too; nothing inside a word."""
    text = "Breast cancer causes hot flashes and side effects; cancer of the breast is a cancer."
    assert [term.english for term in GLOSSARY.found_in(text)] == ["breast cancer", "hot flash", "side effect", "cancer"]
    assert GLOSSARY.found_in("Cancerous tissue, scancer.") == []
    assert (
        len(
            Glossary([Term(f"term{c}", "x") for c in "abcdefghijklmnop"]).found_in(
                " ".join(f"term{c}" for c in "abcdefghijklmnop")
            )
        )
        == 12
    )


@pytest.mark.parametrize(
    ("english", "spanish", "missed"),
    [
        ("Breast cancer", "El cáncer de mama", []),
        ("Breast cancers", "Los cánceres de seno", []),
        ("Side effects", "Los efectos adversos", []),
        ("A side effect", "Un efecto secundario", []),
        ("Hot flashes", "Oleadas de calor", ["hot flash"]),
        ("Breast cancer", "Cáncer de pecho", ["breast cancer"]),
    ],
)
def test_a_missed_term_is_named(english: str, spanish: str, missed: list[str]) -> None:
    """Number and gender do not count; a variant counts; another word does not."""
    assert [term.english for term in GLOSSARY.missed(english, spanish)] == missed


def test_the_memory_remembers() -> None:
    """The same text at once; the nearest ones by their words, best first; what is far is none."""
    memory = Memory(
        [
            ("Take one tablet every 8 hours.", "Tome un comprimido cada 8 horas."),
            ("Take two tablets every 12 hours.", "Tome dos comprimidos cada 12 horas."),
            ("Wash your hands with soap.", "Lávese las manos con jabón."),
        ]
    )
    assert memory.same("Take one tablet every 8 hours.") == "Tome un comprimido cada 8 horas."
    assert memory.same("Take one tablet every 6 hours.") is None
    assert [en for en, _ in memory.near("Take one tablet every 6 hours.")] == [
        "Take one tablet every 8 hours.",
        "Take two tablets every 12 hours.",
    ]
    assert memory.near("The kidney filters the blood.") == []
    assert Memory([]).near("Anything") == []


def test_the_forms_of_a_memory() -> None:
    """JSON lines, a JSON list, TSV; other files are named."""
    expected = [("Pain.", "Dolor."), ("Fever.", "Fiebre.")]
    assert pairs_in(b'{"en":"Pain.","es":"Dolor."}\n{"source":"Fever.","target":"Fiebre."}\n', "a") == expected
    assert pairs_in(b'[{"en":"Pain.","es":"Dolor."},{"en":"Fever.","es":"Fiebre."}]', "b") == expected
    assert pairs_in(b"en\tes\nPain.\tDolor.\nFever.\tFiebre.\n", "c") == expected
    for bad in (b"", b"{", b"x\ty\n1\t2\n", b"[1]"):
        with pytest.raises(ConfigError):
            pairs_in(bad, "bad")
