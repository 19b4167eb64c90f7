"""Linear layers in whole numbers of eight bits, which some CPUs multiply several times as fast as float32.

Each row of the weights and each row of the input has a scale of its own, its largest number over 127.  So the result
of a row depends on no other row of a batch, bit for bit, where whole numbers add up exactly: CPUs without instructions
for sums of such products (VNNI) keep 16 bits in between, and `int8_pays` says no there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

WORTHWHILE = 2**18
"""Weights from which on the product is worth the calls around it."""
_MOST = 127
_TINY = 1e-30


@cache
def int8_pays() -> bool:
    """True if this CPU multiplies such numbers fast, and without losing any of the sum."""
    if not torch.backends.mkldnn.is_available():
        return False
    most = torch.full((16, 512), _MOST, dtype=torch.int8)
    wanted = torch.full((16, 16), 512 * _MOST**2, dtype=torch.int32)
    return torch.equal(torch._int_mm(most, most.t()), wanted) and torch.equal(torch._int_mm(most, -most.t()), -wanted)


def int8_linear(weight: Tensor, bias: Tensor | None) -> Callable[[Tensor], Tensor]:
    """The layer (..., I) -> (..., O) of `weight` (O, I) and `bias` (O), which are read once, in their own type.

    For inputs and weights spread like a bell the error is about a hundredth of the result.  Raises `ValueError` for a
    layer of one input, of which torch 2.13 reads wrong numbers.
    """
    if weight.shape[1] < 2:
        raise ValueError(f"weights {tuple(weight.shape)}: wanted at least 2 inputs")
    scales = (weight.detach().abs().amax(1) / _MOST).clamp_min(_TINY)
    whole = (weight.detach() / scales[:, None]).round().to(torch.int8).t()

    def layer(hidden: Tensor) -> Tensor:
        rows = hidden.reshape(-1, hidden.shape[-1])
        sizes = rows.abs().amax(1, keepdim=True).div_(_MOST).clamp_min_(_TINY)
        products = torch._int_mm((rows / sizes).round_().to(torch.int8), whole).to(hidden.dtype).mul_(sizes)
        result = products.mul_(scales) if bias is None else torch.addcmul(bias, products, scales)
        return result.view(*hidden.shape[:-1], -1)

    return layer
