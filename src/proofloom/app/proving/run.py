"""A run over files: hands theorems to the executor, keeps what comes back, and settles each file when it is done.

To settle a file is to check the complete result once more for every theorem that was filled, and only then to write
it; a theorem that is refused there is proved no longer.  Ctrl-C ends the search and settles what there is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from proofloom.app.languages import AnyLanguage, Gate
from proofloom.app.proving.inputs import InputFile
from proofloom.app.proving.prover import Scripts, Task, Tried, digest
from proofloom.app.proving.results import Result
from proofloom.app.proving.sharing import SharedProofs
from proofloom.assistants.executor import Crash, Done, Executor, Opening, Started
from proofloom.assistants.files import write_beside
from proofloom.assistants.session import AssistantError
from proofloom.proofs import Attempt, Finding, Outcome, Spend, Verdict


class Watcher(Protocol):
    """Is told what happens, to show it."""

    def started(self, file: InputFile, theorem: str) -> None:
        """A theorem is being tried."""
        ...

    def ended(self, result: Result) -> None:
        """A theorem has been tried."""
        ...

    def checking(self, file: InputFile, theorems: int) -> None:
        """The complete file is checked once more for so many theorems."""
        ...


@dataclass(frozen=True, slots=True)
class Destination:
    """Where filled files go: in place of the originals, into a folder, or nowhere (both empty)."""

    in_place: bool = False
    folder: Path | None = None

    def of(self, file: InputFile) -> Path | None:
        """Where the filled version of `file` goes."""
        if self.folder is not None:
            return self.folder / file.below
        return file.path if self.in_place else None

    def put(self, file: InputFile, data: bytes) -> Path | None:
        """Write the filled version; raises `AssistantError` in one line, and then nothing has changed."""
        target = self.of(file)
        if target is None:
            return None
        if self.folder is None:
            write_beside(target, data, expected=file.data)
            return target
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise AssistantError(f"{target.parent}: cannot be made ({error.strerror})") from error
        write_beside(target, data)
        return target


@dataclass(frozen=True, slots=True)
class FileDone:
    """A file that is settled: its results in order, what was written where, and why something was not written."""

    file: InputFile
    results: tuple[Result, ...]
    written: Path | None = None
    error: str = ""


Keep = Callable[[InputFile, Attempt], None]
"""Told every attempt as it ends, and again if it is judged anew."""


@dataclass(slots=True)
class _Entry:
    """What is known about one theorem: its result, and the digest of the file that its verdict is about."""

    result: Result
    candidate: str = ""


@dataclass(slots=True)
class _Progress:
    """One file under way."""

    file: InputFile
    waiting: set[str]
    entries: dict[str, _Entry] = field(default_factory=dict)
    settled: bool = False


class Run:
    """One run.  `known` are results of an earlier run, by file and theorem; they are not tried again.

    `gate_of` gives the gate of a language.  With several workers, `shared` tells them of each other's proofs.
    """

    def __init__(
        self,
        files: Sequence[InputFile],
        gate_of: Callable[[AnyLanguage], Gate],
        destination: Destination,
        *,
        watcher: Watcher,
        keep: Keep,
        report: Callable[[FileDone], None],
        known: Iterable[tuple[InputFile, Result]] = (),
        shared: SharedProofs | None = None,
    ) -> None:
        self._gate_of = gate_of
        self._destination = destination
        self._watcher = watcher
        self._keep = keep
        self._report = report
        self._shared = shared
        self._files = [_Progress(file, {hole.path for hole in file.wanted}) for file in files]
        for file, result in known:
            progress = self._progress(file.path)
            progress.waiting.discard(result.theorem)
            progress.entries[result.theorem] = _Entry(result)
        self.interrupted = False

    @property
    def found(self) -> dict[Path, dict[str, Scripts]]:
        """The scripts of the theorems that are proved, by file."""
        return {progress.file.path: _scripts(progress.entries.values()) for progress in self._files}

    @property
    def tasks(self) -> list[Task]:
        """The theorems that are still to be tried, file by file, in order.

        Several workers get theorems of different files first, because a theorem often needs the one before it.
        """
        numbered = [
            (number, Task(file.path, file.data, file.source.data, file.settings, hole.path))
            for file, waiting in ((progress.file, progress.waiting) for progress in self._files)
            for number, hole in enumerate(hole for hole in file.wanted if hole.path in waiting)
        ]
        if self._shared is not None:
            numbered.sort(key=lambda item: item[0])
        return [task for _, task in numbered]

    def go(self, executor: Executor, opening: Opening[Task, Tried]) -> None:
        """Try every task and settle every file; after Ctrl-C `interrupted` is True and what was found is settled."""
        try:
            self._settle_ready()
            with closing(executor.map(opening, self.tasks)) as events:
                for event in events:
                    self._take(event)
                    self._settle_ready()
        except KeyboardInterrupt:
            self.interrupted = True
        for progress in self._files:
            if not progress.settled:
                self._settle(progress)

    def _take(self, event: Started[Task] | Done[Task, Tried] | Crash[Task]) -> None:
        progress = self._progress(event.task.file)
        theorem = event.task.theorem
        if isinstance(event, Started):
            self._watcher.started(progress.file, theorem)
            return
        if isinstance(event, Crash):
            tried = Tried(Attempt(theorem, Outcome.CRASHED, Spend(), reason=event.reason))
        else:
            tried = event.value
        attempt = tried.attempt
        if attempt.outcome is Outcome.UNSUPPORTED:
            attempt = replace(attempt, reason=progress.file.located(theorem, attempt.reason))
        progress.waiting.discard(theorem)
        entry = _Entry(Result.of(progress.file.name, progress.file.hole(theorem).line, attempt), tried.candidate)
        progress.entries[theorem] = entry
        self._keep(progress.file, attempt)
        if self._shared is not None and entry.result.proved:
            self._shared.add(progress.file.path, theorem, attempt.scripts)
        self._watcher.ended(entry.result)

    def _settle_ready(self) -> None:
        for progress in self._files:
            if not progress.settled and not progress.waiting:
                self._settle(progress)

    def _settle(self, progress: _Progress) -> None:
        """Judge again what has to be, write the file, report it."""
        file = progress.file
        written: Path | None = None
        error = ""
        try:
            self._reconsider(progress)
            if self._destination.of(file) is not None:
                data = self._verified(progress)
                written = None if data is None else self._destination.put(file, data)
        except AssistantError as trouble:
            error = str(trouble)
        progress.settled = True
        results = [progress.entries[hole.path].result for hole in file.wanted if hole.path in progress.entries]
        self._report(FileDone(file, tuple(results), written, error))

    def _reconsider(self, progress: _Progress) -> None:
        """Ask again about scripts that were refused as incomplete: a lemma that they use may be proved by now.

        That happens with several workers; within one, each theorem has seen all earlier ones.
        """
        earlier: dict[str, Scripts] = {}
        for hole in progress.file.wanted:
            entry = progress.entries.get(hole.path)
            if entry is None:
                continue
            if _incomplete(entry.result):
                data = progress.file.source.filled({**earlier, hole.path: entry.result.scripts})
                if digest(data) != entry.candidate:
                    self._judge(progress.file, entry, data)
            earlier |= _scripts([entry])

    def _verified(self, progress: _Progress) -> bytes | None:
        """The file with every proof in it that the gate accepts in the complete file; None if there is none."""
        while True:
            scripts = _scripts(progress.entries.values())
            if not scripts:
                return None
            data = progress.file.source.filled(scripts)
            unchecked = [
                entry
                for theorem, entry in progress.entries.items()
                if theorem in scripts and entry.candidate != digest(data)
            ]
            if unchecked:
                self._watcher.checking(progress.file, len(unchecked))
            if all(self._judge(progress.file, entry, data) for entry in unchecked):
                return data

    def _judge(self, file: InputFile, entry: _Entry, data: bytes) -> bool:
        """Ask the gate about one theorem of the complete file `data`; its word is the result from now on."""
        old = entry.result
        verdict = self._gate_of(file.language).check(file.data, data, old.theorem, file.settings)
        if verdict.accepted != old.proved:
            self._keep(file, _attempt(old, verdict))
        entry.result = Result.of(old.file, old.line, _attempt(old, verdict))
        entry.candidate = digest(data)
        return verdict.accepted

    def _progress(self, path: Path) -> _Progress:
        return next(progress for progress in self._files if progress.file.path == path)


def _scripts(entries: Iterable[_Entry]) -> dict[str, Scripts]:
    return {entry.result.theorem: entry.result.scripts for entry in entries if entry.result.proved}


def _incomplete(result: Result) -> bool:
    return (
        result.outcome is Outcome.REJECTED
        and result.verdict is not None
        and result.verdict["outcome"] == Finding.INCOMPLETE
        and bool(result.scripts)
    )


def _attempt(result: Result, verdict: Verdict) -> Attempt:
    """The attempt behind `result` with another verdict on it."""
    reason = verdict.reason if verdict.accepted else f"the gate refused it in the complete file: {verdict.reason}"
    return Attempt(
        theorem=result.theorem,
        outcome=Outcome.PROVED if verdict.accepted else Outcome.REJECTED,
        spend=result.spend,
        proof=result.proof,
        verdict=verdict,
        reason=reason,
        scripts=result.scripts,
    )
