"""One attempt: deadlines, budgets, crashes, refusals, Ctrl-C.  The clock is in the test's hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from toy_games import UNLIMITED, TablePolicy, accepting, refusing

from proofloom.assistants.doubles.fake import FakeAssistant, Faults, ManualClock
from proofloom.assistants.session import AssistantError, Failure, SessionLost
from proofloom.policies.policy import Policy, Query
from proofloom.proofs import Attempt, Budget, Candidate, Finding, Outcome, Step, Theorem, Verdict
from proofloom.search.driver import LEAST_TACTIC_SECONDS, MOST_DETOURS, Certify, attempt
from proofloom.search.frontier import Order
from proofloom.search.strategies import BestFirstConfig, SinglePassConfig, StrategyFactory

BEST_FIRST = BestFirstConfig().start
THEOREM = Theorem("t", "a", path="M.t")
RULES = {"a": {"split": ["b", "c"]}, "b": {"go": []}, "c": {"go": [], "end": []}}
POLICY = TablePolicy({"a": {"split": -1.0, "other": -2.0}, "b": {"go": -1.0}, "c": {"go": -1.0, "end": -2.0}})


def run(
    assistant: FakeAssistant,
    budget: Budget = UNLIMITED,
    certify: Certify = accepting,
    policy: Policy = POLICY,
    strategy: StrategyFactory = BEST_FIRST,
) -> Attempt:
    return attempt(THEOREM, assistant, policy, strategy, budget, certify, clock=assistant.clock, checked=True)


def test_a_proof_is_certified_and_costs_are_counted() -> None:
    assistant = FakeAssistant(RULES, tactic_seconds=0.5)
    seen: list[Sequence[Step]] = []

    def certify(steps: Sequence[Step]) -> Verdict:
        seen.append(steps)
        return accepting(steps)

    result = run(assistant, certify=certify)
    assert (result.outcome, result.proof, result.theorem) == (Outcome.PROVED, ("split", "go", "go"), "M.t")
    assert [(one.before.text, one.tactic) for one in seen[0]] == [
        ("⊢ a", "split"),
        ("⊢ b\n\n⊢ c", "go"),
        ("⊢ c", "go"),
    ]
    spend = result.spend
    assert (spend.expansions, spend.tactics, spend.seconds, spend.cpu_seconds) == (3, 4, 2.0, 2.0)
    assert (assistant.opened, assistant.closed) == (1, 1)


def test_a_theorem_without_goals_is_certified_without_a_step() -> None:
    class Finished(FakeAssistant):
        def open(self, theorem: Theorem):  # type: ignore[no-untyped-def]
            session = super().open(theorem)
            session._root = session._new((), ())
            return session

    result = run(Finished(RULES))
    assert (result.outcome, result.proof, result.spend.tactics) == (Outcome.PROVED, (), 0)


@pytest.mark.parametrize("strategy", [BestFirstConfig().start, SinglePassConfig().start])
def test_a_proof_found_at_the_deadline_is_kept(strategy: StrategyFactory) -> None:
    """The last tactic ends exactly when the budget does; the gate then takes longer than the whole budget."""
    policy = TablePolicy({"a": {"split": -1.0}, "b": {"go": -1.0}, "c": {"go": -1.0}})
    assistant = FakeAssistant(RULES, tactic_seconds=1.0)

    def slow(steps: Sequence[Step]) -> Verdict:
        assistant.clock.advance(10.0)
        return accepting(steps)

    result = run(assistant, Budget(seconds=3.0, tactic_seconds=1.0), slow, policy, strategy)
    assert (result.outcome, result.spend.seconds) == (Outcome.PROVED, 13.0)


@pytest.mark.parametrize(
    ("budget", "named"),
    [
        (Budget(seconds=2.0), "--time"),
        (Budget(seconds=math.inf, cpu_seconds=2.0), "budget.cpu_seconds"),
        (Budget(seconds=math.inf, expansions=2), "budget.expansions"),
        (Budget(seconds=math.inf, tactics=2), "budget.tactics"),
    ],
)
def test_each_limit_stops_the_search_and_is_named(budget: Budget, named: str) -> None:
    result = run(FakeAssistant(RULES, tactic_seconds=1.0), budget)
    assert result.outcome is Outcome.OUT_OF_BUDGET
    assert named in result.reason and "2 " in result.reason
    assert result.spend.tactics <= 3


def test_our_own_cpu_counts() -> None:
    assistant = FakeAssistant(RULES)

    class Thinker:
        name = "thinker"

        def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
            assistant.clock.advance(0.0, cpu=5.0)
            return POLICY.suggest(queries, n)

    result = run(assistant, Budget(seconds=math.inf, cpu_seconds=9.0), policy=Thinker())
    assert (result.outcome, result.spend.cpu_seconds) == (Outcome.OUT_OF_BUDGET, 10.0)


@pytest.mark.parametrize("strategy", [BestFirstConfig(depth=2).start, SinglePassConfig(depth=2).start])
def test_cut_off_by_depth_is_not_exhausted(strategy: StrategyFactory) -> None:
    result = run(FakeAssistant(RULES), strategy=strategy)
    assert result.outcome is Outcome.OUT_OF_BUDGET
    assert "2 steps deep; raise strategy.depth" in result.reason


def test_nothing_left_is_exhausted() -> None:
    result = run(FakeAssistant({"a": {"split": ["b", "c"]}}))
    assert result.outcome is Outcome.EXHAUSTED
    assert "1024 candidates" in result.reason  # after two widenings


def test_trajectories_are_a_limit_of_their_own() -> None:
    rules = {"a": {"split": ["x"], "other": ["b"]}, "b": {"go": []}, "x": {}}
    policy = TablePolicy({"a": {"split": -1e-9, "other": -40.0}, "b": {"go": 0.0}, "x": {}})
    result = run(FakeAssistant(rules), policy=policy, strategy=SinglePassConfig(trajectories=1).start)
    assert (result.outcome, result.reason) == (
        Outcome.OUT_OF_BUDGET,
        "1 trajectories were sampled; raise strategy.trajectories",
    )


def test_a_hung_tactic_ends_with_its_own_limit_and_the_search_goes_on() -> None:
    """It hangs for 2 s at `b` and, having been seen to hang, for 1 s at `c`."""
    faults = Faults(seconds={"go": 1e9})
    policy = TablePolicy({"a": {"split": -1.0}, "b": {"go": -1.0, "stay": -2.0}, "c": {"go": -1.0, "end": -2.0}})
    assistant = FakeAssistant({**RULES, "b": {"stay": []}}, faults=faults)
    result = run(assistant, Budget(seconds=100.0, tactic_seconds=2.0), policy=policy)
    assert (result.outcome, result.proof, result.spend.seconds) == (Outcome.PROVED, ("split", "stay", "end"), 3.0)


def test_a_tactic_that_keeps_hanging_is_given_less_but_never_nothing() -> None:
    goals = {f"g{i}": {"on": [f"g{i + 1}"]} for i in range(7)}
    policy = TablePolicy({goal: {"hang": -1.0, "on": -2.0} for goal in goals})
    assistant = FakeAssistant({"a": {"on": ["g0"]}, **goals}, faults=Faults(seconds={"hang": 1e9}))
    policy = TablePolicy({**policy.moves, "a": {"on": -1.0}})
    result = run(assistant, Budget(seconds=100.0, tactic_seconds=1.6), policy=policy)
    assert result.spend.seconds == pytest.approx(1.6 + 0.8 + 0.4 + 0.2 + 0.1 * 3)


def test_a_tactic_never_takes_more_than_is_left() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(seconds={"split": 0.7, "other": 1e9}), clock=ManualClock())
    result = run(assistant, Budget(seconds=1.0, tactic_seconds=5.0))
    assert result.spend.seconds == pytest.approx(1.0)
    assert result.outcome is Outcome.OUT_OF_BUDGET


def test_the_last_tactic_is_not_starved() -> None:
    """A budget that is all but spent still gives a tactic time to be a try."""
    finish = LEAST_TACTIC_SECONDS / 2
    policy = TablePolicy({"a": {"first": -1.0, "second": -2.0}})
    faults = Faults(seconds={"first": 1.0 - 1e-6, "second": finish})
    assistant = FakeAssistant({"a": {"second": []}}, faults=faults)
    result = run(assistant, Budget(seconds=1.0, tactic_seconds=1.0), policy=policy)
    assert result.outcome is Outcome.PROVED


def test_a_lost_tactic_is_a_failed_tactic() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(lost=frozenset(["other"])))
    result = run(assistant)
    assert (result.outcome, assistant.opened) == (Outcome.PROVED, 1)


@pytest.mark.parametrize("kind", Failure)
def test_whatever_kind_of_error_a_tactic_meets_the_search_goes_on(kind: Failure) -> None:
    assistant = FakeAssistant(RULES, faults=Faults(errors={"go": kind}))
    assert run(assistant).outcome is Outcome.EXHAUSTED
    policy = TablePolicy({**POLICY.moves, "a": {"wish": -0.5, "split": -1.0}})
    assert run(FakeAssistant(RULES, faults=Faults(errors={"wish": kind})), policy=policy).outcome is Outcome.PROVED


def test_goals_that_an_assistant_hides_are_left_to_the_gate() -> None:
    def certify(steps: Sequence[Step]) -> Verdict:
        return refusing(steps) if steps[0].tactic == "wish" else accepting(steps)

    policy = TablePolicy({**POLICY.moves, "a": {"wish": -0.5, "split": -1.0}})
    result = run(FakeAssistant(RULES, faults=Faults(lies=frozenset(["wish"]))), certify=certify, policy=policy)
    assert (result.outcome, result.proof) == (Outcome.PROVED, ("split", "go", "go"))


def test_states_that_are_gone_after_a_restart_are_a_crash() -> None:
    policy = TablePolicy({**POLICY.moves, "b": {"hang": -0.5, "go": -1.0}})
    assistant = FakeAssistant(RULES, faults=Faults(stale=frozenset(["hang"])))
    result = run(assistant, policy=policy)
    assert (result.outcome, assistant.opened) == (Outcome.CRASHED, 2)
    assert "replaying 'split' gave other goals" in result.reason


def test_a_crash_is_tried_again_from_the_start_with_the_whole_budget() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(crashes={"go": 1}), tactic_seconds=1.0)
    result = run(assistant, Budget(seconds=4.0))
    assert (result.outcome, result.proof) == (Outcome.PROVED, ("split", "go", "go"))
    assert (assistant.opened, assistant.closed) == (2, 2)
    assert (result.spend.tactics, result.spend.seconds, result.spend.cpu_seconds) == (7, 7.0, 7.0)


def test_the_second_crash_ends_as_crashed() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(crashes={"go": 2}))
    result = run(assistant)
    assert result.outcome is Outcome.CRASHED
    assert result.reason.startswith("crashed twice: the process died on 'go'")
    assert (assistant.opened, assistant.closed, result.proof) == (2, 2, None)


@pytest.mark.parametrize(("times", "outcome"), [(1, Outcome.PROVED), (2, Outcome.CRASHED)])
def test_a_crash_of_the_policy_is_a_crash(times: int, outcome: Outcome) -> None:
    calls = iter(range(100))

    class Broken:
        name = "broken"

        def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
            if next(calls) < times:
                raise RuntimeError("out of memory")
            return POLICY.suggest(queries, n)

    result = run(FakeAssistant(RULES), policy=Broken())
    assert result.outcome is outcome
    assert (outcome is Outcome.PROVED) or "policy broken: RuntimeError: out of memory" in result.reason


def test_a_policy_that_answers_the_wrong_number_of_queries_has_crashed() -> None:
    class Silent:
        name = "silent"

        def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
            return []

    result = run(FakeAssistant(RULES), policy=Silent())
    assert (result.outcome, "0 answers to 1 query" in result.reason) == (Outcome.CRASHED, True)


def test_what_cannot_be_opened_is_unsupported() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(opening=[AssistantError("line 3: syntax error")]))
    result = run(assistant)
    assert (result.outcome, result.reason) == (Outcome.UNSUPPORTED, "line 3: syntax error")


@pytest.mark.parametrize(("times", "outcome"), [(1, Outcome.PROVED), (2, Outcome.CRASHED)])
def test_a_process_that_dies_while_opening_is_a_crash(times: int, outcome: Outcome) -> None:
    faults = Faults(opening=[SessionLost(f"died {i}") for i in range(times)])
    assert run(FakeAssistant(RULES, faults=faults)).outcome is outcome


def test_an_ending_that_the_assistant_refuses_is_not_shown_to_the_gate() -> None:
    assistant = FakeAssistant(RULES, faults=Faults(refused=frozenset([("split", "go", "go")])))
    scripts: list[tuple[str, ...]] = []

    def certify(steps: Sequence[Step]) -> Verdict:
        scripts.append(tuple(step.tactic for step in steps))
        return accepting(steps)

    result = run(assistant, certify=certify)
    assert (result.outcome, result.proof) == (Outcome.PROVED, ("split", "go", "end"))
    assert scripts == [("split", "go", "end")]


def test_every_ending_refused_is_exhausted_not_rejected() -> None:
    refused = frozenset([("split", "go", "go"), ("split", "go", "end")])
    assert run(FakeAssistant(RULES, faults=Faults(refused=refused))).outcome is Outcome.EXHAUSTED


def test_a_rejection_is_remembered_and_the_search_goes_on() -> None:
    def certify(steps: Sequence[Step]) -> Verdict:
        return accepting(steps) if steps[-1].tactic == "end" else refusing(steps)

    result = run(FakeAssistant(RULES), certify=certify)
    assert (result.outcome, result.proof) == (Outcome.PROVED, ("split", "go", "end"))


def test_if_nothing_better_is_found_the_verdict_that_came_furthest_is_kept() -> None:
    def certify(steps: Sequence[Step]) -> Verdict:
        level = 2 if steps[-1].tactic == "end" else 1
        return Verdict("t", Finding.FORBIDDEN_AXIOM, level, f"level {level}", {})

    result = run(FakeAssistant(RULES), certify=certify)
    assert (result.outcome, result.proof) == (Outcome.REJECTED, ("split", "go", "end"))
    assert result.verdict is not None and result.verdict.level == 2
    assert result.reason.startswith("the gate refused: level 2; nothing is left to try")
    assert result.spend.tactics == 5


def test_rejections_take_their_time_from_the_budget() -> None:
    assistant = FakeAssistant(RULES)

    def slow(steps: Sequence[Step]) -> Verdict:
        assistant.clock.advance(10.0)
        return refusing(steps)

    result = run(assistant, Budget(seconds=10.0), slow)
    assert (result.outcome, result.spend.seconds) == (Outcome.REJECTED, 10.0)
    assert "--time" in result.reason


def test_a_cheaper_way_that_the_gate_refuses_does_not_hide_the_one_taken() -> None:
    """`n` is first reached in three steps and, later, in two; the gate refuses the shorter way only."""
    rules = {
        "a": {"long": ["m"], "side": ["s"]},
        "m": {"on": ["m2"]},
        "m2": {"on": ["n"]},
        "n": {"rest": ["p"]},
        "s": {"jump": ["n"]},
        "p": {"end": []},
    }
    moves = {
        "a": {"long": -0.1, "side": -9.0},
        "m": {"on": -0.1},
        "m2": {"on": -0.1},
        "n": {"rest": -99.0},
        "s": {"jump": -1.0},
        "p": {"end": -0.1},
    }
    shown: list[tuple[str, ...]] = []

    def certify(steps: Sequence[Step]) -> Verdict:
        shown.append(tuple(step.tactic for step in steps))
        return refusing(steps) if "side" in shown[-1] else accepting(steps)

    result = run(FakeAssistant(rules), certify=certify, policy=TablePolicy(moves))
    assert shown == [("side", "jump", "rest", "end"), ("long", "on", "on", "rest", "end")]
    assert (result.outcome, result.proof) == (Outcome.PROVED, shown[1])


TAINTED = {
    "a": {"split": ["b", "c"]},
    "b": {"axiom": [], "slow": ["b1"]},
    "b1": {"go": []},
    "c": {"go": []},
}


@pytest.mark.parametrize("go", [-1.0, -4.0])
@pytest.mark.parametrize(
    "strategy", [BestFirstConfig().start, BestFirstConfig(lazy=False).start, SinglePassConfig().start]
)
def test_a_goal_that_was_solved_in_a_way_that_the_gate_refuses_is_solved_in_another(
    strategy: StrategyFactory, go: float
) -> None:
    """The fault lies in `b`, which nobody looks at any more when `c` is done; the states after it are known.

    With `go` at -4 the state with both goals has been dropped, half tried, before the gate refuses.
    """
    policy = TablePolicy(
        {"a": {"split": -1.0}, "b": {"axiom": -1.0, "slow": -2.0}, "b1": {"go": -1.0}, "c": {"go": go}}
    )

    def certify(steps: Sequence[Step]) -> Verdict:
        return refusing(steps) if any(step.tactic == "axiom" for step in steps) else accepting(steps)

    assistant = FakeAssistant(TAINTED)
    result = run(assistant, certify=certify, policy=policy, strategy=strategy)
    assert (result.outcome, result.proof) == (Outcome.PROVED, ("split", "slow", "go", "go"))
    assert len(set(assistant.applied)) == len(assistant.applied)


def test_detours_do_not_take_more_than_a_few_checks() -> None:
    """Thirty ways to a state whose last step the gate will never take."""
    rules = {
        "a": {f"t{i}": [f"m{i}"] for i in range(30)},
        "z": {"end": []},
        **{f"m{i}": {"on": ["z"]} for i in range(30)},
    }
    moves = {goal: dict.fromkeys(tactics, -0.1) for goal, tactics in rules.items()}
    checks: list[int] = []

    def certify(steps: Sequence[Step]) -> Verdict:
        checks.append(len(steps))
        return refusing(steps)

    # Depth first: the ending is found after the first of the thirty ways.
    result = run(
        FakeAssistant(rules),
        certify=certify,
        policy=TablePolicy(moves),
        strategy=BestFirstConfig(order=Order.DEPTH_FIRST).start,
    )
    assert result.outcome is Outcome.REJECTED
    assert checks == [3] * (1 + MOST_DETOURS)


def test_ctrl_c_closes_the_session_and_passes_through() -> None:
    class Interrupted:
        name = "interrupted"

        def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
            raise KeyboardInterrupt

    assistant = FakeAssistant(RULES)
    with pytest.raises(KeyboardInterrupt):
        run(assistant, policy=Interrupted())
    assert (assistant.opened, assistant.closed) == (1, 1)
