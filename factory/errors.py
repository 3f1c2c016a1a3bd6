"""Every way the factory fails, named by what must happen next.

    FactoryError
    ├─ ConfigError            stop before any work: file, key, allowed values
    ├─ HomeError              the storage refused: disk full, no permission, held by another run
    ├─ SourceError            this document is rejected with a reason; go on
    │   ├─ SourceMissing      gone, private, no transcript
    │   ├─ SourceUnreadable   the bytes cannot become text
    │   │   ├─ Empty  NoText  Damaged  Encrypted  Mislabelled  WrongCharset
    │   │   ├─ NeedsOcr       a scan; pending until tesseract is installed
    │   │   └─ TooLarge  TimedOut  OutOfMemory  ReaderCrash
    │   ├─ SourceForbidden    robots, licence, address not allowed
    │   └─ SourceBlocked      429, ban: stop this fetch; what was fetched stays
    ├─ EngineError
    │   ├─ BadReply           truncated, wrong language, off schema: that item is rejected
    │   └─ EngineDown         the model server died: restart, then fail the task
    ├─ LicenceError           publishing refused; names the sources
    ├─ StageFailed            a worker died or left no marker; nothing is published
    └─ UnbalancedStage        read ≠ written + rejected: nothing is published

`reason` is one stable slug per class: the counter, the `reason` of the rejected row and the
word on the command line are the same string. Foreign exceptions are translated once, where the
library is called.
"""

from __future__ import annotations


class FactoryError(Exception):
    """A failure with a sentence for people, a remedy, an exit code and a stable reason."""

    reason = "error"
    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigError(FactoryError):
    reason = "config"
    exit_code = 2


class HomeError(FactoryError):
    reason = "home"


class SourceError(FactoryError):
    reason = "source"


class SourceMissing(SourceError):
    reason = "missing"


class SourceUnreadable(SourceError):
    reason = "unreadable"


class Empty(SourceUnreadable):
    reason = "empty"


class NoText(SourceUnreadable):
    reason = "no_text"


class Damaged(SourceUnreadable):
    reason = "damaged"


class Encrypted(SourceUnreadable):
    reason = "encrypted"


class Mislabelled(SourceUnreadable):
    reason = "mislabelled"


class WrongCharset(SourceUnreadable):
    reason = "wrong_charset"


class NeedsOcr(SourceUnreadable):
    reason = "needs_ocr"


class TooLarge(SourceUnreadable):
    reason = "too_large"


class TimedOut(SourceUnreadable):
    reason = "timed_out"


class OutOfMemory(SourceUnreadable):
    reason = "out_of_memory"


class ReaderCrash(SourceUnreadable):
    reason = "reader_crash"


class SourceForbidden(SourceError):
    reason = "forbidden"
    exit_code = 5


class SourceBlocked(SourceError):
    reason = "blocked"
    exit_code = 4


class EngineError(FactoryError):
    reason = "engine"


class BadReply(EngineError):
    reason = "bad_reply"


class EngineDown(EngineError):
    reason = "engine_down"


class LicenceError(FactoryError):
    reason = "licence"
    exit_code = 5


class StageFailed(FactoryError):
    reason = "stage_failed"


class UnbalancedStage(FactoryError):
    reason = "unbalanced"


def classes() -> dict[str, type[FactoryError]]:
    """Every class of the tree by its reason."""
    found: dict[str, type[FactoryError]] = {}
    waiting: list[type[FactoryError]] = [FactoryError]
    while waiting:
        cls = waiting.pop()
        found[cls.reason] = cls
        waiting.extend(cls.__subclasses__())
    return found
