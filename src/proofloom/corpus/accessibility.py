"""Which files, theorems and premises may be used at a place: what stands earlier in its file, and all its imports.

The transitive closure of the imports is one bit set per file, computed once; the answers are sorted arrays of row
numbers, so that a caller can filter what it ranks with one lookup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from proofloom.corpus.entries import FileEntry

Numbers = NDArray[np.int64]


class ImportCycle(ValueError):
    """Files that import each other; the message names them."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things stand: row numbers, the file of each, the position in that file where each starts."""

    ids: Numbers
    files: Numbers
    starts: Numbers

    @classmethod
    def of(cls, rows: Iterable[tuple[int, int, int]]) -> Places:
        """From rows (number, file, start)."""
        table = np.array(sorted(rows, key=lambda row: (row[1], row[2], row[0])), dtype=np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])

    def of_file(self, file: int) -> tuple[Numbers, Numbers]:
        """Numbers and starts of what stands in the file, by start."""
        low, high = np.searchsorted(self.files, [file, file + 1])
        return self.ids[low:high], self.starts[low:high]


class Accessibility:
    """The order of use of everything in a library at one moment.

    `rank` orders repositories: an import is looked for in the file's own repository, then in the others of its
    `family` (assistant and version), lowest rank first.  Raises `ImportCycle`.
    """

    def __init__(
        self,
        files: Sequence[FileEntry],
        rank: Mapping[int, int],
        family: Mapping[int, object],
        premises: Places,
        theorems: Places,
    ) -> None:
        self._files = {file.id: file for file in files}
        self._family = family
        self._named: dict[str, list[FileEntry]] = {}
        for file in sorted(files, key=lambda file: rank[file.repository_id]):
            self._named.setdefault(file.logical_name, []).append(file)
        self._bit = {file.id: bit for bit, file in enumerate(files)}
        self._number = np.array([file.id for file in files], dtype=np.int64)
        self._premises, self._theorems = premises, theorems
        self._place = {
            int(i): (int(f), int(s)) for i, f, s in zip(theorems.ids, theorems.files, theorems.starts, strict=True)
        }
        self._closure = self._close()
        self._imported_premises = lru_cache(maxsize=16)(lambda file: self._in_files(premises, self.files(file)))
        self._imported_theorems = lru_cache(maxsize=16)(lambda file: self._in_files(theorems, self.files(file)))

    def in_order(self) -> list[int]:
        """Every file, imports before importers."""
        return list(self._closure)

    def files(self, file: int) -> Numbers:
        """The files that `file` imports, directly or not, ascending; never itself."""
        return self._unpack(self._closure[file])

    def imported(self, logical_names: Iterable[str], repository: int | None = None) -> Numbers:
        """The files that a text with these imports can use, ascending; an import that is not stored is left out."""
        bits = 0
        for name in logical_names:
            for number in self._resolve(name, repository):
                bits |= self._closure[number] | 1 << self._bit[number]
        return self._unpack(bits)

    def premises(self, theorem: int) -> Numbers:
        """The premises that may be used in the proof of `theorem`, ascending."""
        return self._before(theorem, self._premises, self._imported_premises)

    def theorems(self, theorem: int) -> Numbers:
        """The theorems whose proofs stand before that of `theorem`, ascending."""
        return self._before(theorem, self._theorems, self._imported_theorems)

    def premises_of(self, files: Numbers) -> Numbers:
        """The premises that stand in these files, ascending."""
        return self._in_files(self._premises, files)

    def _before(self, theorem: int, places: Places, imported: Callable[[int], Numbers]) -> Numbers:
        file, start = self._place[theorem]
        ids, starts = places.of_file(file)
        return np.sort(np.concatenate([imported(file), ids[: np.searchsorted(starts, start)]]), kind="stable")

    def _in_files(self, places: Places, files: Numbers) -> Numbers:
        parts = [places.of_file(int(file))[0] for file in files]
        return np.sort(np.concatenate(parts), kind="stable") if parts else np.empty(0, dtype=np.int64)

    def _unpack(self, bits: int) -> Numbers:
        size = (len(self._number) + 7) // 8
        flags = np.unpackbits(np.frombuffer(bits.to_bytes(size, "little"), dtype=np.uint8), bitorder="little")
        return np.sort(self._number[flags[: len(self._number)].astype(bool)])

    def _resolve(self, name: str, repository: int | None) -> list[int]:
        """The file that an import names, as a list of one or none."""
        named = self._named.get(name, [])
        if repository is None:
            return [file.id for file in named[:1]]
        own = [file.id for file in named if file.repository_id == repository]
        others = [file.id for file in named if self._family[file.repository_id] == self._family[repository]]
        return (own or others)[:1]

    def _close(self) -> dict[int, int]:
        """The closure of every file, imports before importers, without recursion."""
        direct = {
            number: [target for name in file.imports for target in self._resolve(name, file.repository_id)]
            for number, file in self._files.items()
        }
        closure: dict[int, int] = {}
        for root in direct:
            path, pending = {root: None}, [iter(direct[root])]
            if root in closure:
                continue
            while pending:
                target = next(pending[-1], None)
                if target is None:
                    pending.pop()
                    number, _ = path.popitem()
                    bits = 0
                    for imported in direct[number]:
                        bits |= closure[imported] | 1 << self._bit[imported]
                    closure[number] = bits
                elif target in path:
                    cycle = [*path, target][list(path).index(target) :]
                    names = " -> ".join(self._files[number].logical_name for number in cycle)
                    raise ImportCycle(f"files import each other: {names}")
                elif target not in closure:
                    path[target] = None
                    pending.append(iter(direct[target]))
        return closure
