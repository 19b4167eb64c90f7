"""Holes of a source file, whatever the assistant: a theorem that is not proved, and the places where a script goes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a proof is wanted: the script replaces bytes `start` to `end`.

    `opening` are the sentences between the statement and the gap, without comments.  `whole` is True for the rest of
    a proof up to its end, False for one place in it (the script has to close its goal).
    """

    start: int
    end: int
    opening: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Hole:
    """One theorem that is not proved, from byte `start` of its statement to the `end` of its last sentence.

    `line` counts from 1.  In Rocq, a proof that has `admit.` in it and ends in `Admitted.` has one gap per `admit.` and
    a last one for what may be left before `Admitted.`; there, no goal may be left once the others are filled, and then
    the empty script fills it.  `unsupported` says why the hole cannot be filled, and then `gaps` is empty.
    """

    name: str
    path: str
    line: int
    start: int
    end: int
    statement: str
    gaps: tuple[Gap, ...]
    unsupported: str = ""
