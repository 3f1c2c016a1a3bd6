"""What clusters are told and say: what Ray's workers are sent; Slurm's partitions, jobs, and how they ended."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
import time

from factory.errors import ConfigError, StageFailed

# The jobs that a command left on a cluster, for the next one, by their name.
JOBS = "jobs"
# A worker that the storage refused ends with this and the number of the refusal, so that people get its sentence.
OS_ERROR = 64
# One that ends with a sentence for people leaves it in its logs, and ends with this.
SAID, FAILURE = 63, "failure.json"
# One that lost a process of its own ends with this: another try may do.
LOST = 62
FAILED = "logs/failed"
# Jobs of one array at most: Slurm's own default is one more.
ARRAY = 1000
_TRIES, _WAIT_SECONDS = 30, 1.0

ENDED = frozenset({
    "COMPLETED", "FAILED", "TIMEOUT", "OUT_OF_MEMORY", "NODE_FAIL", "CANCELLED", "BOOT_FAIL", "DEADLINE", "PREEMPTED",
    "REVOKED",
})  # fmt: skip
# Why a job waits that nothing but a person will end.
NEVER = frozenset({
    "PartitionTimeLimit", "BadConstraints", "PartitionNodeLimit", "InvalidAccount", "InvalidQOS",
    "DependencyNeverSatisfied",
})  # fmt: skip
_FORM = "ArrayJobID:20,ArrayTaskID:40,State:20,exit_code:12,Reason:60"
# One row of the queue: array, place in it, state, exit code, why it waits.
Row = tuple[str, str, str, int, str]


def jobs(name: str) -> list[Row]:
    """The jobs of a name that Slurm knows, ended ones too."""
    found: list[Row] = []
    for line in asked("squeue", "-h", "--states=all", "-n", name, "-u", getpass.getuser(), "-O", _FORM).splitlines():
        array, place, state, code, *why = [part.strip() for part in _cut(line)]
        found.append((array, place, state, int(code) if code.isdigit() else 0, " ".join(why)))
    return found


def _cut(line: str) -> list[str]:
    widths, parts = (20, 40, 20, 12, 60), []
    for width in widths:
        parts.append(line[:width])
        line = line[width:]
    return parts


def asked(*command: str) -> str:
    """What a command of Slurm says. Raises OSError, SubprocessError."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise subprocess.SubprocessError(said[:300] or f"{command[0]} ended with code {done.returncode}")
    return done.stdout


def partition(named: str | None) -> str:
    """The partition that is named, or Slurm's default. Raises ConfigError where there is no such, or no cluster."""
    remedy = "run this on a node of the cluster, or take --executor local"
    # Slurm's own commands wait a minute for this file to come.
    if (settings := os.environ.get("SLURM_CONF")) and not os.path.exists(settings):
        raise ConfigError(f"Slurm does not answer here: SLURM_CONF names {settings}, and nothing is there", remedy)
    try:
        names = asked("sinfo", "-h", "-o", "%P").split()
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigError(f"Slurm does not answer here: {error}", remedy) from error
    if named is not None:
        if named not in (name.rstrip("*") for name in names):
            raise ConfigError(f"Slurm has no partition {named!r}", f"it has {', '.join(names)}")
        return named
    default = next((name for name in names if name.endswith("*")), names[0] if names else "")
    if not default:
        raise ConfigError("Slurm has no partition here", "name one: --set executor.partition=NAME")
    return default.rstrip("*")


def cancel(name: str) -> None:
    """No job of that name runs or waits. Raises StageFailed where Slurm does not say so."""
    said = "it still runs"
    for _ in range(_TRIES):
        try:
            asked("scancel", "-n", name, "-u", getpass.getuser())
            if all(row[2] in ENDED for row in jobs(name)):
                return
        except FileNotFoundError as error:
            raise StageFailed(f"jobs {name} may still run on Slurm, which is not here", _STOP.format(name)) from error
        except (OSError, subprocess.SubprocessError) as error:
            said = str(error)
        time.sleep(_WAIT_SECONDS)
    raise StageFailed(f"jobs {name} may still run on Slurm: {said}", _STOP.format(name))


_STOP = "scancel -n {0} on a node of the cluster; then remove jobs/{0}.json of the home"


def states_of(rows: list[Row]) -> dict[int, tuple[str, int]]:
    """Of each place in the list of ranks how its job stands: Slurm's word, and the exit code."""
    arrays = sorted({row[0] for row in rows if row[0].isdigit()}, key=int)
    return {
        ARRAY * arrays.index(array) + int(place): (state, code)
        for array, place, state, code, _ in rows
        if place.isdigit() and array in arrays
    }


# What slurmd says where it cannot open a job's output.
_NO_LOG = 53


def why(state: tuple[str, int] | None) -> str:
    """A job's end in words."""
    if state is None:
        return "Slurm does not know its job any more"
    word, code = state
    # A shell's code for a command that a signal ended.
    signal = code & 0x7F or (code >> 8) - 128 if code else 0
    if signal == _NO_LOG:
        return f"{word} (its log could not be opened: every node must see the home at the same path)"
    killed = f" (killed by signal {signal}: out of memory?)" if signal in (9, 15) and word == "FAILED" else ""
    return f"{word}{killed}"


_SENT = re.compile(
    r"^(?:AWS_(?:ENDPOINT_URL\w*|DEFAULT_REGION|REGION)|FSSPEC_\w+|FACTORY_(?:ENGINE\w*|VLLM_PYTHON)|HF_HUB_OFFLINE)$"
)
_SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD", re.IGNORECASE)


def for_ray(environment: dict[str, str]) -> dict[str, str]:
    """What a worker of Ray is told; no secret of the user's, which a cluster keeps in its records."""
    sent = {k: v for k, v in os.environ.items() if _SENT.fullmatch(k) and not _SECRET.search(k)}
    return sent | environment
