"""Learned levels: the table is an expectation, starts at the parser's, and moves where the attention insists."""

from __future__ import annotations

from itertools import product

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.attention.flow import flow_attention, forbidden_table
from proofloom.attention.flow_reference import flow_attention_reference
from proofloom.attention.learned_levels import LearnedLevels
from proofloom.hierarchy import KIND_LEVELS, Kind, Level


def scattered(classes: int) -> LearnedLevels:
    learned = LearnedLevels(KIND_LEVELS[:classes])
    with torch.no_grad():
        learned.logits.normal_()
    return learned


def test_certain_levels_are_the_fixed_hierarchy() -> None:
    learned = LearnedLevels(certainty=1 - 1e-7)
    levels = [int(level) for level in KIND_LEVELS]
    torch.testing.assert_close(learned.forbidden(), forbidden_table()[levels][:, levels], atol=1e-5, rtol=0)
    assert learned.levels() == list(KIND_LEVELS)
    assert learned.divergence().item() == pytest.approx(0, abs=1e-6)


def test_the_mass_is_the_expectation_over_levels_of_classes() -> None:
    learned = scattered(3)
    query, key, value = (torch.randn(1, 2, 9, 8) for _ in range(3))
    classes = torch.tensor([[0, 1, 2, 1, 0, -1, 2, 2, 0]])
    expected = torch.zeros(1, 9)
    for drawn in product(Level, repeat=3):
        chance = torch.stack([learned.distribution()[c, level] for c, level in enumerate(drawn)]).prod()
        levels = torch.tensor([*map(int, drawn), -1])[classes]
        _, violation = flow_attention_reference(query, key, value, levels, levels, is_causal=True)
        expected = expected + chance * violation
    _, ours = flow_attention(query, key, value, classes, classes, forbidden=learned.forbidden(), is_causal=True)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


def test_the_gradient_reaches_queries_and_levels() -> None:
    learned = scattered(8)
    inputs = [torch.randn(1, 2, 12, 8, requires_grad=True) for _ in range(3)]
    classes = torch.randint(0, 8, (1, 12))
    results = []
    for attend in (flow_attention, flow_attention_reference):
        _, violation = attend(*inputs, classes, classes, forbidden=learned.forbidden(), is_causal=True)
        results.append(torch.autograd.grad(violation.sum(), [learned.logits, *inputs[:2]]))
    for ours, plain in zip(*results, strict=True):
        assert ours.any()
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("anchor", "moves"), [(0.02, True), (50.0, False)])
def test_a_class_moves_where_the_attention_insists_and_the_anchor_allows(anchor: float, moves: bool) -> None:
    learned = LearnedLevels()
    # Variables that look at facts are fine; universes that look at variables, and nothing else, are forbidden.
    masses = torch.zeros(8, 8)
    masses[Kind.UNIVERSE, Kind.VARIABLE] = 1
    optimiser = torch.optim.Adam(learned.parameters(), lr=0.05)
    for _ in range(150):
        loss = (masses * learned.forbidden()).sum() / 8 + anchor * learned.divergence()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    levels = learned.levels()
    assert (levels[Kind.VARIABLE] <= levels[Kind.UNIVERSE]) is moves
    assert levels[Kind.FACT] is Level.INSTANCE
    assert levels[Kind.CONCLUSION] is Level.GOAL


@pytest.mark.parametrize("certainty", [0.2, 1.0])
def test_a_certainty_that_says_nothing_is_refused(certainty: float) -> None:
    with pytest.raises(ValueError, match="certainty="):
        LearnedLevels(certainty=certainty)
