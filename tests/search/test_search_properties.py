"""What every search must satisfy, on random games whose truth is known."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from toy_games import Game, games, play, replays

from proofloom.proofs import Outcome, ProofState
from proofloom.search.frontier import Order
from proofloom.search.strategies import Ask, BestFirstConfig, SinglePassConfig, Strategy, StrategyFactory, Try

DEPTH = 6
configs = st.builds(
    BestFirstConfig,
    depth=st.just(DEPTH),
    order=st.sampled_from(Order),
    lazy=st.booleans(),
    dominate=st.booleans(),
    forget=st.booleans(),
    length_power=st.sampled_from([0.0, 0.5, 1.0]),
)
single_pass = st.builds(
    SinglePassConfig, depth=st.just(DEPTH), trajectories=st.integers(1, 60), seed=st.integers(0, 10)
)


@settings(max_examples=200, deadline=None)
@given(games(), configs)
def test_best_first_finds_a_proof_exactly_if_there_is_one_within_the_depth(game: Game, config: BestFirstConfig) -> None:
    result, _ = play(game, config.start)
    assert (result.outcome is Outcome.PROVED) == (game.size <= DEPTH)


@settings(max_examples=100, deadline=None)
@given(games(), st.one_of(configs, single_pass))
def test_exhausted_is_said_only_of_what_has_no_proof(game: Game, config: BestFirstConfig | SinglePassConfig) -> None:
    result, _ = play(game, config.start)
    if result.outcome is Outcome.EXHAUSTED:
        assert game.size == float("inf")


@settings(max_examples=100, deadline=None)
@given(games(), st.one_of(configs, single_pass))
def test_every_proof_found_replays(game: Game, config: BestFirstConfig | SinglePassConfig) -> None:
    result, _ = play(game, config.start)
    if result.proof is not None:
        assert replays(game, result.proof)


@settings(max_examples=100, deadline=None)
@given(games(), st.one_of(configs, single_pass))
def test_nothing_is_paid_twice(game: Game, config: BestFirstConfig | SinglePassConfig) -> None:
    result, assistant = play(game, config.start)
    assert len(set(assistant.applied)) == len(assistant.applied) == result.spend.tactics


@settings(max_examples=100, deadline=None)
@given(games(), st.booleans())
def test_domination_never_expands_more_of_what_cannot_be_proved(game: Game, forget: bool) -> None:
    spends = []
    for dominate in (True, False):
        result, _ = play(game, BestFirstConfig(depth=DEPTH, dominate=dominate, forget=forget).start)
        spends.append(result.spend.expansions)
    if game.size > DEPTH:
        assert spends[0] <= spends[1]


@settings(max_examples=60, deadline=None)
@given(games(), st.one_of(configs, single_pass))
def test_the_same_replies_give_the_same_search(game: Game, config: BestFirstConfig | SinglePassConfig) -> None:
    first, one = play(game, config.start)
    second, other = play(game, config.start)
    assert one.applied == other.applied
    assert (first.outcome, first.proof) == (second.outcome, second.proof)


@settings(max_examples=60, deadline=None)
@given(games(), st.one_of(configs, single_pass))
def test_a_search_is_replayed_from_its_log_without_an_assistant(
    game: Game, config: BestFirstConfig | SinglePassConfig
) -> None:
    recorder = Recorder(config.start)
    play(game, recorder.start)
    strategy = config.start(recorder.root)
    for request, reply in recorder.log:
        mine = strategy.next()
        assert isinstance(mine, Ask | Try)
        assert mine.node.number == request.node.number
        if isinstance(mine, Ask):
            strategy.suggested(mine, reply)
        else:
            assert isinstance(request, Try) and mine.candidate == request.candidate
            strategy.observe(mine, reply)
    assert shape(strategy) == shape(recorder.strategy)


def shape(strategy: Strategy) -> list[tuple]:
    """All that a search can tell of its tree, but for what the gate said."""
    return [
        (n.state, n.score, n.depth, list(n.tried), [e.child.number for e in n.children]) for n in strategy.tree.nodes
    ]


class Recorder:
    """A strategy that writes down every request with its reply."""

    def __init__(self, start: StrategyFactory) -> None:
        self._start = start
        self.log: list[tuple] = []

    def start(self, root: ProofState) -> Recorder:
        self.root, self.strategy = root, self._start(root)
        self.tree, self.next, self.limit = self.strategy.tree, self.strategy.next, self.strategy.limit
        return self

    def suggested(self, ask: Ask, candidates: list) -> None:
        self.log.append((ask, candidates))
        self.strategy.suggested(ask, candidates)

    def observe(self, trial: Try, result: object) -> None:
        self.log.append((trial, result))
        self.strategy.observe(trial, result)
