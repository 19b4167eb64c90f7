"""Attention flows: numbers by hand, what must hold for every attention, and agreement with the matrix of a model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.evaluation.attention_flows import (
    Flow,
    Keys,
    attention_flows,
    flow_table,
    flow_types,
    level_shares,
    mean_shares,
    token_attention,
)
from proofloom.hierarchy import OUTSIDE, Level, levelled_text
from proofloom.models.prompt import Prompt, prompts

DEPTH = 3
STATES = [
    "case inl\nA : Type\nx y : A\nH : x = y\n⊢ y = x\n\ncase inr\nB : Type\nb : B\n⊢ b = b",
    "n : nat\nT : Type\n⊢ n + 0 = n",
    "⊢ True",
]
GUIDED, UNRESTRICTED, LIMITED = range(3)


@pytest.fixture(scope="module")
def model_and_prompts() -> tuple[Any, list[Prompt]]:
    """A random model whose attention is far from flat, and prompts of three states; it attends plainly."""
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    from proofloom.models.neox import Size, build_model
    from proofloom.models.tokenizer import train_tokenizer

    tokenizer = train_tokenizer(STATES, 280)
    model = build_model(Size(DEPTH, 32, 4, 280), tokenizer, seed=1).eval()
    with torch.no_grad():
        for layer in model.gpt_neox.layers:
            layer.attention.query_key_value.weight.mul_(20)
    return model, prompts(tokenizer, [levelled_text(state) for state in STATES], 200)


def matrix(model: Any, prompt: Prompt) -> np.ndarray[Any, Any]:
    """(L, T, T): the mean over heads of what the model's own plain code attends to."""
    import torch

    model.set_attn_implementation("eager")
    with torch.no_grad():
        attentions = model(torch.tensor([prompt.tokens]), output_attentions=True).attentions
    return torch.stack([one[0].mean(0) for one in attentions]).double().numpy()


def shares_by_hand(attention: np.ndarray[Any, Any], levels: list[int], first: int) -> np.ndarray[Any, Any]:
    """(L, 5, 5) by the definition, token by token; keys before `first` do not count."""
    wanted = np.full((len(attention), 5, 5), np.nan)
    keys = [j for j, level in enumerate(levels) if level != OUTSIDE and j >= first]
    for layer, rows in enumerate(attention):
        for level in Level:
            found = []
            for i, query in enumerate(levels):
                total = sum(rows[i, j] for j in keys)
                if query == level and total > 0:
                    found.append([sum(rows[i, j] for j in keys if levels[j] == key) / total for key in Level])
            if found:
                wanted[layer, level] = np.mean(found, 0)
    return wanted


def test_the_shares_are_those_of_the_matrix(model_and_prompts: Any) -> None:
    from proofloom.attention.interface import use_flow_attention

    model, asked = model_and_prompts
    matrices = [matrix(model, prompt) for prompt in asked]
    use_flow_attention(model)
    found = attention_flows(model, asked)
    for number, (prompt, attention) in enumerate(zip(asked, matrices, strict=True)):
        assert attention[1:].max() > 0.5  # not flat
        for keys, first in ((Keys.ALL, 0), (Keys.REST, 1)):
            wanted = shares_by_hand(attention, prompt.levels, first)
            np.testing.assert_allclose(found[keys][number], wanted, atol=2e-5)
        np.testing.assert_allclose(token_attention(model, prompt), attention, atol=2e-6)
    assert found[Keys.ALL].shape == (len(STATES), DEPTH, 5, 5)
    table = flow_table(found[Keys.ALL], [[0, 1], [2]])
    by_layer = flow_types(np.nanmean(found[Keys.ALL], 0))
    np.testing.assert_allclose(table, [(by_layer[0] + by_layer[1]) / 2, by_layer[2]])
    assert table[0, Level.CASE, LIMITED] > 0.01  # the second goal reads the first one's conclusion
    assert (table[:, Level.GOAL, LIMITED] == 0).all()


def test_numbers_by_hand() -> None:
    levels = np.array([Level.CONTEXT, Level.TYPE, Level.INSTANCE, Level.TYPE, OUTSIDE])
    masses = np.zeros((1, 5, 6))  # uniform and causal; the last column is the first token
    for query in range(5):
        for key in range(min(query + 1, 4)):
            masses[0, query, levels[key] if key else 5] += 1 / (query + 1)
    flows = flow_types(level_shares(masses, levels, Keys.ALL))[0]
    np.testing.assert_allclose(flows[Level.TYPE], [3 / 8, 1 / 2, 1 / 8])
    np.testing.assert_allclose(flows[Level.INSTANCE], [2 / 3, 1 / 3, 0])
    np.testing.assert_allclose(flows[Level.CONTEXT], [0, 1, 0])
    assert np.isnan(flows[[Level.CASE, Level.GOAL]]).all()
    flows = flow_types(level_shares(masses, levels, Keys.REST))[0]
    np.testing.assert_allclose(flows[Level.TYPE], [0, 5 / 6, 1 / 6])
    np.testing.assert_allclose(flows[Level.INSTANCE], [1 / 2, 1 / 2, 0])
    assert np.isnan(flows[Level.CONTEXT]).all()  # the first token reads nothing but itself


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-1, 4), min_size=1, max_size=8), st.integers(0, 1000))
def test_what_holds_for_every_attention(rest: list[int], seed: int) -> None:
    levels = np.array([0, *rest])
    random = np.random.default_rng(seed)
    attention = np.tril(random.random((2, len(levels), len(levels))))
    attention /= attention.sum(-1, keepdims=True)
    masses = np.stack([attention[..., 1:][..., levels[1:] == c].sum(-1) for c in Level] + [attention[..., 0]], -1)
    for keys in Keys:
        shares = level_shares(masses, levels, keys)
        np.testing.assert_allclose(shares, shares_by_hand(attention, levels.tolist(), int(keys is Keys.REST)))
        flows = flow_types(shares)
        here = [level for level in Level if level in (levels if keys is Keys.ALL else levels[1:])]
        np.testing.assert_allclose(shares[:, here].sum(-1), 1)
        np.testing.assert_allclose(flows[:, here].sum(-1), 1)
        assert np.isnan(np.delete(flows, here, 1)).all()
        assert (np.nan_to_num(flows[:, Level.GOAL, LIMITED]) == 0).all()
        assert (np.nan_to_num(flows[:, Level.CONTEXT, GUIDED]) == 0).all()


def test_a_state_without_a_level_does_not_count_for_it() -> None:
    shares = np.full((3, 1, 5, 5), np.nan)
    shares[0, 0, 1] = [0.5, 0.5, 0, 0, 0]
    shares[1, 0, 1] = [0, 0.5, 0, 0, 0.5]
    mean = mean_shares(shares)
    np.testing.assert_allclose(mean[0, 1], [0.25, 0.5, 0, 0, 0.25])
    assert np.isnan(mean[0, [0, 2, 3, 4]]).all()
    np.testing.assert_allclose(flow_table(shares, [[0]])[0, 1], [0.25, 0.5, 0.25])
    assert list(Flow) == ["guided", "unrestricted", "limited"]


def test_what_cannot_be_measured_is_refused(model_and_prompts: Any) -> None:
    model, _ = model_and_prompts
    with pytest.raises(ValueError, match="no prompts: wanted at least one state"):
        attention_flows(model, [])
    with pytest.raises(ValueError, match="the first token of a prompt is outside the state"):
        attention_flows(model, [Prompt([1, 2], [OUTSIDE, 3], [-1, 0], [-1, 3], None)])  # type: ignore[arg-type]
