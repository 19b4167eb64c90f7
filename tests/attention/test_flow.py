"""Flow attention against its plain reference, and against the paper's example."""

from __future__ import annotations

from typing import Any

import pytest
from figure import FIGURE, word_offsets
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from torch import Tensor

from proofloom.attention.flow import attend_by_class, flow_attention, forbidden_table, separate_goals
from proofloom.attention.flow_reference import flow_attention_reference, score_masses
from proofloom.hierarchy import FIVE_LEVELS, OUTSIDE, THREE_LEVELS, Level, example, levelled_text

TOLERANCE = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}

SHAPES = [
    ((1, 1), (1, 1), 8),
    ((2, 2), (7, 7), 5),
    ((4, 2), (33, 33), 64),
    ((6, 1), (20, 20), 80),
    ((2, 2), (65, 65), 128),
    ((2, 1), (3, 30), 24),
]
"""Heads (H, G), tokens (T, S), head width D."""


def tensors(heads: tuple[int, int], tokens: tuple[int, int], width: int, dtype: torch.dtype, batch: int = 2) -> list:
    queries, keys = tokens
    made = [torch.randn(batch, heads[0], queries, width), *(torch.randn(batch, heads[1], keys, width) for _ in "kv")]
    levels = torch.randint(-1, 5, (batch, keys))
    return [*(one.to(dtype).requires_grad_() for one in made), levels, levels[:, keys - queries :]]


def masked(kind: str, queries: int, keys: int) -> dict[str, object]:
    """Causal by flag; causal and padded on the left by a boolean or an additive mask; everything."""
    if kind in ("causal", "all"):
        return {"is_causal": kind == "causal"}
    mask = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries).repeat(2, 1, 1, 1)
    mask[1, :, :, : keys // 3] = False
    mask[1, :, torch.arange(queries), torch.arange(keys - queries, keys)] = True
    additive = torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)
    return {"attention_mask": mask if kind == "boolean" else additive}


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize(
    ("heads", "tokens", "width", "kind"),
    [
        (*shape, kind)
        for shape in SHAPES
        for kind in ("causal", "all", "boolean", "additive")
        if kind != "causal" or shape[1][0] == shape[1][1]
    ],
)
def test_outputs_and_gradients_are_those_of_the_reference(
    heads: tuple[int, int], tokens: tuple[int, int], width: int, kind: str, dtype: torch.dtype
) -> None:
    *inputs, key_levels, query_levels = tensors(heads, tokens, width, dtype)
    options = masked(kind, *tokens)
    if "attention_mask" in options and options["attention_mask"].dtype != torch.bool:
        options["attention_mask"] = options["attention_mask"].to(dtype)
    results = []
    for attend in (flow_attention, flow_attention_reference):
        output, violation = attend(*inputs, key_levels, query_levels, scale=0.3, **options)
        weights = torch.linspace(-1, 1, violation.numel()).view_as(violation)
        loss = (output.float() * output.detach().float().cos()).mean() + (violation * weights).sum()
        results.append([output, violation, *torch.autograd.grad(loss, inputs)])
    assert results[0][1].dtype == torch.float32
    for ours, plain in zip(*results, strict=True):
        assert ours.shape == plain.shape
        size = max(1.0, plain.detach().float().abs().max().item())
        assert (ours.float() - plain.float()).abs().max().item() <= TOLERANCE[dtype] * size


def test_the_output_is_that_of_ordinary_attention() -> None:
    query, key, value, levels, _ = tensors((4, 2), (40, 40), 16, torch.float32)
    plain = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    output, _ = flow_attention(query, key, value, levels, levels, is_causal=True)
    torch.testing.assert_close(output, plain)


def test_values_may_have_a_width_of_their_own() -> None:
    query, key, _, levels, _ = tensors((2, 2), (9, 9), 24, torch.float32)
    value = torch.randn(2, 2, 9, 11)
    ours = flow_attention(query, key, value, levels, levels, is_causal=True)
    plain = flow_attention_reference(query, key, value, levels, levels, is_causal=True)
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 24), st.integers(0, 2**16), st.integers(0, 9))
def test_masses_are_shares_and_padding_changes_nothing(tokens: int, seed: int, padding: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    query, key, value = (torch.randn(1, 2, tokens + padding, 8, generator=generator) for _ in range(3))
    levels = torch.randint(0, 5, (1, tokens + padding), generator=generator)
    levels[:, tokens:] = OUTSIDE
    _, long = attend_by_class(query, key, value, levels, 5, is_causal=True)
    _, short = attend_by_class(*(x[:, :, :tokens] for x in (query, key, value)), levels[:, :tokens], 5, is_causal=True)
    torch.testing.assert_close(long[:, :tokens], short)
    torch.testing.assert_close(short.sum(-1), torch.ones(1, tokens))
    _, violation = flow_attention(query, key, value, levels, levels, is_causal=True)
    assert violation.min() >= 0
    assert violation.max() <= 1 + 1e-5
    assert not violation[:, tokens:].any()


def figure_levels() -> tuple[list[str], Tensor]:
    levelled = example(levelled_text(FIGURE))
    offsets = word_offsets(levelled.text)
    words = [levelled.text[start:end].strip() for start, end in offsets]
    return words, torch.tensor([levelled.token_levels(offsets)])


def forbidden_pairs(levels: Tensor, table: Tensor) -> Tensor:
    """(T, T), read off the masses of an attention that looks at one key only, for each key in turn."""
    tokens = levels.shape[1]
    pairs = torch.zeros(tokens, tokens)
    for position in range(tokens):
        query, key = torch.zeros(1, 1, tokens, 8), torch.zeros(1, 1, tokens, 8)
        query[..., 0], key[0, 0, position, 0] = 1, 200
        _, violation = flow_attention(query, key, query, levels, levels, forbidden=table, is_causal=True)
        pairs[position:, position] = violation[0, position:].round()
    return pairs.bool()


def test_check_1_the_example_of_the_figure() -> None:
    words, levels = figure_levels()
    query = [i for i, word in enumerate(words) if word == ":"][4]
    assert words[query - 1 : query + 3] == ["α", ":", "Type", "u_1"]
    forbidden = forbidden_pairs(levels, forbidden_table())[query].nonzero().flatten().tolist()
    begin, end = words.index("inst✝¹"), len(words) - 1 - words[::-1].index("acc") - 1
    assert forbidden == list(range(begin, end))
    assert words[begin:end][-5:] == ["IsClosed", "(", "closure", "C", ")"]


def test_check_1_reversed_as_a_negative_control() -> None:
    words, levels = figure_levels()
    query = [i for i, word in enumerate(words) if word == ":"][4]
    forbidden = forbidden_pairs(levels, forbidden_table(FIVE_LEVELS.reversed()))[query].nonzero().flatten().tolist()
    assert [words[position] for position in forbidden] == ["[GOAL]", "case", "closed", "case", "acc"]


@pytest.mark.parametrize("hierarchy", [FIVE_LEVELS, THREE_LEVELS, FIVE_LEVELS.reversed()], ids=lambda one: one.name)
def test_pairs_are_those_of_the_table(hierarchy: object) -> None:
    _, levels = figure_levels()
    rows = levels[0].tolist()
    wanted = torch.tensor(
        [
            [j <= i and OUTSIDE not in (q, k) and hierarchy.forbids(Level(q), Level(k)) for j, k in enumerate(rows)]
            for i, q in enumerate(rows)
        ]
    )
    assert torch.equal(forbidden_pairs(levels, forbidden_table(hierarchy)), wanted)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**16))
def test_check_2_one_goal_with_types_first_has_no_forbidden_flow(seed: int) -> None:
    levelled = example(levelled_text("case h\nα : Type u_1\nx y : α\nhxy : x = y\n⊢ y = x"), "exact hxy.symm")
    levels = torch.tensor([levelled.token_levels(word_offsets(levelled.text))])
    query, key, value = (3 * torch.randn(1, 2, levels.shape[1], 8) for _ in range(3))
    _, violation = flow_attention(query, key, value, levels, levels, is_causal=True)
    assert not violation.any()
    assert not FIVE_LEVELS.can_flow(levels[0].tolist())


def test_goals_can_be_kept_apart() -> None:
    levelled = example(levelled_text(FIGURE))
    offsets = word_offsets(levelled.text)
    levels, goals = torch.tensor([levelled.token_levels(offsets)]), torch.tensor([levelled.token_goals(offsets)])
    classes, table = separate_goals(levels, goals, forbidden_table())
    assert table.shape == (10, 10)
    assert not forbidden_pairs(classes, table).any()
    levels, goals = torch.tensor([[3, 2, 4, 3, 2, -1]]), torch.tensor([[0, 0, 0, 1, 1, -1]])
    classes, table = separate_goals(levels, goals, forbidden_table())
    assert forbidden_pairs(classes, table).nonzero().tolist() == [[1, 0], [4, 3]]


def test_scores_before_the_softmax_are_summed_by_class() -> None:
    query, key, _, levels, _ = tensors((2, 1), (12, 12), 8, torch.float32)
    masses = score_masses(query, key, levels, 5, is_causal=True)
    scores = (query @ key.repeat_interleave(2, 1).transpose(-1, -2) * 8**-0.5).relu().mean(1).tril()
    wanted = [(scores * (levels == level)[:, None]).sum(-1) for level in range(5)]
    torch.testing.assert_close(masses, torch.stack(wanted, -1))


@pytest.mark.parametrize("kind", [torch.int8, torch.int16, torch.int32])
def test_levels_may_be_small_integers(kind: Any) -> None:
    query, key, value, levels, _ = tensors((4, 2), (6, 6), 8, torch.float32)
    _, wanted = flow_attention(query, key, value, levels, levels, is_causal=True)
    _, found = flow_attention(query, key, value, levels.to(kind), levels.to(kind), is_causal=True)
    assert torch.equal(found, wanted)


def test_it_is_one_graph() -> None:
    query, key, value, levels, _ = tensors((4, 2), (6, 6), 8, torch.float32)
    compiled = torch.compile(flow_attention, fullgraph=True, backend="eager")
    for one, other in zip(
        compiled(query, key, value, levels, levels, is_causal=True),
        flow_attention(query, key, value, levels, levels, is_causal=True),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_shapes_that_do_not_fit_are_refused_with_both_numbers() -> None:
    query, key, value, levels, _ = tensors((4, 2), (6, 6), 8, torch.float32)
    mask = torch.ones(6, 6, dtype=torch.bool)
    wrong = {
        "4 query heads and 3 key heads": (query, *(torch.randn(2, 3, 6, 8) for _ in "kv"), levels, levels, {}),
        r"\(2, 5\): wanted \(B, S\) = \(2, 6\)": (query, key, value, levels[:, :5], levels, {}),
        r"\(2, 5\): wanted \(B, T\) = \(2, 6\)": (query, key, value, levels, levels[:, :5], {}),
        "4 queries and 6 keys": (query[:, :, :4], key, value, levels, levels[:, :4], {"is_causal": True}),
        "one head width": (query[..., :4], key, value, levels, levels, {}),
        "four dimensions": (query, key[0], value, levels, levels, {}),
        "wanted one of them": (query, key, value, levels, levels, {"is_causal": True, "attention_mask": mask}),
    }
    for message, (*inputs, options) in wrong.items():
        with pytest.raises(ValueError, match=message):
            flow_attention(*inputs, **options)
