"""The family kernel against its plain form, values and gradients, over a grid of shapes and kinds."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.attention.hierarchical.family import Family, family_attention, family_attention_reference


@pytest.mark.parametrize("width", [1, 2, 5])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("shape", [(1, 1, 2, 2), (2, 1, 2, 1)])
def test_the_kernel_is_its_plain_form(width: int, own: bool, shape: tuple[int, ...]) -> None:
    front = (2, 3, 2, width)
    tensors = [torch.randn(*front, size, dtype=torch.float64) for size in (4, 4, 3)]
    inside = torch.randn(front, dtype=torch.float64)
    bias = torch.randn(*shape[:2], 2, width if shape[3] == 2 else 1, width, dtype=torch.float64)
    share = torch.rand(2, 1, 2, width, dtype=torch.float64)
    given = [*tensors, *([inside] if own else []), bias]
    found = []
    for function in (family_attention, family_attention_reference):
        parts = [one.clone().requires_grad_() for one in given]
        made = function(*parts[:3], parts[3] if own else None, parts[-1], share, 0.7)
        outputs = [getattr(made, name) for name in Family.__slots__]
        torch.stack([one.sin().sum() for one in outputs]).sum().backward()
        found.append([*outputs, *(one.grad for one in parts)])
    for fast, plain in zip(*found, strict=True):
        torch.testing.assert_close(fast, plain)


def test_nothing_to_read_is_no_nan() -> None:
    inside = torch.full((1, 1, 1, 2), -1e30, requires_grad=True)
    rows = [torch.randn(1, 1, 1, 2, 4, requires_grad=True) for _ in range(3)]
    made = family_attention(*rows, inside, torch.full((1, 1, 1, 1, 2), -1e36), torch.full((1, 1, 1, 2), 0.5), 0.5)
    assert not made.mix.any()
    (made.mix.sum() + made.total.sum()).backward()
    assert all(torch.isfinite(one.grad).all() for one in (*rows, inside))
