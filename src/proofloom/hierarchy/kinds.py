"""Finer than levels: eight kinds of lines, for a hierarchy whose levels are learned.

The paper calls every declaration that is not a universe an instance, be it a number, a fact or a type class.  A learned
hierarchy may come to place these apart; for that it must see them apart.  A kind is read from how a line is printed,
and only says where learning starts from.  There are eight because attention reads eight classes at the price of five.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

from proofloom.hierarchy.levels import OUTSIDE, Level, Span
from proofloom.hierarchy.tags import TAGS
from proofloom.hierarchy.tokens import LevelledText


class Kind(IntEnum):
    """What a line is: INSTANCE is a type-class instance, DEFINITION has a body, FACT claims something."""

    CONTEXT = 0
    CASE = 1
    UNIVERSE = 2
    INSTANCE = 3
    VARIABLE = 4
    DEFINITION = 5
    FACT = 6
    CONCLUSION = 7


KIND_LEVELS = (
    Level.CONTEXT,
    Level.CASE,
    Level.TYPE,
    Level.INSTANCE,
    Level.INSTANCE,
    Level.INSTANCE,
    Level.INSTANCE,
    Level.GOAL,
)
"""The level of each kind, by the paper's rules."""

_INSTANCE = re.compile(r"inst(?![a-zA-Z'])")
"""As Lean names an instance that its user has not named: `inst✝`, `inst_1`."""
_CLAIM = re.compile(r"[=<>≤≥≠∀∃∧∨¬↔∈∉⊆~∣≡]|\b(?:forall|exists|exists!|In|is_true)\b|/\\|\\/")
_SIGNS_OF_FUNCTIONS = re.compile(r"->|=>|:=")


def kind(level: int, line: str) -> Kind:
    """The kind of a printed line of the given level (not OUTSIDE), with its tag or without."""
    if level != Level.INSTANCE:
        return Kind(KIND_LEVELS.index(Level(level)))
    names, _, rest = line.removeprefix(TAGS[Level.INSTANCE]).partition(" : ")
    if _INSTANCE.match(names):
        return Kind.INSTANCE
    if " := " in rest:
        return Kind.DEFINITION
    return Kind.FACT if _CLAIM.search(_SIGNS_OF_FUNCTIONS.sub(" ", rest)) else Kind.VARIABLE


def span_kinds(levelled: LevelledText) -> dict[Span, int]:
    """The kind of each span, OUTSIDE where the level is."""
    return {
        span: OUTSIDE if span.level == OUTSIDE else int(kind(span.level, levelled.text[span.start : span.end]))
        for span in levelled.spans
    }


def token_kinds(levelled: LevelledText, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """One kind for each token, OUTSIDE where the level is; offsets as for `LevelledText.token_levels`."""
    kinds = span_kinds(levelled)
    return [OUTSIDE if span is None else kinds[span] for span in levelled.token_spans(offsets)]
