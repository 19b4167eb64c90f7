"""Nearest neighbours: what was done in goals that look like this one, said again with this goal's names.

After Tactician: no training, only memory.  Two stages find the neighbours, a fast one over all steps that may be used
and a closer one over the best of them; what several neighbours agree on counts for more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from proofloom.policies.dialect import ROCQ, Dialect
from proofloom.policies.neighbours.goal_features import goal_features
from proofloom.policies.neighbours.renaming import Naming
from proofloom.policies.neighbours.step_index import Floats, Weights, nearest
from proofloom.policies.neighbours.step_memory import SeenStep, StepMemory
from proofloom.policies.policy import Query
from proofloom.proofs import Candidate, Goal, Step, Theorem
from proofloom.retrieval.situation import Situation, Situations


@dataclass(frozen=True, slots=True)
class NearestConfig:
    """`neighbours` are used of the `pool` that the first stage finds.

    `rarity` is the power of the inverse document frequency and `hypotheses` the weight of a feature of a hypothesis
    (one of the conclusion has 1).  `nearby` is added to the score of a step of the same file, less for one further
    up.  Scores are raised to the power `sharpness` before those of one tactic are added; `renamings` is how many ways
    to choose names are kept for one neighbour.
    """

    neighbours: int = 100
    pool: int = 300
    rarity: float = 1.5
    hypotheses: float = 0.5
    nearby: float = 0.3
    sharpness: float = 3.0
    renamings: int = 3
    reach: float = 300.0
    mass: float = 0.9

    def __post_init__(self) -> None:
        for name in ("neighbours", "pool", "renamings"):
            if getattr(self, name) < 1:
                raise ValueError(f"knn {name}={getattr(self, name)}: wanted at least 1")


@dataclass(frozen=True)
class Segment:
    """A memory with the weights that are used on it."""

    memory: StepMemory
    weights: Weights

    @cached_property
    def norms(self) -> Floats:
        """The total weight of each row."""
        return self.memory.index.norms(self.weights)

    @cached_property
    def conclusion_norms(self) -> Floats:
        """The weight of each row's conclusion."""
        ids = self.weights.ids
        only = Weights(ids, np.where(ids & 1, np.float32(0), self.weights.weights), (self.weights.unknown[0], 0.0))
        return self.memory.index.norms(only)


@dataclass(frozen=True)
class Usable:
    """The rows of a segment that may be used at a theorem, ascending, and the factor on the score of each."""

    segment: Segment
    rows: NDArray[np.intp]
    factors: Floats

    @classmethod
    def of(cls, segment: Segment, factors: Floats) -> Usable:
        """From the factors of all rows, 0 for those that may not be used."""
        rows = np.flatnonzero(factors)
        return cls(segment, rows, factors[rows])

    @cached_property
    def norms(self) -> Floats:
        """The total weight of each of these rows."""
        return self.segment.norms[self.rows]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row of a segment and its score."""

    segment: Segment
    row: int
    score: float


class Neighbourhood:
    """The goal's side: features, weights, and the two stages."""

    def __init__(self, goal: Goal, weights: Weights, config: NearestConfig) -> None:
        self.goal = goal
        self.features = goal_features(goal)
        self.config = config
        self._values = weights.of(self.features)
        self._by_space = np.stack([self._values * (self.features & 1 == space) for space in (0, 1)], axis=1)
        self._totals = self._by_space.sum(axis=0, dtype=np.float64)

    def neighbours(self, usable: Usable) -> list[Neighbour]:
        """The nearest of the rows that may be used."""
        segment = usable.segment
        shared = segment.memory.index.shared(self.features, self._values)[usable.rows]
        rough = shared / (self._totals.sum() + usable.norms - shared) * usable.factors
        places = nearest(rough, self.config.pool)
        if not len(places):
            return []
        rows = usable.rows[places]
        scores = self._closer(segment, rows) * usable.factors[places]
        order = np.argsort(-scores, kind="stable")[: self.config.neighbours]
        return [Neighbour(segment, int(rows[place]), float(scores[place])) for place in order]

    def _closer(self, segment: Segment, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Likeness of the whole, of the conclusions and of the hypotheses, all features counted."""
        shared = segment.memory.index.shared_by(rows, self.features, self._by_space)
        conclusion = segment.conclusion_norms[rows].astype(np.float64)
        norms = np.stack([conclusion, segment.norms[rows] - conclusion], axis=1)
        union = self._totals + norms - shared
        parts = np.where(union > 1e-6, shared / np.maximum(union, 1e-6), 1.0)
        whole = shared.sum(axis=1) / union.sum(axis=1)
        return np.asarray(0.5 * whole + 0.35 * parts[:, 0] + 0.15 * parts[:, 1], dtype=np.float64)


class NearestNeighbours:
    """The policy over one library and what it has learned since."""

    name = "knn"

    def __init__(
        self,
        memory: StepMemory,
        situations: Situations,
        config: NearestConfig | None = None,
        dialect: Dialect = ROCQ,
    ) -> None:
        self._config = config or NearestConfig()
        self._unnamed = dialect.unnamed
        self._situations = situations
        weights = memory.index.weights(self._config.rarity, self._config.hypotheses)
        self._library = Segment(memory, weights)
        self._learned_steps: dict[Path | None, dict[str, list[SeenStep]]] = {}
        self._learned: dict[Path | None, Segment] = {}
        self._usable: tuple[Situation, list[Usable]] | None = None
        self._last: tuple[Situation, Goal, list[Candidate]] | None = None

    def suggest(self, queries: Sequence[Query], n: int) -> list[list[Candidate]]:
        """For each query at most `n` tactics, the most likely first."""
        return [self._answer(query, n) for query in queries]

    def learn(self, theorem: Theorem, steps: Sequence[Step]) -> None:
        """Remember a proof, the last one of each theorem; it is used for later theorems of the same file."""
        start = len(theorem.before.encode("utf-8", "surrogateescape"))
        proofs = self._learned_steps.setdefault(theorem.file, {})
        proofs.pop(theorem.full_name, None)
        proofs[theorem.full_name] = [
            SeenStep(0, f".{theorem.full_name}", start, step.before.goals[0], step.tactic)
            for step in steps
            if step.before.goals
        ]
        seen = [step for steps in proofs.values() for step in steps]
        self._learned[theorem.file] = Segment(StepMemory.of(seen), self._library.weights)
        self._usable = None
        self._last = None

    def nearest(self, goal: Goal, theorem: Theorem) -> list[Neighbour]:
        """The steps that may be used at `theorem` whose goals look most like `goal`, the nearest first."""
        return self._nearest(goal, self._situations.of(theorem))

    def proposed(self, goal: Goal, situation: Situation, n: int) -> list[Candidate]:
        """At most `n` tactics for `goal` at a place in the library or in a source, the most likely first.

        The last answer is kept: a mixture asks for the same one twice if its model is given hints.
        """
        if self._last is None or self._last[0] is not situation or self._last[1] != goal:
            self._last = situation, goal, self._candidates(goal, self._nearest(goal, situation), situation)
        return self._last[2][:n]

    def _nearest(self, goal: Goal, situation: Situation) -> list[Neighbour]:
        around = Neighbourhood(goal, self._library.weights, self._config)
        found: list[Neighbour] = []
        for usable in self._usable_at(situation):
            found += around.neighbours(usable)
        found.sort(key=lambda one: -one.score)
        return found[: self._config.neighbours]

    def _answer(self, query: Query, n: int) -> list[Candidate]:
        if not query.state.goals:
            return []
        return self.proposed(query.state.goals[0], self._situations.of(query.theorem), n)

    def _candidates(self, goal: Goal, neighbours: Sequence[Neighbour], situation: Situation) -> list[Candidate]:
        """The tactics of the neighbours with this goal's names; what they are worth is summed by text."""
        config = self._config
        calls = partial(self._callable_as, situation.theorem.full_name)
        naming = Naming(goal, self._library.weights, config.renamings, calls, self._unnamed)
        sums: dict[str, float] = {}
        for one in neighbours:
            for renamed in naming.ways(one.segment.memory, one.row):
                value = (one.score * renamed.fit) ** config.sharpness * renamed.share
                sums[renamed.tactic] = sums.get(renamed.tactic, 0.0) + value
        total = sum(sums.values())
        ranked = sorted(sums.items(), key=lambda item: -item[1])
        logs = [(tactic, math.log(config.mass * value / total)) for tactic, value in ranked if value > 0]
        return [Candidate(tactic, min(0.0, log)) for tactic, log in logs]

    def _callable_as(self, theorem: str, lemma: str, call: str) -> tuple[str, ...]:
        """How a lemma that was written `call` can be called in the proof of `theorem` (its path in its file).

        Inside the module of the lemma a short call does; elsewhere the path inside its file, if that is longer, but a
        lemma that came from a functor has no such path and is called as it was.
        """
        path = self._situations.path_of(lemma)
        module = path.rpartition(".")[0]
        if call.count(".") >= path.count(".") or theorem.startswith(f"{module}."):
            return (call,)
        return path, call

    def _usable_at(self, situation: Situation) -> list[Usable]:
        """What may be used of each memory; kept, because a search asks about one theorem many times."""
        file = situation.theorem.file
        if self._usable is None or self._usable[0] is not situation:
            usable = [Usable.of(self._library, self._factors(self._library.memory, situation))]
            if file in self._learned:
                learned = self._learned[file]
                own = self._own(learned.memory, situation, np.arange(len(learned.memory)))
                usable.append(Usable.of(learned, own))
            self._usable = situation, usable
        return self._usable[1]

    def _factors(self, memory: StepMemory, situation: Situation) -> Floats:
        factors = np.isin(memory.files, situation.files).astype(np.float32)
        if situation.file is not None:
            rows = np.flatnonzero(memory.files == situation.file)
            factors[rows] = self._own(memory, situation, rows)
        return factors

    def _own(self, memory: StepMemory, situation: Situation, rows: NDArray[np.intp]) -> Floats:
        """The factors of rows of the theorem's own file, which are in order."""
        earlier = {
            number: situation.earlier(memory.theorem_names[number], int(memory.starts[rows[first]]))
            for number, first in zip(*np.unique(memory.theorems[rows], return_index=True), strict=True)
        }
        mask = np.array([earlier[number] for number in memory.theorems[rows]], dtype=bool)
        factors = np.zeros(len(rows), dtype=np.float32)
        distance = np.arange(mask.sum(), dtype=np.float32)[::-1]
        factors[mask] = 1 + self._config.nearby * np.exp(-distance / self._config.reach)
        return factors
