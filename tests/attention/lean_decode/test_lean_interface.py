"""LeanAttention as an attention implementation of `transformers`: the tokens are those of SDPA, one by one."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from transformers import PreTrainedModel

import proofloom.attention.lean_decode.interface as interface
from proofloom.attention.lean_decode.interface import NAME, lean_decode_forward, runs, use_lean_decode
from proofloom.attention.lean_decode.keys import KeyValues

WORDS = 97


def model_of(kind: str) -> PreTrainedModel:
    torch.manual_seed(1)
    sizes: dict[str, Any] = {
        "vocab_size": WORDS,
        "hidden_size": 64,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": 128,
    }
    if kind == "gpt_neox":
        model = transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**sizes))
    elif kind == "llama":
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(num_key_value_heads=2, **sizes))
    else:
        model = transformers.MistralForCausalLM(
            transformers.MistralConfig(num_key_value_heads=2, sliding_window=9, **sizes)
        )
    return model.eval()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[KeyValues]:
    """What `attend` was given."""
    given: list[KeyValues] = []
    plain = interface.attend

    def watched(query: torch.Tensor, held: KeyValues, scale: float | None) -> tuple[torch.Tensor, torch.Tensor]:
        given.append(held)
        return plain(query, held, scale)

    monkeypatch.setattr(interface, "attend", watched)
    return given


@pytest.mark.parametrize("cache", ["dynamic", "static"])
@pytest.mark.parametrize("kind", ["gpt_neox", "llama", "mistral"])
def test_greedy_decoding_writes_the_tokens_of_sdpa(kind: str, cache: str, seen: list[KeyValues]) -> None:
    model = model_of(kind)
    prompt = torch.randint(3, WORDS, (3, 21))
    mask = torch.ones_like(prompt)
    mask[1, :13], mask[2, :4] = 0, 0  # shorter prompts, padded on the left
    settings = transformers.GenerationConfig(
        max_new_tokens=20,
        do_sample=False,
        pad_token_id=0,
        cache_implementation=None if cache == "dynamic" else cache,
        output_logits=True,
        return_dict_in_generate=True,
    )

    def written() -> Any:
        return model.generate(prompt, attention_mask=mask, generation_config=settings, disable_compile=True)

    model.set_attn_implementation("sdpa")
    wanted = written()
    assert not seen
    use_lean_decode(model)
    found = written()
    assert torch.equal(found.sequences, wanted.sequences)
    assert len(found.logits) == 20
    for one, other in zip(found.logits, wanted.logits, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    assert len(seen) == 19 * 3  # the first token comes from reading the prompt


def test_reading_a_prompt_and_training_are_those_of_sdpa_bit_for_bit(seen: list[KeyValues]) -> None:
    model = model_of("llama")
    tokens = torch.randint(3, WORDS, (2, 12))
    model.set_attn_implementation("sdpa")
    wanted = model(tokens, labels=tokens)
    use_lean_decode(model)
    assert model.config._attn_implementation == NAME
    found = model(tokens, labels=tokens)
    found.loss.backward()
    assert torch.equal(found.logits, wanted.logits)
    assert model(tokens[:, :1]).logits.requires_grad
    assert not seen


def test_a_mask_becomes_a_run_of_keys() -> None:
    mask = torch.tensor([[0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1]]).bool()[:, None, None]
    starts, lengths = runs(mask, 4)
    assert starts.tolist() == [1, 0, 3]
    assert lengths.tolist() == [2, 4, 1]


QUERY, KEYS = torch.zeros(1, 2, 1, 4), torch.zeros(1, 2, 3, 4)


@pytest.mark.parametrize(
    ("mask", "options", "message"),
    [
        (torch.tensor([[[[True, False, True]]]]), {}, "sequence 0 lets 2 keys be read within 3"),
        (torch.tensor([[[[False, False, False]]]]), {}, "sequence 0 reads 0 keys"),
        (torch.zeros(1, 1, 1, 3), {}, r"\(1, 1, 1, 3\) of torch.float32"),
        (torch.ones(1, 1, 1, 4).bool(), {}, r"wanted \(B, 1, 1, 3\)"),
        (None, {"softcap": 30.0}, "attends with softcap"),
    ],
)
def test_what_is_no_softmax_over_a_run_of_keys_is_refused(
    mask: torch.Tensor | None, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        lean_decode_forward(torch.nn.Module(), QUERY, KEYS, KEYS, mask, **options)
