"""What the library gives back: the traced records with the numbers under which they are stored.

Each entry carries the numbers of what it belongs to, so that callers can join them in memory without asking again.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

from proofloom.corpus.records import Repository


@dataclass(frozen=True, slots=True)
class RepositoryEntry:
    """A repository and its number."""

    id: int
    repository: Repository


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file without its content; `imports` are its direct imports by logical name."""

    id: int
    repository_id: int
    logical_name: str
    path: str
    digest: str
    imports: tuple[str, ...]
    extra: str = ""


@dataclass(frozen=True, slots=True)
class TheoremEntry:
    """A theorem without its steps; `identity_id` is the same for the same theorem at other commits.

    `difficulty` is e^S for S steps, None where there is no proof (`admitted`) or no step; `proved_by` are those whose
    proof of it is in the library, `source` for the one in its file.
    """

    id: int
    file_id: int
    identity_id: int
    full_name: str
    statement: str
    kind: str
    start: int
    line: int
    ending: str
    admitted: bool
    human_tactics: int
    difficulty: float | None
    proved_by: tuple[str, ...]
    extra: str = ""


@dataclass(frozen=True, slots=True)
class StepEntry:
    """A step of a proof of a theorem; `position` counts from 0 within the proof, `by` says whose proof it is."""

    id: int
    theorem_id: int
    position: int
    state_before: str
    tactic: str
    state_after: str
    premises: tuple[str, ...]
    cut: bool
    goals: int
    by: str
    extra: str = ""


@dataclass(frozen=True, slots=True)
class PremiseEntry:
    """A premise and the file that defines it."""

    id: int
    file_id: int
    full_name: str
    statement: str
    kind: str
    start: int
    extra: str = ""


@dataclass(frozen=True, slots=True)
class ProofEntry:
    """A proof that the library holds of a theorem, perhaps at another commit (`theorem_id` is then another, or None).

    `found` is the attempt with its verdict as a JSON object; None for a proof from the source.
    """

    id: int
    theorem_id: int | None
    by: str
    found_on: date | None
    found: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class SplitEntry:
    """A split without its members; `settings` remake it, `report` counts its parts and what was removed and why."""

    id: int
    name: str
    version: int
    kind: str
    digest: str
    made_on: date
    settings: dict[str, Any]
    report: dict[str, Any]


def difficulty(steps: int, admitted: bool) -> float | None:
    """e^S of a proof of S steps (LeanAgent's measure), at most the largest float; None without a proof or steps."""
    if admitted or steps == 0:
        return None
    return math.exp(steps) if steps < 709 else sys.float_info.max
