"""Reads a compiled Lean file as what it is, an image of Lean's objects in memory, without asking Lean.

What a candidate's macros print cannot reach here: the names, the declarations and their terms are taken from the file
itself.  The layout is that of `lean.h` and of `Lean.Declaration` (format 2, read here as Lean 4.35 writes it); a file
that is laid out in another way is a `Doubt`, never half an answer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from proofloom.assistants.gate.refusals import Doubt

_MARK, _FORMAT, _FLAGS, _BASE, _START = b"olean", 2, 6, 80, 88
_OBJECT = 8
"""Bytes before the fields of an object: reference count, size, number of fields that are objects, tag."""
_ARRAY, _STRING, _NUMBER, _LAST_CONSTRUCTOR = 246, 249, 250, 244
_WORD, _HEAD = struct.Struct("<Q"), struct.Struct("<iHBB")
KINDS = ("axiom", "definition", "theorem", "opaque", "quotient", "inductive", "constructor", "recursor")
"""What a declaration is, in the order of `Lean.ConstantInfo`."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object that is a constructor with fields: its address, its tag and its fields that are objects."""

    address: int
    tag: int
    fields: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Region:
    """The bytes of one file, which stood at `base` in memory."""

    data: bytes
    base: int
    root: int

    @classmethod
    def read(cls, data: bytes) -> Region:
        """The region in a compiled file; raises `Doubt`."""
        if len(data) < _START + 16 or not data.startswith(_MARK):
            raise Doubt("a compiled file does not begin as one")
        if data[len(_MARK)] != _FORMAT:
            raise Doubt(f"a compiled file has format {data[len(_MARK)]}, wanted {_FORMAT}")
        (base,) = _WORD.unpack_from(data, _BASE)
        for place in (_START, len(data) - 8):
            (root,) = _WORD.unpack_from(data, place)
            if base + _START <= root < base + len(data) and root % 8 == 0:
                return cls(data, base, root)
        raise Doubt("a compiled file has no root object")


class Image:
    """The objects of one module, whose files may point into each other; the last file is the one with everything."""

    def __init__(self, files: Sequence[bytes]) -> None:
        self._regions = [Region.read(data) for data in files]
        self._names: dict[int, str] = {}

    @property
    def in_parts(self) -> bool:
        """True for a module whose declarations are in several files (Lean's word `module` at its head)."""
        region = self._regions[0]
        module = self.object(region.root)
        place = region.root - region.base + _OBJECT + 8 * len(module.fields)
        return region.data[place : place + 1] != b"\0"

    @cached_property
    def declarations(self) -> dict[str, Object]:
        """Each declared name with its `ConstantInfo`; raises `Doubt`."""
        module = self.object(self._regions[-1].root)
        if len(module.fields) != 5:
            raise Doubt(f"a compiled module has {len(module.fields)} parts, wanted 5")
        names, constants = self.array(module.fields[1]), self.array(module.fields[2])
        found = {self.name(name): self.object(item) for name, item in zip(names, constants, strict=False)}
        if len(names) != len(constants) or len(found) != len(names):
            raise Doubt("a compiled module has not one declaration for each of its names")
        return found

    def object(self, address: int) -> Object:
        """The constructor at an address (a value without fields is its own address); raises `Doubt`."""
        if address & 1:
            return Object(address, address >> 1, ())
        region, place, (_, _, count, tag) = self._head(address)
        if tag > _LAST_CONSTRUCTOR:
            raise Doubt(f"an object with tag {tag} where a constructor was wanted")
        return Object(address, tag, self._older(address, self._words(region, place + _OBJECT, count)))

    def array(self, address: int) -> tuple[int, ...]:
        """The addresses in an array."""
        region, place, head = self._head(address)
        if head[3] != _ARRAY:
            raise Doubt(f"an object with tag {head[3]} where an array was wanted")
        (size,) = self._words(region, place + _OBJECT, 1)
        return self._older(address, self._words(region, place + _OBJECT + 16, size))

    def text(self, address: int) -> str:
        """The text of a string; its size counts the zero at its end."""
        region, place, head = self._head(address)
        if head[3] != _STRING:
            raise Doubt(f"an object with tag {head[3]} where a string was wanted")
        (size,) = self._words(region, place + _OBJECT, 1)
        start = place + _OBJECT + 24
        if not 0 < size <= len(region.data) - start:
            raise Doubt("a string is longer than its file")
        try:
            return region.data[start : start + size - 1].decode("utf-8")
        except UnicodeDecodeError as error:
            raise Doubt(f"a string is not UTF-8: {error.reason}") from error

    def number(self, address: int) -> int:
        """A natural number: small ones are their own address, large ones have limbs of 64 bits."""
        if address & 1:
            return address >> 1
        region, place, head = self._head(address)
        if head[3] != _NUMBER:
            raise Doubt(f"an object with tag {head[3]} where a number was wanted")
        if not region.data[_FLAGS] & 1:
            raise Doubt("a large number in the form of a Lean without GMP")
        size = int.from_bytes(region.data[place + 12 : place + 16], "little", signed=True)
        (limbs,) = self._words(region, place + 16, 1)
        if size < 0:
            raise Doubt("a natural number below zero")
        home, at = self._place(limbs)
        return sum(limb << (64 * power) for power, limb in enumerate(self._words(home, at, size)))

    def list(self, address: int) -> Iterator[int]:
        """The addresses in a list."""
        cell = self.object(address)
        while cell.fields:
            head, rest = self._two(cell)
            yield head
            cell = self.object(rest)

    def name(self, address: int) -> str:
        """A name, each part in guillemets if it is a text and as digits if it is a number; empty for no name."""
        parts: list[tuple[int, str]] = []
        while address not in self._names:
            name = self.object(address)
            if not name.fields:
                self._names[address] = ""
                break
            prefix, part = self._two(name)
            parts.append((address, self._quoted(part) if name.tag == 1 else str(self.number(part))))
            address = prefix
        text = self._names[address]
        for place, part_text in reversed(parts):
            text = self._names[place] = f"{text}.{part_text}" if text else part_text
        return text

    def _quoted(self, address: int) -> str:
        text = self.text(address)
        if "»" in text:
            raise Doubt(f"a name has the part {text[:40]!r}")
        return f"«{text}»"

    def _two(self, value: Object) -> tuple[int, int]:
        if len(value.fields) != 2:
            raise Doubt(f"an object with {len(value.fields)} fields, wanted 2")
        return value.fields[0], value.fields[1]

    def _place(self, address: int) -> tuple[Region, int]:
        number, place = self._order(address)
        return self._regions[number], place

    def _head(self, address: int) -> tuple[Region, int, tuple[int, int, int, int]]:
        region, place = self._place(address)
        if place + _OBJECT > len(region.data):
            raise Doubt("an object is longer than its file")
        return region, place, _HEAD.unpack_from(region.data, place)

    def _older(self, address: int, fields: tuple[int, ...]) -> tuple[int, ...]:
        """The fields; Lean writes them before the object that has them, so no walk from object to object is endless."""
        own = self._order(address)
        if any(not value & 1 and self._order(value) >= own for value in fields):
            raise Doubt("an object stands before one of its parts")
        return fields

    def _order(self, address: int) -> tuple[int, int]:
        """Where an object stands in the order of writing; raises `Doubt` for what is in no file."""
        for number, region in enumerate(self._regions):
            if region.base + _START <= address < region.base + len(region.data):
                return number, address - region.base
        raise Doubt("an address outside the compiled file")

    def _words(self, region: Region, place: int, count: int) -> tuple[int, ...]:
        if count > (len(region.data) - place) // 8:
            raise Doubt("an object is longer than its file")
        return struct.unpack_from(f"<{count}Q", region.data, place)
