"""Universe levels that the reference fixes: those of its definitions, those that its text names, and `Set`.

The levels of the theorem itself are free in Rocq, and a proof may bound them; a statement that is not polymorphic is
compared without them.  Where the reference says `Type@{u}`, or takes a polymorphic definition at `Set`, the candidate
has to say the same; and what the reference demands of the levels that it fixes (`u < v`) has to hold there too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proofloom.assistants.gate.refusals import Doubt

_LEVEL = re.compile(r"[^\W\d][\w'.#]*")
_RELATIONS = ("<", "<=", "=")
# What has no model together with a relation that holds.
_OPPOSITES = {"<": ("{1} <= {0}",), "<=": ("{1} < {0}",), "=": ("{0} < {1}", "{1} < {0}")}


@dataclass(frozen=True, slots=True)
class Fixation:
    """Which levels are fixed: `words` are those of the reference, `theorem` is the name whose own levels are free."""

    theorem: str
    words: frozenset[str]

    def levels(self, groups: Iterable[str]) -> frozenset[str]:
        """The levels in the groups of a term (`Set Foo.u`) that are fixed."""
        return frozenset(level for group in groups for level in _LEVEL.findall(group) if self._is_fixed(level))

    def change(self, wanted: Sequence[str], given: Sequence[str]) -> str | None:
        """The first group of levels of a reference that differs in a candidate where it is fixed, as a reason."""
        if not self.levels(wanted):
            return None
        if len(wanted) != len(given):
            return f"wanted {len(wanted)} groups of universe levels, got {len(given)}"
        for old, new in zip(wanted, given, strict=True):
            if self.levels([old]) and not self._agree(old.split(), new.split()):
                return f"wanted the universe levels {{{old.strip()}}}, got {{{new.strip()}}}"
        return None

    def _is_fixed(self, level: str) -> bool:
        """False for levels that are but a number, and for the `u0`, `u1` .. of the theorem, which its text lacks."""
        owner, dot, name = level.rpartition(".")
        if not dot:
            return level == "Set"
        return name in self.words or not f".{self.theorem}".endswith(f".{owner}")

    def _agree(self, old: Sequence[str], new: Sequence[str]) -> bool:
        if len(old) != len(new):
            return False
        pairs = zip(old, new, strict=True)
        return all(one == other or (_LEVEL.match(one) and not self._is_fixed(one)) for one, other in pairs)


def subgraph(levels: Iterable[str]) -> str:
    """The question for the constraints between levels."""
    return f"Print Universes Subgraph ({' '.join(sorted(levels))})."


def denials(printed: str) -> list[tuple[str, str]]:
    """For each constraint in an answer to `subgraph`: itself, and a sentence that passes only where it holds.

    Every level lies above `Set` anyway.  Raises `Doubt`.
    """
    found: list[tuple[str, str]] = []
    left = ""
    for line in printed.splitlines():
        words = line.split()
        if line.startswith(" "):
            words.insert(0, left)
        if not words:
            continue
        if len(words) != 3 or words[1] not in _RELATIONS:
            raise Doubt(f"constraints on universe levels: {line!r}")
        left, relation, right = words
        if left != "Set":
            for opposite in _OPPOSITES[relation]:
                found.append((" ".join(words), f"Fail Constraint {opposite.format(left, right)}."))
    return found
