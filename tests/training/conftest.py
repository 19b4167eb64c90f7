"""These tests run on one core, so that they cost the same everywhere; and a small task that can be learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def pairs() -> list[Any]:
    """States of two goals, so that something can be forbidden, each with the tactic that its first goal asks for."""
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    from proofloom.training.library_pairs import levelled_pair

    made = []
    for number in range(24):
        names = " ".join("abcxyz"[: 1 + number % 6])
        wanted, tactic = [("True", "exact I"), (f"{number} = {number}", "reflexivity"), ("A", "assumption")][number % 3]
        goals = f"A : Type\n{names} : nat\nH : a = {number}\n⊢ {wanted}\n\nB : Type\nb : B\n⊢ b = b"
        made.append(levelled_pair(goals, tactic))
    return made


@pytest.fixture(scope="session")
def tokenizer(pairs: list[Any]) -> Any:
    """Our tokenizer, trained on the pairs."""
    from proofloom.models.tokenizer import train_tokenizer

    return train_tokenizer([pair.state.text for pair in pairs] + [pair.tactic for pair in pairs], 300)


@pytest.fixture(scope="session")
def examples(pairs: list[Any], tokenizer: Any) -> Any:
    """The pairs as examples."""
    from proofloom.training.examples import Limits, encode

    return encode(pairs, tokenizer, Limits(prompt=96, tactic=16))


@pytest.fixture
def new_model(tokenizer: Any) -> Callable[..., Any]:
    """Makes small models, all alike; with `dropout` they draw random numbers while they train."""
    from proofloom.models.neox import Size, build_model

    def made(dropout: float = 0.0) -> Any:
        model = build_model(Size(4, 32, 2, 300), tokenizer, seed=5)
        for module in model.modules():
            if type(module).__name__ == "Dropout":
                module.p = dropout
        return model

    return made
