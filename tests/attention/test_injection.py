"""Hierarchical attention inside models of transformers: which rows, which layers, which trees, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
import transformers

from proofloom.attention.hierarchical import hierarchical_attention
from proofloom.attention.hierarchical.injection import (
    every_second,
    hierarchical_attention_forward,
    inject_hierarchy,
)
from proofloom.hierarchy.nested import NestedSignal
from proofloom.hierarchy.windows import windows

TOKENS, WORDS = 12, 50


@pytest.fixture
def words() -> Any:
    return torch.randint(5, WORDS, (2, TOKENS))


@pytest.fixture
def encoder() -> Iterator[Any]:
    torch.manual_seed(1)
    config = transformers.BertConfig(
        vocab_size=WORDS, hidden_size=32, intermediate_size=64, num_hidden_layers=4, num_attention_heads=4
    )
    yield transformers.BertModel(config).eval()


def causal(kind: str) -> Any:
    torch.manual_seed(2)
    sizes = {"vocab_size": WORDS, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3}
    if kind == "neox":
        return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**sizes, num_attention_heads=4)).eval()
    config = transformers.LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=2)
    return transformers.LlamaForCausalLM(config).eval()


def hidden(model: Any, words: Any, **options: Any) -> Any:
    with torch.no_grad():
        return model(words, **options).last_hidden_state


def test_three_lines_change_an_encoder_and_one_brings_it_back(encoder: Any, words: Any) -> None:
    before = hidden(encoder, words)
    injection = inject_hierarchy(encoder, layers=every_second(2, 4), tree=(4, 4))
    after = hidden(encoder, words)
    assert (after - before).abs().max() > 1e-4
    injection.remove()
    assert torch.equal(hidden(encoder, words), before)
    assert encoder.config._attn_implementation == "sdpa"


def test_an_injection_takes_the_place_of_another(encoder: Any, words: Any) -> None:
    before = hidden(encoder, words)
    first = inject_hierarchy(encoder, layers=[1], tree=(4,))
    second = inject_hierarchy(encoder, layers=[2], tree=(4,))
    both = hidden(encoder, words)
    first.remove()
    assert torch.equal(hidden(encoder, words), both)
    second.remove()
    assert torch.equal(hidden(encoder, words), before)
    assert encoder.config._attn_implementation == "sdpa"
    inject_hierarchy(encoder, layers=[2], tree=(4,))
    assert torch.equal(hidden(encoder, words), both)


def test_one_family_is_the_model_as_it_was(encoder: Any, words: Any) -> None:
    before = hidden(encoder, words)
    inject_hierarchy(encoder, layers=[1, 2, 3, 4], tree=())
    torch.testing.assert_close(hidden(encoder, words), before, atol=1e-5, rtol=1e-4)


def test_only_the_layers_that_are_named(encoder: Any, words: Any) -> None:
    def states() -> Any:
        with torch.no_grad():
            return encoder(words, output_hidden_states=True).hidden_states

    before = states()
    inject_hierarchy(encoder, layers=[3], tree=(4,))
    after = states()
    assert [torch.equal(one, other) for one, other in zip(before, after, strict=True)] == [True] * 3 + [False] * 2


def test_windows_end_where_the_text_ends(encoder: Any, words: Any) -> None:
    inject_hierarchy(encoder, layers=[2, 4], tree=(4, 2))
    mask = torch.ones_like(words)
    mask[1, 7:] = 0
    together = hidden(encoder, words, attention_mask=mask)
    torch.testing.assert_close(together[1:, :7], hidden(encoder, words[1:, :7]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(together[:1], hidden(encoder, words[:1]), atol=1e-5, rtol=1e-4)


def test_windows_begin_where_the_text_begins(encoder: Any, words: Any) -> None:
    """Texts with padding on the left, or in the middle, have the windows of their own tokens."""
    inject_hierarchy(encoder, layers=[2, 4], tree=(4, 2))
    mask = torch.ones_like(words)
    mask[1, :5] = 0
    places = torch.arange(TOKENS).repeat(2, 1)
    places[1] = (places[1] - 5).clamp(min=0)
    together = hidden(encoder, words, attention_mask=mask, position_ids=places)
    torch.testing.assert_close(together[1:, 5:], hidden(encoder, words[1:, 5:]), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(together[:1], hidden(encoder, words[:1]), atol=1e-5, rtol=1e-4)


def test_a_text_of_nothing_but_padding_spoils_nothing(encoder: Any, words: Any) -> None:
    inject_hierarchy(encoder, layers=[2, 4], tree=(4, 2))
    mask = torch.ones_like(words)
    mask[1] = 0
    together = hidden(encoder, words, attention_mask=mask)
    assert torch.isfinite(together).all()
    torch.testing.assert_close(together[:1], hidden(encoder, words[:1]), atol=1e-5, rtol=1e-4)


def test_each_call_has_its_own_trees(encoder: Any, words: Any) -> None:
    inject_hierarchy(encoder, layers=[2], tree=lambda real: windows(real.sum(-1).tolist(), (3,), real.shape[1]))
    for count in (1, 2, 1):
        assert torch.equal(hidden(encoder, words[:count]), hidden(encoder, words)[:count])


@pytest.mark.parametrize("family", ["DistilBert", "ViT", "Roberta"])
def test_encoders_that_number_their_layers_and_those_that_do_not(family: str) -> None:
    torch.manual_seed(4)
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
    if family == "DistilBert":
        config = transformers.DistilBertConfig(vocab_size=WORDS, dim=32, hidden_dim=64, n_layers=3, n_heads=4)
    elif family == "ViT":
        config = transformers.ViTConfig(**sizes, image_size=16, patch_size=4)
    else:
        config = transformers.RobertaConfig(**sizes, vocab_size=WORDS)
    model = getattr(transformers, f"{family}Model")(config).eval()
    given = torch.randn(1, 3, 16, 16) if family == "ViT" else torch.randint(5, WORDS, (2, TOKENS))
    before = hidden(model, given)
    injection = inject_hierarchy(model, layers=[3], tree=())
    torch.testing.assert_close(hidden(model, given), before, atol=1e-5, rtol=1e-4)
    injection.remove()
    injection = inject_hierarchy(model, layers=[2], tree=(4,))
    assert (hidden(model, given) - before).abs().max() > 1e-5
    injection.remove()
    assert torch.equal(hidden(model, given), before)


def test_layers_that_are_one_module_cannot_be_told_apart() -> None:
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 64}
    model = transformers.AlbertModel(transformers.AlbertConfig(**sizes, vocab_size=WORDS, embedding_size=16))
    with pytest.raises(ValueError, match="3 layers and 1 modules that attend"):
        inject_hierarchy(model, layers=[1], tree=(4,))


def test_layers_with_a_window_are_refused_and_the_others_are_not(words: Any) -> None:
    torch.manual_seed(5)
    config = transformers.ModernBertConfig(
        vocab_size=WORDS,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        local_attention=4,
        pad_token_id=0,
    )
    model = transformers.ModernBertModel(config).eval()  # layers 1 and 4 read everything
    before = hidden(model, words)
    injection = inject_hierarchy(model, layers=[1, 4], tree=(4,))
    assert (hidden(model, words) - before).abs().max() > 1e-5
    injection.remove()
    inject_hierarchy(model, layers=[2], tree=(4,))
    with pytest.raises(ValueError, match="sliding window"):
        hidden(model, words)


def test_a_tree_that_holds_padding_is_refused(encoder: Any, words: Any) -> None:
    inject_hierarchy(encoder, layers=[2], tree=windows([TOKENS], (4,)))
    mask = torch.ones_like(words)
    mask[1, 7:] = 0
    with pytest.raises(ValueError, match="the tree holds padding"):
        hidden(encoder, words, attention_mask=mask)


def test_attention_that_is_more_than_softmax_is_refused(words: Any) -> None:
    config = transformers.T5Config(vocab_size=WORDS, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    model = transformers.T5EncoderModel(config).eval()
    inject_hierarchy(model, layers=[2], tree=(4,))
    with pytest.raises(ValueError, match="layer 2 attends with position_bias"):
        hidden(model, words)


def test_trees_of_a_call_and_trees_of_a_mask(encoder: Any, words: Any) -> None:
    tree = windows([TOKENS], (3,))
    inject_hierarchy(encoder, layers=[2], tree=lambda real: windows([real.shape[1]], (3,)))
    made = hidden(encoder, words)
    given = hidden(encoder, words, tree=tree)
    assert torch.equal(made, given)
    other = hidden(encoder, words, tree=windows([TOKENS], (6,)))
    assert (made - other).abs().max() > 1e-5


def test_rows_outside_the_tree_attend_as_ever(encoder: Any, words: Any) -> None:
    """The first token stands outside: it reads all tokens, and those inside do not read it."""
    layer = encoder.encoder.layer[0].attention.self
    q, k, v = (torch.randn(2, 4, TOKENS, 8) for _ in range(3))
    inner = NestedSignal.of([((1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11))], TOKENS)
    inject_hierarchy(encoder, layers=[1], tree=inner)
    output, _ = hierarchical_attention_forward(layer, q, k, v, None, is_causal=False)
    flat = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    torch.testing.assert_close(output[:, 0], flat[:, 0])
    whole = hierarchical_attention(q, k, v, inner).transpose(1, 2)
    torch.testing.assert_close(output[:, 1:], whole[:, 1:])


@pytest.mark.parametrize("kind", ["neox", "llama"])
def test_a_tree_over_the_prompt_of_a_causal_model(kind: str, words: Any) -> None:
    model = causal(kind)
    prompt = NestedSignal.of([((0, 1, 2), (3, 4), 5, 6)], TOKENS)
    with torch.no_grad():
        plain = model(words).logits
        inject_hierarchy(model, layers=[2], tree=prompt)
        whole = model(words).logits
        short = model(words[:, :7], tree=NestedSignal.of([((0, 1, 2), (3, 4), 5, 6)]), use_cache=True)
        rest = model(words[:, 7:], cache=short.past_key_values).logits
    assert (whole - plain).abs().max() > 1e-5
    torch.testing.assert_close(short.logits, whole[:, :7], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(rest, whole[:, 7:], atol=1e-5, rtol=1e-4)


def test_padded_prompts_of_a_causal_model(words: Any) -> None:
    model = causal("neox")
    trees = NestedSignal.of([((0, 1, 2), 3), ((0, 1), (2, 3, 4))], TOKENS)
    inject_hierarchy(model, layers=[2, 3])
    mask = torch.ones_like(words)
    mask[0, 9:] = 0
    with torch.no_grad():
        together = model(words, attention_mask=mask, tree=trees).logits
        alone = model(words[:1, :9], tree=NestedSignal.of([((0, 1, 2), 3)], 9)).logits
    torch.testing.assert_close(together[:1, :9], alone, atol=1e-5, rtol=1e-4)


def test_an_injected_model_trains(encoder: Any, words: Any) -> None:
    inject_hierarchy(encoder, layers=[2, 4], tree=(4,))
    encoder.train()
    encoder(words).last_hidden_state.square().mean().backward()
    weight = encoder.encoder.layer[1].attention.self.query.weight
    assert torch.isfinite(weight.grad).all()
    assert weight.grad.any()


def test_what_does_not_fit_is_refused(encoder: Any, words: Any) -> None:
    for layers in ([], [0], [5]):
        with pytest.raises(ValueError, match=r"wanted some of \[1, 2, 3, 4\]"):
            inject_hierarchy(encoder, layers=layers, tree=(4,))
    inject_hierarchy(encoder, layers=[1])
    with pytest.raises(ValueError, match="without tree"):
        hidden(encoder, words)
    with pytest.raises(ValueError, match=r"1 signals over 5 tokens: wanted 2 \(or 1\) over 12"):
        hidden(encoder, words, tree=windows([5], (2,)))
