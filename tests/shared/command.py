"""Runs the command line as a user does: in a process of its own, in a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A shell that starts tests in the background has SIGINT ignored; programs started here must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

COMMAND = (sys.executable, "-m", "proofloom.app")


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    error: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The JSON objects on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def outcomes(self) -> dict[str, str]:
        return {item["theorem"]: item["outcome"] for item in self.objects}

    @property
    def complaint(self) -> str:
        """The one line on standard error of a command that was refused."""
        assert self.code == 2, self
        assert self.out == ""
        (line,) = self.error.splitlines()
        assert line.startswith("proofloom: ")
        return line


def proofloom(*arguments: object, cwd: Path, env: dict[str, str] | None = None, seconds: float = 120) -> Ended:
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


class Running:
    """A command under way; standard error is read line by line."""

    def __init__(self, *arguments: object, cwd: Path, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []

    def until(self, text: str) -> None:
        """Wait for a line on standard error that holds `text`."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if text in line:
                return
        raise AssertionError(f"{text!r} was never said, but {self.said}")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, seconds: float = 60) -> Ended:
        out, error = self.process.communicate(timeout=seconds)
        return Ended(self.process.returncode, out, "".join(self.said) + error)


def children(pid: int, seconds: float = 20) -> Sequence[int]:
    """The processes below `pid`, as soon as there are some."""
    end = time.monotonic() + seconds
    while not (found := _children(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    return found


def _children(pid: int) -> Sequence[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_bytes().rpartition(b") ")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == pid:
                found += [int(entry.name), *_children(int(entry.name))]
    return found


def gone(pids: Sequence[int], seconds: float) -> bool:
    """True as soon as none of the processes lives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_bytes().rpartition(b") ")[2][:1] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
