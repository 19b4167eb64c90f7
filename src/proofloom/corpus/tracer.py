"""What all tracers share: what is traced, the limits of a trace, what is counted on the way, and how a file fails.

The counts form the funnel from sentences to steps; they say what was left out as well, so that nothing is lost
without a number.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

from proofloom.corpus.records import Repository, TracedFile

CHARACTERS = 4000
"""Characters of a state that are kept unless something else is asked for: of the standard library, 97 % are whole."""


WORKING_TREE = "working tree"
"""The commit of a folder as it is: tracing it again replaces the files that have changed."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to be traced, its path below the root of its library (with `/`), and its size in bytes."""

    file: Path
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Target:
    """The files of a library, the largest first so that none is left alone at the end, and where they are kept."""

    repository: Repository
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class TraceLimits:
    """`characters` of one proof state that are kept; seconds that one sentence, and all before a proof, may take."""

    characters: int = CHARACTERS
    sentence_seconds: float = 300.0
    load_seconds: float = 900.0

    def __post_init__(self) -> None:
        for item in fields(self):
            if not getattr(self, item.name) > 0:
                raise ValueError(f"{item.name}={getattr(self, item.name)}: wanted a number above 0")


@dataclass(slots=True)
class Tally:
    """What one trace counted, from the source to the steps.

    `sentences` are those of the source; `tactics` those that run a tactic (no bullets, no commands); `chains` those
    with a `;` at the top level, of which `apart` were taken apart and `whole` were not, because the pieces failed or
    ended in other goals; `idle` are pieces left out because no goal was left to run on; `unseen` are steps left out
    because a state could not be printed; `again` are proofs that were run again with their chains as written;
    `unreplayed` are proofs without steps, because they do not run tactic by tactic.
    """

    sentences: int = 0
    proofs: int = 0
    tactics: int = 0
    chains: int = 0
    apart: int = 0
    whole: int = 0
    idle: int = 0
    unseen: int = 0
    again: int = 0
    unreplayed: int = 0
    steps: int = 0
    cut: int = 0
    with_premises: int = 0
    premises: int = 0
    assistant_seconds: float = 0.0
    compiler_seconds: float = 0.0
    python_seconds: float = 0.0

    def add(self, other: Tally) -> None:
        """Add the counts of another trace to these."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


@dataclass(frozen=True, slots=True)
class Traced:
    """A file that was traced, and what was counted."""

    file: TracedFile
    tally: Tally


@dataclass(frozen=True, slots=True)
class FileFailure:
    """A file that could not be traced: the line (0 if unknown), the sentence there (empty if unknown), and why."""

    path: str
    line: int
    sentence: str
    reason: str

    @property
    def text(self) -> str:
        """One line for people."""
        place = f"{self.path}:{self.line}" if self.line else self.path
        sentence = " ".join(self.sentence.split())
        shown = f": {sentence[:77] + '...' if len(sentence) > 80 else sentence!r}" if sentence else ""
        return f"{place}{shown}: {self.reason}"


class TraceError(Exception):
    """A sentence of a file that was refused, or that could not be run; raised inside a trace of one file."""

    def __init__(self, line: int, sentence: str, reason: str) -> None:
        super().__init__(reason)
        self.line, self.sentence, self.reason = line, sentence, reason


class Tracer(Protocol):
    """Traces files of one kind, one after the other."""

    def trace(self, target: SourceFile) -> Traced:
        """Everything in one file; raises `TraceError`."""
        ...


OpenTracer = Callable[[], AbstractContextManager[Tracer]]
"""Makes the tracer of a worker process."""
