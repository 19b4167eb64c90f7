"""A contest: every contestant tries every problem, by every strategy, and each attempt is kept as it ends.

Problem after problem, so that whatever stops the contest, the contestants have tried the same problems but for the
last few.  What has a row is not tried again, unless it crashed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from proofloom.assistants.executor import Crash, Done, Executor, Opening
from proofloom.evaluation.contest_rows import AttemptRow, ContestRows
from proofloom.evaluation.contestant import Contestant
from proofloom.evaluation.progress import Progress
from proofloom.evaluation.proofs.ground import Ground
from proofloom.evaluation.proofs.metering import MeteredEngine
from proofloom.evaluation.proofs.problems import Places, Problem
from proofloom.evaluation.proofs.trial import BEST_FIRST, Bench, Proposer, Trial, TrialSettings
from proofloom.models.engine.protocol import Engine
from proofloom.policies.kit import PolicyKit
from proofloom.policies.model.folder import hint_source, loaded_model, text_engine
from proofloom.proofs import Outcome
from proofloom.search.clock import Clock, SystemClock


@dataclass(frozen=True, slots=True)
class Plan:
    """Who tries what, how.  Single-pass sampling is made once, with the most `candidates`: its rows tell the rest."""

    contestants: tuple[Contestant, ...]
    problems: tuple[Problem, ...]
    strategies: tuple[str, ...]
    candidates: tuple[int, ...]

    def trials(self) -> Iterator[Trial]:
        """All of them, problem by problem."""
        for problem in self.problems:
            for strategy in self.strategies:
                for count in self.candidates if strategy == BEST_FIRST else (max(self.candidates),):
                    for contestant in self.contestants:
                        yield Trial(contestant, problem, strategy, count)


def hold(
    plan: Plan,
    rows: ContestRows,
    executor: Executor,
    opening: Opening[Trial, AttemptRow],
    clock: Clock,
    now: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Make every trial of the plan that has no row.  `now` gives the seconds since 1970.  Raises `JournalError`."""
    known = {row.key for row in rows.attempts() if row.outcome != Outcome.CRASHED}
    trials = list(plan.trials())
    waiting = [trial for trial in trials if trial.key not in known]
    progress = Progress("attempts", len(trials), len(trials) - len(waiting), clock, say)
    solved = 0
    with closing(executor.map(opening, waiting)) as events:
        for event in events:
            if isinstance(event, Done):
                row = event.value
            elif isinstance(event, Crash):
                row = AttemptRow(*event.task.key, Outcome.CRASHED.value, reason=event.reason)
            else:
                continue
            rows.add_attempt(row, now())
            solved += row.solved
            progress.advance(note=f"{solved} solved")


@contextmanager
def open_bench(
    settings: TrialSettings, ground: Ground, library: str = "", split: str = ""
) -> Iterator[Callable[[Trial], AttemptRow]]:
    """What a worker needs: an assistant and a gate of its own, models that compute on one core.

    Models that read hints get them from `library`, if it is named: of its steps only the training part of `split`.
    """
    clock = SystemClock()

    def proposer(contestant: Contestant) -> Proposer:
        meters: list[MeteredEngine] = []

        def metered(engine: Engine) -> MeteredEngine:
            meters.append(MeteredEngine(engine, clock))
            return meters[-1]

        engine = text_engine(loaded_model(contestant.folder, threads=1), around=metered)
        source = hint_source(contestant.folder) if library else None
        return Proposer(engine, meters[-1], kit.hints(source) if source else None)

    with (
        ground.assistant() as assistant,
        closing(ground.gate(settings.axioms)) as gate,
        PolicyKit(library, split, ground.module_name, reading=ground.reading) as kit,
    ):
        places = Places(ground.read, ground.settings)
        yield Bench(settings, assistant, gate, places, proposer, clock, ground.plain, ground.dialect)
