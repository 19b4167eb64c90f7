"""Reads a large JSON array one object at a time, so that a data set of gigabytes needs the memory of one record.

The standard decoder is tried on a growing buffer; a failure near the end of the buffer means that more text is needed,
a failure before it means that the file is wrong there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 1 << 20
_LARGEST = 1 << 28
_NEAR = 16
"""Characters from the end within which an error may come from cutting a literal or an escape."""


class ArrayError(ValueError):
    """The text is not an array of objects; the message says at which record and what is wrong."""


def read_objects(stream: TextIO) -> Iterator[dict[str, Any]]:
    """The objects of the array in `stream`, in order; raises `ArrayError`, after the objects before the fault."""
    buffer = _Buffer(stream)
    number = 0
    if buffer.next_character() != "[":
        raise ArrayError("wanted an array: the text does not begin with '['")
    buffer.position += 1
    while buffer.next_character() != "]":
        if number and buffer.next_character() != ",":
            raise ArrayError(f"after record {number}: wanted ',' or ']'")
        buffer.position += bool(number)
        number += 1
        yield buffer.object(number)
    buffer.position += 1
    if buffer.next_character():
        raise ArrayError(f"after record {number}: text after the end of the array")


class _Buffer:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._text = ""
        self._decoder = json.JSONDecoder()
        self.position = 0

    def next_character(self) -> str:
        """The next character that is not white space, without taking it; empty at the end."""
        while True:
            while self.position < len(self._text):
                if not self._text[self.position].isspace():
                    return self._text[self.position]
                self.position += 1
            if not self._grow():
                return ""

    def object(self, number: int) -> dict[str, Any]:
        """The object that begins here, taken."""
        if self.next_character() != "{":
            raise ArrayError(f"record {number}: wanted an object")
        while True:
            try:
                value, self.position = self._decoder.raw_decode(self._text, self.position)
                assert isinstance(value, dict)  # it begins with a brace
                return value
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _NEAR
                if not cut or len(self._text) > _LARGEST or not self._grow():
                    raise ArrayError(f"record {number}: {error.msg}") from error

    def _grow(self) -> bool:
        """Read as much again as is waiting, at least a chunk; False at the end of the file."""
        more = self._stream.read(max(_CHUNK, len(self._text) - self.position))
        self._text, self.position = self._text[self.position :] + more, 0
        return bool(more)
