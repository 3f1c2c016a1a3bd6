"""Web pages: text against gold, roles, charsets, metadata, hidden text, and pages built to break the reader."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from factory.errors import Damaged, Empty, Mislabelled, NoText, SourceUnreadable, TooLarge, WrongCharset
from factory.readers.article import parse
from factory.record import ROLES, Hints, Parsed

# Mean word F1 per file, measured 0.988, 0.969 and 0.838; a floor only moves down on purpose.
FLOOR_PDQ = 0.985
FLOOR_GOV = 0.96
FLOOR_SCIELO_BODY = 0.83
# Pages a second against bare trafilatura on the same pages, measured 1.5.
# Time limit for any hostile page, seconds; measured 3.1 at most.
HOSTILE_SECONDS = 10.0

SENTENCE = "La infusión de manzanilla se usa desde antiguo contra las molestias de la digestión y el insomnio leve. "
PROSE = "".join(f"<p>{SENTENCE * 3}</p>" for _ in range(3))


def page(body: str, head: str = "<title>Manzanilla</title>", lang: str = "es") -> bytes:
    return f'<!DOCTYPE html><html lang="{lang}"><head>{head}</head><body>{body}</body></html>'.encode()


def read(data: bytes, **hints: str) -> Parsed:
    documents = list(parse(data, Hints(**hints)))
    assert len(documents) == 1
    return documents[0]


def article(body: str, head: str = "<title>Manzanilla</title>") -> Parsed:
    return read(page(f"<main><article><h1>Manzanilla</h1>{PROSE}{body}</article></main>", head))


def text(parsed: Parsed, *roles: str) -> str:
    return "\n".join(p.text for p in parsed.paragraphs if not roles or p.role in roles)


def f1(found: str, gold: str) -> float:
    ours, theirs = (Counter(re.findall(r"\w+", t.lower())) for t in (found, gold))
    return 2 * (ours & theirs).total() / max(1, ours.total() + theirs.total())


def mean(scores: list[float]) -> float:
    return sum(scores) / len(scores)


@pytest.mark.data
def test_pdq_pages_read_like_their_gold_text(data: Path) -> None:
    """Long medical pages keep their text, references included, in both languages."""
    pages = sorted((data / "html/nci_pdq").rglob("*.html"))
    scores = [f1(text(read(p.read_bytes())), p.with_suffix(".gold.txt").read_text("utf-8")) for p in pages]
    assert len(scores) >= 43
    assert mean(scores) >= FLOOR_PDQ


@pytest.mark.data
def test_government_pages_read_like_their_gold_text(data: Path) -> None:
    """Pages of other templates keep their main content and lose the site around it."""
    pages = [p for p in sorted((data / "html/wcxb_gov").glob("*.html")) if p.with_suffix(".gold.json").exists()]
    gold = [json.loads(p.with_suffix(".gold.json").read_text("utf-8"))["ground_truth"] for p in pages]
    parsed = [read(p.read_bytes()) for p in pages]
    assert mean([f1(text(d), g["main_content"]) for d, g in zip(parsed, gold, strict=True)]) >= FLOOR_GOV
    chrome = [w for d, g in zip(parsed, gold, strict=True) for w in g["without"] if f"\n{w}\n" in text(d)]
    assert len(chrome) <= 1


def jats_body(xml: Path, language: str) -> str:
    tree = etree.parse(xml, etree.XMLParser(load_dtd=False, resolve_entities=False, recover=True)).getroot()
    name = "{http://www.w3.org/XML/1998/namespace}lang"
    for part in [tree, *tree.iter("sub-article")]:
        body = part.find("body")
        if part.get(name) == language and body is not None and part.get("article-type") != "reply":
            return " ".join(body.itertext())
    return ""


@pytest.mark.data
def test_scielo_body_is_the_body_of_the_xml(data: Path) -> None:
    """Journal pages: references, notes, author boxes and citation pop-ups are not body text; tables are."""
    scores = []
    for html in sorted((data / "html/scielo_html").rglob("*.html")):
        language = html.name.replace(".3_0", "").split(".")[-2]
        gold = jats_body(next(html.parent.glob("*.xml")), language)
        if gold and "abstract" not in html.name:
            scores.append(f1(text(read(html.read_bytes()), "body", "heading", "table"), gold))
    assert len(scores) >= 20
    assert mean(scores) >= FLOOR_SCIELO_BODY


@pytest.mark.data
def test_titles_and_dates_of_pdq_pages(data: Path) -> None:
    """Title and date are those of the record that the page was made from."""
    for meta in sorted((data / "html/nci_pdq").rglob("*.json")):
        if (html := meta.with_suffix(".html")).exists():
            said = json.loads(meta.read_text("utf-8"))
            parsed = read(html.read_bytes())
            assert (parsed.title, parsed.date) == (said["title"], said["updated"])


@pytest.mark.data
def test_paragraphs_are_lines_with_known_roles(data: Path) -> None:
    """No line breaks inside paragraphs except between table rows, and the same output twice."""
    for html in sorted((data / "html").rglob("*.html"))[::5]:
        first, second = read(html.read_bytes()), read(html.read_bytes())
        assert first == second
        for p in first.paragraphs:
            assert p.role in ROLES
            assert p.text == p.text.strip()
            assert "\u2e0e" not in p.text
            assert "\n" not in p.text or all(row.startswith("|") for row in p.text.split("\n"))


def test_headings_make_a_path() -> None:
    """A paragraph knows the headings above it, by level, not by order."""
    parsed = article(
        f"<h2>Usos</h2><p>{SENTENCE}Uno.</p><h3>Niños</h3><p>{SENTENCE}Dos.</p><h2>Dosis</h2><p>{SENTENCE}Tres.</p>"
    )
    paths = {
        p.text[-5:].strip(): p.heading for p in parsed.paragraphs if p.role == "body" and p.heading != "Manzanilla"
    }
    assert paths == {
        "Uno.": "Manzanilla › Usos",
        "Dos.": "Manzanilla › Usos › Niños",
        "Tres.": "Manzanilla › Dosis",
    }


def test_nested_lists_keep_every_item_in_order() -> None:
    """Items are paragraphs of their own, nested ones and those that are one link too."""
    inner = '<ul><li><a href="/a">Flores secas</a></li></ul>'
    items = f"<ul><li>Infusión{inner}</li><li><p>Tintura</p><p>en alcohol</p></li></ul>"
    parsed = article(f"<p>La planta se prepara de las siguientes maneras:</p>{items}")
    assert [p.text for p in parsed.paragraphs][-4:] == ["Infusión", "Flores secas", "Tintura", "en alcohol"]


def test_definition_lists_and_folded_sections_are_read() -> None:
    """An accordion's button is its heading, and what it hides by a class is text."""
    parsed = article(
        '<h2><button aria-expanded="false">Contraindicaciones</button></h2>'
        f'<div class="collapse accordion-panel" hidden>'
        f"<p>{SENTENCE}</p></div><dl><dt>Azuleno</dt><dd>Aceite esencial de color azul.</dd></dl>"
    )
    assert ("heading", "Contraindicaciones") in [(p.role, p.text) for p in parsed.paragraphs]
    assert [p.text for p in parsed.paragraphs][-3:] == [SENTENCE.strip(), "Azuleno", "Aceite esencial de color azul."]


def test_tables_are_markdown() -> None:
    """A data table is one paragraph, a row a line; a layout table is its text."""
    table = "<table><tr><th>Planta</th><th>Dosis</th></tr><tr><td>Tila</td><td>2 g | día</td></tr></table>"
    parsed = article(f"{table}<table><tr><td><p>{SENTENCE}</p></td></tr></table>")
    tables = [p.text for p in parsed.paragraphs if p.role == "table"]
    assert tables == ["| Planta | Dosis |\n| --- | --- |\n| Tila | 2 g \\| día |"]
    assert parsed.paragraphs[-1].text == SENTENCE.strip()


def test_references_notes_and_author_boxes_have_roles() -> None:
    """Back matter is found by its headings in three languages and by its class names."""
    refs = "<li>Pérez A. Rev Esp Fito. 2001;3:4-9.</li><li>Gómez B. doi 10.1000/x, 2010.</li>"
    for heading in ("Referencias bibliográficas", "References", "Referências", "Bibliografía"):
        parsed = article(f"<h2>{heading}</h2><ol>{refs}</ol><h2>Más</h2><p>{SENTENCE}</p>")
        assert [p.role for p in parsed.paragraphs][-5:] == ["heading", "reference", "reference", "heading", "body"]
    parsed = article(
        f'<div class="ref-list"><ul>{refs}</ul></div><div class="footnotes"><p>1. Una nota.</p></div>'
        "<h2>Conflicto de intereses</h2><p>Ninguno.</p>"
    )
    assert [p.role for p in parsed.paragraphs][-5:] == [
        "reference",
        "reference",
        "footnote",
        "boilerplate",
        "boilerplate",
    ]


def test_a_chapter_called_history_is_body() -> None:
    """Words that also name back matter are content where a chapter follows."""
    parsed = article(f"<h2>History</h2>{PROSE}<h2>Literatura</h2><p>{SENTENCE * 12}</p>")
    assert {p.role for p in parsed.paragraphs} == {"body", "heading"}


def test_citation_popups_are_not_in_the_sentence() -> None:
    """The note that opens over a citation mark is removed and counted."""
    popup = '<span class="ref"><sup>1</sup><span class="refCtt closed"><span>Pérez A. 2001.</span></span></span>'
    parsed = article(f"<p>Un ensayo{popup} lo confirma en pacientes adultos con insomnio.</p>")
    assert "Un ensayo1 lo confirma" in text(parsed)
    assert parsed.removed["popup"] == len("Pérez A. 2001.")


@pytest.mark.parametrize(
    "box",
    [
        '<div style="display:none">SECRETO</div>',
        '<p style="DISPLAY: NONE">SECRETO</p>',
        "<div hidden>SECRETO</div>",
        '<div aria-hidden="true">SECRETO</div>',
        '<p>Hola <span style="font-size:0px">SECRETO</span></p>',
        '<p style="color:#fff;background:#ffffff">SECRETO</p>',
        '<p style="color: white">SECRETO</p>',
        '<p style="visibility:hidden">SECRETO</p>',
        '<p style="position:absolute;left:-9999px">SECRETO</p>',
        "<template><p>SECRETO</p></template>",
    ],
)
def test_hidden_text_is_left_out_and_counted(box: str) -> None:
    """What no reader of the page sees is not in the text."""
    parsed = read(page(f"{PROSE}{box}{PROSE}"))
    assert "SECRETO" not in text(parsed)
    assert parsed.removed["hidden"] == len("SECRETO")


def test_comments_are_not_text_and_white_on_a_banner_is() -> None:
    """An HTML comment never shows; white text does where a class may colour its ground."""
    parsed = read(
        page(f'{PROSE}<!-- SECRETO --><div class="dark"><p style="color:#fff">{SENTENCE}Visible.</p></div>{PROSE}')
    )
    assert "SECRETO" not in text(parsed)
    assert "Visible." in text(parsed)


ACCENTS = "La curación del niño con árnica según la tradición española. " * 12


@pytest.mark.parametrize("declared", ["utf-8", "windows-1252", "iso-8859-1", "x-unknown", None])
@pytest.mark.parametrize("actual", ["utf-8", "cp1252", "utf-8-sig", "utf-16"])
def test_charset_is_what_the_bytes_are(declared: str | None, actual: str) -> None:
    """A wrong declaration is repaired, in both directions."""
    meta = f'<meta charset="{declared}">' if declared else ""
    html = f"<html><head>{meta}<title>Árnica</title></head><body><p>{ACCENTS}</p></body></html>"
    parsed = read(html.encode(actual))
    assert text(parsed) == ACCENTS.strip()
    assert parsed.title == "Árnica"


def test_one_bad_byte_costs_only_itself() -> None:
    """A stray byte in a UTF-8 page is read as windows-1252; the other accents stay."""
    parsed = read(page(f"<p>{ACCENTS}</p>").replace("árnica".encode(), b"\xe1rnica", 1))
    assert text(parsed) == ACCENTS.strip()


def test_another_declared_charset_is_used() -> None:
    """A declared charset that fits is believed."""
    html = f'<html><head><meta charset="iso-8859-2"></head><body><p>{"źdźbło trawy i łąka " * 20}</p></body></html>'
    assert "źdźbło" in text(read(html.encode("iso-8859-2")))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", Empty),
        (b" \n\x00", Empty),
        (b"%PDF-1.7\n" + b"x" * 3000, Mislabelled),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, Mislabelled),
        (bytes(range(256)) * 200, Mislabelled),
        (b'{"a": "' + b"texto " * 200 + b'"}', Mislabelled),
        (b"<html><body><p>" + b"palabra \x81\x8d\x90" * 200 + b"</p></body></html>", WrongCharset),
        (page("<nav><ul>" + '<li><a href="/x">Inicio y contacto</a></li>' * 40 + "</ul></nav>"), NoText),
        (page("<h1>404 Not Found</h1><p>" + "The page you asked for is not on this server. " * 8 + "</p>"), NoText),
        (page("<p>" + "La página no existe o se ha movido a otro lugar. " * 8 + "</p>"), NoText),
        (page("<p>" + "Usamos cookies propias y cookies de terceros; acepte las cookies. " * 5 + "</p>"), NoText),
        (page(f"<h1>Iniciar sesión</h1><p>{'Escriba su usuario y su clave aquí. ' * 8}</p>"), NoText),
        (page("<p>corto</p>"), NoText),
        (b"<html>" + b"x" * 10_000_001, TooLarge),
    ],
)  # fmt: skip
@pytest.mark.survive(4, "what is no article")
def test_what_is_no_article_is_refused_by_name(data: bytes, error: type[SourceUnreadable]) -> None:
    """Each way of not being an article has its own reason."""
    with pytest.raises(error) as caught:
        read(data)
    assert type(caught.value) is error


HOSTILE = {
    "a million nested divs": ("<div>" * 1_000_000 + PROSE, TooLarge),
    "20,000 nested spans": ("<p>" + "<span>" * 20_000 + PROSE, Damaged),
    "nested tables": ("<table><tr><td>" * 15_000 + PROSE, Damaged),
    "300,000 attributes": (f"<div {' '.join(f'a{i}=1' for i in range(300_000))}>{PROSE}", TooLarge),
    "attributes by lines": ("<div " + "\n".join(f"a{i}" for i in range(300_000)) + ">" + PROSE, TooLarge),
    "attributes with angle brackets": (f"<div {' '.join(f'''a{i}='>' ''' for i in range(100_000))}>{PROSE}", TooLarge),
    "58,000 paragraphs": ("<p>hola mundo que tal estamos</p>" * 58_000, None),
    "note after note": ("<p><b>Notas</b></p>" * 15_000 + PROSE, None),
    "aside after aside": (PROSE + "<aside>x y z</aside>" * 30_000, None),
    "windows of tables": (
        "".join(f'<a href="#{i}">x</a><div class=modal id={i}><table><tr><td>1</table></div>' for i in range(8000))
        + PROSE,
        None,
    ),
    "null bytes": ("\x00" * 5000 + PROSE, None),
    "angle brackets": (PROSE + "<" * 1_000_000, None),
    "JSON-LD of brackets": (f'<script type="application/ld+json">{"[" * 100_000}</script>{PROSE}', None),
    "blank style": (f'{PROSE}<p style="display{" " * 300_000}">x</p>', None),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.survive(4, "hostile HTML")
def test_hostile_pages_end_in_time(name: str) -> None:
    """A page built to hang or crash a parser ends with its text or a reason."""
    body, error = HOSTILE[name]
    start = time.process_time()
    if error is None:
        assert SENTENCE.strip() in text(read(page(body))) or name == "58,000 paragraphs"
    else:
        with pytest.raises(error):
            read(page(body))
    assert time.process_time() - start < HOSTILE_SECONDS


def test_script_that_looks_like_a_tag_is_no_attack() -> None:
    """Minified code is not counted as attributes."""
    code = "for(i=0;i<n " + "; x = y + z " * 500 + ");"
    assert SENTENCE.strip() in text(read(page(f"<script>{code}</script>{PROSE}")))


def test_metadata_of_a_journal_page() -> None:
    """Title, authors, date, address, language, DOI and licence come from what the head declares."""
    parsed = article(
        '<p>Vea <a href="https://doi.org/10.9999/otro">otro</a>.</p>',
        '<title>Manzanilla | Revista</title><link rel="canonical" href="/articulo/1">'
        '<meta property="og:locale" content="es_MX">'
        '<meta name="citation_title" content="Manzanilla y sueño"><meta name="citation_author" content="Pérez, Ana">'
        '<meta name="citation_author" content="Gómez, Luis">'
        '<meta name="citation_publication_date" content="2021/03/09">'
        '<meta name="citation_doi" content="10.1590/0101-3173.2022"><meta name="DC.rights" content="Texto bajo'
        ' https://creativecommons.org/licenses/by-nc-nd/4.0/"><meta name="robots" content="index, noai">',
    )
    assert parsed.title == "Manzanilla"
    assert (parsed.author, parsed.date, parsed.language) == ("Pérez, Ana; Gómez, Luis", "2021-03-09", "es")
    assert (parsed.identifier, parsed.notes) == ("10.1590/0101-3173.2022", ["opt_out:noai"])
    assert parsed.licence == "CC-BY-NC-ND-4.0"
    assert parsed.licence_evidence == "Texto bajo https://creativecommons.org/licenses/by-nc-nd/4.0/"


@pytest.mark.parametrize(
    ("mark", "licence"),
    [
        ('<a rel="license" href="http://creativecommons.org/licenses/by-sa/3.0/es/">CC</a>', "CC-BY-SA-3.0"),
        ('<a href="https://creativecommons.org/licenses/by/3.0/igo/">CC</a>', "CC-BY-3.0-IGO"),
        ('<a href="https://creativecommons.org/publicdomain/zero/1.0/">CC0</a>', "CC0-1.0"),
        ('<a href="https://creativecommons.org/publicdomain/mark/1.0/">PDM</a>', "public-domain"),
        ("<footer>© 2020 Salud. Todos los derechos reservados.</footer>", "all-rights-reserved"),
        ("<footer>© 2020 Health. All rights reserved.</footer>", "all-rights-reserved"),
        ("<footer>Licencia Creative Commons BY-NC 4.0.</footer>", "CC-BY-NC-4.0"),
        ('<script type="application/ld+json">{"headline":"Manzanilla","license":'
         '"https://creativecommons.org/licenses/by/4.0/"}</script>', "CC-BY-4.0"),
        ("<footer>Contacto</footer>", None),
    ],
)  # fmt: skip
def test_licences_and_their_evidence(mark: str, licence: str | None) -> None:
    """The licence is an SPDX id with the page's own words as evidence, or nothing."""
    parsed = read(page(f"<main>{PROSE}</main>{mark}"))
    assert parsed.licence == licence
    assert (parsed.licence_evidence is None) == (licence is None)
    assert parsed.licence_evidence is None or parsed.licence_evidence in mark


def test_opt_out_by_tdm_reservation() -> None:
    """The TDM reservation protocol counts as an opt-out; 0 does not."""
    noted = [article("", f'<meta name="tdm-reservation" content="{n}">').notes for n in (0, 1)]
    assert noted == [[], ["opt_out:noai"]]


@pytest.mark.survive(4, "control codes and markup in titles and names")
def test_titles_and_authors_are_plain_lines() -> None:
    """Markup, control codes and terminal escapes do not get into the metadata."""
    parsed = read(
        page(
            PROSE,
            "<title>Rojo \x1b[31mpeligro\x1b[0m\x07 &lt;script&gt;alert(1)&lt;/script&gt;\u202e fin\n otra</title>"
            '<meta name="author" content="Ana\x1b]0;título\x07 &lt;b&gt;Gil&lt;/b&gt;">',
        )
    )
    assert parsed.title == "Rojo peligro alert(1) fin otra"
    assert parsed.author == "Ana Gil"


def test_hints_fill_only_what_the_page_leaves_open() -> None:
    """The fetched address and the source's language stand in for missing ones."""
    parsed = read(page(PROSE, lang=""), url="https://example.org/a", language="es")
    assert (parsed.url, parsed.language, parsed.date) == ("https://example.org/a", "es", None)
