"""Traces a library into the database: files side by side in several processes, each stored as soon as it is done.

A file is skipped if its bytes are in the database already, so that a trace which was cut off goes on where it stopped;
a file that fails is reported and the others go on.  What a trace counted is kept with each file, for the funnel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import Protocol

from proofloom.assistants.executor import Done, Executor, Started
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository, TracedFile
from proofloom.corpus.tracer import (
    FileFailure,
    OpenTracer,
    SourceFile,
    Tally,
    Target,
    Traced,
    TraceError,
    Tracer,
)

TRACE = "trace"
"""The key of a file's `extra` under which its counts are kept."""

TraceFile = Callable[[SourceFile], Traced | FileFailure]


class Watcher(Protocol):
    """Is told what happens, to show it."""

    def started(self, path: str) -> None:
        """A file is being traced."""
        ...

    def ended(self, progress: Progress) -> None:
        """A file is done; if it failed, `progress` says why."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a trace is after the file at `path`: files done of `files` (skipped ones are not among them).

    `seconds_left` is an estimate from the bytes that are left, None before anything is known.
    """

    path: str
    failure: FileFailure | None
    done: int
    files: int
    seconds_left: float | None


@dataclass(slots=True)
class TraceReport:
    """What one trace did: files stored, files that were there already, failures, and the counts of the former."""

    stored: int = 0
    skipped: int = 0
    failures: list[FileFailure] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0


def trace(
    target: Target,
    library: Library,
    executor: Executor,
    open_tracer: OpenTracer,
    watcher: Watcher,
    now: Callable[[], float],
    report: TraceReport | None = None,
) -> TraceReport:
    """Trace the files of `target` that are not in the library, each worker with a tracer of its own.

    Returns `report`, which is kept up to date meanwhile.  Raises `LibraryError` if a file cannot be
    stored; what was stored before is safe.
    """
    report = report or TraceReport()
    begun = now()
    known = {file.path: file.digest for file in library.files(target.repository)}
    tasks = [file for file in target.files if not _stored(file, known)]
    report.skipped = len(target.files) - len(tasks)
    bytes_left = bytes_all = sum(task.size for task in tasks)
    done = 0
    with closing(executor.map(partial(_trace_with, open_tracer), tasks)) as events:
        for event in events:
            if isinstance(event, Started):
                watcher.started(event.task.path)
                continue
            outcome = event.value if isinstance(event, Done) else FileFailure(event.task.path, 0, "", event.reason)
            if isinstance(outcome, Traced):
                library.add_file(target.repository, _with_counts(outcome), replace=True)
                report.stored += 1
                report.tally.add(outcome.tally)
            else:
                report.failures.append(outcome)
            done += 1
            bytes_left -= event.task.size
            report.seconds = now() - begun
            spent = bytes_all - bytes_left
            left = report.seconds * bytes_left / spent if spent else None
            failure = outcome if isinstance(outcome, FileFailure) else None
            watcher.ended(Progress(event.task.path, failure, done, len(tasks), left))
    report.seconds = now() - begun
    return report


def funnel(library: Library, repository: Repository) -> dict[str, int]:
    """From sentences to steps, for all files of a repository that were traced, in the order of the funnel."""
    tally = Tally()
    for file in library.files(repository):
        counts = json.loads(file.extra or "{}").get(TRACE, {})
        tally.add(Tally(**{item.name: counts.get(item.name, 0) for item in fields(Tally)}))
    counts = library.counts(repository)
    return {
        "files": counts["files"],
        "sentences": tally.sentences,
        "proofs": tally.proofs,
        "tactic_sentences": tally.tactics,
        "unreplayed": tally.unreplayed,
        "steps": counts["steps"],
        "distinct_states": counts["states"],
        "steps_with_premises": tally.with_premises,
        "premises": counts["premises"],
    }


def _stored(file: SourceFile, known: dict[str, str]) -> bool:
    """True if these bytes are in the library; a file that cannot be read is left to the tracer, which says so."""
    digest = known.get(file.path)
    if digest is None:
        return False
    try:
        return hashlib.sha256(file.file.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _with_counts(traced: Traced) -> TracedFile:
    """The file with its counts in `extra`, without the times, so that the same file gives the same record."""
    counts = {name: count for name, count in asdict(traced.tally).items() if not name.endswith("_seconds")}
    return replace(traced.file, extra=json.dumps({TRACE: counts}))


@contextmanager
def _trace_with(open_tracer: OpenTracer) -> Iterator[TraceFile]:
    """What a worker process needs."""
    with open_tracer() as tracer:
        yield partial(_traced, tracer)


def _traced(tracer: Tracer, file: SourceFile) -> Traced | FileFailure:
    try:
        return tracer.trace(file)
    except TraceError as error:
        return FileFailure(file.path, error.line, error.sentence, error.reason)
