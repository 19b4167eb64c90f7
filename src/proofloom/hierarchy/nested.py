"""Nested signals: values that are themselves signals, as a batched forest of trees in arrays.

A signal maps the places of a domain to vectors or to other signals (Amizadeh et al. 2025, section 2), so a batch of
them is a forest: one root for each signal, a family of siblings for each domain, and content at the leaves only.  The
one idea is the order of the nodes: by depth, all signals together, siblings side by side.  Then a depth is a slice, a
family is a slice, and what attention does at one depth it does for all families of the whole batch at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Integers: TypeAlias = NDArray[np.int64]
NONE = -1
"""No parent, no slot, no key."""


class Kind(Enum):
    """What the places of a domain are: an order, nothing at all, or names."""

    SEQUENCE = "sequence"
    SET = "set"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Domain:
    """A kind of family, for instance the tokens of a sentence or the fields of a goal (whose names are `keys`)."""

    name: str = "sequence"
    kind: Kind = Kind.SEQUENCE
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind is Kind.RECORD) != bool(self.keys):
            raise ValueError(f"domain {self.name!r}: wanted keys for a record, and for nothing else; has {self.keys}")


@dataclass(frozen=True, slots=True)
class Branch:
    """An inner node: its domain and its children, with the key of each if the domain is a record."""

    domain: Domain
    children: tuple[Tree, ...]
    keys: tuple[str, ...] = ()


Tree: TypeAlias = "int | Branch | Sequence[Tree] | None"
"""A leaf (the number of its token; None for padding), a branch, or the children of a plain sequence."""


@dataclass(frozen=True, eq=False)
class NestedSignal:
    """B signals over N token slots each, M nodes in all, ordered by depth, then by parent, then as siblings stand.

    `parent` (M), -1 for roots; `starts` (depths + 1): depth t is nodes `starts[t]` to `starts[t + 1]`; `leaf` (M);
    `slot` (M): token `b * N + t` of a leaf, -1 for inner nodes and padding; `size` (M): how many leaves below (and at)
    a node hold content, 0 for padding; `rank` (M): the place among siblings; `domain` (M): the number in `domains` of
    the family that the node is a member of, -1 for roots; `key` (M): the number of its key there, or -1.
    """

    batch: int
    tokens: int
    parent: Integers
    starts: Integers
    leaf: NDArray[np.bool_]
    slot: Integers
    size: Integers
    rank: Integers
    domain: Integers
    key: Integers
    domains: tuple[Domain, ...] = (Domain(),)

    @classmethod
    def of(cls, trees: Sequence[Tree], tokens: int | None = None) -> NestedSignal:
        """The forest of these trees; `tokens` is the number of slots of each, by default as many as the largest needs.

        Raises `ValueError` for an empty family, a token that two leaves share or that has no slot, or a wrong key;
        `TypeError` for a leaf that is no number of a token.
        """
        parents: list[int] = [NONE] * len(trees)
        owners = list(range(len(trees)))
        numbers: dict[Domain, int] = {}
        domains: list[int] = [NONE] * len(trees)
        keys: list[int] = [NONE] * len(trees)
        nodes: list[Tree] = list(trees)
        for place, node in enumerate(nodes):  # grows while it is read
            if node is None or isinstance(node, int | np.integer):
                continue
            branch = node if isinstance(node, Branch) else Branch(Domain(), _members(node))
            number = numbers.setdefault(branch.domain, len(numbers))
            nodes.extend(branch.children)
            count = len(branch.children)
            parents.extend([place] * count)
            owners.extend([owners[place]] * count)
            domains.extend([number] * count)
            keys.extend(_key_numbers(branch))
        leaf = [node is None or isinstance(node, int | np.integer) for node in nodes]
        own = [int(node) if isinstance(node, int | np.integer) else NONE for node in nodes]
        width = max(own, default=0) + 1 if tokens is None else tokens
        for token in own:
            if not NONE <= token < width:
                raise ValueError(f"leaf {token}: wanted a token from 0 to {width - 1}, or None for padding")
        slots = [NONE if token == NONE else owner * width + token for token, owner in zip(own, owners, strict=True)]
        return cls.from_arrays(
            len(trees), width, parents, leaf, slots, domain=domains, key=keys, domains=tuple(numbers) or (Domain(),)
        )

    @classmethod
    def from_arrays(
        cls,
        batch: int,
        tokens: int,
        parent: ArrayLike,
        leaf: ArrayLike,
        slot: ArrayLike,
        *,
        present: ArrayLike | None = None,
        domain: ArrayLike | None = None,
        key: ArrayLike | None = None,
        domains: tuple[Domain, ...] = (Domain(),),
    ) -> NestedSignal:
        """From M nodes in any order, siblings as they are to stand, roots (parent -1) in the order of the batch.

        `slot` is -1 for a leaf that is padding; `present` (M) is False for leaves that have a slot and are padding all
        the same.  Raises `ValueError` for cycles, empty families, and leaves that fit no slot or share one.
        """
        parents, slots = np.asarray(parent, np.int64), np.asarray(slot, np.int64)
        leaves = np.asarray(leaf, bool)
        _check(batch, tokens, parents, leaves, slots)
        numbers = np.where(parents == NONE, NONE, 0) if domain is None else np.asarray(domain, np.int64)
        names = np.full_like(parents, NONE) if key is None else np.asarray(key, np.int64)
        here = leaves if present is None else np.asarray(present, bool)
        _check_members(parents, numbers, names, here, domains)
        order, starts = _by_depth(parents)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        parents = np.where(parents[order] == NONE, NONE, place[parents[order]])
        leaves, slots = leaves[order], slots[order]
        own = leaves & (slots != NONE)
        own &= here[order]
        size = own.astype(np.int64)
        for start, end in zip(starts[-2:0:-1], starts[:1:-1], strict=True):
            np.add.at(size, parents[start:end], size[start:end])
        owner = _owners(parents, starts)
        wrong = np.flatnonzero((slots != NONE) & (slots // max(tokens, 1) != owner))
        if len(wrong):
            raise ValueError(
                f"slot {slots[wrong[0]]} under root {owner[wrong[0]]}: wanted one of its own tokens, "
                f"{owner[wrong[0]] * tokens} to {(owner[wrong[0]] + 1) * tokens - 1}"
            )
        return cls(
            batch,
            tokens,
            parents,
            starts,
            leaves,
            slots,
            size,
            _ranks(parents),
            numbers[order],
            names[order],
            domains,
        )

    @property
    def nodes(self) -> int:
        """M, of all signals together."""
        return len(self.parent)

    @property
    def depth(self) -> int:
        """Edges from the root to the deepest leaf."""
        return len(self.starts) - 2

    @cached_property
    def owner(self) -> Integers:
        """(M): the number of the signal that each node belongs to."""
        return _owners(self.parent, self.starts)

    @cached_property
    def children(self) -> Integers:
        """(M): how many children each node has."""
        return np.bincount(self.parent[self.parent != NONE], minlength=self.nodes).astype(np.int64)

    @cached_property
    def leaves(self) -> Integers:
        """The leaves, padding included, from left to right, signal after signal."""
        width = self.leaf.astype(np.int64)
        bounds = list(zip(self.starts[:-1], self.starts[1:], strict=True))
        for start, end in bounds[:0:-1]:
            np.add.at(width, self.parent[start:end], width[start:end])
        before = np.zeros(self.nodes, np.int64)
        for start, end in bounds:
            running = np.cumsum(width[start:end]) - width[start:end]
            if start:
                first = np.flatnonzero(self.rank[start:end] == 0)
                family = np.cumsum(self.rank[start:end] == 0) - 1
                running += before[self.parent[start:end]] - running[first][family]
            before[start:end] = running
        found = np.flatnonzero(self.leaf)
        return found[np.argsort(before[found], kind="stable")]

    @property
    def families(self) -> int:
        """Nodes that have children."""
        return int((self.children > 0).sum())

    def __repr__(self) -> str:
        sizes = self.size[: self.batch].tolist()
        shown = ", ".join(map(str, sizes[:4])) + (", ..." if len(sizes) > 4 else "")
        inner = self.children[self.children > 0]
        width = f"{inner.min()} to {inner.max()}" if len(inner) else "no"
        return (
            f"NestedSignal({self.batch} signals of {shown} leaves in {self.tokens} slots, depth {self.depth}, "
            f"{self.families} families of {width} members)"
        )


def _members(node: object) -> tuple[Tree, ...]:
    if isinstance(node, str) or not isinstance(node, Iterable):
        raise TypeError(f"{node!r} in a tree: wanted the number of a token, None for padding, or a family of these")
    return tuple(node)


def _key_numbers(branch: Branch) -> list[int]:
    if not branch.children:
        raise ValueError(f"a family of {branch.domain.name!r} has no members: wanted at least one (None for padding)")
    if branch.domain.kind is not Kind.RECORD:
        return [NONE] * len(branch.children)
    known = branch.domain.keys
    if len(branch.keys) != len(branch.children) or not set(branch.keys) <= set(known):
        raise ValueError(f"keys {branch.keys} of {branch.domain.name!r}: wanted one of {known} for each child")
    return [known.index(key) for key in branch.keys]


def _check(batch: int, tokens: int, parent: Integers, leaf: NDArray[np.bool_], slot: Integers) -> None:
    if not len(parent) == len(leaf) == len(slot):
        raise ValueError(f"parent, leaf, slot of {len(parent)}, {len(leaf)}, {len(slot)} nodes: wanted the same number")
    if batch < 1:
        raise ValueError(f"{batch} signals: wanted at least one")
    roots = int((parent == NONE).sum())
    if roots != batch:
        raise ValueError(f"{roots} roots: wanted {batch}, one for each signal")
    if len(parent) and not (parent.min() >= NONE and parent.max() < len(parent)):
        raise ValueError(f"parents from {parent.min()} to {parent.max()}: wanted -1 (root) to {len(parent) - 1}")
    count = np.bincount(parent[parent != NONE], minlength=len(parent))
    for fault, says in (
        (leaf & (count > 0), "is a leaf and has children"),
        (~leaf & (count == 0), "is an empty family: wanted a leaf, or children"),
        (~leaf & (slot != NONE), "has children and a token: wanted content at leaves only"),
        ((slot < NONE) | (slot >= batch * tokens), f"has a slot that is none of 0 to {batch * tokens - 1}"),
    ):
        if fault.any():
            raise ValueError(f"node {int(np.flatnonzero(fault)[0])} {says}")
    used = np.bincount(slot[slot != NONE], minlength=1)
    if used.max(initial=0) > 1:
        raise ValueError(f"slot {int(used.argmax())} belongs to {int(used.max())} leaves: wanted one")


def _check_members(
    parent: Integers, domain: Integers, key: Integers, present: NDArray[np.bool_], domains: Sequence[Domain]
) -> None:
    """What families say of their members: a domain that is there, and a key of it if it is a record."""
    for name, one in (("domain", domain), ("key", key), ("present", present)):
        if one.shape != parent.shape:
            raise ValueError(f"{name} of shape {one.shape}: wanted {parent.shape}, one for each node")
    below = parent != NONE
    if below.any() and not (domain[below].min() >= 0 and domain[below].max() < len(domains)):
        raise ValueError(
            f"domains from {domain[below].min()} to {domain[below].max()}: wanted 0 to {len(domains) - 1} for all "
            "nodes but roots"
        )
    keys = np.array([len(one.keys) for one in domains], np.int64)[domain]
    wrong = np.flatnonzero(below & np.where(keys > 0, (key < 0) | (key >= keys), key != NONE))
    if len(wrong):
        node = wrong[0]
        raise ValueError(f"node {node} has key {key[node]} of {domains[domain[node]]}: wanted the number of one, or -1")


def _by_depth(parent: Integers) -> tuple[Integers, Integers]:
    """The nodes by depth, then by parent, then as given, and where each depth starts; finds cycles."""
    by_parent = np.argsort(parent, kind="stable")
    first = np.searchsorted(parent[by_parent], np.arange(NONE, len(parent) + 1))
    layer = by_parent[: first[1]]
    layers = [layer]
    while len(layer):
        counts = first[layer + 2] - first[layer + 1]
        total = int(counts.sum())
        within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        layer = by_parent[np.repeat(first[layer + 1], counts) + within]
        layers.append(layer)
    order = np.concatenate(layers)
    if len(order) != len(parent):
        left = np.setdiff1d(np.arange(len(parent)), order)
        raise ValueError(f"node {left[0]} hangs in a cycle: wanted {len(parent)} nodes below roots, found {len(order)}")
    starts = np.cumsum([0] + [len(one) for one in layers[:-1]])
    return order, starts.astype(np.int64)


def _owners(parent: Integers, starts: Integers) -> Integers:
    owner = np.arange(len(parent), dtype=np.int64)
    for start, end in pairwise(starts[1:]):
        owner[start:end] = owner[parent[start:end]]
    return owner


def _ranks(parent: Integers) -> Integers:
    """The place of each node among its siblings; roots have 0."""
    change = np.flatnonzero(np.diff(parent, prepend=-2))
    first = np.repeat(change, np.diff(change, append=len(parent)))
    return np.where(parent == NONE, 0, np.arange(len(parent)) - first)
