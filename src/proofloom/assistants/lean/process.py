"""One worker of Lean's language server with one document: started with limits, asked under a deadline, killed.

The one idea is `check`: give the document a new text and wait until all is said about exactly that version.  An edit
is also how elaboration is stopped: Lean drops the work on the old text when a new one comes.
"""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from typing import Any

from proofloom.assistants.child import ChildProcess
from proofloom.assistants.lean import wire
from proofloom.assistants.lean.toolchain import INSTALL, LeanSettings, LeanToolchain
from proofloom.assistants.processes import ProcessDied, resident_mib

_SLICE = 0.25
"""Seconds between two looks at the memory of a worker that does not answer."""
_QUESTIONS = 1 << 30
"""Numbers of questions begin above those of versions."""


class OutOfTime(Exception):
    """The worker has not said all in time; it may still be at work on that text."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """Resident memory in MiB, bytes that may come for one version, seconds to stop before it is killed."""

    memory_mib: int = 8192
    answer_bytes: int = 4_000_000
    grace_seconds: float = 2.0

    def __post_init__(self) -> None:
        if self.memory_mib < 256:
            raise ValueError(f"memory_mib={self.memory_mib}: Lean needs at least 256")


class LeanWorker(ChildProcess):
    """A running `lean --worker`.  Owned by one session at a time; not safe for use by two threads."""

    def __init__(self, toolchain: LeanToolchain, settings: LeanSettings, limits: WorkerLimits) -> None:
        self.settings = settings
        self.limits = limits
        self.version = 0
        self._text = ""
        self._questions = _QUESTIONS
        self._reader = wire.Reader()
        self._uri = (settings.folder / "Proofloom.lean").as_uri()
        command = [toolchain.lean, "--worker", "-Dserver.reportDelayMs=0", self._uri]
        super().__init__("Lean", command, settings.environment, install=INSTALL, folder=settings.folder)
        self._room = select.poll()
        self._room.register(self._in, select.POLLOUT)
        os.set_blocking(self._in, False)

    @property
    def text(self) -> str:
        """The text that the document has now."""
        return self._text

    def check(self, text: str, seconds: float) -> tuple[wire.Diagnostic, ...]:
        """All that Lean says about `text`; raises `OutOfTime` after `seconds`, `ProcessDied`."""
        self.version += 1
        if self.version == 1:
            calls = wire.initialize() + wire.did_open(self._uri, 1, text)
        else:
            calls = wire.did_change(self._uri, self.version, text)
        self._text = text
        deadline = time.monotonic() + seconds
        self._write(calls + wire.wait(self._uri, self.version), deadline + self.limits.grace_seconds)
        return self._said(deadline)

    def ask(self, method: str, place: wire.Place, seconds: float) -> Any:
        """What Lean answers about a place of the current text, None if it answers with an error.

        Raises `OutOfTime` after `seconds`, `ProcessDied`.
        """
        deadline = time.monotonic() + seconds
        self._questions += 1
        self._write(wire.at_place(method, self._questions, self._uri, place), deadline)
        while True:
            try:
                for message in self._reader.feed(self._read(deadline)):
                    if isinstance(message, wire.Answered) and message.number == self._questions:
                        return None if message.error else message.result
            except wire.WireError as error:
                raise self._died(str(error)) from error

    def stop(self, text: str) -> None:
        """Drop the work on the current text for `text`; raises `ProcessDied` if it does not stop within the grace."""
        try:
            self.check(text, self.limits.grace_seconds)
        except OutOfTime:
            self.kill()
            raise ProcessDied("Lean did not stop in time and was killed", by_us=True) from None

    def _said(self, deadline: float) -> tuple[wire.Diagnostic, ...]:
        """The last that was published about the current version before the answer to the request for all of it."""
        said: tuple[wire.Diagnostic, ...] = ()
        came = 0
        while True:
            data = self._read(deadline)
            came += len(data)
            if came > self.limits.answer_bytes:
                self.kill()
                raise ProcessDied(f"more than {self.limits.answer_bytes} bytes came for one text", by_us=True)
            try:
                for message in self._reader.feed(data):
                    if isinstance(message, wire.Published):
                        if message.version == self.version:
                            said = message.diagnostics
                    elif message.number == self.version:
                        if message.error:
                            raise self._died(f"it answered {message.error}")
                        return said
            except wire.WireError as error:
                raise self._died(str(error)) from error

    def _write(self, data: bytes, deadline: float) -> None:
        """Write every byte; a worker that does not read them in time is killed, for half a message is none."""
        view = memoryview(data)
        while view:
            if not self._room.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self.kill()
                raise ProcessDied("Lean did not read its input in time and was killed", by_us=True)
            try:
                view = view[os.write(self._in, view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._died() from error

    def _read(self, deadline: float) -> bytes:
        """What has come; raises `OutOfTime`, and `ProcessDied` if the worker ends or holds too much memory."""
        while True:
            left = deadline - time.monotonic()
            if self._poll.poll(max(0.0, min(left, _SLICE)) * 1000):
                data = os.read(self._out, 1 << 16)
                if not data:
                    raise self._died()
                return data
            if resident_mib(self.pid) > self.limits.memory_mib:
                self.kill()
                raise ProcessDied(f"Lean was out of memory: more than {self.limits.memory_mib} MiB", by_us=True)
            if left <= 0:
                raise OutOfTime
