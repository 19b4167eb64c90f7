"""What the workers of one run tell each other: the proofs found so far, as small files in a folder of the run.

A theorem may need a lemma that another worker has just proved.  Files are written beside and moved into place, and only
ever added, so that a reader sees each of them whole or not at all.
"""

from __future__ import annotations

import json
from pathlib import Path

from proofloom.assistants.files import write_beside


class SharedProofs:
    """The proofs in `folder`.  One process adds, any number read; each reader has an object of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[str] = set()
        self._known: dict[str, dict[str, tuple[str, ...]]] = {}
        self._added = 0

    def add(self, file: Path, theorem: str, scripts: tuple[str, ...]) -> None:
        """Tell the others; raises `AssistantError` if the folder cannot be written."""
        self._added += 1
        record = json.dumps([str(file), theorem, scripts])
        write_beside(self._folder / f"{self._added}.json", record.encode())

    def of(self, file: Path) -> dict[str, tuple[str, ...]]:
        """The scripts of the theorems of `file` that are proved, as far as they have been told."""
        for path in self._folder.glob("*.json"):
            if path.name not in self._read:
                self._read.add(path.name)
                name, theorem, scripts = json.loads(path.read_bytes())
                self._known.setdefault(name, {})[theorem] = tuple(scripts)
        return dict(self._known.get(str(file), {}))
