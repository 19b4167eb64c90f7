"""Replays the proofs of one file through a Rocq document and writes down every step.

What stands between two proofs goes in as one `Load`.  A `;` chain is run as it is written and then again piece by
piece; the pieces are kept only if they end in exactly the goals of the original, and if a later sentence of the proof
does not like them, the whole proof is run again with its chains as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.assistants.rocq.document import Reply, RocqDocument
from proofloom.assistants.rocq.outline import Record
from proofloom.assistants.rocq.sentences import Sentence, code_of
from proofloom.assistants.rocq.vernacular import Role
from proofloom.corpus.rocq.chains import Chain, chain_of, tactic_after_dots
from proofloom.corpus.tracer import Tally, TraceError, TraceLimits
from proofloom.proofs import ProofState

# Commands that may stand among tactics.  A tactic may begin with a capital letter too, so the words are listed.
_COMMANDS = re.compile(
    r"#\[|(?:About|Add|Arguments|Back|Bind|Check|Close|Collection|Compute|Declare|Delimit|Eval|Existential|Existing|Export"
    r"|Fail|Focus|From|Global|Goal|Grab|Guarded|Hint|Implicit|Import|Info|Infix|Instance|Let|Local|Locate|Ltac|Ltac2"
    r"|Notation|Obligations?|Opaque|Open|Optimize|Print|Proof|Redirect|Require|Reserved|Restart|Search|SearchPattern"
    r"|SearchRewrite|Set|Show|Strategy|Succeed|Tactic|Test|Transparent|Typeclasses|Undo|Unfocus|Unfocused|Unset|Unshelve"
    r"|Validate)(?![\w'])(?!\.[\w])"
)


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """A step with its tactic's place in the file: `spans` are byte ranges, the tactic's own and that of `Proof with`.

    `goals` is how many of the first goals of `before` the tactic acts on.
    """

    before: ProofState
    tactic: str
    after: ProofState
    goals: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ReplayedProof:
    """A proof that was replayed to its end; `name` is the one that Rocq gave to what is proved."""

    record: Record
    name: str
    tactics: int
    steps: tuple[ReplayedStep, ...]


class _Refused(Exception):
    """Rocq refused a sentence."""

    def __init__(self, sentence: Sentence, reason: str) -> None:
        super().__init__(reason)
        self.sentence, self.reason = sentence, reason


class RocqReplay:
    """The replay of one file with the bytes `data`; proofs are to be asked for in the order of the file."""

    def __init__(self, document: RocqDocument, data: bytes, limits: TraceLimits) -> None:
        self.tally = Tally()
        self._document = document
        self._data = data
        self._limits = limits

    def proof(self, record: Record) -> ReplayedProof:
        """Replay one proof; raises `TraceError` with the sentence that was refused, or `AssistantError`."""
        base = self._document.load(self._text(record.statement.start), self._limits.load_seconds)
        run = _ProofRun(self._document, self._limits, record, apart=True)
        try:
            proof = run.replayed()
        except _Refused as refusal:
            if not run.tally.apart:
                raise self._error(refusal) from refusal
            self._document.back_to(base)
            run = _ProofRun(self._document, self._limits, record, apart=False)
            run.tally.again = 1
            try:
                proof = run.replayed()
            except _Refused as second:
                raise self._error(second) from second
        self.tally.add(run.tally)
        assert record.ending is not None  # a proof without an end is refused when it is run
        self._document.reached(self._text(record.ending.end))
        return proof

    def rest(self) -> None:
        """Load what stands after the last proof; raises `AssistantError`."""
        self._document.load(self._text(len(self._data)), self._limits.load_seconds)

    def _text(self, end: int) -> str:
        return self._data[:end].decode("utf-8", "surrogateescape")

    def _error(self, refusal: _Refused) -> TraceError:
        line = self._data.count(b"\n", 0, refusal.sentence.start) + 1
        return TraceError(line, refusal.sentence.code, refusal.reason)


class _ProofRun:
    """One run through one proof, with its chains taken `apart` or as written."""

    def __init__(self, document: RocqDocument, limits: TraceLimits, record: Record, *, apart: bool) -> None:
        self.tally = Tally(proofs=1)
        self._document = document
        self._seconds = limits.sentence_seconds
        self._record = record
        self._apart = apart
        self._steps: list[ReplayedStep] = []
        self._after_dots: tuple[str, tuple[int, int]] | None = None

    def replayed(self) -> ReplayedProof:
        """The proof; raises `_Refused`."""
        record = self._record
        state = self._say(record.statement).state
        name = self._document.proof_name(self._seconds)
        if name is None:
            raise _Refused(record.statement, "it does not open a proof")
        for sentence in record.sentences:
            state = self._through(sentence, state)
        if record.ending is None:
            raise _Refused(record.statement, "its proof has no end")
        if record.role is Role.PROVES and state is not None:
            self._term(record.ending, state)
        if self._say(record.ending).state is not None:
            raise _Refused(record.ending, "it leaves the proof open")
        self.tally.steps = len(self._steps)
        return ReplayedProof(record, name, self.tally.tactics, tuple(self._steps))

    def _through(self, sentence: Sentence, state: ProofState | None) -> ProofState | None:
        """Run one sentence between statement and ending on `state`, and return the state after it."""
        if sentence.bullet or _is_command(sentence):
            if sentence.raw.startswith(b"Proof"):
                self._after_dots = _dots_tactic(sentence)
            return self._say(sentence).state
        self.tally.tactics += 1
        chain = chain_of(sentence.raw)
        on = self._document.tip
        reply = self._say(sentence)
        if state is None or reply.state is None:
            self.tally.unseen += 1
            return reply.state
        steps = self._step_by_step(sentence, chain, state, reply, on)
        self._steps += steps or [self._whole(sentence, chain, state, reply.state)]
        return reply.state

    def _step_by_step(
        self, sentence: Sentence, chain: Chain, state: ProofState, reply: Reply, on: int
    ) -> list[ReplayedStep]:
        """The steps of a chain that can be taken apart; empty for any other sentence, which is then run as written."""
        pieces = [(p.tactic, (sentence.start + p.start, sentence.start + p.end)) for p in chain.pieces]
        if chain.dots and self._after_dots is not None:
            pieces.append(self._after_dots)
        if len(pieces) == 1:
            return []
        self.tally.chains += 1
        selected = chain.selected(len(state.goals))
        if selected is None or not self._apart:
            self.tally.whole += 1
            return []
        steps, last = self._pieces(pieces, chain.selector, selected, state, on)
        if last is not None and (last.state, last.background) == (reply.state, reply.background):
            self.tally.apart += 1
            self.tally.idle += len(pieces) - len(steps)
            return steps
        self.tally.whole += 1
        if self._document.say(sentence.code, self._seconds, on=on).state != reply.state:
            raise _Refused(sentence, "it gives other goals when it is run again")
        return []

    def _pieces(
        self, pieces: Sequence[tuple[str, tuple[int, int]]], selector: str, selected: range, state: ProofState, on: int
    ) -> tuple[list[ReplayedStep], Reply | None]:
        """Run the pieces one after the other, each on all goals that the one before left of the selected ones.

        The reply is the last one, or None if a piece failed.
        """
        steps: list[ReplayedStep] = []
        first, count = selected.start, len(selected)
        behind = len(state.goals) - count
        reply: Reply | None = None
        for number, (tactic, span) in enumerate(pieces):
            where = selector if number == 0 else _range(first, count)
            sentence = f"{where}: {tactic}." if where else f"{tactic}."
            reply = self._document.say(sentence, self._seconds, on=on if number == 0 else None)
            if reply.error is not None or reply.state is None:
                return [], None
            left = len(reply.state.goals) - behind
            if left < 0:
                return [], None
            before, after = _rotated(state, first, count), _rotated(reply.state, first, left)
            steps.append(ReplayedStep(before, tactic, after, count, (span,)))
            state, count = reply.state, left
            if count == 0:
                break
        return steps, reply

    def _whole(self, sentence: Sentence, chain: Chain, state: ProofState, after: ProofState) -> ReplayedStep:
        """The sentence as one step; where its goals do not stand side by side, the selector stays in the tactic."""
        tactic, spans = chain.tactic, [(sentence.start, sentence.end)]
        if chain.dots and self._after_dots is not None:
            tactic = f"{tactic}; {self._after_dots[0]}"
            spans.append(self._after_dots[1])
        selected = chain.selected(len(state.goals))
        if selected is None:
            return ReplayedStep(state, f"{chain.selector}: {tactic}", after, len(state.goals), tuple(spans))
        count = len(selected)
        left = max(0, len(after.goals) - len(state.goals) + count)
        before, after = _rotated(state, selected.start, count), _rotated(after, selected.start, left)
        return ReplayedStep(before, tactic, after, count, tuple(spans))

    def _term(self, ending: Sentence, state: ProofState) -> None:
        """`Proof term.` is the step `exact term`, if that does the same."""
        on = self._document.tip
        term = code_of(ending.raw[len("Proof") : -1]).decode("utf-8", "surrogateescape")
        tactic = f"exact {term if _closed(term) else f'({term})'}"
        reply = self._document.say(f"{tactic}.", self._seconds)
        if reply.error is None and reply.state is not None and reply.state.finished:
            self._steps.append(ReplayedStep(state, tactic, reply.state, 1, ((ending.start, ending.end),)))
        self._document.back_to(on)

    def _say(self, sentence: Sentence) -> Reply:
        """Run a sentence as it is written; one whose goals cannot be printed leaves an unknown state."""
        reply = self._document.say(sentence.code, self._seconds)
        if reply.error is not None and not reply.ran:
            raise _Refused(sentence, reply.error)
        return reply


def _is_command(sentence: Sentence) -> bool:
    return sentence.raw[:1] < b"a" and _COMMANDS.match(sentence.code) is not None


def _dots_tactic(sentence: Sentence) -> tuple[str, tuple[int, int]] | None:
    found = tactic_after_dots(sentence.raw)
    if found is None:
        return None
    start, end = found
    tactic = code_of(sentence.raw[start:end]).decode("utf-8", "surrogateescape")
    return tactic, (sentence.start + start, sentence.start + end)


def _range(first: int, count: int) -> str:
    """The selector of `count` goals, the first of them counted from 0."""
    return str(first + 1) if count == 1 else f"{first + 1}-{first + count}"


def _rotated(state: ProofState, first: int, count: int) -> ProofState:
    """The state with `count` goals from `first` on put before the others."""
    if first == 0:
        return state
    goals = state.goals
    chosen = goals[first : first + count]
    return ProofState((*chosen, *goals[:first], *goals[first + count :]), state.shelved, state.given_up)


def _closed(term: str) -> bool:
    """True if `term` is one word, or one pair of round brackets with what is in it."""
    if not term.startswith("("):
        return " " not in term
    depth = 0
    for position, character in enumerate(term):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position == len(term) - 1
    return False
