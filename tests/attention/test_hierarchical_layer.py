"""The HTE layer: its pieces in order, its position maps, pooling, and that it trains."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from random_trees import random_batch

from proofloom.attention.hierarchical import hierarchical_attention
from proofloom.attention.hierarchical.layer import Forest, HierarchicalLayer, pooled, pooled_at
from proofloom.hierarchy.nested import Branch, Domain, Kind, NestedSignal
from proofloom.hierarchy.reshaping import cut, flattened

GOAL = Domain("goal", Kind.RECORD, ("declarations", "conclusion"))
WORDS, FACTS = Domain("words"), Domain("facts", Kind.SET)
TREES = [
    Branch(GOAL, (Branch(FACTS, (Branch(WORDS, (0, 1)), Branch(WORDS, (2,)))), Branch(WORDS, (3, 4))), GOAL.keys),
    Branch(GOAL, (Branch(FACTS, (0, Branch(WORDS, (1, 2, 3)))), 4), GOAL.keys),
]


DOMAINS = ("goal", "facts", "words", "flat")


def layer(**options: object) -> HierarchicalLayer:
    settings = {"heads": 2, "head_width": 4, "domains": DOMAINS, "position": 16}
    return HierarchicalLayer(6, 10, **{**settings, **options})  # type: ignore[arg-type]


def test_the_layer_is_its_drawing() -> None:
    module, forest = layer(), Forest.of(NestedSignal.of(TREES), 16)
    rows = torch.randn(2, 5, 6)
    projected = module.projections[0](rows).chunk(3, -1)
    heads = [one.view(2, 5, 2, 4).transpose(1, 2) for one in projected]
    q, k, v = (
        (one - one.mean(-1, keepdim=True)) / (one.var(-1, keepdim=True, unbiased=False) + 1e-5).sqrt() for one in heads
    )
    torch.testing.assert_close(q.square().sum(-1), torch.full((2, 2, 5), 4.0), atol=1e-2, rtol=0)  # norm^2 = d
    read = q + hierarchical_attention(q, k, v, forest.tree, position=module.positions(forest), inclusive=False)
    mixed = module.norm(module.mix(read.transpose(1, 2).reshape(2, 5, 8)))
    torch.testing.assert_close(module(rows, forest), mixed + module.network(mixed), atol=1e-5, rtol=1e-4)


def test_each_domain_has_its_own_map_of_positions() -> None:
    module, forest = layer(), Forest.of(NestedSignal.of(TREES), 16)
    rows = module.positions(forest)
    assert rows.shape == (2, forest.tree.nodes, 4)
    for node in range(forest.tree.nodes):
        expected = torch.zeros(2, 4)
        if forest.tree.domain[node] >= 0:
            name = forest.names[forest.tree.domain[node]]
            expected = module.positions.maps[DOMAINS.index(name)](forest.vectors[node]).view(2, 4)
        torch.testing.assert_close(rows[:, node], expected)
    with pytest.raises(ValueError, match=r"domains \['window'\] have no map"):
        module.positions(Forest.of(NestedSignal.of([Branch(Domain("window"), (0,))]), 16))


def test_order_matters_in_sequences_and_not_in_sets() -> None:
    module, rows = layer(), torch.randn(1, 3, 6)
    for domain, matters in ((WORDS, True), (FACTS, False)):
        outputs = []
        for order in ((0, 1, 2), (2, 0, 1)):
            forest = Forest.of(NestedSignal.of([Branch(domain, order)]), 16)
            outputs.append(module(rows, forest))
        assert torch.allclose(*outputs, atol=1e-5) != matters


def test_batch_mates_do_not_matter() -> None:
    module, rows = layer(), torch.randn(2, 5, 6)
    together = module(rows, Forest.of(NestedSignal.of(TREES), 16))
    for number, tree in enumerate(TREES):
        alone = module(rows[number : number + 1], Forest.of(NestedSignal.of([tree]), 16))
        torch.testing.assert_close(together[number : number + 1], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("options", [{}, {"norm": "whole"}, {"inclusive": True}, {"attend": False}])
def test_every_parameter_learns(options: dict[str, object]) -> None:
    module, forest = layer(**options), Forest.of(NestedSignal.of(TREES), 16)
    pooled(module(torch.randn(2, 5, 6), forest), forest.tree).square().sum().backward()
    idle = {name for name, one in module.named_parameters() if one.grad is None or not one.grad.any()}
    assert idle <= {"positions.maps.1.weight", "positions.maps.3.weight"}  # not in these trees; a set has none


@pytest.mark.parametrize("norm", ["head", "whole"])
def test_it_runs_in_half_precision(norm: str) -> None:
    module, forest, rows = layer(norm=norm), Forest.of(NestedSignal.of(TREES), 16), torch.randn(2, 5, 6)
    exact = module(rows, forest)
    half = module.bfloat16()(rows.bfloat16(), forest)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), exact, atol=0.1, rtol=0)


def test_inputs_have_their_own_projections() -> None:
    module, forest = layer(inputs=("name", "type")), Forest.of(NestedSignal.of(TREES), 16)
    rows, names = torch.randn(2, 5, 6), torch.zeros(2, 5, dtype=torch.bool)
    names[:, 0] = True
    with pytest.raises(ValueError, match=r"wanted where each of \['name', 'type'\] stands"):
        module(rows, forest)
    before = module(rows, forest, {"name": names, "type": ~names})
    with torch.no_grad():
        module.projections[0].bias += torch.randn(24)
    assert not torch.allclose(module(rows, forest, {"name": names, "type": ~names}), before)
    none = torch.zeros_like(names)
    own, state = layer(), module.state_dict()
    own.load_state_dict(
        {k.replace("s.1.", "s.0.", k.startswith("proj")): v for k, v in state.items() if "projections.0" not in k}
    )
    torch.testing.assert_close(module(rows, forest, {"name": none, "type": ~none}), own(rows, forest))
    with pytest.raises(ValueError, match="norm='none'"):
        layer(norm="none")


def test_pooling() -> None:
    tree = random_batch(3, [7, 4], 7, padding=0.2)
    rows = torch.randn(2, 7, 3)
    torch.testing.assert_close(pooled(rows, tree)[0], rows[0].mean(0))
    torch.testing.assert_close(pooled(rows, tree)[1], rows[1, :4].mean(0))
    nested = NestedSignal.of([((0, 1), (2, (3, 4))), (0, (1, 2))])
    rows = torch.randn(2, 5, 3)
    short, shorter = pooled_at(rows, nested, 1)
    assert shorter.depth == 1
    expected = [[rows[0, :2].mean(0), rows[0, 2:].mean(0)], [rows[1, 0], rows[1, 1:3].mean(0)]]
    torch.testing.assert_close(short, torch.stack([torch.stack(one) for one in expected]))
    with pytest.raises(ValueError, match="B, N = 2, 5 as the tree"):
        pooled(rows[:, :3], nested)


def test_cut_and_flattened_trees_keep_the_leaves() -> None:
    nested = NestedSignal.of([((0, 1), None, (2, (3, 4))), (0, (1, 2))])
    flat = flattened(nested)
    assert (flat.depth, flat.size.tolist()[:2]) == (1, [5, 3])
    assert flat.slot[flat.leaves].tolist() == nested.slot[nested.leaves].tolist()
    shorter, moved = cut(nested, 2)
    assert moved.tolist() == [0, 1, 2, 3, 3, 4, 5, 6, -1, -1]
    assert shorter.size.tolist()[:2] == [4, 3]
    assert cut(nested, 9)[0].size.tolist() == nested.size.tolist()
    with pytest.raises(ValueError, match="depth=0"):
        cut(nested, 0)
    lone = NestedSignal.of([2, (0, 1)], 3)
    assert flattened(lone).slot[flattened(lone).leaves].tolist() == [2, 3, 4]
