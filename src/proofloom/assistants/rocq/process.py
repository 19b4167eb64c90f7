"""One `coqidetop` process: started with limits, spoken to under a deadline, interrupted, killed, rebuilt by its owner.

The one idea is `exchange`: write several calls at once, read as many answers, and let nothing outlast the deadline.
SIGINT is the first remedy (Rocq answers `User interrupt.` and goes on), SIGKILL the last.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass

from proofloom.assistants.child import ChildProcess
from proofloom.assistants.processes import ProcessDied, write_all
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.rocq.wire import INIT, VALUE_END, Answer
from proofloom.assistants.session import AssistantError

_MAX_INTERRUPTS = 3
_PRINTING = ("-set", "Printing Width=100000", "-set", "Printing Depth=1000")


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """Limits of one process: address space in MiB, bytes of one answer, seconds between SIGINT and SIGKILL."""

    memory_mib: int = 4096
    answer_bytes: int = 1_000_000
    grace_seconds: float = 2.0
    heap_options: str = "s=4M,o=200"

    def __post_init__(self) -> None:
        if self.memory_mib < 256:
            raise ValueError(f"memory_mib={self.memory_mib}: Rocq needs at least 256")


class RocqProcess(ChildProcess):
    """A running `coqidetop`.  Owned by one document at a time; not safe for use by two threads."""

    def __init__(self, toolchain: RocqToolchain, settings: FileSettings, limits: ProcessLimits) -> None:
        self.limits = limits
        self._buffer = bytearray()
        self._interrupts = 0
        command = [*toolchain.coqidetop, "-main-channel", "stdfds", "-q", "-async-proofs", "off", "-w", "none"]
        command += [*settings.options, "-top", settings.logical_name, *_PRINTING]
        environment = {**os.environ, "OCAMLRUNPARAM": limits.heap_options}
        super().__init__("Rocq", command, environment, install="install Rocq (apt-get install coq)")
        _limit_memory(self._process.pid, limits.memory_mib)
        try:
            self.exchange(INIT, 1, 30.0)
        except ProcessDied as error:
            raise AssistantError(f"{command[0]} did not start: {error}") from error

    def exchange(self, calls: bytes, answers: int, seconds: float) -> list[Answer]:
        """Write `calls`, read that many `answers`; raises `ProcessDied`.

        After `seconds` the process is interrupted, so a late answer is a failure with `User interrupt.`; if it does
        not answer within the grace it is killed.
        """
        try:
            write_all(self._in, calls)
        except (BrokenPipeError, OSError) as error:
            raise self._died() from error
        deadline = time.monotonic() + seconds
        self._interrupts = 0
        found: list[Answer] = []
        while len(found) < answers:
            end = self._buffer.find(VALUE_END)
            while end < 0:
                seen = max(0, len(self._buffer) - len(VALUE_END))
                deadline = self._read_more(deadline)
                end = self._buffer.find(VALUE_END, seen)
            end += len(VALUE_END)
            start = self._buffer.rfind(b"<value ", 0, end)
            found.append(Answer(bytes(self._buffer[start:end]), bytes(self._buffer[:start])))
            del self._buffer[:end]
        return found

    def _read_more(self, deadline: float) -> float:
        """Read what has come; returns the deadline that holds from now on."""
        left = deadline - time.monotonic()
        if not self._poll.poll(max(0.0, left) * 1000):
            if self._interrupts == _MAX_INTERRUPTS:
                self.kill()
                raise ProcessDied("Rocq did not react to interrupts and was killed", by_us=True)
            self._interrupts += 1
            self._signal(signal.SIGINT)
            return time.monotonic() + self.limits.grace_seconds
        data = os.read(self._out, 1 << 16)
        if not data:
            raise self._died()
        self._buffer += data
        return deadline

    def interrupt(self) -> None:
        """Ask Rocq to stop what it is doing."""
        self._signal(signal.SIGINT)


def _limit_memory(pid: int, mebibytes: int) -> None:
    if sys.platform == "linux":
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))
