"""What a reader of the page sees: hidden text leaves the tree, folded and floating text is kept for trafilatura."""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement

from factory.readers.article_blocks import LEVELS, flat, named

_ACCORDION = re.compile(
    r"accordion|acorde[oó]n|collaps|expand|tab-?(?:pane|panel|content)|panel-(?:body|collapse)|desplegable|toggle-?content",
    re.IGNORECASE,
)
_CHROME = re.compile(
    r"nav|menu|filter|sidebar|search|modal|dialog|share|cookie|consent|breadcrumb|footer|header", re.IGNORECASE
)
# The note that opens over a citation mark and repeats what the reference list says.
_POPUP_CLASS = re.compile(
    r"(?:^|[\s_-])(?:refctt|ref-?popup|ref-?tip|cit(?:ation)?-?(?:popup|tooltip|popover)|tooltip(?:-?text|-?content)|popover(?:-?content|-?body)?)(?:$|[\s_-])",
    re.IGNORECASE,
)
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:[;!]|$)"
    r"|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{4,}|clip\s*:\s*rect\(\s*0",
    re.IGNORECASE,
)
_WHITE = r"(?:#fff(?:fff)?\b|white\b|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))"
_WHITE_TEXT = re.compile(rf"(?:^|[;\s])color\s*:\s*{_WHITE}", re.IGNORECASE)
_BACKGROUND = re.compile(r"background(?:-color|-image)?\s*:", re.IGNORECASE)
_WHITE_BACKGROUND = re.compile(rf"background(?:-color)?\s*:\s*{_WHITE}", re.IGNORECASE)
_CREDIT = re.compile(
    r"\bphoto(?:s|graph\w*)?\b|\bfotos?\b|\bfotograf|credit|cr[eé]dito|courtesy|cortes[ií]a|getty|istock|shutterstock|flickr",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:fig|tab|gr[aá]f|cuadro|quadro|esquema|imagen|image|box|recuadro|chart|diagram)\w*\.?\s*\d", re.IGNORECASE
)
_INLINE = frozenset(["a", "abbr", "b", "cite", "em", "i", "label", "small", "span", "strong", "sub", "sup", "u"])
# A page without one of these words needs no search.
_POPUP_WORDS = ("efCtt", "opup", "ooltip", "opover", "ef-tip")
_FOLD_WORDS = ("xpand", "ccordion", "ollaps", "tab-p", "panel")
_INLINE_BOXES = etree.XPath("//body//*[self::span or self::div or self::small or self::cite][@class]")
# Where a button or a time is part of a line of text.
_TEXT_LINES = {"button": (*LEVELS, "summary", "dt"), "time": ("p", "li", "td", "dd")}
_PAGE_FRAME = frozenset(("nav", "header", "footer", "aside", "form", "menu", "dialog"))
_FOLDED = etree.XPath("//body//*[self::div or self::section or self::li][@class]")
_MODALS = etree.XPath("//body//div[@id][contains(@class, 'modal')][.//table]")
# An article has dozens of tables at most; a page of thousands of windows is an attack.
_MAX_MODALS = 200
_SECTIONS = frozenset(("article", "section", "main", "body"))
_SUSPECTS = etree.XPath(
    "//*[@hidden or @aria-hidden] | //template | //*[@style][contains(@style, 'none') or contains(@style, 'hidden')"
    " or contains(@style, 'size') or contains(@style, 'color') or contains(@style, 'indent') or contains(@style, ':-')"
    " or contains(@style, ': -') or contains(@style, 'clip') or contains(@style, 'NONE')]"
)


def take_out_hidden(tree: HtmlElement, html: str) -> dict[str, int]:
    """Remove what no reader of the page sees; the characters removed, by reason.

    Only inline styles and attributes count: stylesheets hide accordions, whose text is content.
    """
    lost = {"hidden": 0, "popup": take_out_popups(tree) if any(word in html for word in _POPUP_WORDS) else 0}
    gone: set[HtmlElement] = set()
    total = 0
    for element in _SUSPECTS(tree):
        if not _is_hidden(element) or any(a in gone for a in element.iterancestors()):
            continue
        size = len(" ".join(element.text_content().split()))
        total = total or (len(tree.text_content()) if size > 2000 else 0)
        if element.tag != "template" and (
            is_panel(element) or (size > 2000 and size > total / 2) or element.tag == "body"
        ):
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


def take_out_popups(tree: HtmlElement) -> int:
    """Remove the notes that open over a citation mark and repeat a reference; the characters removed."""
    lost = 0
    for element in _INLINE_BOXES(tree):
        if _POPUP_CLASS.search(element.get("class")) and element.getparent().tag in _INLINE:
            lost += len(" ".join(element.text_content().split()))
            element.drop_tree()
    return lost


def is_panel(element: HtmlElement) -> bool:
    """A folded section of the article: opened by a click, and prose, not links."""
    name = f"{element.get('class')} {element.get('id')}"
    if not (_ACCORDION.search(name) or element.get("role") in ("tabpanel", "region")) or _CHROME.search(name):
        return False
    size = len(" ".join(element.text_content().split()))
    return size > 0 and sum(len(a.text_content()) for a in element.iter("a")) < size / 2


def mend(tree: HtmlElement, html: str) -> None:
    """Rename what trafilatura deletes by its tag or class though it is text: folded sections, callouts, captions."""
    for menu in list(tree.iter("nav")):
        # trafilatura's last rescue would read it.
        if next(menu.iter("h1", "article", "main"), None) is None and menu.getparent() is not None:
            menu.drop_tree()
    for element in list(tree.iter("button", "time", "figure", "aside")):
        tag, parent = element.tag, element.getparent()
        if parent is None:
            continue
        if tag in ("button", "time"):
            if parent.tag in _TEXT_LINES[tag]:
                element.tag = "span"
        elif tag == "figure":
            caption = element.find(".//figcaption")
            if caption is not None and _says(caption) and element.find(".//table") is None:
                _make_plain(element, "div")
                _make_plain(caption, "p")
        elif _in_prose(element) and not _CHROME.search(named(element)):
            _make_plain(element, "div")
    for element in _FOLDED(tree) if any(word in html for word in _FOLD_WORDS) else ():
        if is_panel(element) and not any(
            a.tag in _PAGE_FRAME or _CHROME.search(named(a)) for a in element.iterancestors()
        ):
            _make_plain(element, element.tag)


def _make_plain(element: HtmlElement, tag: str) -> None:
    element.tag = tag
    element.attrib.clear()


def _in_prose(aside: HtmlElement) -> bool:
    """True if a paragraph stands directly before or after it: a callout in an article, not a column of the page."""
    return any(n is not None and n.tag == "p" for n in (aside.getprevious(), aside.getnext()))


def _says(caption: HtmlElement) -> bool:
    """True if a caption explains a figure; what stands under decorative photographs is short or a credit."""
    text = " ".join(flat(caption).split())
    return not _CREDIT.search(text) and (len(text) > 120 or bool(_LABEL.match(text)))


def unfold_tables(tree: HtmlElement, html: str) -> None:
    """Put a table that opens in a window of its own (journals do that) where the link to it stands."""
    modals = _MODALS(tree)[:_MAX_MODALS] if "modal" in html else []
    openers: dict[str, HtmlElement] = {}
    for link in tree.iter("a", "button") if modals else ():
        for name in _targets(link):
            openers.setdefault(name, link)
    for modal in modals:
        spot = openers.get(modal.get("id"))
        if spot is None or any(a is modal for a in spot.iterancestors()):
            continue
        # Up to the box that holds the thumbnail and the caption, not the section with its text.
        while (up := spot.getparent()) is not None and up.tag not in _SECTIONS and len(up.text_content()) < 1500:
            spot = up
        for table in reversed(modal.findall(".//table")):
            table.tail = None
            spot.addnext(table)


def _targets(link: HtmlElement) -> tuple[str, ...]:
    return tuple((link.get(key) or "").lstrip("#") for key in ("data-target", "data-bs-target", "href"))
