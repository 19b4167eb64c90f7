"""Is a problem worth trying?  Three questions about a hole, each answered by a proof that the gate has seen.

Does `False` follow from what the theorem assumes, can its negation be proved, does a trivial tactic prove it.  The
first is searched from the state after the introductions, so that what stands before an arrow counts as assumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from proofloom.app.languages import AnyLanguage, Gate, Source
from proofloom.app.screening.words import ScreeningWords
from proofloom.assistants.holes import Hole
from proofloom.assistants.negation import NoNegation
from proofloom.assistants.session import Assistant, AssistantError, Session, TacticError
from proofloom.policies.mixture import MixturePolicy
from proofloom.policies.policy import Policy
from proofloom.policies.printed.goal_shape import Connective, connective
from proofloom.policies.tactic_lists.moves import MovesPolicy
from proofloom.proofs import Attempt, Budget, Goal, Outcome, ProofState, Step, Theorem, Verdict
from proofloom.search.driver import attempt
from proofloom.search.strategies import StrategyFactory

EXFALSO = "exfalso"
_MOST_INTRODUCTIONS = 40
_VALUES = ("0", "1", "2")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question: `yes` (the gate accepted the proof), `found` (it did not, or not to the end), `no`
    (nothing was found) or `not asked`; `reason` says why, `level` is that of the gate, `script` the proof."""

    answer: str
    reason: str = ""
    level: int = 0
    script: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreeningRow:
    """The answers about one hole of a file with the SHA-256 `digest`; `known` is what is known to be wrong with it."""

    file: str
    digest: str
    theorem: str
    contradictory: Answer
    refuted: Answer
    trivial: Answer
    known: str = ""

    @property
    def finding(self) -> str:
        """The worst that is certain: `contradictory`, `refuted`, `trivial`, else `open`."""
        for name in ("contradictory", "refuted", "trivial"):
            if getattr(self, name).answer == "yes":
                return name
        return "open"

    def as_json(self) -> dict[str, Any]:
        """For other programs."""
        return {"finding": self.finding, **asdict(self)}


class Screener:
    """Asks the questions about holes of one language, each with the same `budget`."""

    def __init__(
        self,
        language: AnyLanguage,
        words: ScreeningWords,
        assistant: Assistant,
        gate: Gate,
        strategy: StrategyFactory,
        budget: Budget,
    ) -> None:
        self._language = language
        self._words = words
        self._assistant = assistant
        self._gate = gate
        self._strategy = strategy
        self._budget = budget
        listed = language.tactic_list()
        self._search: Policy = MixturePolicy([(listed, 1.0), (MovesPolicy(instances, "instances"), 0.5)], "screen")

    def __call__(self, source: Source, hole: Hole, digest: str, settings: Any) -> ScreeningRow:
        """The row of one hole."""
        problem = hole.unsupported or ("" if len(hole.gaps) == 1 else f"it has {len(hole.gaps)} gaps, wanted one")
        if problem:
            no = Answer("not asked", problem)
            return ScreeningRow(str(source.file), digest, hole.path, no, no, no)
        try:
            led, assumed = self._introduced(source.theorem(hole))
        except AssistantError as error:
            led, assumed = (), Answer("not asked", str(error))
        contradictory = assumed or self._proved(source, hole, settings, (*led, EXFALSO))
        refuted = self._refuted(source, hole, settings)
        trivial = self._trivially(source, hole, settings, led)
        return ScreeningRow(str(source.file), digest, hole.path, contradictory, refuted, trivial)

    def _trivially(self, source: Source, hole: Hole, settings: Any, led: Sequence[str]) -> Answer:
        """Try the trivial tactics, at the theorem and after the introductions."""
        begun = time.monotonic()
        try:
            session = self._assistant.open(source.theorem(hole))
        except AssistantError as error:
            return Answer("not asked", str(error))
        try:
            script = self._closing(session, led)
        except AssistantError as error:
            return Answer("no", str(error))
        finally:
            session.close()
        if not script:
            return Answer("no", Outcome.EXHAUSTED.value, seconds=round(time.monotonic() - begun, 3))
        verdict = self._judged(source, hole, settings, script)
        seconds = round(time.monotonic() - begun, 3)
        if verdict.accepted:
            return Answer("yes", "", verdict.level, script, seconds)
        return Answer("found", verdict.reason, verdict.level, script, seconds)

    def _closing(self, session: Session, led: Sequence[str]) -> tuple[str, ...]:
        """The first script of the introductions, or none of them, and a trivial tactic that leaves no goal."""
        state = session.root
        for number in range(len(led) + 1):
            if number in (0, len(led)):
                for tactic in self._words.trivial:
                    step = session.apply(state, tactic, self._budget.tactic_seconds)
                    if isinstance(step, Step) and step.after.finished and session.finish(step.after) is None:
                        return (*led[:number], tactic)
            if number < len(led):
                step = session.apply(state, led[number], self._budget.tactic_seconds)
                if isinstance(step, TacticError):
                    return ()
                state = step.after
        return ()

    def _judged(self, source: Source, hole: Hole, settings: Any, script: Sequence[str]) -> Verdict:
        """The gate's word on a whole script for a hole."""
        filled = source.filled({hole.path: [self._language.plain(script)]})
        return self._gate.check(source.data, filled, hole.path, settings)

    def _introduced(self, theorem: Theorem) -> tuple[tuple[str, ...], Answer | None]:
        """The tactics that introduce what a theorem assumes; and the answer, if there is no question about that.

        Raises `AssistantError`.
        """
        session = self._assistant.open(theorem)
        try:
            led, state = introductions(session, self._words.introduce, self._budget.tactic_seconds)
        finally:
            session.close()
        if not state.goals or not state.goals[0].hypotheses:
            return led, Answer("not asked", "it assumes nothing")
        if state.goals[0].conclusion == "False":
            return led, Answer("not asked", "it claims that what it assumes is contradictory")
        return led, None

    def _refuted(self, source: Source, hole: Hole, settings: Any) -> Answer:
        """Search for a proof of the negation, which is stated before the theorem."""
        try:
            stated = self._words.negated(source.data, source.file, hole)
            other = self._language.source(stated.data, source.file)
        except (NoNegation, AssistantError) as error:
            return Answer("not asked", str(error))
        found = next((one for one in other.holes if one.path == stated.path), None)
        if found is None or found.unsupported:
            return Answer("not asked", "its negation cannot be read")
        return self._proved(other, found, settings, ())

    def _proved(self, source: Source, hole: Hole, settings: Any, led: Sequence[str]) -> Answer:
        """Search one hole from the state that the tactics of `led` lead to; the whole script goes to the gate."""

        def certify(steps: Sequence[Step]) -> Verdict:
            return self._judged(source, hole, settings, [*led, *(step.tactic for step in steps)])

        assistant = LedAssistant(self._assistant, led, self._budget.tactic_seconds)
        theorem = source.theorem(hole)
        return _answer(attempt(theorem, assistant, self._search, self._strategy, self._budget, certify), led)


def instances(goal: Goal) -> list[str]:
    """Hypotheses that hold for all, said of small numbers and of what is at hand."""
    known = [name for h in goal.hypotheses if h.body is None for name in h.names if "✝" not in name]
    general = [
        name
        for hypothesis in goal.hypotheses
        if connective(hypothesis.type) is Connective.FORALL
        for name in hypothesis.names
    ]
    return [f"specialize ({name} {value})" for name in general for value in (*_VALUES, *known) if value != name]


def introductions(
    session: Session, introduce: Callable[[Goal], str], seconds: float
) -> tuple[tuple[str, ...], ProofState]:
    """The tactics that introduce the variables and premises of a theorem, and the state that they lead to.

    What is behind a negation stays there: to show `~ P` one assumes P without claiming it.
    """
    state, tactics = session.root, list[str]()
    while state.goals and connective(state.goals[0].conclusion) in (Connective.FORALL, Connective.IMPLIES):
        step = session.apply(state, introduce(state.goals[0]), seconds)
        if isinstance(step, TacticError) or len(tactics) == _MOST_INTRODUCTIONS or step.after == state:
            break
        tactics.append(step.tactic)
        state = step.after
    return tuple(tactics), state


class LedAssistant:
    """An assistant whose sessions begin at the state that some tactics lead to."""

    def __init__(self, assistant: Assistant, tactics: Sequence[str], seconds: float) -> None:
        self._assistant = assistant
        self._tactics = tuple(tactics)
        self._seconds = seconds

    def open(self, theorem: Theorem) -> Session:
        """A session at that state; raises `AssistantError` if a tactic fails."""
        session = self._assistant.open(theorem)
        state = session.root
        for tactic in self._tactics:
            step = session.apply(state, tactic, self._seconds)
            if isinstance(step, TacticError):
                session.close()
                raise AssistantError(f"{theorem.full_name}: {tactic}: {step.message}")
            state = step.after
        return _LedSession(session, state) if self._tactics else session

    def close(self) -> None:
        """The assistant belongs to the caller."""


class _LedSession:
    """A session with another first state."""

    def __init__(self, session: Session, root: ProofState) -> None:
        self._session = session
        self.root = root

    @property
    def cpu_seconds(self) -> float:
        return self._session.cpu_seconds

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        return self._session.apply(state, tactic, timeout)

    def finish(self, state: ProofState) -> TacticError | None:
        return self._session.finish(state)

    def close(self) -> None:
        self._session.close()


def _answer(done: Attempt, led: Sequence[str]) -> Answer:
    seconds = round(done.spend.seconds, 3)
    if done.outcome is Outcome.UNSUPPORTED:
        return Answer("not asked", done.reason, seconds=seconds)
    script = () if done.proof is None else (*led, *done.proof)
    level = 0 if done.verdict is None else done.verdict.level
    if done.outcome is Outcome.PROVED:
        return Answer("yes", "", level, script, seconds)
    if done.verdict is not None and script:
        return Answer("found", done.reason, level, script, seconds)
    return Answer("no", done.outcome.value, seconds=seconds)
