"""Compiles one source text under its logical name, in a folder of its own, and turns a failure into a refusal.

Reference and candidate are compiled apart but under the same name, so that full paths can be compared as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.gate.confinement import Ending, GateLimits, Run, run
from proofloom.assistants.gate.refusals import Refusal
from proofloom.assistants.rocq.project import FileSettings
from proofloom.assistants.rocq.toolchain import RocqToolchain
from proofloom.proofs import Finding

_LIBRARY = "library"
_PATH_OPTIONS = {"-Q": 2, "-R": 2, "-I": 1}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled file: `folder` holds nothing but it and is mapped to the prefix of its logical name."""

    folder: Path
    settings: FileSettings

    @property
    def name(self) -> str:
        """The logical name."""
        return self.settings.logical_name

    @property
    def object(self) -> Path:
        """The compiled file."""
        return self.folder / f"{self.name.rpartition('.')[2]}.vo"

    @property
    def paths(self) -> tuple[str, ...]:
        """Load path options under which our file is found before any other of its name: the last one wins."""
        return (*path_options(self.settings), "-Q", str(self.folder), self.name.rpartition(".")[0])


def path_options(settings: FileSettings) -> tuple[str, ...]:
    """Of the options of a file, those that say where libraries lie."""
    kept: list[str] = []
    position = 0
    while position < len(settings.options):
        count = 1 + _PATH_OPTIONS.get(settings.options[position], -1)
        kept += settings.options[position : position + count]
        position += count or 1
    return tuple(kept)


def compile_text(
    text: bytes, settings: FileSettings, toolchain: RocqToolchain, folder: Path, limits: GateLimits, runs: list[Run]
) -> Compiled:
    """Compile `text` from source in the new `folder`; raises `Refusal` if that does not end well."""
    done = compiler_run(text, settings, toolchain, folder, limits, runs)
    if not done.good:
        raise failure(done, "it does not compile")
    compiled = Compiled(folder / _LIBRARY, settings)
    if not compiled.object.is_file():
        raise Refusal(Finding.NOT_CHECKED, "the compiler said yes but left no compiled file")
    return compiled


def compiler_run(
    text: bytes, settings: FileSettings, toolchain: RocqToolchain, folder: Path, limits: GateLimits, runs: list[Run]
) -> Run:
    """Run the compiler on `text` under its logical name in the new `folder`; the process is added to `runs`."""
    prefix, _, stem = settings.logical_name.rpartition(".")
    library = folder / _LIBRARY
    library.mkdir(parents=True)
    source = library / f"{stem}.v"
    source.write_bytes(text)
    command = [*toolchain.coqc, "-q", *settings.options, "-native-compiler", "no", "-noglob"]
    done = run([*command, "-Q", str(library), prefix, str(source)], folder / "scratch", limits)
    runs.append(done)
    return done


def failure(done: Run, what: str) -> Refusal:
    """The refusal that follows from a process that did not end well: a limit, a crash, or an error of the source."""
    reasons = {
        Ending.WALL: (Finding.TIMEOUT, f"more than {done.limits['wall']} of wall clock"),
        Ending.CPU: (Finding.TIMEOUT, f"more than {done.limits['cpu']} of CPU"),
        Ending.MEMORY: (Finding.MEMORY, f"memory (limit {done.limits['memory']}) or stack: {done.message}"),
        Ending.OUTPUT: (Finding.CRASHED, f"stopped after {done.limits['output']} of output"),
        Ending.FILE: (Finding.CRASHED, f"stopped at a file of {done.limits['file']}"),
        Ending.SIGNAL: (Finding.CRASHED, f"ended by a signal (status {done.status})"),
    }
    finding, reason = reasons.get(done.ending, (Finding.INCOMPLETE, done.message))
    return Refusal(finding, f"{what}: {reason}")
