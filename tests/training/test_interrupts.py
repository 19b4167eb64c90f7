"""Ctrl-C during an update waits for its end."""

from __future__ import annotations

import os
import signal

import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.training.interrupts import interrupts_held


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_is_raised_behind_the_block(number: signal.Signals) -> None:
    before, done = signal.getsignal(number), list[str]()
    with pytest.raises(KeyboardInterrupt), interrupts_held():
        os.kill(os.getpid(), number)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(number) is before


def test_an_error_goes_through_and_the_handlers_are_as_they_were() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="its own"), interrupts_held():
        raise ValueError("its own")
    assert signal.getsignal(signal.SIGINT) is before
