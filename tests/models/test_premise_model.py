"""The network of premise encoders: which tokens count, in which fields, and from what it starts."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.corpus.entries import PremiseEntry
from proofloom.models import tree_encoder
from proofloom.models.premise_model import CONCLUSION, PremiseModel, Thinning, vectors
from proofloom.models.tokenizer import train_tokenizer
from proofloom.models.tree_encoder import Arm, EncoderSizes
from proofloom.models.tree_texts import FIELDS, LONGEST, goal_texts, premise_texts
from proofloom.proofs import Goal, Hypothesis

SIZES = EncoderSizes(8, 8, 2, 8, 8)
GOAL = Goal.parse("case inl\nA : Type\nx y : A\nH : x = y\n⊢ y = x")


def model(tokenizer: Any, arm: Arm = Arm.WORDS) -> PremiseModel:
    torch.manual_seed(1)
    return PremiseModel(len(tokenizer), arm, SIZES)


def test_every_token_knows_its_field(tokenizer: Any) -> None:
    (text,) = goal_texts(tokenizer, [GOAL])
    said = dict.fromkeys(FIELDS, "")
    for token, field in zip(text.tokens, text.fields, strict=True):
        said[FIELDS[field]] += tokenizer.decode([token])
    assert {name: one.strip() for name, one in said.items() if one} == {
        "case": "case inl",
        "declarations": "A : Type\nx y : A\nH : x = y",
        "conclusion": "⊢ y = x",
    }
    (premise,) = premise_texts(tokenizer, [PremiseEntry(0, 0, "L.eq_sym", "Lemma eq_sym : x = y.", "", 0)])
    assert {FIELDS[field] for field in premise.fields} == {"name", "statement"}


def test_before_training_a_text_is_the_weighted_mean_of_its_words(tokenizer: Any) -> None:
    made = model(tokenizer)
    (text,) = goal_texts(tokenizer, [GOAL])
    weights = torch.tensor([CONCLUSION if FIELDS[field] == "conclusion" else 1.0 for field in text.fields])
    mean = (made.encoder.words.weight[list(text.tokens)] * weights[:, None]).sum(0)
    expected = (mean / mean.norm()).detach().numpy()
    assert vectors(made, [text])[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("arm", Arm)
@pytest.mark.parametrize("at_once", [1, 4096])
def test_batch_mates_do_not_matter(tokenizer: Any, arm: Arm, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = model(tokenizer, arm)
    texts = goal_texts(tokenizer, [GOAL, Goal((), "n + 0 = n"), Goal((), "y = x")])
    alone = [vectors(made, [text])[0] for text in texts]
    monkeypatch.setattr(tree_encoder, "BATCH_TOKENS", at_once)
    for row, other in zip(vectors(made, texts), alone, strict=True):
        assert row == pytest.approx(other, abs=1e-5)


def test_of_a_long_state_the_conclusion_stays() -> None:
    tokenizer = train_tokenizer(["x : nat", "⊢ y = z"], 270)
    long = Goal(tuple(Hypothesis((f"x{number}",), "nat") for number in range(200)), "y = z")
    (text,) = goal_texts(tokenizer, [long])
    assert len(text.tokens) == LONGEST
    assert tokenizer.decode(text.tokens).endswith("⊢ y = z")
    (short,) = goal_texts(tokenizer, [Goal((), "y = z")])
    assert text.tokens[-len(short.tokens) :] == short.tokens


def test_without_a_layer_no_tree_is_needed(tokenizer: Any) -> None:
    """The sums in one go, against the means over trees."""
    made = model(tokenizer)
    made.word_weights.data.uniform_(0.1, 2)
    texts = goal_texts(tokenizer, [GOAL, Goal((), "n + 0 = n"), Goal((), "y = x")])
    lengths = torch.tensor([[len(text.tokens)] for text in texts])
    assert torch.allclose(made.sums(texts) / lengths, made.means(texts), atol=1e-5)


@pytest.mark.parametrize("arm", [Arm.WORDS, Arm.DEEPSET])
def test_thinning_leaves_tokens_out_by_its_generator(tokenizer: Any, arm: Arm) -> None:
    made = model(tokenizer, arm)
    texts = goal_texts(tokenizer, [GOAL, Goal((), "n + 0 = n")])
    whole, *thinned = (
        made(texts, Thinning(share, torch.Generator().manual_seed(seed)))
        for share, seed in ((0.0, 1), (0.5, 1), (0.5, 1), (0.5, 2))
    )
    assert torch.equal(whole, made(texts))
    assert torch.equal(thinned[0], thinned[1])
    assert not torch.allclose(thinned[0], thinned[2]) and not torch.allclose(thinned[0], whole)


def test_thinning_keeps_its_share() -> None:
    kept = Thinning(0.3, torch.Generator().manual_seed(0)).kept(torch.Size([200, 100]))
    assert set(kept.unique().tolist()) == {0.0, 1.0} and 0.68 < kept.mean().item() < 0.72
