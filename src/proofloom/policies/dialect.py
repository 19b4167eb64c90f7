"""How an assistant says what a policy wants said: the words that differ between Rocq and Lean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proofloom.assistants.rocq.tactics import NotATactic, tactic_sentence


def rocq_tactic(text: str) -> str | None:
    """The tactic in `text`, without comments, needless white space and a final dot; None if there is none, more than
    one, or one that Rocq is never asked.
    """
    try:
        sentence = tactic_sentence(text)
    except NotATactic:
        return None
    return sentence.removeprefix("1: (").removesuffix(").")


@dataclass(frozen=True, slots=True)
class Dialect:
    """Moves with a premise, whose name stands for `{}`, and how a name is left to the assistant.

    `conditional` applies a premise that has premises of its own and tries to prove those.  `unnamed` stands for a name
    in `intros`; it is empty where names that the assistant chooses cannot be used.  `tactic` gives the one tactic in a
    text that somebody wrote, or None.
    """

    apply: str = "apply {}"
    rewrite: str = "rewrite {}"
    back: str = "rewrite <- {}"
    conditional: str = "eapply {}; eauto"
    unnamed: str = "?"
    tactic: Callable[[str], str | None] = rocq_tactic


ROCQ = Dialect()
