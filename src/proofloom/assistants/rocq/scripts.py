"""Turns a found list of steps into a script that a person would write: bullets where a step splits a goal.

As long as the steps walk a tree of goals, that tree can be written with bullets; otherwise the plain list of tactics is
the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from proofloom.assistants.branches import Branch, NoTreeError, branches_of
from proofloom.assistants.rocq.splice import WIDTH, bullet
from proofloom.proofs import Step

_PIECE = re.compile(r'(?:"(?:[^"]|"")*"|[^\s"])+')


def plain_script(tactics: Sequence[str]) -> str:
    """One sentence a line, in order, each acting on the first goal."""
    return "\n".join(line for tactic in tactics for line in _lines(tactic, 0))


def format_script(steps: Sequence[Step]) -> str:
    """The steps as a script with bullets (`-`, `+`, `*`, `--` ..) and indentation.

    It is `plain_script` where a step changes, closes or shelves another goal than the first, where steps do not
    follow one another, and where goals are left.
    """
    try:
        branches = branches_of(steps)
    except NoTreeError:
        return plain_script([step.tactic for step in steps])
    return "\n".join(_written(branches, 0, 0))


def _written(branches: Sequence[Branch], level: int, column: int) -> Iterator[str]:
    """The lines of sibling goals: one goes on at the margin, several get bullets."""
    if len(branches) == 1:
        yield from _branch(branches[0], level, column)
        return
    for branch in branches:
        head = bullet(level) + " "
        first, *rest = _branch(branch, level + 1, column + len(head))
        yield " " * column + head + first.lstrip(" ")
        yield from rest


def _branch(branch: Branch, level: int, column: int) -> Iterator[str]:
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
