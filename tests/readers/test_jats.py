"""JATS: every word of the XML in order, its structure, and what hostile XML does."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from factory.errors import Damaged, Empty, Mislabelled, SourceError
from factory.readers import jats
from factory.record import Hints, Parsed, assemble
from tests.scores import in_order

FILES = [
    "jats/pmc_en/elife-56337.nxml", "jats/pmc_en/pntd.0002065.nxml", "jats/pmc_en/pone.0000217.nxml",
    "jats/pmc_en/pone.0046493.nxml", "jats/pmc_en/pone.0234687.nxml", "jats/scielo/spm-1997-editorial_es.xml",
    "jats/scielo/spm-1997-spirometric_en_abs-es.xml", "html/scielo_html/mnh/MNHpJQpnjvSX6pkKCg37yTJ.xml",
    "html/scielo_html/skq/skq7h8xjdNPvWzykLBVLJwz.xml", "html/scielo_html/gzy/GZYfdY6BDfMGKwrXQYxsZFd.xml",
    "html/scielo_html/ress-vacunacion/2237-9622-ress-33-spe2-e20231216.xml",
    "html/scielo_html/transformacao-cinismo/y.xml", "html/scielo_html/ress-vacuna-transfer/FngWzPqXpsVJGyxLD5PSHPg.xml",
    "pdf/en_pt_medical/tinf-e200057-es/2318-0889-tinf-33-e200057.xml",
]  # fmt: skip
WORD = re.compile(r"\w+")
# Formulas are there twice or thrice in the XML (TeX, MathML); a reader shows each once.
LEFT_OUT = {"tex-math", "math", "inline-formula", "disp-formula", "object-id", "alt-text", "long-desc", "permissions"}


def own_words(element: Any) -> list[str]:
    """The words of an element by another way than the reader's: a depth-first walk over every text node."""
    found: list[str] = []

    def visit(e: Any) -> None:
        tag = etree.QName(e).localname if isinstance(e.tag, str) else "comment"
        if tag == "comment" or tag in LEFT_OUT:
            return
        raised = tag in (
            "sup",
            "sub",
            "italic",
            "bold",
            "underline",
            "sc",
            "xref",
            "ext-link",
            "named-content",
            "styled-content",
        )
        found.append("" if raised else "\0")
        found.append(e.text or "")
        for c in e:
            visit(c)
            found.append(c.tail or "")
        found.append("" if raised else "\0")

    visit(element)
    return WORD.findall("".join(found).replace("\0", " ").translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))


def f1(ours: list[str], theirs: list[str]) -> float:
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs))


def read(data: bytes) -> list[Parsed]:
    return list(jats.parse(data, Hints()))


def body_words(parsed: Parsed, title: str | None) -> list[str]:
    """The words of what stands in the body, notes included, without front matter and references."""
    text = " ".join(p.text for p in parsed.paragraphs)
    return WORD.findall(text.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))


@pytest.mark.data
@pytest.mark.parametrize("file", FILES)
def test_every_word_of_the_body_is_there_in_order(data: Path, file: str) -> None:
    """Words and their order against the XML's own text; each section's title is a heading, each table a table."""
    raw = (data / file).read_bytes().replace(b"&nbsp;", b"&#160;")
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True))
    body = root.find("body")
    alone = etree.fromstring(b"<article><body/></article>")
    alone.replace(alone[0], etree.fromstring(etree.tostring(body, with_tail=False)))
    [parsed] = read(etree.tostring(alone))
    ours, theirs = body_words(parsed, None), own_words(body)
    assert f1(ours, theirs) >= 0.99
    assert in_order(theirs, ours) >= 0.985
    headings = {p.text for p in parsed.paragraphs if p.role == "heading"}
    titles = [" ".join("".join(t.itertext()).split()) for t in body.findall(".//sec/title")]
    assert all(any(WORD.findall(t) == WORD.findall(h)[-len(WORD.findall(t)) :] for h in headings) for t in titles if t)
    assert sum(p.role == "table" for p in parsed.paragraphs) == len(body.findall(".//table"))
    whole = read(raw)[0]
    assert f1(ours, body_words(whole, None)) > 0.4
    assert len(WORD.findall(assemble(whole.paragraphs).text)) >= len(ours)
    assert sum(p.role == "reference" for p in whole.paragraphs) == len(root.findall("back/ref-list//ref"))


ARTICLE = """<?xml version="1.0"?><!DOCTYPE article SYSTEM "x.dtd">
<article xml:lang="es" xmlns:xlink="http://www.w3.org/1999/xlink"><front><article-meta>
<article-id pub-id-type="doi">10.1234/ab.5</article-id>
<title-group><article-title>Uso de la <italic>valeriana</italic><xref>*</xref></article-title><subtitle>un ensayo</subtitle>
<trans-title-group xml:lang="en"><trans-title>Use of valerian</trans-title></trans-title-group></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Ruiz</surname><given-names>Ana</given-names></name></contrib>
<contrib contrib-type="author"><collab>Grupo VAL</collab></contrib>
<contrib contrib-type="editor"><name><surname>No</surname></name></contrib></contrib-group>
<pub-date pub-type="ppub"><year>2020</year></pub-date>
<pub-date pub-type="epub"><day>3</day><month>2</month><year>2020</year></pub-date>
<permissions><license xlink:href="https://creativecommons.org/licenses/by/4.0/"><license-p>Licencia libre.</license-p></license></permissions>
<abstract><p>Se dieron 10<sup>6</sup>&nbsp;UFC.</p></abstract>
<trans-abstract xml:lang="en"><title>Summary</title><p>It was given.</p></trans-abstract></article-meta></front>
<body><sec><label>1</label><title>M&eacute;todos</title><p>Dosis<sup><xref ref-type="bibr">2</xref></sup> de 5<sup>2</sup> mg
<list><list-item><p>una</p></list-item><list-item><label>b)</label><p>dos</p></list-item></list> y fin<fn><p>Nota.</p></fn>.</p>
<sec><title>Pacientes</title><p>H<sub>2</sub>O</p><table-wrap><label>Tabla 1</label><caption><p>Dosis</p></caption>
<table><tr><th>A</th><th>B</th></tr><tr><td>5 mg</td><td>2</td></tr></table>
<table-wrap-foot><fn><p>mg: miligramo</p></fn></table-wrap-foot></table-wrap>
<fig><label>Figura 1</label><caption><p>Un gráfico</p></caption><graphic/></fig></sec></sec></body>
<back><ack><title>Gracias</title><p>A todos.</p></ack><ref-list><title>Bibliografía</title>
<ref><label>1</label><mixed-citation>Ruiz A. 2019;1:2-3.</mixed-citation></ref></ref-list></back>
<sub-article article-type="translation" xml:lang="en"><front-stub><article-id pub-id-type="doi">10.1234/ab.5en</article-id><title-group><article-title>Use of valerian in sleep</article-title>
</title-group></front-stub><body><p>Translated body.</p></body></sub-article></article>""".encode()


def test_text_structure_and_facts_of_an_article() -> None:
    """Headings with their paths, list items, tables, captions, notes, references; title, authors, date, licence."""
    spanish, english = read(ARTICLE)
    rows = [(p.role, p.text, p.heading) for p in spanish.paragraphs]
    assert rows == [
        ("heading", "Uso de la valeriana: un ensayo", None),
        ("heading", "Resumen", None),
        ("body", "Se dieron 10⁶ UFC.", "Resumen"),
        ("heading", "Summary", None),
        ("body", "It was given.", "Summary"),
        ("heading", "1 Métodos", None),
        ("body", "Dosis 2 de 5² mg", "1 Métodos"),
        ("body", "una", "1 Métodos"),
        ("body", "b) dos", "1 Métodos"),
        ("body", "y fin.", "1 Métodos"),
        ("footnote", "Nota.", "1 Métodos"),
        ("heading", "Pacientes", "1 Métodos"),
        ("body", "H2O", "1 Métodos › Pacientes"),
        ("body", "Tabla 1 Dosis", "1 Métodos › Pacientes"),
        ("table", "A | B\n5 mg | 2", "1 Métodos › Pacientes"),
        ("footnote", "mg: miligramo", "1 Métodos › Pacientes"),
        ("body", "Figura 1 Un gráfico", "1 Métodos › Pacientes"),
        ("heading", "Gracias", None),
        ("body", "A todos.", "Gracias"),
        ("heading", "Bibliografía", None),
        ("reference", "1 Ruiz A. 2019;1:2-3.", "Bibliografía"),
    ]
    assert (spanish.author, spanish.date, spanish.language) == ("Ana Ruiz; Grupo VAL", "2020-02-03", "es")
    assert (spanish.licence, spanish.licence_evidence) == ("CC-BY-4.0", "Licencia libre.")
    assert (spanish.identifier, spanish.url) == ("10.1234/ab.5", "https://doi.org/10.1234/ab.5")
    assert spanish.extra["parallel_titles"] == ["Use of valerian in sleep", "Use of valerian"]
    assert (english.language, english.part, english.identifier) == ("en", "s01", "10.1234/ab.5")
    assert [p.text for p in english.paragraphs] == ["Use of valerian in sleep", "Translated body."]
    assert english.extra["parallel_titles"] == ["Uso de la valeriana: un ensayo", "Use of valerian"]
    assert english.author == spanish.author


def test_a_set_of_articles_is_several_documents_in_order() -> None:
    """A download of many from PMC: parts grow, an empty one is left out."""
    one = ARTICLE.decode().split("\n", 1)[1]
    empty = "<article><front/><body/></article>"
    found = read(f"<pmc-articleset>{one}{empty}{one}</pmc-articleset>".encode())
    assert [p.part for p in found] == ["00000", "00000s01", "00002", "00002s01"]


BOMB = "<!DOCTYPE a [" + "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(1, 9)) + "]>"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Empty),
        (b"  \n ", Empty),
        (ARTICLE[:900], Damaged),
        (b"<article><body><p>x</p>", Damaged),
        (b"<PubmedArticleSet><PubmedArticle/></PubmedArticleSet>", Mislabelled),
        (b"<article><front/><body/></article>", Empty),
        ("<article><body><p>ó</p></body></article>".encode("latin-1"), Damaged),
        (ARTICLE.replace(b"<body>", b"<body>" + b"<sec>" * 5000), Damaged),
    ],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_bad_xml_costs_only_itself(data: bytes, error: type[SourceError]) -> None:
    """Empty, cut, other XML, without text, wrong bytes, nested without end: each its own reason."""
    with pytest.raises(error):
        read(data)


@pytest.mark.survive(4, "bombs: zip, entities, rows")
def test_entities_fetch_and_expand_nothing(tmp_path: Path) -> None:
    """A file of the machine does not get into the text, and a bomb of entities stays small."""
    secret = tmp_path / "secret.txt"
    secret.write_text("clave")
    text = "<article><body><p>antes &l9; después</p></body></article>"
    [parsed] = read(f'<!DOCTYPE a [<!ENTITY l9 SYSTEM "{secret.as_uri()}">]>{text}'.encode())
    assert parsed.paragraphs[0].text == "antes después"
    with pytest.raises(Damaged, match="amplification"):
        read((BOMB.replace("&l1;", "lol") + text).encode())


@pytest.mark.data
def test_pubmed_records_are_no_articles(data: Path) -> None:
    """The one file of the samples that is not JATS says so."""
    with pytest.raises(Mislabelled, match="PubmedArticleSet"):
        read((data / "jats/pmc_en/pubmed-29768149.xml").read_bytes())
