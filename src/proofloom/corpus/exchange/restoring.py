"""Puts stored files together again as the records they were made from, one file at a time, for exporters.

What comes back equals what was added, except that bytes that were not UTF-8 stay spelled out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proofloom.corpus.entries import FileEntry, StepEntry, TheoremEntry
from proofloom.corpus.library import Library
from proofloom.corpus.records import Premise, Repository, TracedFile, TracedStep, TracedTheorem
from proofloom.corpus.storage.schema import SOURCE


def traced_files(library: Library, repository: Repository) -> Iterator[TracedFile]:
    """The files of a repository in the order in which they were added, theorems with the proofs of the source."""
    return (traced_file(library, entry) for entry in library.files(repository))


def traced_file(library: Library, entry: FileEntry) -> TracedFile:
    """One file as it was added."""
    steps: dict[int, list[TracedStep]] = {}
    for step in library.steps(file=entry.id, by=SOURCE):
        steps.setdefault(step.theorem_id, []).append(_step(step))
    theorems = [_theorem(stored, steps.get(stored.id, ())) for stored in library.theorems(file=entry.id)]
    premises = [Premise(p.full_name, p.statement, p.kind, p.start, p.extra) for p in library.premises(file=entry.id)]
    named = entry.logical_name, entry.path, entry.digest, entry.imports
    return TracedFile(*named, tuple(theorems), tuple(premises), entry.extra)


def _theorem(entry: TheoremEntry, steps: Sequence[TracedStep]) -> TracedTheorem:
    return TracedTheorem(
        entry.full_name, entry.statement, entry.kind, entry.start, entry.line, entry.ending, entry.admitted,
        entry.human_tactics, tuple(steps), entry.extra,
    )  # fmt: skip


def _step(step: StepEntry) -> TracedStep:
    states = step.state_before, step.tactic, step.state_after
    return TracedStep(*states, step.premises, step.cut, step.goals, step.extra)
