"""Which declared types are universes, in Lean and in Rocq.

A declaration is of level TYPE when what stands after its colon is a universe and nothing more; everything else that a
context declares (variables, type-class instances, facts) is of level INSTANCE, as in the paper's figure.

| declaration            | Lean                                            | Rocq                                    |
|------------------------|-------------------------------------------------|-----------------------------------------|
| a type                 | `α : Type u_1`, `β : Sort u`, `T : Type (u+1)`  | `A : Type`, `A : Set`, `A : Type@{u}`   |
| a proposition variable | `p q : Prop`                                    | `P Q : Prop`, `P : SProp`               |
| a type with a body     | `T : Type := ℕ`                                 | `T := nat : Type`                       |
| a family: an instance  | `F : α → Type`, `r : α → α → Prop`              | `P : nat -> Prop`, `F : Type -> Type`   |
"""

from __future__ import annotations

import re

_LEVEL = r"(?:[\w?.'₀-₉]+|\((?:[^()]|\([^()]*\))*\))"
_UNIVERSE = rf"(?:Prop|SProp|Set|(?:Type|Sort)(?:@\{{[^{{}}]*\}}|\*|[ \n]+{_LEVEL})?)"
_WHOLE = re.compile(_UNIVERSE)
_DECLARED = re.compile(rf"\s*{_UNIVERSE}\s*(?::=.*)?", re.DOTALL)


def is_universe(type_: str) -> bool:
    """True if a printed type is a universe of Lean or Rocq: `Prop`, `Set`, `Type u_1`, `Sort (max 1 u)`."""
    return _WHOLE.fullmatch(type_.strip()) is not None


def declares_universe(rest: str) -> bool:
    """True if what stands after the colon of a printed declaration is a universe, with or without ` := body`."""
    return _DECLARED.fullmatch(rest) is not None
