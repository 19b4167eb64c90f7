"""Sessions with the real Lean: tactics, branches, errors, limits, and a process that is killed, stopped or flooded."""

from __future__ import annotations

import os
import signal
import time

import pytest
from small_lean import HEADER

from proofloom.assistants.lean.process import WorkerLimits
from proofloom.assistants.lean.session import Lean, LeanSession, SessionLimits
from proofloom.assistants.lean.toolchain import LeanToolchain
from proofloom.assistants.session import AssistantError, Failure, TacticError
from proofloom.proofs import ProofState, Step, Theorem

SWAP = "theorem swap (p q : Prop) : p ∧ q → q ∧ p := by"
SLOW = """
set_option maxHeartbeats 0
noncomputable def long (n : Nat) : Nat → Nat := Nat.rec (fun x => x) (fun _ f x => f (f x)) n
"""
"""A function that takes 2 ^ n steps at n, in a file that switches Lean's own time-out off."""


def opened(assistant: Lean, statement: str, before: str = "", ending: str = "") -> LeanSession:
    return assistant.open(Theorem("t", statement, before=HEADER + before, ending=ending))


def after(result: Step | TacticError) -> ProofState:
    assert isinstance(result, Step), result
    return result.after


def failure(result: Step | TacticError) -> TacticError:
    assert isinstance(result, TacticError), result
    return result


def test_a_proof_from_start_to_finish(assistant: Lean) -> None:
    session = opened(assistant, SWAP)
    assert session.root.text == "p q : Prop\n⊢ p ∧ q → q ∧ p"
    introduced = after(session.apply(session.root, "intro h", 10))
    split = after(session.apply(introduced, "constructor", 10))
    assert split.text == "case left\np q : Prop\nh : p ∧ q\n⊢ q\n\ncase right\np q : Prop\nh : p ∧ q\n⊢ p"
    last = after(session.apply(split, "exact h.right", 10))
    assert [goal.name for goal in last.goals] == ["right"]
    assert session.finish(last) == TacticError(Failure.FAILED, "goals are left")
    done = after(session.apply(last, "exact h.left", 10))
    assert done.finished and session.finish(done) is None
    assert session.cpu_seconds > 0
    session.close()
    session.close()


def test_every_earlier_state_can_be_continued(assistant: Lean) -> None:
    session = opened(assistant, SWAP)
    introduced = after(session.apply(session.root, "intro h", 10))
    first = after(session.apply(introduced, "cases h", 10))
    second = after(session.apply(introduced, "refine ⟨?_, ?_⟩", 10))
    assert first.goals[0].hypotheses[-1].names == ("right✝",)
    assert [goal.name for goal in second.goals] == ["refine_1", "refine_2"]
    assert after(session.apply(introduced, "cases h", 10)) == first
    assert after(session.apply(first, "constructor <;> assumption", 10)).finished
    several = "cases h with\n| intro a b =>\n  exact ⟨b, a⟩"
    assert after(session.apply(introduced, several, 10)).finished


@pytest.mark.parametrize(
    ("tactic", "kind", "words"),
    [
        ("exact h", Failure.FAILED, "1:10: Unknown identifier"),
        ("constructor", Failure.FAILED, "1:4: Tactic `constructor` failed"),
        ("intro h\nexact h", Failure.FAILED, "2:4: Type mismatch"),
        ("have : p := by\n  skip", Failure.FAILED, "unsolved goals"),
        ("· intro h", Failure.FAILED, "unsolved goals"),
        ("wish", Failure.SYNTAX, "unknown tactic"),
        ("exact", Failure.SYNTAX, "unexpected"),
        ("intro h; theorem x : True := trivial", Failure.SYNTAX, "theorem is refused"),
        ("exact (h", Failure.SYNTAX, "brackets"),
        ("sorry", Failure.SYNTAX, "sorry is refused"),
        ("exact (sorry)", Failure.SYNTAX, "sorry is refused"),
        ("-- nothing", Failure.SYNTAX, "empty"),
        ("skip /- ", Failure.SYNTAX, "comment without an end"),
    ],
)
def test_errors_have_a_kind_and_a_place(assistant: Lean, tactic: str, kind: Failure, words: str) -> None:
    statement = "theorem swap (p q : Prop) : p ∧ q → q ∧ p := by"
    session = opened(assistant, statement.replace(" := by", " :=\n  by"))
    error = failure(session.apply(session.root, tactic, 10))
    assert (error.kind, words in error.message) == (kind, True), error
    assert after(session.apply(session.root, "intro h", 10)).goals


def test_a_hole_behind_a_bullet_with_text_after_it(assistant: Lean) -> None:
    head = "theorem t (p q : Prop) (a : p) (b : q) : p ∧ q := by\n  constructor\n  ·"
    session = opened(assistant, head, ending="  · exact b\n\ntheorem next : True := trivial\n")
    assert [goal.conclusion for goal in session.root.goals] == ["p"]
    step = session.apply(session.root, "have c : p := a", 10)
    assert after(session.apply(after(step), "exact c", 10)).finished
    assert failure(session.apply(session.root, "exact b", 10)).kind is Failure.FAILED
    assert failure(session.apply(session.root, "exact", 10)).kind is Failure.SYNTAX


def test_unicode_before_the_hole_is_counted_as_lean_does(assistant: Lean) -> None:
    session = opened(assistant, "theorem 𝔸𝔹 (α₁ : Prop) (𝕩 : α₁) : α₁ ∧ α₁ := by")
    assert session.root.goals[0].names == ("α₁", "𝕩")
    assert after(session.apply(session.root, "constructor <;> exact 𝕩", 10)).finished


def test_a_source_that_does_not_load_is_refused_with_its_line(assistant: Lean) -> None:
    with pytest.raises(AssistantError, match=r"line 3: does not load: .*Unknown identifier"):
        opened(assistant, SWAP, before="def x : Nat := y\n")
    with pytest.raises(AssistantError, match="line 3: t does not open"):
        opened(assistant, "theorem t : 0 = True := by")
    with pytest.raises(AssistantError, match=r"line 1: does not load: .*Nowhere"):
        assistant.open(Theorem("t", SWAP, before="prelude\nimport Nowhere\n", ending=""))


def test_theorems_of_one_file_share_a_process(assistant: Lean) -> None:
    first = opened(assistant, SWAP)
    pid = first.process_id
    first.close()
    second = opened(assistant, "theorem two : True := by", before="theorem one : True := trivial\n")
    assert second.process_id == pid
    assert after(second.apply(second.root, "exact one", 10)).finished
    third = opened(assistant, SWAP)
    assert third.process_id != pid


def test_a_killed_process_is_rebuilt_and_its_states_live_on(assistant: Lean) -> None:
    session = opened(assistant, SWAP)
    introduced = after(session.apply(session.root, "intro h", 10))
    split = after(session.apply(introduced, "constructor", 10))
    pid, spent = session.process_id, session.cpu_seconds
    os.kill(pid, signal.SIGKILL)
    assert after(session.apply(split, "exact h.right", 10)).goals
    assert session.process_id != pid
    assert session.cpu_seconds > spent
    assert after(session.apply(introduced, "simp [h]", 10)).finished


def test_a_process_that_hangs_is_killed_and_the_session_goes_on(assistant: Lean) -> None:
    session = opened(assistant, SWAP)
    introduced = after(session.apply(session.root, "intro h", 10))
    os.kill(session.process_id, signal.SIGSTOP)
    started = time.monotonic()
    assert failure(session.apply(introduced, "constructor", 0.3)).kind is Failure.TIMEOUT
    assert time.monotonic() - started < 10
    assert after(session.apply(introduced, "constructor", 10)).goals


def test_endless_elaboration_is_stopped_by_the_clock(assistant: Lean) -> None:
    session = opened(assistant, "theorem t : long 60 0 = 1 ∨ True := by", before=SLOW)
    pid = session.process_id
    error = failure(session.apply(session.root, "left\nrfl", 0.5))
    assert error == TacticError(Failure.TIMEOUT, "no answer within 0.5 s")
    assert after(session.apply(session.root, "right", 10)).goals
    assert session.process_id == pid


def test_long_elaboration_is_stopped_by_heartbeats(assistant: Lean) -> None:
    session = opened(assistant, "theorem t (p : Prop) : p → p := by", before="set_option maxHeartbeats 10\n")
    work = "\n".join(f"have h{number} : True ∧ True ∧ True := by simp_all" for number in range(60))
    error = failure(session.apply(session.root, work, 60))
    assert error.kind is Failure.TIMEOUT
    assert "heartbeats" in error.message
    assert after(session.apply(session.root, "intro h", 10)).goals


def test_a_flood_of_output_is_cut(toolchain: LeanToolchain) -> None:
    limits = SessionLimits(worker=WorkerLimits(answer_bytes=30_000))
    with Lean(toolchain, limits) as assistant:
        session = opened(assistant, SWAP)
        flood = "\n".join(f"have {'h' * 100}{number} : True := trivial" for number in range(300))
        error = failure(session.apply(session.root, flood, 20))
        assert error == TacticError(Failure.TOO_LARGE, "more than 30000 bytes came for one text")
        assert after(session.apply(session.root, "intro h", 10)).goals


def test_goals_that_are_too_large_are_refused(toolchain: LeanToolchain) -> None:
    with Lean(toolchain, SessionLimits(state_characters=100)) as assistant:
        session = opened(assistant, SWAP)
        many = "\n".join(f"have h{number} : True := trivial" for number in range(20))
        assert failure(session.apply(session.root, many, 10)).kind is Failure.TOO_LARGE
        assert after(session.apply(session.root, "intro h", 10)).goals


def test_too_much_memory_ends_the_process_and_not_the_session(toolchain: LeanToolchain) -> None:
    with Lean(toolchain, SessionLimits(worker=WorkerLimits(memory_mib=256))) as assistant:
        session = opened(assistant, "theorem t : long 60 0 = 1 ∨ True := by", before=SLOW)
        pid = session.process_id
        error = failure(session.apply(session.root, "left\nrfl", 60))
        assert error == TacticError(Failure.MEMORY, "Lean was out of memory: more than 256 MiB")
        assert after(session.apply(session.root, "right", 10)).goals
        assert session.process_id != pid


def test_states_of_another_session_are_refused(assistant: Lean) -> None:
    session = opened(assistant, SWAP)
    with pytest.raises(AssistantError, match="not of this session"):
        session.apply(ProofState((), handle=7), "skip", 1)
    session.close()
    with pytest.raises(AssistantError, match="is closed"):
        session.apply(session.root, "skip", 1)
