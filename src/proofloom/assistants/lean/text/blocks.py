"""Where tactics may stand: tells a `sorry` that is a tactic from one that is a term, by columns and the words before.

Lean's grammar is open, so this follows layout, as people do: `by` and a bullet open a block of tactics at the column
of what follows, and the block ends with the first line that begins further left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from proofloom.assistants.lean.text.lexing import CLOSING, OPENING, Kind, Token
from proofloom.assistants.lean.text.place import BULLET
from proofloom.assistants.lean.text.tactics import HOLES

_CASES = frozenset(
    ("cases", "induction", "match", "rcases", "cases'", "induction'", "fun_induction", "fun_cases", "split")
)
"""Tactics whose alternatives (`| pattern => ..`) are tactics."""
_NAMED = frozenset(("case", "case'", "next", "on_goal", "conv", "if"))
"""Tactics with tactics after their `=>`."""
_OPENERS = frozenset((BULLET, "all_goals", "any_goals", "try", "repeat", "repeat'", "focus", "iterate"))
"""What stands before a block of tactics."""


class Standing(Enum):
    """What stands at a hole."""

    TERM = "term"
    TACTIC = "tactic"
    ONLY_TACTIC = "only tactic"
    """The whole block after a `by` or a bullet."""


@dataclass(frozen=True, slots=True)
class Found:
    """A hole: its token, how it stands, and the token before it."""

    token: Token
    standing: Standing
    before: Token | None


@dataclass(slots=True)
class _Block:
    """Tactics at one column, at one depth of brackets; `head` is the first word of the tactic that is open.

    An `alternative` of `first` ends with the next bar, on the same line too.
    """

    column: int
    depth: int
    head: str = ""
    tactics: int = 0
    alternative: bool = False


def holes(tokens: Sequence[Token], columns: Sequence[int], first: Sequence[bool]) -> Iterator[Found]:
    """The holes among `tokens` (one declaration, without comments), in order.

    `columns` are the columns of the tokens, `first` says which are the first on their line.
    """
    found: list[tuple[Found, _Block | None]] = []
    blocks: list[_Block] = []
    depth = 0
    opens = goes_on = alternative = False
    before: Token | None = None
    for token, column, leads in zip(tokens, columns, first, strict=True):
        if opens:
            blocks.append(_Block(column, depth, alternative=alternative))
        elif leads:
            while blocks and column < blocks[-1].column:
                blocks.pop()
        if token.text == "|" and blocks and blocks[-1].alternative and blocks[-1].depth == depth:
            blocks.pop()
        block = blocks[-1] if blocks else None
        starts = block is not None and (opens or goes_on or (leads and (column, depth) == (block.column, block.depth)))
        opens = goes_on = alternative = False
        if starts and block is not None and token.text != "|":
            block.head, block.tactics = token.text, block.tactics + 1
        if token.kind is Kind.WORD and token.text in HOLES - {"sorryAx"}:
            tactic = starts or token.text != "sorry"
            standing = Standing.TACTIC if tactic else Standing.TERM
            found.append((Found(token, standing, before), block if tactic else None))
        elif token.text == "by" or (starts and token.text in _OPENERS):
            opens = True
        elif token.text == "|":
            opens = alternative = block is not None and depth == block.depth and block.head == "first"
        elif token.text == "=>":
            opens = block is not None and depth == block.depth and block.head in _CASES | _NAMED
        elif token.text in (";", "<;>"):
            goes_on = block is not None and depth == block.depth
        elif token.text in OPENING and token.kind is Kind.SIGN:
            depth += 1
            opens = starts and token.text in "({"
        elif token.text in CLOSING and token.kind is Kind.SIGN:
            depth -= 1
            while blocks and blocks[-1].depth > depth:
                blocks.pop()
        before = token
    for hole, block in found:
        alone = block is not None and block.tactics == 1 and hole.before is not None
        only = alone and hole.before is not None and hole.before.text in ("by", BULLET)
        yield Found(hole.token, Standing.ONLY_TACTIC, hole.before) if only else hole
