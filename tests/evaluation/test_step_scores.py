"""The score of a human step is what a full pass over prompt and tactic says, and what greedy decoding would write."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
from toy_models import STATES, TACTICS, toy_folder

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")

from proofloom.evaluation.steps.scores import step_scores
from proofloom.models.prompt import plain_tokens, prompts
from proofloom.policies.model.folder import LoadedModel, loaded_model
from proofloom.training.library_pairs import levelled_pair


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model whose context leaves 16 tokens for a tactic."""
    return loaded_model(toy_folder(tmp_path_factory.mktemp("models") / "toy", 3, 96), 16)


def test_a_score_is_the_sum_of_a_full_pass(loaded: Any) -> None:
    import torch

    pairs = [levelled_pair(state, tactic) for state in STATES for tactic in TACTICS]
    scores = step_scores(loaded, pairs, 16)
    assert len(scores) == 9
    made = prompts(loaded.tokenizer, [pair.state for pair in pairs], loaded.room)
    for pair, prompt, score in zip(pairs, made, scores, strict=True):
        assert score is not None
        tokens = [*plain_tokens(loaded.tokenizer, [pair.tactic])[0], loaded.tokenizer.eos_token_id]
        with torch.inference_mode():
            logits = loaded.model(torch.tensor([[*prompt.tokens, *tokens]])).logits[0].log_softmax(-1)
        places = torch.arange(len(prompt.tokens) - 1, len(prompt.tokens) + len(tokens) - 1)
        assert score.logprob == pytest.approx(float(logits[places, torch.tensor(tokens)].sum()), abs=1e-4)
        assert (score.tokens, score.exact) == (len(tokens), logits[places].argmax(-1).tolist() == tokens)


class Clairvoyant:
    """Finds the next token of what it reads almost certain, but after `blind` tokens of a row nothing any more."""

    device = "cpu"

    def __init__(self, words: int, blind: int) -> None:
        self._words, self._blind = words, blind

    def eval(self) -> None:
        """It is never in training."""

    def __call__(self, input_ids: Any, logits_to_keep: Any, use_cache: bool) -> Any:
        import torch

        logits = torch.zeros(*input_ids.shape, self._words)
        logits[:, :-1].scatter_(2, input_ids[:, 1:, None], 50.0)
        logits[:, self._blind :] = 0.0
        return SimpleNamespace(logits=logits[:, logits_to_keep])


def test_only_a_tactic_that_is_written_to_its_end_is_exact(loaded: Any) -> None:
    pairs = [levelled_pair(STATES[2], "exact I"), levelled_pair(STATES[1], "exact H")]
    lengths = [len(one.tokens) for one in prompts(loaded.tokenizer, [pair.state for pair in pairs], loaded.room)]
    assert lengths[0] + 4 < lengths[1]
    words = len(loaded.tokenizer)
    for blind, exact in [(99, [True, True]), (lengths[1], [True, False]), (0, [False, False])]:
        model: Any = Clairvoyant(words, blind)
        scores = step_scores(LoadedModel(model, loaded.tokenizer, loaded.room), pairs, 16)
        assert [score and score.exact for score in scores] == exact
        for score in scores:
            assert score is not None
            known = {99: score.tokens, lengths[1]: score.tokens if score.exact else 1, 0: 0}[blind]
            assert score.logprob == pytest.approx((known - score.tokens) * math.log(words), abs=1e-3)


def test_a_tactic_that_is_too_long_has_no_score(loaded: Any) -> None:
    pairs = [levelled_pair(STATES[0], tactic) for tactic in ("reflexivity", "exact (" + "f " * 40 + ")")]
    scores = step_scores(loaded, pairs, 16)
    assert scores[0] is not None
    assert scores[1] is None
    assert step_scores(loaded, pairs[1:], 16) == [None]
    assert step_scores(loaded, [], 16) == []
