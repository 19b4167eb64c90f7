"""Every step of a library in plain arrays: where it stands, what its goal looks like, its tactic as a template.

The arrays are all there is, so a memory can be written to a file and mapped back without reading it; texts are kept
once each, as one run of bytes.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from proofloom.policies.neighbours.goal_features import goal_features, local_features
from proofloom.policies.neighbours.step_index import FeatureIndex, Ints, Offsets
from proofloom.policies.printed.tactic_template import Template, template_of
from proofloom.proofs import Goal

Key = TypeVar("Key", bound=Hashable)

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A tactic that worked on `goal`, in the proof of `theorem` (full name), which starts at byte `start` of `file`.

    `lemmas` are the full names of the constants that it mentions.
    """

    file: int
    theorem: str
    start: int
    goal: Goal
    tactic: str
    lemmas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """Strings by number."""

    data: NDArray[np.uint8]
    starts: Offsets

    @classmethod
    def of(cls, texts: Iterable[str]) -> Texts:
        """The texts in order."""
        parts = [text.encode("utf-8", "surrogateescape") for text in texts]
        starts = np.zeros(len(parts) + 1, dtype=np.int64)
        np.cumsum([len(part) for part in parts], out=starts[1:])
        return cls(np.frombuffer(b"".join(parts), dtype=np.uint8), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, number: int) -> str:
        data = self.data[self.starts[number] : self.starts[number + 1]]
        return data.tobytes().decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class StepMemory:
    """Rows of steps, in the order given.

    Row i stands in file `files[i]`, in the proof of `theorem_names[theorems[i]]` that starts at `starts[i]`; its
    template is `templates[tactics[i]]`.  Its local slots are `slot_starts[i]` to `slot_starts[i + 1]`, each with the
    name that stood in it and the features of that name's type (a row of `types`); its lemma slots are `call_starts[i]`
    to `call_starts[i + 1]`, each with the lemma's full name and how it was written.
    """

    index: FeatureIndex
    files: Ints
    theorems: Ints
    starts: Offsets
    tactics: Ints
    slot_starts: Offsets
    slot_names: Ints
    slot_types: Ints
    call_starts: Offsets
    call_lemmas: Ints
    call_names: Ints
    types: FeatureIndex
    templates: Texts
    names: Texts
    lemma_names: Texts
    theorem_names: Texts

    @classmethod
    def of(cls, steps: Iterable[SeenStep]) -> StepMemory:
        """A memory of these steps."""
        rows = _Rows()
        features = [rows.add(step) for step in steps]
        return cls(
            index=FeatureIndex.of(features),
            files=np.array(rows.files, dtype=np.int32),
            theorems=np.array(rows.theorems, dtype=np.int32),
            starts=np.array(rows.starts, dtype=np.int64),
            tactics=np.array(rows.tactics, dtype=np.int32),
            slot_starts=np.array(rows.slot_starts, dtype=np.int64),
            slot_names=np.array(rows.slot_names, dtype=np.int32),
            slot_types=np.array(rows.slot_types, dtype=np.int32),
            call_starts=np.array(rows.call_starts, dtype=np.int64),
            call_lemmas=np.array(rows.call_lemmas, dtype=np.int32),
            call_names=np.array(rows.call_names, dtype=np.int32),
            types=FeatureIndex.of(np.array(sorted(kind), dtype=np.uint32) for kind in rows.type_numbers),
            templates=Texts.of(rows.template_numbers),
            names=Texts.of(rows.name_numbers),
            lemma_names=Texts.of(rows.lemma_numbers),
            theorem_names=Texts.of(rows.theorem_numbers),
        )

    def __len__(self) -> int:
        return len(self.files)

    def template(self, row: int) -> Template:
        """The tactic of a row."""
        slots = self.slot_names[self.slot_starts[row] : self.slot_starts[row + 1]].tolist()
        calls = range(self.call_starts[row], self.call_starts[row + 1])
        return Template(
            self.templates[self.tactics[row]],
            tuple(self.names[name] for name in slots),
            tuple(self.lemma_names[self.call_lemmas[call]] for call in calls),
            tuple(self.names[self.call_names[call]] for call in calls),
        )

    def slots(self, row: int) -> list[int]:
        """For each slot of a row the row of `types` with the features of the type of the name that stood there."""
        types: list[int] = self.slot_types[self.slot_starts[row] : self.slot_starts[row + 1]].tolist()
        return types

    def theorem(self, row: int) -> str:
        """The full name of the theorem in whose proof the step stands."""
        return self.theorem_names[self.theorems[row]]


class _Rows:
    """Collects rows; equal texts get equal numbers."""

    def __init__(self) -> None:
        self.files: list[int] = []
        self.theorems: list[int] = []
        self.starts: list[int] = []
        self.tactics: list[int] = []
        self.slot_starts: list[int] = [0]
        self.slot_names: list[int] = []
        self.slot_types: list[int] = []
        self.call_starts: list[int] = [0]
        self.call_lemmas: list[int] = []
        self.call_names: list[int] = []
        self.template_numbers: dict[str, int] = {}
        self.name_numbers: dict[str, int] = {}
        self.lemma_numbers: dict[str, int] = {}
        self.theorem_numbers: dict[str, int] = {}
        self.type_numbers: dict[frozenset[int], int] = {}

    def add(self, step: SeenStep) -> NDArray[np.uint32]:
        """Add a step; returns the features of its goal."""
        local = local_features(step.goal)
        template = template_of(step.tactic, local, step.lemmas)
        self.files.append(step.file)
        self.starts.append(step.start)
        self.theorems.append(_number(self.theorem_numbers, step.theorem))
        self.tactics.append(_number(self.template_numbers, template.text))
        for name in template.names:
            self.slot_names.append(_number(self.name_numbers, name))
            self.slot_types.append(_number(self.type_numbers, local[name]))
        self.slot_starts.append(len(self.slot_names))
        for lemma, call in zip(template.lemmas, template.calls, strict=True):
            self.call_lemmas.append(_number(self.lemma_numbers, lemma))
            self.call_names.append(_number(self.name_numbers, call))
        self.call_starts.append(len(self.call_lemmas))
        return goal_features(step.goal)


def _number(numbers: dict[Key, int], key: Key) -> int:
    return numbers.setdefault(key, len(numbers))
