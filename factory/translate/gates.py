"""The gates of a translation: each a pure function of both sides, each with its slug."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from factory.translate import content, direction, form, negation, numbers, units
from factory.translate.side import Side

Gate = Callable[[Side, Side], str | None]

# In the order they are told; the cheap ones first.
GATES: dict[str, Gate] = {
    "length": form.length,
    "truncated": form.truncated,
    "chatter": form.chatter,
    "copy": form.copy,
    "language": form.language,
    "repetition": form.repetition,
    "placeholders": form.placeholders,
    "numbers": numbers.wrong,
    "units": units.wrong,
    "negation": negation.wrong,
    "direction": direction.wrong,
    "content": content.wrong,
}


def check(source: str, target: str, only: Iterable[str] = GATES) -> dict[str, str]:
    """What each gate that fails says of a translation."""
    ours, theirs = Side(source, "en"), Side(target, "es")
    return {slug: said for slug in only if (said := GATES[slug](ours, theirs)) is not None}


def failed(source: str, target: str) -> list[str]:
    """The slugs of the gates that a translation fails."""
    return list(check(source, target))


def finished(reason: str | None) -> str | None:
    """The model ended by itself; `length` means that it was cut."""
    return None if reason in ("stop", "eos", None) else f"finish reason {reason}"


def aligned(given: Sequence[int], returned: Sequence[int]) -> str | None:
    """Every unit came back once, under its own id."""
    if list(given) == list(returned):
        return None
    lost = sorted(set(given) - set(returned))
    return f"units {', '.join(map(str, lost))} are lost" if lost else "units came back twice, or others than were sent"
