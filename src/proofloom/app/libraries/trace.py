"""The verb `trace`: finds the library, traces it into the database with progress, and prints the funnel.

All that can be wrong with the request is found before the first file; Ctrl-C ends the trace and keeps every file that
is done, so that the same command goes on from there.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from proofloom.app.libraries.lean_library import SUFFIX, lean_files, lean_target, open_lean_tracer
from proofloom.app.toml_records import BadInput
from proofloom.assistants.executor import Executor, InProcess, LocalProcesses
from proofloom.assistants.lean.toolchain import find_lean
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.corpus import trace as tracing
from proofloom.corpus.library import DEFAULT_PLACE, Library
from proofloom.corpus.rocq.targets import find_target
from proofloom.corpus.rocq.trace import open_rocq_tracer
from proofloom.corpus.storage.database import LibraryError
from proofloom.corpus.tracer import CHARACTERS, OpenTracer, Target, TraceLimits

INTERRUPTED = 130
_FUNNEL = {
    "files": "files",
    "sentences": "sentences",
    "proofs": "proofs",
    "tactic_sentences": "tactic sentences",
    "unreplayed": "proofs that do not run tactic by tactic",
    "steps": "atomic steps",
    "distinct_states": "distinct states",
    "steps_with_premises": "steps with premises",
    "premises": "premises that they may choose from",
}


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """What the user asked `trace` for: a target, the database (a path or a URL), processes, characters of a state."""

    target: str
    jobs: int = 1
    out: str = str(DEFAULT_PLACE)
    characters: int = CHARACTERS
    commit: str | None = None
    as_json: bool = False


def trace(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="stdlib, an installed library of Rocq by its name (such as Coquelicot), a folder with a "
            "development that is compiled, or a folder with Lean files, or one of them.",
        ),
    ],
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Files traced at the same time (default: one per core).")
    ] = None,
    out: Annotated[
        str,
        typer.Option(metavar="DB", help="The database: a file (SQLite), or a URL such as postgresql://host/name."),
    ] = str(DEFAULT_PLACE),
    limit_chars: Annotated[
        int, typer.Option(metavar="N", min=1, help="Characters of a proof state that are kept; the cut is recorded.")
    ] = CHARACTERS,
    commit: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of this state of the files, to be kept beside others. Without it the files of a folder replace "
            "those of the last trace.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for other programs.")] = False,
) -> int:
    """Trace a library: replay every proof and keep its states, tactics and premises in a database.

    What is there already is not traced again, so the same command goes on after Ctrl-C, and takes up what has changed.

    Exit status: 0 if every file is traced, 1 if one failed, 2 for bad input, 130 after Ctrl-C.
    """
    request = TraceRequest(target, jobs or os.cpu_count() or 1, out, limit_chars, commit, as_json)
    return trace_library(request, lambda line: typer.echo(f"proofloom: {line}", err=True))


def trace_library(request: TraceRequest, complain: Callable[[str], None]) -> int:
    """Do it; the exit code: 0, 1 if a file failed, 130 after Ctrl-C.  `complain` prints one line on standard error.

    Raises `BadInput` or `AssistantError` for what is wrong with the whole request.
    """
    try:
        target, open_tracer = _target(request, TraceLimits(characters=request.characters), date.today())
        with Library.open(request.out) as library:
            return _Run(request, target, open_tracer, library, complain).done()
    except (LibraryError, ValueError) as error:
        raise BadInput(str(error)) from error


def _target(request: TraceRequest, limits: TraceLimits, today: date) -> tuple[Target, OpenTracer]:
    """What is traced, and by what: Lean where there are Lean files, else Rocq."""
    place = Path(request.target)
    if lean_files(place):
        if next(place.rglob("*.v"), None) is not None:
            raise BadInput(f"{place}: holds files of Rocq and of Lean; name folders that hold one kind")
        lean = find_lean()
        return lean_target(place, lean, today, request.commit), partial(open_lean_tracer, lean, limits)
    if place.suffix == SUFFIX:
        raise BadInput(f"{place}: there is no such file")
    rocq = find_toolchain()
    return find_target(request.target, rocq, today, request.commit), partial(open_rocq_tracer, rocq, limits)


class _Run:
    """One trace with what it shows."""

    def __init__(
        self,
        request: TraceRequest,
        target: Target,
        open_tracer: OpenTracer,
        library: Library,
        complain: Callable[[str], None],
    ) -> None:
        self._request = request
        self._target = target
        self._open_tracer = open_tracer
        self._library = library
        self._complain = complain

    def done(self) -> int:
        """Trace, and print what there is."""
        report = tracing.TraceReport()
        executor: Executor = LocalProcesses(self._request.jobs) if self._request.jobs > 1 else InProcess()
        console = Console(stderr=True)
        live = console.is_terminal and not self._request.as_json
        watcher: LiveProgress | PlainProgress = LiveProgress(console) if live else PlainProgress(self._complain)
        held: AbstractContextManager[object] = watcher if isinstance(watcher, LiveProgress) else nullcontext()
        interrupted = False
        try:
            with held:
                args = (self._target, self._library, executor, self._open_tracer, watcher)
                tracing.trace(*args, time.monotonic, report)
        except KeyboardInterrupt:
            interrupted = True
        self._print(report, interrupted)
        if interrupted:
            return INTERRUPTED
        return 1 if report.failures else 0

    def _print(self, report: tracing.TraceReport, interrupted: bool) -> None:
        counts = tracing.funnel(self._library, self._target.repository)
        if self._request.as_json:
            record = {
                "library": self._target.repository.url,
                "database": self._library.place,
                "interrupted": interrupted,
                "stored": report.stored,
                "skipped": report.skipped,
                "failed": [
                    {"path": f.path, "line": f.line, "sentence": f.sentence, "reason": f.reason}
                    for f in report.failures
                ],
                "seconds": round(report.seconds, 3),
                "funnel": counts,
            }
            print(json.dumps(record), flush=True)  # noqa: T201  (for other programs)
            return
        console = Console(soft_wrap=True, highlight=False)
        for name, words in _FUNNEL.items():
            if name == "unreplayed" and not counts[name]:
                continue
            console.print(f"{counts[name]:>9,}  {words}")
        for failure in report.failures:
            console.print(f"failed: {failure.text}", markup=False)
        parts = ["interrupted"] if interrupted else []
        parts.append(f"{report.stored} {'file' if report.stored == 1 else 'files'} traced in {report.seconds:.0f} s")
        parts += [f"{report.skipped} were there already"] if report.skipped else []
        parts += [f"{len(report.failures)} failed"] if report.failures else []
        console.print(f"{'; '.join(parts)}: {self._library.place}", markup=False)


class PlainProgress:
    """One line for each file, handed to `say`."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def started(self, path: str) -> None:
        """Nothing: the line comes when it is done."""

    def ended(self, progress: tracing.Progress) -> None:
        """`[3/20, 2 min left] theories/Lists/List.v`."""
        outcome = f"failed: {progress.failure.text}" if progress.failure else progress.path
        self._say(f"[{progress.done}/{progress.files}, {time_left(progress.seconds_left)}] {outcome}")


class LiveProgress:
    """A bar with the time left; failures stay above it."""

    def __init__(self, console: Console) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[left]}"))
        self._bar = Progress(*columns, TextColumn("{task.description}"), console=console, transient=True)
        self._task = self._bar.add_task("", total=None, left="")

    def __enter__(self) -> LiveProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def started(self, path: str) -> None:
        """The file is shown beside the bar."""
        self._bar.update(self._task, description=path)

    def ended(self, progress: tracing.Progress) -> None:
        """The bar grows."""
        if progress.failure is not None:
            self._bar.console.print(f"failed: {progress.failure.text}", markup=False, highlight=False)
        left = time_left(progress.seconds_left)
        self._bar.update(self._task, completed=progress.done, total=progress.files, left=left)


def time_left(seconds: float | None) -> str:
    """`2 min left`, `40 s left`."""
    if seconds is None:
        return "time left unknown"
    return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"
