"""Roll-outs: drawn by probability, ended by a refusal, each independent of how many follow."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_games import Game, TablePolicy, games, play, replays

from proofloom.assistants.doubles.fake import FakeAssistant
from proofloom.proofs import Budget, Outcome
from proofloom.search.rollouts import Rollouts, RolloutsConfig


@given(games(), st.integers(1, 20), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_a_proof_is_one_and_more_rollouts_find_no_less(game: Game, rollouts: int, seed: int) -> None:
    found, _ = play(game, RolloutsConfig(rollouts, depth=6, seed=seed).start)
    more, _ = play(game, RolloutsConfig(rollouts + 5, depth=6, seed=seed).start)
    assert found.outcome in (Outcome.PROVED, Outcome.OUT_OF_BUDGET)
    if found.outcome is Outcome.PROVED:
        assert more.proof == found.proof
        assert replays(game, found.proof or ())
        assert game.size < math.inf


def started(game: Game, rollouts: int, seed: int) -> tuple[bool, int]:
    """Whether there is a proof, and how many roll-outs were begun."""
    made: list[Rollouts] = []

    def start(root):  # type: ignore[no-untyped-def]
        made.append(RolloutsConfig(rollouts, seed=seed).start(root))
        return made[-1]

    found, _ = play(game, start)
    return found.outcome is Outcome.PROVED, made[-1].started


def test_the_share_of_single_rollouts_that_prove_is_the_product_of_the_probabilities() -> None:
    """Two steps, right with 0.8 and 0.5; candidates need not sum to 1."""
    rules = {"g0": {"right": ["g1"]}, "g1": {"right": []}}
    moves = {"g0": {"right": math.log(0.4), "wrong": math.log(0.1)}, "g1": {"right": -1.0, "wrong": -1.0}}
    game = Game(rules, TablePolicy(moves))
    proved = sum(started(game, 1, seed)[0] for seed in range(600))
    assert proved / 600 == pytest.approx(0.4, abs=0.06)


def test_the_number_of_the_rollout_tells_pass_at_every_k() -> None:
    rules = {"g0": {"right": []}}
    game = Game(rules, TablePolicy({"g0": {"right": math.log(0.2), "wrong": math.log(0.8)}}))
    for seed in range(8):
        proved, first = started(game, 40, seed)
        assert proved
        assert started(game, first, seed) == (True, first)
        if first > 1:
            assert started(game, first - 1, seed) == (False, first - 1)


def test_what_was_run_is_not_run_again_and_a_circle_ends() -> None:
    rules = {"g0": {"round": ["g1"]}, "g1": {"back": ["g0"]}}
    assistant = FakeAssistant(rules)
    game = Game(rules, TablePolicy({"g0": {"round": -0.1}, "g1": {"back": -0.1}}))
    found, _ = play(game, RolloutsConfig(50, depth=9).start, Budget(seconds=60), assistant)
    assert found.outcome is Outcome.OUT_OF_BUDGET
    assert found.reason == "50 trajectories were sampled; raise strategy.trajectories"
    assert (found.spend.tactics, found.spend.expansions) == (2, 2)


def test_a_policy_without_an_answer_ends_every_rollout() -> None:
    found, _ = play(Game({"g0": {}}, TablePolicy({"g0": {}})), RolloutsConfig(3).start)
    assert (found.outcome, found.spend.expansions) == (Outcome.OUT_OF_BUDGET, 1)


def test_bad_settings_are_named() -> None:
    with pytest.raises(ValueError, match="strategy rollouts=0: wanted at least 1"):
        RolloutsConfig(0)
