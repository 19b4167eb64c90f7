"""A toy assistant behind the real seam, so that everything above it can be tested without Rocq and Lean.

The game is a table: a goal is a text, and a tactic turns the first goal into the subgoals that the table names.  It
can be told to hang (by moving a clock that is handed in), to answer with any error, to crash, to come back with states
that no longer hold, to hide open goals, and to refuse a finished proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proofloom.assistants.session import AssistantError, Failure, SessionLost, TacticError
from proofloom.proofs import Goal, ProofState, Step, Theorem

Rules = Mapping[str, Mapping[str, Sequence[str]]]
"""For each goal, for each tactic that it takes, the subgoals that remain (none: the goal is closed)."""


class ManualClock:
    """A clock that moves only when told to; seconds of wall clock and of CPU."""

    def __init__(self) -> None:
        self._wall = 0.0
        self._cpu = 0.0

    def wall(self) -> float:
        """Seconds of wall clock since the clock was made."""
        return self._wall

    def cpu(self) -> float:
        """Seconds of CPU since the clock was made."""
        return self._cpu

    def advance(self, wall: float, cpu: float = 0.0) -> None:
        """Let time pass."""
        self._wall += wall
        self._cpu += cpu


@dataclass(slots=True)
class Faults:
    """What goes wrong, by tactic.

    `seconds`: how long a tactic takes (a time-out if that is more than it may take).  `errors`: the kind of failure
    with which a tactic is answered whatever the goal is.  `lost`: tactics on which the process dies and is rebuilt.
    `stale`: tactics on which it is rebuilt too, but all states but the root are gone and raise `SessionLost` when they
    are used.  `crashes`: how many times a tactic brings the whole session down.  `lies`: tactics after which no goal is
    shown, though some are open.  `refused`: scripts that `finish` refuses.  `opening`: errors that the next calls of
    `open` raise, in order.
    """

    seconds: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, Failure] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    stale: frozenset[str] = frozenset()
    crashes: dict[str, int] = field(default_factory=dict)
    lies: frozenset[str] = frozenset()
    refused: frozenset[tuple[str, ...]] = frozenset()
    opening: list[AssistantError] = field(default_factory=list)


class FakeAssistant:
    """Opens theorems whose statement is a goal of the table `rules`.

    `bindings` says which tactics instantiate an existential variable (`?x`, its value) in every goal.  Each tactic
    takes `tactic_seconds` of wall clock and of CPU.  `applied` lists every (state text, tactic) that was run, `opened`
    counts sessions opened and `closed` those closed.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        bindings: Mapping[str, tuple[str, str]] | None = None,
        faults: Faults | None = None,
        clock: ManualClock | None = None,
        tactic_seconds: float = 0.0,
    ) -> None:
        self.rules = rules
        self.bindings = bindings or {}
        self.faults = faults or Faults()
        self.clock = clock or ManualClock()
        self.tactic_seconds = tactic_seconds
        self.applied: list[tuple[str, str]] = []
        self.opened = 0
        self.closed = 0

    def open(self, theorem: Theorem) -> FakeSession:
        """A session whose root has the theorem's statement as its only goal."""
        if self.faults.opening:
            raise self.faults.opening.pop(0)
        self.opened += 1
        return FakeSession(self, theorem)

    def close(self) -> None:
        """Nothing to end."""


class FakeSession:
    """One theorem of the game; handles number the states in the order in which they were made."""

    def __init__(self, assistant: FakeAssistant, theorem: Theorem) -> None:
        self._assistant = assistant
        self._paths: list[tuple[str, ...]] = []
        self._held = 0
        self._cpu = 0.0
        self._open = True
        self._root = self._new((theorem.statement,), ())

    @property
    def root(self) -> ProofState:
        """The state with the statement as its goal."""
        return self._root

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds that the tactics have taken."""
        return self._cpu

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        """Look the tactic up in the table; raises `SessionLost` where the faults say so."""
        path = self._path(state)
        world, faults = self._assistant, self._assistant.faults
        world.applied.append((state.text, tactic))
        seconds = faults.seconds.get(tactic, world.tactic_seconds)
        self._spend(min(seconds, timeout))
        if faults.crashes.get(tactic, 0) > 0:
            faults.crashes[tactic] -= 1
            self._open = False
            raise SessionLost(f"the process died on {tactic!r} and could not be rebuilt")
        if path and state.handle is not None and state.handle < self._held:
            raise SessionLost(f"replaying {path[-1]!r} gave other goals")
        if tactic in faults.stale:
            self._held = len(self._paths)
        if tactic in faults.lost | faults.stale:
            return TacticError(Failure.LOST, f"the process died on {tactic!r}")
        if seconds > timeout:
            return TacticError(Failure.TIMEOUT, f"{tactic!r} took more than {timeout} s")
        if tactic in faults.errors:
            return TacticError(faults.errors[tactic], f"{tactic!r} is not accepted")
        if not state.goals:
            return TacticError(Failure.FAILED, "no goal is left")
        if tactic in faults.lies:
            return Step(state, tactic, self._new((), (*path, tactic)))
        first, *rest = (goal.conclusion for goal in state.goals)
        subgoals = world.rules.get(first, {}).get(tactic)
        if subgoals is None:
            return TacticError(Failure.FAILED, f"{tactic!r} does not apply to {first!r}")
        goals = [*subgoals, *rest]
        if tactic in world.bindings:
            variable, value = world.bindings[tactic]
            goals = [goal.replace(variable, value) for goal in goals]
        return Step(state, tactic, self._new(goals, (*path, tactic)))

    def finish(self, state: ProofState) -> TacticError | None:
        """Accepts a state without goals unless its script is among the refused ones."""
        path = self._path(state)
        if state.goals:
            return TacticError(Failure.FAILED, f"{len(state.goals)} goals are open")
        if path in self._assistant.faults.refused:
            return TacticError(Failure.FAILED, "the proof term is ill-formed")
        return None

    def close(self) -> None:
        """Ends the session; later calls of `apply` and `finish` raise `AssistantError`."""
        if self._paths:
            self._assistant.closed += 1
        self._paths = []
        self._open = False

    def _new(self, goals: Sequence[str], path: tuple[str, ...]) -> ProofState:
        self._paths.append(path)
        return ProofState(tuple(Goal((), goal) for goal in goals), handle=len(self._paths) - 1)

    def _path(self, state: ProofState) -> tuple[str, ...]:
        if not self._open:
            raise AssistantError("the session is closed")
        if state.handle is None or state.handle >= len(self._paths):
            raise AssistantError(f"state {state.text!r} was not made by this session")
        return self._paths[state.handle]

    def _spend(self, seconds: float) -> None:
        self._cpu += seconds
        self._assistant.clock.advance(seconds)
