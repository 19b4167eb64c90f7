"""One attempt at one theorem: the driver owns the clock, the budget, the session and what to do after a crash.

The loop fits on a page and asks in a fixed order: is there a proof, is the budget spent, is there anything left to do;
then it does one thing.  A proof found at the deadline is therefore kept and checked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Protocol

from proofloom.assistants.session import Assistant, AssistantError, Failure, Session, SessionLost, TacticError
from proofloom.policies.policy import Policy, Query, Reader
from proofloom.policies.portfolio import Portfolio, parts
from proofloom.proofs import Attempt, Budget, Candidate, Outcome, Spend, Step, Theorem, Verdict
from proofloom.search.clock import Clock, SystemClock
from proofloom.search.invariants import check_invariants
from proofloom.search.scripts import through, ways
from proofloom.search.stop import StopReason
from proofloom.search.strategies import Ask, Request, Strategy, StrategyFactory, Try
from proofloom.search.turns import Searcher, Turns

LEAST_TACTIC_SECONDS = 0.01
"""The last tactic before a deadline gets at least this long, so that it is really tried."""
MOST_DETOURS = 8
"""After a refusal, so many new ways to the refused ending are shown to the gate."""
MOST_HALVINGS = 4
"""A tactic that ran out of time is given half as long the next time, so many times."""


class PolicyCrash(Exception):
    """The policy raised an error, or answered something that is not an answer."""


class PartFound(Exception):
    """Raised by `certify` where the theorem is one gap of several, which only the gate's check of all can judge.

    `attempt` lets it through with the `spend` of the search filled in.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        super().__init__(f"{len(steps)} steps close the gap")
        self.steps = tuple(steps)
        self.spend = Spend()


class Certify(Protocol):
    """The gate, as the driver sees it: from the steps of a found proof to a verdict on them."""

    def __call__(self, steps: Sequence[Step], /) -> Verdict:
        """The verdict of an independent check on the script of `steps`; raises `PartFound` to leave with them."""
        ...


def attempt(
    theorem: Theorem,
    assistant: Assistant,
    policy: Policy | Portfolio,
    strategy: StrategyFactory,
    budget: Budget,
    certify: Certify,
    *,
    clock: Clock | None = None,
    checked: bool = False,
) -> Attempt:
    """Try to prove `theorem` within `budget`; never raises for what an outcome exists for.

    The policies of a portfolio take turns, each with a strategy of its own; a tactic that one has run is not run again
    for another that has come to the state by the same steps.  One whose policy crashes leaves the time to the others,
    and counts as a crash of the attempt if they have nothing left to try.
    What a policy reads before its first answer is not charged.
    A crash of the assistant or of the policy is answered by a second try from the start, with the whole budget; the
    second crash ends as `crashed`.  The spend is that of both tries; it counts the seconds of the gate, whose verdict
    names them too, but not the gate's CPU.  `checked` tests the invariants of the tree after every request.
    `KeyboardInterrupt` and `PartFound` close the session and pass through.
    """
    clock = clock or SystemClock()
    crashes: list[str] = []
    spent = Spend()
    while len(crashes) < 2:
        meter = _Meter(clock, spent)
        try:
            session = assistant.open(theorem)
        except SessionLost as error:
            crashes.append(str(error))
            spent = meter.total()
            continue
        except AssistantError as error:
            return Attempt(theorem.full_name, Outcome.UNSUPPORTED, meter.total(), reason=str(error))
        meter.session = session
        with closing(session):
            try:
                return _Trial(theorem, session, policy, strategy, budget, certify, meter).search(checked)
            except PartFound as part:
                part.spend = meter.total()
                raise
            except (AssistantError, PolicyCrash) as error:
                crashes.append(str(error))
                spent = meter.total()
    return Attempt(theorem.full_name, Outcome.CRASHED, spent, reason=f"crashed twice: {crashes[0]}; {crashes[1]}")


class _Meter:
    """Counts what one try spends, on top of what was `spent` by an earlier one."""

    def __init__(self, clock: Clock, spent: Spend) -> None:
        self._clock = clock
        self._spent = spent
        self._wall, self._cpu = clock.wall(), clock.cpu()
        self.session: Session | None = None
        self.expansions = 0
        self.tactics = 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done inside is not counted."""
        wall, cpu = self._clock.wall(), self._clock.cpu()
        try:
            yield
        finally:
            self._wall += self._clock.wall() - wall
            self._cpu += self._clock.cpu() - cpu

    def seconds(self) -> float:
        """Wall clock of this try."""
        return self._clock.wall() - self._wall

    def cpu_seconds(self) -> float:
        """CPU of this try: the assistant's and our own."""
        return self._clock.cpu() - self._cpu + (self.session.cpu_seconds if self.session else 0.0)

    def spend(self, budget: Budget) -> Spend:
        """What this try spent; CPU is read only if `budget` limits it, because this is asked before each tactic."""
        cpu = self.cpu_seconds() if math.isfinite(budget.cpu_seconds) else 0.0
        return Spend(self.seconds(), cpu, self.expansions, self.tactics)

    def total(self) -> Spend:
        """What this try and the earlier one spent."""
        return Spend(
            self._spent.seconds + self.seconds(),
            self._spent.cpu_seconds + self.cpu_seconds(),
            self._spent.expansions + self.expansions,
            self._spent.tactics + self.tactics,
        )


class _Trial:
    """One try at a theorem, with an open session."""

    def __init__(
        self,
        theorem: Theorem,
        session: Session,
        policy: Policy | Portfolio,
        strategy: StrategyFactory,
        budget: Budget,
        certify: Certify,
        meter: _Meter,
    ) -> None:
        self._theorem = theorem
        self._session = session
        self._turns = Turns([Searcher(one, strategy(session.root), share) for one, share in parts(policy)])
        self._budget = budget
        self._certify = certify
        self._meter = meter
        self._refused: Attempt | None = None
        self._shown: set[tuple[str, ...]] = set()
        self._replies: dict[tuple[int | None, str], tuple[Step | TacticError, float]] = {}

    @property
    def _strategy(self) -> Strategy:
        """That of the searcher whose turn it is."""
        return self._turns.searcher.strategy

    def search(self, checked: bool) -> Attempt:
        """The loop."""
        while True:
            with self._charged():
                proved = self._proved()
            if proved is not None:
                return proved
            limit = self._budget.exceeded(self._meter.spend(self._budget))
            if limit is not None:
                return self._ended(StopReason(limit), getattr(self._budget, limit))
            with self._charged():
                request = self._turns.next()
                if request is not None:
                    self._do(request)
            if request is None:
                if self._turns.crashes:
                    raise PolicyCrash("; ".join(self._turns.crashes))  # there may be something left to try
                return self._ended(*self._turns.stop())
            if checked:
                check_invariants(self._strategy.tree)

    @contextmanager
    def _charged(self) -> Iterator[None]:
        """What is done inside is on the time of the searcher in turn."""
        started = self._meter.seconds()
        yield
        self._turns.charge(self._meter.seconds() - started)

    def _do(self, request: Request) -> None:
        if isinstance(request, Ask):
            self._meter.expansions += 1
            try:
                candidates = self._candidates(request)
            except PolicyCrash as crash:
                self._turns.crashed(str(crash))
            else:
                self._strategy.suggested(request, candidates)
        else:
            self._strategy.observe(request, self._reply(request))

    def _reply(self, trial: Try) -> Step | TacticError:
        """What the assistant says, or has said to another searcher who let the tactic run at least as long."""
        tactic = trial.candidate.tactic
        asked, allowed = (trial.node.state.handle, tactic), self._tactic_seconds(tactic)
        known = self._replies.get(asked)
        if known is not None and (allowed <= known[1] or not _timed_out(known[0])):
            return known[0]
        self._meter.tactics += 1
        result = self._session.apply(trial.node.state, tactic, allowed)
        if _timed_out(result):
            self._turns.searcher.timeouts[tactic] += 1
        if self._turns.several:
            self._replies[asked] = result, allowed
        return result

    def _candidates(self, ask: Ask) -> list[Candidate]:
        query, policy = Query(ask.node.state, self._theorem), self._turns.searcher.policy
        try:
            if isinstance(policy, Reader):
                with self._meter.paused():
                    policy.read()
            answers = policy.suggest([query], ask.n)
        except Exception as error:
            raise PolicyCrash(f"policy {policy.name}: {type(error).__name__}: {error}") from error
        if len(answers) != 1:
            raise PolicyCrash(f"policy {policy.name}: {len(answers)} answers to 1 query")
        return answers[0][: ask.n]

    def _tactic_seconds(self, tactic: str) -> float:
        """What a tactic may take: never more than what is left of the budget, but enough to be a try.

        A tactic that has run out of time before in this try gets half as long each time.
        """
        timeouts = self._turns.searcher.timeouts[tactic]
        allowed = self._budget.tactic_seconds / 2.0 ** min(timeouts, MOST_HALVINGS)
        spend = self._meter.spend(self._budget)
        left = min(self._budget.seconds - spend.seconds, self._budget.cpu_seconds - spend.cpu_seconds)
        return max(LEAST_TACTIC_SECONDS, min(allowed, left))

    def _proved(self) -> Attempt | None:
        """Judge the states without goals that were found; the attempt if the gate accepts a script, or can accept none.

        Since the gate has refused a script, new ways to the same ending are judged too, but not more than a few: the
        fault may lie in what they share.
        """
        tree = self._strategy.tree
        while (node := tree.ending()) is not None:
            if self._session.finish(node.state) is not None:
                tree.refuse(node)
                continue
            for script in ways(tree, node):
                if (judged := self._judged(script)) is not None:
                    if judged.outcome is Outcome.PROVED:
                        tree.prove(node)
                    return judged
            self._strategy.rejected(node)
        searcher = self._turns.searcher
        while searcher.detours < MOST_DETOURS and (edge := tree.detour()) is not None:
            detour = through(tree, edge)
            if detour is not None:
                searcher.detours += 1
                if (judged := self._judged(detour)) is not None:
                    return judged
        return None

    def _judged(self, script: Sequence[Step]) -> Attempt | None:
        """Show `script` to the gate: the attempt if it accepts, or could not ask all that it has to ask of any script.

        A script that another searcher has found too is not shown again.  Of the refused ones the one that came furthest
        on the gate's ladder is kept, the first of equals.
        """
        tactics = tuple(step.tactic for step in script)
        if tactics in self._shown:
            return None
        self._shown.add(tactics)
        verdict = self._certify(script)
        outcome = Outcome.PROVED if verdict.accepted else Outcome.REJECTED
        reason = f"not checked to the end: {verdict.reason}" if verdict.unfinished else verdict.reason
        judged = Attempt(self._theorem.full_name, outcome, self._meter.total(), tactics, verdict, reason)
        if verdict.accepted or verdict.unfinished:
            return judged
        if self._refused is None or _level(judged) > _level(self._refused):
            self._refused = judged
        return None

    def _ended(self, stop: StopReason, limit: float) -> Attempt:
        """The attempt when the search is over without a proof."""
        spend, reason = self._meter.total(), "; ".join([stop.sentence(limit), *self._turns.crashes])
        if self._refused is None:
            return Attempt(self._theorem.full_name, stop.outcome, spend, reason=reason)
        return replace(self._refused, spend=spend, reason=f"the gate refused: {self._refused.reason}; {reason}")


def _timed_out(result: Step | TacticError) -> bool:
    return isinstance(result, TacticError) and result.kind is Failure.TIMEOUT


def _level(judged: Attempt) -> int:
    return judged.verdict.level if judged.verdict else -1
