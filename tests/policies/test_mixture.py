"""Mixtures: probabilities add up, order and names."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.policies.mixture import MixturePolicy
from proofloom.policies.policy import Query
from proofloom.policies.replay import ReplayPolicy
from proofloom.proofs import Candidate, Goal, ProofState, Theorem

QUERY = Query(ProofState((Goal((), "a"),)), Theorem("t", "a"))


def part(**probabilities: float) -> ReplayPolicy:
    return ReplayPolicy({"⊢ a": [Candidate(tactic, math.log(p)) for tactic, p in probabilities.items()]})


def mixed(*parts: tuple[ReplayPolicy, float], n: int = 9) -> dict[str, float]:
    (answer,) = MixturePolicy(parts).suggest([QUERY], n)
    return {candidate.tactic: math.exp(candidate.logprob) for candidate in answer}


def test_what_both_propose_adds_up() -> None:
    mixture = mixed((part(x=0.5, y=0.5), 0.75), (part(y=0.8, z=0.2), 0.25))
    assert mixture == pytest.approx({"y": 0.575, "x": 0.375, "z": 0.05})
    assert list(mixture) == ["y", "x", "z"]


def test_only_the_best_are_kept_after_merging() -> None:
    assert list(mixed((part(x=0.6, y=0.4), 1.0), (part(y=0.6, z=0.4), 1.0), n=1)) == ["x"]
    assert list(mixed((part(x=0.6, y=0.4), 1.0), (part(y=0.6, z=0.4), 1.0), n=2)) == ["y", "x"]


def test_one_part_is_itself() -> None:
    assert mixed((part(x=0.7, y=0.3), 1.0)) == pytest.approx({"x": 0.7, "y": 0.3})


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(-50, 0)), min_size=1, max_size=6))
def test_a_probability_never_exceeds_one(parts: list[tuple[float, float]]) -> None:
    policies = [(ReplayPolicy({"⊢ a": [Candidate("x", logprob)]}), weight) for weight, logprob in parts]
    (answer,) = MixturePolicy(policies).suggest([QUERY], 3)
    expected = sum(weight * math.exp(logprob) for weight, logprob in parts)
    assert math.exp(answer[0].logprob) == pytest.approx(min(1.0, expected))


def test_a_certain_impossibility_stays_one() -> None:
    impossible = ReplayPolicy({"⊢ a": [Candidate("x", -math.inf)]})
    assert mixed((impossible, 1.0), (impossible, 1.0)) == {"x": 0.0}


def test_a_mixture_has_the_name_that_it_is_given_or_those_of_its_parts() -> None:
    assert MixturePolicy([(part(x=1.0), 1.0)], "2*replay").name == "2*replay"
    assert MixturePolicy([(part(x=1.0), 1.0), (part(y=1.0), 1.0)]).name == "replay+replay"


@pytest.mark.parametrize("weight", [0.0, -1.0, math.inf, math.nan])
def test_weights_are_checked(weight: float) -> None:
    with pytest.raises(ValueError, match="mixture weight of replay"):
        MixturePolicy([(part(x=1.0), weight)])


def test_a_mixture_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one policy"):
        MixturePolicy([])
