"""XML from strangers: a parser that resolves nothing, and the text of mixed content."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from copy import copy
from typing import Any

from lxml import etree

from factory.errors import Damaged, Empty

_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML = {b"amp", b"lt", b"gt", b"quot", b"apos"}
_SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XLINK = "{http://www.w3.org/1999/xlink}href"


def parsed_xml(data: bytes) -> Any:
    """The root element. Raises Empty, or Damaged where the bytes are not well-formed XML."""
    if not data.strip():
        raise Empty("the file has no bytes")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        return etree.fromstring(_ENTITY.sub(_numeric, data), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Damaged(f"not well-formed XML: {error}") from error


def _numeric(found: re.Match[bytes]) -> bytes:
    """A named HTML entity as a numeric one, which needs no DTD; others stay."""
    if found[1] in _XML:
        return found[0]
    char = html.unescape(found[0].decode("ascii"))
    return found[0] if len(char) != 1 else b"&#%d;" % ord(char)


def name(element: Any) -> str:
    """The element's name without its namespace; empty for comments and entities."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def child(element: Any, *path: str) -> Any:
    """The first descendant along the path of names, or None."""
    for wanted in path:
        element = next((c for c in element if name(c) == wanted), None)
        if element is None:
            return None
    return element


def children(element: Any, *wanted: str) -> Iterator[Any]:
    """The children of these names, in order."""
    return (c for c in element if name(c) in wanted)


def squeeze(text: str) -> str:
    """White space single, none before a closing mark."""
    return re.sub(r"\s+(?=[,.;:)\]])(?![.]\d)", "", " ".join(text.split()))


def inline(element: Any, skip: frozenset[str] = frozenset()) -> str:
    """The text of an element with its inline children; line breaks are spaces, powers keep their height (10⁶)."""
    return squeeze("".join(_pieces(element, skip)))


def _pieces(element: Any, skip: frozenset[str]) -> Iterator[str]:
    before = element.text or ""
    yield before
    for one in element:
        kind = name(one)
        if kind in ("sup", "sub"):
            yield _raised(one, before, skip)
        elif kind in ("break", "newline", "br"):
            yield " "
        elif kind and kind not in skip:
            yield from _pieces(one, skip)
        before = one.tail or ""
        yield before


def _raised(element: Any, before: str, skip: frozenset[str]) -> str:
    """`10<sup>6</sup>` is 10⁶, not 106; a superscript citation stands apart from its word."""
    text = "".join(_pieces(element, skip)).strip()
    if name(element) == "sup" and before[-1:].isdigit() and text and not text.strip("0123456789+-−"):
        return text.translate(_SUPERSCRIPTS)
    if name(element) == "sup" and any(name(d) == "xref" for d in element.iter()):
        return f" {text}"
    return text


def runs(element: Any, blocks: frozenset[str], skip: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """The text before, between and after the block children of an element, and those children, in order."""
    running = _emptied(element, element.text)
    for part in element:
        if name(part) in blocks:
            yield inline(running, skip), None
            yield "", part
            running = _emptied(element, part.tail)
        else:
            running.append(copy(part))
    yield inline(running, skip), None


def _emptied(element: Any, text: str | None) -> Any:
    found = element.makeelement(element.tag)
    found.text = text
    return found


def table_rows(table: Any, skip: frozenset[str] = frozenset()) -> str:
    """The rows of an XHTML-like or CALS table, a line each, cells parted by ` | `."""
    rows = []
    for row in table.iter():
        if name(row) in ("tr", "row"):
            cells = [inline(cell, skip) for cell in children(row, "td", "th", "entry")]
            if any(cells):
                rows.append(" | ".join(cells))
    return "\n".join(rows)


def joined(path: str | None, title: str) -> str:
    """The path of headings with one more below it."""
    return f"{path} › {title}" if path else title
