"""Policies that share the time of one attempt: fair turns, nothing run twice, and all that one of them proves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from toy_games import UNLIMITED, Game, TablePolicy, accepting, games, refusing

from proofloom.assistants.doubles.fake import FakeAssistant, Rules
from proofloom.policies.policy import Policy, Query
from proofloom.policies.portfolio import Portfolio
from proofloom.proofs import Attempt, Budget, Candidate, Outcome, Theorem
from proofloom.search.driver import Certify, attempt
from proofloom.search.strategies import BestFirstConfig
from proofloom.search.turns import SLICE

ENDLESS: Mapping[str, Mapping[str, Sequence[str]]] = {
    f"a{'+' * depth}": {"more": [f"a{'+' * (depth + 1)}"]} for depth in range(400)
}


class Thinking:
    """A policy that takes `seconds` to answer, and counts how often it was asked."""

    def __init__(self, assistant: FakeAssistant, tactics: Sequence[str], seconds: float, name: str) -> None:
        self._assistant, self._seconds, self.name = assistant, seconds, name
        self._answer = [Candidate(tactic, -1.0) for tactic in tactics]
        self.asked = 0

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        self.asked += 1
        self._assistant.clock.advance(self._seconds)
        return [list(self._answer) for _ in queries]


def run(
    assistant: FakeAssistant,
    *policies: Policy,
    statement: str = "a",
    budget: Budget = UNLIMITED,
    certify: Certify = accepting,
    depth: int = 50,
) -> Attempt:
    portfolio = Portfolio(policies, "/".join(one.name for one in policies))
    strategy = BestFirstConfig(depth=depth, widenings=0).start
    theorem = Theorem("t", statement, path="M.t")
    return attempt(theorem, assistant, portfolio, strategy, budget, certify, clock=assistant.clock, checked=True)


def test_each_gets_the_same_time_and_no_turn_is_longer_than_a_slice_and_a_request() -> None:
    assistant = FakeAssistant(dict(ENDLESS), tactic_seconds=0.0)
    quick = Thinking(assistant, ["more"], 0.02, "quick")
    slow = Thinking(assistant, ["more"], 0.3, "slow")
    result = run(assistant, quick, slow, budget=Budget(seconds=6.0), depth=399)
    assert result.outcome is Outcome.OUT_OF_BUDGET
    assert abs(quick.asked * 0.02 - slow.asked * 0.3) <= SLICE + 0.3
    assert result.spend.expansions == quick.asked + slow.asked


def test_what_one_alone_would_find_is_found_in_as_many_times_as_there_are_searchers() -> None:
    rules: Rules = {**ENDLESS, "a": {"more": ["a+"], "one": ["b"]}, "b": {"two": ["c"]}, "c": {"three": []}}
    assistant = FakeAssistant(rules, tactic_seconds=0.0)
    lost = Thinking(assistant, ["more"], 0.1, "lost")
    finder = Thinking(assistant, ["one", "two", "three"], 0.5, "finder")
    result = run(assistant, lost, finder, budget=Budget(seconds=100.0), depth=399)
    assert (result.outcome, result.proof) == (Outcome.PROVED, ("one", "two", "three"))
    assert result.spend.seconds <= 2 * 3 * 0.5 + SLICE + 0.1


def test_who_has_nothing_left_leaves_the_time_to_the_others() -> None:
    assistant = FakeAssistant(dict(ENDLESS), tactic_seconds=0.0)
    done = Thinking(assistant, ["nothing of the kind"], 0.1, "done")
    going = Thinking(assistant, ["more"], 0.1, "going")
    assert run(assistant, done, going, budget=Budget(seconds=5.0), depth=399).outcome is Outcome.OUT_OF_BUDGET
    assert done.asked == 1 and going.asked >= 48


def test_no_tactic_is_run_twice_at_a_state_that_two_searchers_reach() -> None:
    assistant = FakeAssistant({"a": {"x": ["b"], "y": []}, "b": {"x": ["b"]}}, tactic_seconds=1.0)
    first = Thinking(assistant, ["x", "no"], 0.0, "first")
    second = Thinking(assistant, ["x", "no", "y"], 0.0, "second")
    result = run(assistant, first, second)
    assert result.outcome is Outcome.PROVED
    assert sorted(assistant.applied) == sorted(set(assistant.applied))
    assert result.spend.tactics == len(assistant.applied)


def test_a_limit_that_can_be_raised_speaks_before_exhaustion() -> None:
    for order in (1, -1):
        assistant = FakeAssistant(dict(ENDLESS), tactic_seconds=0.1)
        parts = [Thinking(assistant, ["more"], 0.0, "deep"), Thinking(assistant, ["none"], 0.0, "none")][::order]
        result = run(assistant, *parts, depth=3)
        assert result.outcome is Outcome.OUT_OF_BUDGET and "3 steps deep" in result.reason
    assistant = FakeAssistant({"a": {"x": ["b"]}})
    result = run(assistant, Thinking(assistant, ["x"], 0.0, "one"), Thinking(assistant, ["y"], 0.0, "two"))
    assert result.outcome is Outcome.EXHAUSTED


def test_a_refusal_leaves_the_others_searching() -> None:
    assistant = FakeAssistant({"a": {"cheat": [], "prove": []}})
    seen: list[str] = []

    def certify(steps):  # type: ignore[no-untyped-def]
        seen.append(steps[0].tactic)
        return accepting(steps) if steps[0].tactic == "prove" else refusing(steps)

    cheat, honest = Thinking(assistant, ["cheat"], 0.0, "cheat"), Thinking(assistant, ["prove"], 0.0, "honest")
    result = run(assistant, cheat, honest, certify=certify)
    assert (result.outcome, seen) == (Outcome.PROVED, ["cheat", "prove"])


@settings(max_examples=60, deadline=None)
@given(games())
def test_it_proves_what_one_of_its_parts_proves(game: Game) -> None:
    """Each part knows some of the tactics."""

    def knowing(tactics: str) -> TablePolicy:
        moves = {goal: {t: p for t, p in known.items() if t in tactics} for goal, known in game.policy.moves.items()}
        return TablePolicy(moves, name=tactics)

    policies = [knowing("t0 t1"), knowing("t1 t2")]
    alone = [run(FakeAssistant(game.rules, tactic_seconds=0.1), one, statement="g0").outcome for one in policies]
    together = run(FakeAssistant(game.rules, tactic_seconds=0.1), *policies, statement="g0")
    assert (together.outcome is Outcome.PROVED) == (Outcome.PROVED in alone)
    assert math.isfinite(together.spend.seconds)


def test_a_portfolio_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted at least one policy"):
        Portfolio((), "")
