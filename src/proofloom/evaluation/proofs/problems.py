"""Theorems of sources as problems: each is proved at its own place, under its file's real name and imports.

A problem is either a theorem that its source proves, which is opened again as if it were not (neither it nor what
depends on it is in scope; Rocq only), or a hole.  A `Problem` is a name and a place, small enough to be handed to a
worker; the worker opens it, and gets what is searched and what the gate is asked.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from proofloom.assistants.holes import Hole
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.source import Proof, Source
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.assistants.session import AssistantError
from proofloom.corpus.rocq.targets import library_root
from proofloom.evaluation.held_out import HeldOut
from proofloom.proofs import Theorem


@dataclass(frozen=True, slots=True)
class Problem:
    """One theorem: `name` is its name in the contest, `theorem` its name in `file`, stated near byte `start`.

    `digest` is the SHA-256 that the file must have (empty for any).  A `hole` stays as it is in the file, with the
    sentence `require` before the first hole; another theorem is one that the file proves.
    """

    name: str
    file: Path
    theorem: str
    start: int
    digest: str = ""
    hole: bool = False
    require: str = ""


class HoleSource(Protocol):
    """The text of one file with holes, of whatever assistant."""

    data: bytes

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The theorems that are not proved in it."""
        ...

    def theorem(self, hole: Hole, gap: int = 0, scripts: Sequence[str] = ()) -> Theorem:
        """The theorem to open for one gap."""
        ...

    def filled(self, scripts: Mapping[str, Sequence[str]]) -> bytes:
        """The file with scripts in the gaps of the holes named by path."""
        ...


Read = Callable[[Path], HoleSource]
"""Reads a file; raises `AssistantError`."""


@dataclass(frozen=True)
class Posed:
    """A problem at its place: what is searched, what the gate takes as the statement, and the file with a script.

    `settings` are those of its file, as its gate wants them.
    """

    theorem: Theorem
    reference: bytes
    path: str
    settings: Any
    candidate: Callable[[str], bytes]


def restated(source: Source, proof: Proof, settings: FileSettings) -> Posed:
    """A theorem that is proved, opened again."""
    return Posed(
        source.restated(proof),
        source.with_admitted(proof),
        proof.path,
        settings,
        partial(source.with_script, proof),
    )


def hole_posed(original: HoleSource, source: HoleSource, hole: Hole, settings: Any) -> Posed:
    """A hole of `source`, which is `original` with what may be required.

    Raises `AssistantError` for a hole that cannot be filled, or has several gaps.
    """
    if hole.unsupported or len(hole.gaps) != 1:
        raise AssistantError(f"{hole.path}: {hole.unsupported or f'{len(hole.gaps)} gaps, wanted one'}")
    return Posed(
        source.theorem(hole),
        original.data,
        hole.path,
        settings,
        lambda script: source.filled({hole.path: [script]}),
    )


class Places:
    """Opens problems in files that `read` reads and `settings_for` knows how to compile; the last few are kept."""

    def __init__(self, read: Read, settings_for: Callable[[Path], Any]) -> None:
        self._read_file = read
        self._settings_for = settings_for
        self._sources: deque[tuple[Path, str, HoleSource, HoleSource]] = deque(maxlen=4)

    def __call__(self, problem: Problem) -> Posed:
        """The problem at its place; raises `AssistantError` if there is none there."""
        original, source = self._read(problem.file, problem.require)
        if problem.digest and hashlib.sha256(original.data).hexdigest() != problem.digest:
            raise AssistantError(f"{problem.file}: is not the file that was traced; trace it again")
        settings = self._settings_for(problem.file)
        if not problem.hole:
            if not isinstance(source, Source):
                raise AssistantError(f"{problem.file}: only theorems of Rocq can be opened again")
            return restated(source, proof_near(source, problem.theorem, problem.start), settings)
        holes = [hole for hole in source.holes if hole.path == problem.theorem]
        if not holes:
            raise AssistantError(f"{problem.file}: {problem.theorem} is not a hole of it")
        return hole_posed(original, source, holes[0], settings)

    def _read(self, file: Path, require: str) -> tuple[HoleSource, HoleSource]:
        """The source, and the source with what is required."""
        for known, sentence, original, source in self._sources:
            if (known, sentence) == (file, require):
                return original, source
        source = original = self._read_file(file)
        if require:
            if not isinstance(original, Source):
                raise AssistantError(f"{file}: modules can only be required in files of Rocq")
            source = original.requiring(require)
        self._sources.append((file, require, original, source))
        return original, source


def library_problems(theorems: Sequence[HeldOut], toolchain: RocqToolchain) -> list[Problem]:
    """Held-out theorems of a Rocq library as problems.  Raises `AssistantError` for one whose source is not here."""
    problems = []
    for one in theorems:
        if one.repository.assistant != "rocq":
            raise AssistantError(f"{one.name}: is of {one.repository.assistant}; wanted a theorem of Rocq")
        file = library_root(one.repository.url, toolchain) / one.file.path
        if not file.is_file():
            raise AssistantError(f"{one.name}: its source {file} is not here")
        name = one.theorem.full_name.rpartition(".")[2]
        problems.append(Problem(one.name, file, name, one.theorem.start, one.file.digest))
    return problems


def hole_problems(paths: Sequence[Path], require: str = "", readers: Mapping[str, Read] | None = None) -> list[Problem]:
    """The holes of files, and of all files of folders whose names end as `readers` say (else `.v`), in order.

    A file that holds one hole gives it its own name.  Raises `AssistantError` for a path without holes, and for files
    of several endings.
    """
    known: Mapping[str, Read] = readers or {".v": Source.read}
    files = [file for path in paths for file in (_below(path, known) if path.is_dir() else [path])]
    endings = {file.suffix for file in files}
    if len(endings) > 1 or not endings <= set(known):
        raise AssistantError(f"{', '.join(map(str, paths))}: wanted files that all end in {' or in '.join(known)}")
    problems = []
    for file in dict.fromkeys(files):
        holes = known[file.suffix](file).holes
        for hole in holes:
            name = file.stem if len(holes) == 1 else f"{file.stem}:{hole.path}"
            problems.append(Problem(name, file.resolve(), hole.path, hole.start, hole=True, require=require))
    names = [problem.name for problem in problems]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AssistantError(f"{twice[0]}: two files are called so; name them apart")
    if not problems:
        raise AssistantError(f"{', '.join(map(str, paths))}: no hole to fill there")
    return problems


def _below(folder: Path, known: Iterable[str]) -> list[Path]:
    """The files of a folder that can be read, without hidden ones."""
    found = [file for suffix in known for file in folder.rglob(f"*{suffix}")]
    return sorted(file for file in found if not any(part.startswith(".") for part in file.relative_to(folder).parts))


def standard_file(logical: str, toolchain: RocqToolchain) -> Path:
    """The source file of a module of the standard library, such as `Coq.Lists.List`."""
    return toolchain.standard_folder.joinpath(*logical.split(".")[1:]).with_suffix(".v")


def proof_near(source: Source, name: str, start: int) -> Proof:
    """The proof of `name` whose statement is nearest to byte `start`; raises `AssistantError` if none has this name."""
    named = [proof for proof in source.proofs if proof.name == name]
    if not named:
        raise AssistantError(f"{source.file}: no proved theorem {name}; another version of the library?")
    return min(named, key=lambda proof: abs(proof.start - start))
