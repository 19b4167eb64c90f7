"""What a case of the table is, the short forms in which the tables write one, and the limits that all are run in."""

from __future__ import annotations

from dataclasses import dataclass

from proofloom.assistants.gate import GateLimits
from proofloom.proofs import Finding

LIMITS = GateLimits(seconds=100, cpu_seconds=60, memory_mib=4096, file_mib=64, output_mib=16)
FALSE = "Lemma t : 1 = 2. Admitted.\n"
HURKENS = "From Coq Require Import Hurkens.\n"
PARADOX = "TypeNeqSmallType.paradox Type eq_refl"


@dataclass(frozen=True)
class Case:
    """One candidate.  `check` is the one that refuses it; None with `Finding.ACCEPTED`."""

    id: str
    candidate: str
    finding: Finding
    check: str | None
    reference: str = FALSE
    theorem: str = "t"
    options: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    reason: str = ""


def incomplete(id: str, candidate: str, check: str = "assumptions", **more: str) -> Case:
    return Case(id, candidate, Finding.INCOMPLETE, check, **more)


def axiom(id: str, candidate: str, **more: str) -> Case:
    return Case(id, candidate, Finding.FORBIDDEN_AXIOM, "assumptions", **more)


def command(id: str, candidate: str, **more: str) -> Case:
    return Case(id, candidate, Finding.FORBIDDEN_COMMAND, "commands", **more)


def wrong(id: str, candidate: str, check: str = "statement", **more: str) -> Case:
    return Case(id, candidate, Finding.WRONG_STATEMENT, check, **more)


def checker(id: str, candidate: str, **more: str) -> Case:
    return Case(id, candidate, Finding.CHECKER_REFUSED, "checker", **more)


def accepted(id: str, reference: str, candidate: str, theorem: str = "t", axioms: tuple[str, ...] = ()) -> Case:
    return Case(id, candidate, Finding.ACCEPTED, None, reference, theorem, axioms=axioms)
