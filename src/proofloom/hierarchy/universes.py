"""Which declared types are universes, in Lean and in Rocq.

A declaration is of level TYPE when what stands after its colon is a universe and nothing more; everything else that a
context declares (variables, type-class instances, facts) is of level INSTANCE, as in the paper's figure.

| declaration            | Lean                                            | Rocq                                    |
|------------------------|-------------------------------------------------|-----------------------------------------|
| a type                 | `α : Type u_1`, `β : Sort u`, `T : Type (u+1)`  | `A : Type`, `A : Set`, `A : Type@{u}`   |
| a proposition variable | `p q : Prop`                                    | `P Q : Prop`, `P : SProp`               |
| a type with a body     | `T : Type := ℕ`                                 | `T := nat : Type`                       |
| a family: an instance  | `F : α → Type`, `r : α → α → Prop`              | `P : nat -> Prop`, `F : Type -> Type`   |

A text does not say which assistant printed it.  One thing then cannot be told apart: `Sort u` is a universe of Lean,
and in Rocq a claim about `u`, if somebody has defined `Sort`.  Who knows the assistant says so.
"""

from __future__ import annotations

import re
from enum import Enum

_DEPTH = 6
"""Brackets of a level inside brackets, at most; Lean prints `max` of `max` so."""
_LEVEL = r"\([^()]*\)"
for _ in range(_DEPTH):
    _LEVEL = rf"\((?:[^()]|{_LEVEL})*\)"
_LEVEL = rf"(?:[\w?.'₀-₉]+|{_LEVEL})"
_ROCQ = r"(?:Prop|SProp|Set|Type(?:@\{[^{}]*\})?)"
_LEAN = rf"(?:Prop|(?:Type|Sort)(?:\*|[ \n]+{_LEVEL})?)"


class Universes(Enum):
    """Whose universes are meant; the value is a regular expression."""

    ROCQ = _ROCQ
    LEAN = _LEAN
    EITHER = rf"(?:{_LEAN}|{_ROCQ})"


_WHOLE = {universes: re.compile(universes.value) for universes in Universes}
_DECLARED = re.compile(rf"\s*{Universes.EITHER.value}\s*(?::=.*)?", re.DOTALL)


def is_universe(type_: str, universes: Universes = Universes.EITHER) -> bool:
    """True if a printed type is a universe: `Prop`, `Set`, `Type u_1`, `Sort (max 1 u)`."""
    return _WHOLE[universes].fullmatch(type_.strip()) is not None


def declares_universe(rest: str) -> bool:
    """True if what stands after the colon of a printed declaration is a universe, with or without ` := body`."""
    return _DECLARED.fullmatch(rest) is not None
