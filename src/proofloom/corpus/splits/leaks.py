"""Finds what a division into parts lets through: knowledge about evaluation theorems that stands in training.

Five kinds: the same theorem at another commit, the same statement under another name, the same goal inside another
proof, a proof that rests on an evaluation lemma, and libraries that copy each other on both sides.  Pure: it works on
members, whoever made the parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

TOGETHER: tuple[tuple[str, ...], ...] = (("FSets", "MSets"), ("Numbers",))
"""Libraries made by copying or by functors: 69 % of the repeated steps of Rocq's standard library are in them."""


class Part(StrEnum):
    """Where a theorem stands."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"
    EXCLUDED = "excluded"


EVALUATION = (Part.VAL, Part.TEST)


class Kind(StrEnum):
    """How knowledge leaks."""

    SAME_THEOREM = "same theorem"
    SAME_STATEMENT = "same statement"
    SAME_STATE = "same state"
    DEPENDS = "depends on a test theorem"
    LIBRARIES = "libraries on both sides"


@dataclass(frozen=True, slots=True)
class Member:
    """A theorem as a split sees it.

    `key` names it without row numbers (repository, file, name, place); `statement` and `states` are digests of normal
    forms, one state for each of `steps`; `premises` are the names that its steps use; `library` is its top folder.
    """

    id: int
    key: str
    full_name: str
    library: str
    file: str
    start: int
    identity: int
    proved: bool
    statement: int
    steps: tuple[int, ...]
    states: tuple[int, ...]
    premises: frozenset[str]


@dataclass(frozen=True, slots=True)
class Leak:
    """Something of theorem `training` (its step with number `step`, if it is one step) tells about `evaluation`."""

    kind: Kind
    training: int
    evaluation: int
    step: int | None = None


def find(
    members: Sequence[Member],
    parts: Mapping[int, Part],
    *,
    left_out: Collection[int] = (),
    together: Iterable[Sequence[str]] = TOGETHER,
    dependants: bool = False,
) -> Iterator[Leak]:
    """Every leak; theorems without a part count as excluded, `left_out` steps as gone.

    `dependants` asks for proofs that rest on test theorems, directly or through other theorems.
    """
    held = [member for member in members if parts.get(member.id) in EVALUATION]
    training = [member for member in members if parts.get(member.id) is Part.TRAIN]
    yield from _same_texts(held, training, left_out)
    if dependants:
        tested = [member for member in held if parts[member.id] is Part.TEST]
        cause = dependence(members, tested)
        for member in training:
            if member.id in cause:
                yield Leak(Kind.DEPENDS, member.id, cause[member.id])
    for group in together:
        inside = [member for member in held if member.library in group]
        if inside:
            for member in training:
                if member.library in group:
                    yield Leak(Kind.LIBRARIES, member.id, inside[0].id)


def dependence(members: Iterable[Member], roots: Iterable[Member]) -> dict[int, int]:
    """Each theorem whose steps use one of `roots`, directly or through theorems that do, with the root it rests on.

    Names decide: a lemma that automation finds by itself is not seen, because no tactic names it.
    """
    users: dict[str, list[Member]] = {}
    for member in members:
        for name in member.premises:
            users.setdefault(name, []).append(member)
    starts = list(roots)
    itself = {root.id for root in starts}
    cause: dict[int, int] = {}
    pending = [(root.full_name, root.id) for root in starts]
    while pending:
        name, root_id = pending.pop()
        for user in users.get(name, ()):
            if user.id not in cause and user.id not in itself:
                cause[user.id] = root_id
                pending.append((user.full_name, root_id))
    return cause


def counted(leaks: Iterable[Leak], members: Sequence[Member], examples: int = 3) -> dict[str, dict[str, object]]:
    """For each kind: how many training theorems and steps it concerns, and the first few pairs of names."""
    names = {member.id: member.full_name for member in members}
    theorems: dict[Kind, set[int]] = {kind: set() for kind in Kind}
    steps: Counter[Kind] = Counter()
    pairs: dict[Kind, list[str]] = {kind: [] for kind in Kind}
    for leak in leaks:
        theorems[leak.kind].add(leak.training)
        steps[leak.kind] += leak.step is not None
        if len(pairs[leak.kind]) < examples:
            pairs[leak.kind].append(f"{names[leak.training]} ~ {names[leak.evaluation]}")
    return {
        kind.value: {"theorems": len(theorems[kind]), "steps": steps[kind], "examples": pairs[kind]} for kind in Kind
    }


def _same_texts(held: Sequence[Member], training: Sequence[Member], left_out: Collection[int]) -> Iterator[Leak]:
    identities = {member.identity: member.id for member in reversed(held)}
    statements = {member.statement: member.id for member in reversed(held)}
    states = {state: member.id for member in reversed(held) for state in member.states}
    for member in training:
        if member.identity in identities:
            yield Leak(Kind.SAME_THEOREM, member.id, identities[member.identity])
        elif member.statement in statements:
            yield Leak(Kind.SAME_STATEMENT, member.id, statements[member.statement])
        for step, state in zip(member.steps, member.states, strict=True):
            if state in states and step not in left_out:
                yield Leak(Kind.SAME_STATE, member.id, states[state], step)
