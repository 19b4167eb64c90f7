"""Beam search and sampling without a model: against exhaustive search, against torch, and against frequencies."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from torch import Tensor

from proofloom.models.engine.beam import Beams, largest
from proofloom.models.engine.protocol import Continuation, Decoding, Method, check_request
from proofloom.models.engine.sampling import Samples, drawn_words, draws

WORDS, MOST, END = 4, 3, 2


def table(seed: int) -> dict[tuple[int, ...], Tensor]:
    """A language model as a table: log-probabilities of the next of four words after each history."""
    generator = torch.Generator().manual_seed(seed)
    histories = [h for length in range(MOST) for h in itertools.product(range(WORDS), repeat=length)]
    return {h: (2 * torch.randn(WORDS, generator=generator)).log_softmax(-1) for h in histories}


def all_texts(model: dict[tuple[int, ...], Tensor]) -> list[Continuation]:
    """Every text that ends, and every one that is cut, the likeliest first."""
    texts = []
    for length in range(1, MOST + 1):
        for words in itertools.product(range(WORDS), repeat=length):
            if END in words[:-1] or (length < MOST and words[-1] != END):
                continue
            logprob = sum(float(model[words[:i]][word]) for i, word in enumerate(words))
            ended = words[-1] == END
            texts.append(Continuation(words[:-1] if ended else words, logprob, ended))
    return sorted(texts, key=lambda one: -one.logprob)


def searched(models: list[dict[tuple[int, ...], Tensor]], n: int) -> list[list[Continuation]]:
    beams, move = Beams.begin(len(models), n, END, MOST), None
    logprobs = torch.stack([model[()] for model in models])[:, None]
    while True:
        before = beams
        beams, move = beams.advance(logprobs)
        if move is None:
            return beams.results()
        histories = before.tokens[move.prompts[:, None], move.parents]
        assert torch.equal(torch.cat((histories, move.tokens[:, :, None]), 2), beams.tokens)
        rows = beams.tokens.tolist()
        numbers = beams.prompts.tolist()
        logprobs = torch.stack(
            [
                torch.stack([models[number][tuple(row)] for row in some])
                for number, some in zip(numbers, rows, strict=True)
            ]
        )


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=3))
def test_a_beam_as_wide_as_all_texts_finds_them_all_in_order(seeds: list[int]) -> None:
    models = [table(seed) for seed in seeds]
    for found, model in zip(searched(models, WORDS**MOST), models, strict=True):
        wanted = all_texts(model)
        assert [(one.tokens, one.finished) for one in found] == [(one.tokens, one.finished) for one in wanted]
        assert [one.logprob for one in found] == pytest.approx([one.logprob for one in wanted], abs=1e-5)
        assert math.fsum(math.exp(one.logprob) for one in found) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**16), min_size=1, max_size=4), st.integers(1, 6))
def test_prompts_of_a_batch_do_not_know_of_each_other(seeds: list[int], n: int) -> None:
    models = [table(seed) for seed in seeds]
    found = searched(models, n)
    assert found == [searched([model], n)[0] for model in models]
    for continuations in found:
        assert len(continuations) == n
        assert continuations == sorted(continuations, key=lambda one: -one.logprob)
        assert len({(one.tokens, one.finished) for one in continuations}) == n


def test_a_beam_of_one_takes_the_likeliest_word() -> None:
    model = table(5)
    words: tuple[int, ...] = ()
    while len(words) < MOST and END not in words:
        words = (*words, int(model[words].argmax()))
    assert searched([model], 1)[0][0].tokens == tuple(word for word in words if word != END)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(1, 5000), st.integers(1, 20), st.integers(0, 2**16))
def test_the_largest_are_those_of_topk(batch: int, length: int, count: int, seed: int) -> None:
    values = torch.randn(batch, length, generator=torch.Generator().manual_seed(seed))
    count = min(count, length)
    found, places = largest(values, count)
    assert torch.equal(found, values.topk(count, 1).values)
    assert torch.equal(values.gather(1, places), found)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.sampled_from([0.3, 1.0, 2.0]), st.integers(0, 2**16))
def test_words_are_drawn_where_the_running_sum_passes(words: int, temperature: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logprobs = (3 * torch.randn(3, words, generator=generator)).log_softmax(-1)
    numbers = torch.rand(3, 5, generator=generator, dtype=torch.float64)
    drawn = drawn_words(logprobs, numbers, temperature)
    sums = (logprobs.double() / temperature).softmax(-1).cumsum(-1)
    upper = sums.gather(1, drawn)
    lower = upper - (logprobs.double() / temperature).softmax(-1).gather(1, drawn)
    assert (numbers >= lower - 1e-5).all()
    assert (numbers <= upper + 1e-5).all()


def test_a_word_without_probability_is_never_drawn() -> None:
    logprobs = torch.full((1, 200), -torch.inf)
    logprobs[0, 70], logprobs[0, 90] = math.log(0.25), math.log(0.75)
    numbers = torch.tensor([[0.0, 0.2499, 0.2501, 1 - 2**-53]], dtype=torch.float64)
    assert drawn_words(logprobs, numbers, 1.0).tolist() == [[70, 70, 90, 90]]


def sampled(models: list[dict[tuple[int, ...], Tensor]], prompts: list[list[int]], n: int) -> list[list[Continuation]]:
    samples = Samples.begin(prompts, n, END, Decoding(Method.SAMPLE, MOST, seed=3))
    logprobs = torch.stack([model[()] for model in models])[:, None]
    while True:
        before = samples
        samples, move = samples.advance(logprobs)
        if move is None:
            return samples.results()
        assert move.tokens.shape == samples.columns.shape
        assert before.prompts[move.prompts].tolist() == samples.prompts.tolist()
        rows = [[tuple(row) if END not in row else () for row in some] for some in samples.tokens.tolist()]
        logprobs = torch.stack(
            [
                torch.stack([models[number][row] for row in some])
                for number, some in zip(samples.prompts.tolist(), rows, strict=True)
            ]
        )


def test_texts_are_drawn_as_often_as_they_are_likely() -> None:
    model, n = table(1), 2000
    (found,) = sampled([model], [[1]], n)
    assert len(found) == n
    for text in all_texts(model):
        share = sum(one.tokens == text.tokens and one.finished == text.finished for one in found) / n
        likely = math.exp(text.logprob)
        assert share == pytest.approx(likely, abs=4 * math.sqrt(likely / n) + 1e-3)
    for one in found[::100]:
        words = (*one.tokens, END) if one.finished else one.tokens
        assert one.logprob == pytest.approx(
            sum(float(model[words[:i]][word]) for i, word in enumerate(words)), abs=1e-5
        )


def test_what_a_prompt_draws_depends_on_it_and_the_seed_alone() -> None:
    models = [table(seed) for seed in range(3)]
    prompts = [[1, 2], [3], [1, 2]]
    together = sampled(models, prompts, 9)
    assert together == [sampled([model], [prompt], 9)[0] for model, prompt in zip(models, prompts, strict=True)]
    some = Decoding(Method.SAMPLE, 4)
    assert torch.equal(draws([1, 2], 9, some)[:5], draws([1, 2], 5, some))
    assert not torch.equal(draws([1, 2], 5, some), draws([2, 1], 5, some))
    assert not torch.equal(draws([1, 2], 5, some), draws([1, 2], 5, Decoding(Method.SAMPLE, 4, seed=1)))


def test_what_makes_no_sense_is_refused() -> None:
    for message, make in {
        "most_tokens=0": lambda: Decoding(most_tokens=0),
        "temperature=0.0": lambda: Decoding(temperature=0.0),
        "seed=-1": lambda: Decoding(seed=-1),
        "0 continuations": lambda: check_request([[1]], 0, Decoding(), None),
        "prompt 1 is empty": lambda: check_request([[1], []], 1, Decoding(), None),
        "90 tokens and 64 new ones: wanted at most 128": lambda: check_request([[1] * 90], 1, Decoding(), 128),
    }.items():
        with pytest.raises(ValueError, match=message):
            make()
