"""One attempt of a contest: a contestant, a theorem, a strategy, and how many candidates it may have.

The search and the gate are those of `prove`.  A model's answers are remembered within an attempt and not beyond it, so
that each attempt pays for what it asks.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from proofloom.assistants.rocq.scripts import plain_script
from proofloom.assistants.session import Assistant, AssistantError
from proofloom.evaluation.contest_rows import FOUND, AttemptRow
from proofloom.evaluation.contestant import Contestant
from proofloom.evaluation.proofs.ground import Gate
from proofloom.evaluation.proofs.metering import Usage
from proofloom.evaluation.proofs.problems import Posed, Problem
from proofloom.models.engine.text import TextEngine
from proofloom.policies.dialect import ROCQ, Dialect
from proofloom.policies.model.policy import ModelPolicy
from proofloom.policies.policy import Policy
from proofloom.proofs import Budget, Outcome, ProofState, Step, Verdict
from proofloom.search.clock import Clock
from proofloom.search.driver import PartFound, attempt
from proofloom.search.rollouts import Rollouts, RolloutsConfig
from proofloom.search.strategies import BestFirstConfig, Strategy

BEST_FIRST, SINGLE_PASS = "best-first", "single-pass"
STRATEGIES = (BEST_FIRST, SINGLE_PASS)
WALL = 20
"""Wall clock is only a guard: a loaded machine must not cost a theorem its CPU seconds."""


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """What decides a row beside model and theorem: CPU seconds and expansions, the gate with its axioms, the seed.

    Without the gate nothing is called proved.
    """

    cpu_seconds: float = 10.0
    expansions: float = float("inf")
    gate: bool = True
    axioms: tuple[str, ...] = ("reals", "classical")
    seed: int = 0

    @property
    def budget(self) -> Budget:
        """The budget of one attempt."""
        return Budget(seconds=WALL * self.cpu_seconds, cpu_seconds=self.cpu_seconds, expansions=self.expansions)


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt that is to be made."""

    contestant: Contestant
    problem: Problem
    strategy: str
    candidates: int

    @property
    def key(self) -> tuple[str, str, str, int]:
        """That of its row."""
        return self.contestant.name, self.problem.name, self.strategy, self.candidates


class Meter(Protocol):
    """Counts what is asked of a model."""

    @property
    def usage(self) -> Usage:
        """What was asked since the last reset."""
        ...

    def reset(self) -> None:
        """Count from 0 again."""
        ...


@dataclass(frozen=True)
class Proposer:
    """A contestant's model at work: what writes, what counts it, and what gives it hints if it reads them."""

    engine: TextEngine
    meter: Meter
    hints: Policy | None = None


class Bench:
    """Makes trials one after the other, with one assistant.

    `posed` opens a problem, `proposer` loads a model, each model once; `plain` writes a script, and what
    a model writes is read in the words of `dialect`.
    What several contestants find alike is shown to the gate once.  Before its first trial a theorem is opened once:
    the assistant then holds what stands before it, and the first contestant does not pay for that alone.
    """

    def __init__(
        self,
        settings: TrialSettings,
        assistant: Assistant,
        gate: Gate,
        posed: Callable[[Problem], Posed],
        proposer: Callable[[Contestant], Proposer],
        clock: Clock,
        plain: Callable[[Sequence[str]], str] = plain_script,
        dialect: Dialect = ROCQ,
    ) -> None:
        self._settings = settings
        self._plain = plain
        self._dialect = dialect
        self._assistant = assistant
        self._gate = gate
        self._posed = posed
        self._proposer = proposer
        self._clock = clock
        self._proposers: dict[str, Proposer] = {}
        self._problem = ""
        self._verdicts: dict[str, Verdict] = {}

    def __call__(self, trial: Trial) -> AttemptRow:
        """The row of one trial; what goes wrong is its outcome."""
        try:
            posed = self._posed(trial.problem)
        except AssistantError as error:
            return AttemptRow(*trial.key, Outcome.UNSUPPORTED.value, reason=str(error))
        self._turn_to(trial.problem, posed)
        name = trial.contestant.name
        proposer = self._proposers.get(name) or self._proposer(trial.contestant)
        self._proposers[name] = proposer
        proposer.meter.reset()
        policy = ModelPolicy(proposer.engine, tactic=self._dialect.tactic, hints=proposer.hints)
        rollouts: list[Rollouts] = []

        def start(root: ProofState) -> Strategy:
            if trial.strategy == BEST_FIRST:
                return BestFirstConfig(candidates=trial.candidates, widenings=0).start(root)
            seed = zlib.crc32(f"{self._settings.seed} {trial.problem.name}".encode())
            rollouts.append(RolloutsConfig(trial.candidates, seed=seed).start(root))
            return rollouts[-1]

        def certify(steps: Sequence[Step]) -> Verdict:
            return self._verdict(posed, steps)

        try:
            done = attempt(
                posed.theorem, self._assistant, policy, start, self._settings.budget, certify, clock=self._clock
            )
            outcome, spend, proof, reason = done.outcome.value, done.spend, done.proof or (), done.reason
            verdict = done.verdict
        except PartFound as found:
            outcome, spend, proof, reason = FOUND, found.spend, tuple(step.tactic for step in found.steps), ""
            verdict = None
        usage = proposer.meter.usage
        return AttemptRow(
            *trial.key,
            outcome=outcome,
            found_at=rollouts[-1].started if rollouts and outcome in (Outcome.PROVED, FOUND) else 0,
            seconds=spend.seconds,
            cpu_seconds=spend.cpu_seconds,
            model_seconds=usage.cpu_seconds,
            expansions=spend.expansions,
            tactics=spend.tactics,
            tokens_read=usage.tokens_read,
            tokens_written=usage.tokens_written,
            proof=proof,
            verdict=None if verdict is None else verdict.as_json(),
            reason=reason,
        )

    def _turn_to(self, problem: Problem, posed: Posed) -> None:
        """Open a problem that is new; if it does not open, the attempt will say so."""
        if self._problem == problem.name:
            return
        self._problem, self._verdicts = problem.name, {}
        with suppress(AssistantError):
            self._assistant.open(posed.theorem).close()

    def _verdict(self, posed: Posed, steps: Sequence[Step]) -> Verdict:
        """The gate's word on a script; without the gate `PartFound` is raised with the steps."""
        if not self._settings.gate:
            raise PartFound(steps)
        script = self._plain([step.tactic for step in steps])
        if script not in self._verdicts:
            candidate = posed.candidate(script)
            self._verdicts[script] = self._gate.check(posed.reference, candidate, posed.path, posed.settings)
        return self._verdicts[script]
