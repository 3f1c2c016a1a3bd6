"""Steps over JSONL rows: the same functions that the recipes run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from factory.config import Quality, nearest, parse
from factory.errors import ConfigError

Row = dict[str, Any]
Verdict = tuple[Row, str | None]


def any_rows_in(path: str) -> Iterator[Row]:
    """The rows of a JSONL file. Raises ConfigError naming the first line that is not one."""
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise ConfigError(f"{path}, line {number}: not JSON: {error}") from error
                if not isinstance(row, dict):
                    raise ConfigError(f"{path}, line {number}: not a row")
                yield row
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error


def rows_in(path: str) -> Iterator[Row]:
    """The rows of a JSONL file with id and text. Raises ConfigError naming the first that lacks one."""
    for number, row in enumerate(any_rows_in(path), 1):
        if not isinstance(row.get("text"), str) or "id" not in row:
            raise ConfigError(f"{path}, row {number}: a row needs id and text")
        yield row


def text_of(row: Row) -> str:
    """Everything a row says: its text, or question, options and answer, source and target, in the row's order."""
    parts: list[str] = []
    for name, value in row.items():
        if isinstance(value, str) and name not in ("id", "doc_id"):
            parts.append(value)
        elif isinstance(value, list):
            parts += [v for v in value if isinstance(v, str)]
    return "\n".join(parts)


def run_step(name: str, given: str, settings: Row) -> Iterator[Verdict]:
    """Every row with what the step says of it, and why it is dropped, if it is."""
    steps: dict[str, Callable[[str, Row], Iterator[Verdict]]] = {
        "language": _language,
        "quality": _quality,
        "dedup": _dedup,
        "personal": _personal,
        "decontaminate": _decontaminate,
        "gates-translation": _gates_translation,
        "gates-questions": _gates_questions,
    }
    return steps[name](given, settings)


def _none_but(settings: Row, *known: str) -> None:
    for key in settings:
        if key not in known:
            raise ConfigError(f"--set {key}: unknown. {nearest(key, known) if known else 'This step has no settings.'}")


def _language(given: str, settings: Row) -> Iterator[Verdict]:
    from factory.steps.language import detect

    _none_but(settings)
    for row in rows_in(given):
        found = detect(row["text"])
        yield row | {"language": found.language, "score": round(found.score, 4)}, None


def _spans(text: str) -> list[dict[str, Any]]:
    spans, at = [], 0
    for part in text.split("\n"):
        if part.strip():
            spans.append({"start": at, "end": at + len(part), "role": "body"})
        at += len(part) + 1
    return spans


def _quality(given: str, settings: Row) -> Iterator[Verdict]:
    from factory.build import recipe_config
    from factory.config import PROFILES
    from factory.steps.quality import verdict

    profile = settings.pop("profile", "article")
    if profile not in PROFILES:
        raise ConfigError(f"--set profile={profile}: {nearest(str(profile), PROFILES)}")
    rules = recipe_config("medical_es").clean.quality[profile]
    rules = parse(Quality, rules.model_dump() | settings, "--set")
    for row in rows_in(given):
        yield row, verdict(row["text"], row.get("spans") or _spans(row["text"]), rules)


def _dedup(given: str, settings: Row) -> Iterator[Verdict]:
    from factory.dedup.across import Version, translated
    from factory.dedup.clusters import near_duplicates

    _none_but(settings)
    texts: dict[str, str] = {}
    for row in rows_in(given):
        if str(row["id"]) in texts:
            raise ConfigError(f"{given}: the id {row['id']!r} stands there twice", "give every row an id of its own")
        texts[str(row["id"])] = row["text"]
    cluster = {name: members[0] for members in near_duplicates(texts) for name in members}
    versions = (_version(Version, row) for row in rows_in(given) if row.get("language"))
    spanish = translated(versions)
    for row in rows_in(given):
        name = str(row["id"])
        home = cluster.get(name, name)
        if home == name and name in spanish:
            yield row | {"cluster": spanish[name]}, "translated_already"
        else:
            yield row | {"cluster": home}, None if home == name else "near_duplicate"


def _version(version: Callable[..., Any], row: Row) -> Any:
    from factory.record import language_code, work_id

    titles = tuple(t for t in (row.get("title"), *(row.get("parallel_titles") or ())) if isinstance(t, str))
    work = row.get("work_id") or work_id(row.get("doi") or row.get("isbn"), str(row["id"]))
    return version(str(row["id"]), language_code(str(row["language"])), work, titles)


def _decontaminate(given: str, settings: Row) -> Iterator[Verdict]:
    from factory.cli.guarding import finder
    from factory.store import open_store

    _none_but(settings, "against", "home")
    against = settings.get("against", [])
    names = (against,) if isinstance(against, str) else tuple(map(str, against))
    looking = finder(names, open_store(str(settings.get("home", os.environ.get("FACTORY_HOME", "data")))))
    for row in any_rows_in(given):
        items = sorted({hit.item for hit in looking.find([text_of(row)])[0]})
        failed = {"contaminated_by": items, "failed": [*row.get("failed", []), "contaminated"]} if items else {}
        yield row | failed, "contaminated" if items else None


def _gates_translation(given: str, settings: Row) -> Iterator[Verdict]:
    from factory.translate.gates import check

    _none_but(settings)
    for number, row in enumerate(any_rows_in(given), 1):
        if not isinstance(row.get("source"), str) or not isinstance(row.get("target"), str):
            raise ConfigError(f"{given}, row {number}: a row needs source and target")
        found = check(row["source"], row["target"])
        yield row | {"failed": list(found), "said": found}, None


def _gates_questions(given: str, settings: Row) -> Iterator[Verdict]:
    """Rows of passage, question, answer and quote; a question that repeats an earlier row's is a duplicate."""
    from factory.cli.guarding import finder
    from factory.config import Questions
    from factory.questions.case import Case
    from factory.questions.gates import check
    from factory.questions.novelty import Asked
    from factory.questions.safety import NATURAL
    from factory.store import open_store

    _none_but(settings, "against", "home", "tradition")
    against = settings.get("against", [])
    names = (against,) if isinstance(against, str) else tuple(map(str, against))
    home = open_store(str(settings.get("home", os.environ.get("FACTORY_HOME", "data"))))
    looking = finder(names, home) if names or home.names("decontamination") else None
    asked = Asked(Questions(corpora=()).max_similar)
    for number, row in enumerate(map(_with_quote, any_rows_in(given)), 1):
        quote = row.get("quote")
        parts = [row.get(name) for name in ("passage", "question", "answer")]
        if not all(isinstance(part, str) for part in parts) or not isinstance(quote, str | list):
            raise ConfigError(
                f"{given}, row {number}: a row needs passage, question, answer and quote",
                "rows of a dataset of questions go as they are: their evidence is quote and passage",
            )
        tradition = row.get("tradition", settings.get("tradition"))
        natural = None if tradition is None else tradition in NATURAL
        passage, question, answer = (str(part) for part in parts)
        found = check(
            Case(passage, question, answer, quote, str(row.get("heading") or row.get("title") or ""), natural)
        )
        if same := asked.repeats(question):
            found["duplicate"] = same
        elif not found:
            asked.add(str(row.get("id", number)), question)
        if looking is not None and (hits := looking.find([f"{question}\n{answer}"])[0]):
            found["contaminated"] = ", ".join(sorted({hit.item for hit in hits})[:3])
        yield row | {"failed": list(found), "said": found}, None


def _with_quote(row: Row) -> Row:
    """A published row's evidence as its quotes, and as its passage where it has none."""
    evidence = row.get("evidence")
    if "quote" in row or not isinstance(evidence, list) or not all(isinstance(one, dict) for one in evidence):
        return row
    quotes = [str(one.get("quote", "")) for one in evidence]
    return {"passage": "\n".join(quotes), **row, "quote": quotes}


def _personal(given: str, settings: Row) -> Iterator[Verdict]:
    from collections import Counter

    from factory.personal import PROFILES, scrub

    _none_but(settings, "profile")
    profile = settings.get("profile", "article")
    if profile not in PROFILES:
        raise ConfigError(f"--set profile={profile}: {nearest(str(profile), PROFILES)}")
    for row in rows_in(given):
        found = scrub(row["text"], profile)
        yield row | {"text": found.text, "personal": dict(Counter(mark.type for mark in found.found))}, None
