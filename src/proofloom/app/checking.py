"""The verb `check`: is what a candidate file says a proof of what a reference file states?

The reference is the only source of the statement; the gate answers, and what it could not be asked is told apart from
what it refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from proofloom.app.toml_records import BadInput
from proofloom.assistants.gate import RocqGate
from proofloom.assistants.gate.lean import LeanGate
from proofloom.assistants.lean.source import Source as LeanSource
from proofloom.assistants.lean.toolchain import find_lean
from proofloom.assistants.lean.toolchain import settings_for as lean_settings_for
from proofloom.assistants.rocq.project import settings_for
from proofloom.assistants.rocq.source import Source
from proofloom.assistants.rocq.toolchain import find_toolchain
from proofloom.proofs import Finding, Verdict

Judge = Callable[[bytes, str], Verdict]
"""The verdict on a theorem (its full name) of a candidate's text."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...


class Reference(Protocol):
    """A file that states theorems, of whatever assistant."""

    @property
    def file(self) -> Path | None:
        """Where it lies."""
        ...

    @property
    def holes(self) -> Sequence[_Named]:
        """The theorems that are not proved in it."""
        ...

    @property
    def proofs(self) -> Sequence[_Named]:
        """The theorems that are proved in it."""
        ...


def is_lean(path: Path) -> bool:
    """True for a file of Lean, by its name."""
    return path.suffix == ".lean"


def read_reference(path: Path) -> Reference:
    """The reference in a file; raises `AssistantError` if it cannot be read."""
    return LeanSource.read(path) if is_lean(path) else Source.read(path)


@contextmanager
def judge(path: Path, axioms: Sequence[str]) -> Iterator[Judge]:
    """The gate for the reference in a file; raises `AssistantError` if its assistant is not installed."""
    data = path.read_bytes()
    if is_lean(path):
        lean = find_lean()
        settings = lean_settings_for(path, lean)
        gate = LeanGate(lean, axioms=axioms)
        try:
            yield lambda candidate, theorem: gate.check(data, candidate, theorem, settings)
        finally:
            gate.close()
        return
    toolchain = find_toolchain()
    rocq_settings = settings_for(path, toolchain)
    rocq = RocqGate(toolchain, axioms=axioms)
    try:
        yield lambda candidate, theorem: rocq.check(data, candidate, theorem, rocq_settings)
    finally:
        rocq.close()


def theorems_to_check(reference: Reference, theorem: str | None) -> tuple[str, ...]:
    """The paths to ask about: the one named, else every hole of the reference; raises `BadInput`."""
    if theorem is None:
        holes = tuple(hole.path for hole in reference.holes)
        if not holes:
            raise BadInput(f"{reference.file}: has no holes; name a theorem with --theorem")
        return holes
    stated = [(hole.name, hole.path) for hole in reference.holes]
    stated += [(proof.name, proof.path) for proof in reference.proofs]
    found = tuple(dict.fromkeys(path for name, path in stated if theorem in (name, path)))
    if not found:
        shown = ", ".join(path for _, path in stated[:20]) + (", ..." if len(stated) > 20 else "")
        raise BadInput(f"--theorem {theorem}: not stated in {reference.file}; it states {shown or 'no theorem'}")
    if theorem in found:
        return (theorem,)
    if len(found) > 1:
        raise BadInput(f"--theorem {theorem}: which one? {', '.join(found)}")
    return found


def read_bytes(path: Path) -> bytes:
    """The bytes of a file; raises `BadInput`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error


def exit_code(verdicts: Sequence[Verdict]) -> int:
    """0 if all are accepted, 1 if one is refused, else 2: the gate could not be asked."""
    if all(verdict.accepted for verdict in verdicts):
        return 0
    asked = [verdict for verdict in verdicts if verdict.finding is not Finding.NOT_CHECKED]
    return 1 if any(not verdict.accepted for verdict in asked) else 2


def told(verdict: Verdict) -> str:
    """One line for people."""
    if verdict.accepted:
        axioms = ", ".join(verdict.axioms) or "no axioms"
        return f"{verdict.theorem}: accepted at level {verdict.level}, {axioms}"
    return f"{verdict.theorem}: {verdict.finding} at level {verdict.level}: {verdict.reason}"
