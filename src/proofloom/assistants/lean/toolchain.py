"""Which Lean is installed: the programs, their version, and what a project adds to the search path of modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from proofloom.assistants.session import AssistantError

OLDEST = (4, 9, 0)
INSTALL = "install it with elan (https://lean-lang.org/install), the version manager of Lean"
CHECKER_MISSING = "no program leanchecker (it comes with Lean 4.28 and later)"
_VERSION = re.compile(r"version (\d+)\.(\d+)\.(\d+)")
LAKEFILES = ("lakefile.toml", "lakefile.lean")
_FROM_LAKE = (
    "LEAN_PATH",
    "LEAN_SRC_PATH",
    "LEAN_SYSROOT",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PATH",
    "ELAN_TOOLCHAIN",
)


@dataclass(frozen=True, slots=True)
class LeanToolchain:
    """The program `lean`, its version, and `lake` and `leanchecker` if there are such."""

    version: tuple[int, int, int]
    lean: str
    lake: str | None = None
    checker: str | None = None

    @property
    def name(self) -> str:
        """`Lean 4.35.0`."""
        return f"Lean {'.'.join(map(str, self.version))}"


def find_lean(
    which: Callable[[str], str | None] = shutil.which, ask: Callable[[Sequence[str]], str] | None = None
) -> LeanToolchain:
    """The installed Lean, found on the path; `which` looks a program up, `ask` runs a command and returns its output.

    Raises `AssistantError` that says what is missing or too old.
    """
    lean = which("lean")
    if lean is None:
        raise AssistantError(f"Lean is not installed: no program lean on the path; {INSTALL}")
    text = (ask or printed)((lean, "--version"))
    match = _VERSION.search(text)
    if match is None:
        raise AssistantError(f"{lean}: no version number in {text[:80]!r}; {INSTALL}")
    version = (int(match[1]), int(match[2]), int(match[3]))
    toolchain = LeanToolchain(version, lean, which("lake"), which("leanchecker") or _beside(lean))
    if version < OLDEST:
        raise AssistantError(f"{toolchain.name} is too old: wanted {'.'.join(map(str, OLDEST))} or later; {INSTALL}")
    return toolchain


def _beside(lean: str) -> str | None:
    """The program `leanchecker` in the folder where `lean` really lies."""
    checker = Path(lean).resolve().with_name("leanchecker")
    return str(checker) if checker.is_file() else None


@dataclass(frozen=True, slots=True)
class LeanSettings:
    """How a file is compiled: the folder in which Lean runs, and variables of its environment that a project sets."""

    folder: Path
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of a process of Lean."""
        return {**os.environ, **dict(self.variables)}


def settings_for(file: Path, toolchain: LeanToolchain) -> LeanSettings:
    """The settings of a file: of the nearest project above it, else of its folder alone.

    Raises `AssistantError` if it lies in a project and `lake` is missing or fails there.
    """
    root = project_root(file)
    if root is None:
        return LeanSettings(file.resolve().parent)
    if toolchain.lake is None:
        raise AssistantError(f"{file}: lies in the Lean project {root}, and no program lake is on the path; {INSTALL}")
    return LeanSettings(root, _project_variables(root, toolchain.lake))


def project_root(file: Path) -> Path | None:
    """The folder of the nearest Lean project above a file, None if there is none."""
    folder = file.resolve().parent
    return next((place for place in (folder, *folder.parents) if any((place / n).is_file() for n in LAKEFILES)), None)


@lru_cache(maxsize=64)
def _project_variables(root: Path, lake: str) -> tuple[tuple[str, str], ...]:
    """What `lake env` sets in the project at `root`, as far as Lean reads it."""
    found = dict(line.split("=", 1) for line in printed((lake, "env"), root, 120.0).splitlines() if "=" in line)
    for name in ("LEAN_PATH", "LEAN_SRC_PATH"):  # Lean is run elsewhere too, where `./.lake` would be another folder
        if name in found:
            found[name] = ":".join(str(root / entry) for entry in found[name].split(":") if entry)
    return tuple((name, found[name]) for name in _FROM_LAKE if name in found)


def printed(command: Sequence[str], folder: Path | None = None, seconds: float = 30.0) -> str:
    """What `command` prints; `AssistantError` if it cannot be run, fails or takes too long."""
    try:
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=seconds)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or error.stdout or "").strip().splitlines()
        reason = lines[-1] if lines else f"exit status {error.returncode}"
        raise AssistantError(f"'{' '.join(command)}' failed in {folder or Path.cwd()}: {reason}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise AssistantError(f"'{' '.join(command)}' does not run ({error}); {INSTALL}") from error
    return done.stdout
