"""Replays a proof by tactics step by step in a session, so that each step acts on the first goals of a state.

What holds other tactics is taken apart (`induction n with | .. => ..` becomes the header with a hole for each
alternative, then their tactics) if the parts, run one after the other, leave exactly the goals that the original
leaves; else it is one step.  Goals that the author's bullets hide are not shown in the states.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from proofloom.assistants.lean.text.layout import Form, Script, Span, Tactic, plain
from proofloom.assistants.session import Session, TacticError
from proofloom.proofs import Goal, ProofState

_ON_ALL = re.compile(r"(?:all_goals|any_goals)\b")


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """A step: the goals in view before and after, of which the tactic acts on the first `goals`.

    `spans` are the characters of the file that the tactic's names come from.
    """

    before: ProofState
    tactic: str
    after: ProofState
    goals: int
    spans: tuple[Span, ...]


@dataclass(slots=True)
class ReplayCounts:
    """Chains and blocks that were met, those taken `apart`, those run as they are written (`whole`), pieces with no
    goal left to run on (`idle`), and proofs that were run `again` with their `have` as written."""

    chains: int = 0
    apart: int = 0
    whole: int = 0
    idle: int = 0
    again: int = 0

    def add(self, other: ReplayCounts) -> None:
        """Add the counts of another proof to these."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


class Refused(Exception):
    """Lean refused a tactic, or it left other goals than the original; the message says which."""


class _Again(Exception):
    """A `have` was taken apart, and something after it does not like that."""


def replayed(session: Session, text: str, script: Script, seconds: float) -> tuple[list[ReplayedStep], ReplayCounts]:
    """The steps of the proof that `session` has been opened for; each tactic may take `seconds`.

    Raises `Refused` if it does not run tactic by tactic, `SessionLost`.
    """
    run = _Run(session, text, seconds, stating=True)
    try:
        return run.proof(script), run.counts
    except _Again:
        run = _Run(session, text, seconds, stating=False)
        run.counts.again = 1
        return run.proof(script), run.counts


class _Run:
    """One run through one proof; with `stating` false every `have` stays as it is written."""

    def __init__(self, session: Session, text: str, seconds: float, *, stating: bool) -> None:
        self.counts = ReplayCounts()
        self._session = session
        self._text = text
        self._seconds = seconds
        self._stating = stating
        self._steps: list[ReplayedStep] = []

    def proof(self, script: Script) -> list[ReplayedStep]:
        state = self._block(script.tactics, self._session.root, 0)
        if state.goals or state.given_up:
            raise Refused("goals are left" if state.goals else "it uses sorry")
        return self._steps

    def _block(self, tactics: Sequence[Tactic], state: ProofState, behind: int) -> ProofState:
        """Run the tactics of a block; the last `behind` goals are not in its view."""
        for number, tactic in enumerate(tactics):
            focused = len(state.goals) - behind
            if tactic.form is Form.STATING and self._stating and focused == 1:
                return self._stated(tactic, tactics[number + 1 :], state, behind)
            state = self._tactic(tactic, state, behind)
        return state

    def _tactic(self, tactic: Tactic, state: ProofState, behind: int) -> ProofState:
        if tactic.form in (Form.PLAIN, Form.STATING):
            return self._plain(tactic, state, behind)
        kept = len(self._steps)
        bullet = tactic.form is Form.FOCUS
        self.counts.chains += not bullet
        try:
            after = self._apart(tactic, state, behind)
        except Refused:
            del self._steps[kept:]
            self.counts.whole += not bullet
            return self._plain(tactic, state, behind)
        self.counts.apart += not bullet
        return after

    def _apart(self, tactic: Tactic, state: ProofState, behind: int) -> ProofState:
        if not state.goals[: len(state.goals) - behind]:
            raise Refused("no goal is left")
        if tactic.form is Form.CHAIN:
            return self._chain([part[0] for part in tactic.parts], state, behind)
        others = state.goals[1:]
        if tactic.form is Form.FOCUS:
            after = self._block(tactic.parts[0], state, len(others))
        elif tactic.form is Form.CASE:
            after = self._case(tactic, state, behind)
        else:
            after = self._alternatives(tactic, state, behind)
        if after.goals != others:
            raise Refused("it leaves other goals")
        return after

    def _chain(self, pieces: Sequence[Tactic], state: ProofState, behind: int) -> ProofState:
        """`a <;> b`: `b` on each goal that `a` leaves, as long as it proves all of them but the last."""
        others = len(state.goals) - 1
        state = self._tactic(pieces[0], state, behind)
        rest = pieces[1:]
        new = len(state.goals) - others
        self.counts.idle += len(rest) if new == 0 else 0
        for number in range(new if rest else 0):
            left = new - number - 1
            state = self._chain(rest, state, behind)
            if left and len(state.goals) != others + left:
                raise Refused("a piece leaves goals")
        return state

    def _case(self, tactic: Tactic, state: ProofState, behind: int) -> ProofState:
        """`case tag x y => ..` and `next x y => ..`: names first, then the block."""
        word, *names = tactic.words
        if word == "case":
            tag, *names = names or [""]
            if tag != "_" and not f".{state.goals[0].name}".endswith(f".{tag}"):
                raise Refused(f"the first goal is not {tag}")
        if names:
            state = self._run(f"rename_i {' '.join(names)}", (), state, behind, 1)
        return self._block(tactic.parts[0], state, len(state.goals) - 1)

    def _alternatives(self, tactic: Tactic, state: ProofState, behind: int) -> ProofState:
        """The header with a hole in each alternative, then the alternatives."""
        others = len(state.goals) - 1
        lines = [plain(self._text, tactic.header), *(f"{plain(self._text, left)} => ?_" for left in tactic.lefts)]
        patterns = tactic.lefts if tactic.text.startswith("match") else ()  # others are names of the cases
        state = self._run("\n".join(lines), (tactic.header, *patterns), state, behind, 1)
        if len(state.goals) != others + len(tactic.parts):
            raise Refused("the alternatives are not its goals")
        for number, part in enumerate(tactic.parts):
            after = self._block(part, state, len(state.goals) - 1)
            if len(after.goals) != others + len(tactic.parts) - number - 1:
                raise Refused("an alternative is left open")
            state = after
        return state

    def _stated(self, tactic: Tactic, rest: Sequence[Tactic], state: ProofState, behind: int) -> ProofState:
        """`have h : T := ?_` on the only goal in view; then the rest of the block, and last what proves `T`."""
        self.counts.chains += 1
        try:
            text = f"{plain(self._text, tactic.header)} ?_"
            state = self._run(text, (tactic.header,), state, behind, 1)
            if len(state.goals) != behind + 2:
                raise Refused("it leaves other goals")
            state = self._block(rest, state, behind + 1)
            if len(state.goals) != behind + 1:
                raise Refused("the main goal is left open")
            state = self._block(tactic.parts[0], state, behind)
            if len(state.goals) != behind:
                raise Refused("the stated goal is left open")
        except Refused as refusal:
            raise _Again from refusal
        self.counts.apart += 1
        return state

    def _plain(self, tactic: Tactic, state: ProofState, behind: int) -> ProofState:
        focused = len(state.goals) - behind
        goals = focused if _ON_ALL.match(tactic.text) else min(1, focused)
        return self._run(tactic.text, (tactic.span,), state, behind, goals)

    def _run(self, text: str, spans: tuple[Span, ...], state: ProofState, behind: int, goals: int) -> ProofState:
        done = self._session.apply(state, text, self._seconds)
        if isinstance(done, TacticError):
            raise Refused(f"{text}: {done.message}")
        if _last(done.after, behind) != _last(state, behind):
            raise Refused(f"{text}: it changes goals that the author did not see")
        view = len(state.goals) - behind, len(done.after.goals) - behind
        before, after = (ProofState(s.goals[:n]) for s, n in zip((state, done.after), view, strict=True))
        self._steps.append(ReplayedStep(before, text, after, goals, spans))
        return done.after


def _last(state: ProofState, count: int) -> tuple[Goal, ...]:
    return state.goals[len(state.goals) - count :] if len(state.goals) >= count else ()
