"""The order holds every example once an epoch and can be entered anywhere; only the tactic is learned."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.training.batches import IGNORED, BatchOrder, collate, in_parts

LENGTHS = st.lists(st.integers(2, 60), min_size=1, max_size=80).map(lambda values: np.array(values, dtype=np.int64))


@settings(deadline=None, max_examples=20)
@given(lengths=LENGTHS, batch=st.integers(1, 9), pool=st.integers(1, 5), seed=st.integers(0, 9))
def test_an_epoch_holds_every_example_once(lengths: Any, batch: int, pool: int, seed: int) -> None:
    order = BatchOrder(lengths, batch, pool, seed)
    for epoch in (0, 1):
        steps = range(epoch * order.steps_in_epoch, (epoch + 1) * order.steps_in_epoch)
        batches = [order.batch(step) for step in steps]
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        assert all(1 <= len(numbers) <= batch for numbers in batches)


@settings(deadline=None, max_examples=15)
@given(lengths=LENGTHS, step=st.integers(0, 99), seed=st.integers(0, 9))
def test_the_order_can_be_entered_anywhere(lengths: Any, step: int, seed: int) -> None:
    walked = BatchOrder(lengths, 4, 3, seed)
    for earlier in range(step):
        walked.batch(earlier)
    assert np.array_equal(walked.batch(step), BatchOrder(lengths, 4, 3, seed).batch(step))


def test_pools_make_batches_of_like_lengths_and_seeds_and_epochs_make_other_orders() -> None:
    lengths = np.random.default_rng(0).integers(10, 500, 512)

    def wasted(order: BatchOrder) -> float:
        batches = [lengths[order.batch(step)] for step in range(order.steps_in_epoch)]
        return 1 - lengths.sum() / sum(len(one) * one.max() for one in batches)

    pooled, mixed = BatchOrder(lengths, 16, 16, 0), BatchOrder(lengths, 16, 1, 0)
    assert wasted(pooled) < 0.1 < 0.4 < wasted(mixed)
    assert not np.array_equal(pooled.batch(0), BatchOrder(lengths, 16, 16, 1).batch(0))
    assert not np.array_equal(pooled.batch(0), pooled.batch(pooled.steps_in_epoch))
    assert [pooled.steps(epochs) for epochs in (0.001, 0.5, 1, 2.5)] == [1, 16, 32, 80]


@settings(deadline=None, max_examples=20)
@given(lengths=LENGTHS, most=st.integers(8, 300))
def test_parts_fit_their_limit_and_lose_nothing(lengths: Any, most: int) -> None:
    numbers = np.arange(len(lengths))[::-1]
    parts = list(in_parts(numbers, lengths, most))
    assert sorted(np.concatenate(parts)) == sorted(numbers)
    for part in parts:
        assert len(part) == 1 or len(part) * -(-lengths[part].max() // 8) * 8 <= most


def test_only_the_tactic_and_its_end_are_targets(examples: Any, tokenizer: Any, pairs: list[Any]) -> None:
    numbers = np.array([5, 0, 7])
    batch = collate(examples, numbers, padding=0)
    assert batch.tokens.shape[1] % 8 == 0
    whole = torch.full(batch.tokens.shape, IGNORED)
    whole[:, batch.columns] = batch.targets
    for row, number in enumerate(numbers):
        length = int(examples.lengths[number])
        said = whole[row][whole[row] != IGNORED]
        assert tokenizer.decode(said.tolist()) == pairs[number].tactic + "<|endoftext|>"
        places = (whole[row] != IGNORED).nonzero().squeeze(1)
        assert torch.equal(batch.tokens[row, places + 1], said)
        assert batch.real[row].sum() == length
        assert (batch.tokens[row, length:] == 0).all()
        classes = torch.stack([batch.levels, batch.goals, batch.kinds])[:, row]
        assert (classes[:, length:] == -1).all()
        assert classes[:, :length].tolist() == [
            one[examples.starts[number] : examples.starts[number + 1]].tolist()
            for one in (examples.levels, examples.goals, examples.kinds)
        ]
        assert (batch.levels[row, places[1:]] == -1).all()
    assert batch.words == examples.tactic_lengths[numbers].sum()


def test_each_word_of_a_prompt_but_the_first_is_the_target_of_the_one_before_it(examples: Any) -> None:
    numbers = np.array([0, 5, 7, 11])
    batch = collate(examples, numbers, 0)
    prompts = batch.prompt_targets
    for row, number in enumerate(numbers):
        start, prompt = int(examples.starts[number]), int(examples.prompts[number])
        assert prompts[row, : prompt - 1].tolist() == examples.tokens[start + 1 : start + prompt].tolist()
        assert (prompts[row, prompt - 1 :] == IGNORED).all()
