"""Reads what Rocq itself says about the names in a file: the `.glob` file that `coqc` writes beside a compiled one.

Rocq resolves every name once, with imports, sections, modules and local binders in view, and writes down the bytes
where it stands and the full name that it means.  Nothing here guesses; local names are not in the answer.
Format: `Dumpglob` in Rocq's sources; positions are bytes, the last one of a name inclusive.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

KINDS = {
    "prf": "theorem", "thm": "theorem", "def": "definition", "ax": "axiom", "prfax": "axiom", "defax": "axiom",
    "ind": "inductive", "coind": "inductive", "variant": "inductive", "constr": "constructor", "rec": "record",
    "corec": "record", "class": "class", "inst": "instance", "meth": "method", "proj": "projection",
    "coe": "coercion", "abbrev": "abbreviation", "syndef": "abbreviation", "scheme": "scheme", "prim": "primitive",
    "ex": "definition", "subclass": "definition", "canonstruc": "structure",
}  # fmt: skip
"""What the kinds of constants are called here; other kinds (section variables, notations, modules) are no premises."""

_REFERENCE = re.compile(r"R(\d+):(\d+) (\S+) (\S+) (\S+) (\w+)$")
_DEFINITION = re.compile(r"(\w+) (\d+):(\d+) (\S+) (\S+)$")
_DIGEST = re.compile(r"DIGEST [0-9a-f]{32}")
_NONE = "<>"


@dataclass(frozen=True, slots=True)
class Mention:
    """A name at bytes `start` to `end` of the file, its full name, and its kind in our words."""

    start: int
    end: int
    full_name: str
    kind: str


@dataclass(frozen=True)
class Globals:
    """What one `.glob` file says: mentions and definitions of constants, and required files, each in order."""

    mentions: tuple[Mention, ...]
    definitions: tuple[Mention, ...]
    imports: tuple[str, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [mention.start for mention in self.mentions]

    def within(self, spans: Iterable[tuple[int, int]]) -> list[Mention]:
        """The mentions that start inside the byte ranges, in order."""
        found: list[Mention] = []
        for start, end in spans:
            found += self.mentions[bisect_left(self._starts, start) : bisect_left(self._starts, end)]
        return found


def read_globals(text: str, logical_name: str) -> Globals:
    """The content of a `.glob` file of the library with that name."""
    mentions: dict[tuple[int, str], Mention] = {}
    definitions: dict[str, Mention] = {}
    imports: dict[str, None] = {}
    for line in text.splitlines():
        if (found := _REFERENCE.match(line)) is not None:
            start, last, library, path, name, kind = found.groups()
            if kind == "lib":
                imports[library] = None
            elif kind in KINDS:
                mention = Mention(int(start), int(last) + 1, _joined(library, path, name), KINDS[kind])
                mentions.setdefault((mention.start, mention.full_name), mention)
        elif (found := _DEFINITION.match(line)) is not None and found[1] in KINDS:
            kind, start, last, path, name = found.groups()
            full_name = _joined(logical_name, path, name)
            definitions.setdefault(full_name, Mention(int(start), int(last) + 1, full_name, KINDS[kind]))
    return Globals(
        tuple(sorted(mentions.values(), key=lambda mention: mention.start)),
        tuple(sorted(definitions.values(), key=lambda mention: mention.start)),
        tuple(imports),
    )


class Stale(Exception):
    """The compiled file beside a source was made from another text."""


def globals_beside(file: Path, data: bytes, logical_name: str) -> Globals | None:
    """What the `.glob` beside `file` says; None if there is none that can be used.

    Raises `Stale` if it was written for other bytes and there is a compiled file that goes with it: what requires this
    file sees that one.
    """
    try:
        text = file.with_suffix(".glob").read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    head = text[:4096].split("\n", 2)
    if head[1:2] != [f"F{logical_name}"]:
        return None
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if head[0] == f"DIGEST {digest}":
        return read_globals(text, logical_name)
    if _DIGEST.fullmatch(head[0]) and file.with_suffix(".vo").is_file():
        raise Stale(f"{file.with_suffix('.vo').name} was compiled from another text")
    return None


def _joined(*parts: str) -> str:
    return ".".join(part for part in parts if part != _NONE)
