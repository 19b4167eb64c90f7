"""The life of a worker process: open what the tasks need, answer tasks until the pipe ends, close.

It does not hear Ctrl-C, which is for the process that started it; SIGTERM, and the death of that process, end it
through the same closing code as any other way out, so that no assistant is left behind.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any


@dataclass(frozen=True, slots=True)
class Returned:
    """The value of a task."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """A task that failed, and why; its worker ends."""

    reason: str


def serve(connection: Connection, opening: Callable[[], AbstractContextManager[Callable[[Any], Any]]]) -> None:
    """Answer each task on `connection` with `Returned` or `Raised`; after a `Raised` the process ends."""
    # A handler, not SIG_IGN: programs started from here would inherit a signal that is ignored, and need it.
    signal.signal(signal.SIGINT, _unheard)
    signal.signal(signal.SIGTERM, _leave)
    # A signal that comes while another one waits is given to any thread that takes it, and would not wake this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        with opening() as function:
            while (task := _receive(connection)) is not None:
                if not _send(connection, Returned(function(task[0]))):
                    return
    except Exception as error:  # noqa: BLE001 - reported to the executor, which decides
        _send(connection, Raised(f"{type(error).__name__}: {error}"))


def _receive(connection: Connection) -> tuple[Any] | None:
    """The next task, or None if whoever gave them is gone or has no more."""
    try:
        message: tuple[Any] = connection.recv()
    except (EOFError, OSError):
        return None
    return message


def _send(connection: Connection, answer: Returned | Raised) -> bool:
    """False if nobody is there to read the answer; raises what pickling raises."""
    try:
        connection.send(answer)
    except OSError:
        return False
    return True


def _unheard(number: int, frame: FrameType | None) -> None:
    """Ctrl-C is for the parent, and SIGTERM is heard once."""


def _leave(number: int, frame: FrameType | None) -> None:
    """End through the closing code, which a second SIGTERM does not disturb."""
    signal.signal(signal.SIGTERM, _unheard)
    sys.exit(128 + number)


def _leave_with_parent() -> None:
    """Wait for the process that started this one to die, then end this one as SIGTERM does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
