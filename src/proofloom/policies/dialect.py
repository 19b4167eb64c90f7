"""How an assistant says what a policy wants said: the words that differ between Rocq and Lean."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """Moves with a premise, whose name stands for `{}`, and how a name is left to the assistant.

    `conditional` applies a premise that has premises of its own and tries to prove those.  `unnamed` stands for a name
    in `intros`; it is empty where names that the assistant chooses cannot be used.
    """

    apply: str = "apply {}"
    rewrite: str = "rewrite {}"
    back: str = "rewrite <- {}"
    conditional: str = "eapply {}; eauto"
    unnamed: str = "?"


ROCQ = Dialect()
