"""Sessions with a server that lies or breaks off: nothing hangs, nothing raises, and the next tactic can be tried."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from proofloom.assistants.doubles import liar
from proofloom.assistants.doubles.liar import GOAL, Lie
from proofloom.assistants.lean.process import WorkerLimits
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.session import Failure, TacticError
from proofloom.proofs import Step, Theorem

LIMITS = SessionLimits(load_seconds=30, worker=WorkerLimits(answer_bytes=50_000, grace_seconds=0.5))
THEOREM = Theorem("t", "theorem t : 1 = 2 := by", before="-- 𝔸\n", file=Path("T.lean"), ending="")


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (Lie.OLD_VERSION, Failure.TIMEOUT),
        (Lie.ELSEWHERE, Failure.FAILED),
        (Lie.UNREADABLE, Failure.FAILED),
        (Lie.FLOOD, Failure.TOO_LARGE),
        (Lie.DIES, Failure.LOST),
        (Lie.REFUSES, Failure.LOST),
        (Lie.FORGES, Failure.LOST),
        (Lie.SILENT, Failure.TIMEOUT),
    ],
)
def test_a_lie_that_can_be_seen_is_a_failed_tactic(tmp_path: Path, lie: Lie, kind: Failure) -> None:
    with Lean(liar.install(tmp_path, lie), LIMITS) as lean:
        session = lean.open(THEOREM)
        assert session.root.text == GOAL
        started = time.monotonic()
        for _ in range(2):
            result = session.apply(session.root, "trivial", 0.5)
            assert isinstance(result, TacticError), result
            assert result.kind is kind, result
        assert time.monotonic() - started < 20
        assert session.root.text == GOAL
        session.close()


def test_what_is_said_about_the_text_before_looks_like_a_step(tmp_path: Path) -> None:
    with Lean(liar.install(tmp_path, Lie.OLD_TEXT), LIMITS) as lean:
        session = lean.open(THEOREM)
        result = session.apply(session.root, "trivial", 10)
        assert isinstance(result, Step) and result.after.text == GOAL
        again = session.apply(session.root, "trivial", 10)
        assert isinstance(again, Step) and session.finish(again.after) is None
        session.close()


def test_a_server_that_sees_no_errors_is_believed_here(tmp_path: Path) -> None:
    """So that what it claims reaches the gate: see tests/lean/test_lean_liar.py."""
    with Lean(liar.install(tmp_path, Lie.NO_ERRORS), LIMITS) as lean:
        session = lean.open(THEOREM)
        result = session.apply(session.root, "trivial", 10)
        assert isinstance(result, Step) and session.finish(result.after) is None
        session.close()
