"""Universe levels: which are fixed, where a candidate differs, and what denies a constraint."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofloom.assistants.gate.refusals import Doubt
from proofloom.assistants.gate.rocq.terms import without_levels
from proofloom.assistants.gate.rocq.universes import Fixation, denials, subgraph

FIXATION = Fixation("A.Foo.M.t", frozenset({"u", "v", "Type"}))
LEVELS = st.sampled_from(["Set", "Foo.u", "Foo.M.t.u", "Foo.M.t.u0", "Foo.T.u0", "Logic.ex.u0", "u3"])
GROUPS = st.lists(st.lists(LEVELS, min_size=1, max_size=3).map(" ".join), max_size=4)


def test_fixed_are_set_and_all_named_levels_but_the_theorems_own() -> None:
    groups = ["Set Foo.u Foo.M.t.v", "max ( Foo.T.u0 + 1 , Foo.M.t.u0 )", "Logic.ex.u0 u3"]
    assert FIXATION.levels(groups) == {"Set", "Foo.u", "Foo.M.t.v", "Foo.T.u0", "Logic.ex.u0"}
    assert Fixation("Instance#_1.t", frozenset()).levels(["Instance#_1.U.u0 Instance#_1.t.u0"]) == {"Instance#_1.U.u0"}


@given(GROUPS)
def test_a_reference_agrees_with_itself(groups: list[str]) -> None:
    assert FIXATION.change(groups, groups) is None


@given(GROUPS, st.data())
def test_a_fixed_level_may_not_change_and_a_free_one_may(groups: list[str], data: st.DataObject) -> None:
    places = [(row, column) for row, group in enumerate(groups) for column in range(len(group.split()))]
    if not places:
        return
    row, column = data.draw(st.sampled_from(places))
    other = groups[row].split()
    old, other[column] = other[column], "Foo.w"
    change = FIXATION.change(groups, [*groups[:row], " ".join(other), *groups[row + 1 :]])
    assert (change is None) is not bool(FIXATION.levels([old]))


def test_another_number_of_groups_or_levels_is_a_change() -> None:
    assert FIXATION.change(["Foo.u", "u1"], ["Foo.u"]) is not None
    assert FIXATION.change(["Foo.u"], ["Foo.u u1"]) is not None
    assert FIXATION.change(["u1"], []) is None


def test_levels_are_taken_out_of_a_normal_form() -> None:
    form = "forall _ : Type @{ Foo.u + 1 } , Constant:Foo.Q @{ Set u0 } = Set"
    assert without_levels(form) == ("forall _ : Type , Constant:Foo.Q = Set", ("Foo.u + 1 ", "Set u0 "))


def test_constraints_are_denied() -> None:
    printed = "Set < Foo.u\n    < Foo.v\nFoo.u < Foo.v\n      <= Foo.w\nFoo.w = Foo.x\n\n"
    assert denials(printed) == [
        ("Foo.u < Foo.v", "Fail Constraint Foo.v <= Foo.u."),
        ("Foo.u <= Foo.w", "Fail Constraint Foo.w < Foo.u."),
        ("Foo.w = Foo.x", "Fail Constraint Foo.w < Foo.x."),
        ("Foo.w = Foo.x", "Fail Constraint Foo.x < Foo.w."),
    ]
    assert subgraph({"Foo.v", "Foo.u"}) == "Print Universes Subgraph (Foo.u Foo.v)."


@pytest.mark.parametrize("printed", ["Foo.u", "Foo.u ? Foo.v", "Foo.u < Foo.v < Foo.w", " < "])
def test_constraints_in_doubt(printed: str) -> None:
    with pytest.raises(Doubt):
        denials(printed)
