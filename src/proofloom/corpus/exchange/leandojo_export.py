"""Exports a repository in the layout of LeanDojo Benchmark 4, so that its readers can train and test on it.

Everything is written into a folder beside the wanted one, which takes its name only when it is whole.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TextIO

from proofloom.corpus.exchange.leandojo import PARTS
from proofloom.corpus.exchange.leandojo_records import OURS, Definition, Json, write_file, write_theorem
from proofloom.corpus.exchange.restoring import traced_file
from proofloom.corpus.library import Library
from proofloom.corpus.records import Repository
from proofloom.corpus.splits.leaks import Part
from proofloom.corpus.splits.splits import Division
from proofloom.corpus.storage.database import LibraryError
from proofloom.corpus.storage.schema import SOURCE


def export_leandojo(library: Library, repository: Repository, splits: Mapping[str, str], folder: Path, on: date) -> int:
    """Write a repository in this layout into the new folder `folder`; returns the number of files described.

    `splits` maps the name of each sub-folder (`random`) to the stored split that fills it.  Steps that a split leaves
    out are not written, nor are theorems that it excludes.  Raises `LibraryError`.
    """
    if folder.exists():
        raise LibraryError(f"{folder}: is there already; name a new folder")
    if not splits:
        raise LibraryError(f"{library.place}: the layout needs a split; make one with `proofloom split`")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
            count = _write(library, repository, splits, Path(scratch) / "new", on)
            (Path(scratch) / "new").rename(folder)
    except OSError as error:
        raise LibraryError(f"{folder}: cannot be written ({error.strerror or error})") from error
    return count


def definitions(library: Library) -> Mapping[str, Definition]:
    """Where each premise of the library is defined, by full name."""
    paths = {file.id: file.path for file in library.files()}
    found: dict[str, Definition] = {}
    for premise in library.premises():
        extra = json.loads(premise.extra or "{}")
        start = extra.get("start", [1, premise.start + 1])
        found[premise.full_name] = paths[premise.file_id], start, extra.get("end", start)
    return found


def _write(library: Library, repository: Repository, splits: Mapping[str, str], folder: Path, on: date) -> int:
    files = library.files(repository)
    order = {number: position for position, number in enumerate(library.accessibility().in_order())}
    files.sort(key=lambda file: order[file.id])
    paths = {file.logical_name: file.path for file in files}
    defined = definitions(library)
    common = {"url": repository.url, "commit": repository.commit}
    with ExitStack() as stack:
        outputs = {name: _Parts(stack, folder / name, library.division(split)) for name, split in splits.items()}
        corpus = stack.enter_context((folder / "corpus.jsonl").open("w", encoding="utf-8"))
        for entry in files:
            file = traced_file(library, entry)
            corpus.write(json.dumps(write_file(file, paths.get, {}), ensure_ascii=False) + "\n")
            theorems = library.theorems(file=entry.id)
            steps: dict[int, list[int]] = {}
            for step in library.steps(file=entry.id, by=SOURCE):
                steps.setdefault(step.theorem_id, []).append(step.id)
            for stored, theorem in zip(theorems, file.theorems, strict=True):
                record = write_theorem(theorem, common, entry.path, defined.get)
                for output in outputs.values():
                    output.write(stored.id, steps.get(stored.id, []), record)
    own = {
        "assistant": repository.assistant,
        "assistant_version": repository.assistant_version,
        "traced_on": repository.traced_on.isoformat(),
        "splits": {name: library.split(split).digest for name, split in splits.items()},
    }
    metadata = {"creation_time": on.isoformat(), "from_repo": common, OURS: own}
    (folder / "metadata.json").write_text(json.dumps(metadata, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return len(files)


class _Parts:
    """The three arrays of one split, written element by element."""

    def __init__(self, stack: ExitStack, folder: Path, division: Division) -> None:
        folder.mkdir(parents=True)
        self._division = division
        self._streams: dict[Part, TextIO] = {}
        for part in PARTS:
            stream = stack.enter_context((folder / f"{part.value}.json").open("w", encoding="utf-8"))
            stack.callback(stream.write, "]\n")
            stream.write("[")
            self._streams[part] = stream
        self._begun: set[Part] = set()

    def write(self, theorem: int, steps: Sequence[int], record: Json) -> None:
        """Add a theorem to its part, without the steps that are left out."""
        part = self._division.parts.get(theorem, Part.EXCLUDED)
        if part is Part.EXCLUDED:
            return
        kept = [
            tactic
            for number, tactic in zip(steps, record["traced_tactics"], strict=True)
            if number not in self._division.left_out
        ]
        stream = self._streams[part]
        stream.write(",\n" if part in self._begun else "\n")
        json.dump({**record, "traced_tactics": kept}, stream, ensure_ascii=False)
        self._begun.add(part)
