"""What a lying server claims, put into the file and shown to the gate: the gate compiles afresh and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_lean import HEADER

from proofloom.assistants.doubles import liar
from proofloom.assistants.doubles.liar import Lie
from proofloom.assistants.gate.lean.gate import LeanGate
from proofloom.assistants.lean.session import Lean
from proofloom.assistants.lean.text.source import Source
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain
from proofloom.proofs import Finding, ProofState, Step

REFERENCE = HEADER + "theorem t : 1 = 2 := by\n  sorry\n"


@pytest.fixture
def gate(toolchain: LeanToolchain) -> Iterator[LeanGate]:
    made = LeanGate(toolchain, checker="/bin/true")
    yield made
    made.close()


@pytest.mark.parametrize("lie", [Lie.NO_ERRORS, Lie.OLD_TEXT])
@pytest.mark.parametrize(
    ("tactic", "finding"),
    [
        ("trivial", Finding.INCOMPLETE),
        ("skip", Finding.INCOMPLETE),
        ("exact (rfl : 1 = 1)", Finding.INCOMPLETE),
    ],
)
def test_what_a_liar_calls_proved_is_refused(
    gate: LeanGate, tmp_path: Path, lie: Lie, tactic: str, finding: Finding
) -> None:
    source = Source(REFERENCE.encode(), tmp_path / "T.lean")
    with Lean(liar.install(tmp_path, lie)) as lean:
        session = lean.open(source.theorem(source.holes[0]))
        script, state = [], session.root
        while not state.finished:
            state = _after(session.apply(state, tactic if len(script) else "intros", 10))
            script.append(tactic if script else "intros")
            assert len(script) < 5
        assert session.finish(state) is None
        session.close()
    candidate = source.filled({"t": ["\n".join(script)]})
    verdict = gate.check(REFERENCE.encode(), candidate, "t", LeanSettings(tmp_path))
    assert (verdict.finding, verdict.accepted, verdict.level) == (finding, False, 0), verdict.reason


def _after(result: object) -> ProofState:
    assert isinstance(result, Step)
    return result.after
