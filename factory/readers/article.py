"""Web pages → paragraphs: main text by trafilatura, references, footnotes and author boxes by our own walk.

The tree is parsed once. Reference lists and the like are taken out whole before trafilatura looks
for the main text (which it then finds faster), and put back where they stood, under their own role.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import trafilatura
from lxml.etree import SubElement
from lxml.html import HtmlElement
from trafilatura.settings import Document, Extractor
from trafilatura.utils import line_processing, trim

from factory.errors import Damaged, NoText, TooLarge
from factory.readers.article_aside import set_aside
from factory.readers.article_blocks import blocks
from factory.readers.article_html import MAX_BYTES, decode, parse_html
from factory.readers.article_metadata import facts
from factory.readers.article_visible import mend, take_out_hidden, unfold_tables
from factory.record import Hints, Paragraph, Parsed

# Below this a page is a menu, a login form or an error message; the shortest real page has 900 characters.
MIN_CHARACTERS = 200
# trafilatura caches the last 1,024 texts it trimmed: flat at 80 MB with usual pages, 1 GB with pages of 1 MB.
_LARGE_PAGE = 500_000
# What a page says that stands for an article: errors, logins, consent, challenges.
_NO_ARTICLE = re.compile(
    r"^\W*(?:error\W+)?(?:40[0-9]|410|50[0-9])\b"
    r"|\b(?:page|p[aá]gina|documento?|art[ií]culo|artigo)\W+(?:(?:was|no|not|n[aã]o|be|fue|could)\W+)+"
    r"(?:found|encontrad[ao]|existe|disponible|available)"
    r"|^\W*(?:not found|no encontrad[ao]|forbidden|access denied|acceso denegado|just a moment|attention required"
    r"|service unavailable|are you a robot|log ?in|sign ?in|iniciar? sesi[oó]n|inicio de sesi[oó]n|acceso usuarios)\b"
    r"|(?:enable|activ[ea]r?|habilit[ea]r?) (?:javascript|cookies)|checking your browser",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"\bcookies?\b", re.IGNORECASE)
# Such pages are short; a long article may be titled "404" or be about cookies.
_NO_ARTICLE_CHARACTERS = 1_500
# A line of a menu is shorter than a sentence: 60 characters is half a line of print.
_SENTENCE_CHARACTERS = 60

logging.getLogger("trafilatura").setLevel(logging.CRITICAL)


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """The one Document of a web page: main text in reading order, with what the page says about itself.

    Raises: Empty, NoText, Damaged, Mislabelled, WrongCharset, TooLarge.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(f"a page of more than {MAX_BYTES} bytes")
    html = decode(data)
    tree = parse_html(html)
    try:
        parsed = _parsed(tree, html, hints)
    except RecursionError as error:
        raise Damaged("elements nested too deeply to read") from error
    finally:
        if len(data) > _LARGE_PAGE:
            trim.cache_clear()
            line_processing.cache_clear()
    yield parsed


def _parsed(tree: HtmlElement, html: str, hints: Hints) -> Parsed:
    said = facts(tree, hints.url)
    unfold_tables(tree, html)
    removed = take_out_hidden(tree, html)
    mend(tree, html)
    shelf = set_aside(tree)
    paragraphs = list(blocks(_main_text(tree), shelf))
    paragraphs += shelf.left_over()
    _check(paragraphs, said.title)
    return Parsed(
        paragraphs=paragraphs,
        title=said.title,
        author=said.author,
        date=said.date,
        url=said.url,
        language=said.language or hints.language,
        licence=said.licence,
        licence_evidence=said.licence_evidence,
        identifier=said.identifier,
        removed=removed,
        notes=["opt_out:noai"] if said.opted_out else [],
    )


def _main_text(tree: HtmlElement) -> HtmlElement:
    """The body of the page as trafilatura finds it; its slower rescues only where it finds too little."""
    found = _extract(tree, fast=True)
    if found is None or len(_shown(found)) < MIN_CHARACTERS:
        slow = _extract(tree, fast=False)
        if slow is not None and (found is None or len(_shown(slow)) > len(_shown(found))):
            found = slow
    if found is None:
        found, _, _ = trafilatura.baseline(tree)
    return found


def _shown(body: HtmlElement) -> str:
    return " ".join(" ".join(body.itertext()).split())


def _extract(tree: HtmlElement, *, fast: bool) -> HtmlElement | None:
    # Favouring recall: a missed section is lost for good, boilerplate is filtered again downstream.
    options = Extractor(output_format="python", fast=fast, recall=True, comments=False, tables=True, dedup=False)
    document = trafilatura.bare_extraction(tree, options=options)
    if not isinstance(document, Document):
        return None
    body = document.body
    if len(body) == 1 and "\n" in (body[0].text or ""):
        # trafilatura's last rescue: the whole page as one paragraph, of which only the lines are left.
        for line in (body[0].text or "").split("\n"):
            SubElement(body, "p").text = line
        del body[0]
    return body


def _check(paragraphs: list[Paragraph], title: str | None) -> None:
    """Raise NoText for a page that holds no article."""
    texts = [p.text for p in paragraphs if p.role != "boilerplate"]
    size = sum(map(len, texts))
    if size < MIN_CHARACTERS:
        raise NoText(f"fewer than {MIN_CHARACTERS} characters of main text")
    if size >= _NO_ARTICLE_CHARACTERS:
        return
    whole = " ".join(texts)
    if _NO_ARTICLE.search(title or "") or _NO_ARTICLE.search(whole[:MIN_CHARACTERS]):
        raise NoText("an error, login or challenge page")
    if len(_CONSENT.findall(whole)) > max(2, size // 200):
        raise NoText("a consent form")
    if sum(len(t) for t in texts if len(t) >= _SENTENCE_CHARACTERS) < MIN_CHARACTERS // 2:
        raise NoText("a list of links and no sentence")
