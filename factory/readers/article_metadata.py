"""What a web page says about itself: title, author, date, address, language, licence, opt-out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from htmldate import find_date
from lxml.etree import XPath
from lxml.html import HtmlElement

from factory.licence import named_in
from factory.readers.article_html import clean_line
from factory.record import language_code

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>?#&]+", re.IGNORECASE)
_DATE = re.compile(r"\s*((?:19|20)\d\d)(?:[-/.]?(0?[1-9]|1[0-2])(?:[-/.]?(0?[1-9]|[12]\d|3[01]))?)?(?!\d)")
_OPT_OUT = re.compile(r"\bno-?ai\b|\bno-?imageai\b|\bno-?ml\b", re.IGNORECASE)

_TITLE_KEYS = ("citation_title", "dc.title", "dcterms.title", "og:title", "twitter:title")
_AUTHOR_KEYS = ("citation_author", "dc.creator", "dcterms.creator", "author", "parsely-author", "article:author")
_PUBLISHED = (
    "citation_publication_date",
    "citation_date",
    "citation_online_date",
    "article:published_time",
    "dcterms.issued",
    "dc.date",
    "dc.date.issued",
    "dcterms.date",
    "datepublished",
    "parsely-pub-date",
)
_CHANGED = ("article:modified_time", "og:updated_time", "dcterms.modified")
_DOI_KEYS = (
    "citation_doi",
    "dc.identifier",
    "dc.identifier.doi",
    "dcterms.identifier",
    "prism.doi",
    "bepress_citation_doi",
)
_LICENCE_KEYS = (
    "dc.rights",
    "dcterms.rights",
    "dcterms.license",
    "dc.rights.license",
    "license",
    "copyright",
    "rights",
)
# Where pages print their licence: footers, boxes named for it, and the last lines.
_FOOTERS = XPath(
    "//body//*[self::footer or (self::div or self::section or self::p or self::small or self::span)"
    " and (contains(@class, 'opyright') or contains(@id, 'opyright')  or contains(@class, 'icense')"
    " or contains(@id, 'footer'))]"
)
_DOI_LINKS = XPath(
    "//a[contains(@href, 'doi.org/10.')][contains(@class, 'doi') or parent::*[contains(@class, 'doi')]]/@href"
)
_TITLE_PARTS = re.compile(r"\s+(?:[|·•»]|[-–—])\s+")


@dataclass(slots=True)
class Facts:
    """What a page says about itself; missing facts are None, never guessed."""

    title: str | None = None
    author: str | None = None
    date: str | None = None
    url: str | None = None
    language: str | None = None
    licence: str | None = None
    licence_evidence: str | None = None
    identifier: str | None = None
    opted_out: bool = False


def facts(tree: HtmlElement, url: str | None) -> Facts:
    """Everything the head, the JSON-LD and the licence links of an uncut page state.

    Units: `date` is ISO yyyy-mm-dd, yyyy-mm or yyyy, as exact as the page; `licence` an SPDX id,
    `public-domain` or `all-rights-reserved`; `licence_evidence` is verbatim.
    """
    metas = _metas(tree)
    linked = list(_linked_data(tree))
    licence, evidence = _licence(tree, metas, linked)
    return Facts(
        title=_title(tree, metas, linked),
        author=_author(metas, linked),
        date=_date(tree, metas, linked),
        url=_address(tree, metas, url),
        language=_language(tree, metas),
        licence=licence,
        licence_evidence=evidence,
        identifier=_identifier(tree, metas),
        opted_out=_opted_out(metas),
    )


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        name = meta.get("name") or meta.get("property") or meta.get("itemprop") or meta.get("http-equiv")
        if name and (content := meta.get("content")) and content.strip():
            found.setdefault(name.strip().lower().replace("dc:", "dc."), []).append(content.strip())
    return found


def _linked_data(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """The JSON-LD objects of the page that describe a page or a work."""
    for script in tree.iterfind('.//script[@type="application/ld+json"]'):
        try:
            waiting = [json.loads(script.text or "", strict=False)]
        except (ValueError, RecursionError):
            continue
        for thing in waiting:
            if isinstance(thing, list):
                waiting.extend(thing[:50])
            elif isinstance(thing, dict):
                waiting.extend(thing[k] for k in ("@graph", "mainEntity") if isinstance(thing.get(k), (list, dict)))
                if "headline" in thing or "datePublished" in thing or "license" in thing:
                    yield thing
            if len(waiting) > 500:
                break


def _first(metas: dict[str, list[str]], keys: tuple[str, ...]) -> str | None:
    return next((line for key in keys for value in metas.get(key, ()) if (line := clean_line(value))), None)


def _title(tree: HtmlElement, metas: dict[str, list[str]], linked: list[dict[str, Any]]) -> str | None:
    """The article's own title: a heading that the declared titles repeat, else declared, without the site's name."""
    said = _first(metas, _TITLE_KEYS[:3])
    said = said or next((clean_line(d["headline"]) for d in linked if isinstance(d.get("headline"), str)), None)
    named = clean_line(tree.findtext(".//title"))
    shared = _first(metas, _TITLE_KEYS[3:])
    tops = [line for h in tree.iter("h1") if (line := clean_line(h.text_content()))]
    for top in tops:
        if any(other and top.lower() in other.lower() for other in (said, shared, named)):
            return top
    if said or len(tops) == 1:
        return said or tops[0]
    return shared or (max(_TITLE_PARTS.split(named), key=len) if named else tops[0] if tops else None)


def _names(value: object) -> Iterator[str]:
    for one in value if isinstance(value, list) else [value]:
        name = one.get("name") if isinstance(one, dict) else one
        if isinstance(name, str) and (line := clean_line(name)) and "://" not in line:
            yield line


def _author(metas: dict[str, list[str]], linked: list[dict[str, Any]]) -> str | None:
    for key in _AUTHOR_KEYS:
        if names := list(dict.fromkeys(_names(list(metas.get(key, ()))))):
            return "; ".join(names)
    for data in linked:
        if names := list(dict.fromkeys(_names(data.get("author")))):
            return "; ".join(names)
    return None


def _iso(value: object) -> str | None:
    found = _DATE.match(value) if isinstance(value, str) else None
    return "-".join(part.zfill(2) for part in found.groups() if part) if found else None


def _date(tree: HtmlElement, metas: dict[str, list[str]], linked: list[dict[str, Any]]) -> str | None:
    """The day of publication if the page declares it, else what htmldate's quick search finds."""
    stated = [d for key in _PUBLISHED for v in metas.get(key, ()) if (d := _iso(v))]
    stated += [d for key in ("datePublished", "dateModified") for data in linked if (d := _iso(data.get(key)))]
    stated += [d for key in _CHANGED for v in metas.get(key, ()) if (d := _iso(v))]
    if day := next((d for d in stated if len(d) == 10), None):
        return day
    times = {d for t in tree.iter("time") if (d := _iso(t.get("datetime"))) and len(d) == 10}
    if len(times) == 1:
        return times.pop()
    try:
        # The full search reads every number of the page: up to 1.5 s, and mostly wrong.
        guess = find_date(tree, extensive_search=False, original_date=True)
    except (ValueError, TypeError, OverflowError):
        guess = None
    return str(guess) if guess else stated[0] if stated else None


def _address(tree: HtmlElement, metas: dict[str, list[str]], url: str | None) -> str | None:
    """The canonical address if it is a web address on the page's own site, else where it was fetched."""
    said = next(
        (h for e in tree.iter("link") if "canonical" in (e.get("rel") or "").lower() and (h := e.get("href"))), None
    )
    said = said or _first(metas, ("og:url", "citation_fulltext_html_url"))
    try:
        full = str(urljoin(url or "", said.strip())) if said else None
        if (
            full
            and urlsplit(full).scheme in ("http", "https")
            and urlsplit(full).hostname
            and not re.search(r"[\s<>\"]", full)
        ):
            return full
    except ValueError:
        pass
    return url


def _language(tree: HtmlElement, metas: dict[str, list[str]]) -> str | None:
    root = tree.getroottree().getroot()
    said = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang")
    said = said or _first(
        metas, ("og:locale", "content-language", "dc.language", "citation_language", "dcterms.language")
    )
    said = (said or "").split(",")[0].strip()
    return language_code(said) if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_]\w+)*", said) else None


def _licence(
    tree: HtmlElement, metas: dict[str, list[str]], linked: list[dict[str, Any]]
) -> tuple[str | None, str | None]:
    """The licence and the words that prove it: what is stated for machines before what is printed."""
    stated = [e.get("href") or "" for e in tree.iter("a", "link") if "license" in (e.get("rel") or "").lower().split()]
    stated += [value for key in _LICENCE_KEYS for value in metas.get(key, ())]
    for data in linked:
        said = data.get("license")
        stated.append(
            said
            if isinstance(said, str)
            else str(said.get("url") or said.get("@id") or "")
            if isinstance(said, dict)
            else ""
        )
    for said in stated:
        if found := named_in(said):
            return found[0], said.strip()
    links = [h for e in tree.iter("a") if (h := e.get("href")) and "creativecommons.org" in h]
    named = {found[0] for h in links if (found := named_in(h))}
    if len(named) == 1:
        return named.pop(), links[0]
    for part in [*_FOOTERS(tree), *list(tree.iter("p"))[-8:]]:
        line = " ".join(part.text_content().split())
        if len(line) < 5000 and (found := named_in(line)):
            return found
    return None, None


def _identifier(tree: HtmlElement, metas: dict[str, list[str]]) -> str | None:
    """The page's DOI: declared, or the one DOI link that stands outside its references."""
    for key in _DOI_KEYS:
        for value in metas.get(key, ()):
            if found := _DOI.search(value):
                return found[0].rstrip(".,;)")
    for link in _DOI_LINKS(tree):
        if found := _DOI.search(link):
            return found[0].rstrip(".,;)")
    return None


def _opted_out(metas: dict[str, list[str]]) -> bool:
    """True if the page asks not to be used to train models.

    Source: https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240510/ (section 6.3)
    """
    robots = [
        v
        for key in ("robots", "googlebot", "x-robots-tag", "ai-training", "ccbot", "gptbot")
        for v in metas.get(key, ())
    ]
    return any(_OPT_OUT.search(v) for v in robots) or "1" in metas.get("tdm-reservation", ())
