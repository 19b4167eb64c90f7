"""Proves one theorem of one file from start to finish: search each gap, put the scripts in, ask the gate.

A `Prover` lives in a worker and keeps what its earlier theorems of a file were filled with, because a proof may use a
lemma that was a hole a moment ago; it holds the only road from a found script to a verdict.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from proofloom.app.languages import Gate, Source, language_of
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.proving.sharing import SharedProofs
from proofloom.assistants.holes import Hole
from proofloom.assistants.session import Assistant, AssistantError
from proofloom.policies.policy import Learner, Policy
from proofloom.policies.portfolio import Portfolio
from proofloom.proofs import Attempt, Outcome, Spend, Step, Verdict
from proofloom.search.clock import Clock
from proofloom.search.driver import LEAST_TACTIC_SECONDS, PartFound, attempt

Scripts = tuple[str, ...]
"""One text for each gap of a hole."""


@dataclass(frozen=True, slots=True)
class Task:
    """One theorem to prove: the file as it was read, what is filled (the file, perhaps with a `Require`), the path."""

    file: Path
    reference: bytes
    source: bytes
    settings: Any
    theorem: str


@dataclass(frozen=True, slots=True)
class Tried:
    """The attempt, and the SHA-256 of the candidate that its verdict is about (empty if there is no verdict)."""

    attempt: Attempt
    candidate: str = ""


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


class Prover:
    """Tries tasks of one language one after the other.

    `found` maps a file to the scripts of its theorems that are proved; `shared` tells what other workers have found.
    """

    def __init__(
        self,
        settings: ProveSettings,
        assistant: Assistant,
        gate: Gate,
        policy: Policy | Portfolio,
        *,
        found: Mapping[Path, Mapping[str, Scripts]] | None = None,
        shared: SharedProofs | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._settings = settings
        self._assistant = assistant
        self._gate = gate
        self._shared = shared
        self._clock = clock
        self._policy = policy
        self._found = {file: dict(scripts) for file, scripts in (found or {}).items()}
        self._sources: deque[Source] = deque(maxlen=2)
        self._loaded: Path | None = None

    def __call__(self, task: Task) -> Tried:
        """Try one theorem; what goes wrong is its outcome."""
        source = self._opened(task.source, task.file)
        self._load(task, source)
        found = self._found.setdefault(task.file, {})
        if self._shared is not None:
            found |= self._shared.of(task.file)
        earlier = {path: scripts for path, scripts in found.items() if path != task.theorem}
        tried = _Try(self, task, self._opened(source.filled(earlier), task.file)).run()
        if tried.attempt.outcome is Outcome.UNSUPPORTED and earlier:
            # What is wrong is said again with the lines of the source as it was given.
            tried = _Try(self, task, source).run()
        if tried.attempt.outcome is Outcome.PROVED:
            found[task.theorem] = tried.attempt.scripts
        return tried

    def _load(self, task: Task, source: Source) -> None:
        """Have the assistant load the imports of a new file, if they may take long; what fails here fails again."""
        hole = next(hole for hole in source.holes if hole.path == task.theorem)
        if task.file == self._loaded or hole.unsupported or not language_of(task.file).slow_imports:
            return
        self._loaded = task.file
        with suppress(AssistantError), closing(self._assistant.open(source.theorem(hole))):
            pass

    def learn(self, source: Source, hole: Hole, gaps: Sequence[Sequence[Step]]) -> None:
        """Let a policy that can learn see the steps of an accepted proof, one sequence for each gap."""
        if isinstance(self._policy, Learner):
            self._policy.learn(source.theorem(hole, 0, ()), [step for steps in gaps for step in steps])

    def _opened(self, data: bytes, file: Path) -> Source:
        """The source in `data`; the last few are kept, because theorems come file by file."""
        for source in self._sources:
            if source.data == data and source.file == file:
                return source
        source = language_of(file).source(data, file)
        self._sources.append(source)
        return source

    def search(
        self,
        source: Source,
        hole: Hole,
        gap: int,
        filled: Sequence[str],
        spent: Spend,
        certify: Callable[[Sequence[Step]], Verdict],
    ) -> Attempt:
        """Search one gap with what is left of the theorem's budget."""
        budget = self._settings.budget
        left = replace(
            budget,
            seconds=max(budget.seconds - spent.seconds, LEAST_TACTIC_SECONDS),
            cpu_seconds=max(budget.cpu_seconds - spent.cpu_seconds, LEAST_TACTIC_SECONDS),
        )
        theorem = source.theorem(hole, gap, filled)
        return attempt(
            theorem, self._assistant, self._policy, self._settings.strategy.start, left, certify, clock=self._clock
        )

    def judge(self, task: Task, scripts: Scripts) -> tuple[Verdict, str]:
        """The gate's verdict on the file with these scripts and all that was found before, and the file's digest."""
        source = self._opened(task.source, task.file)
        candidate = source.filled({**self._found.get(task.file, {}), task.theorem: scripts})
        return self._gate.check(task.reference, candidate, task.theorem, task.settings), digest(candidate)


class _Try:
    """One try at one theorem: its gaps in order, one check at the end.

    `source` is searched in; it has the proofs of earlier theorems in it, so that a policy can see what is proved.
    """

    def __init__(self, prover: Prover, task: Task, source: Source) -> None:
        self._prover = prover
        self._task = task
        self._source = source
        self._language = language_of(task.file)
        self._hole = next(hole for hole in source.holes if hole.path == task.theorem)
        self._gaps: list[tuple[Step, ...]] = []
        self._judged: dict[tuple[str, ...], tuple[Scripts, str]] = {}

    def run(self) -> Tried:
        """Search gap after gap; the last one goes to the gate."""
        if self._hole.unsupported:
            return Tried(Attempt(self._hole.path, Outcome.UNSUPPORTED, Spend(), reason=self._hole.unsupported))
        spent = Spend()
        for number in range(len(self._hole.gaps) - 1):
            try:
                found = self._search(number, spent, _keep)
            except PartFound as part:
                self._gaps.append(part.steps)
                spent = _sum(spent, part.spend)
            else:
                return self._ended(found, spent, number)
        last = len(self._hole.gaps) - 1
        return self._ended(self._search(last, spent, self._certify), spent, last)

    def _search(self, gap: int, spent: Spend, certify: Callable[[Sequence[Step]], Verdict]) -> Attempt:
        filled = [self._language.formatted(steps) for steps in self._gaps]
        return self._prover.search(self._source, self._hole, gap, filled, spent, certify)

    def _certify(self, steps: Sequence[Step]) -> Verdict:
        """Ask the gate about the script as a person would write it, and if it does not compile about the plain one."""
        gaps = [*self._gaps, tuple(steps)]
        pretty = tuple(self._language.formatted(part) for part in gaps)
        plain = tuple(self._language.plain([step.tactic for step in part]) for part in gaps)
        best: Verdict | None = None
        for scripts in dict.fromkeys((pretty, plain)):
            verdict, candidate = self._prover.judge(self._task, scripts)
            if best is None or verdict.accepted or verdict.level > best.level:
                best = verdict
                self._judged[_tactics(gaps)] = scripts, candidate
            if verdict.accepted or verdict.level > 0:
                break
        if best is not None and best.accepted:
            self._prover.learn(self._source, self._hole, gaps)
        assert best is not None  # there is at least one way to write it
        return best

    def _ended(self, found: Attempt, spent: Spend, gap: int) -> Tried:
        """The attempt at the whole theorem, from the one at its gap number `gap`."""
        tactics = None if found.proof is None else (*_tactics(self._gaps), *found.proof)
        reason = found.reason
        if len(self._hole.gaps) > 1 and found.outcome is not Outcome.PROVED:
            reason = f"gap {gap + 1} of {len(self._hole.gaps)}: {reason}"
        scripts, candidate = self._judged.get(tactics or (), ((), ""))
        if tactics is None:
            scripts, candidate = (), ""
        return Tried(
            replace(
                found,
                theorem=self._hole.path,
                spend=_sum(spent, found.spend),
                proof=tactics,
                reason=reason,
                scripts=scripts,
            ),
            candidate,
        )


def _keep(steps: Sequence[Step]) -> Verdict:
    raise PartFound(steps)


def _tactics(gaps: Sequence[Sequence[Step]]) -> tuple[str, ...]:
    return tuple(step.tactic for steps in gaps for step in steps)


def _sum(one: Spend, other: Spend) -> Spend:
    return Spend(
        one.seconds + other.seconds,
        one.cpu_seconds + other.cpu_seconds,
        one.expansions + other.expansions,
        one.tactics + other.tactics,
        one.tokens + other.tokens,
    )
