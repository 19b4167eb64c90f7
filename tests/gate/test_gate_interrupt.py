"""Ctrl-C while the gate runs a program: the program does not live on."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from proofloom.assistants.gate.confinement import GateLimits, run


@pytest.fixture
def ctrl_c_soon() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_an_interrupted_check_leaves_no_process(tmp_path: Path, ctrl_c_soon: None) -> None:
    beat = tmp_path / "beat"
    with pytest.raises(KeyboardInterrupt):
        run(("sh", "-c", f"while :; do echo >> '{beat}'; sleep 0.05; done"), tmp_path / "scratch", GateLimits())
    time.sleep(0.2)
    beats = beat.read_bytes()
    time.sleep(0.5)
    assert beats and beat.read_bytes() == beats
