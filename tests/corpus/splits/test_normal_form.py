"""Forms are equal where only names, binder groups and spacing differ, and differ where the meaning does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proofloom.corpus.splits.normal_form import goal_form, statement_form

SAME_STATEMENTS = [
    ("Lemma a (n m : nat) : n + m = m + n.", "Theorem b : forall x y : nat, x + y = y + x."),
    ("Lemma a : forall n m : nat, n = m.", "Lemma a : forall (n : nat) (m : nat),\n   n=m."),
    ("Lemma a : forall n m, n = m.", "Lemma a n m : n = m."),
    ("Lemma a : forall n, forall m, n = m.", "Lemma a : forall n m, n = m."),
    ("Lemma a {A : Type} (x : A) : x = x.", "Fact b (B : Type) {y : B} : y = y."),
    ("Global Instance a : Proper (eq ==> eq) f.", "#[local] Instance b : Proper (eq ==> eq) f."),
    ("Lemma a : exists n m : nat, n < m.", "Lemma a : exists n : nat, exists m : nat, n < m."),
    ("Lemma a : f (fun x => x) = g.", "Lemma a : f (fun y => y) = g."),
    ("Goal 1 = 1.", "Lemma one : 1 = 1."),
    ("Lemma a : (forall x, P x) -> forall x, Q x.", "Lemma a : (forall y, P y) -> forall z, Q z."),
    ("theorem A.b (n : ℕ) : n = n", "theorem c : ∀ m : ℕ, m = m"),
    (
        "Lemma a : forall x : nat, (forall x : bool, P x) /\\ Q x.",
        "Lemma a : forall y : nat, (forall x : bool, P x) /\\ Q y.",
    ),
]
OTHER_STATEMENTS = [
    ("Lemma a : forall n : nat, n = n.", "Lemma a : forall n : Z, n = n."),
    ("Lemma a : forall n m : nat, n <= m.", "Lemma a : forall n m : nat, m <= n."),
    ("Lemma a : a + (b + c) = d.", "Lemma a : (a + b) + c = d."),
    ("Lemma a : forall n, exists m, n < m.", "Lemma a : exists m, forall n, n < m."),
    ("Lemma a : P x.", "Lemma a : P y."),
    ("Lemma a : forall x, f x = x.", "Lemma a : forall x, f x = y."),
    ("Lemma a : x = \"a b\".", "Lemma a : x = \"a  b\"."),
    ("Lemma a : (forall x, P x) -> Q x.", "Lemma a : (forall x, P x) -> Q y."),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME_STATEMENTS)
def test_statements_that_say_the_same(one: str, other: str) -> None:
    assert statement_form(one) == statement_form(other)


@pytest.mark.parametrize(("one", "other"), OTHER_STATEMENTS)
def test_statements_that_say_something_else(one: str, other: str) -> None:
    assert statement_form(one) != statement_form(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("x y : nat\nH : x = y\n⊢ y = x", "case inl\na : nat\nb : nat\ne : a = b\n⊢ b = a", True),
        ("H : forall x, P x\n⊢ Q", "e : forall y,\n    P y\n⊢ Q", True),
        ("x y : nat\n⊢ x = y", "x y : nat\n⊢ y = x", False),
        ("x : nat\n⊢ P x", "x : Z\n⊢ P x", False),
        ("x : nat\n⊢ P", "⊢ P", False),
        ("n : nat := 3\n⊢ n = 3", "m : nat := 3\n⊢ m = 3", True),
        ("n : nat := 3\n⊢ n = 3", "n : nat := 4\n⊢ n = 3", False),
        ("h : a = b\n⊢ h.symm = p", "e : a = b\n⊢ e.symm = p", True),
        ("h : a = b\n⊢ h.symm = p", "e : a = b\n⊢ h.symm = p", False),
        ("⊢ 1 = 1", "⊢   1\n  =  1", True),
        ("no goals", "⊢ no goals", False),
        (" : a = b", " : a = c", False),
    ],
)
def test_goals(one: str, other: str, same: bool) -> None:
    assert (goal_form(one) == goal_form(other)) is same


NAMES = st.lists(st.from_regex(r"[a-z][a-z0-9_']{0,4}", fullmatch=True), min_size=4, max_size=4, unique=True).filter(
    lambda names: not set(names) & {"forall", "exists", "fun", "nat", "bool", "case"}
)
SHAPES = [
    ": forall {0} {1} : nat, {0} + {1} = (fun {2} => {2} {0}) (exists {3}, {3} < {1})",
    "({0} {1} : nat) ({2} : list bool) : {2} = {0} :: {1}",
    ": exists {0}, forall {1}, ({0} = {1} -> forall {2} {3}, {2} {3} {0})",
]
CONTEXTS = ["{0} {1} : nat\n{2} : {0} = {1}\n⊢ forall {3}, P {3} {2} {1}", "{0} : nat := 3\n{1} : Q {0}\n⊢ {1} {2}"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NAMES, NAMES, st.sampled_from(SHAPES), st.sampled_from(["Lemma", "Theorem"]))
def test_names_do_not_matter(one: list[str], other: list[str], shape: str, kind: str) -> None:
    assert statement_form(f"Lemma a {shape.format(*one)}.") == statement_form(f"{kind} b {shape.format(*other)}.")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NAMES, NAMES)
def test_names_of_hypotheses_do_not_matter(one: list[str], other: list[str]) -> None:
    assert goal_form(CONTEXTS[0].format(*one)) == goal_form(CONTEXTS[0].format(*other))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_any_text_has_a_form(text: str) -> None:
    assert isinstance(statement_form(text), str)
    assert isinstance(goal_form(text), str)
