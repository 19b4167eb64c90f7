"""Keeps the dialogue of a session with Lean: every message in both directions with its time, as JSON lines.

A session with `RecordedLean` is a session like any other.  Folders of the user are cut from the messages as they are
written, so that a file can be sent to somebody else.  The first line says what was recorded; each other line has the
seconds since the beginning (`at`), the number of the process (`worker`), who speaks (`from`: `session` or `lean`), and
the `message`, or `ended` where the process ended by itself or said what is no message.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from proofloom import __version__
from proofloom.assistants.lean import wire
from proofloom.assistants.lean.process import LeanWorker, WorkerLimits
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.assistants.processes import ProcessDied

FORMAT = 1


class Recording:
    """A file that is being written; `clock` gives seconds."""

    def __init__(self, file: Path, toolchain: LeanToolchain, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = file.open("w", encoding="utf-8")
        self._clock = clock
        self._start = clock()
        self._workers = 0
        self._hidden: dict[str, str] = {}
        self._hide(Path(toolchain.lean).resolve().parents[1], "LEAN")
        self._hide(Path.home(), "HOME")
        version = ".".join(map(str, toolchain.version))
        self._write({"dialogue": FORMAT, "lean": version, "proofloom": __version__})

    def begin(self, settings: LeanSettings) -> int:
        """The number of a process that is started with `settings`, whose folders are hidden from now on."""
        self._workers += 1
        for place in dict(settings.variables).get("LEAN_PATH", "").split(":"):
            self._hide(Path(place), "LIBRARY")
        self._hide(settings.folder, "PROJECT")
        return self._workers

    def said(self, worker: int, by: str, body: bytes) -> None:
        """One message."""
        self._write({**self._now(worker, by), "message": json.loads(body)})

    def ended(self, worker: int) -> None:
        """The process has ended by itself, or is not to be understood."""
        self._write({**self._now(worker, "lean"), "ended": True})

    def close(self) -> None:
        """Close the file; harmless twice."""
        self._stream.close()

    def _hide(self, folder: Path, word: str) -> None:
        """Have `word` written for that folder; what is not below a folder of its own says nothing about the user."""
        if folder.is_absolute() and folder.parent != folder:
            self._hidden[str(folder)] = word

    def _now(self, worker: int, by: str) -> dict[str, Any]:
        return {"at": round(self._clock() - self._start, 4), "worker": worker, "from": by}

    def _write(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(_without(line, self._hidden), ensure_ascii=False, separators=(",", ":"))
        self._stream.write(text + "\n")
        self._stream.flush()


class RecordedLean(Lean):
    """Lean, with every word written to `recording`; slower by what that takes."""

    def __init__(self, toolchain: LeanToolchain, recording: Recording, limits: SessionLimits | None = None) -> None:
        super().__init__(toolchain, limits)
        self._recording = recording

    def start(self, settings: LeanSettings) -> LeanWorker:
        """A new process with nothing loaded."""
        return _RecordedWorker(self.toolchain, settings, self.limits.worker, self._recording)


class _RecordedWorker(LeanWorker):
    def __init__(
        self, toolchain: LeanToolchain, settings: LeanSettings, limits: WorkerLimits, recording: Recording
    ) -> None:
        super().__init__(toolchain, settings, limits)
        self._recording = recording
        self._number = recording.begin(settings)
        self._frames = {by: wire.Frames() for by in ("session", "lean")}

    def _write(self, data: bytes, deadline: float) -> None:
        self._keep("session", data)
        with self._death_told():
            super()._write(data, deadline)

    def _read(self, deadline: float) -> bytes:
        with self._death_told():
            data = super()._read(deadline)
        self._keep("lean", data)
        return data

    @contextmanager
    def _death_told(self) -> Iterator[None]:
        """A process that is found dead, in reading or in writing, has ended by itself unless we ended it."""
        try:
            yield
        except ProcessDied as death:
            if not death.by_us:
                self._recording.ended(self._number)
            raise

    def _keep(self, by: str, data: bytes) -> None:
        try:
            for body in self._frames[by].feed(data):
                self._recording.said(self._number, by, body)
        except ValueError:  # no message; the session will find that out by itself
            self._recording.ended(self._number)


def _without(value: Any, hidden: Mapping[str, str]) -> Any:
    """The value with each hidden folder in its texts replaced by a word, longest first, as a path and as an address."""
    if isinstance(value, str):
        for folder in sorted(hidden, key=len, reverse=True):
            value = value.replace(Path(folder).as_uri(), "file:///" + hidden[folder]).replace(folder, hidden[folder])
        return value
    if isinstance(value, Mapping):
        return {_without(name, hidden): _without(item, hidden) for name, item in value.items()}
    if isinstance(value, list):
        return [_without(item, hidden) for item in value]
    return value
