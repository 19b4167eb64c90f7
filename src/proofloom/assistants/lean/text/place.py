"""How tactics stand in a text: on the same line or the next, in which column, and where Lean says what is left open.

A hole is opened either by `by`, whose tactics begin on the next line, or by a bullet `·`, whose first tactic follows
on its line.  Lean reports the goals that are left at that word, and that is how a session finds them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.assistants.lean import wire

BULLET = "·"
_LEAD = re.compile(r"[ ]*(?:(?:[·.]|\|[^\n]*?=>)[ ]+)*")


@dataclass(frozen=True, slots=True)
class Opening:
    """The text up to the tactics, which ends in `by` or in a bullet."""

    head: str

    @property
    def anchor(self) -> wire.Place:
        """Where the word stands at which Lean reports open goals."""
        word = BULLET if self.head.endswith(BULLET) else "by"
        before = self.head[: len(self.head) - len(word)]
        line = before[before.rfind("\n") + 1 :]
        return wire.Place(before.count("\n"), len(line.encode("utf-16-le")) // 2)

    @property
    def pad(self) -> str:
        """The blanks before each line of tactics but a bullet's first."""
        line = self.head[self.head.rfind("\n") + 1 :]
        if self.head.endswith(BULLET):
            return " " * (len(line) + 1)
        return " " * (lead(line) + 2)

    def lines(self, tactics: Sequence[str]) -> str:
        """The text of `tactics` after the opening word, without a newline at the end."""
        first = " " if self.head.endswith(BULLET) else "\n" + self.pad
        return first + ("\n" + self.pad).join(indented(tactic, self.pad) for tactic in tactics)


def lead(line: str) -> int:
    """The column at which the code of a line begins, after bullets and the names of a case."""
    match = _LEAD.match(line)
    assert match is not None  # it matches the empty text
    return match.end()


def indented(text: str, pad: str) -> str:
    """`text` with every line but the first moved right by `pad`; empty lines stay empty."""
    first, *others = text.split("\n")
    return "\n".join((first, *(pad + line if line.strip() else "" for line in others)))
