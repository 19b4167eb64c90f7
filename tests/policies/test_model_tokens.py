"""The policy from a proof state to tactics with a real, tiny, random model and a byte-level tokenizer."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
transformers = pytest.importorskip("transformers", reason="transformers is missing: pip install 'proofloom[model]'")
tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is missing: pip install 'proofloom[model]'")

from proofloom.hierarchy import levelled_state
from proofloom.models.engine.choice import engine_for
from proofloom.models.engine.protocol import Decoding, Method
from proofloom.models.engine.text import Asked
from proofloom.models.engine.tokenized import TokenizedEngine
from proofloom.models.prompt import prompts
from proofloom.policies.model.policy import ModelPolicy
from proofloom.policies.policy import Query
from proofloom.proofs import Goal, Hypothesis, ProofState, Theorem

STATES = [
    ProofState((Goal((Hypothesis(("n",), "nat"),), "n + 0 = n"), Goal((), "∀ x, x ≤ x"))),
    ProofState((Goal((), "True"),)),
]
MARKERS = ["<|endoftext|>", "[GOAL]", "[PROOFSTEP]"]


def byte_tokenizer() -> transformers.PreTrainedTokenizerFast:
    """Each byte is a token; the markers are special tokens with the first numbers."""
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    words = {word: number for number, word in enumerate([*MARKERS, *alphabet])}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=words, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(MARKERS)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=MARKERS[0])


def random_model(vocabulary: int) -> transformers.GPTNeoXForCausalLM:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = transformers.GPTNeoXForCausalLM(
        transformers.GPTNeoXConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=128,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    with torch.no_grad():
        model.gpt_neox.final_layer_norm.weight[0], model.gpt_neox.final_layer_norm.bias[0] = 0.0, 1.0
        model.lm_head.weight[0, 0] += 4.0  # ends after a few letters
        model.lm_head.weight[3:, 0] = 0.0
        letters = [3 + sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()).index(letter) for letter in "abcdefgh"]
        model.lm_head.weight[letters, 0] += 3.0
    return model


def test_tactics_of_a_model_are_texts_with_their_log_probabilities() -> None:
    tokenizer = byte_tokenizer()
    model = random_model(len(tokenizer))
    for method in Method:
        engine = TokenizedEngine(engine_for(model, 0), tokenizer, Decoding(method, most_tokens=6), 60)
        assert engine.name == "shared-prefix"
        answers = ModelPolicy(engine).suggest([Query(state, Theorem("t", "x")) for state in STATES], 12)
        for state, answer in zip(STATES, answers, strict=True):
            assert answer
            assert len({one.tactic for one in answer}) == len(answer)
            assert [one.logprob for one in answer] == sorted((one.logprob for one in answer), reverse=True)
            assert math.fsum(math.exp(one.logprob) for one in answer) <= 1 + 1e-6
            prompt = prompts(tokenizer, [levelled_state(state)], 1000)[0].tokens
            one = answer[0]
            tokens = [*tokenizer.encode(one.tactic, add_special_tokens=False), 0]
            with torch.inference_mode():
                logprobs = model(torch.tensor([[*prompt, *tokens]])).logits[0].log_softmax(-1)
            direct = sum(float(logprobs[len(prompt) - 1 + place, token]) for place, token in enumerate(tokens))
            assert one.logprob >= direct - 1e-4  # other writings of the same tactic may add to it
            assert one.logprob == pytest.approx(direct, abs=0.05)


def test_a_state_that_is_too_long_keeps_its_first_conclusion() -> None:
    tokenizer = byte_tokenizer()
    asked: list[list[int]] = []

    class Listener:
        name = "listener"

        def generate(self, prompts: list[list[int]], n: int, decoding: Decoding) -> list[list[object]]:
            asked.extend(prompts)
            return [[] for _ in prompts]

    assert TokenizedEngine(Listener(), tokenizer, None, 12).complete([Asked(STATES[0])], 1) == [[]]
    assert tokenizer.decode(asked[0], skip_special_tokens=False) == "[GOAL]n + 0 = n\n[PROOFSTEP]"
    assert len(asked[0]) == 12
