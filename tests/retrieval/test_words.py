"""Names cut into words, and what is no word."""

from __future__ import annotations

import pytest

from proofloom.retrieval.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nat.add_comm", ["Nat.add_comm", "nat", "add", "comm"]),
        ("Rplus_0_l", ["Rplus_0_l", "rplus", "0", "l"]),
        ("forall n m : nat, n + m = m + n", ["nat", "+", "=", "+"]),
        ("ZtoN", ["ZtoN", "zto", "n"]),
        ("le_S_n IHn' x0", ["le_S_n", "le", "s", "n", "IHn'", "i", "hn"]),
        ("P -> ~ Q \\/ x :: l", ["P", "p", "~", "Q", "q", "\\/", "::"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_local_names_are_no_words() -> None:
    assert words("HPQ foo = bar", {"HPQ", "bar"}) == ["foo", "="]
