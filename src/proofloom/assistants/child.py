"""A program that an assistant runs as, with pipes to it: started in a session of its own, timed, killed with its group.

What is asked of it and what it answers is the matter of each assistant; how it starts and ends is the same for all.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from proofloom.assistants.processes import ProcessDied, cpu_seconds
from proofloom.assistants.session import AssistantError


class ChildProcess:
    """A running program; not safe for use by two threads.

    `assistant` is its name in messages, `install` says what to do where there is no such program.  It runs in `folder`,
    in its own scratch folder if None.  Raises `AssistantError` if it cannot be started.
    """

    def __init__(
        self,
        assistant: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        install: str,
        folder: Path | None = None,
    ) -> None:
        self.assistant = assistant
        self.scratch = Path(tempfile.mkdtemp(prefix=f"proofloom-{assistant.lower()}-"))
        self._cpu_at_end = 0.0
        self._errors = (self.scratch / "stderr").open("wb")
        try:
            self._process = subprocess.Popen(
                command,
                cwd=folder or self.scratch,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            self._remove_scratch()
            raise AssistantError(f"cannot start {command[0]}: {error.strerror}; {install}") from error
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin.fileno(), self._process.stdout.fileno()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN | select.POLLHUP)

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

    def _signal(self, number: signal.Signals) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def _died(self, reason: str = "") -> ProcessDied:
        """Kill what is left; the error says `reason`, or else what the process said last."""
        words = reason or self._last_words()
        self.kill()
        return ProcessDied(f"{self.assistant} ended unexpectedly{': ' + words if words else ''}", by_us=False)

    def _last_words(self) -> str:
        """The last line that the process wrote to its standard error; empty once its scratch folder is gone."""
        try:
            lines = (self.scratch / "stderr").read_text("utf-8", "replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return lines[-1] if lines else ""

    def _remove_scratch(self) -> None:
        self._errors.close()
        shutil.rmtree(self.scratch, ignore_errors=True)
