"""The steps of a traced library as training pairs, in its order, with levels from the structure of each state.

A state that was cut when it was traced has no structure any more; its levels come from its lines, and it says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from proofloom.corpus.library import Library
from proofloom.hierarchy import Universes, levelled_state, levelled_text
from proofloom.proofs import ProofState
from proofloom.proofs.state import StateSyntaxError
from proofloom.training.examples import Pair

UNIVERSES = {"rocq": Universes.ROCQ, "lean": Universes.LEAN}
"""What each assistant prints for a universe."""


def library_pairs(library: Library, split: str, part: str) -> Iterator[Pair]:
    """The pairs of one part of a split (`train`, `val`, `test`).  Raises `LibraryError` if there is no such split."""
    assistants = {entry.id: entry.repository.assistant for entry in library.repositories()}
    files = {file.id: assistants[file.repository_id] for file in library.files()}
    theorems = {theorem.id: files[theorem.file_id] for theorem in library.theorems(split=split, part=part)}
    for step in library.steps(split=split, part=part):
        universes = UNIVERSES.get(theorems[step.theorem_id], Universes.EITHER)
        yield levelled_pair(step.state_before, step.tactic, universes)


def levelled_pair(state: str, tactic: str, universes: Universes = Universes.EITHER) -> Pair:
    """A pair of a printed state and a tactic."""
    try:
        levelled = levelled_state(ProofState.parse(state), universes)
    except StateSyntaxError:
        return Pair(levelled_text(state), tactic, structured=False)
    if levelled.text != state:
        return Pair(levelled_text(state), tactic, structured=False)
    return Pair(levelled, tactic)
