"""Cuts Rocq source into sentences, the way Rocq's own lexer does, with exact byte positions.

Works on bytes, because Rocq's locations are bytes and because every character that matters is ASCII; text that is not
UTF-8 (old comments) passes through unharmed.  Comments nest, strings double their quotes, a string inside a comment
hides a comment's end; a sentence ends at a dot before white space, or is a bullet or a brace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STOP = re.compile(rb'\(\*|"|\.+')
_COMMENT = re.compile(rb'\(\*|\*\)|"')
_BLANK = b" \t\r\n\f\v"
_SKIP = re.compile(rb"[ \t\r\n\f\v]*")
_FOLD = re.compile(rb"[ \t\r\n\f\v]+")
_BULLET = re.compile(rb"-+|\++|\*+(?!\))|\}|(?:(?:\d+|\[[^\]\s]+\]|!)\s*:\s*)?\{(?!\|)")


class SourceError(ValueError):
    """Source that cannot be cut into sentences; the message names the byte `position` and what is missing there."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"byte {position}: {problem}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Sentence:
    """Bytes `start` to `end` of the source: one sentence with its final dot, or one bullet or brace."""

    start: int
    end: int
    raw: bytes

    @property
    def text(self) -> str:
        """The sentence as written; bytes that are not UTF-8 become surrogates, so that nothing is lost."""
        return self.raw.decode("utf-8", "surrogateescape")

    @property
    def code(self) -> str:
        """The sentence without comments, white space outside strings folded to one space."""
        return code_of(self.raw).decode("utf-8", "surrogateescape")

    @property
    def bullet(self) -> bool:
        """True for a bullet or a brace."""
        return not self.raw.endswith(b".")


def split(source: bytes) -> Iterator[Sentence]:
    """The sentences of `source` in order; raises `SourceError` at an unclosed comment, string or sentence."""
    position = 0
    while True:
        start = _skip_blank(source, position)
        if start == len(source):
            return
        bullet = _BULLET.match(source, start)
        end = bullet.end() if bullet else _sentence_end(source, start)
        yield Sentence(start, end, source[start:end])
        position = end


def code_of(source: bytes) -> bytes:
    """`source` without comments, white space outside strings folded to one space and trimmed."""
    pieces: list[bytes] = []
    plain, position = b"", 0
    for start, end, kind in _stops(source, 0):
        if kind == b"(*":
            plain += source[position:start] + b" "
        elif kind == b'"':
            pieces += [_FOLD.sub(b" ", plain + source[position:start]), source[start:end]]
            plain = b""
        else:
            continue
        position = end
    pieces.append(_FOLD.sub(b" ", plain + source[position:]))
    return b"".join(pieces).strip()


def masked(source: bytes) -> bytes:
    """`source` with comments and the insides of strings overwritten by spaces; every other byte keeps its place."""
    pieces: list[bytes] = []
    position = 0
    for start, end, kind in _stops(source, 0):
        if kind == b"(*":
            pieces += [source[position:start], b" " * (end - start)]
        elif kind == b'"':
            pieces += [source[position : start + 1], b" " * (end - start - 2), b'"']
        else:
            continue
        position = end
    return b"".join((*pieces, source[position:]))


def _skip_blank(source: bytes, position: int) -> int:
    """The first byte at or after `position` that is neither white space nor in a comment."""
    while True:
        match = _SKIP.match(source, position)
        assert match is not None  # the pattern matches the empty string
        position = match.end()
        if not source.startswith(b"(*", position):
            return position
        position = _comment_end(source, position)


def _sentence_end(source: bytes, start: int) -> int:
    for _, end, kind in _stops(source, start):
        if kind.startswith(b".") and len(kind) != 2 and (end == len(source) or source[end] in _BLANK):
            return end
    raise SourceError(start, f"the sentence {source[start : start + 40]!r} has no end")


def _stops(source: bytes, position: int) -> Iterator[tuple[int, int, bytes]]:
    """Comments, strings and runs of dots from `position` on, as (start, end, opening bytes)."""
    while True:
        match = _STOP.search(source, position)
        if match is None:
            return
        at, position = match.span()
        kind = match.group()
        if kind == b"(*":
            position = _comment_end(source, at)
        elif kind == b'"':
            position = _string_end(source, at)
        yield at, position, kind


def _comment_end(source: bytes, start: int) -> int:
    depth, position = 0, start
    while True:
        match = _COMMENT.search(source, position)
        if match is None:
            raise SourceError(start, "the comment opened here is not closed")
        position = match.end()
        if match.group() == b'"':
            position = _string_end(source, match.start())
        else:
            depth += 1 if match.group() == b"(*" else -1
            if depth == 0:
                return position


def _string_end(source: bytes, start: int) -> int:
    position = start + 1
    while True:
        position = source.find(b'"', position)
        if position < 0:
            raise SourceError(start, "the string opened here is not closed")
        if source[position + 1 : position + 2] != b'"':
            return position + 1
        position += 2
