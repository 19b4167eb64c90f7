"""Runs one program that may be hostile: in its own folder, process group and network, under limits from outside.

The limits are set by a small shell that reports each one it could set, so the record says what was really on and not
what was asked for.  Whatever happens, the whole group is dead when `run` returns.
"""

from __future__ import annotations

import functools
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from proofloom.assistants.session import AssistantError

_KEPT_VARIABLES = (
    "PATH",
    "COQPATH",
    "ROCQPATH",
    "COQLIB",
    "ROCQLIB",
    "COQCORELIB",
    "OCAMLPATH",
    "CAML_LD_LIBRARY_PATH",
)
# `ulimit -f` counts blocks of 512 bytes, `-v` kibibytes.
# The first line of output is ours: it is written before the program starts.
_SHELL = """
limit() { ulimit "$1" "$2" 2>/dev/null && printf '%s ' "$3"; }
ulimit -c 0 2>/dev/null
limit -t "$1" cpu; limit -v "$2" memory; limit -f "$3" file
echo; shift 3
"$@"
"""
_ISOLATIONS = (
    ("unshare", "--net", "--pid", "--fork", "--kill-child", "--"),
    ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child", "--"),
    ("unshare", "--net", "--"),
    ("unshare", "--map-root-user", "--net", "--"),
)
_CHUNK = 1 << 16
_KILLED = 128 + signal.SIGKILL
_TICK = 0.1
_POLL = 0.002
_LAST_WORDS = 0.5


class Ending(StrEnum):
    """How a confined program ended."""

    EXIT = "exit"
    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    OUTPUT = "output"
    FILE = "file"
    SIGNAL = "signal"


@dataclass(frozen=True, slots=True)
class GateLimits:
    """Limits of one process that the gate starts.

    Seconds of wall clock and of CPU, MiB of address space, of one written file, of output kept from each stream, and
    of source text.
    """

    seconds: float = 300.0
    cpu_seconds: float = 300.0
    memory_mib: int = 6144
    file_mib: int = 512
    output_mib: int = 64
    source_mib: int = 16

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not value > 0:
                raise ValueError(f"gate limit {item.name}={value}: wanted a number above 0")


@dataclass(frozen=True, slots=True)
class Run:
    """What a confined program did: exit status (above 128 for a signal), how it ended, its output, what it took.

    `memory_mib` is the largest resident set of the program or, where that is more, of this process when it started it.
    """

    status: int
    ending: Ending
    out: str
    error: str
    seconds: float
    cpu_seconds: float
    memory_mib: float
    limits: Mapping[str, str]

    @property
    def good(self) -> bool:
        """True only if the program ended by itself with status 0."""
        return self.ending is Ending.EXIT and self.status == 0

    @property
    def message(self) -> str:
        """The last error that Rocq printed, on one line, without the place in our folder."""
        text = self.error if "Error" in self.error else self.error + self.out
        found = text.rpartition("\nFile ")[2] if "\nFile " in text else text.removeprefix("File ")
        place, _, error = found.partition("Error:")
        line = place.partition(", line ")[2].partition(",")[0]
        message = " ".join((error or found).split())[:500]
        return f"line {line}: {message}" if line.isdigit() else message or f"exit status {self.status}"


def run(command: Sequence[str], scratch: Path, limits: GateLimits, *, own_proc: bool = False) -> Run:
    """Run `command` with `scratch` as working folder, home and temporary folder; never raises for what it does.

    With `own_proc` it finds itself in `/proc`, which programs need that ask there where they lie.  Raises
    `AssistantError` if the program cannot be started at all.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    isolation = network_isolation(own_proc)
    numbers = (round(limits.cpu_seconds), limits.memory_mib << 10, limits.file_mib << 11)
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            [*isolation, "sh", "-c", _SHELL, "gate", *map(str, numbers), *command],
            cwd=scratch,
            env=_environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise AssistantError(f"the gate cannot start a process: {error.strerror}") from error
    try:
        ending, out, error_text = _watch(process, started + limits.seconds, limits.output_mib << 20)
    except BaseException:
        _kill(process.pid)
        process.wait()
        raise
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    reached, _, printed = out.partition(b"\n")
    cpu = usage.ru_utime + usage.ru_stime
    text = error_text.decode("utf-8", "replace")
    return Run(
        status=code,
        ending=ending or _ending(code, cpu, limits, text),
        out=printed.decode("utf-8", "replace"),
        error=text,
        seconds=time.monotonic() - started,
        cpu_seconds=cpu,
        memory_mib=usage.ru_maxrss / 1024,
        limits=limits_record(limits, reached.decode("ascii", "replace").split(), isolation),
    )


@functools.cache
def network_isolation(own_proc: bool = False) -> tuple[str, ...]:
    """The command prefix that takes the network away on this machine; empty where none works.

    With `own_proc`, one under which a process finds itself in `/proc`.
    """
    trial = ("test", "-e", "/proc/self/exe") if own_proc else ("true",)
    for isolation in _ISOLATIONS:
        if shutil.which(isolation[0]) is None:
            continue
        prefix: tuple[str, ...] = isolation
        if own_proc and "--fork" in isolation:
            place = isolation.index("--fork")
            prefix = (*isolation[:place], "--mount-proc", *isolation[place:])
        tried = subprocess.run([*prefix, *trial], capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if tried.returncode == 0:
            return prefix
    return ()


def _environment(scratch: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


def _watch(process: subprocess.Popen[bytes], deadline: float, most: int) -> tuple[Ending | None, bytes, bytes]:
    """Read both streams until they close; kill the group at the deadline, at too much output, and at the end."""
    assert process.stdout is not None and process.stderr is not None
    kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    ending: Ending | None = None
    dead = False
    with selectors.DefaultSelector() as selector, process.stdout, process.stderr:
        for stream in kept:
            selector.register(stream, selectors.EVENT_READ)
        while not dead and ending is None:
            dead = _ended(process.pid, drained=not selector.get_map())
            if dead:
                _kill(process.pid)
            elif time.monotonic() > deadline:
                ending = Ending.WALL
            wait = _LAST_WORDS if dead else min(_TICK, max(0.0, deadline - time.monotonic()))
            while (ready := selector.select(wait) if selector.get_map() else []) and ending is None:
                for key, _ in ready:
                    data = os.read(key.fd, _CHUNK)
                    if not data:
                        selector.unregister(key.fd)
                    kept[key.fd] += data
                    if len(kept[key.fd]) > most:
                        ending = Ending.OUTPUT
                if not dead and time.monotonic() > deadline:
                    ending = Ending.WALL
            if not selector.get_map() and not dead:
                time.sleep(_POLL)
        _kill(process.pid)
        out, error = (bytes(text) for text in kept.values())
    return ending, out, error


def _ended(pid: int, *, drained: bool) -> bool:
    """True if the program has ended; it is not reaped, so its number stays its own until the group is killed.

    Where that cannot be asked (macOS), a program that has closed both streams counts as ended, and is killed.
    """
    if not hasattr(os, "waitid"):
        return drained
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nothing of the group is left (macOS says EPERM for a group of zombies)


def _ending(status: int, cpu: float, limits: GateLimits, error: str) -> Ending:
    if status in (_KILLED, 128 + signal.SIGXCPU) and cpu >= limits.cpu_seconds / 2:
        return Ending.CPU  # the kernel counts ticks, `rusage` is exact: they differ
    if status and any(words in error for words in ("ut of memory", "ut_of_memory", "annot allocate memory")):
        return Ending.MEMORY
    if status and ("Stack overflow" in error or "Stack_overflow" in error):
        return Ending.MEMORY
    if status == 128 + signal.SIGXFSZ or (status and "File too large" in error):
        return Ending.FILE
    # Rocq itself ends with 129 after an anomaly.
    return Ending.SIGNAL if status > 129 else Ending.EXIT


def limits_record(limits: GateLimits, reached: Sequence[str], isolation: Sequence[str]) -> dict[str, str]:
    """What was really on: `reached` are the limits that the shell could set, `isolation` the prefix that worked."""
    asked = {
        "cpu": f"{limits.cpu_seconds:g} s",
        "memory": f"{limits.memory_mib} MiB",
        "file": f"{limits.file_mib} MiB",
    }
    record = {name: value if name in reached else "not set" for name, value in asked.items()}
    record["wall"] = f"{limits.seconds:g} s"
    record["output"] = f"{limits.output_mib} MiB"
    record["network"] = "none" if "--net" in isolation else "not isolated"
    record["processes"] = "own namespace" if "--pid" in isolation else "own group"
    return record
