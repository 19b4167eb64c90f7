"""Levels from text: line rules for states that come as strings, from a file, an editor or a server.

The rules are data.  `LINE_RULES` reads a declaration with its continuation lines, and agrees with the structure on
everything that `ProofState.text` writes; `PAPER_RULES` are the rules of the paper as far as its figure shows them,
which look at single lines and know Lean's universes only.  `benchmarks/hierarchy_rules.py` counts where they err.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proofloom.hierarchy.levels import Level, Span
from proofloom.hierarchy.universes import declares_universe
from proofloom.proofs import TURNSTILE

_OPENING, _CLOSING = "([{⟨⦃", ")]}⟩⦄"
_PAPER_UNIVERSE = re.compile(r"(?:Type|Sort)(?: .*)?")


def _paper_universe(rest: str) -> bool:
    return _PAPER_UNIVERSE.fullmatch(rest.strip()) is not None


@dataclass(frozen=True, slots=True)
class LineRules:
    """How a margin line of a printed state gets its level.

    `universe` decides from what stands after the colon whether a declaration is a TYPE.  With `joined`, that is the
    whole declaration with its continuation lines, and `case x : nat` is a declaration and no tag.
    """

    universe: Callable[[str], bool]
    joined: bool


LINE_RULES = LineRules(declares_universe, joined=True)
PAPER_RULES = LineRules(_paper_universe, joined=False)


def text_spans(text: str, rules: LineRules = LINE_RULES) -> tuple[Span, ...]:
    """The levels of every character of `text`, a printed state, in order and without gaps; one span for a line.

    A line that fits no rule is CONTEXT, an indented line continues the one above, and a newline belongs to its line.
    A goal ends with its conclusion: the next margin line that is not empty begins another.
    """
    spans: list[Span] = []
    position = goal = 0
    concluded = False
    for lines in _blocks(text):
        level = _level(lines, rules)
        if concluded and lines[0] != "\n":
            goal, concluded = goal + 1, False
        concluded = concluded or level is Level.GOAL
        length = sum(map(len, lines))
        spans.append(Span(position, position + length, level, goal))
        position += length
    return tuple(spans)


def _blocks(text: str) -> Iterator[list[str]]:
    """Margin lines with the indented lines that continue them, newlines kept; an empty line stands alone."""
    block: list[str] = []
    for line in text.split("\n"):
        if block and (not line[:1].isspace() or block[0] == "\n"):
            yield block
            block = []
        block.append(line + "\n")
    block[-1] = block[-1][:-1]
    if block != [""]:
        yield block


def _level(lines: list[str], rules: LineRules) -> Level:
    first = lines[0].rstrip("\n")
    block = "".join(lines) if rules.joined else first
    colon = _colon(block)
    if first.startswith("case ") and not (rules.joined and colon is not None):
        return Level.CASE
    if first.startswith(TURNSTILE):
        return Level.GOAL
    if colon is None or first[:1].isspace():
        return Level.CONTEXT
    return Level.TYPE if rules.universe(block[colon + 1 :]) else Level.INSTANCE


def _colon(block: str) -> int | None:
    """Where the colon after the names stands: the first outside brackets with white space on both sides."""
    depth = 0
    for position, character in enumerate(block):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif (
            depth == 0
            and character == ":"
            and block[:position].strip()
            and block[position - 1].isspace()
            and (position + 1 == len(block) or block[position + 1].isspace())
        ):
            return position
    return None
