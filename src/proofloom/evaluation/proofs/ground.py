"""Where a contest takes place: one installed assistant with its files, its gate and its way to write a script.

The contest itself knows no assistant; what puts a run together hands the ground in.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from proofloom.assistants.session import Assistant
from proofloom.evaluation.proofs.problems import HoleSource
from proofloom.policies.dialect import Dialect
from proofloom.proofs import Verdict
from proofloom.retrieval.situation import Reading


class Gate(Protocol):
    """The gate, as this package sees it."""

    def check(self, reference: bytes, candidate: bytes, theorem: str, settings: Any) -> Verdict:
        """The verdict on `theorem` (its path in the file) of `candidate` against the statement in `reference`."""
        ...

    def close(self) -> None:
        """Remove what was compiled; harmless twice."""
        ...


class Ground(Protocol):
    """One assistant; a worker process can be given it."""

    @property
    def reading(self) -> Reading:
        """How its sources are read by a library."""
        ...

    @property
    def dialect(self) -> Dialect:
        """The words that its policies need."""
        ...

    def read(self, file: Path) -> HoleSource:
        """A file with holes; raises `AssistantError`."""
        ...

    def settings(self, file: Path) -> Any:
        """How a file is compiled; raises `AssistantError`."""
        ...

    def module_name(self, file: Path) -> str:
        """What a library calls a file."""
        ...

    def assistant(self) -> AbstractContextManager[Assistant]:
        """Sessions; closed at the end."""
        ...

    def gate(self, axioms: Sequence[str]) -> Gate:
        """The gate, to be closed by the caller."""
        ...

    def plain(self, tactics: Sequence[str]) -> str:
        """The script of some tactics."""
        ...
