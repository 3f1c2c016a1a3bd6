"""Kills the command at its N-th durable operation; loaded by putting this folder on PYTHONPATH.

Every rename, removal, new folder and file opened for writing in the command or its workers is a
point. Points of all processes are counted in one file; at point N the command itself (whose pid is
in FACTORY_CRASH_PID's file) gets SIGKILL, and its workers die with it.
"""

from __future__ import annotations

import os
import signal
import sys

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
        if not str(path).startswith(home):
            return
        os.write(counter, b".")
        if os.fstat(counter).st_size == at:
            with open(pid_file, encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if _COUNT:
    _install(_COUNT, int(os.environ["FACTORY_CRASH_AT"]), os.environ["FACTORY_CRASH_HOME"])
