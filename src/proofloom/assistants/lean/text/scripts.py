"""Turns a found list of steps into a script that a person would write.

A bullet `·` stands where a step splits a goal, and alternatives are filled in where a step names them (`induction n
with | zero => .. | succ n ih => ..`).  Where the steps walk no tree of goals, the plain list of tactics is the script.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from proofloom.assistants.branches import Branch, NoTreeError, branches_of
from proofloom.assistants.lean.text.place import BULLET, indented
from proofloom.assistants.lean.text.tactics import tactic_text
from proofloom.proofs import Step

_OPEN = " => ?_"
"""How an alternative ends that leaves its goal for later."""


def plain_script(tactics: Sequence[str]) -> str:
    """One tactic after the other, from column 0, each acting on the first goal."""
    return "\n".join(map(tactic_text, tactics))


def format_script(steps: Sequence[Step]) -> str:
    """The steps as a script with bullets, from column 0; `plain_script` where they are no tree of goals."""
    try:
        branches = branches_of(steps)
    except NoTreeError:
        return plain_script([step.tactic for step in steps])
    return "\n".join(_written(branches, 0))


def _written(branches: Sequence[Branch], column: int) -> Iterator[str]:
    """The lines of sibling goals: one goes on at the margin, several get bullets."""
    if len(branches) == 1:
        yield from _branch(branches[0], column)
        return
    for branch in branches:
        first, *rest = _branch(branch, column + 2)
        yield f"{' ' * column}{BULLET} {first.lstrip(' ')}"
        yield from rest


def _branch(branch: Branch, column: int) -> Iterator[str]:
    tactics = [tactic_text(tactic) for tactic in branch.tactics]
    heads = _alternatives(tactics[-1])
    filled = len(branch.branches) > 1 and len(heads) == len(branch.branches)
    for tactic in tactics[:-1] if filled else tactics:
        yield from _lines(tactic, column)
    if not filled:
        yield from _written(branch.branches, column)
        return
    yield " " * column + tactics[-1].split("\n", 1)[0]
    for head, below in zip(heads, branch.branches, strict=True):
        lines = list(_branch(below, column + 2))
        if len(lines) == 1:
            yield f"{' ' * column}{head} => {lines[0].lstrip(' ')}"
        else:
            yield f"{' ' * column}{head} =>"
            yield from lines


def _alternatives(tactic: str) -> list[str]:
    """`| zero`, `| succ n ih` of a tactic that leaves the goal of each of its alternatives open; empty for others."""
    first, *others = tactic.split("\n")
    if not first.endswith(" with") or not all(line.startswith("| ") and line.endswith(_OPEN) for line in others):
        return []
    return [line.removesuffix(_OPEN) for line in others]


def _lines(tactic: str, column: int) -> list[str]:
    return (" " * column + indented(tactic, " " * column)).split("\n")
