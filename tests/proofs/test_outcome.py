"""Outcomes, budgets and verdicts: no limit is overlooked, and nothing is proved without an accepting verdict."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.proofs import Attempt, Budget, Candidate, CheckResult, Finding, Outcome, Spend, Theorem, Verdict

ACCEPTED = Verdict(
    theorem="t",
    finding=Finding.ACCEPTED,
    level=4,
    reason="",
    checks={"compile": CheckResult.PASSED},
    axioms=("Coq.Reals.ax",),
    statement_digest="00",
)


def test_the_outcomes_are_those_of_the_design_and_none_is_folded() -> None:
    assert [outcome.value for outcome in Outcome] == [
        "proved",
        "refuted",
        "exhausted",
        "out_of_budget",
        "rejected",
        "abstained",
        "crashed",
        "unsupported",
    ]


@pytest.mark.parametrize("finding", [finding for finding in Finding if finding is not Finding.ACCEPTED])
def test_only_the_accepting_verdict_makes_an_attempt_proved(finding: Finding) -> None:
    verdict = replace(ACCEPTED, finding=finding)
    assert not verdict.accepted
    with pytest.raises(ValueError, match="without an accepting verdict"):
        Attempt("t", Outcome.PROVED, Spend(), ("auto",), verdict)
    assert Attempt("t", Outcome.REJECTED, Spend(), ("auto",), verdict).verdict is verdict


def test_an_attempt_is_proved_with_a_verdict_and_not_without() -> None:
    assert Attempt("t", Outcome.PROVED, Spend(), ("auto",), ACCEPTED).outcome is Outcome.PROVED
    with pytest.raises(ValueError, match="t: 'proved'"):
        Attempt("t", Outcome.PROVED, Spend(), ("auto",))


def test_a_verdict_is_written_as_one_json_object() -> None:
    record = json.loads(json.dumps(ACCEPTED.as_json()))
    assert next(iter(record)) == "accepted"
    assert record["accepted"] is True
    assert record["outcome"] == "accepted"
    assert record["checks"] == {"compile": "passed"}
    assert {"level", "axioms", "statement_digest", "reason"} <= set(record)
    assert "finding" not in record


LIMITS = ("seconds", "cpu_seconds", "expansions", "tactics")


@given(st.sampled_from(LIMITS), st.integers(1, 1000), st.integers(0, 2000))
def test_a_budget_names_the_limit_that_is_met(name: str, limit: int, spent: int) -> None:
    open_budget = Budget(seconds=math.inf)
    budget = replace(open_budget, **{name: limit})
    spend = replace(Spend(), **{name: spent})
    assert budget.exceeded(spend) == (name if spent >= limit else None)
    assert open_budget.exceeded(spend) is None


def test_the_first_limit_in_order_is_named() -> None:
    budget = Budget(seconds=1, expansions=1)
    assert budget.exceeded(Spend(seconds=2, expansions=2)) == "seconds"


@pytest.mark.parametrize("name", [*LIMITS, "tactic_seconds"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_a_budget_must_be_above_zero(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"budget {name}="):
        Budget(**{name: value})


def test_a_log_probability_is_at_most_zero() -> None:
    assert Candidate("auto", 0.0).logprob == 0.0
    with pytest.raises(ValueError, match="above 0"):
        Candidate("auto", 0.1)


def test_a_theorem_is_called_by_its_path_where_it_is_known() -> None:
    assert Theorem("t", "Lemma t : True.").full_name == "t"
    assert Theorem("t", "Lemma t : True.", path="M.t").full_name == "M.t"
