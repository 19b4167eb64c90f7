"""Rocq behind the assistant seam: a tree of states kept over a document that is only a line.

Every accepted tactic is a node with its parent; to continue an old node, the session goes back to its deepest ancestor
on the live line and replays the rest.  The same replay rebuilds a lost process, so callers never see one die unless
the replay fails.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from proofloom.assistants.processes import ProcessDied
from proofloom.assistants.rocq.document import Reply, RocqDocument, timed
from proofloom.assistants.rocq.process import ProcessLimits
from proofloom.assistants.rocq.project import FileSettings, settings_for
from proofloom.assistants.rocq.sentences import code_of
from proofloom.assistants.rocq.tactics import NotATactic, tactic_sentence
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.session import AssistantError, Failure, SessionLost, TacticError
from proofloom.proofs import ProofState, Step, Theorem

_REPLAY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Node:
    parent: int
    sentence: str
    state: ProofState


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Seconds that loading the source, one existing sentence and the closing sentence may take."""

    load_seconds: float = 300.0
    opening_seconds: float = 60.0
    finish_seconds: float = 30.0
    process: ProcessLimits = field(default_factory=ProcessLimits)


class RocqSession:
    """One theorem, opened in Rocq."""

    def __init__(self, owner: Rocq, theorem: Theorem, document: RocqDocument) -> None:
        self.theorem = theorem
        self._owner = owner
        self._limits = owner.limits
        self._document: RocqDocument | None = document
        self._cpu_before = document.process.cpu_seconds
        self._cpu_of_the_dead = 0.0
        self._nodes: list[_Node] = []
        self._line: list[tuple[int, int]] = []
        self._enter(document)

    @property
    def root(self) -> ProofState:
        """The state at the hole."""
        return self._nodes[0].state

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of Rocq since this session was opened, dead processes included."""
        if self._document is None:
            return self._cpu_of_the_dead
        return self._cpu_of_the_dead + self._document.process.cpu_seconds - self._cpu_before

    @property
    def process_id(self) -> int:
        """The process that serves this session now."""
        return self._live.process.pid

    def apply(self, state: ProofState, tactic: str, timeout: float) -> Step | TacticError:
        """Run `tactic` on the first goal of `state`; raises `SessionLost`."""
        try:
            sentence = tactic_sentence(tactic)
        except NotATactic as error:
            return TacticError(Failure.SYNTAX, str(error))
        return self._run(state, tactic, sentence, *timed(sentence, timeout))

    def play(self, state: ProofState, sentence: str, timeout: float) -> Step | TacticError:
        """Run a sentence of a script as it stands, such as a bullet or `all: auto.`, at `state`; raises `SessionLost`.

        The states after a bullet or brace show the goals in focus only.
        """
        return self._run(state, sentence, sentence, sentence, timeout)

    def _run(self, state: ProofState, tactic: str, sentence: str, text: str, deadline: float) -> Step | TacticError:
        """Say `text`, which does what `sentence` does when it is replayed, within `deadline` seconds."""
        node = self._node_of(state)
        for _ in range(2):
            try:
                reply = self._live.say(text, deadline, on=self._reach(node))
            except ProcessDied as death:
                self._rebuild(death)
                if (known := _known_cause(death)) is not None:
                    return known
                continue
            if reply.error is not None:
                return _tactic_error(reply)
            if reply.state is None:
                return TacticError(Failure.FAILED, "the tactic closed the proof")
            after = replace(reply.state, handle=len(self._nodes))
            self._nodes.append(_Node(node, sentence, after))
            self._line.append((len(self._nodes) - 1, reply.state_id))
            return Step(state, tactic, after)
        return TacticError(Failure.LOST, "Rocq died twice on this tactic")

    def finish(self, state: ProofState) -> TacticError | None:
        """None if Rocq accepts the ending of the theorem (`Qed.`, `Defined.` or `}`) at `state`."""
        node = self._node_of(state)
        for _ in range(2):
            try:
                reply = self._live.say(self.theorem.ending, self._limits.finish_seconds, on=self._reach(node))
            except ProcessDied as death:
                self._rebuild(death)
                if (known := _known_cause(death)) is not None:
                    return known
                continue
            if reply.error is not None:
                return _tactic_error(reply)
            if reply.state is not None and self.theorem.ending != "}":
                return TacticError(Failure.FAILED, f"{self.theorem.ending} left the proof open")
            return None
        return TacticError(Failure.LOST, f"Rocq died twice on {self.theorem.ending}")

    def close(self) -> None:
        """Give the process back to its owner; harmless twice."""
        if self._document is not None:
            self._cpu_of_the_dead = self.cpu_seconds
            document, self._document = self._document, None
            self._owner.take_back(document)

    @property
    def _live(self) -> RocqDocument:
        if self._document is None:
            raise AssistantError(f"the session on {self.theorem.name} is closed")
        return self._document

    def _node_of(self, state: ProofState) -> int:
        if state.handle is None or not 0 <= state.handle < len(self._nodes):
            raise AssistantError(f"state handle {state.handle} is not of this session")
        return state.handle

    def _enter(self, document: RocqDocument) -> None:
        """Bring `document` to the hole and make it the live one; raises `AssistantError`."""
        theorem, limits = self.theorem, self._limits
        document.load(theorem.before, limits.load_seconds)
        state: ProofState | None = None
        background = 0
        for sentence in (_code(theorem.statement), *theorem.opening):
            reply = document.say(sentence, limits.opening_seconds)
            if reply.error is not None:
                raise AssistantError(f"{theorem.name}: {sentence[:80]!r} failed: {reply.error}")
            state, background = reply.state, reply.background
        if state is None:
            raise AssistantError(f"{theorem.name}: {theorem.statement[:80]!r} does not open a proof")
        if background and theorem.ending != "}":
            raise AssistantError(f"{theorem.name}: the hole is inside an unfinished bullet; write `admit.` there")
        root = _Node(-1, "", replace(state, handle=0))
        if self._nodes and self._nodes[0].state != root.state:
            raise SessionLost(f"{theorem.name}: the first goal is another one after a restart")
        self._nodes[:1] = [root]
        self._line = [(0, document.tip)]
        self._document = document

    def _reach(self, node: int) -> int:
        """The state id of `node`, which lies on the live line when this returns.

        The document may still stand after it: `RocqDocument.say` goes back in the same write.
        """
        path = []
        ids = dict(self._line)
        while node not in ids:
            path.append(node)
            node = self._nodes[node].parent
        while self._line[-1][0] != node:
            self._line.pop()
        for wanted in reversed(path):
            known = self._nodes[wanted]
            reply = self._live.say(known.sentence, _REPLAY_SECONDS, on=self._line[-1][1])
            if reply.error is not None or reply.state != known.state:
                raise SessionLost(
                    f"{self.theorem.name}: replaying {known.sentence!r} gave {reply.error or 'other goals'}"
                )
            self._line.append((wanted, reply.state_id))
        return self._line[-1][1]

    def _rebuild(self, death: ProcessDied) -> None:
        """A new process at the hole; nodes are replayed when they are next needed."""
        assert self._document is not None
        self._cpu_of_the_dead = self.cpu_seconds
        settings = self._document.settings
        self._document.close()
        self._document = None
        document: RocqDocument | None = None
        try:
            document = self._owner.start(settings)
            self._cpu_before = 0.0
            self._enter(document)
        except (AssistantError, ProcessDied) as error:
            if document is not None:
                document.close()
            raise SessionLost(f"{self.theorem.name}: {death}; starting again failed: {error}") from error


class Rocq:
    """The Rocq assistant: opens theorems, each in a process of its own while its session lives.

    One idle process is kept, so that the theorems of a file, opened in order, load the file once.
    """

    def __init__(self, toolchain: RocqToolchain, limits: SessionLimits | None = None) -> None:
        self.toolchain = toolchain
        self.limits = limits or SessionLimits()
        self._idle: RocqDocument | None = None

    def open(self, theorem: Theorem) -> RocqSession:
        """A session at the theorem's hole; raises `AssistantError` naming the line that does not load.

        The idle process may have died meanwhile, then another one is started; `SessionLost` if that one dies too.
        """
        settings = self._settings(theorem.file)
        document = self._idle
        self._idle = None
        if document is None or document.settings != settings or not document.reaches(theorem.before):
            if document is not None:
                document.close()
            document = self.start(settings)
        try:
            return self._opened(theorem, document)
        except ProcessDied:
            try:
                return self._opened(theorem, self.start(settings))
            except ProcessDied as death:
                raise SessionLost(f"{theorem.name}: {death}") from death

    def _opened(self, theorem: Theorem, document: RocqDocument) -> RocqSession:
        try:
            return RocqSession(self, theorem, document)
        except BaseException:
            document.close()
            raise

    def start(self, settings: FileSettings) -> RocqDocument:
        """A new process with nothing loaded."""
        return RocqDocument(self.toolchain, settings, self.limits.process)

    def take_back(self, document: RocqDocument) -> None:
        """Keep the process of a closed session for the next one."""
        if self._idle is not None:
            self._idle.close()
        self._idle = document

    def close(self) -> None:
        """End the idle process; harmless twice."""
        if self._idle is not None:
            self._idle.close()
            self._idle = None

    def __enter__(self) -> Rocq:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settings(self, file: Path | None) -> FileSettings:
        return FileSettings("Main") if file is None else settings_for(file, self.toolchain)


def _code(statement: str) -> str:
    return code_of(statement.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _known_cause(death: ProcessDied) -> TacticError | None:
    """What the sentence did to the process, or None if the process may have died of something else."""
    if death.by_us:
        return TacticError(Failure.LOST, str(death))
    if "out of memory" in str(death).lower():
        return TacticError(Failure.MEMORY, str(death))
    return None


def _tactic_error(reply: Reply) -> TacticError:
    message = reply.error or ""
    if reply.syntax:
        return TacticError(Failure.SYNTAX, message)
    if reply.ran:
        return TacticError(Failure.TOO_LARGE, message)
    if message in ("Timeout!", "User interrupt."):
        return TacticError(Failure.TIMEOUT, message)
    if "out of memory" in message.lower():
        return TacticError(Failure.MEMORY, message)
    return TacticError(Failure.FAILED, message)
