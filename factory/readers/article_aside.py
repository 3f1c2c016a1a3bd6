"""What is not running text is taken out of a page, whole, and a placeholder left where it stood.

References, notes and back matter get their roles here, from their headings and class names. Lists and
data tables are taken out as well: trafilatura drops nested items, and lists of linked words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement

from factory.readers.article_blocks import LEVELS, Part, Shelf, flat, named, rows_of
from factory.record import Role

# What headings of back matter are called in Spanish, English, Portuguese (and a little French and German).
_REFERENCES = re.compile(
    r"(?:list of |lista de )?(?:references?(?: list| cited| and notes)?|literature cited|cited literature|works cited"
    r"|bibliograph(?:y|ies|ie)|(?:selected|general) references|bibliograf[ií]as?(?: citada| b[aá]sica| consultada)?"
    r"|refer[eê]ncias?(?: citadas)?(?: bibliogr[aá]ficas?| y notas| e notas)?|literatura(?: citada)?"
    r"|fuentes bibliogr[aá]ficas|obras citadas|r[eé]f[eé]rences|literatur(?:verzeichnis)?)"
)
_FOOTNOTES = re.compile(r"(?:foot|end)?notes?|notas?(?: al pie| a pie de p[aá]gina| al final| de rodap[eé])?")
_BACK_MATTER = re.compile(
    r"author(?:ship|s)?(?: and)?(?: information| affiliations?| contributions?| details| notes?)?"
    r"|authors'? contributions?|about the authors?|affiliations?|corresponding author|edited by|responsible editors?"
    r"|autor[ií]as?|autores|sobre (?:el |la |los |las |os |o )?autor(?:es|as|a)?|editado por"
    r"|editora?(?:es)? respons[aá](?:ble|vel)|afilia(?:ci[oó]n|ciones|[cç][oõ]es)(?: de los autores)?"
    r"|contribu(?:ci[oó]n(?:es)?|i[cç][aã]o|i[cç][oõ]es)"
    r"(?: de autor[ií]a| (?:de los |de las |del? |dos? |das? )autor(?:es|as)?)"
    r"|autor(?:a)? (?:para|de) correspondencia|correspond[eê]ncia"
    r"|publication dates?|fechas? de publicaci[oó]n|datas? de publica[cç][aã]o"
    r"|(?:article )?history|hist[oó]rico|historial|how to cite(?: this article)?"
    r"|c[oó]mo citar(?: este art[ií][cg]u?[lo]o?)?"
    r"|cita(?:r|ci[oó]n)? (?:este|del) art[ií]culo|acknowledge?ments?|agradecim[ie]{1,2}ntos?"
    r"|funding(?: sources?| information)?|financiam[ie]{1,2}nto|financiaci[oó]n"
    r"|(?:declaration of |statement of )?(?:conflicts? of|competing) interests?(?: statement)?"
    r"|conflictos? de inter[eé]s(?:es)?|conflitos? de interesses?|scimago institutions rankings"
    r"|copyright and licen[cs]e|derechos de autor y permisos"
)
_REFERENCE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:ref(?:erences?)?-?list|references|bibliography|citation-?list|biblio-?list|doc-bibliography)(?:$|[\s_-])",
    re.IGNORECASE,
)
_FOOTNOTE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:footnotes?|endnotes?|fn-?group|doc-endnotes|notas-pie)(?:$|[\s_-])", re.IGNORECASE
)
_AUTHOR_CLASS = re.compile(
    r"(?:^|[\s_-])(?:contrib-?group|affiliations?|aff-?list|modaltutors"
    r"|author-?(?:info(?:rmation)?|notes|box|bio|list|affiliations))(?:$|[\s_-])",
    re.IGNORECASE,
)
_ANY_CLASS = re.compile(f"{_REFERENCE_CLASS.pattern}|{_FOOTNOTE_CLASS.pattern}|{_AUTHOR_CLASS.pattern}", re.IGNORECASE)
_STOP_CLASS = re.compile(r"(?:^|[\s_-])(?:footer|related|share|social|comments?|nav|menu|newsletter)", re.IGNORECASE)
_NO_WORD = re.compile(r"[^\w'\s]|\d")
# The longest title above is "declaration of conflicts of interest statement", numbered.
MAX_TITLE = 90
# Titles whose sections are not what they say; a page with more is built to be slow.
MAX_MISFITS = 50
# Every reference has a year, a page range or an address; the longest run to 400 characters.
MAX_REFERENCE = 500
_CITATION = re.compile(r"\b(?:18|19|20)\d\d|https?://|\bdoi\b|\bpp?\. ?\d", re.IGNORECASE)
# Words that are also the names of chapters ("History of acupuncture"): back matter only where short.
_DATED = re.compile(r"hist|author|autor")
_FRAMES = frozenset(("body", "html", "main", "article"))
_BOXES = ("ol", "ul", "dl", "div", "section", "aside")
_TITLES = (*LEVELS, "summary", "dt")
_OUTER = frozenset(
    ["ul", "ol", "dl", "table", "nav", "header", "footer", "aside", "form", "menu", "select", "dialog", "figure"]
)
_CHROME_LIST = re.compile(
    r"nav|menu|social|share|tags|bread|sidebar|author|related|byline|meta|pagin|pager|tab-?list|tabs|toc|contents"
    r"|carousel|slider",
    re.IGNORECASE,
)
_BOLD_LINES = etree.XPath(
    "//body//p[count(*) = 1][strong or b][not(text()[normalize-space()])"
    " and not(*/following-sibling::text()[normalize-space()])]"
)


def set_aside(tree: HtmlElement) -> Shelf:
    """References, notes and back matter leave the tree; a placeholder stands where each was."""
    shelf = Shelf()
    boxes = [(e, name) for e in tree.iter(*_BOXES) if _ANY_CLASS.search(name := named(e))]
    misfits = 0
    for title in [*tree.iter(*_TITLES), *_BOLD_LINES(tree)]:
        words = " ".join(flat(title).split()) if len(title.text_content()) < MAX_TITLE else ""
        role = _role(words)
        if role is None or misfits > MAX_MISFITS or not _stands(title):
            continue
        section = list(_section(title))
        if section and _fits(role, words, section):
            _shelve(title, section, Part(title.makeelement("div"), role, words), shelf)
        else:
            misfits += 1
    for element, name in boxes:
        role = _named_role(name)
        if role is not None and _stands(element) and _fits(role, "", [element]):
            _replace(element, role, shelf)
    _set_aside_lists(tree, shelf)
    return shelf


def _replace(element: HtmlElement, role: Role, shelf: Shelf) -> None:
    parent = element.getparent()
    if parent is not None:
        stand_in = shelf.place(Part(element, role))
        stand_in.tail, element.tail = element.tail, None
        parent.replace(element, stand_in)


def _stands(element: HtmlElement) -> bool:
    """True if no earlier part took it along."""
    return next(element.iterancestors("html"), None) is not None


def _role(words: str) -> Role | None:
    words = " ".join(_NO_WORD.sub(" ", words).lower().split())
    if _REFERENCES.fullmatch(words):
        return "reference"
    if _FOOTNOTES.fullmatch(words):
        return "footnote"
    return "boilerplate" if _BACK_MATTER.fullmatch(words) else None


def _named_role(name: str) -> Role | None:
    if _FOOTNOTE_CLASS.search(name):
        return "footnote"
    if _REFERENCE_CLASS.search(name):
        return "reference"
    return "boilerplate" if _AUTHOR_CLASS.search(name) else None


def _section(title: HtmlElement) -> Iterator[HtmlElement]:
    """What stands under a heading: its following siblings up to the next heading of its level."""
    level = LEVELS.get(title.tag, 7)
    node = title
    while node.getnext() is None and (up := node.getparent()) is not None and up.tag not in _FRAMES:
        node = up
    for block in node.itersiblings():
        inner = block if block.tag in LEVELS else next(block.iter(*LEVELS), None)
        if inner is not None and LEVELS[inner.tag] <= level:
            return
        if block.tag in ("footer", "nav", "aside", "form") or (title.tag == "dt" and block.tag == "dt"):
            return
        if _STOP_CLASS.search(f"{block.get('class') or ''} {block.get('id') or ''}"):
            return
        yield block


def _fits(role: Role, words: str, section: list[HtmlElement]) -> bool:
    """True if the words under a heading are of the kind that the heading says."""
    text = " ".join(" ".join(flat(block) for block in section).split())
    if role == "reference":
        return 0 < len(text) <= len(_CITATION.findall(text)) * MAX_REFERENCE
    if role == "boilerplate":
        short = 400 if _DATED.match(words.lower().strip()) else 4000
        return bool(text) and len(text) < short
    return len(text) > 0


def _shelve(title: HtmlElement, section: list[HtmlElement], part: Part, shelf: Shelf) -> None:
    first = section[0]
    stand_in = shelf.place(part)
    first.addprevious(stand_in)
    if stand_in.getprevious() is title:
        if title.tail:
            part.tree.text, title.tail = title.tail, None
        if part.role == "boilerplate":
            part.tree.append(title)
    part.tree.extend(section)


def _set_aside_lists(tree: HtmlElement, shelf: Shelf) -> None:
    """Lists and data tables are walked by us: trafilatura drops nested items and lists of linked words."""
    for element in list(tree.iter("ul", "ol", "dl", "table")):
        parent = element.getparent()
        if parent is None or any(a.tag in _OUTER for a in element.iterancestors()):
            continue
        text = " ".join(flat(element).split())
        linked = sum(len(a.text_content()) for a in element.iter("a"))
        if not text or _CHROME_LIST.search(named(element)) or (linked > len(text) / 2 and not _introduced(element)):
            continue
        if element.tag == "table" and not _is_data(element):
            continue
        _replace(element, "body", shelf)


def _introduced(element: HtmlElement) -> bool:
    """True if the sentence before a list ends in a colon: its links are words of the text."""
    node = element
    while (
        node.getprevious() is None
        and (up := node.getparent()) is not None
        and up.tag == "div"
        and not (up.text or "").strip()
    ):
        node = up
    before = node.getprevious()
    if before is None or before.tag != "p" or (before.tail or "").strip():
        return False
    words = before.text_content().strip()
    return len(words) > 25 and words.endswith(":")


def _is_data(table: HtmlElement) -> bool:
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return False
    cells = [list(row.iterchildren("td", "th")) for row in rows_of(table)]
    if len(cells) < 2 or max(map(len, cells)) < 2:
        return False
    return not any(len(c.findall(".//p")) > 3 or c.find(".//h2") is not None for row in cells for c in row)
