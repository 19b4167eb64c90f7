"""Lean behind the assistant seam by way of the community's REPL: a state is a number, kept with the path to it.

A second engine for those who have built a REPL (`proofloom.assistants.lean.interact` starts one).  Every answer is
looked at as docs/lean.md says, and nothing is believed that the REPL does not say outright: a proof is finished only
if no goal is left, the status is `Completed`, and there is neither an error nor a `sorry`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from proofloom.assistants.lean.failures import failure_of
from proofloom.assistants.lean.text.place import Opening
from proofloom.assistants.lean.text.tactics import NotATactic, tactic_text
from proofloom.assistants.session import AssistantError, Failure, SessionLost, TacticError
from proofloom.proofs import ProofState, StateSyntaxError, Step, Theorem

_LOST = (OSError, ValueError)
"""How a REPL that has died, or prints something else than answers, shows; a time-out is an `OSError` too, so it is
asked about first."""
_COMPLETED = "Completed"


class Repl(Protocol):
    """A running REPL: requests and answers as the JSON objects of its protocol."""

    def run(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer; raises `TimeoutError` (the process is dead then), `OSError`, `ValueError`."""
        ...

    def restart(self) -> None:
        """Another process, whose numbers begin anew; raises `OSError`."""
        ...

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of all processes so far."""
        ...

    @property
    def memory_mib(self) -> float:
        """Resident memory of the process now."""
        ...

    def close(self) -> None:
        """End the process; harmless twice."""
        ...


@dataclass(frozen=True, slots=True)
class ReplLimits:
    """Seconds for the text before a theorem and for a replay; a REPL frees nothing, so it is started anew after that
    many `steps`, and above so much resident memory."""

    load_seconds: float = 300.0
    replay_seconds: float = 60.0
    steps: int = 2000
    memory_mib: int = 8192


@dataclass(slots=True)
class _Node:
    """A state: the path to it, and its number in the process of that `life`."""

    path: tuple[str, ...]
    state: ProofState
    number: int
    life: int


class ReplLean:
    """The Lean assistant over one REPL, which its sessions share: one session at a time.

    `start` makes the REPL when the first theorem is opened.
    """

    def __init__(self, start: Callable[[], Repl], limits: ReplLimits | None = None) -> None:
        self.limits = limits or ReplLimits()
        self._start = start
        self._repl: Repl | None = None
        self._steps = 0
        self.life = 0
        """How often the process was started: numbers of another life mean nothing."""

    def open(self, theorem: Theorem) -> ReplSession:
        """A session at the theorem's hole; raises `AssistantError`, `SessionLost` if the REPL dies twice."""
        for last in (False, True):
            try:
                if self._steps > self.limits.steps or self.repl.memory_mib > self.limits.memory_mib:
                    self.restart()
                return ReplSession(self, theorem)
            except _LOST as death:
                self.restart()
                if last:
                    raise SessionLost(f"{theorem.name}: the REPL died: {_first_line(str(death))}") from death
        raise AssertionError("the loop returns or raises")

    @property
    def repl(self) -> Repl:
        """The REPL, started if need be; raises `AssistantError` if it cannot be."""
        if self._repl is None:
            try:
                self._repl = self._start()
            except (OSError, ValueError) as error:
                raise AssistantError(f"the REPL cannot be started: {_first_line(str(error))}") from error
        return self._repl

    def run(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """One answer of the REPL; raises as `Repl.run` does."""
        self._steps += 1
        return self.repl.run(request, seconds)

    def restart(self) -> None:
        """Another process; raises `SessionLost` if there is none to be had."""
        self._steps = 0
        self.life += 1
        try:
            self.repl.restart()
        except _LOST as error:
            raise SessionLost(f"the REPL cannot be started again: {_first_line(str(error))}") from error

    def close(self) -> None:
        """End the process; harmless twice."""
        if self._repl is not None:
            self._repl.close()
            self._repl = None


class ReplSession:
    """One theorem, opened in the REPL; `Theorem` is read as by the session over the language server."""

    def __init__(self, owner: ReplLean, theorem: Theorem) -> None:
        self.theorem = theorem
        self._owner = owner
        self._closed = False
        self._cpu_before = owner.repl.cpu_seconds
        self._nodes: list[_Node] = []
        self._enter()

    @property
    def root(self) -> ProofState:
        """The state at the hole."""
        return self._nodes[0].state

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the REPL since this session was opened."""
        return self._owner.repl.cpu_seconds - self._cpu_before

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        """Run `tactic` on the first goal of `state`; raises `SessionLost`."""
        try:
            text = tactic_text(tactic)
        except NotATactic as error:
            return TacticError(Failure.SYNTAX, str(error))
        node = self._node_of(state)
        if not state.goals:
            return TacticError(Failure.FAILED, "no goal is left")
        for _ in range(2):
            try:
                self._reach(node)
                answer = self._owner.run({"tactic": _one(text), "proofState": node.number}, timeout)
            except TimeoutError:
                self._owner.restart()
                return TacticError(Failure.TIMEOUT, f"no answer within {timeout:g} s")
            except _LOST:
                self._owner.restart()
                continue
            return self._step(node, tactic, text, answer)
        return TacticError(Failure.LOST, "the REPL died twice on this tactic")

    def finish(self, state: ProofState) -> TacticError | None:
        """None if no goal is left at `state`; the whole declaration was not compiled, that is the gate's matter."""
        return TacticError(Failure.FAILED, "goals are left") if self._node_of(state).state.goals else None

    def close(self) -> None:
        """Leave the theorem; harmless twice."""
        self._closed = True

    def _node_of(self, state: ProofState) -> _Node:
        if self._closed:
            raise AssistantError(f"the session on {self.theorem.name} is closed")
        if state.handle is None or not 0 <= state.handle < len(self._nodes):
            raise AssistantError(f"state handle {state.handle} is not of this session")
        return self._nodes[state.handle]

    def _enter(self) -> None:
        """Open the theorem in the process of now; raises `AssistantError`, and as `Repl.run` does."""
        name, seconds = self.theorem.name, self._owner.limits.load_seconds
        request: dict[str, Any] = {}
        try:
            if self.theorem.before.strip():
                loaded = self._owner.run({"cmd": self.theorem.before, "incrementality": True}, seconds)
                if errors := _errors(loaded):
                    raise AssistantError(f"{name}: the text before it does not load: {_first_line(errors[0])}")
                request["env"] = loaded["env"]
            head = Opening(self.theorem.before + self.theorem.statement)
            lines = head.lines(("sorry",))
            claim = self.theorem.statement + lines
            request["cmd"] = claim + "\n" + self.theorem.ending
            opened = self._owner.run(request, seconds)
        except TimeoutError:
            self._owner.restart()
            raise AssistantError(f"{name}: the source does not load in {seconds:g} s") from None
        except KeyError as error:
            raise AssistantError(f"{name}: the REPL's answer has no {error}") from error
        place = claim.count("\n") + 1, len(claim) - len("sorry") - (claim.rfind("\n") + 1)
        found = [one for one in opened.get("sorries", ()) if (one["pos"]["line"], one["pos"]["column"]) == place]
        if len(found) != 1 or (errors := _errors(opened)):
            errors = _errors(opened) or ["Lean sees no goal there"]
            raise AssistantError(f"{name} does not open: {_first_line(errors[0])}")
        try:
            root = replace(ProofState.parse(found[0]["goal"]), handle=0)
        except StateSyntaxError as error:
            raise AssistantError(f"{name} does not open: the goal that Lean printed cannot be read: {error}") from error
        if self._nodes and self._nodes[0].state != root:
            raise SessionLost(f"{name}: the first goal is another one after a restart")
        self._nodes[:1] = [_Node((), root, found[0]["proofState"], self._owner.life)]

    def _reach(self, node: _Node) -> None:
        """Make sure that the number of `node` is of the process of now, by replaying its path."""
        if node.life == self._owner.life:
            return
        if self._nodes[0].life != self._owner.life:
            self._enter()
        number, state = self._nodes[0].number, self._nodes[0].state
        for text in node.path:
            seconds = self._owner.limits.replay_seconds
            read = self._read(self._owner.run({"tactic": _one(text), "proofState": number}, seconds))
            if isinstance(read, TacticError):
                raise SessionLost(f"{self.theorem.name}: replaying {text!r} failed: {read.message}")
            state, number = read
        if state != node.state:
            raise SessionLost(f"{self.theorem.name}: replaying {node.path[-1]!r} gave other goals")
        node.number, node.life = number, self._owner.life

    def _step(self, node: _Node, tactic: str, text: str, answer: Mapping[str, Any]) -> Step | TacticError:
        read = self._read(answer)
        if isinstance(read, TacticError):
            return read
        after = replace(read[0], handle=len(self._nodes))
        self._nodes.append(_Node((*node.path, text), after, read[1], self._owner.life))
        return Step(node.state, tactic, after)

    def _read(self, answer: Mapping[str, Any]) -> tuple[ProofState, int] | TacticError:
        """The state and number that an answer to a tactic gives, or why it gives none."""
        if set(answer) == {"message"}:
            text = str(answer["message"]).removeprefix("Lean error:").strip()
            if "nknown proof state" in text:
                raise SessionLost(f"{self.theorem.name}: the REPL says {text!r}")
            return TacticError(failure_of(text), text)
        if errors := _errors(answer):
            return TacticError(failure_of(errors[0]), errors[0])
        if answer.get("sorries"):
            return TacticError(Failure.FAILED, "the tactic leaves a sorry")
        goals, status = answer.get("goals", []), answer.get("proofStatus", "not told")
        if not goals and status != _COMPLETED:
            return TacticError(Failure.FAILED, f"no goal is shown, but the proof is not complete: {status}")
        try:
            return ProofState.parse("\n\n".join(goals)) if goals else ProofState(()), int(answer["proofState"])
        except StateSyntaxError as error:
            return TacticError(Failure.FAILED, f"the goals that Lean printed cannot be read: {error}")
        except (KeyError, TypeError, ValueError) as error:
            return TacticError(Failure.FAILED, f"the REPL's answer has no number of a state: {error}")


def _one(text: str) -> str:
    """The text as the one tactic that the REPL parses."""
    return "(" + text.replace("\n", "\n ") + ")" if "\n" in text or ";" in text else text


def _errors(answer: Mapping[str, Any]) -> list[str]:
    if set(answer) == {"message"}:
        return [str(answer["message"])]
    return [str(one.get("data", "")) for one in answer.get("messages", ()) if one.get("severity") == "error"]


def _first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0][:200]
