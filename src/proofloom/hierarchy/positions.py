"""Position vectors of nodes: each family has its own domain, and a node's place is a place among its siblings.

The product of the vectors of two siblings is what attention adds to their score, so a vector is chosen for what its
products say: near places of a sequence are alike (random Fourier features), members of a set are all the same (zero),
and fields of a record are told apart by their names.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from proofloom.hierarchy.nested import Kind, NestedSignal


def position_vectors(tree: NestedSignal, width: int, *, reach: float = 8.0, seed: int = 0) -> NDArray[np.float32]:
    """(M, width) in the order of the nodes; roots and members of sets have zeros, all others length 1.

    In a sequence the product of places a and b is near exp(-((a - b) / reach)^2 / 2).  The vectors are the same for the
    same `seed`, in every tree.  Raises `ValueError` for an odd width.
    """
    if width < 2 or width % 2:
        raise ValueError(f"width={width}: wanted an even number, half for cosines and half for sines")
    frequencies = np.random.default_rng(seed).normal(size=width // 2) / reach
    found = np.zeros((tree.nodes, width), np.float32)
    for number, domain in enumerate(tree.domains):
        nodes = np.flatnonzero(tree.domain == number)
        if domain.kind is Kind.SEQUENCE:
            angles = tree.rank[nodes, None] * frequencies
            found[nodes] = np.concatenate([np.cos(angles), np.sin(angles)], 1) * (width // 2) ** -0.5
        elif domain.kind is Kind.RECORD:
            names = np.stack([key_vector(f"{domain.name}.{key}", width, seed) for key in domain.keys])
            found[nodes] = names[tree.key[nodes]]
    return found


def key_vector(name: str, width: int, seed: int = 0) -> NDArray[np.float64]:
    """(width): the direction of a field's name, length 1; different names have nearly orthogonal ones."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    drawn = np.random.default_rng(np.frombuffer(digest, np.uint32)).normal(size=width)
    return np.asarray(drawn / np.linalg.norm(drawn))
