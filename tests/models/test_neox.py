"""The sizes are what their table says, and a model is the same for the same seed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from proofloom.models import neox
from proofloom.models.neox import SIZES, build_model


def test_the_table_of_sizes_says_what_there_is() -> None:
    lines = re.findall(r"^\| (\w+) +\| (\d[^a-z]*) \|", neox.__doc__ or "", re.MULTILINE)
    told = [(name, *(int(cell.replace(",", "")) for cell in numbers.split("|"))) for name, numbers in lines]
    sizes = [(name, s.layers, s.width, s.heads, s.vocabulary, s.parameters) for name, s in SIZES.items()]
    assert told == sizes


@pytest.mark.parametrize("name", ["nano", "tiny"])
def test_a_model_has_as_many_parameters_as_its_size_says(name: str, tokenizer: Any) -> None:
    size = replace(SIZES[name], vocabulary=len(tokenizer))
    model = build_model(size, tokenizer, seed=0)
    assert model.num_parameters() == size.parameters
    assert model.config.num_hidden_layers == size.layers


def test_a_seed_decides_the_weights_and_nothing_else(tokenizer: Any) -> None:
    before = torch.get_rng_state()
    one, same, other = (build_model(SIZES["nano"], tokenizer, seed).lm_head.weight for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_it_is_a_model_of_transformers_like_any_other(tokenizer: Any) -> None:
    model = build_model(SIZES["nano"], tokenizer, seed=0).eval()
    tokens = torch.tensor([tokenizer("[GOAL]x : nat\n⊢ x = x[PROOFSTEP]")["input_ids"]])
    written = model.generate(tokens, max_new_tokens=3, do_sample=False)
    assert torch.equal(written[:, : tokens.shape[1]], tokens)
    assert written.shape[1] > tokens.shape[1]
