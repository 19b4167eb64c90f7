"""One `coqidetop` process: started with limits, spoken to under a deadline, interrupted, killed, rebuilt by its owner.

The one idea is `exchange`: write several calls at once, read as many answers, and let nothing outlast the deadline.
SIGINT is the first remedy (Rocq answers `User interrupt.` and goes on), SIGKILL the last.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.processes import ProcessDied, cpu_seconds, write_all
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


class RocqProcess:
    """A running `coqidetop`.  Owned by one document at a time; not safe for use by two threads."""

    def __init__(self, toolchain: RocqToolchain, settings: FileSettings, limits: ProcessLimits) -> None:
        self.limits = limits
        self.scratch = Path(tempfile.mkdtemp(prefix="proofloom-rocq-"))
        self._buffer = bytearray()
        self._cpu_at_end = 0.0
        self._interrupts = 0
        command = [*toolchain.coqidetop, "-main-channel", "stdfds", "-q", "-async-proofs", "off", "-w", "none"]
        command += [*settings.options, "-top", settings.logical_name, *_PRINTING]
        self._errors = (self.scratch / "stderr").open("wb")
        try:
            self._process = subprocess.Popen(
                command,
                cwd=self.scratch,
                env={**os.environ, "OCAMLRUNPARAM": limits.heap_options},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            self._remove_scratch()
            raise AssistantError(
                f"cannot start {command[0]}: {error.strerror}; install Rocq (apt-get install coq)"
            ) from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN | select.POLLHUP)
        _limit_memory(self._process.pid, limits.memory_mib)
        try:
            self.exchange(INIT, 1, 30.0)
        except ProcessDied as error:
            raise AssistantError(f"{command[0]} did not start: {error}") from error

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def cpu_seconds(self) -> float:
        """User and system seconds so far; stays at the last value read once the process has ended."""
        if self._process.returncode is None:
            self._cpu_at_end = max(self._cpu_at_end, cpu_seconds(self._process.pid))
        return self._cpu_at_end

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

    def _last_words(self) -> str:
        """The last line that the process wrote to its standard error; empty once its scratch folder is gone."""
        try:
            lines = (self.scratch / "stderr").read_text("utf-8", "replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1] if lines else ""

    def kill(self) -> None:
        """End the process and its group now, and remove its scratch folder; harmless twice."""
        _ = self.cpu_seconds
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                assert stream is not None
                stream.close()
        self._remove_scratch()

    def _died(self) -> ProcessDied:
        words = self._last_words()
        self.kill()
        return ProcessDied(f"Rocq ended unexpectedly{': ' + words if words else ''}", by_us=False)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def _remove_scratch(self) -> None:
        self._errors.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def _limit_memory(pid: int, mebibytes: int) -> None:
    if sys.platform == "linux":
        import resource

        resource.prlimit(pid, resource.RLIMIT_AS, (mebibytes << 20, mebibytes << 20))
