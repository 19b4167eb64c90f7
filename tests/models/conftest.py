"""These tests run on one core, so that they cost the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

TEXTS = [
    "case inl\nA : Type\nx y : A\nIHn' : forall z : A, x = z -> In y (x :: nil)\n⊢ y = x",
    "α : Type u_1\ninst✝ : Group α\nh₀ : 0 < 12\n⊢ Nat.add_comm 1 2 = rfl",
    "n : nat\n⊢ S n + 0 = S n\n\nn : nat\n⊢ n <= n",
    "induction n as [| n IHn]; simpl; auto using Nat.add_0_r.",
]


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    """Our tokenizer, trained on a few texts."""
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'proofloom[model]'")
    from proofloom.models.tokenizer import train_tokenizer

    return train_tokenizer(TEXTS * 3, 400)
