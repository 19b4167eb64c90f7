"""Whose turn it is when several policies look for one proof, each with a strategy and a tree of its own.

The turn goes to the searcher whose next slice of the clock would leave it least ahead of its share, the gate's time for
its endings included, and stays with it for that slice, because going from one tree to another makes the assistant run
steps again; where that takes long, it stays for as long again.  So what one of `n` searchers of equal shares would find
alone in some time is found in about `n` times that, and a searcher that has nothing left, or has crashed, leaves its
time to the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from proofloom.policies.policy import Policy
from proofloom.search.stop import StopReason
from proofloom.search.strategies import Request, Strategy

SLICE = 0.25
"""Seconds for which a searcher keeps the turn."""


@dataclass(eq=False, slots=True)
class Searcher:
    """A policy with its strategy and its `share` of the time, beside those of the others.

    `seconds` are what it has taken, `stopped` is why it has nothing left to do, `crash` what its policy raised.
    `detours` counts new ways to a refused ending, `timeouts` how often a tactic ran out of time.
    """

    policy: Policy
    strategy: Strategy
    share: float = 1.0
    seconds: float = 0.0
    stopped: StopReason | None = None
    crash: str = ""
    detours: int = 0
    timeouts: Counter[str] = field(default_factory=Counter)

    @property
    def going(self) -> bool:
        """True if it may get the turn."""
        return self.stopped is None and not self.crash


class Turns:
    """Hands the turn around; `searcher` has it."""

    def __init__(self, searchers: Sequence[Searcher]) -> None:
        self._searchers = tuple(searchers)
        self.searcher = self._searchers[0]
        self._kept, self._first = 0.0, 0.0

    def charge(self, seconds: float) -> None:
        """Note what the last request of the searcher in turn has taken."""
        self.searcher.seconds += seconds
        self._first = self._first if self._kept else seconds
        self._kept += seconds

    def crashed(self, what: str) -> None:
        """Take the searcher in turn out because of `what`."""
        self.searcher.crash = what

    @property
    def several(self) -> bool:
        """True if there is more than one."""
        return len(self._searchers) > 1

    @property
    def crashes(self) -> list[str]:
        """What the policies raised that are out."""
        return [one.crash for one in self._searchers if one.crash]

    def next(self) -> Request | None:
        """The next request of the searcher whose turn it is; None when all have stopped."""
        while going := [one for one in self._searchers if one.going]:
            if not self.searcher.going or self._kept >= max(SLICE, 2 * self._first):
                self.searcher = min(going, key=lambda one: (one.seconds + SLICE) / one.share)
                self._kept, self._first = 0.0, 0.0
            request = self.searcher.strategy.next()
            if not isinstance(request, StopReason):
                return request
            self.searcher.stopped = request
        return None

    def stop(self) -> tuple[StopReason, float]:
        """Why all have stopped, of whom none has crashed, with the value of the option that would let one go on.

        The first whose limit more budget can lift speaks for all.
        """
        stops = [(one.stopped, one.strategy) for one in self._searchers if one.stopped is not None]
        reason, strategy = next((pair for pair in stops if pair[0] is not StopReason.EXHAUSTED), stops[0])
        return reason, strategy.limit(reason)
