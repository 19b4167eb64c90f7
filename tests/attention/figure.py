"""The example of the paper's overview figure, and tokens made of it without a tokenizer."""

from __future__ import annotations

import re

FIGURE = """\
case closed
α : Type u_1
inst✝¹ : TopologicalSpace α
C : Set α
hC : Preperfect C
⊢ IsClosed (closure C)

case acc
α : Type u_1
inst✝¹ : TopologicalSpace α
C : Set α
hC : Preperfect C
⊢ Preperfect (closure C)"""


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Words, brackets and signs as tokens, with the white space in front of them."""
    return [match.span() for match in re.finditer(r"\[\w+\]|\s*(?:[\w✝¹]+|\S)", text)]
