"""These tests run on one core, so that they cost the same everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
