"""Policies that propose what they were told to."""

from __future__ import annotations

import math

from proofloom.policies.policy import Query
from proofloom.policies.replay import ReplayPolicy, ScriptPolicy, uniform
from proofloom.proofs import Candidate, Goal, ProofState, Step, Theorem

THEOREM = Theorem("t", "a")


def state(*goals: str) -> ProofState:
    return ProofState(tuple(Goal((), goal) for goal in goals))


def ask(policy: ReplayPolicy | ScriptPolicy, *goals: str, n: int = 9, theorem: Theorem = THEOREM) -> list[str]:
    ((answer),) = policy.suggest([Query(state(*goals), theorem)], n)
    return [candidate.tactic for candidate in answer]


def test_answers_go_by_state_text_best_first_each_once() -> None:
    policy = ReplayPolicy({"⊢ a": [Candidate("y", -2.0), Candidate("x", -1.0), Candidate("y", -1.5)]})
    assert ask(policy, "a") == ["x", "y"]
    assert ask(policy, "a", n=1) == ["x"]
    assert ask(policy, "b") == []


def test_queries_are_answered_one_by_one() -> None:
    policy = ReplayPolicy({"⊢ a": uniform(["x"]), "⊢ b": uniform(["y", "z"])})
    answers = policy.suggest([Query(state("b"), THEOREM), Query(state("a"), THEOREM)], 9)
    assert [[c.tactic for c in answer] for answer in answers] == [["y", "z"], ["x"]]
    assert answers[0][0].logprob == -math.log(2)


def test_a_known_proof_is_replayed() -> None:
    steps = [Step(state("a"), "split", state("b", "c")), Step(state("b", "c"), "go", state("c"))]
    policy = ReplayPolicy.of_steps(steps)
    assert [ask(policy, "a"), ask(policy, "b", "c"), ask(policy, "c")] == [["split"], ["go"], []]


def test_a_script_is_given_in_the_order_in_which_states_appear() -> None:
    policy = ScriptPolicy(["first", "second"])
    assert [ask(policy, "a"), ask(policy, "b"), ask(policy, "a"), ask(policy, "c")] == [
        ["first"],
        ["second"],
        ["first"],
        [],
    ]
    assert ask(policy, "b", theorem=Theorem("u", "b")) == ["first"]
