"""Which printed types are universes, brackets inside brackets too."""

from __future__ import annotations

import pytest

from proofloom.hierarchy import Universes, is_universe


@pytest.mark.parametrize(
    "type_",
    ["Prop", "Type", "Type u_1", "Sort (max 1 u)", "Type (max (u+1) v)", "Type (max (max (u+1) v) w)",
     "Sort (max (max (max 1 u) v) (w + 1))"],
)  # fmt: skip
def test_a_universe_of_lean(type_: str) -> None:
    assert is_universe(type_, Universes.LEAN)


@pytest.mark.parametrize("type_", ["Type → Type", "Type (max (u", "Type (u))", "Typed u", "Sort u v", "Type (f x) = y"])
def test_what_is_more_or_less_than_a_universe(type_: str) -> None:
    assert not is_universe(type_, Universes.LEAN)


def test_many_brackets_take_no_time() -> None:
    assert not is_universe("Type " + "(" * 2000 + "u")
    assert not is_universe("Type (" + "(u) " * 2000)
