"""Algorithms 1 to 3 of the paper, line by line: right with one sign repaired, wrong as printed.

Everything is in the paper's own letters (phi, eta, vartheta, u) and with its constants, on a tree with a position term,
without self-attention; the gradient is turned into an output by eq. 15.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'proofloom[model]'")

from proofloom.attention.hierarchical.reference import pair_scores, tree_weights
from proofloom.hierarchy.nested import NestedSignal


def printed(tree: NestedSignal, q: Any, k: Any, v: Any, eps: Any, sign: int) -> Any:
    """(N, D): what eq. 15 adds to the queries; `sign` is that of eta in line 20, -1 in print."""
    width, nodes = q.shape[-1], range(tree.nodes)
    children = {node: [other for other in nodes if tree.parent[other] == node] for node in nodes}
    phi: dict[int, Any] = {}
    eta: dict[int, Any] = {}
    rho: dict[int, list[Any]] = {}
    vartheta: dict[int, Any] = {}
    size = tree.size.tolist()

    def bottom_up(node: int) -> None:
        if tree.leaf[node]:
            phi[node] = torch.tensor(math.inf, dtype=q.dtype)
            rho[node] = [one[tree.slot[node]] for one in (q, k, v)]
            return
        for child in children[node]:
            bottom_up(child)
        rho[node] = [sum(size[child] * rho[child][part] for child in children[node]) / size[node] for part in range(3)]
        for a in children[node]:  # lines 18 to 20
            siblings = [b for b in children[node] if b != a]
            psi = torch.stack(
                [
                    eps[a] @ eps[b] + rho[a][0] @ rho[b][1] / math.sqrt(width) - math.sqrt(width) + math.log(size[b])
                    for b in siblings
                ]
            )
            eta[a] = -psi.logsumexp(0)
            vartheta[a] = torch.exp(sign * eta[a]) * sum(
                psi[place].exp() * rho[b][2] for place, b in enumerate(siblings)
            )
        phi[node] = -sum(size[c] / size[node] * torch.logaddexp(-phi[c], -eta[c]) for c in children[node])

    def top_down(node: int, u: Any, above: Any) -> None:
        for child in children[node]:
            inside = torch.nn.functional.logsigmoid(phi[child] - eta[child])
            vartheta[child] = above - torch.exp(u + inside) * vartheta[child] / math.sqrt(width)
            top_down(child, u + torch.nn.functional.logsigmoid(eta[child] - phi[child]), vartheta[child])

    bottom_up(0)
    top_down(0, torch.tensor(-math.log(size[0]), dtype=q.dtype), torch.zeros_like(v[0]))
    output = torch.zeros_like(v)
    for node in tree.leaves.tolist():
        output[tree.slot[node]] = -size[0] * math.sqrt(width) * vartheta[node]
    return output


@pytest.mark.parametrize("shape", [((0, 1), (2, 3)), ((0, 1, (2, 3)), (4, 5), 6)])
def test_one_sign_of_the_printed_algorithm_is_wrong(shape: Any) -> None:
    tree = NestedSignal.of([shape])
    q, k, v = (torch.randn(tree.tokens, 4, dtype=torch.float64) for _ in range(3))
    eps = torch.randn(tree.nodes, 2, dtype=torch.float64)
    exact = tree_weights(pair_scores(q, k, tree, eps), tree, inclusive=False) @ v
    torch.testing.assert_close(printed(tree, q, k, v, eps, sign=1), exact)
    assert (printed(tree, q, k, v, eps, sign=-1) - exact).abs().max() > 0.1
