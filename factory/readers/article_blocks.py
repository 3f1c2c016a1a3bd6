"""Trees → paragraphs: what is hidden leaves, what is not main text is set aside, the rest is walked in order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

from factory.record import Paragraph, Role

# Stands for a set-aside part in the tree that trafilatura reads. A printable character, because trafilatura
# deletes unprintable ones; an editor's mark for ancient Greek manuscripts, because no page has it.
MARK = "\u2e0e"
_PLACE = re.compile(rf"{MARK}(\d+){MARK}(?:([^{MARK}]*){MARK})?")

HEADING_BREAK = " › "
_LEVELS = {f"h{n}": n for n in range(1, 7)}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3"
    " h4 h5 h6 head header hr html item li list main ol p pre quote row section summary table tbody td tfoot th thead tr ul"
    " code cell".split()
)
_LINE_BREAKS = frozenset(("br", "lb", "hr"))
_SILENT = frozenset("script style template noscript button select svg nav iframe object input textarea math".split())

_REFERENCES = re.compile(
    r"(?:list of |lista de )?(?:references?|reference list|references cited|references and notes|literature cited|cited literature"
    r"|works cited|bibliograph(?:y|ies)|(?:selected|general) references|bibliograf[ií]as?(?: citada| b[aá]sica| consultada)?"
    r"|refer[eê]ncias?(?: citadas)?(?: bibliogr[aá]ficas?| y notas| e notas)?|literatura(?: citada)?|fuentes bibliogr[aá]ficas"
    r"|obras citadas|bibliographie|r[eé]f[eé]rences|literatur(?:verzeichnis)?)"
)
_FOOTNOTES = re.compile(r"(?:foot|end)?notes?|notas?(?: al pie| a pie de p[aá]gina| al final| de rodap[eé])?")
_BACK_MATTER = re.compile(
    r"author(?:ship|s)?(?: and)?(?: information| affiliations?| contributions?| details| notes?)?|authors'? contributions?|about the authors?"
    r"|autor[ií]as?|autores|autoria|sobre (?:el|la|los|las|os|o)? ?autor(?:es|as|a)?|affiliations?|afilia(?:ci[oó]n|ciones)(?: de los autores)?"
    r"|contribu(?:ci[oó]n(?:es)?|i[cç][aã]o|i[cç][oõ]es)(?: de autor[ií]a| del?(?: los| las)? autor(?:es|as)?| d[aeo]s? autor(?:es|as)?)"
    r"|publication dates?|fechas? de publicaci[oó]n|datas? de publica[cç][aã]o|history|hist[oó]rico|historial|article history"
    r"|how to cite(?: this article)?|c[oó]mo citar(?: este art[ií]culo)?|como citar(?: este artigo)?|cita(?:r|ci[oó]n)? (?:este|del) art[ií]culo"
    r"|acknowledge?ments?|agradecimientos?|agradecimentos?|funding(?: sources?| information)?|financiamiento|financiaci[oó]n|financiamento"
    r"|(?:declaration of |statement of )?(?:conflicts? of|competing) interests?(?: statement)?|conflictos? de inter[eé]s(?:es)?"
    r"|conflitos? de interesses?|scimago institutions rankings|edited by|editado por|responsible editors?|editora?(?:es)? (?:responsable|respons[aá]vel)"
    r"|corresponding author|autor(?:a)? (?:para|de) correspondencia|correspond[eê]ncia|correspondencia|copyright and license|derechos de autor y permisos"
)
_REFERENCE_CLASS = re.compile(
    r"(?:^|[\s_-])(?:ref(?:erences?)?-?list|references|bibliography|citation-?list|biblio-?list|doc-bibliography)(?:$|[\s_-])", re.I
)
_FOOTNOTE_CLASS = re.compile(r"(?:^|[\s_-])(?:footnotes?|endnotes?|fn-?group|doc-endnotes|notas-pie)(?:$|[\s_-])", re.I)
_AUTHOR_CLASS = re.compile(
    r"(?:^|[\s_-])(?:contrib-?group|affiliations?|aff-?list|author-?(?:info(?:rmation)?|notes|box|bio|list|affiliations)|modaltutors)(?:$|[\s_-])",
    re.I,
)
# The note that opens over a citation mark and repeats what the reference list says.
_POPUP_CLASS = re.compile(r"(?:^|[\s_-])(?:refctt|ref-?popup|ref-?tip|cit(?:ation)?-?(?:popup|tooltip|popover)|tooltip(?:-?text|-?content)|popover(?:-?content|-?body)?)(?:$|[\s_-])", re.I)
_ACCORDION = re.compile(r"accordion|acorde[oó]n|collaps|expand|tab-?(?:pane|panel|content)|panel-(?:body|collapse)|desplegable|toggle-?content", re.I)
_CHROME = re.compile(r"nav|menu|filter|sidebar|search|modal|dialog|share|cookie|consent|breadcrumb|footer|header", re.I)
_STOP_CLASS = re.compile(r"(?:^|[\s_-])(?:footer|related|share|social|comments?|nav|menu|newsletter)", re.I)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:[;!]|$)"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{4,}|clip\s*:\s*rect\(\s*0",
    re.I,
)
_WHITE = r"(?:#fff(?:fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))"
_WHITE_TEXT = re.compile(rf"(?:^|[;\s])color\s*:\s*{_WHITE}", re.I)
_BACKGROUND = re.compile(r"background(?:-color|-image)?\s*:", re.I)
_WHITE_BACKGROUND = re.compile(rf"background(?:-color)?\s*:\s*{_WHITE}", re.I)

_CITATION = re.compile(r"\b(?:18|19|20)\d\d|https?://|\bdoi\b|\bpp?\. ?\d", re.I)
# Words that are also the names of chapters ("History of acupuncture"): back matter only where short.
_DATED = re.compile(r"hist|author|autor")
_FRAMES = frozenset(("body", "html", "main", "article"))
_ANY_CLASS = re.compile(f"{_REFERENCE_CLASS.pattern}|{_FOOTNOTE_CLASS.pattern}|{_AUTHOR_CLASS.pattern}", re.I)
_BOXES = frozenset(("ol", "ul", "dl", "div", "section", "aside"))
_INLINE = frozenset("a abbr b cite em i label small span strong sub sup u".split())
_INLINE_BOXES = etree.XPath("//body//*[self::span or self::div or self::small or self::cite][@class]")
_CREDIT = re.compile(r"\bphoto(?:s|graph\w*)?\b|\bfotos?\b|\bfotograf|credit|cr[eé]dito|courtesy|cortes[ií]a|getty|istock|shutterstock|flickr", re.I)
_LABEL = re.compile(r"(?:fig|tab|gr[aá]f|cuadro|quadro|esquema|imagen|image|box|recuadro|chart|diagram)\w*\.?\s*\d", re.I)
_OUTER = frozenset("ul ol dl table nav header footer aside form menu select dialog figure".split())
_CHROME_LIST = re.compile(
    r"nav|menu|social|share|tags|bread|sidebar|author|related|byline|meta|pagin|pager|tab-?list|tabs|toc|contents|carousel|slider", re.I
)
_FOLDED = etree.XPath(
    "//body//*[self::div or self::section or self::li][contains(@class, 'xpand') or contains(@class, 'ccordion') or contains(@class,"
    " 'ollaps') or contains(@id, 'ollaps') or contains(@class, 'tab-p') or contains(@class, 'panel')]"
)
_SUSPECTS = etree.XPath("//*[@hidden or @aria-hidden or @style] | //template")
_NAMED = etree.XPath("//body//*[@class or @id or @role]")
_TITLED = etree.XPath("//h1|//h2|//h3|//h4|//h5|//h6|//summary|//dt|//p[strong or b][count(*)=1]")


@dataclass(slots=True)
class Part:
    """A piece of the page that is not main text, whole and in its own tree."""

    tree: HtmlElement
    role: Role
    heading: str = ""
    used: bool = False

    @property
    def is_main(self) -> bool:
        """True if trafilatura decides whether it belongs to the page's main text."""
        return self.role == "body"


@dataclass(slots=True)
class Shelf:
    """The parts that were set aside, by the number in their placeholder."""

    parts: list[Part] = field(default_factory=list)

    def place(self, part: Part) -> HtmlElement:
        """A placeholder for one more part.

        For what may be main text it holds the words too, since trafilatura weighs them; as a quotation,
        which it neither prunes by its links nor takes for a page that has paragraphs.
        """
        self.parts.append(part)
        stand_in: HtmlElement = part.tree.makeelement("blockquote" if part.is_main else "p")
        stand_in.text = f"{MARK}{len(self.parts) - 1}{MARK}"
        if part.is_main:
            stand_in.text += f"{' '.join(flat(part.tree).split())}{MARK}"
        return stand_in

    def take(self, number: int) -> Part | None:
        """A part, the first time it is asked for."""
        if number >= len(self.parts) or self.parts[number].used:
            return None
        self.parts[number].used = True
        return self.parts[number]

    def left_over(self) -> list[Paragraph]:
        """Paragraphs of the parts whose placeholder trafilatura dropped, in the page's order."""
        rest = [part for part in self.parts if not part.used and not part.is_main]
        return [p for part in rest for p in _part_blocks(part, [(6, part.heading)] if part.heading else [])]


def _part_blocks(part: Part, path: list[tuple[int, str]]) -> Iterator[Paragraph]:
    yield from _Walk(Shelf(), part.role, path).inside(part.tree)


def blocks(body: HtmlElement, shelf: Shelf) -> Iterator[Paragraph]:
    """The paragraphs of a body in order, set-aside parts in their places."""
    yield from _Walk(shelf, "body", []).inside(body)


@dataclass(slots=True)
class _Walk:
    """One pass over a tree, raw HTML or trafilatura's, that knows the headings above."""

    shelf: Shelf
    role: Role
    path: list[tuple[int, str]]

    def inside(self, element: HtmlElement) -> Iterator[Paragraph]:
        run = [element.text or ""]
        for child in element:
            tag = child.tag
            if tag in _LINE_BREAKS and self.role != "body":
                yield from self.paragraph(run)
            elif tag in _BLOCKS or (len(child) > 0 and _holds_block(child)):
                yield from self.paragraph(run)
                yield from self.block(child)
            elif tag not in _SILENT:
                run.append(flat(child))
            run.append(child.tail or "")
        yield from self.paragraph(run)

    def block(self, element: HtmlElement) -> Iterator[Paragraph]:
        tag = element.tag
        if tag == "head" or tag in _LEVELS:
            yield from self.heading(element)
        elif tag == "table":
            yield from self.table(element)
        elif tag == "li" and self.role != "body" and element.find(".//li") is None and element.find(".//table") is None:
            yield from self.paragraph([flat(element)])
        elif tag not in _SILENT:
            yield from self.inside(element)

    def paragraph(self, run: list[str]) -> Iterator[Paragraph]:
        text = " ".join("".join(run).split())
        run.clear()
        if MARK not in text:
            if text:
                yield Paragraph(text, self.role, heading=self.above())
            return
        at = 0
        for place in _PLACE.finditer(text):
            if before := text[at : place.start()].replace(MARK, "").strip():
                yield Paragraph(before, self.role, heading=self.above())
            if part := self.shelf.take(int(place[1][:9])):
                yield from _part_blocks(part, self.path)
            at = place.end()
        if rest := text[at:].replace(MARK, "").strip():
            yield Paragraph(rest, self.role, heading=self.above())

    def heading(self, element: HtmlElement) -> Iterator[Paragraph]:
        if not (text := " ".join(flat(element).replace(MARK, "").split())):
            return
        level = _LEVELS.get(str(element.get("rend") or element.tag), 6)
        while self.path and self.path[-1][0] >= level:
            self.path.pop()
        yield Paragraph(text, self.role if self.role == "boilerplate" else "heading", heading=self.above())
        self.path.append((level, text))

    def above(self) -> str | None:
        return HEADING_BREAK.join(text for _, text in self.path) or None

    def table(self, table: HtmlElement) -> Iterator[Paragraph]:
        rows = [[" ".join(flat(c).split()).replace("|", "\\|") for c in row.iterchildren("cell", "td", "th")] for row in _rows(table)]
        rows = [row for row in rows if any(row)]
        width = max(map(len, rows), default=0)
        if width < 2 or len(rows) < 2 or table.find(".//table") is not None or any(MARK in c for r in rows for c in r):
            yield from self.inside(table)
            return
        for caption in table.iterchildren("caption"):
            yield from self.inside(caption)
        lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in rows]
        lines.insert(1, "|" + " --- |" * width)
        yield Paragraph("\n".join(lines), "table" if self.role == "body" else self.role, heading=self.above())


def _rows(table: HtmlElement) -> Iterator[HtmlElement]:
    for child in table:
        if child.tag in ("row", "tr"):
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from child.iterchildren("tr")


def _holds_block(element: HtmlElement) -> bool:
    return any(e.tag in _BLOCKS for e in element.iterdescendants())


def flat(element: HtmlElement) -> str:
    """The text of an element on one line: blocks and line breaks part words, inline tags do not."""
    if len(element) == 0:
        return element.text or ""
    parts = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS or child.tag in _LINE_BREAKS:
            parts += (" ", flat(child), " ")
        elif child.tag not in _SILENT:
            parts.append(flat(child))
        parts.append(child.tail or "")
    return "".join(parts)


def take_out_hidden(tree: HtmlElement) -> dict[str, int]:
    """Remove what no reader of the page sees; the characters removed, by reason.

    Only inline styles and attributes count: stylesheets hide accordions, whose text is content.
    """
    lost = {"hidden": 0, "popup": take_out_popups(tree)}
    gone: set[HtmlElement] = set()
    total = 0
    for element in _SUSPECTS(tree):
        if not _is_hidden(element) or any(a in gone for a in element.iterancestors()):
            continue
        size = len(" ".join(element.text_content().split()))
        total = total or (len(tree.text_content()) if size > 2000 else 0)
        if element.tag != "template" and (_is_panel(element) or (size > 2000 and size > total / 2) or element.tag == "body"):
            for name in ("hidden", "aria-hidden", "style", "class"):
                element.attrib.pop(name, None)
            continue
        gone.add(element)
        lost["hidden"] += size
        element.drop_tree()
    return {reason: count for reason, count in lost.items() if count}


def _is_hidden(element: HtmlElement) -> bool:
    if element.tag == "template":
        return True
    if element.get("aria-hidden") == "true" or element.get("hidden", "until-found").lower() != "until-found":
        return True
    style = element.get("style")
    if not style:
        return False
    return bool(_HIDDEN_STYLE.search(style)) or (bool(_WHITE_TEXT.search(style)) and _on_white(element))


def _on_white(element: HtmlElement) -> bool:
    """True if nothing on the page gives white text another ground: no class, id or background above it."""
    for box in (element, *element.iterancestors()):
        style = box.get("style") or ""
        if _WHITE_BACKGROUND.search(style):
            return True
        if _BACKGROUND.search(style) or box.get("class") or box.get("id") or box.get("bgcolor"):
            return False
    return True


def _is_panel(element: HtmlElement) -> bool:
    """A folded section of the article: opened by a click, and prose, not links."""
    name = f"{element.get('class')} {element.get('id')}"
    if not (_ACCORDION.search(name) or element.get("role") in ("tabpanel", "region")) or _CHROME.search(name):
        return False
    size = len(" ".join(element.text_content().split()))
    return size > 0 and sum(len(a.text_content()) for a in element.iter("a")) < size / 2


def set_aside(tree: HtmlElement) -> Shelf:
    """References, notes and back matter leave the tree; a placeholder stands where each was."""
    shelf = Shelf()
    named = [(e, name) for e in _NAMED(tree) if _ANY_CLASS.search(name := _name(e))]
    for title in _TITLED(tree):
        words = flat(title) if len(title.text_content()) < 90 else ""
        role = _role(re.sub(r"[^\w'\s]|\d", " ", words).lower())
        if role is None or not _stands(title, tree) or (title.tag == "p" and len(title) and (title.text or title[0].tail or "").strip()):
            continue
        section = list(_section(title))
        if section and _fits(role, words, section):
            _shelve(title, section, Part(title.makeelement("div"), role, " ".join(words.split())), shelf)
    for element, name in named:
        parent = element.getparent()
        if element.tag in _BOXES and parent is not None and _stands(element, tree) and (role := _named_role(name)) and _fits(role, "", [element]):
            stand_in = shelf.place(Part(element, role))
            stand_in.tail, element.tail = element.tail, None
            parent.replace(element, stand_in)
    _set_aside_lists(tree, shelf)
    return shelf


def _stands(element: HtmlElement, tree: HtmlElement) -> bool:
    """True if no earlier part took it along."""
    return element.getroottree().getroot() is tree.getroottree().getroot()


def _set_aside_lists(tree: HtmlElement, shelf: Shelf) -> None:
    """Lists and data tables are walked by us: trafilatura drops nested items and lists of linked words."""
    for element in list(tree.iter("ul", "ol", "dl", "table")):
        parent = element.getparent()
        if parent is None or any(a.tag in _OUTER for a in element.iterancestors()):
            continue
        text = " ".join(flat(element).split())
        linked = sum(len(a.text_content()) for a in element.iter("a"))
        if not text or _CHROME_LIST.search(_name(element)) or (linked > len(text) / 2 and not _introduced(element)):
            continue
        if element.tag == "table" and not _is_data(element):
            continue
        stand_in = shelf.place(Part(element, "body"))
        stand_in.tail, element.tail = element.tail, None
        parent.replace(element, stand_in)


def _introduced(element: HtmlElement) -> bool:
    """True if the sentence before a list ends in a colon: its links are words of the text."""
    node = element
    while node.getprevious() is None and (up := node.getparent()) is not None and up.tag == "div" and not (up.text or "").strip():
        node = up
    before = node.getprevious()
    if before is None or before.tag != "p" or (before.tail or "").strip():
        return False
    words = before.text_content().strip()
    return len(words) > 25 and words.endswith(":")


def _is_data(table: HtmlElement) -> bool:
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return False
    cells = [list(row.iterchildren("td", "th")) for row in _rows(table)]
    if len(cells) < 2 or max(map(len, cells)) < 2:
        return False
    return not any(len(c.findall(".//p")) > 3 or c.find(".//h2") is not None for row in cells for c in row)


def mend(tree: HtmlElement) -> None:
    """Rename what trafilatura deletes by its tag or class though it is text: folded sections, callouts, captions."""
    for element in list(tree.iter("button", "time", "figure", "aside")):
        tag, parent = element.tag, element.getparent()
        if tag == "button" and parent is not None and (parent.tag in _LEVELS or parent.tag in ("summary", "dt")):
            element.tag = "span"
        elif tag == "time" and parent is not None and parent.tag in ("p", "li", "td", "dd"):
            element.tag = "span"
        elif tag == "figure" and (caption := element.find(".//figcaption")) is not None and _says(caption) and element.find(".//table") is None:
            element.tag, caption.tag = "div", "p"
            element.attrib.clear()
            caption.attrib.clear()
        elif tag == "aside" and parent is not None and len(parent.findall("p")) > 2 and not _CHROME.search(_name(element)):
            element.tag = "div"
            element.attrib.clear()
    for element in _FOLDED(tree):
        if _is_panel(element) and not any(a.tag in _OUTER or _CHROME.search(_name(a)) for a in element.iterancestors()):
            for name in ("class", "id", "role"):
                element.attrib.pop(name, None)


def _says(caption: HtmlElement) -> bool:
    """True if a caption explains a figure; what stands under decorative photographs is short or a credit."""
    text = " ".join(flat(caption).split())
    return not _CREDIT.search(text) and (len(text) > 120 or bool(_LABEL.match(text)))


def _name(element: HtmlElement) -> str:
    return f"{element.get('class') or ''} {element.get('id') or ''} {element.get('role') or ''}"


def take_out_popups(tree: HtmlElement) -> int:
    """Remove the notes that open over a citation mark and repeat a reference; the characters removed."""
    lost = 0
    for element in _INLINE_BOXES(tree):
        if _POPUP_CLASS.search(element.get("class")) and element.getparent().tag in _INLINE:
            lost += len(" ".join(element.text_content().split()))
            element.drop_tree()
    return lost


def _role(words: str) -> Role | None:
    words = " ".join(words.split())
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
    level = _LEVELS.get(title.tag, 7)
    node = title
    while node.getnext() is None and (up := node.getparent()) is not None and up.tag not in _FRAMES:
        node = up
    for block in node.itersiblings():
        inner = block if block.tag in _LEVELS else next(block.iter(*_LEVELS), None)
        if inner is not None and _LEVELS[inner.tag] <= level:
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
        return len(_CITATION.findall(text)) * 500 >= len(text) > 0
    if role == "boilerplate":
        short = 400 if _DATED.match(words.lower().strip()) else 4000
        return 0 < len(text) < short
    return 0 < len(text)


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
