"""Universe levels that the reference fixes: those that its text names, and `Set`.

Levels that nobody named are free in Rocq, and a proof may bound them; a statement that is not polymorphic is compared
without them.  Where the reference says `Type@{u}`, or takes a polymorphic definition at `Set`, the candidate has to say
the same, and what the reference demands of named levels (`Constraint u < v`) has to hold in the candidate too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from proofloom.assistants.gate.probe import Doubt

_WORD = re.compile(r"[^\W\d][\w'.#]*")
_RELATIONS = ("<", "<=", "=")
# What has no model together with a relation that holds.
_OPPOSITES = {"<": ("{1} <= {0}",), "<=": ("{1} < {0}",), "=": ("{0} < {1}", "{1} < {0}")}


def fixed(levels: Iterable[str], words: frozenset[str]) -> frozenset[str]:
    """The levels in the groups of a term (`Set Foo.u`) that are fixed by a text with these `words`."""
    found = (level for group in levels for level in _WORD.findall(group))
    return frozenset(level for level in found if level == "Set" or _named(level, words))


def changed(wanted: Sequence[str], given: Sequence[str], words: frozenset[str]) -> str | None:
    """The first group of levels of a reference that differs in a candidate where it is fixed, as a reason."""
    if not fixed(wanted, words):
        return None
    if len(wanted) != len(given):
        return f"wanted {len(wanted)} groups of universe levels, got {len(given)}"
    for old, new in zip(wanted, given, strict=True):
        if fixed([old], words) and not _agree(old.split(), new.split(), words):
            return f"wanted the universe levels {{{old.strip()}}}, got {{{new.strip()}}}"
    return None


def subgraph(levels: Iterable[str]) -> str:
    """The question for the constraints between named levels."""
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


def _named(level: str, words: frozenset[str]) -> bool:
    """True if the text has the name of the level; Rocq's own are numbers, or `u0`, `u1` .. below a constant."""
    return "." in level and level.rpartition(".")[2] in words


def _agree(old: Sequence[str], new: Sequence[str], words: frozenset[str]) -> bool:
    if len(old) != len(new):
        return False
    pairs = zip(old, new, strict=True)
    return all(one == other or (_WORD.match(one) and not fixed([one], words)) for one, other in pairs)
