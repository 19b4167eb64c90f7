"""The commands of a Lean file as far as layout shows them: declarations with their names, inside their namespaces.

A command begins with a word such as `theorem`, or with what may stand before one (a documentation comment, `@[..]`,
`private`), as the first on its line and no further right than the command before it.  Lean's own end of a command is
where the grammar ends; by this convention of all Lean files the end can be seen without it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from proofloom.assistants.lean.text.lexing import Kind, Token, tokens
from proofloom.assistants.lean.text.tactics import COMMANDS

PROVABLE = frozenset(("theorem", "lemma", "def", "instance", "abbrev", "example"))
_BEFORE = frozenset(("private", "protected", "noncomputable", "unsafe", "partial", "public", "meta", "scoped", "local"))
_STARTS = COMMANDS | {"open"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its tokens without comments, and the word that says what it is.

    `name` is as written, empty if there is none; `path` is the full name.  `mutual` is True between `mutual` and `end`.
    """

    keyword: str
    name: str
    path: str
    start: int
    end: int
    tokens: tuple[Token, ...] = field(repr=False)
    mutual: bool = False


class Lines:
    """Lines and columns of positions in a text, from 0, in characters."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(position + 1 for position, character in enumerate(text) if character == "\n")]

    def of(self, position: int) -> int:
        """The line of a position."""
        return bisect_right(self._starts, position) - 1

    def column(self, position: int) -> int:
        """The column of a position."""
        return position - self._starts[self.of(position)]


def commands(text: str) -> tuple[Command, ...]:
    """The commands of a file in order; raises `LexingError`."""
    lines = Lines(text)
    groups: list[list[Token]] = []
    pending = False  # documentation, attributes or modifiers have begun a command, whose word is still to come
    line_before, depth = -1, 0
    for token in tokens(text):
        line = lines.of(token.start)
        leads, line_before = line > line_before, lines.of(token.end - 1) if token.kind is Kind.COMMENT else line
        if token.kind is Kind.COMMENT:
            continue
        left = not groups or lines.column(token.start) <= lines.column(groups[-1][0].start)
        begins = token.text in _STARTS or token.text in _BEFORE or token.text in ("@", "#")
        if leads and left and depth == 0 and begins and not (pending and token.text not in ("@", "#")):
            if not pending:
                groups.append([])
            pending = True
        if not groups:
            groups.append([])
        groups[-1].append(token)
        if token.kind is Kind.WORD and token.text in _STARTS and token.text not in _BEFORE:
            pending = False
        depth = max(0, depth + (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}")))
    return tuple(_named([tuple(group) for group in groups if group]))


def _named(groups: Sequence[tuple[Token, ...]]) -> list[Command]:
    found: list[Command] = []
    spaces: list[tuple[str, tuple[str, ...]]] = []
    for group in groups:
        position = next((n for n, token in enumerate(group) if token.text in _STARTS - _BEFORE), None)
        keyword = group[position].text if position is not None else group[0].text
        rest = group[position + 1 :] if position is not None else ()
        name = rest[0].text if rest and rest[0].kind is Kind.WORD else ""
        prefix = ".".join(part for _, parts in spaces for part in parts)
        mutual = any(kind == "mutual" for kind, _ in spaces)
        path = name.removeprefix("_root_.") if name.startswith("_root_.") or not prefix else f"{prefix}.{name}"
        found.append(Command(keyword, name, path if name else "", group[0].start, group[-1].end, group, mutual))
        if keyword == "namespace":
            spaces += [("namespace", (part,)) for part in name.split(".")]
        elif keyword in ("section", "mutual"):
            spaces += [(keyword, ())] * max(1, len(name.split(".")))
        elif keyword == "end" and spaces:
            del spaces[-max(1, len(name.split("."))) :]
    return found
