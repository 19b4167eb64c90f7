"""Flow attention inside models of `transformers`: tiny random ones of the families that the project trains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install 'proofloom[model]'"
)

from proofloom.attention.flow_loss import FlowRecord, FlowSettings, Measure, flow_loss
from proofloom.attention.interface import NAME, flow_attention_forward, use_flow_attention

DEPTH, TOKENS, WORDS = 4, 24, 50
COMMON = {"vocab_size": WORDS, "hidden_size": 32, "num_hidden_layers": DEPTH, "num_attention_heads": 4}
GROUPED = COMMON | {"intermediate_size": 48, "num_key_value_heads": 2}


def neox() -> Any:
    config = transformers.GPTNeoXConfig(**COMMON, intermediate_size=48, max_position_embeddings=64)
    return transformers.GPTNeoXForCausalLM(config)


def llama() -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(**GROUPED, max_position_embeddings=64))


def qwen() -> Any:
    return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**GROUPED, max_position_embeddings=64))


def gemma() -> Any:
    """Two layers with a window of 8 tokens, two without."""
    kinds = ["sliding_attention", "full_attention"] * 2
    options = {"head_dim": 12, "sliding_window": 8, "layer_types": kinds, "max_position_embeddings": 64}
    return transformers.Gemma3ForCausalLM(transformers.Gemma3TextConfig(**GROUPED, **options))


FAMILIES = [neox, llama, qwen, gemma]


def batch(padding: str) -> dict[str, Any]:
    levels = torch.randint(0, 5, (2, TOKENS))
    mask = torch.ones(2, TOKENS, dtype=torch.long)
    if padding == "right":
        mask[1, -7:] = 0
    elif padding == "left":
        mask[1, :7] = 0
    levels[mask == 0] = -1
    levels[:, -9:-7] = -1
    made = {"input_ids": torch.randint(0, WORDS, (2, TOKENS)), "token_levels": levels}
    return made if padding == "none" else made | {"attention_mask": mask}


def parts(model: Any, family: Callable[[], Any]) -> Any:
    return model.gpt_neox.layers if family is neox else model.model.layers


@pytest.mark.parametrize("padding", ["none", "right", "left"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_every_layer_reads_what_the_matrix_says(family: Callable[[], Any], padding: str) -> None:
    model, inputs = family().eval(), batch(padding)
    levels = inputs.pop("token_levels")
    real = inputs.get("attention_mask", torch.ones_like(levels)).bool()
    model.set_attn_implementation("eager")
    plain = model(**inputs, output_attentions=True)
    use_flow_attention(model)
    record = FlowRecord(range(DEPTH))
    logits = model(**inputs, token_levels=levels, flow=record).logits
    torch.testing.assert_close(logits[real], plain.logits[real], atol=1e-5, rtol=1e-5)
    inside = (levels >= 0)[:, :, None] & (levels >= 0)[:, None, :]
    forbidden = (levels[:, None, :] > levels[:, :, None]) & inside
    assert forbidden.tril().any()
    for layer in range(DEPTH):
        wanted = (plain.attentions[layer].mean(1) * forbidden).sum(-1)
        torch.testing.assert_close(record.violation(layer), wanted, atol=1e-5, rtol=1e-5)
        assert record.heads(layer) == 4


def trained(model: Any, inputs: dict[str, Any], settings: FlowSettings | None) -> list[Any]:
    """Parameters after three steps with labels; without settings, a plain model is trained."""
    levels = inputs["token_levels"]
    rest = {name: value for name, value in inputs.items() if name != "token_levels"}
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(3):
        optimiser.zero_grad()
        if settings is None:
            loss = model(**rest, labels=rest["input_ids"]).loss
        else:
            record = settings.record(DEPTH)
            loss = model(**rest, labels=rest["input_ids"], token_levels=levels, flow=record).loss
            loss = loss + settings.strength * flow_loss(record, settings, DEPTH)
        loss.backward()
        optimiser.step()
    return [parameter.detach() for parameter in model.parameters()]


LATENT = {"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 4, "qk_nope_head_dim": 4, "v_head_dim": 12}
EXPERTS = {"moe_intermediate_size": 16, "n_routed_experts": 4, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1}
OTHERS: dict[str, dict[str, Any]] = {
    "Qwen3": GROUPED | {"head_dim": 8},
    "Mistral": GROUPED | {"sliding_window": 8},
    "Phi3": GROUPED | {"pad_token_id": 0},
    "GPT2": {"vocab_size": WORDS, "n_embd": 32, "n_layer": DEPTH, "n_head": 4},
    "OPT": COMMON | {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "DeepseekV3": GROUPED | LATENT | EXPERTS | {"num_key_value_heads": 4},
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_families_read_what_their_matrices_say(name: str) -> None:
    """Among them values of another width than the keys (DeepSeek), and shared key heads (the others but two)."""
    torch.manual_seed(3)
    kind = "LMHeadModel" if name == "GPT2" else "ForCausalLM"
    model = getattr(transformers, name + kind)(getattr(transformers, f"{name}Config")(**OTHERS[name])).eval()
    inputs = batch("right")
    words, mask, levels = (inputs[part] for part in ("input_ids", "attention_mask", "token_levels"))
    model.set_attn_implementation("eager")
    with torch.no_grad():
        plain = model(words, attention_mask=mask, output_attentions=True)
    use_flow_attention(model)
    record = FlowRecord(range(DEPTH))
    with torch.no_grad():
        logits = model(**inputs, flow=record).logits
    real = mask.bool()
    torch.testing.assert_close(logits[real], plain.logits[real], atol=1e-5, rtol=1e-4)
    columns = (levels[..., None] == torch.arange(5)).float()
    for layer, attention in enumerate(plain.attentions):
        torch.testing.assert_close(
            record.masses(layer)[real], (attention.mean(1) @ columns)[real], atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_check_4_strength_0_trains_the_plain_model_bit_for_bit(family: Callable[[], Any]) -> None:
    inputs = batch("right")
    results = []
    for settings in (None, FlowSettings(strength=0.0), FlowSettings(strength=0.5)):
        torch.manual_seed(3)
        model = family()
        assert model.config._attn_implementation == "sdpa"
        if settings is not None:
            use_flow_attention(model)
        results.append(trained(model, inputs, settings))
    plain, off, on = results
    assert all(torch.equal(one, other) for one, other in zip(plain, off, strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(plain, on, strict=True))


def test_check_5_the_gradient_reaches_queries_and_keys_of_the_layers_before_the_last() -> None:
    model, inputs = llama(), batch("none")
    use_flow_attention(model)
    settings = FlowSettings(layers=3)
    record = settings.record(DEPTH)
    model(**inputs, flow=record)
    flow_loss(record, settings, DEPTH).backward()
    reached = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    moved = {name for name in reached if model.get_parameter(name).grad.any()}
    layers = parts(model, llama)
    last = {f"model.layers.1.{name}.weight" for name in ("input_layernorm", "self_attn.q_proj", "self_attn.k_proj")}
    below = {f"model.layers.0.{name}" for name, _ in layers[0].named_parameters()}
    assert moved == last | below | {"model.embed_tokens.weight"}
    assert len(below) == 9


def test_training_with_the_loss_lowers_it() -> None:
    model, inputs = neox(), batch("none")
    use_flow_attention(model)
    settings = FlowSettings(strength=5.0, layers=None, decay=False)
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    seen = []
    for _ in range(12):
        record = settings.record(DEPTH)
        output = model(**inputs, labels=inputs["input_ids"], flow=record)
        loss = flow_loss(record, settings, DEPTH)
        optimiser.zero_grad()
        (output.loss + settings.strength * loss).backward()
        optimiser.step()
        seen.append(loss.item())
    assert seen[-1] < 0.7 * seen[0]


def test_checkpointed_layers_give_the_same_gradients() -> None:
    inputs, settings = batch("none"), FlowSettings(layers=3, first=0)
    gradients = []
    for checkpointed in (False, True):
        torch.manual_seed(5)
        model = llama().train()
        use_flow_attention(model)
        if checkpointed:
            model.activation_checkpointing_enable()
        record = settings.record(DEPTH)
        model(**inputs, flow=record, use_cache=False)
        flow_loss(record, settings, DEPTH).backward()
        gradients.append(model.model.embed_tokens.weight.grad)
    assert gradients[0].any()
    torch.testing.assert_close(*gradients)


def test_checkpoints_that_lose_the_gradient_of_the_loss_are_noticed() -> None:
    """Reentrant checkpoints run the pass without gradients, so its flow loss would train nothing."""
    inputs, settings = batch("none"), FlowSettings(layers=3)
    model = llama().train()
    use_flow_attention(model)
    model.activation_checkpointing_enable({"use_reentrant": True})
    model.enable_input_require_grads()
    record = settings.record(DEPTH)
    output = model(**inputs, labels=inputs["input_ids"], flow=record, use_cache=False)
    loss = flow_loss(record, settings, DEPTH)
    assert not loss.requires_grad
    with pytest.raises(RuntimeError, match="use_reentrant=False"):
        (output.loss + loss).backward()


def test_tokens_in_the_cache_are_keys() -> None:
    model, inputs = llama().eval(), batch("none")
    use_flow_attention(model)
    words, levels = inputs["input_ids"], inputs["token_levels"]
    whole, late = FlowRecord([0, 2]), FlowRecord([0, 2])
    model(words, token_levels=levels, flow=whole)
    cache = model(words[:, :16], use_cache=True).past_key_values
    model(words[:, 16:], cache=cache, token_levels=levels, flow=late)
    for layer in (0, 2):
        torch.testing.assert_close(late.violation(layer), whole.violation(layer)[:, 16:], atol=1e-5, rtol=1e-5)


def test_scores_before_the_softmax_are_a_measure_too() -> None:
    model, inputs = qwen(), batch("none")
    use_flow_attention(model)
    settings = FlowSettings(layers=2, first=0, measure=Measure.SCORES)
    record = settings.record(DEPTH)
    model(**inputs, flow=record)
    loss = flow_loss(record, settings, DEPTH)
    loss.backward()
    assert loss > 0
    assert model.model.layers[1].self_attn.q_proj.weight.grad.any()
    assert model.model.layers[1].self_attn.v_proj.weight.grad is None


def test_half_precision_models_report_masses_in_full_precision() -> None:
    model, inputs = neox().to(torch.bfloat16), batch("none")
    use_flow_attention(model)
    record = FlowRecord([1])
    model(**inputs, flow=record)
    assert record.masses(1).dtype == torch.float32
    assert record.masses(1).sum(-1).max() <= 1.01


def test_a_model_that_was_not_told_is_noticed() -> None:
    model, inputs = llama(), batch("none")
    settings = FlowSettings(layers=3)
    record = settings.record(DEPTH)
    model(**inputs, flow=record)
    with pytest.raises(ValueError, match="use_flow_attention"):
        flow_loss(record, settings, DEPTH)


def test_a_model_with_more_than_plain_softmax_is_refused() -> None:
    config = transformers.Gemma2Config(**GROUPED, head_dim=8, attn_logit_softcapping=50.0)
    model = transformers.Gemma2ForCausalLM(config)
    with pytest.raises(ValueError, match="Gemma2ForCausalLM has attention that torch's fused kernel does not know"):
        use_flow_attention(model)


def test_a_model_keeps_its_outputs_through_a_folder(tmp_path: Path) -> None:
    """What is saved is the plain model: it loads without us, with the same outputs."""
    model, inputs = llama().eval(), batch("none")
    use_flow_attention(model)
    model.save_pretrained(tmp_path)
    again = transformers.LlamaForCausalLM.from_pretrained(tmp_path).eval()
    assert again.config._attn_implementation == "sdpa"
    words = inputs["input_ids"]
    assert torch.equal(again(words).logits, model(words).logits)


def test_levels_that_are_none_are_refused() -> None:
    """-100 is what labels are padded with, and would count as context."""
    model, inputs = llama(), batch("none")
    use_flow_attention(model)
    words, levels = inputs["input_ids"], inputs["token_levels"]
    wrong: list[tuple[Any, type[Exception], str]] = [
        (levels.masked_fill(levels < 0, -100), ValueError, r"from -100 to 4: wanted -1 \(outside.*\) to 4"),
        (levels + 1, ValueError, "from 0 to 5"),
        (levels.float(), TypeError, "torch.float32: wanted integers"),
        (levels.tolist(), TypeError, "token_levels is a list"),
        (levels.to("meta"), ValueError, "on meta: wanted cpu"),
    ]
    for given, error, message in wrong:
        with pytest.raises(error, match=message):
            model(words, token_levels=given, flow=FlowRecord([0]))


def test_what_does_not_fit_is_refused() -> None:
    model, inputs = llama(), batch("none")
    use_flow_attention(model)
    assert model.config._attn_implementation == NAME
    with pytest.raises(ValueError, match="without flow"):
        model(**inputs)
    with pytest.raises(ValueError, match="without token_levels"):
        model(inputs["input_ids"], flow=FlowRecord([0]))
    with pytest.raises(ValueError, match=r"token_levels of shape \(2, 3\) at layer 0"):
        model(inputs["input_ids"], token_levels=inputs["token_levels"][:, :3], flow=FlowRecord([0]))
    query = torch.randn(2, 4, TOKENS, 8)
    with pytest.raises(ValueError, match="layer 0 attends with softcap"):
        options = {"token_levels": inputs["token_levels"], "flow": FlowRecord([0]), "softcap": 50.0}
        flow_attention_forward(model.model.layers[0].self_attn, query, query, query, None, **options)
