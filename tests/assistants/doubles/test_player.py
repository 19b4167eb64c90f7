"""A recorded dialogue with the real Lean 4.35, played back to the session on any platform."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proofloom.assistants.doubles import player
from proofloom.assistants.doubles.dialogue import hold
from proofloom.assistants.lean.process import WorkerLimits
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.lean.toolchain import find_lean
from proofloom.assistants.session import AssistantError, Failure, TacticError
from proofloom.proofs import Step, Theorem

RECORDING = Path(__file__).with_name("dialogue-lean-4.35.0.jsonl")
HEADER = "prelude\nimport ProofCore\n"
LIMITS = SessionLimits(load_seconds=30, worker=WorkerLimits(grace_seconds=5.0))


def test_the_session_hears_what_lean_said(tmp_path: Path) -> None:
    with Lean(player.install(tmp_path / "bin", RECORDING), LIMITS) as lean:
        heard = list(hold(lean, HEADER, tmp_path / "Trial.lean"))
    answers = [(one.tactic, one.answer.split("\n⊢")[0]) for one in heard]
    goal = "p q : Prop\nh : p ∧ q"
    assert answers == [
        ("", goal),
        ("left", goal),
        ("constructor", f"case left\n{goal}"),
        ("exact h.left", answers[3][1]),
        ("exact nowhere", "failed: 3:8: Unknown identifier `nowhere`"),
        ("exact", answers[5][1]),
        ("exact h.right", f"case right\n{goal}"),
        ("right\nrfl", "timeout: no answer within 1 s"),
        ("exact h.left", "no goals"),
        ("exact ⟨h.right, h.left⟩", "no goals"),
    ]
    assert answers[3][1].startswith("failed: 3:2: Type mismatch")
    assert answers[5][1].startswith("syntax: 4:0: unexpected")


def test_texts_may_come_in_another_order_and_again(tmp_path: Path) -> None:
    theorem = _opened()
    with Lean(player.install(tmp_path / "bin", RECORDING), LIMITS) as lean:
        session = lean.open(theorem)
        for _ in range(3):
            left = session.apply(session.root, "left", 10)
            assert isinstance(left, Step)
            done = session.apply(left.after, "exact ⟨h.right, h.left⟩", 10)
            assert isinstance(done, Step) and session.finish(done.after) is None
        session.close()


def test_what_was_not_recorded_is_an_error_and_not_an_answer(tmp_path: Path) -> None:
    with Lean(player.install(tmp_path / "bin", RECORDING), LIMITS) as lean:
        session = lean.open(_opened())
        result = session.apply(session.root, "tauto", 10)
        assert result == TacticError(Failure.LOST, "Lean died twice on this tactic")
        assert isinstance(session.apply(session.root, "left", 10), Step)
        session.close()
        with pytest.raises(AssistantError, match="the recording has no answer to this text"):
            lean.open(Theorem("t", "theorem t : True := by", before=HEADER, file=tmp_path / "T.lean", ending=""))


def test_a_process_that_ended_in_the_recording_ends(tmp_path: Path) -> None:
    head, *lines = RECORDING.read_text("utf-8").splitlines()
    position = next(n for n, line in enumerate(lines) if json.loads(line)["message"].get("id") == 3)
    cut = [*lines[: position + 1], json.dumps({"at": 9, "worker": 1, "from": "lean", "ended": True})]
    (tmp_path / "cut.jsonl").write_text("\n".join([head, *cut]), "utf-8")
    with Lean(player.install(tmp_path / "bin", tmp_path / "cut.jsonl"), LIMITS) as lean:
        session = lean.open(_opened())
        left = session.apply(session.root, "left", 10)
        assert isinstance(left, Step)
        assert session.apply(left.after, "constructor", 10) == TacticError(
            Failure.LOST, "Lean died twice on this tactic"
        )
        session.close()


def test_the_player_is_found_as_the_lean_that_was_recorded(tmp_path: Path) -> None:
    played = player.install(tmp_path / "bin", RECORDING)
    found = find_lean(lambda name: played.lean if name == "lean" else None)
    assert found == played
    assert found.name == "Lean 4.35.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not the recording"),
        ("[1]", "not the recording"),
        ('{"dialogue": 7, "lean": "4.35.0"}', "form 7 of a dialogue, wanted 1"),
        ('{"dialogue": 1, "lean": "new"}', "not the recording"),
        ('{"dialogue": 1, "lean": "4.35.0"}\n{"worker": 1, "message": {}}', "not the recording"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "wrong.jsonl").write_text(text)
    with pytest.raises(player.RecordingError, match=words):
        player.install(tmp_path, tmp_path / "wrong.jsonl")
    with pytest.raises(player.RecordingError, match="cannot be read"):
        player.read(tmp_path / "nowhere")


def _opened() -> Theorem:
    """The theorem of the recording."""
    text = player.read(RECORDING)[1][0].text
    before, _, rest = text.partition("theorem ")
    return Theorem("t", "theorem " + rest.partition("\n")[0], before=before, file=Path("T.lean"), ending="")
