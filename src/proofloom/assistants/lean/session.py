"""Lean behind the assistant seam: a state is the path of tactics that leads to it, and every trial is one edit.

The document is the file up to the hole, the path, and the new tactic.  Lean keeps what it knows about the part of a
text that an edit leaves as it was, so going on from an old state costs little, and a lost process is rebuilt by giving
the same text to another one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from proofloom.assistants.lean import wire
from proofloom.assistants.lean.failures import failure_of, is_syntax
from proofloom.assistants.lean.process import LeanWorker, OutOfTime, WorkerLimits
from proofloom.assistants.lean.text.place import Opening
from proofloom.assistants.lean.text.tactics import HOLES, NotATactic, tactic_text
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain, settings_for
from proofloom.assistants.processes import ProcessDied
from proofloom.assistants.session import AssistantError, Failure, SessionLost, TacticError
from proofloom.proofs import ProofState, StateSyntaxError, Step, Theorem

_REPLAY_SECONDS = 60.0
_UNSOLVED = "unsolved goals\n"
_HOLE = re.compile(rf"\b(?:{'|'.join(sorted(HOLES))})\b")


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Seconds that loading the source may take, characters of a printed state, and the limits of a process."""

    load_seconds: float = 300.0
    state_characters: int = 100_000
    worker: WorkerLimits = field(default_factory=WorkerLimits)


@dataclass(frozen=True, slots=True)
class _Node:
    path: tuple[str, ...]
    state: ProofState


class LeanSession:
    """One theorem, opened in Lean.

    `Theorem.before` and `Theorem.statement` are the text up to the tactics, which ends in `by` or in a bullet;
    `Theorem.ending` is the text after them.
    """

    def __init__(self, owner: Lean, theorem: Theorem, worker: LeanWorker) -> None:
        self.theorem = theorem
        self._owner = owner
        self._limits = owner.limits
        self._opening = Opening(theorem.before + theorem.statement)
        self._holes_elsewhere = _HOLE.search(theorem.statement + theorem.ending) is not None
        self._worker: LeanWorker | None = worker
        self._cpu_before = worker.cpu_seconds
        self._cpu_of_the_dead = 0.0
        self._nodes: list[_Node] = []
        self._known: set[int] = set()
        self._usual: frozenset[str] = frozenset()
        self._enter(worker)

    @property
    def root(self) -> ProofState:
        """The state at the hole."""
        return self._nodes[0].state

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of Lean since this session was opened, dead processes included."""
        if self._worker is None:
            return self._cpu_of_the_dead
        return self._cpu_of_the_dead + self._worker.cpu_seconds - self._cpu_before

    @property
    def process_id(self) -> int:
        """The process that serves this session now."""
        return self._live.pid

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        """Run `tactic` on the first goal of `state`; raises `SessionLost`."""
        try:
            text = tactic_text(tactic)
        except NotATactic as error:
            return TacticError(Failure.SYNTAX, str(error))
        node = self._node_of(state)
        if not state.goals:
            return TacticError(Failure.FAILED, "no goal is left")
        path = (*self._nodes[node].path, text)
        for _ in range(2):
            try:
                self._reach(node)
                said = self._live.check(self._text(path), timeout)
            except OutOfTime:
                return self._stopped(node, timeout)
            except ProcessDied as death:
                self._rebuild(death)
                if (known := _known_cause(death)) is not None:
                    return known
                continue
            return self._step(state, tactic, path, said)
        return TacticError(Failure.LOST, "Lean died twice on this tactic")

    def finish(self, state: ProofState) -> TacticError | None:
        """None if no goal is left at `state`: Lean has then accepted the whole declaration."""
        node = self._nodes[self._node_of(state)]
        if node.state.finished:
            return None
        return TacticError(Failure.FAILED, "goals are left" if node.state.goals else "the proof uses sorry")

    def close(self) -> None:
        """Give the process back to its owner; harmless twice."""
        if self._worker is not None:
            self._cpu_of_the_dead = self.cpu_seconds
            worker, self._worker = self._worker, None
            self._owner.take_back(worker)

    @property
    def _live(self) -> LeanWorker:
        if self._worker is None:
            raise AssistantError(f"the session on {self.theorem.name} is closed")
        return self._worker

    def _node_of(self, state: ProofState) -> int:
        if state.handle is None or not 0 <= state.handle < len(self._nodes):
            raise AssistantError(f"state handle {state.handle} is not of this session")
        return state.handle

    def _text(self, path: Sequence[str]) -> str:
        return self._opening.head + self._opening.lines(path or ("skip",)) + "\n" + self.theorem.ending

    def _enter(self, worker: LeanWorker) -> None:
        """Open the theorem in `worker` and make it the live one; raises `AssistantError`."""
        name = self.theorem.name
        try:
            said = worker.check(self._text(()), self._limits.load_seconds)
        except OutOfTime:
            worker.kill()
            raise AssistantError(f"{name}: the source does not load in {self._limits.load_seconds:g} s") from None
        errors = [item for item in said if item.severity == wire.ERROR]
        first_line, anchor = self.theorem.before.count("\n"), self._opening.anchor
        for error in errors:
            if error.start.line < first_line:
                raise AssistantError(f"line {error.start.line + 1}: does not load: {_first_line(error.text)}")
            if error.start < anchor and not error.text.startswith(_UNSOLVED):
                raise AssistantError(f"line {error.start.line + 1}: {name} does not open: {_first_line(error.text)}")
        found = self._goals(errors)
        if found is None:
            reason = _first_line(errors[0].text) if errors else "Lean sees no goal there"
            raise AssistantError(f"line {anchor.line + 1}: {name} does not open: {reason}")
        last = self._last_line(())
        self._usual = frozenset(error.text for error in errors if error.start.line > last)
        root = replace(found, handle=0)
        if self._nodes and self._nodes[0].state != root:
            raise SessionLost(f"{name}: the first goal is another one after a restart")
        self._nodes[:1] = [_Node((), root)]
        self._known = {0}
        self._worker = worker

    def _reach(self, node: int) -> None:
        """After a restart, make sure that the path of `node` still leads to its state."""
        if node in self._known:
            return
        known = self._nodes[node]
        try:
            said = self._live.check(self._text(known.path), _REPLAY_SECONDS)
        except OutOfTime:
            self._live.kill()
            raise SessionLost(f"{self.theorem.name}: replaying {known.path[-1]!r} took too long") from None
        if self._state(known.path, said) != known.state:
            raise SessionLost(f"{self.theorem.name}: replaying {known.path[-1]!r} gave other goals")
        self._known.add(node)

    def _step(
        self, state: ProofState, tactic: str, path: tuple[str, ...], said: Sequence[wire.Diagnostic]
    ) -> Step | TacticError:
        try:
            after = self._state(path, said)
        except StateSyntaxError as error:
            return TacticError(Failure.FAILED, f"the goals that Lean printed cannot be read: {error}")
        if isinstance(after, TacticError):
            return after
        after = replace(after, handle=len(self._nodes))
        self._known.add(len(self._nodes))
        self._nodes.append(_Node(path, after))
        return Step(state, tactic, after)

    def _state(self, path: Sequence[str], said: Sequence[wire.Diagnostic]) -> ProofState | TacticError:
        """The state that a path leads to, or why it leads to none; raises `StateSyntaxError`."""
        errors = [item for item in said if item.severity == wire.ERROR and self._is_ours(item, self._last_line(path))]
        goals = self._goals(errors)
        others = [item for item in errors if not self._is_unsolved(item)]
        if others:
            return _tactic_error(others[0], self._opening.anchor.line)
        if goals is not None:
            length = len(goals.text)
            if length > self._limits.state_characters:
                return TacticError(Failure.TOO_LARGE, f"the goals have {length} characters")
            return goals
        return ProofState((), given_up=1 if not self._holes_elsewhere and any(map(self._admits, said)) else 0)

    def _goals(self, errors: Sequence[wire.Diagnostic]) -> ProofState | None:
        """The goals that Lean reports as open at the hole; None if it reports none."""
        for error in errors:
            if self._is_unsolved(error):
                return ProofState.parse(error.text[len(_UNSOLVED) :])
        return None

    def _is_unsolved(self, item: wire.Diagnostic) -> bool:
        return item.start == self._opening.anchor and item.text.startswith(_UNSOLVED)

    def _is_ours(self, error: wire.Diagnostic, last_line: int) -> bool:
        """True for errors that the tactics are to blame for.

        Before the hole there was none when the theorem was opened, but for goals that other holes leave.  Where a
        declaration goes on after the hole, its other parts may be wrong or missing, so behind it only text counts that
        can no longer be parsed.
        """
        if error.start < self._opening.anchor:
            return not error.text.startswith(_UNSOLVED)
        if self.theorem.ending.strip() and error.start.line > last_line:
            return is_syntax(error.text) and error.text not in self._usual
        return True

    def _admits(self, item: wire.Diagnostic) -> bool:
        inside = item.start.line >= self.theorem.before.count("\n")
        return inside and item.severity == wire.WARNING and item.text.startswith("declaration uses")

    def _last_line(self, path: Sequence[str]) -> int:
        return self._opening.anchor.line + self._opening.lines(path or ("skip",)).count("\n")

    def _stopped(self, node: int, timeout: float) -> TacticError:
        """Bring Lean back from a tactic that took too long."""
        try:
            self._live.stop(self._text(self._nodes[node].path))
        except ProcessDied as death:
            self._rebuild(death)
        return TacticError(Failure.TIMEOUT, f"no answer within {timeout:g} s")

    def _rebuild(self, death: ProcessDied) -> None:
        """A new process at the hole; the paths of other states are looked at again when they are next needed."""
        assert self._worker is not None
        self._cpu_of_the_dead = self.cpu_seconds
        settings = self._worker.settings
        self._worker.kill()
        self._worker = None
        worker: LeanWorker | None = None
        try:
            worker = self._owner.start(settings)
            self._cpu_before = 0.0
            self._enter(worker)
        except (AssistantError, ProcessDied) as error:
            if worker is not None:
                worker.kill()
            raise SessionLost(f"{self.theorem.name}: {death}; starting again failed: {error}") from error


class Lean:
    """The Lean assistant: opens theorems, each in a process of its own while its session lives.

    One idle process is kept, so that the theorems of a file, opened in order, load its imports once.
    """

    def __init__(self, toolchain: LeanToolchain, limits: SessionLimits | None = None) -> None:
        self.toolchain = toolchain
        self.limits = limits or SessionLimits()
        self._idle: LeanWorker | None = None

    def open(self, theorem: Theorem) -> LeanSession:
        """A session at the theorem's hole; raises `AssistantError` naming the line that does not load.

        The idle process may have died meanwhile, then another one is started; `SessionLost` if that one dies too.
        """
        settings = self._settings(theorem.file)
        try:
            return self._opened(theorem, self.worker(settings))
        except ProcessDied:
            try:
                return self._opened(theorem, self.start(settings))
            except ProcessDied as death:
                raise SessionLost(f"{theorem.name}: {death}") from death

    def worker(self, settings: LeanSettings) -> LeanWorker:
        """The idle process if it has these settings, else a new one; `take_back` is where it goes afterwards."""
        worker, self._idle = self._idle, None
        if worker is not None and worker.settings == settings:
            return worker
        if worker is not None:
            worker.kill()
        return self.start(settings)

    def start(self, settings: LeanSettings) -> LeanWorker:
        """A new process with nothing loaded."""
        return LeanWorker(self.toolchain, settings, self.limits.worker)

    def take_back(self, worker: LeanWorker) -> None:
        """Keep the process of a closed session for the next one."""
        if self._idle is not None:
            self._idle.kill()
        self._idle = worker

    def close(self) -> None:
        """End the idle process; harmless twice."""
        if self._idle is not None:
            self._idle.kill()
            self._idle = None

    def __enter__(self) -> Lean:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _opened(self, theorem: Theorem, worker: LeanWorker) -> LeanSession:
        try:
            return LeanSession(self, theorem, worker)
        except BaseException:
            worker.kill()
            raise

    def _settings(self, file: Path | None) -> LeanSettings:
        return LeanSettings(Path.cwd()) if file is None else settings_for(file, self.toolchain)


def _known_cause(death: ProcessDied) -> TacticError | None:
    """What the tactic did to the process, or None if the process may have died of something else."""
    if "out of memory" in str(death):
        return TacticError(Failure.MEMORY, str(death))
    if "bytes came" in str(death):
        return TacticError(Failure.TOO_LARGE, str(death))
    if death.by_us:
        return TacticError(Failure.LOST, str(death))
    return None


def _tactic_error(error: wire.Diagnostic, first_line: int) -> TacticError:
    """The failure that an error means, with its place counted from the first line of the proof."""
    message = f"{error.start.line - first_line}:{error.start.column}: {error.text}"
    return TacticError(failure_of(error.text), message)


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0][:200]
