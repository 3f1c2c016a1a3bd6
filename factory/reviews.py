"""Who read a quarantined row and let it go: `reviews/<recipe>.json` of a home, by the row's id."""

from __future__ import annotations

import datetime
from typing import Any

from factory.store import Store, read_json, write_json


def reviewed(store: Store, recipe: str) -> dict[str, dict[str, Any]]:
    """Every verdict on a recipe's rows: `{verdict, by, date, note}`."""
    return dict(read_json(store, f"reviews/{recipe}.json") or {})


def released(store: Store, recipe: str) -> dict[str, str]:
    """Who let a row go, by the row's id."""
    return {name: one["by"] for name, one in sorted(reviewed(store, recipe).items()) if one["verdict"] == "accept"}


def judge(store: Store, recipe: str, names: list[str], verdict: str, by: str, note: str = "") -> None:
    """The verdict of a person stands, in place of an earlier one."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    new = {name: {"verdict": verdict, "by": by, "date": today, "note": note} for name in names}
    write_json(store, f"reviews/{recipe}.json", reviewed(store, recipe) | new)
