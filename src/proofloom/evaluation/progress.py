"""How far long work has come and how long it will still take, in one line now and then."""

from __future__ import annotations

from collections.abc import Callable

from proofloom.search.clock import Clock

_EVERY_SECONDS = 10.0


class Progress:
    """Counts `what` up to `total`; `done` of it was there before, and tells nothing about the speed.

    A line is said at the first and the last of it, and at most every ten seconds between.
    """

    def __init__(self, what: str, total: int, done: int, clock: Clock, say: Callable[[str], None]) -> None:
        self._what, self._total, self._known, self._done = what, total, done, done
        self._clock, self._say = clock, say
        self._begin = clock.wall()
        self._said: float | None = None

    def advance(self, count: int = 1, note: str = "") -> None:
        """So many more are done; `note` is said behind the count."""
        self._done += count
        now = self._clock.wall()
        if self._done < self._total and self._said is not None and now - self._said < _EVERY_SECONDS:
            return
        self._said = now
        left = (now - self._begin) / (self._done - self._known) * (self._total - self._done)
        parts = [f"{self._done:,} of {self._total:,} {self._what}"]
        parts += [note] * bool(note) + [told_seconds(left)] * (self._done < self._total)
        self._say(", ".join(parts))


def told_seconds(left: float) -> str:
    """`4 min left`, `40 s left`."""
    if left >= 5400:
        return f"{left / 3600:.1f} h left"
    return f"{left / 60:.0f} min left" if left >= 90 else f"{left:.0f} s left"
