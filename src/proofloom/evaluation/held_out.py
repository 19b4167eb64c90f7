"""Which theorems of a split are tried, and the steps that people proved them with.

A sample is the beginning of one order that the seed draws, so that a larger sample holds the smaller one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from proofloom.corpus.entries import FileEntry, StepEntry, TheoremEntry
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A theorem of a split with its steps; `name` is its full name, with its place where others are called so too."""

    name: str
    part: str
    theorem: TheoremEntry
    file: FileEntry
    repository: Repository
    steps: tuple[StepEntry, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """At most `limit` theorems (None for all) of these parts of a split, drawn by `seed`."""

    split: str
    parts: tuple[str, ...]
    limit: int | None
    seed: int

    def drawn(self, items: Sequence[Item]) -> list[Item]:
        """That many of the items, in the order in which they are drawn."""
        order = list(range(len(items)))
        random.Random(self.seed).shuffle(order)
        return [items[place] for place in order[: self.limit]]


def held_out(library: Library, sample: Sample) -> list[HeldOut]:
    """The theorems of a sample that have a proof, in the order in which they are drawn.

    So what is done of them when a run is stopped is a random part of them.

    Raises `LibraryError` if there is no such split.
    """
    repositories = {entry.id: entry.repository for entry in library.repositories()}
    files = {file.id: file for file in library.files()}
    found: list[tuple[str, TheoremEntry]] = []
    for part in sample.parts:
        found += [(part, one) for one in library.theorems(split=sample.split, part=part) if not one.admitted]
    names = Counter(theorem.full_name for _, theorem in found)
    drawn = sample.drawn(found)
    wanted = {theorem.id for _, theorem in drawn}
    steps: dict[int, list[StepEntry]] = {number: [] for number in wanted}
    for part in sample.parts:
        for step in library.steps(split=sample.split, part=part):
            if step.theorem_id in wanted:
                steps[step.theorem_id].append(step)
    return [
        HeldOut(
            f"{one.full_name}@{one.start}" if names[one.full_name] > 1 else one.full_name,
            part,
            one,
            files[one.file_id],
            repositories[files[one.file_id].repository_id],
            tuple(steps[one.id]),
        )
        for part, one in drawn
    ]
