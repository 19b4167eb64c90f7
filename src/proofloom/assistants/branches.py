"""The steps of a found proof as a tree of goals, whatever the assistant.

The steps of a search all act on the first goal, so they walk such a tree depth first, as long as no step touches
another goal than its own.  How the tree is written down is the matter of each assistant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from proofloom.proofs import Step


@dataclass(slots=True)
class Branch:
    """The tactics on one goal until it is closed or split, at least one; `branches` are the goals after a split."""

    tactics: list[str] = field(default_factory=list)
    branches: list[Branch] = field(default_factory=list)


class NoTreeError(ValueError):
    """The steps are not a tree of goals."""


def branches_of(steps: Sequence[Step]) -> list[Branch]:
    """One branch per goal of the first state.

    Raises `NoTreeError` where a step changes, closes or shelves another goal than the first, where steps do not follow
    one another, and where goals are left.
    """
    if not steps:
        return []
    roots = [Branch() for _ in steps[0].before.goals]
    open_branches = list(reversed(roots))
    state = steps[0].before
    for step in steps:
        if step.before != state or not open_branches:
            raise NoTreeError
        count = _new_goals(step)
        branch = open_branches.pop()
        branch.tactics.append(step.tactic)
        if count == 1:
            open_branches.append(branch)
        else:
            branch.branches = [Branch() for _ in range(count)]
            open_branches += reversed(branch.branches)
        state = step.after
    if open_branches or state.goals:
        raise NoTreeError
    return roots


def _new_goals(step: Step) -> int:
    """How many goals took the place of the first one; raises `NoTreeError` if the others did not stay as they were."""
    others = step.before.goals[1:]
    count = len(step.after.goals) - len(others)
    hidden = (step.after.shelved, step.after.given_up) != (step.before.shelved, step.before.given_up)
    if count < 0 or step.after.goals[count:] != others or hidden:
        raise NoTreeError
    return count
