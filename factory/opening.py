"""Before a private repository is opened: every version that anyone could then read is looked through."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory.errors import LicenceError
from factory.licence import refusal
from factory.parcel import VERSIONS

Said = Mapping[str, Mapping[str, Any]]


def check_history(hub: Any, repo: str, said: Said) -> None:
    """No row of any commit that a reference reaches may stay private. Raises LicenceError, HubError.

    `said`: what is known of each source now.
    """
    remote = hub.look(repo)
    if remote is None:
        return
    seen: set[str] = set()
    bad: Counter[str] = Counter()
    where: dict[str, str] = {}
    for commit in hub.commits(repo, remote):
        for path, sha in hub.paths(repo, commit).items():
            if sha in seen or not path.endswith(".parquet"):
                continue
            seen.add(sha)
            for source, why in _refused(hub.read(repo, path, commit), said):
                bad[f"{source}: {why}"] += 1
                where.setdefault(f"{source}: {why}", _version(hub, repo, commit))
    if bad:
        told = ", ".join(f"{name} ({count} rows, {where[name]})" for name, count in sorted(bad.items())[:5])
        raise LicenceError(
            f"{repo} stays private: {told}", "drop the versions before: add --forget; or use another repository"
        )


def _version(hub: Any, repo: str, commit: str) -> str:
    data = hub.read(repo, VERSIONS, commit)
    return f"version {json.loads(data)['version']}" if data else f"commit {commit[:8]}"


def _refused(data: bytes, said: Said) -> list[tuple[str, str]]:
    """The source and the reason of each row that may not be public, by what it says and what is said of its source."""
    try:
        file = pq.ParquetFile(io.BytesIO(data))
    except pa.ArrowException:
        return [("a file", "not_readable")]
    wanted = ("licence", "source_id", "translation", "generator")
    columns = [name for name in wanted if name in file.schema_arrow.names]
    if "licence" not in columns:
        # The seed project's view holds the same rows without their licences; they are judged by the other configs.
        return []
    found = []
    for row in file.read(columns=columns).to_pylist():
        why = refusal(row["licence"])
        for made in (row.get("translation"), row.get("generator")):
            if why is None and made and (made["outputs"] != "free" or made.get("tier") == "rule_based"):
                why = "model_terms"
        why = why or _withdrawn(said.get(row.get("source_id") or ""))
        if why:
            found.append((row.get("source_id") or "a source", why))
    return found


def _withdrawn(source: Mapping[str, Any] | None) -> str | None:
    """Why a source's rows may not be public now, whatever they said when they were built."""
    if source is None:
        return None
    if source.get("source_type") == "clinical" and not source.get("reviewed_by"):
        return "clinical_not_reviewed"
    licence = source.get("licence")
    return "licence_changed" if licence and licence.lower() != "unknown" and refusal(licence) else None
