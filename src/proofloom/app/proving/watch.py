"""Shows a run while it goes on: a live table in a terminal, one line an event elsewhere.

Nothing here decides anything; the same events give the same lines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from proofloom.app.proving.inputs import InputFile
from proofloom.app.proving.results import Result, count_outcomes
from proofloom.proofs import Outcome
from proofloom.search.clock import Clock

_RECENT = 8
STYLES = {Outcome.PROVED: "green", Outcome.REFUTED: "green", Outcome.CRASHED: "red", Outcome.REJECTED: "red"}


def counted(results: list[Result]) -> str:
    """`3 proved, 1 exhausted`: every outcome apart."""
    return ", ".join(f"{count} {outcome}" for outcome, count in count_outcomes(results).items())


class PlainWatcher:
    """One line for each event, handed to `say`."""

    def __init__(self, say: Callable[[str], None], total: int) -> None:
        self._say = say
        self._total = total
        self._ended = 0

    def started(self, file: InputFile, theorem: str) -> None:
        """Nothing: the line comes when it ends."""

    def ended(self, result: Result) -> None:
        """`[3/20] F.v: t: proved in 0.4 s`."""
        self._ended += 1
        where = f"[{self._ended}/{self._total}] {result.file}: {result.theorem}"
        self._say(f"{where}: {result.outcome} in {result.spend.seconds:.1f} s")

    def checking(self, file: InputFile, theorems: int) -> None:
        """`checking F.v as a whole`."""
        self._say(checking_line(file, theorems))


class LiveWatcher:
    """A table of what is being tried, with the time left, and of what ended last; drawn four times a second."""

    def __init__(self, console: Console, clock: Clock, seconds: float, total: int) -> None:
        self._clock = clock
        self._seconds = seconds
        self._total = total
        self._running: dict[tuple[str, str], float] = {}
        self._results: list[Result] = []
        self._recent: deque[Result] = deque(maxlen=_RECENT)
        self._note = ""
        self._live = Live(get_renderable=self._drawn, console=console, transient=True, refresh_per_second=4)

    def __enter__(self) -> LiveWatcher:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, file: InputFile, theorem: str) -> None:
        """A row with the time left."""
        self._running[file.name, theorem] = self._clock.wall()
        self._note = ""

    def ended(self, result: Result) -> None:
        """The row becomes one with the outcome."""
        self._running.pop((result.file, result.theorem), None)
        self._results.append(result)
        self._recent.append(result)

    def checking(self, file: InputFile, theorems: int) -> None:
        """A note below the table."""
        self._note = checking_line(file, theorems)

    def _drawn(self) -> RenderableType:
        table = Table(box=None, pad_edge=False, show_header=False)
        for result in tuple(self._recent):
            outcome = Text(result.outcome, STYLES.get(result.outcome, "yellow"))
            table.add_row(result.file, result.theorem, outcome, f"{result.spend.seconds:.1f} s")
        for (file, theorem), since in tuple(self._running.items()):
            left = self._seconds - (self._clock.wall() - since)
            table.add_row(file, theorem, "searching", f"{left:.0f} s left" if left > 0 else "finishing")
        done = f"{len(self._results)} of {self._total} holes done"
        summary = Text(f"{done}: {counted(self._results)}" if self._results else done, "bold")
        return Group(table, summary, Text(self._note))


def checking_line(file: InputFile, theorems: int) -> str:
    """What is said while a complete file is checked."""
    return f"checking {file.name} once more as a whole ({theorems} theorem{'' if theorems == 1 else 's'})"
