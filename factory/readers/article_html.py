"""HTML bytes → one clean tree: charset repaired, hostile pages refused, hidden text taken out."""

from __future__ import annotations

import codecs
import re
import unicodedata

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from factory.errors import Damaged, Empty, Mislabelled, TooLarge, WrongCharset

# The design's cap for a saved page; the longest real article in the test data has 0.6 MB.
MAX_BYTES = 10_000_000
# Start tags: 12,000 in the longest real article; a page of 60,000 takes 3 s.
MAX_TAGS = 60_000
# Real pages stay under 60, and our walk takes three of Python's 1,000 frames a level.
MAX_DEPTH = 200
# Attributes of one start tag: real ones have dozens; libxml2's time is quadratic, 10 s for 50,000.
MAX_ATTRIBUTES = 300
# Share of characters that no text has, above which the decoding is wrong or the bytes are no text.
MAX_ODD_SHARE = 0.01
# Null bytes and control codes are noise in a damaged page, and a tenth to a half of a binary file.
MAX_NULS = 0.9
MAX_CONTROLS = 0.3

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_MAGIC = re.compile(
    rb"%PDF-|\x89PNG|\xff\xd8\xff|GIF8[79]a|PK\x03\x04|PK\x05\x06|\x1f\x8b|\xd0\xcf\x11\xe0|RIFF....(?:WEBP|WAVE|AVI )"
    rb"|\x7fELF|Rar!|7z\xbc\xaf|BZh[1-9]1AY|\xfd7zXZ|\x28\xb5\x2f\xfd|OggS|ID3|....ftyp|%!PS|\{\\rtf|II\*\x00|MM\x00\*",
    re.DOTALL,
)
_META_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_MARKUP = re.compile(
    r"<(?:!doctype\s+html|html|head|body|p|div|article|main|section|table|h[1-6]|span|ul|br|a)\b", re.IGNORECASE
)
_OTHER_XML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<!DOCTYPE\s+(?!html)\w+[^>]*>\s*)*<(\w+)[\s>]", re.DOTALL
)
_OTHER_KINDS = frozenset(["rss", "feed", "svg", "urlset", "sitemapindex", "package", "ncx", "opml", "kml", "plist"])
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd\ufffe\uffff]")
# Terminal escapes: colours and cursor moves, window titles.
_ESCAPES = re.compile(r"\x1b(?:\[[0-9;?]{0,20}[ -/]{0,4}[@-~]|\][^\x07\x1b<\n]{0,300}(?:\x07|\x1b\\)|[@-Z\\-_])?")
_LEFT_OF_ESCAPES = re.compile(r"\[[0-9;]{1,8}m(?!\])|<[a-zA-Z!/][^<>]*>")
_UNDECODED = re.compile("[\x80-\x84\x86-\x9f\ufffd\ufffe\uffff]")
_BEYOND_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")
_STRAY = re.compile("[\udc80-\udcff]")
_START_TAG = re.compile(r"<[a-zA-Z]")
_TOO_DEEP = etree.XPath("boolean(" + "/*" * MAX_DEPTH + ")")
# The tokenizer's attribute states; possessive and bounded, so that no page makes the search itself slow.
_ATTRIBUTE = r"""[\s/]*+[^\s/>][^\s/>=]{0,200}+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+))?+"""
_MANY_ATTRIBUTES = re.compile(rf"<[a-zA-Z][^\s/>]{{0,100}}+(?:{_ATTRIBUTE}){{{MAX_ATTRIBUTES}}}")
# The same, in step with what is no tag: `a<b` in a script begins none.
_TOKENS = re.compile(
    rf"(?P<many>{_MANY_ATTRIBUTES.pattern})|<!--.*?(?:-->|\Z)|<(script|style|textarea|title)\b(?:{_ATTRIBUTE})*+>.*?(?:</\2|\Z)"
    rf"|<[a-zA-Z][^\s/>]{{0,100}}+(?:{_ATTRIBUTE})*+",
    re.DOTALL | re.IGNORECASE,
)


def decode(data: bytes) -> str:
    """The page as text, read in the charset its bytes are in, whatever the page declares.

    Raises: Empty, Mislabelled (another format), WrongCharset (no charset makes text of it).
    Source: https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding
    """
    if not data.strip(b" \t\r\n\x00\xef\xbb\xbf"):
        raise Empty("the page has no bytes")
    if _MAGIC.match(data.lstrip(b" \t\r\n")):
        raise Mislabelled("the bytes are not HTML", "name the file by what it is")
    text = _decoded(data)
    if text.count("\x00") < MAX_NULS * len(text):
        text = text.replace("\x00", "")
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    odd = len(_NOT_TEXT.findall(text))
    if odd > max(MAX_ODD_SHARE * len(text), 20):
        wrong = len(_UNDECODED.findall(text))
        if wrong > odd / 2 and odd < 0.5 * len(text) and _MARKUP.search(text):
            raise WrongCharset("no charset makes text of these bytes")
        if wrong > odd / 2 or odd > MAX_CONTROLS * len(text) or not _MARKUP.search(text):
            raise Mislabelled("the bytes are binary, not HTML")
    return _NOT_TEXT.sub(" ", text) if odd else text


def _decoded(data: bytes) -> str:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(name, "replace")
    head = data[:2048]
    halves = (head[1::2].count(0), head[::2].count(0))
    for name, zeros, others in (("utf-16-le", *halves), ("utf-16-be", *halves[::-1])):
        if zeros > 0.2 * len(head) and others < 0.05 * len(head):
            return data.decode(name, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    # A few bad bytes in a UTF-8 page (a cut, a pasted character) must not turn all its accents to mojibake.
    mixed = data.decode("utf-8", "surrogateescape")
    strays = len(_STRAY.findall(mixed))
    if len(_BEYOND_ASCII.findall(mixed)) > 2 * strays:
        return _STRAY.sub(_cp1252, mixed)
    declared = _declared(data)
    if declared not in ("utf-8", "cp1252"):
        try:
            return data.decode(declared)
        except UnicodeDecodeError:
            pass
    return _STRAY.sub(_cp1252, data.decode("ascii", "surrogateescape"))


def _cp1252(stray: re.Match[str]) -> str:
    """A byte that is no UTF-8 is windows-1252; its five holes become U+FFFD."""
    return bytes([ord(stray[0]) - 0xDC00]).decode("cp1252", "replace")


def _declared(data: bytes) -> str:
    """The declared charset, by the name that the web gives it: latin-1 means windows-1252."""
    found = _META_CHARSET.search(data[:4096])
    try:
        name = codecs.lookup(found[1].decode("ascii")).name if found else "cp1252"
    except LookupError:
        return "cp1252"
    if name.startswith("utf-16"):
        return "utf-8"
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def parse_html(html: str) -> HtmlElement:
    """The tree of a page that is neither too large nor built to hang a parser.

    Raises: TooLarge, Damaged, Mislabelled.
    """
    if not _MARKUP.search(html):
        raise Mislabelled("there is no HTML markup in it")
    other = _OTHER_XML.match(html[:4000])
    if other is not None and other[1].lower() in _OTHER_KINDS:
        raise Mislabelled("the bytes are XML of another kind, not a page")
    if html.count("<") > 2 * MAX_TAGS and len(_START_TAG.findall(html)) > MAX_TAGS:
        raise TooLarge(f"more than {MAX_TAGS} tags")
    if _MANY_ATTRIBUTES.search(html) and any(token["many"] for token in _TOKENS.finditer(html)):
        raise TooLarge(f"a tag of more than {MAX_ATTRIBUTES} attributes")
    parser = HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False
    )
    try:
        tree = document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Damaged("the parser made nothing of the page") from error
    if _TOO_DEEP(tree):
        raise Damaged(f"elements nested deeper than {MAX_DEPTH}")
    return tree


def clean_line(text: str | None) -> str | None:
    """One line of plain text: no markup, control, format or terminal codes; None if nothing is left."""
    if not text:
        return None
    text = _LEFT_OF_ESCAPES.sub(" ", _ESCAPES.sub(" ", text))
    kept = "".join(
        c if not unicodedata.category(c).startswith("C") else " " for c in text if c not in "\u00ad\u200b\ufeff"
    )
    return " ".join(kept.split()) or None
