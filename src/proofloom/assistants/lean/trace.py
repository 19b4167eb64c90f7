"""Traces one Lean file: what it declares, and every proof by tactics replayed step by step with the names in it.

Lean reads the whole file first, so a file with an error is refused as a whole, and it says what each name in a tactic
means.  Then the proofs are replayed by the same process, in the order of the file.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from proofloom.assistants.lean import wire
from proofloom.assistants.lean.mentions import Mention, mentions
from proofloom.assistants.lean.modules import imported
from proofloom.assistants.lean.process import LeanWorker, OutOfTime
from proofloom.assistants.lean.replay import Refused, ReplayCounts, ReplayedStep, replayed
from proofloom.assistants.lean.session import Lean, SessionLimits
from proofloom.assistants.lean.text.declarations import Declaration, declarations, statement
from proofloom.assistants.lean.text.layout import Script, plain, script_of
from proofloom.assistants.lean.text.lexing import LexingError
from proofloom.assistants.lean.text.outline import PROVABLE, Command, Lines, commands
from proofloom.assistants.lean.text.tactics import HOLES
from proofloom.assistants.lean.toolchain import LeanSettings, LeanToolchain, settings_for
from proofloom.assistants.processes import ProcessDied
from proofloom.assistants.session import AssistantError, SessionLost
from proofloom.proofs import Theorem

_ADVICE = "build the project first (lake build), so that what this file imports is there"
_UNBUILT = ("unknown module prefix", "object file", "unknown package", "does not exist")
_NAME_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class TraceSeconds:
    """Seconds that Lean may take for a whole file, and for one tactic."""

    file: float
    tactic: float


@dataclass(frozen=True, slots=True)
class LeanStep:
    """A step with the full names of the constants in its tactic, in order of appearance, each once."""

    step: ReplayedStep
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeanProof:
    """A declaration that is proved or has a proof by tactics; without a name it is called `_example.LINE` and so on.

    `start` is a character of the text, `admitted` is True if there is a `sorry` in it, `tactics` counts those that a
    person wrote.  `refused` says why its tactics have no steps, if they have none.
    """

    name: str
    keyword: str
    statement: str
    start: int
    admitted: bool
    tactics: int
    steps: tuple[LeanStep, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class LeanTrace:
    """All of one file; `commands` counts what it says, `text` has its lines end in `\\n`."""

    text: str
    imports: tuple[str, ...]
    commands: int
    proofs: tuple[LeanProof, ...]
    declarations: tuple[Declaration, ...]
    counts: ReplayCounts
    cpu_seconds: float


class FileRefused(Exception):
    """Lean does not accept the file: the line (0 if unknown), the command there (empty if unknown), and why."""

    def __init__(self, line: int, command: str, reason: str) -> None:
        super().__init__(reason)
        self.line, self.command, self.reason = line, command, reason


class LeanFileTracer:
    """Traces files with one installation of Lean; one process of it is kept between files with the same
    imports."""

    def __init__(self, toolchain: LeanToolchain, seconds: TraceSeconds, limits: SessionLimits | None = None) -> None:
        self._toolchain = toolchain
        self._seconds = seconds
        self._lean = Lean(toolchain, limits or SessionLimits(load_seconds=seconds.file))
        self._imports: tuple[str, ...] = ()

    def trace(self, file: Path) -> LeanTrace:
        """Everything in `file`; raises `FileRefused`."""
        text = _read(file)
        try:
            parts = commands(text)
        except LexingError as error:
            raise FileRefused(text.count("\n", 0, error.position) + 1, "", f"cannot be read: {error}") from error
        if imported(text) != self._imports:
            self._lean.close()  # a process of Lean ends when it is given a text with other imports
        self._imports = imported(text)
        run = _FileRun(self._lean, file, text, parts, self._seconds)
        try:
            return run.traced(settings_for(file, self._toolchain))
        except (AssistantError, ProcessDied) as error:
            raise FileRefused(0, run.place, str(error)) from error

    def close(self) -> None:
        """End the process; harmless twice."""
        self._lean.close()

    def __enter__(self) -> LeanFileTracer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _FileRun:
    """One run through one file; `place` is the declaration at which it is, for the report of a failure."""

    def __init__(self, lean: Lean, file: Path, text: str, parts: Sequence[Command], seconds: TraceSeconds) -> None:
        self.place = ""
        self._lean = lean
        self._file = file
        self._text = text
        self._parts = parts
        self._seconds = seconds
        self._lines = Lines(text)
        self._scripts = {part.start: script_of(text, part) for part in parts if part.keyword in PROVABLE}
        self._counts = ReplayCounts()
        self._cpu = 0.0

    def traced(self, settings: LeanSettings) -> LeanTrace:
        """The trace; raises `FileRefused`, `AssistantError` or `ProcessDied`."""
        declared = [one for part in self._parts for one in declarations(self._text, part, self._script(part))]
        worker = self._lean.worker(settings)
        before = worker.cpu_seconds
        try:
            self._check(worker.check(self._text, self._seconds.file))
            names = self._names(worker, {one.full_name for one in declared})
        except OutOfTime:
            worker.kill()
            raise FileRefused(0, "", f"Lean does not read it in {self._seconds.file:g} s") from None
        except BaseException:
            worker.kill()
            raise
        self._cpu += worker.cpu_seconds - before
        self._lean.take_back(worker)
        proofs = [self._proof(part, names) for part in self._parts if self._is_traced(part)]
        return LeanTrace(
            self._text, imported(self._text), len(self._parts), tuple(proofs), tuple(declared), self._counts, self._cpu
        )

    def _check(self, said: Sequence[wire.Diagnostic]) -> None:
        """Refuse a file with an error in it."""
        for item in said:
            if item.severity == wire.ERROR:
                number = item.start.line
                within = [part for part in self._parts if self._lines.of(part.start) <= number]
                command = plain(self._text, (within[-1].start, within[-1].end)) if within else ""
                advice = f"; {_ADVICE}" if any(sign in item.text for sign in _UNBUILT) else ""
                raise FileRefused(number + 1, command, " ".join(item.text.split()) + advice)

    def _names(self, worker: LeanWorker, own: Collection[str]) -> list[Mention]:
        """What the names in all tactics mean, by place."""
        found: list[Mention] = []
        for part in self._parts:
            script = self._script(part)
            if script is not None and not _admitted(part):
                tokens = [token for token in part.tokens if script.start <= token.start < script.end]
                found += mentions(worker, self._text, tokens, own, _NAME_SECONDS)
        return found

    def _script(self, part: Command) -> Script | None:
        return self._scripts.get(part.start)

    def _is_traced(self, part: Command) -> bool:
        """Theorems are, and whatever else is proved by tactics."""
        return part.keyword in ("theorem", "lemma") or self._script(part) is not None

    def _proof(self, part: Command, names: Sequence[Mention]) -> LeanProof:
        script = self._script(part)
        self.place = statement(self._text, part, script)
        line = self._lines.of(part.start) + 1
        admitted = _admitted(part)
        steps: list[LeanStep] = []
        refused = ""
        if script is not None and not admitted:
            try:
                steps = [LeanStep(step, _within(names, step)) for step in self._steps(part, script)]
            except Refused as refusal:
                refused = str(refusal)
        return LeanProof(
            part.path or f"_{part.keyword}.{line}",
            part.keyword,
            self.place,
            part.start,
            admitted,
            sum(tactic.count for tactic in script.tactics) if script is not None else 0,
            tuple(steps),
            refused,
        )

    def _steps(self, part: Command, script: Script) -> list[ReplayedStep]:
        """The steps of one proof; raises `Refused`, `AssistantError`."""
        theorem = Theorem(
            name=part.name or part.keyword,
            statement=self._text[part.start : script.start],
            before=self._text[: part.start],
            ending=self._text[script.end : part.end],
            file=self._file,
            path=part.path,
        )
        try:
            session = self._lean.open(theorem)
        except SessionLost:
            raise
        except AssistantError as error:  # as inside `mutual`, where the text before it is not whole
            raise Refused(str(error)) from error
        with closing(session):
            steps, counts = replayed(session, self._text, script, self._seconds.tactic)
            self._cpu += session.cpu_seconds
        self._counts.add(counts)
        return steps


def _read(file: Path) -> str:
    try:
        data = file.read_bytes()
        return data.decode("utf-8").replace("\r\n", "\n")
    except OSError as error:
        raise FileRefused(0, "", f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileRefused(line, "", f"is not UTF-8 text: {error.reason}") from error


def _admitted(part: Command) -> bool:
    return any(token.text in HOLES for token in part.tokens)


def _within(names: Sequence[Mention], step: ReplayedStep) -> tuple[str, ...]:
    """The names in the places that a step's tactic comes from."""
    found: list[str] = []
    for start, end in step.spans:
        first = bisect_left(names, start, key=lambda mention: mention.start)
        last = bisect_left(names, end, key=lambda mention: mention.start)
        found += [mention.full_name for mention in names[first:last]]
    return tuple(dict.fromkeys(found))
