"""Which Rocq is installed and what it is called: the one place that knows how 8.16, 8.17 .. 8.20 and 9.x differ.

Version 9 renamed the programs (`rocq c`, `rocqchk`) and split the library (`Corelib` below `theories`, `Stdlib` below
`user-contrib`); everything else in Proofloom asks a `RocqToolchain` and never looks at a version number.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from proofloom.assistants.session import AssistantError

OLDEST = (8, 16, 0)
RENAMED = (9, 0, 0)
INSTALL = (
    "install it with 'apt-get install coq' (Debian, Ubuntu), 'opam install coq coqide-server' or 'brew install rocq'"
)

_COMPILERS = (("rocq", "c"), ("coqc",), ("coqc.opt",))
_CHECKERS = (("rocqchk",), ("coqchk",), ("coqchk.opt",))
_SERVERS = (("coqidetop.opt",), ("coqidetop",), ("coqidetop.byte",))
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class RocqToolchain:
    """The programs of one installation as command prefixes; `library` is what `coqc -where` prints."""

    version: tuple[int, int, int]
    coqc: tuple[str, ...]
    coqidetop: tuple[str, ...]
    coqchk: tuple[str, ...]
    library: Path

    @property
    def renamed(self) -> bool:
        """True for Rocq 9 and later, where the library is split and `Coq` is only an alias."""
        return self.version >= RENAMED

    @property
    def name(self) -> str:
        """`Coq 8.16.1` or `Rocq 9.0.0`."""
        return f"{'Rocq' if self.renamed else 'Coq'} {'.'.join(map(str, self.version))}"

    @property
    def standard_library(self) -> str:
        """The prefix to write in `From PREFIX Require Import Lia`."""
        return "Stdlib" if self.renamed else "Coq"

    @property
    def core_library(self) -> str:
        """The prefix of what lies below `theories`: all of the standard library before 9, the prelude after."""
        return "Corelib" if self.renamed else "Coq"

    @property
    def theories(self) -> Path:
        """The folder of the core library."""
        return self.library / "theories"

    @property
    def contributions(self) -> Path:
        """The folder of installed packages, one folder per logical prefix."""
        return self.library / "user-contrib"

    @property
    def standard_folder(self) -> Path:
        """The folder whose files are required as `standard_library`."""
        return self.contributions / "Stdlib" if self.renamed else self.theories

    def require(self, *modules: str) -> str:
        """The sentence that loads and imports modules of the standard library: `From Coq Require Import Lia Lra.`"""
        return f"From {self.standard_library} Require Import {' '.join(modules)}."


def find_toolchain(
    which: Callable[[str], str | None] = shutil.which, ask: Callable[[Sequence[str]], str] | None = None
) -> RocqToolchain:
    """The installed Rocq, found on the path.

    `which` looks a program up, `ask` runs a command and returns what it prints.  Raises `AssistantError` that says
    what is missing, or too old, and which command installs it.
    """
    ask = ask or _printed
    compiler = _program("the compiler", _COMPILERS, which)
    toolchain = RocqToolchain(
        version=_version(ask((*compiler, "-print-version"))),
        coqc=compiler,
        coqidetop=_program("the server (coqidetop)", _SERVERS, which),
        coqchk=_program("the checker (coqchk)", _CHECKERS, which),
        library=Path(ask((*compiler, "-where")).strip()),
    )
    if toolchain.version < OLDEST:
        raise AssistantError(f"{toolchain.name} is too old: wanted 8.16 or later; {INSTALL}")
    if not (toolchain.theories / "Init").is_dir():
        raise AssistantError(f"{toolchain.name}: no library below {toolchain.library}; {INSTALL}")
    server = _version(ask((*toolchain.coqidetop, "-print-version")))
    if server != toolchain.version:
        found = ".".join(map(str, server))
        raise AssistantError(f"{' '.join(compiler)} is {toolchain.name}, but {toolchain.coqidetop[0]} is of {found}")
    return toolchain


def _program(what: str, names: Sequence[tuple[str, ...]], which: Callable[[str], str | None]) -> tuple[str, ...]:
    """The first of `names` that is on the path, with its full path."""
    for program, *arguments in names:
        found = which(program)
        if found:
            return (found, *arguments)
    wanted = ", ".join(name[0] for name in names)
    raise AssistantError(f"Rocq is not complete: {what} was not found (looked for {wanted}); {INSTALL}")


def _version(text: str) -> tuple[int, int, int]:
    match = _VERSION.match(text)
    if match is None:
        raise AssistantError(f"Rocq: no version number in {text[:80]!r}; {INSTALL}")
    return int(match[1]), int(match[2]), int(match[3] or 0)


def _printed(command: Sequence[str]) -> str:
    """What `command` prints; `AssistantError` if it cannot be run, fails or takes more than 30 seconds."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise AssistantError(f"Rocq: '{' '.join(command)}' does not run ({error}); {INSTALL}") from error
