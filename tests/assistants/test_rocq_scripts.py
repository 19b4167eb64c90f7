"""Scripts from steps: bullets where the goals form a tree, a plain list where they do not."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_paths import path, state

from proofloom.assistants.rocq.scripts import format_script, plain_script
from proofloom.assistants.rocq.sentences import split
from proofloom.assistants.rocq.splice import WIDTH, bullet
from proofloom.proofs import Goal, ProofState, Step


def test_a_split_gets_bullets_and_a_chain_does_not() -> None:
    steps = path(
        state("A"),
        ("intros n.", state("B")),
        ("induction n as [|n IH]", state("C", "D")),
        ("reflexivity", state("D")),
        ("simpl", state("E")),
        ("split", state("F", "G")),
        ("destruct b", state("H", "I", "G")),
        ("auto", state("I", "G")),
        ("auto", state("G")),
        ("rewrite IH", state("J")),
        ("reflexivity", state()),
    )
    assert format_script(steps) == (
        "intros n.\n"
        "induction n as [|n IH].\n"
        "- reflexivity.\n"
        "- simpl.\n"
        "  split.\n"
        "  + destruct b.\n"
        "    * auto.\n"
        "    * auto.\n"
        "  + rewrite IH.\n"
        "    reflexivity."
    )


def test_several_goals_at_the_start_get_bullets() -> None:
    steps = path(state("A", "B"), ("auto", state("B")), ("lia", state()))
    assert format_script(steps) == "- auto.\n- lia."


def test_no_steps_are_no_text() -> None:
    assert format_script([]) == plain_script([]) == ""


LINEAR = [
    ("a sibling is solved by unification", [state("A"), state("?x = 1", "?x = y"), state()]),
    ("a sibling changes", [state("A"), state("P ?x", "Q ?x"), state("Q 1"), state()]),
    (
        "a sibling changes while the first stays",
        [state("A"), state("P ?x", "Q ?x"), state("P 1", "Q 1"), state("Q 1"), state()],
    ),
    ("a goal is shelved", [state("A"), state("P ?x", shelved=1), state()]),
    ("a goal is given up", [state("A"), state("B", "C"), state("C", given_up=1), state(given_up=1)]),
    ("a goal is left", [state("A"), state("B", "C"), state("C")]),
    ("the goals change places", [state("A"), state("B", "C"), state("C", "B"), state("B"), state()]),
]


@pytest.mark.parametrize(("why", "states"), LINEAR)
def test_what_is_no_tree_is_a_plain_list(why: str, states: list[ProofState]) -> None:
    steps = path(states[0], *((f"t{number}", after) for number, after in enumerate(states[1:])))
    assert format_script(steps) == plain_script([step.tactic for step in steps]), why


def test_steps_that_do_not_follow_one_another_are_a_plain_list() -> None:
    steps = [Step(state("A"), "a", state("B", "C")), Step(state("D"), "b", state())]
    assert format_script(steps) == "a.\nb."


def test_goals_given_up_before_the_start_do_not_matter() -> None:
    steps = path(
        state("A", given_up=1),
        ("split", state("B", "C", given_up=1)),
        ("auto", state("C", given_up=1)),
        ("lia", state(given_up=1)),
    )
    assert format_script(steps) == "split.\n- auto.\n- lia."


def random_steps(seed: int, size: int) -> list[Step]:
    """A finished proof: every step closes its goal, keeps one, or splits it."""
    draw = random.Random(seed)
    names = iter(range(10_000))
    goals = [Goal((), f"g{next(names)}") for _ in range(draw.randint(1, 3))]
    steps = []
    while goals:
        count = draw.choice((0, 0, 1, 2, 3)) if len(steps) < size else 0
        after = [Goal((), f"g{next(names)}") for _ in range(count)] + goals[1:]
        tactic = f"t{len(steps)} " + "argument " * draw.choice((0, 1, 15)) + draw.choice(("", 'on "a  b. - c"'))
        steps.append(Step(ProofState(tuple(goals)), tactic, ProofState(tuple(after))))
        goals = after
    return steps


@given(st.integers(0, 10**6), st.integers(0, 30))
def test_the_tactics_come_in_the_order_of_the_steps(seed: int, size: int) -> None:
    steps = random_steps(seed, size)
    script = format_script(steps)
    plain = [sentence.code for sentence in split(plain_script([step.tactic for step in steps]).encode())]
    assert [sentence.code for sentence in split(script.encode()) if not sentence.bullet] == plain
    assert plain == [re.sub(r" +(?=\Z)", "", step.tactic) + "." for step in steps]
    for line in script.split("\n"):
        assert len(line) <= WIDTH or " argument" not in line.strip(" -+*")


@given(st.integers(0, 10**6), st.integers(0, 30))
def test_every_bullet_focuses_one_goal_as_rocq_wants_it(seed: int, size: int) -> None:
    """Runs the script on a small model of focusing: a bullet opens the next of the goals at its level."""
    steps = random_steps(seed, size)
    made = {step.tactic.strip() + ".": len(step.after.goals) - len(step.before.goals) + 1 for step in steps}
    focus: list[tuple[str, int]] = [("", len(steps[0].before.goals))]
    for sentence in split(format_script(steps).encode()):
        if sentence.bullet:
            while focus[-1][1] == 0 and sentence.text in [used for used, _ in focus]:
                focus.pop()
            name, left = focus[-1]
            assert sentence.text not in [used for used, _ in focus]
            assert left > 0
            focus[-1] = (name, left - 1)
            focus.append((sentence.text, 1))
        else:
            name, left = focus[-1]
            assert left == 1
            focus[-1] = (name, left - 1 + made[sentence.code])
    assert all(left == 0 for _, left in focus)


def test_bullets_never_run_out() -> None:
    names = [bullet(level) for level in range(30)]
    assert names[:6] == ["-", "+", "*", "--", "++", "**"]
    assert len(set(names)) == 30


def test_long_tactics_are_broken_at_blanks_but_not_in_strings() -> None:
    text = '"' + "a " * 60 + '"'
    assert plain_script([f"idtac {text}"]) == f"idtac\n  {text}."
    long = plain_script(["rewrite " + ", ".join(f"lemma_number_{number}" for number in range(20))])
    assert all(len(line) <= WIDTH for line in long.split("\n"))
    assert all(line.startswith("  lemma") for line in long.split("\n")[1:])
