"""The verb `prove`: puts inputs, workers, gate, run folder and display together for one run.

All that can be wrong with the request is found before the first theorem is tried; from then on every problem belongs to
one theorem or one file, and the others go on.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console

from proofloom.app.extras import model_extra
from proofloom.app.languages import AnyInstalled, AnyLanguage, Gate, Installation
from proofloom.app.proving.inputs import InputFile, read_inputs
from proofloom.app.proving.printing import Printer
from proofloom.app.proving.prover import Prover, Scripts, Task, Tried
from proofloom.app.proving.run import Destination, Run, Watcher
from proofloom.app.proving.run_folder import RunFolder
from proofloom.app.proving.settings import ProveSettings
from proofloom.app.proving.sharing import SharedProofs
from proofloom.app.proving.watch import LiveWatcher, PlainWatcher
from proofloom.app.toml_records import BadInput
from proofloom.assistants.executor import Executor, InProcess, LocalProcesses
from proofloom.corpus.storage.database import LibraryError
from proofloom.models.errors import ModelError
from proofloom.policies.kit import PolicyKit
from proofloom.policies.names import DEFAULT_POLICIES, named_in, without
from proofloom.retrieval.premise_index import PremiseIndexError
from proofloom.search.clock import SystemClock

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked `prove` for."""

    paths: tuple[Path, ...]
    settings: ProveSettings
    destination: Destination
    theorem: str | None = None
    workers: int = 1
    run: str | None = None
    as_json: bool = False


def prove_files(request: Request, complain: Callable[[str], None]) -> int:
    """Do it; the exit code.  `complain` prints one line for people on standard error.

    Raises `BadInput`, `AssistantError` or `JournalError` for what is wrong with the whole request.
    """
    installation = Installation()
    inputs = read_inputs(request.paths, request.theorem, request.settings.require, installation)
    for line in inputs.left_out:
        complain(f"left out: {line}")
    _check_destination(request.destination, inputs.files)
    for installed in installation.found:
        _check_axioms(request.settings, installed.language)
        for line in _prepared(request.settings, installed):
            complain(line)
    with ExitStack() as stack:
        folder = stack.enter_context(RunFolder(request.run, request.settings, time.time)) if request.run else None
        known = list(folder.known(inputs.files)) if folder else []
        total = sum(len(file.wanted) for file in inputs.files) - len(known)
        console, watcher = _display(request, total, stack, complain)
        printer = Printer(console, request.as_json)
        shared = stack.enter_context(_shared_folder()) if request.workers > 1 else None
        run = Run(
            inputs.files,
            stack.enter_context(closing(_Gates(installation, request.settings.axioms))).of,
            request.destination,
            watcher=watcher,
            keep=folder.keep if folder else lambda file, attempt: None,
            report=printer.report,
            known=known,
            shared=SharedProofs(shared) if shared else None,
        )
        threads = max(1, (os.cpu_count() or 1) // request.workers)
        executor: Executor = InProcess() if request.workers == 1 else LocalProcesses(request.workers)
        try:
            run.go(executor, partial(open_provers, request.settings, installation.found, run.found, shared, threads))
        finally:
            if folder:
                folder.write_report()
    printer.summary(run.interrupted)
    errors = [done.error for done in printer.done if done.error]
    for error in errors:
        complain(error)
    if run.interrupted:
        return INTERRUPTED
    if errors:
        return 2
    return 0 if all(result.proved for result in printer.results) and not inputs.left_out else 1


class _Gates:
    """The gates of a run, each opened when the first file needs it."""

    def __init__(self, installation: Installation, axioms: Sequence[str]) -> None:
        self._installation = installation
        self._axioms = axioms
        self._open: dict[str, Gate] = {}

    def of(self, language: AnyLanguage) -> Gate:
        """The gate of a language."""
        if language.suffix not in self._open:
            self._open[language.suffix] = self._installation.of(language).gate(self._axioms)
        return self._open[language.suffix]

    def close(self) -> None:
        """Close what is open."""
        for gate in self._open.values():
            gate.close()


def _check_axioms(settings: ProveSettings, language: AnyLanguage) -> None:
    try:
        language.check_axioms(settings.axioms)
    except ValueError as error:
        raise BadInput(f"--axioms: {error}") from error


def _prepared(settings: ProveSettings, installed: AnyInstalled) -> Iterator[str]:
    """Find out now that a library or a model cannot be used, make what the workers share; raises `BadInput`.

    Gives a line for each thing that the user should know about the files of this language.
    """
    language = installed.language
    policy, left_out = policy_for(language, settings)
    if left_out and settings.policy not in DEFAULT_POLICIES:
        yield f"{language.name} files: without {', '.join(left_out)}, which know nothing of {language.name}"
    if settings.retriever != ProveSettings().retriever and "premises" not in named_in(policy):
        yield f"retriever {settings.retriever}: is not asked, because the policy {policy} has no premises"
    if lacking := language.lacking(installed.toolchain):
        yield f"{language.name} files: {lacking}; what is found is not checked, and not called proved"
    try:
        with model_extra(f"policy {policy}"), policy_kit(settings, installed) as kit:
            kit.prepare(policy)
    except (LibraryError, ModelError, PremiseIndexError) as error:
        raise BadInput(f"policy {policy}: {error}") from error


def policy_for(language: AnyLanguage, settings: ProveSettings) -> tuple[str, tuple[str, ...]]:
    """The policy without the parts that have nothing for a language, and their names; `BadInput` if none is left.

    A model that the user names is asked in any language.
    """
    foreign = language.taught_elsewhere - ({"model"} if settings.model else set())
    kept, left_out = without(settings.policy, foreign)
    if not kept:
        raise BadInput(f"policy {settings.policy}: knows nothing of {language.name}; name list, or a --model for it")
    return kept, left_out


@contextmanager
def open_provers(
    settings: ProveSettings,
    installed: Sequence[AnyInstalled],
    found: Mapping[Path, Mapping[str, Scripts]],
    shared: Path | None = None,
    threads: int | None = None,
) -> Iterator[Callable[[Task], Tried]]:
    """What a worker needs: a prover for each language, opened when its first task comes.

    `found` was found before, `shared` tells what others find; `threads` are those that a model may use.
    """
    provers: dict[str, Prover] = {}
    by_suffix = {one.language.suffix: one for one in installed}
    with ExitStack() as stack:

        def tried(task: Task) -> Tried:
            suffix = task.file.suffix
            if suffix not in provers:
                opening = _open_prover(settings, by_suffix[suffix], found, shared, threads)
                provers[suffix] = stack.enter_context(opening)
            return provers[suffix](task)

        yield tried


@contextmanager
def _open_prover(
    settings: ProveSettings,
    installed: AnyInstalled,
    found: Mapping[Path, Mapping[str, Scripts]],
    shared: Path | None,
    threads: int | None,
) -> Iterator[Prover]:
    """An assistant of its own, gate and policy."""
    with (
        installed.assistant() as assistant,
        closing(installed.gate(settings.axioms)) as gate,
        policy_kit(settings, installed, threads) as kit,
    ):
        policy = kit.policy(policy_for(installed.language, settings)[0])
        others = SharedProofs(shared) if shared else None
        yield Prover(settings, assistant, gate, policy, found=found, shared=others)


def policy_kit(settings: ProveSettings, installed: AnyInstalled, threads: int | None = None) -> PolicyKit:
    """What the policy of `settings` is made from."""
    return PolicyKit(
        settings.library,
        settings.split,
        installed.module_name,
        tactic_list=installed.language.tactic_list,
        reading=installed.language.reading,
        dialect=installed.language.dialect,
        model=settings.model,
        retriever=settings.retriever,
        threads=threads,
    )


@contextmanager
def _shared_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="proofloom-run-") as folder:
        yield Path(folder)


def _check_destination(destination: Destination, files: Sequence[InputFile]) -> None:
    """Find out now that a file cannot be written, not after an hour of search; raises `BadInput`."""
    sources = {file.path.resolve() for file in files}
    targets: set[Path] = set()
    for file in files:
        target = destination.of(file)
        if target is None or not file.wanted:
            continue
        if not destination.in_place and target.resolve() in sources:
            raise BadInput(
                f"--output {destination.folder}: {target} is an input of this run; to replace it use --write"
            )
        if target in targets:
            raise BadInput(f"--output {destination.folder}: two files of this run would be written to {target}")
        targets.add(target)
        place = next(folder for folder in target.absolute().parents if folder.exists())
        if not place.is_dir() or not os.access(place, os.W_OK):
            raise BadInput(f"{target}: cannot be written, {place} is not a folder that you may write to")


def _display(
    request: Request, total: int, stack: ExitStack, complain: Callable[[str], None]
) -> tuple[Console, Watcher]:
    """The console for results and the watcher: live in a terminal, plain lines on standard error elsewhere."""
    out, error = Console(), Console(stderr=True)
    live = out if out.is_terminal and not request.as_json else error if not out.is_terminal else None
    if live is None or not live.is_terminal or not total:
        return out, PlainWatcher(complain, total)
    return out, stack.enter_context(LiveWatcher(live, SystemClock(), request.settings.budget.seconds, total))


def speak_any_text() -> None:
    """Let names and comments that are not UTF-8 be printed with their bytes spelled out."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
