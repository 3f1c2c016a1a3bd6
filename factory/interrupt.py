"""Ctrl-C is not lost: Python drops a KeyboardInterrupt raised inside a finaliser or a callback of a weak reference."""

from __future__ import annotations

import signal
from types import FrameType

_seen = False


def _note(_: int, __: FrameType | None) -> None:
    global _seen  # noqa: PLW0603 - a signal's handler has nowhere else to put it
    _seen = True
    raise KeyboardInterrupt


def install() -> None:
    """Ctrl-C raises KeyboardInterrupt, as always, and is remembered."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _note)


def check() -> None:
    """Raises KeyboardInterrupt where Ctrl-C was pressed and nobody heard it."""
    if _seen:
        raise KeyboardInterrupt
