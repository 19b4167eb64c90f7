"""Fills the slots of a tactic from another goal with the names of this one, several ways if several fit.

A name fits a slot as far as its type looks like the type of the name that stood there; the same name counts for
something too.  Different slots get different names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from proofloom.policies.neighbours.goal_features import local_features, premises
from proofloom.policies.neighbours.step_index import Weights
from proofloom.policies.neighbours.step_memory import StepMemory
from proofloom.policies.printed.tactic_template import Template, freshened, plain_introductions
from proofloom.proofs import Goal

_TAIL = re.compile(r"[\d']*$")
SAME_NAME, SAME_STEM = 0.35, 0.12
LEAST_FIT = 0.12


@dataclass(frozen=True, slots=True)
class Renamed:
    """A tactic that can be run, how well its names fit (1 if nothing had to be chosen), and its share of the step."""

    tactic: str
    fit: float
    share: float = 1.0


class Naming:
    """The names of one goal with the features of their types; keeps what it has compared.

    At most `most` ways to fill the local slots of one step are given.  `callable_as` says how a lemma (full name, and
    how it was called where it was used) can be called here, the likelier way first.  `unnamed` leaves a name to the
    assistant; if it is empty, what is introduced is called as it was.
    """

    def __init__(
        self,
        goal: Goal,
        weights: Weights,
        most: int,
        callable_as: Callable[[str, str], Sequence[str]],
        unnamed: str = "?",
    ) -> None:
        self._goal = goal
        self._unnamed = unnamed
        self._callable_as = callable_as
        self._local = local_features(goal)
        self._taken = frozenset(goal.names)
        self._weights = weights
        self._most = most
        self._weighed: dict[frozenset[int], float] = {}
        self._likeness: dict[tuple[frozenset[int], frozenset[int]], float] = {}
        self._fits: dict[tuple[int, str, int], list[tuple[float, str]]] = {}
        self._intros: dict[int, str] = {}

    def ways(self, memory: StepMemory, row: int) -> list[Renamed]:
        """The best ways to say the tactic of a row in this goal, best first."""
        template = memory.template(row)
        found: list[tuple[float, tuple[str, ...]]] = [(1.0, ())]
        for name, type in zip(template.names, memory.slots(row), strict=True):
            fits = self._fitting(memory, name, type)
            found = [(score * fit, (*ways, other)) for score, ways in found for fit, other in fits if other not in ways]
            found = sorted(found, key=lambda way: -way[0])[: self._most]
        calls = self._calls(template)
        share = 1.0 / len(calls)
        return [Renamed(self._said(template, names, call), score, share) for score, names in found for call in calls]

    def _calls(self, template: Template) -> Sequence[tuple[str, ...]]:
        """The ways to call the lemmas of a template here: all as they were, or all by another name that is valid."""
        if not template.lemmas:
            return [()]
        ways = [self._callable_as(full, call) for full, call in zip(template.lemmas, template.calls, strict=True)]
        return list(dict.fromkeys((tuple(way[0] for way in ways), tuple(way[-1] for way in ways))))

    def _said(self, template: Template, names: tuple[str, ...], calls: tuple[str, ...]) -> str:
        """The template filled, with what it introduces named as this goal would."""
        if self._unnamed and not names and (count := plain_introductions(template.text)):
            return self._introductions(count)
        return freshened(template.filled(names, calls), self._taken.difference(names))

    def _introductions(self, count: int) -> str:
        """`intros` of so many names, which are those of the conclusion where they are free."""
        if count not in self._intros:
            known = list(premises(self._goal.conclusion))
            names = [name if name and name not in self._taken else self._unnamed for name in known[:count]]
            names += [self._unnamed] * (count - len(names))
            self._intros[count] = "intros" if count == len(known) else f"intros {' '.join(names)}"
        return self._intros[count]

    def _fitting(self, memory: StepMemory, name: str, type: int) -> list[tuple[float, str]]:
        """The names of this goal for a slot that held `name` of a type that is a row of `memory.types`, best first."""
        key = (id(memory), name, type)
        if key not in self._fits:
            features = frozenset(memory.types.features(type).tolist())
            fits = [(self._fit(name, features, other, own), other) for other, own in self._local.items()]
            self._fits[key] = sorted((fit for fit in fits if fit[0] >= LEAST_FIT), key=lambda fit: -fit[0])[
                : 2 * self._most
            ]
        return self._fits[key]

    def _fit(self, name: str, type: frozenset[int], other: str, own: frozenset[int]) -> float:
        """From 0 to 1: likeness of the types, raised by likeness of the names."""
        bonus = SAME_NAME if name == other else SAME_STEM if _stem(name) == _stem(other) else 0.0
        return self._alike(type, own) * (1 - SAME_NAME) + bonus

    def _alike(self, one: frozenset[int], other: frozenset[int]) -> float:
        if one == other:
            return 1.0
        key = (one, other)
        if key not in self._likeness:
            shared = self._weigh(one & other)
            union = self._weigh(one) + self._weigh(other) - shared
            self._likeness[key] = shared / union if union > 0 else 1.0
        return self._likeness[key]

    def _weigh(self, features: frozenset[int]) -> float:
        if features not in self._weighed:
            ids = np.fromiter(features, dtype=np.uint32, count=len(features))
            self._weighed[features] = float(self._weights.of(ids).sum())
        return self._weighed[features]


@lru_cache(maxsize=65536)
def _stem(name: str) -> str:
    return _TAIL.sub("", name)
