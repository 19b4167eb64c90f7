"""Layers in whole numbers of eight bits: near the layer that they stand for, row by row, and an engine made of them."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip("transformers", reason="transformers is missing: pip install 'proofloom[model]'")

from hypothesis import given, settings
from hypothesis import strategies as st
from small_model import END, PROMPTS, full_pass, small_model

from proofloom.models.engine import gpt_neox
from proofloom.models.engine.gpt_neox import NeoxLayers
from proofloom.models.engine.int8 import int8_linear, int8_pays
from proofloom.models.engine.protocol import Decoding, Method
from proofloom.models.engine.shared_prefix import SharedPrefixEngine

EXACT = pytest.mark.skipif(not int8_pays(), reason="this CPU loses some of a sum of products of 8 bits")


@EXACT
@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 20), inputs=st.integers(2, 200), outputs=st.integers(1, 90), with_bias=st.booleans(),
    seed=st.integers(0, 99), size=st.sampled_from([1e-6, 1.0, 1e4]),
)  # fmt: skip
def test_each_number_is_off_by_at_most_half_a_step_of_either_side(
    rows: int, inputs: int, outputs: int, with_bias: bool, seed: int, size: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(outputs, inputs, generator=generator)
    hidden = size * torch.randn(rows, inputs, generator=generator)
    bias = torch.randn(outputs, generator=generator) if with_bias else None
    wanted = hidden.double() @ weight.double().T + (0 if bias is None else bias.double())
    found = int8_linear(weight, bias)(hidden).double()
    largest_input, largest_weight = hidden.abs().amax(1).double(), weight.abs().amax(1).double()
    step = (largest_input[:, None] / 254) * (largest_weight / 254)
    bound = (
        hidden.abs().double().sum(1)[:, None] * (largest_weight / 254)
        + weight.abs().double().sum(1) * (largest_input / 254)[:, None]
        + inputs * step
    )
    assert torch.all((found - wanted).abs() <= 1.001 * bound + 1e-5 * wanted.abs())


@EXACT
def test_a_row_is_the_same_bit_for_bit_whatever_stands_beside_it() -> None:
    torch.manual_seed(0)
    layer = int8_linear(torch.randn(70, 48), torch.randn(70))
    hidden = torch.randn(3, 5, 48)
    hidden[1] *= 1000
    together = layer(hidden)
    assert together.shape == (3, 5, 70)
    for place in range(3):
        for row in range(5):
            assert torch.equal(layer(hidden[place, row]), together[place, row])


def test_a_layer_of_one_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weights \(7, 1\): wanted at least 2 inputs"):
        int8_linear(torch.zeros(7, 1), None)


def test_a_row_of_zeros_gives_the_bias() -> None:
    bias = torch.randn(7)
    assert torch.equal(int8_linear(torch.randn(7, 4), bias)(torch.zeros(2, 4)), bias.expand(2, 7))
    assert torch.equal(int8_linear(torch.zeros(7, 4), bias)(torch.randn(2, 4)), bias.expand(2, 7))


@EXACT
@pytest.mark.parametrize("method", Method)
def test_an_engine_of_such_layers_is_near_the_model_and_the_same_in_every_batch(
    method: Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpt_neox, "WORTHWHILE", 0)
    model, decoding = small_model(seed=3), Decoding(method, most_tokens=6)
    engine = SharedPrefixEngine(model, END, int8=True)
    together = engine.generate(PROMPTS, 4, decoding)
    assert together == [engine.generate([prompt], 4, decoding)[0] for prompt in PROMPTS]
    differences = [
        abs(one.logprob - full_pass(model, prompt, [*one.tokens, *([END] if one.finished else [])]))
        for prompt, some in zip(PROMPTS, together, strict=True)
        for one in some
    ]
    assert 0 < max(differences) < 0.6  # the weights of this model are ten times as large as usual
    assert sum(differences) / len(differences) < 0.2


def test_a_cpu_computes_in_int8_where_that_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    class Noted(NeoxLayers):
        def __init__(self, model: transformers.PreTrainedModel, int8: bool) -> None:
            asked.append(int8)
            super().__init__(model, int8)

    monkeypatch.setattr("proofloom.models.engine.shared_prefix.NeoxLayers", Noted)
    monkeypatch.setattr("proofloom.models.engine.shared_prefix.int8_pays", lambda: True)
    model = small_model()
    exact = SharedPrefixEngine(model, END, int8=False).generate(PROMPTS, 3, Decoding())
    assert SharedPrefixEngine(model, END).generate(PROMPTS, 3, Decoding()) == exact  # its layers are too small
    SharedPrefixEngine(small_model().bfloat16(), END)
    monkeypatch.setattr("proofloom.models.engine.shared_prefix.int8_pays", lambda: False)
    SharedPrefixEngine(model, END)
    assert asked == [False, True, False, False]


def test_a_cpu_that_loses_some_of_a_sum_or_is_slow_at_it_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    def saturated(one: Any, other: Any) -> Any:
        """As AVX2 does it: the first made positive, and sums of two products kept in 16 bits."""
        pairs = (one.int() + 128)[:, :, None] * other.int()[None]
        kept = (pairs[:, ::2] + pairs[:, 1::2]).clamp(-(2**15), 2**15 - 1).sum(1, dtype=torch.int32)
        return kept - 128 * other.sum(0, dtype=torch.int32)

    monkeypatch.setattr(torch, "_int_mm", lambda one, other: (one.long() @ other.long()).int())
    assert int8_pays.__wrapped__()
    monkeypatch.setattr(torch, "_int_mm", saturated)
    assert not int8_pays.__wrapped__()
    monkeypatch.undo()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not int8_pays.__wrapped__()
