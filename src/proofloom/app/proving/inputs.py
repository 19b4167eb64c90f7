"""The files that a run works on, and which of their holes it is asked to fill.

Everything is read and checked before the first proof is tried, so that bad input costs nothing; the bytes read here
are the reference of the gate and what a file must still hold when it is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from proofloom.app.languages import (
    LANGUAGES,
    SUFFIXES,
    AnyLanguage,
    Installation,
    MissingAssistant,
    Source,
    language_of,
)
from proofloom.app.requirement import Insertion
from proofloom.app.toml_records import BadInput
from proofloom.assistants.holes import Hole
from proofloom.assistants.session import AssistantError

_LINE = re.compile(r"line (\d+): ")


@dataclass(frozen=True)
class InputFile:
    """One source file: the path as the user gave it, its path below the folder that was named, what it holds.

    `wanted` are the holes to fill, in order; where there are some, `settings` say how the file is compiled.  `sentence`
    (empty, or `From Coq Require Import ...`) stands in the filled file before the first of them.
    """

    path: Path
    below: Path
    original: Source
    settings: Any
    wanted: tuple[Hole, ...]
    sentence: str = ""

    @property
    def name(self) -> str:
        """The path as it is shown."""
        return self.path.as_posix()

    @property
    def language(self) -> AnyLanguage:
        """The record of the assistant that it is for."""
        return language_of(self.path)

    @property
    def data(self) -> bytes:
        """The file as it was read: the reference of the gate."""
        return self.original.data

    @cached_property
    def source(self) -> Source:
        """What is filled: the file, with the sentence if there is one."""
        if self._insertion is None:
            return self.original
        return self.language.source(self._insertion.into(self.data), self.path)

    def hole(self, theorem: str) -> Hole:
        """The wanted hole with this path."""
        return next(hole for hole in self.wanted if hole.path == theorem)

    def located(self, theorem: str, reason: str) -> str:
        """`reason` with the file and the line in the original before it: the line it names, else the theorem's."""
        match = _LINE.match(reason)
        line = self.hole(theorem).line
        if match is not None:
            line, reason = int(match[1]), reason[match.end() :]
            line = self._insertion.original_line(line, self.data) if self._insertion else line
        return f"{self.name}:{line}: {reason}"

    @cached_property
    def _insertion(self) -> Insertion | None:
        if not self.sentence or not self.wanted or self.language.insertion is None:
            return None
        return self.language.insertion(self.data, min(hole.start for hole in self.wanted), self.sentence)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run in order, and one line for each file of a named folder that had to be left out."""

    files: tuple[InputFile, ...]
    left_out: tuple[str, ...]


def read_inputs(
    paths: Sequence[Path], theorem: str | None, required: Sequence[str], installation: Installation
) -> Inputs:
    """Read every file of `paths` (files, or folders with all that is below them) that is of a known language.

    With `theorem`, only holes of that name or path are wanted.  An assistant is asked for only where a hole is wanted.
    Raises `BadInput` for a path that does not exist, a named file that cannot be used, a folder without such files, a
    theorem that is not a hole of any file, and modules `required` that cannot be loaded.
    """
    files: list[InputFile] = []
    left_out: list[str] = []
    missing: dict[str, list[tuple[Path, MissingAssistant]]] = {}
    for path, below, named in _unique(_listed(paths)):
        try:
            source = language_of(path).read(path)
            wanted = tuple(hole for hole in source.holes if theorem in (None, hole.name, hole.path))
            settings = installation.of(language_of(path)).settings(path) if wanted else None
        except MissingAssistant as error:
            if named:
                raise BadInput(str(error)) from error
            missing.setdefault(error.language.name, []).append((path, error))
            continue
        except AssistantError as error:
            if named:
                raise BadInput(str(error)) from error
            if installation.has(language_of(path)):
                left_out.append(str(error))
            continue
        sentence = _sentence(required, path, installation) if wanted and required else ""
        files.append(InputFile(path, below, source, settings, wanted, sentence))
    for name, found in missing.items():
        example, reason = found[0]
        if not any(file.wanted for file in files):
            raise BadInput(str(reason)) from reason
        number = f"{len(found)} {name} file{'' if len(found) == 1 else 's'} with holes"
        left_out.append(f"{number}, such as {example}: {reason}")
    if theorem is not None and not any(file.wanted for file in files):
        raise BadInput(_no_such_hole(theorem, files))
    return Inputs(tuple(files), tuple(left_out))


def _sentence(required: Sequence[str], path: Path, installation: Installation) -> str:
    """What loads `required` in a file; raises `BadInput` if they do not exist or its language has no such sentence."""
    installed = installation.of(language_of(path))
    if installed.language.require is None:
        raise BadInput(
            f"--require {','.join(required)}: is not for {installed.language.name}; write the imports into {path}"
        )
    return installed.language.require(required, installed.toolchain)


def _listed(paths: Sequence[Path]) -> Iterator[tuple[Path, Path, bool]]:
    """Each file, its path below what was named, and whether the file itself was named."""
    for path in paths:
        if path.is_dir():
            below = (file for suffix in LANGUAGES for file in path.rglob(f"*{suffix}"))
            found = sorted(file for file in below if not _hidden(file.relative_to(path)))
            if not found:
                raise BadInput(f"{path}: no {SUFFIXES} file in this folder or below it")
            yield from ((file, file.relative_to(path), False) for file in found if file.is_file())
        elif path.exists():
            yield path, Path(path.name), True
        else:
            raise BadInput(f"{path}: no such file or folder")


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _unique(listed: Iterator[tuple[Path, Path, bool]]) -> Iterator[tuple[Path, Path, bool]]:
    """Each file once, also if it was named twice."""
    seen: set[Path] = set()
    for path, below, named in listed:
        if path.resolve() not in seen:
            seen.add(path.resolve())
            yield path, below, named


def _no_such_hole(theorem: str, files: Sequence[InputFile]) -> str:
    holes = list(dict.fromkeys(hole.path for file in files for hole in file.original.holes))
    proved = any(theorem in (proof.name, proof.path) for file in files for proof in file.original.proofs)
    state = "is proved already" if proved else "is not a theorem here"
    if not holes:
        return f"--theorem {theorem}: {state}, and there is no hole to fill"
    shown = ", ".join(holes[:20]) + (", ..." if len(holes) > 20 else "")
    return f"--theorem {theorem}: {state}; the holes are {shown}"
