"""CNXML: OpenStax modules, word for word."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from factory.errors import Damaged, Empty, Mislabelled
from factory.readers import cnxml
from factory.record import Hints, Parsed

MODULE = b"""<document xmlns="http://cnx.rice.edu/cnxml" xml:lang="en"><title>Bone</title>
<metadata xmlns:md="http://cnx.rice.edu/mdml"><md:title>Bone</md:title>
<md:license url="http://creativecommons.org/licenses/by/4.0/">CC BY</md:license>
<md:abstract><para>You will:</para><list><item>Learn</item></list></md:abstract></metadata>
<content><para>About 10<sup>3</sup> cells (<link target-id="f"/>).<note><title>Everyday</title><para>A note.</para></note>After.</para>
<section><title>Growth</title><para>H<sub>2</sub>O is <emphasis>wa</emphasis>ter.<footnote>See.</footnote></para>
<figure><title>Fig</title><media alt="unseen"><image/></media><caption>Shown.</caption></figure>
<table><title>T</title><tgroup><thead><row><entry>a</entry><entry>b</entry></row></thead><tbody><row><entry>1 mg</entry><entry/></row></tbody></tgroup></table>
<exercise><problem><para>Why?</para></problem><solution><para>Because.</para></solution></exercise></section></content>
<glossary><definition><term>osteon</term><meaning>a unit of bone</meaning></definition></glossary></document>"""


def read(data: bytes) -> Parsed:
    [parsed] = cnxml.parse(data, Hints())
    return parsed


def test_text_structure_and_facts_of_a_module() -> None:
    """Paragraphs around a note, headings with paths, captions, tables, exercises, glossary; empty links leave no ()."""
    parsed = read(MODULE)
    assert [(p.role, p.text, p.heading) for p in parsed.paragraphs] == [
        ("heading", "Bone", None),
        ("body", "You will:", None),
        ("body", "Learn", None),
        ("body", "About 10³ cells.", None),
        ("heading", "Everyday", None),
        ("body", "A note.", "Everyday"),
        ("body", "After.", None),
        ("heading", "Growth", None),
        ("body", "H2O is water.", "Growth"),
        ("footnote", "See.", "Growth"),
        ("body", "Fig", "Growth"),
        ("body", "Shown.", "Growth"),
        ("body", "T", "Growth"),
        ("table", "a | b\n1 mg | ", "Growth"),
        ("body", "Why?", "Growth"),
        ("body", "Because.", "Growth"),
        ("heading", "Glossary", None),
        ("body", "osteon: a unit of bone", "Glossary"),
    ]
    assert (parsed.title, parsed.language, parsed.licence) == ("Bone", "en", "CC-BY-4.0")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Empty),
        (MODULE[:500], Damaged),
        (b'<collection xmlns="http://cnx.rice.edu/collxml"/>', Mislabelled),
        (b"<html/>", Mislabelled),
        (b'<document xmlns="http://cnx.rice.edu/cnxml"><title>x</title><content/></document>', Empty),
    ],
)
@pytest.mark.survive(4, "damaged books, XML, captions and rows")
def test_bad_modules_cost_only_themselves(data: bytes, error: type[Exception]) -> None:
    """Empty, cut, a table of contents, other XML, a title without a text."""
    with pytest.raises(error):
        read(data)


@pytest.mark.data
def test_every_word_of_the_textbook_is_there(data: Path) -> None:
    """All modules: words against the XML's own text nodes, formulas and picture descriptions left out."""
    worst = 1.0
    for file in sorted((data / "qa/openstax_ap_en").glob("*.cnxml")):
        root = etree.fromstring(file.read_bytes())
        for e in [
            e
            for e in root.iter()
            if isinstance(e.tag, str) and etree.QName(e).localname in ("uuid", "content-id", "revised")
        ]:
            e.text = ""
        gold = Counter(re.findall(r"\w+", " ".join(" ".join(root.itertext()).split())))
        text = " ".join(p.text for p in read(file.read_bytes()).paragraphs)
        ours = Counter(re.findall(r"\w+", text))
        f1 = 2 * (gold & ours).total() / (gold.total() + ours.total())
        worst = min(worst, f1)
    assert worst >= 0.95
