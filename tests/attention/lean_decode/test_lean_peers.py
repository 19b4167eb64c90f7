"""What the benchmark of decode attention measures beside ours, where it can be had without a GPU: that it is right."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")
pytest.importorskip("triton", reason="triton is not installed (Linux only): pip install triton")

from lean_cases import BATCHES, drawn, exact

from proofloom.attention.lean_decode.keys import KeyValues

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from peers import gpu_shapes
from peers.fixed_split import FixedSplit


@pytest.mark.parametrize("batch", BATCHES)
def test_the_fixed_split_is_exact(batch: tuple[list[int], int, int, int, int]) -> None:
    query, held = drawn(*batch)
    rows = query.float().reshape(len(query), held.heads, -1, query.shape[3])
    split = FixedSplit(rows, KeyValues(held.keys.float(), held.values.float(), held.lengths), rows.shape[3] ** -0.5, 8)
    found = split(rows).view(query.shape)
    torch.testing.assert_close(found.double(), exact(query, held)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("page", [0, 16])
def test_the_shapes_of_the_benchmark_agree_with_double_precision(page: int) -> None:
    shape = gpu_shapes.Shape("small", (70, 9), heads=4, key_heads=2, width=16, page=page)
    query, held = gpu_shapes._drawn(shape, torch.device("cpu"), 0)
    wanted = gpu_shapes._exact(query, held, shape)
    kinds = gpu_shapes._kinds(shape, torch.nn.functional.scaled_dot_product_attention, 8)
    assert set(kinds) == ({"ours", "same"} if page else {"ours", "same", "fixed", "sdpa", "flex"})
    for name in set(kinds) & {"ours", "same", "sdpa"}:
        torch.testing.assert_close(kinds[name](query, held)().double(), wanted, rtol=0, atol=3e-2)


def test_the_shapes_hold_what_the_goals_speak_of() -> None:
    found = gpu_shapes.shapes(seed=0, quick=False)
    assert found[: len(gpu_shapes.shapes(0, True))] == gpu_shapes.shapes(0, True)
    assert sum(sum(shape.lengths) >= 0.99 * gpu_shapes.TOTAL for shape in found) >= 16
    assert sum(shape.ragged for shape in found) >= 4
    assert all(min(shape.lengths) >= 1 for shape in found)
    assert len({shape.name for shape in found}) == len(found)
