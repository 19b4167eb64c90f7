"""Strategies: what to ask the policy next and which tactic to run next.

A strategy is pure: it hands out requests and is told the replies, and knows neither clock nor process, so the driver
is the same for all of them and a search can be replayed from a log of replies.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from proofloom.assistants.session import TacticError
from proofloom.proofs import Candidate, ProofState, Step
from proofloom.search.frontier import Order, PriorityFrontier
from proofloom.search.stop import StopReason
from proofloom.search.tree import Node, Status, Tree


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the policy for at most `n` candidates at `node`: one expansion."""

    node: Node
    n: int


@dataclass(frozen=True, slots=True)
class Try:
    """Run the candidate's tactic at `node`."""

    node: Node
    candidate: Candidate


Request = Ask | Try


class Strategy(Protocol):
    """Decides; the driver acts.  Every request is followed by its reply before the next request."""

    @property
    def tree(self) -> Tree:
        """What is known so far."""
        ...

    def next(self) -> Request | StopReason:
        """What to do next, or why there is nothing left to do."""
        ...

    def suggested(self, ask: Ask, candidates: Sequence[Candidate]) -> None:
        """The reply to an `Ask`."""
        ...

    def observe(self, trial: Try, result: Step | TacticError) -> None:
        """The reply to a `Try`."""
        ...

    def rejected(self, ending: Node) -> None:
        """The gate refused the scripts that end at `ending`."""
        ...

    def limit(self, reason: StopReason) -> float:
        """The value of the option that `reason` names, for a reason that this strategy gave."""
        ...


WIDER = 4
"""How many times as many candidates are asked for when nothing is left to try."""

StrategyFactory = Callable[[ProofState], Strategy]
"""Makes a strategy for the search from a root; `BestFirstConfig(...).start` and `SinglePassConfig(...).start` are."""


@dataclass(frozen=True, slots=True)
class BestFirstConfig:
    """Best-first search: `candidates` per state, at most `depth` steps, `order` of the queue with `length_power`.

    With `lazy` the queue orders single candidates: the next tactic to run is the best untried one of all states, by
    the score of its state plus its own log-probability.  Without, all candidates of the best state are run before
    another state is looked at, as in ReProver and HA.  When nothing is left, all states are asked for `WIDER` times as
    many candidates, as often as `widenings` says.  `dominate` and `forget` are the two ideas of
    `proofloom.search.tree`.
    """

    candidates: int = 64
    depth: int = 50
    order: Order = Order.LOG_PROBABILITY
    length_power: float = 1.0
    lazy: bool = True
    widenings: int = 2
    dominate: bool = True
    forget: bool = True

    def __post_init__(self) -> None:
        _at_least(1, candidates=self.candidates, depth=self.depth)
        _at_least(0, widenings=self.widenings)
        if not 0 <= self.length_power <= 2:
            raise ValueError(f"strategy length_power={self.length_power}: wanted a number from 0 to 2")

    def start(self, root: ProofState) -> BestFirst:
        """The strategy at the root of a search."""
        return BestFirst(root, self)


class BestFirst:
    """Expands the best open state and runs the best candidates, one at a time."""

    def __init__(self, root: ProofState, config: BestFirstConfig) -> None:
        self.tree = Tree(root, depth_limit=config.depth, dominate=config.dominate, forget=config.forget)
        self._config = config
        self._frontier = PriorityFrontier(config.order.priority(config.length_power))
        self._pending: dict[int, deque[Candidate]] = {}
        self._in_hand: Node | None = None
        self._wanted = config.candidates
        self._widened = 0
        if root.goals:
            self._frontier.push(self.tree.root)

    def next(self) -> Request | StopReason:
        """Run the best candidate, or ask for the candidates of the best state."""
        node = self._in_hand or self._pop() or self._wider()
        if node is None:
            return StopReason.DEPTH if self.tree.cut else StopReason.EXHAUSTED
        self._in_hand = None
        if node.number in self._pending:
            return Try(node, self._pending[node.number].popleft())
        self.tree.expand(node)
        return Ask(node, self._wanted)

    def suggested(self, ask: Ask, candidates: Sequence[Candidate]) -> None:
        """Queue what was not tried at this state before."""
        self._pending[ask.node.number] = deque(self.tree.untried(ask.node, candidates))
        self._go_on(ask.node)

    def observe(self, trial: Try, result: Step | TacticError) -> None:
        """Let the tree grow, and queue what became better."""
        if isinstance(result, TacticError):
            self.tree.fail(trial.node, trial.candidate.tactic)
        else:
            _, changed = self.tree.grow(trial.node, trial.candidate, result.after)
            self._queue(changed)
        self._go_on(trial.node)

    def rejected(self, ending: Node) -> None:
        """Look again at what was passed over."""
        self._queue(self.tree.reject(ending))

    def limit(self, reason: StopReason) -> float:
        """Depth or candidates."""
        return self._config.depth if reason is StopReason.DEPTH else self._wanted

    def _queue(self, nodes: Sequence[Node]) -> None:
        """Put `nodes` where their score belongs; the node in hand is not in the queue."""
        for node in nodes:
            pending = self._pending.get(node.number)
            if pending is None:
                self._frontier.push(node)
            elif pending and node is not self._in_hand:
                self._frontier.push(node, ahead=pending[0].logprob)

    def _go_on(self, node: Node) -> None:
        """Put `node` back for its next candidate, or close it if there is none."""
        pending = self._pending[node.number]
        if not pending:
            self.tree.close(node)
        elif self._config.lazy:
            self._frontier.push(node, ahead=pending[0].logprob)
        else:
            self._in_hand = node

    def _pop(self) -> Node | None:
        while (node := self._frontier.pop()) is not None:
            if self.tree.dominator(node) is None:
                return node
            if node.status is Status.OPEN:
                node.status = Status.DOMINATED
        return None

    def _wider(self) -> Node | None:
        """Open again what has tried everything, for more candidates; None if that was done often enough."""
        while self._widened < self._config.widenings:
            self._widened += 1
            self._wanted *= WIDER
            for again in self.tree.reopen():
                del self._pending[again.number]
                self._frontier.push(again)
            node = self._pop()
            if node is not None:
                return node
        return None


@dataclass(frozen=True, slots=True)
class SinglePassConfig:
    """Single-pass sampling: at most `trajectories`, through states that some way of fewer than `depth` steps leads to,
    with `candidates` per state and the random seed `seed`.
    """

    candidates: int = 64
    depth: int = 50
    trajectories: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        _at_least(1, candidates=self.candidates, depth=self.depth, trajectories=self.trajectories)
        _at_least(0, seed=self.seed)

    def start(self, root: ProofState) -> SinglePass:
        """The strategy at the root of a search."""
        return SinglePass(root, self)


class SinglePass:
    """Samples trajectories from the root without backtracking, until nothing that can be reached is unpaid.

    At each state the candidates are put in a random order, by their probabilities and without replacement; the first
    that the assistant accepts, and that leads to a state which the trajectory has not seen, is taken for good.  All
    trajectories share one tree, so a tactic that was run once is never run again.
    """

    def __init__(self, root: ProofState, config: SinglePassConfig) -> None:
        self.tree = Tree(root, depth_limit=config.depth, dominate=False, forget=False)
        self._config = config
        self._random = random.Random(config.seed)
        self._candidates: dict[int, list[Candidate]] = {}
        self._node: Node | None = None
        self._order: list[Candidate] = []
        self._seen: set[int] = set()
        self._live: set[int] = set()
        self._fresh = 0
        self._started = 0

    def next(self) -> Request | StopReason:
        """The next step of the trajectory, or the first one of a new trajectory."""
        while True:
            node = self._node
            if node is None:
                stop = self._begin()
                if stop is not None:
                    return stop
            elif node.status is Status.OPEN:
                self.tree.expand(node)
                return Ask(node, self._config.candidates)
            elif not self._order:
                self._node = None
            else:
                candidate = self._order.pop()
                if candidate.tactic not in node.tried:
                    return Try(node, candidate)
                self._move(node.tried[candidate.tactic])

    def suggested(self, ask: Ask, candidates: Sequence[Candidate]) -> None:
        """Keep the candidates of the state for every trajectory that comes by."""
        self._candidates[ask.node.number] = self.tree.untried(ask.node, candidates)
        self._order = self._sample(ask.node)
        self._close_if_tried(ask.node)

    def observe(self, trial: Try, result: Step | TacticError) -> None:
        """Let the tree grow, and take the step if it leads on."""
        if isinstance(result, TacticError):
            self.tree.fail(trial.node, trial.candidate.tactic)
            child = None
        else:
            child, _ = self.tree.grow(trial.node, trial.candidate, result.after)
        self._close_if_tried(trial.node)
        self._move(child)

    def rejected(self, ending: Node) -> None:
        """Nothing was passed over; go on."""
        self.tree.reject(ending)

    def limit(self, reason: StopReason) -> float:
        """Depth, trajectories or candidates."""
        limits = {StopReason.DEPTH: self._config.depth, StopReason.TRAJECTORIES: self._config.trajectories}
        return limits.get(reason, self._config.candidates)

    def _begin(self) -> StopReason | None:
        self._live, self._fresh = self.tree.live(), len(self.tree.nodes)
        if self.tree.root.number not in self._live:
            return StopReason.DEPTH if self.tree.cut else StopReason.EXHAUSTED
        if self._started == self._config.trajectories:
            return StopReason.TRAJECTORIES
        self._started += 1
        self._seen = set()
        self._enter(self.tree.root)
        return None

    def _enter(self, node: Node) -> None:
        self._node = node
        self._seen.add(node.number)
        self._order = self._sample(node)

    def _move(self, child: Node | None) -> None:
        """Go to `child` if there is something to do there; else stay, for the next candidate in order."""
        if child is None or not child.key or child.number in self._seen:
            return
        if child.status is Status.CUT:
            self._node = None
        elif child.number >= self._fresh or child.number in self._live:
            self._enter(child)

    def _sample(self, node: Node) -> list[Candidate]:
        """The candidates of `node`, last first, in the order of an exponential race with their probabilities."""
        known = self._candidates.get(node.number, [])
        finish = [math.log(max(self._random.expovariate(1.0), 1e-300)) - one.logprob for one in known]
        return [known[i] for i in sorted(range(len(known)), key=lambda i: -finish[i])]

    def _close_if_tried(self, node: Node) -> None:
        if not node.complete and len(node.tried) == len(self._candidates[node.number]):
            self.tree.close(node)


def _at_least(least: int, **values: int) -> None:
    for name, value in values.items():
        if value < least:
            raise ValueError(f"strategy {name}={value}: wanted at least {least}")
