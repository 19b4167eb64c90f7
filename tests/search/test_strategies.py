"""Best-first and single-pass strategies, where the properties say too little."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy_games import Game, TablePolicy, play

from proofloom.proofs import Budget, Outcome
from proofloom.search.frontier import Order
from proofloom.search.strategies import BestFirstConfig, SinglePassConfig


def game(rules: dict[str, dict[str, list[str]]], **moves: dict[str, float]) -> Game:
    default = {goal: dict.fromkeys(tactics, -1.0) for goal, tactics in rules.items()}
    return Game(rules, TablePolicy({**default, **moves}))


def hard_first(first: float, second: float, go: float) -> Game:
    """A conjunction whose first goal is hard to solve, beside a detour of ten steps that leads nowhere."""
    detour = {f"d{i}": {"on": [f"d{i + 1}"]} for i in range(9)}
    return game(
        {
            "g0": {"split": ["hard", "easy"], "detour": ["d0"]},
            "hard": {"grind": ["hard1"]},
            "hard1": {"grind": []},
            "easy": {"go": []},
            **detour,
            "d9": {},
        },
        g0={"split": -1.0, "detour": -2.0},
        hard={"grind": first},
        hard1={"grind": second},
        easy={"go": go},
        **{goal: {"on": -0.5} for goal in detour},
    )


@pytest.mark.parametrize(
    ("lazy", "played"), [(True, hard_first(-3.0, -0.1, -3.0)), (False, hard_first(-3.0, -3.0, -0.1))]
)
def test_a_solved_goal_is_not_held_against_the_rest(lazy: bool, played: Game) -> None:
    """What is left of the conjunction comes after the whole detour only if the price of the first goal is kept."""
    remembered, one = play(played, BestFirstConfig(forget=False, lazy=lazy).start)
    forgotten, other = play(played, BestFirstConfig(forget=True, lazy=lazy).start)
    assert remembered.proof == forgotten.proof == ("split", "grind", "grind", "go")
    assert one.applied.index(("⊢ d8", "on")) < one.applied.index(("⊢ easy", "go"))
    assert other.applied[-1] == ("⊢ easy", "go") and ("⊢ d8", "on") not in other.applied


def test_lazily_an_unlikely_candidate_waits_for_better_ones_elsewhere() -> None:
    wide = game(
        {"g0": {"go": ["g1"], **{f"no{i}": ["g0"] for i in range(20)}}, "g1": {"go": []}},
        g0={"go": -0.1, **{f"no{i}": -5.0 for i in range(20)}},
    )
    lazy, _ = play(wide, BestFirstConfig(lazy=True).start)
    eager, _ = play(wide, BestFirstConfig(lazy=False).start)
    assert lazy.proof == eager.proof == ("go", "go")
    assert (lazy.spend.tactics, eager.spend.tactics) == (2, 22)


def test_length_normalisation_lets_deep_paths_rise() -> None:
    deep = game(
        {
            "g0": {"chain": ["c0"], **{f"w{i}": [f"leaf{i}"] for i in range(5)}},
            **{f"c{i}": {"on": [f"c{i + 1}"]} for i in range(4)},
            "c4": {"on": []},
            **{f"leaf{i}": {"no": [f"leaf{i}x"]} for i in range(5)},
        },
        g0={"chain": -1.0, **{f"w{i}": -1.5 for i in range(5)}},
    )
    plain, _ = play(deep, BestFirstConfig(lazy=False).start)
    normalised, _ = play(deep, BestFirstConfig(order=Order.LENGTH_NORMALISED, lazy=False).start)
    assert plain.proof == normalised.proof
    assert normalised.spend.expansions < plain.spend.expansions


def test_no_more_candidates_than_configured_are_run() -> None:
    wide = game({"g0": {f"t{i}": ["g0"] for i in range(9)}})
    result, assistant = play(wide, BestFirstConfig(candidates=4, widenings=0).start)
    assert len(assistant.applied) == 4
    assert "with 4 candidates a state; raise strategy.candidates" in result.reason


@pytest.mark.parametrize("lazy", [True, False])
def test_when_nothing_is_left_every_state_is_asked_for_more(lazy: bool) -> None:
    """The proof needs the third candidate of a state that has failed, behind the first of the root."""
    buried = game(
        {
            "g0": {"go": ["g1"], "no": ["g0"]},
            "g1": {"no": ["dead"], "never": ["dead"], "go": ["g2"]},
            "dead": {"no": ["dead"]},
            "g2": {"go": []},
        },
        g1={"no": -1.0, "never": -2.0, "go": -3.0},
    )
    config = BestFirstConfig(candidates=1, lazy=lazy, widenings=0)
    assert play(buried, config.start)[0].outcome is Outcome.EXHAUSTED
    result, assistant = play(buried, replace(config, widenings=1).start)
    assert result.proof == ("go", "go", "go")
    assert len(assistant.applied) == len(set(assistant.applied))  # nothing is run twice
    narrow, _ = play(game({"g0": {"no": ["g0"]}}), replace(config, widenings=2).start)
    assert (narrow.outcome, narrow.spend.tactics, narrow.spend.expansions) == (Outcome.EXHAUSTED, 1, 3)


def test_single_pass_does_not_go_back() -> None:
    """One trajectory that takes the first step of a dead end stays there; a second one may do better."""
    trap = game({"g0": {"wrong": ["dead"], "right": ["goal"]}, "dead": {}, "goal": {"go": []}})
    outcomes = {seed: play(trap, SinglePassConfig(trajectories=1, seed=seed).start)[0].outcome for seed in range(20)}
    assert set(outcomes.values()) == {Outcome.PROVED, Outcome.OUT_OF_BUDGET}
    assert all(play(trap, SinglePassConfig(seed=seed).start)[0].outcome is Outcome.PROVED for seed in range(20))


def test_single_pass_does_not_go_where_nothing_is_left() -> None:
    trap = game({"g0": {"wrong": ["dead"], "right": ["goal"]}, "dead": {}, "goal": {"go": []}})
    for seed in range(20):
        result, _ = play(trap, SinglePassConfig(trajectories=2, seed=seed).start)
        assert result.outcome is Outcome.PROVED


def test_single_pass_samples_by_probability() -> None:
    """With probabilities 0.9 and 0.1 the first step is the likelier one in nine of ten seeds, give or take."""
    coin = game(
        {"g0": {"often": ["a"], "seldom": ["b"]}, "a": {}, "b": {}}, g0={"often": -0.10536, "seldom": -2.302585}
    )
    firsts = [play(coin, SinglePassConfig(trajectories=1, seed=seed).start)[1].applied[0][1] for seed in range(400)]
    assert 330 <= firsts.count("often") <= 385


def test_single_pass_seed_decides() -> None:
    wide = game({"g0": {f"t{i}": [] if i == 7 else ["g0"] for i in range(9)}})
    runs = [tuple(play(wide, SinglePassConfig(seed=seed).start)[1].applied) for seed in (1, 1, 2, 3, 4)]
    assert runs[0] == runs[1]
    assert len(set(runs)) > 1


def test_single_pass_ends_in_a_game_of_circles() -> None:
    circle = game({"g0": {"on": ["a"]}, "a": {"on": ["b"], "back": ["g0"]}, "b": {"on": ["g0"]}})
    result, assistant = play(circle, SinglePassConfig().start)
    assert result.outcome is Outcome.EXHAUSTED
    assert len(assistant.applied) == 4


def test_single_pass_trajectories_share_the_budget() -> None:
    endless = game({f"g{i}": {"on": [f"g{i + 1}"], "other": [f"g{i + 2}"]} for i in range(60)})
    result, _ = play(endless, SinglePassConfig(depth=20).start, Budget(seconds=1e9, tactics=25))
    assert result.spend.tactics == 25
    assert "budget.tactics" in result.reason


@pytest.mark.parametrize(
    ("config", "arguments", "message"),
    [
        (BestFirstConfig, {"candidates": 0}, "candidates=0: wanted at least 1"),
        (BestFirstConfig, {"depth": -1}, "depth=-1: wanted at least 1"),
        (BestFirstConfig, {"length_power": 3.0}, "length_power=3.0: wanted a number from 0 to 2"),
        (SinglePassConfig, {"trajectories": 0}, "trajectories=0: wanted at least 1"),
        (SinglePassConfig, {"seed": -1}, "seed=-1: wanted at least 0"),
    ],
)
def test_configurations_check_themselves(config, arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**arguments)
