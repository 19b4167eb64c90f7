"""Slots are filled by the likeness of types, then of names, with different names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proofloom.policies.neighbours.renaming import Naming, Renamed
from proofloom.policies.neighbours.step_memory import SeenStep, StepMemory
from proofloom.proofs import Goal

THERE = Goal.parse("n : nat\nIHn : n + 0 = n\nHle : n <= 5\n⊢ S n + 0 = S n")


def as_it_was(_: str, call: str) -> tuple[str, ...]:
    return (call,)


def ways(
    tactic: str,
    here: str,
    most: int = 3,
    there: Goal = THERE,
    lemmas: tuple[str, ...] = (),
    callable_as: Callable[[str, str], Sequence[str]] = as_it_was,
) -> list[Renamed]:
    memory = StepMemory.of([SeenStep(1, "L.t", 0, there, tactic, lemmas)])
    weights = memory.index.weights(1.0, 1.0)
    return Naming(Goal.parse(here), weights, most, callable_as).ways(memory, 0)


def texts(tactic: str, here: str, most: int = 3) -> list[str]:
    return [way.tactic for way in ways(tactic, here, most)]


def test_the_hypothesis_of_the_same_type_is_found() -> None:
    assert texts("rewrite IHn", "m : nat\nH : m <= 3\nE : m + 0 = m\n⊢ S m + 0 = S m", 1) == ["rewrite E"]


def test_a_tactic_without_slots_stays() -> None:
    assert ways("simpl; auto", "⊢ True") == [Renamed("simpl; auto", 1.0)]


def test_the_same_goal_gives_the_same_tactic_first() -> None:
    (first, *_) = ways("rewrite IHn in Hle", THERE.text)
    assert first == Renamed("rewrite IHn in Hle", 1.0)


def test_several_that_fit_are_several_candidates_best_first() -> None:
    found = ways("apply Hle", "a b : nat\nH1 : a <= 5\nH2 : b <= 5\nH3 : a <= b\n⊢ True")
    assert {way.tactic for way in found[:2]} == {"apply H1", "apply H2"}
    assert [way.fit for way in found] == sorted((way.fit for way in found), reverse=True)
    assert all(0 < way.fit <= 1 for way in found)


def test_a_known_name_is_kept_among_equals() -> None:
    assert texts("destruct n", "m n k : nat\n⊢ True", 1) == ["destruct n"]


def test_two_slots_get_two_names() -> None:
    assert texts("rewrite IHn in Hle", "E : 0 + 0 = 0\n⊢ True") == []
    here = "a : nat\nE : a + 0 = a\nH : a <= 3\n⊢ True"
    assert all(text.split()[1] != text.split()[3] for text in texts("rewrite IHn in Hle", here))


def test_what_nothing_fits_is_dropped() -> None:
    assert texts("destruct n", "P : Prop\nHP : P\n⊢ P") == []


def test_a_quantified_variable_can_take_the_place_of_a_local_one() -> None:
    assert texts("induction n", "⊢ forall k : nat, k + 0 = k", 1) == ["induction k"]


def test_introduced_names_are_fresh() -> None:
    assert texts("destruct n as [|m]", "n m : nat\n⊢ n = m", 1) == ["destruct n as [|m0]"]
    assert texts("destruct n as [|n]", "n m : nat\n⊢ n = m", 1) == ["destruct n as [|n]"]


def test_plain_introductions_take_the_names_of_the_goal() -> None:
    goal = "b : nat\n⊢ forall (a b : nat) (l : list A), a = b -> P l"
    assert texts("intros x", goal) == ["intros a"]
    assert texts("intros x y z", goal) == ["intros a ? l"]
    assert texts("intros x y z H", goal) == ["intros"]
    assert texts("intros x y z H HP", goal) == ["intros a ? l ? ?"]
    assert texts("intros x; auto", goal) == ["intros x; auto"]


def test_lemmas_are_called_as_they_can_be_called_here() -> None:
    def modular(full: str, call: str) -> tuple[str, ...]:
        return full.removeprefix("L."), call

    found = ways("rewrite IHn, foo, <- bar", THERE.text, 1, lemmas=("L.M.foo", "L.bar"), callable_as=modular)
    assert [(way.tactic, way.share) for way in found] == [
        ("rewrite IHn, M.foo, <- bar", 0.5),
        ("rewrite IHn, foo, <- bar", 0.5),
    ]
    assert [way.share for way in ways("apply bar", THERE.text, 1, lemmas=("L.bar",), callable_as=modular)] == [1.0]
