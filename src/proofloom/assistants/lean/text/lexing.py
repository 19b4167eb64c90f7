"""Cuts Lean text into tokens: enough to know what is code, what is a comment and what is a string.

Lean's own grammar can be extended by any file, so nothing here parses; words, brackets and columns are what the rest
of this package works with.  Positions are characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a token is: WORD is a name or keyword with its dots, SIGN a character or one of `=>`, `:=`, `<;>`, `<|`."""

    COMMENT = auto()
    STRING = auto()
    WORD = auto()
    NUMBER = auto()
    SIGN = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """Characters `start` to `end` of the text."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        """The position after the token."""
        return self.start + len(self.text)


class LexingError(ValueError):
    """A comment or a string without an end; `position` is where it begins."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


_LETTERS = (
    "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f\u0391-\u039f\u03a1\u03a2\u03a4-\u03a9\u03b1-\u03ba\u03bc-\u03fb"
    "\u1f00-\u1ffe\u2100-\u214f\U0001d49c-\U0001d59f"
)
"""Lean's own letters: neither `λ`, `Π` and `Σ` nor signs such as `¹`, after which a keyword can stand at once."""
_REST = _LETTERS + "0-9'!?\u2080-\u2089\u2090-\u209c\u1d62-\u1d6a\u2c7c"
_PART = rf"(?:[{_LETTERS}][{_REST}]*|«[^»]*»)"
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<line>--[^\n]*)
    |(?P<block>/-)
    |(?P<raw>r(?P<hashes>\#*)"(?s:.*?)"(?P=hashes))
    |(?P<string>"(?:\\(?s:.)|[^"\\])*")
    |(?P<character>'(?:\\(?:x[0-9a-fA-F]{{2}}|u[0-9a-fA-F]{{4}}|.)|[^\\'\n])')
    |(?P<word>{_PART}(?:\.{_PART})*)
    |(?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9]+)?)
    |(?P<sign>''|=>|:=|<;>|<\||(?s:.))""",
    re.VERBOSE,
)
_KINDS = {
    "line": Kind.COMMENT,
    "raw": Kind.STRING,
    "string": Kind.STRING,
    "character": Kind.STRING,
    "word": Kind.WORD,
    "number": Kind.NUMBER,
    "sign": Kind.SIGN,
}
_NESTING = re.compile(r"/-|-/")
OPENING, CLOSING = "([{⟨⦃⟦⟪‹", ")]}⟩⦄⟧⟫›"


def tokens(text: str) -> Iterator[Token]:
    """The tokens of `text` in order, comments included, white space left out; raises `LexingError`."""
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None and match.lastgroup is not None  # the last alternative takes any character
        group = "raw" if match["raw"] is not None else match.lastgroup
        if group == "block":
            end = _comment_end(text, position)
            yield Token(Kind.COMMENT, text[position:end], position)
        elif group == "space":
            end = match.end()
        else:
            end = match.end()
            if match[0] == '"':
                raise LexingError("a string without an end", position)
            yield Token(_KINDS[group], match[0], position)
        position = end


def code(text: str) -> Iterator[Token]:
    """The tokens that are not comments."""
    return (token for token in tokens(text) if token.kind is not Kind.COMMENT)


def _comment_end(text: str, start: int) -> int:
    """Lean does not look at the character after the opening `/-`: `/--/` is not closed, `/-/- -/` is."""
    depth = 1
    for match in _NESTING.finditer(text, start + 3):
        depth += 1 if match[0] == "/-" else -1
        if depth == 0:
            return match.end()
    raise LexingError("a comment without an end", start)
