"""One model server of a build on a cluster: a vLLM of this node, which says in the home that it is there.

    python -m factory.serving HOME KEY HOST

HOST: the address to listen at, or `node` for the one that this machine has in the cluster. Ends when the command that
started it holds the home no longer, when its vLLM is given up, or when it is told to.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from typing import Any

from factory.config import Serve
from factory.errors import ConfigError, EngineError, HomeError
from factory.lock import holder
from factory.models import Profile
from factory.readers.child import die_with_parent
from factory.server import Server
from factory.servers import BEAT_SECONDS
from factory.store import Store, open_store, read_json, write_json

# The command that started it may be away for so long: its own heartbeat is older by a minute then.
_ALONE_SECONDS = 60.0


def main() -> None:
    """Serve until the end; the home knows why it did not come up."""
    home, key, host = sys.argv[1:4]
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store = open_store(home)
    spec = read_json(store, f"{key}/spec.json")
    if spec is None:
        sys.exit(0)
    name = f"{socket.gethostname()}-{os.getpid()}"
    starter = holder(store)
    profile, serve = Profile.model_validate(spec["profile"]), Serve.model_validate(spec["serve"])
    log = os.path.join(tempfile.gettempdir(), f"corpus-factory-vllm-{name}.log")
    try:
        address = _address() if host == "node" else host
        with Server(profile, serve, log, _say, host=address, alone=False) as server:
            _serve(store, key, name, server, _who(starter))
    except (EngineError, ConfigError) as error:
        write_json(store, f"{key}/failed/{name}.json", {"said": f"{name}: {error.message} ({error.remedy})"})
        sys.exit(1)


def _address() -> str:
    """Where other nodes reach this one: FACTORY_NODE_HOST, else the first address that is not the loopback's."""
    if named := os.environ.get("FACTORY_NODE_HOST"):
        return named
    try:
        said = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
        said += [socket.gethostbyname(socket.gethostname())]
    except OSError:
        said = []
    found = next((one for one in said if not one.startswith(("127.", "169.254.", "fe80:", "::1"))), None)
    if found is None:
        raise ConfigError(
            f"{socket.gethostname()} does not know by which address other nodes reach it",
            "say it there: FACTORY_NODE_HOST=ADDRESS",
        )
    return found


def _who(held: dict[str, Any] | None) -> tuple[Any, Any]:
    return (held["host"], held["pid"]) if held else (None, None)


def _serve(store: Store, key: str, name: str, server: Server, starter: tuple[Any, Any]) -> None:
    member = f"{key}/members/{name}.json"
    held = time.monotonic()
    try:
        while True:
            server.check()
            write_json(store, member, {"url": server.url, "heartbeat": time.time(), "starts": server.starts})
            if _who(holder(store)) == starter and store.has(f"{key}/spec.json"):
                held = time.monotonic()
            if time.monotonic() - held > _ALONE_SECONDS:
                return
            time.sleep(BEAT_SECONDS)
    except HomeError:
        return
    finally:
        if store.has(member):
            store.remove(member)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
