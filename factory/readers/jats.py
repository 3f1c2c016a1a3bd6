"""JATS and NLM XML of journal articles (PMC, SciELO) → one Document an article, and one a translation in it.

Source: JATS 1.3 (ANSI/NISO Z39.96), SciELO PS for `sub-article` translations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from factory.errors import Empty, Mislabelled
from factory.licence import named_in
from factory.readers.xml_text import (
    LANG,
    XLINK,
    child,
    children,
    inline,
    joined,
    name,
    parsed_xml,
    runs,
    table_rows,
)
from factory.record import Hints, Paragraph, Parsed, Role, language_code

# Left out of running text: what a formula says twice, footnotes that get a paragraph of their own, alternatives.
_ASIDE = frozenset("""fn tex-math annotation object-id alt-text long-desc private-char""".split())
_BLOCKS = frozenset(
    """p list def-list table-wrap table-wrap-group fig fig-group boxed-text disp-quote disp-formula
    disp-formula-group sec statement verse-group speech supplementary-material media table-wrap-foot array
    preformat code ref-list fn-group app-group app glossary ack notes bio attrib chem-struct-wrap
    floats-group""".split()
)
_SKIPPED = frozenset("""title label sec-meta alternatives graphic permissions object-id alt-text long-desc""".split())
_ABSTRACTS = {"es": "Resumen", "pt": "Resumo", "en": "Abstract", "fr": "Résumé"}


def parse(data: bytes, hints: Hints) -> Iterator[Parsed]:
    """A Parsed an article, its translations after it. Raises Mislabelled, Empty, Damaged."""
    root = parsed_xml(data)
    articles = [root] if name(root) == "article" else [e for e in root.iter() if name(e) == "article"]
    if not articles or name(root) not in ("article", "pmc-articleset", "articles", "OAI-PMH", "records"):
        raise Mislabelled(f"XML of {name(root)!r}, not a JATS article")
    several = len(articles) > 1
    found = False
    for number, article in enumerate(articles):
        part = f"{number:05d}" if several else ""
        for parsed in _of_article(article, part):
            found = True
            yield parsed
    if not found:
        raise Empty("the article has no text")


def _of_article(article: Any, part: str) -> Iterator[Parsed]:
    front = child(article, "front")
    meta = child(front, "article-meta") if front is not None else None
    main = _parsed(article, meta, part, _facts(meta))
    titles = [main.title] if main.title else []
    translations = []
    for number, sub in enumerate(children(article, "sub-article"), 1):
        if sub.get("article-type") == "translation":
            stub = child(sub, "front-stub")
            facts = _facts(meta) if stub is None else _facts(meta) | {k: v for k, v in _facts(stub).items() if v}
            one = _parsed(sub, stub, f"{part}s{number:02d}", facts | {"identifier": main.identifier, "url": main.url})
            translations.append(one)
            titles += [one.title] if one.title else []
    for one in (main, *translations):
        parallel = [t for t in [*titles, *one.extra["parallel_titles"]] if t != one.title]
        one.extra["parallel_titles"] = list(dict.fromkeys(parallel))
        if one.paragraphs:
            yield one


def _facts(meta: Any) -> dict[str, Any]:
    """Title, authors, date, DOI and licence of an article-meta or front-stub."""
    empty: dict[str, Any] = {
        "title": None,
        "parallel": [],
        "author": None,
        "date": None,
        "identifier": None,
        "url": None,
    }
    empty |= {"licence": None, "licence_evidence": None}
    if meta is None:
        return empty
    group = child(meta, "title-group")
    if group is not None:
        title = child(group, "article-title")
        subtitle = child(group, "subtitle")
        parts = [inline(e, _ASIDE | {"xref"}) for e in (title, subtitle) if e is not None]
        empty["title"] = ": ".join(p.rstrip(":") for p in parts if p) or None
        others = [e for e in group.iter() if name(e) == "trans-title"]
        empty["parallel"] = [text for e in others if (text := inline(e, _ASIDE | {"xref"}))]
    empty["author"] = "; ".join(_authors(meta)) or None
    empty["date"] = _date(meta)
    for one in children(meta, "article-id"):
        if one.get("pub-id-type") == "doi" and inline(one):
            empty["identifier"] = inline(one)
            empty["url"] = f"https://doi.org/{inline(one)}"
    empty["licence"], empty["licence_evidence"] = _licence(meta)
    return empty


def _authors(meta: Any) -> Iterator[str]:
    for group in children(meta, "contrib-group"):
        for one in children(group, "contrib"):
            if one.get("contrib-type", "author") != "author":
                continue
            who = next((e for e in one.iter() if name(e) in ("name", "collab", "string-name")), None)
            if who is None:
                continue
            given, surname = child(who, "given-names"), child(who, "surname")
            known = [inline(e) for e in (given, surname) if e is not None]
            yield " ".join(known) if known else inline(who)


def _date(meta: Any) -> str | None:
    """The most exact date of publication, the electronic one first."""
    found = []
    for order, one in enumerate(children(meta, "pub-date")):
        numbers = {name(e): inline(e) for e in one}
        if not numbers.get("year", "").isdecimal():
            continue
        parts = [numbers["year"]]
        for key in ("month", "day"):
            if not numbers.get(key, "").isdecimal():
                break
            parts.append(f"{int(numbers[key]):02d}")
        kind = one.get("pub-type") or one.get("date-type") or one.get("publication-format") or ""
        found.append((kind not in ("epub", "pub", "electronic"), -len(parts), order, "-".join(parts)))
    return min(found)[3] if found else None


def _licence(meta: Any) -> tuple[str | None, str | None]:
    permissions = child(meta, "permissions")
    for one in permissions.iter() if permissions is not None else ():
        if name(one) == "license":
            said = " ".join([one.get(XLINK) or "", *(e.get(XLINK) or "" for e in one.iter()), inline(one)])
            if named := named_in(said):
                return named[0], inline(one) or one.get(XLINK)
    return None, None


def _parsed(article: Any, meta: Any, part: str, facts: dict[str, Any]) -> Parsed:
    walk = _Walk()
    if facts["title"]:
        walk.add(facts["title"], "heading")
    for one in children(meta, "abstract", "trans-abstract") if meta is not None else ():
        language = language_code(one.get(LANG) or article.get(LANG) or "")
        own = child(one, "title")
        title = inline(own) if own is not None else _ABSTRACTS.get(language, "Abstract")
        walk.add(title, "heading")
        walk.blocks(one, title)
    for area in children(article, "body", "back", "floats-group"):
        walk.blocks(area, None)
    extra: dict[str, Any] = {"parallel_titles": facts["parallel"]}
    return Parsed(
        [p for p in walk.found if p.text] if any(p.role != "heading" for p in walk.found) else [],
        title=facts["title"],
        author=facts["author"],
        date=facts["date"],
        url=facts["url"],
        language=language_code(article.get(LANG)) if article.get(LANG) else None,
        licence=facts["licence"],
        licence_evidence=facts["licence_evidence"],
        identifier=facts["identifier"],
        part=part,
        extra=extra,
    )


class _Walk:
    """The paragraphs of an article in the order of its text."""

    def __init__(self) -> None:
        self.found: list[Paragraph] = []

    def add(self, text: str, role: Role = "body", path: str | None = None) -> None:
        if text:
            self.found.append(Paragraph(text, role, heading=path))

    def blocks(self, element: Any, path: str | None, role: Role = "body") -> None:
        """Everything in a section-like element."""
        for one in element:
            if name(one) and name(one) not in _SKIPPED:
                self.block(one, path, role)

    def block(self, one: Any, path: str | None, role: Role) -> None:
        kind = name(one)
        if kind == "p":
            self.mixed(one, path, role)
        elif kind in ("list", "def-list"):
            self.listed(one, path, role)
        elif kind == "table-wrap":
            self.table(one, path)
        elif kind in ("fig", "media", "supplementary-material", "chem-struct-wrap"):
            self.captioned(one, path)
        elif kind == "ref":
            cited = [e for e in one if name(e).endswith("citation") or name(e) == "note"]
            texts = [inline(e, _ASIDE) for e in cited]
            self.add(" ".join([_label(one), *texts[-1:]]).strip(), "reference", path)
        elif kind == "fn":
            self.blocks(one, path, "footnote")
        elif kind in _BLOCKS or any(name(e) in _BLOCKS for e in one):
            self.section(one, path, "footnote" if kind in ("fn-group", "table-wrap-foot") else role)
        else:
            self.mixed(one, path, role)

    def section(self, one: Any, path: str | None, role: Role) -> None:
        label, title = child(one, "label"), child(one, "title")
        text = " ".join(inline(e, _ASIDE) for e in (label, title) if e is not None)
        if title is not None and text:
            self.add(text, "heading", path)
            path = joined(path, text)
        if any(name(e) in _BLOCKS or name(e) in ("ref", "fn") for e in one):
            self.blocks(one, path, role)
        else:
            self.mixed(one, path, role)

    def mixed(self, one: Any, path: str | None, role: Role) -> None:
        """A paragraph that may hold blocks and footnotes: the text around each is a paragraph of its own."""
        for text, block in runs(one, _BLOCKS, _ASIDE):
            self.add(text, role, path)
            if block is not None:
                self.block(block, path, role)
        for note in (e for e in one.iter() if name(e) == "fn"):
            self.add(inline(note), "footnote", path)

    def listed(self, one: Any, path: str | None, role: Role) -> None:
        title = child(one, "title")
        if title is not None:
            self.add(inline(title, _ASIDE), role, path)
        for item in children(one, "list-item", "def-item"):
            plain = not any(name(e) in _BLOCKS - {"p"} for e in item.iter() if e is not item)
            if plain:
                parts = [inline(e, _ASIDE) for e in item if name(e) and name(e) != "label"]
                glue = ": " if name(item) == "def-item" else " "
                text = glue.join(p for p in parts if p)
                self.add(f"{_label(item)} {text}".strip(), role, path)
            else:
                self.blocks(item, path, role)

    def table(self, one: Any, path: str | None) -> None:
        self.captioned(one, path, blocks=False)
        for table in (e for e in one.iter() if name(e) in ("table", "tgroup")):
            if name(table.getparent()) != "table":
                self.add(table_rows(table, _ASIDE), "table", path)
        for foot in children(one, "table-wrap-foot"):
            self.section(foot, path, "footnote")

    def captioned(self, one: Any, path: str | None, *, blocks: bool = True) -> None:
        """Label and caption as one paragraph, then what else stands in a figure or box."""
        label, caption = child(one, "label"), child(one, "caption")
        parts = [inline(label)] if label is not None else []
        parts += [inline(e, _ASIDE) for e in caption if name(e)] if caption is not None else []
        self.add(" ".join(p for p in parts if p), "body", path)
        for part in one if blocks else ():
            if name(part) in _BLOCKS:
                self.block(part, path, "body")


def _label(element: Any) -> str:
    label = child(element, "label")
    return "" if label is None else inline(label)
