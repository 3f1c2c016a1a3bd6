"""One self-contained HTML page of a build: no script, no external file, hostile titles as text."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from factory.books import documents, picked, rejected, rows_with
from factory.card_words import measured
from factory.config import Recipe
from factory.licence import COLUMNS, DRAFT, refused
from factory.record import sha256
from factory.store import Store

if TYPE_CHECKING:
    from factory.build import Result

EXAMPLES = 8
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2a2f;--soft:#5d6d73;--bar:#2a7f74;--drop:#c4643f;--paper:#fbfaf7;--line:#dcd8cf}
@media(prefers-color-scheme:dark){:root{--ink:#e9e6df;--soft:#a9b1b3;--bar:#58b3a6;--drop:#e08a66;--paper:#16191a;--line:#343a3c}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin:2.2rem 0 .6rem}p.sub{color:var(--soft);margin-top:.2rem}
table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}svg{display:block;max-width:100%}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}.bar{fill:var(--bar)}.drop{fill:var(--drop)}
details{border:1px solid var(--line);border-radius:6px;padding:.5rem .8rem;margin:.5rem 0}summary{cursor:pointer}
blockquote{margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}.warn{color:var(--drop);font-weight:600}
"""


def bars(tally: dict[str, int], css: str = "bar") -> str:
    """A horizontal bar chart as inline SVG; the numbers stand beside the bars."""
    if not tally:
        return "<p class=sub>none</p>"
    top = max(tally.values()) or 1
    rows = []
    for i, (name, count) in enumerate(tally.items()):
        y = i * 24
        label = html.escape(name if len(name) <= 38 else name[:37] + "…")
        width = max(1.0, 380 * count / top)
        rows.append(
            f'<text x="270" y="{y + 16}" text-anchor="end">{label}</text>'
            f'<rect class="{css}" x="280" y="{y + 4}" width="{width:.1f}" height="16" rx="2"/>'
            f'<text x="{290 + width:.1f}" y="{y + 16}">{count:,}</text>'
        )
    height = 24 * len(tally)
    return f'<svg viewBox="0 0 760 {height}" width="760" height="{height}" role="img">{"".join(rows)}</svg>'


def histogram(lengths: list[int]) -> dict[str, int]:
    """Words per document in doubling classes."""
    classes: Counter[int] = Counter(max(0, (n - 1).bit_length()) for n in lengths)
    span = range(min(classes), max(classes) + 1) if classes else ()
    return {f"{2 ** (i - 1) + 1 if i else 0:,}–{2**i:,} words": classes[i] for i in span}


def _funnel(result: Result) -> str:
    rows = ["<table><tr><th>stage<th class=n>in<th class=n>kept<th>dropped, by reason</tr>"]
    for stage in result.stages:
        why = ", ".join(f"{html.escape(k)} {v:,}" for k, v in stage["rejected"].items()) or "—"
        more = f" (+{stage['split']:,} split off)" if stage["split"] else ""
        rows.append(
            f"<tr><td>{html.escape(stage['name'])}<td class=n>{stage['in']:,}{more}<td class=n>{stage['out']:,}<td>{why}"
        )
    export = result.export
    why = ", ".join(f"{html.escape(k)} {v:,}" for k, v in export["refused"].items()) or "—"
    given = result.stages[-1]["out"] if result.stages else 0
    rows.append(f"<tr><td>export<td class=n>{given:,}<td class=n>{export['rows']:,}<td>{why}")
    return "".join(rows) + "</table>"


def _books(items: dict[str, Any]) -> str:
    flat = {"accepted": items.get("accepted", 0)}
    for outcome in ("rejected", "failed", "skipped", "pending"):
        flat |= {f"{outcome}: {reason}": n for reason, n in items.get(outcome, {}).items()}
    return bars({k: v for k, v in flat.items() if v})


def _examples(chosen: list[tuple[str, dict[str, Any]]]) -> str:
    found = []
    for _, row in sorted(chosen, key=lambda pair: pair[0]):
        facts = [row["source_id"], row["licence"], row["tradition"], row["date"] or "", row["url"] or ""]
        place = next((s for s in row["spans"] if s["page"] or s["start_seconds"] is not None), None)
        if place:
            facts.append(f"page {place['page']}" if place["page"] else f"second {place['start_seconds']:.0f}")
        found.append(
            f"<details><summary>{html.escape(row['title'] or row['doc_id'])}</summary>"
            f"<p class=sub>{html.escape(' · '.join(f for f in facts if f))}</p>"
            f"<blockquote>{html.escape(row['text'][:1500])}</blockquote>{_units(row['units'] or [])}</details>"
        )
    return "".join(found) or "<p class=sub>none</p>"


def _duplicates(store: Store, folders: Sequence[str], *, shown: bool) -> str:
    """How many Documents repeat another, by how; the first pairs by sha256 of the id, both sides where both may leave."""
    tally: Counter[str] = Counter()
    chosen: list[tuple[str, dict[str, Any]]] = []
    for folder in folders:
        for reason in store.names(f"{folder}/rejected"):
            if not reason.endswith("_duplicate"):
                continue
            for row in rejected(store, folder, reason):
                tally[reason] += 1
                metadata = row["metadata"]
                if shown or not (refused(metadata) or metadata.get("duplicate_of") is None):
                    chosen = sorted([*chosen, (sha256(row["id"]), row)], key=itemgetter(0))[: EXAMPLES * 2]
    wanted = {row["metadata"]["duplicate_of"]: row for _, row in chosen}
    pairs = []
    for folder in folders if wanted else ():
        # The texts of a million others are not read for these few.
        here = rows_with(store, folder, "doc_id", set(wanted))
        for _, row in picked(store, folder, here, ["doc_id", "text", "title", *COLUMNS]):
            if shown or refused(row) is None:
                pairs.append((row, wanted.pop(row["doc_id"])))
    return bars(dict(sorted(tally.items())), "drop") + "".join(_pair(*pair) for pair in pairs[:EXAMPLES])


def _pair(kept: dict[str, Any], dropped: dict[str, Any]) -> str:
    metadata = dropped["metadata"]
    share = metadata.get("containment")
    facts = f"{dropped['reason']}" + (f", {share:.0%} of it stands in the other" if share else "")
    sides = [(kept["title"] or kept["doc_id"], kept["text"]), (metadata.get("title") or dropped["id"], dropped["text"])]
    cells = "".join(
        f"<td><b>{html.escape(title)}</b><blockquote>{html.escape(text[:500])}</blockquote>" for title, text in sides
    )
    return (
        f"<details><summary>{html.escape(str(sides[1][0]))}</summary><p class=sub>{html.escape(facts)}</p>"
        f"<table><tr><th>kept<th>dropped</tr><tr>{cells}</tr></table></details>"
    )


def _gates(config: Recipe) -> str:
    """What was measured of the gates that a recipe's rows passed."""
    rates = measured()
    if config.questions is not None:
        told = rates["questions"]
        table = {
            "planted errors refused": told["planted"], "good rows refused": told["good"],
            "wrong rows that passed, written by somebody who saw no gate": told["blind_wrong"],
            "right rows refused, by the same": told["blind_right"],
        }  # fmt: skip
        lines = [(what, f"{part:,} of {whole:,} ({part / whole:.1%})") for what, (part, whole) in table.items()]
    else:
        told = rates["translation"]
        names = {"planted": "planted errors found, the worst kind", "negation": "planted denials found"}
        lines = [(what, f"{told[key]:.1%}") for key, what in names.items()]
        lines.append(("false alarms over human translations", f"{told['false_alarms']:.1%}"))
    cells = "".join(f"<tr><td>{html.escape(what)}<td class=n>{said}" for what, said in lines)
    return f"<table><tr><th>gates<th>measured</tr>{cells}</table><p class=sub>how: docs/gates.md, docs/questions.md</p>"


def _units(units: list[dict[str, Any]]) -> str:
    """The first units of a translation beside their English, and what failed."""
    if not units:
        return ""
    rows = []
    for unit in [*[u for u in units if u["gate"]][:5], *[u for u in units if not u["gate"]][:7]]:
        said = html.escape(unit["target"] or "") if unit["target"] else f"<b class=warn>{html.escape(unit['gate'])}</b>"
        rows.append(f"<tr><td>{html.escape(unit['source'][:400])}<td>{said[:500] if unit['target'] else said}")
    return f"<table><tr><th>English<th>Spanish</tr>{''.join(rows)}</table>"


def write_report(
    store: Store, recipe: str, config: Recipe, result: Result, folders: list[str], final: str | None
) -> None:
    """`reports/<recipe>.html` shows the build: funnel, books, lengths, languages, licences, examples."""
    if config.questions is not None:
        store.write(
            result.report or f"reports/{recipe}.html", _questions(store, recipe, config, result, final).encode()
        )
        return
    lengths: list[int] = []
    chosen: list[tuple[str, dict[str, Any]]] = []
    columns = [
        "doc_id", "text", "spans", "title", "tradition", "date", "url", "source_id", "units", *COLUMNS,
    ]  # fmt: skip
    shown = result.export["unpublishable_included"]
    for folder in {final} if final else set():
        for row in documents(store, folder, columns):
            if refused(row) not in (None, DRAFT) and not shown:
                continue
            lengths.append(len(row["text"].split()))
            chosen = sorted([*chosen, (sha256(row["doc_id"]), row)], key=lambda pair: pair[0])[:EXAMPLES]
    language = "es" if config.translate else config.select.language
    languages: Counter[str] = Counter({language: result.export["rows"]})
    for folder in folders:
        for reason in store.names(f"{folder}/rejected"):
            if reason.startswith("language_"):
                languages[reason.removeprefix("language_")] += sum(1 for _ in rejected(store, folder, reason))
    warn = (
        "<p class=warn>Holds rows whose licence does not allow publishing.</p>"
        if result.export["unpublishable_included"]
        else ""
    )
    export = result.export
    if export["drafts"]:
        warn += f"<p class=warn>{export['drafts']:,} rows are rule-based machine drafts: never to be published.</p>"
    translated = [
        ("Translated by", bars(export["models"]) + bars(export["prompts"])),
        ("Units", bars(export["units"])),
        ("What the gates find", _gates(config)),
    ]
    sections = [
        ("What happened to every input", _books(result.items)),
        ("Stage by stage", _funnel(result)),
        ("Length of the documents", bars(histogram(lengths))),
        ("Licences", bars(export["licence"]) + ("<h3>Refused</h3>" + bars(export["refused"], "drop"))),
        ("Traditions", bars(export["tradition"])),
        ("Kinds of source", bars(export["source_kind"])),
        ("Personal data replaced", bars(export["personal"])),
        ("What repeats what", _duplicates(store, folders, shown=shown)),
        ("Evaluation sets that were cut out", _checked(export)),
        ("Languages seen", bars(dict(languages))),
        ("Splits", bars(export["split"])),
        *(translated if config.translate else ()),
        ("Examples (the first by sha256 of their id)", _examples(chosen)),
    ]
    more = f"<p>{export['rows']:,} documents, {export['words']:,} words.</p>{warn}"
    page = page_of(recipe, config.title, sections, more)
    store.write(result.report or f"reports/{recipe}.html", page.encode())


def _questions(store: Store, recipe: str, config: Recipe, result: Result, final: str | None) -> str:
    """The page of a recipe of questions: both books, counts per tag, and rows with their evidence."""
    export = result.export
    last = result.stages[-1] if result.stages else {}
    chosen: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
    columns = ["doc_id", "text", "title", "url", "questions", *COLUMNS]
    for folder in {final} if final else set():
        for row in documents(store, folder, columns):
            if refused(row) not in (None, DRAFT) and not export["unpublishable_included"]:
                continue
            for one in row["questions"]:
                if one["outcome"] == "accepted" and one["kind"] in (config.questions.kinds if config.questions else ()):
                    chosen = sorted([*chosen, (sha256(one["id"]), row, one)], key=lambda three: three[0])[:EXAMPLES]
    tallies = (
        "kinds",
        "question_types",
        "evidence_tags",
        "safety_flags",
        "corruptions",
        "strata",
        "key_places",
    )
    numbers = []
    if export.get("length_only_accuracy") is not None:
        numbers.append(f"a rule on lengths alone tells {export['length_only_accuracy']:.1%} of the pairs")
    if export.get("key_chi_square") is not None:
        numbers.append(f"chi-square of the keys' places {export['key_chi_square']:g} (5 % bound 7.81)")
    if export.get("key_alike_accuracy") is not None:
        numbers.append(
            f"the option most like the others is the key in {export['key_alike_accuracy']:.1%} (chance 25 %)"
        )
    sections = [
        ("What happened to every document", _books(result.items)),
        ("Stage by stage", _funnel(result)),
        ("Written by", bars(export.get("lanes", {})) + bars(export.get("prompts", {}))),
        ("What the gates find", _gates(config)),
        ("What happened to every passage", bars({k: v for k, v in last.get("passages", {}).items() if k != "in"})),
        ("What happened to every row", bars({k: v for k, v in last.get("questions", {}).items() if k != "proposed"})),
        *((name.replace("_", " ").capitalize(), bars(export.get(name, {}))) for name in tallies if export.get(name)),
        ("Licences", bars(export["licence"]) + ("<h3>Refused</h3>" + bars(export["refused"], "drop"))),
        ("Traditions", bars(export["tradition"])),
        ("Splits", bars(export["split"])),
        ("Examples (the first by sha256 of their id), the evidence marked", _asked_examples(chosen)),
    ]
    more = f"<p>{export['rows']:,} rows. {html.escape('; '.join(numbers))}</p>"
    if export["unpublishable_included"]:
        more += "<p class=warn>Holds rows whose licence does not allow publishing.</p>"
    return page_of(recipe, config.title, sections, more)


def _checked(export: dict[str, Any]) -> str:
    if not export["checked_against"]:
        return "<p class=sub>none: factory decontaminate index</p>"
    return f"<p>{html.escape(', '.join(export['checked_against']))}: {export['questions_cut']:,} questions</p>"


def _asked_examples(chosen: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> str:
    found = []
    for _, row, one in chosen:
        said = html.escape(one["chosen"] or one["answer"])
        if one["rejected"]:
            said += f"<br><span class=warn>{html.escape(one['rejected'])}</span>"
        if one["options"]:
            said = "<br>".join(
                f"{'●' if number == one['correct'] else '○'} {html.escape(option)}"
                for number, option in enumerate(one["options"])
            )
        if one["messages"]:
            said = "<br>".join(
                f"<b>{turn['role']}</b>: {html.escape(turn['content'][:800])}" for turn in one["messages"]
            )
        marked = "".join(_marked(row["text"], evidence) for evidence in one["evidence"][:4])
        facts = " · ".join(
            html.escape(str(f)) for f in (row["title"], row["licence"], one["question_type"], one["evidence_tag"]) if f
        )
        found.append(
            f"<details><summary>{html.escape(one['question'][:300])}</summary><p class=sub>{facts}</p>"
            f"<p>{said}</p>{marked}</details>"
        )
    return "".join(found) or "<p class=sub>none</p>"


def _marked(text: str, evidence: dict[str, Any]) -> str:
    start, end = evidence["start"], evidence["end"]
    place = f"p. {evidence['page']} " if evidence["page"] else ""
    if evidence["start_seconds"] is not None:
        place = f"{evidence['start_seconds']:.0f} s "
    return (
        f"<blockquote>{place}{html.escape(text[max(0, start - 200) : start])}<mark>{html.escape(text[start:end])}</mark>"
        f"{html.escape(text[end : end + 200])}</blockquote>"
    )


def page_of(title: str, subtitle: str, sections: Sequence[tuple[str, str | dict[str, int]]], more: str = "") -> str:
    """A self-contained page: a tally becomes bars; what is text already must be escaped."""
    body = "".join(
        f"<h2>{heading}</h2>{content if isinstance(content, str) else bars(content)}" for heading, content in sections
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{html.escape(title)}</h1><p class=sub>{html.escape(subtitle)}</p>{more}{body}</html>"
    )
