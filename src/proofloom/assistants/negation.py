"""A statement and its negation as texts, whatever the assistant: where the binders end and the claim begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SUFFIX = "_negated"
"""What is added to the name of a theorem for its negation."""


class NoNegation(ValueError):
    """A statement whose negation cannot be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Negated:
    """A file in which the negation stands before the theorem, as a hole; `path` is the full name of the negation."""

    data: bytes
    path: str


def claim_and_binders(rest: str, outside: Iterable[tuple[int, str]]) -> tuple[str, str]:
    """Binders (empty if none) and claim of `(x : A) : P`, what stands after the name in a statement.

    `outside` are the places of the signs in `rest` that stand outside brackets.  Raises `NoNegation`.
    """
    place = next((place for place, sign in outside if sign == ":"), None)
    if place is None:
        raise NoNegation("its statement has no `:`")
    return rest[:place].strip(), rest[place + 1 :].strip()
