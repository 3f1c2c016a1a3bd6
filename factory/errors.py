"""Every way the factory fails, named by what must happen next.

    FactoryError
    ├─ ConfigError            stop before any work: file, key, allowed values
    ├─ HomeError              the storage refused: disk full, no permission, held by another run
    ├─ SourceError            this document is rejected with a reason; go on
    │   ├─ SourceMissing      nothing is there
    │   │   └─ Gone           404, 410, removed: not asked for again
    │   ├─ SourceUnreadable   the bytes cannot become text
    │   │   ├─ Empty  NoText  Damaged  Encrypted  Mislabelled  WrongCharset
    │   │   ├─ NeedsOcr       a scan; pending until tesseract is installed
    │   │   └─ TooLarge  TimedOut  OutOfMemory  ReaderCrash
    │   │   └─ TooManyRedirects  BadAnswer  WrongType
    │   ├─ SourceForbidden    asking, or keeping, is not allowed
    │   │   └─ AddressRefused  RobotsDisallowed  OptedOut  NotAllowed
    │   ├─ SourceBlocked      stop this host; what was fetched stays
    │   │   └─ RateLimited  BotWall  HostStopped
    │   ├─ SourceLater        pending: ask again in the next run
    │   │   ├─ Unreachable  TooSlow  ServerError  CutShort  RobotsUnavailable
    │   │   └─ NoCaptions  CaptionsWithheld  NoSpeechModel
    │   └─ SourceNotYet       skipped, and looked at again in the next run
    │       └─ Upcoming  MembersOnly  Private  AgeRestricted  RegionLocked  TooOld
    ├─ EngineError
    │   ├─ BadReply           truncated, wrong language, off schema: that item is rejected
    │   └─ EngineDown         the model server died: restart, then fail the task
    ├─ LicenceError           publishing refused; names the sources
    ├─ HubError               the Hub did not take it; main is the old version or the new one
    │   ├─ HubDenied          no token, an expired one, or no right to write
    │   ├─ HubBusy            too many requests, down or unreachable: run again later
    │   └─ HubConflict        somebody else's commit or tag came first
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


class TooManyRedirects(SourceUnreadable):
    reason = "too_many_redirects"


class BadAnswer(SourceUnreadable):
    reason = "bad_answer"


class WrongType(SourceUnreadable):
    reason = "wrong_type"


class Gone(SourceMissing):
    reason = "gone"


class SourceForbidden(SourceError):
    reason = "forbidden"
    exit_code = 5


class AddressRefused(SourceForbidden):
    reason = "address_refused"


class RobotsDisallowed(SourceForbidden):
    reason = "robots_disallowed"


class OptedOut(SourceForbidden):
    reason = "opted_out"


class NotAllowed(SourceForbidden):
    reason = "not_allowed"


class SourceBlocked(SourceError):
    """`retry_after`: when the server said it may be asked again, in seconds since 1970."""

    reason = "blocked"
    exit_code = 4

    def __init__(self, message: str, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after


class RateLimited(SourceBlocked):
    reason = "rate_limited"


class BotWall(SourceBlocked):
    reason = "bot_wall"


class HostStopped(SourceBlocked):
    reason = "host_stopped"


class SourceLater(SourceError):
    reason = "later"
    exit_code = 3


class Unreachable(SourceLater):
    reason = "unreachable"


class TooSlow(SourceLater):
    reason = "too_slow"


class ServerError(SourceLater):
    reason = "server_error"


class CutShort(SourceLater):
    reason = "cut_short"


class RobotsUnavailable(SourceLater):
    reason = "robots_unavailable"


class NoCaptions(SourceLater):
    reason = "no_captions"


class CaptionsWithheld(SourceLater):
    reason = "captions_withheld"


class NoSpeechModel(SourceLater):
    reason = "no_speech_model"


class SourceNotYet(SourceError):
    reason = "not_yet"
    exit_code = 0


class Upcoming(SourceNotYet):
    reason = "upcoming"


class MembersOnly(SourceNotYet):
    reason = "members_only"


class Private(SourceNotYet):
    reason = "private"


class AgeRestricted(SourceNotYet):
    reason = "age_restricted"


class RegionLocked(SourceNotYet):
    reason = "region_locked"


class TooOld(SourceNotYet):
    reason = "too_old"


class EngineError(FactoryError):
    reason = "engine"


class BadReply(EngineError):
    reason = "bad_reply"


class EngineDown(EngineError):
    reason = "engine_down"


class LicenceError(FactoryError):
    reason = "licence"
    exit_code = 5


class HubError(FactoryError):
    reason = "hub"


class HubDenied(HubError):
    reason = "hub_denied"
    exit_code = 2


class HubBusy(HubError):
    """`retry_after`: when the Hub said to ask again, in seconds from now; None where it did not say."""

    reason = "hub_busy"
    exit_code = 4

    def __init__(self, message: str, remedy: str = "", retry_after: float | None = None) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after


class HubConflict(HubError):
    reason = "hub_conflict"
    exit_code = 4


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
