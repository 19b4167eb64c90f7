"""Policies that share the time of one attempt: fair turns, nothing run twice, and all that one of them proves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_games import TACTICS, UNLIMITED, Game, TablePolicy, accepting, games, refusing

from proofloom.assistants.doubles.fake import FakeAssistant, Faults, Rules
from proofloom.policies.late import LatePolicy
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


class SlowerElsewhere(dict[str, float]):
    """How long tactics take: `slow` 0.7 seconds where `b` is to be proved, 0.9 at any other state, others no time."""

    def __init__(self, assistant: FakeAssistant) -> None:
        super().__init__()
        self._assistant = assistant

    def get(self, tactic: str, otherwise: float = 0.0) -> float:  # type: ignore[override]
        state, _ = self._assistant.applied[-1]
        return otherwise if tactic != "slow" else 0.7 if state == "⊢ b" else 0.9


def run(
    assistant: FakeAssistant,
    *policies: Policy,
    statement: str = "a",
    budget: Budget = UNLIMITED,
    certify: Certify = accepting,
    depth: int = 50,
    shares: Sequence[float] = (1.0, 1.0, 1.0),
) -> Attempt:
    portfolio = Portfolio(tuple(zip(policies, shares, strict=False)), "/".join(one.name for one in policies))
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


def test_shares_divide_the_time_and_say_who_waits() -> None:
    assistant = FakeAssistant(dict(ENDLESS), tactic_seconds=0.0)
    parts = [Thinking(assistant, ["more"], 0.1, name) for name in ("much", "little")]
    run(assistant, *parts, budget=Budget(seconds=1.5), depth=399, shares=(1.0, 0.125))
    assert (parts[0].asked, parts[1].asked) == (15, 0), "a small share begins late"
    run(assistant, *parts, budget=Budget(seconds=27.0), depth=399, shares=(1.0, 0.125))
    assert abs(parts[1].asked - 30) <= 3


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

    cheats = [Thinking(assistant, ["cheat"], 0.0, "cheat") for _ in range(2)]
    result = run(assistant, *cheats, Thinking(assistant, ["prove"], 0.0, "honest"), certify=certify)
    assert (result.outcome, seen) == (Outcome.PROVED, ["cheat", "prove"]), "no script is shown twice"


def test_the_gate_s_time_is_on_the_account_of_who_sent_it_a_script() -> None:
    rules: Rules = {**ENDLESS, "a": {**{f"cheat{i}": [] for i in range(400)}, "more": ["a+"]}}
    assistant = FakeAssistant(rules, tactic_seconds=0.0)
    cheat = Thinking(assistant, [f"cheat{i}" for i in range(400)], 0.0, "cheat")
    going = Thinking(assistant, ["more"], 0.1, "going")
    shown: list[str] = []

    def certify(steps):  # type: ignore[no-untyped-def]
        shown.append(steps[0].tactic)
        assistant.clock.advance(1.0)
        return refusing(steps)

    run(assistant, cheat, going, budget=Budget(seconds=20.0), certify=certify, depth=399)
    assert 9 <= len(shown) <= 12 and 90 <= going.asked <= 110


def test_each_searcher_has_its_own_detours() -> None:
    """One has spent all of its detours before the other shows the one that the gate accepts."""
    wrong = {f"w{i}": ["c"] for i in range(20)}
    rules: Rules = {"a": {**wrong, "d1": ["b"], "d2": ["b"]}, "b": {"fin": []}, "c": {"end": []}}
    assistant = FakeAssistant(rules, tactic_seconds=0.1)

    def certify(steps):  # type: ignore[no-untyped-def]
        return accepting(steps) if [step.tactic for step in steps] == ["d2", "fin"] else refusing(steps)

    first = TablePolicy(
        {"a": {"w0": -1.0, **{f"w{i}": -9.0 - i for i in range(1, 20)}}, "c": {"end": -1.0}}, name="one"
    )
    second = TablePolicy({"a": {"d1": -1.0, "d2": -9.0}, "b": {"fin": -1.0}}, name="two")
    assert run(assistant, first, second, certify=certify).proof == ("d2", "fin")


def test_a_timeout_of_one_does_not_shorten_the_tries_of_another() -> None:
    rules: Rules = {**ENDLESS, "a": {"more": ["a+"], "other": ["b"]}, "b": {"slow": []}}
    assistant = FakeAssistant(rules, tactic_seconds=0.0)
    assistant.faults = Faults(seconds=SlowerElsewhere(assistant))
    hasty = Thinking(assistant, ["slow", "more"], 0.0, "hasty")
    patient = TablePolicy({"a": {"other": -1.0}, "b": {"slow": -1.0}}, name="patient")
    result = run(assistant, hasty, patient, budget=Budget(seconds=100.0, tactic_seconds=0.8))
    assert (result.outcome, assistant.applied[0]) == (Outcome.PROVED, ("⊢ a", "slow"))


def test_what_is_read_before_the_first_answer_is_on_nobody_s_time() -> None:
    rules: Rules = {**ENDLESS, "a": {"more": ["a+"], "one": ["b"]}, "b": {"two": []}}
    assistant = FakeAssistant(rules, tactic_seconds=0.0)
    finder = Thinking(assistant, ["one", "two"], 0.1, "finder")

    def make() -> Policy:
        assistant.clock.advance(100.0, cpu=100.0)
        return finder

    lost = Thinking(assistant, ["more"], 0.1, "lost")
    budget = Budget(seconds=5.0, cpu_seconds=5.0)
    result = run(assistant, lost, LatePolicy("finder", make), budget=budget, depth=399)
    assert result.outcome is Outcome.PROVED and result.spend.seconds < 1.0


def test_who_crashes_leaves_the_time_to_the_others_and_is_named() -> None:
    rules: Rules = {"a": {"one": ["b"]}, "b": {"two": ["c"]}, "c": {"two": []}, **ENDLESS}
    rules["a"] = {"one": ["b"], "more": ["a+"]}
    assistant = FakeAssistant(rules, tactic_seconds=0.2)
    tried = 0

    def broken() -> Policy:
        nonlocal tried
        tried += 1
        assistant.clock.advance(100.0)
        raise OSError("no such library")

    finder = Thinking(assistant, ["one", "two"], 0.2, "finder")
    late = LatePolicy("model", broken)
    for parts in ((finder, late), (late, finder)):
        result = run(assistant, *parts, budget=Budget(seconds=5.0))
        assert (result.outcome, tried) == (Outcome.PROVED, 1), "what cannot be read is tried once, on nobody's time"
    lost = Thinking(assistant, ["more"], 0.2, "lost")
    result = run(assistant, lost, late, budget=Budget(seconds=5.0))
    assert result.outcome is Outcome.OUT_OF_BUDGET
    assert result.reason.endswith("; policy model: OSError: no such library")


def test_a_crash_is_no_exhaustion_and_gets_a_second_try() -> None:
    assistant = FakeAssistant({"a": {"one": []}})

    class Once(Thinking):
        def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
            found = super().suggest(queries, n)
            if self.asked == 1:
                raise MemoryError("once")
            return found

    nothing = Thinking(assistant, [], 0.0, "nothing")
    for order in (1, -1):
        parts = [Once(assistant, ["one"], 0.0, "once"), nothing][::order]
        assert run(assistant, *parts).outcome is Outcome.PROVED

    def broken() -> Policy:
        raise OSError("gone")

    result = run(assistant, LatePolicy("one", broken), LatePolicy("two", broken), nothing)
    assert result.outcome is Outcome.CRASHED
    assert "crashed twice: policy one: OSError: gone; policy two: OSError: gone" in result.reason


def test_a_policy_that_crashes_after_a_refusal_is_a_crash() -> None:
    assistant = FakeAssistant({"a": {"cheat": [], "more": ["b"]}})

    class Second(Thinking):
        def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
            if queries[0].state.text != "⊢ a":
                raise OSError("gone")
            return super().suggest(queries, n)

    for policies in ([Second(assistant, ["cheat", "more"], 0.0, "one")] * times for times in (1, 2)):
        result = run(assistant, *policies, certify=refusing)
        assert result.outcome is Outcome.CRASHED and "policy one: OSError: gone" in result.reason


def test_coming_back_to_a_tree_takes_no_more_than_half_of_a_turn() -> None:
    """Here the first tactic of a turn costs three seconds more, as if the way to its state were run again."""
    rules: Rules = {f"a{'+' * i}": {"more": [f"a{'+' * (i + 1)}"]} for i in range(30)}
    rules["a" + "+" * 30] = {"more": []}
    rules |= {f"b{'+' * i}": {"less": [f"b{'+' * (i + 1)}"]} for i in range(400)}
    rules["a"] = {"more": ["a+"], "less": ["b"]}
    assistant = FakeAssistant(rules, tactic_seconds=0.0)

    class Switching(dict[str, float]):
        def get(self, tactic: str, otherwise: float = 0.0) -> float:  # type: ignore[override]
            last = [other for _, other in assistant.applied[-2:]]
            return 0.1 if last[:1] == last[-1:] else 3.0

    assistant.faults = Faults(seconds=Switching())
    parts = [Thinking(assistant, [tactic], 0.0, tactic) for tactic in ("less", "more")]
    result = run(assistant, *parts, budget=Budget(seconds=1000.0, tactic_seconds=9.0), depth=399)
    assert result.outcome is Outcome.PROVED and result.spend.seconds < 4 * (3.0 + 31 * 0.1)


def test_what_one_had_too_little_time_for_is_run_again_for_another() -> None:
    """One has halved its time for `slow` elsewhere before it tries it where it would end the proof."""
    rules: Rules = {"a": {"other": ["b"]}, "b": {"slow": []}}
    assistant = FakeAssistant(rules, tactic_seconds=0.0)
    assistant.faults = Faults(seconds=SlowerElsewhere(assistant))
    hasty = Thinking(assistant, ["slow", "other"], 0.0, "hasty")
    patient = TablePolicy({"a": {"other": -1.0}, "b": {"slow": -1.0}}, name="patient")
    result = run(assistant, hasty, patient, budget=Budget(seconds=100.0, tactic_seconds=0.8))
    assert (result.outcome, assistant.applied.count(("⊢ b", "slow"))) == (Outcome.PROVED, 2)


@settings(max_examples=60, deadline=None)
@given(games())
def test_it_proves_what_one_of_its_parts_proves(game: Game) -> None:
    """Each part knows some of the tactics."""

    def knowing(tactics: str) -> TablePolicy:
        moves = {goal: {t: p for t, p in known.items() if t in tactics} for goal, known in game.policy.moves.items()}
        return TablePolicy(moves, name=tactics)

    policies = [knowing("t0 t1"), knowing("t1 t2")]
    alone = [
        run(FakeAssistant(game.rules, tactic_seconds=0.1), one, statement="g0", depth=5).outcome for one in policies
    ]
    together = run(FakeAssistant(game.rules, tactic_seconds=0.1), *policies, statement="g0", depth=5)
    assert (together.outcome is Outcome.PROVED) == (Outcome.PROVED in alone)


@settings(max_examples=60, deadline=None)
@given(games(), st.sampled_from(TACTICS))
def test_it_proves_what_one_of_its_parts_proves_although_the_gate_refuses_some(game: Game, bad: str) -> None:
    def knowing(tactics: str) -> TablePolicy:
        moves = {goal: {t: p for t, p in known.items() if t in tactics} for goal, known in game.policy.moves.items()}
        return TablePolicy(moves, name=tactics)

    def certify(steps):  # type: ignore[no-untyped-def]
        return refusing(steps) if steps and steps[-1].tactic == bad else accepting(steps)

    policies = [knowing("t0 t1"), knowing("t1 t2")]
    world = [FakeAssistant(game.rules, tactic_seconds=0.1) for _ in range(3)]
    alone = [run(world[i], one, statement="g0", certify=certify, depth=5).outcome for i, one in enumerate(policies)]
    if Outcome.PROVED in alone:
        assert run(world[2], *policies, statement="g0", certify=certify, depth=5).outcome is Outcome.PROVED


def test_a_portfolio_of_nothing_or_without_time_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted at least one policy"):
        Portfolio((), "")
    with pytest.raises(ValueError, match=r"share of one=0.0: wanted a finite number above 0"):
        Portfolio(((TablePolicy({}, name="one"), 0.0),), "one")
