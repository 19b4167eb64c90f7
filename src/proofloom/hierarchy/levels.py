"""The five levels of a proof state, and which of them may read which.

Hierarchical attention (Chen et al. 2025, section 4.1) gives every token of a state a level; a token may read tokens of
its own or a lower level, and attention to a higher level is the forbidden flow.  The one idea: a variant of the
hierarchy (three levels, reversed) is not other levels but another table of what is forbidden between the same five.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import accumulate

OUTSIDE = -1
"""The level of a token that is not part of the state: tactic, special tokens, padding.  It is in no flow at all."""


class Level(IntEnum):
    """The levels T0 to T4 of the paper, lowest first."""

    CONTEXT = 0
    CASE = 1
    TYPE = 2
    INSTANCE = 3
    GOAL = 4


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (excluded) of a text, their level, and the number of the goal they belong to."""

    start: int
    end: int
    level: int
    goal: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}..{self.end}: wanted 0 <= start <= end")
        if self.level != OUTSIDE and self.level not in _LEVELS:
            raise ValueError(f"span level {self.level}: wanted {OUTSIDE} (outside) or 0 to {max(_LEVELS)}")

    def moved(self, by: int) -> Span:
        """The same span of a text that has `by` more characters in front."""
        return Span(self.start + by, self.end + by, self.level, self.goal)


_LEVELS = frozenset(int(level) for level in Level)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """An order on the levels: `ranks[level]` is where a level stands; levels of one rank are one level.

    `ranks` has one rank from 0 up for each `Level`.
    """

    name: str
    ranks: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.ranks) != len(Level):
            raise ValueError(f"hierarchy {self.name}: {len(self.ranks)} ranks, wanted {len(Level)}, one for each level")
        if set(self.ranks) != set(range(self.depth)):
            raise ValueError(f"hierarchy {self.name}: ranks {self.ranks}, wanted every rank from 0 to the highest")

    @property
    def depth(self) -> int:
        """How many ranks there are."""
        return max(self.ranks) + 1

    def forbids(self, query: Level, key: Level) -> bool:
        """True if a query of one level should not read a key of the other: the key's rank is higher."""
        return self.ranks[key] > self.ranks[query]

    def forbidden(self) -> tuple[tuple[float, ...], ...]:
        """The table `[query][key]` of what is forbidden: 1.0 or 0.0, five rows of five."""
        return tuple(tuple(float(self.forbids(query, key)) for key in Level) for query in Level)

    def reversed(self) -> Hierarchy:
        """The order upside down: what was guided is forbidden.  The negative control of the experiments."""
        return Hierarchy(f"{self.name}-reversed", tuple(self.depth - 1 - rank for rank in self.ranks))

    def can_flow(self, levels: Sequence[int]) -> bool:
        """True if some token of a causal sequence with these levels has a forbidden token before it.

        If not, the flow loss of the sequence is 0 whatever the attention: so it is with one goal and types first.
        """
        ranks = [self.ranks[level] for level in levels if level != OUTSIDE]
        return any(highest > rank for highest, rank in zip(accumulate(ranks, max), ranks, strict=True))


FIVE_LEVELS = Hierarchy("five", (0, 1, 2, 3, 4))
"""The paper's order: context < case < type < instance < goal."""

THREE_LEVELS = Hierarchy("three", (0, 0, 1, 1, 2))
"""The coarse order: context with case, type with instance, goal."""

HIERARCHIES = {hierarchy.name: hierarchy for hierarchy in (FIVE_LEVELS, THREE_LEVELS, FIVE_LEVELS.reversed())}
"""What an experiment can name."""
