"""Texts with trees to vectors: what each arm sees, and that batch mates do not matter."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.attention.hierarchical.layer import Forest, pooled
from proofloom.hierarchy.nested import NestedSignal
from proofloom.models import tree_encoder
from proofloom.models.tree_encoder import Arm, EncoderSizes, TreeEncoder, TreeText

SIZES = EncoderSizes(width=16, out=16, heads=2, head_width=8, position=8)
TEXTS = [TreeText((3, 4, 5, 6), ((0, 1), (2, 3))), TreeText((7, 3), (0, 1)), TreeText((4, 4, 9), (0, (1, 2)))]


def encoder(arm: Arm) -> TreeEncoder:
    torch.manual_seed(3)
    return TreeEncoder(20, ("sequence",), arm, SIZES)


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize("at_once", [1, 9, 4096])
def test_batch_mates_do_not_matter(arm: Arm, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_encoder, "BATCH_TOKENS", at_once)
    model = encoder(arm)
    together = model(TEXTS)
    assert together.shape == (3, 16)
    for row, text in zip(together, TEXTS, strict=True):
        torch.testing.assert_close(model([text])[0], row, atol=1e-5, rtol=1e-4)


def test_only_one_arm_sees_the_tree_and_one_sees_no_order() -> None:
    other_tree = TreeText(TEXTS[0].tokens, ((0, 1, 2), 3))
    other_order = TreeText((6, 4, 5, 3), TEXTS[0].tree)
    sees = {}
    for arm in Arm:
        model = encoder(arm)
        rows = model([TEXTS[0], other_tree, other_order])
        sees[arm] = [not torch.allclose(rows[0], row, atol=1e-5) for row in rows[1:]]
    assert sees == {
        Arm.HSA: [True, True],
        Arm.FSA: [False, True],
        Arm.DEEPSET: [False, False],
        Arm.WORDS: [False, False],
    }


def test_the_flat_arm_is_the_layer_on_one_family() -> None:
    model, text = encoder(Arm.FSA), TEXTS[0]
    tree = NestedSignal.of([(0, 1, 2, 3)])
    rows = model.words(torch.tensor([text.tokens]))
    forest = Forest.of(tree, SIZES.position)
    flat = Forest(tree, forest.layout, forest.vectors, forest.domain, ("flat",))
    torch.testing.assert_close(model([text]), pooled(model.layers[0](rows, flat), tree))


def test_words_are_the_mean_of_their_vectors_and_keep_their_width() -> None:
    model = encoder(Arm.WORDS)
    torch.testing.assert_close(model(TEXTS[2:])[0], model.words.weight[[4, 4, 9]].mean(0))
    with pytest.raises(ValueError, match="width=16, out=8: wanted the same for words without a layer"):
        TreeEncoder(20, ("sequence",), Arm.WORDS, EncoderSizes(width=16, out=8))
