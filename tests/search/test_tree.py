"""The tree: merging, better paths, domination, forgetting, depth, and the invariants themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy_games import state

from proofloom.proofs import Candidate, Goal, Hypothesis, ProofState
from proofloom.search.goals import shape
from proofloom.search.invariants import InvariantError, check_invariants
from proofloom.search.scripts import ways
from proofloom.search.tree import Node, Status, Tree


def tree(*goals: str, depth: int = 9, dominate: bool = True, forget: bool = True) -> Tree:
    return Tree(state(*goals), depth_limit=depth, dominate=dominate, forget=forget)


def step(tree: Tree, node: Node, tactic: str, logprob: float, *goals: str) -> Node:
    """Grow by one step, checked."""
    if node.status is Status.OPEN:
        tree.expand(node)
    child, _ = tree.grow(node, Candidate(tactic, logprob), state(*goals))
    check_invariants(tree)
    return child


def test_equal_states_are_one_node_and_keep_every_parent() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    assert step(t, t.root, "y", -2.0, "b") is b
    assert [edge.tactic for edge in b.parents] == ["x", "y"]
    assert len(t.nodes) == 2


def test_states_that_differ_in_hidden_goals_are_not_merged() -> None:
    t = tree("a")
    plain = step(t, t.root, "x", -1.0, "b")
    hidden, _ = t.grow(t.root, Candidate("y", -1.0), replace(state("b"), shelved=1))
    assert hidden is not plain


def test_hiding_a_goal_is_not_closing_one() -> None:
    t = tree("a")
    both = step(t, t.root, "split", -1.0, "b", "c")
    t.expand(both)
    hidden, _ = t.grow(both, Candidate("shelve", -2.0), replace(both.state, shelved=1))
    check_invariants(t)
    assert hidden.score == -3.0


def test_states_without_goals_are_never_merged() -> None:
    t = tree("a")
    one, other = step(t, t.root, "x", -1.0), step(t, t.root, "y", -1.0)
    assert one is not other
    t.refuse(one)
    assert t.ending() is other


def test_a_tactic_cannot_be_paid_twice() -> None:
    t = tree("a")
    step(t, t.root, "x", -1.0, "b")
    assert t.untried(t.root, [Candidate("x", -1.0), Candidate("y", -2.0), Candidate("y", -3.0)]) == [
        Candidate("y", -2.0)
    ]
    with pytest.raises(ValueError, match="tried before"):
        t.fail(t.root, "x")


def test_a_better_path_raises_the_score_of_all_that_follows() -> None:
    t = tree("a", forget=False)
    b = step(t, t.root, "x", -5.0, "b")
    c = step(t, b, "x", -1.0, "c")
    d = step(t, t.root, "y", -1.0, "d")
    tree_before = c.score
    t.expand(d)
    same, changed = t.grow(d, Candidate("x", -1.0), state("b"))
    check_invariants(t)
    assert same is b and tree_before == -6.0
    assert (b.score, c.score) == (-2.0, -3.0)
    assert changed == [b, c]
    t.close(b)
    assert b.status is Status.EXPANDED and not b.unpaid and c.unpaid
    assert (b.depth, c.depth) == (1, 2)


def test_a_shorter_path_reopens_what_the_depth_limit_cut_off() -> None:
    t = tree("a", depth=2)
    b = step(t, t.root, "x", -1.0, "b")
    c = step(t, b, "x", -1.0, "c")
    assert c.status is Status.CUT and t.cut
    _, changed = t.grow(t.root, Candidate("z", -9.0), state("c"))
    check_invariants(t)
    assert c.status is Status.OPEN and changed == [c] and not t.cut
    assert c.score == -2.0


def test_a_loop_changes_nothing() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    step(t, b, "back", -1.0, "a")
    assert step(t, b, "stay", -1.0, "b") is b
    assert (t.root.score, t.root.depth, b.score) == (0.0, 0, -1.0)


def test_domination_by_a_suffix_that_is_known() -> None:
    t = tree("a")
    both = step(t, t.root, "split", -1.0, "b", "c")
    other = step(t, both, "slow", -1.0, "b2", "c")
    assert t.dominator(other) is None
    rest = step(t, both, "quick", -1.0, "c")
    assert t.dominator(other) is rest
    assert t.dominator(rest) is None


def test_no_domination_where_goals_hang_together() -> None:
    t = tree("a")
    both = step(t, t.root, "split", -1.0, "b ?x", "c")
    other = step(t, both, "slow", -1.0, "b2 ?x", "c")
    step(t, both, "quick", -1.0, "c")
    assert t.dominator(other) is None


def test_a_boolean_test_is_no_existential_variable() -> None:
    t = tree("a")
    both = step(t, t.root, "split", -1.0, "x =? y", "c")
    rest = step(t, both, "quick", -1.0, "c")
    assert t.dominator(both) is rest


def test_no_domination_by_a_state_that_is_known_only_deeper() -> None:
    t = tree("a")
    far = step(t, step(t, step(t, t.root, "x", -1.0, "u"), "x", -1.0, "v"), "x", -1.0, "c")
    near = step(t, t.root, "split", -1.0, "b", "c")
    assert far.depth == 3 and near.depth == 1
    assert t.dominator(near) is None


def test_domination_can_be_switched_off() -> None:
    t = tree("a", dominate=False)
    both = step(t, t.root, "split", -1.0, "b", "c")
    step(t, both, "quick", -1.0, "c")
    assert t.dominator(both) is None


def test_solved_goals_are_forgotten() -> None:
    t = tree("a")
    both = step(t, t.root, "split", -1.0, "b", "c", "d")
    hard = step(t, both, "x", -4.0, "b1", "b2", "c", "d")
    half = step(t, hard, "x", -4.0, "b2", "c", "d")
    assert half.score == hard.score == -5.0  # b2 waited behind b1 since then
    rest = step(t, half, "x", -4.0, "c", "d")
    assert rest.score == both.score == -1.0
    last = step(t, rest, "x", -2.0, "d")
    assert last.score == -1.0
    assert step(t, last, "x", -0.5, "d1").score == -1.5


def test_without_forgetting_a_score_is_the_plain_sum() -> None:
    t = tree("a", forget=False)
    both = step(t, t.root, "split", -1.0, "b", "c")
    assert step(t, both, "x", -4.0, "c").score == -5.0


def test_failure_goes_up_only_when_everything_was_tried() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    t.expand(b)
    t.close(b)
    assert b.status is Status.FAILED and t.root.status is Status.EXPANDED
    t.close(t.root)
    assert t.root.status is Status.FAILED
    check_invariants(t)


def test_a_proof_goes_up_to_the_root() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    end = step(t, b, "x", -1.0)
    assert t.ending() is end
    t.prove(end)
    check_invariants(t)
    assert t.ending() is None
    assert {node.status for node in t.nodes} == {Status.PROVED}


def test_after_a_rejection_nothing_is_dominated_and_detours_are_kept() -> None:
    t = tree("a")
    both = step(t, t.root, "split", -1.0, "b", "c")
    other = step(t, both, "slow", -1.0, "b2", "c")
    rest = step(t, both, "quick", -1.0, "c")
    other.status = Status.DOMINATED
    end = step(t, rest, "end", -1.0)
    assert t.detour() is None
    assert other in t.reject(end)
    assert other.status is Status.OPEN and t.dominator(other) is None and t.ending() is None
    step(t, other, "on", -1.0, "d")
    assert step(t, other, "done", -1.0, "c") is rest
    edge = t.detour()
    assert edge is rest.parents[-1] and t.detour() is None


def test_live_nodes_are_those_that_lead_to_unpaid_work() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    c = step(t, t.root, "y", -1.0, "c")
    t.close(t.root)
    t.expand(b)
    t.close(b)
    assert t.live() == {t.root.number, c.number}


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        (lambda t: setattr(t.nodes[1], "score", 0.0), "best score"),
        (lambda t: setattr(t.nodes[1], "depth", 0), "least depth"),
        (lambda t: t.nodes[1].anchors.__setitem__(1, 0.0), "best anchors"),
        (lambda t: t.nodes[1].parents.clear(), "is not known to its child"),
        (lambda t: t.root.tried.clear(), "was not tried"),
        (lambda t: setattr(t.nodes[1], "status", Status.DOMINATED), "dominated by nothing"),
        (lambda t: setattr(t.nodes[1], "status", Status.CUT), "at its depth"),
        (lambda t: setattr(t.root, "status", Status.FAILED), "failed too early"),
        (lambda t: setattr(t.root, "status", Status.PROVED), "proved by nothing"),
        (lambda t: t.nodes.reverse(), "numbered"),
    ],
)
def test_the_invariants_notice_damage(damage, complaint: str) -> None:
    t = tree("a")
    step(t, t.root, "x", -1.0, "b", "c")
    damage(t)
    with pytest.raises(InvariantError, match=complaint):
        check_invariants(t)


def test_a_depth_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="depth_limit=0: wanted at least 1"):
        tree("a", depth=0)


def named(*names: str) -> ProofState:
    """A goal about two numbers that are called so, and one that speaks of `S x` whatever they are called."""
    first, second = names
    hypotheses = (Hypothesis((first, second), "nat"), Hypothesis((f"H{first}",), f"{first} = S {second}"))
    return ProofState((Goal(hypotheses, f"forall x, {second} + x = {first}"),))


def test_states_that_differ_in_local_names_are_one_node_and_the_edge_says_so() -> None:
    t = tree("a")
    t.expand(t.root)
    one, _ = t.grow(t.root, Candidate("intros n m H", -2.0), named("n", "m"))
    other, changed = t.grow(t.root, Candidate("intros a b H", -1.0), named("a", "b"))
    check_invariants(t)
    assert other is one
    assert changed == [one]
    assert (one.score, one.state) == (-1.0, named("n", "m"))
    assert [edge.renamed for edge in one.parents] == [False, True]


@pytest.mark.parametrize("names", [("m", "n"), ("n", "n'")])
def test_only_names_may_differ(names: tuple[str, str]) -> None:
    assert shape(named("n", "m").goals[0]) == shape(named(*names).goals[0])
    swapped = Goal(named("n", "m").goals[0].hypotheses, "forall x, n + x = n")
    assert shape(swapped) != shape(named("n", "m").goals[0])


def test_names_that_are_not_local_are_kept_and_grouping_is_not() -> None:
    apart = Goal((Hypothesis(("a",), "nat"), Hypothesis(("b",), "nat")), "a = S b")
    assert shape(apart) == shape(Goal((Hypothesis(("n", "m"), "nat"),), "n = S m"))
    assert shape(apart) != shape(Goal((Hypothesis(("n", "m"), "nat"),), "n = T m"))
    assert shape(Goal((Hypothesis(("n",), "nat"),), "P ?n M.n n")) == (None, "P ?n M.n #0", "nat", None)


def test_a_script_does_not_go_over_a_renamed_edge() -> None:
    t = tree("a")
    long, _ = t.grow(t.root, Candidate("long", -0.1), state("b"))
    there, _ = t.grow(long, Candidate("intros n m H", -0.1), named("n", "m"))
    t.grow(t.root, Candidate("intros a b H", -0.2), named("a", "b"))
    end, _ = t.grow(there, Candidate("exact (lemma Hn)", -0.1), ProofState(()))
    assert [[step.tactic for step in way] for way in ways(t, end)] == [["long", "intros n m H", "exact (lemma Hn)"]]
