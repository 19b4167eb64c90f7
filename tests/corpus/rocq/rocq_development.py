"""Small Rocq developments on disk, compiled as a user compiles them, and what the tracer says about their files."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from proofloom.assistants.rocq.toolchain import RocqToolchain, find_toolchain
from proofloom.corpus.library import Library
from proofloom.corpus.records import TracedFile, TracedTheorem
from proofloom.corpus.rocq.targets import find_target
from proofloom.corpus.rocq.trace import RocqTracer
from proofloom.corpus.tracer import Target, Traced, TraceLimits

DAY = date(2026, 11, 1)
find = cache(find_toolchain)


def toolchain() -> RocqToolchain:
    """The installed Rocq."""
    return find()


def write(folder: Path, sources: Mapping[str, str], prefix: str = "Dev") -> Path:
    """Write files (`Sub/A.v`) and a project file that gives them the prefix."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "_CoqProject").write_text(f"-Q . {prefix}\n")
    for name, text in sources.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def compile_files(folder: Path, *names: str, prefix: str = "Dev") -> None:
    """Compile files in this order with the options of the project file."""
    for name in names:
        command = [*toolchain().coqc, "-q", "-w", "none", "-Q", ".", prefix, name]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def target_of(folder: Path) -> Target:
    """The files of a folder."""
    return find_target(str(folder), toolchain(), DAY)


def trace_file(folder: Path, name: str, limits: TraceLimits | None = None) -> Traced:
    """Trace one file; raises `TraceError`."""
    (file,) = (file for file in target_of(folder).files if file.path == name)
    return RocqTracer(toolchain(), limits or TraceLimits()).trace(file)


def theorem(file: TracedFile, name: str) -> TracedTheorem:
    """The theorem whose full name ends in `.name`."""
    (found,) = (t for t in file.theorems if t.full_name.endswith(f".{name}"))
    return found


def content(place: Path) -> list[tuple[object, ...]]:
    """All that a library says about its files, in an order that does not depend on when they were added."""
    rows: list[tuple[object, ...]] = []
    with Library.open(place, create=False) as library:
        for file in sorted(library.files(), key=lambda file: file.logical_name):
            rows.append((file.logical_name, file.path, file.digest, file.imports, file.extra))
            rows += [(p.full_name, p.statement, p.kind, p.start) for p in library.premises(file=file.id)]
            names = {}
            for t in library.theorems(file=file.id):
                names[t.id] = t.full_name
                rows.append((t.full_name, t.statement, t.kind, t.start, t.line, t.ending, t.admitted, t.human_tactics))
            for s in library.steps(file=file.id):
                where = (names[s.theorem_id], s.position, s.by)
                rows.append((*where, s.state_before, s.tactic, s.state_after, s.premises, s.cut, s.goals))
    return rows
