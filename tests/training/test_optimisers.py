"""What moves which weights, and that a training with Muon learns, is interrupted and goes on like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from kept_records import Kept

from proofloom.attention.flow_loss import FlowSettings
from proofloom.attention.learned_levels import LearnedLevels
from proofloom.training.checkpoint import Checkpoints
from proofloom.training.config import FitConfig, Optimiser, TrainingError
from proofloom.training.fit import TrainingData, fit
from proofloom.training.metrics import VALIDATION
from proofloom.training.optimisers import inner_matrices, optimisers, update

CONFIG = FitConfig(
    epochs=2, batch=6, pool=2, learning_rate=1e-2, evaluate_every=3, checkpoint_every=3, log_every=1, seed=1,
    evaluation_examples=8, optimiser=Optimiser.MUON, flow=FlowSettings(strength=0.5, layers=4),
)  # fmt: skip
needs_muon = pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon: wanted 2.9 or later")


def llama() -> Any:
    config = transformers.LlamaConfig(
        vocab_size=50, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, tie_word_embeddings=False,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


@needs_muon
@pytest.mark.parametrize("family", ["GPT-NeoX", "Llama"])
def test_every_weight_is_moved_by_one_optimiser(family: str, new_model: Callable[..., Any]) -> None:
    model = new_model() if family == "GPT-NeoX" else llama()
    learned = LearnedLevels()
    chosen = optimisers(model, CONFIG, learned)
    moved = [id(one) for each in chosen.values() for group in each.param_groups for one in group["params"]]
    assert len(moved) == len(set(moved))
    assert set(moved) == {id(one) for one in [*model.parameters(), *learned.parameters()]}
    inner = [id(one) for one in chosen["muon"].param_groups[0]["params"]]
    outer = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    matrices = {id(one) for one in model.parameters() if one.dim() == 2}
    assert set(inner) == matrices - outer
    assert len(inner) == {"GPT-NeoX": 4 * 4, "Llama": 7 * 2}[family]


@needs_muon
def test_frozen_weights_stay(new_model: Callable[..., Any]) -> None:
    model = new_model()
    frozen = model.gpt_neox.layers[0]
    frozen.requires_grad_(False)
    before = [one.clone() for one in frozen.parameters()]
    assert len(inner_matrices(model)) == 3 * 4
    chosen = optimisers(model, CONFIG)
    model(torch.tensor([[1, 2, 3]])).logits.square().sum().backward()
    update(chosen, 1e-2)
    for one, same in zip(before, frozen.parameters(), strict=True):
        assert torch.equal(one, same)


@needs_muon
def test_the_size_of_a_step_is_that_of_the_rate_whatever_the_gradient(new_model: Callable[..., Any]) -> None:
    for scale in (1e-3, 1e3):
        model = new_model()
        chosen = optimisers(model, replace(CONFIG, weight_decay=0.0))
        weight = model.gpt_neox.layers[1].mlp.dense_h_to_4h.weight
        before = weight.detach().clone()
        (scale * model(torch.tensor([[1, 2, 3], [7, 5, 9]])).logits.square().sum()).backward()
        update(chosen, 0.05)
        moved = (weight.detach() - before).square().mean().sqrt()
        assert 0.2 * 0.05 * 0.1 < moved < 0.2 * 0.05 * 1.3  # a fifth of the rate if the gradient has full rank


@needs_muon
def test_an_interrupted_run_goes_on_as_if_there_had_been_no_interruption_with_muon(
    examples: Any, new_model: Callable[..., Any], tmp_path: Path
) -> None:
    data, undisturbed, whole = TrainingData(examples, examples), Kept(), new_model(dropout=0.2)
    fit(whole, data, CONFIG, undisturbed)
    log, checkpoints = Kept(interrupt=7), Checkpoints(tmp_path / "checkpoint.pt")
    with pytest.raises(KeyboardInterrupt):
        fit(new_model(dropout=0.2), data, CONFIG, log, checkpoints)
    again = new_model(dropout=0.2)
    fit(again, data, CONFIG, log, checkpoints)
    assert log.records == undisturbed.records
    for one, same in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, same)
    losses = log.seen(VALIDATION, "loss")
    assert losses[-1] < losses[0] - 1
    with pytest.raises(TrainingError, match="made with optimiser=muon, now it is adamw"):
        fit(new_model(), data, replace(CONFIG, optimiser=Optimiser.ADAMW), Kept(), checkpoints)


def test_a_torch_without_muon_is_named(new_model: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon", raising=False)
    with pytest.raises(TrainingError, match=r"has no Muon: wanted 2\.9 or later, or optimiser = 'adamw'"):
        optimisers(new_model(), CONFIG)
