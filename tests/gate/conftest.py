"""One gate for all tests of a worker, so that references are compiled once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from gate_case import LIMITS, Case

from proofloom.assistants.gate import RocqGate
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.proofs import Verdict


@pytest.fixture(scope="session")
def toolchain() -> RocqToolchain:
    return find_toolchain()


@pytest.fixture(scope="session")
def judge(toolchain: RocqToolchain) -> Iterator[Callable[[Case], Verdict]]:
    """Checks a case with the gate that has the axioms it asks for."""
    gates: dict[tuple[str, ...], RocqGate] = {}

    def check(case: Case) -> Verdict:
        gate = gates.setdefault(case.axioms, RocqGate(toolchain, axioms=case.axioms, limits=LIMITS))
        settings = FileSettings("Gated", case.options)
        return gate.check(case.reference.encode(), case.candidate.encode(), case.theorem, settings)

    yield check
    for gate in gates.values():
        gate.close()
