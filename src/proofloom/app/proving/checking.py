"""The verb `check`: is what a candidate file says a proof of what a reference file states?

The reference is the only source of the statement; the gate answers, and what it could not be asked is told apart from
what it refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from proofloom.app.languages import Installation, Source, language_of
from proofloom.app.toml_records import BadInput
from proofloom.proofs import Finding, Verdict

Judge = Callable[[bytes, str], Verdict]
"""The verdict on a theorem (its full name) of a candidate's text."""


@contextmanager
def judge(path: Path, axioms: Sequence[str]) -> Iterator[Judge]:
    """The gate for the reference in a file.

    Raises `AssistantError` if its assistant is not installed, `BadInput` for a name of `axioms` that it cannot have.
    """
    data, language = path.read_bytes(), language_of(path)
    try:
        language.check_axioms(axioms)
    except ValueError as error:
        raise BadInput(f"--axioms: {error}") from error
    installed = Installation().of(language)
    settings = installed.settings(path)
    with closing(installed.gate(axioms)) as gate:
        yield lambda candidate, theorem: gate.check(data, candidate, theorem, settings)


def theorems_to_check(reference: Source, theorem: str | None) -> tuple[str, ...]:
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
