"""Traces one Rocq file: replays its proofs, and joins the steps with the names that Rocq saw in their tactics.

A file is traced in full or not at all: whatever is refused becomes one `TraceError` with its line and sentence.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from proofloom.assistants.processes import ProcessDied
from proofloom.assistants.rocq.document import RocqDocument
from proofloom.assistants.rocq.outline import Record, outline
from proofloom.assistants.rocq.process import ProcessLimits
from proofloom.assistants.rocq.project import FileSettings, settings_for
from proofloom.assistants.rocq.sentences import Sentence, SourceError, split
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.rocq.vernacular import Role
from proofloom.assistants.session import AssistantError
from proofloom.corpus.records import TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.rocq.compile import compiled_globals
from proofloom.corpus.rocq.globals import Globals, Mention, Stale, globals_beside
from proofloom.corpus.rocq.premises import FilePremises
from proofloom.corpus.rocq.replay import ReplayedProof, ReplayedStep, RocqReplay
from proofloom.corpus.tracer import SourceFile, Tally, Traced, TraceError, TraceLimits

_ANSWER_BYTES = 64_000_000
_GIVEN_UP = (Role.ABORTS, Role.GIVES_UP)
_AGAIN = "compile the development again (make), then trace it again"
_FIRST = "compile the development first (make), so that what this file requires is there"
_ADVICE = {
    "was compiled from another text": _AGAIN,
    "makes inconsistent assumptions": _AGAIN,
    "bad version number": _AGAIN,
    "bad magic number": _AGAIN,
    "is corrupted": _AGAIN,
    "Cannot find a physical path bound to logical path": _FIRST,
    "Unable to locate library": _FIRST,
    "Can't find file": _FIRST,
}
_LINE = re.compile(r"line (\d+): ")


class RocqTracer:
    """Traces files with one installation of Rocq."""

    def __init__(self, toolchain: RocqToolchain, limits: TraceLimits) -> None:
        self._toolchain = toolchain
        self._limits = limits

    def trace(self, target: SourceFile) -> Traced:
        """Everything in one file; raises `TraceError`, with what to do if the compiled files are the reason."""
        try:
            return self._traced(target)
        except TraceError as error:
            advice = next((text for sign, text in _ADVICE.items() if sign in error.reason), None)
            if advice is None:
                raise
            raise TraceError(error.line, error.sentence, f"{error.reason}; {advice}") from error

    def _traced(self, target: SourceFile) -> Traced:
        try:
            data = target.file.read_bytes()
            settings = settings_for(target.file, self._toolchain)
            sentences = tuple(split(data))
        except OSError as error:
            raise TraceError(0, "", f"cannot be read ({error.strerror})") from error
        except SourceError as error:
            raise TraceError(data.count(b"\n", 0, error.position) + 1, "", f"cannot be cut: {error}") from error
        except AssistantError as error:
            raise TraceError(0, "", str(error)) from error
        started = time.process_time()
        records = outline(sentences)
        for record in (record for record in records if record.ending is None):
            line = data.count(b"\n", 0, record.statement.start) + 1
            raise TraceError(line, record.statement.code, "its proof has no end")
        globals_, compiler_seconds = self._globals(target.file, data, sentences, settings)
        run = _FileRun(data, sentences, records, settings, globals_, self._limits)
        try:
            file, tally = run.traced(self._toolchain, target.path)
        except (AssistantError, ProcessDied) as error:
            place = _LINE.match(str(error))
            text = str(error)[place.end() :] if place else str(error)
            raise TraceError(int(place[1]) if place else 0, run.place, text) from error
        tally.compiler_seconds = compiler_seconds
        tally.python_seconds = time.process_time() - started
        return Traced(file, tally)

    def _globals(
        self, file: Path, data: bytes, sentences: Sequence[Sentence], settings: FileSettings
    ) -> tuple[Globals, float]:
        """What the file's `.glob` says, and the CPU seconds that it took to make one, 0 if it was there."""
        try:
            beside = globals_beside(file, data, settings.logical_name)
        except Stale as error:
            raise TraceError(0, "", str(error)) from error
        if beside is not None:
            return beside, 0.0
        return compiled_globals(data, sentences, settings, self._toolchain, self._limits.load_seconds)


@contextmanager
def open_rocq_tracer(toolchain: RocqToolchain, limits: TraceLimits) -> Iterator[RocqTracer]:
    """What a worker process needs."""
    yield RocqTracer(toolchain, limits)


class _FileRun:
    """One run through one file; `place` is the last statement that was begun, for the report of a failure."""

    def __init__(
        self,
        data: bytes,
        sentences: Sequence[Sentence],
        records: Sequence[Record],
        settings: FileSettings,
        globals_: Globals,
        limits: TraceLimits,
    ) -> None:
        self.place = ""
        self._data = data
        self._sentences = sentences
        self._aborted = [record.statement for record in records if record.role in _GIVEN_UP]
        self._records = [record for record in records if record.role not in _GIVEN_UP]
        self._library = settings.logical_name
        self._settings = settings
        self._globals = globals_
        self._limits = limits

    def traced(self, toolchain: RocqToolchain, path: str) -> tuple[TracedFile, Tally]:
        """The file, and what was counted; raises `TraceError`, `AssistantError` or `ProcessDied`."""
        with closing(RocqDocument(toolchain, self._settings, ProcessLimits(answer_bytes=_ANSWER_BYTES))) as document:
            replay = RocqReplay(document, self._data, self._limits)
            premises = FilePremises(
                self._library,
                self._data,
                self._sentences,
                self._records,
                self._aborted,
                self._globals,
                document,
                self._limits,
            )
            proofs = []
            for record in self._records:
                self.place = record.statement.code
                proofs.append(replay.proof(record))
                premises.look_inside(record, self._mentions(proofs[-1].steps))
            self.place = ""
            replay.rest()
            premises.look_back()
            theorems = [self._theorem(proof, premises) for proof in proofs]
            all_premises = premises.all_with(theorems)
            replay.tally.assistant_seconds = document.process.cpu_seconds
        file = TracedFile(
            logical_name=self._library,
            path=path,
            digest=hashlib.sha256(self._data).hexdigest(),
            imports=self._imports(toolchain),
            theorems=tuple(theorems),
            premises=all_premises,
        )
        return file, self._counted(replay.tally, file)

    def _theorem(self, proof: ReplayedProof, premises: FilePremises) -> TracedTheorem:
        record = proof.record
        assert record.ending is not None  # it was replayed to its end
        name = record.name if record.command.kind == "Goal" else proof.name  # `Save` names it in the end
        return TracedTheorem(
            full_name=f"{self._library}.{record.path.removesuffix(record.name)}{name}",
            statement=record.statement.code,
            kind=record.command.kind,
            start=record.statement.start,
            line=self._data.count(b"\n", 0, record.statement.start) + 1,
            ending=record.ending.code,
            admitted=record.role is Role.ADMITS,
            human_tactics=proof.tactics,
            steps=tuple(self._steps(proof.steps, premises)),
        )

    def _steps(self, steps: Sequence[ReplayedStep], premises: FilePremises) -> Iterator[TracedStep]:
        limit = self._limits.characters
        texts: dict[int, str] = {}  # by identity: a state is the end of one step and the beginning of the next
        for step in steps:
            before, after = (texts.setdefault(id(s), s.text) for s in (step.before, step.after))
            names = [premises.meaning(mention) for mention in self._globals.within(step.spans)]
            yield TracedStep(
                state_before=before[:limit],
                tactic=step.tactic,
                state_after=after[:limit],
                premises=tuple(dict.fromkeys(names)),
                cut=max(len(before), len(after)) > limit,
                goals=step.goals,
            )

    def _mentions(self, steps: Iterable[ReplayedStep]) -> list[Mention]:
        return [mention for step in steps for mention in self._globals.within(step.spans)]

    def _imports(self, toolchain: RocqToolchain) -> tuple[str, ...]:
        """What the file requires, the prelude first."""
        if {"-noinit", "-nois"} & set(self._settings.options):
            return self._globals.imports
        return tuple(dict.fromkeys((f"{toolchain.core_library}.Init.Prelude", *self._globals.imports)))

    def _counted(self, tally: Tally, file: TracedFile) -> Tally:
        steps = [step for theorem in file.theorems for step in theorem.steps]
        tally.sentences = len(self._sentences)
        tally.cut = sum(step.cut for step in steps)
        tally.with_premises = sum(bool(step.premises) for step in steps)
        tally.premises = len(file.premises)
        return tally
