"""Turns a found list of steps into a script that a person would write: bullets where a step splits a goal.

The steps of a search all act on the first goal, so they walk a tree of goals depth first.  As long as no step touches
another goal than its own, that tree can be written with bullets; otherwise the plain list of tactics is the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from proofloom.assistants.rocq.splice import WIDTH, bullet
from proofloom.proofs import Step

_PIECE = re.compile(r'(?:"(?:[^"]|"")*"|[^\s"])+')


@dataclass(slots=True)
class _Branch:
    """The steps on one goal until it is closed or split; `branches` are the goals after a split."""

    tactics: list[str] = field(default_factory=list)
    branches: list[_Branch] = field(default_factory=list)


def plain_script(tactics: Sequence[str]) -> str:
    """One sentence a line, in order, each acting on the first goal."""
    return "\n".join(line for tactic in tactics for line in _lines(tactic, 0))


def format_script(steps: Sequence[Step]) -> str:
    """The steps as a script with bullets (`-`, `+`, `*`, `--` ..) and indentation.

    It is `plain_script` where a step changes, closes or shelves another goal than the first, where steps do not
    follow one another, and where goals are left.
    """
    try:
        branches = _tree(steps)
    except _NoTreeError:
        return plain_script([step.tactic for step in steps])
    return "\n".join(_written(branches, 0, 0))


class _NoTreeError(ValueError):
    """The steps are not a tree of goals."""


def _tree(steps: Sequence[Step]) -> list[_Branch]:
    """One branch per goal of the first state."""
    if not steps:
        return []
    roots = [_Branch() for _ in steps[0].before.goals]
    open_branches = list(reversed(roots))
    state = steps[0].before
    for step in steps:
        if step.before != state or not open_branches:
            raise _NoTreeError
        count = _new_goals(step)
        branch = open_branches.pop()
        branch.tactics.append(step.tactic)
        if count == 1:
            open_branches.append(branch)
        else:
            branch.branches = [_Branch() for _ in range(count)]
            open_branches += reversed(branch.branches)
        state = step.after
    if open_branches or state.goals:
        raise _NoTreeError
    return roots


def _new_goals(step: Step) -> int:
    """How many goals took the place of the first one; raises `_NoTreeError` if the others did not stay as they were."""
    others = step.before.goals[1:]
    count = len(step.after.goals) - len(others)
    hidden = (step.after.shelved, step.after.given_up) != (step.before.shelved, step.before.given_up)
    if count < 0 or step.after.goals[count:] != others or hidden:
        raise _NoTreeError
    return count


def _written(branches: Sequence[_Branch], level: int, column: int) -> Iterator[str]:
    """The lines of sibling goals: one goes on at the margin, several get bullets."""
    if len(branches) == 1:
        yield from _branch(branches[0], level, column)
        return
    for branch in branches:
        head = bullet(level) + " "
        first, *rest = _branch(branch, level + 1, column + len(head))
        yield " " * column + head + first.lstrip(" ")
        yield from rest


def _branch(branch: _Branch, level: int, column: int) -> Iterator[str]:
    for tactic in branch.tactics:
        yield from _lines(tactic, column)
    yield from _written(branch.branches, level, column)


def _lines(tactic: str, column: int) -> Iterator[str]:
    """The sentence `tactic.` at `column`, broken at blanks where it is wider than `WIDTH`.

    Blanks inside strings are kept; lines after the first stand two columns further in.
    """
    pieces = _PIECE.findall(tactic.strip().removesuffix(".") + ".")
    line = " " * column
    for piece in pieces:
        separator = "" if not line.strip() else " "
        if separator and len(line) + 1 + len(piece) > WIDTH:
            yield line
            line, separator = " " * (column + 2), ""
        line += separator + piece
    yield line
