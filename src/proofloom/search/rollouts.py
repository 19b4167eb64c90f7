"""Roll-outs: independent tries from the root, each a row of tactics that are drawn, none of them taken back.

At a state one of the policy's candidates is drawn by its probability; if the assistant refuses it, the roll-out is
over.  This is the single-pass sampling by which models are compared: pass@K is what the first K roll-outs prove.  What
one roll-out asked and ran is not asked or run again for the next, which changes the cost and not the result.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.assistants.session import TacticError
from proofloom.proofs import Candidate, ProofState, Step
from proofloom.search.stop import StopReason
from proofloom.search.strategies import Ask, Request, Try
from proofloom.search.tree import Node, Status, Tree


@dataclass(frozen=True, slots=True)
class RolloutsConfig:
    """At most `rollouts` tries of at most `depth` tactics, with the random seed `seed`.

    A tactic is drawn from the `candidates` likeliest of a state, whose probabilities are made to sum to 1.
    """

    rollouts: int = 64
    candidates: int = 32
    depth: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("rollouts", 1), ("candidates", 1), ("depth", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"strategy {name}={getattr(self, name)}: wanted at least {least}")

    def start(self, root: ProofState) -> Rollouts:
        """The strategy at the root of a search."""
        return Rollouts(root, self)


class Rollouts:
    """The strategy; `started` counts roll-outs, so when a proof is there it is the number of the one that found it."""

    def __init__(self, root: ProofState, config: RolloutsConfig) -> None:
        self.tree = Tree(root, depth_limit=config.depth, dominate=False, forget=False)
        self.started = 0
        self._config = config
        self._random = random.Random(config.seed)
        self._candidates: dict[int, list[Candidate]] = {}
        self._node: Node | None = None
        self._steps = 0

    def next(self) -> Request | StopReason:
        """The next tactic of the roll-out, or the first one of a new roll-out."""
        while True:
            node = self._node
            if node is None:
                if self.started == self._config.rollouts:
                    return StopReason.TRAJECTORIES
                self.started += 1
                self._node, self._steps = self.tree.root, 0
            elif not node.key or node.status is Status.CUT or self._steps == self._config.depth:
                self._node = None
            elif node.number not in self._candidates:
                self.tree.expand(node)
                return Ask(node, self._config.candidates)
            elif not self._candidates[node.number]:
                self._node = None
            else:
                candidate = self._drawn(node)
                self._steps += 1
                if candidate.tactic not in node.tried:
                    return Try(node, candidate)
                self._node = node.tried[candidate.tactic]

    def suggested(self, ask: Ask, candidates: Sequence[Candidate]) -> None:
        """Keep the candidates of the state for every roll-out that comes by."""
        self._candidates[ask.node.number] = self.tree.untried(ask.node, candidates)

    def observe(self, trial: Try, result: Step | TacticError) -> None:
        """Go on behind the tactic, or end the roll-out."""
        if isinstance(result, TacticError):
            self.tree.fail(trial.node, trial.candidate.tactic)
            self._node = None
        else:
            self._node, _ = self.tree.grow(trial.node, trial.candidate, result.after)

    def rejected(self, ending: Node) -> None:
        """The roll-out is over; go on with the next."""
        self.tree.reject(ending)

    def limit(self, reason: StopReason) -> float:
        """How many roll-outs were allowed."""
        return self._config.rollouts

    def _drawn(self, node: Node) -> Candidate:
        known = self._candidates[node.number]
        best = max(one.logprob for one in known)
        return self._random.choices(known, [math.exp(one.logprob - best) for one in known])[0]
