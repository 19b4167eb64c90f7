"""A small dialogue with Lean that shows what a session meets: good, wrong and endless tactics, and older states.

It is what `proofloom doctor --record` records; with a recording of it, the session can be tested against a Lean and a
library that are not at hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.session import Assistant, Session, TacticError
from proofloom.proofs import ProofState, Step, Theorem

_BEFORE = """\
set_option maxHeartbeats 0
noncomputable def proofloomLong (n : Nat) : Nat → Nat := Nat.rec (fun x => x) (fun _ f x => f (f x)) n
"""
_STATEMENT = "theorem proofloomTrial (p q : Prop) (h : p ∧ q) : (q ∧ p) ∨ proofloomLong 60 0 = 1 := by"
TACTICS = (
    (0, "left", 30.0),
    (1, "constructor", 30.0),
    (2, "exact h.left", 30.0),
    (2, "exact nowhere", 30.0),
    (2, "exact", 30.0),
    (2, "exact h.right", 30.0),
    (0, "right\nrfl", 1.0),
    (3, "exact h.left", 30.0),
    (1, "exact ⟨h.right, h.left⟩", 30.0),
)
"""The number of a state (0 is the root, each good tactic makes the next), a tactic, and the seconds that it has."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A tactic (empty for the opening), the wall seconds until the answer, and the answer: goals or an error."""

    tactic: str
    seconds: float
    answer: str


def hold(assistant: Assistant, header: str, file: Path, clock: Callable[[], float] = time.monotonic) -> Iterator[Heard]:
    """Hold the dialogue in a file that begins with `header` and would lie at `file`; raises `AssistantError`."""
    theorem = Theorem("proofloomTrial", _STATEMENT, before=header + _BEFORE, file=file, ending="")
    started = clock()
    session = assistant.open(theorem)
    try:
        yield Heard("", clock() - started, session.root.text)
        yield from _tried(session, clock)
    finally:
        session.close()


def _tried(session: Session, clock: Callable[[], float]) -> Iterator[Heard]:
    states: list[ProofState] = [session.root]
    for number, tactic, seconds in TACTICS:
        if number >= len(states):
            return  # a tactic that should have led here did not
        started = clock()
        result = session.apply(states[number], tactic, seconds)
        if isinstance(result, Step):
            states.append(result.after)
        yield Heard(tactic, clock() - started, _told(result))


def _told(result: Step | TacticError) -> str:
    if isinstance(result, TacticError):
        return f"{result.kind}: {result.message}"
    return result.after.text or "no goals"
