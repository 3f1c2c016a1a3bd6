"""What tests put inside every Python they start, by having this folder on PYTHONPATH: a guard and a killer.

The guard refuses and writes down every connection that leaves this machine.

The killer ends the command at its N-th durable operation.

Every rename, removal, new folder and file opened for writing in the command or its workers is a
point. Points of all processes are counted in one file; at point N the command itself (whose pid is
in FACTORY_CRASH_PID's file) gets SIGKILL, and its workers die with it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

_COUNT = os.environ.get("FACTORY_CRASH_COUNT")
_POINTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree")


def _install(count_file: str, at: int, home: str) -> None:
    counter = os.open(count_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    pid_file = count_file + ".pid"
    if os.path.basename(sys.argv[0]) == "factory" or "factory" in " ".join(sys.orig_argv[:3]):
        try:
            handle = os.open(pid_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(handle, str(os.getpid()).encode())
            os.close(handle)
        except FileExistsError:
            pass

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(path, str) or not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR):
                return
        elif event in _POINTS:
            path = arguments[0]
        else:
            return
        # The lock's heartbeats come by the clock: a slow run would have more points than a quick one.
        if not str(path).startswith(home) or threading.current_thread().name.endswith("(_beat)"):
            return
        os.write(counter, b".")
        if os.fstat(counter).st_size == at:
            with open(pid_file, encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def _guard() -> None:
    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto"):
            address = arguments[1]
            if isinstance(address, tuple) and not str(address[0]).startswith(
                ("127.", "::1", "localhost", "::ffff:127.")
            ):
                with open(os.environ["FACTORY_GUARD"], "a", encoding="utf-8") as record:
                    record.write(f"{sys.orig_argv} tried {address}\n")
                raise ConnectionRefusedError(f"a test tried to reach {address}")

    sys.addaudithook(hook)


# Ray's dashboard asks the cloud it may stand in for its name, whatever it is told; it is none of ours.
if os.environ.get("FACTORY_GUARD") and "ray/dashboard/dashboard.py" not in " ".join(sys.orig_argv[:2]):
    _guard()
if _COUNT:
    _install(_COUNT, int(os.environ["FACTORY_CRASH_AT"]), os.environ["FACTORY_CRASH_HOME"])
