"""Features do not depend on the choice of names, tell conclusion from hypotheses, and never change their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.policies.neighbours.goal_features import goal_features, local_features, stand_ins
from proofloom.proofs import Goal, Hypothesis

LOCAL = ("x", "y", "z", "l", "H")
FRESH = ("a", "b1", "Hx", "foo'", "IHl", "n0", "x", "y")


def terms(local: Sequence[str], bound: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    """Terms over local names, some constants, and `k` where it is bound."""
    atoms = st.sampled_from([*local, *bound, "0", "nat", "Nat.add"])
    if bound:
        return atoms.map(lambda atom: f"(S {atom} + k)")
    inner = terms(local, ("k",))
    return st.one_of(
        atoms,
        st.tuples(atoms, st.sampled_from(["=", "+", "->", "/\\", "::"]), atoms).map(" ".join),
        st.tuples(st.sampled_from(["S", "length", "In 0"]), atoms).map(lambda pair: f"{pair[0]} ({pair[1]})"),
        inner.map(lambda body: f"forall k : nat, {body} = {body}"),
        st.tuples(atoms, inner).map(lambda pair: f"match {pair[0]} with 0 => 0 | S k => {pair[1]} end = 0"),
    )


@st.composite
def goals(draw: st.DrawFn) -> Goal:
    """A goal in which types speak of earlier names only."""
    hypotheses = [Hypothesis((name,), draw(terms(LOCAL[:earlier]))) for earlier, name in enumerate(LOCAL)]
    return Goal(tuple(hypotheses), draw(terms(LOCAL)))


def renamed(goal: Goal, names: dict[str, str]) -> Goal:
    def change(text: str) -> str:
        return re.sub(r"[\w.']+", lambda match: names.get(match[0], match[0]), text)

    hypotheses = tuple(Hypothesis((names[item.names[0]],), change(item.type)) for item in goal.hypotheses)
    return Goal(hypotheses, change(goal.conclusion))


@settings(deadline=None)
@given(goals(), st.permutations(FRESH))
def test_local_names_make_no_difference(goal: Goal, fresh: list[str]) -> None:
    names = dict(zip(LOCAL, fresh, strict=False))
    other = renamed(goal, names)
    assert np.array_equal(goal_features(goal), goal_features(other))
    types = local_features(goal)
    assert {names[name]: types[name] for name in LOCAL} == {
        name: local_features(other)[name] for name in names.values()
    }


@settings(deadline=None)
@given(goals(), st.sampled_from(["j", "m'", "kk"]))
def test_bound_names_make_no_difference(goal: Goal, fresh: str) -> None:
    other = renamed(goal, {**{name: name for name in LOCAL}, "k": fresh})
    assert np.array_equal(goal_features(goal), goal_features(other))


@settings(deadline=None)
@given(goals())
def test_features_are_sorted_and_tell_the_spaces_apart(goal: Goal) -> None:
    features = goal_features(goal)
    assert features.dtype == np.uint32
    assert np.all(features[:-1] < features[1:])
    assert np.all(goal_features(Goal((), goal.conclusion)) & 1 == 0)


def test_the_numbers_of_features_are_fixed() -> None:
    """They are kept in index files, so they may depend on no process and no version."""
    words = ["= 1", "S 1", "0 1", "=>S", "=>0", "S>_nat", "=>S>_nat", "_nat 1", "claim = S 0", "claims =", "top ="]
    expected = {crc32(word.encode()) & ~1 for word in words}
    expected |= {crc32(word.encode()) | 1 for word in ["nat 1", "claim nat", "claims nat", "top nat"]}
    goal = Goal((Hypothesis(("n",), "nat"),), "S n = 0")
    assert set(goal_features(goal).tolist()) == expected


def test_what_is_said_of_a_hypothesis_differs_from_the_same_in_the_conclusion() -> None:
    one = goal_features(Goal((Hypothesis(("H",), "P 0"),), "Q 1"))
    other = goal_features(Goal((Hypothesis(("H",), "Q 1"),), "P 0"))
    assert not np.array_equal(one, other)


def test_types_tell_variables_apart() -> None:
    nat, integer = (goal_features(Goal((Hypothesis(("x",), type),), "x = x")) for type in ("nat", "Z"))
    assert not np.array_equal(nat[nat & 1 == 0], integer[integer & 1 == 0])


def test_a_member_of_a_local_type_counts_as_such() -> None:
    goal = Goal((Hypothesis(("A",), "Type"), Hypothesis(("x", "y"), "A"), Hypothesis(("l",), "list A")), "x = y")
    assert stand_ins(goal) == {"A": "_Type", "x": "__Type", "y": "__Type", "l": "_list"}


def test_what_the_conclusion_quantifies_can_be_spoken_of() -> None:
    goal = Goal((Hypothesis(("m",), "nat"),), "forall (n : nat) (b : bool), n = m")
    assert set(local_features(goal)) == {"m", "n", "b"}
    assert local_features(goal)["n"] != local_features(goal)["b"]
    assert local_features(goal)["n"] & local_features(goal)["m"]
