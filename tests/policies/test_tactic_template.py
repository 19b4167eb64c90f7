"""Local names leave a tactic and come back, and nothing else of its text changes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.policies.printed.tactic_template import freshened, template_of

LOCAL = ("n", "IHn", "H", "H'")


@pytest.mark.parametrize(
    ("tactic", "names"),
    [
        ("rewrite IHn, Nat.add_comm", ("IHn",)),
        ("apply H in H'", ("H", "H'")),
        ("destruct (H n) as [m Hm]", ("H", "n")),
        ("apply lemma with (n := 3)", ()),
        ("apply lemma with (n:=S n)", ("n",)),
        ("exact M.n", ()),
        ("exact n.(field)", ("n",)),
        ("simpl; auto", ()),
        ("rewrite -> IHn'; apply @H", ()),
    ],
)
def test_local_names_become_slots(tactic: str, names: tuple[str, ...]) -> None:
    template = template_of(tactic, LOCAL)
    assert template.names == names
    assert template.filled(names) == tactic


def test_one_name_has_one_slot() -> None:
    template = template_of("rewrite H, H', H", LOCAL)
    assert template.filled(("X", "Y")) == "rewrite X, Y, X"


@settings(deadline=None)
@given(st.lists(st.sampled_from(["apply", "H", "n", "H'", "IHn", ".", ";", "(", ")", " ", ":=", "M.n", "'", "1"])))
def test_the_old_names_give_the_old_text(pieces: list[str]) -> None:
    tactic = "".join(pieces)
    template = template_of(tactic, LOCAL)
    assert template.filled(template.names) == tactic


@pytest.mark.parametrize(
    ("tactic", "fresh"),
    [
        ("intros n m", "intros n0 m"),
        ("intro H", "intro H0"),
        ("destruct x as [n H]", "destruct x as [n0 H0]"),
        ("destruct x as [n|m H] eqn:E; apply H", "destruct x as [n0|m H0] eqn:E; apply H0"),
        ("assert (0 = 0) as H by auto", "assert (0 = 0) as H0 by auto"),
        ("induction k as [|k IHn]; intros n; rewrite IHn", "induction k as [|k IHn0]; intros n0; rewrite IHn0"),
        ("apply H", "apply H"),
        ("intros until m", "intros until m"),
    ],
)
def test_names_that_a_tactic_introduces_do_not_clash(tactic: str, fresh: str) -> None:
    assert freshened(tactic, LOCAL) == fresh


def test_what_a_definition_names_is_no_slot_but_the_type_before_it_has_some() -> None:
    assert template_of("have h : p ∨ q := ?_", {"p", "q"}).names == ("p", "q")
    assert template_of("have h := f x", {"h", "x"}).names == ("x",)
    assert template_of("apply lemma with (x := y)", {"x", "y"}).names == ("y",)
