"""Keeps one server alive as long as its parent lives, and leaves no process behind.

    python -m factory.keeper COMMAND…

Its standard input is a pipe that the parent holds open. Where the pipe closes, by the parent's will or its death, or
where the server ends, every process of the group goes, and so do what they left in other groups of this session.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

GRACE_SECONDS = 5.0


def main() -> None:
    """Run the command until it ends or the pipe closes; end as it did."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _stop(child))
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    code = child.wait()
    _sweep()
    os._exit(code if 0 <= code < 256 else 128 - code)


def _watch(child: subprocess.Popen[bytes]) -> None:
    """The pipe closed: the server may end by itself, then it must."""
    while sys.stdin.buffer.read(4096):
        pass
    _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    if child.poll() is None:
        child.kill()


def _sweep() -> None:
    """Every other process of this session is gone."""
    own, session = os.getpid(), os.getsid(0)
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdigit() and int(name) != own:
            with contextlib.suppress(OSError):
                if os.getsid(int(name)) == session:
                    os.kill(int(name), signal.SIGKILL)


if __name__ == "__main__":
    main()
