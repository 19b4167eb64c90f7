"""The shared-prefix engine against a full pass, against the reference engine, and against `generate`."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip("transformers", reason="transformers is missing: pip install 'proofloom[model]'")

from small_model import END, PROMPTS, full_pass, small_model

from proofloom.models.engine.choice import engine_for
from proofloom.models.engine.gpt_neox import UnsupportedModel
from proofloom.models.engine.protocol import Continuation, Decoding, Method
from proofloom.models.engine.reference import ReferenceEngine
from proofloom.models.engine.shared_prefix import SharedPrefixEngine

KINDS: dict[str, dict[str, Any]] = {
    "parallel, a quarter turns": {},
    "one after the other, all turns": {
        "use_parallel_residual": False,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 1.0},
    },
    "one table of words for both ends": {"tie_word_embeddings": True},
}


def shown(answers: list[list[Continuation]]) -> list[list[tuple[tuple[int, ...], bool]]]:
    return [[(one.tokens, one.finished) for one in some] for some in answers]


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_log_probabilities_are_those_of_a_full_pass(options: dict[str, Any], method: Method) -> None:
    model = small_model(**options)
    decoding = Decoding(method, most_tokens=7)
    answers = SharedPrefixEngine(model, END).generate(PROMPTS, 6, decoding)
    ends = [one.finished for some in answers for one in some]
    assert any(ends)
    assert not all(ends)
    for prompt, some in zip(PROMPTS, answers, strict=True):
        assert len(some) == 6
        assert [one.logprob for one in some] == sorted((one.logprob for one in some), reverse=True)
        for one in some:
            tokens = [*one.tokens, END] if one.finished else [*one.tokens]
            assert END not in one.tokens
            assert one.finished or len(tokens) == 7
            assert one.logprob == pytest.approx(full_pass(model, prompt, tokens), abs=1e-4)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("n", [1, 5, 16])
def test_continuations_are_those_of_the_reference(n: int, method: Method) -> None:
    model = small_model(seed=1)
    decoding = Decoding(method, most_tokens=6, temperature=0.7, seed=4)
    ours = SharedPrefixEngine(model, END).generate(PROMPTS, n, decoding)
    theirs = ReferenceEngine(model, END).generate(PROMPTS, n, decoding)
    assert shown(ours) == shown(theirs)
    for some, others in zip(ours, theirs, strict=True):
        assert [one.logprob for one in some] == pytest.approx([one.logprob for one in others], abs=1e-4)


@pytest.mark.parametrize("prompt", PROMPTS, ids=len)
def test_the_likeliest_words_are_those_of_generate(prompt: list[int]) -> None:
    model = small_model(seed=2, ending=2.0)
    (found,) = SharedPrefixEngine(model, END).generate([prompt], 1, Decoding(most_tokens=12))
    plain = model.generate(
        torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), max_new_tokens=12, do_sample=False,
        pad_token_id=END,
    )[0, len(prompt) :].tolist()  # fmt: skip
    assert [*found[0].tokens, *([END] if found[0].finished else [])] == plain


@pytest.mark.parametrize("method", Method)
def test_a_prompt_gets_the_same_answer_in_every_batch(method: Method) -> None:
    engine = SharedPrefixEngine(small_model(seed=3), END)
    decoding = Decoding(method, most_tokens=6)
    together = engine.generate(PROMPTS, 4, decoding)
    alone = [engine.generate([prompt], 4, decoding)[0] for prompt in PROMPTS]
    assert shown(together) == shown(alone)
    assert shown(engine.generate(PROMPTS[::-1], 4, decoding)) == shown(together[::-1])
    assert engine.generate([], 4, decoding) == []


def test_another_architecture_is_refused_in_one_line_and_served_by_the_reference() -> None:
    config = transformers.LlamaConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        initializer_range=0.4,
    )
    model = transformers.LlamaForCausalLM(config).eval()
    with pytest.raises(UnsupportedModel, match=r"'llama' .*GPT-NeoX language models only; use the reference") as raised:
        SharedPrefixEngine(model, END)
    assert "\n" not in str(raised.value)
    engine = engine_for(model, END)
    assert engine.name == "reference"
    for prompt, some in zip(PROMPTS, engine.generate(PROMPTS, 3, Decoding(most_tokens=4)), strict=True):
        for one in some:
            tokens = [*one.tokens, *([END] if one.finished else [])]
            assert one.logprob == pytest.approx(full_pass(model, prompt, tokens), abs=1e-4)


def test_rotary_embeddings_that_change_with_the_length_are_refused() -> None:
    rope = {"rope_type": "dynamic", "rope_theta": 10000.0, "partial_rotary_factor": 1.0, "factor": 2.0}
    with pytest.raises(UnsupportedModel, match="rotary embedding 'dynamic'"):
        SharedPrefixEngine(small_model(rope_parameters=rope), END)


def test_the_fast_engine_serves_what_it_knows_and_asks_for_what_fits() -> None:
    model = small_model().train()
    engine = engine_for(model, END)
    assert (engine.name, model.training) == ("shared-prefix", False)
    for served in (engine, ReferenceEngine(model, END)):
        with pytest.raises(ValueError, match="prompt 0 of 100 tokens and 64 new ones: wanted at most 128"):
            served.generate([[1] * 100], 2, Decoding())


@pytest.mark.parametrize("method", Method)
def test_what_the_folder_of_a_model_says_of_generation_changes_no_probability(method: Method) -> None:
    decoding = Decoding(method, most_tokens=6)
    plain = ReferenceEngine(small_model(), END).generate(PROMPTS, 4, decoding)
    model = small_model()
    model.generation_config.repetition_penalty = 1.3
    model.generation_config.no_repeat_ngram_size = 2
    assert ReferenceEngine(model, END).generate(PROMPTS, 4, decoding) == plain
