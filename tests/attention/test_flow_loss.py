"""The loss: weights of layers, normalisers, bounds, and the sum by hand on the paper's example."""

from __future__ import annotations

from fractions import Fraction

import pytest
from figure import FIGURE, word_offsets
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from torch import Tensor

from proofloom.attention.flow import attend_by_class, forbidden_table
from proofloom.attention.flow_loss import FlowRecord, FlowSettings, Heads, Measure, Normaliser, flow_loss
from proofloom.hierarchy import FIVE_LEVELS, OUTSIDE, THREE_LEVELS, Level, example, levelled_text

DEPTH = 6


def read(settings: FlowSettings, levels: Tensor, *, scale: float = 1.0, heads: int = 2) -> FlowRecord:
    """A record of random causal attention, or of uniform attention with `scale` 0."""
    record = settings.record(DEPTH)
    for layer in record.layers:
        query, key, value = (torch.randn(levels.shape[0], heads, levels.shape[1], 8) for _ in range(3))
        _, masses = attend_by_class(query * scale, key, value, levels, record.classes, is_causal=True)
        record.keep(layer, masses, levels, heads)
    return record


def test_the_weights_are_those_of_the_paper() -> None:
    assert FlowSettings(layers=4).weights(DEPTH) == (0.75, 0.5, 0.25, 0.0, 0.0, 0.0)
    assert FlowSettings(layers=4, first=0).weights(DEPTH) == (1.0, 0.75, 0.5, 0.25, 0.0, 0.0)
    assert FlowSettings(layers=4, decay=False).weights(DEPTH) == (1.0, 1.0, 1.0, 1.0, 0.0, 0.0)
    assert FlowSettings(layers=None).weights(4) == FlowSettings(layers=4).weights(4)


@given(st.integers(2, 40))
def test_the_weights_sum_to_what_bounds_the_loss(layers: int) -> None:
    assert sum(FlowSettings(layers=layers).weights(40)) == pytest.approx((layers - 1) / 2)
    assert sum(FlowSettings(layers=layers, first=0).weights(40)) == pytest.approx((layers + 1) / 2)


def test_only_layers_that_weigh_something_are_read() -> None:
    assert FlowSettings(layers=4).record(DEPTH).layers == {0, 1, 2}
    assert FlowSettings(layers=4, first=0).record(DEPTH).layers == {0, 1, 2, 3}
    assert FlowSettings(strength=0).record(DEPTH).layers == frozenset()


@pytest.mark.parametrize("hierarchy", [FIVE_LEVELS, THREE_LEVELS, FIVE_LEVELS.reversed()], ids=lambda one: one.name)
def test_check_3_uniform_attention_on_the_figure_by_hand(hierarchy: object) -> None:
    # Tokens of each line: the marker, case closed, the declaration of alpha, three instances, goal; then the second.
    first = [(Level.CONTEXT, 1), (Level.CASE, 2), (Level.TYPE, 4), (Level.INSTANCE, 4 + 4 + 4), (Level.GOAL, 6)]
    second = [(Level.CASE, 2), (Level.TYPE, 4), (Level.INSTANCE, 12), (Level.GOAL, 6)]
    rows = [level for level, count in first + second for _ in range(count)]
    total = Fraction(0)
    for position, query in enumerate(rows):
        seen = sum(hierarchy.forbids(query, key) for key in rows[:position])
        total += Fraction(seen, position + 1)
    alphas = Fraction(3, 4) + Fraction(2, 4) + Fraction(1, 4)
    by_hand = float(alphas * total / len(rows))
    levelled = example(levelled_text(FIGURE), "exact hC.acc")
    levels = torch.tensor([levelled.token_levels(word_offsets(levelled.text))])
    assert [Level(level) for level in levels[0].tolist() if level != OUTSIDE] == rows
    settings_ = FlowSettings(layers=4, hierarchy=hierarchy)
    record = read(settings_, levels, scale=0.0)
    assert flow_loss(record, settings_, DEPTH).item() == pytest.approx(by_hand, rel=1e-5)
    assert by_hand > 0.05


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16), st.sampled_from([0, 1]), st.integers(2, DEPTH), st.booleans())
def test_the_loss_lies_within_its_bounds(seed: int, first: int, layers: int, steep: bool) -> None:
    torch.manual_seed(seed)
    levels = torch.randint(-1, 5, (3, 17))
    chosen = FlowSettings(layers=layers, first=first)
    loss = flow_loss(read(chosen, levels, scale=9.0 if steep else 0.3), chosen, DEPTH).item()
    assert 0 <= loss <= sum(chosen.weights(DEPTH)) + 1e-6


def test_the_loss_is_the_mean_over_examples_and_padding_changes_nothing() -> None:
    levels = torch.randint(0, 5, (2, 12))
    padded = torch.cat((levels, torch.full((2, 5), OUTSIDE)), 1)
    chosen = FlowSettings(layers=3)
    both = flow_loss(read(chosen, levels, scale=0.0), chosen, DEPTH)
    single = [flow_loss(read(chosen, levels[i : i + 1], scale=0.0), chosen, DEPTH) for i in range(2)]
    torch.testing.assert_close(both, sum(single) / 2)
    torch.testing.assert_close(both, flow_loss(read(chosen, padded, scale=0.0), chosen, DEPTH))


def test_switches_scale_the_loss_as_they_say() -> None:
    levels = torch.tensor([[4, 3, 2, 1, 0, -1, -1, -1]])
    plain = FlowSettings(layers=3)
    record = read(plain, levels, heads=4)
    loss = flow_loss(record, plain, DEPTH).item()
    present = torch.tensor([[1, 1, 1, 1, 1, 1, 1, 0]])
    every = FlowSettings(layers=3, normaliser=Normaliser.ALL)
    assert flow_loss(record, FlowSettings(layers=3, heads=Heads.SUM), DEPTH).item() == pytest.approx(4 * loss)
    assert flow_loss(record, every, DEPTH, attention_mask=present).item() == pytest.approx(loss * 5 / 7)
    pairs = FlowSettings(layers=3, normaliser=Normaliser.PAIRS)
    assert flow_loss(record, pairs, DEPTH).item() == pytest.approx(loss * 5 / 15)
    with pytest.raises(ValueError, match="attention_mask None"):
        flow_loss(record, every, DEPTH)


def test_an_example_without_levels_counts_as_nothing() -> None:
    chosen = FlowSettings(layers=2, first=0)
    outside = torch.full((1, 6), OUTSIDE)
    assert flow_loss(read(chosen, outside), chosen, DEPTH).item() == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"strength": -0.1}, "strength=-0.1"),
        ({"strength": float("inf")}, "strength=inf"),
        ({"layers": 0}, "layers=0"),
        ({"first": 2}, "first=2"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FlowSettings(**fields)


@pytest.mark.parametrize(("layers", "depth"), [(1, DEPTH), (None, 1)])
def test_a_loss_in_which_no_layer_weighs_anything_is_refused(layers: int | None, depth: int) -> None:
    with pytest.raises(ValueError, match="layers=1: the last constrained layer weighs nothing"):
        FlowSettings(layers=layers).record(depth)
    assert FlowSettings(layers=layers, first=0).record(depth).layers == {0}
    assert FlowSettings(layers=layers, strength=0).record(depth).layers == frozenset()


def test_more_constrained_layers_than_layers_are_refused() -> None:
    with pytest.raises(ValueError, match="layers=7: wanted at most 6"):
        FlowSettings(layers=7).record(DEPTH)


def test_what_was_not_read_is_named() -> None:
    chosen = FlowSettings(layers=3)
    with pytest.raises(ValueError, match="nothing was read"):
        flow_loss(chosen.record(DEPTH), chosen, DEPTH)
    record = FlowRecord([0, 3])
    record.keep(3, torch.zeros(1, 2, 5), torch.zeros(1, 2, dtype=torch.long), 2)
    with pytest.raises(ValueError, match=r"layer 0 was not read: this pass read layers \[3\] of \[0, 3\]"):
        record.masses(0)


def test_the_table_is_the_hierarchy() -> None:
    assert torch.equal(forbidden_table(), torch.ones(5, 5).triu(1))
    assert torch.equal(forbidden_table(FIVE_LEVELS.reversed()), torch.ones(5, 5).tril(-1))


def test_a_word_is_as_good_as_its_value_and_an_unknown_one_is_refused() -> None:
    settings = FlowSettings(heads="sum", normaliser="pairs", measure="scores")  # type: ignore[arg-type]
    assert settings == FlowSettings(heads=Heads.SUM, normaliser=Normaliser.PAIRS, measure=Measure.SCORES)
    assert settings.heads is Heads.SUM
    assert FlowRecord([0], measure="scores").measure is Measure.SCORES  # type: ignore[arg-type]
    for name in ("heads", "normaliser", "measure"):
        with pytest.raises(ValueError, match="'banana' is not a valid"):
            FlowSettings(**{name: "banana"})
