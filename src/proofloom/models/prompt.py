"""What a language model is shown of a proof state: `[GOAL]` state `[PROOFSTEP]`, cut where it is too long.

A tactic acts on the first goal.  So if a state does not fit, the goals after the first are left out, the last ones
first; and if the first goal alone does not fit, it is cut on the left, so that its conclusion stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from proofloom.hierarchy import GOAL_MARKER, STEP_MARKER
from proofloom.proofs import ProofState


@dataclass(frozen=True, slots=True)
class Prompt:
    """`head`, the texts of the `goals` with an empty line between them, `tail`."""

    goals: tuple[str, ...]
    head: str = GOAL_MARKER
    tail: str = STEP_MARKER

    @classmethod
    def of(cls, state: ProofState) -> Prompt:
        """The prompt for the next tactic of a state with goals."""
        return cls(tuple(goal.text for goal in state.goals))

    @property
    def text(self) -> str:
        """The whole prompt, uncut."""
        return f"{self.head}{self._body}{self.tail}"

    def shorter(self) -> Iterator[Prompt]:
        """This prompt, then with ever fewer goals, down to the first."""
        for count in range(len(self.goals), 0, -1):
            yield Prompt(self.goals[:count], self.head, self.tail)

    def cut_to_characters(self, limit: int) -> str:
        """The prompt in at most `limit` characters; `ValueError` if that is less than head and tail and one more."""
        _check(limit, len(self.head) + len(self.tail))
        for prompt in self.shorter():
            text = prompt.text
            if len(text) <= limit:
                return text
        room = limit - len(self.head) - len(self.tail)
        return f"{self.head}{prompt._body[-room:]}{self.tail}"

    def cut_to_tokens(self, limit: int, encode: Callable[[str], tuple[Sequence[int], Sequence[int]]]) -> list[int]:
        """The prompt in at most `limit` tokens; `ValueError` if that is less than those of the head and one more.

        `encode` gives the tokens of a text and the character that each ends before.  What is left after a cut is
        tokens of the uncut text: nothing is encoded anew, so no token differs from what training saw.
        """
        for prompt in self.shorter():
            tokens, ends = encode(prompt.text)
            if len(tokens) <= limit:
                return list(tokens)
        head = sum(end <= len(self.head) for end in ends)
        _check(limit, head)
        return [*tokens[:head], *tokens[head - limit :]]

    @property
    def _body(self) -> str:
        return "\n\n".join(self.goals)


def _check(limit: int, least: int) -> None:
    if limit <= least:
        raise ValueError(f"prompt limit {limit}: wanted more than {least}, what the markers take")
