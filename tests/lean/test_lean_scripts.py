"""Lean scripts from steps: bullets and alternatives where the goals form a tree, a plain list where they do not."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from step_paths import path, state

from proofloom.assistants.lean.text.scripts import format_script, plain_script
from proofloom.proofs import Step

INDUCTION = "induction n with\n| zero => ?_\n| succ n ih => ?_"


def test_a_split_gets_bullets_and_a_chain_does_not() -> None:
    steps = path(
        state("A"),
        ("intro n", state("B")),
        ("constructor", state("C", "D")),
        ("rfl", state("D")),
        ("cases h with\n| inl a => exact a\n| inr b => skip", state("E")),
        ("constructor", state("F", "G")),
        ("simp", state("G")),
        ("rw [h]", state("H")),
        ("rfl", state()),
    )
    assert format_script(steps) == (
        "intro n\n"
        "constructor\n"
        "· rfl\n"
        "· cases h with\n"
        "  | inl a => exact a\n"
        "  | inr b => skip\n"
        "  constructor\n"
        "  · simp\n"
        "  · rw [h]\n"
        "    rfl"
    )


def test_alternatives_that_wait_for_their_goals_are_filled_in() -> None:
    steps = path(
        state("A"),
        (INDUCTION, state("B", "C")),
        ("rfl", state("C")),
        ("simp", state("D")),
        (INDUCTION, state("E", "F")),
        ("decide", state("F")),
        ("exact ih", state()),
    )
    assert format_script(steps) == (
        "induction n with\n"
        "| zero => rfl\n"
        "| succ n ih =>\n"
        "  simp\n"
        "  induction n with\n"
        "  | zero => decide\n"
        "  | succ n ih => exact ih"
    )
    done = path(
        state("A"), (INDUCTION, state("B", "C", "D")), *((t, state(*"BCD"[n + 1 :])) for n, t in enumerate("xyz"))
    )
    assert format_script(done) == f"{INDUCTION}\n· x\n· y\n· z"
    one_left = path(state("A"), (INDUCTION, state("B")), ("x", state()))
    assert format_script(one_left) == f"{INDUCTION}\nx"


def test_what_is_no_tree_is_a_plain_list() -> None:
    for states in (
        [state("A"), state("?x = 1", "?x = y"), state()],
        [state("A"), state("B", "C"), state("C")],
        [state("A"), state("B", "C"), state("C", given_up=1), state(given_up=1)],
    ):
        steps = path(states[0], *((f"t{number}", after) for number, after in enumerate(states[1:])))
        assert format_script(steps) == plain_script([step.tactic for step in steps])


def test_no_steps_are_no_text() -> None:
    assert format_script([]) == plain_script([]) == ""


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 25))
def test_every_bullet_closes_one_goal_of_the_block_that_it_stands_in(seed: int, size: int) -> None:
    """Reads the script as Lean does, by columns."""
    draw = random.Random(seed)
    goals, steps = ["g"], []
    while goals:
        count = draw.choice((0, 0, 1, 2, 3)) if len(steps) < size else 0
        new = [f"{goals[0]}.{len(steps)}.{number}" for number in range(count)]
        tactic = f"t{len(steps)}" + draw.choice(("", " a\n  b"))
        steps.append(Step(state(*goals), tactic, state(*new, *goals[1:])))
        goals = new + goals[1:]
    made = {step.tactic.split()[0]: len(step.after.goals) - len(step.before.goals) for step in steps}
    found: list[str] = []
    blocks = [[0, 1]]  # the column of a block and how many goals it has left
    for line in format_script(steps).split("\n"):
        column = len(line) - len(line.lstrip(" "))
        if line[column:] == "b":
            assert column == blocks[-1][0] + 2
            continue
        while column < blocks[-1][0]:
            assert blocks.pop()[1] == 0
        while line[column:].startswith("· "):
            assert column == blocks[-1][0] and blocks[-1][1] > 0
            blocks[-1][1] -= 1
            column += 2
            blocks.append([column, 1])
        assert column == blocks[-1][0] and blocks[-1][1] == 1
        found.append(line[column:].split()[0])
        blocks[-1][1] += made[found[-1]]
    assert all(left == 0 for _, left in blocks)
    assert found == [step.tactic.split()[0] for step in steps]
