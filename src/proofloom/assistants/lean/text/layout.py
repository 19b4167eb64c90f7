"""Takes the tactics of a proof apart by layout: which stand side by side, and which hold others.

Lean's grammar is open, so this follows columns and a few words, as people do.  It need not be right: a tracer keeps a
proof taken apart only where running the parts gives the goals of the original.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import pairwise

from proofloom.assistants.lean.text.lexing import CLOSING, OPENING, Kind, LexingError, Token, tokens
from proofloom.assistants.lean.text.outline import Command, Lines
from proofloom.assistants.lean.text.place import BULLET

Span = tuple[int, int]
"""Characters of a text, from the first to the one after the last."""

_REACHING = frozenset((
    "all_goals", "any_goals", "try", "repeat", "repeat'", "iterate", "first", "focus", "conv", "conv_lhs", "conv_rhs",
    "calc", "if", "on_goal", "classical", "open", "set_option", "solve", "case", "next", BULLET, ".",
))  # fmt: skip
"""Tactics that reach to the end of what follows, `;` and `<;>` included."""
_SPLITTING = frozenset(("cases", "induction", "match"))
_STATING = frozenset(("have", "obtain"))
_AFTER = frozenset(("termination_by", "decreasing_by", "where"))
"""What may stand behind the tactics of a declaration."""
_GOING_ON = frozenset(("|", "<;>", "else", "then", "with", "using", "at", ":=", "=>", "from", *CLOSING))
"""What goes on with a tactic although it is the first on a line of its column."""


class Form(Enum):
    """How a tactic holds others."""

    PLAIN = auto()
    CHAIN = auto()
    """`a <;> b`: the pieces are `parts`, each a block of one tactic."""
    FOCUS = auto()
    """A bullet or braces with one block: the first goal is proved by it."""
    CASE = auto()
    """`case tag x y => block` or `next x y => block`; `words` are what stands before the `=>`."""
    ALTERNATIVES = auto()
    """`induction n with | .. => block`: one block for each alternative, whose left side is in `lefts`."""
    STATING = auto()
    """`have h : T := by block`."""


@dataclass(frozen=True, slots=True)
class Tactic:
    """One tactic: where it stands, its text from column 0 and without comments, and what it holds.

    `header` is the place of what stands before the block or the alternatives, `lefts` those of the left sides.
    """

    span: Span
    text: str
    form: Form = Form.PLAIN
    parts: tuple[tuple[Tactic, ...], ...] = ()
    header: Span = (0, 0)
    lefts: tuple[Span, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many tactics a person wrote here; a chain is one, a bullet is none."""
        if self.form is Form.CHAIN:
            return 1
        return sum(tactic.count for part in self.parts for tactic in part) + (self.form is not Form.FOCUS)


@dataclass(frozen=True, slots=True)
class Script:
    """The proof by tactics of a declaration: it follows the `by` that ends at `start`, and reaches to `end`."""

    start: int
    end: int
    tactics: tuple[Tactic, ...]


def script_of(text: str, command: Command) -> Script | None:
    """The proof by tactics of a declaration; None if it has none, or is a term with tactics only inside."""
    return _Reader(text, command.tokens).script()


class _Reader:
    """Reads one declaration; positions in here are numbers of tokens."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens = tokens
        lines = Lines(text)
        rows = [lines.of(token.start) for token in tokens]
        self._columns = [lines.column(token.start) for token in tokens]
        self._leads = [number == 0 or row > rows[number - 1] for number, row in enumerate(rows)]
        self._depths = list(_depths(tokens))

    def script(self) -> Script | None:
        stated = False
        for number, token in enumerate(self._tokens):
            stated = stated or (self._depths[number] == 0 and token.text in (":=", "|"))
            if stated and token.text == "by" and self._depths[number] == 0:
                first, last = number + 1, self._block_end(number + 1, len(self._tokens))
                rest = self._tokens[last:]
                if first == last or (rest and rest[0].text not in _AFTER):
                    return None
                return Script(token.end, self._tokens[last - 1].end, self._block(first, last))
        return None

    def _block_end(self, first: int, last: int) -> int:
        """Where the block that begins with token `first` ends: at a line further left, or a bracket that closes."""
        for number in range(first, last):
            leads = self._leads[number] and number > first
            if leads and (self._columns[number] < self._columns[first] or self._tokens[number].text in _AFTER):
                return number
            if self._depths[number] < self._depths[first] or (
                self._tokens[number].text in CLOSING and self._depths[number] == self._depths[first] - 1
            ):
                return number
        return last

    def _block(self, first: int, last: int) -> tuple[Tactic, ...]:
        """The tactics of a block side by side."""
        starts = [first]
        for number in range(first + 1, last):
            at_column = self._leads[number] and self._columns[number] == self._columns[first]
            if at_column and self._outside(number, first) and self._tokens[number].text not in _GOING_ON:
                starts.append(number)
        found: list[Tactic] = []
        for start, end in zip(starts, [*starts[1:], last], strict=True):
            cuts = [start, *(cut + 1 for cut in self._signs(start, end, ";")), end + 1]
            found += [self._tactic(one, other - 1) for one, other in pairwise(cuts) if other - 1 > one]
        return tuple(found)

    def _tactic(self, first: int, last: int) -> Tactic:
        head = self._tokens[first].text
        if cuts := self._signs(first, last, "<;>"):
            ends = [first, *(cut + 1 for cut in cuts)]
            pieces = zip(ends, [*cuts, last], strict=True)
            if all(one < other for one, other in pieces):
                pieces = zip(ends, [*cuts, last], strict=True)
                return self._made(first, last, Form.CHAIN, tuple((self._tactic(*piece),) for piece in pieces))
        if head in (BULLET, ".") and last > first + 1:
            return self._made(first, last, Form.FOCUS, (self._block(first + 1, last),))
        if head == "{" and self._tokens[last - 1].text == "}" and last > first + 2:
            return self._made(first, last, Form.FOCUS, (self._block(first + 1, last - 1),))
        if head in ("case", "next") and (arrow := self._first(first, last, "=>")) and arrow + 1 < last:
            words = tuple(token.text for token in self._tokens[first:arrow])
            return self._made(first, last, Form.CASE, (self._block(arrow + 1, last),), words=words)
        if head in _SPLITTING:
            return self._alternatives(first, last)
        if head in _STATING and (by := self._stated(first, last)):
            header = self._span(first, by)
            return self._made(first, last, Form.STATING, (self._block(by + 1, last),), header)
        return self._made(first, last)

    def _alternatives(self, first: int, last: int) -> Tactic:
        with_ = self._first(first, last, "with")
        if not with_ or with_ + 1 >= last or self._tokens[with_ + 1].text != "|":
            return self._made(first, last)
        bar = with_ + 1
        bars = [
            number for number in range(bar, last) if self._tokens[number].text == "|" and self._outside(number, first)
        ]
        if self._leads[bar]:
            bars = [n for n in bars if self._leads[n] and self._columns[n] == self._columns[bar]]
        elif any(self._leads[number] for number in bars):
            return self._made(first, last)
        parts, lefts = [], []
        for start, end in zip(bars, [*bars[1:], last], strict=True):
            arrow = self._first(start, end, "=>")
            if not arrow or arrow + 1 >= end or self._tokens[arrow + 1].text in ("?", "_"):
                return self._made(first, last)
            lefts.append(self._span(start, arrow))
            parts.append(self._block(arrow + 1, end))
        return self._made(first, last, Form.ALTERNATIVES, tuple(parts), self._span(first, bar), tuple(lefts))

    def _stated(self, first: int, last: int) -> int:
        """The `by` of `have h : T := by ..`, 0 if it is none."""
        sign = self._first(first, last, ":=")
        typed = self._first(first, sign, ":") if sign else 0
        return sign + 1 if typed and sign + 2 < last and self._tokens[sign + 1].text == "by" else 0

    def _signs(self, first: int, last: int, sign: str) -> list[int]:
        """Where `sign` stands between the tactics from `first` to `last`, not inside one of them."""
        found: list[int] = []
        fresh = True
        for number in range(first, last):
            token = self._tokens[number]
            if fresh and token.text in _REACHING:
                break
            fresh = False
            if not self._outside(number, first):
                continue
            if token.text in ("by", "with") and not self._harmless_with(number, last):
                break
            if token.text == sign:
                found.append(number)
                fresh = True
            elif token.text == ";":
                fresh = True
        return found

    def _harmless_with(self, number: int, last: int) -> bool:
        """True for the `with` of `rcases h with a | b`, which holds no tactics."""
        return self._tokens[number].text == "with" and (number + 1 >= last or self._tokens[number + 1].text != "|")

    def _first(self, first: int, last: int, text: str) -> int:
        """The first token `text` outside brackets, 0 if there is none."""
        return next((n for n in range(first, last) if self._tokens[n].text == text and self._outside(n, first)), 0)

    def _outside(self, number: int, first: int) -> bool:
        return self._depths[number] == self._depths[first]

    def _span(self, first: int, last: int) -> Span:
        return self._tokens[first].start, self._tokens[last - 1].end

    def _made(
        self,
        first: int,
        last: int,
        form: Form = Form.PLAIN,
        parts: tuple[tuple[Tactic, ...], ...] = (),
        header: Span = (0, 0),
        lefts: tuple[Span, ...] = (),
        words: tuple[str, ...] = (),
    ) -> Tactic:
        span = self._span(first, last)
        return Tactic(span, plain(self._text, span), form, parts, header, lefts, words)


def plain(text: str, span: Span) -> str:
    """A piece of `text` from column 0 and without comments."""
    start, end = span
    column = start - (text.rfind("\n", 0, start) + 1)
    piece = text[start:end]
    try:
        comments = [token for token in tokens(piece) if token.kind is Kind.COMMENT]
    except LexingError:
        comments = []
    for comment in reversed(comments):
        piece = piece[: comment.start] + piece[comment.end :]
    first, *others = piece.split("\n")
    lines = [first, *(line[min(column, len(line) - len(line.lstrip(" "))) :] for line in others)]
    return "\n".join(line.rstrip() for line in lines if line.strip()).strip()


def _depths(tokens: Sequence[Token]) -> Iterator[int]:
    """How deep in brackets each token is; a bracket that opens or closes is outside of its pair."""
    depth = 0
    for token in tokens:
        if token.kind is Kind.SIGN and token.text in CLOSING:
            depth -= 1
        yield depth
        if token.kind is Kind.SIGN and token.text in OPENING:
            depth += 1
