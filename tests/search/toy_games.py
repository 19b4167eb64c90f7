"""Random proof games for the search tests: a policy that knows every tactic, a gate that says yes, and the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from proofloom.assistants.doubles.fake import FakeAssistant, Rules
from proofloom.policies.policy import Query
from proofloom.proofs import Attempt, Budget, Candidate, Finding, Goal, ProofState, Step, Theorem, Verdict
from proofloom.search.driver import attempt
from proofloom.search.strategies import StrategyFactory

UNLIMITED = Budget(seconds=math.inf)
TACTICS = ("t0", "t1", "t2")


@dataclass(frozen=True)
class TablePolicy:
    """For each first goal its tactics with log-probabilities, best first; `default` for goals that are not named."""

    moves: Mapping[str, Mapping[str, float]]
    default: Sequence[Candidate] = ()
    name: str = "table"

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        return [self._answer(query.state)[:n] for query in queries]

    def _answer(self, state: ProofState) -> list[Candidate]:
        moves = self.moves.get(state.goals[0].conclusion)
        if moves is None:
            return list(self.default)
        return sorted((Candidate(t, p) for t, p in moves.items()), key=lambda one: -one.logprob)


@dataclass(frozen=True)
class Game:
    """A table of rules and a policy that proposes every tactic everywhere."""

    rules: Rules
    policy: TablePolicy

    @property
    def size(self) -> float:
        """The number of steps of the shortest proof of goal `g0`, infinity if there is none."""
        sizes = dict.fromkeys(self.rules, math.inf)
        for _ in self.rules:
            for goal, moves in self.rules.items():
                best = min((1 + sum(sizes[sub] for sub in subgoals) for subgoals in moves.values()), default=math.inf)
                sizes[goal] = min(sizes[goal], best)
        return sizes["g0"]


@st.composite
def games(draw: st.DrawFn) -> Game:
    """Up to five goals, three tactics, each of which fails or leaves up to two goals."""
    goals = [f"g{i}" for i in range(draw(st.integers(1, 5)))]
    subgoals = st.one_of(st.none(), st.lists(st.sampled_from(goals), max_size=2))
    logprobs = st.floats(-5, 0, allow_nan=False)
    rules: dict[str, dict[str, list[str]]] = {}
    moves: dict[str, dict[str, float]] = {}
    for goal in goals:
        drawn = {tactic: draw(subgoals) for tactic in TACTICS}
        rules[goal] = {tactic: subs for tactic, subs in drawn.items() if subs is not None}
        moves[goal] = {tactic: draw(logprobs) for tactic in TACTICS}
    return Game(rules, TablePolicy(moves))


def accepting(steps: Sequence[Step]) -> Verdict:
    """A gate that accepts everything."""
    return Verdict("t", Finding.ACCEPTED, 4, "accepted", {})


def refusing(steps: Sequence[Step]) -> Verdict:
    """A gate that refuses everything."""
    return Verdict("t", Finding.FORBIDDEN_AXIOM, 2, "rests on an axiom", {})


def play(
    game: Game, strategy: StrategyFactory, budget: Budget = UNLIMITED, assistant: FakeAssistant | None = None
) -> tuple[Attempt, FakeAssistant]:
    """One attempt at `g0` with an accepting gate, invariants checked after every request."""
    assistant = assistant or FakeAssistant(game.rules)
    result = attempt(
        Theorem("t", "g0"), assistant, game.policy, strategy, budget, accepting, clock=assistant.clock, checked=True
    )
    return result, assistant


def replays(game: Game, script: Sequence[str]) -> bool:
    """True if the script proves `g0` in a session of its own."""
    session = FakeAssistant(game.rules).open(Theorem("t", "g0"))
    state = session.root
    for tactic in script:
        step = session.apply(state, tactic, 1.0)
        if not isinstance(step, Step):
            return False
        state = step.after
    return state.finished


def state(*goals: str) -> ProofState:
    """A state with these conclusions and no hypotheses."""
    return ProofState(tuple(Goal((), goal) for goal in goals))
