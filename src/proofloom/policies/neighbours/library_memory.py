"""The memory of a library: built from its steps once, kept in a file beside the database, mapped when it is needed.

The file carries a digest of what the library holds; when that changes the memory is built anew, so that a stale one
is never used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from proofloom.corpus.entries import StepEntry
from proofloom.corpus.library import Library
from proofloom.corpus.storage.array_file import Arrays, read_arrays, write_arrays
from proofloom.policies.neighbours.step_index import FeatureIndex
from proofloom.policies.neighbours.step_memory import SeenStep, StepMemory, Texts
from proofloom.proofs import Goal
from proofloom.proofs.state import StateSyntaxError

VERSION = 2
"""Counts changes of features and templates, which make old files useless."""
MOST_GOALS = 3
"""A tactic that was run on many goals at once is remembered for so many of them."""

_MARK = re.compile(r"[(\[{]|[)\]}]|(?<!\|)\|(?!\|)")


def library_memory(library: Library, file: Path | None, split: str | None = None) -> StepMemory:
    """The memory of `library`, from `file` if that is up to date; otherwise it is built, and written there.

    With `split`, only steps of the training part of that split.  Raises `AssistantError` if the file cannot be
    written; without a `file` nothing is read or written.
    """
    stamp = library_stamp(library, split)
    arrays = read_arrays(file, stamp) if file is not None else None
    if arrays is not None:
        return _memory(arrays)
    memory = StepMemory.of(seen_steps(library, split))
    if file is not None:
        write_arrays(file, _arrays(memory), stamp)
    return memory


def memory_file(place: str, split: str | None = None) -> Path | None:
    """Where the memory of the library at `place` is kept: beside a database that is a file, nowhere for a URL."""
    return None if "://" in place else Path(f"{place}{f'.{split}' if split else ''}.steps")


def library_stamp(library: Library, split: str | None = None) -> str:
    """A digest of what a memory depends on: files by digest, number of steps, split, version of the features."""
    files = [f"{file.id} {file.logical_name} {file.digest}" for file in library.files()]
    steps = library.counts()["steps"]
    text = "\n".join([f"{VERSION} {split or ''} {steps}", *files])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def seen_steps(library: Library, split: str | None = None) -> Iterator[SeenStep]:
    """The steps of a library as they are remembered, in its order."""
    places = {theorem.id: theorem for theorem in library.theorems()}
    entries = library.steps(split=split, part="train") if split else library.steps()
    for entry in entries:
        theorem = places[entry.theorem_id]
        for goal, tactic in single_goal_steps(entry):
            yield SeenStep(theorem.file_id, theorem.full_name, theorem.start, goal, tactic, entry.premises)


def single_goal_steps(entry: StepEntry) -> Iterator[tuple[Goal, str]]:
    """The goals that a step acted on, each with what was run on it.

    `[> a | b]` is `a` on the first goal and `b` on the second; a goal that was cut is left out.
    """
    texts = entry.state_before.split("\n\n")[: entry.goals]
    tactics = [entry.tactic] * min(len(texts), MOST_GOALS)
    if entry.tactic.startswith("[>"):
        tactics = alternatives(entry.tactic)
        if len(tactics) != entry.goals:
            return
    for text, tactic in zip(texts, tactics, strict=False):
        if tactic:
            try:
                yield Goal.parse(text), tactic
            except StateSyntaxError:
                if not entry.cut:
                    raise
                return


def alternatives(tactic: str) -> list[str]:
    """The tactics of `[> a | b | c]`, an empty text for an empty one; none if there are others behind the bracket."""
    parts, depth, start = list[str](), 0, 2
    for mark in _MARK.finditer(tactic):
        if mark[0] in "([{":
            depth += 1
        elif mark[0] != "|":
            depth -= 1
        if (mark[0] == "|" and depth == 1) or depth == 0:
            parts.append(tactic[start : mark.start()].strip())
            start = mark.end()
        if depth == 0:
            break
    whole = not tactic[start:].strip() and not any(".." in part for part in parts)
    return parts if whole else []


def _arrays(memory: StepMemory) -> Arrays:
    found: dict[str, Any] = {}
    for item in fields(memory):
        value = getattr(memory, item.name)
        if isinstance(value, FeatureIndex | Texts):
            found |= {f"{item.name}.{part.name}": getattr(value, part.name) for part in fields(value)}
        else:
            found[item.name] = value
    return found


def _memory(arrays: Arrays) -> StepMemory:
    values: dict[str, Any] = {}
    for item in fields(StepMemory):
        kind: Any = {"FeatureIndex": FeatureIndex, "Texts": Texts}.get(str(item.type))
        if kind is None:
            values[item.name] = arrays[item.name]
        else:
            values[item.name] = kind(**{part.name: arrays[f"{item.name}.{part.name}"] for part in fields(kind)})
    return StepMemory(**values)
