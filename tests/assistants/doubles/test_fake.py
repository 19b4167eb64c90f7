"""The toy assistant keeps the promises of the seam, and breaks them when told to."""

from __future__ import annotations

import pytest

from proofloom.assistants.doubles.fake import FakeAssistant, FakeSession, Faults, ManualClock
from proofloom.assistants.session import Assistant, AssistantError, Failure, Session, SessionLost, TacticError
from proofloom.proofs import ProofState, Step, Theorem

RULES = {"a": {"split": ["b ?x", "c ?x"]}, "b ?x": {"pick": []}, "c 3": {"end": []}}


def opened(**faults: object) -> FakeSession:
    assistant = FakeAssistant(RULES, bindings={"pick": ("?x", "3")}, faults=Faults(**faults))  # type: ignore[arg-type]
    return assistant.open(Theorem("t", "a"))


def after(session: FakeSession, state: ProofState, tactic: str) -> ProofState:
    step = session.apply(state, tactic, 1.0)
    assert isinstance(step, Step) and step.before is state and step.tactic == tactic
    return step.after


def failure(result: Step | TacticError | None) -> Failure:
    assert isinstance(result, TacticError)
    return result.kind


def test_it_has_the_shape_of_the_seam() -> None:
    assistant: Assistant = FakeAssistant(RULES)
    session: Session = assistant.open(Theorem("t", "a"))
    assert session.root.text == "⊢ a"


def test_a_proof_with_an_existential_variable() -> None:
    session = opened()
    both = after(session, session.root, "split")
    assert both.text == "⊢ b ?x\n\n⊢ c ?x"
    rest = after(session, both, "pick")
    assert rest.text == "⊢ c 3"
    end = after(session, rest, "end")
    assert end.finished and session.finish(end) is None


def test_earlier_states_stay_usable() -> None:
    session = opened()
    both = after(session, session.root, "split")
    after(session, both, "pick")
    assert after(session, session.root, "split") == both


def test_what_the_table_does_not_know_fails() -> None:
    session = opened()
    assert failure(session.apply(session.root, "end", 1.0)) is Failure.FAILED
    assert failure(session.finish(session.root)) is Failure.FAILED


def test_a_slow_tactic_moves_the_clock_by_its_limit() -> None:
    clock = ManualClock()
    assistant = FakeAssistant(RULES, faults=Faults(seconds={"split": 9.0}), clock=clock, tactic_seconds=0.25)
    session = assistant.open(Theorem("t", "a"))
    assert failure(session.apply(session.root, "split", 2.0)) is Failure.TIMEOUT
    assert (clock.wall(), clock.cpu(), session.cpu_seconds) == (2.0, 0.0, 2.0)
    session.apply(session.root, "other", 2.0)
    assert clock.wall() == 2.25


def test_a_lost_tactic_leaves_the_session_alive() -> None:
    session = opened(lost=frozenset(["end"]))
    assert failure(session.apply(session.root, "end", 1.0)) is Failure.LOST
    after(session, session.root, "split")


def test_a_crash_ends_the_session_as_often_as_told() -> None:
    session = opened(crashes={"split": 1})
    with pytest.raises(SessionLost, match="'split'"):
        session.apply(session.root, "split", 1.0)
    with pytest.raises(AssistantError, match="closed"):
        session.apply(session.root, "split", 1.0)


@pytest.mark.parametrize("kind", [Failure.SYNTAX, Failure.MEMORY, Failure.TOO_LARGE])
def test_any_error_can_be_the_answer(kind: Failure) -> None:
    session = opened(errors={"split": kind})
    assert failure(session.apply(session.root, "split", 1.0)) is kind
    assert failure(session.apply(session.root, "other", 1.0)) is Failure.FAILED


def test_states_can_be_gone_after_a_restart() -> None:
    session = opened(stale=frozenset(["end"]))
    both = after(session, session.root, "split")
    assert failure(session.apply(both, "end", 1.0)) is Failure.LOST
    with pytest.raises(SessionLost, match="replaying 'split'"):
        session.apply(both, "pick", 1.0)
    again = after(session, session.root, "split")
    assert after(session, again, "pick").text == "⊢ c 3"


def test_goals_can_be_hidden() -> None:
    session = opened(lies=frozenset(["wish"]))
    closed = after(session, session.root, "wish")
    assert closed.finished and session.finish(closed) is None


def test_a_script_can_be_refused_at_the_end() -> None:
    session = opened(refused=frozenset([("split", "pick", "end")]))
    end = after(session, after(session, after(session, session.root, "split"), "pick"), "end")
    assert end.finished and failure(session.finish(end)) is Failure.FAILED


def test_opening_raises_what_it_was_told_in_order() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(opening=[AssistantError("one"), SessionLost("two")]))
    with pytest.raises(AssistantError, match="one"):
        assistant.open(Theorem("t", "a"))
    with pytest.raises(SessionLost, match="two"):
        assistant.open(Theorem("t", "a"))
    assert assistant.open(Theorem("t", "a")).root.text == "⊢ a"


def test_states_of_another_session_are_refused() -> None:
    session = opened()
    with pytest.raises(AssistantError, match="not made by this session"):
        session.apply(ProofState(session.root.goals), "split", 1.0)


def test_closing_twice_is_harmless() -> None:
    assistant = FakeAssistant(RULES)
    session = assistant.open(Theorem("t", "a"))
    session.close()
    session.close()
    assistant.close()
    assert (assistant.opened, assistant.closed) == (1, 1)
