"""The gate refuses every cheat of the table for the right reason, and lets honest work through."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gate_case import Case
from gate_cases import ACCEPTED, REFUSED

from proofloom.proofs import CheckResult, Finding, Verdict

pytestmark = pytest.mark.rocq


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_refused(case: Case, judge: Callable[[Case], Verdict]) -> None:
    verdict = judge(case)
    failed = [name for name, result in verdict.checks.items() if result is CheckResult.FAILED]
    assert (verdict.finding, failed) == (case.finding, [case.check]), verdict.reason
    assert case.reason in verdict.reason
    assert not verdict.accepted
    assert verdict.level < 4


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.id)
def test_accepted(case: Case, judge: Callable[[Case], Verdict]) -> None:
    verdict = judge(case)
    assert verdict.finding is Finding.ACCEPTED, verdict.reason
    assert verdict.level == 4
    assert set(verdict.checks.values()) == {CheckResult.PASSED}


def test_every_case_of_the_catalogue_is_there() -> None:
    names = {case.id.split()[0] for case in (*REFUSED, *ACCEPTED)}
    assert {f"R-{number:02}" for number in range(38)} <= names
