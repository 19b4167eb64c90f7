"""Where a theorem stands with respect to a library: its file, its position there, and which files it can use.

A theorem is opened from a source text, which may be newer than the library or not in it at all.  So its imports are
read from the text before it, and of its own file only what the text still holds before it counts as earlier.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from proofloom.assistants.rocq.sentences import SourceError, split
from proofloom.corpus.accessibility import Accessibility, Numbers
from proofloom.corpus.entries import FileEntry, TheoremEntry
from proofloom.corpus.library import Library
from proofloom.proofs import Theorem

_REQUIRE = re.compile(
    r"(?:From (?P<prefix>\S+) )?(?:Require(?: Import| Export)?) (?:-?\((?P<filter>[^)]*)\) )?(?P<names>.+)\.$"
)
_WORD = re.compile(r"[^\W\d][\w']*")
PRELUDE = "Coq.Init.Prelude"


def rocq_imports(text: str, own: str) -> Iterator[tuple[str | None, str]]:
    """What the text of the Rocq file `own` requires, the prelude included unless it is a part of that."""
    yield from required(text)
    if not own.startswith(PRELUDE.rpartition(".")[0]):
        yield None, PRELUDE


@dataclass(frozen=True)
class Reading:
    """How the sources of one assistant are read.

    `imports` gives prefix and name of every module that a text imports, from the text and the logical name of its
    file; the prefix is None where the name is the whole logical name.  `qualified` says whether the full name of a
    constant begins with the logical name of its file, as in Rocq.
    """

    assistant: str
    imports: Callable[[str, str], Iterable[tuple[str | None, str]]]
    qualified: bool


ROCQ = Reading("rocq", rocq_imports, qualified=True)


@dataclass(frozen=True)
class Situation:
    """What `theorem` can use of a library.

    `files` are the numbers of the imported files, ascending; `name` is the logical name of its own file, `file` the
    number of that or None if the library has none of that name; `start` is the byte where it is stated.  A theorem
    that is `traced` stands in the library's own version of its file, whatever the text before it.
    """

    theorem: Theorem
    name: str
    file: int | None
    start: int
    files: Numbers
    traced: bool = False

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self.theorem.before))

    def earlier(self, full_name: str, start: int) -> bool:
        """True if what the library has at byte `start` of the theorem's own file still stands before the theorem.

        The file may have changed since it was traced: what is not named before the theorem, or has its name, is not
        counted as earlier.
        """
        if start >= self.start or f".{full_name}".endswith(f".{self.theorem.full_name}"):
            return False
        return self.traced or full_name.rpartition(".")[2] in self._words


class Situations:
    """Finds situations in one library; the last one is kept, because a search asks about one theorem many times.

    `logical_name` gives the name of a source file (`Coq.Lists.List`).  Of several `files` with one name, which are
    the same file at several commits, the last one counts.
    """

    def __init__(
        self,
        files: Sequence[FileEntry],
        accessibility: Accessibility,
        logical_name: Callable[[Path], str],
        reading: Reading = ROCQ,
    ) -> None:
        self._accessibility = accessibility
        self._logical_name = logical_name
        self._reading = reading
        self._files = {file.logical_name: file for file in files}
        self._same: dict[str, list[int]] = {}
        for file in files:
            self._same.setdefault(file.logical_name, []).append(file.id)
        self._suffixes: dict[str, list[str]] = {}
        for name in self._files:
            self._suffixes.setdefault(name.rpartition(".")[2], []).append(name)
        self._last: Situation | None = None

    @classmethod
    def in_library(cls, library: Library, logical_name: Callable[[Path], str], reading: Reading = ROCQ) -> Situations:
        """For what `library` holds of one assistant, the newest commit of each repository last."""
        age = {
            entry.id: (entry.repository.traced_on, entry.id)
            for entry in library.repositories()
            if entry.repository.assistant == reading.assistant
        }
        known = [file for file in library.files() if file.repository_id in age]
        return cls(
            sorted(known, key=lambda file: age[file.repository_id]), library.accessibility(), logical_name, reading
        )

    def of(self, theorem: Theorem) -> Situation:
        """The situation of `theorem`."""
        if self._last is None or self._last.theorem is not theorem:
            self._last = self._found(theorem)
        return self._last

    def stand(self, situation: Situation) -> None:
        """Let `of` answer with this for its own theorem, until it is asked about another."""
        self._last = situation

    def traced(self, theorem: TheoremEntry, file: FileEntry) -> Situation:
        """The situation of a theorem of the library itself, in `file`: what was before it when it was traced."""
        files = self._accessibility.files(file.id)
        others = files[~np.isin(files, self._same.get(file.logical_name, []))]
        path = theorem.full_name.removeprefix(f"{file.logical_name}.")
        stated = Theorem(name=path.rpartition(".")[2], statement=theorem.statement, path=path)
        return Situation(stated, file.logical_name, file.id, theorem.start, others, traced=True)

    def sure_name(self, full_name: str, theorem: Theorem) -> str:
        """A name by which a constant can be called at `theorem`, whether its file is imported or only required."""
        if not self._reading.qualified:
            return full_name
        path = self.path_of(full_name)
        file = full_name.removesuffix(f".{path}")
        return path if file == self.of(theorem).name else f"{file.rpartition('.')[2]}.{path}"

    def path_of(self, full_name: str) -> str:
        """What a constant is called inside its file: `Z.add_comm` for `Coq.ZArith.BinInt.Z.add_comm`."""
        if not self._reading.qualified:
            return full_name
        parts = full_name.split(".")
        for length in range(len(parts) - 1, 0, -1):
            if ".".join(parts[:length]) in self._files:
                return ".".join(parts[length:])
        return full_name

    def _found(self, theorem: Theorem) -> Situation:
        own = "" if theorem.file is None else self._logical_name(theorem.file)
        file = self._files.get(own)
        known = () if file is None else file.imports
        imports = self._reading.imports(theorem.before, own)
        names = [self._resolved(prefix, name, own, known) for prefix, name in imports]
        repository = None if file is None else file.repository_id
        files = self._accessibility.imported([name for name in names if name], repository)
        others = files[~np.isin(files, self._same.get(own, []))]
        start = len(theorem.before.encode("utf-8", "surrogateescape"))
        return Situation(theorem, own, None if file is None else file.id, start, others)

    def _resolved(self, prefix: str | None, name: str, own: str, known: Sequence[str]) -> str:
        """The logical name that `From prefix Require name` means in the file `own`; empty if the library lacks it.

        Of several, one of the file's traced imports `known`, else the one nearest to the file, else the shortest.
        """
        if prefix is None:
            return name
        fits = [
            full
            for full in self._suffixes.get(name.rpartition(".")[2], ())
            if f".{full}".endswith(f".{name}") and (not prefix or f"{full}.".startswith(f"{prefix}."))
        ]
        return min(fits, key=lambda full: (full not in known, -_shared(full, own), len(full), full), default="")


def required(text: str) -> Iterator[tuple[str, str]]:
    """Prefix (perhaps empty) and name of every module that `text` requires; a text that cannot be cut requires none."""
    try:
        for sentence in split(text.encode("utf-8", "surrogateescape")):
            if sentence.raw.startswith((b"Require", b"From")) and (match := _REQUIRE.match(sentence.code)):
                names = re.sub(r"\([^)]*\)", " ", match["names"]).split()
                yield from ((match["prefix"] or "", name) for name in names)
    except SourceError:
        return


def _shared(one: str, other: str) -> int:
    """How many leading parts two logical names share."""
    pairs = zip(one.split("."), other.split("."), strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), 0)
