"""Traces one Rocq file: replays its proofs, and joins the steps with the names that Rocq saw in their tactics.

A file is traced in full or not at all: whatever is refused becomes one `TraceError` with its line and sentence.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from proofloom.assistants.rocq.document import RocqDocument
from proofloom.assistants.rocq.outline import outline
from proofloom.assistants.rocq.process import ProcessDied, ProcessLimits
from proofloom.assistants.rocq.project import FileSettings, settings_for
from proofloom.assistants.rocq.sentences import Sentence, SourceError, split
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.rocq.vernacular import Role
from proofloom.assistants.session import AssistantError
from proofloom.corpus.records import TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.rocq_compile import compiled_globals
from proofloom.corpus.rocq_globals import Globals, Mention, globals_beside
from proofloom.corpus.rocq_premises import FilePremises
from proofloom.corpus.rocq_replay import ReplayedProof, ReplayedStep, RocqReplay
from proofloom.corpus.rocq_targets import RocqFile
from proofloom.corpus.tracing import Tally, Traced, TraceError, TraceLimits

_ANSWER_BYTES = 64_000_000
_LINE = re.compile(r"line (\d+): ")


class RocqTracer:
    """Traces files with one installation of Rocq."""

    def __init__(self, toolchain: RocqToolchain, limits: TraceLimits) -> None:
        self._toolchain = toolchain
        self._limits = limits

    def trace(self, target: RocqFile) -> Traced:
        """Everything in one file; raises `TraceError`."""
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
        globals_, compiler_seconds = self._globals(target.file, data, sentences, settings)
        run = _FileRun(data, sentences, settings, globals_, self._limits)
        try:
            file, tally = run.traced(self._toolchain, target.path)
        except (AssistantError, ProcessDied) as error:
            line = _LINE.match(str(error))
            text = str(error)[line.end() :] if line else str(error)
            raise TraceError(int(line[1]) if line else 0, run.place, text) from error
        tally.compiler_seconds = compiler_seconds
        tally.python_seconds = time.process_time() - started
        return Traced(file, tally)

    def _globals(
        self, file: Path, data: bytes, sentences: Sequence[Sentence], settings: FileSettings
    ) -> tuple[Globals, float]:
        """What the file's `.glob` says, and the CPU seconds that it took to make one, 0 if it was there."""
        beside = globals_beside(file, data, settings.logical_name)
        if beside is not None:
            return beside, 0.0
        return compiled_globals(data, sentences, settings, self._toolchain, self._limits.load_seconds)


class _FileRun:
    """One run through one file; `place` is the last statement that was begun, for the report of a failure."""

    def __init__(
        self, data: bytes, sentences: Sequence[Sentence], settings: FileSettings, globals_: Globals, limits: TraceLimits
    ) -> None:
        self.place = ""
        self._data = data
        self._sentences = sentences
        self._library = settings.logical_name
        self._settings = settings
        self._globals = globals_
        self._limits = limits

    def traced(self, toolchain: RocqToolchain, path: str) -> tuple[TracedFile, Tally]:
        """The file, and what was counted; raises `TraceError`, `AssistantError` or `ProcessDied`."""
        records = [r for r in outline(self._sentences) if r.role not in (Role.ABORTS, Role.GIVES_UP)]
        with closing(RocqDocument(toolchain, self._settings, ProcessLimits(answer_bytes=_ANSWER_BYTES))) as document:
            replay = RocqReplay(document, self._data, self._limits)
            premises = FilePremises(
                self._library, self._data, self._sentences, records, self._globals, document, self._limits
            )
            proofs = []
            for record in records:
                self.place = record.statement.code
                proofs.append(replay.proof(record))
                premises.look_inside(record, self._mentions(proofs[-1].steps))
            self.place = ""
            replay.rest()
            premises.look_back()
            replay.tally.rocq_seconds = document.process.cpu_seconds
        theorems = [self._theorem(proof, premises.meanings) for proof in proofs]
        file = TracedFile(
            logical_name=self._library,
            path=path,
            digest=hashlib.sha256(self._data).hexdigest(),
            imports=self._imports(toolchain),
            theorems=tuple(theorems),
            premises=premises.all_with(theorems),
        )
        return file, self._counted(replay.tally, file)

    def _theorem(self, proof: ReplayedProof, meanings: Mapping[str, str]) -> TracedTheorem:
        record = proof.record
        assert record.ending is not None  # it was replayed to its end
        return TracedTheorem(
            full_name=f"{self._library}.{record.path.removesuffix(record.name)}{proof.name}",
            statement=record.statement.code,
            kind=record.command.kind,
            start=record.statement.start,
            line=self._data.count(b"\n", 0, record.statement.start) + 1,
            ending=record.ending.code,
            admitted=record.role is Role.ADMITS,
            human_tactics=proof.tactics,
            steps=tuple(self._steps(proof.steps, meanings)),
        )

    def _steps(self, steps: Sequence[ReplayedStep], meanings: Mapping[str, str]) -> Iterator[TracedStep]:
        limit = self._limits.characters
        texts: dict[int, str] = {}  # by identity: a state is the end of one step and the beginning of the next
        for step in steps:
            before, after = (texts.setdefault(id(s), s.text) for s in (step.before, step.after))
            names = [meanings.get(mention.full_name, mention.full_name) for mention in self._globals.within(step.spans)]
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
