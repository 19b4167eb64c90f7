"""A Rocq document in a process: the source before a theorem as one sentence, then a line of states.

`coqidetop` keeps a line, not a tree, and each step back costs time in proportion to the sentences sent.  So the source
before a theorem goes in as one `Load`, and going on to a later theorem of the same file loads only what lies between.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from proofloom.assistants.processes import ProcessDied
from proofloom.assistants.rocq.process import ProcessLimits, RocqProcess
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.sentences import SourceError, split
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.rocq.wire import GOAL, STATUS, Answer, GoalReader, add, edit_at, query
from proofloom.assistants.session import AssistantError
from proofloom.proofs import ProofState

_INITIAL_STATE = 1
_LATE = ("User interrupt.", "Timeout!")
_SLACK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Reply:
    """What one sentence led to: the state id now on top of which it stands, the goals, or the failure."""

    state_id: int
    state: ProofState | None = None
    background: int = 0
    error: str | None = None
    syntax: bool = False
    size: int = 0
    ran: bool = False
    """True for a failure that came after the sentence itself was done, while its goals were printed."""


class RocqDocument:
    """One process and what it has been told; `tip` is the state that the next sentence would stand on."""

    def __init__(self, toolchain: RocqToolchain, settings: FileSettings, limits: ProcessLimits) -> None:
        self.settings = settings
        self.process = RocqProcess(toolchain, settings, limits)
        self.tip = _INITIAL_STATE
        self._reader = GoalReader()
        self._loaded: list[tuple[str, int]] = [("", _INITIAL_STATE)]
        self._chunks = 0

    def reaches(self, before: str) -> bool:
        """True if `before` can be loaded on top of something that is loaded already."""
        return any(text and before.startswith(text) for text, _ in self._loaded)

    def load(self, before: str, seconds: float) -> int:
        """Load the source `before` a theorem and return the state after it; raises `AssistantError`."""
        while not before.startswith(self._loaded[-1][0]):
            self._loaded.pop()
        text, state = self._loaded[-1]
        self.back_to(state)
        if before == text:
            return state
        self._chunks += 1
        chunk = self.process.scratch / f"chunk{self._chunks}.v"
        chunk.write_bytes(before[len(text) :].encode("utf-8", "surrogateescape"))
        reply = self.say(f'Load "{chunk}".', seconds)
        if reply.error is not None:
            self.back_to(state)
            raise AssistantError(self._blamed(reply.error, before, len(text), seconds))
        self._loaded.append((before, reply.state_id))
        return reply.state_id

    def reached(self, before: str) -> None:
        """The tip is the state after the source `before`, which was said sentence by sentence: load on from there."""
        self._loaded[1:] = [(before, self.tip)]

    def back_to(self, state: int) -> None:
        """Make `state` the tip; it must lie on the current line."""
        if self.tip != state:
            answer = self.process.exchange(edit_at(state), 1, 30.0)[0]
            self._expect_back(answer)
            self.tip = state

    def say(self, sentence: str, seconds: float, on: int | None = None) -> Reply:
        """Add `sentence` on top of `on` (default: the tip), run it and read the goals, within `seconds`.

        Raises `ProcessDied`; every failure of the sentence itself is in the reply.
        """
        on = self.tip if on is None else on
        calls = add(sentence, on) + GOAL
        count = 2
        if self.tip != on:
            calls, count = edit_at(on) + calls, 3
        *back, added, goals = self.process.exchange(calls, count, seconds)
        if back:
            self._expect_back(back[0])
        self.tip = on
        if not added.good:
            return Reply(on, error=added.message, syntax=True)
        self.tip = new = added.state_id
        if not goals.good:
            ran = b'<state_id val="%d"/><feedback_content val="processed"/>' % new in goals.feedback
            return Reply(new, error=goals.message, ran=ran)
        size = len(goals.value)
        if size > self.process.limits.answer_bytes:
            return Reply(new, error=f"the goals print as {size} bytes", size=size, ran=True)
        read = self._reader.read(goals)
        if read is None:
            return Reply(new, size=size)
        return Reply(new, read[0], read[1], size=size)

    def ask(self, command: str, seconds: float) -> list[str]:
        """The notices that `command` prints at the tip; raises `AssistantError` if it fails."""
        answer = self.process.exchange(query(command, self.tip), 1, seconds)[0]
        if not answer.good:
            raise AssistantError(f"{command} failed: {answer.message}")
        return answer.notices

    def proof_name(self, seconds: float) -> str | None:
        """The name that Rocq gave to the proof that is open at the tip; None outside a proof."""
        return self.process.exchange(STATUS, 1, seconds)[0].current_proof

    def close(self) -> None:
        """End the process."""
        self.process.kill()

    def _blamed(self, message: str, before: str, offset: int, seconds: float) -> str:
        """Why the source from character `offset` did not load, with the line in the user's file.

        Rocq does not say where inside a `Load` it failed, so the sentences are said again one by one.
        """
        if message in _LATE:
            return f"the source before the theorem takes more than {seconds:g} s to load"
        chunk = before[offset:].encode("utf-8", "surrogateescape")
        try:
            for sentence in split(chunk):
                reply = self.say(sentence.code, seconds)
                if reply.error is not None:
                    line = before.count("\n", 0, offset) + chunk.count(b"\n", 0, sentence.start) + 1
                    return f"line {line}: {reply.error}"
        except (ProcessDied, SourceError) as error:
            return f"the source before the theorem does not load: {message} ({error})"
        return f"the source before the theorem does not load: {message}"

    def _expect_back(self, answer: Answer) -> None:
        if not answer.good:
            self.process.kill()
            raise ProcessDied(f"Rocq could not go back: {answer.message}", by_us=True)


def timed(sentence: str, seconds: float) -> tuple[str, float]:
    """`sentence` under Rocq's own time-out (whole seconds), and our deadline for the answer.

    Below a second ours comes first; Rocq's is for the case that we are not there any more.
    """
    whole = math.ceil(seconds)
    return f"Timeout {whole} {sentence}", seconds if seconds < 1 else whole + _SLACK_SECONDS
