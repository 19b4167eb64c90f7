"""What a goal looks like, as a set of numbers: the constants in it, and which head stands over which.

After Tactician's features: names, and walks of one and two edges from a head to the heads of its arguments, in one
space for the conclusion and one for the hypotheses.  A local or bound name counts only as a thing of its type, so
goals that differ in the choice of names have the same features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from proofloom.policies.printed.term import Node, nodes, read_term
from proofloom.proofs import Goal

Features = NDArray[np.uint32]
"""Sorted feature ids, each once; even ones are of the conclusion, odd ones of the hypotheses."""

_UNKNOWN = "_"
HIDDEN = "✝"
"""A mark of names that cannot be written."""


def goal_features(goal: Goal) -> Features:
    """The features of conclusion and hypotheses together."""
    names = stand_ins(goal)
    found = set(_term_features(goal.conclusion, *_relevant(goal.conclusion, names), 0))
    for hypothesis in goal.hypotheses:
        found |= type_features(hypothesis.type, names)
        if hypothesis.body is not None:
            found |= type_features(hypothesis.body, names)
    return np.array(sorted(found), dtype=np.uint32)


def type_features(text: str, names: Mapping[str, str]) -> frozenset[int]:
    """The features of the type of a hypothesis; `names` are the stand-ins of the goal's local names."""
    return _term_features(text, *_relevant(text, names), 1)


def local_features(goal: Goal) -> dict[str, frozenset[int]]:
    """The features of the type of each name that a tactic can speak of: hypotheses, and what the conclusion binds."""
    names = stand_ins(goal)
    found: dict[str, frozenset[int]] = {}
    for name, type in quantified(goal.conclusion):
        head = _UNKNOWN if type is None else _stand_in(type, names)
        names.setdefault(name, head)
        found[name] = frozenset({_number("quantified", 1), _number(f"{head.removeprefix(_UNKNOWN)} 1", 1)})
    for hypothesis in goal.hypotheses:
        features = type_features(hypothesis.type, names)
        found.update(dict.fromkeys((name for name in hypothesis.names if HIDDEN not in name), features))
    return found


def stand_ins(goal: Goal) -> dict[str, str]:
    """For each local name what it counts as: `_nat` for a natural number, `__Type` for a member of a local type."""
    found: dict[str, str] = {}
    for hypothesis in goal.hypotheses:
        stand_in = _stand_in(read_term(hypothesis.type), found)
        found.update(dict.fromkeys(hypothesis.names, stand_in))
    return found


def quantified(conclusion: str) -> Iterator[tuple[str, Node | None]]:
    """The names bound by the leading quantifiers of `conclusion`, outermost first, with their types if printed."""
    term = read_term(conclusion)
    while term.head in ("forall", "->"):
        if term.bound:
            yield term.bound[0], _bound_type(term)
        term = term.arguments[-1]


def premises(conclusion: str) -> Iterator[str]:
    """What `intros` would introduce: the name of each leading quantifier, an empty text for each premise."""
    term = read_term(conclusion)
    while term.head in ("forall", "->"):
        yield term.bound[0] if term.bound else ""
        term = term.arguments[-1]


def _bound_type(node: Node) -> Node | None:
    """The type of the one name that `node` binds, if it is printed."""
    return node.arguments[0] if len(node.bound) == 1 and len(node.arguments) == 2 and node.head != "let" else None


def _stand_in(type: Node, names: Mapping[str, str]) -> str:
    return _UNKNOWN + names.get(type.head, type.head)


def _relevant(text: str, names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The local names that occur in `text` and their stand-ins, so that equal work is done once."""
    occurring = tuple(name for name in heads(text) if name in names)
    return occurring, tuple(names[name] for name in occurring)


@lru_cache(maxsize=200_000)
def heads(text: str) -> tuple[str, ...]:
    """The heads in the term, each once, in order of appearance."""
    return tuple(dict.fromkeys(node.head for node in nodes(read_term(text))))


@lru_cache(maxsize=200_000)
def _term_features(text: str, names: tuple[str, ...], stand_ins: tuple[str, ...], space: int) -> frozenset[int]:
    root = read_term(text)
    known = dict(zip(names, stand_ins, strict=True))
    for node in nodes(root):
        type = _bound_type(node)
        for name in node.bound:
            known[name] = _UNKNOWN if type is None else _stand_in(type, known)
    return frozenset(_number(word, space) for word in _words(root, known))


def _words(root: Node, known: Mapping[str, str]) -> Iterator[str]:
    """Names, edges and walks of two edges; what a claim is about, and how often, has words of its own."""
    count: dict[str, int] = {}
    waiting: list[tuple[Node, str, str]] = [(root, "", "")]
    while waiting:
        node, parent, grandparent = waiting.pop()
        head = _label(node.head, known)
        count[head] = count.get(head, 0) + 1
        if count[head] in (1, 2, 4):
            yield f"{head} {count[head]}"
        if parent:
            yield f"{parent}>{head}"
        if grandparent:
            yield f"{grandparent}>{parent}>{head}"
        waiting.extend((child, head, parent) for child in node.arguments)
    claim = _claim(root)
    yield f"claim {' '.join(_label(node.head, known) for node in (claim, *claim.arguments))}"
    yield f"claims {_label(claim.head, known)}"
    yield f"top {_label(root.head, known)}"


def _claim(term: Node) -> Node:
    """What `term` says after its quantifiers and premises."""
    while term.head in ("forall", "->") and term.arguments:
        term = term.arguments[-1]
    return term


def _label(head: str, known: Mapping[str, str]) -> str:
    label = known.get(head, head)
    return "number" if label.isdigit() and len(label) > 1 else label


def _number(word: str, space: int) -> int:
    """The id of a word in the space of conclusions (0) or of hypotheses (1)."""
    return (crc32(word.encode()) & ~1) | space
