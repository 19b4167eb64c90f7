"""Where a `From Coq Require Import ...` sentence goes when the user allows one.

It stands at the outermost level, outside every section and module, right after the last sentence before the first
theorem that is filled (or before what that theorem is wrapped in), so that nothing above it is read differently.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from proofloom.app.toml_records import BadInput
from proofloom.assistants.rocq.sentences import split
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.rocq.vernacular import Role, command_of

_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Insertion:
    """Bytes `text` put in at byte `position` of a file."""

    position: int
    text: bytes

    def into(self, data: bytes) -> bytes:
        """`data` with the text put in."""
        return data[: self.position] + self.text + data[self.position :]

    def original_line(self, line: int, data: bytes) -> int:
        """The line of `data` that has become `line`; lines count from 1."""
        first = data.count(b"\n", 0, self.position) + 1
        return line if line <= first else max(first, line - self.text.count(b"\n"))


def require_sentence(modules: Sequence[str], toolchain: RocqToolchain) -> str:
    """The sentence that imports `modules` of the standard library; raises `BadInput` if one does not exist."""
    for module in modules:
        path = f"{module.replace('.', '/')}.vo"
        if not _MODULE.fullmatch(module) or not any(toolchain.standard_folder.glob(f"**/{path}")):
            raise BadInput(f"--require {module}: the standard library of {toolchain.name} has no such module")
    return toolchain.require(*modules)


def insertion(data: bytes, theorem: int, sentence: str) -> Insertion:
    """Where `sentence` goes so that it holds for the theorem stated at byte `theorem` of `data`."""
    newline = b"\r\n" if b"\r\n" in data else b"\n"
    opened: list[tuple[str, int]] = []
    last = end = 0
    last_code = end_code = ""
    for part in split(data):
        if part.start >= theorem:
            break
        command = command_of(part.code) if part.raw[:1].isupper() else None
        if command is not None and command.role in (Role.MODULE, Role.SECTION):
            opened.append((command.name, last))
            if len(opened) == 1:
                end, end_code = last, last_code
        elif command is not None and command.role is Role.LEAVES and opened and opened[-1][0] == command.name:
            opened.pop()
        last, last_code = part.end, part.code
    if not opened:
        end, end_code = last, last_code
    text = sentence.encode()
    if not end:
        start = next(part.start for part in split(data))
        return Insertion(start, text + newline)
    blank = b"" if "Require" in end_code.split() else newline
    return Insertion(end, newline + blank + text)
