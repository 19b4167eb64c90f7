"""Lean files as a library: which files of a folder are traced, and the records that a trace of one makes.

The package `assistants.lean` says what a file holds, `corpus` how it is kept; they are joined here, because the corpus
knows nothing of Lean.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from proofloom.assistants.lean.modules import module_name
from proofloom.assistants.lean.text.declarations import Declaration
from proofloom.assistants.lean.toolchain import LeanToolchain, project_root
from proofloom.assistants.lean.trace import FileRefused, LeanFileTracer, LeanProof, LeanStep, LeanTrace, TraceSeconds
from proofloom.assistants.session import AssistantError
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.tracer import WORKING_TREE, SourceFile, Tally, Target, Traced, TraceError, TraceLimits

SUFFIX = ".lean"
_NOT_MODULES = ("lakefile.lean",)


def lean_files(place: Path) -> list[Path]:
    """The Lean files that `place` means: itself, or those below it, without hidden folders and build files."""
    if place.is_file():
        return [place] if place.suffix == SUFFIX else []
    return [
        file
        for file in sorted(place.rglob(f"*{SUFFIX}"))
        if file.is_file()
        and file.name not in _NOT_MODULES
        and not any(part.startswith(".") for part in file.relative_to(place).parts)
    ]


def lean_target(place: Path, toolchain: LeanToolchain, today: date, commit: str | None = None) -> Target:
    """The Lean files of a folder, or one file; they are kept under the folder of their project, else under `place`.

    Raises `AssistantError` if there is none.
    """
    found = [file.resolve() for file in lean_files(place)]
    if not found:
        raise AssistantError(f"{place}: no {SUFFIX} file there")
    folder = place.resolve() if place.is_dir() else place.resolve().parent
    root = project_root(found[0]) or folder
    files = [SourceFile(file, file.relative_to(root).as_posix(), file.stat().st_size) for file in found]
    files.sort(key=lambda file: (-file.size, file.path))
    version = ".".join(map(str, toolchain.version))
    return Target(Repository(str(root), commit or WORKING_TREE, "lean", version, today), tuple(files))


class LeanTracer:
    """Traces Lean files into records."""

    def __init__(self, tracer: LeanFileTracer, characters: int) -> None:
        self._tracer = tracer
        self._characters = characters

    def trace(self, target: SourceFile) -> Traced:
        """Everything in one file; raises `TraceError`."""
        started = time.process_time()
        try:
            found = self._tracer.trace(target.file)
            data = target.file.read_bytes()
        except FileRefused as refusal:
            raise TraceError(refusal.line, refusal.command, refusal.reason) from refusal
        except OSError as error:
            raise TraceError(0, "", f"cannot be read ({error.strerror})") from error
        root = Path(str(target.file).removesuffix(target.path))
        text = found.text
        file = TracedFile(
            logical_name=module_name(target.file, root),
            path=target.path,
            digest=hashlib.sha256(data).hexdigest(),
            imports=found.imports,
            theorems=tuple(self._theorem(text, proof) for proof in found.proofs),
            premises=tuple(self._premise(text, declaration) for declaration in found.declarations),
        )
        return Traced(file, _tally(found, file, time.process_time() - started))

    def _theorem(self, text: str, proof: LeanProof) -> TracedTheorem:
        return TracedTheorem(
            full_name=proof.name,
            statement=proof.statement,
            kind=proof.keyword,
            start=_byte(text, proof.start),
            line=text.count("\n", 0, proof.start) + 1,
            ending="",
            admitted=proof.admitted,
            human_tactics=proof.tactics,
            steps=tuple(map(self._step, proof.steps)),
            extra=json.dumps({"unreplayed": proof.refused}, ensure_ascii=False) if proof.refused else "",
        )

    def _step(self, step: LeanStep) -> TracedStep:
        limit = self._characters
        before, after = step.step.before.text, step.step.after.text
        return TracedStep(
            state_before=before[:limit],
            tactic=step.step.tactic,
            state_after=after[:limit],
            premises=step.names,
            cut=max(len(before), len(after)) > limit,
            goals=step.step.goals,
        )

    def _premise(self, text: str, declaration: Declaration) -> Premise:
        statement = declaration.statement[: self._characters]
        return Premise(declaration.full_name, statement, declaration.kind, _byte(text, declaration.start))


@contextmanager
def open_lean_tracer(toolchain: LeanToolchain, limits: TraceLimits) -> Iterator[LeanTracer]:
    """What a worker process needs."""
    with LeanFileTracer(toolchain, TraceSeconds(limits.load_seconds, limits.sentence_seconds)) as tracer:
        yield LeanTracer(tracer, limits.characters)


def _byte(text: str, position: int) -> int:
    """The byte of the text, with line ends of one byte, at which a character stands."""
    return len(text[:position].encode())


def _tally(found: LeanTrace, file: TracedFile, seconds: float) -> Tally:
    steps = [step for theorem in file.theorems for step in theorem.steps]
    tried = [proof for proof in found.proofs if proof.tactics and not proof.admitted]
    return Tally(
        sentences=found.commands,
        proofs=len(found.proofs),
        tactics=sum(proof.tactics for proof in tried),
        chains=found.counts.chains,
        apart=found.counts.apart,
        whole=found.counts.whole,
        idle=found.counts.idle,
        again=found.counts.again,
        unreplayed=sum(bool(proof.refused) for proof in tried),
        steps=len(steps),
        cut=sum(step.cut for step in steps),
        with_premises=sum(bool(step.premises) for step in steps),
        premises=len(file.premises),
        assistant_seconds=found.cpu_seconds,
        python_seconds=seconds,
    )
