"""The leading connective of a printed term, what it claims, and the names in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.policies.printed.goal_shape import Connective, connective, head, names, stripped, target


@pytest.mark.parametrize(
    ("term", "kind"),
    [
        ("forall x : nat, x = x", Connective.FORALL),
        ("exists n, n = 0", Connective.EXISTS),
        ("A -> B /\\ C", Connective.IMPLIES),
        ("A /\\ B <-> C", Connective.IFF),
        ("A /\\ B \\/ C", Connective.OR),
        ("(A \\/ B) /\\ C", Connective.AND),
        ("~ A = B", Connective.NOT),
        ("x <> y", Connective.DIFFERENT),
        ("(forall a, p a) = q", Connective.EQUAL),
        ("f (x = y) < 3", Connective.RELATION),
        ("{x = y} + {x <> y}", Connective.SUM),
        ("{n : nat | n = 1}", Connective.EXISTS),
        ("In x l", Connective.ATOM),
        ("((In x l))", Connective.ATOM),
    ],
)
def test_the_loosest_connective_is_found(term: str, kind: Connective) -> None:
    assert connective(term) is kind
    assert connective(f"({term})") is kind


@pytest.mark.parametrize(
    ("term", "claim"),
    [
        ("forall (x y : nat), x <= y -> y <= x -> x = y", "x = y"),
        ("(A -> B) -> (forall x, p x)", "p x"),
        ("(A -> B)", "B"),
        ("A /\\ B", "A /\\ B"),
    ],
)
def test_a_claim_is_what_stands_behind_quantifiers_and_premises(term: str, claim: str) -> None:
    assert target(term) == claim


def test_names_are_found_once_and_in_order() -> None:
    assert names("forall x, Nat.add x y' = y' + In x") == ("x", "Nat.add", "y'", "In")
    assert (head("(S x)"), head("1 = 2")) == ("S", "")


@given(st.recursive(st.sampled_from(["a", "f x", "p"]), lambda inner: inner.map(lambda t: f"({t})"), max_leaves=4))
def test_brackets_around_the_whole_do_not_count(term: str) -> None:
    assert stripped(term) == term.strip("()")
    assert stripped(f"{term} + ({term})") == f"{term} + ({term})"


def test_the_signs_of_lean_have_the_same_shape() -> None:
    assert connective("∀ n : Nat, p n → q n") is Connective.FORALL
    assert connective("p → q ∧ r") is Connective.IMPLIES
    assert connective("p ∧ q ↔ q ∧ p") is Connective.IFF
    assert connective("¬p") is Connective.NOT
    assert connective("n ≠ m") is Connective.DIFFERENT
    assert target("∀ (n m : Nat), n = m → m = n") == "m = n"
    assert target("∀ ⦃a b : α⦄, r a b → a = b") == "a = b"
