"""What a Lean file declares: the name, the kind, the statement and the place of everything that a proof may use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proofloom.assistants.lean.text.layout import Script, plain
from proofloom.assistants.lean.text.lexing import CLOSING, OPENING, Kind, Token
from proofloom.assistants.lean.text.outline import Command

_KINDS = {
    "theorem": "theorem", "lemma": "theorem", "def": "definition", "abbrev": "definition", "opaque": "definition",
    "axiom": "axiom", "instance": "instance", "inductive": "inductive", "coinductive": "inductive",
    "structure": "structure", "class": "class",
}  # fmt: skip
_WHOLE = frozenset(("definition", "inductive", "structure", "class"))


@dataclass(frozen=True, slots=True)
class Declaration:
    """One constant: `kind` is `theorem` for a lemma too, `definition` for what has a body; `start` is a character."""

    full_name: str
    kind: str
    statement: str
    start: int


def declarations(text: str, command: Command, script: Script | None = None) -> Iterator[Declaration]:
    """What a command declares: itself, if it has a name, and the constructors of an inductive type."""
    kind = _KINDS.get(command.keyword)
    if kind is None or not command.name:
        return
    said = plain(text, (_word(command).start, command.end)) if kind in _WHOLE else statement(text, command, script)
    yield Declaration(command.path, kind, said, command.start)
    if kind == "inductive":
        yield from _constructors(text, command)


def statement(text: str, command: Command, script: Script | None = None) -> str:
    """A declaration from its keyword to its `:=`, its `where` or its first alternative, without comments."""
    first = _word(command)
    within = script.start if script is not None else command.end
    tokens = [token for token in command.tokens if first.start <= token.start < within]
    outside = [token for token, depth in _with_depth(tokens) if depth == 0]
    signs = [token for token in outside if token.text == ":="]
    end = within
    if signs:
        end = signs[-1 if script is not None else 0].start
    else:
        end = next((token.start for token in outside if token.text in ("where", "|")), end)
    return plain(text, (first.start, end))


def _word(command: Command) -> Token:
    """The keyword, behind attributes and modifiers."""
    return next((token for token in command.tokens if token.text == command.keyword), command.tokens[0])


def _constructors(text: str, command: Command) -> Iterator[Declaration]:
    bars = [
        number
        for number, (token, depth) in enumerate(_with_depth(command.tokens))
        if depth == 0 and token.text == "|" and number + 1 < len(command.tokens)
    ]
    for bar, after in zip(bars, [*bars[1:], len(command.tokens)], strict=True):
        name, last = command.tokens[bar + 1], command.tokens[after - 1]
        if name.kind is Kind.WORD and name.text != "deriving":
            said = plain(text, (name.start, last.end))
            yield Declaration(f"{command.path}.{name.text}", "constructor", said, name.start)


def _with_depth(tokens: list[Token] | tuple[Token, ...]) -> Iterator[tuple[Token, int]]:
    depth = 0
    for token in tokens:
        depth -= token.kind is Kind.SIGN and token.text in CLOSING
        yield token, depth
        depth += token.kind is Kind.SIGN and token.text in OPENING
