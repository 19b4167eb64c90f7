"""What a screening needs of each assistant: trivial tactics, the next introduction, and the negated statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.holes import Hole
from proofloom.assistants.lean.moves import introduction
from proofloom.assistants.lean.text.negation import negated as lean_negated
from proofloom.assistants.negation import Negated
from proofloom.assistants.rocq.negation import negated as rocq_negated
from proofloom.proofs import Goal


@dataclass(frozen=True, slots=True)
class ScreeningWords:
    """`trivial` are tactics that ask for no thought; `introduce` is the tactic that introduces the next variable or
    premise of a goal; `negated` states the negation of a hole in its file, or raises `NoNegation`.
    """

    trivial: tuple[str, ...]
    introduce: Callable[[Goal], str]
    negated: Callable[[bytes, Path | None, Hole], Negated]


def _rocq_introduction(goal: Goal) -> str:
    return "intros"


WORDS: Mapping[str, ScreeningWords] = {
    ".v": ScreeningWords(("reflexivity", "trivial", "easy", "auto", "lia", "lra"), _rocq_introduction, rocq_negated),
    ".lean": ScreeningWords(
        ("rfl", "trivial", "assumption", "decide", "simp", "omega", "norm_num"), introduction, lean_negated
    ),
}
"""By the ending of a file's name, as the languages are."""
