"""What `--policy` means as text: names, mixed with `+`, sharing the time with `/`.

`0.5*knn+list/model:0.25` is a portfolio of two: a mixture, in which neighbours count half, and the model, which gets a
quarter of the mixture's time.  Nothing is opened here.
"""

from __future__ import annotations

import math
from collections.abc import Set

NAMES = ("list", "knn", "premises", "model")
"""The policies that can be named."""
NEED_LIBRARY = frozenset({"knn", "premises"})
MIXED, SHARED, SHARE = "+", "/", ":"


def default_policy(library: bool, model: bool) -> str:
    """What is used if nothing is named, with or without a traced library and a model.

    The model gets a small share of the time, because nearly all that it proves it proves at once (docs/experiments.md).
    """
    mixture = MIXED.join(["knn", "premises"] * library + ["list"])
    return mixture + (SHARED + "model" + SHARE + "0.15") * model


DEFAULT_POLICIES = frozenset(default_policy(library, model) for library in (False, True) for model in (False, True))
"""What nobody has named."""


def shared(text: str) -> list[tuple[str, float]]:
    """The texts of the policies that share the time, with their shares of it (1 where none is given); raises
    `ValueError` for what is no share.
    """
    return [
        _weighted(part, policy, share if colon else "1")
        for part in text.split(SHARED)
        for policy, colon, share in [part.partition(SHARE)]
    ]


def mixed(text: str) -> list[tuple[str, float]]:
    """The names in the text of one policy with their weights (1 where none is given); raises `ValueError` for what is
    not valid.
    """
    parts: list[tuple[str, float]] = []
    for part in text.split(MIXED):
        weight, star, name = part.rpartition("*")
        if name not in NAMES:
            raise ValueError(f"unknown policy {name!r}; valid: {', '.join(NAMES)}, mixed with `+`, in turns with `/`")
        parts.append(_weighted(part, name, weight if star else "1"))
    return parts


def named_in(text: str) -> frozenset[str]:
    """The names in `text`; raises `ValueError` as `mixed` does."""
    return frozenset(name for part, _ in shared(text) for name, _ in mixed(part))


def needs_library(text: str) -> bool:
    """True if a policy in `text` learns from a library."""
    return not NEED_LIBRARY.isdisjoint(named_in(text))


def without(text: str, left_out: Set[str]) -> tuple[str, tuple[str, ...]]:
    """`text` without the names that are `left_out` (empty if none remains), and those, each once."""
    gone: dict[str, None] = {}
    left = []
    for part in text.split(SHARED):
        policy, colon, share = part.partition(SHARE)
        kept = []
        for weighted in policy.split(MIXED):
            name = weighted.rpartition("*")[2]
            if name in left_out:
                gone[name] = None
            else:
                kept.append(weighted)
        if kept:
            left.append(MIXED.join(kept) + colon + share)
    return SHARED.join(left), tuple(gone)


def _weighted(part: str, name: str, text: str) -> tuple[str, float]:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise ValueError(f"policy {part!r}: {text!r} is not a weight; wanted a number above 0")
    return name, weight
