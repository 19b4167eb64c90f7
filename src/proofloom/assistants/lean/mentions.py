"""Which constants the names in a text mean: asked of Lean at their places, so it is what the elaborator saw.

Lean's answer for a constant begins with its full name and its signature; for a local name it is `h : p`, and for a
keyword a description.  `h.symm` is two questions, of which the second is about the constant `Eq.symm`; `h.2` is two as
well, with `And.right`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from proofloom.assistants.lean import wire
from proofloom.assistants.lean.process import LeanWorker
from proofloom.assistants.lean.text.lexing import Kind, Token
from proofloom.assistants.lean.text.outline import Lines

_CODE = re.compile(r"```lean\n(?P<code>.*?)\n```(?P<rest>.*)", re.DOTALL)
_NAME = re.compile(r"@?(?P<name>[^\s:({\[⦃.]+(?:\.[^\s:({\[⦃.]+)*)(?:\.\{[^}]*\})?(?P<rest>.*)", re.DOTALL)
_PART = re.compile(r"[^.«]+|«[^»]*»")
_IMPORTED = "*import "


@dataclass(frozen=True, slots=True)
class Mention:
    """A constant by its full name, mentioned at character `start`."""

    full_name: str
    start: int


def mentions(
    worker: LeanWorker, text: str, tokens: Iterable[Token], own: Collection[str], seconds: float
) -> Iterator[Mention]:
    """The constants that `tokens` of the worker's current text mention, in order.

    `own` are the full names that the text itself declares.  Raises `OutOfTime` if one answer takes more than
    `seconds`, `ProcessDied`.
    """
    lines = Lines(text)
    for token in tokens:
        projected = token.kind is Kind.NUMBER and text[: token.start].endswith(".")
        if token.kind is not Kind.WORD and not projected:
            continue
        for part in _PART.finditer(token.text):
            start = token.start + part.start()
            name = _constant(worker.ask("textDocument/hover", place_of(text, lines, start), seconds), own)
            if name:
                yield Mention(name, token.start)
                if f".{name}".endswith(f".{token.text}"):
                    break


def place_of(text: str, lines: Lines, position: int) -> wire.Place:
    """A character of the text as the protocol counts."""
    column = lines.column(position)
    return wire.Place(lines.of(position), len(text[position - column : position].encode("utf-16-le")) // 2)


def _constant(answer: Any, own: Collection[str]) -> str:
    """The full name of the constant that an answer is about, empty if it is about none."""
    try:
        found = _CODE.match(answer["contents"]["value"])
    except (KeyError, TypeError):
        return ""
    named = _NAME.match(found["code"]) if found else None
    if found is None or named is None:
        return ""
    return named["name"] if _IMPORTED in found["rest"] or named["name"] in own else ""
