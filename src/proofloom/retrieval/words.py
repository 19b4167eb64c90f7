"""The words of names and terms, for retrieval by words.

A name counts as a whole and by its parts, cut at dots, underscores and changes of case, so that `Nat.add_comm` meets
`add`, `comm` and `plus_comm`; a sign such as `<=` is a word too.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_WORD = re.compile(r"[^\W\d][\w']*(?:\.[^\W\d][\w']*)*|\d+|[^\w\s()\[\]{},;.@\"]+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+")
_VARIABLE = re.compile(r"[a-z]\d*'*")
_SYNTAX = frozenset(
    ["forall", "exists", "fun", "let", "in", "match", "with", "end", "if", "then", "else", "as", "->", "=>", ":", ":="]
)


def words(text: str, local: Collection[str] = ()) -> list[str]:
    """The words of a term in order, repeated as they occur, without `local` names and what looks like a variable."""
    found: list[str] = []
    for word in _WORD.findall(text):
        if word in _SYNTAX or word in local or _VARIABLE.fullmatch(word):
            continue
        found.append(word)
        found += parts(word)
    return found


def parts(name: str) -> list[str]:
    """The parts of a name in lower case; none if it is its only part."""
    found = [part.lower() for part in _PART.findall(name)]
    return [] if found == [name] else found
