"""The shape of a printed term of Rocq or Lean: its leading connective, its parts, the names in it.

A light reading of text, enough to choose tactics by; nothing here is trusted, since a tactic that does not fit simply
fails.  Precedences are those of Rocq's standard notations; `→` is read as `->`, `∀` as `forall`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

_NAME = re.compile(r"[^\W\d][\w']*(?:\.[^\W\d][\w']*)*")
_KEYWORDS = frozenset(
    [
        "forall",
        "exists",
        "fun",
        "let",
        "in",
        "match",
        "with",
        "end",
        "if",
        "then",
        "else",
        "as",
        "return",
        "Prop",
        "Set",
        "Type",
        "is_true",
        "fix",
        "cofix",
    ]
)
_OPENING, _CLOSING = "([{⦃⟨", ")]}⦄⟩"
_SPELLED = str.maketrans(
    {
        "∀": "forall ", "∃": "exists ", "→": "->", "↔": "<->", "∧": "/\\", "∨": "\\/", "¬": "~", "≠": "<>", "≤": "<=",
        "≥": ">=",
    }
)  # fmt: skip


class Connective(StrEnum):
    """What a term begins with, loosest binding first."""

    FORALL = "forall"
    EXISTS = "exists"
    IMPLIES = "->"
    IFF = "<->"
    OR = r"\/"
    AND = r"/\ "
    NOT = "~"
    EQUAL = "="
    DIFFERENT = "<>"
    RELATION = "relation"
    SUM = "sumbool"
    ATOM = "atom"


_INFIX: tuple[tuple[Connective, tuple[str, ...]], ...] = (
    (Connective.IMPLIES, (" -> ",)),
    (Connective.IFF, (" <-> ",)),
    (Connective.OR, (" \\/ ",)),
    (Connective.AND, (" /\\ ",)),
)
_RELATIONS: tuple[tuple[Connective, tuple[str, ...]], ...] = (
    (Connective.DIFFERENT, (" <> ",)),
    (Connective.EQUAL, (" = ", " == ", " =? ")),
    (Connective.RELATION, (" < ", " <= ", " > ", " >= ", " === ")),
)


@lru_cache(maxsize=65536)
def connective(term: str) -> Connective:
    """The connective at the top of `term`."""
    term = stripped(spelled(term))
    if term.startswith("forall "):
        return Connective.FORALL
    if term.startswith(("exists ", "exists! ")):
        return Connective.EXISTS
    flat = _flat(term)
    for kind, signs in _INFIX:
        if any(sign in flat for sign in signs):
            return kind
    if term.startswith("~"):
        return Connective.NOT
    if term.startswith("{"):
        return Connective.SUM if "+ " in flat or " + " in flat else Connective.EXISTS
    for kind, signs in _RELATIONS:
        if any(sign in flat for sign in signs):
            return kind
    return Connective.ATOM


@lru_cache(maxsize=65536)
def target(term: str) -> str:
    """What `term` claims after its quantifiers and premises, in ASCII signs."""
    term = stripped(spelled(term))
    while True:
        kind = connective(term)
        if kind is Connective.FORALL:
            cut = _flat(term).find(", ")
            if cut < 0:
                return term
            term = stripped(term[cut + 2 :])
        elif kind is Connective.IMPLIES:
            term = stripped(term[_flat(term).index(" -> ") + 4 :])
        else:
            return term


@lru_cache(maxsize=65536)
def names(term: str) -> tuple[str, ...]:
    """The identifiers in `term`, each once, in order of appearance."""
    return tuple(dict.fromkeys(name for name in _NAME.findall(term) if name not in _KEYWORDS))


def head(term: str) -> str:
    """The first identifier of `term`, or the empty string."""
    found = names(term)
    return found[0] if found else ""


def spelled(term: str) -> str:
    """`term` with the signs of logic in ASCII."""
    return term if term.isascii() else term.translate(_SPELLED)


def stripped(term: str) -> str:
    """`term` without white space and brackets around the whole."""
    term = term.strip()
    while term.startswith("(") and term.endswith(")") and _closes(term):
        term = term[1:-1].strip()
    return term


def _closes(term: str) -> bool:
    """True if the first bracket is closed by the last character."""
    depth = 0
    for position, character in enumerate(term):
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
            if depth == 0:
                return position == len(term) - 1
    return False


@lru_cache(maxsize=65536)
def _flat(term: str) -> str:
    """`term` with everything inside brackets blanked, positions kept."""
    depth, out = 0, []
    for character in term:
        if character in _CLOSING:
            depth -= 1
        out.append(character if depth <= 0 else "_")
        if character in _OPENING:
            depth += 1
    return "".join(out)
