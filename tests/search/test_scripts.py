"""Scripts read off a tree."""

from __future__ import annotations

from toy_games import state

from proofloom.proofs import Candidate
from proofloom.search.scripts import Script, through, ways
from proofloom.search.tree import Node, Tree


def tree(goal: str) -> Tree:
    return Tree(state(goal), depth_limit=9)


def step(tree: Tree, node: Node, tactic: str, logprob: float, *goals: str) -> Node:
    return tree.grow(node, Candidate(tactic, logprob), state(*goals))[0]


def tactics(script: Script | None) -> list[str] | None:
    return None if script is None else [one.tactic for one in script]


def test_the_cheapest_script_comes_first_and_the_one_taken_second() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    c = step(t, b, "x", -1.0, "c")
    end = step(t, c, "end", -1.0)
    step(t, t.root, "short", -9.0, "c")
    scripts = [tuple(one.tactic for one in script) for script in ways(t, end)]
    assert scripts == [("short", "end"), ("x", "x", "end")]
    assert [one.after.goals for one in next(ways(t, end))] == [state("c").goals, ()]


def test_among_equally_short_scripts_the_more_probable_one() -> None:
    t = tree("a")
    b = step(t, t.root, "rare", -5.0, "b")
    end = step(t, b, "end", -1.0)
    step(t, t.root, "usual", -1.0, "b")
    assert [one.tactic for one in next(ways(t, end))] == ["usual", "end"]


def test_a_way_through_an_edge_to_a_refused_ending() -> None:
    t = tree("a")
    b = step(t, t.root, "bad", -1.0, "b")
    end = step(t, step(t, b, "on", -1.0, "c"), "end", -1.0)
    t.reject(end)
    other = step(t, t.root, "good", -1.0, "d")
    step(t, other, "on", -1.0, "b")
    edge = t.detour()
    assert edge is not None
    assert tactics(through(t, edge)) == ["good", "on", "on", "end"]


def test_a_circle_is_no_way() -> None:
    t = tree("a")
    b = step(t, t.root, "x", -1.0, "b")
    t.reject(step(t, b, "end", -1.0))
    step(t, step(t, b, "on", -1.0, "c"), "back", -1.0, "b")
    edge = t.detour()
    assert edge is not None and through(t, edge) is None


def test_an_edge_that_leads_to_no_refused_ending_is_no_way() -> None:
    t = tree("a")
    t.reject(step(t, t.root, "end", -1.0))
    step(t, t.root, "x", -1.0, "b")
    step(t, t.root, "y", -1.0, "b")
    edge = t.detour()
    assert edge is not None and through(t, edge) is None
