"""The policy end to end on a small library: what it remembers, what it may not use, what it learns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofloom.corpus.accessibility import Accessibility, Places
from proofloom.corpus.entries import FileEntry
from proofloom.policies.neighbours.knn import NearestConfig, NearestNeighbours
from proofloom.policies.neighbours.step_memory import SeenStep, StepMemory
from proofloom.policies.policy import Query
from proofloom.proofs import Candidate, Goal, ProofState, Step, Theorem
from proofloom.retrieval.situation import Situations

NOWHERE = Places.of([])
GOAL = "n : nat\nIHn : n + 0 = n\n⊢ S n + 0 = S n"
BEFORE = "Require Import Base.\nLemma early : True.\nProof. auto. Qed.\n"
FILES = [
    FileEntry(1, 1, "L.Base", "Base.v", "", ()),
    FileEntry(2, 1, "L.Own", "Own.v", "", ("L.Base",)),
    FileEntry(3, 1, "L.Alone", "Alone.v", "", ()),
    FileEntry(4, 1, "L.User", "User.v", "", ("L.Own",)),
]
PLACES = {
    "base": (1, 0), "early": (2, BEFORE.index("Lemma")), "wanted": (2, len(BEFORE)), "late": (2, len(BEFORE) + 50),
    "alone": (3, 0), "user": (4, 0),
}  # fmt: skip


def seen(theorem: str, tactic: str, goal: str = GOAL, lemmas: Sequence[str] = ()) -> SeenStep:
    file, start = PLACES[theorem]
    return SeenStep(file, f"{FILES[file - 1].logical_name}.{theorem}", start, Goal.parse(goal), tactic, tuple(lemmas))


def policy(*steps: SeenStep, config: NearestConfig | None = None) -> NearestNeighbours:
    access = Accessibility(FILES, {1: 0}, {1: "rocq"}, NOWHERE, NOWHERE)
    situations = Situations(FILES, access, lambda file: f"L.{file.stem}")
    return NearestNeighbours(StepMemory.of(steps), situations, config)


def at(name: str = "wanted", before: str = BEFORE, file: str | None = "Own.v") -> Theorem:
    return Theorem(name, f"Lemma {name} : True.", before, file=None if file is None else Path(file), path=name)


def answer(knn: NearestNeighbours, goal: str = GOAL, theorem: Theorem | None = None, n: int = 64) -> list[Candidate]:
    (candidates,) = knn.suggest([Query(ProofState.parse(goal), theorem or at())], n)
    return candidates


def tactics(knn: NearestNeighbours, goal: str = GOAL, theorem: Theorem | None = None, n: int = 64) -> list[str]:
    return [candidate.tactic for candidate in answer(knn, goal, theorem, n)]


def test_the_same_goal_gives_the_same_tactic() -> None:
    knn = policy(seen("base", "simpl; rewrite IHn"), seen("base", "lia", "x : Z\n⊢ x <= x"))
    assert tactics(knn)[0] == "simpl; rewrite IHn"


def test_names_are_those_of_the_goal() -> None:
    knn = policy(seen("base", "rewrite IHn"))
    assert tactics(knn, "m : nat\nE : m + 0 = m\n⊢ S m + 0 = S m")[0] == "rewrite E"


def test_planted_steps_are_never_used() -> None:
    """The same goal with the tactic that tells where it stands: the theorem's own proof, later, elsewhere, a user."""
    knn = policy(*(seen(name, f"auto_{name}") for name in PLACES))
    assert set(tactics(knn)) == {"auto_base", "auto_early"}


def test_what_may_be_used_changes_with_the_theorem() -> None:
    knn = policy(*(seen(name, f"auto_{name}") for name in PLACES))
    longer = BEFORE + "Lemma wanted : True.\nProof. auto. Qed.\n"
    assert set(tactics(knn, theorem=at("late", longer))) == {"auto_base", "auto_early", "auto_wanted"}
    mine = at("mine", "Require Import Own.\n", "Mine.v")
    assert set(tactics(knn, theorem=mine)) == {"auto_base", "auto_early", "auto_wanted", "auto_late"}
    assert tactics(knn, theorem=at("alone", "", "Alone.v")) == []


def test_later_versions_of_the_file_reveal_nothing() -> None:
    """The file became longer since it was traced: what follows the theorem has an earlier byte than the theorem."""
    knn = policy(*(seen(name, f"auto_{name}") for name in PLACES))
    assert set(tactics(knn, theorem=at(before=f"(* {'x' * 500} *)\n{BEFORE}"))) == {"auto_base", "auto_early"}


def step(goal: str, tactic: str) -> Step:
    return Step(ProofState.parse(goal), tactic, ProofState(()))


def test_it_learns_for_later_theorems_of_the_same_file() -> None:
    knn = policy(seen("base", "lia"))
    knn.learn(at("early", "Require Import Base.\n"), [step(GOAL, "rewrite IHn")])
    assert tactics(knn)[0] == "rewrite IHn"
    assert set(tactics(knn)) == {"rewrite IHn", "lia"}
    assert tactics(knn, theorem=at("other", BEFORE, "Other.v")) == ["lia"]
    assert tactics(knn, theorem=at("first", "Require Import Base.\n")) == ["lia"]
    knn.learn(at("wanted"), [step(GOAL, "congruence"), step("⊢ True", "exact I")])
    assert "congruence" not in tactics(knn)
    longer = BEFORE + "Lemma wanted : True.\nProof. auto. Qed.\n"
    assert {"congruence", "rewrite IHn"} <= set(tactics(knn, theorem=at("late", longer)))


def test_it_learns_without_a_library() -> None:
    knn = policy()
    assert tactics(knn) == []
    knn.learn(at("early", ""), [step(GOAL, "rewrite IHn")])
    assert tactics(knn) == ["rewrite IHn"]


def test_lemmas_are_called_by_their_path_outside_their_module() -> None:
    knn = policy(seen("base", "apply add_comm", lemmas=["L.Base.N.add_comm"]))
    assert tactics(knn) == ["apply N.add_comm", "apply add_comm"]
    inside = Theorem("wanted", "Lemma wanted : True.", BEFORE, file=Path("Own.v"), path="N.wanted")
    assert tactics(knn, theorem=inside) == ["apply add_comm"]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["base", "early", "late", "alone"]),
            st.sampled_from(["auto", "lia", "rewrite IHn", "intros x", "destruct n"]),
            st.sampled_from([GOAL, "x : nat\n⊢ x = x", "⊢ forall n : nat, n = n", "P : Prop\nH : P\n⊢ P"]),
        ),
        max_size=12,
    ),
    st.integers(1, 6),
)
def test_answers_are_a_distribution_and_repeatable(steps: list[tuple[str, str, str]], n: int) -> None:
    knn = policy(*(seen(*step) for step in steps))
    for goal in (GOAL, "⊢ forall a b : nat, a + b = b + a"):
        candidates = answer(knn, goal, n=n)
        assert candidates == answer(policy(*(seen(*step) for step in steps)), goal, n=n)
        logs = [candidate.logprob for candidate in candidates]
        assert logs == sorted(logs, reverse=True)
        assert len({candidate.tactic for candidate in candidates}) == len(candidates) <= n
        assert math.fsum(math.exp(log) for log in logs) <= 1 + 1e-6


def test_nothing_is_proposed_without_goals() -> None:
    assert policy(seen("base", "auto")).suggest([Query(ProofState(()), at())], 5) == [[]]


def test_queries_are_answered_in_order() -> None:
    knn = policy(seen("base", "auto"), seen("base", "exact H", "P : Prop\nH : P\n⊢ P"))
    queries = [Query(ProofState.parse(goal), at()) for goal in (GOAL, "Q : Prop\nh : Q\n⊢ Q")]
    first, second = knn.suggest(queries, 1)
    assert [first[0].tactic, second[0].tactic] == ["auto", "exact h"]


@pytest.mark.parametrize("name", ["neighbours", "pool", "renamings"])
def test_settings_are_checked(name: str) -> None:
    with pytest.raises(ValueError, match=f"knn {name}=0"):
        NearestConfig(**{name: 0})
