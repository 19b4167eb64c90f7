"""The steps of a traced library as training pairs, in its order, each state read as the reading says.

A state that was cut when it was traced has no structure any more; its levels come from its lines, and it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from proofloom.corpus.entries import StepEntry
from proofloom.corpus.library import Library
from proofloom.hierarchy import PLAIN_READING, LevelSource, Reading, Universes
from proofloom.proofs import ProofState
from proofloom.proofs.state import StateSyntaxError
from proofloom.training.closings import NO_CLOSINGS, Closings
from proofloom.training.examples import Pair

UNIVERSES = {"rocq": Universes.ROCQ, "lean": Universes.LEAN}
"""What each assistant prints for a universe."""
BARE = 10
"""One step of so many is learned without its hints, so that a model can do without."""

Hints = Callable[[StepEntry], Sequence[str]]
"""The tactics that stand before the state of a step, the likeliest first; never anything that was not there before."""


def library_pairs(
    library: Library,
    split: str,
    part: str,
    reading: Reading = PLAIN_READING,
    hints: Hints | None = None,
    closings: Closings = NO_CLOSINGS,
) -> Iterator[Pair]:
    """The pairs of one part of a split (`train`, `val`, `test`); `hints` are asked if the reading wants some.

    Before the steps of a theorem come its `closings`, those of no other.  Raises `LibraryError` if there is no such
    split, and `ValueError` for a reading that wants hints where nobody gives them.
    """
    if reading.hints and hints is None:
        raise ValueError(f"reading hints={reading.hints}: wanted somebody who gives them")
    assistants = {entry.id: entry.repository.assistant for entry in library.repositories()}
    files = {file.id: file for file in library.files()}
    theorems = {theorem.id: theorem for theorem in library.theorems(split=split, part=part)}
    last = None
    for step in library.steps(split=split, part=part):
        theorem = theorems[step.theorem_id]
        file = files[theorem.file_id]
        universes = UNIVERSES.get(assistants[file.repository_id], Universes.EITHER)
        if theorem.id != last:
            last = theorem.id
            for state, tactic in closings.of(file.logical_name, theorem.full_name, theorem.start):
                yield replace(levelled_pair(state, tactic, universes, reading), closing=True)
        bare = part == "train" and step.id % BARE == 0
        yield given_pair(step, universes, reading, None if bare else hints)


def given_pair(
    step: StepEntry,
    universes: Universes = Universes.EITHER,
    reading: Reading = PLAIN_READING,
    hints: Hints | None = None,
) -> Pair:
    """The pair of a step of a library, with the hints that the reading wants if there is somebody to ask."""
    pair = levelled_pair(step.state_before, step.tactic, universes, reading)
    return replace(pair, hints=tuple(hints(step))) if hints and reading.hints else pair


def levelled_pair(
    state: str, tactic: str, universes: Universes = Universes.EITHER, reading: Reading = PLAIN_READING
) -> Pair:
    """A pair of a printed state and a tactic."""
    if reading.levels is LevelSource.STRUCTURE:
        try:
            parsed = ProofState.parse(state)
        except StateSyntaxError:
            parsed = None
        if parsed is not None and parsed.text == state:
            return Pair(reading.of_state(parsed, universes), tactic)
    return Pair(reading.of_text(state), tactic, structured=False)
